/* SPDX-License-Identifier: MIT */
/*
 * misuse_test.c - what must not be freed is reported once and left alone.
 */
#include <lib/ktest.h>

#include <arch/layout.h>
#include <config.h>
#include <mm/page.h>
#include <mm/slab.h>

static const char in_rodata[] = "nobody's object";

/* fault-S3, sem-K7, sem-A3 */
KTEST(slab_misuse, what_is_no_object_is_not_freed)
{
	char on_stack[64] = "";
	uintptr_t past_ram = (uintptr_t)phys_to_virt(direct_map_phys_end());

	EXPECT_REPORT("kfree: invalid object pointer", kfree(on_stack));
	EXPECT_REPORT("kfree: invalid object pointer", kfree(in_rodata));
	EXPECT_REPORT("kfree: invalid object pointer", kfree((void *)(uintptr_t)kfree));
	EXPECT_REPORT("kfree: invalid object pointer", kfree((void *)0x400000));
	EXPECT_REPORT("kfree: invalid object pointer", kfree((void *)0x8000000000001000));
	EXPECT_REPORT("kfree: invalid object pointer", kfree((void *)~0UL));
	EXPECT_REPORT("kfree: invalid object pointer", kfree((void *)past_ram));
	EXPECT_REPORT("kfree: invalid object pointer",
		      kfree((void *)arch_region_base(REGION_VMALLOC)));
	EXPECT_REPORT("kfree: invalid object pointer",
		      kfree((void *)arch_region_base(REGION_VMEMMAP)));
}

/* fault-S3 */
KTEST(slab_misuse, a_pointer_into_an_object_does_not_free_it)
{
	static const size_t sizes[] = {8, 96, 512, 8192};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		char *p = kmalloc(sizes[i], GFP_KERNEL);

		ASSERT_TEST(p);
		memset(p, 0x42, sizes[i]);
		EXPECT_REPORT("kfree: invalid object pointer", kfree(p + 1));
		EXPECT_REPORT("kfree: invalid object pointer", kfree(p + sizes[i] / 2));
		EXPECT_REPORT("kfree: invalid object pointer", kfree(p + sizes[i] - 1));
		EXPECT_EQ(ksize(p), sizes[i]);
		EXPECT_EQ(memchr_inv(p, 0x42, sizes[i]), NULL);
		kfree(p);
	}
}

/* fault-S3: the bytes of a slab that are no object */
KTEST(slab_misuse, a_slabs_own_bytes_are_not_freed)
{
	struct slab_object found;
	char *p = kmalloc(64, GFP_KERNEL);

	ASSERT_TEST(p && slab_describe(p, &found));
	ASSERT_TEST(slab_describe((void *)found.slab, &found));
	if (!found.in_object)
		EXPECT_REPORT("kfree: invalid object pointer", kfree((void *)found.slab));
	kfree(p);
}

KTEST(slab_misuse, a_pointer_into_a_large_block_does_not_free_it)
{
	char *p = kmalloc(20000, GFP_KERNEL);

	ASSERT_TEST(p);
	EXPECT_REPORT("kfree: invalid object pointer", kfree(p + 8));
	EXPECT_REPORT("kfree: invalid object pointer", kfree(p + PAGE_SIZE));
	EXPECT_EQ(ksize(p), 32768);
	kfree(p);
	EXPECT_REPORT("kfree: invalid object pointer", kfree(p));
}

/* fault-S4, sem-S11: every build refuses this */
KTEST(slab_misuse, the_object_freed_last_is_not_freed_again)
{
	char *p = kmalloc(48, GFP_KERNEL), *q, *r;

	kfree(p);
	EXPECT_REPORT("kfree: object freed twice", kfree(p));
	q = kmalloc(48, GFP_KERNEL);
	r = kmalloc(48, GFP_KERNEL);
	EXPECT_NE(q, r);
	kfree(q);
	kfree(r);
}

