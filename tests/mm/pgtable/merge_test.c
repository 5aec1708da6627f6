/* SPDX-License-Identifier: MIT */
/*
 * merge_test.c - what a split left becomes one leaf again, and only that.
 */
#include <mm/pgtable.h>

#include <arch/memory.h>
#include <lib/errno.h>
#include <lib/ktest.h>

#include "leaf.h"
#include "table_source.h"

/*
 *	[ leaf rw- ] --page 7 read-only--> [ table ] --page 7 writable--> [ table ] --merge--> [ leaf rw- ]
 */
KTEST(pgtable_merge, a_change_that_is_undone_leaves_the_tree_as_it_was)
{
	struct table_source tables = TABLE_SOURCE;
	uintptr_t va = scratch_va(), page = va + 7 * PAGE_SIZE;
	unsigned int live;

	ASSERT_TEST(!pgtable_map(&tables.source, va, scratch_pa(), LARGE, PROT_KERNEL_RW, 1));
	live = tables.live;
	EXPECT_EQ(pgtable_change(&tables.source, page, PAGE_SIZE, PROT_WRITE, 0), 0);
	EXPECT_EQ(level_at(va), 0);
	pgtable_merge(&tables.source, page, PAGE_SIZE, 2);
	EXPECT_EQ(level_at(va), 0);
	EXPECT_TRUE(maps(page, scratch_pa() + 7 * PAGE_SIZE, PROT_KERNEL_RO));
	EXPECT_EQ(pgtable_change(&tables.source, page, PAGE_SIZE, 0, PROT_WRITE), 0);
	pgtable_merge(&tables.source, page, PAGE_SIZE, 2);
	EXPECT_EQ(level_at(page), 1);
	EXPECT_TRUE(maps(page, scratch_pa() + 7 * PAGE_SIZE, PROT_KERNEL_RW));
	EXPECT_EQ(tables.live, live);
	EXPECT_EQ(pgtable_unmap(&tables.source, va, LARGE), 0);
	EXPECT_EQ(tables.live, 0);
}

/* All 512 pages, mapped one by one: every other change of the run must keep the table. */
KTEST(pgtable_merge, only_a_whole_aligned_run_of_equal_leaves_is_merged)
{
	struct table_source tables = TABLE_SOURCE;
	uintptr_t va = scratch_va();
	phys_addr_t pa = scratch_pa();

	ASSERT_TEST(!pgtable_map(&tables.source, va, pa, LARGE, PROT_KERNEL_RW, 0));
	EXPECT_EQ(pgtable_unmap(&tables.source, va + LARGE - PAGE_SIZE, PAGE_SIZE), 0);
	pgtable_merge(&tables.source, va, LARGE, 2);
	EXPECT_EQ(level_at(va), 0); /* a hole at its end */
	ASSERT_TEST(!pgtable_map(&tables.source, va + LARGE - PAGE_SIZE, pa, PAGE_SIZE,
				 PROT_KERNEL_RW, 0));
	pgtable_merge(&tables.source, va, LARGE, 2);
	EXPECT_EQ(level_at(va), 0); /* another frame at its end */
	EXPECT_EQ(pgtable_unmap(&tables.source, va, LARGE), 0);

	ASSERT_TEST(!pgtable_map(&tables.source, va, pa + PAGE_SIZE, LARGE, PROT_KERNEL_RW, 0));
	pgtable_merge(&tables.source, va, LARGE, 2);
	EXPECT_EQ(level_at(va), 0); /* frames that do not start at 2 MiB */
	EXPECT_EQ(pgtable_unmap(&tables.source, va, LARGE), 0);

	ASSERT_TEST(!pgtable_map(&tables.source, va, pa, LARGE, PROT_KERNEL_RW, 0));
	pgtable_merge(&tables.source, va, LARGE, 0);
	EXPECT_EQ(level_at(va), 0); /* not allowed */
	pgtable_merge(&tables.source, va + LARGE, LARGE, 2);
	EXPECT_EQ(level_at(va), 0); /* not asked */
	pgtable_merge(&tables.source, va, PAGE_SIZE, 2);
	EXPECT_EQ(level_at(va), 1);
	EXPECT_EQ(pgtable_unmap(&tables.source, va, LARGE), 0);
	EXPECT_EQ(tables.live, 0);
}

KTEST(pgtable_merge, a_gigabyte_comes_together_over_two_levels)
{
	struct table_source tables = TABLE_SOURCE;
	uintptr_t va = scratch_va(), page = va + 9 * LARGE + 5 * PAGE_SIZE;
	unsigned int live;

	if (!arch_pte_leaf_ok(2))
		SKIP_TEST("this CPU has no leaves of 1 GiB");
	ASSERT_TEST(!pgtable_map(&tables.source, va, scratch_pa(), GiB, PROT_KERNEL_RW, 2));
	live = tables.live;
	EXPECT_EQ(pgtable_change(&tables.source, page, PAGE_SIZE, PROT_WRITE, 0), 0);
	EXPECT_EQ(tables.live, live + 2);
	EXPECT_EQ(pgtable_change(&tables.source, page, PAGE_SIZE, 0, PROT_WRITE), 0);
	pgtable_merge(&tables.source, page, PAGE_SIZE, 1);
	EXPECT_EQ(level_at(page), 1); /* no further than was allowed */
	pgtable_merge(&tables.source, page, PAGE_SIZE, 2);
	EXPECT_EQ(level_at(page), 2);
	EXPECT_EQ(tables.live, live);
	EXPECT_EQ(pgtable_unmap(&tables.source, va, GiB), 0);
	EXPECT_EQ(tables.live, 0);
}

