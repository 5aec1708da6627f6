/* SPDX-License-Identifier: MIT */
/*
 * deferred_test.c - free blocks without struct pages: nobody can tell them from others.
 *
 * Where all struct pages are written (deferred=off, poisoned pages, a machine too small) there is nothing to test. The tests
 * stand before those of page.c, which write them all on a machine that is not fresh for each test.
 */
#include <mm/deferred.h>

#include <lib/ktest.h>
#include <lib/string.h>
#include <mm/buddy.h>
#include <mm/direct_map.h>
#include <mm/memblock.h>
#include <mm/migrate.h>
#include <mm/pcp.h>

/* The first frame of a deferred block, or 0. */
static unsigned long deferred_pfn(void)
{
	unsigned long pfn;
	struct zone *zone;

	for_each_populated_zone (zone)
		for (pfn = ALIGN_UP(zone->start_pfn, MAX_ORDER_NR_PAGES); zone_spans_pfn(zone, pfn);
		     pfn += MAX_ORDER_NR_PAGES)
			if (pfn_is_deferred(pfn))
				return pfn;
	return 0;
}

static struct zone *zone_having(unsigned long pfn)
{
	struct zone *zone;

	for_each_populated_zone (zone)
		if (zone_has_frame(zone, pfn))
			return zone;
	return NULL;
}

static bool everything_holds(void)
{
	struct zone *zone;
	bool good = true;

	for_each_populated_zone (zone)
		good = buddy_check(zone) && good;
	return page_check() && good;
}

/* What the zone says of free memory. */
struct figures {
	unsigned long free, blocks, movable, managed, pageblocks[MIGRATE_TYPES];
};

static struct figures figures_of(const struct zone *zone)
{
	const struct free_area *area = &zone->free_area[MAX_PAGE_ORDER];
	struct figures figures = {zone->nr_free,
				  area->nr_free,
				  area->nr_of_type[MIGRATE_MOVABLE],
				  zone->managed_pages,
				  {0}};

	pageblocks_count(zone, figures.pageblocks);
	return figures;
}

#define FIND_DEFERRED(pfn, zone)                                                                   \
	do {                                                                                       \
		pfn = deferred_pfn();                                                              \
		if (!pfn)                                                                          \
			SKIP_TEST("no block is deferred");                                         \
		zone = zone_having(pfn);                                                           \
		ASSERT_TEST(zone);                                                                 \
	} while (0)

KTEST(deferred, a_block_that_gets_its_struct_pages_changes_no_figure)
{
	struct figures before, after;
	unsigned long pfn, deferred;
	struct page *page;
	struct zone *zone;

	FIND_DEFERRED(pfn, zone);
	EXPECT_FALSE(pfn_valid(pfn));
	before = figures_of(zone);
	deferred = zone->nr_deferred;
	page = page_materialise(pfn + 777);
	EXPECT_EQ(page, pfn_to_page(pfn + 777));
	EXPECT_EQ(page->flags, 0);
	EXPECT_EQ(pfn_to_page(pfn)->flags, PG_BUDDY);
	EXPECT_EQ(pfn_to_page(pfn)->order, MAX_PAGE_ORDER);
	after = figures_of(zone);
	EXPECT_EQ(memcmp(&before, &after, sizeof(after)), 0);
	EXPECT_EQ(zone->nr_deferred, deferred - 1);
	EXPECT_EQ(page_materialise(pfn), pfn_to_page(pfn));
	EXPECT_EQ(zone->nr_deferred, deferred - 1);
	EXPECT_FALSE(pfn_is_deferred(pfn));
	EXPECT_TRUE(pfn_valid(pfn + MAX_ORDER_NR_PAGES - 1));
	EXPECT_TRUE(everything_holds());
}

KTEST(deferred, a_frame_that_is_no_ram_cannot_be_written)
{
	unsigned long end = memblock_end_of_DRAM() >> PAGE_SHIFT;

	EXPECT_EQ(page_materialise(ALIGN_UP(end, MAX_ORDER_NR_PAGES)), NULL);
	EXPECT_EQ(page_materialise(~0UL), NULL);
	EXPECT_FALSE(pfn_is_deferred(~0UL));
	EXPECT_FALSE(page_is_deferred(NULL));
	EXPECT_FALSE(page_is_deferred((struct page *)~0UL));
}

