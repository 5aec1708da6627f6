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
 *	A plain block may be given back while somebody holds another reference
 *	to its first page. Then the other pages go back at once, as the halves
 *	that `expand` would have made, and the first page follows with its last user:
 *
 *	| OWNED 0 (1) | free 0   | free 1              |
 *
 * INVARIANTS	are page.c's and buddy.c's.
 *
 * LOCKING	Interrupts off for a take or a give of this CPU's lists, zone->lock
 *		in that for a batch or a large block. A page that left them belongs
 *		to the caller alone, so the rest is done without it. `refcount` is
 *		atomic. Nothing sleeps.
 * COST		Taking and giving back a page from this CPU's lists is some 180
 *		instructions on x86_64 with every check (`make bench`); a large block pays the lock
 *		and 26 for each halving and joining.
 * FLOOR	page, its top.
 * LINUX	mm/page_alloc.c: __alloc_pages(), get_page_from_freelist(), rmqueue(),
 *		prep_new_page(), free_pages_prepare(), __free_pages_ok();
 *		mm/swap.c: put_page(). Left out: compaction.
 */
#include <mm/gfp.h>

#include <arch/cpu.h>
#include <arch/memory.h>
#include <lib/bits.h>
#include <lib/check.h>
#include <lib/printk.h>
#include <lib/report.h>
#include <mm/buddy.h>
#include <mm/direct_map.h>
#include <mm/fixmap.h>
#include <mm/migrate.h>
#include <mm/pcp.h>
#include <mm/reclaim.h>
#include "impl.h"
#include "pcp_fast.h"

#define PAGE_ALLOC_COSTLY_ORDER 3  /* the largest that is worth retrying for */
#define MAX_RETRIES		16 /* bounds each loop below, whatever shrinkers and handler claim */

static inline bool is_inner_page(const struct page *page)
{
	return !(page->flags & ~PG_TAIL) && page->refcount == 0;
}

/* Do all pages but the first say that they belong to somebody's block? O(pages). */
static bool has_inner_pages(const struct page *page, unsigned int order)
{
	unsigned long i;

	for (i = 1; i < 1UL << order; i++)
		if (!is_inner_page(page + i))
			return false;
	return true;
}

/* --- what is done to a block that changes hands ------------------------------ */

static void clear_pages(struct page *page, unsigned int order)
{
	unsigned long i, flags;

	for (i = 0; i < 1UL << order; i++) {
		if (page_zone_type(page) != ZONE_HIGHMEM) {
			arch_page_clear(page_address(page + i));
			continue;
		}
		flags = arch_irq_save();
		arch_page_clear(fixmap_window_open(page_to_phys(page + i)));
		fixmap_window_close();
		arch_irq_restore(flags);
	}
}

static void prep_compound_page(struct page *page, unsigned int order)
{
	unsigned long i;

	ASSERT(order > 0 && order < MAX_ORDER, "order %u", order);
	page->flags |= PG_HEAD;
	for (i = 1; i < 1UL << order; i++) {
		page[i].flags = PG_TAIL;
		page[i].head = page;
	}
}

/* What few requests want. */
static __noinline void prep_special(struct page *page, unsigned int order, gfp_t gfp)
{
	if (gfp & __GFP_COMP && order)
		prep_compound_page(page, order);
	if (gfp & __GFP_ZERO)
		clear_pages(page, order);
}

/* A block that says PG_PCP, its order and its type becomes the caller's. */
static inline void prep_new_page(struct page *page, unsigned int order, gfp_t gfp)
{
	ASSERT(page->refcount == 0, "pfn 0x%lx has %d users", page_to_pfn(page), page->refcount);
	ASSERT((page->state & ~PG_TYPE_MASK) == page_state(PG_PCP, order, page->zone_node),
	       "pfn 0x%lx: state 0x%x", page_to_pfn(page), page->state);
	ASSERT_SLOW(has_inner_pages(page, order), "pfn 0x%lx", page_to_pfn(page));
	page->state ^= PG_PCP | PG_OWNED;
	page->refcount = 1;
	page->owner.private = 0;
	unpoison_block(page, order);
	if (unlikely(gfp & (__GFP_COMP | __GFP_ZERO)))
		prep_special(page, order, gfp);
}

static inline void free_pages_prepare(struct page *page, unsigned int order)
{
	unsigned long i;

	ASSERT(page->refcount == 0, "pfn 0x%lx has %d users", page_to_pfn(page), page->refcount);
	ASSERT_SLOW(has_inner_pages(page, order), "pfn 0x%lx", page_to_pfn(page));
	if (unlikely(page->flags & PG_HEAD)) {
		for (i = 1; i < 1UL << order; i++)
			page[i].flags = 0;
		page->flags &= (uint16_t)~PG_HEAD;
	}
	poison_block(page, order);
	page->state ^= PG_PCP | PG_OWNED;
}

