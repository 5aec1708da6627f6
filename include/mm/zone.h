/* SPDX-License-Identifier: MIT */
/*
 * mm/zone.h - memory of one node by what can reach it. (Linux: include/linux/mmzone.h)
 */
#pragma once

#include <config.h>
#include <lib/list.h>
#include <lib/spinlock.h>
#include <mm/gfp.h>
#include <mm/page.h>

/*
 * What kind of pages a pageblock is meant for, and a request asks for. The first three have per-CPU lists.
 * HIGHATOMIC has no blocks yet. (Linux: enum migratetype)
 */
enum migratetype {
	MIGRATE_UNMOVABLE,   /* the kernel's own: stays where it is */
	MIGRATE_MOVABLE,     /* its owner can move it: __GFP_MOVABLE */
	MIGRATE_RECLAIMABLE, /* can be had back by asking for it: __GFP_RECLAIMABLE */
	MIGRATE_PCPTYPES,
	MIGRATE_HIGHATOMIC = MIGRATE_PCPTYPES,
	MIGRATE_CMA,	 /* lent to movable pages only; never merged with others */
	MIGRATE_ISOLATE, /* nobody may allocate from it; never merged with others */
	MIGRATE_TYPES,
};

#define PAGEBLOCK_ORDER 9 /* of every real zone: 2 MiB */

/* Free blocks of one order. Of the largest some may be deferred: on no list, but in both counts (mm/deferred.h). */
struct free_area {
	struct list_head free_list[MIGRATE_TYPES];
	unsigned long nr_of_type[MIGRATE_TYPES]; /* blocks of each type */
	unsigned long nr_free;			 /* blocks in all of them */
};

struct per_cpu_pages;

enum zone_watermark { WMARK_MIN, WMARK_LOW, WMARK_HIGH, NR_WMARK };

struct zone {
	spinlock_t lock;	  /* protects free_area, nr_free and pageblock_bits */
	unsigned long nr_free;	  /* free pages: sum of nr_free blocks << order */
	unsigned long nr_taken;	  /* pages that left the buddy past the CPUs' lists since boot */
	unsigned long nr_missed;  /* that left it for who would rather have had another node's */
	unsigned long nr_foreign; /* that left other nodes' for want of some here */
	struct free_area free_area[MAX_ORDER];
	const char *name; /* "DMA", "DMA32", "Normal", "HighMem" */
	enum zone_type type;
	int nid;
	uint32_t state_bits; /* what page->state is where it says nothing but zone and node */
	unsigned long start_pfn;
	unsigned long spanned_pages; /* frames from the first to the last, holes included */
	unsigned long present_pages; /* RAM */
	unsigned long managed_pages; /* RAM that the buddy was given; the rest is reserved */
	unsigned long watermark[NR_WMARK];
	unsigned long lowmem_reserve
		[MAX_NR_ZONES]; /* kept from requests that admit zones up to that one */
	unsigned long fast_mark[MAX_NR_ZONES]; /* low and that reserve */
	struct per_cpu_pages
		*pageset; /* one for each possible CPU (mm/pcp.h); NULL in an unpopulated zone */
	unsigned long nr_deferred;    /* free blocks whose struct pages are not written */
	unsigned int deferred_from;   /* where to look for the next of them */
	unsigned long nr_isolated;    /* pageblocks of type MIGRATE_ISOLATE */
	unsigned long nr_cma;	      /* of type MIGRATE_CMA */
	unsigned int pageblock_order; /* PAGEBLOCK_ORDER, but for tests' own zones */
	unsigned long
		pageblock_base; /* first frame of the first pageblock; may lie before start_pfn */
	unsigned long *pageblock_bits; /* four bits a pageblock, see mm/migrate.h */
};

struct pglist_data {
	int nid;
	struct zone zone[MAX_NR_ZONES];
	unsigned long start_pfn, spanned_pages, present_pages;

	/* Where the node's reclaimer waits until one of its zones falls below low. (Linux: kswapd_wait, kswapd_order) */
	struct wait_queue_head *kswapd_wait;
	unsigned int kswapd_order; /* the largest that was asked for since it last looked */

	/*
	 * Where to look for memory, in this order: this node's populated zones from the highest down, then the other
	 * nodes', the nearest first (mm/node.h); NULL ends it. A request that admits zones up to `type` starts at zonelist_start[type]
	 * and passes over higher ones.
	 */
	struct zone *zonelist[MAX_NUMNODES * MAX_NR_ZONES + 1];
	struct zone **zonelist_start[MAX_NR_ZONES];
};

/* Nodes with an entry, 0 .. nr_nodes-1; NODE_DATA(nid) is never NULL for them. */
extern unsigned int nr_nodes;
extern struct pglist_data *node_data[MAX_NUMNODES];

static inline struct pglist_data *NODE_DATA(int nid)
{
	return node_data[nid];
}

/* By page->zone_node, so that page_zone() is one load. */
extern struct zone *zone_of_bits[MAX_NUMNODES * MAX_NR_ZONES];

static inline struct zone *page_zone(const struct page *page)
{
	return zone_of_bits[page->zone_node];
}

static inline bool populated_zone(const struct zone *zone)
{
	return zone->present_pages != 0;
}

/* What page->zone_node is for this zone's pages. */
static inline uint8_t zone_node_bits(const struct zone *zone)
{
	return (uint8_t)(zone->type | zone->nid << 2);
}

static inline bool zone_spans_pfn(const struct zone *zone, unsigned long pfn)
{
	return pfn - zone->start_pfn < zone->spanned_pages;
}

/* Make an empty zone: no pages, empty lists. */
void zone_init(struct zone *zone, enum zone_type type, int nid);

/* Every zone of every node, lowest first; unpopulated ones too. */
struct zone *zone_next(struct zone *zone); /* NULL starts; NULL ends */
#define for_each_zone(zone) for (zone = zone_next(NULL); zone; zone = zone_next(zone))
#define for_each_populated_zone(zone)                                                              \
	for_each_zone (zone)                                                                       \
		if (populated_zone(zone))

/*
 * The first frame above a zone type, on every node. What lies in [zone_end_pfn(type - 1),
 * zone_end_pfn(type)) belongs to it; where two ends are equal the zone is empty.
 */
unsigned long zone_end_pfn(enum zone_type type);

/* Set min, low and high of every zone from its managed pages, and the sum of min. (Linux: min_free_kbytes) */
void zones_set_watermarks(void);
unsigned long min_free_kbytes(void);

/*
 * The highest zone that a mask admits. Of limits that contradict each other the
 * strictest counts. Two bits for each of the eight combinations of the modifiers.
 */
static inline enum zone_type gfp_zone(gfp_t gfp)
{
	const unsigned int of_none = ZONE_NORMAL, of_highmem = ZONE_HIGHMEM << 2 * __GFP_HIGHMEM,
			   of_dma32 = ZONE_DMA32 << 2 * __GFP_DMA32 |
				      ZONE_DMA32 << 2 * (__GFP_DMA32 | __GFP_HIGHMEM);

	return (enum zone_type)((of_none | of_highmem | of_dma32) >> 2 * (gfp & GFP_ZONEMASK) & 3);
}
static_assert(ZONE_DMA == 0 && GFP_ZONEMASK == 7, "every mask with __GFP_DMA is ZONE_DMA");
