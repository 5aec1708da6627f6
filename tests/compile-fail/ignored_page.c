/* SPDX-License-Identifier: MIT */
/*
 * So must a block of pages be.
 *
 * expect: ignoring return value
 */
#include <mm/gfp.h>

struct page *kept;
void snippet(void);
void snippet(void)
{
#if MISTAKE
	alloc_pages(GFP_KERNEL, 0);
#else
	kept = alloc_pages(GFP_KERNEL, 0);
#endif
}
