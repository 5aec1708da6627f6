/* SPDX-License-Identifier: MIT */
/*
 * pgtable_test.c - the walker against a flat array, out of table pages, and on real memory.
 */
#include <mm/pgtable.h>

#include <lib/errno.h>
#include <lib/ktest.h>

#include "leaf.h"
#include "table_source.h"

#define PAGES(n) ((n)*PAGE_SIZE)

/*
 *	va	2M-4K  2M            4M            6M  +4K
 *	level 1	[ table ][   leaf     ][   leaf     ][ table ]
 *	level 0	     [x]                              [x]
 */
KTEST(pgtable, a_range_gets_the_largest_leaves_that_fit)
{
	struct table_source tables = TABLE_SOURCE;
	uintptr_t va = scratch_va() + LARGE - PAGE_SIZE;
	phys_addr_t pa = scratch_pa() + LARGE - PAGE_SIZE;
	size_t size = 2 * LARGE + PAGES(2);

	ASSERT_TEST(!pgtable_map(&tables.source, va, pa, size, PROT_KERNEL_RW, 2));
	EXPECT_EQ(level_at(va), 0);
	EXPECT_EQ(level_at(va + PAGE_SIZE), 1);
	EXPECT_EQ(level_at(va + LARGE), 1);
	EXPECT_EQ(level_at(va + PAGE_SIZE + 2 * LARGE), 0);
	EXPECT_TRUE(maps(va, pa, PROT_KERNEL_RW));
	EXPECT_TRUE(maps(va + LARGE + 5, pa + LARGE + 5, PROT_KERNEL_RW));
	EXPECT_TRUE(maps(va + size - PAGE_SIZE, pa + size - PAGE_SIZE, PROT_KERNEL_RW));
	EXPECT_EQ(level_at(va - 1), 99);
	EXPECT_EQ(level_at(va + size), 99);
	EXPECT_EQ(pgtable_unmap(&tables.source, va, size), 0);
	EXPECT_EQ(tables.live, 0);
}

KTEST(pgtable, leaves_are_no_larger_than_asked_and_never_where_pa_is_out_of_step)
{
	struct table_source tables = TABLE_SOURCE;
	uintptr_t va = scratch_va();
	phys_addr_t pa = scratch_pa();

	ASSERT_TEST(!pgtable_map(&tables.source, va, pa, LARGE, PROT_KERNEL_RW, 0));
	EXPECT_EQ(level_at(va), 0);
	ASSERT_TEST(
		!pgtable_map(&tables.source, va + LARGE, pa + PAGE_SIZE, LARGE, PROT_KERNEL_RW, 2));
	EXPECT_EQ(level_at(va + LARGE), 0);
	EXPECT_TRUE(maps(va + LARGE + PAGES(7), pa + PAGES(8), PROT_KERNEL_RW));
	EXPECT_EQ(pgtable_unmap(&tables.source, va, 2 * LARGE), 0);
	EXPECT_EQ(tables.live, 0);
}

KTEST(pgtable, half_a_gigabyte_of_large_leaves_takes_one_table_of_each_level)
{
	struct table_source tables = TABLE_SOURCE;

	ASSERT_TEST(!pgtable_map(&tables.source, scratch_va(), scratch_pa(), 512 * MiB,
				 PROT_KERNEL_RW, 1));
	EXPECT_LE(tables.live, arch_pt_levels() - 2);
	EXPECT_EQ(level_at(scratch_va() + 511 * MiB), 1);
	EXPECT_EQ(pgtable_unmap(&tables.source, scratch_va(), 512 * MiB), 0);
	EXPECT_EQ(tables.live, 0);
}

KTEST(pgtable, a_hole_is_as_large_as_the_entry_that_is_none)
{
	struct table_source tables = TABLE_SOURCE;
	struct pt_entry entry;

	ASSERT_TEST(!pgtable_map(&tables.source, scratch_va(), scratch_pa(), PAGE_SIZE,
				 PROT_KERNEL_RO, 0));
	EXPECT_FALSE(pgtable_query(scratch_va() + PAGE_SIZE, &entry));
	EXPECT_EQ(entry.size, PAGE_SIZE);
	EXPECT_FALSE(pgtable_query(scratch_va() + LARGE + 1, &entry));
	EXPECT_EQ(entry.va, scratch_va() + LARGE);
	EXPECT_EQ(entry.size, LARGE);
	EXPECT_FALSE(pgtable_query(0, &entry));
	EXPECT_EQ(entry.kind, PTE_NONE);
	EXPECT_EQ(pgtable_unmap(&tables.source, scratch_va(), PAGE_SIZE), 0);
}