/* fault-P3, fault-P5: it is free, whatever its struct page would say; and it is still not written. */
KTEST(deferred, a_free_of_memory_that_nobody_was_given_is_refused)
{
	unsigned long pfn, idle = nr_idle_pages();
	struct page *page;
	struct zone *zone;
	char text[128];

	FIND_DEFERRED(pfn, zone);
	page = pfn_to_page(pfn + 5);
	EXPECT_REPORT("__free_pages: page freed twice", __free_page(page));
	EXPECT_REPORT("page freed twice", __free_pages(pfn_to_page(pfn), MAX_PAGE_ORDER));
	EXPECT_REPORT("get_page: page freed twice", get_page(page));
	EXPECT_REPORT("put_page: page freed twice", put_page(page));
	if (zone->type != ZONE_HIGHMEM)
		EXPECT_REPORT("free_pages: page freed twice",
			      free_page((unsigned long)phys_to_virt((pfn + 5) << PAGE_SHIFT)));
	EXPECT_EQ(page_block(page), NULL);
	EXPECT_GT(page_describe(page, text, sizeof(text)), 0);
	EXPECT_TRUE(strstr(text, "deferred"));
	EXPECT_TRUE(pfn_is_deferred(pfn));
	EXPECT_EQ(nr_idle_pages(), idle);
}

KTEST(deferred, a_block_that_changes_its_type_lets_the_next_one_in)
{
	unsigned long pfn, free;
	struct list_head *list;
	struct page *page;
	struct zone *zone;

	FIND_DEFERRED(pfn, zone);
	free = zone->nr_free;
	list = &zone->free_area[MAX_PAGE_ORDER].free_list[MIGRATE_MOVABLE];
	page = page_materialise(pfn);
	set_pageblock_migratetype(page, MIGRATE_ISOLATE);
	EXPECT_EQ(zone->nr_free, free);
	EXPECT_TRUE(everything_holds());
	/* Until the list had but one block left: then one is pulled. */
	while (list->next != list && zone->nr_deferred) {
		page = list_first_entry(list, struct page, lru);
		set_pageblock_migratetype(page, MIGRATE_ISOLATE);
		if (list_empty(list))
			break;
	}
	EXPECT_TRUE(!list_empty(list) || !zone->nr_deferred);
	EXPECT_TRUE(everything_holds());
	for (pfn = zone->start_pfn; zone_spans_pfn(zone, pfn); pfn += 1UL << PAGEBLOCK_ORDER)
		if (pfn_valid(pfn) && zone_has_frame(zone, pfn) &&
		    pageblock_type(zone, pfn) == MIGRATE_ISOLATE)
			set_pageblock_migratetype(pfn_to_page(pfn), MIGRATE_MOVABLE);
	EXPECT_EQ(zone->nr_isolated, 0);
	EXPECT_EQ(zone->nr_free, free);
}

/* F2, F3, F1. */
KTEST(deferred, the_proofs_see_a_wrong_count_an_empty_list_and_a_block_that_is_nowhere)
{
	struct list_head *list, whole;
	unsigned long pfn, unit;
	struct zone *zone;
	unsigned long *word;

	FIND_DEFERRED(pfn, zone);
	zone->nr_deferred++;
	EXPECT_FALSE(buddy_check(zone));
	EXPECT_FALSE(page_check());
	zone->nr_deferred--;

	list = &zone->free_area[MAX_PAGE_ORDER].free_list[MIGRATE_MOVABLE];
	whole = *list;
	INIT_LIST_HEAD(list);
	EXPECT_FALSE(buddy_check(zone));
	*list = whole;

	unit = memblock_start_of_DRAM() >> PAGE_SHIFT >> PAGE_UNIT_SHIFT;
	word = &page_unit_chunks[unit >> PAGE_CHUNK_SHIFT]
				[unit % BIT(PAGE_CHUNK_SHIFT) / BITS_PER_LONG];
	*word ^= BIT(unit % BITS_PER_LONG);
	EXPECT_FALSE(page_check());
	*word ^= BIT(unit % BITS_PER_LONG);
	EXPECT_TRUE(everything_holds());
}

