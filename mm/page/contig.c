/* SPDX-License-Identifier: MIT */
/*
 * contig.c - take exactly these frames.
 *
 * THE IDEA
 *	A device without scatter-gather wants 8 MiB in one piece, larger than any
 *	block. The pageblocks around the range are isolated: nothing is allocated from
 *	them any more, and what is freed there stays. Then each block in the
 *	range that somebody uses is moved out with its owner's help. What is left is free, and is
 *	taken off the lists, whatever blocks it makes; what hangs over at the ends is given back.
 *
 *	All is asked before anything is done: a page that nobody can move ends
 *	it at once, then every owner must lend its page, then there must be room
 *	for all of them. Only after that the first page moves.
 *
 * PICTURE	range [6, 18), pageblocks of 8 frames; m movable, F free
 *
 *	isolate	|mmFFmmFF|FFFFmmFF|FFmmFFFF|		three pageblocks
 *	move	|mmFFmm  |        |  mmFFFF|		what lies outside stays
 *	take	      [           ]			twelve single pages
 *	undo	the pageblocks are of their types again
 *
 * LOCKING	Task context, one at a time for a pageblock. zone->lock for each pageblock that changes its type and
 *		each block that is taken, never longer.
 * COST		A look at each frame, and the copies.
 * FLOOR	page.
 * LINUX	mm/page_alloc.c: alloc_contig_range(), alloc_contig_pages(), free_contig_range();
 *		mm/page_isolation.c. There a page that turns out to be busy late has others moved already.
 */
#include <mm/contig.h>

#include <lib/bits.h>
#include <lib/check.h>
#include <lib/errno.h>
#include <mm/buddy.h>
#include <mm/deferred.h>
#include <mm/migrate.h>
#include <mm/page_mover.h>
#include <mm/pcp.h>
#include "block.h"
#include "debug.h"
#include "free_list.h"
#include "impl.h"

#define MAX_PAGEBLOCKS 512 /* of one range */
#define MAX_TRIES      3   /* for an owner that says -EAGAIN */

struct range {
	struct zone *zone;
	unsigned long start, end;	/* what is wanted */
	unsigned long outer, outer_end; /* whole pageblocks around it */
	unsigned long nr_isolated;	/* pageblocks, from `outer` on */
	gfp_t gfp;			/* for the copies */
	uint8_t types[MAX_PAGEBLOCKS];	/* what they were */
	struct list_head lent,
		copies; /* blocks that are to move, and where to, in the same order */
};

/* --- isolation ---------------------------------------------------------------------- */

/* The free block that `pfn` lies in, off its list; NULL: it lies in none. The caller holds zone->lock. */
static struct page *take_free_around(struct zone *zone, unsigned long pfn, unsigned int *order)
{
	struct page *page;

	for (*order = 0; *order < MAX_ORDER; ++*order) {
		page = pfn_to_page(ALIGN_DOWN(pfn, 1UL << *order));
		if (!page_is_buddy(page, *order, zone_node_bits(zone)))
			continue;
		free_list_take(zone, page, *order, pageblock_type(zone, page_to_pfn(page)));
		return page;
	}
	return NULL;
}

/*
 * A free block that is larger than a pageblock is parted first, as its other part keeps its type. Each half goes back by
 * itself, of another type than the one beside it, so they do not join again.
 */
static void set_type(struct zone *zone, unsigned long pfn, enum migratetype type)
{
	unsigned int order, step = zone->pageblock_order;
	struct page *page = take_free_around(zone, pfn, &order);
	unsigned long offset;

	if (page && order < step) {
		buddy_give(zone, page, order);
		page = NULL;
	}
	if (!page) {
		move_freepages_block(zone, pfn, type);
		return;
	}
	pageblocks_set_type(zone, pfn, step, type);
	for (offset = 0; offset < 1UL << order; offset += 1UL << step)
		buddy_give(zone, page + offset, step);
}

static void set_type_locked(struct zone *zone, unsigned long pfn, enum migratetype type)
{
	unsigned long flags;

	spin_lock_irqsave(&zone->lock, flags);
	set_type(zone, pfn, type);
	spin_unlock_irqrestore(&zone->lock, flags);
}

static void isolate(struct range *range)
{
	unsigned long pfn = range->outer, step = 1UL << range->zone->pageblock_order;

	ASSERT(range->outer_end - range->outer <= MAX_PAGEBLOCKS * step);
	for (; pfn < range->outer_end; pfn += step) {
		range->types[range->nr_isolated++] = (uint8_t)pageblock_type(range->zone, pfn);
		set_type_locked(range->zone, pfn, MIGRATE_ISOLATE);
	}
	drain_all_pages();
}

static void undo_isolation(struct range *range)
{
	unsigned long step = 1UL << range->zone->pageblock_order, i;

	for (i = 0; i < range->nr_isolated; i++)
		set_type_locked(range->zone, range->outer + i * step,
				(enum migratetype)range->types[i]);
	range->nr_isolated = 0;
}

/* --- moving out ------------------------------------------------------------------------- */

