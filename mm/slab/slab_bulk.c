/* SPDX-License-Identifier: MIT */
/*
 * slab_bulk.c - many objects at once: the token is taken once, the array read or written in one go.
 *
 * What the fast way of slab.c tests for each object is tested here too. Objects that lie in one slab, as those do that were
 * allocated together, share the search for it. What is not usual goes the way of single objects.
 * COST		Some 5 instructions an object out, 14 in.
 * LINUX	mm/slab.c: kmem_cache_alloc_bulk(), kmem_cache_free_bulk().
 */
#include <mm/slab.h>

#include <lib/poison.h>

#include "slab_fast.h"

static __noinline size_t alloc_bulk_slow(struct kmem_cache *cache, gfp_t gfp, size_t nr,
					 void **objects)
{
	size_t i;

	for (i = 0; i < nr; i++) {
		objects[i] = kmem_cache_alloc(cache, gfp);
		if (!objects[i]) {
			kmem_cache_free_bulk(cache, i, objects);
			return 0;
		}
	}
	return nr;
}

/* All of them out of this CPU's array, if it has as many. */
size_t kmem_cache_alloc_bulk(struct kmem_cache *cache, gfp_t gfp, size_t nr, void **objects)
{
	struct slab_cache *slab_cache = to_slab_cache(cache);
	struct array_cache *array;
	void **from;
	size_t i;

	if (unlikely(gfp & SLAB_GFP_UNUSUAL) || unlikely(!token_take()))
		return alloc_bulk_slow(cache, gfp, nr, objects);
	array = cpu_cache_get(slab_cache);
	if (unlikely(array->avail < nr)) {
		token_put();
		return alloc_bulk_slow(cache, gfp, nr, objects);
	}
	array->avail -= nr;
	from = &array->entry[array->avail + 1];
#pragma GCC unroll 4
	for (i = 0; i < nr; i++)
		objects[i] = from[i];
	token_put();
	for (i = 0; i < nr; i++)
		hand_out(slab_cache, objects[i], WHOLE_OBJECT);
	return nr;
}

/* How many of `objects` in a row are in use in one slab and not what lies on top: they are put there. */
static __always_inline size_t slab_push_run(const struct slab_cache *cache, struct slab *slab,
					    void **to, void *const *objects, size_t nr)
{
	const uint64_t reciprocal = cache->reciprocal, nr_objects = cache->objects;
	const uintptr_t first_object = (uintptr_t)slab->first_object;
	size_t i;

#pragma GCC unroll 4
	for (i = 0; i < nr; i++) {
		void *object = objects[i];
		unsigned __int128 product = (unsigned __int128)((uintptr_t)object - first_object) *
					    reciprocal;
		unsigned long index = (unsigned long)(product >> 64);

		if (unlikely((uint64_t)product >= reciprocal || index >= nr_objects) ||
		    unlikely(object == to[(long)i - 1]) ||
		    unlikely(!object_leaves_use(slab, index)))
			break;
		mem_poison(object, cache->common.object_size);
		to[i] = object;
	}
	return i;
}

/*
 * Onto this CPU's array: the first of `objects`, as many as are in use, of this cache, in this CPU's span, and find
 * room. How many; the rest is for who looks closer.
 */
static __always_inline size_t array_push_many(const struct slab_cache *cache, size_t nr,
					      void *const *objects)
{
	struct array_cache *array;
	size_t done = 0, run = 1;
	struct slab *slab;
	void **to;

	if (unlikely(!token_take()))
		return 0;
	array = cpu_cache_get(cache);
	nr = min(nr, array->limit - array->avail);
	to = &array->entry[array->avail + 1];
	while (done < nr && run && span_slab(objects[done], &slab) && slab->cache == cache) {
		run = slab_push_run(cache, slab, to + done, objects + done, nr - done);
		done += run;
	}
	array->avail += done;
	token_put();
	return done;
}

/* What comes behind the first that is one too many for the array, of another node, or nobody's. */
static __noinline void free_bulk_slow(struct kmem_cache *cache, size_t nr, void **objects)
{
	size_t done = 0;

	while (done < nr) {
		if (cache)
			kmem_cache_free(cache, objects[done]);
		else
			kfree(objects[done]);
		done++;
		if (cache)
			done += array_push_many(to_slab_cache(cache), nr - done, objects + done);
	}
}

void kmem_cache_free_bulk(struct kmem_cache *cache, size_t nr, void **objects)
{
	size_t done = 0;

	if (likely(cache))
		done = array_push_many(to_slab_cache(cache), nr, objects);
	if (unlikely(done < nr))
		free_bulk_slow(cache, nr - done, objects + done);
}