/* --- against a flat array ---------------------------------------------------- */

#define MODEL_PAGES 1536 /* three large leaves */

static struct {
	uint32_t frame; /* from scratch_pa() + 1; 0: not mapped */
	prot_t prot;
} model[MODEL_PAGES];

/* The same numbers in every run. */
static uint64_t dice_state;

static uint64_t dice(uint64_t sides)
{
	dice_state ^= dice_state << 13;
	dice_state ^= dice_state >> 7;
	dice_state ^= dice_state << 17;
	return dice_state % sides;
}

static prot_t any_prot(void)
{
	static const prot_t prots[] = {PROT_KERNEL_RW, PROT_KERNEL_RO, PROT_KERNEL_DEVICE,
				       PROT_WRITE | PROT_GLOBAL | PROT_WC};

	return prots[dice(ARRAY_SIZE(prots))];
}

/* Every second range starts and ends at a large leaf's edge, so that they come to exist. */
static void any_range(size_t *start, size_t *end)
{
	size_t unit = dice(2) ? PT_ENTRIES : 1;

	*start = ALIGN_DOWN(dice(MODEL_PAGES), unit);
	*end = *start + unit + dice(2) * ALIGN_DOWN(dice(MODEL_PAGES), unit);
	*end = min(*end, (size_t)MODEL_PAGES);
}

static bool model_is_free(size_t start, size_t end)
{
	for (size_t i = start; i < end; i++)
		if (model[i].frame)
			return false;
	return true;
}

static bool model_agrees(void)
{
	struct pt_entry entry;

	for (size_t i = 0; i < MODEL_PAGES; i++) {
		uintptr_t va = scratch_va() + PAGES(i);
		bool mapped = pgtable_query(va, &entry);
		phys_addr_t pa = scratch_pa() + PAGES((phys_addr_t)model[i].frame - 1);

		if (mapped != (model[i].frame != 0))
			return false;
		if (mapped && (entry.pa + (va - entry.va) != pa || entry.prot != model[i].prot))
			return false;
	}
	return true;
}

static int random_map(const struct pt_source *source, size_t start, size_t end)
{
	size_t shift = dice(3) ? 0 : dice(1000); /* out of step: small leaves */
	prot_t prot = any_prot();

	if (!model_is_free(start, end))
		return 0;
	for (size_t i = start; i < end; i++) {
		model[i].frame = i + shift + 1;
		model[i].prot = prot;
	}
	return pgtable_map(source, scratch_va() + PAGES(start), scratch_pa() + PAGES(start + shift),
			   PAGES(end - start), prot, dice(2));
}

static int random_unmap(const struct pt_source *source, size_t start, size_t end)
{
	for (size_t i = start; i < end; i++)
		model[i].frame = 0;
	return pgtable_unmap(source, scratch_va() + PAGES(start), PAGES(end - start));
}

static int random_protect(const struct pt_source *source, size_t start, size_t end)
{
	prot_t prot = any_prot();

	for (size_t i = start; i < end; i++)
		model[i].prot = prot;
	return pgtable_protect(source, scratch_va() + PAGES(start), PAGES(end - start), prot);
}

/* Some bits alone, as set_memory_ro() and its kin do. */
static int random_change(const struct pt_source *source, size_t start, size_t end)
{
	static const prot_t changes[][2] = {{PROT_WRITE, 0},
					    {0, PROT_WRITE},
					    {PROT_TYPE_MASK, PROT_RAM},
					    {PROT_TYPE_MASK, PROT_WC}};
	const prot_t *change = changes[dice(ARRAY_SIZE(changes))];

	for (size_t i = start; i < end; i++)
		model[i].prot = (model[i].prot & ~change[0]) | change[1];
	return pgtable_change(source, scratch_va() + PAGES(start), PAGES(end - start), change[0],
			      change[1]);
}

