/* SPDX-License-Identifier: MIT */
/*
 * slab_test.c - SLAB from within: slabs and their lists, CPU arrays, colours, descriptors.
 */
#include <lib/ktest.h>

#include <lib/seq_file.h>
#include <mm/page.h>

#include "../../../mm/slab/slab_types.h"

/* What the CPUs of a node share is left out: the tests count what one array and the lists hold. */
static struct slab_cache *test_cache(size_t size, size_t align)
{
	struct kmem_cache *cache = kmem_cache_create("test-slab", size, align, SLAB_NO_USER_FLAGS,
						     NULL);
	struct slab_tuning tuning;

	if (cache && to_slab_cache(cache)->shared) {
		tuning = (struct slab_tuning){to_slab_cache(cache)->limit,
					      to_slab_cache(cache)->batchcount, 0};
		slab_tune(cache, &tuning);
	}
	return cache ? to_slab_cache(cache) : NULL;
}

static void *test_alloc(struct slab_cache *cache)
{
	return kmem_cache_alloc(&cache->common, GFP_KERNEL);
}

static unsigned int list_length(const struct list_head *head)
{
	const struct list_head *position;
	unsigned int length = 0;

	list_for_each (position, head)
		length++;
	return length;
}

#define EXPECT_LISTS(cache, partial, full, free)                                                   \
	do {                                                                                       \
		EXPECT_EQ(list_length(&(cache)->lists[0].slabs_partial), partial);                 \
		EXPECT_EQ(list_length(&(cache)->lists[0].slabs_full), full);                       \
		EXPECT_EQ(list_length(&(cache)->lists[0].slabs_free), free);                       \
	} while (0)

/*
 * An object of 2000 bytes: a CPU's array holds 24, a batch is 12.
 *
 *	alloc	lists empty -> grow -> one slab; its objects go to the array, the slab is full
 *	free	into the array
 *	drain	the slab is free, and stays in slabs_free
 *	shrink	gone
 *
 * sem-S2
 */
KTEST(slab, a_slab_wanders_through_the_lists_and_back)
{
	struct slab_cache *cache = test_cache(2000, 0);
	void *object;

	ASSERT_TEST(cache);
	EXPECT_LISTS(cache, 0, 0, 0);
	object = test_alloc(cache);
	EXPECT_LISTS(cache, 0, 1, 0);
	EXPECT_EQ(array_avail(cpu_cache_get(cache)), cache->objects - 1);
	impl_cache_drain(&cache->common);
	EXPECT_LISTS(cache, cache->objects > 1, cache->objects == 1, 0);
	kmem_cache_free(&cache->common, object);
	EXPECT_EQ(array_avail(cpu_cache_get(cache)), 1);
	impl_cache_drain(&cache->common);
	EXPECT_LISTS(cache, 0, 0, 1);
	kmem_cache_destroy(&cache->common);
}

