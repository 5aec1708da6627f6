/* SPDX-License-Identifier: MIT */
/*
 * sequences_test.c - every sequence of at most eight calls on a cache of the tightest limits.
 *
 * THE IDEA
 *	A call allocates, or frees the first, second, ... of the live objects: with n live there are n + 1 calls to choose
 *	from. choice[] counts through all sequences as the wheels of an odometer do, each wheel as wide as it was when it was
 *	last passed. A slab has three objects and a CPU parks two, one at a time, so that within eight calls slabs become full,
 *	partial and free in every order.
 *
 * PICTURE	1, 2, 4, 10, 26, 76, 232, 764 sequences of 1, 2, ... 8 calls: as many as there are
 *		ways to pair some of so many things. Those of eight begin with all the shorter ones.
 */
#include <lib/ktest.h>

#include "../../../mm/slab/impl.h"

#define LENGTH	    8
#define OBJECT_SIZE (10 * KiB) /* three to a block of 32 KiB, with either allocator */

static struct kmem_cache *cache;
static unsigned int choice[LENGTH], width[LENGTH];
static uint64_t *live[LENGTH];
static unsigned int nr_live;

static bool stamps_hold(void)
{
	for (unsigned int i = 0; i < nr_live; i++)
		if (live[i][0] != (uintptr_t)live[i] || live[i][OBJECT_SIZE / 8 - 1] != live[i][0])
			return false;
	return true;
}

/* False without memory, or when the object is one that is live. */
static bool call_alloc(void)
{
	uint64_t *object = kmem_cache_alloc(cache, GFP_KERNEL);

	for (unsigned int i = 0; object && i < nr_live; i++)
		if (live[i] == object)
			return false;
	if (!object)
		return false;
	object[0] = object[OBJECT_SIZE / 8 - 1] = (uintptr_t)object;
	live[nr_live++] = object;
	return true;
}

static void call_free(unsigned int index)
{
	void *object = live[index];

	live[index] = live[--nr_live];
	kmem_cache_free(cache, object);
}

/* The calls of choice[], one after the other. */
static bool play(void)
{
	for (unsigned int at = 0; at < LENGTH; at++) {
		width[at] = nr_live + 1;
		if (choice[at])
			call_free(choice[at] - 1);
		else if (!call_alloc())
			return false;
		if (!stamps_hold() || !impl_cache_check(cache))
			return false;
	}
	return true;
}

/* What is live goes, and no slab is left. */
static bool play_out(void)
{
	while (nr_live)
		call_free(nr_live - 1);
	return kmem_cache_shrink(cache) == 0 && slab_check();
}

/* The next sequence; false behind the last. */
static bool turn(void)
{
	for (unsigned int at = LENGTH; at-- > 0; choice[at] = 0)
		if (++choice[at] < width[at])
			return true;
	return false;
}

/* sem-S2, sem-S8 */
KTEST(slab_sequences, every_sequence_of_eight_calls_keeps_the_lists_right)
{
	const struct slab_tuning tightest = {.limit = 2, .batchcount = 1};
	unsigned int nr = 0;
	struct slab_info info;
	bool right;

	nr_live = 0;
	memset(choice, 0, sizeof(choice));
	cache = kmem_cache_create("test-sequences", OBJECT_SIZE, 0,
				  SLAB_NO_MERGE | SLAB_NO_USER_FLAGS, NULL);
	ASSERT_TEST(cache);
	slab_tune(cache, &tightest); /* SLUB parks whole slabs: nothing to set */
	slab_get_info(cache, &info);
	EXPECT_EQ(info.objects_per_slab, 3);
	do {
		right = play();
		right = play_out() && right;
		nr++;
	} while (right && turn());
	for (unsigned int at = 0; !right && at < LENGTH; at++)
		ktest_fail(__FILE__, __LINE__, "call %u was %u (0 allocates)", at, choice[at]);
	EXPECT_EQ(nr, 764);
	kmem_cache_destroy(cache);
}
