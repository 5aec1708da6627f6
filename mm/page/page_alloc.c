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
 * LOCKING	A try for the lock of this CPU's lists; interrupts stay on. A page that left
 *		them belongs to the caller alone, so the rest is done without.
 *		`refcount` is atomic: of two CPUs that free one block, one is refused.
 * COST		`make bench`, x86_64, release: 119 instructions to take and give back
 *		a page, 12 of them the loop. What a check costs of that:
 *
 *		take	the mask and order are usual			 4
 *			nobody else works on the list			 2
 *			the list has a block, its links agree		 4
 *			it is not to be zeroed or compound		 2
 *		give	the struct page exists				17
 *			PG_OWNED, nobody's slab or kmalloc block,
 *			not compound, this order: one comparison	10
 *			the zone's pages need no closer look		 2
 *			nobody else works on the list			 2
 *			one user, and this CPU alone saw the last	 5
 *			the list's links agree				 2
 *			not more than high are kept			 2
 *
 *		The rest is to find the list (8 and 10), to link (5 and 6), to count (3 and 4),
 *		to unlock and to say who has it.
 * FLOOR	page, its top. What is not the usual case is page_slowpath.c's and page_ref.c's.
 * LINUX	mm/page_alloc.c: __alloc_pages(), rmqueue_pcplist(), free_unref_page().
 */
#include <mm/gfp.h>

#include <config.h>
#include <lib/report.h>
#include <mm/buddy.h>
#include <mm/direct_map.h>
#include "block.h"
#include "pcp_fast.h"

/* --- taking ------------------------------------------------------------------- */

/* What sends a request past this CPU's hottest page at once. Odd masks find an empty list. */
#define GFP_UNUSUAL (__GFP_THISNODE | __GFP_COLD | __GFP_NOFAIL | ~GFP_KNOWN)

/*
 * A block that no list keeps: what this CPU gave back last, or from the first zone, while that is above its low mark and nobody watches.
 */
static __noinline struct page *take_large(gfp_t gfp, unsigned int order)
{
	const struct list_head *lists = this_cpu_read(pcp_ways.take[gfp % NR_PCP_WAYS]);
	struct zone *zone = pcp_of_list(lists)->zone;

	if (unlikely(!zone || READ_ONCE(zone->nr_cma) || page_debug_enabled) ||
	    unlikely((long)(READ_ONCE(zone->nr_free) - zone->fast_mark[gfp_zone(gfp)]) <
		     1L << order))
		return NULL;
	return pcp_take(zone, order, gfp_migratetype(gfp), false, 0);
}

static __noinline struct page *alloc_pages_large(gfp_t gfp, unsigned int order)
{
	struct page *page;

	if (unlikely(order >= MAX_ORDER || gfp & GFP_UNUSUAL))
		return alloc_pages_slowpath(-1, gfp, order);
	page = pcp_take_large(gfp, order);
	if (!page)
		page = take_large(gfp, order);
	if (unlikely(!page))
		return alloc_pages_slowpath(-1, gfp, order);
	prep_new_page(page, order);
	return unlikely(gfp & GFP_SPECIAL) ? prep_special(page, order, gfp) : page;
}

/*
 * The usual case: a list of this CPU has a block. The zone's marks are not asked: what lies in a list has passed
 * them when it came there, and is no free page any more.
 */
struct page *alloc_pages(gfp_t gfp, unsigned int order)
{
	struct page *page;

	if (CONFIG_DEBUG)
		gfp = gfp_for_context(gfp);
	if (unlikely(order > PCP_MAX_ORDER))
		return alloc_pages_large(gfp, order);
	if (unlikely(gfp & GFP_UNUSUAL))
		return alloc_pages_slowpath(-1, gfp, order);
	page = pcp_take_fast(gfp, order);
	if (unlikely(!page))
		return alloc_pages_slowpath(-1, gfp, order);
	prep_new_page(page, order);
	return unlikely(gfp & GFP_SPECIAL) ? prep_special(page, order, gfp) : page;
}

