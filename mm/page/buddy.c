/* SPDX-License-Identifier: MIT */
/*
 * buddy.c - take and give back blocks of 2^order page frames of one zone.
 *
 * THE IDEA
 *	A block of order k is 2^k frames and starts at a multiple of 2^k. Two
 *	blocks of order k that together make one block of order k+1 are buddies:
 *	their frame numbers differ in bit k and nowhere else, so a block finds
 *	its buddy with one exclusive-or. Frames 8..11 (order 2) and 12..15 are
 *	buddies: 8 ^ 4 = 12. Frames 12..15 and 16..19 are not: 12 ^ 4 = 8.
 *
 *	Free blocks of each order are on a list. To take, the first block of
 *	the least order that suffices is halved until it fits: the caller keeps
 *	the lowest half, the upper halves go on the lists. To give, the block
 *	joins its buddy as long as that is free and whole, and so on upwards.
 *	Both halves of the work undo each other exactly: when all is given back
 *	the blocks are as at the start.
 *
 *	Each order has one list for each type of pageblock (migrate.c); a request
 *	is served from the lists of its type, and from others when those are empty.
 *
 * PICTURE	take order 0 from a free block of order 3
 *
 *	before	| 0                             7 |   free[3]
 *	halve	| 0           3 | 4             7 |   free[2]: 4..7
 *	halve	| 0   1 | 2   3 | 4             7 |   free[1]: 2..3
 *	halve	|T| 1   | 2   3 | 4             7 |   free[0]: 1
 *
 *	give page 0 back: 0^1 = 1 is free of order 0, join; 0^2 = 2 is free of
 *	order 1, join; 0^4 = 4 is free of order 2, join; 0^8 = 8 is not: stop.
 *
 * INVARIANTS	(buddy_check() proves them, buddy_test.c breaks them)
 *	B1  A free block of order k starts at a multiple of 2^k.
 *	B2  Below the largest order a block and its buddy are never both free,
 *	    unless a zone's end or an edge of a CMA or isolated pageblock parts them.
 *	B3  Only the first page of a free block carries PG_BUDDY and the order;
 *	    its other pages carry nothing, and none has users.
 *	B4  zone->nr_free is the sum of 2^k times the length of list k, and each
 *	    free_area's nr_of_type are the lengths of its lists, nr_free their sum. Deferred blocks
 *	    (deferred.c) are counted, but on no list.
 *	B5  Every page of a free block lies in the zone's span, exists, and says
 *	    that it belongs to the zone.
 *	B6  Each list is a ring whose links agree.
 *	B7  A free block is on the list of the type of each pageblock it lies in.
 *
 * LOCKING	The caller holds zone->lock. Nothing here sleeps or allocates.
 * COST		Take and give are O(MAX_ORDER), 10 steps at most. Whoever
 *		watches costs one branch a call while nobody does: each function
 *		is compiled twice.
 * FLOOR	page. Called by pcp.c, page_alloc.c and handover.c only.
 * LINUX	mm/page_alloc.c: __rmqueue_smallest(), expand(),
 *		__free_one_page(), page_is_buddy(), __rmqueue().
 */
#include <mm/buddy.h>

#include <lib/check.h>
#include <mm/migrate.h>
#include "free_list.h"

static struct buddy_observer *watcher;

void buddy_observe(struct buddy_observer *observer)
{
	WRITE_ONCE(watcher, observer);
}

_Noreturn void free_list_corrupt(const struct page *page)
{
	panic("a free list of zone %s is corrupt at pfn 0x%lx: state 0x%x, next %px, prev %px",
	      page_zone(page)->name, page_to_pfn(page), page->state, page->lru.next,
	      page->lru.prev);
}

/* Halve a block of order `high` down to `low`; the upper halves go on the lists. */
static inline void expand(struct zone *zone, struct page *page, unsigned int low, unsigned int high,
			  enum migratetype type, struct buddy_observer *observer)
{
	struct free_area *area = &zone->free_area[high];
	uint32_t state = free_state(zone, high);
	uintptr_t size = sizeof(struct page) << high;

