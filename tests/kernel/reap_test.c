/* SPDX-License-Identifier: MIT */
/* reap_test.c - what the prompt does every two seconds: when, and what of. */
#include <lib/clock.h>
#include <lib/ktest.h>
#include <kernel/shell.h>
#include <mm/slab.h>

/* sem-S12 */
KTEST(reap, an_idle_prompt_gives_idle_slabs_back_every_two_seconds)
{
	static void *objects[200];
	struct kmem_cache *cache = kmem_cache_create("test-reap", 1000, 0,
						     SLAB_NO_USER_FLAGS | SLAB_NO_MERGE, NULL);
	uint64_t now = clock_ns() + 10000000000ULL;
	struct slab_info info;
	unsigned int turn;

	ASSERT_TEST(cache);
	ASSERT_TEST(kmem_cache_alloc_bulk(cache, GFP_KERNEL, ARRAY_SIZE(objects), objects));
	kmem_cache_free_bulk(cache, ARRAY_SIZE(objects), objects);
	EXPECT_TRUE(reap_if_due(now));
	for (turn = 0; turn < 60; turn++) {
		EXPECT_FALSE(reap_if_due(now + 1999999999));
		now += 2000000000;
		EXPECT_TRUE(reap_if_due(now));
	}
	slab_get_info(cache, &info);
	EXPECT_EQ(info.slabs, 0);
	kmem_cache_destroy(cache);
	reap_reset();
}
