/* SPDX-License-Identifier: MIT */
/*
 * asm/memory.h - whole pages, by string instructions: microcode moves them a cache line at a time.
 */
#pragma once

#include <arch/layout.h>

static inline void arch_page_clear(void *page)
{
	uint64_t words = PAGE_SIZE / sizeof(uint64_t);

	asm volatile("rep stosq" : "+D"(page), "+c"(words) : "a"(0UL) : "memory");
}

static inline void arch_page_copy(void *to, const void *from)
{
	uint64_t words = PAGE_SIZE / sizeof(uint64_t);

	asm volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
}
