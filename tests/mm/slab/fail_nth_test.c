/* SPDX-License-Identifier: MIT */
/*
 * fail_nth_test.c - whatever request fails first, second, third...: success or a clean error, and nothing is left.
 *
 * For n = 1, 2, ... the n-th request for pages of a scenario fails, until it needs fewer than n. The framework compares the
 * accounts before and after the whole test, so one leak at one n is seen.
 */
#include <lib/ktest.h>

#include <lib/device.h>
#include <lib/errno.h>
#include <mm/dev_kmalloc.h>
#include <mm/mempool.h>
#include <mm/page_debug.h>
#include <mm/slab.h>

#define ENOUGH 200

/* Returns how many requests could fail; the scenario says whether it succeeded. */
static unsigned int sweep(bool (*scenario)(void))
{
	unsigned int n;

	for (n = 1; n < ENOUGH; n++) {
		bool succeeded, failed_one;

		slab_drain(); /* parked objects would do without pages */
		page_fail_nth(n);
		succeeded = scenario();
		failed_one = page_fail_nth(0);
		EXPECT_TRUE(mempool_check() && dev_kmalloc_check());
		if (failed_one)
			continue;
		EXPECT_TRUE(succeeded);
		break;
	}
	EXPECT_LT(n, ENOUGH);
	return n - 1;
}

static bool make_and_use_a_cache(void)
{
	struct kmem_cache *cache = kmem_cache_create("test-nth", 700, 0, 0, NULL);
	void *p[40] = {NULL};
	unsigned int i, had = 0;

	if (!cache)
		return false;
	for (i = 0; i < ARRAY_SIZE(p); i++)
		had += (p[i] = kmem_cache_alloc(cache, GFP_KERNEL)) != NULL;
	for (i = 0; i < ARRAY_SIZE(p); i++)
		kmem_cache_free(cache, p[i]);
	kmem_cache_destroy(cache);
	return had == ARRAY_SIZE(p);
}

/* fault-S15 */
KTEST(fail_nth, a_cache_is_made_and_used_or_leaves_nothing)
{
	EXPECT_GE(sweep(make_and_use_a_cache), 1);
}

static bool make_and_use_pools(void)
{
	mempool_t *pool = mempool_create_kmalloc_pool(3, 3000),
		  *pages = mempool_create_page_pool(2, 2);
	bool good = pool && pages;
	void *element;

	if (good) {
		good = mempool_resize(pool, 6) == 0;
		/* The guarantee: whatever fails, this does not. */
		element = mempool_alloc(pool, GFP_ATOMIC);
		EXPECT_TRUE(element);
		mempool_free(element, pool);
		element = mempool_alloc(pages, GFP_KERNEL);
		EXPECT_TRUE(element);
		mempool_free(element, pages);
	}
	mempool_destroy(pool);
	mempool_destroy(pages);
	return good;
}

/* fault-M1, fault-M2 */
KTEST(fail_nth, pools_are_made_resized_and_used_or_leave_nothing)
{
	EXPECT_GE(sweep(make_and_use_pools), 5);
}

/* A driver that takes a small, a large and a huge buffer. */
static int probe(struct device *device)
{
	static const size_t sizes[] = {100, 5000, 40000};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		void *buffer = dev_kmalloc(device, sizes[i], GFP_KERNEL);

		if (!buffer) {
			EXPECT_EQ(device->memory.bytes, 0);
			return -ENOMEM;
		}
		dev_kfree(buffer);
	}
	return 0;
}

static const struct device_driver driver = {.name = "test-nth", .probe = probe};

static bool bind_a_device(void)
{
	struct device device = {.name = "nth0"};
	bool good;

	EXPECT_EQ(device_register(&device), 0);
	good = device_bind(&device, &driver) == 0;
	EXPECT_EQ(device_unregister(&device), 0);
	EXPECT_EQ(device.memory.nr_blocks, 0);
	EXPECT_EQ(device.memory.bytes, 0);
	return good;
}

/* sem-D2 */
KTEST(fail_nth, a_device_is_bound_or_has_nothing)
{
	EXPECT_GE(sweep(bind_a_device), 3);
}