/* Says the same with fewer entries. */
static int random_merge(const struct pt_source *source, size_t start, size_t end)
{
	pgtable_merge(source, scratch_va() + PAGES(start), PAGES(end - start), dice(3));
	return 0;
}

static bool unit_is_one_run(size_t unit)
{
	size_t first = unit * PT_ENTRIES;

	for (size_t i = 0; i < PT_ENTRIES; i++)
		if (!model[first].frame || model[first + i].frame != model[first].frame + i ||
		    model[first + i].prot != model[first].prot)
			return false;
	return (model[first].frame - 1) % PT_ENTRIES == 0;
}

/* After a merge of everything a unit of 2 MiB is one leaf exactly when the array says that it can be. */
static void check_merged(const struct pt_source *source)
{
	pgtable_merge(source, scratch_va(), PAGES(MODEL_PAGES), 1);
	for (size_t unit = 0; unit < MODEL_PAGES / PT_ENTRIES; unit++)
		EXPECT_EQ(level_at(scratch_va() + unit * LARGE) == 1, unit_is_one_run(unit));
}

KTEST(pgtable, random_ranges_agree_with_a_flat_array)
{
	static int (*const operation[])(const struct pt_source *, size_t, size_t) = {
		random_map, random_unmap, random_protect, random_change, random_merge};
	struct table_source tables = TABLE_SOURCE;
	size_t start, end;

	dice_state = 20260;
	memset(model, 0, sizeof(model));
	for (unsigned int step = 0; step < 150; step++) {
		any_range(&start, &end);
		EXPECT_EQ(operation[dice(ARRAY_SIZE(operation))](&tables.source, start, end), 0);
		if (!model_agrees()) {
			EXPECT_EQ(step, -1);
			break;
		}
		if (step % 10 == 9)
			check_merged(&tables.source);
	}
	EXPECT_EQ(pgtable_unmap(&tables.source, scratch_va(), PAGES(MODEL_PAGES)), 0);
	EXPECT_EQ(tables.live, 0);
}

/* --- out of table pages ------------------------------------------------------- */

/* Six tables on four levels: two below the root's, and what the ends need. */
KTEST(pgtable, a_map_that_runs_out_of_tables_at_any_point_leaves_nothing)
{
	struct table_source tables = TABLE_SOURCE;
	uintptr_t va = scratch_va() + GiB - LARGE - PAGE_SIZE;
	phys_addr_t pa = scratch_pa() + GiB - LARGE - PAGE_SIZE;
	size_t size = 2 * LARGE + PAGES(2);
	unsigned int n;

	for (n = 1; n < 20; n++) {
		tables = (struct table_source)TABLE_SOURCE;
		tables.fail_at = n;
		if (!pgtable_map(&tables.source, va, pa, size, PROT_KERNEL_RW, 1))
			break;
		EXPECT_EQ(tables.live, 0);
		EXPECT_EQ(level_at(va), 99);
		EXPECT_EQ(level_at(va + LARGE), 99);
	}
	EXPECT_GE(n, 5);
	EXPECT_LT(n, 20);
	EXPECT_EQ(pgtable_unmap(&tables.source, va, size), 0);
	EXPECT_EQ(tables.live, 0);
}

KTEST(pgtable, a_map_that_runs_out_keeps_the_neighbours_tables)
{
	struct table_source tables = TABLE_SOURCE;
	uintptr_t va = scratch_va();
	unsigned int live;

	ASSERT_TEST(!pgtable_map(&tables.source, va, scratch_pa(), PAGE_SIZE, PROT_KERNEL_RW, 0));
	live = tables.live;
	tables.fail_at = tables.asked + 2;
	EXPECT_EQ(pgtable_map(&tables.source, va + PAGE_SIZE, scratch_pa() + PAGE_SIZE, 3 * LARGE,
			      PROT_KERNEL_RW, 0),
		  -ENOMEM);
	EXPECT_EQ(tables.live, live);
	EXPECT_TRUE(maps(va, scratch_pa(), PROT_KERNEL_RW));
	EXPECT_EQ(level_at(va + PAGE_SIZE), 99);
	EXPECT_EQ(pgtable_unmap(&tables.source, va, PAGE_SIZE), 0);
	EXPECT_EQ(tables.live, 0);
}

/*
 *	before	[          large leaf            ][          large leaf            ]
 *	unmap	            ^----------------------------------^
 *		two tables; when the second is not to be had, the first goes back
 */
