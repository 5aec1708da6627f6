/* SPDX-License-Identifier: MIT */
/*
 * mm/migrate.h - pageblocks: what kind of pages each piece of a zone is meant for.
 *
 * A pageblock is 2^pageblock_order frames (512, 2 MiB). Each has a type, kept in four bits of
 * zone->pageblock_bits, stored as the difference from MIGRATE_MOVABLE so that a zeroed map says
 * "all movable", which is how zones start. (Linux: include/linux/pageblock-flags.h)
 */
#pragma once

#include <mm/zone.h>

#define PAGEBLOCK_BITS	     4
#define PAGEBLOCKS_IN_A_LONG (64 / PAGEBLOCK_BITS)

static inline unsigned long pageblock_index(const struct zone *zone, unsigned long pfn)
{
	return (pfn - zone->pageblock_base) >> zone->pageblock_order;
}

/* Bytes of the map for `nr` pageblocks. */
static inline size_t pageblock_map_size(unsigned long nr)
{
	return ALIGN_UP(nr, PAGEBLOCKS_IN_A_LONG) / PAGEBLOCKS_IN_A_LONG * sizeof(unsigned long);
}

/* The type of the pageblock that a frame of the zone lies in. Without zone->lock it is a hint. */
static inline enum migratetype pageblock_type(const struct zone *zone, unsigned long pfn)
{
	unsigned long index = pageblock_index(zone, pfn);
	unsigned long bits = READ_ONCE(zone->pageblock_bits[index / PAGEBLOCKS_IN_A_LONG]);

	bits >>= index * PAGEBLOCK_BITS % BITS_PER_LONG;
	return (enum migratetype)((bits & 7) ^ MIGRATE_MOVABLE);
}

/* Set the type of each pageblock of [pfn, pfn + 2^order), or of the one around it. The caller holds zone->lock. */
void pageblocks_set_type(struct zone *zone, unsigned long pfn, unsigned int order,
			 enum migratetype type);

/* Of a page that exists. The setter takes the lock, and moves the free pages of the pageblock too. (Linux's names) */
enum migratetype get_pageblock_migratetype(const struct page *page);
void set_pageblock_migratetype(struct page *page, enum migratetype type);

/* Blocks of these never join blocks of another type. */
static inline bool migratetype_is_mergeable(enum migratetype type)
{
	return type < MIGRATE_PCPTYPES;
}

/*
 * Move every free block of the pageblock around `pfn` to the lists of `type`, and make that the
 * pageblock's type. Returns the free pages that moved. The caller holds zone->lock.
 */
unsigned long move_freepages_block(struct zone *zone, unsigned long pfn, enum migratetype type);

/* "Unmovable", "Movable", ...; as in /proc/pagetypeinfo. */
const char *migratetype_name(enum migratetype type);

/* How many pageblocks of the zone are of each type. O(pageblocks). */
void pageblocks_count(const struct zone *zone, unsigned long nr[MIGRATE_TYPES]);

/* Free pages on the lists of one type. */
unsigned long zone_free_pages_of(const struct zone *zone, enum migratetype type);

/* Pages in CMA pageblocks. O(pageblocks). */
unsigned long zone_cma_pages(const struct zone *zone);

/* Which lists serve a mask. With grouping off, on machines of less than MIGRATE_TYPES pageblocks, all are one. */
extern gfp_t gfp_mobility_mask;

static inline enum migratetype gfp_migratetype(gfp_t gfp)
{
	return (enum migratetype)((gfp & gfp_mobility_mask) / __GFP_MOVABLE);
}
static_assert(__GFP_MOVABLE == 1U << 3 && __GFP_RECLAIMABLE == 1U << 4,
	      "two bits of the mask are the type");
