/* SPDX-License-Identifier: MIT */
/*
 * handover.c - the buddy takes what the early allocator has left.
 *
 * THE IDEA
 *	Early knows nothing of pages: it is asked for its free ranges, one after
 *	the other, and last for what it stood on itself. A range [start, end)
 *	becomes the fewest blocks: at each frame the largest block that may
 *	start there and still ends inside. Frames 1..15 are blocks 1, 2..3,
 *	4..7 and 8..15; each is one step, so 4 GiB are some thousand of them.
 *
 * PICTURE	frames 1 to 15, given in this order
 *
 *	|1|2   3|4           7|8                           15|
 *	 0   1        2                     3			orders
 *
 * LOCKING	Boot CPU; the zone's lock is taken a range at a time.
 * COST		1.4 instructions a page to clear PG_RESERVED.
 * FLOOR	page.
 * LINUX	mm/memblock.c: memblock_free_all(), __free_pages_memory();
 *		there early pushes its memory up into the buddy.
 */
#include <mm/page.h>

#include <lib/bits.h>
#include <lib/check.h>
#include <lib/init.h>
#include <lib/poison.h>
#include <mm/buddy.h>
#include <mm/early.h>
#include "free_list.h"
#include "impl.h"

/* The order of the largest block that starts at `start` and ends in [start, end). */
static unsigned int largest_order(unsigned long start, unsigned long end)
{
	unsigned int aligned = start ? lowest_bit(start) : MAX_PAGE_ORDER;
	unsigned int fits = ilog2(end - start);

	ASSERT(start < end, "pfns 0x%lx to 0x%lx", start, end);
	return min((unsigned int)MAX_PAGE_ORDER, min(aligned, fits));
}

static void give_range(struct zone *zone, unsigned long start, unsigned long end)
{
	unsigned long pfn;
	unsigned int order;

	frames_clear_reserved(start, end);
	if (zone->type != ZONE_HIGHMEM)
		mem_poison(phys_to_virt((phys_addr_t)start << PAGE_SHIFT), (end - start)
										   << PAGE_SHIFT);
	for (pfn = start; pfn < end; pfn += 1UL << order) {
		order = largest_order(pfn, end);
		buddy_give(zone, pfn_to_page(pfn), order);
	}
}

static void zone_add_free(struct zone *zone, unsigned long start, unsigned long end)
{
	unsigned long flags, stop, blank_end;

	spin_lock_irqsave(&zone->lock, flags);
	zone->managed_pages += end - start;
	CHECK(zone->managed_pages <= zone->present_pages, "zone %s: %lu of %lu", zone->name,
	      zone->managed_pages, zone->present_pages);
	for (; start < end; start = blank_end) {
		stop = blank_next(start, end, &blank_end);
		if (start < stop) {
			give_range(zone, start, stop);
			blank_end = stop;
		} else {
			deferred_give(zone, start, blank_end);
		}
	}
	spin_unlock_irqrestore(&zone->lock, flags);
}

/* A range may cross the end of a zone. */
static unsigned long add_free_range(unsigned long start, unsigned long end, int nid)
{
	unsigned long at = start, stop;
	struct zone *zone;

	for (; at < end; at = stop) {
		zone = zone_of_frame(nid, at);
		stop = min(end, zone_end_pfn(zone->type));
		CHECK(zone_spans_pfn(zone, at) && zone_spans_pfn(zone, stop - 1),
		      "pfns 0x%lx to 0x%lx, zone %s", at, stop, zone->name);
		zone_add_free(zone, at, stop);
	}
	return end - start;
}

static __init void top_up(struct zone *zone)
{
	unsigned long flags;

	spin_lock_irqsave(&zone->lock, flags);
	free_list_top_up(zone);
	spin_unlock_irqrestore(&zone->lock, flags);
}

__init unsigned long page_take_free(void)
{
	unsigned long cursor = 0, start, end, nr_pages = 0;
	struct zone *zone;
	int nid;

	deferred_choose();
	frames_write_reserved();
	while (early_next_free_range(&cursor, &start, &end, &nid))
		nr_pages += add_free_range(start, end, nid);

	/* Last, what early itself stood on: nobody reads it any more. */
	while (early_close(&start, &end))
		nr_pages += add_free_range(start, end, page_to_nid(pfn_to_page(start)));

	for_each_populated_zone (zone)
		top_up(zone);
	mobility_init();
	zones_set_watermarks();
	CHECK(nr_pages == totalram_pages(), "%lu taken, %lu managed", nr_pages, totalram_pages());
	return nr_pages;
}

unsigned long free_reserved_pages(unsigned long start_pfn, unsigned long nr_pages)
{
	int nid = page_to_nid(pfn_to_page(start_pfn));
	unsigned long pfn, end = start_pfn + nr_pages;

	for (pfn = start_pfn; pfn < end; pfn++)
		CHECK(pfn_valid(pfn) &&
			      pfn_to_page(pfn)->state ==
				      page_state(PG_RESERVED, 0, pfn_to_page(pfn)->zone_node),
		      "pfn 0x%lx is not reserved", pfn);
	add_free_range(start_pfn, end, nid);
	zones_set_watermarks();
	return nr_pages;
}
