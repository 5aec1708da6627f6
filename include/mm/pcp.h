/* SPDX-License-Identifier: MIT */
/*
 * mm/pcp.h - small blocks that each CPU keeps at hand, so that most requests take no lock.
 *
 * For each zone and CPU one list for each order up to PCP_MAX_ORDER and each type that a
 * request may have. Pages here are in nobody's use, but no free pages either: MemFree
 * does not count them. (Linux: struct per_cpu_pages, include/linux/mmzone.h)
 */
#pragma once

#include <mm/zone.h>

#define PCP_MAX_ORDER 3
#define NR_PCP_LISTS  ((PCP_MAX_ORDER + 1) * MIGRATE_PCPTYPES)

/*
 * All but `high`, `batch` and `largest` is touched by who has `locked`, mostly the CPU itself. Whoever may be an interrupt
 * only tries for it, and does without the lists where it is taken: the task below it may have it.
 */
struct per_cpu_pages {
	uint32_t locked;
	int count;		/* pages in all lists, `large` not counted */
	int high;		/* the most that may stay; 0 turns the lists off */
	int batch;		/* pages moved at once */
	unsigned int largest;	/* the highest order of `large`; 0: it is not used */
	struct page *large;	/* the block of a higher order that came back last, or NULL */
	struct zone *zone;	/* whose pages they are; NULL: nobody's */
	unsigned long nr_taken; /* pages that left the buddy for this CPU; under zone->lock */
	struct list_head lists[NR_PCP_LISTS]; /* hot pages at the head, cold at the tail */
} __aligned(256);
static_assert(sizeof(struct per_cpu_pages) == 256,
	      "an index into a pageset is a shift, and a list finds its pageset by rounding down");

static inline unsigned int pcp_list_index(unsigned int order, enum migratetype type)
{
	return type * (PCP_MAX_ORDER + 1) + order;
}

/* Make one empty; it holds nothing until it has limits. */
void pcp_list_init(struct per_cpu_pages *pcp, struct zone *zone);

/* The highest order of which one CPU may hold a block besides: at most a 64th of its share of the zone. Pure. */
unsigned int pcp_largest(unsigned long managed_pages, unsigned int nr_cpus);

/* Batch and high from the zone's size and low watermark, shared by `nr_cpus`. Pure. (Linux: zone_batchsize, zone_highsize) */
int pcp_batch(unsigned long managed_pages);
int pcp_high(unsigned long low_watermark, unsigned int nr_cpus, int batch);

/* Take a block, or NULL. `cold`: of the tail. `spare` is how far the zone may fall by a refill. This CPU's lists, or the buddy where they are locked. Any context. */
struct page *pcp_take(struct zone *zone, unsigned int order, enum migratetype type, bool cold,
		      unsigned long spare);

/*
 * Give a block without users that says PG_PCP, its order and its type. At the head, or `cold` at the tail; one of an
 * isolated pageblock goes straight to the buddy. Any context.
 */
void pcp_give(struct zone *zone, struct page *page, bool cold);

/*
 * Give back to the buddy all that the lists hold: this CPU's, one CPU's, every CPU's. Any context; an interrupt passes
 * over lists that somebody works on.
 */
void drain_local_pages(void);
void drain_pages_zone(struct zone *zone, unsigned int cpu);
void drain_all_pages(void);

/* No pages stay in the lists between these two, which nest: each request and each free reaches the buddy, one block at a time. */
void pcp_disable(void);
void pcp_enable(void);
bool pcp_is_enabled(void);

unsigned long zone_pcp_pages(const struct zone *zone); /* of all CPUs */
unsigned long nr_pcp_pages(void);		       /* of all zones */
unsigned long nr_idle_pages(void); /* free, or in per-CPU lists: what nobody uses */

/* Pages that left the zone's buddy since boot; and of those what was for CPUs of other nodes. */
unsigned long zone_pages_taken(const struct zone *zone);
unsigned long zone_pages_for_others(const struct zone *zone);

/* Proves L1 to L4 of one zone's lists. */
bool pcp_check(struct zone *zone);
