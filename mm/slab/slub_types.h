/* SPDX-License-Identifier: MIT */
/*
 * slub_types.h - SLUB's structures, for the slub*.c; slub.c holds the theory.
 */
#pragma once

#include <arch/cpu.h>
#include <config.h>
#include <lib/list.h>
#include <lib/percpu.h>
#include <lib/spinlock.h>

#include "impl.h"

#define SLUB_MAX_ORDER	      5 /* of a slab: the order of the largest object */
#define SLUB_BEST_ORDER	      3 /* no order above it is chosen to have more objects in a slab */
#define SLUB_MAX_OBJECTS      4096
#define SLUB_MAX_NODE_PARTIAL ~0UL

/* All that changes of a slab, in one word, so that one compare-exchange changes it. */
union slab_state {
	uint64_t word;
	struct {
		uint16_t free;	/* index of the first free object; FREE_NONE */
		uint16_t inuse; /* objects that are not on the chain that begins with `free` */
		uint16_t objects : 15; /* all of them */
		uint16_t frozen : 1;   /* some CPU's: in no list of its node */
		uint16_t id;	       /* the cache: slub_cache_of() */
	};
};
static_assert(sizeof(union slab_state) == 8, "one compare-exchange changes it");

#define FREE_NONE 0xffffU

/* A slab is its first page: this is struct page, as its owner sees it. */
struct slab {
	uint16_t flags;
	uint8_t order, zone_node;
	int32_t refcount;
	union {
		struct list_head list; /* partial or full list of its node, when it is not frozen */
		struct slab *next;     /* in a CPU's list of partial slabs */
	};
	union slab_state state;
};
static_assert(sizeof(struct slab) == sizeof(struct page) &&
		      offsetof(struct slab, list) == offsetof(struct page, lru) &&
		      offsetof(struct slab, state) == offsetof(struct page, owner),
	      "struct slab overlays struct page");

struct slub_cache;

/* What one CPU has of a cache. Changed by this CPU only, both first fields at once or with interrupts off. */
struct slub_cpu {
	void *freelist;	   /* free objects of `slab` that only this CPU hands out */
	unsigned long tid; /* another number after each change */
	struct slab *slab; /* the CPU's slab, frozen; NULL: none */
	uintptr_t base;	   /* address of its first object */
	uint64_t
		nr_objects; /* of it; 0 without one, so that nothing is taken for an object of it */
	struct slab *partial; /* further frozen slabs, with free objects on their own chains */
	unsigned int nr_partial;

	/* What a free has to know of the cache; constant. */
	struct slub_cache *cache;
	uint8_t shift;
	uint64_t inverse;
	uintptr_t random;
	size_t offset, object_size;
} __aligned(16);

/* tids of two CPUs differ always: each counts in steps of this from its own number. */
#define TID_STEP ((unsigned long)NR_CPUS)

/* One node's slabs of one cache; those that are full are followed in debug builds only. */
struct slub_node {
	spinlock_t
		lock; /* both lists, nr_partial, and every change of a slab into or out of a list */
	unsigned long nr_partial;
	struct list_head partial, full;
	unsigned long nr_slabs, nr_objects; /* of all slabs; atomic */
};

struct slub_cache {
	struct kmem_cache common;

	struct slub_cpu *cpu; /* alloc_percpu()'s; until impl_cache_start() slub_no_cpu */
	uintptr_t random;     /* free pointers are stored mixed with it */
	size_t offset;	      /* from an object to its free pointer */
	uintptr_t span_last;  /* bytes of the largest slab, less 2: see freelist_looks_broken() */
	uint64_t inverse;     /* of the odd part of size, modulo 2^64 */
	uint8_t shift;	      /* size is odd << shift */
	uint8_t order, least_order;
	uint16_t objects, least_objects; /* of a slab of these orders */
	uint16_t id;
	unsigned int min_partial; /* empty slabs stay while a node has fewer partial ones */
	unsigned int
		cpu_partial;	/* slabs that a CPU keeps besides its own; 0: no fast way at all */
	struct slub_node *node; /* nr_nodes of them */
};

DECLARE_PER_CPU(struct slub_cpu, slub_no_cpu);

static inline struct slub_cache *to_slub_cache(struct kmem_cache *cache)
{
	return container_of(cache, struct slub_cache, common);
}

/* Before it has its CPU structures, or watched: every object comes and goes singly, under the node's lock. */
static inline bool cache_is_slow(const struct slub_cache *cache)
{
	return cache->cpu == &slub_no_cpu;
}

/* ---- A slab's word ---- */

static inline union slab_state slab_state(const struct slab *slab)
{
	return (union slab_state){.word = __atomic_load_n(&slab->state.word, __ATOMIC_ACQUIRE)};
}

/* False, and nothing done, when it is not `old` any more. */
static inline bool slab_state_change(struct slab *slab, union slab_state old, union slab_state new)
{
	return __sync_bool_compare_and_swap(&slab->state.word, old.word, new.word);
}

/* ---- Caches by number (slub_layout.c) ---- */

/*
 * The CPU structures of a cache whose number ends in this byte, or slub_no_cpu. A guess at whose an object may be: it must then prove to
 * be one of the CPU's slab.
 */
extern struct slub_cpu *slub_cpu_guess[256];

#define SLUB_NEAR_IDS 512
extern struct slub_cache *slub_caches[SLUB_NEAR_IDS];
struct slub_cache *slub_cache_far(unsigned int id);

