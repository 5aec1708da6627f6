/* SPDX-License-Identifier: MIT */
/*
 * watermark_test.c - who may take how much of a zone, and what a zone keeps from those who could use others.
 */
#include <mm/reclaim.h>

#include <lib/context.h>
#include <lib/errno.h>
#include <lib/ktest.h>
#include <lib/spinlock.h>
#include <lib/string.h>
#include <mm/gfp.h>
#include <mm/pcp.h>
#include "test_zone.h"

static void set_pageblock_type(struct zone *zone, unsigned long pfn, enum migratetype type)
{
	unsigned long flags;

	spin_lock_irqsave(&zone->lock, flags);
	move_freepages_block(zone, pfn, type);
	spin_unlock_irqrestore(&zone->lock, flags);
}

/* A zone of 512 pages, min 80, of which requests that admit higher zones leave 20 more. */
static struct zone *marked_zone(void)
{
	struct zone *zone = test_zone(512);

	if (!zone)
		return NULL;
	zone->watermark[WMARK_MIN] = 80;
	zone->watermark[WMARK_LOW] = 100;
	zone->watermark[WMARK_HIGH] = 120;
	zone->lowmem_reserve[ZONE_HIGHMEM] = 20;
	return zone;
}

static unsigned long spare(const struct zone *zone, gfp_t gfp)
{
	return zone_spare(zone, 0, ZONE_NORMAL, gfp_to_alloc_flags(gfp));
}

/* sem-P7, fault-P8: 512 - 80, 512 - 40, 512 - 30 and all. */
KTEST(watermark, each_kind_of_request_stops_at_a_mark_of_its_own)
{
	struct zone *zone = marked_zone();

	if (!zone)
		SKIP_TEST("no block of 4 MiB is free");
	EXPECT_EQ(zone_spare(zone, 0, ZONE_NORMAL, WMARK_LOW), 412);
	EXPECT_EQ(zone_spare(zone, 0, ZONE_NORMAL, WMARK_HIGH), 392);
	EXPECT_EQ(spare(zone, GFP_KERNEL), 432);
	EXPECT_EQ(spare(zone, GFP_KERNEL | __GFP_HIGH), 472);
	EXPECT_EQ(spare(zone, GFP_ATOMIC), 482);
	EXPECT_EQ(spare(zone, GFP_KERNEL | __GFP_MEMALLOC), 512);
	EXPECT_EQ(spare(zone, GFP_NOWAIT), 432); /* cannot wait, but has no claim to reserves */
	test_zone_end();
}

/* fault-P9: of a reserve that is asked for and refused at once, the refusal counts. */
KTEST(watermark, nomemalloc_keeps_the_last_reserve)
{
	struct zone *zone = marked_zone();

	if (!zone)
		SKIP_TEST("no block of 4 MiB is free");
	EXPECT_EQ(spare(zone, GFP_KERNEL | __GFP_MEMALLOC | __GFP_NOMEMALLOC), 432);
	EXPECT_EQ(spare(zone, GFP_ATOMIC | __GFP_NOMEMALLOC), 472);
	test_zone_end();
}

/* sem-P7: the reserve for those who need low memory is whole for every flag but MEMALLOC. */
KTEST(watermark, no_flag_reduces_the_lowmem_reserve)
{
	struct zone *zone = marked_zone();

	if (!zone)
		SKIP_TEST("no block of 4 MiB is free");
	EXPECT_EQ(zone_spare(zone, 0, ZONE_HIGHMEM, gfp_to_alloc_flags(GFP_KERNEL)), 412);
	EXPECT_EQ(zone_spare(zone, 0, ZONE_HIGHMEM, gfp_to_alloc_flags(GFP_ATOMIC)), 462);
	zone->lowmem_reserve[ZONE_HIGHMEM] = 500;
	EXPECT_EQ(zone_spare(zone, 0, ZONE_HIGHMEM, gfp_to_alloc_flags(GFP_ATOMIC)), 0);
	EXPECT_EQ(zone_spare(zone, 3, ZONE_NORMAL, gfp_to_alloc_flags(GFP_KERNEL)), 425);
	test_zone_end();
}

