/* SPDX-License-Identifier: MIT */
/*
 * migrate.c - keep pages that can be moved apart from pages that cannot.
 *
 * THE IDEA
 *	One page that stays for ever in the middle of 4 MiB makes a large block
 *	impossible there. A thousand such pages, spread evenly, ruin 4 GiB; side
 *	by side they fill one block. So requests say of what kind their pages
 *	are, and memory is dealt out to the kinds in pageblocks of 512 frames:
 *	a request is served from pageblocks of its own type while they last.
 *
 *	When they do not, the largest free block of another type is the best
 *	victim: a whole pageblock may change sides, and the next requests of this
 *	type find room there instead of spoiling one pageblock more. A movable
 *	request does no lasting harm among the others; if it cannot have a large
 *	block it takes the smallest, where it breaks least.
 *
 * PICTURE	an unmovable request, nothing unmovable free; pageblocks of 8 frames
 *
 *	before	Movable |  T T  [1][  2  ]|	six of eight are free: at least half
 *	after	Unmov.  |  T T  U[0][  2  ]|	the pageblock is claimed, all its free blocks move
 *
 *	before	Movable | T T T T T T [1]|	two of eight: the pageblock stays what it is,
 *	after	Movable | T T T T T T U[0]|	one page is stolen, the rest stays movable
 *
 *	At least half counts what is free and what is of the new type already.
 *	For a movable request that is the pages marked PG_MOVABLE; for the others,
 *	in a movable pageblock, those that are in use and not so marked.
 *
 * INVARIANTS	B7 of buddy.c: lists and map agree, always. That is why free pages
 *	move only together with the pageblock's type.
 *
 * LOCKING	The caller holds zone->lock.
 * COST		Finding a victim is O(MAX_ORDER * 2); claiming it walks one pageblock,
 *		at most 512 struct pages. Half a byte for each 2 MiB.
 * FLOOR	page. Called by buddy.c.
 * LINUX	mm/page_alloc.c: fallbacks[], find_suitable_fallback(),
 *		steal_suitable_fallback() (today try_to_claim_block() and __rmqueue_steal()),
 *		move_freepages_block(), set_pageblock_migratetype(). Until 6.9 free pages
 *		could move without the pageblock; then lists and map disagree.
 */
#include <mm/migrate.h>

#include <lib/check.h>
#include <lib/init.h>
#include <mm/deferred.h>
#include "free_list.h"
#include "impl.h"

gfp_t gfp_mobility_mask = __GFP_MOVABLE | __GFP_RECLAIMABLE;

const char *migratetype_name(enum migratetype type)
{
	static const char *const names[MIGRATE_TYPES] = {"Unmovable",  "Movable", "Reclaimable",
							 "HighAtomic", "CMA",	  "Isolate"};

	return names[type];
}

/* --- the map ------------------------------------------------------------------ */

static void set_one(struct zone *zone, unsigned long pfn, enum migratetype type)
{
	unsigned long index = pageblock_index(zone, pfn);
	unsigned int shift = index % PAGEBLOCKS_IN_A_LONG * PAGEBLOCK_BITS;
	unsigned long *word = &zone->pageblock_bits[index / PAGEBLOCKS_IN_A_LONG];
	enum migratetype before = pageblock_type(zone, pfn);

	ASSERT(type < MIGRATE_TYPES, "type %d", type);
	WRITE_ONCE(zone->nr_isolated,
		   zone->nr_isolated + (type == MIGRATE_ISOLATE) - (before == MIGRATE_ISOLATE));
	WRITE_ONCE(zone->nr_cma, zone->nr_cma + (type == MIGRATE_CMA) - (before == MIGRATE_CMA));
	pcp_set_free_slowly(zone);
	WRITE_ONCE(*word, (*word & ~(15UL << shift)) | (unsigned long)(type ^ MIGRATE_MOVABLE)
							       << shift);
}

void pageblocks_set_type(struct zone *zone, unsigned long pfn, unsigned int order,
			 enum migratetype type)
{
	unsigned long end = pfn + (1UL << order);

	ASSERT(spin_is_locked(&zone->lock));
	for (; pfn < end; pfn += 1UL << zone->pageblock_order)
		set_one(zone, pfn, type);
}

enum migratetype get_pageblock_migratetype(const struct page *page)
{
	return pageblock_type(page_zone(page), page_to_pfn(page));
}