	while (high > low) {
		if (observer)
			observer->split(observer, page_to_pfn(page), high);
		high--;
		area--;
		state -= page_state(0, 1, 0);
		size /= 2;
		area_add(area, (struct page *)((uintptr_t)page + size), state, type);
	}
}

/* Take a free block of order `current` off its list, and of it the lowest 2^order pages. */
static inline struct page *take_block(struct zone *zone, unsigned int order,
				      const struct fallback *from, struct buddy_observer *observer)
{
	struct page *page = from->page;

	CHECK(page->state == free_state(zone, from->order),
	      "is no free block: zone %s, order %u, page %px: state 0x%x", zone->name, from->order,
	      page, page->state);
	area_remove(&zone->free_area[from->order], page, zone->state_bits, from->type);
	if (unlikely(from->order == MAX_PAGE_ORDER))
		free_list_top_up(zone);
	expand(zone, page, order, from->order, from->type, observer);
	WRITE_ONCE(zone->nr_free, zone->nr_free - (1UL << order));
	ASSERT(IS_ALIGNED(page_to_pfn(page), 1UL << order), "pfn 0x%lx, order %u",
	       page_to_pfn(page), order);
	if (observer)
		observer->took(observer, page_to_pfn(page), order);
	return page;
}

/* Searches upwards, in the lists of one type only. */
static inline __attribute__((always_inline)) struct page *
take_smallest(struct zone *zone, unsigned int order, enum migratetype type,
	      struct buddy_observer *observer)
{
	struct fallback from = {.type = type};
	struct list_head *list;

	for (from.order = order; from.order < MAX_ORDER; from.order++) {
		list = &zone->free_area[from.order].free_list[type];
		if (list_empty(list))
			continue;
		from.page = list_first_entry(list, struct page, lru);
		return take_block(zone, order, &from, observer);
	}
	return NULL;
}

/* From the lists of the other types. What remains of a block that is not claimed stays with its type. */
static __noinline struct page *take_fallback(struct zone *zone, unsigned int order,
					     enum migratetype type, struct buddy_observer *observer)
{
	struct fallback found;

	if (!fallback_find(zone, order, type, &found))
		return NULL;
	if (fallback_claim(zone, &found, type))
		return take_smallest(zone, order, type, observer);
	return take_block(zone, order, &found, observer);
}

/*
 * The block of the same order that makes one of the next order with it. vmemmap starts at a multiple of all that is
 * asked for here, so the frame numbers' bit is one of the addresses'.
 */
static inline struct page *buddy_of(const struct page *page, unsigned int order)
{
	return (struct page *)((uintptr_t)page ^ sizeof(struct page) << order);
}

/* May a pageblock of the first type become one of the second, to be joined with it? Then it does. */
static __noinline bool convert(struct zone *zone, struct page *buddy, unsigned int order,
			       enum migratetype from, enum migratetype to)
{
	if (!migratetype_is_mergeable(from) || !migratetype_is_mergeable(to))
		return false;
	free_list_move(zone, buddy, order, from, to);
	pageblocks_set_type(zone, page_to_pfn(buddy), order, to);
	return true;
}

/*
 * From a pageblock's size on, buddies may lie in pageblocks of different types. They join if both are ordinary; the
 * type of the block that is given is the result's.
 */
static inline __attribute__((always_inline)) void
give_pageblocks(struct zone *zone, struct page *page, unsigned int order, enum migratetype type,
		struct buddy_observer *observer)
{
	struct free_area *area = &zone->free_area[order];
	uint32_t state = free_state(zone, order);
	enum migratetype other;
	struct page *buddy;

	for (; order < MAX_PAGE_ORDER; order++, area++, state += page_state(0, 1, 0)) {
		buddy = buddy_of(page, order);
		if (neighbour_state(buddy) != state)
			break;
		other = pageblock_type(zone, page_to_pfn(buddy));
		if (unlikely(other != type) && !convert(zone, buddy, order, other, type))
			break;
		area_remove(area, buddy, zone->state_bits, type);
		page = min(page, buddy);
		if (observer)
			observer->merged(observer, page_to_pfn(page), order + 1);
	}
	area_add(area, page, state, type);
}