/* --- taking ------------------------------------------------------------------- */

/* A block that says PG_PCP, from wherever, of a zone that may fall by `spare` pages. */
static struct page *rmqueue(struct zone *zone, gfp_t gfp, unsigned int order, unsigned long spare)
{
	enum migratetype type = gfp_migratetype(gfp);
	unsigned long flags;
	struct page *page;

	if (order <= PCP_MAX_ORDER)
		return pcp_take(zone, order, type, gfp & __GFP_COLD, spare);
	/* An empty zone is passed without its lock; a page freed this moment may be missed. */
	if (READ_ONCE(zone->nr_free) >> order == 0)
		return NULL;
	spin_lock_irqsave(&zone->lock, flags);
	page = buddy_take(zone, order, type);
	spin_unlock_irqrestore(&zone->lock, flags);
	if (page)
		page->state = page_state(PG_PCP | type << PG_TYPE_SHIFT, order, page->zone_node);
	return page;
}

struct request {
	int nid;
	gfp_t gfp;
	unsigned int order;
};

static struct page *get_page_from_freelist(const struct request *request, unsigned int alloc_flags)
{
	enum zone_type highest = gfp_zone(request->gfp);
	struct zone **at = NODE_DATA(request->nid)->zonelist_start[highest], *zone;
	unsigned long spare;
	struct page *page;

