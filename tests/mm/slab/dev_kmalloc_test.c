/* SPDX-License-Identifier: MIT */
/*
 * dev_kmalloc_test.c - memory that knows its owner: freed by either call, misused, forgotten, limited.
 */
#include <mm/dev_kmalloc.h>

#include <arch/memory.h>
#include <lib/errno.h>
#include <lib/ktest.h>
#include <lib/poison.h>
#include <mm/pcp.h>
#include <mm/slab.h>

#include "../../framework/ktest_run.h"
#include "../page/free_pages.h"

static struct device device, other;
static const struct device_driver driver = {.name = "test-driver"};

/* A bound device; NULL ends the test. */
static struct device *start(void)
{
	device = (struct device){.name = "test0"};
	if (device_register(&device) || device_bind(&device, &driver))
		return NULL;
	return &device;
}

static uint32_t *header_words(void *pointer)
{
	return (uint32_t *)((char *)pointer - DEV_KMALLOC_HEADER);
}

static const size_t sizes[] = {1, 63, 64, 65, 100, 960, 4032, 8128, 8129, 70000};

/* sem-D1 */
KTEST(dev_kmalloc, the_data_starts_64_bytes_behind_a_header_with_the_magic)
{
	struct device *dev = start();
	size_t i;

	ASSERT_TEST(dev);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		char *p = dev_kmalloc(dev, sizes[i], GFP_KERNEL);

		ASSERT_TEST(p);
		EXPECT_TRUE(IS_ALIGNED((uintptr_t)p, 64));
		EXPECT_EQ(header_words(p)[0], 0xDEADBEEFU);
		EXPECT_EQ(dev_ksize(p), sizes[i]);
		EXPECT_EQ(dev->memory.bytes, sizes[i]);
		memset(p, 0x5c, sizes[i]);
		EXPECT_TRUE(dev_kmalloc_check());
		dev_kfree(p);
		EXPECT_EQ(dev->memory.nr_blocks, 0);
		EXPECT_EQ(dev->memory.bytes, 0);
	}
	EXPECT_EQ(dev_kmalloc(dev, 0, GFP_KERNEL), ZERO_SIZE_PTR);
	dev_kfree(ZERO_SIZE_PTR);
	dev_kfree(NULL);
	EXPECT_EQ(device_unregister(dev), 0);
}

/* sem-D1 */
KTEST(dev_kmalloc, kfree_of_the_data_pointer_frees_header_and_data)
{
	struct device *dev = start();
	size_t i;

	ASSERT_TEST(dev);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		void *p = dev_kzalloc(dev, sizes[i], GFP_KERNEL);

		ASSERT_TEST(p);
		EXPECT_EQ(memchr_inv(p, 0, sizes[i]), NULL);
		kfree(p);
		EXPECT_EQ(dev->memory.nr_blocks, 0);
	}
	EXPECT_EQ(device_unregister(dev), 0);
}

/* sem-D1: by either call, small and large */
KTEST(dev_kmalloc, a_second_free_is_reported_with_the_first_one_named)
{
	struct device *dev;
	size_t i;

	if (!free_pages_keep_their_bytes())
		SKIP_TEST("what stood in a freed page is gone");
	dev = start();
	ASSERT_TEST(dev);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		void *p = dev_kmalloc(dev, sizes[i], GFP_KERNEL);

		ASSERT_TEST(p);
		dev_kfree(p);
		EXPECT_REPORT("dev_kfree: device memory freed twice", dev_kfree(p));
		EXPECT_REPORT("kfree: device memory freed twice", kfree(p));
		EXPECT_EQ(dev_ksize(p), 0);
	}
	EXPECT_EQ(device_unregister(dev), 0);
}

/* sem-D1 */
KTEST(dev_kmalloc, a_block_that_was_used_again_belongs_to_its_new_owner)
{
	struct device *dev = start();
	char *p = dev_kmalloc(dev, 200, GFP_KERNEL), *q;

	ASSERT_TEST(p);
	dev_kfree(p);
	q = dev_kmalloc(dev, 200, GFP_KERNEL);
	EXPECT_EQ(p, q); /* most recently used first */
	EXPECT_EQ(dev->memory.nr_blocks, 1);
	dev_kfree(q);
	EXPECT_EQ(device_unregister(dev), 0);
}

