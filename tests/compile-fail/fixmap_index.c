/* SPDX-License-Identifier: MIT */
/*
 * sem-V5: a fixmap index that is a constant out of range does not link.
 *
 * undefined: fixmap_index_out_of_range
 */
#include <mm/fixmap.h>

uintptr_t snippet(void);
uintptr_t snippet(void)
{
	return fix_to_virt(MISTAKE ? NR_FIXED_ADDRESSES : NR_FIXED_ADDRESSES - 1);
}
