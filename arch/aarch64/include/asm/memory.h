/* SPDX-License-Identifier: MIT */
/*
 * asm/memory.h - clear and copy a page of cached RAM.
 */
#pragma once

#include <arch/layout.h>
#include <asm/sysreg.h>

#define DCZID_BLOCK_64 4 /* DCZID_EL0: 4 << 4 bytes a block, and dc zva is not prohibited */

static inline void page_clear_by_stores(char *page)
{
	for (char *end = page + PAGE_SIZE; page != end; page += 64)
		asm volatile("stp xzr, xzr, [%0]\n\t"
			     "stp xzr, xzr, [%0, #16]\n\t"
			     "stp xzr, xzr, [%0, #32]\n\t"
			     "stp xzr, xzr, [%0, #48]"
			     :
			     : "r"(page)
			     : "memory");
}

/* dc zva makes a block of the cache zero without reading it; every CPU we know has blocks of 64 bytes. */
static inline void page_clear_by_blocks(char *page)
{
	for (char *end = page + PAGE_SIZE; page != end; page += 256)
		asm volatile("dc zva, %0\n\t"
			     "dc zva, %1\n\t"
			     "dc zva, %2\n\t"
			     "dc zva, %3"
			     :
			     : "r"(page), "r"(page + 64), "r"(page + 128), "r"(page + 192)
			     : "memory");
}

static inline void arch_page_clear(void *page)
{
	if (SYSREG_READ(dczid_el0) == DCZID_BLOCK_64)
		page_clear_by_blocks(page);
	else
		page_clear_by_stores(page);
}

static inline void arch_page_copy(void *to, const void *from)
{
	uint64_t a, b, c, d;

	for (size_t offset = 0; offset < PAGE_SIZE; offset += 32)
		asm volatile("ldp %0, %1, [%5]\n\t"
			     "ldp %2, %3, [%5, #16]\n\t"
			     "stp %0, %1, [%4]\n\t"
			     "stp %2, %3, [%4, #16]"
			     : "=&r"(a), "=&r"(b), "=&r"(c), "=&r"(d)
			     : "r"((char *)to + offset), "r"((const char *)from + offset)
			     : "memory");
}