/* sem-S2: last in, first out */
KTEST(slab, the_object_freed_last_is_allocated_next)
{
	struct slab_cache *cache = test_cache(64, 0);
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

/*
 *	limit 24, batch 12		|0 1 2 ... 11|12 ... 23|   full; object 24 is freed
 *	the oldest batch goes		|12 ... 23|24|
 *
 * sem-S2
 */
KTEST(slab, a_full_array_gives_its_oldest_batch_back)
{
	struct slab_cache *cache = test_cache(2000, 0);
	void *objects[25];
	unsigned int i;

	ASSERT_TEST(cache);
	EXPECT_EQ(cache->limit, 24);
	EXPECT_EQ(cache->batchcount, 12);
	for (i = 0; i < 25; i++)
		objects[i] = test_alloc(cache);
	impl_cache_drain(&cache->common);
	for (i = 0; i < 24; i++)
		kmem_cache_free(&cache->common, objects[i]);
	EXPECT_EQ(array_avail(cpu_cache_get(cache)), 24);
	kmem_cache_free(&cache->common, objects[24]);
	EXPECT_EQ(array_avail(cpu_cache_get(cache)), 13);
	for (i = 0; i < 25; i++)
		EXPECT_EQ(slab_object_is_parked(cache, objects[i]), i >= 12);
	kmem_cache_destroy(&cache->common);
}

KTEST(slab, an_array_is_refilled_with_at_most_a_batch)
{
	struct slab_cache *cache = test_cache(16, 0);
	void *object;

	ASSERT_TEST(cache);
	EXPECT_GT(cache->objects, 126);
	object = test_alloc(cache);
	EXPECT_EQ(cache->batchcount, 126);
	EXPECT_EQ(array_avail(cpu_cache_get(cache)), 125);
	EXPECT_EQ(cache->lists[0].free_objects, cache->objects - 126);
	kmem_cache_free(&cache->common, object);
	kmem_cache_destroy(&cache->common);
}

/* sem-S2 */
KTEST(slab, partial_slabs_are_used_before_free_ones)
{
	struct slab_cache *cache = test_cache(2000, 0);
	struct kmem_list3 *node;
	unsigned int i, nr;
	void *objects[14];

	ASSERT_TEST(cache && cache->objects <= 7);
	nr = 2 * cache->objects;
	node = &cache->lists[0];
	for (i = 0; i < nr; i++)
		objects[i] = test_alloc(cache);
	EXPECT_LISTS(cache, 0, 2, 0);
	for (i = 1; i < nr; i++)
		kmem_cache_free(&cache->common, objects[i]);
	impl_cache_drain(&cache->common);
	EXPECT_LISTS(cache, 1, 0, 1);

	objects[1] = test_alloc(cache);
	EXPECT_EQ(object_slab(objects[1]), object_slab(objects[0]));
	EXPECT_TRUE(list_empty(&node->slabs_partial) || node->free_objects < cache->objects);
	kmem_cache_free(&cache->common, objects[0]);
	kmem_cache_free(&cache->common, objects[1]);
	kmem_cache_destroy(&cache->common);
}

/* Objects freed in masses: what exceeds free_limit goes back to the pages at once. */
KTEST(slab, emptied_slabs_above_the_limit_go_back)
{
	static void *objects[600];
	struct slab_cache *cache = test_cache(512, 0);
	struct slab_info before, after;
	unsigned int i;

	ASSERT_TEST(cache);
	for (i = 0; i < ARRAY_SIZE(objects); i++)
		objects[i] = test_alloc(cache);
	slab_get_info(&cache->common, &before);
	for (i = 0; i < ARRAY_SIZE(objects); i++)
		kmem_cache_free(&cache->common, objects[i]);
	impl_cache_drain(&cache->common);
	slab_get_info(&cache->common, &after);
	EXPECT_EQ(after.active_objects, 0);
	EXPECT_LE(after.objects, cache->lists[0].free_limit);
	EXPECT_LT(after.slabs, before.slabs);
	EXPECT_GT(after.slabs, 0);
	kmem_cache_destroy(&cache->common);
}

/*
 *	colours 3		|desc|0|1|...         colour 0
 *				|..|desc|0|1|...      colour 1
 *				|....|desc|0|1|...    colour 2, and 0 again
 *
 * sem-S3
 */
KTEST(slab, each_new_slab_starts_one_colour_further_in)
{
	struct slab_cache *cache = test_cache(700, 0);
	static void *objects[400];
	unsigned int i, slabs = 0, nr = 0;
	struct slab *slab = NULL;

	ASSERT_TEST(cache && cache->colours > 1);
	ASSERT_TEST((cache->colours + 2) * cache->objects < ARRAY_SIZE(objects));
	while (slabs < cache->colours + 2) {
		objects[nr] = test_alloc(cache);
		ASSERT_TEST(objects[nr]);
		if (object_slab(objects[nr]) != slab) {
			slab = object_slab(objects[nr]);
			EXPECT_EQ(slab->colour, slabs % cache->colours);
			EXPECT_EQ(slab->first_object -
					  (char *)page_address(object_page(objects[nr])),
				  slab->colour * cache->colour_off + cache->descriptor_size);
			slabs++;
		}
		nr++;
	}
	for (i = 0; i < nr; i++)
		kmem_cache_free(&cache->common, objects[i]);
	kmem_cache_destroy(&cache->common);
}

/* sem-S3 */
KTEST(slab, without_left_over_there_is_no_colour)
{
	struct slab_cache *cache = test_cache(1024, 0);
	void *a;

	ASSERT_TEST(cache);
	EXPECT_EQ(cache->colours, 0);
	a = test_alloc(cache);
	EXPECT_EQ(object_slab(a)->colour, 0);
	EXPECT_EQ(cache->lists[0].colour_next, 0);
	kmem_cache_free(&cache->common, a);
	kmem_cache_destroy(&cache->common);
}

/* sem-S3 */
KTEST(slab, a_colour_is_a_multiple_of_line_and_alignment)
{
	struct slab_cache *cache = test_cache(256, 256);

	ASSERT_TEST(cache);
	EXPECT_EQ(cache->colour_off % 256, 0);
	kmem_cache_destroy(&cache->common);
	cache = test_cache(40, 8);
	ASSERT_TEST(cache);
	EXPECT_EQ(cache->colour_off, 64);
	kmem_cache_destroy(&cache->common);
}

/*
 *	504	on-slab: less than an eighth of a page
 *	512	off-slab: eight fill a page
 *	700	on-slab: eleven leave 492 bytes of two pages, room for a descriptor
 *
 * sem-S4
 */
KTEST(slab, large_objects_have_their_descriptor_elsewhere_unless_it_fits)
{
	static const struct {
		size_t size;
		bool on_slab;
	} cases[] = {{8, true},	    {504, true},   {512, false}, {700, true},
		     {1024, false}, {4096, false}, {8192, false}};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct slab_cache *cache = test_cache(cases[i].size, 0);
		void *object;
		bool on_slab;

		ASSERT_TEST(cache);
		object = test_alloc(cache);
		ASSERT_TEST(object);
		on_slab = object_page(object_slab(object)) == object_page(object);
		EXPECT_EQ(on_slab, cases[i].on_slab);
		EXPECT_EQ(cache->descriptor_cache == NULL, cases[i].on_slab);
		kmem_cache_free(&cache->common, object);
		kmem_cache_destroy(&cache->common);
	}
}

