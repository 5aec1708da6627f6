/* SPDX-License-Identifier: MIT */
/*
 * page_debug_test.c - the features that watch pages: each is switched on, tried, and off again.
 */
#include <mm/page_debug.h>

#include <lib/errno.h>
#include <lib/ktest.h>
#include <lib/poison.h>
#include <mm/direct_map.h>
#include <mm/page.h>
#include <mm/page_owner.h>
#include <mm/pcp.h>
#include <mm/zone.h>
#include "free_pages.h"

/* A feature for the length of a test. False: it is on, or cannot be had; or poison, whose tests write to free pages, and those are not mapped. */
static bool begin(enum page_debug_feature feature)
{
	if (feature == PAGE_DEBUG_POISON && page_debug_is_on(PAGE_DEBUG_UNMAP))
		return false;
	return !page_debug_is_on(feature) && page_debug_start(feature) == 0;
}

/* What a write after free does; the sanitizers look elsewhere meanwhile. */
static void write_to_free_page(unsigned char *byte, unsigned char value)
{
	mem_unpoison(byte, 1);
	*byte = value;
	mem_poison(byte, 1);
}

/* A page that the next request for one page gets. */
static unsigned char *free_page_next_in_line(void)
{
	unsigned char *page = (unsigned char *)__get_free_page(GFP_KERNEL);

	free_page((unsigned long)page);
	return page;
}

/* Damage `offset` of a free page; the next request must report it, and get another. */
static void check_detection(size_t offset, unsigned char value, const char *title)
{
	unsigned char *page = free_page_next_in_line();
	unsigned long other = 0;

	write_to_free_page(page + offset, value);
	EXPECT_REPORT(title, other = __get_free_page(GFP_KERNEL));
	EXPECT_NE(other, (unsigned long)page);
	EXPECT_NE(other, 0);
	EXPECT_EQ(page_poison_nr_set_aside(), 1);
	free_page(other);
	EXPECT_EQ(page_poison_take_back(), 1);
}

/* fault-P6: the first, a middle and the last byte. */
KTEST(page_poison, fault_P6_a_write_into_a_free_page_is_found_when_it_is_allocated)
{
	if (!begin(PAGE_DEBUG_POISON))
		SKIP_TEST("free pages are poisoned already, or not mapped");
	check_detection(0, 0x00, "was written while it was free");
	check_detection(PAGE_SIZE / 2, 0x55, "was written while it was free");
	check_detection(PAGE_SIZE - 1, 0xff, "was written while it was free");
	page_debug_stop(PAGE_DEBUG_POISON);
}

KTEST(page_poison, fault_P6_one_bit_alone_is_called_that)
{
	if (!begin(PAGE_DEBUG_POISON))
		SKIP_TEST("free pages are poisoned already, or not mapped");
	check_detection(77, PAGE_POISON ^ 0x10, "a single bit");
	page_debug_stop(PAGE_DEBUG_POISON);
}

/* Each page of a larger block is looked at. */
KTEST(page_poison, fault_P6_the_last_page_of_a_block_counts_too)
{
	unsigned char *block;
	struct page *page;

	if (!begin(PAGE_DEBUG_POISON))
		SKIP_TEST("free pages are poisoned already, or not mapped");
	block = (unsigned char *)__get_free_pages(GFP_KERNEL, 3);
	ASSERT_TEST(block);
	free_pages((unsigned long)block, 3);
	write_to_free_page(block + 8 * PAGE_SIZE - 1, 0);
	EXPECT_REPORT("was written while it was free", page = alloc_pages(GFP_KERNEL, 3));
	EXPECT_TRUE(page && page != virt_to_page(block));
	__free_pages(page, 3);
	EXPECT_EQ(page_poison_take_back(), 1);
	page_debug_stop(PAGE_DEBUG_POISON);
}

/* A page in high memory has no address, and is watched all the same. */
KTEST(page_poison, pages_of_high_memory_are_poisoned_through_a_window)
{
	struct page *page;

	if (!begin(PAGE_DEBUG_POISON))
		SKIP_TEST("free pages are poisoned already, or not mapped");
	page = alloc_page(GFP_HIGHUSER);
	ASSERT_TEST(page);
	__free_page(page);
	page = alloc_page(GFP_HIGHUSER);
	EXPECT_TRUE(page);
	__free_page(page);
	page_debug_stop(PAGE_DEBUG_POISON);
}

