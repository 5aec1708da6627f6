/* SPDX-License-Identifier: MIT */
/*
 * page_alloc_test.c - alloc_pages and its relatives keep what they promise.
 */
#include <mm/gfp.h>

#include <arch/cpu.h>
#include <arch/memory.h>
#include <lib/ktest.h>
#include <mm/buddy.h>
#include <mm/pcp.h>
#include <mm/reclaim.h>
#include <mm/direct_map.h>
#include <mm/fixmap.h>

/* --- the plain forms --------------------------------------------------------------- */

/* sem-P1, sem-P5, sem-P9: aligned, one user on the first page, none on the others, missing once. */
KTEST(page_alloc, every_order_gives_an_aligned_block_with_one_user)
{
	unsigned long free = nr_idle_pages(), i;
	unsigned int order;
	struct page *page;

	for (order = 0; order < MAX_ORDER; order++) {
		page = alloc_pages(GFP_KERNEL | __GFP_NOWARN, order);
		if (!page && order >= PAGEBLOCK_ORDER)
			break; /* with 8 MiB no block of 4 MiB is free, maybe none of 2 MiB */
		ASSERT_TEST(page);
		EXPECT_EQ(nr_idle_pages(), free - (1UL << order));
		EXPECT_EQ(page_to_pfn(page) % (1UL << order), 0);
		EXPECT_EQ(page->order, order);
		EXPECT_EQ(page->flags, PG_OWNED);
		EXPECT_EQ(page->refcount, 1);
		for (i = 1; i < 1UL << order; i++)
			EXPECT_EQ(page[i].refcount, 0);
		__free_pages(page, order);
		EXPECT_EQ(nr_idle_pages(), free);
	}
}

/* sem-P1, fault-P1 */
KTEST(page_alloc, an_order_that_is_too_large_gives_nothing_and_one_warning)
{
	EXPECT_REPORT("order 11 is too large", EXPECT_EQ(alloc_pages(GFP_KERNEL, 11), NULL));
	EXPECT_REPORT("too large", EXPECT_EQ(alloc_pages(GFP_KERNEL, ~0U), NULL));
	EXPECT_REPORT("too large", EXPECT_EQ(__get_free_pages(GFP_KERNEL, MAX_ORDER), 0));
	EXPECT_EQ(alloc_pages(GFP_KERNEL | __GFP_NOWARN, MAX_ORDER), NULL);
	EXPECT_EQ(alloc_pages(GFP_KERNEL | __GFP_NOWARN, ~0U), NULL);
}

KTEST(page_alloc, addresses_are_usable_memory_in_the_direct_map)
{
	unsigned long address = __get_free_pages(GFP_KERNEL, 2);
	unsigned long single = __get_free_page(GFP_ATOMIC);

	ASSERT_TEST(address && single);
	EXPECT_TRUE(virt_addr_valid((void *)address));
	EXPECT_EQ(address % (PAGE_SIZE << 2), 0);
	memset((void *)address, 0x5a, PAGE_SIZE << 2);
	memset((void *)single, 0xa5, PAGE_SIZE);
	EXPECT_EQ(memchr_inv((void *)address, 0x5a, PAGE_SIZE << 2), NULL);
	free_pages(address, 2);
	free_page(single);
}

/* sem-P10, fault-P5 */
KTEST(page_alloc, freeing_address_zero_does_nothing)
{
	unsigned long free = nr_idle_pages();

	free_pages(0, 0);
	free_pages(0, MAX_PAGE_ORDER);
	free_pages_exact(NULL, 3 * PAGE_SIZE);
	EXPECT_EQ(nr_idle_pages(), free);
}

KTEST(page_alloc, a_node_that_does_not_exist_gives_nothing_and_one_warning)
{
	struct page *page = alloc_pages_node(0, GFP_KERNEL | __GFP_THISNODE, 0);

	ASSERT_TEST(page);
	EXPECT_EQ(page_to_nid(page), 0);
	__free_page(page);
	EXPECT_REPORT("node 63 does not exist",
		      EXPECT_EQ(alloc_pages_node(63, GFP_KERNEL, 0), NULL));
}

KTEST(page_alloc, the_order_of_a_size_is_that_of_the_smallest_block_that_holds_it)
{
	EXPECT_EQ(get_order(0), 0);
	EXPECT_EQ(get_order(1), 0);
	EXPECT_EQ(get_order(PAGE_SIZE), 0);
	EXPECT_EQ(get_order(PAGE_SIZE + 1), 1);
	EXPECT_EQ(get_order(2 * PAGE_SIZE), 1);
	EXPECT_EQ(get_order(4 * MiB), MAX_PAGE_ORDER);
	EXPECT_EQ(get_order(4 * MiB + 1), MAX_ORDER);
	EXPECT_EQ(get_order(~0UL), 52);
}

