/* SPDX-License-Identifier: MIT */
/*
 * asm/cache.h - devices of a PC snoop the caches: nothing to do for them. Memory that becomes
 * uncached must leave the caches (Intel SDM volume 3, 12.12.4).
 */
#pragma once

static inline bool arch_dma_coherent(void)
{
	return true;
}

static inline size_t arch_cache_line_size(void)
{
	return 64;
}

static inline void arch_cache_clean(uintptr_t va, size_t size)
{
	(void)va;
	(void)size;
}

static inline void arch_cache_inval(uintptr_t va, size_t size)
{
	(void)va;
	(void)size;
}

static inline void arch_cache_flush(uintptr_t va, size_t size)
{
	asm volatile("mfence" : : : "memory");
	for (uintptr_t line = va & ~63UL; line < va + size; line += 64)
		asm volatile("clflush (%0)" : : "r"(line) : "memory");
	asm volatile("mfence" : : : "memory");
}
