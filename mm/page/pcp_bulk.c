/* SPDX-License-Identifier: MIT */
/*
 * pcp_bulk.c - whole batches between per-CPU lists and the buddy, under one lock.
 *
 * THE IDEA
 *	A batch of 31 single pages need not be 31 visits to the buddy. The pages that
 *	31 visits would bring are the lowest of the smallest block that suffices, and
 *	then of the next: so that block is taken as a whole, or as large a part of it as
 *	is still wanted, and cut here. On the way back the coldest pages of a list have often
 *	been freed one after the other, and lie so: a run that is a block is given as one.
 *	Either way the buddy's lists end up as after single visits.
 *
 * PICTURE	a refill of 7 from a free block of order 4, and a drain of the same pages
 *
 *	| 0   1   2   3 | 4   5 | 6 | . |	three takes: orders 2, 1 and 0
 *
 *	hot [9 6 5 4 3 2 1 0] cold	0..3 is a run of order 2, then 4..5, then 6
 *
 * LOCKING	The caller has the lock of the lists; zone->lock is taken here, for a batch.
 * COST		Some 10 instructions a page each way, and 100 for each piece; pages that were
 *		freed in no order are pieces of their own.
 * FLOOR	page. Called by pcp.c, and from the inline parts of pcp_fast.h.
 * LINUX	mm/page_alloc.c: rmqueue_bulk(), free_pcppages_bulk(). There each page goes alone.
 */
#include <mm/pcp.h>

#include <lib/bits.h>
#include <lib/check.h>
#include <mm/buddy.h>
#include "impl.h"
#include "pcp_fast.h"

/* --- from the buddy ------------------------------------------------------------------ */

/* How many blocks of 2^order a refill may bring: a batch, but not above high, nor more than `spare` pages. At least the one that is wanted. */
static unsigned int refill_blocks(const struct per_cpu_pages *pcp, unsigned int order,
				  unsigned long spare)
{
	int pages = min(pcp->batch, pcp->high - pcp->count);

	if (pages > 0 && (unsigned long)pages > spare)
		pages = (int)spare;
	return (unsigned int)max(pages >> order, 1);
}

/* The order of the next piece: the smallest free block of the type, or as much of it as is `wanted`. */
static unsigned int piece_order(const struct zone *zone, unsigned int order, enum migratetype type,
				unsigned int wanted)
{
	unsigned int most = order + ilog2(wanted), piece = order;

	while (piece < most && list_empty(&zone->free_area[piece].free_list[type]))
		piece++;
	return piece;
}

/* Cut a piece into `nr` blocks that say PG_PCP, at the cold end of a list, the lowest first. */
static void cut_into_list(struct list_head *list, struct page *page, unsigned int nr,
			  uint32_t state)
{
	unsigned long step = 1UL << (state >> 16 & 0xff);
	struct list_head *last = list->prev;

	for (; nr > 0; nr--, page += step) {
		WRITE_ONCE(page->state, state);
		page->lru.prev = last;
		last->next = &page->lru;
		last = &page->lru;
	}
	last->next = list;
	list->prev = last;
}

/* (Linux: rmqueue_bulk) Lowest pages first, so that who takes one after the other gets neighbours. */
__noinline bool pcp_refill(struct zone *zone, struct per_cpu_pages *pcp, unsigned int list,
			   unsigned long spare)
{
	unsigned int order = list % (PCP_MAX_ORDER + 1), type = list / (PCP_MAX_ORDER + 1);
	uint32_t state = page_state(PG_PCP | type << PG_TYPE_SHIFT, order, 0) | zone->state_bits;
	unsigned int wanted = refill_blocks(pcp, order, spare), got, piece;
	unsigned long flags;
	struct page *page;

	ASSERT(READ_ONCE(pcp->locked));
	spin_lock_irqsave(&zone->lock, flags);
	for (got = 0; got < wanted; got += 1U << (piece - order)) {
		piece = piece_order(zone, order, (enum migratetype)type, wanted - got);
		page = buddy_take(zone, piece, (enum migratetype)type);
		if (!page && piece > order) {
			piece = order;
			page = buddy_take(zone, piece, (enum migratetype)type);
		}
		if (!page)
			break;
		cut_into_list(&pcp->lists[list], page, 1U << (piece - order), state);
	}
	pcp->nr_taken += (unsigned long)got << order;
	spin_unlock_irqrestore(&zone->lock, flags);
	pcp->count += (int)(got << order);
	return got != 0;
}

