/* SPDX-License-Identifier: MIT */
/*
 * mm/mempool.h - allocations that do not fail: a reserve in front of any allocator.
 *
 *	pool = mempool_create_slab_pool(4, request_cache);	at least 4 are always to be had
 *	request = mempool_alloc(pool, GFP_NOIO);		never NULL: it may sleep
 *	mempool_free(request, pool);
 *
 * Who must make progress to free memory (writing a dirty page out) cannot wait for memory to be freed. It keeps a few
 * elements aside and lives on them until one of its own comes back. (Linux: include/linux/mempool.h)
 */
#pragma once

#include <config.h>
#include <lib/list.h>
#include <lib/spinlock.h>
#include <lib/types.h>
#include <lib/wait.h>
#include <mm/gfp.h>

struct kmem_cache;

typedef void *(mempool_alloc_t)(gfp_t gfp, void *pool_data);
typedef void(mempool_free_t)(void *element, void *pool_data);

typedef struct mempool {
	spinlock_t lock; /* the reserve */
	int min_nr;	 /* elements guaranteed */
	int curr_nr;	 /* elements in the reserve, at most min_nr */
	void **elements;
	void *pool_data;
	mempool_alloc_t *alloc;
	mempool_free_t *free;
	wait_queue_head_t wait;
	struct list_head link; /* in the list of pools, for mempool_check() */
} mempool_t;

/*
 * A pool that guarantees min_nr elements (1 or more; less is reported and refused), all allocated here; NULL, or -errno, when one of them
 * cannot be had. mempool_init() takes a pool of the caller's, to be ended by mempool_exit(). May sleep.
 */
mempool_t *__must_check mempool_create(int min_nr, mempool_alloc_t *alloc, mempool_free_t *free,
				       void *pool_data);
int __must_check mempool_init(mempool_t *pool, int min_nr, mempool_alloc_t *alloc,
			      mempool_free_t *free, void *pool_data);

/*
 * Frees the reserve and the pool; NULL does nothing. While elements are out that is reported and the pool stays as it is, usable. May sleep.
 */
void mempool_destroy(mempool_t *pool);
void mempool_exit(mempool_t *pool);

/* What the allocator is asked with first: it may not wait, warn, or use the last reserves. */
static inline gfp_t mempool_first_mask(gfp_t gfp)
{
	return (gfp & ~(__GFP_DIRECT_RECLAIM | __GFP_IO)) | __GFP_NOMEMALLOC | __GFP_NORETRY |
	       __GFP_NOWARN;
}

/* The rest of the two calls below, and in debug builds all of them. */
void *mempool_alloc_slow(mempool_t *pool, gfp_t gfp);
void mempool_free_slow(void *element, mempool_t *pool);

/*
 * Asks the allocator behind it, without sleeping and without a warning; then the reserve; then, with a mask that may sleep, the
 * allocator for once in earnest, and then waits for a mempool_free(). So it gives NULL only with a mask that may not sleep. __GFP_ZERO is reported and refused: what comes
 * from the reserve has been used. Any context with GFP_ATOMIC. (Linux: mm/mempool.c)
 */
static inline void *__must_check mempool_alloc(mempool_t *pool, gfp_t gfp)
{
	void *element = CONFIG_DEBUG ? NULL : pool->alloc(mempool_first_mask(gfp), pool->pool_data);

	return likely(element) ? element : mempool_alloc_slow(pool, gfp);
}

/* Into the reserve while that is not full, and then a waiter is woken; else to the allocator. NULL does nothing. Any context. */
static inline void mempool_free(void *element, mempool_t *pool)
{
	/*
	 * Whoever took this element from the reserve lowered curr_nr before; the element came to us through
	 * memory since, so with this barrier we see that. Who sees the reserve full frees one that is surplus.
	 */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (!CONFIG_DEBUG && likely(element && READ_ONCE(pool->curr_nr) >= pool->min_nr))
		pool->free(element, pool->pool_data);
	else
		mempool_free_slow(element, pool);
}

/*
 * Another guarantee. 0; -EINVAL below 1; -ENOMEM when it cannot be given, and then the old one holds. Elements above a lower one are
 * given back. Nobody else resizes or destroys it meanwhile. May sleep.
 */
int __must_check mempool_resize(mempool_t *pool, int new_min_nr);

/* The allocators behind the usual pools; pool_data is the cache, the size, the order. */
mempool_alloc_t mempool_alloc_slab, mempool_kmalloc, mempool_alloc_pages;
mempool_free_t mempool_free_slab, mempool_kfree, mempool_free_pages;

static inline mempool_t *__must_check mempool_create_slab_pool(int min_nr, struct kmem_cache *cache)
{
	return mempool_create(min_nr, mempool_alloc_slab, mempool_free_slab, cache);
}

static inline mempool_t *__must_check mempool_create_kmalloc_pool(int min_nr, size_t size)
{
	return mempool_create(min_nr, mempool_kmalloc, mempool_kfree, (void *)size);
}

/* Elements are struct page pointers, of blocks of 2^order pages. */
static inline mempool_t *__must_check mempool_create_page_pool(int min_nr, unsigned int order)
{
	return mempool_create(min_nr, mempool_alloc_pages, mempool_free_pages,
			      (void *)(uintptr_t)order);
}

/* Proves, for every pool: 0 <= curr_nr <= min_nr, and the reserve holds curr_nr different elements, unwritten in debug builds. Says what fails. */
bool mempool_check(void);
