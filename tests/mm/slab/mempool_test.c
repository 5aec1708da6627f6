/* SPDX-License-Identifier: MIT */
/*
 * mempool_test.c - the guarantee holds when the allocator gives nothing, waiters are woken, misuse is told.
 */
#include <lib/ktest.h>

#include <lib/errno.h>
#include <lib/poison.h>
#include <mm/mempool.h>
#include <mm/page.h>
#include <mm/slab.h>

#include "../../lib/sched/tasks.h"

/* An allocator of 64 bytes that refuses when told to. */
static struct source {
	bool dry;
	int gives_left; /* before it runs dry by itself; -1: never */
	long out;	/* elements that it gave and has not back */
	gfp_t first_gfp, last_gfp;
	unsigned int requests;
} source;

static void *source_alloc(gfp_t gfp, void *pool_data)
{
	struct source *from = pool_data;
	void *element = NULL;

	if (!__atomic_fetch_add(&from->requests, 1, __ATOMIC_RELAXED))
		from->first_gfp = gfp;
	WRITE_ONCE(from->last_gfp, gfp);
	if (from->dry || from->gives_left == 0)
		return NULL;
	if (from->gives_left > 0)
		from->gives_left--;
	element = kmalloc(64, gfp);
	from->out += element != NULL;
	return element;
}

static void source_free(void *element, void *pool_data)
{
	struct source *from = pool_data;

	from->out--;
	kfree(element);
}

static mempool_t *source_pool(int min_nr)
{
	source = (struct source){.gives_left = -1};
	return mempool_create(min_nr, source_alloc, source_free, &source);
}

/* sem-M1 */
KTEST(mempool, the_allocator_is_asked_first_and_neither_sleeps_nor_warns)
{
	mempool_t *pool = source_pool(2);
	void *element;

	ASSERT_TEST(pool);
	source.requests = 0;
	element = mempool_alloc(pool, GFP_KERNEL);
	EXPECT_TRUE(element);
	EXPECT_EQ(pool->curr_nr, 2);
	EXPECT_EQ(source.first_gfp & (__GFP_DIRECT_RECLAIM | __GFP_IO), 0);
	EXPECT_TRUE(source.first_gfp & __GFP_NOWARN && source.first_gfp & __GFP_NORETRY &&
		    source.first_gfp & __GFP_NOMEMALLOC);
	mempool_free(element, pool);
	EXPECT_EQ(source.out, 2);
	mempool_destroy(pool);
	EXPECT_EQ(source.out, 0);
}

/* sem-M1, fault-M1 */
KTEST(mempool, with_a_dry_allocator_the_guaranteed_elements_are_had_and_then_atomic_is_null)
{
	mempool_t *pool = source_pool(3);
	void *element[3];
	int i;

	ASSERT_TEST(pool);
	source.dry = true;
	for (i = 0; i < 3; i++) {
		element[i] = mempool_alloc(pool, i % 2 ? GFP_ATOMIC : GFP_KERNEL);
		EXPECT_TRUE(element[i]);
	}
	EXPECT_EQ(mempool_alloc(pool, GFP_ATOMIC), NULL);
	EXPECT_EQ(mempool_alloc(pool, GFP_NOWAIT), NULL);
	for (i = 0; i < 3; i++)
		mempool_free(element[i], pool);
	EXPECT_EQ(pool->curr_nr, 3);
	mempool_destroy(pool);
}

struct waiter {
	mempool_t *pool;
	void *element;
};

static void wait_for_element(void *context)
{
	struct waiter *waiter = context;

	waiter->element = mempool_alloc(waiter->pool, GFP_NOIO);
}

/* sem-M1, sem-M2, fault-M1 */
KTEST(mempool, a_request_that_may_sleep_waits_and_is_woken_by_a_free)
{
	struct waiter waiter = {.pool = source_pool(1)};
	void *held;

	ASSERT_TEST(waiter.pool);
	source.dry = true;
	held = mempool_alloc(waiter.pool, GFP_KERNEL);
	test_task_start(0, "waiter", wait_for_element, &waiter);
	schedule();
	EXPECT_EQ(waiter.element, NULL);
	EXPECT_TRUE(waitqueue_active(&waiter.pool->wait));
	mempool_free(held, waiter.pool);
	test_task_join(0);
	EXPECT_TRUE(waiter.element);
	EXPECT_FALSE(waitqueue_active(&waiter.pool->wait));
	mempool_free(waiter.element, waiter.pool);
	mempool_destroy(waiter.pool);
}

