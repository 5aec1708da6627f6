/* SPDX-License-Identifier: MIT */
/*
 * page_slowpath.c - a request that the nearest list could not serve: other zones, reserves, waiting, giving up.
 *
 * THE IDEA
 *	Each step is dearer than the one before and is taken only if that failed. First
 *	every zone that will do, the highest first, down to `low`; then down to the
 *	mark that the mask may go to; then what lies in per-CPU lists is given back
 *	and counts again; then, if the caller may wait, caches shrink.
 *
 * PICTURE	budget: calls of get_page_from_freelist() in the worst case
 *
 *	alloc_pages_slowpath
 *	  above low			1
 *	  above the mask's mark		1
 *	  lists drained			1
 *	  compact_and_get		1, for more than one page; again after each round that freed some
 *	  reclaim_and_get		17 rounds, and 17 more after each of 16 rescues
 *	  alloc_failed			NULL, or the end of the machine
 *
 * LOCKING	None held by the caller where the mask may wait. zone->lock inside.
 * COST		Some 40 instructions a zone and step; a drain costs a batch's time for each page.
 * FLOOR	page.
 * LINUX	mm/page_alloc.c: __alloc_pages_slowpath(), get_page_from_freelist(),
 *		rmqueue(), should_reclaim_retry(), __alloc_pages_may_oom(), warn_alloc().
 */
#include <mm/gfp.h>

#include <arch/cpu.h>
#include <arch/memory.h>
#include <lib/bits.h>
#include <lib/check.h>
#include <lib/context.h>
#include <lib/printk.h>
#include <lib/report.h>
#include <mm/buddy.h>
#include <mm/compaction.h>
#include <mm/direct_map.h>
#include <mm/fixmap.h>
#include <mm/migrate.h>
#include <mm/node.h>
#include <mm/pcp.h>
#include <mm/reclaim.h>
#include "block.h"
#include "features.h"
#include "pcp_fast.h"

#define PAGE_ALLOC_COSTLY_ORDER 3  /* the largest that is worth retrying for */
#define MAX_RETRIES		16 /* bounds each loop below, whatever shrinkers and handler claim */

/* --- what few requests want --------------------------------------------------- */

/* High memory has no address: through this CPU's window, a page at a time. */
static __noinline struct page *clear_high_pages(struct page *page, unsigned int order)
{
	unsigned long i, flags;

	for (i = 0; i < 1UL << order; i++) {
		flags = arch_irq_save();
		arch_page_clear(fixmap_window_open(page_to_phys(page + i)));
		fixmap_window_close();
		arch_irq_restore(flags);
	}
	return page;
}

static inline void clear_pages(struct page *page, unsigned int order)
{
	char *at = phys_to_virt(page_to_phys(page)), *end = at + (PAGE_SIZE << order);

	do {
		arch_page_clear(at);
		at += PAGE_SIZE;
	} while (at < end);
}

static __noinline void prep_compound_page(struct page *page, unsigned int order)
{
	unsigned long i;

	ASSERT(order > 0 && order < MAX_ORDER, "order %u", order);
	page->flags |= PG_HEAD;
	for (i = 1; i < 1UL << order; i++) {
		page[i].flags = PG_TAIL;
		page[i].head = page;
	}
}

/* Returns `page`, so that the usual case ends in a jump. */
struct page *prep_special(struct page *page, unsigned int order, gfp_t gfp)
{
	if (gfp & __GFP_COMP && order)
		prep_compound_page(page, order);
	if (!(gfp & __GFP_ZERO))
		return page;
	if (page_zone_type(page) == ZONE_HIGHMEM)
		return clear_high_pages(page, order);
	clear_pages(page, order);
	return page;
}

/* --- taking ------------------------------------------------------------------- */

/* A block that says PG_PCP, from wherever, of a zone that may fall by `spare` pages. */
static struct page *rmqueue(struct zone *zone, gfp_t gfp, unsigned int order, unsigned long spare)
{
	/* An empty zone is passed without its lock; a page freed this moment may be missed. */
	if (order > PCP_MAX_ORDER && READ_ONCE(zone->nr_free) >> order == 0)
		return NULL;
	return pcp_take(zone, order, gfp_migratetype(gfp), gfp & __GFP_COLD, spare);
}

struct request {
	int nid;
	gfp_t gfp;
	unsigned int order;
};

/* By how many pages a zone may fall for this request; 0: it may have none of it. */
static inline unsigned long spare_for(const struct zone *zone, const struct request *request,
				      unsigned int alloc_flags)
{
	enum zone_type highest = gfp_zone(request->gfp);

	if (zone->type > highest || (request->gfp & __GFP_THISNODE && zone->nid != request->nid))
		return 0;
	return zone_spare(zone, request->order, highest, alloc_flags);
}

