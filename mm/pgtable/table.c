/* SPDX-License-Identifier: MIT */
/*
 * table.c - reach a page table that is known by its physical address.
 *
 * THE IDEA
 *	Tables in the image (the root, boot's and the fixmap's) are reached there. Others are reached
 *	through the direct map, and before it exists through a fixmap slot for
 *	each level: a descent holds at most one table of each level, and a slot
 *	keeps its table until another one of that level is wanted.
 *
 * FLOOR	pgtable, for this folder alone.
 * LINUX	arch/arm64/mm/mmu.c: pte_set_fixmap(), pmd_set_fixmap(), ...
 */
#include "walk.h"

#include <arch/memory.h>
#include <lib/init.h>
#include <lib/sections.h>
#include <mm/direct_map.h>
#include <mm/fixmap.h>

static bool use_direct_map __ro_after_init;

__init void pgtable_use_direct_map(void)
{
	unsigned int level;

	use_direct_map = true;
	for (level = 0; level < PT_MAX_LEVELS; level++)
		clear_fixmap(FIX_TABLE0 + level);
}

/* Only the image's data holds tables; what the boot left of the rest is anybody's memory, and may be a table too. */
bool pt_table_in_image(phys_addr_t table)
{
	return table - arch_image_to_phys(data_start) < (phys_addr_t)(image_end - data_start);
}

pte_t *pt_table_open(phys_addr_t table, unsigned int level)
{
	if (pt_table_in_image(table))
		return arch_image_from_phys(table);
	if (use_direct_map)
		return phys_to_virt(table);
	set_fixmap(FIX_TABLE0 + level, table, PROT_KERNEL_RW);
	return (pte_t *)fix_to_virt(FIX_TABLE0 + level);
}

pte_t *pt_table_below(pte_t entry, unsigned int level)
{
	return pt_table_open(arch_pte_phys(entry, level), level - 1);
}
