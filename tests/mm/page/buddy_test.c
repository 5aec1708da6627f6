/* SPDX-License-Identifier: MIT */
/*
 * buddy_test.c - splitting and merging, in a zone of the test's own.
 *
 * Pictures show frame numbers relative to the zone's start. [T] is taken, a
 * number in brackets is the order of a free block.
 */
#include <mm/buddy.h>

#include <lib/ktest.h>
#include "test_zone.h"

static unsigned long blocks(const struct zone *zone, unsigned int order)
{
	return zone->free_area[order].nr_free;
}

static struct page *page_of(const struct zone *zone, unsigned long index)
{
	return pfn_to_page(zone->start_pfn + index);
}

/* Is there a free block of that order at the zone's page `index`? */
static bool is_free_block(const struct zone *zone, unsigned long index, unsigned int order)
{
	const struct page *page = page_of(zone, index);

	return page->flags == PG_BUDDY && page->order == order;
}

/*
 *	frame	 0   1   2   3   4   5   6   7
 *		[              3               ]	take order 0
 *		[T][0][   1  ][      2         ]	sem-P3: the lowest page
 */
KTEST(buddy, taking_one_page_leaves_one_free_block_of_each_lower_order)
{
	struct zone *zone = test_zone(8);

	EXPECT_EQ(test_take(zone, 0), page_of(zone, 0));
	EXPECT_EQ(blocks(zone, 0), 1);
	EXPECT_EQ(blocks(zone, 1), 1);
	EXPECT_EQ(blocks(zone, 2), 1);
	EXPECT_EQ(blocks(zone, 3), 0);
	EXPECT_TRUE(is_free_block(zone, 1, 0));
	EXPECT_TRUE(is_free_block(zone, 2, 1));
	EXPECT_TRUE(is_free_block(zone, 4, 2));
	EXPECT_TRUE(buddy_check(zone));
	test_zone_end();
}

/*
 *		[T][0][   1  ][      2         ]	give frame 0
 *		[              3               ]
 */
KTEST(buddy, giving_the_page_back_makes_the_block_whole)
{
	struct zone *zone = test_zone(8);

	test_give(zone, test_take(zone, 0), 0);
	EXPECT_EQ(blocks(zone, 0), 0);
	EXPECT_EQ(blocks(zone, 1), 0);
	EXPECT_EQ(blocks(zone, 2), 0);
	EXPECT_TRUE(is_free_block(zone, 0, 3));
	EXPECT_TRUE(buddy_check(zone));
	test_zone_end();
}

/* sem-P5: what is taken is missing once, what remains of the block is not. */
KTEST(buddy, the_free_count_falls_by_the_size_of_the_block_alone)
{
	struct zone *zone = test_zone(64);
	struct page *page;
	unsigned int order;

	for (order = 0; order <= 6; order++) {
		page = test_take(zone, order);
		EXPECT_EQ(zone->nr_free, 64 - (1UL << order));
		test_give(zone, page, order);
		EXPECT_EQ(zone->nr_free, 64);
	}
	test_zone_end();
}

KTEST(buddy, a_block_of_exactly_that_order_is_not_split)
{
	struct zone *zone = test_zone(12); /* 0..7 and 8..11 */

	EXPECT_EQ(test_take(zone, 2), page_of(zone, 8));
	EXPECT_TRUE(is_free_block(zone, 0, 3));
	EXPECT_TRUE(buddy_check(zone));
	test_zone_end();
}

KTEST(buddy, there_is_no_block_when_none_is_large_enough)
{
	struct zone *zone = test_zone(8);
	struct page *first = test_take(zone, 0);

	EXPECT_EQ(test_take(zone, 3), NULL);
	EXPECT_EQ(zone->nr_free, 7);
	test_give(zone, first, 0);
	EXPECT_EQ(test_take(zone, 3), first);
	EXPECT_EQ(test_take(zone, 0), NULL);
	EXPECT_TRUE(buddy_check(zone));
	test_zone_end();
}

/*
 *	frame	 0   1   2   3   4  hole 6   7
 *		[       2      ][0] hhh [  1  ]		sem-P2, fault-P10
 */
