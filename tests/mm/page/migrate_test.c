/* SPDX-License-Identifier: MIT */
/*
 * migrate_test.c - pageblocks and their types, in a zone of the test's own with small pageblocks.
 *
 * Pictures show frames relative to the zone's start. T, U, M, R are pages taken (by anybody, or as
 * unmovable, movable, reclaimable); a number in brackets is the order of a free block.
 */
#include <mm/migrate.h>

#include <lib/ktest.h>
#include <mm/buddy.h>
#include "test_zone.h"

#define BLOCK 8 /* pages a pageblock */

/* Pageblocks of eight frames, all movable. */
static struct zone *small_blocks(unsigned long nr_pages)
{
	struct zone *zone = test_zone(nr_pages);

	if (zone)
		zone->pageblock_order = 3;
	return zone;
}

static struct page *page_of(const struct zone *zone, unsigned long index)
{
	return pfn_to_page(zone->start_pfn + index);
}

static enum migratetype type_at(const struct zone *zone, unsigned long index)
{
	return pageblock_type(zone, zone->start_pfn + index);
}

static unsigned long free_of(const struct zone *zone, enum migratetype type)
{
	unsigned long sum = 0;
	unsigned int order;

	for (order = 0; order < MAX_ORDER; order++)
		sum += zone->free_area[order].nr_of_type[type] << order;
	return sum;
}

/* As alloc_pages() marks what it hands out. */
static struct page *take_marked(struct zone *zone, unsigned int order, enum migratetype type)
{
	struct page *page = test_take_type(zone, order, type);

	if (page)
		page->state = page_state(PG_OWNED | type << PG_TYPE_SHIFT, order, page->zone_node);
	return page;
}

static void give_marked(struct zone *zone, struct page *page)
{
	unsigned int order = page->order;

	page->state = page_state(0, 0, page->zone_node);
	test_give(zone, page, order);
}

static void set_type(struct zone *zone, unsigned long index, enum migratetype type)
{
	unsigned long flags;

	spin_lock_irqsave(&zone->lock, flags);
	move_freepages_block(zone, zone->start_pfn + index, type);
	spin_unlock_irqrestore(&zone->lock, flags);
}

/*
 *	Movable  [         3         ]	sem-P4: order 3 is a whole pageblock
 *	Unmov.   U [0][ 1 ][    2    ]
 */
KTEST(migrate, a_block_as_large_as_a_pageblock_changes_sides_whole)
{
	struct zone *zone = small_blocks(BLOCK);

	EXPECT_EQ(type_at(zone, 0), MIGRATE_MOVABLE);
	EXPECT_EQ(test_take_type(zone, 0, MIGRATE_UNMOVABLE), page_of(zone, 0));
	EXPECT_EQ(type_at(zone, 0), MIGRATE_UNMOVABLE);
	EXPECT_EQ(free_of(zone, MIGRATE_UNMOVABLE), 7);
	EXPECT_EQ(free_of(zone, MIGRATE_MOVABLE), 0);
	EXPECT_TRUE(buddy_check(zone));
	test_zone_end();
}

/*
 *	Movable  M  M [  1 ][    2    ]	six of eight are free: at least half (sem-P4)
 *	Unmov.   M  M [  1 ] U [0][ 1 ]	the smallest that serves, of its own lists now
 */
KTEST(migrate, a_pageblock_that_is_half_free_is_claimed_with_all_its_free_pages)
{
	struct zone *zone = small_blocks(BLOCK);
	struct page *page;

	take_marked(zone, 1, MIGRATE_MOVABLE);
	page = test_take_type(zone, 0, MIGRATE_UNMOVABLE);
	EXPECT_EQ(page, page_of(zone, 2));
	EXPECT_EQ(type_at(zone, 0), MIGRATE_UNMOVABLE);
	EXPECT_EQ(free_of(zone, MIGRATE_UNMOVABLE), 5);
	EXPECT_TRUE(buddy_check(zone));
	test_zone_end();
}

/*
 *	Movable  M  M  M  M  M  M [ 1 ]	two of eight: it stays movable (sem-P4, fault-P11)
 *	Movable  M  M  M  M  M  M  R[0]
 */
