/* SPDX-License-Identifier: MIT */
/*
 * page_alloc.c - alloc_pages, __free_pages and the rest of Linux's forms.
 *
 * THE IDEA
 *	A request says how many (2^order), where at the highest (its zone
 *	modifiers) and how (__GFP_ZERO, __GFP_COMP). The buddy of each zone that
 *	will do is asked, the highest first, so that low memory stays for those
 *	who can use no other; a limit is never passed, the answer then is NULL.
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
 * LOCKING	zone->lock with interrupts off, for one take or give. A page
 *		that left the buddy belongs to the caller alone, so the rest is
 *		done without it. `refcount` is atomic. Nothing sleeps.
 * COST		Taking and giving back a block is some 300 instructions on
 *		x86_64 with every check and both locks, and 26 for each halving
 *		and joining: a page out of a block of order 10 costs 560.
 * FLOOR	page, its top.
 * LINUX	mm/page_alloc.c: __alloc_pages(), get_page_from_freelist(),
 *		rmqueue(), prep_new_page(), free_pages_prepare(), free_one_page();
 *		mm/swap.c: put_page(). Left out: per-CPU lists, migratetypes,
 *		watermarks, reclaim.
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
#include "impl.h"

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

static inline void prep_new_page(struct page *page, unsigned int order, gfp_t gfp)
{
	ASSERT(page->refcount == 0, "pfn 0x%lx has %d users", page_to_pfn(page), page->refcount);
	ASSERT_SLOW(has_inner_pages(page, order), "pfn 0x%lx", page_to_pfn(page));
	page->state = page_state(PG_OWNED, order, page->zone_node);
	page->refcount = 1;
	page->owner.private = 0;
	unpoison_block(page, order);
	if (gfp & __GFP_COMP && order)
		prep_compound_page(page, order);
	if (gfp & __GFP_ZERO)
		clear_pages(page, order);
}

static inline void free_pages_prepare(struct page *page, unsigned int order)
{
	unsigned long i;

	ASSERT(page->refcount == 0, "pfn 0x%lx has %d users", page_to_pfn(page), page->refcount);
	ASSERT_SLOW(has_inner_pages(page, order), "pfn 0x%lx", page_to_pfn(page));
	if (unlikely(page->flags & PG_HEAD))
		for (i = 1; i < 1UL << order; i++)
			page[i].flags = 0;
	page->state = page_state(0, 0, page->zone_node);
	poison_block(page, order);
}

/* --- taking ------------------------------------------------------------------- */

static inline struct page *rmqueue(struct zone *zone, unsigned int order)
{
	unsigned long flags;
	struct page *page;

	/* An empty zone is passed without its lock; a page freed this moment may be missed. */
	if (READ_ONCE(zone->nr_free) >> order == 0)
		return NULL;
	spin_lock_irqsave(&zone->lock, flags);
	page = buddy_take(zone, order);
	spin_unlock_irqrestore(&zone->lock, flags);
	return page;
}

static inline struct page *take_from_node(int nid, enum zone_type highest, unsigned int order)
{
	struct zone *lowest = NODE_DATA(nid)->zone, *zone;
	struct page *page;

	for (zone = lowest + highest; zone >= lowest; zone--) {
		page = rmqueue(zone, order);
		if (page)
			return page;
	}
	return NULL;
}

static __noinline struct page *take_from_other_nodes(int nid, enum zone_type highest,
						     unsigned int order)
{
	struct page *page = NULL;
	int other;

	for (other = 0; !page && other < (int)nr_nodes; other++)
		if (other != nid)
			page = take_from_node(other, highest, order);
	return page;
}

static inline struct page *get_page_from_freelist(int nid, gfp_t gfp, unsigned int order)
{
	struct page *page = take_from_node(nid, gfp_zone(gfp), order);

	if (likely(page) || gfp & __GFP_THISNODE)
		return page;
	return take_from_other_nodes(nid, gfp_zone(gfp), order);
}

