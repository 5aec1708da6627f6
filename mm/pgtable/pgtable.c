/* SPDX-License-Identifier: MIT */
/*
 * pgtable.c - walk the kernel's page tables: map, unmap, protect, look.
 *
 * THE IDEA
 *	A page table is a tree of pages with 512 entries each. The root stands at
 *	level 3 (or 4); an entry of level n covers 2^(12 + 9n) bytes: 4 KiB,
 *	2 MiB, 1 GiB, 512 GiB. It is NONE, or a TABLE of the level below, or a LEAF that
 *	maps all that it covers. How the bits say so is the architecture's
 *	affair (arch/pgtable.h); how the tree is walked is the same for all, and stands here.
 *
 *	Each operation is one descent that takes a range along. It fills a table
 *	to its end before it goes back up, so 256 leaves that stand side by side
 *	cost one walk and 256 stores. Recursion is as deep as the tree, at most five. How a table is
 *	reached, table.c knows; how a leaf is cut where a range ends, split.c; how the pieces become one
 *	again, merge.c; how permissions change, protect.c.
 *
 * PICTURE	map 6 MiB at va 2 MiB - 4 KiB: the largest leaves that fit
 *
 *	level 1		[ table ][ leaf ][ leaf ][ table ]	2 MiB each
 *			    |                        |
 *	level 0		[ . . . . x]		[x x ... x .]	4 KiB each
 *
 *	That needs pa to be as far from a multiple of 2 MiB as va is.
 *
 * INVARIANTS	(pgtable_test.c breaks them)
 *	T1  -ENOMEM changes nothing: map takes back what it did, and what a split
 *	    can need is taken before the first entry changes.
 *	T2  An entry never goes from LEAF to a LEAF of another address or type without NONE and a flush
 *	    between (break before make): only what it allows changes in place. Nor from LEAF to TABLE or
 *	    back, but on a CPU that allows it while both say the same (arch_pt_live_change()).
 *	T3  A table page is given back only after a flush behind its unlinking.
 *	T4  Where the CPU does not allow that, no leaf of memory that everybody uses (direct map, struct
 *	    pages, image) is split or merged: what may change there has leaves of 4 KiB from the start.
 *	T5  Nothing is flushed where no entry changed.
 *
 * LOCKING	The caller keeps other writers of the range away. Nothing sleeps.
 * COST		Map: some 10 instructions a leaf of a run. Unmap: the same, and for each table
 *		that it touches a look at whether any other entry is left.
 * FLOOR	pgtable. Called by everybody above; by direct_map.c in this folder.
 * LINUX	mm/memory.c, mm/vmalloc.c: vmap_range_noflush(), vunmap_range(); each
 *		architecture there has a walker for its kernel tables besides. No folded levels, no
 *		page-table locks: ranges of kernel addresses have owners.
 */
#include <mm/pgtable.h>

#include <arch/memory.h>
#include <arch/tlb.h>
#include <lib/check.h>
#include <lib/errno.h>

#include "walk.h"

/* Tables that one flush can free; more flush more often. */
#define UNLINKED_MAX 16

void pt_check_range(uintptr_t va, size_t size)
{
	CHECK(size != 0 && IS_ALIGNED(va | size, PAGE_SIZE) && va + (size - 1) >= va,
	      "range of 0x%zx bytes at 0x%lx", size, (unsigned long)va);
	CHECK(kernel_range_has(va) && kernel_range_has(va + (size - 1)),
	      "0x%lx is not in the kernel's half", (unsigned long)va);
}

/* --- unmap ------------------------------------------------------------------ */

struct unmap_walk {
	struct walk_range left;
	const struct pt_source *source;
	uintptr_t flushed; /* everything below is flushed */
	phys_addr_t unlinked[UNLINKED_MAX];
	unsigned int nr_unlinked;
	bool changed; /* an entry changed that is not flushed yet */
};