KTEST(buddy, blocks_do_not_merge_across_a_hole)
{
	struct zone *zone = test_zone(8);
	unsigned long i;

	for (i = 0; i < 8; i++)
		test_take(zone, 0);
	page_of(zone, 5)->flags = PG_RESERVED;
	for (i = 0; i < 8; i++)
		if (i != 5)
			test_give(zone, page_of(zone, i), 0);
	EXPECT_TRUE(is_free_block(zone, 0, 2));
	EXPECT_TRUE(is_free_block(zone, 4, 0));
	EXPECT_TRUE(is_free_block(zone, 6, 1));
	EXPECT_EQ(zone->nr_free, 7);
	EXPECT_TRUE(buddy_check(zone));
	test_zone_end();
}

/*
 *	frame	 0   1   2   3 | 4   5   6   7
 *		[       2     ]|[ free, other ]		sem-P2, fault-P10
 */
KTEST(buddy, blocks_do_not_merge_across_the_end_of_a_zone)
{
	struct zone *zone = test_zone_at(0, 4);
	struct page *page = test_take(zone, 2), *other = page_of(zone, 4);
	uint8_t stranger = (uint8_t)((zone->type + 1) % MAX_NR_ZONES | zone->nid << 2);

	other->state = page_state(PG_BUDDY, 2, stranger);
	test_give(zone, page, 2);
	EXPECT_TRUE(is_free_block(zone, 0, 2));
	EXPECT_EQ(other->state, page_state(PG_BUDDY, 2, stranger));

	/* The same zone of another node is as strange. */
	stranger = (uint8_t)(zone->type | (zone->nid + 1) << 2);
	other->state = page_state(PG_BUDDY, 2, stranger);
	test_give(zone, test_take(zone, 2), 2);
	EXPECT_TRUE(is_free_block(zone, 0, 2));
	EXPECT_EQ(other->state, page_state(PG_BUDDY, 2, stranger));
	test_zone_end();
}

/*
 *		[ T  T ][0][T]	give 0..1 with order 1: the buddy's order is 0
 *		[   1  ][0][T]
 */
KTEST(buddy, a_buddy_of_another_order_is_not_joined)
{
	struct zone *zone = test_zone(4);
	struct page *pair = test_take(zone, 1), *third = test_take(zone, 0);

	test_take(zone, 0);
	test_give(zone, third, 0);
	test_give(zone, pair, 1);
	EXPECT_TRUE(is_free_block(zone, 0, 1));
	EXPECT_TRUE(is_free_block(zone, 2, 0));
	EXPECT_TRUE(buddy_check(zone));
	test_zone_end();
}

/*
 *	frame	 3   4   5   6   7   8   9   10
 *		[0][       2      ][   1  ][0]
 */
KTEST(buddy, a_zone_may_start_and_end_anywhere)
{
	struct zone *zone = test_zone_at(3, 8);
	struct page *page[8];
	unsigned long i;

	EXPECT_TRUE(buddy_check(zone));
	for (i = 0; i < 8; i++)
		page[i] = test_take(zone, 0);
	EXPECT_EQ(test_take(zone, 0), NULL);
	for (i = 0; i < 8; i++)
		test_give(zone, page[i], 0);
	EXPECT_TRUE(is_free_block(zone, 0, 0));
	EXPECT_TRUE(is_free_block(zone, 1, 2));
	EXPECT_TRUE(is_free_block(zone, 5, 1));
	EXPECT_TRUE(is_free_block(zone, 7, 0));
	EXPECT_TRUE(buddy_check(zone));
	test_zone_end();
}

KTEST(buddy, a_block_of_the_largest_order_stays_alone)
{
	struct zone *zone = test_zone(MAX_ORDER_NR_PAGES);
	struct page *page;

	if (!zone)
		SKIP_TEST("no block of 4 MiB is free");
	page = test_take(zone, 0);
	EXPECT_EQ(blocks(zone, MAX_PAGE_ORDER), 0);
	test_give(zone, page, 0);
	EXPECT_EQ(blocks(zone, MAX_PAGE_ORDER), 1);
	EXPECT_TRUE(is_free_block(zone, 0, MAX_PAGE_ORDER));
	EXPECT_TRUE(buddy_check(zone));
	test_zone_end();
}

/* --- who watches --------------------------------------------------------------- */

struct log_observer {
	struct buddy_observer observer;
	unsigned long base;
	char text[32]; /* one letter and one digit (the order) an event */
	unsigned int length;
};

