/* SPDX-License-Identifier: MIT */
/*
 * A port that forgets a body of the contract does not compile.
 *
 * include: incomplete_port
 * expect: arch_cache_clean.*(never defined|not defined)
 */
#include <arch/cache.h>

void snippet(void);
void snippet(void)
{
	arch_cache_clean(0, 0);
}
