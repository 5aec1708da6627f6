/* SPDX-License-Identifier: MIT */
/*
 * compaction_test.c - small free pieces become a large one, and what moved is unharmed.
 */
#include <mm/compaction.h>

#include <lib/ktest.h>
#include <mm/migrate.h>
#include <mm/pcp.h>
#include <mm/reclaim.h>
#include "movable_pages.h"
#include "test_zone.h"

static struct page *rest[MAX_ORDER * 64];

KTEST(fragmentation, the_indices_tell_want_of_memory_from_want_of_order)
{
	struct zone *zone = test_zone(16);
	struct page *page[16];

	ASSERT_TEST(zone);
	EXPECT_EQ(extfrag_index(zone, 4), -1000); /* one block of 16 */
	EXPECT_EQ(unusable_index(zone, 4), 0);
	for (unsigned int i = 0; i < 16; i++)
		page[i] = test_take(zone, 0);
	EXPECT_EQ(extfrag_index(zone, 1), 0); /* nothing is free */
	EXPECT_EQ(unusable_index(zone, 0), 1000);
	for (unsigned int i = 0; i < 16; i += 2)
		test_give(zone, page[i], 0);
	/* Eight single pages, order 1: 1 - (1 + 8/2) / 8 = 0.375. */
	EXPECT_EQ(extfrag_index(zone, 1), 375);
	EXPECT_EQ(unusable_index(zone, 1), 1000);
	EXPECT_EQ(extfrag_index(zone, 0), -1000);
	EXPECT_EQ(unusable_index(zone, 0), 0);
	test_give(zone, page[1], 0); /* 0 and 1, and 2: a block of two, seven single ones */
	EXPECT_EQ(extfrag_index(zone, 1), -1000);
	EXPECT_EQ(unusable_index(zone, 1), 777); /* seven of nine */
	test_zone_end();
}

static void drop_every_second(void)
{
	for (unsigned int i = 0; i < movable.nr; i += 2)
		movable_drop(i);
}

/* Every second page of a great part of memory is somebody's: half is free, and hardly a pair of neighbours. */
static bool make_holes(void)
{
	movable_init();
	while (movable.nr < MAX_MOVABLE && movable_add(GFP_HIGHUSER_MOVABLE | __GFP_NOWARN, 0))
		;
	if (movable.nr < 1024)
		return false;
	drop_every_second();
	drain_all_pages();
	return true;
}

static unsigned long free_blocks(unsigned int order)
{
	unsigned long sum = 0;
	struct zone *zone;

	for_each_populated_zone (zone)
		sum += zone->free_area[order].nr_free;
	return sum;
}

/*
 * Where a zone's two scanners meet, half a pageblock of holes may stay, and those beside the last cluster, which has no place
 * to go; in the zones that the pages lie in.
 */
static unsigned long holes_that_may_stay(void)
{
	unsigned long holes = 0;
	struct zone *zone;

	for_each_populated_zone (zone) {
		for (unsigned int i = 1; i < movable.nr; i += 2) {
			if (page_zone(movable.page[i]) == zone) {
				holes += (1UL << zone->pageblock_order) / 2 + COMPACT_CLUSTER_MAX;
				break;
			}
		}
	}
	return holes;
}

KTEST(compaction, single_pages_move_together_and_keep_what_they_hold)
{
	struct compact_stats before, after;
	unsigned long singles, may_stay;

	drain_all_pages();
	may_stay = free_blocks(0);
	if (!make_holes()) {
		movable_drop_all();
		SKIP_TEST("too little memory");
	}
	singles = free_blocks(0);
	EXPECT_GT(singles, movable.nr / 4);
	may_stay += holes_that_may_stay();
	EXPECT_LT(may_stay, singles / 2);
	compact_get_stats(&before);
	compact_all();
	compact_get_stats(&after);
	EXPECT_TRUE(movable_is_intact());
	if (gfp_mobility_mask) {
		EXPECT_LE(free_blocks(0), may_stay);
		EXPECT_GT(movable.nr_moved, 0);
		EXPECT_EQ(after.migrated - before.migrated, movable.nr_moved);
		EXPECT_GE(after.isolated - before.isolated, 2 * movable.nr_moved);
		EXPECT_GT(after.migrate_scanned, before.migrate_scanned);
		EXPECT_GT(after.free_scanned, before.free_scanned);
	}
	movable_drop_all();
}

KTEST(compaction, pages_that_are_held_stay_where_they_are)
{
	struct page *held;

	if (!make_holes()) {
		movable_drop_all();
		SKIP_TEST("too little memory");
	}
	held = movable.page[1];
	get_page(held);
	movable.pinned = movable.page[3];
	movable.stuck = movable.page[5];
	compact_all();
	EXPECT_EQ(movable.page[1], held);
	EXPECT_EQ(movable.page[3], movable.pinned);
	EXPECT_EQ(movable.page[5], movable.stuck);
	put_page(held);
	EXPECT_TRUE(movable_is_intact());
	movable_drop_all();
}

/* Take every block of more than a page, so that a request for two must make them. */
static unsigned int take_all_large(void)
{
	unsigned int nr = 0;
	struct page *page;

	for (unsigned int order = MAX_ORDER; order-- > 1;)
		while (nr < ARRAY_SIZE(rest) &&
		       (page = alloc_pages((GFP_HIGHUSER_MOVABLE | __GFP_NOWARN) & ~__GFP_RECLAIM,
					   order)))
			rest[nr++] = page;
	return nr;
}

static void give_all_large(unsigned int nr)
{
	while (nr--)
		__free_pages(rest[nr], rest[nr]->order);
}

KTEST(compaction, a_request_that_may_wait_gets_a_block_made_for_it)
{
	unsigned long mark = min_free_kbytes();
	struct page *page = NULL;
	unsigned int nr;

	if (!gfp_mobility_mask || min_free_kbytes_set(128) || !make_holes()) {
		movable_drop_all();
		SKIP_TEST("too little memory");
	}
	nr = take_all_large();
	if (nr < ARRAY_SIZE(rest) && nr_free_pages() > 512) {
		page = alloc_pages(GFP_HIGHUSER_MOVABLE | __GFP_NORETRY | __GFP_NOWARN, 3);
		EXPECT_TRUE(page);
		EXPECT_GT(movable.nr_moved, 0);
		EXPECT_TRUE(movable_is_intact());
	}
	if (page)
		__free_pages(page, 3);
	give_all_large(nr);
	movable_drop_all();
	min_free_kbytes_set(mark);
}