static void note(struct buddy_observer *observer, char event, unsigned int order)
{
	struct log_observer *log = container_of(observer, struct log_observer, observer);

	if (log->length + 3 > sizeof(log->text))
		return;
	log->text[log->length++] = event;
	log->text[log->length++] = (char)('0' + order);
}

static void took(struct buddy_observer *observer, unsigned long pfn, unsigned int order)
{
	(void)pfn;
	note(observer, 't', order);
}

static void split(struct buddy_observer *observer, unsigned long pfn, unsigned int order)
{
	(void)pfn;
	note(observer, 's', order);
}

static void merged(struct buddy_observer *observer, unsigned long pfn, unsigned int order)
{
	(void)pfn;
	note(observer, 'm', order);
}

static void gave(struct buddy_observer *observer, unsigned long pfn, unsigned int order)
{
	(void)pfn;
	note(observer, 'g', order);
}

KTEST(buddy, an_observer_sees_each_split_and_each_merge)
{
	struct log_observer log = {.observer = {took, split, merged, gave}};
	struct zone *zone = test_zone(8);
	struct page *page;

	buddy_observe(&log.observer);
	page = test_take(zone, 1);
	test_give(zone, page, 1);
	buddy_observe(NULL);
	test_give(zone, test_take(zone, 0), 0);
	EXPECT_STREQ(log.text, "s3s2t1g1m2m3");
	test_zone_end();
}

/* --- against a model ------------------------------------------------------------ */

#define MODEL_PAGES 256

/* The model: who has each page, 0 nobody, else 1 + the order of the block that starts there. */
struct model {
	uint8_t order_at[MODEL_PAGES];
	bool taken[MODEL_PAGES];
	unsigned long nr_taken;
	uint32_t seed;
};

static uint32_t next_random(struct model *model)
{
	model->seed = model->seed * 1664525u + 1013904223u;
	return model->seed >> 8;
}

static void model_take(struct model *model, struct zone *zone, unsigned int order)
{
	struct page *page = test_take(zone, order);
	unsigned long index, i;

	if (!page)
		return;
	index = page_to_pfn(page) - zone->start_pfn;
	EXPECT_LE(index + (1UL << order), MODEL_PAGES);
	EXPECT_EQ(page_to_pfn(page) % (1UL << order), 0);
	for (i = index; i < index + (1UL << order); i++) {
		EXPECT_FALSE(model->taken[i]);
		model->taken[i] = true;
	}
	model->order_at[index] = (uint8_t)(order + 1);
	model->nr_taken += 1UL << order;
}

static void model_give(struct model *model, struct zone *zone, unsigned long index)
{
	unsigned int order = model->order_at[index] - 1u;
	unsigned long i;

	for (i = index; i < index + (1UL << order); i++)
		model->taken[i] = false;
	model->order_at[index] = 0;
	model->nr_taken -= 1UL << order;
	test_give(zone, page_of(zone, index), order);
}

/* Two thirds of the steps take while little is taken, one third later on. */
KTEST(buddy, three_thousand_random_steps_agree_with_a_model)
{
	static struct model model;
	struct zone *zone = test_zone(MODEL_PAGES);
	unsigned long step, index;

	if (!zone)
		SKIP_TEST("no block of 2 MiB is free");
	model = (struct model){.seed = 20240607};
	for (step = 0; step < 3000 && !ktest_failed(); step++) {
		index = next_random(&model) % MODEL_PAGES;
		if (model.order_at[index])
			model_give(&model, zone, index);
		else if (next_random(&model) % MODEL_PAGES >= model.nr_taken / 2)
			model_take(&model, zone, next_random(&model) % 5);
		EXPECT_EQ(zone->nr_free, MODEL_PAGES - model.nr_taken);
		if (step % 64 == 0)
			EXPECT_TRUE(buddy_check(zone));
	}
	for (index = 0; index < MODEL_PAGES; index++)
		if (model.order_at[index])
			model_give(&model, zone, index);
	EXPECT_TRUE(is_free_block(zone, 0, 8));
	EXPECT_TRUE(buddy_check(zone));
	test_zone_end();
}

/* --- the proof can fail --------------------------------------------------------- */