static inline struct slub_cache *slub_cache_of(union slab_state state)
{
	return likely(state.id < SLUB_NEAR_IDS) ? slub_caches[state.id] : slub_cache_far(state.id);
}

/* ---- Objects by number ---- */

static inline struct page *slab_page(const struct slab *slab)
{
	return (struct page *)slab;
}

/* SLUB's slabs are never in high memory. */
static inline char *slab_start(const struct slab *slab)
{
	return phys_to_virt(page_to_phys(slab_page(slab)));
}

static inline void *slab_object_at(const struct slub_cache *cache, const struct slab *slab,
				   unsigned int index)
{
	return slab_start(slab) + cache->common.red_left + index * cache->common.size;
}

static inline uint64_t slab_object_index(const struct slub_cache *cache, const struct slab *slab,
					 const void *object)
{
	return offset_index((uintptr_t)object - (uintptr_t)slab_start(slab) -
				    cache->common.red_left,
			    cache->inverse, cache->shift);
}

/* ---- Free pointers ---- */

/* A free object's own memory: poisoned for everybody else, and by the fast way read in a race that its tid decides. */
#define __unwatched __attribute__((no_sanitize("address"), no_sanitize("thread")))

static inline uintptr_t freepointer_mix(uintptr_t random, const void *object, const void *next)
{
	return (uintptr_t)next ^ random ^ __builtin_bswap64((uintptr_t)object);
}

/* The word at `offset` in an object. */
static inline __unwatched uintptr_t object_word(const void *object, size_t offset)
{
	return *(const uintptr_t *)((const char *)object + offset);
}

static inline __unwatched void object_set_word(void *object, size_t offset, uintptr_t word)
{
	*(uintptr_t *)((char *)object + offset) = word;
}

/* The free object behind this one; NULL at the end. */
static inline void *freepointer_get(const struct slub_cache *cache, const void *object)
{
	uintptr_t word = object_word(object, cache->offset);

	return (void *)freepointer_mix(cache->random, object, (void *)word);
}

static inline void freepointer_set(const struct slub_cache *cache, void *object, const void *next)
{
	object_set_word(object, cache->offset, freepointer_mix(cache->random, object, next));
}

/* An object in use says nothing: decoded, this leads into no slab. */
static inline void freepointer_wipe(const struct slub_cache *cache, void *object)
{
	object_set_word(object, cache->offset, 0);
}

/*
 * Can `next` not follow `object`? Two objects of one slab differ in low bits only, and not in none: one subtraction and
 * one comparison. NULL looks broken too; the caller knows better. What passes lies in the slab; debug builds
 * know that it is an object.
 */
static inline bool freelist_looks_broken(const struct slub_cache *cache, const void *object,
					 const void *next)
{
	uintptr_t low = min((uintptr_t)object, (uintptr_t)next);
	uintptr_t distance = max((uintptr_t)object, (uintptr_t)next) - low;

	if (CONFIG_DEBUG &&
	    offset_index(distance, cache->inverse, cache->shift) >= SLUB_MAX_OBJECTS)
		return true;
	return ((uintptr_t)object ^ (uintptr_t)next) - 1 > cache->span_last;
}

/* Does what this object says make it a free one? With its free pointer wiped in use, there is no other way. */
static inline bool object_is_free(const struct slub_cache *cache, const struct slab *slab,
				  const void *object)
{
	const void *next = freepointer_get(cache, object);

	return !next ||
	       (next != object && slab_object_index(cache, slab, next) < slab_state(slab).objects);
}

/* slub_span.c: addresses in the direct map whose frames all have struct pages; what this CPU knows of. */
struct slub_span {
	uintptr_t start;
	size_t size;
	const struct slab *page; /* the struct page of the first */
};
DECLARE_PER_CPU(struct slub_span, slub_span);

/* Make the span of this CPU reach an address, if it can. Any context. */
void slub_span_reach(const void *address);

/* ---- slub_slab.c ---- */

struct slab *slab_create(struct slub_cache *cache, gfp_t gfp, int nid);
void slab_destroy(struct slub_cache *cache, struct slab *slab);
void slabs_destroy(struct slub_cache *cache, struct list_head *doomed);

static inline struct slub_node *slab_node(const struct slub_cache *cache, const struct slab *slab)
{
	return &cache->node[page_to_nid(slab_page(slab))];
}

/* Interrupts off, for this CPU's `cpu`. */
void *slab_take_freelist(struct slub_cache *cache, struct slab *slab);
struct slab *node_get_slabs(struct slub_cache *cache, struct slub_node *node, struct slub_cpu *cpu);
void slab_deactivate(struct slub_cache *cache, struct slab *slab, void *freelist);
void slabs_unfreeze(struct slub_cache *cache, struct slab *first);
void slab_isolate(struct slub_cache *cache, struct slab *slab);

/* Any context. */
bool slab_give(struct slub_cache *cache, struct slab *slab, void *head, void *tail,
	       unsigned int count);
void *node_take_single(struct slub_cache *cache, struct slub_node *node);
void node_add_slab(struct slub_cache *cache, struct slab *slab);
unsigned int node_shrink(struct slub_cache *cache, struct slub_node *node);

/* A cache whose chain of free objects is sound: `count` of them, each an object, then the end. O(count). */
bool freelist_is_sound(const struct slub_cache *cache, const struct slab *slab,
		       const void *freelist, unsigned int count);
