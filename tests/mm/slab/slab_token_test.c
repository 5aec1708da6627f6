/* SPDX-License-Identifier: MIT */
/*
 * slab_token_test.c - SLAB from within: interrupts between any two steps of its fast way, broken chains, sizes of arrays.
 *
 * THE IDEA
 *	The fast way of slab.c takes a CPU's token, changes an array in steps, and gives the token back. A test
 *	cannot make an interrupt come between two chosen instructions, but it can make the steps itself:
 *
 *	pop	token | read top | read entry | lower top | token back
 *	push	token | read top | write entry | raise top | token back
 *
 *	and let an interrupt allocate and free between each two of them. Then it ends what it began, and all that was
 *	handed out must be different objects. tests/stack/interrupt_test.c lets interrupts come anywhere.
 */
#include <lib/ktest.h>

#include <lib/errno.h>
#include <mm/page.h>
#include <mm/zone.h>

#include "../../../mm/slab/slab_types.h"

#define NR_STEPS 4

static struct slab_cache *test_cache(size_t size)
{
	struct kmem_cache *cache = kmem_cache_create("test-token", size, 0, SLAB_NO_USER_FLAGS,
						     NULL);

	return cache ? to_slab_cache(cache) : NULL;
}

/* What the interrupt holds on to, so that the task must not be given the same. */
struct guest {
	struct kmem_cache *cache;
	void *object[90];
	unsigned int nr, frees;
};

static void guest_works(void *context)
{
	struct guest *guest = context;
	unsigned int i;

	for (i = 0; i < guest->nr; i++)
		guest->object[i] = kmem_cache_alloc(guest->cache, GFP_ATOMIC);
	for (i = 0; i < guest->frees; i++) {
		kmem_cache_free(guest->cache, guest->object[i]);
		guest->object[i] = NULL;
	}
}

static void guest_leaves(struct guest *guest)
{
	unsigned int i;

	for (i = guest->frees; i < guest->nr; i++)
		kmem_cache_free(guest->cache, guest->object[i]);
}

static void interrupt_if(bool now, struct guest *guest)
{
	if (now)
		ktest_in_interrupt(guest_works, guest);
}

/* The steps of a pop, with the guest at one of them. NULL: the array was empty. */
static void *pop_in_steps(struct slab_cache *cache, unsigned int step, struct guest *guest)
{
	struct array_cache *array;
	void **top, *object;

	this_slab_cpu.token--;
	interrupt_if(step == 0, guest);
	array = cpu_cache_get(cache);
	top = array->top;
	interrupt_if(step == 1, guest);
	object = *top;
	interrupt_if(step == 2, guest);
	array->top = top - 1;
	interrupt_if(step == 3, guest);
	this_slab_cpu.token++;
	return object;
}

static void push_in_steps(struct slab_cache *cache, void *object, unsigned int step,
			  struct guest *guest)
{
	struct array_cache *array;
	void **top;

	this_slab_cpu.token--;
	interrupt_if(step == 0, guest);
	array = cpu_cache_get(cache);
	top = array->top;
	interrupt_if(step == 1, guest);
	top[1] = object;
	interrupt_if(step == 2, guest);
	array->top = top + 1;
	interrupt_if(step == 3, guest);
	this_slab_cpu.token++;
}

/* Debug builds mark what lies in an array; what the steps take or put is marked as the fast way would. */
static void mark(void *object, unsigned int bufctl)
{
	struct slab *slab = object_slab(object);

	slab->bufctl[slab_index_of(slab->cache, slab, object)] = (uint16_t)bufctl;
}