/* sem-M1: one element, three that want it */
KTEST(mempool, every_waiter_gets_its_turn)
{
	struct waiter waiter[3];
	mempool_t *pool = source_pool(1);
	void *held;
	unsigned int i, served;

	ASSERT_TEST(pool);
	source.dry = true;
	held = mempool_alloc(pool, GFP_KERNEL);
	for (i = 0; i < 3; i++) {
		waiter[i] = (struct waiter){.pool = pool};
		test_task_start(i, "waiter", wait_for_element, &waiter[i]);
	}
	schedule();
	for (served = 0; served < 3; served++) {
		mempool_free(held, pool);
		for (held = NULL; !held; schedule())
			for (i = 0; i < 3 && !held; i++) {
				held = waiter[i].element;
				if (held)
					waiter[i].element = NULL;
			}
	}
	for (i = 0; i < 3; i++)
		test_task_join(i);
	mempool_free(held, pool);
	mempool_destroy(pool);
}

static void free_it(void *context)
{
	struct waiter *waiter = context;

	mempool_free(waiter->element, waiter->pool);
}

/* sem-M2 */
KTEST(mempool, a_free_in_an_interrupt_wakes_too)
{
	struct waiter waiter = {.pool = source_pool(1)}, holder = {.pool = waiter.pool};

	ASSERT_TEST(waiter.pool);
	source.dry = true;
	holder.element = mempool_alloc(holder.pool, GFP_KERNEL);
	test_task_start(0, "waiter", wait_for_element, &waiter);
	schedule();
	ktest_in_interrupt(free_it, &holder);
	test_task_join(0);
	EXPECT_TRUE(waiter.element);
	mempool_free(waiter.element, waiter.pool);
	mempool_destroy(waiter.pool);
}

/* sem-M2 */
KTEST(mempool, a_free_fills_the_reserve_before_the_allocator)
{
	mempool_t *pool = source_pool(2);
	void *reserve, *fresh;

	ASSERT_TEST(pool);
	fresh = mempool_alloc(pool, GFP_KERNEL);
	source.dry = true;
	reserve = mempool_alloc(pool, GFP_KERNEL);
	EXPECT_EQ(pool->curr_nr, 1);
	mempool_free(fresh, pool);
	EXPECT_EQ(pool->curr_nr, 2);
	EXPECT_EQ(source.out, 3);
	mempool_free(reserve, pool);
	EXPECT_EQ(pool->curr_nr, 2);
	EXPECT_EQ(source.out, 2);
	mempool_destroy(pool);
}

/* sem-M2, fault-M2 */
KTEST(mempool, a_resize_up_that_fails_leaves_the_old_guarantee)
{
	mempool_t *pool = source_pool(2);
	void *element;

	ASSERT_TEST(pool);
	source.gives_left = 3;
	EXPECT_EQ(mempool_resize(pool, 8), -ENOMEM);
	EXPECT_EQ(pool->min_nr, 2);
	EXPECT_EQ(pool->curr_nr, 2);
	EXPECT_EQ(source.out, 2);
	source.gives_left = -1;
	EXPECT_EQ(mempool_resize(pool, 0), -EINVAL);
	EXPECT_EQ(mempool_resize(pool, 5), 0);
	EXPECT_EQ(pool->curr_nr, 5);
	source.dry = true;
	element = mempool_alloc(pool, GFP_ATOMIC);
	EXPECT_TRUE(element);
	mempool_free(element, pool);
	mempool_destroy(pool);
	EXPECT_EQ(source.out, 0);
}

/* sem-M2, fault-M2 */
KTEST(mempool, a_resize_down_with_elements_out_gives_back_only_what_is_above)
{
	mempool_t *pool = source_pool(6);
	void *element[4];
	int i;

	ASSERT_TEST(pool);
	source.dry = true;
	for (i = 0; i < 4; i++)
		element[i] = mempool_alloc(pool, GFP_KERNEL);
	EXPECT_EQ(mempool_resize(pool, 3), 0);
	EXPECT_EQ(pool->curr_nr, 2);
	EXPECT_EQ(source.out, 6);
	EXPECT_EQ(mempool_resize(pool, 1), 0);
	EXPECT_EQ(pool->curr_nr, 1);
	EXPECT_EQ(source.out, 5);
	for (i = 0; i < 4; i++)
		mempool_free(element[i], pool);
	EXPECT_EQ(source.out, 1);
	mempool_destroy(pool);
}