KTEST(migrate, of_a_pageblock_that_is_nearly_full_only_the_page_is_taken)
{
	struct zone *zone = small_blocks(BLOCK);

	take_marked(zone, 2, MIGRATE_MOVABLE);
	take_marked(zone, 1, MIGRATE_MOVABLE);
	EXPECT_EQ(test_take_type(zone, 0, MIGRATE_RECLAIMABLE), page_of(zone, 6));
	EXPECT_EQ(type_at(zone, 0), MIGRATE_MOVABLE);
	EXPECT_EQ(free_of(zone, MIGRATE_MOVABLE), 1);
	EXPECT_EQ(free_of(zone, MIGRATE_RECLAIMABLE), 0);
	EXPECT_TRUE(buddy_check(zone));
	test_zone_end();
}

/* The same six pages, but unmovable ones that were stolen before: they count as the request's own kind. */
KTEST(migrate, pages_of_the_new_type_count_towards_the_half)
{
	struct zone *zone = small_blocks(BLOCK);

	take_marked(zone, 2, MIGRATE_MOVABLE);
	take_marked(zone, 1, MIGRATE_MOVABLE);
	page_of(zone, 0)->state &= ~(uint32_t)PG_TYPE_MASK;
	page_of(zone, 4)->state &= ~(uint32_t)PG_TYPE_MASK;
	test_take_type(zone, 0, MIGRATE_UNMOVABLE);
	EXPECT_EQ(type_at(zone, 0), MIGRATE_UNMOVABLE);
	EXPECT_EQ(free_of(zone, MIGRATE_UNMOVABLE), 1);
	EXPECT_TRUE(buddy_check(zone));
	test_zone_end();
}

/*
 *	frame	 0  1  2  3  4  5  6  7  8  9 ...
 *	Unmov.	 T  T [ 1 ]  T  T  T  T [0] T		one pageblock of 16: below order 2 none is claimed
 *	Unmov.	 T  T [ 1 ]  T  T  T  T  M  T		sem-P4: the smallest, where least is broken
 */
KTEST(migrate, a_movable_request_that_may_not_claim_takes_the_smallest)
{
	struct zone *zone;
	unsigned long i;

	zone = test_zone(16);
	zone->pageblock_order = 4;
	for (i = 0; i < 16; i++)
		test_take(zone, 0);
	set_type(zone, 0, MIGRATE_UNMOVABLE);
	test_give(zone, page_of(zone, 2), 0);
	test_give(zone, page_of(zone, 3), 0); /* order 1: too small to claim */
	test_give(zone, page_of(zone, 8), 0); /* order 0 */
	EXPECT_EQ(test_take_type(zone, 0, MIGRATE_MOVABLE), page_of(zone, 8));
	EXPECT_EQ(type_at(zone, 0), MIGRATE_UNMOVABLE);
	EXPECT_EQ(free_of(zone, MIGRATE_UNMOVABLE), 2);
	EXPECT_TRUE(buddy_check(zone));
	test_zone_end();
}

/*
 *	frame	 0 .. 7                 8 .. 15
 *	Unmov.	 T T T T T T [ 1 ]   M. T T T T [    2    ]	own lists first: sem-P4
 */
KTEST(migrate, a_request_stays_with_its_own_type_while_that_has_pages)
{
	struct zone *zone = small_blocks(2 * BLOCK);
	struct page *left = test_take(zone, 3), *right = test_take(zone, 3);

	set_type(zone, page_to_pfn(left) - zone->start_pfn, MIGRATE_UNMOVABLE);
	test_give(zone, left + 6, 1);
	test_give(zone, right + 4, 2);
	EXPECT_EQ(test_take_type(zone, 0, MIGRATE_UNMOVABLE), left + 6);
	EXPECT_EQ(test_take_type(zone, 0, MIGRATE_MOVABLE), right + 4);
	EXPECT_EQ(test_take_type(zone, 0, MIGRATE_UNMOVABLE), left + 7);
	EXPECT_TRUE(buddy_check(zone));
	test_zone_end();
}

