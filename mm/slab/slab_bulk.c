/* SPDX-License-Identifier: MIT */
/*
 * slab_bulk.c - many objects at once: the token is taken once, the array read or written in one go.
 *
 * What the fast way of slab.c tests for each object is tested here too. Objects that lie in one slab, as those do that were
 * allocated together, share the search for it. What is not usual goes the way of single objects.
 * COST		Some 2 instructions an object out, 11 in, and 100 a call.
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
	size_t i;

	if (unlikely(gfp & SLAB_GFP_UNUSUAL) || unlikely(!token_take()))
		return alloc_bulk_slow(cache, gfp, nr, objects);
	array = cpu_cache_get(slab_cache);
	if (unlikely(array_avail(array) < nr)) {
		token_put();
		return alloc_bulk_slow(cache, gfp, nr, objects);
	}
	array->top -= nr;
	copy_pointers(objects, &array->top[1], nr);
	token_put();
	for (i = 0; i < nr; i++)
		hand_out(slab_cache, objects[i], WHOLE_OBJECT);
	return nr;
}

/*
 * What there is to know of a slab to judge many objects of it. Not the way of slab_object_index(), which tests remainder and quotient:
 * one comparison does, and fewer registers.
 */
struct run {
	uint64_t inverse, nr_objects;
	uintptr_t minus_first; /* to be added: one instruction less than to subtract */
	unsigned int shift;
	const uint16_t *bufctl;
};

static __always_inline uint64_t run_index(const struct run *run, const void *object)
{
	return offset_index((uintptr_t)object + run->minus_first, run->inverse, run->shift);
}

/*
 * BATCH of them, if all may go onto the array; what is written there otherwise lies above its top. That each is in use is asked of all at
 * once: an AND of their bufctl is BUFCTL_ACTIVE only if each is. Debug builds mark each, and so take them singly.
 */
static __always_inline bool run_push_batch(const struct run *run, void **to, void *const *objects)
{
	const void *top = to[-1];
	uint16_t active = BUFCTL_ACTIVE;
	unsigned int i;

#pragma GCC unroll 8
	for (i = 0; i < BATCH; i++) {
		void *object = objects[i];
		uint64_t index = run_index(run, object);

		if (unlikely(index >= run->nr_objects) || unlikely(object == top))
			return false;
		active &= run->bufctl[index];
		to[i] = object;
		top = object;
	}
	return active == BUFCTL_ACTIVE;
}

/* The same singly, and for debug builds, until one may not go there. How many. */
static __noinline size_t slab_push_singly(struct slab *slab, void **to, void *const *objects,
					  size_t nr)
{
	unsigned long index;
	size_t i;

	for (i = 0; i < nr; i++) {
		if (!slab_object_index(slab, objects[i], &index) || objects[i] == to[(long)i - 1] ||
		    !object_leaves_use(slab, index))
			break;
		to[i] = objects[i];
	}
	return i;
}

/* As many of a row of objects as are in use in one slab and not what lies on top. How many. */
static __always_inline size_t slab_push(const struct slab_cache *cache, struct slab *slab,
					void **to, void *const *objects, size_t nr)
{
	struct run run = {cache->inverse, cache->objects, -(uintptr_t)slab->first_object,
			  cache->shift, slab->bufctl};
	size_t left = nr;

	asm("" : "+r"(run.minus_first)); /* else the compiler subtracts again */
	while (!CONFIG_DEBUG && left >= BATCH && likely(run_push_batch(&run, to, objects))) {
		left -= BATCH;
		to += BATCH;
		objects += BATCH;
	}
	if (unlikely(left))
		left -= slab_push_singly(slab, to, objects, left);
	return nr - left;
}

/*
 * Onto this CPU's array: the first of `objects`, as many as are in use, of this cache, in this CPU's span, and find
 * room. How many; the rest is for who looks closer.
 */
static __always_inline size_t array_push_many(const struct slab_cache *cache, size_t nr,
					      void *const *objects)
{
	struct array_cache *array;
	const struct slab_page *page;
	size_t left, pushed = 1;
	void **to;

	if (unlikely(!token_take()))
		return 0;
	array = cpu_cache_get(cache);
	nr = min(nr, (size_t)(array->full - array->top));
	to = &array->top[1];
	for (left = nr; left && pushed; left -= pushed) {
		if (!span_slab_page(*objects, &page) || page->cpu_cache != cache->cpu_cache)
			break;
		pushed = slab_push(cache, page->slab, to, objects, left);
		to += pushed;
		objects += pushed;
	}
	array->top += nr - left;
	token_put();
	return nr - left;
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
