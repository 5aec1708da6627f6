/* SPDX-License-Identifier: MIT */
/*
 * free_list.h - the lists of free blocks: buddy.c and migrate.c put on them and take off.
 *
 * A free block is on the list of its order and of its pageblock's type. The caller holds zone->lock.
 */
#pragma once

#include <lib/check.h>
#include <mm/buddy.h>
#include <mm/migrate.h>

/*
 * One comparison for: free, of this order, of this zone and node. A hole is
 * PG_RESERVED and a page of another zone has other bits, so neither is ever joined.
 */
static inline bool page_is_buddy(const struct page *page, unsigned int order, uint8_t zone_node)
{
	return page->state == page_state(PG_BUDDY, order, zone_node);
}

static inline void free_list_add(struct zone *zone, struct page *page, unsigned int order,
				 enum migratetype type)
{
	struct free_area *area = &zone->free_area[order];

	page->state = page_state(PG_BUDDY, order, page->zone_node);
	list_add(&page->lru, &area->free_list[type]);
	area->nr_of_type[type]++;
	area->nr_free++;
}

static inline void free_list_remove(struct zone *zone, struct page *page, unsigned int order,
				    enum migratetype type)
{
	struct free_area *area = &zone->free_area[order];

	ASSERT(area->nr_of_type[type] > 0, "zone %s, order %u, type %d", zone->name, order, type);
	list_del(&page->lru);
	area->nr_of_type[type]--;
	area->nr_free--;
	page->state = page_state(0, 0, page->zone_node);
}

/* From one type's list to another's; `page` stays a free block. */
static inline void free_list_move(struct zone *zone, struct page *page, unsigned int order,
				  enum migratetype from, enum migratetype to)
{
	free_list_remove(zone, page, order, from);
	free_list_add(zone, page, order, to);
}

/* A block that another type's request may have. */
struct fallback {
	struct page *page;
	unsigned int order;
	enum migratetype type; /* whose list it is on */
	bool may_claim;
};

/* migrate.c: where `type` has nothing left, the block to take instead. False: there is none. */
bool fallback_find(const struct zone *zone, unsigned int order, enum migratetype type,
		   struct fallback *found);

/* migrate.c: make the pageblock of `found` one of `type`, with all its free pages, if it is worth it. */
bool fallback_claim(struct zone *zone, const struct fallback *found, enum migratetype type);
