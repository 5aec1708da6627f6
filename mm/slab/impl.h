/* SPDX-License-Identifier: MIT */
/*
 * impl.h - the contract between what every slab allocator shares and one implementation.
 *
 * kmem_cache.c keeps the chain of caches, their names and their births and deaths;
 * kmalloc.c keeps the size classes; misuse.c words the reports. They know a cache only
 * as struct kmem_cache. An implementation (slab.c) puts its own fields behind that in a
 * larger structure, and provides the public kmem_cache_alloc() with its _node, _trace and _bulk
 * forms, kfree(), __kmalloc(), kmem_cache_free() and _bulk, kmem_cache_shrink(), slab_get_info(),
 * slab_describe(), slab_draw() and the impl_ functions below. Another implementation is another file: nothing
 * here changes.
 *
 * DEBUGGING	debug.c stands between an implementation and the owner of an object, and only in a
 *		cache whose flags have one of SLAB_DEBUG_FLAGS. Such a cache has no fast way: it parks
 *		nothing with the CPUs, so that the fast way, which then always finds nothing, never asks
 *		whether it is debugged. The slow way calls (debug.h)
 *
 *		  debug_layout()		once, to learn what an object takes in a slab
 *		  debug_objects_init()		when a slab is made
 *		  debug_alloc_object()		before an object goes to its owner
 *		  debug_free_object()		before it becomes free again
 *
 *		What is around an object, seen from its address p, which is what everybody calls it:
 *
 *		  p - red_left   p            p + object_size    p + inuse            p + size - red_left
 *		  | red zone     | the object | red zone | impl's bytes | who, when, asked |
 *		                                         ^ debug_layout()'s `reserve`
 */
#pragma once

#include <lib/bits.h>
#include <lib/list.h>
#include <lib/types.h>
#include <mm/page.h>
#include <mm/slab.h>

/* What every implementation knows of a cache. */
struct kmem_cache {
	const char *name;
	size_t object_size; /* bytes that were asked for */
	size_t size;	    /* bytes from one object to the next */
	size_t align;
	slab_flags_t flags;
	gfp_t gfp; /* added to each request for pages */
	void (*ctor)(void *object);
	struct list_head link;		/* in cache_chain */
	unsigned int sharers;		/* others who created an alike one and were given this */
	const char *own_name;		/* from kmalloc, once the name's owner has gone */
	size_t useroffset, usersize;	/* what user space may see of an object */
	size_t red_left, inuse, tracks; /* debug_layout(): 0, object_size, 0 without debugging */
};

/* Flags of the allocator's own caches; kmem_cache_create() refuses them. */
#define SLAB_PERMANENT (1U << 30) /* made at boot, never destroyed */
#define SLAB_NO_ARRAY  (1U << 31) /* parks no free objects with the CPUs */
#define SLAB_DEVMEM    (1U << 29) /* objects have a header of dev_kmalloc() in front */

/* For pages that are there, or else there is another way. */
static inline gfp_t gfp_while_plenty(gfp_t gfp)
{
	return (gfp | __GFP_NOWARN | __GFP_NORETRY) &
	       ~(__GFP_NOFAIL | __GFP_DIRECT_RECLAIM | __GFP_HIGH);
}

/* The largest object of a cache: 32 pages, Linux 2.6's MAX_OBJ_ORDER. */
#define SLAB_MAX_OBJECT_SIZE (128 * KiB)

/* Before all else: what the implementation has to know of CPUs and nodes. */
void impl_init(void);

/* Bytes, on this machine, of the structure whose head is struct kmem_cache. */
size_t impl_cache_bytes(void);

/*
 * The static cache from which every other struct kmem_cache comes; not yet initialised. It may
 * not use kmalloc for its slabs.
 */
struct kmem_cache *impl_boot_cache(void);

/*
 * Makes a cache whose common fields are set usable: computes `size` and the layout. It allocates
 * nothing; the first allocation makes a slab. 0, or -E2BIG when no slab holds an object.
 */
int impl_cache_init(struct kmem_cache *cache);

/* Gives it what makes it fast, from kmalloc. 0 or -ENOMEM, and then it is as before. */
int impl_cache_start(struct kmem_cache *cache);

/* Gives back what start took. No slab is left. */
void impl_cache_release(struct kmem_cache *cache);

/* Puts the objects parked with this CPU back into their slabs. Any context. */
void impl_cache_drain(struct kmem_cache *cache);

/* Lets what has been idle since the last time go, a part of it. Pages given back. Task context. */
unsigned long impl_cache_reap(struct kmem_cache *cache);

/* Other limits; 0, -EINVAL when the cache has none to set, -ENOMEM, and then they are as before. May sleep. */
int impl_cache_tune(struct kmem_cache *cache, const struct slab_tuning *tuning);

/*
 * Calls `visit` for every object of every slab with the lists locked: `allocated` as its owner sees it. What visit counts is
 * summed up. Drained first, it is exact. For validate_slab_cache() and the leak lists.
 */
typedef unsigned long (*slab_visit_t)(struct kmem_cache *cache, void *object, bool allocated,
				      void *context);
unsigned long impl_visit_objects(struct kmem_cache *cache, slab_visit_t visit, void *context);

/*
 * Up to `max` objects that their owners hold, into `objects`; returns how many there are.
 * Drained first, it is exact.
 */
unsigned long impl_live_objects(struct kmem_cache *cache, const void **objects, unsigned int max);

/* Frees an object, whichever its cache; `caller` is who was asked, for a report. Any context. */
void impl_free(struct slab *slab, const void *object, const char *caller);

