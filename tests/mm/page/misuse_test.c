/* SPDX-License-Identifier: MIT */
/*
 * misuse_test.c - pages given back wrongly: one report each, and nothing has changed (sem-P12).
 */
#include <mm/gfp.h>
#include <mm/pcp.h>

#include <lib/check.h>
#include <lib/ktest.h>
#include <mm/buddy.h>
#include <mm/pcp.h>
#include <mm/direct_map.h>
#include <mm/memblock.h>
#include "test_zone.h"

/* One report of that title; the page, its block and the free count are as before. */
#define EXPECT_REFUSED(title, page_, ...)                                                          \
	do {                                                                                       \
		struct page before_ = *(page_);                                                    \
		unsigned long free_ = nr_idle_pages();                                             \
		EXPECT_REPORT(title, __VA_ARGS__);                                                 \
		EXPECT_EQ(memcmp(&before_, page_, sizeof(before_)), 0);                            \
		EXPECT_EQ(nr_idle_pages(), free_);                                                 \
		EXPECT_TRUE(page_check());                                                         \
	} while (0)

/* fault-P3 */
KTEST(page_misuse, a_second_free_of_a_page_is_refused)
{
	struct page *page = alloc_page(GFP_KERNEL);

	ASSERT_TEST(page);
	__free_page(page);
	EXPECT_REFUSED("__free_pages: page freed twice", page, __free_page(page));
	EXPECT_REFUSED("free_pages: page freed twice", page,
		       free_page((unsigned long)page_address(page)));
}

/* fault-P3: after the first free the block has merged, and its first page may lie inside a larger one. */
KTEST(page_misuse, a_second_free_of_a_block_is_refused)
{
	struct page *page = alloc_pages(GFP_KERNEL, 3);

	ASSERT_TEST(page);
	__free_pages(page, 3);
	EXPECT_REFUSED("page freed twice", page, __free_pages(page, 3));
	EXPECT_REFUSED("page freed twice", page + 4, __free_pages(page + 4, 2));
}

/* fault-P4 */
KTEST(page_misuse, a_free_with_another_order_is_refused)
{
	struct page *page = alloc_pages(GFP_KERNEL, 2);

	ASSERT_TEST(page);
	EXPECT_REFUSED("__free_pages: wrong order", page, __free_pages(page, 1));
	EXPECT_REFUSED("wrong order", page, __free_pages(page, 3));
	EXPECT_REFUSED("wrong order", page, __free_pages(page, 0));
	EXPECT_REFUSED("wrong order", page, __free_pages(page, MAX_ORDER));
	EXPECT_REFUSED("wrong order", page, __free_pages(page, ~0U));
	EXPECT_REFUSED("split_page: wrong order", page, split_page(page, 3));
	__free_pages(page, 2);
}

/* fault-P5 */
KTEST(page_misuse, a_free_through_a_tail_is_refused)
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_COMP, 2);

	ASSERT_TEST(page);
	EXPECT_REFUSED("__free_pages: tail of a compound page", page + 1, __free_page(page + 1));
	EXPECT_REFUSED("tail of a compound page", page + 2, __free_pages(page + 2, 1));
	EXPECT_REFUSED("split_page: compound page", page, split_page(page, 2));
	__free_pages(page, 2);
}

/* fault-P5 */
KTEST(page_misuse, a_free_inside_a_block_is_refused)
{
	struct page *page = alloc_pages(GFP_KERNEL, 2);
	char *address;

	ASSERT_TEST(page);
	address = page_address(page);
	EXPECT_REFUSED("__free_pages: inside a block", page + 1, __free_page(page + 1));
	EXPECT_REFUSED("inside a block", page + 2, __free_pages(page + 2, 1));
	EXPECT_REFUSED("free_pages: inside a block", page + 1,
		       free_page((unsigned long)address + PAGE_SIZE));
	EXPECT_REFUSED("free_pages: inside a block", page,
		       free_pages((unsigned long)address + 8, 2));
	__free_pages(page, 2);
}

