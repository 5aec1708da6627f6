/* SPDX-License-Identifier: MIT */
/*
 * bulk_test.c - many objects at once, requests that fail on purpose, user copies, and what ages.
 *
 * Everything here holds for any allocator behind mm/slab/impl.h.
 */
#include <lib/ktest.h>

#include <config.h>
#include <lib/fault_injection.h>
#include <mm/page.h>
#include <mm/slab.h>
#include <mm/zone.h>

static void *objects[5000];

static struct kmem_cache *test_cache(const char *name, size_t size, slab_flags_t flags)
{
	return kmem_cache_create(name, size, 0, flags | SLAB_NO_MERGE | SLAB_NO_USER_FLAGS, NULL);
}

static unsigned int count_equal(void *const *list, size_t nr)
{
	unsigned int equal = 0;
	size_t i, j;

	for (i = 0; i < nr; i++)
		for (j = 0; j < i; j++)
			equal += list[i] == list[j];
	return equal;
}

/* fault-S13, sem-S7 */
KTEST(slab_bulk, a_bulk_gives_all_objects_and_takes_them_back)
{
	static const size_t counts[] = {0, 1, 16, 100, 5000};
	struct kmem_cache *cache = test_cache("test-bulk", 48, 0);
	struct slab_info info;
	unsigned int i, round;
	size_t j;

	ASSERT_TEST(cache);
	for (i = 0; i < 2 * ARRAY_SIZE(counts); i++) {
		size_t nr = counts[i % ARRAY_SIZE(counts)];

		ASSERT_TEST(kmem_cache_alloc_bulk(cache, GFP_KERNEL, nr, objects) == nr);
		for (j = 0; j < nr; j++)
			memset(objects[j], (int)j, 48);
		for (j = 0; j < nr; j++)
			EXPECT_EQ(memchr_inv(objects[j], (int)(j & 255), 48), NULL);
		EXPECT_EQ(count_equal(objects, min(nr, 100)), 0);
		kmem_cache_free_bulk(cache, nr, objects);
	}
	for (round = 0; round < 40; round++) { /* with the array at every filling */
		ASSERT_TEST(kmem_cache_alloc_bulk(cache, GFP_KERNEL, round, objects) == round);
		objects[round] = kmem_cache_alloc(cache, GFP_KERNEL);
		EXPECT_EQ(count_equal(objects, round + 1), 0);
		kmem_cache_free_bulk(cache, round + 1, objects);
	}
	EXPECT_EQ(kmem_cache_shrink(cache), 0);
	slab_get_info(cache, &info);
	EXPECT_EQ(info.slabs, 0);
	kmem_cache_destroy(cache);
}

/* fault-S13: the one in the middle cannot be had, so none is */
KTEST(slab_bulk, a_bulk_that_fails_in_the_middle_gives_everything_back)
{
	static const unsigned int fails[] = {1, 2, 50, 100};
	struct kmem_cache *cache = test_cache("test-bulk", 200, 0);
	struct slab_info info;
	unsigned int i;

	ASSERT_TEST(cache);
	for (i = 0; i < ARRAY_SIZE(fails); i++) {
		slab_watch_failures(true);
		fault_fail_nth(fails[i]);
		EXPECT_EQ(kmem_cache_alloc_bulk(cache, GFP_KERNEL | __GFP_NOWARN, 100, objects), 0);
		EXPECT_TRUE(fault_fail_nth(0));
		slab_watch_failures(false);
		kmem_cache_shrink(cache);
		slab_get_info(cache, &info);
		EXPECT_EQ(info.active_objects, 0);
	}
	kmem_cache_destroy(cache);
}

/* fault-S13, fault-S3, fault-S4: what is wrong in a bulk is told, and the rest is freed */
KTEST(slab_bulk, what_does_not_belong_into_a_bulk_is_left_out)
{
	struct kmem_cache *cache = test_cache("test-bulk", 64, 0);
	struct kmem_cache *other = test_cache("test-other", 64, 0);
	struct slab_info info;
	void *foreign, *kept;

	ASSERT_TEST(cache && other);
	foreign = kmem_cache_alloc(other, GFP_KERNEL);
	ASSERT_TEST(foreign && kmem_cache_alloc_bulk(cache, GFP_KERNEL, 10, objects) == 10);
	kept = objects[4];
	objects[4] = foreign;
	EXPECT_REPORT("object of another cache", kmem_cache_free_bulk(cache, 10, objects));
	objects[0] = (char *)kept + 8;
	EXPECT_REPORT("invalid object pointer", kmem_cache_free_bulk(cache, 1, objects));
	objects[0] = objects[1] = kept;
	EXPECT_REPORT("object freed twice", kmem_cache_free_bulk(cache, 2, objects));
	objects[0] = NULL;
	kmem_cache_free_bulk(cache, 1, objects);
	kmem_cache_shrink(cache);
	slab_get_info(cache, &info);
	EXPECT_EQ(info.active_objects, 0);
	kmem_cache_free(other, foreign);
	kmem_cache_destroy(other);
	kmem_cache_destroy(cache);
}

