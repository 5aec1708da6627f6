/* SPDX-License-Identifier: MIT */
/*
 * printk's arguments must be what its format says.
 *
 * expect: format
 */
#include <lib/printk.h>

void snippet(unsigned long number);
void snippet(unsigned long number)
{
#if MISTAKE
	pr_info("%s", number);
#else
	pr_info("%lu", number);
#endif
}
