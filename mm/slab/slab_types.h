/* SPDX-License-Identifier: MIT */
/*
 * slab_types.h - SLAB's structures, for the slab*.c; slab.c holds the theory.
 */
#pragma once

#include <arch/cpu.h>
#include <config.h>
#include <lib/list.h>
#include <lib/percpu.h>
#include <lib/spinlock.h>
#include <mm/zone.h>

#include "impl.h"

/*
 * bufctl[i] of an object that is free in its slab is the index of the next one, or BUFCTL_END.
 * Of every other object it says where the object is; a debug build tells the last two apart.
 */
#define BUFCTL_ACTIVE                                                                              \
	0xffffU /* with its owner; in release builds perhaps in a CPU array. All bits: see slab_bulk.c */
#define BUFCTL_END    0xfffeU
#define BUFCTL_CACHED 0xfffdU /* in an array (debug builds) */

#define SLAB_MAX_OBJECTS 512 /* of one slab: a page of 8-byte objects has 404 */
#define SLAB_MAX_ORDER	 5   /* of a slab: the order of the largest object */
#define SLAB_BREAK_ORDER 3   /* no order above this one is tried only to waste less */

struct slab {
	struct list_head list; /* in one of the three of its lists */
	struct slab_cache *cache;
	char *first_object; /* Linux: s_mem */
	uint16_t inuse;	    /* objects that are not free in the slab: owned, or in an array */
	uint16_t free;	    /* index of the first free object */
	uint8_t lists;	    /* cache->lists[lists] has it, of the node whose pages it has */
	uint8_t order;	    /* of its block: the cache's, or the least */
	uint16_t colour;    /* how many steps of colour_off lie before the descriptor */
	uint16_t bufctl[];  /* one for each object that a slab of the cache's order has */
};

/*
 * A node has one set of lists for each of its CPUs, or for a few of them, its lanes (slab_node.c): 1 << slab_lane_shift of
 * them, those of node n from n << slab_lane_shift on.
 */
#define SLAB_MAX_LANES 4
#define SLAB_MAX_LISTS (MAX_NUMNODES * SLAB_MAX_LANES)
static_assert(SLAB_MAX_LISTS <= 256, "slab->lists has 8 bits");
extern unsigned int slab_lane_shift;

static inline unsigned int nr_slab_lanes(void)
{
	return 1U << slab_lane_shift;
}

#define ALIEN_LIMIT 12 /* Linux: the limit of an alien cache */

/*
 * Free objects parked: a stack, from entry[1] to the one that `top` points at. entry[0] is always NULL, so that an empty stack needs
 * no test of its own. A CPU's: only that CPU touches it (slab.c, LOCKING). A node's, shared or alien: node->lock.
 */
struct array_cache {
	void **top;  /* the newest of them; entry when there is none */
	void **full; /* top rises no further */
	void **entry;
	unsigned int batchcount;
	bool touched; /* since the last reap */
};

/* What a CPU has of a cache, in one line of its own: its array, and what judges an address that is to be freed into it. */
struct cpu_cache {
	struct array_cache array;
	uint64_t reciprocal;   /* the cache's; 0: the fast way frees nothing */
	unsigned long objects; /* the cache's */
} __attribute__((aligned(64)));

static inline unsigned long array_avail(const struct array_cache *array)
{
	return (unsigned long)(array->top - array->entry);
}

static inline unsigned long array_limit(const struct array_cache *array)
{
	return (unsigned long)(array->full - array->entry);
}

/*
 * What SLAB keeps in the struct page of each page of a slab, seen as its own. That the page leads to the array without
 * a look at slab or cache makes the way from one free to the next allocation short: see slab.c, COST.
 */
struct slab_page {
	uint32_t state;
	int32_t refcount;
	struct page *head;	     /* of tail pages */
	struct cpu_cache *cpu_cache; /* the cache's */
	struct slab *slab;
};
static_assert(sizeof(struct slab_page) == sizeof(struct page) &&
		      offsetof(struct slab_page, cpu_cache) >=
			      offsetof(struct page, head) + sizeof(void *) &&
		      offsetof(struct slab_page, slab) == offsetof(struct page, owner.slab),
	      "cpu_cache stands where only lists of pages need room, and no tail page anything");

static inline struct slab_page *slab_page_of(struct page *page)
{
	return (struct slab_page *)page;
}