/* While it is off again nobody looks. */
KTEST(page_poison, off_it_finds_nothing)
{
	unsigned char *page;

	if (!begin(PAGE_DEBUG_POISON))
		SKIP_TEST("free pages are poisoned already, or not mapped");
	page_debug_stop(PAGE_DEBUG_POISON);
	EXPECT_FALSE(page_debug_is_on(PAGE_DEBUG_POISON));
	page = free_page_next_in_line();
	write_to_free_page(page, 1);
	free_page(__get_free_page(GFP_KERNEL));
}

static __noinline struct page *allocate_for_me(void)
{
	struct page *page = alloc_pages(GFP_KERNEL, 1);

	__asm__ volatile("");
	return page;
}

static __noinline void free_for_me(struct page *page)
{
	__free_pages(page, 1);
	__asm__ volatile("");
}

KTEST(page_owner, the_callers_of_the_allocation_and_of_the_free_are_remembered)
{
	const struct page_owner *owner;
	struct page *page;
	char text[300];

	if (!begin(PAGE_DEBUG_OWNER))
		SKIP_TEST("page_owner is on already, or there is no memory for it");
	page = allocate_for_me();
	ASSERT_TEST(page);
	owner = page_owner_of(page + 1);
	ASSERT_TEST(owner);
	stack_depot_snprint(owner->allocated, text, sizeof(text));
	EXPECT_TRUE(strstr(text, "allocate_for_me"));
	EXPECT_EQ(owner->gfp, GFP_KERNEL);
	EXPECT_EQ(owner->order, 1);
	EXPECT_EQ(owner->migratetype, MIGRATE_UNMOVABLE);
	free_for_me(page);
	stack_depot_snprint(owner->freed, text, sizeof(text));
	EXPECT_TRUE(strstr(text, "free_for_me"));
	page_debug_stop(PAGE_DEBUG_OWNER);
	EXPECT_TRUE(!page_owner_of(page));
}

static bool count_owned(struct page *page, const struct page_owner *owner, void *context)
{
	*(unsigned long *)context += owner->allocated ? 1UL << page->order : 0;
	return true;
}

KTEST(page_owner, a_walk_meets_each_block_once)
{
	unsigned long before = 0, after = 0;
	struct page *one, *four;

	if (!begin(PAGE_DEBUG_OWNER))
		SKIP_TEST("page_owner is on already, or there is no memory for it");
	page_owner_visit(count_owned, &before);
	one = alloc_page(GFP_KERNEL);
	four = alloc_pages(GFP_KERNEL, 2);
	page_owner_visit(count_owned, &after);
	EXPECT_EQ(after - before, 5);
	__free_page(one);
	__free_pages(four, 2);
	page_debug_stop(PAGE_DEBUG_OWNER);
}

/* The report names who freed the page that was written to. */
KTEST(page_owner, features_combine)
{
	unsigned char *page;

	if (!begin(PAGE_DEBUG_OWNER))
		SKIP_TEST("page_owner is on already, or there is no memory for it");
	if (begin(PAGE_DEBUG_POISON)) {
		check_detection(8, 1, "was written while it was free");
		EXPECT_EQ(page_debug_start(PAGE_DEBUG_INIT_ON_ALLOC), 0);
		page = (unsigned char *)__get_free_page(GFP_KERNEL);
		EXPECT_EQ(page[0] | page[PAGE_SIZE - 1], 0);
		free_page((unsigned long)page);
		page_debug_stop(PAGE_DEBUG_INIT_ON_ALLOC);
		page_debug_stop(PAGE_DEBUG_POISON);
	}
	page_debug_stop(PAGE_DEBUG_OWNER);
}