/* --- zeroed ------------------------------------------------------------------------- */

KTEST(page_alloc, zeroed_pages_are_zero_where_old_data_was)
{
	unsigned long address = __get_free_pages(GFP_KERNEL, 3);

	ASSERT_TEST(address);
	memset((void *)address, 0xa5, PAGE_SIZE << 3);
	free_pages(address, 3);
	/* The last block freed is the first taken, so this is the same memory. */
	address = __get_free_pages(GFP_KERNEL | __GFP_ZERO, 3);
	ASSERT_TEST(address);
	EXPECT_EQ(memchr_inv((void *)address, 0, PAGE_SIZE << 3), NULL);
	memset((void *)address, 0xa5, PAGE_SIZE << 3);
	free_pages(address, 3);
	address = get_zeroed_page(GFP_KERNEL);
	ASSERT_TEST(address);
	EXPECT_EQ(memchr_inv((void *)address, 0, PAGE_SIZE), NULL);
	free_page(address);
}

static void fill_through_window(struct page *page, int byte)
{
	unsigned long flags = arch_irq_save();

	memset(fixmap_window_open(page_to_phys(page)), byte, PAGE_SIZE);
	fixmap_window_close();
	arch_irq_restore(flags);
}

static bool is_zero_through_window(struct page *page)
{
	unsigned long flags = arch_irq_save();
	bool zero = !memchr_inv(fixmap_window_open(page_to_phys(page)), 0, PAGE_SIZE);

	fixmap_window_close();
	arch_irq_restore(flags);
	return zero;
}

/* High memory has no address: it is cleared a page at a time through this CPU's window. */
KTEST(page_alloc, high_memory_is_zeroed_through_the_window)
{
	struct page *page, *again;

	if (!NODE_DATA(0)->zone[ZONE_HIGHMEM].nr_free)
		SKIP_TEST("no high memory");
	page = alloc_pages(GFP_HIGHUSER, 1);
	ASSERT_TEST(page);
	EXPECT_EQ(page_address(page), NULL);
	fill_through_window(page, 0xa5);
	fill_through_window(page + 1, 0xa5);
	__free_pages(page, 1);
	again = alloc_pages(GFP_HIGHUSER | __GFP_ZERO, 1);
	ASSERT_TEST(again == page);
	EXPECT_TRUE(is_zero_through_window(page));
	EXPECT_TRUE(is_zero_through_window(page + 1));
	__free_pages(page, 1);
}

/* --- limits ------------------------------------------------------------------------- */

/* Everything that a mask can get, the largest blocks first, on a list. */
static unsigned long take_all(gfp_t gfp, struct list_head *held)
{
	int order = MAX_PAGE_ORDER;
	unsigned long nr_pages = 0;
	struct page *page;

	while (order >= 0) {
		page = alloc_pages(gfp | __GFP_NOWARN | __GFP_MEMALLOC, (unsigned int)order);
		if (!page) {
			order--;
			continue;
		}
		list_add(&page->lru, held);
		nr_pages += 1UL << order;
	}
	return nr_pages;
}

static void give_all(struct list_head *held)
{
	struct page *page, *next;

	list_for_each_entry_safe (page, next, held, lru) {
		list_del(&page->lru);
		__free_pages(page, page->order);
	}
}

/* sem-P11, fault-P7: a limit is kept to the last page; then NULL, though others have memory. */
KTEST(page_alloc, a_limit_is_never_passed)
{
	static const gfp_t masks[] = {GFP_DMA, GFP_DMA32, GFP_KERNEL};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(masks); i++) {
		enum zone_type highest = gfp_zone(masks[i]);
		unsigned long wanted = 0, taken;
		struct page *page;
		struct zone *zone;
		LIST_HEAD(held);

		drain_all_pages();
		for_each_zone (zone)
			if (zone->type <= highest)
				wanted += zone->nr_free;
		taken = take_all(masks[i], &held);
		EXPECT_EQ(taken, wanted);
		list_for_each_entry (page, &held, lru)
			EXPECT_LT(page_to_pfn(page), zone_end_pfn(highest));
		EXPECT_EQ(alloc_pages(masks[i] | __GFP_NOWARN | __GFP_MEMALLOC, 0), NULL);
		give_all(&held);
	}
}

