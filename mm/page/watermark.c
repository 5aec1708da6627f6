/* SPDX-License-Identifier: MIT */
/*
 * watermark.c - how little may be left free, and for whom.
 *
 * THE IDEA
 *	Who frees memory needs memory to do it, and an interrupt cannot wait until
 *	somebody has. So the last pages of a zone are not for everybody: below
 *	`low` the reclaimer should work, at `min` ordinary requests stop, and what
 *	is below is for those who cannot wait or who free memory by it.
 *
 * PICTURE	one zone, from full to empty; who may still take
 *
 *	high	all; here the reclaimer rests
 *	low	all, at first try
 *	min	all that have tried to reclaim
 *	1/2 min	__GFP_HIGH
 *	3/8 min	and cannot wait: GFP_ATOMIC
 *	0	__GFP_MEMALLOC, and who is reclaiming
 *
 *	min of the whole machine is sqrt(16 * lowmem in KiB) KiB: the reserve
 *	grows with memory, but slower. 1 GiB keeps 4 MiB, 16 GiB keep 16 MiB.
 *
 *	Free pages of CMA areas count only for those who can have them.
 *
 *	A low zone must also outlive a crowd that could use higher ones: it adds
 *	lowmem_reserve to the mark, a 256th of the memory above it for DMA and
 *	DMA32, a 32nd for Normal. No flag reduces that; only those who name the
 *	zone itself as their highest have none.
 *
 * LOCKING	Marks are written at boot and by min_free_kbytes_set(), a word at a time;
 *		a reader may see old ones and new ones together, which harms nobody.
 * COST		A check is a load, a subtraction and a comparison.
 * FLOOR	page.
 * LINUX	mm/page_alloc.c: calculate_min_free_kbytes(), __setup_per_zone_wmarks(),
 *		setup_per_zone_lowmem_reserve(), __zone_watermark_ok(), gfp_to_alloc_flags().
 *		The shares of min are those since 6.3. Without boosts.
 */
#include <mm/reclaim.h>

#include <lib/check.h>
#include <lib/errno.h>
#include <mm/migrate.h>
#include "impl.h"

unsigned int lowmem_reserve_ratio[MAX_NR_ZONES] = {256, 256, 32, 0};
static unsigned long min_free_pages;

static unsigned long square_root(unsigned long n)
{
	unsigned long root = 0, bit;

	for (bit = 1UL << 31; bit; bit >>= 1)
		if ((root | bit) * (root | bit) <= n)
			root |= bit;
	return root;
}

static unsigned long lowmem_pages(void)
{
	unsigned long sum = 0;
	struct zone *zone;

	for_each_zone (zone)
		if (zone->type != ZONE_HIGHMEM)
			sum += zone->managed_pages;
	return sum;
}

unsigned long min_free_kbytes(void)
{
	return min_free_pages * (PAGE_SIZE / KiB);
}

/* What each zone keeps from requests that admit zones up to `highest`: a part of the memory between. */
static void set_lowmem_reserve(struct zone *zone)
{
	const struct zone *of_node = NODE_DATA(zone->nid)->zone;
	unsigned int ratio = lowmem_reserve_ratio[zone->type];
	unsigned long above = 0;
	enum zone_type highest;

	for (highest = 0; highest < MAX_NR_ZONES; highest++) {
		if (highest > zone->type)
			above += of_node[highest].managed_pages;
		zone->lowmem_reserve[highest] = ratio && highest > zone->type ? above / ratio : 0;
	}
}

static unsigned long share_of_min(const struct zone *zone, unsigned long lowmem)
{
	if (!zone->managed_pages)
		return 0;
	/* High memory cannot help those who free memory, so it keeps next to nothing. */
	if (zone->type == ZONE_HIGHMEM)
		return max(32UL, min(128UL, zone->managed_pages / 1024));
	return lowmem ? min_free_pages * zone->managed_pages / lowmem : 0;
}