struct page *alloc_pages_node(int nid, gfp_t gfp, unsigned int order)
{
	if (nid < 0)
		return alloc_pages(gfp, order);
	if (CONFIG_DEBUG)
		gfp = gfp_for_context(gfp);
	return alloc_pages_slowpath(nid, gfp, order);
}

unsigned long __get_free_pages(gfp_t gfp, unsigned int order)
{
	struct page *page;

	if (unlikely(gfp & __GFP_HIGHMEM)) {
		report_warn("__get_free_pages: high memory has no address, gfp 0x%x", gfp);
		return 0;
	}
	page = alloc_pages(gfp, order);
	return page ? (unsigned long)phys_to_virt(page_to_phys(page)) : 0;
}

unsigned long get_zeroed_page(gfp_t gfp)
{
	return __get_free_pages(gfp | __GFP_ZERO, 0);
}

/* --- giving back -------------------------------------------------------------- */

/*
 * The usual case: a plain block with one user that a list may keep, of a page that exists. Everything else is
 * free_slowpath()'s.
 */
static inline __attribute__((always_inline)) bool free_pages_fast(struct page *page,
								  unsigned int order)
{
	uint32_t state = READ_ONCE(page->state);
	struct per_cpu_pages *pcp;
	struct list_head *lists;
	int32_t one = 1;

	if (unlikely(!is_plain_block(state, order)))
		return false;
	lists = this_cpu_read(pcp_ways.give[state >> 24]);
	pcp = pcp_of_list(lists);
	if (unlikely(!lists) || unlikely(!pcp_trylock(pcp)))
		return false;
	if (unlikely(!__atomic_compare_exchange_n(&page->refcount, &one, 0, false, __ATOMIC_ACQ_REL,
						  __ATOMIC_RELAXED))) {
		pcp_unlock(pcp);
		return false;
	}
	free_pages_prepare(page, state, order);
	if (unlikely(pcp_push(lists, page, state, order)))
		pcp_shrink(page_zone(page), pcp);
	else
		pcp_unlock(pcp);
	return true;
}

/* The same for a block of a higher order, with what follows if it is not usual. */
static __noinline void free_pages_large(const char *who, struct page *page, unsigned int order)
{
	int32_t one = 1;

	if (unlikely(order >= MAX_ORDER || page_debug_enabled) ||
	    unlikely(!is_plain_block(READ_ONCE(page->state), order)) ||
	    unlikely(!__atomic_compare_exchange_n(&page->refcount, &one, 0, false, __ATOMIC_ACQ_REL,
						  __ATOMIC_RELAXED))) {
		free_slowpath(who, page, order, false);
		return;
	}
	free_pages_prepare(page, page->state, order);
	if (!pcp_give_large(page, order))
		free_to_buddy(page, order);
}

static inline __attribute__((always_inline)) void free_block(const char *who, bool exists,
							     struct page *page, unsigned int order)
{
	if (unlikely(!exists))
		free_slowpath(who, page, order, false);
	else if (unlikely(order > PCP_MAX_ORDER))
		free_pages_large(who, page, order);
	else if (unlikely(!free_pages_fast(page, order)))
		free_slowpath(who, page, order, false);
}

void __free_pages(struct page *page, unsigned int order)
{
	free_block("__free_pages", page_exists(page), page, order);
}

void free_cold_page(struct page *page)
{
	free_slowpath("free_cold_page", page, 0, true);
}

/* An address inside a page is none of a frame, by the same rotation as in page_exists(). */
void free_pages(unsigned long address, unsigned int order)
{
	unsigned long offset = address - arch_region_base(REGION_DIRECT_MAP);
	unsigned long pfn = offset >> PAGE_SHIFT | offset << (64 - PAGE_SHIFT);
	struct page *page = pfn_to_page(pfn);

	if (unlikely(!address))
		return;
	if (unlikely(!pfn_valid(pfn) || page_zone_type(page) == ZONE_HIGHMEM)) {
		page = page_at("free_pages", (void *)address, order);
		if (page)
			free_slowpath("free_pages", page, order, false);
		return;
	}
	free_block("free_pages", true, page, order);
}
