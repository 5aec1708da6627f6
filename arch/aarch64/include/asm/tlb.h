/* SPDX-License-Identifier: MIT */
/*
 * asm/tlb.h - the CPU tells the others itself: "is" means the whole inner shareable domain.
 *
 * Order of a flush: the entries' stores are visible to every walker (dsb ishst),
 * the invalidation goes out, it is complete everywhere (dsb ish), and this CPU
 * fetches nothing from before (isb). VAAE1 covers every address space and every
 * level of the walk, so that it forgets unlinked tables too. Arm ARM, D8.14.
 */
#pragma once

#include <arch/layout.h>
#include <asm/sysreg.h>

/*
 * Above this many pages everything is forgotten. Counted under -icount: a page takes 6 instructions, everything 7; but then every CPU
 * of the machine walks anew for what it works with, some 61 leaves in the kernel (counted on x86_64, arch/x86_64/tlb.c), 4 loads
 * each: on 4 CPUs as much as 160 pages take. (Linux: MAX_DVM_OPS, 512)
 */
#define TLB_FLUSH_PAGES_MAX 128

/* The operand of an invalidation by address: bits 55 to 12 of it. */
static inline uint64_t tlbi_address(uintptr_t va)
{
	return va >> PAGE_SHIFT & ((1UL << 44) - 1);
}

static inline void arch_map_sync(uintptr_t va, size_t size)
{
	(void)va;
	(void)size;
	asm volatile("dsb ishst\n\tisb" : : : "memory");
}

static inline void arch_tlb_flush_all(void)
{
	asm volatile("dsb ishst\n\ttlbi vmalle1is\n\tdsb ish\n\tisb" : : : "memory");
}

static inline void arch_tlb_flush(uintptr_t va, size_t size)
{
	if (size > TLB_FLUSH_PAGES_MAX * PAGE_SIZE) {
		arch_tlb_flush_all();
		return;
	}
	asm volatile("dsb ishst" : : : "memory");
	for (size_t offset = 0; offset < size; offset += PAGE_SIZE)
		asm volatile("tlbi vaae1is, %0" : : "r"(tlbi_address(va + offset)) : "memory");
	asm volatile("dsb ish\n\tisb" : : : "memory");
}

static inline void arch_tlb_flush_local(uintptr_t va, size_t size)
{
	asm volatile("dsb nshst" : : : "memory");
	if (size > TLB_FLUSH_PAGES_MAX * PAGE_SIZE) {
		asm volatile("tlbi vmalle1" : : : "memory");
	} else {
		for (size_t offset = 0; offset < size; offset += PAGE_SIZE)
			asm volatile("tlbi vaae1, %0"
				     :
				     : "r"(tlbi_address(va + offset))
				     : "memory");
	}
	asm volatile("dsb nsh\n\tisb" : : : "memory");
}