	for (; (zone = *at); at++) {
		if (zone->type > highest)
			continue;
		if (request->gfp & __GFP_THISNODE && zone->nid != request->nid)
			break;
		spare = zone_spare(zone, request->order, highest, alloc_flags);
		page = spare ? rmqueue(zone, request->gfp, request->order, spare) : NULL;
		if (page)
			return page;
	}
	return NULL;
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

/* Zone modifiers that contradict each other, or two kinds at once: one bit for each value of the five lowest bits. */
static inline bool gfp_is_odd(gfp_t gfp)
{
	const uint32_t two_zones = 0xe8, two_kinds = 0xff;
	const uint32_t odd = two_zones | two_zones << 8 | two_zones << 16 | two_kinds << 24;

	return odd >> (gfp & 31) & 1;
}

/* False: refused, and told. Called for what looks odd, so that the usual way has one branch. */
static __noinline bool request_is_sound(int nid, gfp_t *gfp, unsigned int order)
{
	if (order >= MAX_ORDER) {
		if (!(*gfp & __GFP_NOWARN))
			report_warn("alloc_pages: order %u is too large, the largest is %u", order,
				    MAX_PAGE_ORDER);
		return false;
	}
	if (nid < 0 || nid >= (int)nr_nodes) {
		report_warn("alloc_pages: node %d does not exist, there are %u", nid, nr_nodes);
		return false;
	}
	if (*gfp & __GFP_MOVABLE && *gfp & __GFP_RECLAIMABLE) {
		report_warn("alloc_pages: movable and reclaimable contradict each other in gfp "
			    "0x%x; neither counts",
			    *gfp);
		*gfp &= ~(__GFP_MOVABLE | __GFP_RECLAIMABLE);
	}
	if (gfp_is_odd(*gfp))
		report_warn("alloc_pages: zone modifiers contradict each other in gfp 0x%x; zone "
			    "%s is the limit",
			    *gfp, NODE_DATA(nid)->zone[gfp_zone(*gfp)].name);
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

/* Where the nearest zone's list did not serve. (Linux: also wakes kswapd here) */
static __noinline struct page *alloc_pages_slowpath(int nid, gfp_t gfp, unsigned int order)
{
	const struct request request = {nid, gfp, order};
	unsigned int alloc_flags = gfp_to_alloc_flags(gfp);
	struct page *page;

	if (unlikely(gfp & __GFP_NOFAIL))
		nofail_is_sound(gfp, order);
	page = get_page_from_freelist(&request, WMARK_LOW);
	if (!page)
		page = get_page_from_freelist(&request, alloc_flags);
	if (!page)
		page = drain_and_get(&request, alloc_flags);
	if (!page && gfp & __GFP_DIRECT_RECLAIM && !reclaim_is_under_way())
		page = reclaim_and_get(&request, alloc_flags);
	return page ? page : alloc_failed(&request);
}

/* The usual case: the first zone of the zonelist is above its mark, and a list of this CPU has it. */
static inline struct page *alloc_pages_fast(int nid, gfp_t gfp, unsigned int order)
{
	enum zone_type highest = gfp_zone(gfp);
	struct zone *zone = *NODE_DATA(nid)->zonelist_start[highest];
	long spare;

	if (unlikely(order > PCP_MAX_ORDER || !zone || gfp & (__GFP_THISNODE | __GFP_COLD)))
		return NULL;
	spare = (long)(READ_ONCE(zone->nr_free) - zone->fast_mark[highest]) - (1L << order);
	if (unlikely(spare < 0))
		return NULL;
	return pcp_take_fast(zone, order, gfp_migratetype(gfp), (unsigned long)spare);
}

/* The request is sound. */
static inline __attribute__((always_inline)) struct page *allocate(int nid, gfp_t gfp,
								   unsigned int order)
{
	struct page *page = alloc_pages_fast(nid, gfp, order);

	if (unlikely(!page))
		page = alloc_pages_slowpath(nid, gfp, order);
	if (likely(page))
		prep_new_page(page, order, gfp);
	return page;
}

static __noinline struct page *allocate_odd(int nid, gfp_t gfp, unsigned int order)
{
	return request_is_sound(nid, &gfp, order) ? allocate(nid, gfp, order) : NULL;
}

struct page *alloc_pages_node(int nid, gfp_t gfp, unsigned int order)
{
	if (nid < 0)
		nid = 0; /* this CPU's: all CPUs are near node 0 */
	if (unlikely(order >= MAX_ORDER || nid >= (int)nr_nodes || gfp_is_odd(gfp)))
		return allocate_odd(nid, gfp, order);
	return allocate(nid, gfp, order);
}

struct page *alloc_pages(gfp_t gfp, unsigned int order)
{
	if (unlikely(order >= MAX_ORDER || gfp_is_odd(gfp)))
		return allocate_odd(0, gfp, order);
	return allocate(0, gfp, order);
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

static __noinline void free_pages_ok(struct zone *zone, struct page *page, unsigned int order)
{
	unsigned long flags;

	page->state = page_state(0, 0, page->zone_node);
	spin_lock_irqsave(&zone->lock, flags);
	buddy_give(zone, page, order);
	spin_unlock_irqrestore(&zone->lock, flags);
}

/* A block without users: to this CPU's lists, or to the buddy. */
static inline __attribute__((always_inline)) void free_hot_cold_page(struct page *page,
								     unsigned int order, bool cold)
{
	struct zone *zone = page_zone(page);

	free_pages_prepare(page, order);
	if (unlikely(order > PCP_MAX_ORDER))
		free_pages_ok(zone, page, order);
	else if (unlikely(cold || zone->nr_isolated))
		pcp_give(zone, page, cold);
	else
		pcp_give_fast(zone, page, order);
}

static __noinline void free_one_page(struct page *page, unsigned int order)
{
	free_hot_cold_page(page, order, false);
}

/* First page of an allocated block of that order, and nobody's slab or kmalloc block? */
static inline bool may_free(const struct page *page, unsigned int order)
{
	return page_exists(page) && (page->flags & ~(PG_HEAD | PG_TYPE_MASK)) == PG_OWNED &&
	       page->order == order;
}

/* Others use the first page still: all but it go back, as halves; `state` is its own with order 0. */
static void free_all_but_first(struct page *page, unsigned int order, uint32_t state)
{
	while (order-- > 0) {
		ASSERT(is_inner_page(page + (1UL << order)), "pfn 0x%lx", page_to_pfn(page));
		page[1UL << order].state = state | order << 16;
		free_one_page(page + (1UL << order), order);
	}
}

/*
 * Drop the owner's reference. Of two CPUs that free the same block one
 * finds no user left, and is refused: the last user is known by the exchange alone.
 */
static bool free_block(struct page *page, unsigned int order)
{
	bool compound = page->flags & PG_HEAD;
	uint32_t state = page->state & ~page_state(0, 0xff, 0);
	int32_t users = READ_ONCE(page->refcount);

	do {
		if (unlikely(users <= 0))
			return false;
		/* Before the exchange: whoever puts the last reference frees what `order` says. */
		if (unlikely(users > 1) && !compound)
			page->order = 0;
	} while (!__atomic_compare_exchange_n(&page->refcount, &users, users - 1, false,
					      __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
	if (likely(users == 1))
		free_one_page(page, order);
	else if (!compound)
		free_all_but_first(page, order, state);
	return true;
}

static __noinline bool free_slowpath(const char *who, struct page *page, unsigned int order)
{
	if (may_free(page, order) && free_block(page, order))
		return true;
	misuse_report_page(misuse_of_page(page, order), who, page, order);
	return false;
}

/* The usual case: a sound block that has one user. */
static inline __attribute__((always_inline)) bool free_checked(const char *who, struct page *page,
							       unsigned int order, bool cold)
{
	int32_t one = 1;

	if (unlikely(!may_free(page, order)) ||
	    unlikely(!__atomic_compare_exchange_n(&page->refcount, &one, 0, false, __ATOMIC_ACQ_REL,
						  __ATOMIC_RELAXED)))
		return free_slowpath(who, page, order);
	free_hot_cold_page(page, order, cold);
	return true;
}

void __free_pages(struct page *page, unsigned int order)
{
	free_checked("__free_pages", page, order, false);
}

void free_cold_page(struct page *page)
{
	free_checked("free_cold_page", page, 0, true);
}

/* The page at the start of which `address` points; NULL after a report. */
static struct page *page_at(const char *who, const void *address, unsigned int order)
{
	if (unlikely(!virt_addr_valid(address))) {
		misuse_report_address(who, address);
		return NULL;
	}
	if (unlikely(!IS_ALIGNED((uintptr_t)address, PAGE_SIZE))) {
		misuse_report_page(MISUSE_INSIDE, who, direct_map_page(address), order);
		return NULL;
	}
	return direct_map_page(address);
}

void free_pages(unsigned long address, unsigned int order)
{
	struct page *page;

	if (!address)
		return;
	page = page_at("free_pages", (void *)address, order);
	if (likely(page))
		free_checked("free_pages", page, order, false);
}

/* --- references --------------------------------------------------------------- */

/* The first page of the block, if it has users that may come and go. */
static struct page *referenced_page(const char *who, struct page *page)
{
	struct page *head;

	if (likely(page_exists(page))) {
		head = compound_head(page);
		if (likely(head->flags & PG_OWNED && READ_ONCE(head->refcount) > 0))
			return head;
		page = head;
	}
	misuse_report_page(misuse_of_page(page, 0), who, page, 0);
	return NULL;
}

void get_page(struct page *page)
{
	page = referenced_page("get_page", page);
	if (likely(page))
		__atomic_add_fetch(&page->refcount, 1, __ATOMIC_RELAXED);
}

void put_page(struct page *page)
{
	int32_t users;

	page = referenced_page("put_page", page);
	if (unlikely(!page))
		return;
	users = READ_ONCE(page->refcount);
	do {
		if (unlikely(users <= 0 || (users == 1 && page->flags & (PG_SLAB | PG_LARGE)))) {
			misuse_report_page(misuse_of_page(page, page->order), "put_page", page,
					   page->order);
			return;
		}
	} while (!__atomic_compare_exchange_n(&page->refcount, &users, users - 1, false,
					      __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
	if (users == 1)
		free_one_page(page, page->order);
}

/* --- parts of blocks ---------------------------------------------------------- */

void split_page(struct page *page, unsigned int order)
{
	unsigned long i;

	if (unlikely(!may_free(page, order) || page->flags & PG_HEAD)) {
		misuse_report_page(page_exists(page) && page->flags & PG_HEAD
					   ? MISUSE_COMPOUND
					   : misuse_of_page(page, order),
				   "split_page", page, order);
		return;
	}
	page->order = 0;
	for (i = 1; i < 1UL << order; i++) {
		ASSERT(is_inner_page(page + i), "pfn 0x%lx + %lu", page_to_pfn(page), i);
		page[i].state = page->state;
		page[i].refcount = 1;
	}
}

void *alloc_pages_exact(size_t size, gfp_t gfp)
{
	unsigned int order = get_order(size);
	unsigned long address, end, used;

	if (!size)
		return NULL;
	address = __get_free_pages(gfp & ~__GFP_COMP, order);
	if (!address)
		return NULL;
	split_page(direct_map_page((void *)address), order);
	used = address + ALIGN_UP(size, PAGE_SIZE);
	for (end = address + (PAGE_SIZE << order); used < end; used += PAGE_SIZE)
		free_page(used);
	return (void *)address;
}

void free_pages_exact(void *address, size_t size)
{
	uintptr_t at = (uintptr_t)address, end = at + ALIGN_UP(size, PAGE_SIZE);
	struct page *page;

	if (!address)
		return;
	/* The first page that is refused ends it: one mistake, one report. */
	for (; at < end; at += PAGE_SIZE) {
		page = page_at("free_pages_exact", (void *)at, 0);
		if (!page || !free_checked("free_pages_exact", page, 0, false))
			return;
	}
}