KTEST(buddy, the_check_sees_a_block_at_a_wrong_place)
{
	struct zone *zone = test_zone(8);
	struct page *page = page_of(zone, 0);

	/* B1: a block of order 2 at frame 2, which is inside the zone. */
	list_del(&page->lru);
	page->flags = 0;
	page = page_of(zone, 2);
	page->state = page_state(PG_BUDDY, 2, page->zone_node);
	list_add(&page->lru, &zone->free_area[2].free_list[MIGRATE_MOVABLE]);
	EXPECT_FALSE(buddy_check(zone));
	test_zone_end();
}

KTEST(buddy, the_check_sees_two_buddies_that_were_not_merged)
{
	struct zone *zone = test_zone(2);
	struct page *left = test_take(zone, 0), *right = page_of(zone, 1);

	/* B2: put the left one on the list by hand. */
	left->state = page_state(PG_BUDDY, 0, left->zone_node);
	list_add(&left->lru, &zone->free_area[0].free_list[MIGRATE_MOVABLE]);
	zone->free_area[0].nr_free++;
	zone->nr_free++;
	EXPECT_FALSE(buddy_check(zone));
	right->order = 1; /* nor does a wrong order escape: B3 */
	EXPECT_FALSE(buddy_check(zone));
	test_zone_end();
}

KTEST(buddy, the_check_sees_flags_and_users_inside_a_free_block)
{
	struct zone *zone = test_zone(8);

	page_of(zone, 5)->flags = PG_BUDDY; /* B3 */
	EXPECT_FALSE(buddy_check(zone));
	page_of(zone, 5)->flags = 0;
	page_of(zone, 5)->refcount = 1;
	EXPECT_FALSE(buddy_check(zone));
	page_of(zone, 5)->refcount = 0;
	page_of(zone, 0)->refcount = 1;
	EXPECT_FALSE(buddy_check(zone));
	page_of(zone, 0)->refcount = 0;
	EXPECT_TRUE(buddy_check(zone));
	test_zone_end();
}

KTEST(buddy, the_check_sees_wrong_counts)
{
	struct zone *zone = test_zone(8);

	zone->nr_free++; /* B4 */
	EXPECT_FALSE(buddy_check(zone));
	zone->nr_free--;
	zone->free_area[3].nr_free++;
	EXPECT_FALSE(buddy_check(zone));
	zone->free_area[3].nr_free--;
	EXPECT_TRUE(buddy_check(zone));
	test_zone_end();
}

KTEST(buddy, the_check_sees_a_block_that_leaves_its_zone)
{
	struct zone *zone = test_zone(8);

	zone->spanned_pages = 7; /* B5 */
	EXPECT_FALSE(buddy_check(zone));
	zone->spanned_pages = 8;
	page_of(zone, 7)->zone_node ^= 1;
	EXPECT_FALSE(buddy_check(zone));
	page_of(zone, 7)->zone_node ^= 1;
	EXPECT_TRUE(buddy_check(zone));
	test_zone_end();
}

KTEST(buddy, the_check_sees_links_that_do_not_agree)
{
	struct zone *zone = test_zone(8);
	struct list_head *list = &zone->free_area[3].free_list[MIGRATE_MOVABLE];
	struct page *page = page_of(zone, 0);

	page->lru.prev = &page->lru; /* B6 */
	EXPECT_FALSE(buddy_check(zone));
	page->lru.prev = list;
	list->prev = list;
	EXPECT_FALSE(buddy_check(zone));
	list->prev = &page->lru;
	page->lru.next = &page->lru; /* a ring without the head */
	EXPECT_FALSE(buddy_check(zone));
	page->lru.next = (struct list_head *)16; /* out of the zone: told, not followed */
	EXPECT_FALSE(buddy_check(zone));
	page->lru.next = list;
	EXPECT_TRUE(buddy_check(zone));
	test_zone_end();
}

/* The callers refuse misuse; what gets past them stops here, before a list is broken. */
KTEST_PANIC(buddy, giving_a_free_block_panics, "page->state")
{
	struct zone *zone = test_zone(8);

	test_give(zone, page_of(zone, 0), 3);
}

KTEST_PANIC(buddy, a_smashed_page_on_a_free_list_panics_when_it_is_taken, "is no free block")
{
	struct zone *zone = test_zone(8);

	page_of(zone, 0)->order = 7;
	test_take(zone, 0);
}
