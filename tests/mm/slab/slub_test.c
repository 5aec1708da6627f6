/* SPDX-License-Identifier: MIT */
/*
 * slub_test.c - SLUB from within: chains, frozen and partial slabs, tids, merging.
 */
#include <lib/ktest.h>

#include <config.h>
#include <lib/bits.h>
#include <lib/seq_file.h>
#include <mm/percpu.h>

#include "../../../mm/slab/slub_types.h"

/* With the flags that the test says and no others: `slab_debug=` would change what it looks at. */
static struct slub_cache *test_cache(size_t size, slab_flags_t flags)
{
	struct kmem_cache *cache;

	flags |= SLAB_NO_MERGE | SLAB_NO_USER_FLAGS;
	cache = kmem_cache_create("test-slub", size, 0, flags, NULL);
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
	first = test_alloc(cache);
	ASSERT_TEST(first);
	slab = object_slab(first);
	node = slab_node(cache, slab);
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
	tid = this_cpu_read(cache->cpu->tid);
	b = test_alloc(cache);
	EXPECT_NE(this_cpu_read(cache->cpu->tid), tid);
	tid = this_cpu_read(cache->cpu->tid);
	kmem_cache_free(&cache->common, b);
	EXPECT_NE(this_cpu_read(cache->cpu->tid), tid);
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
	if (CONFIG_DEBUG) /* release builds see that it lies in the slab, not that no object starts there */
		expect_broken_pointer_is_seen(INSIDE);
	expect_broken_pointer_is_seen(elsewhere);
	expect_broken_pointer_is_seen((void *)0x400000);
	expect_broken_pointer_is_seen((void *)~0UL);
	kfree(elsewhere);
}