static bool owns_nothing(const struct pt_source *source, phys_addr_t table)
{
	(void)source;
	(void)table;
	return false;
}

KTEST(pgtable_merge, a_table_that_is_not_the_sources_stays)
{
	struct table_source tables = TABLE_SOURCE;

	ASSERT_TEST(
		!pgtable_map(&tables.source, scratch_va(), scratch_pa(), LARGE, PROT_KERNEL_RW, 0));
	tables.source.owns = owns_nothing;
	pgtable_merge(&tables.source, scratch_va(), LARGE, 2);
	EXPECT_EQ(level_at(scratch_va()), 0);
	EXPECT_EQ(pgtable_unmap(&tables.source, scratch_va(), LARGE), 0);
	EXPECT_EQ(tables.live, 0);
}

/* The words of every page are the same through the table and through the leaf. */
KTEST(pgtable_merge, a_merged_leaf_shows_the_same_memory)
{
	struct table_source tables = TABLE_SOURCE;
	unsigned long *block = (unsigned long *)__get_free_pages(GFP_KERNEL | __GFP_NOWARN, 9);
	const size_t words = PAGE_SIZE / sizeof(*block);
	volatile unsigned long *window = (volatile unsigned long *)scratch_va();

	if (!block)
		SKIP_TEST("no block of 2 MiB");
	for (size_t page = 0; page < PT_ENTRIES; page++)
		block[page * words] = page;
	EXPECT_EQ(pgtable_map(&tables.source, scratch_va(), virt_to_phys(block), LARGE,
			      PROT_KERNEL_RW, 0),
		  0);
	for (size_t page = 0; page < PT_ENTRIES; page++)
		window[page * words] += 1;
	pgtable_merge(&tables.source, scratch_va(), LARGE, 2);
	EXPECT_EQ(level_at(scratch_va()), 1);
	for (size_t page = 0; page < PT_ENTRIES; page++)
		EXPECT_EQ(window[page * words], page + 1);
	EXPECT_EQ(pgtable_unmap(&tables.source, scratch_va(), LARGE), 0);
	free_pages((unsigned long)block, 9);
	EXPECT_EQ(tables.live, 0);
}

/* T4: the direct map's leaf that this function's own stack may lie in. */
KTEST(pgtable_merge, a_live_leaf_is_split_only_where_the_cpu_allows_it)
{
	struct table_source tables = TABLE_SOURCE;
	unsigned long block = __get_free_pages(GFP_KERNEL | __GFP_NOWARN, 9), page;
	struct pt_entry entry;

	if (!block)
		SKIP_TEST("no block of 2 MiB");
	page = block + 3 * PAGE_SIZE;
	if (!pgtable_query(page, &entry) || entry.level == 0) {
		free_pages(block, 9);
		SKIP_TEST("the direct map has small leaves");
	}
	if (arch_pt_live_change()) {
		EXPECT_EQ(pgtable_split(&tables.source, page, PAGE_SIZE), 0);
		EXPECT_EQ(level_at(page), 0);
		*(volatile long *)page = 1;
		pgtable_merge(&tables.source, page, PAGE_SIZE, entry.level);
	} else {
		EXPECT_EQ(pgtable_split(&tables.source, page, PAGE_SIZE), -EBUSY);
		EXPECT_EQ(pgtable_unmap(&tables.source, page, PAGE_SIZE), -EBUSY);
		EXPECT_EQ(pgtable_protect(&tables.source, page, PAGE_SIZE, PROT_KERNEL_RO), -EBUSY);
	}
	EXPECT_EQ(level_at(page), entry.level);
	EXPECT_EQ(tables.live, 0);
	free_pages(block, 9);
}

KTEST(pgtable_merge, each_leaf_of_a_range_keeps_what_a_change_does_not_name)
{
	struct table_source tables = TABLE_SOURCE;
	uintptr_t va = scratch_va();
	phys_addr_t pa = scratch_pa();

	ASSERT_TEST(!pgtable_map(&tables.source, va, pa, PAGE_SIZE, PROT_KERNEL_RW, 0));
	ASSERT_TEST(!pgtable_map(&tables.source, va + PAGE_SIZE, pa + PAGE_SIZE, PAGE_SIZE,
				 PROT_GLOBAL | PROT_WC | PROT_WRITE, 0));
	ASSERT_TEST(!pgtable_map(&tables.source, va + 2 * PAGE_SIZE, pa + 2 * PAGE_SIZE, PAGE_SIZE,
				 PROT_KERNEL_RX, 0));
	EXPECT_EQ(pgtable_change(NULL, va, 3 * PAGE_SIZE, PROT_WRITE, 0), 0);
	EXPECT_TRUE(maps(va, pa, PROT_KERNEL_RO));
	EXPECT_TRUE(maps(va + PAGE_SIZE, pa + PAGE_SIZE, PROT_GLOBAL | PROT_WC));
	EXPECT_TRUE(maps(va + 2 * PAGE_SIZE, pa + 2 * PAGE_SIZE, PROT_KERNEL_RX));
	EXPECT_EQ(pgtable_unmap(&tables.source, va, 3 * PAGE_SIZE), 0);
	EXPECT_EQ(tables.live, 0);
}

KTEST_PANIC(pgtable_merge, making_code_writable_panics, "writable and executable")
{
	struct table_source tables = TABLE_SOURCE;

	ASSERT_TEST(!pgtable_map(&tables.source, scratch_va(), scratch_pa(), PAGE_SIZE,
				 PROT_KERNEL_RX, 0));
	EXPECT_EQ(pgtable_change(NULL, scratch_va(), PAGE_SIZE, 0, PROT_WRITE), 0);
}
