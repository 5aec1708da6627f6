/* SPDX-License-Identifier: MIT */
/*
 * vmalloc_model_test.c - random areas beside a table of what was asked for.
 *
 * Each living area is known by its kind, its size and a tag of its own, which stands in the first, the middle and the last
 * word. What is handed out must not overlap anything that lives; a tag must still stand there when the area
 * goes; what is mapped twice shows the same through both. The counters must be what the table says, after each step.
 * Steps: vmalloc, vzalloc, vmap of pages of the test's own, a device mapping, free, flush, drain. On the command line `soak_ops=` says
 * how many, `seed=` which ones; `make soak SOAK_S=60` draws one seed after the other.
 */
#include <mm/vmalloc.h>

#include <arch/memory.h>
#include <lib/cmdline.h>
#include <lib/ktest.h>
#include <mm/init.h>
#include <mm/io.h>
#include <mm/pcp.h>
#include "no_ram.h"

#define NR_AREAS    64
#define NR_PAGES    8 /* of the test's own, for vmap() */
#define DEFAULT_OPS 3000
#define SEED	    20240611
#define CHECK_EVERY 500

enum kind { NONE, MEMORY, VIEW, DEVICE, NR_KINDS };

static struct area {
	enum kind kind;
	unsigned long *words;
	unsigned long size, tag;
} areas[NR_AREAS];

static struct {
	struct page *page[NR_PAGES];
	phys_addr_t device;
	unsigned long nr_areas, nr_pages, most_pages, tag;
	struct vmalloc_counts before;
	uint32_t seed;
} model;

static uint32_t random_number(uint32_t bound)
{
	model.seed = model.seed * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)model.seed * bound >> 32);
}

static unsigned long pages_of(const struct area *area)
{
	return ALIGN_UP(area->size, PAGE_SIZE) >> PAGE_SHIFT;
}

/* --- tags ---------------------------------------------------------------------------- */

/* A device does not answer, and a view shows the pages of the test, which others show too. */
static void tags_visit(struct area *area, bool write)
{
	unsigned long last = area->size / sizeof(long) - 1, where[3] = {0, last / 2, last}, i;

	for (i = 0; i < 3 && area->kind == MEMORY && area->size >= sizeof(long); i++) {
		if (write)
			area->words[where[i]] = area->tag;
		EXPECT_EQ(area->words[where[i]], area->tag);
	}
	for (i = 0; i < pages_of(area) && area->kind == VIEW; i++) {
		unsigned long *direct = page_address(model.page[i]);

		*direct = area->tag + i;
		EXPECT_EQ(area->words[i * PAGE_SIZE / sizeof(long)], area->tag + i);
	}
}

static bool apart(const struct area *a, const struct area *b)
{
	uintptr_t start = (uintptr_t)a->words, other = (uintptr_t)b->words;

	/* With the guard page of the lower one. */
	return start + (pages_of(a) + 1) * PAGE_SIZE <= other ||
	       other + (pages_of(b) + 1) * PAGE_SIZE <= start;
}

static void enter(struct area *area, enum kind kind, void *address, unsigned long size)
{
	*area = (struct area){NONE, address, size, ++model.tag << 20};
	for (unsigned int i = 0; i < NR_AREAS; i++)
		EXPECT_TRUE(areas[i].kind == NONE || apart(area, &areas[i]));
	area->kind = kind;
	model.nr_areas++;
	model.nr_pages += pages_of(area);
	tags_visit(area, true);
}

/* --- steps ---------------------------------------------------------------------------- */

/* Mostly small; now and then one of its own range, or one that large leaves map. */
static unsigned long random_size(void)
{
	switch (random_number(16)) {
	case 0:
		return 1 + random_number(2 * MiB + 64 * KiB);
	case 1:
	case 2:
		return 1 + random_number(256 * KiB);
	default:
		return 1 + random_number(16 * KiB);
	}
}

static void step_memory(struct area *area)
{
	unsigned long size = random_size();
	bool zeroed = random_number(2);
	void *address;

	if (model.nr_pages + size / PAGE_SIZE > model.most_pages)
		return;
	address = zeroed ? vzalloc(size) : vmalloc(size);
	ASSERT_TEST(address);
	if (zeroed)
		EXPECT_EQ(memchr_inv(address, 0, size), NULL);
	enter(area, MEMORY, address, size);
}

static void step_view(struct area *area)
{
	unsigned int nr = 1 + random_number(NR_PAGES);
	void *address = vmap(model.page, nr, VM_MAP, PROT_KERNEL_RW);

	ASSERT_TEST(address);
	enter(area, VIEW, address, nr * PAGE_SIZE);
}

static void step_device(struct area *area)
{
	unsigned long offset = random_number(64) * PAGE_SIZE,
		      size = 1 + random_number(9 * PAGE_SIZE);
	void *address = ioremap(model.device + offset, size);

	ASSERT_TEST(address);
	enter(area, DEVICE, address, size);
}

static void step_free(struct area *area)
{
	tags_visit(area, false);
	if (area->kind == MEMORY)
		vfree(area->words);
	else if (area->kind == VIEW)
		vunmap(area->words);
	else
		iounmap(area->words);
	model.nr_areas--;
	model.nr_pages -= pages_of(area);
	area->kind = NONE;
}

static void step(void)
{
	struct area *area = &areas[random_number(NR_AREAS)];
	uint32_t what = random_number(100);

	if (area->kind != NONE)
		step_free(area);
	else if (what < 70)
		step_memory(area);
	else if (what < 85)
		step_view(area);
	else if (what < 97)
		step_device(area);
	else if (what < 99)
		vmalloc_purge();
	else
		vmalloc_drain();
}

static void counts_agree(void)
{
	struct vmalloc_counts now;

	vmalloc_count(&now);
	EXPECT_EQ(now.areas - model.before.areas, model.nr_areas);
	EXPECT_EQ(now.pages - model.before.pages, model.nr_pages);
}

static unsigned long parameter(const char *key, unsigned long otherwise)
{
	uint64_t value;

	return cmdline_size(key, &value) == 0 ? value : otherwise;
}

static bool begin(void)
{
	memset(areas, 0, sizeof(areas));
	memset(&model, 0, sizeof(model));
	model.seed = (uint32_t)parameter("seed", SEED);
	model.device = no_ram();
	model.most_pages = nr_idle_pages() / 3;
	vmalloc_drain();
	vmalloc_count(&model.before);
	return alloc_pages_bulk_array(GFP_KERNEL, NR_PAGES, model.page) == NR_PAGES;
}

KTEST(vmalloc_model, random_areas_agree_with_a_table)
{
	unsigned long ops = parameter("soak_ops", DEFAULT_OPS), i;

	ASSERT_TEST(begin());
	for (i = 0; i < ops && !ktest_failed(); i++) {
		step();
		counts_agree();
		if (i % CHECK_EVERY == 0)
			EXPECT_TRUE(vmalloc_check());
	}
	for (i = 0; i < NR_AREAS; i++)
		if (areas[i].kind != NONE)
			step_free(&areas[i]);
	counts_agree();
	vmalloc_drain();
	EXPECT_TRUE(vmalloc_check());
	for (i = 0; i < NR_PAGES; i++)
		__free_page(model.page[i]);
}
