/* SPDX-License-Identifier: MIT */
/*
 * asm/pgtable.h - prot_t to descriptor and back.
 *
 * Execution has one bit for each privilege: a kernel leaf sets UXN and clears
 * PXN to be executable, a user leaf the other way round, so that the kernel
 * never runs what a user may write. The memory type is an index into MAIR_EL1
 * whose order is that of the PROT_ types.
 */
#pragma once

#include <asm/descriptor.h>

/* The bits that hold the address of what a leaf at `level` maps. */
static inline uint64_t desc_phys_mask(unsigned int level)
{
	return DESC_PHYS_MASK & ~((1UL << (PAGE_SHIFT + PT_INDEX_BITS * level)) - 1);
}

static inline pte_t arch_pte_leaf(phys_addr_t pa, prot_t prot, unsigned int level)
{
	unsigned int type = (prot & PROT_TYPE_MASK) >> PROT_TYPE_SHIFT;
	uint64_t value = (pa & desc_phys_mask(level)) | DESC_VALID | DESC_AF | DESC_PXN | DESC_UXN;

	value |= (uint64_t)type << DESC_ATTR_SHIFT;
	value |= level == 0 ? DESC_PAGE : 0;
	value |= (prot & PROT_TYPE_MASK) != PROT_DEVICE ? DESC_SH_INNER : 0;
	value |= prot & PROT_WRITE ? 0 : DESC_READ_ONLY;
	value |= prot & PROT_GLOBAL ? 0 : DESC_NOT_GLOBAL;
	value |= prot & PROT_USER ? DESC_EL0 : 0;
	if (prot & PROT_EXEC)
		value &= prot & PROT_USER ? ~(uint64_t)DESC_UXN : ~(uint64_t)DESC_PXN;
	return (pte_t){value};
}

/* The address stands in its own bits. */
static inline pte_t arch_pte_next(pte_t leaf, unsigned int level)
{
	return (pte_t){leaf.value + (1UL << (PAGE_SHIFT + PT_INDEX_BITS * level))};
}

static inline pte_t arch_pte_table(phys_addr_t table_pa)
{
	return (pte_t){(table_pa & DESC_PHYS_MASK) | DESC_VALID | DESC_PAGE};
}

static inline enum pte_kind arch_pte_kind(pte_t pte, unsigned int level)
{
	bool page_bit = pte.value & DESC_PAGE;

	if (!(pte.value & DESC_VALID))
		return PTE_NONE;
	if (level == 0)
		return page_bit ? PTE_LEAF : PTE_NONE;
	return page_bit ? PTE_TABLE : PTE_LEAF;
}

static inline phys_addr_t arch_pte_phys(pte_t pte, unsigned int level)
{
	if (arch_pte_kind(pte, level) == PTE_LEAF)
		return pte.value & desc_phys_mask(level);
	return pte.value & DESC_PHYS_MASK;
}

static inline prot_t arch_pte_prot(pte_t pte, unsigned int level)
{
	bool user = pte.value & DESC_EL0;
	prot_t prot = (prot_t)((pte.value & DESC_ATTR_MASK) >> DESC_ATTR_SHIFT) << PROT_TYPE_SHIFT;

	(void)level;
	prot |= pte.value & DESC_READ_ONLY ? 0 : PROT_WRITE;
	prot |= pte.value & DESC_NOT_GLOBAL ? 0 : PROT_GLOBAL;
	prot |= user ? PROT_USER : 0;
	prot |= pte.value & (user ? DESC_UXN : DESC_PXN) ? 0 : PROT_EXEC;
	return prot;
}

/* Pages, 2 MiB and 1 GiB; the root has no leaves in this format. */
static inline bool arch_pte_leaf_ok(unsigned int level)
{
	return level <= 2;
}

/* A change of size without a break may end in a TLB conflict abort. (Arm ARM, D8.16.1) */
static inline bool arch_pt_live_change(void)
{
	return false;
}

/* A release: whoever walks through this entry finds the table below it filled. */
static inline void arch_pte_set(pte_t *entry, pte_t value)
{
	__atomic_store_n(&entry->value, value.value, __ATOMIC_RELEASE);
}
