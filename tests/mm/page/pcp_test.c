/* SPDX-License-Identifier: MIT */
/*
 * pcp_test.c - per-CPU lists: hot and cold, refills and drains, limits; in a zone of the test's own.
 */
#include <mm/pcp.h>

#include <arch/cpu.h>
#include <lib/ktest.h>
#include <mm/buddy.h>
#include <mm/gfp.h>
#include <mm/node.h>
#include "test_zone.h"

static struct per_cpu_pages *pcp_of(struct zone *zone)
{
	return &zone->pageset[arch_cpu_id()];
}

static struct zone *zone_with(unsigned long nr_pages, int batch, int high)
{
	struct zone *zone = test_zone(nr_pages);

	if (!zone)
		return NULL;
	pcp_of(zone)->batch = batch;
	pcp_of(zone)->high = high;
	return zone;
}

static struct page *take(struct zone *zone, unsigned int order)
{
	return pcp_take(zone, order, MIGRATE_MOVABLE, false, ~0UL);
}

/* Every page is free or listed or in the test's hands. */
static bool adds_up(struct zone *zone, unsigned long in_use)
{
	return zone->nr_free + zone_pcp_pages(zone) + in_use == zone->managed_pages &&
	       buddy_check(zone) && pcp_check(zone);
}

/*
 *	list empty -> a batch of 4 from the buddy: [0 1 2 3], and 0 is the caller's	sem-P6, fault-P12
 */
KTEST(pcp, an_empty_list_is_filled_by_a_batch)
{
	struct zone *zone = zone_with(64, 4, 16);
	struct page *page = take(zone, 0);

	EXPECT_EQ(page_to_pfn(page), zone->start_pfn);
	EXPECT_EQ(pcp_of(zone)->count, 3);
	EXPECT_EQ(zone->nr_free, 60);
	EXPECT_EQ(take(zone, 0), page + 1); /* neighbours */
	EXPECT_EQ(zone->nr_free, 60);	    /* no visit to the buddy */
	EXPECT_TRUE(adds_up(zone, 2));
	test_zone_end();
}

/* sem-P6: what was given last is taken first; a cold page waits at the tail, and a cold request takes that. */
KTEST(pcp, hot_pages_are_taken_first_and_cold_ones_last)
{
	struct zone *zone = zone_with(64, 4, 16);
	struct page *hot = take(zone, 0), *cold = take(zone, 0);

	pcp_give(zone, cold, true);
	pcp_give(zone, hot, false);
	EXPECT_TRUE(adds_up(zone, 0));
	EXPECT_EQ(take(zone, 0), hot);
	EXPECT_EQ(pcp_take(zone, 0, MIGRATE_MOVABLE, true, ~0UL), cold);
	EXPECT_TRUE(adds_up(zone, 2));
	test_zone_end();
}

/* sem-P6: each order and each type has a list of its own. */
KTEST(pcp, orders_and_types_do_not_mix)
{
	struct zone *zone = zone_with(256, 8, 64);
	unsigned int order;
	struct page *page[PCP_MAX_ORDER + 1], *other;

	if (!zone)
		SKIP_TEST("no block that large is free");
	for (order = 0; order <= PCP_MAX_ORDER; order++) {
		page[order] = take(zone, order);
		EXPECT_EQ(page_to_pfn(page[order]) % (1UL << order), 0);
		EXPECT_EQ(page[order]->order, order);
	}
	other = pcp_take(zone, 0, MIGRATE_UNMOVABLE, false, ~0UL);
	pcp_give(zone, page[0], false);
	EXPECT_NE(pcp_take(zone, 0, MIGRATE_UNMOVABLE, false, ~0UL), page[0]);
	EXPECT_EQ(take(zone, 0), page[0]);
	pcp_give(zone, other, false);
	EXPECT_NE(take(zone, 0), other);
	EXPECT_TRUE(pcp_check(zone));
	test_zone_end();
}

