/* SPDX-License-Identifier: MIT */
/*
 * exhaustion_test.c - no pages, no objects: NULL, and nothing half built is left.
 */
#include <lib/ktest.h>

#include <config.h>
#include <lib/printf.h>
#include <mm/page.h>
#include <mm/pcp.h>
#include <mm/slab.h>

/* To the last page, below every mark. */
#define QUIET (GFP_KERNEL | __GFP_NOWARN | __GFP_MEMALLOC)

/* Every page that such a slab could have, strung together by the list in its struct page. */
static void take_pages(struct list_head *taken, gfp_t gfp, int nid)
{
	struct page *page;
	unsigned int order = MAX_ORDER;

	INIT_LIST_HEAD(taken);
	while (order-- > 0)
		while ((page = alloc_pages_node(nid, gfp, order)))
			list_add(&page->lru, taken);
}

static void take_all_pages(struct list_head *taken)
{
	take_pages(taken, QUIET, -1);
}

static void give_pages(struct list_head *taken)
{
	struct page *page, *following;

	list_for_each_entry_safe (page, following, taken, lru)
		__free_pages(page, page->order);
}

/* Objects hang in one another, so that they need no memory of their own. */
static struct list_head *take_all_objects(size_t size, struct list_head *taken)
{
	struct list_head *object;

	INIT_LIST_HEAD(taken);
	while ((object = kmalloc(size, QUIET)))
		list_add(object, taken);
	return taken;
}

static void free_objects(struct list_head *taken)
{
	struct list_head *object, *following;

	for (object = taken->next; object != taken; object = following) {
		following = object->next;
		kfree(object);
	}
}

/* fault-S15: there is no page */
KTEST(slab_exhaustion, without_pages_an_allocation_is_null_and_changes_nothing)
{
	struct kmem_cache *cache = kmem_cache_create("test-none", 300, 0, 0, NULL);
	struct slab_info info;
	struct list_head pages;
	void *object;

	ASSERT_TEST(cache);
	take_all_pages(&pages);
	EXPECT_EQ(kmem_cache_alloc(cache, QUIET), NULL);
	EXPECT_EQ(kmem_cache_alloc(cache, GFP_ATOMIC | __GFP_NOWARN), NULL);
	EXPECT_EQ(kmem_cache_zalloc(cache, QUIET), NULL);
	slab_get_info(cache, &info);
	EXPECT_EQ(info.slabs, 0);
	EXPECT_EQ(kmalloc(64 * KiB, QUIET), NULL);
	EXPECT_TRUE(slab_check());
	give_pages(&pages);

	object = kmem_cache_alloc(cache, GFP_KERNEL);
	EXPECT_TRUE(object);
	kmem_cache_free(cache, object);
	kmem_cache_destroy(cache);
}

/*
 * A page for the slab is there, but none for its descriptor, which is an object of kmalloc-64:
 *
 *	pages		all taken, one given back
 *	kmalloc-64	all objects taken
 *	kmalloc-512	a page: yes; a descriptor: no; the page goes back
 *
 * fault-S15, fault-O2
 */
KTEST(slab_exhaustion, without_a_descriptor_the_page_goes_back)
{
	struct list_head pages, descriptors, objects;
	struct page *page;
	struct slab_info info;
	unsigned long slabs, free_pages;

	if (CONFIG_SLUB)
		SKIP_TEST("SLUB's slabs have no descriptor");
	if (kmem_cache_flags(slab_find_cache("kmalloc-512")) & SLAB_DEBUG_FLAGS)
		SKIP_TEST("what is watched leaves room for the descriptor in the slab");
	slab_drain();
	page = alloc_page(QUIET);
	ASSERT_TEST(page);
	take_all_pages(&pages);
	take_all_objects(64, &descriptors);
	take_all_objects(512, &objects);
	slab_get_info(slab_find_cache("kmalloc-512"), &info);
	slabs = info.slabs;

	__free_page(page);
	free_pages = nr_idle_pages();
	EXPECT_EQ(kmalloc(512, QUIET), NULL);
	EXPECT_EQ(nr_idle_pages(), free_pages);
	slab_get_info(slab_find_cache("kmalloc-512"), &info);
	EXPECT_EQ(info.slabs, slabs);
	EXPECT_TRUE(slab_check());

	free_objects(&objects);
	free_objects(&descriptors);
	give_pages(&pages);
}

