/* SPDX-License-Identifier: MIT */
/*
 * model_test.c - random requests to the living allocator, beside a map of who has what.
 *
 * The map has one byte for each frame: free or taken. What is handed out must be aligned, in a zone that the mask
 * admits, and free in the map; a stamp made of the frame number, in the first, the middle and the last word of a block, must
 * still stand there when the block is given back. Steps: allocate, free, split, drain, change a
 * pageblock's type, isolate one. On the command line `soak_ops=` says how many, `seed=` which ones;
 * `make soak SOAK_S=60` draws one seed after the other.
 */
#include <lib/ktest.h>

#include <lib/bits.h>
#include <lib/cmdline.h>
#include <lib/printk.h>
#include <mm/direct_map.h>
#include <mm/init.h>
#include <mm/memblock.h>
#include <mm/migrate.h>
#include <mm/pcp.h>

#define NR_BLOCKS   512
#define DEFAULT_OPS 3000
#define SEED	    20240607
#define CHECK_EVERY 1000

static struct block {
	struct page *page;
	unsigned int order;
} blocks[NR_BLOCKS];

static struct {
	unsigned int nr_blocks;
	unsigned long nr_pages, nr_got, nr_refused;
	unsigned long *taken; /* a bit for each frame below `end` */
	unsigned long end;
	uint32_t seed;
} model;

static uint32_t random_number(uint32_t bound)
{
	model.seed = model.seed * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)model.seed * bound >> 32);
}

/* --- stamps -------------------------------------------------------------------------- */

static unsigned long stamp_of(unsigned long pfn)
{
	return (pfn + 1) * 0x9e3779b97f4a7c15UL;
}

/* The three words of a block that carry its stamp; high memory has none. */
static bool stamps_visit(const struct block *block, bool write)
{
	unsigned long stamp = stamp_of(page_to_pfn(block->page)), *words, where[3], i;
	bool ok = true;

	if (page_zone_type(block->page) == ZONE_HIGHMEM)
		return true;
	words = page_address(block->page);
	where[0] = 0;
	where[1] = (PAGE_SIZE << block->order) / 16;
	where[2] = (PAGE_SIZE << block->order) / 8 - 1;
	for (i = 0; i < 3; i++) {
		if (write)
			words[where[i]] = stamp;
		ok &= words[where[i]] == stamp;
	}
	return ok;
}

/* --- the map -------------------------------------------------------------------------- */

static bool map_is_free(unsigned long pfn, unsigned int order)
{
	return find_next_bit(model.taken, pfn + (1UL << order), pfn) == pfn + (1UL << order);
}

static void enter(struct page *page, unsigned int order)
{
	struct block *block = &blocks[model.nr_blocks++];

	*block = (struct block){page, order};
	bitmap_set(model.taken, page_to_pfn(page), 1UL << order);
	model.nr_pages += 1UL << order;
	stamps_visit(block, true);
}

static struct block leave(unsigned int index)
{
	struct block block = blocks[index];

	EXPECT_TRUE(stamps_visit(&block, false));
	bitmap_clear(model.taken, page_to_pfn(block.page), 1UL << block.order);
	model.nr_pages -= 1UL << block.order;
	blocks[index] = blocks[--model.nr_blocks];
	return block;
}

/* --- steps ---------------------------------------------------------------------------- */

static void step_take(void)
{
	static const gfp_t masks[] = {GFP_KERNEL,
				      GFP_ATOMIC,
				      GFP_KERNEL | __GFP_MOVABLE,
				      GFP_KERNEL | __GFP_RECLAIMABLE,
				      GFP_HIGHUSER_MOVABLE,
				      GFP_HIGHUSER,
				      GFP_DMA32,
				      GFP_DMA,
				      GFP_KERNEL | __GFP_COLD,
				      GFP_KERNEL | __GFP_ZERO};
	gfp_t gfp = masks[random_number(ARRAY_SIZE(masks))];
	unsigned int order = random_number(8) ? random_number(4) : random_number(MAX_ORDER);
	struct page *page = alloc_pages(gfp | __GFP_NOWARN | __GFP_NORETRY, order);

	if (!page) {
		model.nr_refused++;
		return;
	}
	model.nr_got++;
	EXPECT_TRUE(IS_ALIGNED(page_to_pfn(page), 1UL << order));
	EXPECT_LE(page_zone_type(page), gfp_zone(gfp));
	EXPECT_LE(page_to_pfn(page) + (1UL << order), model.end);
	EXPECT_TRUE(map_is_free(page_to_pfn(page), order));
	if (gfp & __GFP_ZERO)
		EXPECT_EQ(memchr_inv(page_address(page), 0, PAGE_SIZE << order), NULL);
	enter(page, order);
}

