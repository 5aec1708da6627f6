/* SPDX-License-Identifier: MIT */
/*
 * debug.h - the layer that watches objects, as an implementation sees it; debug.c holds the theory.
 *
 * The functions that take an object are called for caches that are debugged only. They take no
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
 * A free object is about to go to an owner who asked for `size` bytes: is it what it was left as? If it is not, that is reported and
 * repaired. False: the object is to be set aside (marked as in use for ever); repair makes that needless.
 */
bool debug_alloc_object(struct kmem_cache *cache, void *object, size_t size);

/*
 * The owner gives an object back, which is known to be one of this cache and in use. Overruns are reported and repaired; then it is
 * poisoned. False: it must not become free.
 */
bool debug_free_object(struct kmem_cache *cache, void *object);

/* What of an allocated object its owner may use: what was asked for. Any cache. */
size_t debug_usable_size(const struct kmem_cache *cache, const void *object);

/* Flags that `slab_debug=` and /proc/sys/vm/slab_debug add to those of a cache that is made now. */
slab_flags_t debug_flags_for(const char *name);

/* Reads `slab_debug=` and `fail_slab=`; before the first cache, once. */
void debug_init(void);

/* `fail_slab=`: shall this request fail? For the slow way of every cache; debug_fail_slab_changed() says who takes it. */
bool debug_should_fail(const struct kmem_cache *cache, gfp_t gfp);

/* From now on every request (true), or only those that do anyway, take the slow way. The implementation's. */
void impl_see_every_request(bool every);

/* ---- debug_report.c ---- */

enum track_kind { TRACK_ALLOC, TRACK_FREE, NR_TRACKS };

#define TRACK_DEPTH 6 /* callers that an object remembers even when the depot of stacks is closed */

struct slab_track {
	uintptr_t caller[TRACK_DEPTH]; /* innermost first; 0: never happened */
	uint64_t when_ms;
	uint32_t stack; /* in the depot; 0: none */
	uint32_t cpu;
};

/* Behind the red zone, at object + cache->tracks. */
struct slab_meta {
	uint64_t requested;	   /* bytes that the owner asked for */
	struct slab_track track[]; /* two, with SLAB_STORE_USER */
};

static inline struct slab_meta *object_meta(const struct kmem_cache *cache, const void *object)
{
	return (struct slab_meta *)((uintptr_t)object + cache->tracks);
}

/* A stretch of bytes that should all have one value. */
struct pattern_fault {
	const char *what;	     /* "Right Redzone", "Poison", ... */
	unsigned char *first, *last; /* that differ, inclusive */
	unsigned char wanted;
};

/* Says it, with the object, its neighbours, its owner and the bytes. (Linux: object_err, print_trailer) */
void debug_report_fault(const struct kmem_cache *cache, const void *object,
			const struct pattern_fault *fault);

/* Writes the right bytes, counts and says so. (Linux: restore_bytes) */
void debug_repair(const struct kmem_cache *cache, const struct pattern_fault *fault);

/* Who allocated and who freed, as lines of the open report. Any cache, any object. */
void debug_report_tracks(const struct kmem_cache *cache, const void *object);
