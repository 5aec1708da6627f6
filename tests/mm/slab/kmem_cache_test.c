/* SPDX-License-Identifier: MIT */
/*
 * kmem_cache_test.c - caches are made, used, emptied and destroyed, whatever the implementation.
 */
#include <lib/ktest.h>

#include <arch/cache.h>
#include <arch/cpu.h>
#include <arch/memory.h>
#include <lib/printf.h>
#include <mm/page.h>
#include <mm/pcp.h>
#include <mm/slab.h>

/* fault-S11, sem-S1 */
KTEST(kmem_cache, a_senseless_cache_is_refused_with_one_report)
{
	EXPECT_REPORT("no name", EXPECT_EQ(kmem_cache_create(NULL, 8, 0, 0, NULL), NULL));
	EXPECT_REPORT("blanks", EXPECT_EQ(kmem_cache_create("a b", 8, 0, 0, NULL), NULL));
	EXPECT_REPORT("empty", EXPECT_EQ(kmem_cache_create("", 8, 0, 0, NULL), NULL));
	EXPECT_REPORT("size 0", EXPECT_EQ(kmem_cache_create("bad", 0, 0, 0, NULL), NULL));
	EXPECT_REPORT("128 KiB",
		      EXPECT_EQ(kmem_cache_create("bad", 128 * KiB + 1, 0, 0, NULL), NULL));
	EXPECT_REPORT("128 KiB", EXPECT_EQ(kmem_cache_create("bad", SIZE_MAX, 0, 0, NULL), NULL));
	EXPECT_REPORT("power of two", EXPECT_EQ(kmem_cache_create("bad", 8, 3, 0, NULL), NULL));
	EXPECT_REPORT("above a page", EXPECT_EQ(kmem_cache_create("bad", 8, 8192, 0, NULL), NULL));
	EXPECT_REPORT("unknown flags",
		      EXPECT_EQ(kmem_cache_create("bad", 8, 0, 1U << 31, NULL), NULL));
	EXPECT_EQ(slab_find_cache("bad"), NULL);
}

/* sem-S1 */
KTEST(kmem_cache, a_name_names_one_cache)
{
	struct kmem_cache *cache = kmem_cache_create("test-name", 40, 0, 0, NULL);

	ASSERT_TEST(cache);
	EXPECT_EQ(slab_find_cache("test-name"), cache);
	EXPECT_REPORT("a cache named test-name exists",
		      EXPECT_EQ(kmem_cache_create("test-name", 80, 0, 0, NULL), NULL));
	kmem_cache_destroy(cache);
	EXPECT_EQ(slab_find_cache("test-name"), NULL);
}

/* fault-S11 */
KTEST(kmem_cache, seven_bytes_are_a_size_too)
{
	struct kmem_cache *cache = kmem_cache_create("test-seven", 7, 0, 0, NULL);
	char *a, *b;

	ASSERT_TEST(cache);
	EXPECT_EQ(kmem_cache_size(cache), 7);
	a = kmem_cache_alloc(cache, GFP_KERNEL);
	b = kmem_cache_alloc(cache, GFP_KERNEL);
	ASSERT_TEST(a && b);
	EXPECT_GE(a > b ? a - b : b - a, 8);
	EXPECT_TRUE(IS_ALIGNED((uintptr_t)a, 8) && IS_ALIGNED((uintptr_t)b, 8));
	kmem_cache_free(cache, a);
	kmem_cache_free(cache, b);
	kmem_cache_destroy(cache);
}

/* fault-S11 */
KTEST(kmem_cache, many_caches_come_and_go)
{
	static char names[150][16];
	static struct kmem_cache *caches[150];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(caches); i++) {
		snprintf(names[i], sizeof(names[i]), "test-many-%u", i);
		caches[i] = kmem_cache_create(names[i], 8 + 24 * i, 0, 0, NULL);
		EXPECT_TRUE(caches[i]);
	}
	for (i = 0; i < ARRAY_SIZE(caches); i++)
		kmem_cache_destroy(caches[i]);
}

