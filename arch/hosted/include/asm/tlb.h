/* SPDX-License-Identifier: MIT */
/* asm/tlb.h - the model of the MMU, mmu.c, plays the TLB. */
#pragma once

void hosted_map_sync(uintptr_t va, size_t size);
void hosted_tlb_flush(uintptr_t va, size_t size);
void hosted_tlb_flush_all(void);

static inline void arch_map_sync(uintptr_t va, size_t size)
{
	hosted_map_sync(va, size);
}

static inline void arch_tlb_flush(uintptr_t va, size_t size)
{
	hosted_tlb_flush(va, size);
}

static inline void arch_tlb_flush_local(uintptr_t va, size_t size)
{
	hosted_tlb_flush(va, size);
}

static inline void arch_tlb_flush_all(void)
{
	hosted_tlb_flush_all();
}
