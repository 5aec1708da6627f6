/* SPDX-License-Identifier: MIT */
/*
 * asm/pgtable.h - an x86_64 page-table entry.
 *
 *	63  62..52  51........12  11..9  8  7   6  5  4    3    2   1   0
 *	NX  -       address       -      G  PS  D  A  PCD  PWT  US  RW  P
 *
 * The tables above a leaf allow everything: the leaf alone decides. Accessed
 * and dirty are set from the start, so that the CPU has nothing to write.
 * cpu.c programs the PAT so that PCD and PWT together are the type's number:
 * 0 write-back, 1 write-combining, 2 write-through, 3 uncached. The PAT bit of
 * an entry, which stands elsewhere in large leaves, is never needed.
 */
#pragma once

#include <asm/registers.h>

#define X86_PTE_NX	 (1UL << 63)
#define X86_PTE_ADDRESS	 0x000ffffffffff000UL
#define X86_PTE_TYPE_BIT 3 /* PWT; PCD is the next */

/* 2 when the CPU maps 1 GiB by one leaf, else 1; set by cpu.c. */
extern unsigned int x86_max_leaf_level;

static inline pte_t arch_pte_leaf(phys_addr_t pa, prot_t prot, unsigned int level)
{
	uint64_t value = pa | PTE_PRESENT | PTE_ACCESSED;

	value |= (uint64_t)((prot & PROT_TYPE_MASK) >> PROT_TYPE_SHIFT) << X86_PTE_TYPE_BIT;
	if (prot & PROT_WRITE)
		value |= PTE_WRITE | PTE_DIRTY;
	if (!(prot & PROT_EXEC))
		value |= X86_PTE_NX;
	if (prot & PROT_USER)
		value |= PTE_USER;
	if (prot & PROT_GLOBAL)
		value |= PTE_GLOBAL;
	if (level > 0)
		value |= PTE_LARGE;
	return (pte_t){value};
}

/* The address stands in its own bits. */
static inline pte_t arch_pte_next(pte_t leaf, unsigned int level)
{
	return (pte_t){leaf.value + (1UL << (PAGE_SHIFT + PT_INDEX_BITS * level))};
}

static inline pte_t arch_pte_table(phys_addr_t table_pa)
{
	return (pte_t){table_pa | PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_ACCESSED};
}

static inline enum pte_kind arch_pte_kind(pte_t pte, unsigned int level)
{
	if (!(pte.value & PTE_PRESENT))
		return PTE_NONE;
	return level == 0 || (pte.value & PTE_LARGE) ? PTE_LEAF : PTE_TABLE;
}

static inline phys_addr_t arch_pte_phys(pte_t pte, unsigned int level)
{
	(void)level;
	return pte.value & X86_PTE_ADDRESS;
}

static inline prot_t arch_pte_prot(pte_t pte, unsigned int level)
{
	prot_t prot = (prot_t)(pte.value >> X86_PTE_TYPE_BIT & 3) << PROT_TYPE_SHIFT;

	(void)level;
	if (pte.value & PTE_WRITE)
		prot |= PROT_WRITE;
	if (!(pte.value & X86_PTE_NX))
		prot |= PROT_EXEC;
	if (pte.value & PTE_USER)
		prot |= PROT_USER;
	if (pte.value & PTE_GLOBAL)
		prot |= PROT_GLOBAL;
	return prot;
}

static inline bool arch_pte_leaf_ok(unsigned int level)
{
	return level <= x86_max_leaf_level;
}

/*
 * Translations of both sizes may be remembered for a while; they say the same. The flush ends it.
 * (Intel SDM volume 3, 4.10.2.3 and 4.10.4.1)
 */
static inline bool arch_pt_live_change(void)
{
	return true;
}

static inline void arch_pte_set(pte_t *entry, pte_t value)
{
	*(volatile uint64_t *)&entry->value = value.value;
}
