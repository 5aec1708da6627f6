/* SPDX-License-Identifier: MIT */
/*
 * exhaustion_test.c - out of memory and back, again and again: no page is lost and no block stays in pieces.
 */
#include <lib/ktest.h>

#include <mm/gfp.h>
#include <mm/pcp.h>
#include <mm/zone.h>

#define CYCLES 8

static uint32_t seed;

static uint32_t random_number(uint32_t bound)
{
	seed = seed * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)seed * bound >> 32);
}

/* The number of free blocks of each order in each zone, as one number. */
static uint64_t histogram(void)
{
	struct zone *zone;
	unsigned int order;
	uint64_t hash = 1;

	drain_all_pages();
	for_each_zone (zone)
		for (order = 0; order < MAX_ORDER; order++)
			hash = (hash ^ zone->free_area[order].nr_free) * 0x9e3779b97f4a7c15UL ^
			       hash >> 31;
	return hash;
}

/* Blocks of random kinds, until single pages are refused too. */
static void take_until_null(struct list_head *held)
{
	static const gfp_t masks[] = {GFP_KERNEL, GFP_ATOMIC, GFP_HIGHUSER_MOVABLE,
				      GFP_KERNEL | __GFP_RECLAIMABLE,
				      GFP_HIGHUSER | __GFP_MEMALLOC};
	unsigned int order = 10;
	struct page *page;
	gfp_t gfp;

	for (;;) {
		gfp = masks[random_number(ARRAY_SIZE(masks))] | __GFP_NOWARN | __GFP_NORETRY;
		page = alloc_pages(gfp, random_number(order + 1));
		if (page)
			list_add(&page->lru, held);
		else if (order-- == 0)
			return;
	}
}

/* About every `nth` block; 1 gives all. */
static void give_some(struct list_head *held, uint32_t nth)
{
	struct page *page, *next;

	list_for_each_entry_safe (page, next, held, lru) {
		if (random_number(nth))
			continue;
		list_del(&page->lru);
		__free_pages(page, page->order);
	}
}

/* fault-P2, fault-O1: each failure is NULL, and after the last cycle the blocks are those of the beginning. */
KTEST(page_exhaustion, memory_that_ended_many_times_is_whole_again)
{
	unsigned long idle = nr_idle_pages();
	unsigned int i;
	uint64_t before;
	LIST_HEAD(held);

	seed = 20240607;
	before = histogram();
	for (i = 0; i < CYCLES; i++) {
		take_until_null(&held);
		EXPECT_LT(nr_idle_pages(), idle);
		give_some(&held, 2);
	}
	EXPECT_TRUE(page_check());
	give_some(&held, 1);
	EXPECT_EQ(nr_idle_pages(), idle);
	EXPECT_EQ(histogram(), before);
}
