/* SPDX-License-Identifier: MIT */
/*
 * page_alloc.c - alloc_pages, __free_pages and the rest of Linux's forms.
 *
 * THE IDEA
 *	A request says how many (2^order), where at the highest (its zone
 *	modifiers) and how (__GFP_ZERO, __GFP_COMP). Each zone that will do is
 *	asked, the highest first, so that low memory stays for those who can use
 *	no other; a limit is never passed, the answer then is NULL. Up to order 3
 *	it is this CPU's lists that are asked (pcp.c), above it the buddy.
 *
 *	Who has a block is written on its first page: PG_OWNED, the order, and
 *	the number of users, 1. A free is believed only if it agrees with that.
 *
 * PICTURE	the walk down for GFP_HIGHUSER, then for GFP_KERNEL and GFP_DMA32
 *
 *	HighMem -> Normal -> DMA32 -> DMA -> the same of the next node -> NULL
 *	           Normal -> DMA32 -> DMA
 *	                     DMA32 -> DMA
 *
 *	a block of order 2, plain and with __GFP_COMP (users in brackets)
 *
 *	| OWNED 2 (1) |      (0) |      (0) |      (0) |
 *	| OWNED 2 (1) | TAIL (0) | TAIL (0) | TAIL (0) |
 *	      HEAD    <----------+----------+-- head
 *
 * INVARIANTS	are page.c's and buddy.c's.
 *
 * LOCKING	Interrupts off for a take or a give of this CPU's lists. A page that left
 *		them belongs to the caller alone, so the rest is done without.
 *		`refcount` is atomic: of two CPUs that free one block, one is refused.
 * COST		Taking and giving back a page from this CPU's lists is some 140
 *		instructions on x86_64 with every check (`make bench`).
 * FLOOR	page, its top. What is not the usual case is page_slowpath.c's and page_ref.c's.
 * LINUX	mm/page_alloc.c: __alloc_pages(), rmqueue_pcplist(), free_unref_page().
 */
#include <mm/gfp.h>

#include <lib/check.h>
#include <lib/report.h>
#include <mm/direct_map.h>
#include "block.h"
#include "pcp_fast.h"

/* --- taking ------------------------------------------------------------------- */

/* What sends a request past this CPU's hottest page at once. Odd masks find an empty list. */
#define GFP_UNUSUAL (__GFP_THISNODE | __GFP_COLD)

/*
 * The usual case: a list of this CPU has a block. The zone's marks are not asked: what lies in a list has passed
 * them when it came there, and is no free page any more.
 */
static inline __attribute__((always_inline)) struct page *alloc_pages_fast(gfp_t gfp,
									   unsigned int order)
{
	struct page *page;

	if (unlikely(order > PCP_MAX_ORDER || gfp & GFP_UNUSUAL))
		return NULL;
	page = pcp_take_fast(gfp, order);
	if (unlikely(!page))
		return NULL;
	prep_new_page(page, order);
	if (unlikely(gfp & GFP_SPECIAL))
		prep_special(page, order, gfp);
	return page;
}

struct page *alloc_pages(gfp_t gfp, unsigned int order)
{
	struct page *page = alloc_pages_fast(gfp, order);

	return likely(page) ? page : alloc_pages_slowpath(-1, gfp, order);
}

struct page *alloc_pages_node(int nid, gfp_t gfp, unsigned int order)
{
	return nid < 0 ? alloc_pages(gfp, order) : alloc_pages_slowpath(nid, gfp, order);
}

unsigned long __get_free_pages(gfp_t gfp, unsigned int order)
{
	struct page *page;

	if (unlikely(gfp & __GFP_HIGHMEM)) {
		report_warn("__get_free_pages: high memory has no address, gfp 0x%x", gfp);
		return 0;
	}
	page = alloc_pages(gfp, order);
	return page ? (unsigned long)page_address(page) : 0;
}

unsigned long get_zeroed_page(gfp_t gfp)
{
	return __get_free_pages(gfp | __GFP_ZERO, 0);
}

/* --- giving back -------------------------------------------------------------- */

/* The usual case: a plain block with one user that a list may keep. False: nothing is changed. */
static inline __attribute__((always_inline)) bool free_pages_fast(struct page *page,
								  unsigned int order)
{
	int32_t one = 1;
	struct zone *zone;

	if (unlikely(order > PCP_MAX_ORDER || !page_exists(page) || !is_plain_block(page, order)))
		return false;
	zone = page_zone(page);
	if (unlikely(zone->free_slowly) ||
	    unlikely(!__atomic_compare_exchange_n(&page->refcount, &one, 0, false, __ATOMIC_ACQ_REL,
						  __ATOMIC_RELAXED)))
		return false;
	free_pages_prepare(page, order);
	pcp_give_fast(zone, page, order);
	return true;
}

void __free_pages(struct page *page, unsigned int order)
{
	if (unlikely(!free_pages_fast(page, order)))
		free_slowpath("__free_pages", page, order, false);
}

void free_cold_page(struct page *page)
{
	free_slowpath("free_cold_page", page, 0, true);
}

void free_pages(unsigned long address, unsigned int order)
{
	struct page *page;

	if (!address)
		return;
	page = page_at("free_pages", (void *)address, order);
	if (likely(page) && unlikely(!free_pages_fast(page, order)))
		free_slowpath("free_pages", page, order, false);
}
