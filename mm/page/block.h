/* SPDX-License-Identifier: MIT */
/*
 * block.h - a block that changes hands: what its first page says before and after.
 *
 *	on its way out	PG_PCP, order, type	no users
 *	allocated	PG_OWNED, order, type	one user
 *
 * page_alloc.c does both inline for the usual request; the rest is page_slowpath.c's and page_ref.c's.
 */
#pragma once

#include <lib/check.h>
#include <mm/buddy.h>
#include <mm/gfp.h>
#include <mm/page.h>
#include <mm/zone.h>
#include "debug.h"
#include "impl.h"

/* Flags that ask for more than a block: `prep_special` does it. */
#define GFP_SPECIAL (__GFP_COMP | __GFP_ZERO)

/* Does it belong to somebody's block, and is not its first page? */
static inline bool is_inner_page(const struct page *page)
{
	return !(page->flags & ~PG_TAIL) && page->refcount == 0;
}

/* Is that so of all pages but the first? O(pages). */
bool has_inner_pages(const struct page *page, unsigned int order);

/* A block that says PG_PCP, its order and its type becomes the caller's, but for GFP_SPECIAL. */
static inline void prep_new_page(struct page *page, unsigned int order)
{
	ASSERT(page->refcount == 0, "pfn 0x%lx has %d users", page_to_pfn(page), page->refcount);
	ASSERT((page->state & ~PG_TYPE_MASK) == page_state(PG_PCP, order, page->zone_node),
	       "pfn 0x%lx: state 0x%x", page_to_pfn(page), page->state);
	ASSERT_SLOW(has_inner_pages(page, order), "pfn 0x%lx", page_to_pfn(page));
	WRITE_ONCE(page->state, page->state ^ (PG_PCP | PG_OWNED));
	page->refcount = 1;
	page->owner.private = 0;
	unpoison_block(page, order);
}

/* A plain block without users, whose state is `state`, goes back. */
static inline void free_pages_prepare(struct page *page, uint32_t state, unsigned int order)
{
	ASSERT(READ_ONCE(page->refcount) == 0, "pfn 0x%lx has %d users", page_to_pfn(page),
	       page->refcount);
	ASSERT_SLOW(has_inner_pages(page, order), "pfn 0x%lx", page_to_pfn(page));
	poison_block(page, order);
	WRITE_ONCE(page->state, state ^ (PG_PCP | PG_OWNED));
}

/* A block that free_pages_prepare() has seen, and that no list keeps. */
static inline void free_to_buddy(struct page *page, unsigned int order)
{
	struct zone *zone = page_zone(page);
	unsigned long flags;

	WRITE_ONCE(page->state, zone->state_bits);
	spin_lock_irqsave(&zone->lock, flags);
	buddy_give(zone, page, order);
	spin_unlock_irqrestore(&zone->lock, flags);
}

/* First page of an allocated block of that order, and nobody's slab or kmalloc block? */
static inline bool may_free(const struct page *page, unsigned int order)
{
	uint32_t state;

	if (!page_exists(page))
		return false;
	state = READ_ONCE(page->state);
	return (state & 0xffff & ~(PG_HEAD | PG_TYPE_MASK)) == PG_OWNED &&
	       (state >> 16 & 0xff) == order;
}

/* The same of a state alone, for a block that is not compound, in one comparison; orders below MAX_ORDER. */
static inline bool is_plain_block(uint32_t state, unsigned int order)
{
	const uint32_t ignored = page_state(PG_TYPE_MASK, 0, 0xff);

	return (state & ~ignored) == page_state(PG_OWNED, order, 0);
}

/* page_slowpath.c: what this CPU's lists did not serve, or nobody has judged yet. `nid` -1: this CPU's. */
struct page *alloc_pages_slowpath(int nid, gfp_t gfp, unsigned int order);
struct page *prep_special(struct page *page, unsigned int order, gfp_t gfp);

/* page_slowpath.c: the mask without the right to sleep, after a report, where the context forbids that. */
gfp_t gfp_for_context(gfp_t gfp);

/* page_ref.c: a free that is not the usual one. False: it was refused, after a report that names `who`. */
bool free_slowpath(const char *who, struct page *page, unsigned int order, bool cold);

/* misuse.c: the page at whose start `address` points; NULL after a report. */
struct page *page_at(const char *who, const void *address, unsigned int order);
