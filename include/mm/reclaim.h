/* SPDX-License-Identifier: MIT */
/*
 * mm/reclaim.h - what happens when free memory runs short: marks, reserves, shrinkers, the end.
 */
#pragma once

#include <mm/shrinker.h>
#include <mm/zone.h>

/* What a request may do to a zone; the low bits are the mark that it stops at. (Linux: mm/internal.h) */
enum alloc_flags {
	ALLOC_WMARK_MASK = 3,	 /* an enum zone_watermark */
	ALLOC_NO_WATERMARKS = 4, /* down to nothing: who frees memory by it */
	ALLOC_MIN_RESERVE = 8,	 /* __GFP_HIGH: half of min */
	ALLOC_NON_BLOCK = 16,	 /* and cannot wait: another quarter of that */
	ALLOC_CMA = 32,		 /* may have CMA's pages, so that they count */
};

/* How far a mask may go once ordinary memory is short. Of MEMALLOC and NOMEMALLOC the latter counts. Pure. */
unsigned int gfp_to_alloc_flags(gfp_t gfp);

/* ALLOC_CMA for a movable request, else 0. (Linux: gfp_to_alloc_flags_cma) */
unsigned int gfp_to_alloc_flags_cma(gfp_t gfp);

/*
 * The pages that a request of 2^order, which admits zones up to `highest`, may take from the zone and stay above its mark:
 * 0 none. lowmem_reserve is never reduced. (Linux: __zone_watermark_ok)
 */
unsigned long zone_spare(const struct zone *zone, unsigned int order, enum zone_type highest,
			 unsigned int alloc_flags);

/* Set by hand, 0 < kbytes; marks, reserves and per-CPU limits follow. More than a quarter of memory is refused: -EINVAL. */
int min_free_kbytes_set(unsigned long kbytes);

/* The share of the zones above that a zone keeps from their requests: 1/ratio; 0 nothing. (Linux: sysctl_lowmem_reserve_ratio) */
extern unsigned int lowmem_reserve_ratio[MAX_NR_ZONES];

/* All four at once; reserves and marks follow. A ratio beyond 2^20 is refused: -EINVAL, nothing is changed. */
int lowmem_reserve_ratio_set(const unsigned int ratio[MAX_NR_ZONES]);

/*
 * Ask every shrinker, from priority 12 (a 4096th) to 0 (all), until some pages' worth went. Returns what they say they
 * freed. Inside a shrinker it does nothing and returns 0. Whoever may sleep. (Linux: try_to_free_pages)
 */
unsigned long try_to_free_pages(gfp_t gfp);

/*
 * Is this task inside try_to_free_pages()? Its requests then use the last reserves and never reclaim. An interrupt that
 * came in the middle has no part in that. (Linux: PF_MEMALLOC)
 */
bool reclaim_is_under_way(void);

/* Wake whoever reclaims for the node of this zone, if it sleeps. Any context. (Linux: wakeup_kswapd) */
void wakeup_kswapd(struct zone *zone, unsigned int order);

/*
 * Out of memory: `report` says who holds what (mm/report_oom.c); `handler` makes room and says true, or there is
 * nothing to be done. Neither may allocate without __GFP_NORETRY. NULL: nobody. Set once, at boot.
 */
void oom_set_report(void (*report)(gfp_t gfp, unsigned int order));
void oom_set_handler(bool (*handler)(gfp_t gfp, unsigned int order));

/* Report, then the handler. False: nothing was done. For the slow path of alloc_pages(). */
bool out_of_memory(gfp_t gfp, unsigned int order);
void oom_tell(gfp_t gfp, unsigned int order); /* the report alone */