/* fault-R3, sem-A2: takes, at every step, with an interrupt that takes and gives more and less than a batch */
KTEST(slab_token, an_interrupt_at_any_step_of_a_pop_gets_other_objects)
{
	static const unsigned int many[] = {1, 3, 90};
	unsigned int step, i, j;

	for (step = 0; step < NR_STEPS; step++) {
		for (i = 0; i < 2 * ARRAY_SIZE(many); i++) {
			struct slab_cache *cache = test_cache(100);
			struct guest guest = {.nr = many[i / 2], .frees = i % 2 ? many[i / 2] : 0};
			void *warm, *mine;

			ASSERT_TEST(cache);
			guest.cache = &cache->common;
			warm = kmem_cache_alloc(guest.cache, GFP_KERNEL);
			ASSERT_TEST(warm && array_avail(cpu_cache_get(cache)) > 2);
			mine = pop_in_steps(cache, step, &guest);
			mark(mine, BUFCTL_ACTIVE);
			for (j = 0; j < guest.nr; j++)
				EXPECT_NE(guest.object[j], mine);
			EXPECT_EQ(this_slab_cpu.token, 1);
			EXPECT_TRUE(impl_cache_check(guest.cache));
			kmem_cache_free(guest.cache, mine);
			kmem_cache_free(guest.cache, warm);
			guest_leaves(&guest);
			kmem_cache_destroy(guest.cache);
		}
	}
}

/* fault-R3, sem-A2 */
KTEST(slab_token, an_interrupt_at_any_step_of_a_push_loses_nothing)
{
	static const unsigned int many[] = {1, 3, 90};
	unsigned int step, i;

	for (step = 0; step < NR_STEPS; step++) {
		for (i = 0; i < 2 * ARRAY_SIZE(many); i++) {
			struct slab_cache *cache = test_cache(100);
			struct guest guest = {.nr = many[i / 2], .frees = i % 2 ? many[i / 2] : 0};
			void *mine, *again;

			ASSERT_TEST(cache);
			guest.cache = &cache->common;
			mine = kmem_cache_alloc(guest.cache, GFP_KERNEL);
			ASSERT_TEST(mine);
			mark(mine, CONFIG_DEBUG ? BUFCTL_CACHED : BUFCTL_ACTIVE);
			push_in_steps(cache, mine, step, &guest);
			EXPECT_EQ(this_slab_cpu.token, 1);
			EXPECT_TRUE(impl_cache_check(guest.cache));
			again = kmem_cache_alloc(guest.cache, GFP_KERNEL);
			EXPECT_EQ(again, mine);
			kmem_cache_free(guest.cache, again);
			guest_leaves(&guest);
			kmem_cache_destroy(guest.cache);
		}
	}
}

/* While the token is held the slow way deals in single objects of the lists, and no array changes. */
KTEST(slab_token, without_the_token_no_array_is_touched)
{
	struct slab_cache *cache = test_cache(100);
	unsigned long avail;
	void *a, *b;

	ASSERT_TEST(cache);
	a = kmem_cache_alloc(&cache->common, GFP_KERNEL);
	avail = array_avail(cpu_cache_get(cache));
	this_slab_cpu.token--;
	b = kmem_cache_alloc(&cache->common, GFP_ATOMIC);
	EXPECT_TRUE(b && b != a);
	EXPECT_EQ(array_avail(cpu_cache_get(cache)), avail);
	kmem_cache_free(&cache->common, a);
	kmem_cache_free(&cache->common, b);
	EXPECT_EQ(array_avail(cpu_cache_get(cache)), avail);
	impl_cache_drain(&cache->common);
	EXPECT_EQ(array_avail(cpu_cache_get(cache)), avail);
	EXPECT_EQ(this_slab_cpu.token, 0);
	this_slab_cpu.token++;
	kmem_cache_destroy(&cache->common);
}

/* ---- Broken chains ---- */

struct damage {
	const char *what;
	int free, link; /* what is written to slab->free, to its first link; -1: nothing */
};

/*
 * A chain that leaves the slab, ends too soon, never ends, or leads to an object that is in use: nothing of it is handed out
 * twice, one report, and the slab gives no more. fault-S8, sem-S11
 */
