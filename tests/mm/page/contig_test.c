/* SPDX-License-Identifier: MIT */
/*
 * contig_test.c - exactly these frames: taken when they are free or can be emptied, and otherwise nothing happens.
 */
#include <mm/contig.h>

#include <lib/errno.h>
#include <lib/ktest.h>
#include <mm/init.h>
#include <mm/migrate.h>
#include <mm/pcp.h>
#include "movable_pages.h"

#define BLOCK (1UL << PAGEBLOCK_ORDER)

/* A whole free block of the largest order, somewhere; its first frame. 0: there is none. */
static unsigned long free_place(void)
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_NOWARN, MAX_PAGE_ORDER);
	unsigned long pfn = page ? page_to_pfn(page) : 0;

	if (page)
		__free_pages(page, MAX_PAGE_ORDER);
	return pfn;
}

static bool same_accounts(const struct mm_accounts *before)
{
	struct mm_accounts after;

	mm_accounts_take(&after);
	after.reports = before->reports;
	return mm_accounts_equal(before, &after, NULL);
}

KTEST(contig, a_free_range_is_taken_to_the_page_and_given_back)
{
	unsigned long start = free_place();
	struct mm_accounts before;
	unsigned long idle;

	if (!start)
		SKIP_TEST("no block of 4 MiB is free");
	mm_accounts_take(&before);
	idle = nr_idle_pages();
	ASSERT_TEST(alloc_contig_range(start + 3, start + 700, MIGRATE_MOVABLE, GFP_KERNEL) == 0);
	EXPECT_EQ(nr_idle_pages(), idle - 697);
	EXPECT_EQ(pfn_to_page(start + 3)->refcount, 1);
	EXPECT_TRUE(pfn_to_page(start + 699)->flags & PG_OWNED);
	EXPECT_EQ(pfn_to_page(start + 700)->refcount, 0);
	EXPECT_EQ(pfn_to_page(start + 2)->refcount, 0);
	EXPECT_TRUE(mm_verify());
	free_contig_range(start + 3, 697);
	EXPECT_TRUE(same_accounts(&before));
}

KTEST(contig, zeroed_pages_are_zero)
{
	unsigned long start = free_place();
	unsigned char *bytes;

	if (!start || !page_address(pfn_to_page(start)))
		SKIP_TEST("no block of 4 MiB is free");
	ASSERT_TEST(alloc_contig_range(start, start + 2, MIGRATE_MOVABLE, GFP_KERNEL) == 0);
	memset(page_address(pfn_to_page(start)), 0x55, 2 * PAGE_SIZE);
	free_contig_range(start, 2);
	ASSERT_TEST(alloc_contig_range(start, start + 2, MIGRATE_MOVABLE,
				       GFP_KERNEL | __GFP_ZERO) == 0);
	bytes = page_address(pfn_to_page(start));
	EXPECT_EQ(bytes[0] | bytes[2 * PAGE_SIZE - 1], 0);
	free_contig_range(start, 2);
}

/* Is everything in a pageblock free or the test's own? */
static bool is_ours(unsigned long start)
{
	for (unsigned long pfn = start; pfn < start + BLOCK; pfn++) {
		struct page *block = pfn_valid(pfn) ? page_block(pfn_to_page(pfn)) : NULL;

		if (!block || (!(block->flags & (PG_BUDDY | PG_PCP)) && !page_has_mover(block)))
			return false;
	}
	return true;
}

static unsigned long pageblock_of(const struct page *page)
{
	return ALIGN_DOWN(page_to_pfn(page), BLOCK);
}

/* A pageblock with `nr` movable blocks of the test's, and nobody else's; its first frame. 0: there is none. */
static unsigned long pageblock_with_movable(unsigned int nr, unsigned int order)
{
	unsigned int inside = 0;

	movable_init();
	drain_all_pages();
	while (inside < nr || !is_ours(pageblock_of(movable.page[movable.nr - 1]))) {
		if (!movable_add(GFP_HIGHUSER_MOVABLE | __GFP_NOWARN, order))
			return 0;
		inside = movable.nr > 1 && pageblock_of(movable.page[movable.nr - 1]) ==
						   pageblock_of(movable.page[movable.nr - 2])
				 ? inside + 1
				 : 1;
	}
	return pageblock_of(movable.page[movable.nr - 1]);
}