/* 200 objects for a node that has no page left; no more slabs of others than they need. */
static void fill_slabs_elsewhere(struct kmem_cache *cache, int home, int nid)
{
	static void *objects[200];
	struct slab_info info;

	for (unsigned int i = 0; i < ARRAY_SIZE(objects); i++) {
		objects[i] = kmem_cache_alloc_node(cache, GFP_KERNEL, nid);
		ASSERT_TEST(objects[i]);
		EXPECT_TRUE(page_to_nid(virt_to_page(objects[i])) != home);
	}
	slab_get_info(cache, &info);
	EXPECT_LE(info.active_slabs,
		  DIV_ROUND_UP(ARRAY_SIZE(objects), info.objects_per_slab) + nr_nodes);
	for (unsigned int i = 0; i < ARRAY_SIZE(objects); i++)
		kmem_cache_free(cache, objects[i]);
}

/* fault-S15 */
KTEST(slab_exhaustion, a_node_without_pages_fills_the_slabs_of_others)
{
	static const slab_flags_t flags[] = {0, SLAB_RED_ZONE};
	struct list_head pages;
	struct kmem_cache *cache;
	void *object;
	int home;

	if (nr_nodes == 1)
		SKIP_TEST("one node");
	for (unsigned int i = 0; i < ARRAY_SIZE(flags); i++) {
		cache = kmem_cache_create("test-elsewhere", 264, 0, SLAB_NO_MERGE | flags[i], NULL);
		ASSERT_TEST(cache);
		object = kmem_cache_alloc(cache, GFP_KERNEL);
		ASSERT_TEST(object);
		home = page_to_nid(virt_to_page(object));
		kmem_cache_free(cache, object);
		kmem_cache_shrink(cache);
		take_pages(&pages, QUIET | __GFP_THISNODE, home);
		fill_slabs_elsewhere(cache, home, -1);
		fill_slabs_elsewhere(cache, home, home);
		give_pages(&pages);
		kmem_cache_destroy(cache);
	}
}

/* fault-S15, fault-S11: no memory for the cache itself */
KTEST(slab_exhaustion, a_cache_that_cannot_be_made_leaves_nothing_behind)
{
	static char names[200][16];
	struct kmem_cache *caches[ARRAY_SIZE(names)];
	struct list_head pages, arrays;
	unsigned int nr = 0;

	slab_drain();
	take_all_pages(&pages);
	take_all_objects(1024, &arrays);
	/* Some may still fit into what is there already. */
	for (; nr < ARRAY_SIZE(names); nr++) {
		snprintf(names[nr], sizeof(names[nr]), "test-none-%u", nr);
		caches[nr] = kmem_cache_create(names[nr], 64, 0, SLAB_NO_MERGE | SLAB_NO_USER_FLAGS,
					       NULL);
		if (!caches[nr])
			break;
	}
	ASSERT_TEST(nr < ARRAY_SIZE(names));
	EXPECT_EQ(slab_find_cache(names[nr]), NULL);
	EXPECT_TRUE(slab_check());
	while (nr--)
		kmem_cache_destroy(caches[nr]);
	free_objects(&arrays);
	give_pages(&pages);
}

/* sem-K5, fault-S14 */
KTEST(slab_exhaustion, krealloc_without_memory_keeps_the_object)
{
	struct list_head pages, objects;
	char *p = kmalloc(100, GFP_KERNEL);

	ASSERT_TEST(p);
	memset(p, 5, 100);
	take_all_pages(&pages);
	take_all_objects(4096, &objects);
	EXPECT_EQ(krealloc(p, 4000, QUIET), NULL);
	EXPECT_EQ(memchr_inv(p, 5, 100), NULL);
	free_objects(&objects);
	give_pages(&pages);
	kfree(p);
}
