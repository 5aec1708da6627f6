/* SPDX-License-Identifier: MIT */
/*
 * cache_shrinker_test.c - free objects give way to a request for pages, and meminfo says what can.
 */
#include <lib/ktest.h>

#include <lib/list.h>
#include <mm/init.h>
#include <mm/page.h>
#include <mm/pcp.h>
#include <mm/reclaim.h>
#include <mm/slab.h>

#define QUIET (GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY)

static unsigned long slabs_of(struct kmem_cache *cache)
{
	struct slab_info info;

	slab_get_info(cache, &info);
	return info.slabs;
}

static void free_all(struct kmem_cache *cache, struct list_head *objects)
{
	struct list_head *object, *following;

	for (object = objects->next; object != objects; object = following) {
		following = object->next;
		kmem_cache_free(cache, object);
	}
}

/* What a slab can be made of. */
static unsigned long free_low_pages(void)
{
	unsigned long pages = 0;
	struct zone *zone;

	for_each_populated_zone (zone)
		if (zone->type != ZONE_HIGHMEM)
			pages += zone->nr_free;
	return pages;
}

/* Most of memory in free objects of one cache; NULL where this allocator lets none lie about. */
static struct kmem_cache *memory_full_of_free_objects(void)
{
	const struct slab_tuning all = {.limit = 4096, .batchcount = 4096, .shared = 0};
	struct kmem_cache *cache = kmem_cache_create("test-idle", 128 * KiB, 0, SLAB_NO_USER_FLAGS,
						     NULL);
	struct list_head *object;
	LIST_HEAD(objects);

	if (!cache || slab_tune(cache, &all) != 0) {
		kmem_cache_destroy(cache);
		return NULL;
	}
	while ((object = kmem_cache_alloc(cache, QUIET)))
		list_add(object, &objects);
	free_all(cache, &objects);
	return cache;
}

/* sem-S12 */
KTEST(cache_shrinker, a_request_for_pages_gets_what_lies_in_free_slabs)
{
	unsigned long free_before = free_low_pages(), taken = 0, slabs;
	struct kmem_cache *cache = memory_full_of_free_objects();
	struct page *page, *following;
	LIST_HEAD(pages);

	if (!cache)
		SKIP_TEST("this allocator keeps no free slabs");
	slabs = slabs_of(cache);
	EXPECT_TRUE(slabs * 32 > free_before / 2);
	while (taken < free_before / 2 && (page = alloc_page(QUIET))) {
		list_add(&page->lru, &pages);
		taken++;
	}
	EXPECT_EQ(taken, free_before / 2);
	EXPECT_TRUE(slabs_of(cache) < slabs);
	list_for_each_entry_safe (page, following, &pages, lru)
		__free_page(page);
	kmem_cache_destroy(cache);
}

/* sem-S12 */
KTEST(cache_shrinker, every_cache_gives_its_free_slabs_and_keeps_the_others)
{
	struct kmem_cache *cache = kmem_cache_create("test-idle", 1000, 0, SLAB_NO_USER_FLAGS,
						     NULL);
	void *held, *p[64];
	unsigned int i;

	ASSERT_TEST(cache);
	held = kmem_cache_alloc(cache, GFP_KERNEL);
	for (i = 0; i < ARRAY_SIZE(p); i++)
		p[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	for (i = 0; i < ARRAY_SIZE(p); i++)
		kmem_cache_free(cache, p[i]);
	EXPECT_TRUE(slabs_of(cache) > 1);
	/* Until there is nothing more to be had. */
	for (i = 0; i < 100 && shrink_slab(GFP_KERNEL, 0); i++)
		;
	EXPECT_LT(i, 100);
	EXPECT_EQ(slabs_of(cache), 1);
	kmem_cache_free(cache, held);
	kmem_cache_destroy(cache);
}

/* The number behind a name in /proc/meminfo. */
static unsigned long meminfo(const char *name)
{
	static char text[8192];
	struct text_buffer buffer;
	struct seq_file file = {.sink = &buffer.sink};
	unsigned long kib = 0;
	const char *at;

	text_buffer_init(&buffer, text, sizeof(text));
	proc_meminfo(&file);
	at = strstr(text, name);
	if (!at)
		return ~0UL;
	for (at += strlen(name); *at == ' '; at++)
		;
	for (; *at >= '0' && *at <= '9'; at++)
		kib = kib * 10 + (unsigned long)(*at - '0');
	return kib;
}

KTEST(cache_shrinker, meminfo_counts_caches_that_can_be_reclaimed_apart)
{
	unsigned long before = meminfo("SReclaimable:");
	struct kmem_cache *cache = kmem_cache_create("test-idle", 2048, 0, SLAB_RECLAIM_ACCOUNT,
						     NULL);
	void *p[10];
	unsigned int i;

	ASSERT_TEST(cache);
	for (i = 0; i < ARRAY_SIZE(p); i++)
		p[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	EXPECT_TRUE(meminfo("SReclaimable:") >= before + 20);
	EXPECT_EQ(meminfo("KReclaimable:"), meminfo("SReclaimable:"));
	EXPECT_EQ(meminfo("Slab:"), meminfo("SReclaimable:") + meminfo("SUnreclaim:"));
	for (i = 0; i < ARRAY_SIZE(p); i++)
		kmem_cache_free(cache, p[i]);
	kmem_cache_destroy(cache);
	EXPECT_EQ(meminfo("SReclaimable:"), before);
}

/* What `file` shows of one cache, from its name on. */
static const char *slabinfo_line(const char *name)
{
	static char text[16384];
	struct text_buffer buffer;
	struct seq_file file = {.sink = &buffer.sink};
	const char *line;

	text_buffer_init(&buffer, text, sizeof(text));
	proc_slabinfo(&file);
	line = strstr(text, name);
	return line ? line : "";
}

/* sem-S10 */
KTEST(cache_shrinker, slabinfo_shows_what_is_parked_between_cpus)
{
	const struct slab_tuning tuning = {.limit = 8, .batchcount = 4, .shared = 4};
	struct kmem_cache *cache = kmem_cache_create("test-shared", 256, 0, SLAB_NO_USER_FLAGS,
						     NULL);
	struct slab_info info;
	char wanted[16];
	void *p[20];
	unsigned int i;

	ASSERT_TEST(cache);
	if (slab_tune(cache, &tuning)) {
		kmem_cache_destroy(cache);
		SKIP_TEST("this allocator parks nothing by number");
	}
	EXPECT_TRUE(strstr(slabinfo_line("test-shared"), " : tunables    8    4    4 : slabdata"));
	for (i = 0; i < ARRAY_SIZE(p); i++)
		p[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	for (i = 0; i < ARRAY_SIZE(p); i++)
		kmem_cache_free(cache, p[i]);
	slab_get_info(cache, &info);
	snprintf(wanted, sizeof(wanted), "%6lu\n", info.shared_avail);
	EXPECT_TRUE(info.shared_avail > 0 && info.shared_avail <= 16);
	EXPECT_TRUE(!strncmp(strchr(slabinfo_line("test-shared"), '\n') - 6, wanted, 7));
	kmem_cache_destroy(cache);
}