/* sem-D1: a header that others' memory still holds says nothing any more */
KTEST(dev_kmalloc, memory_that_others_use_again_names_no_former_owner)
{
	struct device *dev = start();
	char *p = dev_kmalloc(dev, 2 * PAGE_SIZE, GFP_KERNEL);
	struct page *page;

	ASSERT_TEST(p);
	page = virt_to_page(p);
	dev_kfree(p);
	if (alloc_pages(GFP_KERNEL, page->order) != page)
		SKIP_TEST("the pages freed last are not those given next");
	EXPECT_REPORT("dev_kfree: no device memory starts here", dev_kfree(p));
	EXPECT_EQ(dev_ksize(p), 0);
	__free_pages(page, page->order);
	EXPECT_EQ(device_unregister(dev), 0);
}

/* sem-D1: each word of the header but the links, then the links */
KTEST(dev_kmalloc, a_smashed_header_is_reported_and_nothing_changes)
{
	struct device *dev = start();
	void *before = dev_kmalloc(dev, 50, GFP_KERNEL), *p = dev_kmalloc(dev, 50, GFP_KERNEL),
	     *after = dev_kmalloc(dev, 50, GFP_KERNEL);
	unsigned int word;

	ASSERT_TEST(before && p && after);
	for (word = 0; word < DEV_KMALLOC_HEADER / 4; word++) {
		header_words(p)[word] ^= 0x10;
		EXPECT_REPORT("dev_kfree: the header of device memory was written over",
			      dev_kfree(p));
		EXPECT_EQ(dev->memory.nr_blocks, 3);
		header_words(p)[word] ^= 0x10;
	}
	EXPECT_TRUE(dev_kmalloc_check());
	dev_kfree(p);
	dev_kfree(before);
	dev_kfree(after);
	EXPECT_EQ(device_unregister(dev), 0);
}

/* sem-D1: the neighbour of a smashed header can still be freed */
KTEST(dev_kmalloc, an_overrun_hurts_only_the_block_behind)
{
	struct device *dev = start();
	void *a = dev_kmalloc(dev, 50, GFP_KERNEL), *b = dev_kmalloc(dev, 50, GFP_KERNEL);
	uint32_t magic;

	ASSERT_TEST(a && b);
	magic = header_words(b)[0];
	header_words(b)[0] = 0x41414141;
	dev_kfree(a);
	EXPECT_EQ(dev->memory.nr_blocks, 1);
	EXPECT_REPORT("kfree: the header of device memory was written over", kfree(b));
	header_words(b)[0] = magic;
	kfree(b);
	EXPECT_EQ(device_unregister(dev), 0);
}

/* sem-D1, fault-S3 */
KTEST(dev_kmalloc, a_pointer_without_a_header_is_reported)
{
	struct device *dev = start();
	char *p = dev_kmalloc(dev, 200, GFP_KERNEL), *plain = kmalloc(256, GFP_KERNEL);
	static char constant[128];

	ASSERT_TEST(p && plain);
	EXPECT_REPORT("dev_kfree: no device memory starts here", dev_kfree(plain));
	EXPECT_REPORT("dev_kfree: no device memory starts here", dev_kfree(plain + 64));
	EXPECT_REPORT("dev_kfree: no device memory starts here", dev_kfree(p + 64));
	EXPECT_REPORT("dev_kfree: no device memory starts here", dev_kfree(p + 1));
	EXPECT_REPORT("kfree: no device memory starts here", kfree(p + 8));
	EXPECT_REPORT("dev_kfree: no device memory starts here", dev_kfree(constant));
	EXPECT_REPORT("dev_kfree: no device memory starts here", dev_kfree((void *)0x7f0000001000));
	EXPECT_REPORT("dev_kfree: no device memory starts here", dev_kfree((void *)~63UL));
	EXPECT_EQ(dev->memory.nr_blocks, 1);
	dev_kfree(p);
	kfree(plain);
	EXPECT_EQ(device_unregister(dev), 0);
}