KTEST(pgtable, a_split_that_runs_out_of_tables_at_any_point_changes_nothing)
{
	struct table_source tables = TABLE_SOURCE;
	uintptr_t va = scratch_va();
	unsigned int live, n;

	ASSERT_TEST(!pgtable_map(&tables.source, va, scratch_pa(), 2 * LARGE, PROT_KERNEL_RW, 1));
	live = tables.live;
	for (n = 1; n < 10; n++) {
		tables.fail_at = tables.asked + n;
		if (!pgtable_protect(&tables.source, va + LARGE - PAGE_SIZE, PAGES(2),
				     PROT_KERNEL_RO))
			break;
		EXPECT_EQ(tables.live, live);
		EXPECT_EQ(level_at(va), 1);
		EXPECT_EQ(level_at(va + LARGE), 1);
		EXPECT_EQ(pgtable_unmap(&tables.source, va + LARGE - PAGE_SIZE, PAGES(2)), -ENOMEM);
		EXPECT_TRUE(maps(va + LARGE, scratch_pa() + LARGE, PROT_KERNEL_RW));
	}
	EXPECT_EQ(n, 3);
	EXPECT_EQ(tables.live, live + 2);
	tables.fail_at = 0;
	EXPECT_EQ(pgtable_unmap(&tables.source, va, 2 * LARGE), 0);
	EXPECT_EQ(tables.live, 0);
}

/* --- splitting ------------------------------------------------------------------ */

KTEST(pgtable, unmapping_one_page_of_a_large_leaf_keeps_its_neighbours)
{
	struct table_source tables = TABLE_SOURCE;
	uintptr_t va = scratch_va(), hole = va + PAGES(100);

	ASSERT_TEST(!pgtable_map(&tables.source, va, scratch_pa(), 3 * LARGE, PROT_KERNEL_RO, 1));
	EXPECT_EQ(pgtable_unmap(&tables.source, hole, PAGE_SIZE), 0);
	EXPECT_EQ(level_at(hole), 99);
	EXPECT_TRUE(maps(hole - 1, scratch_pa() + PAGES(100) - 1, PROT_KERNEL_RO));
	EXPECT_TRUE(maps(hole + PAGE_SIZE, scratch_pa() + PAGES(101), PROT_KERNEL_RO));
	EXPECT_TRUE(maps(va, scratch_pa(), PROT_KERNEL_RO));
	EXPECT_EQ(level_at(va + LARGE), 1);
	EXPECT_EQ(pgtable_unmap(&tables.source, va, 3 * LARGE), 0);
	EXPECT_EQ(tables.live, 0);
}

KTEST(pgtable, one_page_of_a_gigabyte_leaf_takes_two_tables)
{
	struct table_source tables = TABLE_SOURCE;
	uintptr_t va = scratch_va(), page = va + 7 * LARGE + PAGES(3);
	unsigned int live;

	if (!arch_pte_leaf_ok(2))
		return;
	ASSERT_TEST(!pgtable_map(&tables.source, va, scratch_pa(), GiB, PROT_KERNEL_RW, 2));
	live = tables.live;
	ASSERT_TEST(!pgtable_protect(&tables.source, page, PAGE_SIZE, PROT_KERNEL_RO));
	EXPECT_EQ(tables.live, live + 2);
	EXPECT_TRUE(maps(page, scratch_pa() + (page - va), PROT_KERNEL_RO));
	EXPECT_TRUE(maps(page + PAGE_SIZE, scratch_pa() + (page - va) + PAGE_SIZE, PROT_KERNEL_RW));
	EXPECT_EQ(level_at(page + LARGE), 1);
	EXPECT_TRUE(maps(va + GiB - 1, scratch_pa() + GiB - 1, PROT_KERNEL_RW));
	EXPECT_EQ(pgtable_unmap(&tables.source, va, GiB), 0);
	EXPECT_EQ(tables.live, 0);
}

