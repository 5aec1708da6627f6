/* SPDX-License-Identifier: MIT */
/*
 * mempool.c - a few elements kept aside, so that whoever can wait always gets one.
 *
 * THE IDEA
 *	A pool stands in front of an allocator and owns min_nr of its elements. It does not touch them
 *	as long as the allocator gives. When that fails, the reserve gives; when the reserve is
 *	empty, at least min_nr elements are out with their users, so that one of them will come back:
 *	a free fills the reserve before anything else and wakes one waiter. So a request that may sleep ends, with
 *	an element, if every user in the end gives back what it has.
 *
 * PICTURE	min_nr 3, one element in the reserve
 *
 *	mempool_alloc     allocator --no--> [e0|  |  ] --empty--> allocator again, in earnest --no--> wait
 *	mempool_free      [e0|e1|  ] while not full, and wake; else back to the allocator
 *
 * INVARIANTS	(mempool_check() proves them, mempool_test.c breaks them)
 *	MP1  0 <= curr_nr <= min_nr, and min_nr is at least 1.
 *	MP2  The first curr_nr entries of `elements` are different and not NULL.
 *	MP3  In debug builds an element of the reserve is 0x6b ... 0xa5, as a free object is.
 *
 * LOCKING
 *	pool->lock, with interrupts off, guards the reserve. Elements are allocated, freed and waiters
 *	woken without it. mempool_free() looks at curr_nr without the lock; the barrier there
 *	says why that loses nobody.
 * COST		Some ten instructions each way besides the allocator's; a lock when the reserve is used.
 * FLOOR	slab. Block layers, DMA and drivers stand on it.
 * LINUX	mm/mempool.c. There a waiter also looks again every five seconds; here it waits for a free alone, and
 *		when nothing is left that could free, the scheduler says who waits. Destroying a pool
 *		with elements out was a BUG in 2.6 and goes unnoticed today; here it is reported and refused.
 */
#include <mm/mempool.h>

#include <lib/check.h>
#include <lib/errno.h>
#include <lib/overflow.h>
#include <lib/printk.h>
#include <lib/report.h>
#include <lib/string.h>
#include <mm/slab.h>

#include "impl.h"

#define POISON_FREE 0x6b
#define POISON_END  0xa5

static LIST_HEAD(pools);
static DEFINE_SPINLOCK(pools_lock, LOCK_RANK_MEMPOOL);

/* ---- The usual allocators ---- */

void *mempool_alloc_slab(gfp_t gfp, void *pool_data)
{
	return kmem_cache_alloc(pool_data, gfp);
}

void mempool_free_slab(void *element, void *pool_data)
{
	kmem_cache_free(pool_data, element);
}

void *mempool_kmalloc(gfp_t gfp, void *pool_data)
{
	return kmalloc((size_t)pool_data, gfp);
}

void mempool_kfree(void *element, void *pool_data)
{
	(void)pool_data;
	kfree(element);
}

void *mempool_alloc_pages(gfp_t gfp, void *pool_data)
{
	return alloc_pages(gfp, (unsigned int)(uintptr_t)pool_data);
}

void mempool_free_pages(void *element, void *pool_data)
{
	__free_pages(element, (unsigned int)(uintptr_t)pool_data);
}

/* ---- What lies in the reserve ---- */

/* The bytes of an element that are nobody's while it is in the reserve; NULL when there are none to write to. */
static unsigned char *element_bytes(const mempool_t *pool, void *element, size_t *size)
{
	const struct kmem_cache *cache = pool->pool_data;

	if (pool->alloc == mempool_alloc_slab) {
		*size = cache->object_size;
		return cache->ctor ? NULL : element;
	}
	if (pool->alloc == mempool_kmalloc) {
		*size = (size_t)pool->pool_data;
		return element;
	}
	if (pool->alloc == mempool_alloc_pages) {
		*size = PAGE_SIZE << (uintptr_t)pool->pool_data;
		return page_address(element);
	}
	return NULL;
}

static void element_poison(const mempool_t *pool, void *element)
{
	unsigned char *bytes;
	size_t size;

	if (!CONFIG_DEBUG)
		return;
	bytes = element_bytes(pool, element, &size);
	if (!bytes || !size)
		return;
	memset(bytes, POISON_FREE, size - 1);
	bytes[size - 1] = POISON_END;
}