/* fault-P12: filled beyond high, a batch goes back, the coldest first; the count never stays above high. */
KTEST(pcp, more_than_high_gives_the_coldest_batch_back)
{
	struct zone *zone = zone_with(64, 3, 6);
	struct page *page[12];
	unsigned int i;

	for (i = 0; i < 12; i++)
		page[i] = take(zone, 0);
	EXPECT_EQ(pcp_of(zone)->count, 0);
	for (i = 0; i < 6; i++)
		pcp_give(zone, page[i], false);
	EXPECT_EQ(pcp_of(zone)->count, 6);
	EXPECT_EQ(zone->nr_free, 52);
	pcp_give(zone, page[6], false);
	EXPECT_EQ(pcp_of(zone)->count, 4);
	EXPECT_EQ(zone->nr_free, 55);
	EXPECT_EQ(page[0]->flags & PG_PCP, 0); /* the coldest went */
	EXPECT_EQ(page[6]->flags & PG_PCP, PG_PCP);
	EXPECT_TRUE(adds_up(zone, 5));
	test_zone_end();
}

/* A large block pushes out as many pages as it brings, also where a batch is one. */
KTEST(pcp, high_holds_whatever_the_order)
{
	struct zone *zone = zone_with(64, 1, 4);
	struct page *large, *page[4];
	unsigned int i;

	large = take(zone, 3);
	for (i = 0; i < 4; i++)
		page[i] = take(zone, 0);
	for (i = 0; i < 4; i++)
		pcp_give(zone, page[i], false);
	pcp_give(zone, large, false);
	EXPECT_LE(pcp_of(zone)->count, 4);
	EXPECT_TRUE(adds_up(zone, 0));
	test_zone_end();
}

/* A refill stops at high, at what the zone can spare, and brings one block in any case. */
KTEST(pcp, a_refill_takes_no_more_than_it_may)
{
	struct zone *zone = zone_with(64, 8, 8);

	EXPECT_TRUE(pcp_take(zone, 0, MIGRATE_MOVABLE, false, 3));
	EXPECT_EQ(pcp_of(zone)->count, 2);
	EXPECT_TRUE(pcp_take(zone, 0, MIGRATE_UNMOVABLE, false, ~0UL));
	EXPECT_EQ(pcp_of(zone)->count, 7);
	EXPECT_TRUE(pcp_take(zone, 1, MIGRATE_MOVABLE, false, 0));
	EXPECT_LE(pcp_of(zone)->count, 8);
	EXPECT_TRUE(adds_up(zone, 4));
	test_zone_end();
}

/* sem-P6: the formula says 0 for a zone below 8 MiB; there is a batch of 1 then. */
KTEST(pcp, batch_and_high_follow_the_size_of_the_zone)
{
	EXPECT_EQ(pcp_batch(0), 1);
	EXPECT_EQ(pcp_batch(1024), 1);
	EXPECT_EQ(pcp_batch(64 * MiB / PAGE_SIZE), 3);
	EXPECT_EQ(pcp_batch(256 * MiB / PAGE_SIZE), 15);
	EXPECT_EQ(pcp_batch(1 * GiB / PAGE_SIZE), 63);
	EXPECT_EQ(pcp_batch(4 * TiB / PAGE_SIZE), 63);
	EXPECT_EQ(pcp_high(0, 1, 1), 4);
	EXPECT_EQ(pcp_high(1000, 4, 3), 250);
	EXPECT_EQ(pcp_high(1000, 64, 63), 252);
}

/* sem-P6: the whole of a tiny zone can be taken and given through lists of batch 1. */
KTEST(pcp, a_tiny_zone_works)
{
	struct zone *zone = zone_with(5, pcp_batch(5), pcp_high(0, 1, pcp_batch(5)));
	struct page *page[5];
	unsigned int i;

	for (i = 0; i < 5; i++)
		EXPECT_TRUE(page[i] = take(zone, 0));
	EXPECT_EQ(take(zone, 0), NULL);
	for (i = 0; i < 5; i++)
		pcp_give(zone, page[i], false);
	EXPECT_TRUE(adds_up(zone, 0));
	drain_pages_zone(zone, arch_cpu_id());
	EXPECT_EQ(zone->nr_free, 5);
	test_zone_end();
}

