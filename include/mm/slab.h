/* SPDX-License-Identifier: MIT */
/*
 * mm/slab.h - objects smaller than a page: caches and kmalloc. (Linux: include/linux/slab.h)
 *
 * Everything here may be called from an interrupt with GFP_ATOMIC, but create and destroy, which may sleep.
 */
#pragma once

#include <lib/bits.h>
#include <lib/types.h>
#include <mm/gfp.h>

struct kmem_cache;
typedef unsigned int slab_flags_t;

#define SLAB_HWCACHE_ALIGN   (1U << 0) /* objects start on a cache line */
#define SLAB_PANIC	     (1U << 1) /* kmem_cache_create() panics instead of failing */
#define SLAB_CACHE_DMA	     (1U << 2) /* pages from ZONE_DMA */
#define SLAB_RECLAIM_ACCOUNT (1U << 3) /* a shrinker can have its objects back */
#define SLAB_TYPESAFE_BY_RCU (1U << 4) /* refused: nothing here has a grace period */
#define SLAB_NO_USER_FLAGS   (1U << 6) /* slab_debug= adds nothing: for tests, which say themselves */
#define SLAB_NO_MERGE	     (1U << 5) /* SLUB: a cache of its own, whatever is alike */

/* What the debug layer looks at, for this cache (mm/slab/debug.c); `slab_debug=` adds them by name. */
#define SLAB_CONSISTENCY_CHECKS (1U << 8)  /* F: every allocation and free is checked in full */
#define SLAB_RED_ZONE		(1U << 9)  /* Z: guard bytes around each object */
#define SLAB_POISON		(1U << 10) /* P: what is free or fresh has a pattern */
#define SLAB_STORE_USER		(1U << 11) /* U: who allocated and freed, with call stacks */
#define SLAB_DEBUG_FLAGS	(SLAB_CONSISTENCY_CHECKS | SLAB_RED_ZONE | SLAB_POISON | SLAB_STORE_USER)

/* What kmalloc(0) gives: not NULL, never readable, kfree() takes it. */
#define ZERO_SIZE_PTR	       ((void *)16)
#define ZERO_OR_NULL_PTR(x)    ((unsigned long)(x) <= (unsigned long)ZERO_SIZE_PTR)
#define KMALLOC_MAX_CACHE_SIZE 8192UL	 /* larger comes from the buddy */
#define KMALLOC_MAX_SIZE       (4 * MiB) /* a block of the largest order */
#define ARCH_KMALLOC_MINALIGN  8UL

void slab_init(void);

/*
 * A cache of objects of `size` bytes, 1 to 128 KiB, each at a multiple of `align` (a power of two up to a page; 0 is 8).
 * `name` must outlive it, be unique and have no blanks. `ctor` runs once for each object when its slab is made, and objects are
 * expected back constructed. Anything else is refused with a report and NULL; NULL too when there is no memory. May sleep; not from an interrupt.
 * (Linux: mm/slab_common.c)
 */
struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align,
				     slab_flags_t flags, void (*ctor)(void *object));

/*
 * The same; bytes [useroffset, useroffset + usersize) of an object may be copied to and from user space, nothing else of it.
 * (Linux: kmem_cache_create_usercopy)
 */
struct kmem_cache *kmem_cache_create_usercopy(const char *name, size_t size, size_t align,
					      slab_flags_t flags, size_t useroffset,
					      size_t usersize, void (*ctor)(void *object));

/*
 * May [from, from + size) be copied to or from user space? True for what is no slab's; in a slab only within one allocated
 * object and the region of its cache. Classes of kmalloc are open whole. Any context. (Linux: __check_heap_object)
 */
bool slab_usercopy_allowed(const void *from, size_t size);

/* With live objects: reported, up to 16 of them listed, and the cache stays usable. NULL does nothing. May sleep. */
void kmem_cache_destroy(struct kmem_cache *cache);

/* Gives this CPU's free objects and then all free slabs back; 0 when no slab is left, 1 otherwise. Any context. */
int kmem_cache_shrink(struct kmem_cache *cache);

/*
 * One object; NULL when there is none. Refused with a report: __GFP_HIGHMEM, and any zone that is not the cache's.
 * With a constructor __GFP_ZERO is reported and the object comes constructed. Any context with GFP_ATOMIC.
 */
void *__must_check kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp);

/* What is no allocated object of this cache is reported and left alone; NULL is tolerated. Any context. */
void kmem_cache_free(struct kmem_cache *cache, void *object);

/* The same for who knows that the mask asks for no zone and no zeroes (SLAB_GFP_UNUSUAL). */
#define SLAB_GFP_UNUSUAL (__GFP_HIGHMEM | __GFP_DMA | __GFP_DMA32 | __GFP_ZERO)
void *__must_check kmem_cache_alloc_usual(struct kmem_cache *cache, gfp_t gfp);

/* From the slabs of one node first; -1 is this CPU's. With __GFP_THISNODE from no other. */
void *__must_check kmem_cache_alloc_node(struct kmem_cache *cache, gfp_t gfp, int nid);