/* sem-D1, fault-S3: the header is where the object starts, but it is not what the driver has */
KTEST(dev_kmalloc, a_free_of_the_headers_address_is_refused)
{
	static const char *const message =
		"kfree: the header of device memory, not the memory; nothing changed";
	struct device *dev = start();
	size_t i;

	ASSERT_TEST(dev);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		char *p = dev_kmalloc(dev, sizes[i], GFP_KERNEL), *q;

		ASSERT_TEST(p);
		memset(p, 0x5c, sizes[i]);
		EXPECT_REPORT(message, kfree(header_words(p)));
		EXPECT_REPORT("dev_kfree: the header", dev_kfree(header_words(p)));
		EXPECT_EQ(memchr_inv(p, 0x5c, sizes[i]), NULL);
		EXPECT_EQ(dev->memory.nr_blocks, 1);
		EXPECT_TRUE(dev_kmalloc_check());
		q = dev_kmalloc(dev, sizes[i], GFP_KERNEL);
		EXPECT_TRUE(q && q != p);
		dev_kfree(q);
		kfree(p);
		EXPECT_EQ(dev->memory.nr_blocks, 0);
	}
	EXPECT_EQ(device_unregister(dev), 0);
}

/* sem-D1, by its cache's name, and in bulk */
KTEST(dev_kmalloc, no_way_to_free_takes_a_header)
{
	struct kmem_cache *cache = slab_find_cache("dev-kmalloc-256");
	struct device *dev = start();
	char *p = dev_kmalloc(dev, 100, GFP_KERNEL);
	void *header;

	ASSERT_TEST(p && cache);
	header = header_words(p);
	EXPECT_REPORT("kmem_cache_free: the header", kmem_cache_free(cache, header));
	EXPECT_REPORT("kmem_cache_free: the header", kmem_cache_free_bulk(cache, 1, &header));
	EXPECT_REPORT("kfree: the header", kmem_cache_free_bulk(NULL, 1, &header));
	EXPECT_REPORT("kfree: the header", kfree(krealloc(header, 0, GFP_KERNEL)));
	EXPECT_EQ(dev->memory.nr_blocks, 1);
	dev_kfree(p);
	EXPECT_REPORT("kfree: object freed twice", kfree(header));
	EXPECT_EQ(device_unregister(dev), 0);
}

/* sem-D1, sem-A3 */
KTEST(dev_kmalloc, its_pages_are_marked_and_no_others_are)
{
	struct device *dev = start();
	void *small = dev_kmalloc(dev, 8, GFP_KERNEL), *large = dev_kmalloc(dev, 9000, GFP_KERNEL),
	     *plain = kmalloc(128, GFP_KERNEL);

	ASSERT_TEST(small && large && plain);
	EXPECT_TRUE(compound_head(virt_to_page(small))->flags & PG_DEVMEM);
	EXPECT_TRUE(compound_head(virt_to_page(large))->flags & PG_DEVMEM);
	EXPECT_FALSE(compound_head(virt_to_page(plain))->flags & PG_DEVMEM);
	EXPECT_REPORT("slab", __free_pages(compound_head(virt_to_page(small)),
					   compound_head(virt_to_page(small))->order));
	EXPECT_REPORT("kmalloc", __free_pages(compound_head(virt_to_page(large)),
					      compound_head(virt_to_page(large))->order));
	kfree(large);
	kfree(small);
	kfree(plain);
	EXPECT_EQ(device_unregister(dev), 0);
}

/* sem-D2 */
KTEST(dev_kmalloc, unbinding_frees_what_was_forgotten_and_reports_each)
{
	struct device *dev = start();
	unsigned long before = report_count();
	void *kept;

	ASSERT_TEST(dev);
	EXPECT_TRUE(dev_kmalloc(dev, 100, GFP_KERNEL));
	kept = dev_kmalloc(dev, 200, GFP_KERNEL);
	EXPECT_TRUE(dev_kmalloc(dev, 20000, GFP_KERNEL));
	EXPECT_TRUE(dev_kmalloc(dev, 300, GFP_KERNEL));
	dev_kfree(kept);
	EXPECT_EQ(device_unbind(dev), 0);
	EXPECT_EQ(report_count(), before + 3);
	EXPECT_STREQ(report_last_title(), "devmem: test0 was unbound and 300 bytes were not freed");
	ktest_forgive_reports(3);
	EXPECT_EQ(dev->memory.nr_leaked, 3);
	EXPECT_EQ(dev->memory.nr_blocks, 0);
	EXPECT_EQ(dev->memory.bytes, 0);
	EXPECT_EQ(device_unregister(dev), 0);
}