/* sem-P7: 1/256 of what lies above for DMA and DMA32, 1/32 for Normal; nothing from those who name the zone. */
KTEST(watermark, a_low_zone_keeps_a_share_of_what_lies_above)
{
	const struct zone *of_node = NODE_DATA(0)->zone;
	unsigned long above;
	enum zone_type low, high;

	for (low = 0; low < MAX_NR_ZONES; low++) {
		above = 0;
		for (high = 0; high < MAX_NR_ZONES; high++) {
			if (high > low)
				above += of_node[high].managed_pages;
			EXPECT_EQ(of_node[low].lowmem_reserve[high],
				  high > low ? above / lowmem_reserve_ratio[low] : 0);
			EXPECT_EQ(of_node[low].fast_mark[high],
				  of_node[low].watermark[WMARK_LOW] +
					  of_node[low].lowmem_reserve[high]);
		}
	}
}

/* What `gfp` gets before NULL, page by page, and then all back; what was left free in the zones that it may use. */
static unsigned long take_until_null(gfp_t gfp, struct list_head *held)
{
	unsigned long left = 0;
	struct page *page;
	struct zone *zone;

	while ((page = alloc_page(gfp | __GFP_NOWARN)))
		list_add(&page->lru, held);
	drain_all_pages();
	for_each_zone (zone)
		if (zone->type <= gfp_zone(gfp))
			left += zone->nr_free;
	return left;
}

/* fault-P8: on the machine itself; three requests in a row, each goes where the one before had to stop. */
KTEST(watermark, kernel_atomic_and_memalloc_stop_one_after_the_other)
{
	unsigned long at_min = 0, after_kernel, after_atomic, after_memalloc;
	struct page *page, *next;
	struct zone *zone;
	LIST_HEAD(held);

	for_each_zone (zone)
		if (zone->type <= ZONE_NORMAL && zone->managed_pages)
			at_min +=
				min(zone->watermark[WMARK_MIN] + zone->lowmem_reserve[ZONE_NORMAL],
				    zone->managed_pages);
	after_kernel = take_until_null(GFP_KERNEL | __GFP_NORETRY, &held);
	after_atomic = take_until_null(GFP_ATOMIC, &held);
	after_memalloc = take_until_null(GFP_KERNEL | __GFP_MEMALLOC, &held);
	list_for_each_entry_safe (page, next, &held, lru)
		__free_page(page);
	EXPECT_LE(after_kernel, at_min);
	EXPECT_GE(after_kernel + at_min / 4 + 8, at_min);
	EXPECT_LT(after_atomic, after_kernel);
	EXPECT_GT(after_atomic, 0);
	EXPECT_EQ(after_memalloc, 0);
}

/* sem-P7 */
KTEST(watermark, min_free_kbytes_can_be_set_and_everything_follows)
{
	unsigned long before = min_free_kbytes();
	struct zone *zone = zone_next(NULL);

	if (!pcp_is_enabled())
		SKIP_TEST("pages are watched, so no list keeps one");

	while (!zone->managed_pages)
		zone = zone_next(zone);
	EXPECT_EQ(min_free_kbytes_set(0), -EINVAL);
	EXPECT_EQ(min_free_kbytes_set(~0UL), -EINVAL);
	EXPECT_EQ(min_free_kbytes(), before);
	EXPECT_EQ(min_free_kbytes_set(before * 2), 0);
	EXPECT_EQ(min_free_kbytes(), before * 2);
	EXPECT_EQ(zone->watermark[WMARK_LOW], zone->watermark[WMARK_MIN] * 5 / 4);
	EXPECT_GE(zone->pageset[0].high, (int)(zone->watermark[WMARK_LOW] / NR_CPUS));
	EXPECT_EQ(min_free_kbytes_set(before), 0);
}

/* fault-P9: told each time; the request is tried all the same. */
KTEST(watermark, nonsense_about_failing_is_told_and_served)
{
	struct page *page = NULL;

	EXPECT_REPORT("order 5 that must not fail",
		      page = alloc_pages(GFP_KERNEL | __GFP_NOFAIL, 5));
	ASSERT_TEST(page);
	__free_pages(page, 5);
}

/* --- masks and where they are used ---------------------------------------------------------- */