/* High memory first, then Normal, DMA32 and DMA: low memory is for those who can use no other. Then the next node. */
KTEST(page_alloc, zones_are_used_from_the_highest_down)
{
	enum zone_type last = ZONE_HIGHMEM;
	struct page *page;
	struct zone *zone;
	int nid = -1;
	LIST_HEAD(held);

	take_all(GFP_HIGHUSER, &held);
	EXPECT_EQ(nr_idle_pages(), 0);
	give_all(&held);
	while ((page = alloc_pages(GFP_HIGHUSER | __GFP_NOWARN, 5))) {
		list_add(&page->lru, &held);
		/* Once none is above `low`, the walk begins anew with `min`. */
		if (page_to_nid(page) == nid && page_zone_type(page) > last)
			break;
		last = page_zone_type(page);
		nid = page_to_nid(page);
	}
	for_each_populated_zone (zone)
		if (page)
			EXPECT_EQ(zone_spare(zone, 5, ZONE_HIGHMEM, WMARK_LOW), 0);
	give_all(&held);
}

KTEST(page_alloc, dma_pages_are_below_the_dma_end)
{
	unsigned long address = __get_dma_pages(GFP_KERNEL | __GFP_NOWARN, 1);

	if (!address)
		SKIP_TEST("the DMA zone is empty");
	EXPECT_LE(direct_map_to_phys((void *)address) + 2 * PAGE_SIZE, arch_dma_end());
	free_pages(address, 1);
}

/* fault-P9: told each time, and the strictest limit counts. */
KTEST(page_alloc, limits_that_contradict_each_other_warn_and_the_strictest_counts)
{
	struct page *page = NULL;

	EXPECT_REPORT("contradict", page = alloc_pages(GFP_DMA | GFP_HIGHUSER | __GFP_NOWARN, 0));
	if (page) {
		EXPECT_EQ(page_zone_type(page), ZONE_DMA);
		__free_page(page);
	}
	EXPECT_REPORT("contradict", page = alloc_pages(GFP_DMA32 | GFP_HIGHUSER, 0));
	ASSERT_TEST(page);
	EXPECT_LE(page_zone_type(page), ZONE_DMA32);
	__free_page(page);
}

/* sem-P11 */
KTEST(page_alloc, addresses_of_high_memory_are_refused)
{
	unsigned long free = nr_idle_pages();

	EXPECT_REPORT("high memory has no address",
		      EXPECT_EQ(__get_free_pages(GFP_HIGHUSER, 0), 0));
	EXPECT_REPORT("high memory has no address", EXPECT_EQ(get_zeroed_page(GFP_HIGHUSER), 0));
	EXPECT_EQ(nr_idle_pages(), free);
}

/* --- exhaustion ----------------------------------------------------------------------- */

struct histogram {
	unsigned long nr[MAX_NUMNODES * MAX_NR_ZONES][MAX_ORDER];
};

static void take_histogram(struct histogram *histogram)
{
	struct zone *zone;
	unsigned int order, i = 0;

	drain_all_pages();
	for_each_zone (zone) {
		for (order = 0; order < MAX_ORDER; order++)
			histogram->nr[i][order] = zone->free_area[order].nr_free;
		i++;
	}
}

/* Deal `held` out onto many lists by a fixed sequence, so that pages come back in no order. */
#define NR_PILES 61
static void give_all_shuffled(struct list_head *held)
{
	static struct list_head pile[NR_PILES];
	struct page *page, *next;
	uint32_t seed = 7;
	unsigned int i;

	for (i = 0; i < NR_PILES; i++)
		INIT_LIST_HEAD(&pile[i]);
	list_for_each_entry_safe (page, next, held, lru) {
		seed = seed * 1664525u + 1013904223u;
		if (seed >> 31)
			list_move(&page->lru, &pile[(seed >> 8) % NR_PILES]);
		else
			list_move_tail(&page->lru, &pile[(seed >> 8) % NR_PILES]);
	}
	for (i = 0; i < NR_PILES; i++)
		give_all(&pile[i]);
}