/* T3: forget the old translations on every CPU, then let go of the tables. */
static void unmap_flush(struct unmap_walk *walk)
{
	unsigned int i;

	if (walk->changed)
		arch_tlb_flush(walk->flushed, walk->left.va - walk->flushed);
	for (i = 0; i < walk->nr_unlinked; i++)
		walk->source->free(walk->source, walk->unlinked[i]);
	walk->flushed = walk->left.va;
	walk->nr_unlinked = 0;
	walk->changed = false;
}

/* Whatever is removed is set to zero, so an entry that is NONE has no bits; eight are looked at together. */
static bool table_is_empty(const pte_t *table)
{
	const pte_t *entry;

	for (entry = table; entry < table + PT_ENTRIES; entry += 8)
		if (entry[0].value | entry[1].value | entry[2].value | entry[3].value |
		    entry[4].value | entry[5].value | entry[6].value | entry[7].value)
			return false;
	return true;
}

/* Unlink the table below `entry` of `level` when nothing is left in it. */
static void unlink_if_empty(struct unmap_walk *walk, pte_t *entry, unsigned int level,
			    const pte_t *table)
{
	phys_addr_t table_pa = arch_pte_phys(*entry, level);

	if (!walk->source || !walk->source->free || pt_table_in_image(table_pa))
		return;
	if (!table_is_empty(table))
		return;

	arch_pte_set(entry, (pte_t){0});
	walk->changed = true;
	walk->unlinked[walk->nr_unlinked++] = table_pa;
	if (walk->nr_unlinked == UNLINKED_MAX)
		unmap_flush(walk);
}

/* The lowest level in a loop of its own: most of what is unmapped stands there. */
static void unmap_leaves(struct unmap_walk *walk, pte_t *table)
{
	unsigned int index = level_index(walk->left.va, 0);
	size_t nr = min(walk->left.size >> PAGE_SHIFT, (size_t)(PT_ENTRIES - index)), i;

	for (i = 0; i < nr; i++) {
		if (arch_pte_kind(table[index + i], 0) == PTE_NONE)
			continue;
		arch_pte_set(&table[index + i], (pte_t){0});
		walk->changed = true;
	}
	walk->left.va += nr << PAGE_SHIFT;
	walk->left.size -= nr << PAGE_SHIFT;
}

static void unmap_table(struct unmap_walk *walk, pte_t *table, unsigned int level)
{
	unsigned int index = level_index(walk->left.va, level);
	pte_t *below;

	if (level == 0) {
		unmap_leaves(walk, table);
		return;
	}
	for (; index < PT_ENTRIES && walk->left.size; index++) {
		switch (arch_pte_kind(table[index], level)) {
		case PTE_TABLE:
			below = pt_table_below(table[index], level);
			unmap_table(walk, below, level - 1);
			unlink_if_empty(walk, &table[index], level, below);
			break;
		case PTE_LEAF:
			ASSERT(walk_covers(&walk->left, level), "a leaf sticks out at 0x%lx",
			       (unsigned long)walk->left.va);
			arch_pte_set(&table[index], (pte_t){0});
			walk->changed = true;
			walk_skip(&walk->left, level);
			break;
		case PTE_NONE:
			walk_skip(&walk->left, level);
			break;
		}
	}
}

/* Every leaf in the range ends inside it. */
static void unmap_range(const struct pt_source *source, uintptr_t va, size_t size)
{
	struct unmap_walk walk = {.left = {va, size}, .source = source, .flushed = va};

	unmap_table(&walk, arch_kernel_root(), pt_root_level());
	unmap_flush(&walk);
}

/* --- map -------------------------------------------------------------------- */

struct map_walk {
	struct walk_range left;
	phys_addr_t pa; /* of left.va */
	const struct pt_source *source;
	prot_t prot;
	unsigned int max_level;
};

static bool leaf_fits(const struct map_walk *walk, unsigned int level)
{
	return level <= walk->max_level && IS_ALIGNED(walk->pa, level_size(level)) &&
	       walk_covers(&walk->left, level) && arch_pte_leaf_ok(level);
}