/* fault-P12: another CPU's lists can be emptied, and only those. */
KTEST(pcp, the_lists_of_another_cpu_can_be_drained)
{
	struct zone *zone = zone_with(64, 4, 16);
	struct per_cpu_pages *other = &zone->pageset[arch_cpu_id() + 1];
	struct page *page = take(zone, 0), *theirs = take(zone, 0);

	other->high = 16;
	list_add(&theirs->lru, &other->lists[pcp_list_index(0, MIGRATE_MOVABLE)]);
	other->count = 1;
	pcp_give(zone, page, false);
	drain_pages_zone(zone, arch_cpu_id() + 1);
	EXPECT_EQ(other->count, 0);
	EXPECT_EQ(theirs->flags & PG_PCP, 0);
	EXPECT_EQ(pcp_of(zone)->count, 3);
	EXPECT_TRUE(adds_up(zone, 0));
	drain_pages_zone(zone, arch_cpu_id());
	EXPECT_EQ(zone->nr_free, 64);
	EXPECT_TRUE(adds_up(zone, 0));
	test_zone_end();
}

/* sem-A2: what an interrupt finds that came while this CPU worked on its lists; it does without them. */
KTEST(pcp, lists_that_somebody_works_on_are_passed_over)
{
	struct zone *zone = zone_with(64, 4, 16);
	struct page *listed = take(zone, 0), *page;

	pcp_give(zone, listed, false);
	EXPECT_EQ(pcp_of(zone)->locked, 0);
	pcp_of(zone)->locked = 1;
	page = take(zone, 0);
	EXPECT_NE(page, listed);
	EXPECT_EQ(zone->nr_free, 59);
	EXPECT_EQ(pcp_of(zone)->count, 4);
	pcp_give(zone, page, false);
	EXPECT_EQ(zone->nr_free, 60);
	EXPECT_EQ(pcp_of(zone)->count, 4);
	pcp_of(zone)->locked = 0;
	EXPECT_EQ(take(zone, 0), listed);
	EXPECT_TRUE(adds_up(zone, 1));
	test_zone_end();
}

/* The same through the front door, where the table of ways leads to the locked lists. */
KTEST(pcp, requests_are_served_while_the_lists_are_locked)
{
	unsigned long idle = nr_idle_pages();
	struct page *page = alloc_page(GFP_KERNEL), *small, *large;
	struct per_cpu_pages *pcp;

	ASSERT_TEST(page);
	pcp = &page_zone(page)->pageset[arch_cpu_id()];
	pcp->locked = 1;
	small = alloc_page(GFP_ATOMIC);
	large = alloc_pages(GFP_ATOMIC | __GFP_NOWARN, 4);
	EXPECT_TRUE(small && large);
	if (small)
		__free_page(small);
	if (large)
		__free_pages(large, 4);
	EXPECT_EQ(pcp->locked, 1);
	pcp->locked = 0;
	__free_page(page);
	EXPECT_EQ(nr_idle_pages(), idle);
}

/* --- whole batches ------------------------------------------------------------------- */

static struct counter {
	struct buddy_observer observer;
	unsigned int took, gave, orders; /* calls; the sum of what they gave */
} counter;

static void count_took(struct buddy_observer *observer, unsigned long pfn, unsigned int order)
{
	(void)pfn;
	(void)order;
	container_of(observer, struct counter, observer)->took++;
}

static void count_gave(struct buddy_observer *observer, unsigned long pfn, unsigned int order)
{
	(void)pfn;
	container_of(observer, struct counter, observer)->gave++;
	counter.orders += order;
}

static void ignore(struct buddy_observer *observer, unsigned long pfn, unsigned int order)
{
	(void)observer;
	(void)pfn;
	(void)order;
}

static void counter_start(void)
{
	counter = (struct counter){.observer = {count_took, ignore, ignore, count_gave}};
	buddy_observe(&counter.observer);
}

/* sem-P6: seven pages are pieces of 4, 2 and 1 of one block; they are the lowest, in rising order. */
KTEST(pcp, a_refill_cuts_few_large_pieces)
{
	struct zone *zone = zone_with(64, 7, 16);
	unsigned int i;

	counter_start();
	for (i = 0; i < 7; i++)
		EXPECT_EQ(page_to_pfn(take(zone, 0)), zone->start_pfn + i);
	buddy_observe(NULL);
	EXPECT_EQ(counter.took, 3);
	EXPECT_EQ(zone->nr_free, 57);
	EXPECT_TRUE(adds_up(zone, 7));
	test_zone_end();
}