/* For kmalloc: what is asked for is `size` bytes of the object; the debug layer guards the rest. */
void *__must_check kmem_cache_alloc_trace(struct kmem_cache *cache, gfp_t gfp, size_t size);
void *__must_check kmem_cache_alloc_node_trace(struct kmem_cache *cache, gfp_t gfp, int nid,
					       size_t size);

/*
 * `nr` objects into `objects`, all or none: returns nr or 0. free_bulk takes objects of any of kmalloc's classes when cache is NULL; each that is
 * not what it should be is reported and left alone, NULL is tolerated. Any context with GFP_ATOMIC.
 */
size_t __must_check kmem_cache_alloc_bulk(struct kmem_cache *cache, gfp_t gfp, size_t nr,
					  void **objects);
void kmem_cache_free_bulk(struct kmem_cache *cache, size_t nr, void **objects);

static inline void *__must_check kmem_cache_zalloc(struct kmem_cache *cache, gfp_t gfp)
{
	return kmem_cache_alloc(cache, gfp | __GFP_ZERO);
}
/*
 * SLUB: may who creates a cache be given one that is alike (size, alignment, zone; no constructor, no debugging, nothing for user space)? It is
 * then destroyed when the last owner has destroyed it. `slab_nomerge` and `slab_merge` on the command line say so at boot; release
 * builds start with yes. Returns what it was. (Linux: slab_nomerge, find_mergeable)
 */
bool slab_set_sharing(bool wanted);

size_t kmem_cache_size(const struct kmem_cache *cache); /* bytes of an object, as asked for */
slab_flags_t kmem_cache_flags(const struct kmem_cache *cache);

/*
 * Classes 8 16 32 64 96 128 192 256 512 1K 2K 4K 8K, then whole blocks. A power of two is aligned to itself. 0 gives ZERO_SIZE_PTR; too
 * large NULL and a warning (none with __GFP_NOWARN). GFP_DMA is obeyed, __GFP_HIGHMEM and __GFP_DMA32 are reported and refused. kfree() and
 * ksize() take what any of these or kmem_cache_alloc() gave; other pointers are reported and left alone. Any context with GFP_ATOMIC.
 */
#define KMALLOC_NR_CLASSES 13
extern struct kmem_cache *kmalloc_caches[2][KMALLOC_NR_CLASSES]; /* [1]: for GFP_DMA */

/* For a size that the compiler knows, from 1 to KMALLOC_MAX_CACHE_SIZE: its class, at no cost. (Linux: kmalloc_index) */
static inline __attribute__((always_inline)) unsigned int kmalloc_index(size_t size)
{
	return size <= 8      ? 0
	       : size <= 16   ? 1
	       : size <= 32   ? 2
	       : size <= 64   ? 3
	       : size <= 96   ? 4
	       : size <= 128  ? 5
	       : size <= 192  ? 6
	       : size <= 256  ? 7
	       : size <= 512  ? 8
	       : size <= 1024 ? 9
	       : size <= 2048 ? 10
	       : size <= 4096 ? 11
			      : 12;
}

void *__must_check __kmalloc(size_t size, gfp_t gfp);

static inline __attribute__((always_inline)) void *__must_check kmalloc(size_t size, gfp_t gfp)
{
	struct kmem_cache *cache;

	if (!__builtin_constant_p(size) || size - 1 >= KMALLOC_MAX_CACHE_SIZE)
		return __kmalloc(size, gfp);
	cache = kmalloc_caches[(gfp & __GFP_DMA) != 0][kmalloc_index(size)];
	/* An object that is filled to its last byte, and a mask that is known to be plain. */
	if ((size == 96 || size == 192 || (size >= 8 && is_power_of_2(size))) &&
	    __builtin_constant_p(gfp) && !(gfp & SLAB_GFP_UNUSUAL))
		return kmem_cache_alloc_usual(cache, gfp);
	return kmem_cache_alloc_trace(cache, gfp, size);
}

void kfree(const void *object);
size_t ksize(const void *object); /* usable bytes; 0 for NULL and ZERO_SIZE_PTR */

/*
 * Grow or shrink, perhaps in place; NULL allocates, size 0 frees and gives ZERO_SIZE_PTR. On failure NULL, and the
 * object stays as it is. (Linux: krealloc)
 */
void *__must_check krealloc(const void *object, size_t size, gfp_t gfp);

/* A copy; of a string with its NUL, and NULL of NULL. */
void *__must_check kmemdup(const void *from, size_t size, gfp_t gfp);
char *__must_check kstrdup(const char *string, gfp_t gfp);

/* The same of `size` bytes, or of at most `max`, and a NUL behind them; NULL of NULL. (Linux: mm/util.c) */
char *__must_check kmemdup_nul(const char *from, size_t size, gfp_t gfp);
char *__must_check kstrndup(const char *string, size_t max, gfp_t gfp);

/* From one node's memory first; -1: this CPU's. With __GFP_THISNODE from no other. */
void *__must_check kmalloc_node(size_t size, gfp_t gfp, int nid);

/* Wipes all usable bytes before it frees: for keys and passwords. */
void kfree_sensitive(const void *object);

