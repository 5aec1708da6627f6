/* SPDX-License-Identifier: MIT */
/*
 * interrupt_test.c - allocators in an interrupt that arrives inside themselves.
 *
 * A task takes and gives back for as long as it takes until enough interrupts of the timer have come, wherever they
 * came; each does the same. What both did must leave the allocators whole: the framework proves that after each test.
 */
#include <lib/ktest.h>

#include <arch/cpu.h>
#include <lib/clock.h>
#include <mm/gfp.h>
#include <mm/page.h>
#include <mm/slab.h>

#define INTERRUPTS  40
#define MOST_ROUNDS 300000

static struct kmem_cache *cache;

static void pages(gfp_t gfp)
{
	static const unsigned int orders[] = {0, 1, 0, 3, 0, 4, 2};
	static unsigned int next;
	unsigned int order = orders[next++ % ARRAY_SIZE(orders)];
	struct page *page = alloc_pages(gfp, order);

	if (page)
		__free_pages(page, order);
}

static void objects(gfp_t gfp)
{
	static size_t next;
	void *few[3];

	for (size_t i = 0; i < ARRAY_SIZE(few); i++)
		few[i] = kmalloc(16 + (next++ * 97 & 1023), gfp);
	for (size_t i = 0; i < ARRAY_SIZE(few); i++)
		kfree(few[i]);
}

static void cached(gfp_t gfp)
{
	void *few[40];

	for (size_t i = 0; i < ARRAY_SIZE(few); i++)
		few[i] = kmem_cache_alloc(cache, gfp);
	for (size_t i = 0; i < ARRAY_SIZE(few); i++)
		if (few[i])
			kmem_cache_free(cache, few[i]);
}

struct storm {
	void (*work)(gfp_t gfp);
	unsigned int interrupts;
};

static void interrupt(void *context)
{
	struct storm *storm = context;

	storm->work(GFP_ATOMIC);
	WRITE_ONCE(storm->interrupts, storm->interrupts + 1);
}

static void weather(void (*work)(gfp_t gfp))
{
	struct storm storm = {.work = work};
	unsigned int rounds = 0;

	for (int i = 0; i < 5; i++)
		ktest_in_interrupt(interrupt, &storm);
	EXPECT_EQ(storm.interrupts, 5);
	if (!clock_exists())
		return;
	ktest_storm_begin(interrupt, &storm);
	while (READ_ONCE(storm.interrupts) < INTERRUPTS && rounds++ < MOST_ROUNDS)
		work(GFP_KERNEL);
	EXPECT_GT(ktest_storm_end(), 0);
}

KTEST(interrupt, sem_A2_pages_are_taken_in_an_interrupt_inside_their_allocator)
{
	weather(pages);
}

KTEST(interrupt, sem_A2_kmalloc_works_in_an_interrupt_inside_itself)
{
	weather(objects);
}

KTEST(interrupt, sem_A2_a_cache_works_in_an_interrupt_inside_itself)
{
	cache = kmem_cache_create("test-storm", 120, 0, 0, NULL);
	ASSERT_TEST(cache);
	weather(cached);
	kmem_cache_destroy(cache);
}

/* The interrupt's kind of memory is not the task's: one allocates what the other's allocator stands on. fault-R3 */
KTEST(interrupt, fault_R3_objects_are_taken_in_an_interrupt_inside_the_page_allocator)
{
	struct storm storm = {.work = objects};
	unsigned int rounds = 0;

	if (!clock_exists())
		SKIP_TEST("no timer");
	ktest_storm_begin(interrupt, &storm);
	while (READ_ONCE(storm.interrupts) < INTERRUPTS && rounds++ < MOST_ROUNDS)
		pages(GFP_KERNEL);
	EXPECT_GT(ktest_storm_end(), 0);
}