/* sem-P6: pages that were freed in their order are one block again before the buddy sees them. */
KTEST(pcp, a_run_of_neighbours_goes_back_as_one_block)
{
	struct zone *zone = zone_with(64, 16, 32);
	struct page *page[16];
	unsigned int i;

	for (i = 0; i < 16; i++)
		page[i] = take(zone, 0);
	for (i = 0; i < 16; i++)
		pcp_give(zone, page[i], false);
	counter_start();
	drain_pages_zone(zone, arch_cpu_id());
	buddy_observe(NULL);
	EXPECT_EQ(counter.gave, 1);
	EXPECT_EQ(counter.orders, 4);
	EXPECT_TRUE(adds_up(zone, 0));
	test_zone_end();
}

/* Neighbours that are no block (1, 2) or came in another order (7, 6) go alone. */
KTEST(pcp, neighbours_that_are_no_block_go_back_one_by_one)
{
	struct zone *zone = zone_with(64, 8, 32);
	static const unsigned int order_of_return[] = {1, 2, 7, 6, 3, 0, 4, 5};
	struct page *page[8];
	unsigned int i;

	for (i = 0; i < 8; i++)
		page[i] = take(zone, 0);
	for (i = 0; i < 8; i++)
		pcp_give(zone, page[order_of_return[i]], false);
	counter_start();
	drain_pages_zone(zone, arch_cpu_id());
	buddy_observe(NULL);
	EXPECT_EQ(counter.gave, 7);
	EXPECT_EQ(counter.orders, 1); /* 4 and 5 */
	EXPECT_EQ(zone->nr_free, 64);
	EXPECT_TRUE(adds_up(zone, 0));
	test_zone_end();
}

/* --- one large block -------------------------------------------------------------------- */

KTEST(pcp, a_large_block_that_came_back_is_the_next_one_taken)
{
	unsigned long idle = nr_idle_pages(), free, listed;
	struct page *page, *other;

	drain_all_pages();
	page = alloc_pages(GFP_KERNEL | __GFP_NOWARN, 5);
	ASSERT_TEST(page);
	if (page_zone(page) != *NODE_DATA(numa_node_id())->zonelist_start[ZONE_NORMAL] ||
	    page_zone(page)->pageset[arch_cpu_id()].largest < 5) {
		__free_pages(page, 5);
		SKIP_TEST("the first zone has no such block, or is too small to keep one aside");
	}
	free = nr_free_pages();
	listed = nr_pcp_pages();
	__free_pages(page, 5);
	EXPECT_EQ(nr_free_pages(), free);
	EXPECT_EQ(nr_pcp_pages(), listed + 32);
	EXPECT_EQ(nr_idle_pages(), idle);
	EXPECT_TRUE(page_check());
	EXPECT_REPORT("page freed twice", __free_pages(page, 5));
	other = alloc_pages(GFP_KERNEL, 4); /* another order is served by the buddy */
	EXPECT_NE(other, page);
	EXPECT_EQ(alloc_pages(GFP_KERNEL, 5), page);
	__free_pages(other, 4);
	__free_pages(page, 5);
	drain_all_pages();
	EXPECT_EQ(nr_pcp_pages(), 0);
	EXPECT_EQ(nr_free_pages(), idle);
}

/* Another kind of request does not get it: each type keeps to its pageblocks. */
KTEST(pcp, a_large_block_keeps_its_type)
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_NOWARN, 4), *movable;

	ASSERT_TEST(page);
	__free_pages(page, 4);
	movable = alloc_pages(GFP_KERNEL | __GFP_MOVABLE | __GFP_NOWARN, 4);
	ASSERT_TEST(movable);
	if (gfp_mobility_mask)
		EXPECT_NE(movable, page);
	__free_pages(movable, 4);
	drain_all_pages();
}