/* fault-S8: a chain that ends too early, or leads to an object in use, shows when the CPU takes the slab over. */
KTEST(slub, a_chain_of_another_length_is_seen_when_a_cpu_takes_the_slab_fault_S8)
{
	struct slub_cache *cache;
	void *a, *b, *victim;
	struct slab *slab;

	if (!CONFIG_DEBUG)
		SKIP_TEST("debug builds walk a chain before they take it");
	cache = test_cache(256, 0);
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

/* sem-S8: alike caches are one, until the last owner has gone. */
KTEST(slub, alike_caches_are_one_and_the_last_owner_destroys_it_sem_S8)
{
	bool was = slab_set_sharing(true);
	char name[] = "test-first";
	struct kmem_cache *first = kmem_cache_create(name, 200, 0, SLAB_NO_USER_FLAGS, NULL),
			  *second, *other;
	void *object;

	ASSERT_TEST(first);
	second = kmem_cache_create("test-second", 196, 8, SLAB_NO_USER_FLAGS, NULL);
	EXPECT_EQ(second, first);
	EXPECT_EQ(slab_find_cache("test-second"), NULL);

	other = kmem_cache_create("test-dma", 200, 0, SLAB_CACHE_DMA | SLAB_NO_USER_FLAGS, NULL);
	EXPECT_TRUE(other && other != first);
	kmem_cache_destroy(other);
	other = kmem_cache_create("test-own", 200, 0, SLAB_NO_MERGE | SLAB_NO_USER_FLAGS, NULL);
	EXPECT_TRUE(other && other != first);
	kmem_cache_destroy(other);
	other = kmem_cache_create("test-larger", 208, 0, SLAB_NO_USER_FLAGS, NULL);
	EXPECT_TRUE(other && other != first);
	kmem_cache_destroy(other);
	EXPECT_REPORT("exists", EXPECT_EQ(kmem_cache_create("test-first", 200, 0, 0, NULL), NULL));

	object = kmem_cache_alloc(second, GFP_KERNEL);
	kmem_cache_destroy(first);
	name[5] = 'X'; /* the name's owner has gone */
	EXPECT_STREQ(second->name, "test-first");
	EXPECT_EQ(slab_find_cache("test-first"), second);
	kmem_cache_free(second, object);
	kmem_cache_destroy(second);
	EXPECT_EQ(slab_find_cache("test-first"), NULL);
	slab_set_sharing(was);
}

static void construct(void *object)
{
	memset(object, 0x77, 64);
}

/* sem-S8: what a constructor wrote stays, all of it, while the object is free. */
KTEST(slub, the_free_pointer_lies_behind_what_a_constructor_made_sem_S8)
{
	struct kmem_cache *cache = kmem_cache_create("test-ctor", 64, 0, 0, construct);
	void *objects[4];

	ASSERT_TEST(cache);
	EXPECT_GE(to_slub_cache(cache)->offset, 64);
	for (unsigned int round = 0; round < 3; round++) {
		for (unsigned int i = 0; i < ARRAY_SIZE(objects); i++) {
			objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
			ASSERT_TEST(objects[i]);
			EXPECT_EQ(memchr_inv(objects[i], 0x77, 64), NULL);
		}
		for (unsigned int i = 0; i < ARRAY_SIZE(objects); i++)
			kmem_cache_free(cache, objects[i]);
	}
	kmem_cache_destroy(cache);
}

/* sem-S8: a node keeps min_partial slabs, empty ones too, and gives the others back. */
KTEST(slub, empty_slabs_above_min_partial_go_back_sem_S8)
{
	static void *objects[40 * SLUB_TEST_MOST];
	struct slub_cache *cache = test_cache(2048, 0);
	unsigned int nr, i;
	struct slab_info info;

	ASSERT_TEST(cache && cache->objects <= SLUB_TEST_MOST);
	nr = 40 * cache->objects;
	for (i = 0; i < nr; i++)
		objects[i] = test_alloc(cache);
	slab_get_info(&cache->common, &info);
	EXPECT_EQ(info.slabs, 40);
	EXPECT_EQ(info.active_objects, nr);
	give_all(cache, objects, nr);
	slab_get_info(&cache->common, &info);
	EXPECT_LE(info.slabs, cache->min_partial + cache->cpu_partial + 2);
	impl_cache_drain(&cache->common);
	slab_get_info(&cache->common, &info);
	EXPECT_EQ(info.active_objects, 0);
	EXPECT_LE(info.slabs, cache->min_partial + 1);
	EXPECT_EQ(kmem_cache_shrink(&cache->common), 0);
	slab_get_info(&cache->common, &info);
	EXPECT_EQ(info.slabs, 0);
	kmem_cache_destroy(&cache->common);
}

/*
 * Three slabs with one, two and three objects in use; sem-S8
 *
 *	after shrinking the list begins with the fullest
 */
KTEST(slub, shrinking_puts_the_fullest_slabs_first_sem_S8)
{
	void *objects[3 * SLUB_TEST_MOST];
	struct slub_cache *cache = test_cache(2048, 0);
	struct slub_node *node;
	unsigned int nr, i, last = 0;
	struct slab *slab;

	ASSERT_TEST(cache && cache->objects <= SLUB_TEST_MOST);
	nr = cache->objects;
	for (i = 0; i < 3 * nr; i++)
		objects[i] = test_alloc(cache);
	node = slab_node(cache, object_slab(objects[0]));
	for (i = 0; i < 3 * nr; i++)
		if (i % nr > i / nr)
			kmem_cache_free(&cache->common, objects[i]);
	kmem_cache_shrink(&cache->common);
	EXPECT_EQ(node->nr_partial, 3);
	list_for_each_entry (slab, &node->partial, list) {
		unsigned int nr_free = nr - slab_state(slab).inuse;

		EXPECT_GE(nr_free, last);
		last = nr_free;
	}
	for (i = 0; i < 3 * nr; i++)
		if (i % nr <= i / nr)
			kmem_cache_free(&cache->common, objects[i]);
	kmem_cache_destroy(&cache->common);
}

/* fault-S16: memory in pieces of one page. */
KTEST(slub, without_a_large_block_a_slab_of_the_least_order_does_fault_S16)
{
	struct slub_cache *cache = test_cache(2048, 0);
	gfp_t quiet = GFP_KERNEL | __GFP_NOWARN | __GFP_MEMALLOC;
	struct page *page, *following, *kept;
	unsigned int order = MAX_ORDER;
	void *object;
	LIST_HEAD(taken);

	ASSERT_TEST(cache && cache->order > cache->least_order);
	kept = alloc_page(quiet);
	ASSERT_TEST(kept);
	while (order-- > 0)
		while ((page = alloc_pages(quiet, order)))
			list_add(&page->lru, &taken);
	__free_page(kept);
	object = kmem_cache_alloc(&cache->common, quiet);
	EXPECT_TRUE(object);
	if (object) {
		EXPECT_EQ(slab_state(object_slab(object)).objects, cache->least_objects);
		kmem_cache_free(&cache->common, object);
	}
	list_for_each_entry_safe (page, following, &taken, lru)
		__free_pages(page, page->order);
	kmem_cache_destroy(&cache->common);
}

/* Each invariant is broken once; the check must see it, and be content again afterwards. */
KTEST(slub, the_check_sees_each_invariant_broken)
{
	struct slub_cache *cache = test_cache(512, 0);
	struct slub_node *node;
	union slab_state kept;
	struct slub_cpu *cpu;
	struct slab *slab;
	void *a, *list;

	ASSERT_TEST(cache);
	a = test_alloc(cache);
	ASSERT_TEST(a);
	slab = object_slab(a);
	node = slab_node(cache, slab);
	cpu = this_cpu_ptr(cache->cpu);
	EXPECT_TRUE(impl_cache_check(&cache->common));

	slab->state.frozen = 0; /* U3 */
	EXPECT_FALSE(impl_cache_check(&cache->common));
	slab->state.frozen = 1;
	list = cpu->freelist; /* U3: a chain that leads out of the slab */
	cpu->freelist = node;
	EXPECT_FALSE(impl_cache_check(&cache->common));
	cpu->freelist = list;
	cpu->nr_partial++; /* U3 */
	EXPECT_FALSE(impl_cache_check(&cache->common));
	cpu->nr_partial--;

	impl_cache_drain(&cache->common);
	EXPECT_TRUE(impl_cache_check(&cache->common));
	kept = slab->state;
	slab->state.inuse++; /* U1 */
	EXPECT_FALSE(impl_cache_check(&cache->common));
	slab->state = kept;
	slab->state.free = FREE_NONE; /* U1, U2 */
	EXPECT_FALSE(impl_cache_check(&cache->common));
	slab->state = kept;
	slab->state.frozen = 1; /* U2 */
	EXPECT_FALSE(impl_cache_check(&cache->common));
	slab->state = kept;
	node->nr_partial++; /* U2 */
	EXPECT_FALSE(impl_cache_check(&cache->common));
	node->nr_partial--;
	slab->state.id++; /* U4 */
	EXPECT_FALSE(impl_cache_check(&cache->common));
	slab->state = kept;
	node->nr_slabs++; /* U5 */
	EXPECT_TRUE(!CONFIG_DEBUG || !impl_cache_check(&cache->common));
	node->nr_slabs--;
	if (CONFIG_DEBUG) { /* U6 */
		list_move(&slab->list, &node->full);
		EXPECT_FALSE(impl_cache_check(&cache->common));
		list_move(&slab->list, &node->partial);
	}
	EXPECT_TRUE(impl_cache_check(&cache->common));
	kmem_cache_free(&cache->common, a);
	kmem_cache_destroy(&cache->common);
}

/* sem-S8: where the CPU's own node has no memory, the slabs that the nearest one has are used before a new one is made. */
KTEST(slub, a_slab_that_has_room_comes_before_a_new_one_sem_S8)
{
	struct slub_cache *cache = test_cache(64, 0);
	struct slab *slab;
	void *a, *b;

	ASSERT_TEST(cache);
	a = test_alloc(cache);
	ASSERT_TEST(a);
	slab = object_slab(a);
	impl_cache_drain(&cache->common);
	b = test_alloc(cache);
	EXPECT_TRUE(b && object_slab(b) == slab);
	kmem_cache_free(&cache->common, b);
	kmem_cache_free(&cache->common, a);
	kmem_cache_destroy(&cache->common);
}
