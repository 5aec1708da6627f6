/* SPDX-License-Identifier: MIT */
/*
 * deferred.c - write the struct pages of a free block when it is wanted, not at boot.
 *
 * THE IDEA
 *	A struct page costs some five instructions to write, and 4 TiB have a
 *	thousand million of them: minutes of boot and 32 GiB of memory that is
 *	touched, to say of each frame that it is free. But a free block of the
 *	largest order needs no more than one bit: "free, and nothing is written".
 *	So the handover writes struct pages only of blocks that are partly taken,
 *	and notes where the whole ones lie. vmemmap is mapped all the same, by
 *	large leaves onto memory that nobody has touched.
 *
 *	When a zone's list of the largest order runs empty one deferred block is
 *	pulled: its 1024 struct pages are written and it is put on the list. That
 *	happens as soon as the last one leaves it, so the list has a block as long as there is any,
 *	and no other code has to know: a request finds it before it turns to
 *	other types or zones, and pulls at most one block, some 5,000 instructions.
 *
 *	What holds the struct pages themselves is the other kind of block that need
 *	not be written: nobody frees it, nobody asks of it. For 4 TiB that are 8192 blocks.
 *
 * PICTURE	units of 1024 frames; a bit of page_unit_chunks each
 *
 *	RAM	[image, early][ free     free     free     free ][struct pages]
 *	bit	       1          1        0        0        0          0
 *		   written      pulled     \___ deferred ___/	    reserved
 *				on a list   counted as free
 *
 * INVARIANTS	(page_check() and buddy_check() prove them, deferred_test.c breaks them)
 *	F1  A block without struct pages is whole: RAM, one zone, and either free or struct-page memory.
 *	F2  The free ones of a zone are its nr_deferred; its largest free_area counts them among
 *	    the movable, and so says the map of pageblocks.
 *	F3  While a zone has deferred blocks its list of the largest order and type movable is not empty.
 *
 * LOCKING	zone->lock for a block of that zone. The bits are set atomically, since zones share words, and
 *		after the struct pages are written.
 * COST		A bit for each block, 512 bytes for 16 GiB. A question about a frame is O(ranges), at most 64.
 * FLOOR	page. Called by free_list.h and handover.c, and by who walks frames.
 * LINUX	mm/mm_init.c: deferred_init_memmap(), deferred_grow_zone(). There threads write
 *		the rest after boot; here nobody does before it is wanted.
 */
#include <mm/deferred.h>

#include <lib/check.h>
#include <lib/cmdline.h>
#include <lib/errno.h>
#include <lib/init.h>
#include <lib/printk.h>
#include <lib/string.h>
#include <mm/early.h>
#include <mm/memblock.h>
#include <mm/migrate.h>
#include "free_list.h"
#include "impl.h"

/* Whole blocks of one zone that were not written at the handover. Constant but for `next`. */
struct blank_range {
	unsigned long start, end; /* pfns */
	unsigned long next;	  /* blocks below it have struct pages */
	struct zone *zone;
	bool is_free; /* else it holds struct pages */
};

#define MAX_RANGES 64
static struct blank_range ranges[MAX_RANGES];
static unsigned int nr_ranges;

/* --- questions ---------------------------------------------------------------- */

static struct blank_range *find_range(unsigned long pfn)
{
	unsigned int i;

	for (i = 0; i < nr_ranges; i++)
		if (pfn >= ranges[i].start && pfn < ranges[i].end)
			return &ranges[i];
	return NULL;
}

bool pfn_is_deferred(unsigned long pfn)
{
	const struct blank_range *range = pfn_valid(pfn) ? NULL : find_range(pfn);

	return range && range->is_free;
}

bool page_is_deferred(const struct page *page)
{
	uintptr_t offset = (uintptr_t)page - arch_region_base(REGION_VMEMMAP);

	return offset % sizeof(struct page) == 0 && pfn_is_deferred(offset / sizeof(struct page));
}

bool zone_has_frame(const struct zone *zone, unsigned long pfn)
{
	const struct blank_range *range;

	if (!zone_spans_pfn(zone, pfn))
		return false;
	if (pfn_valid(pfn))
		return pfn_to_page(pfn)->zone_node == zone_node_bits(zone);
	range = find_range(pfn);
	return range && range->zone == zone;
}

unsigned long nr_deferred_blocks(void)
{
	unsigned long sum = 0;
	struct zone *zone;

	for_each_zone (zone)
		sum += READ_ONCE(zone->nr_deferred);
	return sum;
}

unsigned long deferred_length(unsigned long pfn, unsigned long end, bool *is_free)
{
	const struct blank_range *range = pfn_valid(pfn) ? NULL : find_range(pfn);
	unsigned long at = pfn;

	if (!range || !IS_ALIGNED(pfn, MAX_ORDER_NR_PAGES))
		return 0;
	end = min(end, range->end);
	while (at + MAX_ORDER_NR_PAGES <= end && !pfn_valid(at))
		at += MAX_ORDER_NR_PAGES;
	*is_free = range->is_free;
	return at - pfn;
}

unsigned long blank_next(unsigned long pfn, unsigned long end, unsigned long *blank_end)
{
	unsigned long first = end;
	unsigned int i;

	*blank_end = end;
	for (i = 0; i < nr_ranges; i++) {
		if (ranges[i].end <= pfn || ranges[i].start >= first)
			continue;
		first = max(pfn, ranges[i].start);
		*blank_end = min(end, ranges[i].end);
	}
	return first;
}

