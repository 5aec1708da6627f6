/* SPDX-License-Identifier: MIT */
/*
 * page_check.c - the sweep over all struct pages: P1 to P5 of page.c, F1 and F2 of deferred.c.
 *
 * THE IDEA
 *	Go through the frames in rising order. What stands at the first page of
 *	a block says how far the block reaches; the pages inside must say
 *	nothing. So every frame is read once, and belongs to exactly one of:
 *	reserved, free, on a per-CPU list, in use. The four sums are then held against the zone.
 *	Blocks without struct pages are counted, never read.
 *
 * LOCKING	None: the machine is quiet while it runs, or the sums are of no worth.
 * COST		Some 8 instructions a frame that has a struct page, and as many a deferred block.
 * FLOOR	page.
 * LINUX	has none.
 */
#include <mm/page.h>

#include <lib/check.h>
#include <lib/printk.h>
#include <mm/deferred.h>
#include <mm/pcp.h>
#include "impl.h"

struct sweep {
	int nid; /* one node at a time */
	bool ok;
	struct {
		unsigned long free, listed, used, reserved, deferred;
	} sum[MAX_NR_ZONES];
};

static bool fail(struct sweep *sweep, const char *rule, struct page *page)
{
	char text[128];

	page_describe(page, text, sizeof(text));
	pr_err("page_check: %s fails: state 0x%x, %d users; %s\n", rule, page->state,
	       page->refcount, text);
	sweep->ok = false;
	return false;
}

static bool fail_frame(struct sweep *sweep, const char *rule, unsigned long pfn)
{
	char text[128];

	page_describe(pfn_to_page(pfn), text, sizeof(text));
	pr_err("page_check: %s fails: no struct page is written; %s\n", rule, text);
	sweep->ok = false;
	return false;
}

/* Pages behind the first: nothing in a free block; in an allocated one what its owner may set. */
static bool check_inner(struct sweep *sweep, struct page *first)
{
	bool compound = first->flags & PG_HEAD;
	uint16_t allowed = first->flags & (PG_SLAB | PG_LARGE | PG_DEVMEM),
		 wanted = compound ? PG_TAIL : 0;
	struct page *page = first + 1, *end = first + (1UL << first->order);

	for (; page < end; page++) {
		if (unlikely((page->flags & ~allowed) != wanted || page->refcount ||
			     page->zone_node != first->zone_node))
			return fail(sweep, "P1", page);
		if (compound && page->head != first)
			return fail(sweep, "P1", page);
	}
	return true;
}

/* One block, or one reserved page; returns its length, 0 after a failure. */
static unsigned long check_block(struct sweep *sweep, const struct frame_run *run,
				 unsigned long pfn)
{
	struct page *page = pfn_to_page(pfn);
	bool is_listed = (page->flags & ~PG_TYPE_MASK) == PG_PCP;
	bool is_free = is_listed || page->flags == PG_BUDDY;
	unsigned long length = 1UL << page->order;

	if (page->flags == PG_RESERVED) {
		sweep->sum[run->type].reserved += run->ram;
		if (page->refcount || page->order)
			fail(sweep, "P2", page);
		return 1;
	}
	if ((!is_free && !(page->flags & PG_OWNED)) ||
	    page->flags & (PG_RESERVED | PG_TAIL | (is_free ? 0 : PG_BUDDY | PG_PCP)) ||
	    page->order >= MAX_ORDER || !IS_ALIGNED(pfn, length) || pfn + length > run->end ||
	    is_free != (page->refcount == 0)) {
		fail(sweep, "P1", page);
		return 0;
	}
	if (!run->ram)
		fail(sweep, "P2", page);
	if (is_listed)
		sweep->sum[run->type].listed += length;
	else
		*(is_free ? &sweep->sum[run->type].free : &sweep->sum[run->type].used) += length;
	return check_inner(sweep, page) ? length : 0;
}

/* Blocks that were not written; returns their length, 0 after a failure. */
static unsigned long check_blank(struct sweep *sweep, const struct frame_run *run,
				 unsigned long pfn)
{
	bool is_free = false;
	unsigned long length = run->ram ? deferred_length(pfn, run->end, &is_free) : 0;

	if (!length)
		fail_frame(sweep, "F1", pfn);
	if (is_free) {
		sweep->sum[run->type].free += length;
		sweep->sum[run->type].deferred += length >> MAX_PAGE_ORDER;
	} else {
		sweep->sum[run->type].reserved += length;
	}
	return length;
}

static bool check_run(const struct frame_run *run, void *context)
{
	struct sweep *sweep = context;
	uint8_t zone_node = (uint8_t)(run->type | run->nid << 2);
	unsigned long pfn, length;

	if (run->nid != sweep->nid)
		return true;
	for (pfn = run->start; pfn < run->end; pfn += length) {
		if (pfn_valid(pfn) && pfn_to_page(pfn)->zone_node != zone_node)
			return fail(sweep, "P1", pfn_to_page(pfn));
		length = pfn_valid(pfn) ? check_block(sweep, run, pfn)
					: check_blank(sweep, run, pfn);
		if (!length)
			return false;
	}
	return true;
}

static bool check_sum(const struct zone *zone, const char *rule, unsigned long counted,
		      unsigned long said)
{
	if (counted == said)
		return true;
	pr_err("page_check: %s fails in zone %s of node %d: %lu counted, %lu said\n", rule,
	       zone->name, zone->nid, counted, said);
	return false;
}

static bool check_node(int nid)
{
	struct sweep sweep = {.nid = nid, .ok = true};
	unsigned long free, listed, used, reserved;
	const struct zone *zone;
	enum zone_type type;

	if (!frames_visit(check_run, &sweep))
		return false;
	for (type = 0; type < MAX_NR_ZONES; type++) {
		zone = &NODE_DATA(nid)->zone[type];
		free = sweep.sum[type].free;
		listed = sweep.sum[type].listed;
		used = sweep.sum[type].used;
		reserved = sweep.sum[type].reserved;
		sweep.ok &= check_sum(zone, "P3 (present)", free + listed + used + reserved,
				      zone->present_pages);
		sweep.ok &= check_sum(zone, "P3 (managed)", free + listed + used,
				      zone->managed_pages);
		sweep.ok &= check_sum(zone, "P4 (free)", free, zone->nr_free);
		sweep.ok &= check_sum(zone, "P5 (per-CPU)", listed, zone_pcp_pages(zone));
		sweep.ok &= check_sum(zone, "F2 (deferred)", sweep.sum[type].deferred,
				      zone->nr_deferred);
	}
	return sweep.ok;
}

bool page_check(void)
{
	bool ok = true;
	int nid;

	for (nid = 0; nid < (int)nr_nodes; nid++)
		ok &= check_node(nid);
	return ok;
}
