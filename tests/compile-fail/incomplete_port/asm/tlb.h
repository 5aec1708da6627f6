/* SPDX-License-Identifier: MIT */
/* asm/tlb.h - of a port whose author took the size for a number of pages. */
#pragma once

static inline void arch_map_sync(uintptr_t va, size_t size)
{
	(void)va;
	(void)size;
}

#if MISTAKE
static inline void arch_tlb_flush(uintptr_t va, unsigned int nr_pages)
{
	(void)va;
	(void)nr_pages;
}
#else
static inline void arch_tlb_flush(uintptr_t va, size_t size)
{
	(void)va;
	(void)size;
}
#endif

static inline void arch_tlb_flush_local(uintptr_t va, size_t size)
{
	(void)va;
	(void)size;
}

static inline void arch_tlb_flush_all(void)
{
}