/* --- writing a block ------------------------------------------------------------ */

static void write_block(const struct blank_range *range, unsigned long pfn)
{
	struct zone *zone = range->zone;
	struct page *page = pfn_to_page(pfn);
	unsigned int flags = range->is_free ? 0 : PG_RESERVED;

	ASSERT(spin_is_locked(&zone->lock) && !pfn_valid(pfn), "pfn 0x%lx", pfn);
	frames_write(pfn, pfn + MAX_ORDER_NR_PAGES, page_state(flags, 0, zone_node_bits(zone)));
	if (range->is_free) {
		CHECK(zone->nr_deferred > 0 && pageblock_type(zone, pfn) == MIGRATE_MOVABLE,
		      "zone %s, pfn 0x%lx: %lu deferred", zone->name, pfn, zone->nr_deferred);
		poison_block(page, MAX_PAGE_ORDER);
		page->state = page_state(PG_BUDDY, MAX_PAGE_ORDER, page->zone_node);
		list_add_tail(&page->lru,
			      &zone->free_area[MAX_PAGE_ORDER].free_list[MIGRATE_MOVABLE]);
		zone->nr_deferred--;
	}
	units_set_written(pfn >> PAGE_UNIT_SHIFT, (pfn >> PAGE_UNIT_SHIFT) + 1);
}

void deferred_pull(struct zone *zone)
{
	struct blank_range *range;
	unsigned long pfn;

	for (; zone->deferred_from < nr_ranges; zone->deferred_from++) {
		range = &ranges[zone->deferred_from];
		while (range->zone == zone && range->is_free && range->next < range->end) {
			pfn = range->next;
			range->next += MAX_ORDER_NR_PAGES;
			if (pfn_valid(pfn))
				continue;
			write_block(range, pfn);
			return;
		}
	}
	panic("zone %s of node %d: %lu deferred blocks are nowhere", zone->name, zone->nid,
	      zone->nr_deferred);
}

struct page *page_materialise(unsigned long pfn)
{
	const struct blank_range *range = find_range(pfn);
	unsigned long flags;

	if (range) {
		spin_lock_irqsave(&range->zone->lock, flags);
		if (!pfn_valid(pfn))
			write_block(range, ALIGN_DOWN(pfn, MAX_ORDER_NR_PAGES));
		spin_unlock_irqrestore(&range->zone->lock, flags);
	}
	return pfn_valid(pfn) ? pfn_to_page(pfn) : NULL;
}

void page_materialise_all(void)
{
	unsigned long pfn;
	unsigned int i;

	for (i = 0; i < nr_ranges; i++)
		for (pfn = ranges[i].start; pfn < ranges[i].end; pfn += MAX_ORDER_NR_PAGES)
			page_materialise(pfn);
}

/* --- at the handover -------------------------------------------------------------- */

static __init unsigned int smallest_range(void)
{
	unsigned int i, least = 0;

	for (i = 1; i < nr_ranges; i++)
		if (ranges[i].end - ranges[i].start < ranges[least].end - ranges[least].start)
			least = i;
	return least;
}

/* Of more than MAX_RANGES the largest are kept; the struct pages of the others are written at the handover. */
static __init void add_range(const struct blank_range *range)
{
	unsigned int at = nr_ranges < MAX_RANGES ? nr_ranges++ : smallest_range();

	if (range->end - range->start > ranges[at].end - ranges[at].start)
		ranges[at] = *range;
}

/* The whole blocks of [start, end), zone by zone. */
static __init void add_blocks(unsigned long start, unsigned long end, int nid, bool is_free)
{
	struct blank_range range = {.is_free = is_free};
	unsigned long stop;

	for (; start < end; start = stop) {
		range.zone = zone_of_frame(nid, start);
		stop = min(end, zone_end_pfn(range.zone->type));
		range.start = range.next = ALIGN_UP(start, MAX_ORDER_NR_PAGES);
		range.end = ALIGN_DOWN(stop, MAX_ORDER_NR_PAGES);
		if (range.start < range.end)
			add_range(&range);
	}
}

static __init bool is_wanted(void)
{
	char value[8];

	if (cmdline_value("deferred", value, sizeof(value)) == -ENOENT || !strcmp(value, "on"))
		return true;
	if (strcmp(value, "off"))
		pr_warn("page: deferred=%s is neither on nor off: struct pages are deferred",
			value);
	return strcmp(value, "off") != 0;
}

__init void deferred_choose(void)
{
	unsigned long cursor = 0, start, end;
	unsigned int i;
	int nid;

	if (!is_wanted())
		return;
	while (early_next_free_range(&cursor, &start, &end, &nid))
		add_blocks(start, end, nid, true);
	for (i = 0; struct_page_piece(i, &start, &end); i++) {
		nid = memblock_search_pfn_nid(start, NULL, NULL);
		add_blocks(start, end, nid, false);
	}
}

void deferred_give(struct zone *zone, unsigned long start, unsigned long end)
{
	struct free_area *area = &zone->free_area[MAX_PAGE_ORDER];
	unsigned long nr = (end - start) >> MAX_PAGE_ORDER;

	ASSERT(IS_ALIGNED(start | end, MAX_ORDER_NR_PAGES), "pfns 0x%lx to 0x%lx", start, end);
	zone->nr_deferred += nr;
	zone->nr_free += end - start;
	area->nr_free += nr;
	area->nr_of_type[MIGRATE_MOVABLE] += nr;
}