/* sem-D2: what lies behind a smashed header is found from the other end; the header itself is lost, and said to be */
KTEST(dev_kmalloc, unbinding_gets_past_a_smashed_header)
{
	struct device *dev = start();
	unsigned long before = report_count();
	uint32_t *smashed, magic;
	unsigned int i;

	ASSERT_TEST(dev);
	for (i = 0, smashed = NULL; i < 5; i++) {
		void *p = dev_kmalloc(dev, 100, GFP_KERNEL);

		ASSERT_TEST(p);
		smashed = i == 2 ? header_words(p) : smashed;
	}
	magic = *smashed;
	*smashed = 0;
	EXPECT_EQ(device_unbind(dev), 0);
	EXPECT_EQ(report_count(), before + 5);
	EXPECT_STREQ(report_last_title(), "devmem: 1 blocks of test0 are lost");
	ktest_forgive_reports(5);
	EXPECT_EQ(dev->memory.nr_leaked, 4);
	/* Put it back as it was, so that the test ends as it began. */
	*smashed = magic;
	INIT_LIST_HEAD((struct list_head *)(smashed + 6));
	dev->memory.nr_blocks = 1;
	dev->memory.bytes = 100;
	list_add((struct list_head *)(smashed + 6), &dev->memory.blocks);
	dev_kfree((char *)smashed + DEV_KMALLOC_HEADER);
	EXPECT_EQ(device_unregister(dev), 0);
}

/* sem-D2 */
KTEST(dev_kmalloc, a_device_that_gave_all_back_is_unbound_in_silence)
{
	struct device *dev = start();

	ASSERT_TEST(dev);
	dev_kfree(dev_kmalloc(dev, 77, GFP_KERNEL));
	EXPECT_EQ(device_unbind(dev), 0);
	EXPECT_EQ(dev->memory.nr_leaked, 0);
	EXPECT_EQ(device_unregister(dev), 0);
}

/* sem-D2 */
KTEST(dev_kmalloc, a_limit_is_kept_to_the_byte)
{
	struct device *dev = start();
	void *a, *b;

	ASSERT_TEST(dev);
	device_memory_set_limit(dev, 1000);
	a = dev_kmalloc(dev, 600, GFP_KERNEL);
	EXPECT_EQ(dev_kmalloc(dev, 401, GFP_KERNEL), NULL);
	EXPECT_EQ(dev_kmalloc(dev, SIZE_MAX - 700, GFP_KERNEL | __GFP_NOWARN), NULL);
	b = dev_kmalloc(dev, 400, GFP_KERNEL);
	EXPECT_TRUE(a && b);
	EXPECT_EQ(dev_kmalloc(dev, 1, GFP_ATOMIC), NULL);
	dev_kfree(a);
	a = dev_kmalloc(dev, 1, GFP_KERNEL);
	EXPECT_TRUE(a);
	EXPECT_EQ(dev->memory.nr_failed, 2);
	EXPECT_EQ(dev->memory.peak_bytes, 1000);
	dev_kfree(a);
	dev_kfree(b);
	EXPECT_EQ(device_unregister(dev), 0);
}

/* sem-D2 */
KTEST(dev_kmalloc, a_failure_rate_is_per_device)
{
	struct device *dev = start();
	unsigned int i, failed = 0;

	ASSERT_TEST(dev);
	other = (struct device){.name = "test1"};
	EXPECT_EQ(device_register(&other), 0);
	EXPECT_EQ(device_memory_set_failures(dev, "probability=50,seed=7"), 0);
	EXPECT_EQ(device_memory_set_failures(dev, "half of them"), -EINVAL);
	for (i = 0; i < 200; i++) {
		void *p = dev_kmalloc(dev, 40, GFP_KERNEL);

		failed += !p;
		dev_kfree(p);
		p = dev_kmalloc(&other, 40, GFP_KERNEL);
		EXPECT_TRUE(p);
		dev_kfree(p);
	}
	EXPECT_TRUE(failed > 60 && failed < 140);
	EXPECT_EQ(dev->memory.nr_failed, failed);
	EXPECT_EQ(device_unregister(&other), 0);
	EXPECT_EQ(device_unregister(dev), 0);
}