/* One node's slabs of one cache, or what one of its lanes has of them. */
struct kmem_list3 {
	spinlock_t lock; /* protects all of it, and the chain and counts of each slab */
	unsigned int colour_next;
	struct list_head slabs_partial, slabs_full, slabs_free;
	unsigned long
		free_objects; /* in slabs_partial and slabs_free; looked at without the lock, too */
	unsigned long free_limit;   /* an emptied slab that raises free_objects above goes back */
	unsigned long given_back;   /* slabs, for being above it, since the last reap */
	bool free_touched;	    /* since the last reap */
	struct array_cache *shared; /* between this node's CPUs; NULL: none */
	unsigned long shared_avail; /* in it; looked at without the lock, too */
	struct array_cache *
		*alien; /* other nodes' objects on their way home, by node; NULL: none */
} __attribute__((aligned(64)));

struct slab_cache {
	struct kmem_cache common;

	uint64_t reciprocal; /* 2^64 / size, rounded up */
	uint64_t inverse; /* of the odd part of size, modulo 2^64: for many at once (slab_bulk.c) */
	unsigned int shift;	     /* size is odd << shift */
	unsigned long objects;	     /* of one slab */
	unsigned long least_objects; /* of a slab of the least order that holds one */
	unsigned int order, least_order;
	unsigned int colours, colour_off;
	size_t descriptor_size;		     /* bytes before the first chunk when on-slab */
	struct kmem_cache *descriptor_cache; /* off-slab: where descriptors come from; else NULL */
	unsigned int limit, batchcount, shared;
	unsigned long free_most;     /* free_limit never rises above */
	struct cpu_cache *cpu_cache; /* alloc_percpu(): each CPU's */
	struct kmem_list3 *lists;    /* nr_slab_lists() of them, behind the structure */
} __attribute__((aligned(64)));	     /* all CPUs read it, while each writes to its lists */

/* What the fast way knows of its CPU. */
struct slab_cpu {
	long token; /* 1: nobody on this CPU is in the middle of an array (slab.c, INTERRUPTS) */
	unsigned int nid;   /* the nearest node that has memory */
	unsigned int lists; /* of this CPU: the number of its lane's, of that node */

	/* Frames whose struct pages all exist and are this CPU's node's: kfree() looks no further. */
	uintptr_t span_start; /* their address in the direct map */
	size_t span_size;     /* bytes */
	uintptr_t span_pages; /* where the struct page of frame 0 of the direct map would be */
};
DECLARE_PER_CPU(struct slab_cpu, slab_cpu);

/* This CPU's, as it is named in plain C. */
#define this_slab_cpu arch_this_cpu_raw(slab_cpu)

/* Interrupts are off: may an array of this CPU be touched, or has the interrupt come while somebody was at it? */
static inline bool array_is_whole(void)
{
	return this_slab_cpu.token >= 1;
}

static inline struct slab_cache *to_slab_cache(struct kmem_cache *cache)
{
	return container_of(cache, struct slab_cache, common);
}

static inline struct array_cache *cpu_cache_get(const struct slab_cache *cache)
{
	return &this_cpu_ptr(cache->cpu_cache)->array;
}

/* The same as a variable for the fast way, reached as the CPU reaches its own. */
#define this_cpu_cache(cpu_cache) arch_this_cpu_raw(*(cpu_cache))

/* The node whose lists this CPU uses. */
static inline unsigned int local_node(void)
{
	return this_slab_cpu.nid;
}

static inline unsigned int nr_slab_lists(void)
{
	return nr_nodes << slab_lane_shift;
}

/* The lists of this CPU. */
static inline struct kmem_list3 *local_lists(const struct slab_cache *cache)
{
	return &cache->lists[this_slab_cpu.lists];
}

/* The lists of a node in the order in which this CPU looks through them, from 0 on: its own lane's first. */
static inline struct kmem_list3 *lists_of_node(const struct slab_cache *cache, unsigned int nid,
					       unsigned int n)
{
	unsigned int lane = (this_slab_cpu.lists + n) & (nr_slab_lanes() - 1);

	return &cache->lists[(nid << slab_lane_shift) + lane];
}

/* The node of a slab. It may change lists, but never the node. */
static inline unsigned int slab_nid(const struct slab *slab)
{
	return READ_ONCE(slab->lists) >> slab_lane_shift;
}

/* node->lock is held, or nobody else knows of it. */
static inline void set_free_objects(struct kmem_list3 *node, unsigned long nr)
{
	WRITE_ONCE(node->free_objects, nr);
}

/* After a change of what is in the shared array. node->lock is held. */
static inline void count_shared(struct kmem_list3 *node)
{
	WRITE_ONCE(node->shared_avail, node->shared ? array_avail(node->shared) : 0);
}

static inline unsigned long slab_objects(const struct slab *slab)
{
	const struct slab_cache *cache = slab->cache;

	return slab->order == cache->order ? cache->objects : cache->least_objects;
}

