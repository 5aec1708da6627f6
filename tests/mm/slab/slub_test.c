/* SPDX-License-Identifier: MIT */
/*
 * slub_test.c - SLUB from within: chains, frozen and partial slabs, tids, merging.
 */
#include <lib/ktest.h>

#include <config.h>
#include <lib/bits.h>
#include <lib/seq_file.h>
#include <mm/node.h>
#include <mm/percpu.h>

#include "../../../mm/slab/slub_types.h"

static struct slub_cache *test_cache(size_t size, slab_flags_t flags)
{
	struct kmem_cache *cache = kmem_cache_create("test-slub", size, 0, flags | SLAB_NO_MERGE,
						     NULL);

	return cache ? to_slub_cache(cache) : NULL;
}

static void *test_alloc(struct slub_cache *cache)
{
	return kmem_cache_alloc(&cache->common, GFP_KERNEL);
}

/* sem-S8: last in, first out */
KTEST(slub, the_object_freed_last_is_allocated_next)
{
	struct slub_cache *cache = test_cache(64, 0);
	void *a, *b;

	ASSERT_TEST(cache);
	a = test_alloc(cache);
	b = test_alloc(cache);
	kmem_cache_free(&cache->common, a);
	kmem_cache_free(&cache->common, b);
	EXPECT_EQ(test_alloc(cache), b);
	EXPECT_EQ(test_alloc(cache), a);
	kmem_cache_free(&cache->common, a);
	kmem_cache_free(&cache->common, b);
	kmem_cache_destroy(&cache->common);
}

#define SLUB_TEST_MOST 64

/* What one whole slab holds, taken, the CPU's first. */
static unsigned int take_slab(struct slub_cache *cache, void **objects)
{
	unsigned int i;

	for (i = 0; i < cache->objects; i++)
		objects[i] = test_alloc(cache);
	return cache->objects;
}

static void give_all(struct slub_cache *cache, void **objects, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		kmem_cache_free(&cache->common, objects[i]);
}

/*
 * sem-S8
 *
 *	one taken	the CPU's slab: frozen, all count as in use
 *	drained		partial: one in use, the others free
 *	taken again	frozen once more, the same slab
 *	all taken, the next of another slab: full, in no list
 *	one freed	frozen, in the CPU's partial slabs
 */
KTEST(slub, a_slab_is_frozen_partial_full_and_frozen_again_sem_S8)
{
	struct slub_cache *cache = test_cache(2048, 0);
	void *objects[SLUB_TEST_MOST + 1], *first;
	struct slub_node *node;
	unsigned int nr;
	struct slab *slab;

	ASSERT_TEST(cache && cache->objects <= SLUB_TEST_MOST);
	nr = cache->objects;
	node = &cache->node[cpu_to_node(arch_cpu_id())];
	first = test_alloc(cache);
	slab = object_slab(first);
	EXPECT_TRUE(slab_state(slab).frozen && this_cpu_read(cache->cpu->slab) == slab);
	EXPECT_EQ(slab_state(slab).inuse, nr);

	impl_cache_drain(&cache->common);
	EXPECT_FALSE(slab_state(slab).frozen);
	EXPECT_EQ(slab_state(slab).inuse, 1);
	EXPECT_EQ(node->nr_partial, 1);

	kmem_cache_free(&cache->common, first);
	EXPECT_EQ(slab_state(slab).inuse, 0); /* min_partial: it stays */
	EXPECT_EQ(node->nr_partial, 1);

	take_slab(cache, objects);
	EXPECT_EQ(object_slab(objects[nr - 1]), slab);
	EXPECT_EQ(node->nr_partial, 0);
	objects[nr] = test_alloc(cache);
	EXPECT_NE(object_slab(objects[nr]), slab);
	EXPECT_FALSE(slab_state(slab).frozen);
	EXPECT_EQ(slab_state(slab).free, FREE_NONE);

	kmem_cache_free(&cache->common, objects[0]);
	EXPECT_TRUE(slab_state(slab).frozen && this_cpu_read(cache->cpu->partial) == slab);
	EXPECT_EQ(slab_state(slab).inuse, nr - 1);
	EXPECT_TRUE(impl_cache_check(&cache->common));
	give_all(cache, objects + 1, nr);
	kmem_cache_destroy(&cache->common);
}

