/* SPDX-License-Identifier: MIT */
/*
 * slab_types.h - SLAB's structures, for slab.c and slab_report.c; slab.c holds the theory.
 */
#pragma once

#include <arch/cpu.h>
#include <config.h>
#include <lib/list.h>
#include <lib/spinlock.h>

#include "impl.h"

/*
 * bufctl[i] of an object that is free in its slab is the index of the next one, or BUFCTL_END.
 * Of every other object it says where the object is; a debug build tells the last two apart.
 */
#define BUFCTL_END    0xffffU
#define BUFCTL_ACTIVE 0xfffeU /* with its owner; in release builds perhaps in a CPU array */
#define BUFCTL_CACHED 0xfffdU /* in a CPU array (debug builds) */

#define SLAB_MAX_OBJECTS 512 /* of one slab: a page of 8-byte objects has 404 */
#define SLAB_MAX_ORDER	 5   /* of a slab: the order of the largest object */
#define SLAB_BREAK_ORDER 3   /* no order above this one is tried only to waste less */

struct slab {
	struct list_head list; /* in one of the three lists of its node */
	struct slab_cache *cache;
	char *first_object; /* Linux: s_mem */
	uint16_t inuse;	    /* objects that are not free in the slab: owned, or in a CPU array */
	uint16_t free;	    /* index of the first free object */
	uint16_t nid;	    /* the node that asked for it, in whose lists it is */
	uint16_t colour;    /* how many steps of colour_off lie before the descriptor */
	uint16_t bufctl[];  /* one an object */
};

/* One node's slabs of one cache. */
struct kmem_list3 {
	spinlock_t lock; /* protects all of it, and the chain and counts of each slab */
	unsigned int colour_next;
	struct list_head slabs_partial, slabs_full, slabs_free;
	unsigned long free_objects; /* in slabs_partial and slabs_free */
	unsigned long free_limit;   /* an emptied slab that raises free_objects above goes back */
};

/* Free objects parked with one CPU: a stack. Only that CPU touches it, with interrupts off. */
struct array_cache {
	unsigned int avail, limit, batchcount;
	void *entry[];
};

struct slab_cache {
	struct kmem_cache common;

	unsigned int objects, order; /* of one slab */
	uint64_t reciprocal;	     /* 2^40 / size, rounded up */
	unsigned int colours, colour_off;
	size_t descriptor_size;		     /* bytes before the first object when on-slab */
	struct kmem_cache *descriptor_cache; /* off-slab: where descriptors come from; else NULL */
	unsigned int limit, batchcount;
	struct kmem_list3 *node; /* nr_nodes of them */
	struct array_cache
		*array[NR_CPUS]; /* last: the structure ends with the last possible CPU's */
};

static inline struct slab_cache *to_slab_cache(struct kmem_cache *cache)
{
	return container_of(cache, struct slab_cache, common);
}

/*
 * The index of the object at `offset` bytes behind the first: offset / size without a division.
 * Exact below 2^40 / size bytes, and a slab has at most 2^17. A negative offset, as size_t,
 * gives nonsense that no caller's test accepts.
 */
static inline unsigned long slab_index(const struct slab_cache *cache, size_t offset)
{
	return (unsigned long)((offset * cache->reciprocal) >> 40);
}

static inline void *slab_object_at(const struct slab *slab, unsigned long index)
{
	return slab->first_object + index * slab->cache->common.size;
}

/* Does an object start here? Then *index is its index. */
static inline bool slab_object_index(const struct slab *slab, const void *object,
				     unsigned long *index)
{
	const struct slab_cache *cache = slab->cache;
	size_t offset = (size_t)((uintptr_t)object - (uintptr_t)slab->first_object);

	*index = slab_index(cache, offset);
	return *index < cache->objects && *index * cache->common.size == offset;
}

/* Is an object with this bufctl free in its slab? */
static inline bool bufctl_is_free(unsigned int bufctl)
{
	return bufctl != BUFCTL_ACTIVE && bufctl != BUFCTL_CACHED;
}

static inline char *slab_start(const struct slab *slab)
{
	const struct slab_cache *cache = slab->cache;
	size_t descriptor = cache->descriptor_cache ? 0 : cache->descriptor_size;

	return slab->first_object - descriptor - (size_t)slab->colour * cache->colour_off;
}

/* Is an object parked with some CPU? Exact while nobody allocates or frees. */
bool slab_object_is_parked(const struct slab_cache *cache, const void *object);
