/* SPDX-License-Identifier: MIT */
/*
 * kmalloc_test.c - the sizes, the edges and the arithmetic of kmalloc and its family.
 */
#include <lib/ktest.h>

#include <arch/memory.h>
#include <lib/bits.h>
#include <lib/overflow.h>
#include <lib/poison.h>
#include <mm/page.h>
#include <mm/pcp.h>
#include <mm/slab.h>

static const size_t class_sizes[] = {8, 16, 32, 64, 96, 128, 192, 256, 512, 1024, 2048, 4096, 8192};

/* sem-K1, fault-S1 */
KTEST(kmalloc, nothing_has_an_address_that_is_not_null_and_can_be_freed)
{
	void *nothing = kmalloc(0, GFP_KERNEL);

	EXPECT_EQ(nothing, 16);
	EXPECT_EQ(nothing, ZERO_SIZE_PTR);
	EXPECT_EQ(ksize(nothing), 0);
	kfree(nothing);
	kfree(nothing);
	EXPECT_EQ(kzalloc(0, GFP_ATOMIC), ZERO_SIZE_PTR);
	EXPECT_EQ(kmalloc_array(0, 8, GFP_KERNEL), ZERO_SIZE_PTR);
}

/* sem-K2, sem-P10 */
KTEST(kmalloc, null_has_no_size_and_is_freed_without_effect)
{
	EXPECT_EQ(ksize(NULL), 0);
	kfree(NULL);
}

/* With slab_debug= a red zone begins behind the last byte that was asked for. */
static bool class_is_watched(size_t size)
{
	return size <= KMALLOC_MAX_CACHE_SIZE &&
	       kmem_cache_flags(kmalloc_caches[0][kmalloc_index(size)]) &
		       (SLAB_RED_ZONE | SLAB_STORE_USER);
}

/* What an owner who asked for `size` bytes may use of an object of a class. */
static size_t usable_of(size_t size, size_t class_size)
{
	return class_is_watched(size) ? size : class_size;
}

static void expect_class(size_t size, size_t class_size)
{
	char *p = kmalloc(size, GFP_KERNEL);
	struct slab_object found;

	ASSERT_TEST(p);
	EXPECT_EQ(ksize(p), usable_of(size, class_size));
	if (slab_describe(p, &found))
		EXPECT_EQ(kmem_cache_size(found.cache), class_size);
	memset(p, 0x77, ksize(p));
	kfree(p);
}

/* sem-K2 */
KTEST(kmalloc, a_size_is_rounded_up_to_its_class)
{
	size_t below = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(class_sizes); i++) {
		expect_class(below + 1, class_sizes[i]);
		expect_class(class_sizes[i] - 1, class_sizes[i]);
		expect_class(class_sizes[i], class_sizes[i]);
		below = class_sizes[i];
	}
	expect_class(8193, 16384);
	expect_class(100 * KiB, 128 * KiB);
}

/* sem-K2 */
KTEST(kmalloc, the_classes_have_the_names_of_linux)
{
	static const char *const names[] = {
		"kmalloc-8",   "kmalloc-16",  "kmalloc-32",  "kmalloc-64",    "kmalloc-96",
		"kmalloc-128", "kmalloc-192", "kmalloc-256", "kmalloc-512",   "kmalloc-1k",
		"kmalloc-2k",  "kmalloc-4k",  "kmalloc-8k",  "dma-kmalloc-8", "dma-kmalloc-8k"};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		EXPECT_TRUE(slab_find_cache(names[i]));
}

/* sem-K3 */
KTEST(kmalloc, a_power_of_two_is_aligned_to_itself)
{
	size_t size;

	for (size = 8; size <= 256 * KiB; size *= 2) {
		void *p[5];
		unsigned int i;

		for (i = 0; i < ARRAY_SIZE(p); i++) {
			p[i] = kmalloc(size, GFP_KERNEL);
			EXPECT_TRUE(p[i] && IS_ALIGNED((uintptr_t)p[i], size));
		}
		for (i = 0; i < ARRAY_SIZE(p); i++)
			kfree(p[i]);
	}
}

