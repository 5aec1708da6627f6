/* SPDX-License-Identifier: MIT */
/*
 * merge.c - the way back from a split: 512 leaves that say the same become one.
 *
 * THE IDEA
 *	A page of a large leaf was made read-only for a while, and the leaf became a table. When the page is
 *	writable again, the table's 512 entries are what a split of one leaf would write:
 *	each continues the one before, with the same bits, and the first stands at a multiple of the larger size. Then one
 *	entry does for the table, a TLB needs one place for 2 MiB instead of 512, and a page of memory is free.
 *
 * PICTURE	entry i maps pa + i * 4 KiB, all rw-
 *
 *	level 1	[ table ]	--NONE, flush, LEAF-->		[ leaf, 2 MiB, rw- ]
 *		    |						table page: given back
 *	level 0	[ rw- rw- rw- ... rw- ]
 *
 *	What is merged may itself be one of 512 that can be merged, so a table is looked at after those below it.
 *
 * INVARIANTS	T2, T3 and T4 of pgtable.c.
 *
 * LOCKING	As pgtable.c. Between break and make nobody may use what the table maps, where there is a break.
 *		A table that pgtable_leaf_table() gave out must never be full of one run: its owner would write to a page that is free.
 * COST		Two instructions an entry up to the first that does not fit: in most tables the second.
 * FLOOR	pgtable.
 * LINUX	arch/x86/mm/pat/set_memory.c: cpa_collapse_large_pages(), of 2025; before, Linux never merged.
 */
#include <mm/pgtable.h>

#include <arch/tlb.h>
#include <lib/check.h>

#include "walk.h"

struct merge_walk {
	struct walk_range left;
	const struct pt_source *source;
	unsigned int max_level;
};

/* The leaf of `level` that says what the table below says; value 0 when there is none. */
static pte_t leaf_for(const pte_t *table, unsigned int level)
{
	pte_t next = table[0];
	phys_addr_t pa;

	if (arch_pte_kind(next, level - 1) != PTE_LEAF)
		return (pte_t){0};
	pa = arch_pte_phys(next, level - 1);
	if (!IS_ALIGNED(pa, level_size(level)))
		return (pte_t){0};
	for (unsigned int i = 1; i < PT_ENTRIES; i++) {
		next = arch_pte_next(next, level - 1);
		if (table[i].value != next.value)
			return (pte_t){0};
	}
	return arch_pte_leaf(pa, arch_pte_prot(table[0], level - 1), level);
}

static bool may_merge(const struct merge_walk *walk, pte_t entry, unsigned int level)
{
	phys_addr_t table = arch_pte_phys(entry, level);

	if (level > walk->max_level || !arch_pte_leaf_ok(level) || pt_table_in_image(table))
		return false;
	return !walk->source->owns || walk->source->owns(walk->source, table);
}

static void merge_entry(struct merge_walk *walk, pte_t *entry, uintptr_t va, unsigned int level)
{
	phys_addr_t table = arch_pte_phys(*entry, level);
	pte_t leaf = {0};

	if (may_merge(walk, *entry, level))
		leaf = leaf_for(pt_table_below(*entry, level), level);
	if (leaf.value == 0)
		return;
	if (!arch_pt_live_change()) {
		arch_pte_set(entry, (pte_t){0});
		arch_tlb_flush(va, level_size(level));
	}
	arch_pte_set(entry, leaf);
	if (arch_pt_live_change())
		arch_tlb_flush(va, level_size(level));
	arch_map_sync(va, level_size(level));
	walk->source->free(walk->source, table);
}

static void merge_table(struct merge_walk *walk, pte_t *table, unsigned int level)
{
	unsigned int index = level_index(walk->left.va, level);

	for (; index < PT_ENTRIES && walk->left.size; index++) {
		uintptr_t va = ALIGN_DOWN(walk->left.va, level_size(level));

		if (arch_pte_kind(table[index], level) != PTE_TABLE) {
			walk_skip(&walk->left, level);
			continue;
		}
		if (level > 1)
			merge_table(walk, pt_table_below(table[index], level), level - 1);
		else
			walk_skip(&walk->left, level);
		merge_entry(walk, &table[index], va, level);
	}
}

void pgtable_merge(const struct pt_source *source, uintptr_t va, size_t size,
		   unsigned int max_level)
{
	struct merge_walk walk = {{va, size}, source, max_level};

	pt_check_range(va, size);
	CHECK(source && source->free, "a table page would be lost");
	if (max_level == 0 || (pt_is_live(va) && !arch_pt_live_change()))
		return;
	merge_table(&walk, arch_kernel_root(), pt_root_level());
}
