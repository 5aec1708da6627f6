/* SPDX-License-Identifier: MIT */
/*
 * asm/tlb.h - forgetting translations on x86_64.
 *
 * An entry that is not present is never cached, so that a new mapping needs
 * only the store itself. One CPU runs: a flush here is a flush everywhere.
 */
#pragma once

#include <arch/layout.h>

/* tlb.c: page by page when the range is short, everything when it is long. */
void x86_tlb_flush_range(uintptr_t va, size_t size);
void x86_tlb_flush_all(void);

static inline void arch_map_sync(uintptr_t va, size_t size)
{
	(void)va;
	(void)size;
	asm volatile("" ::: "memory");
}

static inline void arch_tlb_flush(uintptr_t va, size_t size)
{
	x86_tlb_flush_range(va, size);
}

static inline void arch_tlb_flush_local(uintptr_t va, size_t size)
{
	/* A window of one page is closed often. */
	if (__builtin_constant_p(size) && size == PAGE_SIZE)
		asm volatile("invlpg (%0)" : : "r"(va) : "memory");
	else
		x86_tlb_flush_range(va, size);
}

static inline void arch_tlb_flush_all(void)
{
	x86_tlb_flush_all();
}
