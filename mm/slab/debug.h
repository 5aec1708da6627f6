/* SPDX-License-Identifier: MIT */
/*
 * debug.h - the layer that watches objects, as an implementation sees it; debug.c holds the theory.
 *
 * Every function here but the first two is called for caches that are debugged only. They take no
 * locks but the report's, and allocate nothing.
 */
#pragma once

#include "impl.h"

static inline bool cache_is_debugged(const struct kmem_cache *cache)
{
	return unlikely(cache->flags & SLAB_DEBUG_FLAGS);
}

/*
 * Sets red_left, inuse and tracks, and `size`, a multiple of align, the bytes from one object to the next. `reserve` bytes, a
 * multiple of 8, are the implementation's own, at object + cache->inuse: where a free object's contents may not be written
 * (debugging with poison, a constructor). Also for caches that are not debugged.
 */
void debug_layout(struct kmem_cache *cache, size_t reserve);

/* A slab is made: `nr` free objects, `cache->size` apart. Constructors are the implementation's, before this. */
void debug_objects_init(struct kmem_cache *cache, void *first, unsigned int nr);

/*
 * A free object is about to go to an owner who asked for `size` bytes: is it what it was left as? False: it is not; that has been reported and
 * repaired, and the object is to be set aside (marked as in use for ever).
 */
bool debug_alloc_object(struct kmem_cache *cache, void *object, size_t size);

/*
 * The owner gives an object back, which is known to be one of this cache and in use. Overruns are reported and repaired; then it is
 * poisoned. False: it must not become free.
 */
bool debug_free_object(struct kmem_cache *cache, void *object);

/* `fail_slab=`: shall this request fail? For the slow way of every cache; a CPU that is to ask takes it always. */
bool debug_should_fail(const struct kmem_cache *cache, gfp_t gfp);

/* Who allocated and who freed, as lines of the open report. Any cache, any object. */
void debug_report_tracks(const struct kmem_cache *cache, const void *object);