KTEST(kmem_cache, objects_lie_at_multiples_of_their_alignment)
{
	static const size_t aligns[] = {8, 16, 64, 256, 1024, 4096};
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(aligns); i++) {
		struct kmem_cache *cache = kmem_cache_create("test-align", 72, aligns[i], 0, NULL);
		void *objects[10];

		ASSERT_TEST(cache);
		for (j = 0; j < ARRAY_SIZE(objects); j++) {
			objects[j] = kmem_cache_alloc(cache, GFP_KERNEL);
			EXPECT_TRUE(objects[j] && IS_ALIGNED((uintptr_t)objects[j], aligns[i]));
		}
		for (j = 0; j < ARRAY_SIZE(objects); j++)
			kmem_cache_free(cache, objects[j]);
		kmem_cache_destroy(cache);
	}
}

KTEST(kmem_cache, cache_line_alignment_wastes_at_most_half_a_line)
{
	size_t line = arch_cache_line_size();
	struct kmem_cache *cache;
	struct slab_info info;

	cache = kmem_cache_create("test-line", line / 2 + 1, 0,
				  SLAB_HWCACHE_ALIGN | SLAB_NO_USER_FLAGS, NULL);
	ASSERT_TEST(cache);
	slab_get_info(cache, &info);
	EXPECT_EQ(info.size, line);
	kmem_cache_destroy(cache);

	cache = kmem_cache_create("test-line", line / 4, 0, SLAB_HWCACHE_ALIGN | SLAB_NO_USER_FLAGS,
				  NULL);
	ASSERT_TEST(cache);
	slab_get_info(cache, &info);
	EXPECT_EQ(info.size, line / 4);
	kmem_cache_destroy(cache);
}

static unsigned int nr_constructed;

static void construct(void *object)
{
	memset(object, 0xc5, 48);
	nr_constructed++;
}

/*
 *	grow      C C C C C ... C     the constructor runs for each object of the slab
 *	alloc     x . . . .           not again
 *	free      C . . . .           the owner brings it back constructed
 *
 * sem-S5, fault-S9
 */
KTEST(kmem_cache, the_constructor_runs_once_for_each_object_of_a_new_slab)
{
	struct kmem_cache *cache = kmem_cache_create("test-ctor", 48, 0, SLAB_NO_USER_FLAGS,
						     construct);
	struct slab_info info;
	unsigned int i;
	char *object;

	ASSERT_TEST(cache);
	nr_constructed = 0;
	for (i = 0; i < 1000; i++) {
		object = kmem_cache_alloc(cache, GFP_KERNEL);
		ASSERT_TEST(object);
		EXPECT_EQ(memchr_inv(object, 0xc5, 48), NULL);
		kmem_cache_free(cache, object);
	}
	slab_get_info(cache, &info);
	EXPECT_EQ(info.slabs, 1);
	EXPECT_EQ(nr_constructed, info.objects_per_slab);

	EXPECT_EQ(kmem_cache_shrink(cache), 0);
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	EXPECT_EQ(nr_constructed, 2 * info.objects_per_slab);
	kmem_cache_free(cache, object);
	kmem_cache_destroy(cache);
}

/* sem-S5, fault-S9 */
KTEST(kmem_cache, zeroing_what_a_constructor_made_is_reported_and_not_done)
{
	struct kmem_cache *cache = kmem_cache_create("test-ctor", 48, 0, SLAB_NO_USER_FLAGS,
						     construct);
	char *object = NULL;

	ASSERT_TEST(cache);
	EXPECT_REPORT("does not suit cache test-ctor",
		      object = kmem_cache_zalloc(cache, GFP_KERNEL));
	ASSERT_TEST(object);
	EXPECT_EQ(memchr_inv(object, 0xc5, 48), NULL);
	kmem_cache_free(cache, object);
	kmem_cache_destroy(cache);
}

