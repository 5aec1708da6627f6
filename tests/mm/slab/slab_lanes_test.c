/* SPDX-License-Identifier: MIT */
/*
 * slab_lanes_test.c - the lists of a node's other CPUs: left alone while there are pages, and used when there are none.
 *
 * The test goes over to the next lane of its node and back, as if it ran on another CPU. Where the node has one lane
 * only it has nothing to say.
 */
#include <lib/ktest.h>

#include <mm/page_debug.h>

#include "../../../mm/slab/slab_types.h"

#define NR 40 /* objects, some slabs of them */

static void *objects[NR];

/* From here on this CPU uses the lists of the lane behind its own; the same again goes back. */
static void change_lane(void)
{
	this_slab_cpu.lists ^= 1;
}

static struct slab_cache *lanes_cache(void)
{
	struct kmem_cache *cache = slab_lane_shift ? kmem_cache_create("test-lanes", 500, 0,
								       SLAB_NO_USER_FLAGS, NULL)
						   : NULL;

	return cache ? to_slab_cache(cache) : NULL;
}

static void take_all(struct slab_cache *cache, unsigned int from, unsigned int to)
{
	for (; from < to; from++) {
		objects[from] = kmem_cache_alloc(&cache->common, GFP_KERNEL);
		EXPECT_TRUE(objects[from]);
	}
}

static void give_all(struct slab_cache *cache, unsigned int from, unsigned int to)
{
	for (; from < to; from++)
		kmem_cache_free(&cache->common, objects[from]);
	impl_cache_drain(&cache->common);
}

/* Back to the first lane; the first `nr` objects are out. */
static void end_in_second_lane(struct slab_cache *cache, unsigned int nr)
{
	EXPECT_TRUE(impl_cache_check(&cache->common));
	give_all(cache, 0, nr);
	change_lane();
	kmem_cache_destroy(&cache->common);
}

/* The first request for a page fails. */
static void *take_without_pages(struct slab_cache *cache)
{
	void *object;

	page_fail_nth(1);
	object = kmem_cache_alloc(&cache->common, GFP_KERNEL);
	EXPECT_TRUE(page_fail_nth(0));
	EXPECT_TRUE(object);
	return object;
}

static unsigned long slabs_of(struct slab_cache *cache)
{
	struct slab_info info;

	slab_get_info(&cache->common, &info);
	return info.slabs;
}

KTEST(slab_lanes, while_there_are_pages_a_lane_grows)
{
	struct slab_cache *cache = lanes_cache();
	struct kmem_list3 *first;
	unsigned long free_objects;

	if (!cache)
		SKIP_TEST("one lane");
	first = local_lists(cache);
	take_all(cache, 0, NR);
	give_all(cache, 1, NR);
	free_objects = first->free_objects;
	EXPECT_GT(free_objects, 0);
	change_lane();
	objects[1] = kmem_cache_alloc(&cache->common, GFP_KERNEL);
	EXPECT_EQ(first->free_objects, free_objects);
	EXPECT_TRUE(&cache->lists[object_slab(objects[1])->lists] == local_lists(cache));
	end_in_second_lane(cache, 2);
}

KTEST(slab_lanes, free_slabs_of_another_lane_are_adopted)
{
	struct slab_cache *cache = lanes_cache();
	struct kmem_list3 *first, *second;
	unsigned long slabs;

	if (!cache)
		SKIP_TEST("one lane");
	first = local_lists(cache);
	take_all(cache, 0, NR);
	give_all(cache, 0, NR);
	slabs = slabs_of(cache);
	EXPECT_GT(first->free_objects, 0);
	change_lane();
	second = local_lists(cache);
	EXPECT_TRUE(second != first);
	EXPECT_EQ(second->free_objects, 0);
	objects[0] = take_without_pages(cache);
	EXPECT_EQ(slabs_of(cache), slabs);
	EXPECT_TRUE(&cache->lists[object_slab(objects[0])->lists] == second);
	EXPECT_TRUE(impl_cache_check(&cache->common));
	give_all(cache, 0, 1);
	EXPECT_GT(second->free_objects, 0);
	change_lane();
	kmem_cache_destroy(&cache->common);
}

KTEST(slab_lanes, free_objects_of_another_lane_are_taken)
{
	struct slab_cache *cache = lanes_cache();
	struct kmem_list3 *first;
	unsigned long slabs;

	if (!cache)
		SKIP_TEST("one lane");
	first = local_lists(cache);
	take_all(cache, 0, 2);
	give_all(cache, 1, 2);
	slabs = slabs_of(cache);
	EXPECT_EQ(slabs, 1);
	EXPECT_TRUE(list_empty(&first->slabs_free) && first->free_objects);
	change_lane();
	objects[1] = take_without_pages(cache);
	EXPECT_EQ(slabs_of(cache), slabs);
	EXPECT_TRUE(object_slab(objects[1]) == object_slab(objects[0]));
	end_in_second_lane(cache, 2);
}

/* What an interrupt gets, which may touch no array, comes from all lanes too. */
KTEST(slab_lanes, a_single_object_comes_from_any_lane)
{
	struct slab_cache *cache = lanes_cache();
	unsigned long slabs;

	if (!cache)
		SKIP_TEST("one lane");
	take_all(cache, 0, NR);
	give_all(cache, 0, NR);
	slabs = slabs_of(cache);
	change_lane();
	this_slab_cpu.token = 0; /* as if somebody were at an array */
	objects[0] = kmem_cache_alloc(&cache->common, GFP_ATOMIC);
	this_slab_cpu.token = 1;
	EXPECT_EQ(slabs_of(cache), slabs);
	end_in_second_lane(cache, 1);
}

KTEST(slab_lanes, what_cpus_share_is_found_from_every_lane)
{
	struct slab_cache *cache = lanes_cache();
	struct slab_tuning tuning = {8, 4, 2};
	struct kmem_list3 *first;

	if (!cache)
		SKIP_TEST("one lane");
	EXPECT_EQ(slab_tune(&cache->common, &tuning), 0);
	first = local_lists(cache);
	take_all(cache, 0, 12);
	for (unsigned int i = 0; i < 12; i++)
		kmem_cache_free(&cache->common, objects[i]);
	EXPECT_GT(first->shared_avail, 0);
	change_lane();
	take_all(cache, 0, 8); /* what is in the array */
	objects[8] = take_without_pages(cache);
	EXPECT_EQ(first->shared_avail, 0);
	take_all(cache, 9, 12);
	end_in_second_lane(cache, 12);
}