/* At most a 64th of a CPU's share of the zone; a small zone keeps none. */
KTEST(pcp, how_large_a_block_is_kept_follows_the_size_of_the_zone)
{
	EXPECT_EQ(pcp_largest(0, 1), 0);
	EXPECT_EQ(pcp_largest(1023, 1), 0);
	EXPECT_EQ(pcp_largest(1024, 1), 4);
	EXPECT_EQ(pcp_largest(1024, 2), 0);
	EXPECT_EQ(pcp_largest(32768, 1), 9);
	EXPECT_EQ(pcp_largest(1UL << 40, 1), MAX_PAGE_ORDER);
}

/* A block whose pageblock is isolated is kept by no list. */
KTEST(pcp, a_page_of_an_isolated_pageblock_goes_to_the_buddy)
{
	struct zone *zone = zone_with(16, 1, 16);
	struct page *page = take(zone, 3);
	unsigned long flags;

	zone->pageblock_order = 3;
	spin_lock_irqsave(&zone->lock, flags);
	move_freepages_block(zone, page_to_pfn(page), MIGRATE_ISOLATE);
	spin_unlock_irqrestore(&zone->lock, flags);
	pcp_give(zone, page, false);
	EXPECT_EQ(zone_pcp_pages(zone), 0);
	EXPECT_EQ(zone->free_area[3].nr_of_type[MIGRATE_ISOLATE], 1);
	EXPECT_TRUE(adds_up(zone, 0));
	test_zone_end();
}

/* sem-P5: free, listed and in use are managed; a page on a list is no free page. */
KTEST(pcp, listed_pages_are_neither_free_nor_in_use)
{
	unsigned long idle = nr_idle_pages(), free;
	struct page *page;

	if (!pcp_is_enabled())
		SKIP_TEST("pages are watched, so no list keeps one");
	page = alloc_page(GFP_KERNEL);
	ASSERT_TEST(page);
	free = nr_free_pages();
	EXPECT_EQ(nr_idle_pages(), idle - 1);
	__free_page(page);
	EXPECT_EQ(nr_free_pages(), free);
	EXPECT_EQ(nr_idle_pages(), idle);
	EXPECT_EQ(alloc_page(GFP_KERNEL), page); /* the hottest */
	EXPECT_TRUE(page_check());
	free_cold_page(page);
	drain_all_pages();
	EXPECT_EQ(nr_pcp_pages(), 0);
	EXPECT_EQ(nr_free_pages(), idle);
}

/* fault-P3: the order 0 of it: a page on a list is freed. */
KTEST(pcp, a_second_free_of_a_listed_page_is_refused)
{
	struct page *page = alloc_page(GFP_KERNEL | __GFP_MOVABLE);
	unsigned long listed;

	ASSERT_TEST(page);
	__free_page(page);
	listed = nr_pcp_pages();
	EXPECT_REPORT("page freed twice", __free_page(page));
	EXPECT_REPORT("page freed twice", free_cold_page(page));
	EXPECT_REPORT("page freed twice", put_page(page));
	EXPECT_EQ(nr_pcp_pages(), listed);
	EXPECT_TRUE(page_check());
}

/* While the lists are off each request and each free reaches the buddy. */
KTEST(pcp, lists_that_are_off_hold_nothing)
{
	unsigned long free;
	struct page *page;

	pcp_disable();
	free = nr_free_pages();
	page = alloc_page(GFP_KERNEL);
	ASSERT_TEST(page);
	EXPECT_EQ(nr_pcp_pages(), 0);
	EXPECT_EQ(nr_free_pages(), free - 1);
	__free_page(page);
	EXPECT_EQ(nr_free_pages(), free);
	pcp_enable();
}

/* fault-P9, sem-P4: the two kinds exclude each other; told, and neither counts. */
KTEST(pcp, a_page_cannot_be_movable_and_reclaimable)
{
	struct page *page = NULL;

	EXPECT_REPORT("movable and reclaimable",
		      page = alloc_page(GFP_KERNEL | __GFP_MOVABLE | __GFP_RECLAIMABLE));
	ASSERT_TEST(page);
	EXPECT_EQ(page->flags & PG_TYPE_MASK, 0);
	__free_page(page);
}

