/* SPDX-License-Identifier: MIT */
/*
 * compaction.c - move pages together, so that what is free lies in one piece.
 *
 * THE IDEA
 *	Two scanners walk through a zone towards each other. From the bottom one looks for
 *	single pages that their owner can move; from the top the other collects free
 *	pages. The first move into the second, so pages in use gather at
 *	the top and free blocks grow at the bottom. Where the scanners meet, all is done;
 *	mostly a block that is large enough appears long before.
 *
 * PICTURE	m movable, U not, . free; a block of 4 is wanted
 *
 *	m . m U . m . . m . . m .		before: the largest free block is of order 1
 *	>->  migrate scanner   free scanner <-<
 *	. . . U . m . . m m . m m		three moves: [. . . ] and soon [....]
 *
 *	The unmovable page stays: that is why kinds of pages are kept apart (migrate.c).
 *
 * LOCKING	zone->lock for a pageblock's free pages. None while a page moves: its owner has locks of its own. One
 *		compaction of a zone at a time.
 * COST		A look at each frame, some 10 instructions, and the copies.
 * FLOOR	page. Called by page_slowpath.c.
 * LINUX	mm/compaction.c: compact_zone(), isolate_migratepages(), isolate_freepages(),
 *		try_to_compact_pages(), compaction_deferred(). There blocks of higher order move too, and kcompactd works ahead.
 */
#include <mm/compaction.h>

#include <lib/check.h>
#include <mm/buddy.h>
#include <mm/migrate.h>
#include <mm/page_mover.h>
#include <mm/pcp.h>
#include <mm/reclaim.h>
#include "block.h"
#include "debug.h"
#include "free_list.h"

#define ENOUGH_TO_TRY	500 /* of extfrag_index: below, memory is what lacks */
#define MAX_DEFER_SHIFT 6

static struct compact_stats totals;

/* After the n-th failure in a zone the next 2^n requests do without. */
static struct {
	uint8_t shift, considered;
	bool busy;
} states[MAX_NUMNODES * MAX_NR_ZONES];

struct compaction {
	struct zone *zone;
	int order; /* -1: everything */
	unsigned long migrate_pfn,
		free_pfn; /* the next frame for one scanner; behind the next pageblock for the other */
	struct list_head migrate, targets;
	unsigned int nr_migrate, nr_targets;
};

/* --- the scanner for free pages -------------------------------------------------------- */

/* Pages of these are moved, and moved to. */
static bool is_for_movable(const struct zone *zone, unsigned long pfn)
{
	enum migratetype type = pageblock_type(zone, pfn);

	return type == MIGRATE_MOVABLE || type == MIGRATE_CMA;
}

/* A free block off its list, as single pages that are nobody's yet. The caller holds the lock. */
static void take_targets(struct compaction *compaction, struct page *block)
{
	struct zone *zone = compaction->zone;
	unsigned int order = block->order;
	unsigned long i;

	ASSERT(page_is_buddy(block, order, zone_node_bits(zone)) && spin_is_locked(&zone->lock));
	free_list_take(zone, block, order, pageblock_type(zone, page_to_pfn(block)));
	for (i = 0; i < 1UL << order; i++) {
		block[i].state = page_state(PG_PCP | PG_MOVABLE, 0, block[i].zone_node);
		list_add_tail(&block[i].lru, &compaction->targets);
	}
	compaction->nr_targets += 1U << order;
	totals.isolated += 1UL << order;
}