KTEST(kmem_cache, zalloc_gives_zeroes_where_others_wrote)
{
	struct kmem_cache *cache = kmem_cache_create("test-zero", 100, 0, 0, NULL);
	char *object;

	ASSERT_TEST(cache);
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	ASSERT_TEST(object);
	memset(object, 0xff, 100);
	kmem_cache_free(cache, object);
	object = kmem_cache_zalloc(cache, GFP_KERNEL);
	ASSERT_TEST(object);
	EXPECT_EQ(memchr_inv(object, 0, 100), NULL);
	kmem_cache_free(cache, object);
	kmem_cache_destroy(cache);
}

/* sem-S6, fault-S12, sem-P10 */
KTEST(kmem_cache, a_cache_with_live_objects_survives_its_destruction)
{
	struct kmem_cache *cache = kmem_cache_create("test-live", 64, 0, 0, NULL);
	char *a, *b;

	ASSERT_TEST(cache);
	a = kmem_cache_zalloc(cache, GFP_KERNEL);
	ASSERT_TEST(a);
	memset(a, 0x11, 64);
	EXPECT_REPORT("cache test-live has live objects", kmem_cache_destroy(cache));
	EXPECT_EQ(slab_find_cache("test-live"), cache);
	EXPECT_EQ(memchr_inv(a, 0x11, 64), NULL);

	b = kmem_cache_alloc(cache, GFP_KERNEL);
	EXPECT_TRUE(b && b != a);
	kmem_cache_free(cache, a);
	EXPECT_REPORT("cache test-live has live objects", kmem_cache_destroy(cache));
	kmem_cache_free(cache, b);
	kmem_cache_destroy(cache);
	EXPECT_EQ(slab_find_cache("test-live"), NULL);

	EXPECT_REPORT("kmem_cache_destroy: invalid object pointer", kmem_cache_destroy(cache));
	kmem_cache_destroy(NULL);
}

/* fault-S12: more live objects than a report has room for */
KTEST(kmem_cache, destruction_with_all_objects_live_is_one_report)
{
	struct kmem_cache *cache = kmem_cache_create("test-live", 64, 0, 0, NULL);
	void *objects[100];
	unsigned int i;

	ASSERT_TEST(cache);
	for (i = 0; i < ARRAY_SIZE(objects); i++)
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	EXPECT_REPORT("cache test-live has live objects", kmem_cache_destroy(cache));
	for (i = 0; i < ARRAY_SIZE(objects); i++)
		kmem_cache_free(cache, objects[i]);
	kmem_cache_destroy(cache);
}

KTEST(kmem_cache, the_allocators_own_caches_are_not_destroyed)
{
	struct kmem_cache *cache = slab_find_cache("kmalloc-192");

	ASSERT_TEST(cache);
	EXPECT_REPORT("allocator's own", kmem_cache_destroy(cache));
	EXPECT_EQ(slab_find_cache("kmalloc-192"), cache);
	cache = slab_find_cache("kmem_cache");
	ASSERT_TEST(cache);
	EXPECT_REPORT("allocator's own", kmem_cache_destroy(cache));
}

/* sem-S7, sem-S10 */
KTEST(kmem_cache, shrinking_gives_back_every_free_slab)
{
	struct kmem_cache *cache = kmem_cache_create("test-shrink", 200, 0, 0, NULL);
	unsigned long free_pages = nr_idle_pages();
	struct slab_info info;
	void *objects[60];
	unsigned int i;

	ASSERT_TEST(cache);
	for (i = 0; i < ARRAY_SIZE(objects); i++)
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	slab_get_info(cache, &info);
	EXPECT_GE(info.active_objects, ARRAY_SIZE(objects));
	EXPECT_LT(nr_idle_pages(), free_pages);

	for (i = 1; i < ARRAY_SIZE(objects); i++)
		kmem_cache_free(cache, objects[i]);
	EXPECT_EQ(kmem_cache_shrink(cache), 1);
	slab_get_info(cache, &info);
	EXPECT_EQ(info.active_objects, 1);
	EXPECT_EQ(info.slabs, 1);

	kmem_cache_free(cache, objects[0]);
	EXPECT_EQ(kmem_cache_shrink(cache), 0);
	EXPECT_EQ(nr_idle_pages(), free_pages);
	kmem_cache_destroy(cache);
}