KTEST(contig, movable_pages_are_moved_out_with_what_they_hold)
{
	unsigned long start = pageblock_with_movable(300, 0);
	unsigned int inside = 0;

	for (unsigned int i = 0; start && i < movable.nr; i++)
		inside += page_to_pfn(movable.page[i]) - start < BLOCK;
	if (!start) {
		movable_drop_all();
		SKIP_TEST("no pageblock without others' pages");
	}
	EXPECT_EQ(alloc_contig_range(start, start + BLOCK, MIGRATE_MOVABLE, GFP_KERNEL), 0);
	EXPECT_EQ(movable.nr_moved, inside);
	EXPECT_GT(inside, 0);
	EXPECT_TRUE(movable_is_intact());
	EXPECT_TRUE(mm_verify());
	free_contig_range(start, BLOCK);
	movable_drop_all();
}

KTEST(contig, movable_blocks_of_higher_order_move_too)
{
	unsigned long start = pageblock_with_movable(10, 3);

	if (!start) {
		movable_drop_all();
		SKIP_TEST("no pageblock without others' pages");
	}
	EXPECT_EQ(alloc_contig_range(start, start + BLOCK, MIGRATE_MOVABLE, GFP_KERNEL), 0);
	EXPECT_GT(movable.nr_moved, 0);
	EXPECT_TRUE(movable_is_intact());
	free_contig_range(start, BLOCK);
	movable_drop_all();
}

/* fault-P14: a page that nobody can move, one that its owner does not lend, one that somebody else holds. */
KTEST(contig, fault_P14_a_busy_range_is_refused_and_nothing_changes)
{
	unsigned long start = pageblock_with_movable(100, 0);
	struct mm_accounts before;
	struct page *last;

	if (!start) {
		movable_drop_all();
		SKIP_TEST("no pageblock without others' pages");
	}
	mm_accounts_take(&before);
	last = movable.page[movable.nr - 1];
	page_clear_mover(last);
	EXPECT_EQ(alloc_contig_range(start, start + BLOCK, MIGRATE_MOVABLE, GFP_KERNEL), -EBUSY);
	page_set_mover(last, &movable.mover);
	movable.pinned = last;
	EXPECT_EQ(alloc_contig_range(start, start + BLOCK, MIGRATE_MOVABLE, GFP_KERNEL), -EBUSY);
	movable.pinned = NULL;
	get_page(last);
	EXPECT_EQ(alloc_contig_range(start, start + BLOCK, MIGRATE_MOVABLE, GFP_KERNEL), -EBUSY);
	put_page(last);
	EXPECT_EQ(movable.nr_moved, 0);
	EXPECT_TRUE(movable_is_intact());
	EXPECT_TRUE(same_accounts(&before));
	EXPECT_TRUE(mm_verify());
	movable_drop_all();
}

/* An owner that lends its page and then cannot move it. */
KTEST(contig, fault_P14_a_page_that_gets_stuck_makes_the_range_busy)
{
	unsigned long start = pageblock_with_movable(100, 0);
	unsigned long idle = nr_idle_pages();

	if (!start) {
		movable_drop_all();
		SKIP_TEST("no pageblock without others' pages");
	}
	movable.stuck = movable.page[movable.nr - 1];
	EXPECT_EQ(alloc_contig_range(start, start + BLOCK, MIGRATE_MOVABLE, GFP_KERNEL), -EBUSY);
	EXPECT_TRUE(movable_is_intact());
	EXPECT_EQ(nr_idle_pages(), idle);
	EXPECT_TRUE(mm_verify());
	movable.stuck = NULL;
	EXPECT_EQ(alloc_contig_range(start, start + BLOCK, MIGRATE_MOVABLE, GFP_KERNEL), 0);
	free_contig_range(start, BLOCK);
	movable_drop_all();
}