/* sem-P8, fault-P9: whoever holds a lock may not wait; told with the rule, and served without waiting. */
KTEST(watermark, a_request_that_may_sleep_where_nobody_may_is_told_the_rule)
{
	static DEFINE_SPINLOCK(lock, LOCK_RANK_SLAB);
	bool held = context_rules_hold;
	struct page *page = NULL;
	unsigned long flags;

	WRITE_ONCE(context_rules_hold, true);
	spin_lock_irqsave(&lock, flags);
	EXPECT_REPORT("may sleep, but is asked for", page = alloc_pages_node(0, GFP_KERNEL, 0));
	EXPECT_TRUE(page);
	if (page)
		__free_page(page);
	page = alloc_pages_node(0, GFP_ATOMIC, 0);
	EXPECT_TRUE(page);
	spin_unlock_irqrestore(&lock, flags);
	WRITE_ONCE(context_rules_hold, held);
	if (page)
		__free_page(page);
}

/* fault-P9: a bit that means nothing is told, and does nothing. */
KTEST(watermark, bits_that_mean_nothing_are_told)
{
	struct page *page = NULL;

	EXPECT_REPORT("bits that mean nothing: 0x80000000",
		      page = alloc_page(GFP_KERNEL | 1U << 31));
	ASSERT_TEST(page);
	__free_page(page);
}

/* fault-P9: what must not fail may not give up either. */
KTEST(watermark, what_must_not_fail_and_may_not_reclaim_is_told)
{
	struct page *page = NULL;

	EXPECT_REPORT("must not fail, but may not reclaim",
		      page = alloc_page(GFP_ATOMIC | __GFP_NOFAIL));
	ASSERT_TEST(page);
	__free_page(page);
	EXPECT_REPORT("must not fail, but may not retry",
		      page = alloc_page(GFP_KERNEL | __GFP_NOFAIL | __GFP_NORETRY));
	ASSERT_TEST(page);
	__free_page(page);
}

/* fault-P11: pages of a CMA area count only for requests that can have them. */
KTEST(watermark, pages_of_a_cma_area_count_for_movable_requests_only)
{
	struct zone *zone = marked_zone();

	if (!zone)
		SKIP_TEST("no block of 4 MiB is free");
	zone->pageblock_order = 7;
	/* The first of four pageblocks is taken, and one page of the second, so that its 127 can change alone. */
	test_take(zone, 7);
	test_take(zone, 0);
	set_pageblock_type(zone, zone->start_pfn + 128, MIGRATE_CMA);
	EXPECT_EQ(zone->nr_cma, 1);
	EXPECT_EQ(spare(zone, GFP_KERNEL | __GFP_MOVABLE), gfp_mobility_mask ? 303 : 176);
	EXPECT_EQ(spare(zone, GFP_KERNEL), 176);
	EXPECT_EQ(spare(zone, GFP_ATOMIC), 226);
	set_pageblock_type(zone, zone->start_pfn + 128, MIGRATE_MOVABLE);
	EXPECT_EQ(zone->nr_cma, 0);
	EXPECT_EQ(spare(zone, GFP_KERNEL), 303);
	test_zone_end();
}

/* sem-P7: 0 takes a zone's reserve away, a smaller ratio makes it larger; nonsense is refused. */
KTEST(watermark, the_lowmem_reserve_ratio_can_be_set_and_everything_follows)
{
	unsigned int before[MAX_NR_ZONES], ratio[MAX_NR_ZONES] = {0, 128, 16, 0};
	const struct zone *of_node = NODE_DATA(0)->zone;
	unsigned long above = of_node[ZONE_NORMAL].managed_pages;

	memcpy(before, lowmem_reserve_ratio, sizeof(before));
	EXPECT_EQ(lowmem_reserve_ratio_set(ratio), 0);
	EXPECT_EQ(of_node[ZONE_DMA].lowmem_reserve[ZONE_NORMAL], 0);
	EXPECT_EQ(of_node[ZONE_DMA32].lowmem_reserve[ZONE_NORMAL], above / 128);
	ratio[ZONE_DMA] = ~0U;
	EXPECT_EQ(lowmem_reserve_ratio_set(ratio), -EINVAL);
	EXPECT_EQ(lowmem_reserve_ratio[ZONE_DMA], 0);
	EXPECT_EQ(lowmem_reserve_ratio_set(before), 0);
}