KTEST(init_on, a_block_is_zeroed_when_it_is_allocated)
{
	unsigned char *block;

	if (!begin(PAGE_DEBUG_INIT_ON_ALLOC))
		SKIP_TEST("init_on_alloc is on already");
	for (unsigned int round = 0; round < 2; round++) {
		block = (unsigned char *)__get_free_pages(GFP_KERNEL, 1);
		ASSERT_TEST(block);
		EXPECT_EQ(block[0] | block[PAGE_SIZE] | block[2 * PAGE_SIZE - 1], 0);
		memset(block, 0x77, 2 * PAGE_SIZE);
		free_pages((unsigned long)block, 1);
	}
	page_debug_stop(PAGE_DEBUG_INIT_ON_ALLOC);
}

KTEST(init_on, a_block_is_zeroed_when_it_is_freed)
{
	unsigned char *page;

	if (!free_pages_keep_their_bytes() || !begin(PAGE_DEBUG_INIT_ON_FREE))
		SKIP_TEST("another feature fills or hides free pages");
	page = (unsigned char *)__get_free_page(GFP_KERNEL);
	ASSERT_TEST(page);
	memset(page, 0x77, PAGE_SIZE);
	free_page((unsigned long)page);
	mem_unpoison(page, PAGE_SIZE);
	EXPECT_EQ(page[0] | page[100] | page[PAGE_SIZE - 1], 0);
	mem_poison(page, PAGE_SIZE);
	page_debug_stop(PAGE_DEBUG_INIT_ON_FREE);
}

KTEST(fail_page_alloc, the_nth_request_fails_and_the_next_passes)
{
	unsigned long nr_requests, nr_failed;
	struct page *page[3];

	if (page_debug_is_on(PAGE_DEBUG_FAIL))
		SKIP_TEST("failures are injected already");
	EXPECT_EQ(fail_page_alloc_set("nth=2"), 0);
	for (unsigned int i = 0; i < 3; i++)
		page[i] = alloc_page(GFP_KERNEL | __GFP_NOWARN);
	EXPECT_TRUE(page[0] && !page[1] && page[2]);
	fail_page_alloc_count(&nr_requests, &nr_failed);
	EXPECT_EQ(nr_requests, 3);
	EXPECT_EQ(nr_failed, 1);
	EXPECT_EQ(fail_page_alloc_set(""), 0);
	EXPECT_FALSE(page_debug_is_on(PAGE_DEBUG_FAIL));
	__free_page(page[0]);
	__free_page(page[2]);
}

KTEST(fail_page_alloc, what_must_not_fail_does_not)
{
	struct page *page;

	if (page_debug_is_on(PAGE_DEBUG_FAIL))
		SKIP_TEST("failures are injected already");
	EXPECT_EQ(fail_page_alloc_set("1,100,0,-1"), 0);
	page = alloc_page(GFP_KERNEL | __GFP_NOFAIL);
	EXPECT_TRUE(page);
	EXPECT_TRUE(!alloc_page(GFP_KERNEL | __GFP_NOWARN));
	EXPECT_EQ(fail_page_alloc_set("1,2,3"), -EINVAL);
	EXPECT_TRUE(!alloc_page(GFP_KERNEL | __GFP_NOWARN));
	EXPECT_EQ(fail_page_alloc_set(""), 0);
	__free_page(page);
}

KTEST(debug_pagealloc, without_small_leaves_it_is_refused)
{
	if (direct_map_has_small_leaves())
		SKIP_TEST("booted with debug_pagealloc=on");
	EXPECT_EQ(page_debug_start(PAGE_DEBUG_UNMAP), -EOPNOTSUPP);
	EXPECT_FALSE(page_debug_is_on(PAGE_DEBUG_UNMAP));
}

KTEST(page_debug, a_feature_leaves_nothing_behind)
{
	for (enum page_debug_feature feature = 0; feature < NR_PAGE_DEBUG_FEATURES; feature++) {
		if (page_debug_is_on(feature) || page_debug_start(feature))
			continue;
		free_page(__get_free_page(GFP_KERNEL));
		page_debug_stop(feature);
		EXPECT_FALSE(page_debug_is_on(feature));
	}
	free_page(__get_free_page(GFP_KERNEL));
	if (pcp_is_enabled())
		EXPECT_GT(nr_pcp_pages(), 0); /* the lists serve again */
}
