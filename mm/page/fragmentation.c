/* SPDX-License-Identifier: MIT */
/*
 * fragmentation.c - how broken up free memory is, in two figures.
 *
 * THE IDEA
 *	64 free pages in one block of order 6 serve any request up to that; the same 64 as single pages
 *	serve none above order 0. unusable_index says how much of the free memory is in pieces that are too small.
 *	extfrag_index asks what would help a request that fails: the more free blocks there are for what they hold, the
 *	more it is for lack of order and not for lack of memory.
 *
 * PICTURE	16 pages are free: x2 of order 2, x8 of order 0. A request of order 3:
 *
 *	unusable	16 of 16: 1.000
 *	extfrag		1 - (1 + 16/8) / 10 blocks = 0.700: moving them together would help
 *
 * LOCKING	None: a picture of the moment.
 * COST		O(MAX_ORDER).
 * FLOOR	page.
 * LINUX	mm/vmstat.c: __fragmentation_index(), unusable_free_index().
 */
#include <mm/compaction.h>

struct contents {
	unsigned long free_pages, free_blocks;
	unsigned long
		suitable; /* blocks of the order that is asked about, larger ones counted as many */
};

static struct contents contents_of(const struct zone *zone, unsigned int wanted)
{
	struct contents contents = {0};
	unsigned int order;

	for (order = 0; order < MAX_ORDER; order++) {
		unsigned long blocks = READ_ONCE(zone->free_area[order].nr_free);

		contents.free_blocks += blocks;
		contents.free_pages += blocks << order;
		if (order >= wanted)
			contents.suitable += blocks << (order - wanted);
	}
	return contents;
}

int extfrag_index(const struct zone *zone, unsigned int order)
{
	struct contents contents = contents_of(zone, order);
	unsigned long requested = 1UL << order;

	if (!contents.free_blocks)
		return 0;
	if (contents.suitable)
		return -1000;
	return 1000 - (int)((1000 + contents.free_pages * 1000 / requested) / contents.free_blocks);
}

int unusable_index(const struct zone *zone, unsigned int order)
{
	struct contents contents = contents_of(zone, order);

	if (!contents.free_pages)
		return 1000;
	return (int)((contents.free_pages - (contents.suitable << order)) * 1000 /
		     contents.free_pages);
}