/* --- against a model ------------------------------------------------------------------ */

#define MODEL_PAGES 512

static struct {
	struct page *held[MODEL_PAGES];
	unsigned int nr;
	unsigned long nr_pages;
	uint32_t seed;
} model;

static uint32_t next_random(void)
{
	model.seed = model.seed * 1664525u + 1013904223u;
	return model.seed >> 8;
}

/* Nobody else has any page of it: a stamp on each page of a block, which is its number. */
static void model_take(struct zone *zone)
{
	unsigned int order = next_random() % (PCP_MAX_ORDER + 1), i;
	enum migratetype type = next_random() % MIGRATE_PCPTYPES;
	struct page *page = pcp_take(zone, order, type, next_random() % 8 == 0, ~0UL);

	if (!page)
		return;
	EXPECT_EQ(page_to_pfn(page) % (1UL << order), 0);
	for (i = 0; i < 1U << order; i++) {
		EXPECT_EQ(page[i].owner.private, 0);
		page[i].owner.private = 1;
	}
	model.held[model.nr++] = page;
	model.nr_pages += 1UL << order;
}

static void model_give(struct zone *zone, unsigned int index)
{
	struct page *page = model.held[index];
	unsigned int i;

	for (i = 0; i < 1U << page->order; i++)
		page[i].owner.private = 0;
	model.nr_pages -= 1UL << page->order;
	model.held[index] = model.held[--model.nr];
	pcp_give(zone, page, next_random() % 4 == 0);
}

/* Fixed seed; takes, gives, drains, and pageblocks that change sides. */
KTEST(pcp, six_thousand_random_steps_agree_with_a_model)
{
	struct zone *zone = zone_with(MODEL_PAGES, 7, 28);
	unsigned long i;

	if (!zone)
		SKIP_TEST("no block of 2 MiB is free");
	zone->pageblock_order = 4;
	model.nr = 0;
	model.nr_pages = 0;
	model.seed = 20240607;
	for (i = 0; i < MODEL_PAGES; i++)
		pfn_to_page(zone->start_pfn + i)->owner.private = 0;
	for (i = 0; i < 6000 && !ktest_failed(); i++) {
		if (next_random() % 512 == 0)
			drain_pages_zone(zone, arch_cpu_id());
		else if (model.nr && (model.nr == MODEL_PAGES || next_random() % 8 < 4))
			model_give(zone, next_random() % model.nr);
		else
			model_take(zone);
		EXPECT_EQ(zone->nr_free + zone_pcp_pages(zone) + model.nr_pages, MODEL_PAGES);
		if (i % 128 == 0)
			EXPECT_TRUE(adds_up(zone, model.nr_pages));
	}
	while (model.nr)
		model_give(zone, 0);
	drain_pages_zone(zone, arch_cpu_id());
	EXPECT_EQ(zone->free_area[9].nr_free, 1);
	EXPECT_TRUE(adds_up(zone, 0));
	test_zone_end();
}

/* --- the proof can fail ------------------------------------------------------------------- */

KTEST(pcp, the_check_sees_counts_and_pages_that_are_wrong)
{
	struct zone *zone = zone_with(64, 4, 16);
	struct page *page = take(zone, 0) + 1; /* the first on the list */

	EXPECT_TRUE(pcp_check(zone));
	pcp_of(zone)->count++; /* L1 */
	EXPECT_FALSE(pcp_check(zone));
	pcp_of(zone)->count--;
	pcp_of(zone)->high = 2;
	EXPECT_FALSE(pcp_check(zone));
	pcp_of(zone)->high = 16;
	page->order = 1; /* L2 */
	EXPECT_FALSE(pcp_check(zone));
	page->order = 0;
	page->flags ^= PG_MOVABLE;
	EXPECT_FALSE(pcp_check(zone));
	page->flags ^= PG_MOVABLE;
	page->zone_node ^= 1; /* L3 */
	EXPECT_FALSE(pcp_check(zone));
	page->zone_node ^= 1;
	page->lru.prev = &page->lru; /* L4 */
	EXPECT_FALSE(pcp_check(zone));
	test_zone_end();
}