/* Does every frame lie in a block that is free or has a mover, as a whole inside the isolated pageblocks? */
static bool can_be_emptied(const struct range *range)
{
	unsigned long pfn, end;
	struct page *block;

	for (pfn = range->start; pfn < range->end; pfn = end) {
		block = page_block(pfn_to_page(pfn));
		if (!block || block->flags & PG_PCP)
			return false;
		end = page_to_pfn(block) + (1UL << block->order);
		if (block->flags & PG_BUDDY)
			continue;
		if (!page_has_mover(block) || page_to_pfn(block) < range->outer ||
		    end > range->outer_end)
			return false;
	}
	return true;
}

/* Every owner lends its block. False: one does not. */
static bool borrow_all(struct range *range)
{
	unsigned long pfn, end;
	struct page *block;

	for (pfn = range->start; pfn < range->end; pfn = end) {
		block = page_block(pfn_to_page(pfn));
		if (!block)
			return false;
		end = page_to_pfn(block) + (1UL << block->order);
		if (block->flags & PG_BUDDY)
			continue;
		if (!page_mover_isolate(block))
			return false;
		list_add_tail(&block->lru, &range->lent);
	}
	return true;
}

static struct page *pop(struct list_head *list)
{
	struct page *page = list_first_entry(list, struct page, lru);

	list_del(&page->lru);
	return page;
}

static bool allocate_copies(struct range *range)
{
	struct page *block, *copy;

	list_for_each_entry (block, &range->lent, lru) {
		copy = alloc_pages((range->gfp & ~__GFP_ZERO) | __GFP_MOVABLE | __GFP_NOWARN,
				   block->order);
		if (!copy)
			return false;
		list_add_tail(&copy->lru, &range->copies);
	}
	return true;
}

static void give_all_back(struct range *range)
{
	struct page *copy;

	while (!list_empty(&range->lent))
		page_mover_putback(pop(&range->lent));
	while (!list_empty(&range->copies)) {
		copy = pop(&range->copies);
		__free_pages(copy, copy->order);
	}
}

/* -EAGAIN: this one may go another time. */
static int migrate_all(struct range *range)
{
	struct page *from;
	int error, worst = 0;

	while (!list_empty(&range->lent)) {
		ASSERT(!list_empty(&range->copies));
		from = pop(&range->lent);
		error = page_mover_migrate(pop(&range->copies), from);
		if (!error)
			continue;
		page_mover_putback(from);
		worst = error;
	}
	return worst;
}

static int move_out(struct range *range)
{
	unsigned int tries = 0;
	int error;

	do {
		if (!can_be_emptied(range))
			return -EBUSY;
		error = borrow_all(range) ? 0 : -EBUSY;
		if (!error && !allocate_copies(range))
			error = -ENOMEM;
		if (error) {
			give_all_back(range);
			return error;
		}
		error = migrate_all(range);
		drain_all_pages();
	} while (error == -EAGAIN && ++tries < MAX_TRIES);
	return error ? -EBUSY : 0;
}

/* --- taking ------------------------------------------------------------------------------- */

/* Pages [pfn, end) of a block that is on no list any more become single pages with one user. */
static void make_single_pages(unsigned long pfn, unsigned long end)
{
	struct page *page;

	for (; pfn < end; pfn++) {
		page = pfn_to_page(pfn);
		page->state = page_state(PG_PCP | PG_MOVABLE, 0, page->zone_node);
		prep_new_page(page, 0);
	}
}

/* The part of a taken block that was not wanted goes back, in the largest blocks that fit. */
static void give_rest(struct zone *zone, unsigned long pfn, unsigned long end)
{
	unsigned long flags;
	unsigned int order;

	ASSERT(pfn <= end, "pfn 0x%lx to 0x%lx", pfn, end);
	for (; pfn < end; pfn += 1UL << order) {
		order = 0;
		while (order < MAX_PAGE_ORDER && IS_ALIGNED(pfn, 2UL << order) &&
		       pfn + (2UL << order) <= end)
			order++;
		pfn_to_page(pfn)->state = page_state(0, 0, zone_node_bits(zone));
		spin_lock_irqsave(&zone->lock, flags);
		buddy_give(zone, pfn_to_page(pfn), order);
		spin_unlock_irqrestore(&zone->lock, flags);
	}
}

/* Everything from `start` on that is free. Returns where that ends: at `end`, unless somebody has a page after all. */
static unsigned long take_free(struct range *range)
{
	unsigned long pfn = range->start, first, stop, flags;
	unsigned int order;
	struct page *block;

	while (pfn < range->end) {
		spin_lock_irqsave(&range->zone->lock, flags);
		block = take_free_around(range->zone, pfn, &order);
		spin_unlock_irqrestore(&range->zone->lock, flags);
		if (!block)
			return pfn;
		first = page_to_pfn(block);
		ASSERT(pageblock_type(range->zone, first) == MIGRATE_ISOLATE, "pfn 0x%lx", first);
		stop = min(first + (1UL << order), range->end);
		make_single_pages(pfn, stop);
		give_rest(range->zone, first, pfn);
		give_rest(range->zone, stop, first + (1UL << order));
		pfn = stop;
	}
	return pfn;
}