static void step_give(void)
{
	struct block block = leave(random_number(model.nr_blocks));

	if (block.order == 0 && random_number(4) == 0)
		free_cold_page(block.page);
	else if (random_number(4) == 0)
		put_page(block.page);
	else
		__free_pages(block.page, block.order);
}

/* A small block becomes single pages, each with a place of its own. */
static void step_split(void)
{
	unsigned int index = random_number(model.nr_blocks), i;
	struct block block = blocks[index];

	if (block.order == 0 || block.order > 3 || model.nr_blocks + 8 > NR_BLOCKS)
		return;
	leave(index);
	split_page(block.page, block.order);
	for (i = 0; i < 1U << block.order; i++)
		enter(block.page + i, 0);
}

/* Whatever its contents, a pageblock changes sides; isolated it is for a moment only. */
static void step_retype(void)
{
	struct page *page = blocks[random_number(model.nr_blocks)].page;
	enum migratetype type = get_pageblock_migratetype(page);

	if (!gfp_mobility_mask || type >= MIGRATE_PCPTYPES)
		return;
	if (random_number(2)) {
		set_pageblock_migratetype(page, random_number(MIGRATE_PCPTYPES));
		return;
	}
	set_pageblock_migratetype(page, MIGRATE_ISOLATE);
	step_give();
	step_take();
	set_pageblock_migratetype(page, type);
}

static void one_step(void)
{
	uint32_t draw = random_number(64);

	if (draw == 0)
		drain_all_pages();
	else if (draw < 4 && model.nr_blocks)
		step_retype();
	else if (draw < 8 && model.nr_blocks)
		step_split();
	else if (model.nr_blocks && (draw < 34 || model.nr_blocks == NR_BLOCKS))
		step_give();
	else
		step_take();
}

/* --- the run --------------------------------------------------------------------------- */

static unsigned long parameter(const char *key, unsigned long otherwise)
{
	uint64_t value;

	return cmdline_size(key, &value) == 0 ? value : otherwise;
}

static unsigned long run(unsigned long ops)
{
	unsigned long idle = nr_idle_pages(), i;

	for (i = 0; i < ops && !ktest_failed(); i++) {
		one_step();
		EXPECT_EQ(nr_idle_pages() + model.nr_pages, idle);
		if (i % CHECK_EVERY == CHECK_EVERY - 1)
			EXPECT_TRUE(mm_verify());
	}
	while (model.nr_blocks)
		step_give();
	return i;
}

/* sem-P1, sem-P3, sem-P5, sem-P9, fault-P11 and fault-P14, in any order that a seed draws. */
KTEST(page_model, random_requests_agree_with_a_map_of_who_has_what)
{
	uint32_t seed = (uint32_t)parameter("seed", SEED);
	unsigned int order;
	unsigned long done;
	struct page *map;

	memset(&model, 0, sizeof(model));
	model.seed = seed;
	model.end = memblock_end_of_DRAM() >> PAGE_SHIFT;
	order = get_order(BITS_TO_LONGS(model.end + MAX_ORDER_NR_PAGES) * sizeof(unsigned long));
	if (order >= MAX_ORDER)
		SKIP_TEST("the map of so much memory is no block");
	map = alloc_pages(GFP_KERNEL | __GFP_ZERO, order);
	ASSERT_TEST(map);
	model.taken = page_address(map);
	done = run(parameter("soak_ops", DEFAULT_OPS));
	pr_info("page_model: seed %u, %lu steps, %lu blocks, %lu refused\n", seed, done,
		model.nr_got, model.nr_refused);
	EXPECT_GT(model.nr_got, done / 8);
	__free_pages(map, order);
	drain_all_pages();
}
