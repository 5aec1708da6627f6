/* SPDX-License-Identifier: MIT */
/*
 * mm/deferred.h - free blocks whose struct pages are not written yet.
 *
 * A deferred block has the largest order (1024 frames, MAX_ORDER_NR_PAGES). In every figure it is a free
 * block like others: zone->nr_free, free_area[MAX_PAGE_ORDER], MemFree, /proc/buddyinfo. It has no struct page
 * that may be read, so pfn_valid() says no. Nobody who allocates pages ever sees
 * the difference; who goes through memory by frame number does, and asks here. (Linux: DEFERRED_STRUCT_PAGE_INIT)
 */
#pragma once

#include <mm/zone.h>

/* Is the frame free, in a deferred block? A hint without the zone's lock: the block may be pulled the next moment. O(ranges), any context. */
bool pfn_is_deferred(unsigned long pfn);

/* The same of what may be the struct page of such a frame; any pointer may be asked about. */
bool page_is_deferred(const struct page *page);

/*
 * The struct page of a frame of RAM, written now if it was not; NULL where there is no RAM. Takes the zone's
 * lock and holds it for 1024 struct pages at most; any context that may take it.
 */
struct page *page_materialise(unsigned long pfn);

/* Write all that are left: for features that must see every free block. Any context that may take the zones' locks. */
void page_materialise_all(void);

/* Is the frame one of this zone's, with a struct page or without? Any context. */
bool zone_has_frame(const struct zone *zone, unsigned long pfn);

/* Blocks that are deferred now, in all zones. */
unsigned long nr_deferred_blocks(void);

/*
 * The frames from `pfn` on, up to `end`, that are alike in having no struct page, in whole blocks, and whether these are
 * free (deferred) or reserved (they hold struct pages). 0: the frame has one, or is no RAM. For page_check().
 */
unsigned long deferred_length(unsigned long pfn, unsigned long end, bool *is_free);