/* There is no clock to limit the rate by: the 1st, 2nd, 4th, 8th ... failure is told. */
static __noinline struct page *alloc_failed(gfp_t gfp, unsigned int order)
{
	static unsigned long failures;
	unsigned long nr = __atomic_add_fetch(&failures, 1, __ATOMIC_RELAXED);

	if (gfp & __GFP_NOFAIL)
		panic("out of memory: order:%u, gfp:0x%x must not fail, %lu pages are free", order,
		      gfp, nr_free_pages());
	if (!(gfp & __GFP_NOWARN) && is_power_of_2(nr))
		pr_warn("page allocation failure: order:%u, gfp:0x%x, %lu pages are free (failure "
			"%lu)\n",
			order, gfp, nr_free_pages(), nr);
	return NULL;
}

/* False: refused, and told. Called for what looks odd, so that the usual way has one branch. */
static __noinline bool request_is_sound(int nid, gfp_t gfp, unsigned int order)
{
	if (order >= MAX_ORDER) {
		if (!(gfp & __GFP_NOWARN))
			report_warn("alloc_pages: order %u is too large, the largest is %u", order,
				    MAX_PAGE_ORDER);
		return false;
	}
	if (nid < 0 || nid >= (int)nr_nodes) {
		report_warn("alloc_pages: node %d does not exist, there are %u", nid, nr_nodes);
		return false;
	}
	report_warn("alloc_pages: zone modifiers contradict each other in gfp 0x%x; zone %s is the "
		    "limit",
		    gfp, NODE_DATA(nid)->zone[gfp_zone(gfp)].name);
	return true;
}

static inline bool has_two_bits(unsigned int n)
{
	return n & (n - 1);
}

struct page *alloc_pages_node(int nid, gfp_t gfp, unsigned int order)
{
	struct page *page;

	if (nid < 0)
		nid = 0; /* this CPU's: all CPUs are near node 0 */
	if (unlikely(order >= MAX_ORDER || nid >= (int)nr_nodes ||
		     has_two_bits(gfp & GFP_ZONEMASK)) &&
	    !request_is_sound(nid, gfp, order))
		return NULL;
	page = get_page_from_freelist(nid, gfp, order);
	if (unlikely(!page))
		return alloc_failed(gfp, order);
	prep_new_page(page, order, gfp);
	return page;
}

struct page *alloc_pages(gfp_t gfp, unsigned int order)
{
	return alloc_pages_node(-1, gfp, order);
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

static inline void free_one_page(struct page *page, unsigned int order)
{
	struct zone *zone = page_zone(page);
	unsigned long flags;

	free_pages_prepare(page, order);
	spin_lock_irqsave(&zone->lock, flags);
	buddy_give(zone, page, order);
	spin_unlock_irqrestore(&zone->lock, flags);
}

/* First page of an allocated block of that order, and nobody's slab or kmalloc block? */
static inline bool may_free(const struct page *page, unsigned int order)
{
	return page_exists(page) && (page->flags & ~PG_HEAD) == PG_OWNED && page->order == order;
}

/* Others use the first page still: all but it go back, as halves. */
static void free_all_but_first(struct page *page, unsigned int order)
{
	while (order-- > 0) {
		ASSERT(is_inner_page(page + (1UL << order)), "pfn 0x%lx", page_to_pfn(page));
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
		free_all_but_first(page, order);
	return true;
}

static bool free_checked(const char *who, struct page *page, unsigned int order)
{
	if (likely(may_free(page, order)) && likely(free_block(page, order)))
		return true;
	misuse_report_page(misuse_of_page(page, order), who, page, order);
	return false;
}

void __free_pages(struct page *page, unsigned int order)
{
	free_checked("__free_pages", page, order);
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
		free_checked("free_pages", page, order);
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
		page[i].state = page_state(PG_OWNED, 0, page->zone_node);
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
		if (!page || !free_checked("free_pages_exact", page, 0))
			return;
	}
}