/* sem-S7 */
KTEST(kmem_cache, freeing_null_does_nothing)
{
	struct kmem_cache *cache = kmem_cache_create("test-null", 64, 0, 0, NULL);

	ASSERT_TEST(cache);
	kmem_cache_free(cache, NULL);
	kmem_cache_destroy(cache);
}

/* sem-P11: a zone is a limit, and high memory has no address */
KTEST(kmem_cache, a_mask_that_the_cache_cannot_obey_is_refused)
{
	struct kmem_cache *cache = kmem_cache_create("test-gfp", 64, 0, 0, NULL);

	ASSERT_TEST(cache);
	EXPECT_REPORT("test-gfp", EXPECT_EQ(kmem_cache_alloc(cache, GFP_HIGHUSER), NULL));
	EXPECT_REPORT("test-gfp", EXPECT_EQ(kmem_cache_alloc(cache, GFP_DMA), NULL));
	EXPECT_REPORT("test-gfp", EXPECT_EQ(kmem_cache_alloc(cache, GFP_DMA32), NULL));
	kmem_cache_destroy(cache);
}

KTEST(kmem_cache, a_dma_cache_has_its_objects_where_dma_reaches)
{
	struct kmem_cache *cache = kmem_cache_create("test-dma", 64, 0, SLAB_CACHE_DMA, NULL);
	void *object;

	ASSERT_TEST(cache);
	object = kmem_cache_alloc(cache, GFP_KERNEL | __GFP_NOWARN);
	if (object)
		EXPECT_LT(virt_to_phys(object), arch_dma_end());
	kmem_cache_free(cache, object);
	kmem_cache_destroy(cache);
}

KTEST(kmem_cache, every_cache_is_met_once_on_the_way_through_the_chain)
{
	struct kmem_cache *mine = kmem_cache_create("test-chain", 64, 0, 0, NULL), *cache;
	unsigned int met = 0, all = 0;

	ASSERT_TEST(mine);
	for (cache = slab_next_cache(NULL); cache; cache = slab_next_cache(cache)) {
		all++;
		met += cache == mine;
	}
	EXPECT_EQ(met, 1);
	EXPECT_GE(all, 28); /* kmem_cache, 2 * 13 classes, mine */
	kmem_cache_destroy(mine);
	EXPECT_EQ(slab_next_cache(mine), NULL);
}

/* sem-A2: what may be called from an interrupt leaves interrupts as they are */
KTEST(kmem_cache, interrupts_are_afterwards_as_they_were)
{
	struct kmem_cache *cache = kmem_cache_create("test-irq", 64, 0, 0, NULL);
	bool were_on = arch_irq_enabled();
	unsigned long flags;
	void *object;

	ASSERT_TEST(cache);
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	EXPECT_EQ(arch_irq_enabled(), were_on);
	kmem_cache_free(cache, object);
	EXPECT_EQ(arch_irq_enabled(), were_on);

	flags = arch_irq_save();
	object = kmem_cache_alloc(cache, GFP_ATOMIC);
	EXPECT_FALSE(arch_irq_enabled());
	kmem_cache_free(cache, object);
	EXPECT_EQ(kmem_cache_shrink(cache), 0);
	EXPECT_FALSE(arch_irq_enabled());
	arch_irq_restore(flags);
	EXPECT_EQ(arch_irq_enabled(), were_on);
	kmem_cache_destroy(cache);
}