KTEST(pgtable, a_range_that_ends_where_leaves_end_needs_no_tables)
{
	struct table_source tables = TABLE_SOURCE;
	uintptr_t va = scratch_va();
	unsigned int asked;

	ASSERT_TEST(!pgtable_map(&tables.source, va, scratch_pa(), 2 * LARGE, PROT_KERNEL_RW, 1));
	asked = tables.asked;
	EXPECT_EQ(pgtable_protect(NULL, va + LARGE, LARGE, PROT_KERNEL_RO), 0);
	EXPECT_EQ(level_at(va + LARGE), 1);
	EXPECT_EQ(pgtable_unmap(&tables.source, va, 2 * LARGE), 0);
	EXPECT_EQ(tables.asked, asked);
}

/* --- tables come back ------------------------------------------------------------- */

/* Twenty tables, more than one flush frees, in one call. */
KTEST(pgtable, every_empty_table_is_given_back)
{
	struct table_source tables = TABLE_SOURCE;

	for (unsigned int i = 0; i < 20; i++)
		ASSERT_TEST(!pgtable_map(&tables.source, scratch_va() + i * LARGE, scratch_pa(),
					 PAGE_SIZE, PROT_KERNEL_RO, 0));
	EXPECT_GE(tables.live, 20);
	EXPECT_EQ(pgtable_unmap(&tables.source, scratch_va(), 20 * LARGE), 0);
	EXPECT_EQ(tables.live, 0);
}

KTEST(pgtable, a_table_with_an_entry_left_stays)
{
	struct table_source tables = TABLE_SOURCE;
	uintptr_t va = scratch_va();
	unsigned int live;

	ASSERT_TEST(!pgtable_map(&tables.source, va, scratch_pa(), PAGES(3), PROT_KERNEL_RW, 0));
	live = tables.live;
	EXPECT_EQ(pgtable_unmap(&tables.source, va, PAGES(2)), 0);
	EXPECT_EQ(tables.live, live);
	EXPECT_TRUE(maps(va + PAGES(2), scratch_pa() + PAGES(2), PROT_KERNEL_RW));
	EXPECT_EQ(pgtable_unmap(&tables.source, va + PAGES(2), PAGE_SIZE), 0);
	EXPECT_EQ(tables.live, 0);
}

/* --- on memory -------------------------------------------------------------------- */

/*
 *	va	-> page A	write 1 through va
 *	va	-> nothing
 *	va	-> page B	read: B's word, never A's
 */
KTEST(pgtable, a_page_mapped_anew_shows_the_new_memory)
{
	struct table_source tables = TABLE_SOURCE;
	unsigned long *a = (unsigned long *)get_zeroed_page(GFP_KERNEL);
	unsigned long *b = (unsigned long *)get_zeroed_page(GFP_KERNEL);
	volatile unsigned long *window = (volatile unsigned long *)scratch_va();

	ASSERT_TEST(a && b);
	*b = 2;
	EXPECT_EQ(pgtable_map(&tables.source, scratch_va(), virt_to_phys(a), PAGE_SIZE,
			      PROT_KERNEL_RW, 0),
		  0);
	*window = 1;
	EXPECT_EQ(*a, 1);
	EXPECT_EQ(pgtable_unmap(&tables.source, scratch_va(), PAGE_SIZE), 0);
	EXPECT_EQ(pgtable_map(&tables.source, scratch_va(), virt_to_phys(b), PAGE_SIZE,
			      PROT_KERNEL_RW, 0),
		  0);
	EXPECT_EQ(*window, 2);
	*window = 3;
	EXPECT_EQ(*a, 1);
	EXPECT_EQ(*b, 3);
	EXPECT_EQ(pgtable_unmap(&tables.source, scratch_va(), PAGE_SIZE), 0);
	free_page((unsigned long)a);
	free_page((unsigned long)b);
}

/* The words of every page, before and after the leaf becomes a table. */
KTEST(pgtable, a_split_leaf_shows_the_same_memory)
{
	struct table_source tables = TABLE_SOURCE;
	unsigned long *block = (unsigned long *)__get_free_pages(GFP_KERNEL | __GFP_NOWARN, 9);
	const size_t words = PAGE_SIZE / sizeof(*block);
	volatile unsigned long *window = (volatile unsigned long *)scratch_va();

	if (!block)
		return;
	for (size_t page = 0; page < PT_ENTRIES; page++)
		block[page * words] = page;
	EXPECT_EQ(pgtable_map(&tables.source, scratch_va(), virt_to_phys(block), LARGE,
			      PROT_KERNEL_RW, 1),
		  0);
	EXPECT_EQ(level_at(scratch_va()), 1);
	EXPECT_EQ(window[77 * words], 77);
	EXPECT_EQ(pgtable_unmap(&tables.source, scratch_va() + PAGES(200), PAGE_SIZE), 0);
	for (size_t page = 0; page < PT_ENTRIES; page++)
		if (page != 200)
			EXPECT_EQ(window[page * words], page);
	EXPECT_EQ(pgtable_unmap(&tables.source, scratch_va(), LARGE), 0);
	free_pages((unsigned long)block, 9);
}