void pageblocks_count(const struct zone *zone, unsigned long nr[MIGRATE_TYPES])
{
	unsigned long step = 1UL << zone->pageblock_order, pfn = zone->start_pfn;
	unsigned long end = zone->start_pfn + zone->spanned_pages;
	enum migratetype type;

	for (type = 0; type < MIGRATE_TYPES; type++)
		nr[type] = 0;
	for (; pfn < end; pfn = ALIGN_DOWN(pfn, step) + step)
		if (zone_has_frame(zone, pfn))
			nr[pageblock_type(zone, pfn)]++;
}

unsigned long zone_free_pages_of(const struct zone *zone, enum migratetype type)
{
	unsigned long sum = 0;
	unsigned int order;

	for (order = 0; order < MAX_ORDER; order++)
		sum += READ_ONCE(zone->free_area[order].nr_of_type[type]) << order;
	return sum;
}

unsigned long zone_cma_pages(const struct zone *zone)
{
	unsigned long nr[MIGRATE_TYPES];

	pageblocks_count(zone, nr);
	return nr[MIGRATE_CMA] << zone->pageblock_order;
}

/* --- moving a pageblock's free pages ------------------------------------------- */

/* What a pageblock has inside; pages in per-CPU lists are neither. */
struct contents {
	unsigned long free, movable;
};

/* A pageblock as far as it lies in the zone: each zone has a map of its own. */
struct piece {
	unsigned long start, end;
};

static struct piece piece_around(const struct zone *zone, unsigned long pfn)
{
	unsigned long start = ALIGN_DOWN(pfn, 1UL << zone->pageblock_order);

	return (struct piece){
		max(start, zone->start_pfn),
		min(start + (1UL << zone->pageblock_order), zone->start_pfn + zone->spanned_pages)};
}

/* Only what is free is looked at under its lock. Of the rest one read tells, and may be old a moment later. */
static struct contents count_contents(const struct zone *zone, struct piece piece)
{
	struct contents contents = {0, 0};
	unsigned long pfn, length;
	struct page page;

	for (pfn = piece.start; pfn < piece.end; pfn += length) {
		page.state = READ_ONCE(pfn_to_page(pfn)->state);
		length = 1;
		if (!(page.flags & (PG_BUDDY | PG_OWNED)) || page.order >= MAX_ORDER ||
		    page.zone_node != zone_node_bits(zone))
			continue;
		length = min(1UL << page.order, piece.end - pfn);
		if (page.flags & PG_BUDDY)
			contents.free += length;
		else if (page.flags & PG_MOVABLE)
			contents.movable += length;
	}
	return contents;
}

unsigned long move_freepages_block(struct zone *zone, unsigned long pfn, enum migratetype type)
{
	struct piece piece = piece_around(zone, pfn);
	enum migratetype from = pageblock_type(zone, pfn);
	unsigned long moved = 0, length;
	struct page *page;

	ASSERT(spin_is_locked(&zone->lock));
	for (pfn = piece.start; pfn < piece.end; pfn += length) {
		page = pfn_to_page(pfn);
		length = 1;
		if (!(page->flags & PG_BUDDY) || page->zone_node != zone_node_bits(zone))
			continue;
		CHECK(page->order < zone->pageblock_order, "pfn 0x%lx, order %u", pfn, page->order);
		length = 1UL << page->order;
		free_list_move(zone, page, page->order, from, type);
		moved += length;
	}
	set_one(zone, piece.start, type);
	return moved;
}

/* The free block of pageblock order or more that covers `pfn`; NULL: none. */
static struct page *covering_block(const struct zone *zone, unsigned long pfn)
{
	unsigned int order;
	struct page *first;

	for (order = zone->pageblock_order; order < MAX_ORDER; order++) {
		first = pfn_to_page(ALIGN_DOWN(pfn, 1UL << order));
		if (page_is_buddy(first, order, zone_node_bits(zone)))
			return first;
	}
	return NULL;
}

static void move_whole_block(struct zone *zone, struct page *page, enum migratetype type)
{
	enum migratetype from = pageblock_type(zone, page_to_pfn(page));

	free_list_move(zone, page, page->order, from, type);
	pageblocks_set_type(zone, page_to_pfn(page), page->order, type);
}

/* With another type it may join neighbours that were kept apart so far: it is given anew. */
static void rejoin(struct zone *zone, struct page *page, enum migratetype from, enum migratetype to)
{
	unsigned int order = page->order;

	free_list_take(zone, page, order, from);
	zone->nr_taken -= 1UL << order; /* nobody has it */
	pageblocks_set_type(zone, page_to_pfn(page), order, to);
	buddy_give(zone, page, order);
}

