/* SPDX-License-Identifier: MIT */
/*
 * exhaustive_test.c - every sequence of a few requests, in a zone of 16 pages.
 *
 * Walks the tree of all sequences: at each node each order is asked for, and each live block is given
 * back. After each step the free lists are proved and compared with a map of 16 bits: a request fails only
 * where no aligned run of that size is free, and where all is given back one block is left. A state that was reached
 * before with as many steps left is not walked again: the struct pages and the list heads are the whole
 * state. Nine steps hosted, six elsewhere, or `exhaustive_depth=` of the command line.
 */
#include <lib/ktest.h>

#include <config.h>
#include <lib/bits.h>
#include <lib/cmdline.h>
#include <lib/printk.h>
#include <mm/buddy.h>
#include "test_zone.h"

#define NR_PAGES       16
#define MAX_ZONE_ORDER 4
#define DEFAULT_DEPTH  (CONFIG_HOSTED ? 9 : 6)
#define MAX_DEPTH      10
#define TABLE_ORDER    8 /* a table of 1 MiB: 131072 states */

struct snapshot {
	struct page page[NR_PAGES];
	struct zone zone;
	uint16_t taken;
	uint8_t order_at[NR_PAGES] __aligned(
		8); /* of the block that starts there, 0xff: none does */
};

static struct {
	struct zone *zone;
	struct snapshot now;
	struct snapshot stack[MAX_DEPTH];
	uint64_t *seen; /* a hash of the state, its lowest four bits the steps that were left */
	size_t nr_slots;
	unsigned long nr_states, nr_steps;
} walk;

static void save(struct snapshot *into)
{
	*into = walk.now;
	memcpy(into->page, pfn_to_page(walk.zone->start_pfn), sizeof(into->page));
	into->zone = *walk.zone;
}

static void restore(const struct snapshot *from)
{
	walk.now = *from;
	memcpy(pfn_to_page(walk.zone->start_pfn), from->page, sizeof(from->page));
	*walk.zone = from->zone;
}

static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t size)
{
	const uint64_t *word = bytes;

	for (size_t i = 0; i < size / sizeof(*word); i++)
		hash = (hash ^ word[i]) * 0x9e3779b97f4a7c15UL ^ hash >> 29;
	return hash;
}

/* Was this state met with as many steps left, or more? Remembers it otherwise, where there is room. */
static bool was_met(unsigned int left)
{
	uint64_t hash = hash_bytes(1, pfn_to_page(walk.zone->start_pfn), sizeof(walk.now.page)),
		 *slot;

	hash = hash_bytes(hash, walk.zone->free_area,
			  sizeof(walk.zone->free_area[0]) * (MAX_ZONE_ORDER + 1));
	hash = hash_bytes(hash, walk.now.order_at, sizeof(walk.now.order_at)) & ~15UL;
	for (size_t i = 0; i < 16; i++) {
		slot = &walk.seen[((hash >> 20) + i) % walk.nr_slots];
		if (*slot && (*slot & ~15UL) != hash)
			continue;
		if (*slot && (*slot & 15) >= left)
			return true;
		walk.nr_states += !*slot;
		*slot = hash | left;
		return false;
	}
	return false;
}

static uint16_t bits_of(unsigned int index, unsigned int order)
{
	return (uint16_t)(((1U << (1U << order)) - 1) << index);
}

static bool model_has(unsigned int order)
{
	for (unsigned int index = 0; index < NR_PAGES; index += 1U << order)
		if (!(walk.now.taken & bits_of(index, order)))
			return true;
	return false;
}

static bool state_is_sound(void)
{
	unsigned long taken = walk.now.taken;

	return buddy_check(walk.zone) &&
	       walk.zone->nr_free == NR_PAGES - bitmap_weight(&taken, NR_PAGES) &&
	       (walk.now.taken || walk.zone->free_area[MAX_ZONE_ORDER].nr_free == 1);
}

/* False: there was no such block, which the map agrees to. */
static bool take(unsigned int order)
{
	struct page *page = test_take(walk.zone, order);
	unsigned long index;

	EXPECT_EQ(page != NULL, model_has(order));
	if (!page)
		return false;
	index = page_to_pfn(page) - walk.zone->start_pfn;
	EXPECT_EQ(index % (1UL << order), 0);
	EXPECT_EQ(walk.now.taken & bits_of((unsigned int)index, order), 0);
	walk.now.taken |= bits_of((unsigned int)index, order);
	walk.now.order_at[index] = (uint8_t)order;
	return true;
}

static void give(unsigned int index)
{
	unsigned int order = walk.now.order_at[index];

	walk.now.taken &= (uint16_t)~bits_of(index, order);
	walk.now.order_at[index] = 0xff;
	test_give(walk.zone, pfn_to_page(walk.zone->start_pfn + index), order);
}

/* One level: each thing that can be done here, and all that can follow. The depth is the command line's. */
static void walk_from(unsigned int left)
{
	struct snapshot *here = &walk.stack[left];
	unsigned int choice;

	if (!state_is_sound())
		EXPECT_TRUE(false);
	if (!left || ktest_failed() || was_met(left))
		return;
	save(here);
	for (choice = 0; choice <= MAX_ZONE_ORDER + NR_PAGES; choice++) {
		if (choice > MAX_ZONE_ORDER && here->order_at[choice - MAX_ZONE_ORDER - 1] == 0xff)
			continue;
		walk.nr_steps++;
		if (choice > MAX_ZONE_ORDER)
			give(choice - MAX_ZONE_ORDER - 1);
		else if (!take(choice))
			continue;
		walk_from(left - 1);
		restore(here);
	}
}

/* sem-P2, sem-P3, sem-P5 */
KTEST(buddy_exhaustive, every_short_sequence_of_requests_keeps_every_rule)
{
	struct page *table = alloc_pages(GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN, TABLE_ORDER);
	uint64_t depth = DEFAULT_DEPTH;

	if (!table)
		SKIP_TEST("no room for the states that were met");
	cmdline_size("exhaustive_depth", &depth);
	memset(&walk, 0, sizeof(walk));
	memset(walk.now.order_at, 0xff, sizeof(walk.now.order_at));
	walk.seen = page_address(table);
	walk.nr_slots = (PAGE_SIZE << TABLE_ORDER) / sizeof(uint64_t);
	walk.zone = test_zone(NR_PAGES);
	walk_from((unsigned int)min(depth, (uint64_t)MAX_DEPTH - 1));
	pr_info("buddy_exhaustive: %lu states, %lu steps\n", walk.nr_states, walk.nr_steps);
	EXPECT_GT(walk.nr_states, 100);
	test_zone_end();
	__free_pages(table, TABLE_ORDER);
	drain_all_pages();
}