struct order_seen {
	uintptr_t end;
	unsigned int nr, wrong;
};

static bool see_leaf(const struct pt_entry *entry, void *context)
{
	struct order_seen *seen = context;

	seen->wrong += seen->nr > 0 && entry->va < seen->end;
	seen->end = entry->va + entry->size;
	seen->nr++;
	return seen->nr != 1000000;
}

static bool see_three(const struct pt_entry *entry, void *context)
{
	(void)entry;
	return ++*(unsigned int *)context < 3;
}

KTEST(pgtable, leaves_are_visited_in_order_until_the_visitor_stops)
{
	struct order_seen seen = {0};
	unsigned int nr = 0;

	pgtable_for_each(see_leaf, &seen);
	EXPECT_GT(seen.nr, 3);
	EXPECT_EQ(seen.wrong, 0);
	pgtable_for_each(see_three, &nr);
	EXPECT_EQ(nr, 3);
}

/* --- misuse ------------------------------------------------------------------------- */

KTEST_PANIC(pgtable, mapping_over_a_mapping_panics, "is mapped already")
{
	struct table_source tables = TABLE_SOURCE;

	EXPECT_EQ(pgtable_map(&tables.source, scratch_va(), scratch_pa(), LARGE, PROT_KERNEL_RW, 1),
		  0);
	EXPECT_EQ(pgtable_map(&tables.source, scratch_va() + PAGE_SIZE, scratch_pa(), PAGE_SIZE,
			      PROT_KERNEL_RW, 1),
		  0);
}

KTEST_PANIC(pgtable, writable_and_executable_panics, "writable and executable")
{
	struct table_source tables = TABLE_SOURCE;

	EXPECT_EQ(pgtable_map(&tables.source, scratch_va(), scratch_pa(), PAGE_SIZE,
			      PROT_KERNEL_RW | PROT_EXEC, 0),
		  0);
}

KTEST_PANIC(pgtable, an_address_below_the_kernel_panics, "is not in the kernel's half")
{
	struct table_source tables = TABLE_SOURCE;

	EXPECT_EQ(pgtable_map(&tables.source, 0, scratch_pa(), PAGE_SIZE, PROT_KERNEL_RO, 0), 0);
}

KTEST_PANIC(pgtable, a_range_that_wraps_panics, "range of")
{
	EXPECT_EQ(pgtable_unmap(NULL, scratch_va(), -PAGE_SIZE), 0);
}

KTEST_PANIC(pgtable, an_unmapped_page_faults, "nothing is mapped there")
{
	struct table_source tables = TABLE_SOURCE;
	unsigned long page = get_zeroed_page(GFP_KERNEL);
	volatile char *window = (volatile char *)scratch_va();

	EXPECT_EQ(pgtable_map(&tables.source, scratch_va(), virt_to_phys((void *)page), PAGE_SIZE,
			      PROT_KERNEL_RW, 0),
		  0);
	*window = 1;
	EXPECT_EQ(pgtable_unmap(&tables.source, scratch_va(), PAGE_SIZE), 0);
	*window = 2;
}

KTEST_PANIC(pgtable, a_page_made_read_only_cannot_be_written, "the mapping forbids it")
{
	struct table_source tables = TABLE_SOURCE;
	unsigned long page = get_zeroed_page(GFP_KERNEL);
	volatile char *window = (volatile char *)scratch_va();

	EXPECT_EQ(pgtable_map(&tables.source, scratch_va(), virt_to_phys((void *)page), PAGE_SIZE,
			      PROT_KERNEL_RW, 0),
		  0);
	*window = 1;
	EXPECT_EQ(pgtable_protect(NULL, scratch_va(), PAGE_SIZE, PROT_KERNEL_RO), 0);
	*window = 2;
}
