/* SPDX-License-Identifier: MIT */
/*
 * reclaim_test.c - shrinkers are asked by priority, requests wait for them, and everything ends.
 */
#include <mm/reclaim.h>

#include <lib/ktest.h>
#include <mm/gfp.h>
#include <mm/pcp.h>

/* A cache of pages that can be dropped; `calls` of scan, `asked` objects. */
static struct cache {
	struct shrinker shrinker;
	struct list_head pages;
	unsigned long nr, calls, asked;
	bool nested; /* a scan asks for memory itself */
} cache;

static unsigned long cache_count(struct shrinker *shrinker, struct shrink_control *control)
{
	(void)control;
	return container_of(shrinker, struct cache, shrinker)->nr;
}

static unsigned long cache_scan(struct shrinker *shrinker, struct shrink_control *control)
{
	struct cache *mine = container_of(shrinker, struct cache, shrinker);
	unsigned long freed = 0;
	struct page *page;

	mine->calls++;
	mine->asked += control->nr_to_scan;
	if (mine->nested) {
		EXPECT_TRUE(reclaim_is_under_way());
		EXPECT_EQ(try_to_free_pages(GFP_KERNEL), 0);
		page = alloc_page(GFP_KERNEL | __GFP_NOWARN);
		if (page)
			__free_page(page);
	}
	for (; freed < control->nr_to_scan && !list_empty(&mine->pages); freed++) {
		page = list_first_entry(&mine->pages, struct page, lru);
		list_del(&page->lru);
		__free_page(page);
		mine->nr--;
	}
	return freed;
}

static struct cache *cache_start(void)
{
	cache = (struct cache){.shrinker = {.count_objects = cache_count,
					    .scan_objects = cache_scan,
					    .seeks = DEFAULT_SEEKS}};
	INIT_LIST_HEAD(&cache.pages);
	register_shrinker(&cache.shrinker);
	return &cache;
}

static void cache_end(struct cache *mine)
{
	struct shrink_control all = {.nr_to_scan = ~0UL};

	mine->nested = false;
	unregister_shrinker(&mine->shrinker);
	cache_scan(&mine->shrinker, &all);
}

/* All that ordinary requests can have, into the cache. */
static void cache_fill(struct cache *mine)
{
	struct page *page;

	while ((page = alloc_page(GFP_NOWAIT | __GFP_NOWARN))) {
		list_add(&page->lru, &mine->pages);
		mine->nr++;
	}
}

static unsigned long pretend_count(struct shrinker *shrinker, struct shrink_control *control)
{
	(void)shrinker;
	(void)control;
	return 1 << 20;
}

static unsigned long scanned, scans;

static unsigned long pretend_scan(struct shrinker *shrinker, struct shrink_control *control)
{
	(void)shrinker;
	scanned += control->nr_to_scan;
	scans++;
	return 0;
}

static unsigned long stubborn_scan(struct shrinker *shrinker, struct shrink_control *control)
{
	(void)shrinker;
	(void)control;
	scans++;
	return SHRINK_STOP;
}

/* 2^20 objects of 2 seeks: 2^20 / 2^priority * 4 / 2. */
KTEST(reclaim, a_priority_lower_by_one_asks_for_twice_as_much)
{
	struct shrinker shrinker = {.count_objects = pretend_count,
				    .scan_objects = pretend_scan,
				    .seeks = DEFAULT_SEEKS};

	register_shrinker(&shrinker);
	scanned = 0;
	shrink_slab(GFP_KERNEL, 12);
	EXPECT_EQ(scanned, 512);
	scanned = 0;
	shrink_slab(GFP_KERNEL, 11);
	EXPECT_EQ(scanned, 1024);
	shrinker.seeks = 8; /* dear to make anew */
	scanned = 0;
	shrink_slab(GFP_KERNEL, 11);
	EXPECT_EQ(scanned, 256);
	unregister_shrinker(&shrinker);
}

/* fault-O3: one that frees nothing, and one that refuses, are each asked a bounded number of times. */
KTEST(reclaim, shrinkers_that_do_nothing_end)
{
	struct shrinker idle = {.count_objects = pretend_count,
				.scan_objects = pretend_scan,
				.seeks = DEFAULT_SEEKS,
				.batch = 1 << 16};
	struct shrinker stubborn = {.count_objects = pretend_count,
				    .scan_objects = stubborn_scan,
				    .seeks = DEFAULT_SEEKS};

	register_shrinker(&idle);
	scans = 0;
	EXPECT_EQ(try_to_free_pages(GFP_KERNEL), 0);
	EXPECT_LE(scans, 128);
	unregister_shrinker(&idle);
	register_shrinker(&stubborn);
	scans = 0;
	EXPECT_EQ(try_to_free_pages(GFP_KERNEL), 0);
	EXPECT_EQ(scans, 13);
	unregister_shrinker(&stubborn);
}

