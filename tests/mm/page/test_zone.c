/* SPDX-License-Identifier: MIT */
/*
 * test_zone.c - see test_zone.h.
 */
#include "test_zone.h"

#include <lib/bits.h>
#include <lib/check.h>
#include <lib/string.h>

static struct zone private_zone;
static struct page *block;
static unsigned int block_order;
static unsigned long pageblock_bits[MAX_ORDER_NR_PAGES / PAGEBLOCKS_IN_A_LONG + 1];
static struct per_cpu_pages pageset[NR_CPUS];

/* Every page of the block as a page inside a block: no flags, no users, the real zone's bits. */
static void wipe(uint8_t zone_node)
{
	unsigned long i;

	for (i = 0; i < 1UL << block_order; i++) {
		block[i].state = page_state(0, 0, zone_node);
		block[i].refcount = 0;
	}
}

struct zone *test_zone_at(unsigned long first, unsigned long nr_pages)
{
	struct zone *zone = &private_zone;
	unsigned long pfn, end;
	unsigned int order, cpu;

	/* One order more than needed, so that the buddy of the whole zone is ours too. */
	block_order = ilog2(roundup_pow_of_two(first + nr_pages)) + 1;
	block_order = min(block_order, (unsigned int)MAX_PAGE_ORDER);
	CHECK(first + nr_pages <= 1UL << block_order);
	block = alloc_pages(GFP_KERNEL | __GFP_NOWARN, block_order);
	if (!block)
		return NULL;
	zone_init(zone, page_zone_type(block), page_to_nid(block));
	zone->start_pfn = page_to_pfn(block) + first;
	zone->spanned_pages = nr_pages;
	zone->present_pages = nr_pages;
	zone->managed_pages = nr_pages;
	zone->pageblock_base = page_to_pfn(block);
	zone->pageblock_bits = memset(pageblock_bits, 0, sizeof(pageblock_bits));
	zone->pageset = pageset;
	for (cpu = 0; cpu < NR_CPUS; cpu++)
		pcp_list_init(&pageset[cpu], zone);
	wipe(block->zone_node);
	end = zone->start_pfn + nr_pages;
	for (pfn = zone->start_pfn; pfn < end; pfn += 1UL << order) {
		order = min(lowest_bit(pfn), ilog2(end - pfn));
		order = min(order, (unsigned int)MAX_PAGE_ORDER);
		test_give(zone, pfn_to_page(pfn), order);
	}
	return zone;
}

void test_zone_end(void)
{
	uint8_t zone_node = zone_node_bits(&private_zone);

	wipe(zone_node);
	block->state = page_state(PG_OWNED, block_order, zone_node);
	block->refcount = 1;
	__free_pages(block, block_order);
}

struct page *test_take_type(struct zone *zone, unsigned int order, enum migratetype type)
{
	unsigned long flags;
	struct page *page;

	spin_lock_irqsave(&zone->lock, flags);
	page = buddy_take(zone, order, type);
	spin_unlock_irqrestore(&zone->lock, flags);
	return page;
}

struct page *test_take(struct zone *zone, unsigned int order)
{
	return test_take_type(zone, order, MIGRATE_MOVABLE);
}

void test_give(struct zone *zone, struct page *page, unsigned int order)
{
	unsigned long flags;

	spin_lock_irqsave(&zone->lock, flags);
	buddy_give(zone, page, order);
	spin_unlock_irqrestore(&zone->lock, flags);
}