void free_contig_range(unsigned long start, unsigned long nr_pages)
{
	for (; nr_pages; nr_pages--, start++)
		__free_page(pfn_to_page(start));
}

/* Free pages are watched: one that is found damaged is set aside, and all others go back. */
static int look_at_pages(unsigned long start, unsigned long end, gfp_t gfp)
{
	bool sound = true;
	unsigned long pfn;

	for (pfn = start; pfn < end; pfn++) {
		if (!page_debug_alloc(pfn_to_page(pfn), 0, gfp)) {
			if (sound)
				free_contig_range(start, pfn - start);
			sound = false;
		} else if (!sound) {
			__free_page(pfn_to_page(pfn));
		}
	}
	return sound ? 0 : -EBUSY;
}

static int take(struct range *range, gfp_t gfp)
{
	unsigned long end = take_free(range), pfn;

	if (page_debug_enabled && look_at_pages(range->start, end, gfp))
		return -EBUSY;
	if (end < range->end) {
		free_contig_range(range->start, end - range->start);
		return -EBUSY;
	}
	for (pfn = range->start; gfp & __GFP_ZERO && pfn < end; pfn++)
		prep_special(pfn_to_page(pfn), 0, gfp);
	return 0;
}

/* --- the calls ------------------------------------------------------------------------------ */

/* Frames of one zone, all with a struct page and none reserved? */
static bool is_memory(const struct zone *zone, unsigned long start, unsigned long end)
{
	struct page *page;

	for (; start < end; start++) {
		page = page_materialise(start);
		if (!page || page->zone_node != zone_node_bits(zone) || page->flags & PG_RESERVED)
			return false;
	}
	return true;
}

/* The pageblocks around, as far as the zone reaches. */
static void set_outer(struct range *range)
{
	unsigned long step = 1UL << range->zone->pageblock_order;
	unsigned long zone_end = range->zone->start_pfn + range->zone->spanned_pages;

	range->outer = max(ALIGN_DOWN(range->start, step), range->zone->start_pfn);
	range->outer_end = min(ALIGN_UP(range->end, step), zone_end);
}

static bool types_are(const struct range *range, enum migratetype type)
{
	unsigned long pfn = range->start;
	enum migratetype is;

	for (; pfn < range->end; pfn = ALIGN_DOWN(pfn, 1UL << range->zone->pageblock_order) +
				       (1UL << range->zone->pageblock_order)) {
		is = pageblock_type(range->zone, pfn);
		if (is == MIGRATE_ISOLATE || (is == MIGRATE_CMA) != (type == MIGRATE_CMA))
			return false;
	}
	return true;
}

int alloc_contig_range(unsigned long start, unsigned long end, enum migratetype type, gfp_t gfp)
{
	struct range range = {.start = start, .end = end, .gfp = gfp};
	struct page *page;
	int error;

	page = start < end ? page_materialise(start) : NULL;
	if (!page)
		return -EINVAL;
	range.zone = page_zone(page);
	if (end - start > (MAX_PAGEBLOCKS - 2UL) << range.zone->pageblock_order ||
	    !zone_spans_pfn(range.zone, end - 1))
		return -EINVAL;
	if (!is_memory(range.zone, start, end) || !types_are(&range, type))
		return -EBUSY;
	INIT_LIST_HEAD(&range.lent);
	INIT_LIST_HEAD(&range.copies);
	set_outer(&range);
	isolate(&range);
	error = move_out(&range);
	if (!error)
		error = take(&range, gfp);
	undo_isolation(&range);
	return error;
}

/* The first place in a zone. */
static struct page *alloc_in_zone(struct zone *zone, unsigned long nr_pages, gfp_t gfp)
{
	unsigned long align = is_power_of_2(nr_pages) ? nr_pages : 1UL << zone->pageblock_order;
	unsigned long start = ALIGN_UP(zone->start_pfn, align);
	unsigned long end = zone->start_pfn + zone->spanned_pages;

	for (; start + nr_pages <= end && start + nr_pages > start; start += align)
		if (!alloc_contig_range(start, start + nr_pages, MIGRATE_MOVABLE, gfp))
			return pfn_to_page(start);
	return NULL;
}

struct page *alloc_contig_pages(unsigned long nr_pages, gfp_t gfp, int nid)
{
	enum zone_type highest = gfp_zone(gfp);
	struct zone **at, *zone;
	struct page *page;

	if (!nr_pages || nid >= (int)nr_nodes)
		return NULL;
	at = NODE_DATA(nid < 0 ? 0 : nid)->zonelist_start[highest];
	for (; (zone = *at); at++) {
		if (zone->type > highest || (gfp & __GFP_THISNODE && zone->nid != max(nid, 0)))
			continue;
		page = alloc_in_zone(zone, nr_pages, gfp);
		if (page)
			return page;
	}
	return NULL;
}