/* fault-P5: firmware's, the kernel's own, or no RAM at all. */
KTEST(page_misuse, a_free_of_a_reserved_page_is_refused)
{
	unsigned long pfn = memblock_start_of_DRAM() >> PAGE_SHIFT;
	unsigned long end = memblock_end_of_DRAM() >> PAGE_SHIFT;
	unsigned int found = 0;

	for (; pfn < end && found < 3; pfn++) {
		if (!pfn_valid(pfn) || !(pfn_to_page(pfn)->flags & PG_RESERVED))
			continue;
		found++;
		EXPECT_REFUSED("__free_pages: reserved page", pfn_to_page(pfn),
			       __free_page(pfn_to_page(pfn)));
		EXPECT_REFUSED("get_page: reserved page", pfn_to_page(pfn),
			       get_page(pfn_to_page(pfn)));
	}
	EXPECT_GT(found, 0);
}

/* fault-P5: in the image, in vmemmap, in no region, NULL. */
KTEST(page_misuse, a_free_of_what_is_no_page_of_the_direct_map_is_refused)
{
	static char in_the_image[PAGE_SIZE] __aligned(PAGE_SIZE);
	unsigned long beyond = ALIGN_UP(memblock_end_of_DRAM(), 4 * MiB) >> PAGE_SHIFT;
	unsigned long free = nr_idle_pages();

	EXPECT_REPORT("free_pages: address is not in the direct map",
		      free_pages((unsigned long)in_the_image, 0));
	EXPECT_REPORT("not in the direct map", free_pages(arch_region_base(REGION_VMEMMAP), 0));
	EXPECT_REPORT("not in the direct map", free_pages(0xdead000000000000UL, 0));
	EXPECT_REPORT("not in the direct map",
		      free_pages((unsigned long)phys_to_virt(beyond << PAGE_SHIFT), 0));
	EXPECT_REPORT("__free_pages: no such page", __free_page(NULL));
	EXPECT_REPORT("no such page", __free_page(pfn_to_page(beyond)));
	EXPECT_REPORT("no such page", __free_page((struct page *)in_the_image));
	EXPECT_REPORT("get_page: no such page", get_page(pfn_to_page(beyond)));
	EXPECT_REPORT("put_page: no such page", put_page(NULL));
	EXPECT_REPORT("split_page: no such page", split_page(NULL, 1));
	EXPECT_EQ(nr_idle_pages(), free);
}

/* fault-S17: a slab's page and a kmalloc block belong to their caches. */
KTEST(page_misuse, a_free_of_a_slab_or_a_kmalloc_block_is_refused)
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_COMP, 1);

	ASSERT_TEST(page);
	page->flags |= PG_SLAB;
	EXPECT_REFUSED("__free_pages: page of a slab", page, __free_pages(page, 1));
	EXPECT_REFUSED("page of a slab", page + 1, __free_page(page + 1));
	EXPECT_REFUSED("put_page: page of a slab", page, put_page(page));
	page->flags ^= PG_SLAB | PG_LARGE;
	EXPECT_REFUSED("page of a kmalloc block", page, __free_pages(page, 1));
	EXPECT_REFUSED("page of a kmalloc block", page, put_page(page));
	page->flags ^= PG_LARGE;
	__free_pages(page, 1);
}

KTEST(page_misuse, a_reference_to_a_free_page_is_refused)
{
	struct page *page = alloc_pages(GFP_KERNEL, 1);

	ASSERT_TEST(page);
	EXPECT_REFUSED("get_page: inside a block", page + 1, get_page(page + 1));
	__free_pages(page, 1);
	EXPECT_REFUSED("get_page: page freed twice", page, get_page(page));
	EXPECT_REFUSED("put_page: page freed twice", page, put_page(page));
	EXPECT_REFUSED("put_page: page freed twice", page + 1, put_page(page + 1));
}

/* An exact allocation that was freed is refused once, not once a page. */
KTEST(page_misuse, a_second_exact_free_is_one_report)
{
	void *memory = alloc_pages_exact(3 * PAGE_SIZE, GFP_KERNEL);
	unsigned long free;

	ASSERT_TEST(memory);
	free_pages_exact(memory, 3 * PAGE_SIZE);
	free = nr_idle_pages();
	EXPECT_REPORT("free_pages_exact: page freed twice",
		      free_pages_exact(memory, 3 * PAGE_SIZE));
	EXPECT_EQ(nr_idle_pages(), free);
}