/* sem-P2: blocks join across pageblocks of mergeable types, and then all are of one type. */
KTEST(migrate, a_block_larger_than_a_pageblock_has_one_type)
{
	struct zone *zone = small_blocks(2 * BLOCK);
	struct page *left = test_take(zone, 3), *right = test_take(zone, 3);

	set_type(zone, 0, MIGRATE_RECLAIMABLE);
	test_give(zone, left, 3);
	test_give(zone, right, 3);
	EXPECT_EQ(zone->free_area[4].nr_free, 1);
	EXPECT_EQ(type_at(zone, 0), type_at(zone, BLOCK));
	EXPECT_TRUE(buddy_check(zone));
	test_zone_end();
}

/*
 *	Movable [     3     ] | CMA [     3     ]	sem-P2, fault-P10: never one block of order 4
 */
KTEST(migrate, blocks_never_merge_across_the_edge_of_a_cma_or_isolated_pageblock)
{
	static const enum migratetype types[] = {MIGRATE_CMA, MIGRATE_ISOLATE};
	struct page *left, *right;
	struct zone *zone;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		zone = small_blocks(2 * BLOCK);
		left = test_take(zone, 3);
		right = test_take(zone, 3);
		set_type(zone, page_to_pfn(right) - zone->start_pfn, types[i]);
		test_give(zone, left, 3);
		test_give(zone, right, 3);
		EXPECT_EQ(zone->free_area[4].nr_free, 0);
		EXPECT_EQ(zone->free_area[3].nr_of_type[types[i]], 1);
		EXPECT_EQ(zone->free_area[3].nr_of_type[MIGRATE_MOVABLE], 1);
		EXPECT_TRUE(buddy_check(zone));
		test_zone_end();
	}
}

/* fault-P11: CMA pages are for movable requests only, isolated ones for nobody. */
KTEST(migrate, cma_serves_movable_requests_only_and_isolated_pages_nobody)
{
	struct zone *zone = small_blocks(BLOCK);

	EXPECT_TRUE(test_take_type(zone, 3, MIGRATE_MOVABLE));
	set_type(zone, 0, MIGRATE_CMA);
	test_give(zone, page_of(zone, 0), 3);
	EXPECT_EQ(test_take_type(zone, 0, MIGRATE_UNMOVABLE), NULL);
	EXPECT_EQ(test_take_type(zone, 0, MIGRATE_RECLAIMABLE), NULL);
	EXPECT_EQ(test_take_type(zone, 3, MIGRATE_MOVABLE), page_of(zone, 0));
	EXPECT_EQ(type_at(zone, 0), MIGRATE_CMA);
	set_type(zone, 0, MIGRATE_ISOLATE);
	EXPECT_EQ(zone->nr_isolated, 1);
	test_give(zone, page_of(zone, 0), 3);
	EXPECT_EQ(test_take_type(zone, 0, MIGRATE_MOVABLE), NULL);
	EXPECT_TRUE(buddy_check(zone));
	test_zone_end();
}

/* The first and the last pageblock of a zone may be cut; each zone has a map of its own. */
KTEST(migrate, a_cut_pageblock_is_claimed_as_far_as_it_is_the_zones)
{
	struct zone *zone = test_zone_at(5, 6); /* 5, 6..7 | 8..9, 10 */

	zone->pageblock_order = 3;
	EXPECT_TRUE(test_take_type(zone, 0, MIGRATE_UNMOVABLE));
	EXPECT_TRUE(buddy_check(zone));
	EXPECT_EQ(free_of(zone, MIGRATE_UNMOVABLE), 2);
	EXPECT_EQ(free_of(zone, MIGRATE_MOVABLE), 3);
	test_zone_end();
}

/* B7 */
KTEST(migrate, the_check_sees_a_block_on_a_list_of_another_type)
{
	struct zone *zone = small_blocks(BLOCK);
	unsigned long flags;

	spin_lock_irqsave(&zone->lock, flags);
	pageblocks_set_type(zone, zone->start_pfn, 3, MIGRATE_UNMOVABLE);
	spin_unlock_irqrestore(&zone->lock, flags);
	EXPECT_FALSE(buddy_check(zone));
	test_zone_end();
}