static inline void *slab_object_at(const struct slab *slab, unsigned long index)
{
	return slab->first_object + index * slab->cache->common.size;
}

/*
 * Does an object start here? Then *index is its index. Without a division: with M = 2^64 / size,
 * rounded up, the upper half of offset * M is the quotient, and the lower half is below M exactly
 * when there is no remainder. True for every offset and size below 2^31. An address below the first
 * object is an offset near 2^64, whose quotient no slab has.
 */
static inline bool object_index(uint64_t reciprocal, unsigned long objects,
				const char *first_object, const void *object, unsigned long *index)
{
	unsigned __int128 product =
		(unsigned __int128)((uintptr_t)object - (uintptr_t)first_object) * reciprocal;

	*index = (unsigned long)(product >> 64);
	return (uint64_t)product < reciprocal && *index < objects;
}

static inline bool slab_object_index(const struct slab *slab, const void *object,
				     unsigned long *index)
{
	return object_index(slab->cache->reciprocal, slab_objects(slab), slab->first_object, object,
			    index);
}

/* The index of what is known to be the start of an object. */
static inline unsigned long slab_index_of(const struct slab_cache *cache, const struct slab *slab,
					  const void *object)
{
	size_t offset = (size_t)((uintptr_t)object - (uintptr_t)slab->first_object);

	return (unsigned long)((unsigned __int128)offset * cache->reciprocal >> 64);
}

/* Is an object with this bufctl free in its slab? */
static inline bool bufctl_is_free(unsigned int bufctl)
{
	return bufctl != BUFCTL_ACTIVE && (!CONFIG_DEBUG || bufctl != BUFCTL_CACHED);
}

static inline char *slab_start(const struct slab *slab)
{
	const struct slab_cache *cache = slab->cache;
	size_t descriptor = cache->descriptor_cache ? 0 : cache->descriptor_size;

	return slab->first_object - cache->common.red_left - descriptor -
	       (size_t)slab->colour * cache->colour_off;
}

/* The slab of an object that came from an array: that there is one is known. */
static inline struct slab *parked_object_slab(const void *object)
{
	return direct_map_page(object)->owner.slab;
}

/* Is an object parked with some CPU or node? Exact while nobody allocates or frees. */
bool slab_object_is_parked(const struct slab_cache *cache, const void *object);

/* slab_node.c: one node's lists. */

/* One object out of the slabs of a node; NULL when none of them has a free one. node->lock is held. */
void *node_take_object(struct slab_cache *cache, struct kmem_list3 *node);

/* A batch, or what there is, onto an empty array: what was found first is on top. node->lock is held. */
void node_fill_array(struct slab_cache *cache, struct kmem_list3 *node, struct array_cache *array);

/* A slab that is in no list comes into these. node->lock is held. */
void node_add_free_slab(struct slab_cache *cache, struct kmem_list3 *node, struct slab *slab);

/* Objects back into their slabs, whichever the node. Interrupts off, no lock held; the caller destroys `doomed`. */
void free_block(struct slab_cache *cache, void *const *objects, unsigned int nr_objects,
		struct list_head *doomed);
void slab_destroy_all(struct list_head *doomed);

/*
 * One more slab for a node, -1 for none in particular. The node whose slab it became; -1 without pages, and nothing has changed but a
 * colour. No lock held; may sleep if the mask says so.
 */
int cache_grow(struct slab_cache *cache, gfp_t gfp, int nid);

/* A node's free slabs go back, at most `nr`. How many went. */
unsigned long node_shrink(struct kmem_list3 *node, unsigned long nr);

/* slab_lanes.c: batches between arrays and lists. Interrupts off, no lock held. */

/* A batch, or what there is, onto this CPU's empty array: from its own lane, or from the others of the node. */
void array_refill(struct slab_cache *cache, struct array_cache *array);
void array_refill_from_others(struct slab_cache *cache, struct array_cache *array);

/* The `nr` oldest entries of an array go: to the node's shared array, as many as it takes, then into their slabs. */
void array_give_oldest(struct slab_cache *cache, struct array_cache *array, unsigned int nr,
		       struct list_head *doomed);

/* An object of another node's slabs waits for its way home; false: there is no place to wait. */
bool alien_park(struct slab_cache *cache, struct slab *slab, void *object,
		struct list_head *doomed);

/* slab_array.c: every CPU has the array that has no room. */
void slab_arrays_init(struct slab_cache *cache);

/* slab_node.c: the pages of all slabs lead to the arrays that the cache has now. Nobody else uses it. */
void slab_pages_lead_to_arrays(struct slab_cache *cache);

/* slab_span.c: make the span of this CPU reach an address of its node, if it can. Task context. */
void slab_span_reach(const void *address);