/* sem-K3 */
KTEST(kmalloc, sizes_between_have_the_least_alignment)
{
	void *a = kmalloc(96, GFP_KERNEL), *b = kmalloc(192, GFP_KERNEL);

	EXPECT_TRUE(a && IS_ALIGNED((uintptr_t)a, ARCH_KMALLOC_MINALIGN));
	EXPECT_TRUE(b && IS_ALIGNED((uintptr_t)b, ARCH_KMALLOC_MINALIGN));
	kfree(a);
	kfree(b);
}

/* sem-K4, fault-S2 */
KTEST(kmalloc, an_array_too_large_for_size_t_is_null_and_never_short)
{
	char *p = kmalloc(16, GFP_KERNEL);
	volatile size_t half = SIZE_MAX / 2, root = 1UL << 32;

	EXPECT_EQ(kmalloc_array(half, 4, GFP_KERNEL), NULL);
	EXPECT_EQ(kmalloc_array(root, root, GFP_KERNEL), NULL);
	EXPECT_EQ(kcalloc(half, 4, GFP_KERNEL), NULL);
	EXPECT_EQ(krealloc_array(p, half, 4, GFP_KERNEL), NULL);
	EXPECT_EQ(ksize(p), 16);
	kfree(p);
}

KTEST(kmalloc, kcalloc_gives_n_zeroed_objects)
{
	char *p = kmalloc(40 * 9, GFP_KERNEL);

	ASSERT_TEST(p);
	memset(p, 0xff, 40 * 9);
	kfree(p);
	p = kcalloc(40, 9, GFP_KERNEL);
	ASSERT_TEST(p);
	EXPECT_GE(ksize(p), 40 * 9);
	EXPECT_EQ(memchr_inv(p, 0, 40 * 9), NULL);
	kfree(p);
}

/* sem-K6 */
KTEST(kmalloc, kzalloc_zeroes_at_least_what_was_asked_for)
{
	static const size_t sizes[] = {1, 8, 33, 100, 1000, 5000, 9000, 20000};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		char *p = kmalloc(sizes[i], GFP_KERNEL);

		ASSERT_TEST(p);
		memset(p, 0xee, sizes[i]);
		kfree(p);
		p = kzalloc(sizes[i], GFP_KERNEL);
		ASSERT_TEST(p);
		EXPECT_EQ(memchr_inv(p, 0, sizes[i]), NULL);
		kfree(p);
	}
}

/* sem-K5, fault-S14 */
KTEST(kmalloc, krealloc_allocates_for_null_and_frees_for_size_0)
{
	void *p = krealloc(NULL, 100, GFP_KERNEL);

	ASSERT_TEST(p);
	EXPECT_EQ(ksize(p), usable_of(100, 128));
	EXPECT_EQ(krealloc(p, 0, GFP_KERNEL), ZERO_SIZE_PTR);
	p = krealloc(ZERO_SIZE_PTR, 8, GFP_KERNEL);
	EXPECT_EQ(ksize(p), 8);
	kfree(p);
	EXPECT_EQ(krealloc(NULL, 0, GFP_KERNEL), ZERO_SIZE_PTR);
}

/* sem-K5, fault-S14 */
KTEST(kmalloc, krealloc_stays_where_it_fits_and_keeps_the_content_where_not)
{
	unsigned char *p = kmalloc(100, GFP_KERNEL), *q;
	unsigned int i;

	ASSERT_TEST(p);
	for (i = 0; i < 100; i++)
		p[i] = (unsigned char)i;
	q = krealloc(p, 128, GFP_KERNEL);
	EXPECT_EQ(q == p, !class_is_watched(100));
	ASSERT_TEST(q);
	p = q;
	p[127] = 1;
	EXPECT_EQ(krealloc(p, 60, GFP_KERNEL), p);
	q = krealloc(p, 20000, GFP_KERNEL);
	ASSERT_TEST(q && q != p);
	q[19999] = 1;
	for (i = 0; i < 60; i++)
		EXPECT_EQ(q[i], i);
	EXPECT_EQ(krealloc(q, 30000, GFP_KERNEL), q);
	kfree(q);
}

