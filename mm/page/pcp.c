/* SPDX-License-Identifier: MIT */
/*
 * pcp.c - per-CPU lists of small blocks, in front of the buddy.
 *
 * THE IDEA
 *	Most requests are for one page, and most pages come back soon. Splitting
 *	and merging for each of them, under a lock that all CPUs want, is work
 *	for nothing. So each CPU keeps some blocks of order 0 to 3 of each zone
 *	at hand. It takes and gives there under a lock that nobody else wants; only
 *	when a list is empty, or all are too long, a whole batch goes through the
 *	zone's lock at once.
 *
 *	The page that was given last is likely still in the CPU's cache: hot. It
 *	goes to the head and is the first to be taken again. Who fills a page by
 *	a device's DMA wants no hot one, and takes from the tail (__GFP_COLD).
 *
 *	Of higher orders each CPU keeps one block, the last that came back, where
 *	that is little of the zone: who takes and gives a large buffer again and
 *	again then splits and joins nothing.
 *
 * PICTURE	one list of one CPU: batch 3, high 9
 *
 *	take, list empty	buddy --3--> [a b c]	and `a` is the caller's
 *	give x			[x b c]			x is hot
 *	give, and 10 are here	[n m l k j i h | x b c] --3--> buddy, the coldest
 *
 *	A zone of 256 MiB has batch 15; one that is so small that the formula
 *	says 0 has batch 1, and high is never less than four batches.
 *
 * INVARIANTS	(pcp_check() proves them, pcp_test.c breaks them)
 *	L1  count is the pages in the lists, and is at most high. The large block
 *	    is not counted there, and its order is at most `largest`.
 *	L2  What is on the list of order k and type t is the first page of a
 *	    block that says PG_PCP, k and t, and has no users.
 *	L3  It belongs to the zone.
 *	L4  Each list is a ring whose links agree.
 *
 * LOCKING	Each CPU's lists have a lock of their own, one locked instruction, and interrupts
 *		stay on. Its CPU, and any interrupt, only tries: where the lock is taken (the
 *		interrupt came in the middle, or another CPU drains) the buddy serves. So nobody
 *		waits for it but a task that drains. zone->lock is taken inside it, for
 *		one batch (at most 63 pages, or 8 when they are drained).
 * COST		Take and give are 41 and 66 instructions, with all checks; page_alloc.c has the
 *		bill. 256 bytes for each CPU and zone, and at most `high` idle pages.
 * FLOOR	page.
 * LINUX	mm/page_alloc.c: zone_batchsize(), drain_pages(), free_hot_cold_page(),
 *		today free_unref_page(); NR_PCP_THP keeps large blocks. Linux lets a refill
 *		pass high and the watermark; here it stops at both. A page returns to the
 *		list it was asked from; Linux asks its pageblock's type anew.
 */
#include <mm/pcp.h>

#include <lib/bits.h>
#include <lib/context.h>
#include <lib/init.h>
#include <lib/printk.h>
#include <mm/bootmem.h>
#include <mm/buddy.h>
#include <mm/early.h>
#include <mm/node.h>
#include "debug.h"
#include "impl.h"
#include "pcp_fast.h"

static unsigned int nr_cpus = 1;
static unsigned int disabled; /* how many want the lists empty */

/* --- limits --------------------------------------------------------------------- */

void pcp_list_init(struct per_cpu_pages *pcp, struct zone *zone)
{
	unsigned int i;

	*pcp = (struct per_cpu_pages){.batch = 1, .zone = zone};
	for (i = 0; i < NR_PCP_LISTS; i++)
		INIT_LIST_HEAD(&pcp->lists[i]);
}

/* A thousandth of the zone, at most 1 MiB, a quarter of that; then near a power of two, but none, so that pages of one cache colour do not crowd one list. */
int pcp_batch(unsigned long managed_pages)
{
	unsigned long batch = min(managed_pages / 1024, MiB / PAGE_SIZE) / 4;

	batch = max(batch, 1UL);
	batch = (1UL << ilog2(batch + batch / 2)) - 1;
	return (int)max(batch, 1UL);
}