/* Below a pageblock's size buddies lie in the same one, and nothing is asked of types. */
static inline __attribute__((always_inline)) void give_and_merge(struct zone *zone,
								 struct page *page,
								 unsigned int order,
								 struct buddy_observer *observer)
{
	enum migratetype type = pageblock_type(zone, page_to_pfn(page));
	struct free_area *area = &zone->free_area[order];
	uint32_t state = free_state(zone, order);
	struct page *buddy;

	WRITE_ONCE(zone->nr_free, zone->nr_free + (1UL << order));
	ASSERT(zone->nr_free <= zone->managed_pages, "zone %s: %lu of %lu", zone->name,
	       zone->nr_free, zone->managed_pages);
	if (observer)
		observer->gave(observer, page_to_pfn(page), order);
	for (; order < zone->pageblock_order; order++, area++, state += page_state(0, 1, 0)) {
		buddy = buddy_of(page, order);
		if (neighbour_state(buddy) != state) {
			area_add(area, page, state, type);
			return;
		}
		area_remove(area, buddy, zone->state_bits, type);
		page = min(page, buddy);
		if (observer)
			observer->merged(observer, page_to_pfn(page), order + 1);
	}
	give_pageblocks(zone, page, order, type, observer);
}

/* The variants for a watcher stand apart, so that the usual ones need few registers. */
static __noinline struct page *take_watched(struct zone *zone, unsigned int order,
					    enum migratetype type, struct buddy_observer *observer)
{
	struct page *page = take_smallest(zone, order, type, observer);

	return page ? page : take_fallback(zone, order, type, observer);
}

static __noinline void give_watched(struct zone *zone, struct page *page, unsigned int order,
				    struct buddy_observer *observer)
{
	give_and_merge(zone, page, order, observer);
}

struct page *buddy_take(struct zone *zone, unsigned int order, enum migratetype type)
{
	struct page *page;

	ASSERT(spin_is_locked(&zone->lock) && type < MIGRATE_PCPTYPES);
	if (unlikely(READ_ONCE(watcher)))
		return take_watched(zone, order, type, READ_ONCE(watcher));
	page = take_smallest(zone, order, type, NULL);
	return likely(page) ? page : take_fallback(zone, order, type, NULL);
}

/* Somebody may have changed the type of one pageblock of a larger block while it was in use: then each comes back by itself. */
static __noinline bool give_apart(struct zone *zone, struct page *page, unsigned int order)
{
	struct page *end = page + (1UL << order), *piece;
	unsigned long step = 1UL << zone->pageblock_order;
	enum migratetype type = pageblock_type(zone, page_to_pfn(page));

	for (piece = page + step; piece < end; piece += step)
		if (pageblock_type(zone, page_to_pfn(piece)) != type)
			break;
	if (piece == end)
		return false;
	for (piece = page; piece < end; piece += step)
		give_and_merge(zone, piece, zone->pageblock_order, READ_ONCE(watcher));
	return true;
}

void buddy_give(struct zone *zone, struct page *page, unsigned int order)
{
	ASSERT(spin_is_locked(&zone->lock));
	ASSERT(order < MAX_ORDER && IS_ALIGNED(page_to_pfn(page), 1UL << order),
	       "pfn 0x%lx, order %u", page_to_pfn(page), order);
	CHECK(page->state == zone->state_bits, "pfn 0x%lx: state 0x%x", page_to_pfn(page),
	      page->state);
	if (unlikely(order > zone->pageblock_order) && give_apart(zone, page, order))
		return;
	if (unlikely(READ_ONCE(watcher)))
		give_watched(zone, page, order, READ_ONCE(watcher));
	else
		give_and_merge(zone, page, order, NULL);
}