/* sem-K5, fault-S14 */
KTEST(kmalloc, a_failed_krealloc_leaves_the_object_as_it_was)
{
	char *p = kmalloc(32, GFP_KERNEL);

	ASSERT_TEST(p);
	memset(p, 0x3c, 32);
	EXPECT_EQ(krealloc(p, KMALLOC_MAX_SIZE + 1, GFP_KERNEL | __GFP_NOWARN), NULL);
	EXPECT_EQ(ksize(p), 32);
	EXPECT_EQ(memchr_inv(p, 0x3c, 32), NULL);
	kfree(p);
}

/* sem-K7, fault-S2 */
KTEST(kmalloc, too_much_is_null_and_one_warning)
{
	volatile size_t most = SIZE_MAX;

	EXPECT_REPORT("kmalloc:", EXPECT_EQ(kmalloc(most, GFP_KERNEL), NULL));
	EXPECT_REPORT("kmalloc:", EXPECT_EQ(kmalloc(KMALLOC_MAX_SIZE + 1, GFP_KERNEL), NULL));
	EXPECT_EQ(kmalloc(most, GFP_KERNEL | __GFP_NOWARN), NULL);
	EXPECT_EQ(kmalloc(KMALLOC_MAX_SIZE + 1, GFP_KERNEL | __GFP_NOWARN), NULL);
}

/* sem-P11 */
KTEST(kmalloc, high_memory_is_refused_at_every_size)
{
	EXPECT_REPORT("kmem_cache_alloc", EXPECT_EQ(kmalloc(64, GFP_HIGHUSER), NULL));
	EXPECT_REPORT("kmalloc", EXPECT_EQ(kmalloc(64 * KiB, GFP_HIGHUSER), NULL));
	EXPECT_REPORT("kmem_cache_alloc", EXPECT_EQ(kmalloc(64, GFP_DMA32), NULL));
}

/* sem-P11 */
KTEST(kmalloc, gfp_dma_is_a_limit_at_every_size)
{
	size_t size;

	for (size = 8; size <= 64 * KiB; size *= 2) {
		void *p = kmalloc(size, GFP_KERNEL | GFP_DMA | __GFP_NOWARN);

		if (p)
			EXPECT_LE(virt_to_phys(p) + size, arch_dma_end());
		kfree(p);
	}
}

KTEST(kmalloc, a_block_above_8_kib_comes_whole_from_the_buddy)
{
	unsigned long free_pages = nr_idle_pages();
	char *p = kmalloc(3 * PAGE_SIZE, GFP_KERNEL);

	ASSERT_TEST(p);
	EXPECT_EQ(free_pages - nr_idle_pages(), 4);
	EXPECT_TRUE(virt_to_page(p)->flags & PG_LARGE);
	EXPECT_EQ(compound_head(virt_to_page(p + 2 * PAGE_SIZE)), virt_to_page(p));
	memset(p, 1, 3 * PAGE_SIZE);
	kfree(p);
	EXPECT_EQ(nr_idle_pages(), free_pages);
}

KTEST(kmalloc, copies_are_equal_and_apart)
{
	const char text[] = "a slab of objects";
	char *copy = kstrdup(text, GFP_KERNEL), *bytes = kmemdup(text + 2, 4, GFP_KERNEL);

	ASSERT_TEST(copy && bytes);
	EXPECT_STREQ(copy, text);
	EXPECT_NE(copy, text);
	EXPECT_EQ(memcmp(bytes, "slab", 4), 0);
	kfree(copy);
	kfree(bytes);
	EXPECT_EQ(kstrdup(NULL, GFP_KERNEL), NULL);
	EXPECT_EQ(kmemdup(text, 0, GFP_KERNEL), ZERO_SIZE_PTR);
}

/* sem-K1, sem-K2, sem-K7 */
KTEST(kmalloc, memory_of_a_node_obeys_the_same_rules)
{
	static const size_t sizes[] = {1, 96, 97, 8192, 8193, 100 * KiB};
	unsigned int i;
	void *p;

	EXPECT_EQ(kmalloc_node(0, GFP_KERNEL, 0), ZERO_SIZE_PTR);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		p = kmalloc_node(sizes[i], GFP_KERNEL | __GFP_ZERO, i % 2 ? 0 : -1);
		EXPECT_TRUE(p && ksize(p) >= sizes[i] && !memchr_inv(p, 0, sizes[i]));
		kfree(p);
	}
	p = kmalloc_node(200, GFP_KERNEL | GFP_DMA, 0);
	EXPECT_TRUE(!p || page_to_phys(virt_to_page(p)) < arch_dma_end());
	kfree(p);
	EXPECT_REPORT("kmalloc", p = kmalloc_node(KMALLOC_MAX_SIZE + 1, GFP_KERNEL, 0));
	EXPECT_EQ(p, NULL);
}