static void set_watermarks(struct zone *zone, unsigned long lowmem)
{
	unsigned long share = share_of_min(zone, lowmem);
	enum zone_type highest;

	zone->watermark[WMARK_MIN] = share;
	zone->watermark[WMARK_LOW] = share * 5 / 4;
	zone->watermark[WMARK_HIGH] = share * 3 / 2;
	set_lowmem_reserve(zone);
	for (highest = 0; highest < MAX_NR_ZONES; highest++)
		WRITE_ONCE(zone->fast_mark[highest],
			   zone->watermark[WMARK_LOW] + zone->lowmem_reserve[highest]);
	if (zone->pageset)
		pcp_set_limits(zone);
}

static void set_all_watermarks(void)
{
	unsigned long lowmem = lowmem_pages();
	struct zone *zone;

	for_each_zone (zone)
		set_watermarks(zone, lowmem);
	pcp_set_ways();
}

void zones_set_watermarks(void)
{
	unsigned long kbytes = square_root(lowmem_pages() * (PAGE_SIZE / KiB) * 16);

	min_free_pages = max(128UL, min(65536UL, kbytes)) / (PAGE_SIZE / KiB);
	set_all_watermarks();
}

int min_free_kbytes_set(unsigned long kbytes)
{
	if (!kbytes || kbytes / (PAGE_SIZE / KiB) > lowmem_pages() / 4)
		return -EINVAL;
	min_free_pages = kbytes / (PAGE_SIZE / KiB);
	set_all_watermarks();
	return 0;
}

int lowmem_reserve_ratio_set(const unsigned int ratio[MAX_NR_ZONES])
{
	enum zone_type type;

	for (type = 0; type < MAX_NR_ZONES; type++)
		if (ratio[type] > 1U << 20)
			return -EINVAL;
	for (type = 0; type < MAX_NR_ZONES; type++)
		lowmem_reserve_ratio[type] = ratio[type];
	set_all_watermarks();
	return 0;
}

/* --- who may go how far --------------------------------------------------------- */

unsigned int gfp_to_alloc_flags_cma(gfp_t gfp)
{
	return gfp_migratetype(gfp) == MIGRATE_MOVABLE ? ALLOC_CMA : 0;
}

unsigned int gfp_to_alloc_flags(gfp_t gfp)
{
	unsigned int flags = WMARK_MIN | gfp_to_alloc_flags_cma(gfp);

	if (!(gfp & __GFP_NOMEMALLOC) && (gfp & __GFP_MEMALLOC || reclaim_is_under_way()))
		return flags | ALLOC_NO_WATERMARKS;
	if (gfp & __GFP_HIGH)
		flags |= ALLOC_MIN_RESERVE;
	if (!(gfp & (__GFP_DIRECT_RECLAIM | __GFP_NOMEMALLOC)))
		flags |= ALLOC_NON_BLOCK;
	return flags;
}

/* Free pages that only movable requests can have. */
static unsigned long free_cma_pages(const struct zone *zone)
{
	unsigned long sum = 0;
	unsigned int order;

	for (order = 0; order < MAX_ORDER; order++)
		sum += READ_ONCE(zone->free_area[order].nr_of_type[MIGRATE_CMA]) << order;
	return sum;
}

unsigned long zone_spare(const struct zone *zone, unsigned int order, enum zone_type highest,
			 unsigned int alloc_flags)
{
	unsigned long mark = zone->watermark[alloc_flags & ALLOC_WMARK_MASK];
	unsigned long free = READ_ONCE(zone->nr_free);

	if (!(alloc_flags & ALLOC_CMA) && READ_ONCE(zone->nr_cma))
		free -= min(free, free_cma_pages(zone));
	ASSERT(order < MAX_ORDER && (alloc_flags & ALLOC_WMARK_MASK) < NR_WMARK, "order %u", order);
	if (alloc_flags & ALLOC_NO_WATERMARKS)
		return max(free, 1UL); /* none free, but what lies in a list may still serve */
	if (alloc_flags & ALLOC_MIN_RESERVE) {
		mark -= mark / 2;
		if (alloc_flags & ALLOC_NON_BLOCK)
			mark -= mark / 4;
	}
	mark += zone->lowmem_reserve[highest] + (1UL << order) - 1;
	return free > mark ? free - mark : 0;
}
