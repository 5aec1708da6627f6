/* SPDX-License-Identifier: MIT */
/*
 * ageing_test.c - how well large blocks survive years of use, with mobility grouping and without.
 *
 * THE IDEA
 *	A zone of 1,024 pages in 16 pageblocks is used up to two thirds by movable, unmovable
 *	and reclaimable pages of order 0 to 2 that come and go; what is unmovable lives longest. Then
 *	everything movable or reclaimable leaves, as compaction and reclaim could make it, and what is left says how
 *	well the unmovable pages were kept together: the unusable-free-space index of an order is the part of the free
 *	pages, in thousandths, that lies in blocks too small for it. 0 is perfect.
 *
 *	The numbers come from fixed seeds; docs/FRAGMENTATION.md has those of `make soak`, with 10^7 steps.
 */
#include <lib/ktest.h>

#include <lib/cmdline.h>
#include <lib/printk.h>
#include <mm/buddy.h>
#include <mm/migrate.h>
#include "test_zone.h"

#define NR_PAGES      1024
#define BLOCK_ORDER   6 /* of a pageblock: 64 pages */
#define DEFAULT_STEPS 20000
#define NR_SEEDS      5

static struct {
	struct page *page[NR_PAGES];
	uint8_t order[NR_PAGES], type[NR_PAGES];
	unsigned int nr;
	uint32_t seed;
} live;

static uint32_t random_number(uint32_t bound)
{
	live.seed = live.seed * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)live.seed * bound >> 32);
}

/* As alloc_pages() marks it, so that claiming a pageblock can tell what it holds. */
static bool take(struct zone *zone, enum migratetype type, bool grouped)
{
	unsigned int order = random_number(4) ? 0 : random_number(3);
	enum migratetype asked = grouped ? type : MIGRATE_UNMOVABLE;
	struct page *page = test_take_type(zone, order, asked);

	if (!page)
		return false;
	page->state = page_state(PG_OWNED | asked << PG_TYPE_SHIFT, order, page->zone_node);
	live.page[live.nr] = page;
	live.order[live.nr] = (uint8_t)order;
	live.type[live.nr++] = (uint8_t)type;
	return true;
}

static void give(struct zone *zone, unsigned int index)
{
	struct page *page = live.page[index];

	page->state = page_state(0, 0, page->zone_node);
	test_give(zone, page, live.order[index]);
	live.nr--;
	live.page[index] = live.page[live.nr];
	live.order[index] = live.order[live.nr];
	live.type[index] = live.type[live.nr];
}

/* Of ten pages six are movable, two unmovable, two reclaimable; an unmovable one is spared three times of four. */
static void step(struct zone *zone, bool grouped)
{
	static const enum migratetype kinds[] = {
		MIGRATE_MOVABLE,     MIGRATE_MOVABLE,	 MIGRATE_MOVABLE,   MIGRATE_MOVABLE,
		MIGRATE_MOVABLE,     MIGRATE_MOVABLE,	 MIGRATE_UNMOVABLE, MIGRATE_UNMOVABLE,
		MIGRATE_RECLAIMABLE, MIGRATE_RECLAIMABLE};
	bool full = zone->nr_free < NR_PAGES / 3;
	unsigned int index;

	if (!full && (!live.nr || random_number(2))) {
		take(zone, kinds[random_number(ARRAY_SIZE(kinds))], grouped);
		return;
	}
	index = random_number(live.nr);
	if (live.type[index] != MIGRATE_UNMOVABLE || random_number(4) == 0)
		give(zone, index);
}

static unsigned int unusable_index(const struct zone *zone, unsigned int wanted)
{
	unsigned long usable = 0;
	unsigned int order;

	for (order = wanted; order < MAX_ORDER; order++)
		usable += zone->free_area[order].nr_free << order;
	return (unsigned int)((zone->nr_free - usable) * 1000 / zone->nr_free);
}

/* The index of each order after everything that can go has gone. */
static bool age(uint32_t seed, unsigned long steps, bool grouped,
		unsigned int index[BLOCK_ORDER + 1])
{
	struct zone *zone = test_zone(NR_PAGES);
	unsigned long i;

	if (!zone)
		return false;
	zone->pageblock_order = BLOCK_ORDER;
	live.nr = 0;
	live.seed = seed;
	for (i = 0; i < steps; i++)
		step(zone, grouped);
	EXPECT_TRUE(buddy_check(zone));
	for (i = live.nr; i-- > 0;)
		if (live.type[i] != MIGRATE_UNMOVABLE)
			give(zone, (unsigned int)i);
	for (i = 0; i <= BLOCK_ORDER; i++)
		index[i] += unusable_index(zone, (unsigned int)i);
	while (live.nr)
		give(zone, 0);
	EXPECT_TRUE(buddy_check(zone));
	test_zone_end();
	return true;
}

/* sem-P4: grouping keeps the free memory of orders 4 to 6 usable, and as well as it ever did: within a tenth of what was recorded. */
KTEST(page_ageing, grouping_by_mobility_keeps_large_blocks)
{
	unsigned int with[BLOCK_ORDER + 1] = {0}, without[BLOCK_ORDER + 1] = {0}, order;
	static const unsigned int recorded[BLOCK_ORDER + 1] = {0, 5, 26, 57, 78, 87, 87};
	uint64_t steps = DEFAULT_STEPS, seed;

	cmdline_size("ageing_steps", &steps);
	for (seed = 1; seed <= NR_SEEDS; seed++)
		if (!age((uint32_t)seed, steps, true, with) ||
		    !age((uint32_t)seed, steps, false, without))
			SKIP_TEST("no block of 4 MiB is free");
	for (order = 1; order <= BLOCK_ORDER; order++)
		pr_info("ageing: order %u: unusable %u of 1000 with grouping, %u without\n", order,
			with[order] / NR_SEEDS, without[order] / NR_SEEDS);
	for (order = 4; order <= BLOCK_ORDER; order++)
		EXPECT_LT(with[order] * 2, without[order]);
	for (order = 1; order <= BLOCK_ORDER && steps == DEFAULT_STEPS; order++)
		EXPECT_LE(with[order] / NR_SEEDS, recorded[order] + recorded[order] / 10);
}
