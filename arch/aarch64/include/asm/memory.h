/* SPDX-License-Identifier: MIT */
/*
 * asm/memory.h - clear and copy a page of cached RAM.
 */
#pragma once

#include <arch/layout.h>
#include <asm/sysreg.h>

#define DCZID_PROHIBITED (1U << 4) /* DCZID_EL0.DZP: dc zva traps */

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

/* A whole cache block (64 bytes on every CPU we know) becomes zero without being read. */
static inline void arch_page_clear(void *page)
{
	uint64_t dczid = SYSREG_READ(dczid_el0);
	size_t block = 4UL << (dczid & 0xf);
	char *end = (char *)page + PAGE_SIZE;

	if (dczid & DCZID_PROHIBITED) {
		page_clear_by_stores(page);
		return;
	}
	for (char *next = page; next != end; next += block)
		asm volatile("dc zva, %0" : : "r"(next) : "memory");
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