/* fault-P2: every single page, then none; all given back in random order are the same blocks as before. */
KTEST(page_alloc, taking_everything_and_giving_it_back_restores_every_list)
{
	static struct histogram before, after;
	unsigned long free = nr_idle_pages(), taken = 0;
	struct page *page;
	LIST_HEAD(held);

	take_histogram(&before);
	while ((page = alloc_page(GFP_HIGHUSER | __GFP_NOWARN | __GFP_MEMALLOC))) {
		list_add(&page->lru, &held);
		taken++;
	}
	EXPECT_EQ(taken, free);
	EXPECT_EQ(nr_idle_pages(), 0);
	EXPECT_TRUE(page_check());
	EXPECT_EQ(alloc_page(GFP_ATOMIC | __GFP_NOWARN), NULL);
	EXPECT_EQ(alloc_pages(GFP_HIGHUSER | __GFP_NOWARN, MAX_PAGE_ORDER), NULL);
	give_all_shuffled(&held);
	take_histogram(&after);
	EXPECT_EQ(nr_idle_pages(), free);
	EXPECT_EQ(memcmp(&before, &after, sizeof(before)), 0);
}

/* sem-P8: never NULL; with nothing to reclaim the machine says so and stops. */
KTEST_PANIC(page_alloc, what_must_not_fail_panics_when_memory_is_gone, "must not fail")
{
	LIST_HEAD(held);

	take_all(GFP_HIGHUSER, &held);
	EXPECT_EQ(alloc_page(GFP_KERNEL | __GFP_NOFAIL), NULL);
}

/* --- compound pages and references ------------------------------------------------------ */

/*
 *	| HEAD 2 (1) | TAIL | TAIL | TAIL |	sem-P9
 */
KTEST(page_alloc, a_compound_page_is_one_through_each_of_its_pages)
{
	unsigned long free = nr_idle_pages();
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_COMP, 2);
	unsigned int i;

	ASSERT_TEST(page);
	EXPECT_EQ(page->flags, PG_OWNED | PG_HEAD);
	for (i = 0; i < 4; i++)
		EXPECT_EQ(compound_head(page + i), page);
	get_page(page + 3);
	EXPECT_EQ(page->refcount, 2);
	EXPECT_EQ(page[3].refcount, 0);
	__free_pages(page, 2);
	EXPECT_EQ(nr_idle_pages(), free - 4); /* somebody has it still */
	EXPECT_TRUE(page_check());
	put_page(page + 1);
	EXPECT_EQ(nr_idle_pages(), free);
	EXPECT_FALSE(page[1].flags & PG_TAIL);
}

KTEST(page_alloc, the_last_put_frees_the_whole_block)
{
	unsigned long free = nr_idle_pages();
	struct page *page = alloc_pages(GFP_KERNEL, 3);

	ASSERT_TEST(page);
	get_page(page);
	put_page(page);
	EXPECT_EQ(nr_idle_pages(), free - 8);
	put_page(page);
	EXPECT_EQ(nr_idle_pages(), free);
}

/*
 *	| 0 (2) | 1 | 2   3 | 4           7 |	free order 3
 *	| 0 (1) |[0]|[  1  ]|[     2       ]|	sem-P9: nothing is lost
 */
KTEST(page_alloc, a_block_that_is_referenced_elsewhere_frees_its_other_pages)
{
	unsigned long free = nr_idle_pages();
	struct page *page;

	if (!pcp_is_enabled())
		SKIP_TEST("pages are watched, so no list keeps one");
	page = alloc_pages(GFP_KERNEL, 3);
	ASSERT_TEST(page);
	get_page(page);
	__free_pages(page, 3);
	EXPECT_EQ(nr_idle_pages(), free - 1);
	EXPECT_EQ(page->flags, PG_OWNED);
	EXPECT_EQ(page->order, 0);
	EXPECT_EQ(page->refcount, 1);
	EXPECT_EQ(page[1].flags, PG_PCP);
	EXPECT_TRUE(page_check());
	put_page(page);
	EXPECT_EQ(nr_idle_pages(), free);
}

KTEST(page_alloc, a_compound_page_that_is_referenced_elsewhere_stays_whole)
{
	unsigned long free = nr_idle_pages();
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_COMP, 3);

	ASSERT_TEST(page);
	get_page(page);
	__free_pages(page, 3);
	EXPECT_EQ(nr_idle_pages(), free - 8);
	EXPECT_EQ(page->order, 3);
	put_page(page);
	EXPECT_EQ(nr_idle_pages(), free);
}