/* The first byte that is not as element_poison() left it; NULL when all are. */
static unsigned char *element_damage(const mempool_t *pool, void *element)
{
	unsigned char *bytes, *wrong;
	size_t size;

	if (!CONFIG_DEBUG)
		return NULL;
	bytes = element_bytes(pool, element, &size);
	if (!bytes || !size)
		return NULL;
	wrong = memchr_inv(bytes, POISON_FREE, size - 1);
	return wrong ? wrong : bytes[size - 1] == POISON_END ? NULL : &bytes[size - 1];
}

static void report_damage(const mempool_t *pool, void *element, const unsigned char *wrong)
{
	size_t size;

	report_open(REPORT_BUG, "mempool_alloc: an element was written to in the reserve");
	report_line("element %px of pool %px, at byte %zu: 0x%02x", element, pool,
		    (size_t)(wrong - element_bytes(pool, element, &size)), *wrong);
	report_stack("found");
	report_close();
}

/* Could this have come from the pool's allocator, and is it in use there? Unknown allocators are believed. */
static bool element_is_plausible(const mempool_t *pool, void *element)
{
	struct slab *slab;

	if (pool->alloc == mempool_alloc_pages)
		return page_exists(element) && ((struct page *)element)->flags & PG_OWNED;
	if (pool->alloc == mempool_alloc_slab) {
		slab = object_slab(element);
		return slab && impl_object_cache(slab, element) == pool->pool_data;
	}
	if (pool->alloc == mempool_kmalloc) {
		slab = object_slab(element);
		return slab ? impl_object_cache(slab, element) != NULL : virt_addr_valid(element);
	}
	return true;
}

static bool reserve_has_locked(const mempool_t *pool, const void *element)
{
	int i;

	for (i = 0; i < pool->curr_nr; i++)
		if (pool->elements[i] == element)
			return true;
	return false;
}

static void add_element_locked(mempool_t *pool, void *element)
{
	ASSERT(pool->curr_nr < pool->min_nr);
	element_poison(pool, element);
	pool->elements[pool->curr_nr] = element;
	WRITE_ONCE(pool->curr_nr, pool->curr_nr + 1);
}

static void *take_element_locked(mempool_t *pool)
{
	if (pool->curr_nr == 0)
		return NULL;
	WRITE_ONCE(pool->curr_nr, pool->curr_nr - 1);
	return pool->elements[pool->curr_nr];
}

/* An element of the reserve for the caller; NULL when it is empty. */
static __noinline void *reserve_take(mempool_t *pool)
{
	unsigned long flags = spin_lock_save(&pool->lock);
	void *element = take_element_locked(pool);
	unsigned char *wrong;

	spin_unlock_irqrestore(&pool->lock, flags);
	wrong = element ? element_damage(pool, element) : NULL;
	if (wrong)
		report_damage(pool, element, wrong);
	return element;
}

/* ---- Getting one ---- */

/* The allocator refused and so did the reserve: this request may sleep. */
static void *alloc_or_wait(mempool_t *pool, gfp_t gfp)
{
	DEFINE_WAIT(wait);
	void *element;

	for (;;) {
		element = pool->alloc(gfp | __GFP_NOMEMALLOC | __GFP_NORETRY | __GFP_NOWARN,
				      pool->pool_data);
		if (element)
			break;
		prepare_to_wait_exclusive(&pool->wait, &wait, "an element of a mempool");
		element = reserve_take(pool);
		if (element)
			break;
		schedule();
	}
	finish_wait(&pool->wait, &wait);
	/* A wake-up that came while the allocator gave belongs to the next waiter. */
	if (READ_ONCE(pool->curr_nr) && waitqueue_active(&pool->wait))
		wake_up(&pool->wait);
	return element;
}

/* Debug builds come here at once, others when the allocator has refused. */
static void *alloc_checked(mempool_t *pool, gfp_t gfp)
{
	if (gfp & __GFP_ZERO) {
		report_warn(
			"mempool_alloc: __GFP_ZERO, but an element of the reserve has been used");
		return NULL;
	}
	might_sleep_if(gfp & __GFP_DIRECT_RECLAIM);
	return pool->alloc(mempool_first_mask(gfp), pool->pool_data);
}

