/* SPDX-License-Identifier: MIT */
/* asm/cache.h - of a port whose author forgot arch_cache_clean(). */
#pragma once

static inline bool arch_dma_coherent(void)
{
	return true;
}

static inline size_t arch_cache_line_size(void)
{
	return 64;
}

#if !MISTAKE
static inline void arch_cache_clean(uintptr_t va, size_t size)
{
	(void)va;
	(void)size;
}
#endif

static inline void arch_cache_inval(uintptr_t va, size_t size)
{
	(void)va;
	(void)size;
}

static inline void arch_cache_flush(uintptr_t va, size_t size)
{
	(void)va;
	(void)size;
}
