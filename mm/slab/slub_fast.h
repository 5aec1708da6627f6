/* SPDX-License-Identifier: MIT */
/*
 * slub_fast.h - the few steps that the single calls of slub.c and those of slub_bulk.c share; slub.c holds the theory.
 */
#pragma once

#include <lib/poison.h>
#include <mm/page.h>

#include "debug.h"
#include "slub_types.h"

#define ANY_NODE     (-1)
#define WHOLE_OBJECT SIZE_MAX

#define __always_inline inline __attribute__((always_inline))

/* The object becomes its owner's, who asked for `size` bytes. */
static __always_inline void *hand_out(const struct slub_cache *cache, void *object, size_t size)
{
	if (object)
		mem_unpoison(object, min(size, cache->common.object_size));
	return object;
}

/* Is the slab of the node that is wanted? */
static inline bool slab_suits(const struct slab *slab, int nid)
{
	return nid == ANY_NODE || page_to_nid((const struct page *)slab) == nid;
}

/* Is it this cache's? (slub_no_cpu has none.) */
static __always_inline bool cpu_serves(struct slub_cpu *cpu, const struct kmem_cache *cache)
{
	static_assert(offsetof(struct slub_cache, common) == 0, "one pointer is the other");
	return (const void *)arch_this_cpu_raw(cpu->cache) == (const void *)cache;
}

/* The struct page of an address says which cache to ask; false outside the span. */
static __always_inline bool span_guess(const void *object, struct slub_cpu **cpu)
{
	size_t offset = (uintptr_t)object - arch_this_cpu_raw(slub_span.start);
	const struct slab *page;

	if (unlikely(offset >= arch_this_cpu_raw(slub_span.size)))
		return false;
	page = arch_this_cpu_raw(slub_span.page) + (offset >> PAGE_SHIFT);
	*cpu = slub_cpu_guess[READ_ONCE(*(const uint8_t *)&page->state.id)]; /* its low byte */
	return true;
}

/* slub_cpu.c: an object from wherever there is one, and the CPU has its slab from then on; NULL without memory. */
void *cache_alloc_slow(struct slub_cache *cache, gfp_t gfp, int nid, size_t size);