/* Where another node was preferred what left the buddy is counted; interrupts are off, so that nothing else is. */
static struct page *rmqueue_foreign(struct zone *zone, struct zone *preferred,
				    const struct request *request, unsigned long spare)
{
	unsigned long flags = arch_irq_save(), before = this_pcp(zone)->nr_taken, nr;
	struct page *page = rmqueue(zone, request->gfp, request->order, spare);

	nr = this_pcp(zone)->nr_taken - before;
	__atomic_add_fetch(&zone->nr_missed, nr, __ATOMIC_RELAXED);
	__atomic_add_fetch(&preferred->nr_foreign, nr, __ATOMIC_RELAXED);
	arch_irq_restore(flags);
	return page;
}

/* Of the zones behind the preferred one. */
static __noinline struct page *get_page_farther(struct zone **at, const struct request *request,
						unsigned int alloc_flags)
{
	struct zone *preferred = *at, *zone;
	struct page *page = NULL;
	unsigned long spare;

	while (preferred && !page && (zone = *++at)) {
		spare = spare_for(zone, request, alloc_flags);
		if (!spare)
			continue;
		page = zone->nid == preferred->nid
			       ? rmqueue(zone, request->gfp, request->order, spare)
			       : rmqueue_foreign(zone, preferred, request, spare);
	}
	return page;
}

static struct page *get_page_from_freelist(const struct request *request, unsigned int alloc_flags)
{
	struct zone **at = NODE_DATA(request->nid)->zonelist_start[gfp_zone(request->gfp)];
	unsigned long spare = *at ? spare_for(*at, request, alloc_flags) : 0;
	struct page *page = NULL;

	if (likely(spare))
		page = rmqueue(*at, request->gfp, request->order, spare);
	return likely(page) ? page : get_page_farther(at, request, alloc_flags);
}

/* There is no clock to limit the rate by: the 1st, 2nd, 4th, 8th ... failure is told. */
static __noinline struct page *alloc_failed(const struct request *request)
{
	static unsigned long failures;
	unsigned long nr = __atomic_add_fetch(&failures, 1, __ATOMIC_RELAXED);

	if (request->gfp & __GFP_NOFAIL) {
		oom_tell(request->gfp, request->order);
		panic("out of memory: order:%u, gfp:0x%x must not fail, %lu pages are free",
		      request->order, request->gfp, nr_free_pages());
	}
	if (!(request->gfp & __GFP_NOWARN) && is_power_of_2(nr))
		pr_warn("page allocation failure: order:%u, gfp:0x%x, %lu pages are free (failure "
			"%lu)\n",
			request->order, request->gfp, nr_free_pages(), nr);
	return NULL;
}

gfp_t gfp_for_context(gfp_t gfp)
{
	const char *rule = NULL;

	if (gfp & __GFP_DIRECT_RECLAIM && unlikely(!may_sleep()))
		rule = context_broken_rule();
	if (likely(!rule))
		return gfp;
	report_open(REPORT_WARN, "alloc_pages: gfp 0x%x may sleep, but is asked for %s", gfp, rule);
	report_line("advice  use GFP_ATOMIC; it is served as if it did not wait");
	report_stack("by");
	report_close();
	return gfp & ~__GFP_DIRECT_RECLAIM;
}

/* False: refused, and told. Kinds that exclude each other are none. */
static bool request_is_sound(struct request *request)
{
	gfp_t gfp = request->gfp;

	if (unlikely(request->order >= MAX_ORDER)) {
		if (!(gfp & __GFP_NOWARN))
			report_warn("alloc_pages: order %u is too large, the largest is %u",
				    request->order, MAX_PAGE_ORDER);
		return false;
	}
	if (unlikely(request->nid >= (int)nr_nodes)) {
		report_warn("alloc_pages: node %d does not exist, there are %u", request->nid,
			    nr_nodes);
		return false;
	}
	if (unlikely(gfp & ~GFP_KNOWN)) {
		report_warn(
			"alloc_pages: gfp 0x%x has bits that mean nothing: 0x%x; they do not count",
			gfp, gfp & ~GFP_KNOWN);
		request->gfp = gfp &= GFP_KNOWN;
	}
	if (!CONFIG_DEBUG)
		request->gfp = gfp = gfp_for_context(gfp);
	if (likely(!gfp_is_odd(gfp)))
		return true;
	if (gfp & __GFP_MOVABLE && gfp & __GFP_RECLAIMABLE) {
		report_warn("alloc_pages: movable and reclaimable contradict each other in gfp "
			    "0x%x; neither counts",
			    gfp);
		request->gfp = gfp &= ~(__GFP_MOVABLE | __GFP_RECLAIMABLE);
	}
	if (gfp_is_odd(gfp))
		report_warn("alloc_pages: zone modifiers contradict each other in gfp 0x%x; zone "
			    "%s is the limit",
			    gfp, NODE_DATA(request->nid)->zone[gfp_zone(gfp)].name);
	return true;
}