void set_pageblock_migratetype(struct page *page, enum migratetype type)
{
	struct zone *zone = page_zone(page);
	unsigned long flags;
	enum migratetype from;
	struct page *whole;

	spin_lock_irqsave(&zone->lock, flags);
	whole = covering_block(zone, page_to_pfn(page));
	from = pageblock_type(zone, page_to_pfn(page));
	if (whole && from != type)
		rejoin(zone, whole, from, type);
	else if (!whole)
		move_freepages_block(zone, page_to_pfn(page), type);
	spin_unlock_irqrestore(&zone->lock, flags);
}

__init void mobility_init(void)
{
	unsigned long pfn;
	struct zone *zone;

	if (totalram_pages() >= (unsigned long)MIGRATE_TYPES << PAGEBLOCK_ORDER)
		return;
	gfp_mobility_mask = 0;
	for_each_populated_zone (zone)
		for (pfn = zone->start_pfn; zone_spans_pfn(zone, pfn);
		     pfn = ALIGN_DOWN(pfn, 1UL << PAGEBLOCK_ORDER) + (1UL << PAGEBLOCK_ORDER))
			if (zone_has_frame(zone, pfn))
				set_pageblock_migratetype(page_materialise(pfn), MIGRATE_UNMOVABLE);
}

/* --- falling back --------------------------------------------------------------- */

/* Whom a type takes from, the first that has a block. */
static const enum migratetype fallbacks[MIGRATE_PCPTYPES][2] = {
	[MIGRATE_UNMOVABLE] = {MIGRATE_RECLAIMABLE, MIGRATE_MOVABLE},
	[MIGRATE_MOVABLE] = {MIGRATE_RECLAIMABLE, MIGRATE_UNMOVABLE},
	[MIGRATE_RECLAIMABLE] = {MIGRATE_UNMOVABLE, MIGRATE_MOVABLE},
};

/* May a request of this type, that finds a block of this order, have the pageblock around it? */
static inline bool may_claim(const struct zone *zone, unsigned int order, enum migratetype type)
{
	return order >= zone->pageblock_order / 2 || type != MIGRATE_MOVABLE;
}

/* The first block on one list. */
static bool find_on_list(const struct zone *zone, unsigned int order, enum migratetype type,
			 struct fallback *found)
{
	const struct list_head *list = &zone->free_area[order].free_list[type];

	if (list_empty(list))
		return false;
	*found = (struct fallback){list_first_entry(list, struct page, lru), order, type, false};
	return true;
}

/* A block of exactly this order, of those that `type` falls back to. */
static bool find_of_order(const struct zone *zone, unsigned int order, enum migratetype type,
			  struct fallback *found)
{
	if (!find_on_list(zone, order, fallbacks[type][0], found) &&
	    !find_on_list(zone, order, fallbacks[type][1], found))
		return false;
	found->may_claim = may_claim(zone, order, type);
	return true;
}

/* CMA memory is lent to movable requests only, and before they spoil anything else. */
static bool find_in_cma(const struct zone *zone, unsigned int order, enum migratetype type,
			struct fallback *found)
{
	if (type != MIGRATE_MOVABLE)
		return false;
	for (; order < MAX_ORDER; order++)
		if (find_on_list(zone, order, MIGRATE_CMA, found))
			return true;
	return false;
}

bool fallback_find(const struct zone *zone, unsigned int order, enum migratetype type,
		   struct fallback *found)
{
	unsigned int current;

	ASSERT(type < MIGRATE_PCPTYPES, "type %d", type);
	if (find_in_cma(zone, order, type, found))
		return true;
	for (current = MAX_ORDER; current-- > order;)
		if (find_of_order(zone, current, type, found))
			break;
	if (current < order || current == ~0U)
		return false;
	if (found->may_claim)
		return true;
	/* The largest may not be claimed: then the smallest, where least is broken. */
	while (!find_of_order(zone, order, type, found))
		order++;
	return true;
}

bool fallback_claim(struct zone *zone, const struct fallback *found, enum migratetype type)
{
	unsigned long pfn = page_to_pfn(found->page), size, like = 0;
	struct contents contents;
	struct piece piece;

	if (!found->may_claim)
		return false;
	if (found->order >= zone->pageblock_order) {
		move_whole_block(zone, found->page, type);
		return true;
	}
	piece = piece_around(zone, pfn);
	size = piece.end - piece.start;
	contents = count_contents(zone, piece);
	if (type == MIGRATE_MOVABLE)
		like = contents.movable;
	else if (found->type == MIGRATE_MOVABLE)
		like = size - contents.free - contents.movable;
	if (contents.free + like < size / 2)
		return false;
	move_freepages_block(zone, pfn, type);
	return true;
}