/* Sixteen of a cache with something wrong at one place: it is reported, and the fifteen others are freed. */
static void free_with_a_wrong_one(struct kmem_cache *cache, unsigned int place, void *wrong,
				  const char *title)
{
	struct slab_info info;

	ASSERT_TEST(kmem_cache_alloc_bulk(cache, GFP_KERNEL, 15, objects) == 15);
	memmove(&objects[place + 1], &objects[place], (15 - place) * sizeof(objects[0]));
	objects[place] = wrong ? wrong : objects[place ? place - 1 : 1];
	EXPECT_REPORT(title, kmem_cache_free_bulk(cache, 16, objects));
	kmem_cache_shrink(cache);
	slab_get_info(cache, &info);
	EXPECT_EQ(info.active_objects, 1);
}

/* fault-S13, fault-S3, fault-S4: wherever it stands among those that are looked at together */
KTEST(slab_bulk, no_place_in_a_bulk_escapes_a_check)
{
	struct kmem_cache *cache = test_cache("test-bulk", 64, 0);
	struct kmem_cache *other = test_cache("test-other", 64, 0);
	char *kept, *foreign;
	unsigned int place;

	ASSERT_TEST(cache && other);
	kept = kmem_cache_alloc(cache, GFP_KERNEL);
	foreign = kmem_cache_alloc(other, GFP_KERNEL);
	ASSERT_TEST(kept && foreign);
	for (place = 0; place < 16; place++) {
		free_with_a_wrong_one(cache, place, kept + 8, "invalid object pointer");
		free_with_a_wrong_one(cache, place, foreign, "object of another cache");
		free_with_a_wrong_one(cache, place, NULL, "object freed twice");
	}
	kmem_cache_free(other, foreign);
	kmem_cache_free(cache, kept);
	kmem_cache_destroy(other);
	kmem_cache_destroy(cache);
}

/* fault-S13, fault-S4: freed long ago, and free in its slab */
KTEST(slab_bulk, what_is_free_in_its_slab_is_no_part_of_a_bulk)
{
	struct kmem_cache *cache = test_cache("test-bulk", 64, 0);
	void *gone[16], *wrong;
	unsigned int place;

	ASSERT_TEST(cache);
	for (place = 0; place < 16; place++) {
		ASSERT_TEST(kmem_cache_alloc_bulk(cache, GFP_KERNEL, 16, gone) == 16);
		wrong = gone[place];
		kmem_cache_free(cache, wrong);
		kmem_cache_shrink(cache);
		EXPECT_REPORT("object freed twice", kmem_cache_free_bulk(cache, 16, gone));
		kmem_cache_shrink(cache);
	}
	kmem_cache_destroy(cache);
}

/* fault-S13: without a cache it is kfree() of each */
KTEST(slab_bulk, objects_of_kmalloc_are_freed_in_bulk)
{
	static const size_t sizes[] = {8, 100, 3000, 20000};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		objects[i] = kmalloc(sizes[i], GFP_KERNEL);
	objects[i++] = ZERO_SIZE_PTR;
	objects[i++] = NULL;
	kmem_cache_free_bulk(NULL, i, objects);
}

/*
 * A scenario with every kind of request; for n = 1, 2, ... its n-th request fails, until it passes whole. Whatever fails, nothing is left.
 */
static bool scenario(void)
{
	struct kmem_cache *cache = test_cache("test-nth", 120, 0);
	bool whole = false;
	char *p, *q, *r;

	if (!cache)
		return false;
	p = kmalloc(40, GFP_KERNEL | __GFP_NOWARN);
	q = kmem_cache_zalloc(cache, GFP_KERNEL | __GFP_NOWARN);
	r = p ? krealloc(p, 600, GFP_KERNEL | __GFP_NOWARN) : NULL;
	if (r)
		p = r;
	if (kmem_cache_alloc_bulk(cache, GFP_KERNEL | __GFP_NOWARN, 20, objects) == 20) {
		whole = p && q && r;
		kmem_cache_free_bulk(cache, 20, objects);
	}
	kfree(p);
	kmem_cache_free(cache, q);
	kmem_cache_destroy(cache);
	return whole;
}