int pcp_high(unsigned long low_watermark, unsigned int cpus, int batch)
{
	return max((int)(low_watermark / cpus), 4 * batch);
}

unsigned int pcp_largest(unsigned long managed_pages, unsigned int cpus)
{
	unsigned int order = ilog2(managed_pages / 64 / cpus | 1);

	return order > PCP_MAX_ORDER ? min(order, (unsigned int)MAX_PAGE_ORDER) : 0;
}

__init void pcp_init(struct zone *zone)
{
	unsigned int cpu;

	nr_cpus = max(early_boot_info()->nr_cpus, 1U);
	zone->pageset = __alloc_bootmem_node(zone->nid, nr_cpus * sizeof(struct per_cpu_pages),
					     _Alignof(struct per_cpu_pages), 0);
	for (cpu = 0; cpu < nr_cpus; cpu++)
		pcp_list_init(&zone->pageset[cpu], zone);
	pcp_set_free_slowly(zone);
}

void pcp_set_limits(struct zone *zone)
{
	int batch = disabled ? 1 : pcp_batch(zone->managed_pages);
	int high = disabled ? 0 : pcp_high(zone->watermark[WMARK_LOW], nr_cpus, batch);
	unsigned int cpu;

	for (cpu = 0; cpu < nr_cpus; cpu++) {
		WRITE_ONCE(zone->pageset[cpu].batch, batch);
		WRITE_ONCE(zone->pageset[cpu].high, high);
		WRITE_ONCE(zone->pageset[cpu].largest,
			   disabled ? 0 : pcp_largest(zone->managed_pages, nr_cpus));
	}
}

/* --- which list serves which mask ------------------------------------------------- */

/* Where masks that contradict themselves look for a block: lists that are always empty. */
#define NOWHERE(order) LIST_HEAD_INIT(nowhere.lists[order])
static struct per_cpu_pages nowhere = {.lists = {NOWHERE(0), NOWHERE(1), NOWHERE(2), NOWHERE(3)}};

DEFINE_PER_CPU(struct pcp_ways, pcp_ways) = {.take = {[0 ... NR_PCP_WAYS - 1] = nowhere.lists}};

static struct list_head *lists_for(gfp_t gfp, unsigned int cpu)
{
	const struct zone *zone = *NODE_DATA(cpu_to_node(cpu))->zonelist_start[gfp_zone(gfp)];

	if (!zone || gfp_is_odd(gfp))
		return nowhere.lists;
	return &zone->pageset[cpu].lists[pcp_list_index(0, gfp_migratetype(gfp))];
}

void pcp_set_ways(void)
{
	unsigned int cpu;
	gfp_t gfp;

	for (cpu = 0; cpu < nr_cpus; cpu++)
		for (gfp = 0; gfp < NR_PCP_WAYS; gfp++)
			WRITE_ONCE(per_cpu_ptr(&pcp_ways, cpu)->take[gfp], lists_for(gfp, cpu));
}

void pcp_set_free_slowly(struct zone *zone)
{
	bool slowly = READ_ONCE(zone->nr_isolated) || page_debug_enabled;
	struct list_head **way;
	unsigned int cpu;

	/* A zone of a test's own is in no table. */
	if (zone_of_bits[zone_node_bits(zone)] != zone || !zone->pageset)
		return;
	for (cpu = 0; cpu < nr_cpus; cpu++) {
		way = &per_cpu_ptr(&pcp_ways, cpu)->give[zone_node_bits(zone)];
		WRITE_ONCE(*way, slowly ? NULL : zone->pageset[cpu].lists);
	}
}

void pcp_list_corrupt(const struct list_head *list)
{
	panic("a per-CPU list of pages is corrupt: list %px, first %px, last %px", list, list->next,
	      list->prev);
}

/* --- one block ----------------------------------------------------------------------- */

/* The coldest block instead of the hottest: turn the list by one, then as always. */
static void coldest_first(struct list_head *list)
{
	if (!list_empty(list))
		list_move(list->prev, list);
}

/* Past the lists: one block of the buddy's, which says PG_PCP like theirs. */
static struct page *take_past(struct zone *zone, struct per_cpu_pages *pcp, unsigned int order,
			      enum migratetype type)
{
	unsigned long flags;
	struct page *page;