/* sem-X5: memory of a CMA area is lent to movable pages alone, and comes back when it is asked for. */
KTEST(contig, sem_X5_cma_memory_is_lent_to_movable_pages_and_comes_back)
{
	unsigned long start = free_place(), inside = 0;
	struct page *first = pfn_to_page(start), *page;

	if (!start)
		SKIP_TEST("no block of 4 MiB is free");
	movable_init();
	set_pageblock_migratetype(first, MIGRATE_CMA);
	page = alloc_pages_node(page_to_nid(first), GFP_KERNEL, 0);
	EXPECT_TRUE(page && get_pageblock_migratetype(page) != MIGRATE_CMA);
	__free_page(page);
	while (movable.nr < 64 && movable_add(GFP_HIGHUSER_MOVABLE, 0))
		inside += get_pageblock_migratetype(movable.page[movable.nr - 1]) == MIGRATE_CMA;
	EXPECT_EQ(alloc_contig_range(start, start + BLOCK, MIGRATE_MOVABLE, GFP_KERNEL), -EBUSY);
	EXPECT_EQ(alloc_contig_range(start, start + BLOCK, MIGRATE_CMA, GFP_KERNEL), 0);
	EXPECT_LE(movable.nr_moved, inside);
	EXPECT_TRUE(movable_is_intact());
	EXPECT_EQ(get_pageblock_migratetype(first), MIGRATE_CMA);
	free_contig_range(start, BLOCK);
	movable_drop_all();
	drain_all_pages();
	set_pageblock_migratetype(first, MIGRATE_MOVABLE);
	free_contig_range(
		start,
		alloc_contig_range(start, start + BLOCK, MIGRATE_MOVABLE, GFP_KERNEL) ? 0 : BLOCK);
}

KTEST(contig, a_range_that_makes_no_sense_is_refused)
{
	unsigned long start = free_place();

	EXPECT_EQ(alloc_contig_range(start, start, MIGRATE_MOVABLE, GFP_KERNEL), -EINVAL);
	EXPECT_EQ(alloc_contig_range(start, 0, MIGRATE_MOVABLE, GFP_KERNEL), -EINVAL);
	EXPECT_EQ(alloc_contig_range(1UL << 40, (1UL << 40) + 4, MIGRATE_MOVABLE, GFP_KERNEL),
		  -EINVAL);
	EXPECT_EQ(alloc_contig_range(start, ~0UL, MIGRATE_MOVABLE, GFP_KERNEL), -EINVAL);
	EXPECT_TRUE(!alloc_contig_pages(0, GFP_KERNEL, -1));
	EXPECT_TRUE(!alloc_contig_pages(~0UL, GFP_KERNEL, -1));
}

/* More than the largest block, in one piece. */
KTEST(contig, alloc_contig_pages_finds_a_place)
{
	struct page *page = alloc_contig_pages(2 * MAX_ORDER_NR_PAGES, GFP_HIGHUSER, -1);

	if (!page)
		SKIP_TEST("no 8 MiB in one piece");
	EXPECT_TRUE(IS_ALIGNED(page_to_pfn(page), 2 * MAX_ORDER_NR_PAGES));
	EXPECT_EQ(page[0].refcount, 1);
	EXPECT_EQ(page[2 * MAX_ORDER_NR_PAGES - 1].refcount, 1);
	EXPECT_TRUE(mm_verify());
	free_contig_range(page_to_pfn(page), 2 * MAX_ORDER_NR_PAGES);
}

/* A page that has a mover is not freed by accident. */
KTEST(contig, a_page_with_a_mover_is_not_freed)
{
	movable_init();
	ASSERT_TEST(movable_add(GFP_HIGHUSER_MOVABLE, 0));
	EXPECT_REPORT("still has a mover", __free_page(movable.page[0]));
	EXPECT_REPORT("still has a mover", put_page(movable.page[0]));
	EXPECT_TRUE(movable_is_intact());
	movable_drop_all();
}
