/* SPDX-License-Identifier: MIT */
/*
 * mm/compaction.h - large blocks made by moving small ones together, and figures of how badly they are wanted.
 * (Linux: include/linux/compaction.h)
 */
#pragma once

#include <mm/gfp.h>
#include <mm/zone.h>

/*
 * For a request that found no block: move pages in each zone that it admits, until one has a free block of its
 * order. False: none has. It rests after failures, longer each time. Task context.
 */
bool try_to_compact_pages(gfp_t gfp, unsigned int order);

/* Pages that move at once: so many at most stay where they are when the places run out. */
#define COMPACT_CLUSTER_MAX 32

/* Compact every zone wholly; what compaction did not yet try again is tried. Task context. (Linux: /proc/sys/vm/compact_memory) */
void compact_all(void);

/* Since boot. (Linux's events in /proc/vmstat) */
struct compact_stats {
	unsigned long migrate_scanned, free_scanned; /* frames that the scanners looked at */
	unsigned long isolated; /* pages that were taken to move, and free ones for them */
	unsigned long migrated, not_migrated;
	unsigned long stall, success, fail; /* requests that waited for it, and how it ended */
};
void compact_get_stats(struct compact_stats *stats);

/*
 * Why would a request of that order fail in this zone? Towards 0 for want of memory, towards 1000 because what is free is in small
 * pieces; -1000: it would not fail. (Linux: /sys/kernel/debug/extfrag/extfrag_index, with three decimals)
 */
int extfrag_index(const struct zone *zone, unsigned int order);

/* The share of free memory, in thousandths, that a request of that order cannot use. (Linux: unusable_index) */
int unusable_index(const struct zone *zone, unsigned int order);