/* sem-S4 */
KTEST(slab, the_order_is_the_lowest_that_wastes_at_most_an_eighth)
{
	static const size_t sizes[] = {8,    40,   100,	 256,  504,  512,  700,	  1000,	 1500,
				       2100, 3000, 4096, 5000, 8192, 9000, 20000, 65536, 131072};
	unsigned int i, order;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct slab_cache *cache = test_cache(sizes[i], 0);
		size_t bytes, used;

		ASSERT_TEST(cache);
		bytes = PAGE_SIZE << cache->order;
		used = cache->objects * cache->common.size + cache->descriptor_size;
		EXPECT_LE(used, bytes);
		EXPECT_TRUE((bytes - used) * 8 <= bytes || cache->order >= SLAB_BREAK_ORDER);
		for (order = 0; order < cache->order && sizes[i] >= 512; order++) {
			bytes = PAGE_SIZE << order;
			used = bytes / cache->common.size * cache->common.size;
			EXPECT_TRUE(used == 0 || (bytes - used) * 8 > bytes);
		}
		kmem_cache_destroy(&cache->common);
	}
}

KTEST(slab, an_index_is_found_for_every_object_and_for_nothing_between)
{
	static const size_t sizes[] = {8, 24, 96, 104, 192, 1000, 5000, 131072};
	unsigned long index, wanted;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct slab_cache *cache = test_cache(sizes[i], 0);
		struct slab *slab;
		void *object;

		ASSERT_TEST(cache);
		object = test_alloc(cache);
		ASSERT_TEST(object);
		slab = object_slab(object);
		for (wanted = 0; wanted < cache->objects; wanted++) {
			char *at = slab_object_at(slab, wanted);

			EXPECT_TRUE(slab_object_index(slab, at, &index) && index == wanted);
			EXPECT_FALSE(slab_object_index(slab, at + 1, &index));
			EXPECT_FALSE(slab_object_index(slab, at + cache->common.size - 1, &index));
		}
		EXPECT_FALSE(slab_object_index(slab, slab_object_at(slab, wanted), &index));
		EXPECT_FALSE(slab_object_index(
			slab, (char *)slab_object_at(slab, 0) - cache->common.size, &index));
		kmem_cache_free(&cache->common, object);
		kmem_cache_destroy(&cache->common);
	}
}