	spin_lock_irqsave(&zone->lock, flags);
	page = buddy_take(zone, order, type);
	if (page) {
		WRITE_ONCE(page->state,
			   page->state | page_state(PG_PCP | type << PG_TYPE_SHIFT, order, 0));
		pcp->nr_taken += 1UL << order;
	}
	spin_unlock_irqrestore(&zone->lock, flags);
	return page;
}

struct page *pcp_take(struct zone *zone, unsigned int order, enum migratetype type, bool cold,
		      unsigned long spare)
{
	unsigned int index = pcp_list_index(order, type);
	struct per_cpu_pages *pcp = this_pcp(zone);
	struct page *page = NULL;
	struct list_head *list;

	if (order > PCP_MAX_ORDER || !pcp_trylock(pcp))
		return take_past(zone, pcp, order, type);
	list = &pcp->lists[index];
	if (cold)
		coldest_first(list);
	if (!list_empty(list) || pcp_refill(zone, pcp, index, spare))
		page = pcp_pop(list, list->next, order);
	ASSERT(!page || page->state ==
				page_state(PG_PCP | type << PG_TYPE_SHIFT, order, page->zone_node),
	       "pfn 0x%lx: state 0x%x", page_to_pfn(page), page->state);
	pcp_unlock(pcp);
	return page;
}

/* A block of an isolated pageblock may be had by nobody, so no list keeps it. */
static bool is_isolated(const struct zone *zone, const struct page *page)
{
	return READ_ONCE(zone->nr_isolated) &&
	       pageblock_type(zone, page_to_pfn(page)) == MIGRATE_ISOLATE;
}

void pcp_give(struct zone *zone, struct page *page, bool cold)
{
	struct per_cpu_pages *pcp = this_pcp(zone);
	unsigned int order = page->order;
	struct list_head *list;
	bool too_many;

	if (order > PCP_MAX_ORDER || is_isolated(zone, page) || !pcp_trylock(pcp)) {
		pcp_free_one(zone, page);
		return;
	}
	list = &pcp->lists[pcp_list_index(order, state_type(page->state))];
	too_many = pcp_push(pcp->lists, page, page->state, order);
	if (cold)
		list_move_tail(&page->lru, list);
	if (too_many)
		pcp_shrink(zone, pcp);
	else
		pcp_unlock(pcp);
}

/* --- draining -------------------------------------------------------------------------- */

/* A task waits for the lock: who has it, on whatever CPU, is at work. An interrupt may stand in that one's way. */
static bool pcp_lock(struct per_cpu_pages *pcp)
{
	while (!pcp_trylock(pcp)) {
		if (in_interrupt())
			return false;
		arch_cpu_relax();
	}
	return true;
}

/* A batch at a time, so that the zone's lock is not held for long. */
void drain_pages_zone(struct zone *zone, unsigned int cpu)
{
	struct per_cpu_pages *pcp = &zone->pageset[cpu];
	bool more = true;

	while (more && pcp_lock(pcp)) {
		if (pcp->large)
			pcp_free_one(zone, pcp->large);
		pcp->large = NULL;
		pcp_free_bulk(zone, pcp, max(pcp->batch, 8));
		more = pcp->count > 0;
		pcp_unlock(pcp);
	}
}

void drain_local_pages(void)
{
	struct zone *zone;

	for_each_populated_zone (zone)
		drain_pages_zone(zone, arch_cpu_id());
}

void drain_all_pages(void)
{
	struct zone *zone;
	unsigned int cpu;

	for_each_populated_zone (zone)
		for (cpu = 0; cpu < nr_cpus; cpu++)
			drain_pages_zone(zone, cpu);
}

static void change_disabled(int by)
{
	struct zone *zone;

	disabled += (unsigned int)by;
	for_each_populated_zone (zone)
		pcp_set_limits(zone);
	drain_all_pages();
}

void pcp_disable(void)
{
	change_disabled(1);
}

void pcp_enable(void)
{
	CHECK(disabled > 0, "the lists were not disabled");
	change_disabled(-1);
}

bool pcp_is_enabled(void)
{
	return !disabled;
}