/* The table below an entry, made when there is none; NULL when none can be made. */
static pte_t *table_below_or_new(const struct pt_source *source, pte_t *entry, unsigned int level)
{
	phys_addr_t table;

	if (arch_pte_kind(*entry, level) == PTE_TABLE)
		return pt_table_below(*entry, level);

	table = source->alloc(source);
	if (!table)
		return NULL;
	arch_pte_set(entry, arch_pte_table(table));
	return pt_table_open(table, level - 1);
}

/*
 * A leaf fits: it and those that follow in this table, as far as range and free entries reach, in a loop of its own
 * as for unmap. Returns the index behind them.
 */
static unsigned int map_leaves(struct map_walk *walk, pte_t *table, unsigned int index,
			       unsigned int level)
{
	size_t nr = min(walk->left.size / level_size(level), (size_t)(PT_ENTRIES - index)), i;
	pte_t leaf = arch_pte_leaf(walk->pa, walk->prot, level);

	for (i = 0; i < nr && arch_pte_kind(table[index + i], level) == PTE_NONE; i++) {
		arch_pte_set(&table[index + i], leaf);
		leaf = arch_pte_next(leaf, level);
	}
	walk->pa += i * level_size(level);
	walk->left.va += i * level_size(level);
	walk->left.size -= i * level_size(level);
	return index + (unsigned int)i;
}

/* On -ENOMEM walk->left tells how far it came. */
static int map_table(struct map_walk *walk, pte_t *table, unsigned int level)
{
	unsigned int index = level_index(walk->left.va, level);
	pte_t *below;
	int error;

	while (index < PT_ENTRIES && walk->left.size) {
		enum pte_kind kind = arch_pte_kind(table[index], level);

		CHECK(kind == PTE_NONE || (kind == PTE_TABLE && level > 0),
		      "0x%lx is mapped already", (unsigned long)walk->left.va);
		if (kind == PTE_NONE && leaf_fits(walk, level)) {
			index = map_leaves(walk, table, index, level);
			continue;
		}
		below = table_below_or_new(walk->source, &table[index], level);
		if (!below)
			return -ENOMEM;
		error = map_table(walk, below, level - 1);
		if (error)
			return error;
		index++;
	}
	return 0;
}

int pgtable_map(const struct pt_source *source, uintptr_t va, phys_addr_t pa, size_t size,
		prot_t prot, unsigned int max_level)
{
	struct map_walk walk = {{va, size}, pa, source, prot, max_level};
	int error;

	pt_check_range(va, size);
	CHECK(IS_ALIGNED(pa, PAGE_SIZE), "pa 0x%llx", (unsigned long long)pa);
	CHECK((prot & (PROT_WRITE | PROT_EXEC)) != (PROT_WRITE | PROT_EXEC),
	      "0x%lx would be writable and executable", (unsigned long)va);

	error = map_table(&walk, arch_kernel_root(), pt_root_level());
	if (!error) {
		arch_map_sync(va, size);
		return 0;
	}

	/* T1. One page more than was mapped: new tables may stand empty above the place that failed. */
	unmap_range(source, va, walk.left.va - va + PAGE_SIZE);
	return error;
}

pte_t *pgtable_leaf_table(const struct pt_source *source, uintptr_t va)
{
	unsigned int level = pt_root_level();
	pte_t *table = arch_kernel_root();

	pt_check_range(va, level_size(1));
	CHECK(IS_ALIGNED(va, level_size(1)), "0x%lx", (unsigned long)va);
	for (; level > 0; level--) {
		pte_t *entry = &table[level_index(va, level)];

		CHECK(arch_pte_kind(*entry, level) != PTE_LEAF, "0x%lx is mapped already",
		      (unsigned long)va);
		table = table_below_or_new(source, entry, level);
		if (!table) {
			/* T1: tables that stand empty now. */
			unmap_range(source, va, PAGE_SIZE);
			return NULL;
		}
	}
	return table;
}

/* --- look ------------------------------------------------------------------- */