/* fault-S4, sem-S11: every build refuses what is on its slab's chain */
KTEST(slab_misuse, an_object_back_in_its_slab_is_not_freed_again)
{
	struct kmem_cache *cache = kmem_cache_create("test-twice", 128, 0, 0, NULL);
	void *p, *q;

	ASSERT_TEST(cache);
	p = kmem_cache_alloc(cache, GFP_KERNEL);
	q = kmem_cache_alloc(cache, GFP_KERNEL);
	ASSERT_TEST(p && q);
	kmem_cache_free(cache, p);
	EXPECT_EQ(kmem_cache_shrink(cache), 1);
	EXPECT_REPORT("kmem_cache_free: object freed twice", kmem_cache_free(cache, p));
	EXPECT_REPORT("kfree: object freed twice", kfree(p));
	kmem_cache_free(cache, q);
	kmem_cache_destroy(cache);
}

/* fault-S4, sem-S11: only debug builds promise this */
KTEST(slab_misuse, a_debug_build_refuses_any_second_free)
{
	struct kmem_cache *cache;
	void *objects[100], *p;
	unsigned int i;

	if (!CONFIG_DEBUG)
		return;
	cache = kmem_cache_create("test-twice", 32, 0, SLAB_NO_USER_FLAGS, NULL);
	ASSERT_TEST(cache);
	p = kmem_cache_alloc(cache, GFP_KERNEL);
	for (i = 0; i < ARRAY_SIZE(objects); i++)
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	kfree(p);
	kfree(objects[0]);
	EXPECT_REPORT("kfree: object freed twice", kfree(p));
	for (i = 1; i < ARRAY_SIZE(objects); i++)
		kfree(objects[i]);
	EXPECT_REPORT("kfree: object freed twice", kfree(p));
	for (i = 0; i < ARRAY_SIZE(objects); i++)
		EXPECT_REPORT("kfree: object freed twice", kfree(objects[i]));
	kmem_cache_destroy(cache);
}

/* fault-S5, sem-A3 */
KTEST(slab_misuse, an_object_is_not_freed_into_another_cache)
{
	struct kmem_cache *mine = kmem_cache_create("test-mine", 64, 0, 0, NULL);
	struct kmem_cache *other = kmem_cache_create("test-other", 64, 0, 0, NULL);
	char *p;

	ASSERT_TEST(mine && other);
	p = kmem_cache_alloc(mine, GFP_KERNEL);
	ASSERT_TEST(p);
	memset(p, 9, 64);
	EXPECT_REPORT("kmem_cache_free: object of another cache", kmem_cache_free(other, p));
	EXPECT_REPORT("kmem_cache_free: object of another cache", kmem_cache_free(NULL, p));
	EXPECT_EQ(memchr_inv(p, 9, 64), NULL);
	kmem_cache_free(mine, p);
	kmem_cache_destroy(other);
	kmem_cache_destroy(mine);
}

/* fault-S5 */
KTEST(slab_misuse, nothing_is_freed_into_a_destroyed_cache)
{
	struct kmem_cache *cache = kmem_cache_create("test-gone", 64, 0, 0, NULL);
	void *p;

	ASSERT_TEST(cache);
	p = kmem_cache_alloc(cache, GFP_KERNEL);
	kmem_cache_free(cache, p);
	kmem_cache_destroy(cache);
	EXPECT_REPORT("kmem_cache_free: invalid object pointer", kmem_cache_free(cache, p));
}

/* fault-S17, sem-P12 */
KTEST(slab_misuse, a_slabs_page_is_not_freed_as_a_page)
{
	char *p = kmalloc(100, GFP_KERNEL);

	ASSERT_TEST(p);
	EXPECT_REPORT("__free_pages", __free_pages(virt_to_page(p), 0));
	p[99] = 1;
	kfree(p);
}

KTEST(slab_misuse, what_is_no_object_has_no_size_and_is_not_resized)
{
	char *p = kmalloc(100, GFP_KERNEL);

	ASSERT_TEST(p);
	EXPECT_REPORT("ksize: invalid object pointer", EXPECT_EQ(ksize(p + 8), 0));
	EXPECT_REPORT("ksize: invalid object pointer", EXPECT_EQ(ksize(in_rodata), 0));
	EXPECT_REPORT("krealloc: invalid object pointer",
		      EXPECT_EQ(krealloc(p + 8, 200, GFP_KERNEL), NULL));
	kfree(p);
}
