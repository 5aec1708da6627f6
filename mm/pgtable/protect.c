/* SPDX-License-Identifier: MIT */
/*
 * protect.c - change what may be done through leaves that stay where they are.
 *
 * THE IDEA
 *	Permissions change in place: the entry is stored anew and, at the end, the old one flushed. Until then a CPU may
 *	go by either, and whoever reads what the leaf maps notices nothing. For another memory type the leaf is broken
 *	first (T2), so that no CPU finds both. A flush costs more than a store: leaves that stand side by side in a table are
 *	broken 64 at a time, flushed once and made again.
 *
 * PICTURE	100 leaves of 4 KiB
 *
 *	read-only to writable	| 100 x RW | flush |
 *	cached to uncached	| 64 x NONE | flush | 64 x UC | 36 x NONE | flush | 36 x UC |
 *
 * LOCKING	As pgtable.c. Between break and make nobody may use the leaf.
 * COST		Some 25 instructions a leaf; a flush each 64 leaves, or one in all.
 * FLOOR	pgtable.
 * LINUX	mm/memory.c: apply_to_page_range(), by which arm64's set_memory_*() change their leaves;
 *		arch/x86/mm/pat/set_memory.c: __change_page_attr().
 */
#include <mm/pgtable.h>

#include <arch/tlb.h>
#include <lib/check.h>

#include "walk.h"

#define BATCH 64

/* Addresses between which something happened; none yet while start is not below end. */
struct span {
	uintptr_t start, end;
};

struct change_walk {
	struct walk_range left;
	prot_t clear, set;
	struct span stored; /* in place, and not flushed yet */
	struct span made;   /* and not synced yet */
};

static void span_add(struct span *span, uintptr_t va, size_t size)
{
	if (span->end == 0)
		span->start = va;
	span->end = va + size;
}

static pte_t changed(const struct change_walk *walk, pte_t old, unsigned int level)
{
	prot_t prot = (arch_pte_prot(old, level) & ~walk->clear) | walk->set;

	CHECK((prot & (PROT_WRITE | PROT_EXEC)) != (PROT_WRITE | PROT_EXEC),
	      "0x%lx would be writable and executable", (unsigned long)walk->left.va);
	return arch_pte_leaf(arch_pte_phys(old, level), prot, level);
}

/* Leaves that stand side by side from `index` on, at most BATCH. Returns how many. */
static unsigned int change_batch(struct change_walk *walk, pte_t *table, unsigned int index,
				 unsigned int level)
{
	uintptr_t first = walk->left.va & ~(level_size(level) - 1);
	struct span broken = {0};
	pte_t leaf[BATCH];
	unsigned int nr, i;

	for (nr = 0; nr < BATCH && index + nr < PT_ENTRIES && walk->left.size; nr++) {
		pte_t old = table[index + nr];

		if (arch_pte_kind(old, level) != PTE_LEAF)
			break;
		leaf[nr] = changed(walk, old, level);
		if ((arch_pte_prot(leaf[nr], level) ^ arch_pte_prot(old, level)) &
		    ~PROT_PERMISSIONS) {
			arch_pte_set(&table[index + nr], (pte_t){0});
			span_add(&broken, first + nr * level_size(level), level_size(level));
		}
		walk_skip(&walk->left, level);
	}
	if (broken.end)
		arch_tlb_flush(broken.start, broken.end - broken.start);
	for (i = 0; i < nr; i++) {
		pte_t old = table[index + i];
		bool was_broken = arch_pte_kind(old, level) == PTE_NONE;

		if (old.value == leaf[i].value)
			continue;
		arch_pte_set(&table[index + i], leaf[i]);
		span_add(was_broken ? &walk->made : &walk->stored, first + i * level_size(level),
			 level_size(level));
	}
	return nr;
}

static void change_table(struct change_walk *walk, pte_t *table, unsigned int level)
{
	unsigned int index = level_index(walk->left.va, level);

	while (index < PT_ENTRIES && walk->left.size) {
		switch (arch_pte_kind(table[index], level)) {
		case PTE_TABLE:
			change_table(walk, pt_table_below(table[index++], level), level - 1);
			break;
		case PTE_LEAF:
			index += change_batch(walk, table, index, level);
			break;
		case PTE_NONE:
			walk_skip(&walk->left, level);
			index++;
			break;
		}
	}
}

int pgtable_change(const struct pt_source *source, uintptr_t va, size_t size, prot_t clear,
		   prot_t set)
{
	struct change_walk walk = {.left = {va, size}, .clear = clear, .set = set};
	int error;

	pt_check_range(va, size);
	error = pt_split_ends(source, va, size);
	if (error)
		return error;

	change_table(&walk, arch_kernel_root(), pt_root_level());
	if (walk.stored.end)
		arch_tlb_flush(walk.stored.start, walk.stored.end - walk.stored.start);
	if (walk.made.end)
		arch_map_sync(walk.made.start, walk.made.end - walk.made.start);
	return 0;
}

int pgtable_protect(const struct pt_source *source, uintptr_t va, size_t size, prot_t prot)
{
	return pgtable_change(source, va, size, ~(prot_t)0, prot);
}