KTEST(slab_token, a_broken_chain_is_seen_before_it_is_followed)
{
	static const struct damage damages[] = {
		{"out of the slab", 60000, -1},	     {"ends at once", BUFCTL_END, -1},
		{"link out of the slab", -1, 60000}, {"link ends too soon", -1, BUFCTL_END},
		{"link to one in use", -1, 0},	     {"link to itself", -1, 1},
	};
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(damages); i++) {
		struct slab_cache *cache = test_cache(1000);
		void *object, *more[12];
		struct slab *slab;
		uint16_t *link;

		ASSERT_TEST(cache && cache->objects >= 4);
		object = kmem_cache_alloc(&cache->common, GFP_KERNEL);
		ASSERT_TEST(object);
		impl_cache_drain(&cache->common);
		slab = object_slab(object);
		link = &slab->bufctl[slab->free];
		if (damages[i].link == 1)
			*link = slab->free;
		else if (damages[i].link >= 0)
			*link = damages[i].link ? (uint16_t)damages[i].link
						: (uint16_t)slab_index_of(cache, slab, object);
		if (damages[i].free >= 0)
			slab->free = (uint16_t)damages[i].free;
		EXPECT_REPORT("the free objects of a slab make no chain",
			      more[0] = kmem_cache_alloc(&cache->common, GFP_KERNEL));
		for (j = 1; j < ARRAY_SIZE(more); j++)
			more[j] = kmem_cache_alloc(&cache->common, GFP_KERNEL);
		for (j = 0; j < ARRAY_SIZE(more); j++)
			EXPECT_NE(more[j], object);
		EXPECT_TRUE(impl_cache_check(&cache->common));
		/* What was lost is found again by who knows better than the allocator. */
		for (j = 0; j < ARRAY_SIZE(more); j++)
			kmem_cache_free(&cache->common, more[j]);
		kmem_cache_free(&cache->common, object);
		impl_cache_drain(&cache->common);
		for (j = 0; j < cache->objects && slab->inuse; j++)
			if (!bufctl_is_free(slab->bufctl[j]))
				kmem_cache_free(&cache->common, slab_object_at(slab, j));
		kmem_cache_destroy(&cache->common);
	}
}

/* ---- Sizes of arrays ---- */

KTEST(slab_token, an_array_is_resized_and_keeps_nothing_back)
{
	struct slab_cache *cache = test_cache(100);
	struct slab_tuning tuning = {10, 5, 0};
	struct slab_info info;
	void *objects[40];
	unsigned int i;

	ASSERT_TEST(cache);
	for (i = 0; i < ARRAY_SIZE(objects); i++)
		objects[i] = kmem_cache_alloc(&cache->common, GFP_KERNEL);
	EXPECT_EQ(slab_tune(&cache->common, &tuning), 0);
	slab_get_info(&cache->common, &info);
	EXPECT_EQ(info.limit, 10);
	EXPECT_EQ(info.batchcount, 5);
	EXPECT_EQ(info.active_objects, ARRAY_SIZE(objects));
	for (i = 0; i < ARRAY_SIZE(objects); i++) {
		kmem_cache_free(&cache->common, objects[i]);
		EXPECT_LE(array_avail(cpu_cache_get(cache)), 10);
	}
	EXPECT_EQ(slab_tune(&cache->common, &(struct slab_tuning){0, 1, 0}), -EINVAL);
	EXPECT_EQ(slab_tune(&cache->common, &(struct slab_tuning){10, 11, 0}), -EINVAL);
	EXPECT_EQ(slab_tune(&cache->common, &(struct slab_tuning){10, 0, 0}), -EINVAL);
	EXPECT_EQ(slab_tune(&cache->common, &(struct slab_tuning){~0U, 10, 0}), -EINVAL);
	EXPECT_EQ(slab_tune_text("test-token 30 20 3\n"), 0);
	slab_get_info(&cache->common, &info);
	EXPECT_EQ(info.limit, 30);
	EXPECT_EQ(info.batchcount, 20);
	EXPECT_EQ(info.shared, 3);
	EXPECT_EQ(slab_tune_text("test-nobody 30 20 3"), -ENOENT);
	EXPECT_EQ(slab_tune_text("test-token 30 20"), -EINVAL);
	EXPECT_EQ(slab_tune_text("test-token 30 31 1"), -EINVAL);
	EXPECT_EQ(slab_tune_text("test-token x 1 1"), -EINVAL);
	EXPECT_EQ(slab_tune_text(""), -EINVAL);
	EXPECT_EQ(slab_tune_text("test-token 99999999999999999999 1 1"), -EINVAL);
	slab_get_info(&cache->common, &info);
	EXPECT_EQ(info.limit, 30);
	kmem_cache_destroy(&cache->common);
}