/* The cache of the object that starts at this address, NULL when none does or it is free. */
struct kmem_cache *impl_object_cache(struct slab *slab, const void *object);

/* May who wants such a cache share this one? SLAB's caches are never shared. */
bool slub_cache_suits(const struct kmem_cache *cache, const struct kmem_cache *wanted);
static inline bool impl_cache_suits(const struct kmem_cache *cache, const struct kmem_cache *wanted)
{
	return CONFIG_SLUB && slub_cache_suits(cache, wanted);
}

/* Proves the invariants of one cache. */
bool impl_cache_check(struct kmem_cache *cache);

/* kmalloc.c: the classes, each made with kmem_cache_create_early(). */
void kmalloc_init(void);

/* kfree() of what is no slab's, or not known to be: whole blocks, NULL and ZERO_SIZE_PTR, other nodes' slabs, nobody's. */
void kfree_elsewhere(const void *object);

/* __kmalloc() of a size that no class has, or a mask that asks for zeroes or a zone. */
void *kmalloc_unusual(size_t size, gfp_t gfp);

/* The class of each size by (size - 1) / 8. One load, and no branch for mixed sizes to mispredict. */
extern const uint8_t kmalloc_class_of_eighth[KMALLOC_MAX_CACHE_SIZE / 8];

/* size from 1 to KMALLOC_MAX_CACHE_SIZE. (Linux: __find_general_cachep) */
static inline unsigned int kmalloc_class(size_t size)
{
	return kmalloc_class_of_eighth[(size - 1) / 8];
}

/* Above KMALLOC_MAX_CACHE_SIZE: a block of pages, from one node first; -1 is this CPU's. */
void *kmalloc_large_node(size_t size, gfp_t gfp, int nid);

/* The class for 1 to 8192 bytes. */
struct kmem_cache *kmalloc_cache(size_t size);

/* A cache of the allocator's own, at boot; there is no failure to come back from. (kmem_cache.c) */
struct kmem_cache *kmem_cache_create_early(const char *name, size_t size, size_t align,
					   slab_flags_t flags);

/* kmem_cache.c: *cache becomes the next in the chain, as slab_next_cache(); false, and nothing done, when somebody has the chain. */
bool chain_try_next(struct kmem_cache **cache);

/* cache_shrinker.c: from here on a shortage of pages is told to the caches. */
void cache_shrinker_init(void);

/* misuse.c: one counted report each; the caller then changes nothing. */
void misuse_bad_pointer(const char *caller, const void *pointer);
void misuse_double_free(const char *caller, const void *object);
void misuse_wrong_cache(const char *caller, const struct kmem_cache *cache, const void *object);
void misuse_live_objects(const struct kmem_cache *cache, const void **objects, unsigned int listed,
			 unsigned long live);
void misuse_broken_slab(const struct kmem_cache *cache, const void *slab);
void misuse_bad_gfp(const char *caller, const char *cache_name, gfp_t gfp);

/* What is at an address, as lines of the open report. */
void misuse_describe(const void *address);

/*
 * The way out of a free that found no object at `pointer`, just before it complains: memory of dev_kmalloc() is freed, or
 * reported, and true; else false and nothing has happened. (dev_kmalloc.c)
 */
bool dev_kfree_marked(const void *pointer, const char *asked);

/*
 * An object of a SLAB_DEVMEM cache is about to become free: has its device let go of it? Whoever was given the address of the
 * header for that of the data has not asked the device. False: it must stay its owner's, and dev_kfree_marked() says why.
 */
bool dev_has_let_go(const void *object);

/* The flags of a slab's first page, while it is one. */
static inline uint16_t slab_page_flags(const struct kmem_cache *cache)
{
	return cache->flags & SLAB_DEVMEM ? PG_SLAB | PG_DEVMEM : PG_SLAB;
}

/* The first page of the block in which an address lies; NULL outside the direct map. */
static inline struct page *object_page(const void *address)
{
	return likely(virt_addr_valid(address)) ? compound_head(direct_map_page(address)) : NULL;
}

/* The descriptor of the slab that a page is part of: with SLUB the slab's first page itself. */
static inline struct slab *page_slab(struct page *page)
{
	return CONFIG_SLUB ? (struct slab *)compound_head(page) : page->owner.slab;
}

/* The descriptor of the slab in which an address lies; NULL when it lies in none. */
static inline struct slab *object_slab(const void *address)
{
	struct page *page = object_page(address);

	return page && page->flags & PG_SLAB ? page_slab(page) : NULL;
}

/* ---- Objects by number ---- */

/* The number that times `odd` is 1, modulo 2^64. x * (2 - odd * x) doubles the number of low bits in which odd * x is 1; odd * odd is 1 in three. */
static inline uint64_t odd_inverse(uint64_t odd)
{
	uint64_t x = odd;

	for (unsigned int bits = 3; bits < 64; bits *= 2)
		x *= 2 - odd * x;
	return x;
}

/*
 * Which object is at `offset` bytes behind the first? Without a division: size = odd << shift, and a multiplication by the
 * odd part's inverse, rotated, undoes the multiplication that made a multiple of size. It is a permutation of
 * all 64-bit numbers, and the multiples that exist take the small ones: whatever else comes out is above.
 */
static inline uint64_t offset_index(uint64_t offset, uint64_t inverse, unsigned int shift)
{
	uint64_t product = offset * inverse;

	return product >> shift | product << (-shift & 63);
}