/* --- ageing ------------------------------------------------------------------------ */

#define AGE_PAGES 1024
#define AGE_HELD  900

struct age {
	struct page *held[AGE_HELD];
	unsigned int nr;
	uint32_t seed;
};

static uint32_t age_random(struct age *age)
{
	age->seed = age->seed * 1664525u + 1013904223u;
	return age->seed >> 8;
}

static void age_give(struct age *age, struct zone *zone, unsigned int index)
{
	give_marked(zone, age->held[index]);
	age->held[index] = age->held[--age->nr];
}

/*
 * A zone of 128 small pageblocks is filled to three quarters, churned, and then all that can be moved is
 * given back, as compaction would empty it. What is left shows how far the unmovable pages are spread:
 * returns how many blocks of a whole pageblock are free then.
 */
static unsigned long age_zone(bool grouping)
{
	static struct age age;
	static bool stays[AGE_PAGES];
	struct zone *zone = small_blocks(AGE_PAGES);
	unsigned long blocks = 0;
	unsigned int step, i;

	if (!zone)
		return 0;
	age = (struct age){.seed = 20240607};
	for (step = 0; step < 20000; step++) {
		bool room = age.nr < AGE_HELD && zone->nr_free > AGE_PAGES / 4;
		uint32_t dice = age_random(&age) % 24;
		enum migratetype type = dice < 18    ? MIGRATE_MOVABLE
					: dice == 18 ? MIGRATE_RECLAIMABLE
						     : MIGRATE_UNMOVABLE;
		struct page *page;

		if (!room || age_random(&age) % 3 == 0) {
			if (age.nr)
				age_give(&age, zone, age_random(&age) % age.nr);
			continue;
		}
		page = take_marked(zone, age_random(&age) % 2, grouping ? type : MIGRATE_MOVABLE);
		if (!page)
			continue;
		stays[page_to_pfn(page) - zone->start_pfn] = type == MIGRATE_UNMOVABLE;
		age.held[age.nr++] = page;
	}
	EXPECT_TRUE(buddy_check(zone));
	for (i = age.nr; i-- > 0;)
		if (!stays[page_to_pfn(age.held[i]) - zone->start_pfn])
			age_give(&age, zone, i);
	for (i = 3; i < MAX_ORDER; i++)
		blocks += zone->free_area[i].nr_free << (i - 3);
	while (age.nr)
		age_give(&age, zone, 0);
	EXPECT_EQ(zone->nr_free, AGE_PAGES);
	EXPECT_TRUE(buddy_check(zone));
	test_zone_end();
	return blocks;
}

/* fault-P11: with grouping more whole pageblocks can be had back than without; of 128; the figures repeat exactly. */
KTEST(migrate, grouping_keeps_more_pageblocks_whole)
{
	unsigned long without = age_zone(false), with = age_zone(true);

	if (!with)
		SKIP_TEST("no block of 4 MiB is free");
	EXPECT_EQ(with, 105);
	EXPECT_EQ(without, 59);
}

/*
 *	| U U U U U U U U | U U U U U U U U |	a block of two pageblocks, taken, and the second changes sides
 *	|  [ 3 ] Unmov.   |  [ 3 ] Isolate  |	so each comes back by itself
 */
KTEST(migrate, a_block_whose_pageblocks_changed_sides_comes_back_in_pieces)
{
	struct zone *zone = small_blocks(32);
	struct page *page = test_take_type(zone, 4, MIGRATE_MOVABLE);
	unsigned long flags;

	ASSERT_TEST(page);
	spin_lock_irqsave(&zone->lock, flags);
	move_freepages_block(zone, page_to_pfn(page) + BLOCK, MIGRATE_ISOLATE);
	spin_unlock_irqrestore(&zone->lock, flags);
	test_give(zone, page, 4);
	EXPECT_TRUE(buddy_check(zone));
	EXPECT_EQ(free_of(zone, MIGRATE_ISOLATE), BLOCK);
	EXPECT_EQ(zone->nr_free, 32);
	test_zone_end();
}