/* Take blocks until there are none; returns the last, the others hang on its list. */
static struct page *take_all(unsigned int order, gfp_t gfp, unsigned long *nr)
{
	struct page *page, *last = NULL;

	for (*nr = 0; (page = alloc_pages(gfp | __GFP_NOWARN | __GFP_MEMALLOC, order)); ++*nr) {
		page->owner.private = (unsigned long)last;
		last = page;
	}
	return last;
}

static void give_all(struct page *last, unsigned int order)
{
	struct page *page;

	while ((page = last)) {
		last = (struct page *)page->owner.private;
		page->owner.private = 0;
		__free_pages(page, order);
	}
}

/* One order and kind after the other; what is taken first pulls, what follows finds all written. */
static void exhaust(unsigned int order, gfp_t gfp)
{
	unsigned long before[MAX_ORDER] = {0}, nr;
	struct page *last;
	struct zone *zone;
	unsigned int i;

	if (totalram_pages() > 4 * GiB / PAGE_SIZE)
		SKIP_TEST("too much memory to take all of it");
	drain_all_pages();
	for_each_populated_zone (zone)
		for (i = 0; i < MAX_ORDER; i++)
			before[i] += zone->free_area[i].nr_free;
	last = take_all(order, gfp, &nr);
	EXPECT_EQ(nr_deferred_blocks(), 0);
	EXPECT_GT(nr, 0);
	give_all(last, order);
	drain_all_pages();
	for_each_populated_zone (zone)
		for (i = 0; i < MAX_ORDER; i++)
			before[i] -= zone->free_area[i].nr_free;
	for (i = 0; i < MAX_ORDER; i++)
		EXPECT_EQ(before[i], 0);
}

/* Not the next one to be pulled, but the last of its range: the pulling passes over it later. */
KTEST(deferred, any_block_of_a_range_can_be_wanted_first)
{
	unsigned long pfn, last, nr;
	struct zone *zone;
	bool is_free = false;

	FIND_DEFERRED(pfn, zone);
	nr = deferred_length(pfn, pfn + zone->spanned_pages, &is_free);
	ASSERT_TEST(nr && is_free);
	last = pfn + nr - 1;
	EXPECT_TRUE(page_materialise(last));
	EXPECT_TRUE(page_materialise(ALIGN_DOWN(pfn + nr / 2, MAX_ORDER_NR_PAGES)));
	EXPECT_TRUE(everything_holds());
	exhaust(MAX_PAGE_ORDER, GFP_KERNEL | __GFP_HIGHMEM);
}

/* fault-P2 with deferred blocks: down to the last one, and the same histogram afterwards. */
KTEST(deferred, movable_blocks_of_four_pages_come_from_the_last_deferred_block_too)
{
	unsigned long pfn;
	struct zone *zone;

	FIND_DEFERRED(pfn, zone);
	exhaust(2, GFP_HIGHUSER_MOVABLE);
}

KTEST(deferred, unmovable_blocks_of_the_largest_order_come_from_the_last_deferred_block_too)
{
	unsigned long pfn;
	struct zone *zone;

	FIND_DEFERRED(pfn, zone);
	exhaust(MAX_PAGE_ORDER, GFP_KERNEL | __GFP_HIGHMEM);
}

KTEST(deferred, reclaimable_blocks_of_half_a_mib_come_from_the_last_deferred_block_too)
{
	unsigned long pfn;
	struct zone *zone;

	FIND_DEFERRED(pfn, zone);
	exhaust(7, GFP_KERNEL | __GFP_HIGHMEM | __GFP_RECLAIMABLE);
}

KTEST(deferred, all_can_be_written_at_once)
{
	unsigned long free = nr_free_pages(), pfn;
	struct zone *zone;

	FIND_DEFERRED(pfn, zone);
	if (totalram_pages() > 4 * GiB / PAGE_SIZE)
		SKIP_TEST("too much memory to write all of it");
	page_materialise_all();
	EXPECT_EQ(nr_deferred_blocks(), 0);
	EXPECT_EQ(nr_free_pages(), free);
	EXPECT_TRUE(everything_holds());
}