/* fault-S15 */
KTEST(slab_bulk, whichever_request_fails_nothing_is_left_half_done)
{
	unsigned long n;
	bool whole, hit = true;

	for (n = 1; hit && n < 500; n++) {
		slab_watch_failures(true);
		fault_fail_nth(n);
		whole = scenario();
		hit = fault_fail_nth(0);
		slab_watch_failures(false);
		EXPECT_TRUE(whole || hit);
		EXPECT_EQ(slab_find_cache("test-nth"), NULL);
	}
	EXPECT_GT(n, 20);
	EXPECT_LT(n, 500);
}

/*
 *	0        24                  56      80
 *	| secret | user may see this | secret |
 */
KTEST(slab_bulk, only_the_region_of_a_cache_may_be_copied_to_users)
{
	struct kmem_cache *cache = kmem_cache_create_usercopy(
		"test-user", 80, 0, SLAB_NO_MERGE | SLAB_NO_USER_FLAGS, 24, 32, NULL);
	char local = 0, *p, *q;

	ASSERT_TEST(cache);
	p = kmem_cache_alloc(cache, GFP_KERNEL);
	q = kmalloc(100, GFP_KERNEL);
	ASSERT_TEST(p && q);
	EXPECT_TRUE(slab_usercopy_allowed(p + 24, 32));
	EXPECT_TRUE(slab_usercopy_allowed(p + 40, 16));
	EXPECT_FALSE(slab_usercopy_allowed(p + 23, 1));
	EXPECT_FALSE(slab_usercopy_allowed(p + 40, 17));
	EXPECT_FALSE(slab_usercopy_allowed(p + 24, ~0UL));
	EXPECT_FALSE(slab_usercopy_allowed(p, 80));
	EXPECT_TRUE(slab_usercopy_allowed(q, 100));
	EXPECT_FALSE(slab_usercopy_allowed(q, 4096));
	EXPECT_TRUE(slab_usercopy_allowed(&local, 1));
	kmem_cache_free(cache, p);
	EXPECT_FALSE(slab_usercopy_allowed(p + 24, 1));
	kfree(q);
	kmem_cache_destroy(cache);
	EXPECT_REPORT(
		"the region for user space",
		EXPECT_EQ(kmem_cache_create_usercopy("test-user", 80, 0, 0, 60, 21, NULL), NULL));
}

/* sem-S12 */
KTEST(slab_bulk, a_cache_that_needs_a_grace_period_is_refused)
{
	EXPECT_REPORT(
		"grace period",
		EXPECT_EQ(kmem_cache_create("test-rcu", 64, 0, SLAB_TYPESAFE_BY_RCU, NULL), NULL));
}

KTEST(slab_bulk, an_object_comes_from_the_node_that_is_asked)
{
	struct kmem_cache *cache = test_cache("test-node", 100, 0);
	struct page *page;
	unsigned int nid;
	void *p;

	ASSERT_TEST(cache);
	for (nid = 0; nid < nr_nodes; nid++) {
		p = kmem_cache_alloc_node(cache, GFP_KERNEL | __GFP_THISNODE | __GFP_NOWARN,
					  (int)nid);
		if (!p)
			continue; /* a node without low memory */
		page = virt_to_page(p);
		EXPECT_EQ(page_to_nid(page), (int)nid);
		kmem_cache_free(cache, p);
	}
	p = kmem_cache_alloc_node(cache, GFP_KERNEL, -1);
	EXPECT_TRUE(p);
	kmem_cache_free(cache, p);
	kmem_cache_destroy(cache);
}

/* Idle memory goes back step by step; what is used meanwhile stays. */
KTEST(slab_bulk, reaping_gives_idle_slabs_back)
{
	struct kmem_cache *cache = test_cache("test-idle", 500, 0);
	struct slab_info before, after;
	unsigned int i;

	ASSERT_TEST(cache);
	ASSERT_TEST(kmem_cache_alloc_bulk(cache, GFP_KERNEL, 400, objects) == 400);
	kmem_cache_free_bulk(cache, 400, objects);
	slab_get_info(cache, &before);
	for (i = 0; i < 60; i++)
		cache_reap();
	slab_get_info(cache, &after);
	EXPECT_GT(before.slabs, 0);
	EXPECT_LE(after.slabs, before.slabs);
	if (!strcmp(CONFIG_SLAB_NAME, "slab"))
		EXPECT_EQ(after.slabs, 0);
	kmem_cache_destroy(cache);
}