void *mempool_alloc_slow(mempool_t *pool, gfp_t gfp)
{
	void *element = CONFIG_DEBUG ? alloc_checked(pool, gfp) : NULL;

	if (element || (CONFIG_DEBUG && gfp & __GFP_ZERO))
		return element;
	element = reserve_take(pool);
	if (!element && gfp & __GFP_DIRECT_RECLAIM)
		element = alloc_or_wait(pool, gfp);
	/* Pairs with the barrier of mempool_free(): our decrement of curr_nr is seen before the element is freed. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return element;
}

/* ---- Giving it back ---- */

static void report_misuse(const mempool_t *pool, const void *element, const char *what)
{
	report_open(REPORT_BUG, "mempool_free: %s", what);
	report_line("element %px, pool %px of %d, %d in the reserve", element, pool, pool->min_nr,
		    pool->curr_nr);
	report_stack("by");
	report_close();
}

/* True when the element is the reserve's now, or has been reported; false: the reserve is full. */
static __noinline bool reserve_put(mempool_t *pool, void *element)
{
	const char *misuse = NULL;
	unsigned long flags;
	bool put = false;

	if (!element_is_plausible(pool, element)) {
		report_misuse(pool, element, "not an element of this pool, or free already");
		return true;
	}
	flags = spin_lock_save(&pool->lock);
	if (pool->curr_nr < pool->min_nr) {
		put = true;
		if (reserve_has_locked(pool, element))
			misuse = "the element is in the reserve already";
		else
			add_element_locked(pool, element);
	}
	spin_unlock_irqrestore(&pool->lock, flags);
	if (misuse)
		report_misuse(pool, element, misuse);
	else if (put)
		wake_up(&pool->wait);
	return put;
}

/* A full reserve does not mean that the element is not in it too; debug builds look. */
static bool reserve_has(mempool_t *pool, const void *element)
{
	unsigned long flags = spin_lock_save(&pool->lock);
	bool found = reserve_has_locked(pool, element);

	spin_unlock_irqrestore(&pool->lock, flags);
	return found;
}

void mempool_free_slow(void *element, mempool_t *pool)
{
	if (!element)
		return;
	if (READ_ONCE(pool->curr_nr) < pool->min_nr && reserve_put(pool, element))
		return;
	if (CONFIG_DEBUG && reserve_has(pool, element)) {
		report_misuse(pool, element, "the element is in the reserve already");
		return;
	}
	pool->free(element, pool->pool_data);
}

/* ---- Life of a pool ---- */

static void free_reserve(mempool_t *pool)
{
	void *element;

	while ((element = reserve_take(pool)))
		pool->free(element, pool->pool_data);
}

/* Elements until there are `wanted`. False when the allocator refused. */
static bool fill_reserve(mempool_t *pool, int wanted)
{
	while (pool->curr_nr < wanted) {
		void *element = pool->alloc(GFP_KERNEL, pool->pool_data);
		unsigned long flags;

		if (!element)
			return false;
		flags = spin_lock_save(&pool->lock);
		if (pool->curr_nr < pool->min_nr) {
			add_element_locked(pool, element);
			element = NULL;
		}
		spin_unlock_irqrestore(&pool->lock, flags);
		if (element) /* others gave theirs back meanwhile */
			pool->free(element, pool->pool_data);
	}
	return true;
}

static void pools_add(mempool_t *pool)
{
	unsigned long flags = spin_lock_save(&pools_lock);

	list_add_tail(&pool->link, &pools);
	spin_unlock_irqrestore(&pools_lock, flags);
}

static void pools_del(mempool_t *pool)
{
	unsigned long flags = spin_lock_save(&pools_lock);

	list_del(&pool->link);
	spin_unlock_irqrestore(&pools_lock, flags);
}

int mempool_init(mempool_t *pool, int min_nr, mempool_alloc_t *alloc, mempool_free_t *free,
		 void *pool_data)
{
	might_sleep();
	if (min_nr < 1 || !alloc || !free) {
		report_warn("mempool_create: a guarantee of %d elements, or no allocator", min_nr);
		return -EINVAL;
	}
	*pool = (mempool_t){.min_nr = min_nr, .pool_data = pool_data, .alloc = alloc, .free = free};
	pool->elements = kmalloc_array((size_t)min_nr, sizeof(void *), GFP_KERNEL);
	if (!pool->elements)
		return -ENOMEM;
	spin_lock_init(&pool->lock, LOCK_RANK_MEMPOOL);
	init_waitqueue_head(&pool->wait);
	if (!fill_reserve(pool, min_nr)) {
		free_reserve(pool);
		kfree(pool->elements);
		return -ENOMEM;
	}
	pools_add(pool);
	return 0;
}

mempool_t *mempool_create(int min_nr, mempool_alloc_t *alloc, mempool_free_t *free, void *pool_data)
{
	mempool_t *pool = kmalloc(sizeof(*pool), GFP_KERNEL);

	if (!pool)
		return NULL;
	if (mempool_init(pool, min_nr, alloc, free, pool_data) == 0)
		return pool;
	kfree(pool);
	return NULL;
}

/* False, and a report: elements are out, or somebody waits. */
static bool pool_end(mempool_t *pool)
{
	if (pool->curr_nr != pool->min_nr || waitqueue_active(&pool->wait)) {
		report_open(REPORT_BUG, "mempool_destroy: %d elements are out",
			    pool->min_nr - pool->curr_nr);
		report_line("pool    %px guarantees %d%s", pool, pool->min_nr,
			    waitqueue_active(&pool->wait) ? ", and somebody waits for one" : "");
		report_stack("by");
		report_close();
		return false;
	}
	pools_del(pool);
	free_reserve(pool);
	kfree(pool->elements);
	pool->elements = NULL;
	return true;
}

void mempool_exit(mempool_t *pool)
{
	if (pool->elements)
		pool_end(pool);
}

void mempool_destroy(mempool_t *pool)
{
	if (pool && pool_end(pool))
		kfree(pool);
}

/* Gives back what is above a lower guarantee, one by one: nobody waits while there is a surplus. */
static void resize_down(mempool_t *pool, int new_min_nr)
{
	unsigned long flags = spin_lock_save(&pool->lock);
	void *element;

	pool->min_nr = new_min_nr;
	while (pool->curr_nr > new_min_nr) {
		element = take_element_locked(pool);
		spin_unlock_irqrestore(&pool->lock, flags);
		pool->free(element, pool->pool_data);
		flags = spin_lock_save(&pool->lock);
	}
	spin_unlock_irqrestore(&pool->lock, flags);
}

static int resize_up(mempool_t *pool, int new_min_nr)
{
	void **larger = kmalloc_array((size_t)new_min_nr, sizeof(void *), GFP_KERNEL), **old;
	int old_min_nr = pool->min_nr, wanted;
	unsigned long flags;

	if (!larger)
		return -ENOMEM;
	flags = spin_lock_save(&pool->lock);
	memcpy(larger, pool->elements, (size_t)pool->curr_nr * sizeof(void *));
	old = pool->elements;
	pool->elements = larger;
	pool->min_nr = new_min_nr;
	wanted = pool->curr_nr + new_min_nr - old_min_nr;
	spin_unlock_irqrestore(&pool->lock, flags);
	kfree(old);

	/* What is out comes back by itself; only the difference is new. */
	if (fill_reserve(pool, min(wanted, new_min_nr)))
		return 0;
	resize_down(pool, old_min_nr);
	return -ENOMEM;
}

int mempool_resize(mempool_t *pool, int new_min_nr)
{
	might_sleep();
	if (new_min_nr < 1)
		return -EINVAL;
	if (new_min_nr > pool->min_nr)
		return resize_up(pool, new_min_nr);
	resize_down(pool, new_min_nr);
	return 0;
}

/* ---- The proof ---- */

static bool broken(const mempool_t *pool, const char *rule)
{
	pr_err("mempool: %s does not hold in pool %px\n", rule, pool);
	return false;
}

static bool pool_check(const mempool_t *pool)
{
	int i, j;

	if (pool->min_nr < 1 || pool->curr_nr < 0 || pool->curr_nr > pool->min_nr)
		return broken(pool, "MP1 (how many are in the reserve)");
	for (i = 0; i < pool->curr_nr; i++) {
		if (!pool->elements[i])
			return broken(pool, "MP2 (an element is NULL)");
		for (j = 0; j < i; j++)
			if (pool->elements[i] == pool->elements[j])
				return broken(pool, "MP2 (an element is there twice)");
		if (element_damage(pool, pool->elements[i]))
			return broken(pool, "MP3 (an element was written to)");
	}
	return true;
}

bool mempool_check(void)
{
	unsigned long flags = spin_lock_save(&pools_lock);
	bool holds = true;
	mempool_t *pool;

	list_for_each_entry (pool, &pools, link)
		holds = pool_check(pool) && holds;
	spin_unlock_irqrestore(&pools_lock, flags);
	return holds;
}