KTEST(kmalloc, copies_of_text_end_with_a_nul)
{
	char *p = kmemdup_nul("abcdef", 3, GFP_KERNEL);

	ASSERT_TEST(p);
	EXPECT_STREQ(p, "abc");
	kfree(p);
	p = kstrndup("abcdef", 100, GFP_KERNEL);
	ASSERT_TEST(p);
	EXPECT_STREQ(p, "abcdef");
	kfree(p);
	p = kstrndup("abcdef", 2, GFP_KERNEL);
	ASSERT_TEST(p);
	EXPECT_STREQ(p, "ab");
	kfree(p);
	EXPECT_EQ(kstrndup(NULL, 5, GFP_KERNEL), NULL);
	EXPECT_EQ(kmemdup_nul(NULL, 5, GFP_KERNEL), NULL);
	EXPECT_EQ(kmemdup_nul("a", SIZE_MAX, GFP_KERNEL | __GFP_NOWARN), NULL);
}

/* sem-K6 */
KTEST(kmalloc, a_secret_is_wiped_to_the_last_usable_byte_before_it_is_freed)
{
	char *p = kmalloc(20, GFP_KERNEL), *large = kmalloc(20000, GFP_KERNEL);
	char seen[32];
	unsigned int i, left = 0;

	ASSERT_TEST(p && large);
	memset(p, 0x5e, ksize(p));
	kfree_sensitive(p);
	mem_unpoison(p, 32);
	memcpy(seen, p, 32);
	mem_poison(p, 32);
	/* Words that the allocator or its debug layer keeps in a free object are not the secret either. */
	for (i = 0; i < sizeof(seen); i++)
		left += seen[i] == 0x5e;
	EXPECT_LT(left, 4); /* an encoded pointer may have the byte */
	kfree_sensitive(large);
	kfree_sensitive(NULL);
	kfree_sensitive(ZERO_SIZE_PTR);
	EXPECT_REPORT("ksize: invalid object pointer", kfree_sensitive("no object"));
}

/* sem-K5, fault-S14 */
KTEST(kmalloc, krealloc_array_grows_shrinks_and_refuses_what_does_not_fit)
{
	uint32_t *p = krealloc_array(NULL, 4, sizeof(*p), GFP_KERNEL), *q;
	volatile size_t many = SIZE_MAX / 2;
	uint32_t i;

	ASSERT_TEST(p);
	for (i = 0; i < 4; i++)
		p[i] = i * 3;
	q = krealloc_array(p, 500, sizeof(*p), GFP_KERNEL);
	ASSERT_TEST(q);
	for (i = 0; i < 4; i++)
		EXPECT_EQ(q[i], i * 3);
	EXPECT_EQ(krealloc_array(q, many, sizeof(*q), GFP_KERNEL), NULL);
	EXPECT_EQ(q[3], 9);
	p = krealloc_array(q, 2, sizeof(*q), GFP_KERNEL);
	EXPECT_EQ(p, q);
	EXPECT_EQ(krealloc_array(p, 0, sizeof(*p), GFP_KERNEL), ZERO_SIZE_PTR);
}

struct packet {
	size_t nr;
	uint64_t word[];
};

/* sem-K4, fault-S2 */
KTEST(kmalloc, a_structure_with_entries_is_whole_or_null)
{
	struct packet *packet;
	volatile size_t many = SIZE_MAX / 8;

	packet = kmalloc(struct_size(packet, word, 12), GFP_KERNEL);
	ASSERT_TEST(packet);
	EXPECT_TRUE(ksize(packet) >= sizeof(*packet) + 96);
	kfree(packet);
	EXPECT_EQ(kmalloc(struct_size(packet, word, many), GFP_KERNEL | __GFP_NOWARN), NULL);
	EXPECT_EQ(kmalloc(array3_size(many, 2, 9), GFP_KERNEL | __GFP_NOWARN), NULL);
}