/* --- to the buddy --------------------------------------------------------------------- */

/* A block that says PG_PCP is about to be the buddy's. */
static inline void unlist(const struct zone *zone, struct page *page, unsigned int order)
{
	CHECK((page->state & ~PG_TYPE_MASK) == (page_state(PG_PCP, order, 0) | zone->state_bits),
	      "pfn 0x%lx: state 0x%x", page_to_pfn(page), page->state);
	WRITE_ONCE(page->state, zone->state_bits);
}

void pcp_free_one(struct zone *zone, struct page *page)
{
	unsigned int order = page->order;
	unsigned long flags;

	spin_lock_irqsave(&zone->lock, flags);
	unlist(zone, page, order);
	buddy_give(zone, page, order);
	spin_unlock_irqrestore(&zone->lock, flags);
}

/* How many of the coldest blocks lie side by side in the order in which they were freed, as one block would. At most `most`. */
static unsigned int coldest_run(const struct zone *zone, const struct list_head *list,
				unsigned int order, unsigned int most)
{
	const struct page *first = list_entry(list->prev, struct page, lru), *page = first;
	unsigned long pfn = page_to_pfn(first) | 1UL << zone->pageblock_order;
	unsigned int nr = 1;

	most = min(most, 1U << (max(lowest_bit(pfn), order) - order));
	for (; nr < most && page->lru.prev == &page[1UL << order].lru; nr++)
		page += 1UL << order;
	return 1U << ilog2(nr);
}

/* Give the coldest run of a list; returns its blocks. */
static unsigned int give_coldest(struct zone *zone, struct list_head *list, unsigned int order,
				 unsigned int most)
{
	unsigned int nr = coldest_run(zone, list, order, most), i;
	struct page *first = list_entry(list->prev, struct page, lru);
	struct list_head *rest = first[(nr - 1UL) << order].lru.prev;

	if (unlikely(rest->next != &first[(nr - 1UL) << order].lru))
		pcp_list_corrupt(list);
	list->prev = rest;
	rest->next = list;
	for (i = 0; i < nr; i++)
		unlist(zone, first + ((unsigned long)i << order), order);
	buddy_give(zone, first, order + ilog2(nr));
	return nr;
}

/* Up to `pages` from one list, in whole blocks; at least one block. What was given, in pages. */
static int give_from_list(struct zone *zone, struct per_cpu_pages *pcp, unsigned int index,
			  int pages)
{
	unsigned int order = index % (PCP_MAX_ORDER + 1);
	struct list_head *list = &pcp->lists[index];
	int given = 0;

	while (given < pages && !list_empty(list))
		given += (int)give_coldest(zone, list, order,
					   (unsigned int)max((pages - given) >> order, 1))
			 << order;
	pcp->count -= given;
	return given;
}

static int nr_lists_in_use(const struct per_cpu_pages *pcp)
{
	unsigned int index;
	int nr = 0;

	for (index = 0; index < NR_PCP_LISTS; index++)
		nr += !list_empty(&pcp->lists[index]);
	return nr;
}

/* At least `pages`, or all there are, an equal share from each list in use. (Linux: free_pcppages_bulk) */
void pcp_free_bulk(struct zone *zone, struct per_cpu_pages *pcp, int pages)
{
	unsigned int index;
	int share, nr_lists;
	unsigned long flags;

	ASSERT(READ_ONCE(pcp->locked));
	pages = min(pages, pcp->count);
	spin_lock_irqsave(&zone->lock, flags);
	nr_lists = nr_lists_in_use(pcp);
	while (pages > 0) {
		share = DIV_ROUND_UP(pages, nr_lists);
		for (index = 0; index < NR_PCP_LISTS && pages > 0; index++)
			pages -= give_from_list(zone, pcp, index, min(share, pages));
	}
	spin_unlock_irqrestore(&zone->lock, flags);
}

__noinline void pcp_shrink(struct zone *zone, struct per_cpu_pages *pcp)
{
	pcp_free_bulk(zone, pcp, max(pcp->batch, pcp->count - pcp->high));
	pcp_unlock(pcp);
}