KTEST(slab, dma_classes_park_nothing)
{
	struct slab_info info;

	slab_get_info(slab_find_cache("dma-kmalloc-64"), &info);
	EXPECT_EQ(info.limit, 0);
	slab_get_info(slab_find_cache("kmalloc-64"), &info);
	EXPECT_EQ(info.limit, slab_find_cache("kmalloc-64")->flags & SLAB_DEBUG_FLAGS ? 0 : 252);
}

/* What `whatis` says of an object's life, of the bytes around it, and of no slab at all. */
KTEST(slab, an_address_is_described)
{
	struct slab_cache *cache = test_cache(100, 0);
	struct slab_object found;
	char *p, local;

	ASSERT_TEST(cache);
	p = test_alloc(cache);
	ASSERT_TEST(p && slab_describe(p + 7, &found));
	EXPECT_EQ(found.cache, &cache->common);
	EXPECT_STREQ(found.cache_name, "test-slab");
	EXPECT_EQ(found.object, (uintptr_t)p);
	EXPECT_EQ(found.offset, 7);
	EXPECT_EQ(found.objects, cache->objects);
	EXPECT_TRUE(found.in_object && found.allocated);
	EXPECT_TRUE(slab_describe(p + 102, &found));
	EXPECT_FALSE(found.in_object); /* padding to 104 */
	EXPECT_TRUE(slab_describe((void *)found.slab, &found));
	EXPECT_FALSE(found.in_object); /* the descriptor */

	kmem_cache_free(&cache->common, p);
	EXPECT_TRUE(slab_describe(p, &found));
	EXPECT_FALSE(found.allocated); /* parked */
	impl_cache_drain(&cache->common);
	EXPECT_TRUE(slab_describe(p, &found));
	EXPECT_FALSE(found.allocated); /* free in its slab */
	EXPECT_FALSE(slab_describe(&local, &found));
	kmem_cache_destroy(&cache->common);
}

KTEST(slab, a_drawing_shows_where_each_object_is)
{
	struct slab_cache *cache = test_cache(512, 0);
	struct text_buffer buffer;
	struct seq_file file = {.sink = &buffer.sink};
	static char text[1024];
	void *p[3];
	unsigned int i;

	ASSERT_TEST(cache);
	for (i = 0; i < 3; i++)
		p[i] = test_alloc(cache);
	impl_cache_drain(&cache->common);
	for (i = 1; i < 3; i++)
		kmem_cache_free(&cache->common, p[i]);
	text_buffer_init(&buffer, text, sizeof(text));
	slab_draw(&cache->common, &file);
	EXPECT_TRUE(strstr(text, "test-slab: objects of 512 bytes"));
	EXPECT_TRUE(strstr(text, "partial 0x"));
	EXPECT_TRUE(strstr(text, "colour 0"));
	EXPECT_TRUE(strstr(text, "3/8"));
	EXPECT_TRUE(strchr(strstr(text, "3/8"), '#') && strchr(strstr(text, "3/8"), 'o'));
	kmem_cache_free(&cache->common, p[0]);
	kmem_cache_destroy(&cache->common);
}

