/* SPDX-License-Identifier: MIT */
/*
 * asm/pgtable.h - page-table entries of the hosted machine, unlike any real ones.
 *
 *	63            24 23     14 13 12 11 10  9   8   7        0
 *	[ frame number  ][   0    ][ level ][  kind   ][ ~prot   ]
 *
 * The frame number lies at the top, so code that masks with an x86 or ARM
 * constant gets rubbish. Permissions are stored inverted, and a leaf knows its level: looking at
 * it as if it stood at another level is caught.
 */
#pragma once

#include <lib/check.h>

#define HOSTED_PTE_FRAME_SHIFT 24
#define HOSTED_PTE_LEVEL_SHIFT 11
#define HOSTED_PTE_KIND_SHIFT  8
#define HOSTED_PTE_KIND_TABLE  5U
#define HOSTED_PTE_KIND_LEAF   6U
#define HOSTED_PTE_PROT_MASK   0xffU

static inline pte_t arch_pte_leaf(phys_addr_t pa, prot_t prot, unsigned int level)
{
	return (pte_t){(uint64_t)pa >> PAGE_SHIFT << HOSTED_PTE_FRAME_SHIFT |
		       (uint64_t)level << HOSTED_PTE_LEVEL_SHIFT |
		       HOSTED_PTE_KIND_LEAF << HOSTED_PTE_KIND_SHIFT |
		       (~prot & HOSTED_PTE_PROT_MASK)};
}

static inline pte_t arch_pte_next(pte_t leaf, unsigned int level)
{
	return (pte_t){leaf.value + (1UL << (HOSTED_PTE_FRAME_SHIFT + PT_INDEX_BITS * level))};
}

static inline pte_t arch_pte_table(phys_addr_t table_pa)
{
	return (pte_t){(uint64_t)table_pa >> PAGE_SHIFT << HOSTED_PTE_FRAME_SHIFT |
		       HOSTED_PTE_KIND_TABLE << HOSTED_PTE_KIND_SHIFT};
}

static inline enum pte_kind arch_pte_kind(pte_t pte, unsigned int level)
{
	unsigned int kind = pte.value >> HOSTED_PTE_KIND_SHIFT & 7;

	if (pte.value == 0)
		return PTE_NONE;
	CHECK(kind == HOSTED_PTE_KIND_TABLE || kind == HOSTED_PTE_KIND_LEAF,
	      "0x%lx is no page-table entry", (unsigned long)pte.value);
	if (kind == HOSTED_PTE_KIND_TABLE)
		return PTE_TABLE;
	CHECK((pte.value >> HOSTED_PTE_LEVEL_SHIFT & 7) == level,
	      "entry 0x%lx is a leaf of another level than %u", (unsigned long)pte.value, level);
	return PTE_LEAF;
}

static inline phys_addr_t arch_pte_phys(pte_t pte, unsigned int level)
{
	(void)level;
	return pte.value >> HOSTED_PTE_FRAME_SHIFT << PAGE_SHIFT;
}

static inline prot_t arch_pte_prot(pte_t pte, unsigned int level)
{
	(void)level;
	return ~(uint32_t)pte.value & HOSTED_PTE_PROT_MASK;
}

static inline bool arch_pte_leaf_ok(unsigned int level)
{
	return level <= 2;
}

/* The strictest CPU: no change of size without a break. */
static inline bool arch_pt_live_change(void)
{
	return false;
}

/* mmu.c watches each store. */
void hosted_pte_set(pte_t *entry, pte_t value);

static inline void arch_pte_set(pte_t *entry, pte_t value)
{
	hosted_pte_set(entry, value);
}
