/* SPDX-License-Identifier: MIT */
/*
 * fail_nth_test.c - each scenario with its 1st, 2nd, 3rd ... request failing, until none is left to fail: it succeeds or
 * says that it did not, and loses nothing.
 */
#include <mm/page_debug.h>

#include <lib/ktest.h>
#include <mm/contig.h>
#include <mm/slab.h>
#include "../fail_sweep.h"
#include "movable_pages.h"

/* fault-L7 */
static void sweep(bool (*scenario)(void))
{
	if (page_debug_is_on(PAGE_DEBUG_FAIL))
		SKIP_TEST("failures are injected already");
	EXPECT_GT(fail_sweep(scenario), 0);
	EXPECT_FALSE(page_debug_is_on(PAGE_DEBUG_FAIL));
}

static bool exact_pages(void)
{
	void *memory = alloc_pages_exact(21 * PAGE_SIZE, GFP_KERNEL | __GFP_NOWARN);

	free_pages_exact(memory, 21 * PAGE_SIZE);
	return memory != NULL;
}

KTEST(fail_nth, fault_L7_an_exact_number_of_pages)
{
	sweep(exact_pages);
}

static bool blocks_of_each_order(void)
{
	struct page *page[MAX_ORDER];
	unsigned int order, taken;

	for (taken = 0; taken < MAX_ORDER - 2; taken++) {
		page[taken] = alloc_pages(GFP_HIGHUSER | __GFP_NOWARN, taken);
		if (!page[taken])
			break;
	}
	for (order = 0; order < taken; order++)
		__free_pages(page[order], order);
	return taken == MAX_ORDER - 2;
}

KTEST(fail_nth, fault_L7_a_block_of_each_order)
{
	sweep(blocks_of_each_order);
}

/* Every page that has to move needs one to move to. */
static bool range_with_pages_to_move(void)
{
	unsigned long start;
	bool done = false;

	movable_init();
	for (unsigned int i = 0; i < 12; i++)
		if (!movable_add(GFP_HIGHUSER_MOVABLE | __GFP_NOWARN, i % 3))
			goto out;
	start = page_to_pfn(movable.page[11]);
	done = !alloc_contig_range(start, start + 4, MIGRATE_MOVABLE, GFP_KERNEL | __GFP_NOWARN);
	if (done)
		free_contig_range(start, 4);
	else
		EXPECT_EQ(movable.nr_moved, 0);
out:
	EXPECT_TRUE(movable_is_intact());
	movable_drop_all();
	return done;
}

KTEST(fail_nth, fault_L7_a_range_that_must_be_emptied)
{
	sweep(range_with_pages_to_move);
}

static bool owners_and_poison(void)
{
	bool done = !page_debug_start(PAGE_DEBUG_OWNER) && !page_debug_start(PAGE_DEBUG_POISON);

	page_debug_stop(PAGE_DEBUG_POISON);
	page_debug_stop(PAGE_DEBUG_OWNER);
	return done;
}

KTEST(fail_nth, fault_L7_switching_on_what_needs_tables)
{
	if (page_debug_is_on(PAGE_DEBUG_OWNER) || page_debug_is_on(PAGE_DEBUG_POISON))
		SKIP_TEST("they are on already");
	sweep(owners_and_poison);
}

static bool cache_of_objects(void)
{
	struct kmem_cache *cache = kmem_cache_create("fail-nth", 700, 0, 0, NULL);
	void *object[20];
	unsigned int nr = 0;

	if (!cache)
		return false;
	while (nr < ARRAY_SIZE(object) &&
	       (object[nr] = kmem_cache_alloc(cache, GFP_KERNEL | __GFP_NOWARN)))
		nr++;
	for (unsigned int i = 0; i < nr; i++)
		kmem_cache_free(cache, object[i]);
	kmem_cache_destroy(cache);
	return nr == ARRAY_SIZE(object);
}

KTEST(fail_nth, fault_L7_a_cache_and_its_objects)
{
	sweep(cache_of_objects);
}

static bool pages_in_bulk(void)
{
	struct page *page[30] = {NULL};
	unsigned long nr = alloc_pages_bulk_array(GFP_KERNEL | __GFP_NOWARN, ARRAY_SIZE(page),
						  page);

	for (unsigned long i = 0; i < nr; i++)
		__free_page(page[i]);
	return nr != 0; /* a part is what was promised */
}

KTEST(fail_nth, fault_L7_pages_in_bulk)
{
	sweep(pages_in_bulk);
}
