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

/* buddy.c: the links of a free block do not agree with its neighbours'; the machine stops. */
_Noreturn void free_list_corrupt(const struct page *page);

/*
 * One comparison for: free, of this order, of this zone and node. A hole is
 * PG_RESERVED and a page of another zone has other bits, so neither is ever joined.
 */
static inline bool page_is_buddy(const struct page *page, unsigned int order, uint8_t zone_node)
{
	return page->state == page_state(PG_BUDDY, order, zone_node);
}

/*
 * What a neighbour says of itself, when its owner may be writing to it without our lock: a word is read as a whole, and only one that is
 * free, which nobody but the lock's holder makes, is believed. So the race is none, and the detector is told so.
 */
static inline __attribute__((no_sanitize("thread"))) uint32_t
neighbour_state(const struct page *page)
{
	return *(const volatile uint32_t *)&page->state;
}

/* A free block onto a list of its area, which is the zone's for `order`. */
static inline void area_add(struct free_area *area, struct page *page, uint32_t state,
			    enum migratetype type)
{
	WRITE_ONCE(page->state, state);
	list_add(&page->lru, &area->free_list[type]);
	area->nr_of_type[type]++;
	area->nr_free++;
}

/*
 * Off it again. The neighbours must agree before anything is written through a link: who writes into a free page's
 * struct page gains nothing by it. The page's own links need no poison, for its state says that it is on no list.
 */
static inline void area_remove(struct free_area *area, struct page *page, uint32_t state,
			       enum migratetype type)
{
	struct list_head *next = page->lru.next, *prev = page->lru.prev;

	ASSERT(area->nr_of_type[type] > 0, "pfn 0x%lx, type %d", page_to_pfn(page), type);
	if (unlikely(next->prev != &page->lru || prev->next != &page->lru))
		free_list_corrupt(page);
	next->prev = prev;
	prev->next = next;
	area->nr_of_type[type]--;
	area->nr_free--;
	WRITE_ONCE(page->state, state);
}

/* What the first page of a free block of the zone says. */
static inline uint32_t free_state(const struct zone *zone, unsigned int order)
{
	return page_state(PG_BUDDY, order, 0) | zone->state_bits;
}

/* deferred.c: one block gets its struct pages and goes to the list of movable blocks of the largest order. */
void deferred_pull(struct zone *zone);

/* As long as there are deferred blocks that list has one (F3 of deferred.c), so that nobody else need know of them. */
static inline void free_list_top_up(struct zone *zone)
{
	if (unlikely(zone->nr_deferred) &&
	    list_empty(&zone->free_area[MAX_PAGE_ORDER].free_list[MIGRATE_MOVABLE]))
		deferred_pull(zone);
}

/* Off its list and out of every figure; the block is the caller's. */
static inline void free_list_take(struct zone *zone, struct page *page, unsigned int order,
				  enum migratetype type)
{
	area_remove(&zone->free_area[order], page, zone->state_bits, type);
	WRITE_ONCE(zone->nr_free, zone->nr_free - (1UL << order));
	zone->nr_taken += 1UL << order;
	if (order == MAX_PAGE_ORDER)
		free_list_top_up(zone);
}

/* From one type's list to another's; `page` stays a free block. */
static inline void free_list_move(struct zone *zone, struct page *page, unsigned int order,
				  enum migratetype from, enum migratetype to)
{
	area_remove(&zone->free_area[order], page, zone->state_bits, from);
	area_add(&zone->free_area[order], page, free_state(zone, order), to);
	if (order == MAX_PAGE_ORDER)
		free_list_top_up(zone);
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