/* sem-P8: where all is in a cache, a request that may sleep gets a page and one that may not gets NULL. */
KTEST(reclaim, a_request_that_may_sleep_gets_what_a_shrinker_gives)
{
	struct cache *mine = cache_start();
	struct page *page;

	cache_fill(mine);
	EXPECT_EQ(alloc_page(GFP_NOWAIT | __GFP_NOWARN), NULL);
	EXPECT_EQ(mine->calls, 0);
	page = alloc_page(GFP_KERNEL);
	EXPECT_TRUE(page);
	EXPECT_GT(mine->calls, 0);
	EXPECT_GT(mine->nr, 0); /* not more than was needed */
	if (page)
		__free_page(page);
	cache_end(mine);
}

/* fault-O3: a shrinker that asks for memory is not called by its own request. */
KTEST(reclaim, a_request_of_a_shrinker_does_not_reclaim)
{
	struct cache *mine = cache_start();
	struct page *page;

	cache_fill(mine);
	mine->nested = true;
	page = alloc_page(GFP_KERNEL);
	EXPECT_TRUE(page);
	if (page)
		__free_page(page);
	EXPECT_FALSE(reclaim_is_under_way());
	cache_end(mine);
}

/* --- out of memory ------------------------------------------------------------------ */

static struct list_head victims;
static unsigned int calls_of_handler;
static bool handler_lies;

static bool free_a_victim(gfp_t gfp, unsigned int order)
{
	struct page *page;
	unsigned int i;

	(void)gfp;
	(void)order;
	calls_of_handler++;
	if (handler_lies)
		return true;
	if (list_empty(&victims))
		return false;
	for (i = 0; i < 64 && !list_empty(&victims); i++) {
		page = list_first_entry(&victims, struct page, lru);
		list_del(&page->lru);
		__free_page(page);
	}
	return true;
}

static void exhaust(void)
{
	struct page *page;

	INIT_LIST_HEAD(&victims);
	calls_of_handler = 0;
	handler_lies = false;
	while ((page = alloc_page(GFP_NOWAIT | __GFP_NOWARN)))
		list_add(&page->lru, &victims);
	oom_set_handler(free_a_victim);
}

static void recover(void)
{
	oom_set_handler(NULL);
	handler_lies = false;
	while (free_a_victim(0, 0))
		;
}

/* sem-P8: only requests that may sleep, of order 0 to 3, have the handler run. */
KTEST(reclaim, the_handler_makes_room_for_small_requests_that_may_sleep)
{
	struct page *page;

	exhaust();
	EXPECT_EQ(alloc_page(GFP_NOWAIT | __GFP_NOWARN), NULL);
	EXPECT_EQ(alloc_page(GFP_NOFS | __GFP_NOWARN), NULL);
	EXPECT_EQ(alloc_page(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN), NULL);
	EXPECT_EQ(alloc_pages(GFP_KERNEL | __GFP_NOWARN, 4), NULL);
	EXPECT_EQ(calls_of_handler, 0);
	page = alloc_page(GFP_KERNEL | __GFP_NOWARN);
	EXPECT_TRUE(page);
	EXPECT_EQ(calls_of_handler, 1);
	if (page)
		__free_page(page);
	recover();
}

/* Says that it freed what it was asked for, and frees nothing. */
static unsigned long boast_scan(struct shrinker *shrinker, struct shrink_control *control)
{
	(void)shrinker;
	scans++;
	return control->nr_to_scan;
}

/* sem-P8: one round with __GFP_NORETRY and for a large order; while there is progress, but at most 17, for a small one. */
KTEST(reclaim, rounds_go_on_while_there_is_progress_unless_the_request_says_no)
{
	struct shrinker boaster = {
		.count_objects = pretend_count, .scan_objects = boast_scan, .seeks = DEFAULT_SEEKS};
	unsigned long one_round;

	exhaust();
	oom_set_handler(NULL);
	register_shrinker(&boaster);
	scans = 0;
	EXPECT_EQ(alloc_page(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN), NULL);
	one_round = scans;
	EXPECT_GT(one_round, 0);
	scans = 0;
	EXPECT_EQ(alloc_pages(GFP_KERNEL | __GFP_NOWARN, 4), NULL);
	EXPECT_EQ(scans, one_round);
	scans = 0;
	EXPECT_EQ(alloc_pages(GFP_KERNEL | __GFP_NOWARN, 3), NULL);
	EXPECT_EQ(scans, 17 * one_round);
	unregister_shrinker(&boaster);
	recover();
}

/* Nothing hangs: a handler that always claims success is believed a bounded number of times. */
KTEST(reclaim, a_handler_that_lies_ends_in_null)
{
	exhaust();
	handler_lies = true;
	EXPECT_EQ(alloc_page(GFP_KERNEL | __GFP_NOWARN), NULL);
	EXPECT_GT(calls_of_handler, 0);
	EXPECT_LE(calls_of_handler, 64);
	recover();
}