/* fault-S16: memory in pieces of one page; with the descriptor on the slab, and elsewhere. */
KTEST(slab, without_a_large_block_a_slab_of_the_least_order_does_fault_S16)
{
	static const size_t sizes[] = {700, 2720};
	gfp_t quiet = GFP_KERNEL | __GFP_NOWARN | __GFP_MEMALLOC;
	struct page *page, *following, *kept;
	unsigned int i, order;
	LIST_HEAD(taken);

	if (kmem_cache_flags(slab_find_cache("kmalloc-64")) & SLAB_DEBUG_FLAGS)
		SKIP_TEST("a descriptor that is watched takes a page of its own");
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct slab_cache *cache = test_cache(sizes[i], 0);
		char *object;

		ASSERT_TEST(cache && cache->order > cache->least_order);
		EXPECT_EQ(cache->descriptor_cache != NULL, i == 1);
		kept = alloc_page(quiet);
		ASSERT_TEST(kept);
		for (order = MAX_ORDER; order-- > 0;)
			while ((page = alloc_pages(quiet, order)))
				list_add(&page->lru, &taken);
		__free_page(kept);
		object = kmem_cache_alloc(&cache->common, quiet);
		EXPECT_TRUE(object);
		if (object) {
			struct slab *slab = object_slab(object);
			char *behind = slab_object_at(slab, slab_objects(slab));

			memset(object, 0x5a, sizes[i]);
			EXPECT_EQ(slab->order, cache->least_order);
			EXPECT_LT(slab_objects(slab), cache->objects);
			EXPECT_TRUE(impl_cache_check(&cache->common));
			if (behind < slab_start(slab) + (PAGE_SIZE << slab->order))
				EXPECT_REPORT("kmem_cache_free",
					      kmem_cache_free(&cache->common, behind));
			kmem_cache_free(&cache->common, object);
		}
		list_for_each_entry_safe (page, following, &taken, lru)
			__free_pages(page, page->order);
		INIT_LIST_HEAD(&taken);
		kmem_cache_destroy(&cache->common);
	}
}

/* Each invariant is broken once; the check must see it, and be content again afterwards. */
KTEST(slab, the_check_sees_each_invariant_broken)
{
	struct slab_cache *cache = test_cache(1000, 0);
	struct kmem_list3 *node;
	struct array_cache *array;
	struct slab *slab;
	uint16_t kept;
	void *a, *b;

	ASSERT_TEST(cache && cache->objects >= 4);
	a = test_alloc(cache);
	b = test_alloc(cache);
	impl_cache_drain(&cache->common);
	node = &cache->lists[0];
	array = cpu_cache_get(cache);
	slab = object_slab(a);
	EXPECT_TRUE(impl_cache_check(&cache->common));

	kept = slab->bufctl[slab->free]; /* S1: a chain that bites its tail */
	slab->bufctl[slab->free] = slab->free;
	EXPECT_FALSE(impl_cache_check(&cache->common));
	slab->bufctl[slab->free] = kept;

	kept = slab->free; /* S1: a chain that leaves the slab */
	slab->free = (uint16_t)cache->objects;
	EXPECT_FALSE(impl_cache_check(&cache->common));
	slab->free = kept;

	list_move(&slab->list, &node->slabs_full); /* S2 */
	EXPECT_FALSE(impl_cache_check(&cache->common));
	list_move(&slab->list, &node->slabs_partial);

	node->free_objects++; /* S3 */
	EXPECT_FALSE(impl_cache_check(&cache->common));
	node->free_objects--;

	object_page(a)->owner.slab = NULL; /* S4 */
	EXPECT_FALSE(impl_cache_check(&cache->common));
	object_page(a)->owner.slab = slab;

	slab_page_of(object_page(a))->cpu_cache = NULL; /* S4 */
	EXPECT_FALSE(impl_cache_check(&cache->common));
	slab_page_of(object_page(a))->cpu_cache = cache->cpu_cache;

	kmem_cache_free(&cache->common, b);
	EXPECT_TRUE(impl_cache_check(&cache->common));
	*++array->top = b; /* S5: parked twice */
	EXPECT_FALSE(impl_cache_check(&cache->common));
	*array->top = (char *)a + 8; /* S5: no object */
	EXPECT_FALSE(impl_cache_check(&cache->common));
	array->top--;

	EXPECT_TRUE(impl_cache_check(&cache->common));
	kmem_cache_free(&cache->common, a);
	kmem_cache_destroy(&cache->common);
}