/* fault-M2 */
KTEST(mempool, a_resize_up_with_elements_out_adds_only_the_difference)
{
	mempool_t *pool = source_pool(2);
	void *element;

	ASSERT_TEST(pool);
	source.dry = true;
	element = mempool_alloc(pool, GFP_KERNEL);
	source.dry = false;
	EXPECT_EQ(mempool_resize(pool, 4), 0);
	EXPECT_EQ(pool->curr_nr, 3);
	mempool_free(element, pool);
	EXPECT_EQ(pool->curr_nr, 4);
	mempool_destroy(pool);
}

/* fault-M2 */
KTEST(mempool, a_pool_is_not_destroyed_while_elements_are_out)
{
	mempool_t *pool = source_pool(2);
	void *element;

	ASSERT_TEST(pool);
	source.dry = true;
	element = mempool_alloc(pool, GFP_KERNEL);
	EXPECT_REPORT("mempool_destroy: 1 elements are out", mempool_destroy(pool));
	mempool_free(element, pool);
	EXPECT_EQ(pool->curr_nr, 2);
	mempool_destroy(pool);
	mempool_destroy(NULL);
}

/* fault-M2 */
KTEST(mempool, a_second_free_into_the_reserve_is_reported)
{
	mempool_t *pool = source_pool(2);
	void *a, *b;

	ASSERT_TEST(pool);
	mempool_free(NULL, pool);
	source.dry = true;
	a = mempool_alloc(pool, GFP_KERNEL);
	b = mempool_alloc(pool, GFP_KERNEL);
	mempool_free(a, pool);
	EXPECT_REPORT("mempool_free: the element is in the reserve already", mempool_free(a, pool));
	EXPECT_EQ(pool->curr_nr, 1);
	mempool_free(b, pool);
	if (CONFIG_DEBUG)
		EXPECT_REPORT("mempool_free: the element is in the reserve already",
			      mempool_free(b, pool));
	EXPECT_EQ(pool->curr_nr, 2);
	mempool_destroy(pool);
}

/* fault-M2, sem-A3: while the reserve has room an element is looked at */
KTEST(mempool, what_is_no_element_does_not_enter_the_reserve)
{
	struct kmem_cache *cache = kmem_cache_create("test-pool", 200, 0, 0, NULL);
	mempool_t *pool = mempool_create_slab_pool(2, cache);
	static char constant[8];
	char *other = kmalloc(200, GFP_KERNEL);
	void *element;

	ASSERT_TEST(cache && pool && other);
	pool->min_nr = 3;
	EXPECT_REPORT("mempool_free: not an element", mempool_free(other, pool));
	EXPECT_REPORT("mempool_free: not an element", mempool_free(constant, pool));
	element = mempool_alloc(pool, GFP_KERNEL);
	EXPECT_REPORT("mempool_free: not an element", mempool_free((char *)element + 8, pool));
	pool->min_nr = 2;
	mempool_free(element, pool);
	EXPECT_EQ(pool->curr_nr, 2);
	kfree(other);
	mempool_destroy(pool);
	kmem_cache_destroy(cache);
}

/* fault-M2: 0x6b ... 0xa5 while nobody owns it */
KTEST(mempool, a_write_into_the_reserve_is_told_by_who_takes_the_element)
{
	mempool_t *pool = source_pool(1), *plain = mempool_create_kmalloc_pool(1, 40);
	unsigned char *reserved;

	ASSERT_TEST(pool && plain);
	mempool_destroy(pool);
	if (!CONFIG_DEBUG) {
		mempool_destroy(plain);
		SKIP_TEST("release builds do not poison the reserve");
	}
	reserved = plain->elements[0];
	EXPECT_EQ(reserved[0], 0x6b);
	EXPECT_EQ(reserved[39], 0xa5);
	reserved[7] ^= 1;
	EXPECT_FALSE(mempool_check());
	EXPECT_REPORT("mempool_alloc: an element was written to in the reserve",
		      mempool_destroy(plain));
}