/* Small free blocks of one pageblock; large ones are what compaction is to make. */
static void collect_targets(struct compaction *compaction, unsigned long start, unsigned long end)
{
	struct zone *zone = compaction->zone;
	unsigned int most = compaction->order < 0 ? zone->pageblock_order
						  : (unsigned int)compaction->order;
	unsigned long pfn = start, flags, step;
	struct page *page;

	ASSERT(start < end && end - start <= 1UL << zone->pageblock_order);
	spin_lock_irqsave(&zone->lock, flags);
	for (; pfn < end && compaction->nr_targets < compaction->nr_migrate; pfn += step) {
		page = pfn_to_page(pfn);
		step = 1;
		totals.free_scanned++;
		if (!(page->flags & PG_BUDDY) || page->zone_node != zone_node_bits(zone))
			continue;
		step = 1UL << page->order;
		if (page->order < most && page->order < zone->pageblock_order)
			take_targets(compaction, page);
	}
	spin_unlock_irqrestore(&zone->lock, flags);
}

/* From the top down, until there is one for each page that is to move, or the scanners meet. */
static void find_targets(struct compaction *compaction)
{
	struct zone *zone = compaction->zone;
	unsigned long step = 1UL << zone->pageblock_order, start;

	while (compaction->nr_targets < compaction->nr_migrate) {
		start = ALIGN_DOWN(compaction->free_pfn - 1, step);
		if (start <= compaction->migrate_pfn || start < zone->start_pfn)
			return;
		if (pfn_valid(start) && is_for_movable(zone, start))
			collect_targets(compaction, start, compaction->free_pfn);
		/* A pageblock that has more to give is looked at once more. */
		if (compaction->nr_targets < compaction->nr_migrate)
			compaction->free_pfn = start;
	}
}

/* --- the scanner for pages that can move ---------------------------------------------------- */

static void scan_pageblock(struct compaction *compaction, unsigned long end)
{
	unsigned long pfn = compaction->migrate_pfn;
	struct page page;

	while (pfn < end && compaction->nr_migrate < COMPACT_CLUSTER_MAX) {
		page.state = READ_ONCE(pfn_to_page(pfn)->state);
		totals.migrate_scanned++;
		if (page.flags & PG_OWNED && page.flags & PG_MOVER && !page.order &&
		    page.zone_node == zone_node_bits(compaction->zone) &&
		    page_mover_isolate(pfn_to_page(pfn))) {
			list_add_tail(&pfn_to_page(pfn)->lru, &compaction->migrate);
			compaction->nr_migrate++;
			totals.isolated++;
		}
		pfn += page.flags & (PG_OWNED | PG_BUDDY) && page.order < MAX_ORDER
			       ? 1UL << page.order
			       : 1;
	}
	compaction->migrate_pfn = min(pfn, end);
}

/* A cluster of pages that are to move. None: the scanners met. */
static void find_movable(struct compaction *compaction)
{
	unsigned long step = 1UL << compaction->zone->pageblock_order, end;

	while (compaction->nr_migrate < COMPACT_CLUSTER_MAX) {
		end = ALIGN_DOWN(compaction->migrate_pfn, step) + step;
		if (end > ALIGN_DOWN(compaction->free_pfn - 1, step))
			return;
		if (pfn_valid(compaction->migrate_pfn) &&
		    is_for_movable(compaction->zone, compaction->migrate_pfn))
			scan_pageblock(compaction, end);
		else
			compaction->migrate_pfn = end;
	}
}

/* --- moving ------------------------------------------------------------------------------------ */

static struct page *pop(struct list_head *list)
{
	struct page *page = list_first_entry(list, struct page, lru);

	list_del(&page->lru);
	return page;
}

/* The next target, as a page with one user; NULL: there are no more. Damaged ones are passed over. */
static struct page *next_target(struct compaction *compaction)
{
	struct page *page;

	while (compaction->nr_targets) {
		page = pop(&compaction->targets);
		compaction->nr_targets--;
		prep_new_page(page, 0);
		if (likely(!page_debug_enabled) || page_debug_alloc(page, 0, GFP_HIGHUSER_MOVABLE))
			return page;
	}
	return NULL;
}

static void move_cluster(struct compaction *compaction)
{
	struct page *from, *to;

	for (; compaction->nr_migrate; compaction->nr_migrate--) {
		from = pop(&compaction->migrate);
		to = next_target(compaction);
		if (to && !page_mover_migrate(to, from)) {
			totals.migrated++;
			continue;
		}
		totals.not_migrated += to != NULL;
		page_mover_putback(from);
	}
}