/* The largest sizes, rounded up to pages, are 0; they are refused and not taken for nothing. */
KTEST(page_misuse, an_exact_free_of_more_than_any_block_is_refused)
{
	static const size_t sizes[] = {~0UL, ~0UL - PAGE_SIZE + 2, ~0UL / 2,
				       (PAGE_SIZE << MAX_PAGE_ORDER) + 1};
	void *memory = alloc_pages_exact(3 * PAGE_SIZE, GFP_KERNEL);
	unsigned long free = nr_idle_pages();

	ASSERT_TEST(memory);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		EXPECT_REPORT("free_pages_exact: no block has", free_pages_exact(memory, sizes[i]));
	EXPECT_EQ(nr_idle_pages(), free);
	free_pages_exact(memory, 3 * PAGE_SIZE);
	EXPECT_EQ(nr_idle_pages(), free + 3);
}

/* Shifted by such an order 1 would be anything. */
KTEST(page_misuse, orders_that_no_shift_knows_are_refused)
{
	static const unsigned int orders[] = {31, 32, 33, 52, 63, 64, 65, 255, 256, ~0U};
	struct page *page = alloc_pages(GFP_KERNEL, 0);
	unsigned long free = nr_idle_pages();

	ASSERT_TEST(page);
	for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
		EXPECT_EQ(alloc_pages(GFP_KERNEL | __GFP_NOWARN, orders[i]), NULL);
		EXPECT_EQ(alloc_pages_node(0, GFP_KERNEL | __GFP_NOWARN, orders[i]), NULL);
		EXPECT_EQ(__get_free_pages(GFP_KERNEL | __GFP_NOWARN, orders[i]), 0);
		EXPECT_REFUSED("wrong order", page, __free_pages(page, orders[i]));
		EXPECT_REFUSED(
			"wrong order", page,
			free_pages((unsigned long)phys_to_virt(page_to_phys(page)), orders[i]));
	}
	EXPECT_EQ(nr_idle_pages(), free);
	__free_page(page);
}

/* --- counts and links that somebody smashed -------------------------------------------------- */

/* A count that can go no further stays there: a page that is kept for ever is safer than one freed under its users. */
KTEST(page_misuse, a_page_with_too_many_users_is_kept_and_told_once)
{
	struct page *page = alloc_page(GFP_KERNEL);

	ASSERT_TEST(page);
	page->refcount = INT32_MAX / 2 - 1;
	EXPECT_REPORT("more users than can be counted", get_page(page));
	EXPECT_EQ(page->refcount, INT32_MAX / 2);
	get_page(page);
	put_page(page);
	__free_page(page);
	EXPECT_EQ(page->refcount, INT32_MAX / 2);
	EXPECT_EQ(page->flags, PG_OWNED);
	page->refcount = 1;
	__free_page(page);
}

/* Who writes over a free page's links has nothing written elsewhere by it. */
KTEST_PANIC(page_misuse, a_smashed_link_of_a_per_cpu_list_stops_the_machine,
	    "a per-CPU list of pages is corrupt")
{
	static struct list_head elsewhere = {&elsewhere, &elsewhere};
	struct page *page;

	if (!pcp_is_enabled())
		SKIP_TEST("pages are watched, and kept out of the lists");
	page = alloc_page(GFP_KERNEL);
	__free_page(page);
	page->lru.next = &elsewhere;
	page = alloc_page(GFP_KERNEL);
	panic("page %px came, and its link was followed", page);
}

KTEST_PANIC(page_misuse, a_smashed_link_of_a_free_list_stops_the_machine, "a free list of zone")
{
	static struct list_head elsewhere = {&elsewhere, &elsewhere};
	struct zone *zone = test_zone(16);
	struct page *page = test_take(zone, 3);

	page[8].lru.next = &elsewhere;
	test_give(zone, page, 3);
	panic("the link was followed");
}