static inline void *__must_check kzalloc(size_t size, gfp_t gfp)
{
	return kmalloc(size, gfp | __GFP_ZERO);
}

/* n objects of `size` bytes; NULL when the product overflows, never less than was asked for. */
static inline void *__must_check kmalloc_array(size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	return __builtin_mul_overflow(n, size, &bytes) ? NULL : kmalloc(bytes, gfp);
}

static inline void *__must_check kcalloc(size_t n, size_t size, gfp_t gfp)
{
	return kmalloc_array(n, size, gfp | __GFP_ZERO);
}

static inline void *__must_check krealloc_array(const void *object, size_t n, size_t size,
						gfp_t gfp)
{
	size_t bytes;

	return __builtin_mul_overflow(n, size, &bytes) ? NULL : krealloc(object, bytes, gfp);
}

/* For mm/report.c, mm/verify.c and the prompt: what a cache holds. */
struct slab_info {
	const char *name;
	size_t size, object_size; /* bytes with and without padding */
	unsigned int objects_per_slab, order;
	unsigned long active_objects,
		objects; /* objects in CPU arrays count as active, as in Linux */
	unsigned long active_slabs, slabs;
	unsigned int limit, batchcount, shared;
	unsigned long shared_avail; /* objects parked between the CPUs of a node */
	unsigned int color_next, colors, color_off;
};

/* NULL starts, NULL ends; it also ends behind a cache that has been destroyed since. */
struct kmem_cache *slab_next_cache(struct kmem_cache *cache);
void slab_get_info(struct kmem_cache *cache, struct slab_info *info);
struct kmem_cache *slab_find_cache(const char *name);

/* Which object an address lies in; false when no slab has it. A glance: exact while nobody allocates or frees. */
struct slab_object {
	struct kmem_cache *cache;
	const char *cache_name;
	uintptr_t object, slab; /* start addresses */
	unsigned int index, objects;
	bool allocated; /* as the owner sees it: objects in a CPU array are free */
	size_t offset;	/* of the address in the object */
	bool in_object; /* false: descriptor, colour or padding */
};
bool slab_describe(const void *address, struct slab_object *found);

/* Every slab of one cache as one line each, for `slab NAME`. Task context. */
struct seq_file;
void slab_draw(struct kmem_cache *cache, struct seq_file *file);

/*
 * How many objects a CPU may park (0: none), how many move at once (1 to limit), and how many such batches the CPUs of a node share.
 * -EINVAL for other figures or a cache that parks nothing, -ENOMEM. May sleep. (Linux: do_tune_cpucache)
 */
struct slab_tuning {
	unsigned int limit, batchcount, shared;
};
int slab_tune(struct kmem_cache *cache, const struct slab_tuning *tuning);

/*
 * "NAME LIMIT BATCHCOUNT SHARED", as it is written to /proc/slabinfo. 0, or -EINVAL, -ENOENT, -ENOMEM after saying what is wanted;
 * nothing has changed then. (Linux: slabinfo_write)
 */
int slab_tune_text(const char *text);

/*
 * Memory that has been idle since the last call goes back to the pages, a part of it. How many pages. Task context; whoever is already at
 * it makes this 0. Call it every second or two, or when memory is short. (Linux: cache_reap)
 */
unsigned long cache_reap(void);

/*
 * Proves what the debug layer knows of every object of a cache, allocated or free, after putting back what is parked with the CPUs. Each
 * error is reported and repaired; returns how many there were, so that a second call returns 0. Task context, while nobody else
 * allocates or frees. (Linux: validate_slab_cache)
 */
unsigned long validate_slab_cache(struct kmem_cache *cache);

/* What the debug layer has found and put right since the boot: each two events, so two figures. */
struct slab_debug_stats {
	unsigned long reports, repairs;
};
struct slab_debug_stats slab_debug_stats(void);

/*
 * Who holds objects of a cache with SLAB_STORE_USER: one entry for each way the callers came, at most `max`. How many entries; 0
 * for a cache that does not know. While nobody else allocates or frees. For `slab leaks`.
 */
#define SLAB_LEAK_DEPTH 6
struct slab_leak {
	uintptr_t caller[SLAB_LEAK_DEPTH]; /* innermost first */
	uint32_t stack;			   /* the whole, of lib/stack_depot.h; 0: unknown */
	unsigned long objects, bytes;	   /* bytes as asked for */
	uint64_t oldest_ms;
};
unsigned int slab_leaks(struct kmem_cache *cache, struct slab_leak *leaks, unsigned int max);

/* /proc/sys/vm/slab_debug: caches made from now on are watched in every way. */
int slab_debug_set(bool on);
bool slab_debug_get(void);

/*
 * `fail_slab=`: which requests fail (lib/fault_injection.h). -EINVAL for a text that is not understood. For sweeps with fault_fail_nth():
 * slab_watch_failures() around them.
 */
int slab_fail_set(const char *text);
void slab_watch_failures(bool on);

/* Empty this CPU's arrays and give all free slabs back, so that figures are exact and compare. */
void slab_drain(void);

/* Proves S1, S2, ... of every cache; says which failed. */
bool slab_check(void);
