/* SPDX-License-Identifier: MIT */
/* asm/memory.h - whole pages, by the library. */
#pragma once

#include <arch/layout.h>

static inline void arch_page_clear(void *page)
{
	__builtin_memset(page, 0, PAGE_SIZE);
}

static inline void arch_page_copy(void *to, const void *from)
{
	__builtin_memcpy(to, from, PAGE_SIZE);
}
