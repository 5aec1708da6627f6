/* SPDX-License-Identifier: MIT */
/*
 * asm/cache.h - cache maintenance by line, to the point where a device looks.
 */
#pragma once

#include <asm/sysreg.h>

/* memory.c: does the device tree say dma-coherent? QEMU's virt does, a Raspberry Pi does not. */
bool memory_dma_coherent(void);

static inline bool arch_dma_coherent(void)
{
	return memory_dma_coherent();
}

/* CTR_EL0.CWG, the most that one write-back touches; 0 says nothing, then the largest that is built. */
static inline size_t arch_cache_line_size(void)
{
	unsigned int granule = sysreg_field(SYSREG_READ(ctr_el0), 24);

	return granule != 0 ? 4UL << granule : 128;
}

/* CTR_EL0.DminLine: the step that misses no line of any level. */
static inline size_t cache_step(void)
{
	return 4UL << sysreg_field(SYSREG_READ(ctr_el0), 16);
}

static inline void arch_cache_clean(uintptr_t va, size_t size)
{
	size_t step = cache_step();

	for (uintptr_t line = va & ~(step - 1); line < va + size; line += step)
		asm volatile("dc cvac, %0" : : "r"(line) : "memory");
	asm volatile("dsb sy" : : : "memory");
}

static inline void arch_cache_inval(uintptr_t va, size_t size)
{
	size_t step = cache_step();

	asm volatile("dsb sy" : : : "memory"); /* behind the read that told us of new data */
	for (uintptr_t line = va & ~(step - 1); line < va + size; line += step)
		asm volatile("dc ivac, %0" : : "r"(line) : "memory");
	asm volatile("dsb sy" : : : "memory");
}

static inline void arch_cache_flush(uintptr_t va, size_t size)
{
	size_t step = cache_step();

	for (uintptr_t line = va & ~(step - 1); line < va + size; line += step)
		asm volatile("dc civac, %0" : : "r"(line) : "memory");
	asm volatile("dsb sy" : : : "memory");
}
