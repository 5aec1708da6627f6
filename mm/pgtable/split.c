/* SPDX-License-Identifier: MIT */
/*
 * split.c - cut the leaves that stick out of a range, so that the range has edges.
 *
 * THE IDEA
 *	To unmap 4 KiB of a 2 MiB leaf, the leaf first becomes a table of 512
 *	leaves that say the same; 4 KiB of a 1 GiB leaf take two such steps. Only the two ends of a
 *	range can lie inside a leaf. What both need is counted and taken
 *	before anything changes, so that running out of table pages changes nothing (T1).
 *
 * PICTURE	a range whose ends lie in two large leaves
 *
 *	level 1	[      leaf      ][ leaf ][      leaf      ]
 *		         ^- start                ^- end
 *	becomes	[     table      ][ leaf ][     table      ]
 *
 *	An x86 CPU may see the leaf and the table, which say the same, for as long as it likes. An ARM CPU that
 *	finds both may stop with a conflict, so the leaf is first broken, and for that
 *	moment all of its 2 MiB are gone. In the direct map that could be the stack of whoever splits, or the table that
 *	he writes: there, on such a CPU, a split is refused (T4), and the hosted machine is such a CPU.
 *
 * LOCKING	As pgtable.c. Between break and make (T2) the whole leaf is unmapped: nobody may use it then.
 * COST		512 stores and a flush of the leaf's size for each table.
 * FLOOR	pgtable.
 * LINUX	arch/x86/mm/pat/set_memory.c: split_large_page(). On arm64 there: can_set_direct_map(), the
 *		same refusal, and rodata=full, the same way out.
 */
#include "walk.h"

#include <arch/tlb.h>
#include <lib/check.h>
#include <lib/errno.h>

/*
 * What splitting at both ends of a range takes, held before anything changes. An end inside a 1 GiB leaf
 * takes two tables, so two ends take at most one a level each.
 */
struct spare_tables {
	phys_addr_t table[2 * (PT_MAX_LEVELS - 1)];
	unsigned int nr;
};

static int spare_take(struct spare_tables *spare, const struct pt_source *source,
		      unsigned int wanted)
{
	CHECK(wanted <= ARRAY_SIZE(spare->table));
	CHECK(wanted == 0 || source,
	      "a leaf sticks out of the range, and no table pages are given");

	for (spare->nr = 0; spare->nr < wanted; spare->nr++) {
		spare->table[spare->nr] = source->alloc(source);
		if (!spare->table[spare->nr])
			goto out_give_back;
	}
	return 0;

out_give_back:
	while (spare->nr > 0 && source->free)
		source->free(source, spare->table[--spare->nr]);
	return -ENOMEM;
}

/*
 * How many tables make an entry start at `va`: one a level, from the leaf that va lies in down to the first level that
 * va is a multiple of. What splitting at `other` has split already does not count (0: nothing).
 */
static unsigned int splits_at(uintptr_t va, uintptr_t other)
{
	struct pt_entry entry;
	unsigned int level, nr = 0;

	if (!pgtable_query(va, &entry))
		return 0;
	for (level = entry.level; level > 0 && !IS_ALIGNED(va, level_size(level)); level--) {
		bool same = ALIGN_DOWN(va, level_size(level)) ==
			    ALIGN_DOWN(other, level_size(level));

		if (!same || IS_ALIGNED(other, level_size(level)))
			nr++;
	}
	return nr;
}

/* T2: a leaf becomes a table of smaller leaves that say the same. `va` is where the leaf starts. */
static void split_leaf(pte_t *entry, uintptr_t va, unsigned int level, phys_addr_t table)
{
	phys_addr_t pa = arch_pte_phys(*entry, level);
	prot_t prot = arch_pte_prot(*entry, level);
	pte_t *below = pt_table_open(table, level - 1);
	unsigned int index;

	for (index = 0; index < PT_ENTRIES; index++, pa += level_size(level - 1))
		arch_pte_set(&below[index], arch_pte_leaf(pa, prot, level - 1));

	if (!arch_pt_live_change()) {
		arch_pte_set(entry, (pte_t){0});
		arch_tlb_flush(va, level_size(level));
	}
	arch_pte_set(entry, arch_pte_table(table));
	if (arch_pt_live_change())
		arch_tlb_flush(va, level_size(level));
	arch_map_sync(va, level_size(level));
}

/* Make an entry start at `va`, unless nothing is mapped there. */
static void split_at(struct spare_tables *spare, uintptr_t va)
{
	unsigned int level = pt_root_level();
	pte_t *table = arch_kernel_root(), *entry;

	if (!kernel_range_has(va))
		return;
	for (; !IS_ALIGNED(va, level_size(level)); level--) {
		entry = &table[level_index(va, level)];
		if (arch_pte_kind(*entry, level) == PTE_NONE)
			return;
		if (arch_pte_kind(*entry, level) == PTE_LEAF) {
			CHECK(spare->nr > 0);
			split_leaf(entry, ALIGN_DOWN(va, level_size(level)), level,
				   spare->table[--spare->nr]);
		}
		table = pt_table_below(*entry, level);
	}
}

bool pt_is_live(uintptr_t va)
{
	static const enum arch_region shared[] = {REGION_DIRECT_MAP, REGION_VMEMMAP, REGION_IMAGE};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(shared); i++)
		if (va - arch_region_base(shared[i]) < arch_region_size(shared[i]))
			return true;
	return false;
}

int pt_split_ends(const struct pt_source *source, uintptr_t va, size_t size)
{
	uintptr_t end = va + size;
	unsigned int wanted = splits_at(va, 0) + splits_at(end, va);
	struct spare_tables spare;
	int error;

	if (wanted && pt_is_live(va) && !arch_pt_live_change())
		return -EBUSY;
	error = spare_take(&spare, source, wanted);
	if (error)
		return error;
	split_at(&spare, va);
	split_at(&spare, end);
	ASSERT(spare.nr == 0);
	return 0;
}

int pgtable_split(const struct pt_source *source, uintptr_t va, size_t size)
{
	pt_check_range(va, size);
	return pt_split_ends(source, va, size);
}