static void entry_describe(struct pt_entry *entry, pte_t pte, uintptr_t va, unsigned int level)
{
	entry->va = ALIGN_DOWN(va, level_size(level));
	entry->size = level_size(level);
	entry->level = level;
	entry->kind = arch_pte_kind(pte, level);
	entry->pa = entry->kind == PTE_LEAF ? arch_pte_phys(pte, level) : 0;
	entry->prot = entry->kind == PTE_LEAF ? arch_pte_prot(pte, level) : 0;
}

bool pgtable_query(uintptr_t va, struct pt_entry *entry)
{
	unsigned int level = pt_root_level();
	const pte_t *table = arch_kernel_root();
	pte_t pte;

	if (!kernel_range_has(va)) {
		*entry = (struct pt_entry){ALIGN_DOWN(va, PAGE_SIZE), PAGE_SIZE, 0, 0, 0, PTE_NONE};
		return false;
	}
	for (;; level--) {
		pte.value = READ_ONCE(table[level_index(va, level)].value);
		if (arch_pte_kind(pte, level) != PTE_TABLE)
			break;
		table = pt_table_below(pte, level);
	}
	entry_describe(entry, pte, va, level);
	return entry->kind == PTE_LEAF;
}

const char *pgtable_type_name(prot_t prot)
{
	switch (prot & PROT_TYPE_MASK) {
	case PROT_WC:
		return "write-combining";
	case PROT_WT:
		return "write-through";
	case PROT_DEVICE:
		return "device";
	default:
		return "cached";
	}
}

unsigned int pgtable_walk(uintptr_t va, struct pt_step step[PT_MAX_LEVELS])
{
	phys_addr_t pa = arch_image_to_phys(arch_kernel_root());
	unsigned int level = pt_root_level(), nr = 0;
	const pte_t *table = arch_kernel_root();

	if (!kernel_range_has(va))
		return 0;
	for (;; level--) {
		unsigned int index = level_index(va, level);
		pte_t pte = {READ_ONCE(table[index].value)};

		step[nr++] = (struct pt_step){pa, level, index, pte};
		if (arch_pte_kind(pte, level) != PTE_TABLE)
			return nr;
		pa = arch_pte_phys(pte, level);
		table = pt_table_below(pte, level);
	}
}

struct visit_walk {
	struct walk_range left;
	bool (*visit)(const struct pt_entry *entry, void *context);
	void *context;
};

static bool visit_table(struct visit_walk *walk, const pte_t *table, unsigned int level)
{
	unsigned int index = level_index(walk->left.va, level);
	struct pt_entry entry;

	for (; index < PT_ENTRIES && walk->left.size; index++) {
		switch (arch_pte_kind(table[index], level)) {
		case PTE_TABLE:
			if (!visit_table(walk, pt_table_below(table[index], level), level - 1))
				return false;
			break;
		case PTE_LEAF:
			entry_describe(&entry, table[index], walk->left.va, level);
			if (!walk->visit(&entry, walk->context))
				return false;
			walk_skip(&walk->left, level);
			break;
		case PTE_NONE:
			walk_skip(&walk->left, level);
			break;
		}
	}
	return true;
}

void pgtable_for_each_in(uintptr_t va, size_t size,
			 bool (*visit)(const struct pt_entry *entry, void *context), void *context)
{
	struct visit_walk walk = {{va, size}, visit, context};

	visit_table(&walk, arch_kernel_root(), pt_root_level());
}

void pgtable_for_each(bool (*visit)(const struct pt_entry *entry, void *context), void *context)
{
	struct walk_range all = kernel_range();

	pgtable_for_each_in(all.va, all.size, visit, context);
}

/* --- unmap, with what sticks out ---------------------------------------------- */

int pgtable_unmap(const struct pt_source *source, uintptr_t va, size_t size)
{
	int error;

	pt_check_range(va, size);
	error = pt_split_ends(source, va, size);
	if (!error)
		unmap_range(source, va, size);
	return error;
}