/* Targets that nobody moved to are free again. */
static void drop_targets(struct compaction *compaction)
{
	struct page *page;

	while ((page = next_target(compaction)))
		__free_page(page);
}

static bool has_block(const struct zone *zone, int order)
{
	for (; order >= 0 && order < MAX_ORDER; order++)
		if (READ_ONCE(zone->free_area[order].nr_free) >
		    READ_ONCE(zone->free_area[order].nr_of_type[MIGRATE_ISOLATE]))
			return true;
	return false;
}

/* True: there is a block of that order. */
static bool compact_zone(struct zone *zone, int order)
{
	struct compaction compaction = {
		.zone = zone,
		.order = order,
		.migrate_pfn = zone->start_pfn,
		.free_pfn = zone->start_pfn + zone->spanned_pages,
	};

	if (__atomic_exchange_n(&states[zone_node_bits(zone)].busy, true, __ATOMIC_ACQUIRE))
		return false;
	INIT_LIST_HEAD(&compaction.migrate);
	INIT_LIST_HEAD(&compaction.targets);
	drain_all_pages();
	do {
		find_movable(&compaction);
		find_targets(&compaction);
		if (!compaction.nr_migrate || !compaction.nr_targets)
			break;
		move_cluster(&compaction);
		drain_all_pages();
	} while (!has_block(zone, order));
	move_cluster(&compaction); /* what has no target goes back */
	drop_targets(&compaction);
	ASSERT(list_empty(&compaction.migrate) && list_empty(&compaction.targets));
	drain_all_pages();
	__atomic_store_n(&states[zone_node_bits(zone)].busy, false, __ATOMIC_RELEASE);
	return has_block(zone, order);
}

/* --- when it is worth it -------------------------------------------------------------------------- */

static bool is_deferred(const struct zone *zone)
{
	typeof(states[0]) *state = &states[zone_node_bits(zone)];

	if (++state->considered < 1U << state->shift)
		return true;
	state->considered = 0;
	return false;
}

/*
 * Room for the copies above the mark, and small pieces the reason? A zone that has such a block has it for more
 * urgent requests. (Linux: compaction_suitable)
 */
static bool is_suitable(const struct zone *zone, gfp_t gfp, unsigned int order)
{
	return zone->nr_free >= zone->watermark[WMARK_LOW] + (2UL << order) &&
	       zone_spare(zone, 0, gfp_zone(gfp), WMARK_MIN) &&
	       extfrag_index(zone, order) > ENOUGH_TO_TRY;
}

static bool compact_for(struct zone *zone, gfp_t gfp, unsigned int order)
{
	typeof(states[0]) *state = &states[zone_node_bits(zone)];

	if (!is_suitable(zone, gfp, order) || is_deferred(zone))
		return false;
	if (compact_zone(zone, (int)order)) {
		state->shift = 0;
		return true;
	}
	state->shift = (uint8_t)min(state->shift + 1, MAX_DEFER_SHIFT);
	return false;
}

bool try_to_compact_pages(gfp_t gfp, unsigned int order)
{
	enum zone_type highest = gfp_zone(gfp);
	struct zone **at = NODE_DATA(0)->zonelist_start[highest];
	bool success = false;

	ASSERT(order > 0 && order < MAX_ORDER, "order %u", order);
	totals.stall++;
	for (; *at && !success; at++)
		success = (*at)->type <= highest && compact_for(*at, gfp, order);
	totals.success += success;
	totals.fail += !success;
	return success;
}

void compact_all(void)
{
	struct zone *zone;

	for_each_populated_zone (zone) {
		states[zone_node_bits(zone)].shift = 0;
		compact_zone(zone, -1);
	}
}

void compact_get_stats(struct compact_stats *stats)
{
	*stats = totals;
}