/* --- figures ---------------------------------------------------------------------------- */

unsigned long zone_pcp_pages(const struct zone *zone)
{
	const struct page *large;
	unsigned long sum = 0;
	unsigned int cpu;

	for (cpu = 0; zone->pageset && cpu < nr_cpus; cpu++) {
		large = READ_ONCE(zone->pageset[cpu].large);
		sum += (unsigned long)READ_ONCE(zone->pageset[cpu].count);
		sum += large ? 1UL << large->order : 0;
	}
	return sum;
}

unsigned long nr_pcp_pages(void)
{
	unsigned long sum = 0;
	struct zone *zone;

	for_each_populated_zone (zone)
		sum += zone_pcp_pages(zone);
	return sum;
}

unsigned long nr_idle_pages(void)
{
	return nr_free_pages() + nr_pcp_pages();
}

unsigned long zone_pages_taken(const struct zone *zone)
{
	unsigned long sum = READ_ONCE(zone->nr_taken);
	unsigned int cpu;

	for (cpu = 0; zone->pageset && cpu < nr_cpus; cpu++)
		sum += READ_ONCE(zone->pageset[cpu].nr_taken);
	return sum;
}

unsigned long zone_pages_for_others(const struct zone *zone)
{
	unsigned long sum = 0;
	unsigned int cpu;

	for (cpu = 0; zone->pageset && cpu < nr_cpus; cpu++)
		if (cpu_to_node(cpu) != zone->nid)
			sum += READ_ONCE(zone->pageset[cpu].nr_taken);
	return sum;
}

/* --- the proof --------------------------------------------------------------------------- */

static bool fail(const struct zone *zone, const char *rule, const struct page *page,
		 const char *what)
{
	pr_err("pcp_check: %s fails in zone %s of node %d at pfn 0x%lx: %s\n", rule, zone->name,
	       zone->nid, page ? page_to_pfn(page) : 0UL, what);
	return false;
}

static bool check_page(const struct zone *zone, const struct page *page, unsigned int order,
		       enum migratetype type)
{
	unsigned long pfn = page_to_pfn(page);

	if (!page_exists(page) || !zone_spans_pfn(zone, pfn) ||
	    page->zone_node != zone_node_bits(zone))
		return fail(zone, "L3", page, "a page of another zone");
	if (page->state != page_state(PG_PCP | type << PG_TYPE_SHIFT, order, page->zone_node) ||
	    page->refcount || !IS_ALIGNED(pfn, 1UL << order))
		return fail(zone, "L2", page, "not a block of that order and type");
	return true;
}

static bool check_list(const struct zone *zone, const struct per_cpu_pages *pcp, unsigned int list,
		       int *pages)
{
	const struct list_head *head = &pcp->lists[list], *link = head;
	const struct page *page;

	for (; link->next != head; link = link->next) {
		page = list_entry(link->next, struct page, lru);
		if (!check_page(zone, page, list % (PCP_MAX_ORDER + 1), list / (PCP_MAX_ORDER + 1)))
			return false;
		*pages += 1 << page->order;
		if (page->lru.prev != link || *pages > pcp->count)
			return fail(zone, *pages > pcp->count ? "L1" : "L4", page,
				    "the list and its count or links differ");
	}
	return head->prev == link || fail(zone, "L4", NULL, "the head's prev leads elsewhere");
}

bool pcp_check(struct zone *zone)
{
	const struct per_cpu_pages *pcp;
	const struct page *page;
	unsigned int cpu, list;

	for (cpu = 0; zone->pageset && cpu < nr_cpus; cpu++) {
		int pages = 0;

		pcp = &zone->pageset[cpu];
		for (list = 0; list < NR_PCP_LISTS; list++)
			if (!check_list(zone, pcp, list, &pages))
				return false;
		page = pcp->large;
		if (page && (page->order > pcp->largest ||
			     !check_page(zone, page, page->order, state_type(page->state))))
			return fail(zone, "L2", page, "not a large block");
		if (pages != pcp->count || pcp->count > pcp->high)
			return fail(zone, "L1", NULL, "count is not the pages, or above high");
	}
	return true;
}
