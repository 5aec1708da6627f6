/* SPDX-License-Identifier: MIT */
/*
 * cache_shrinker.c - when pages are short, free objects become pages again.
 *
 * THE IDEA
 *	A cache keeps emptied slabs, and each CPU a stack of free objects, because both are likely to be
 *	wanted again. When a request for a page finds none, that bet is off: better a slab made anew
 *	later than a request that fails now. So the caches are one shrinker among others, and the page floor asks
 *	it without knowing what a slab is.
 *
 *	A request for pages may come out of the middle of this floor (a cache that grows). The shrinker
 *	therefore waits for nothing: if somebody walks the chain of caches, it does nothing this time.
 *
 * PICTURE	alloc_pages() -> try_to_free_pages() -> shrink_slab() -> scan
 *
 *	cache_chain   kmem_cache -> kmalloc-8 -> ... -> dentry -> ...
 *	                                ^ last: the next scan goes on behind it, so that all have their turn
 *
 * LOCKING	the chain is tried, never waited for. No list's lock is held while pages are given back.
 *		Task context, whoever may sleep.
 * COST		A count walks the slabs of each cache; a scan drains and shrinks caches until enough went.
 * FLOOR	slab; registered with the page floor.
 * LINUX	2.6 had cache_reap() alone, every two seconds; shrinkers there belong to the owners of
 *		objects, and SLAB's free slabs waited for the reaper. SReclaimable is kept as there.
 */
#include <mm/slab.h>

#include <mm/shrinker.h>

#include "impl.h"

#define BATCH_PAGES 32

static struct kmem_cache *last; /* where the scan before stopped; may be gone by now */

static unsigned long cache_pages(struct kmem_cache *cache, bool idle_only)
{
	struct slab_info info;

	slab_get_info(cache, &info);
	return (idle_only ? info.slabs - info.active_slabs : info.slabs) << info.order;
}

/* Pages of slabs without an object in use. Objects parked with a CPU hide some: hence never 0. */
static unsigned long count_idle_pages(struct shrinker *shrinker, struct shrink_control *control)
{
	struct kmem_cache *cache = NULL;
	unsigned long pages = 1;

	(void)shrinker;
	(void)control;
	while (chain_try_next(&cache) && cache)
		pages += cache_pages(cache, true);
	return pages;
}

static unsigned long scan_caches(struct shrinker *shrinker, struct shrink_control *control)
{
	struct kmem_cache *cache = last;
	unsigned long freed = 0, before;
	unsigned int ends = 0;

	(void)shrinker;
	while (freed < control->nr_to_scan && ends < 2) {
		if (!chain_try_next(&cache))
			return freed ? freed : SHRINK_STOP;
		ends += !cache;
		if (!cache)
			continue;
		before = cache_pages(cache, false);
		kmem_cache_shrink(cache);
		freed += before - min(before, cache_pages(cache, false));
	}
	last = cache;
	control->nr_scanned = max(freed, control->nr_to_scan);
	return freed;
}

static struct shrinker cache_shrinker = {.count_objects = count_idle_pages,
					 .scan_objects = scan_caches,
					 .seeks = DEFAULT_SEEKS,
					 .batch = BATCH_PAGES};

void cache_shrinker_init(void)
{
	register_shrinker(&cache_shrinker);
}