/* May the handler make room for this one? For small blocks that can wait for it, and may use the file system. */
static bool may_oom(const struct request *request)
{
	const gfp_t all = __GFP_DIRECT_RECLAIM | __GFP_FS;

	return request->order <= PAGE_ALLOC_COSTLY_ORDER && (request->gfp & all) == all &&
	       !(request->gfp & (__GFP_NORETRY | __GFP_RETRY_MAYFAIL | __GFP_THISNODE));
}

/* What lies in per-CPU lists counts again; then once more. */
static struct page *drain_and_get(const struct request *request, unsigned int alloc_flags)
{
	drain_all_pages();
	return get_page_from_freelist(request, alloc_flags);
}

/* Small pieces moved together make a larger one; then once more. */
static struct page *compact_and_get(const struct request *request, unsigned int alloc_flags)
{
	if (!request->order || !try_to_compact_pages(request->gfp, request->order))
		return NULL;
	return get_page_from_freelist(request, alloc_flags);
}

/*
 * Reclaim and try again: once with __GFP_NORETRY; while there is progress for orders up to 3, and with
 * __GFP_RETRY_MAYFAIL for larger ones; at most MAX_RETRIES times, and as often again after each success of the handler.
 */
static struct page *reclaim_and_get(const struct request *request, unsigned int alloc_flags)
{
	bool persists = request->order <= PAGE_ALLOC_COSTLY_ORDER ||
			request->gfp & (__GFP_RETRY_MAYFAIL | __GFP_NOFAIL);
	unsigned int retries, rescues = 0;
	unsigned long progress;
	struct page *page;

	for (retries = 0;; retries++) {
		progress = try_to_free_pages(request->gfp);
		page = drain_and_get(request, alloc_flags);
		if (!page && progress)
			page = compact_and_get(request, alloc_flags);
		if (page)
			return page;
		if (request->gfp & __GFP_NORETRY && !(request->gfp & __GFP_NOFAIL))
			return NULL;
		if (progress && persists && retries < MAX_RETRIES)
			continue;
		if (!may_oom(request) || rescues++ == MAX_RETRIES ||
		    !out_of_memory(request->gfp, request->order))
			return NULL;
		retries = 0;
	}
}

/* (Linux warns of each of these too.) The request is still tried, and panics at the end. */
static __noinline void nofail_is_sound(gfp_t gfp, unsigned int order)
{
	if (order > 1)
		report_warn("alloc_pages: order %u that must not fail; at most order 1 can be had "
			    "for certain",
			    order);
	if (!(gfp & __GFP_DIRECT_RECLAIM))
		report_warn("alloc_pages: gfp 0x%x must not fail, but may not reclaim", gfp);
	if (gfp & __GFP_NORETRY)
		report_warn("alloc_pages: gfp 0x%x must not fail, but may not retry", gfp);
}

/* Each node's reclaimer that could make room for it. */
static void wake_all_kswapds(const struct request *request)
{
	enum zone_type highest = gfp_zone(request->gfp);
	struct zone **at = NODE_DATA(request->nid)->zonelist_start[highest];
	int nid = -1;

	for (; *at; at++) {
		if ((*at)->type <= highest && (*at)->nid != nid)
			wakeup_kswapd(*at, request->order);
		nid = (*at)->nid;
	}
}

/* A block for a request that is sound, still as the lists have it; NULL: there is none, and that is told. */
static struct page *find_block(const struct request *request)
{
	unsigned int alloc_flags = gfp_to_alloc_flags(request->gfp);
	struct page *page;

	page = get_page_from_freelist(request, WMARK_LOW | gfp_to_alloc_flags_cma(request->gfp));
	if (!page && request->gfp & __GFP_KSWAPD_RECLAIM)
		wake_all_kswapds(request);

	if (!page)
		page = get_page_from_freelist(request, alloc_flags);
	if (!page)
		page = drain_and_get(request, alloc_flags);
	if (page || !(request->gfp & __GFP_DIRECT_RECLAIM) || reclaim_is_under_way())
		return page ? page : alloc_failed(request);
	page = compact_and_get(request, alloc_flags);
	if (!page)
		page = reclaim_and_get(request, alloc_flags);
	return page ? page : alloc_failed(request);
}

__noinline struct page *alloc_pages_slowpath(int nid, gfp_t gfp, unsigned int order)
{
	struct request request = {nid < 0 ? numa_node_id() : nid, gfp, order};
	struct page *page;

	if (unlikely(!request_is_sound(&request)))
		return NULL;
	if (unlikely(gfp & __GFP_NOFAIL))
		nofail_is_sound(gfp, order);
	if (unlikely(page_debug_is_on(PAGE_DEBUG_FAIL)) && should_fail_alloc_page(gfp, order))
		return alloc_failed(&request);
	do {
		page = find_block(&request);
		if (!page)
			return NULL;
		prep_new_page(page, order);
	} while (unlikely(page_debug_enabled) && !page_debug_alloc(page, order, gfp));
	return gfp & GFP_SPECIAL ? prep_special(page, order, gfp) : page;
}