/* sem-D1 */
KTEST(dev_kmalloc, who_is_no_device_gets_nothing)
{
	struct device unknown = {.name = "unknown"};
	void *p = NULL;

	EXPECT_REPORT("dev_kmalloc", p = dev_kmalloc(NULL, 8, GFP_KERNEL));
	EXPECT_EQ(p, NULL);
	EXPECT_REPORT("dev_kmalloc", p = dev_kmalloc(&unknown, 8, GFP_KERNEL));
	EXPECT_EQ(p, NULL);
	ASSERT_TEST(start());
	EXPECT_REPORT("more than 4 MiB", p = dev_kmalloc(&device, DEV_KMALLOC_MAX + 1, GFP_KERNEL));
	EXPECT_EQ(p, NULL);
	EXPECT_EQ(device_unregister(&device), 0);
}

/* sem-K7, sem-P11 */
KTEST(dev_kmalloc, a_zone_is_obeyed_or_refused)
{
	struct device *dev = start();
	void *p;

	ASSERT_TEST(dev);
	p = dev_kmalloc(dev, 10000, GFP_KERNEL | GFP_DMA);
	EXPECT_TRUE(!p || page_to_phys(virt_to_page(p)) < arch_dma_end());
	dev_kfree(p);
	EXPECT_REPORT("gfp", p = dev_kmalloc(dev, 10000, GFP_KERNEL | __GFP_HIGHMEM));
	EXPECT_EQ(p, NULL);
	EXPECT_REPORT("gfp", p = dev_kmalloc(dev, 100, GFP_KERNEL | __GFP_HIGHMEM));
	EXPECT_EQ(p, NULL);
	EXPECT_EQ(device_unregister(dev), 0);
}

static void in_interrupt(void *context)
{
	void *p = dev_kmalloc(context, 100, GFP_ATOMIC);

	EXPECT_TRUE(p);
	kfree(p);
}

/* sem-A2 */
KTEST(dev_kmalloc, it_works_in_an_interrupt)
{
	struct device *dev = start();

	ASSERT_TEST(dev);
	ktest_in_interrupt(in_interrupt, dev);
	EXPECT_EQ(dev->memory.nr_blocks, 0);
	EXPECT_EQ(device_unregister(dev), 0);
}

static void cpu_churn(unsigned int cpu, void *context)
{
	unsigned int round;

	(void)cpu;
	for (round = 0; round < 500; round++) {
		void *p = dev_kmalloc(context, 24 + round % 300, GFP_ATOMIC);

		if (round & 1)
			kfree(p);
		else
			dev_kfree(p);
	}
}

KTEST(dev_kmalloc, two_cpus_share_a_device)
{
	struct device *dev = start();

	ASSERT_TEST(dev);
	if (ktest_run_on_cpus(2, cpu_churn, dev))
		EXPECT_EQ(dev->memory.nr_allocs, 1000);
	EXPECT_EQ(dev->memory.bytes, 0);
	EXPECT_EQ(device_unregister(dev), 0);
}

KTEST(dev_kmalloc, the_check_sees_each_invariant_broken)
{
	struct device *dev = start();
	void *p = dev_kmalloc(dev, 30, GFP_KERNEL);

	ASSERT_TEST(p);
	EXPECT_TRUE(dev_kmalloc_check());
	dev->memory.bytes++;
	EXPECT_FALSE(dev_kmalloc_check());
	dev->memory.bytes--;
	header_words(p)[2]++;
	EXPECT_FALSE(dev_kmalloc_check());
	header_words(p)[2]--;
	dev_kfree(p);
	EXPECT_EQ(device_unregister(dev), 0);
}
