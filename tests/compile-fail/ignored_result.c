/* SPDX-License-Identifier: MIT */
/*
 * What an allocator returns must be looked at.
 *
 * expect: ignoring return value
 */
#include <mm/slab.h>

void *kept;
void snippet(void);
void snippet(void)
{
#if MISTAKE
	kmalloc(100, GFP_KERNEL);
#else
	kept = kmalloc(100, GFP_KERNEL);
#endif
}