/* sem-S2: what a full array gives back goes to the shared one first, and an empty one takes from there first */
KTEST(slab_token, the_cpus_of_a_node_share)
{
	struct slab_cache *cache = test_cache(100);
	struct slab_tuning tuning = {8, 4, 2U << slab_lane_shift};
	struct kmem_list3 *node;
	void *objects[20];
	unsigned int i;

	ASSERT_TEST(cache);
	EXPECT_EQ(slab_tune(&cache->common, &tuning), 0);
	node = local_lists(cache);
	ASSERT_TEST(node->shared);
	for (i = 0; i < ARRAY_SIZE(objects); i++)
		objects[i] = kmem_cache_alloc(&cache->common, GFP_KERNEL);
	impl_cache_drain(&cache->common);
	for (i = 0; i < 8; i++)
		kmem_cache_free(&cache->common, objects[i]);
	EXPECT_EQ(array_avail(node->shared), 0);
	kmem_cache_free(&cache->common, objects[8]);
	EXPECT_EQ(array_avail(node->shared), 4);
	EXPECT_EQ(node->shared->entry[1], objects[0]);
	EXPECT_TRUE(impl_cache_check(&cache->common));
	for (i = 0; i < 5; i++)
		objects[i] = kmem_cache_alloc(&cache->common, GFP_KERNEL);
	EXPECT_EQ(array_avail(node->shared), 4);
	objects[5] = kmem_cache_alloc(&cache->common, GFP_KERNEL);
	EXPECT_EQ(array_avail(node->shared), 0);
	for (i = 0; i < 6; i++)
		kmem_cache_free(&cache->common, objects[i]);
	for (i = 9; i < ARRAY_SIZE(objects); i++)
		kmem_cache_free(&cache->common, objects[i]);
	kmem_cache_destroy(&cache->common);
}

/* Needed again what was given back: the limit rises, up to its bound; reaping lowers it again. */
KTEST(slab_token, a_node_learns_how_many_free_slabs_to_keep)
{
	static void *objects[3000];
	struct slab_cache *cache = test_cache(500);
	unsigned long base, raised;
	unsigned int i, round;

	ASSERT_TEST(cache);
	base = local_lists(cache)->free_limit;
	for (round = 0; round < 3; round++) {
		for (i = 0; i < ARRAY_SIZE(objects); i++)
			objects[i] = kmem_cache_alloc(&cache->common, GFP_KERNEL);
		for (i = 0; i < ARRAY_SIZE(objects); i++)
			kmem_cache_free(&cache->common, objects[i]);
	}
	raised = local_lists(cache)->free_limit;
	EXPECT_GT(raised, base);
	EXPECT_LE(raised, cache->free_most);
	for (i = 0; i < 60; i++)
		impl_cache_reap(&cache->common);
	EXPECT_EQ(local_lists(cache)->free_limit, base);
	EXPECT_EQ(local_lists(cache)->free_objects, 0);
	kmem_cache_destroy(&cache->common);
}

KTEST(slab_token, a_cpu_that_has_made_no_slab_learns_its_span_from_a_free)
{
	void *object = kmalloc(100, GFP_KERNEL);

	ASSERT_TEST(object);
	this_slab_cpu.span_size = 0;
	kfree(object);
	EXPECT_TRUE((uintptr_t)object - this_slab_cpu.span_start < this_slab_cpu.span_size);
}