/* sem-P9, fault-P14 */
KTEST(page_alloc, a_split_block_is_single_pages_with_one_user_each)
{
	unsigned long free = nr_idle_pages();
	struct page *page = alloc_pages(GFP_KERNEL, 2);
	unsigned int i;

	ASSERT_TEST(page);
	split_page(page, 2);
	for (i = 0; i < 4; i++) {
		EXPECT_EQ(page[i].flags, PG_OWNED);
		EXPECT_EQ(page[i].order, 0);
		EXPECT_EQ(page[i].refcount, 1);
	}
	EXPECT_TRUE(page_check());
	__free_page(page + 2);
	put_page(page);
	__free_page(page + 3);
	EXPECT_EQ(nr_idle_pages(), free - 1);
	__free_page(page + 1);
	EXPECT_EQ(nr_idle_pages(), free);
}

/*
 *	| T | T | T | T | T |[0]|[  1  ]|	five pages of a block of eight
 */
KTEST(page_alloc, an_exact_allocation_takes_its_pages_and_no_more)
{
	unsigned long free = nr_idle_pages();
	char *memory = alloc_pages_exact(5 * PAGE_SIZE - 100, GFP_KERNEL);

	ASSERT_TEST(memory);
	EXPECT_EQ(nr_idle_pages(), free - 5);
	memset(memory, 0x5a, 5 * PAGE_SIZE);
	EXPECT_TRUE(page_check());
	free_pages_exact(memory, 5 * PAGE_SIZE - 100);
	EXPECT_EQ(nr_idle_pages(), free);

	EXPECT_EQ(alloc_pages_exact(0, GFP_KERNEL), NULL);
	EXPECT_REPORT("too large", EXPECT_EQ(alloc_pages_exact(4 * MiB + 1, GFP_KERNEL), NULL));
	EXPECT_REPORT("too large", EXPECT_EQ(alloc_pages_exact(~0UL, GFP_KERNEL), NULL));
	EXPECT_EQ(nr_idle_pages(), free);
}

/* --- many at once ------------------------------------------------------------------------ */

/* fault-P14: empty slots are filled, full ones kept; the count is exact. */
KTEST(page_alloc, a_bulk_request_fills_the_empty_slots)
{
	unsigned long free = nr_idle_pages();
	struct page *page[20] = {NULL}, *mine = alloc_page(GFP_KERNEL);
	unsigned int i, j;

	ASSERT_TEST(mine);
	page[3] = mine;
	EXPECT_EQ(alloc_pages_bulk(GFP_KERNEL, 20, page), 20);
	EXPECT_EQ(page[3], mine);
	EXPECT_EQ(nr_idle_pages(), free - 20);
	for (i = 0; i < 20; i++)
		for (j = 0; j < i; j++)
			EXPECT_NE(page[i], page[j]);
	EXPECT_EQ(alloc_pages_bulk(GFP_KERNEL, 20, page), 20); /* nothing to do */
	EXPECT_EQ(alloc_pages_bulk(GFP_KERNEL, 0, NULL), 0);
	EXPECT_EQ(nr_idle_pages(), free - 20);
	for (i = 0; i < 20; i++)
		__free_page(page[i]);
	EXPECT_EQ(nr_idle_pages(), free);
}

/* fault-P14: when memory ends in the middle, what was got is the caller's and counted, and nothing else changed. */
KTEST(page_alloc, a_bulk_request_that_ends_early_says_how_many_it_got)
{
	struct page *page, *next, *five[8] = {NULL};
	unsigned long free = nr_idle_pages(), got;
	LIST_HEAD(held);
	LIST_HEAD(few);

	while ((page = alloc_page(GFP_HIGHUSER | __GFP_NOWARN | __GFP_MEMALLOC)))
		list_add(&page->lru, &held);
	for (int i = 0; i < 5; i++) {
		page = list_first_entry(&held, struct page, lru);
		list_del(&page->lru);
		__free_page(page);
	}
	got = alloc_pages_bulk(GFP_HIGHUSER | __GFP_NOWARN | __GFP_MEMALLOC | __GFP_NORETRY, 8,
			       five);
	EXPECT_EQ(got, 5);
	EXPECT_TRUE(five[4]);
	EXPECT_EQ(five[5], NULL);
	for (unsigned long i = 0; i < got; i++)
		__free_page(five[i]);
	got = alloc_pages_bulk_list(GFP_HIGHUSER | __GFP_NOWARN | __GFP_MEMALLOC | __GFP_NORETRY, 8,
				    &few);
	EXPECT_EQ(got, 5);
	list_for_each_entry_safe (page, next, &few, lru)
		__free_page(page);
	give_all(&held);
	EXPECT_EQ(nr_idle_pages(), free);
}