/* sem-M1 */
KTEST(mempool, pools_of_pages_objects_and_blocks_work)
{
	struct kmem_cache *cache = kmem_cache_create("test-pool", 192, 0, 0, NULL);
	mempool_t *pool[3] = {mempool_create_slab_pool(2, cache),
			      mempool_create_kmalloc_pool(2, 20000),
			      mempool_create_page_pool(2, 1)};
	void *element;
	int i;

	for (i = 0; i < 3; i++) {
		ASSERT_TEST(pool[i]);
		EXPECT_EQ(pool[i]->curr_nr, 2);
		element = mempool_alloc(pool[i], GFP_KERNEL);
		EXPECT_TRUE(element);
		mempool_free(element, pool[i]);
		EXPECT_TRUE(mempool_check());
	}
	element = mempool_alloc(pool[2], GFP_ATOMIC);
	EXPECT_EQ(((struct page *)element)->order, 1);
	mempool_free(element, pool[2]);
	for (i = 0; i < 3; i++)
		mempool_destroy(pool[i]);
	kmem_cache_destroy(cache);
}

static void construct(void *object)
{
	memset(object, 0x17, 32);
}

/* sem-S5 */
KTEST(mempool, constructed_objects_stay_constructed_in_the_reserve)
{
	struct kmem_cache *cache = kmem_cache_create("test-pool", 32, 0, 0, construct);
	mempool_t *pool = mempool_create_slab_pool(1, cache);

	ASSERT_TEST(cache && pool);
	EXPECT_EQ(memchr_inv(pool->elements[0], 0x17, 32), NULL);
	mempool_destroy(pool);
	kmem_cache_destroy(cache);
}

/* fault-M1: at each allocation that creation makes */
KTEST(mempool, creation_that_fails_anywhere_leaves_nothing)
{
	mempool_t *pool;
	int n;

	for (n = 0; n < 4; n++) {
		source = (struct source){.gives_left = n};
		EXPECT_EQ(mempool_create(4, source_alloc, source_free, &source), NULL);
		EXPECT_EQ(source.out, 0);
	}
	EXPECT_REPORT("mempool_create", pool = mempool_create_kmalloc_pool(0, 8));
	EXPECT_EQ(pool, NULL);
	EXPECT_REPORT("mempool_create", pool = mempool_create(-1, source_alloc, source_free, NULL));
	EXPECT_EQ(pool, NULL);
}

KTEST(mempool, a_pool_of_the_callers_begins_and_ends)
{
	mempool_t pool;

	source = (struct source){.gives_left = -1};
	EXPECT_EQ(mempool_init(&pool, 3, source_alloc, source_free, &source), 0);
	EXPECT_EQ(source.out, 3);
	mempool_exit(&pool);
	EXPECT_EQ(source.out, 0);
	mempool_exit(&pool);
}

/* sem-M1 */
KTEST(mempool, zeroes_are_not_promised)
{
	mempool_t *pool = mempool_create_kmalloc_pool(1, 8);
	void *element = NULL;

	ASSERT_TEST(pool);
	if (CONFIG_DEBUG)
		EXPECT_REPORT("mempool_alloc: __GFP_ZERO",
			      element = mempool_alloc(pool, GFP_KERNEL | __GFP_ZERO));
	EXPECT_EQ(element, NULL);
	mempool_destroy(pool);
}

KTEST(mempool, the_check_sees_each_invariant_broken)
{
	mempool_t *pool = source_pool(2);
	void *kept;

	ASSERT_TEST(pool);
	EXPECT_TRUE(mempool_check());
	pool->curr_nr = 3;
	EXPECT_FALSE(mempool_check());
	pool->curr_nr = 2;
	kept = pool->elements[1];
	pool->elements[1] = pool->elements[0];
	EXPECT_FALSE(mempool_check());
	pool->elements[1] = NULL;
	EXPECT_FALSE(mempool_check());
	pool->elements[1] = kept;
	mempool_destroy(pool);
}

static void cpu_churn(unsigned int cpu, void *context)
{
	mempool_t *pool = context;
	unsigned int round;

	for (round = 0; round < 2000; round++) {
		void *element = mempool_alloc(pool, GFP_ATOMIC);

		if (!element)
			continue;
		memset(element, (int)cpu, 64);
		mempool_free(element, pool);
	}
}

/* fault-M2, sem-A2 */
KTEST(mempool, several_cpus_share_one_reserve)
{
	mempool_t *pool = source_pool(2);

	ASSERT_TEST(pool);
	source.dry = true;
	ktest_run_on_cpus(2, cpu_churn, pool);
	EXPECT_EQ(pool->curr_nr, 2);
	mempool_destroy(pool);
}