/* sem-S8: a step that was prepared before something else happened does nothing, though all looks as before. */
KTEST(slub, a_stale_tid_is_rejected_sem_S8)
{
	struct slub_cache *cache = test_cache(64, 0);
	void *a, *b, *first, *next;
	unsigned long tid;

	ASSERT_TEST(cache);
	a = test_alloc(cache);
	b = test_alloc(cache);
	kmem_cache_free(&cache->common, b);
	kmem_cache_free(&cache->common, a);

	tid = this_cpu_read(cache->cpu->tid); /* the fast way begins: a, then b */
	first = this_cpu_read(cache->cpu->freelist);
	next = freepointer_get(cache, first);
	EXPECT_TRUE(first == a && next == b);

	a = test_alloc(cache); /* an interrupt: a and b taken, a freed */
	b = test_alloc(cache);
	kmem_cache_free(&cache->common, a);
	EXPECT_EQ(this_cpu_read(cache->cpu->freelist), first);
	EXPECT_NE(freepointer_get(cache, first), next);

	EXPECT_FALSE(this_cpu_cmpxchg_double(cache->cpu->freelist, cache->cpu->tid, first, tid,
					     next, tid + TID_STEP));
	a = test_alloc(cache);
	EXPECT_NE(test_alloc(cache), b);
	EXPECT_TRUE(impl_cache_check(&cache->common));
	impl_cache_drain(&cache->common);
	kmem_cache_free(&cache->common, a);
	kmem_cache_free(&cache->common, b);
	kmem_cache_shrink(&cache->common);
	EXPECT_REPORT("has live objects", kmem_cache_destroy(&cache->common));
	kmem_cache_free(&cache->common, slab_object_at(cache, object_slab(a), 2));
	kmem_cache_destroy(&cache->common);
}

/*
 * Objects of a slab: 0 and 1 in use, 2 -> 3 -> 4 ... free with the CPU. What stands in object 2, the free pointer, is
 * overwritten.
 */
#define ITSELF ((const void *)1)
#define INSIDE ((const void *)2)

static void expect_broken_pointer_is_seen(const void *next)
{
	struct slub_cache *cache = test_cache(256, 0);
	char *victim;
	struct slab *slab;
	void *a, *b;

	ASSERT_TEST(cache);
	a = test_alloc(cache);
	b = test_alloc(cache);
	victim = this_cpu_read(cache->cpu->freelist);
	slab = object_slab(a);
	freepointer_set(cache, victim,
			next == INSIDE	 ? victim + 8
			: next == ITSELF ? victim
					 : next);
	EXPECT_REPORT("make no chain", {
		void *c = test_alloc(cache);

		EXPECT_TRUE(c && object_slab(c) != slab);
		kmem_cache_free(&cache->common, c);
	});
	EXPECT_TRUE(impl_cache_check(&cache->common));
	kmem_cache_free(&cache->common, a);
	kmem_cache_free(&cache->common, b);

	/* What was free of it is gone for ever; here it is brought back, so that nothing leaks. */
	impl_cache_drain(&cache->common);
	for (unsigned int i = 0; i < cache->objects; i++) {
		void *object = slab_object_at(cache, slab, i);

		if (object == a || object == b)
			continue;
		freepointer_wipe(cache, object);
		kmem_cache_free(&cache->common, object);
	}
	kmem_cache_destroy(&cache->common);
}

/* fault-S8 */
KTEST(slub, a_free_pointer_that_leads_elsewhere_is_seen_before_it_is_followed_fault_S8)
{
	char *elsewhere = kmalloc(256, GFP_KERNEL);

	ASSERT_TEST(elsewhere);
	expect_broken_pointer_is_seen(ITSELF);
	expect_broken_pointer_is_seen(INSIDE);
	expect_broken_pointer_is_seen(elsewhere);
	expect_broken_pointer_is_seen((void *)0x400000);
	expect_broken_pointer_is_seen((void *)~0UL);
	kfree(elsewhere);
}

/* fault-S8: a chain that ends too early, or leads to an object in use, shows when the CPU takes the slab over. */
KTEST(slub, a_chain_of_another_length_is_seen_when_a_cpu_takes_the_slab_fault_S8)
{
	struct slub_cache *cache = test_cache(256, 0);
	void *a, *b, *victim;
	struct slab *slab;

	if (!CONFIG_DEBUG)
		SKIP_TEST("debug builds walk a chain before they take it");
	ASSERT_TEST(cache);
	a = test_alloc(cache);
	slab = object_slab(a);
	impl_cache_drain(&cache->common);
	victim = slab_object_at(cache, slab, slab_state(slab).free);
	freepointer_set(cache, victim, NULL);
	EXPECT_REPORT("make no chain", b = test_alloc(cache));
	EXPECT_TRUE(b && object_slab(b) != slab);
	kmem_cache_free(&cache->common, b);
	kmem_cache_free(&cache->common, a);
	for (unsigned int i = 0; i < cache->objects; i++) {
		void *object = slab_object_at(cache, slab, i);

		if (object == a)
			continue;
		freepointer_wipe(cache, object);
		kmem_cache_free(&cache->common, object);
	}
	kmem_cache_destroy(&cache->common);
}
