/* SPDX-License-Identifier: MIT */
/*
 * slab.c - SLAB: objects of one size, cut from blocks of pages, most recently used first.
 *
 * THE IDEA
 *	A *slab* is a block of pages cut into objects of one size. Its *descriptor* (struct
 *	slab) says which are free: bufctl[] is an array with one index an object, and the free
 *	objects form a chain of indices in it, so that a free object itself is never written
 *	to and stays as its constructor left it.
 *
 *	A node keeps a cache's slabs in three lists: partial, full, free; one with several CPUs in several
 *	such threes, its lanes, so that they are not in each other's way (slab_node.c). Objects are taken
 *	from partial slabs first, then from free ones, then a new slab is made (cache_grow).
 *
 *	Before the lists stands one stack of free objects a CPU, array_cache. Almost every
 *	allocation pops it and almost every free pushes it: no lock, no list, and the object
 *	popped is the one whose bytes are still in the CPU's cache. An empty stack is refilled
 *	with a batch from the lists, a full one gives its *oldest* batch back.
 *
 *	Objects at equal places in all slabs would fall on the same lines of the CPU's cache.
 *	What is left over in a slab is therefore spent in front: each new slab starts one
 *	*colour* further in, until the left over is used up, and then at 0 again.
 *
 * PICTURE	objects of 256 bytes, aligned to 64, one page: 15 fit, 128 bytes left over
 *
 *	on-slab   |colour| struct slab, bufctl[15], pad | 0 | 1 | 2 | ...  | 14 | left over |
 *	          0..128   128 bytes                      ^ first_object
 *
 *	off-slab  |colour| 0 | 1 | ... | 7 |       512 bytes and more; the descriptor is an
 *	                                           object of kmalloc-64
 *	bufctl    [2] A [4] A [END] A ...  free = 0: objects 0, 2 and 4 are free; A: in use
 *
 *	          alloc ^   | free                 kmem_cache_alloc() pops, kmem_cache_free() pushes
 *	array     [ 9 | 3 | 12 |  ...      ]  limit
 *	            oldest batch             ^ avail
 *
 * CALLS	the classic names in brackets where ours differ
 *
 *	kmalloc(size unknown) -> __kmalloc -> kmalloc_class [__find_general_cachep]
 *	kmalloc(constant)      -> the class's cache, known to the compiler
 *	  -> kmem_cache_alloc -> cache_alloc [__cache_alloc, ____cache_alloc] -> cpu_cache_get     pop
 *	      -> cache_alloc_slow -> cache_alloc_refill -> array_refill          a batch from the lists
 *	                          -> cache_grow -> cache_get_pages [kmem_getpages] -> alloc_pages_node
 *	                          -> fallback_alloc                              from any node
 *	kfree, kmem_cache_free -> cpu_object_leaves_use, array_push [__cache_free]                 push
 *	  -> cache_free_slow -> cache_flusharray -> array_give_oldest            a batch into the lists
 *	                          -> free_block -> slab_destroy_all [slab_destroy] -> __free_pages
 *	                     -> alien_park [cache_free_alien]                    another node's object
 *
 * INTERRUPTS	an array belongs to a CPU, but the CPU may be interrupted, and its interrupts allocate
 *	The fast way does not turn them off. Each CPU has one token, and who holds it may be in the middle
 *	of one of the CPU's arrays:
 *
 *		if (--token != 0) { ++token; slow way }
 *		array...
 *		token = 1
 *
 *	An interrupt that comes while the token is held finds it below 1: it touches no array and takes the
 *	slow way, which deals in single objects with the node's lists, under their lock, interrupts off. An
 *	interrupt that comes before the token is taken, or in the middle of taking it where that is a load, a
 *	subtraction and a store, runs to its end first, leaves the token as it found it and an array that is
 *	whole: all that the fast way knows of an array it reads while it holds the token. The same holds for
 *	interrupts within interrupts. The slow way touches an array only with interrupts off and the token
 *	there: then nobody on this CPU is in the middle of one.
 *
 *	Nothing is atomic in this but that a load or a store of one word is one. What a CPU's own interrupts
 *	see of it is its program order, on x86_64 and aarch64 alike, so a fence for the compiler is all it
 *	takes; on hosted likewise, where an interrupt is a signal on the CPU's thread. Other CPUs never look
 *	at the token, nor at an array while its CPU runs. A task that holds the token is never moved to
 *	another CPU: tasks give the CPU up in schedule() only, and never here. A scheduler that preempts would
 *	have to let a task finish that holds it.
 *
 * INVARIANTS	(impl_cache_check() in slab_report.c proves them, slab_test.c breaks them)
 *	S1  A slab's free chain runs through objects - inuse different objects of the slab and
 *	    ends; every other object is marked as in use.
 *	S2  A slab is in slabs_full when all objects are in use, in slabs_free when none is,
 *	    else in slabs_partial.
 *	S3  free_objects is the number of objects on the free chains of the lists' slabs, shared_avail of those in the
 *	    shared array. Each slab names the lists in which it is.
 *	S4  Each page of a slab carries PG_SLAB, its descriptor's address and its cache's CPU arrays, the first
 *	    one its order, and all objects lie inside the block.
 *	S5  An array holds at most `limit` objects above a NULL, each one starts an object of this
 *	    cache that is in use in its slab, and none is in two places. In debug builds exactly
 *	    these are marked BUFCTL_CACHED.
 *
 * MISUSE	what each check of the fast way costs, in instructions of x86_64
 *	4	the address lies in frames that are this node's (else a longer test says whose)
 *	2	its page is a slab's
 *	2	kmem_cache_free(): of this cache
 *	7	an object starts there: one multiplication gives index and remainder (slab_types.h)
 *	2	it is not on its slab's chain
 *	2	it is not on top of this CPU's array: the one freed last
 *	A debug build marks each object as it enters and leaves an array, with one exchange: there
 *	any second free is refused, whichever CPU did the first.
 *
 * LOCKING	A CPU's array: as above. Lists, chains, counts and a node's arrays: node->lock, interrupts
 *	off; see slab_node.c. Nothing sleeps but alloc_pages(), which is called with the caller's
 *	interrupts.
 * COST		A pop or a push is some 15 and 35 instructions with its checks; a refill or a flush is
 *	O(batchcount) and comes once in batchcount calls. Memory: 40 bytes a slab and 2 an object,
 *	at most 1/8 of a slab left over (up to order 3), at most limit objects with each CPU.
 *	What counts more than instructions is how many loads wait for one another. A push is not known
 *	to be of this array or that until its address is, and a CPU that guards against reading too
 *	early holds the next pop back so long. So that address is two loads from the object: struct page
 *	(slab_types.h) and top; slab and cache are looked at beside that, to judge. By way of page, slab,
 *	cache, array and count it was five, and pairs of mixed sizes took 10 ns where they now take 6.
 * FLOOR	slab.
 * LINUX	mm/slab.c of 2.6.24, which turns interrupts off in the fast way. The bootstrap needs no
 *	replacement of static structures: a cache without arrays works.
 */
#include <mm/slab.h>

#include <arch/cpu.h>
#include <lib/check.h>
#include <lib/context.h>
#include <lib/percpu.h>
#include <lib/string.h>
#include <mm/page.h>
#include <mm/percpu.h>
#include <mm/zone.h>

#include "slab_fast.h"

DEFINE_PER_CPU(struct slab_cpu, slab_cpu) = {.token = 1};

/* ---- Allocation ---- */

/* Debug builds: from now on the object is its owner's. */
void slab_object_enters_use(void *object)
{
	struct slab *slab = object_slab(object);
	unsigned long index;

	CHECK(slab && slab_object_index(slab, object, &index), "no object starts at %px", object);
	CHECK(__atomic_exchange_n(&slab->bufctl[index], BUFCTL_ACTIVE, __ATOMIC_RELAXED) ==
		      BUFCTL_CACHED,
	      "object %px of cache %s was not free", object, slab->cache->common.name);
}

/* One object out of a node's slabs that exist. Interrupts off. */
static void *node_alloc_one(struct slab_cache *cache, unsigned int nid)
{
	void *object = NULL;
	unsigned int n;

	ASSERT(!arch_irq_enabled());
	for (n = 0; n < nr_slab_lanes() && !object; n++) {
		struct kmem_list3 *node = lists_of_node(cache, nid, n);

		spin_lock(&node->lock);
		object = node_take_object(cache, node);
		spin_unlock(&node->lock);
	}
	return object;
}

typedef void (*refill_t)(struct slab_cache *cache, struct array_cache *array);

/*
 * Up to a batch for this CPU's array, out of what exists, and one of it for the caller; NULL when there
 * is none. Interrupts off, and no fast way under way.
 */
static void *cache_alloc_refill(struct slab_cache *cache, refill_t refill)
{
	struct array_cache *array = cpu_cache_get(cache);

	if (array_limit(array) == 0)
		return node_alloc_one(cache, local_node());
	array->touched = true;
	if (array_avail(array) == 0) /* else an interrupt has filled it since it was found empty */
		refill(cache, array);
	return array_avail(array) ? *array->top-- : NULL;
}

/* Out of what exists: through the array, unless this interrupts somebody who is at it. */
static void *cache_alloc_existing(struct slab_cache *cache, unsigned int nid, refill_t refill)
{
	unsigned long flags = arch_irq_save();
	void *object = array_is_whole() && nid == local_node() ? cache_alloc_refill(cache, refill)
							       : node_alloc_one(cache, nid);

	arch_irq_restore(flags);
	return object;
}

/* The node has nothing and gets nothing: what other nodes have, then a slab from wherever there are pages. */
static void *fallback_alloc(struct slab_cache *cache, gfp_t gfp)
{
	void *object = NULL;
	unsigned int nid;
	int grown;

	for (nid = 0; nid < nr_nodes && !object; nid++)
		object = cache_alloc_existing(cache, nid, array_refill);
	while (!object) {
		grown = cache_grow(cache, gfp, -1);
		if (grown < 0)
			return NULL;
		object = cache_alloc_existing(cache, (unsigned int)grown, array_refill);
	}
	return object;
}

/* An object of a node, with what it takes; where there are others, they are the last resort. */
static void *node_alloc(struct slab_cache *cache, gfp_t gfp, unsigned int nid)
{
	gfp_t here = nr_nodes > 1 && !(gfp & __GFP_THISNODE)
			     ? (gfp & ~__GFP_NOFAIL) | __GFP_THISNODE | __GFP_NOWARN | __GFP_NORETRY
			     : gfp;
	void *object = cache_alloc_existing(cache, nid, array_refill);

	if (slab_lane_shift && !object) {
		if (cache_grow(cache, gfp_while_plenty(here), (int)nid) >= 0)
			object = cache_alloc_existing(cache, nid, array_refill);
		else
			object = cache_alloc_existing(cache, nid, array_refill_from_others);
	}
	while (!object && cache_grow(cache, here, (int)nid) >= 0)
		object = cache_alloc_existing(cache, nid, array_refill);
	return object || here == gfp ? object : fallback_alloc(cache, gfp);
}

/* A node that does not exist is this CPU's. */
static unsigned int node_or_local(int nid)
{
	return nid >= 0 && nid < (int)nr_nodes ? (unsigned int)nid : local_node();
}

static __noinline void *cache_alloc_slow(struct slab_cache *cache, gfp_t gfp, int nid, size_t size)
{
	void *object;

	if (debug_should_fail(&cache->common, gfp))
		return NULL;
	do {
		object = node_alloc(cache, gfp, node_or_local(nid));
		if (!object)
			return NULL;
		hand_out(cache, object, size);
	} while (cache_is_debugged(&cache->common) &&
		 !debug_alloc_object(&cache->common, object, min(size, cache->common.object_size)));
	return object;
}

/* (Linux: ____cache_alloc) */
static __always_inline void *cache_alloc(struct slab_cache *cache, gfp_t gfp, size_t size)
{
	struct cpu_cache *cpu = cache->cpu_cache;
	void **top, *object;

	if (unlikely(!token_take()))
		return cache_alloc_slow(cache, gfp, -1, size);
	top = this_cpu_cache(cpu).array.top;
	object = *top;
	if (unlikely(!object)) {
		token_put();
		return cache_alloc_slow(cache, gfp, -1, size);
	}
	this_cpu_cache(cpu).array.top = top - 1;
	token_put();
	return hand_out(cache, object, size);
}

/* A mask that asks for zeroes or for a zone; a zone other than the cache's own is refused. */
static __noinline void *cache_alloc_unusual(struct slab_cache *cache, gfp_t gfp, int nid,
					    size_t size)
{
	const struct kmem_cache *common = &cache->common;
	gfp_t zones = gfp & GFP_ZONEMASK;
	void *object;

	if (zones && zones != (common->gfp & GFP_ZONEMASK)) {
		misuse_bad_gfp("kmem_cache_alloc", common->name, gfp);
		return NULL;
	}
	object = nid >= 0 ? cache_alloc_slow(cache, gfp, nid, size) : cache_alloc(cache, gfp, size);
	if (!object || !(gfp & __GFP_ZERO))
		return object;
	/* The constructor's work wins: the object comes as it was constructed. */
	if (common->ctor)
		misuse_bad_gfp("kmem_cache_alloc", common->name, gfp);
	else
		memset(object, 0, min(size, common->object_size));
	return object;
}

void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp)
{
	if (unlikely(gfp & SLAB_GFP_UNUSUAL))
		return cache_alloc_unusual(to_slab_cache(cache), gfp, -1, WHOLE_OBJECT);
	return cache_alloc(to_slab_cache(cache), gfp, WHOLE_OBJECT);
}

void *kmem_cache_alloc_trace(struct kmem_cache *cache, gfp_t gfp, size_t size)
{
	if (unlikely(gfp & SLAB_GFP_UNUSUAL))
		return cache_alloc_unusual(to_slab_cache(cache), gfp, -1, size);
	return cache_alloc(to_slab_cache(cache), gfp, size);
}

void *kmem_cache_alloc_usual(struct kmem_cache *cache, gfp_t gfp)
{
	return cache_alloc(to_slab_cache(cache), gfp, WHOLE_OBJECT);
}

void *__kmalloc(size_t size, gfp_t gfp)
{
	if (unlikely(gfp & SLAB_GFP_UNUSUAL || size - 1 >= KMALLOC_MAX_CACHE_SIZE))
		return kmalloc_unusual(size, gfp);
	return cache_alloc(to_slab_cache(kmalloc_caches[0][kmalloc_class(size)]), gfp, size);
}

void *kmem_cache_alloc_node(struct kmem_cache *cache, gfp_t gfp, int nid)
{
	return kmem_cache_alloc_node_trace(cache, gfp, nid, WHOLE_OBJECT);
}

void *kmem_cache_alloc_node_trace(struct kmem_cache *cache, gfp_t gfp, int nid, size_t size)
{
	if (nid == (int)local_node() && !(gfp & __GFP_THISNODE))
		nid = -1;
	if (nid < 0 || gfp & SLAB_GFP_UNUSUAL)
		return nid < 0 ? kmem_cache_alloc_trace(cache, gfp, size)
			       : cache_alloc_unusual(to_slab_cache(cache), gfp, nid, size);
	return cache_alloc_slow(to_slab_cache(cache), gfp, nid, size);
}

/* ---- Free ---- */

/* The array is full: its oldest batch goes, the object comes. Interrupts off, no fast way under way. */
static void cache_flusharray(struct slab_cache *cache, void *object, struct list_head *doomed)
{
	struct array_cache *array = cpu_cache_get(cache);

	ASSERT(!arch_irq_enabled() && array->batchcount <= array_limit(array));
	if (array->top == array->full)
		array_give_oldest(cache, array, array->batchcount, doomed);
	array->touched = true;
	*++array->top = object;
}

/* The object stays with the device that has it. */
static void refuse_header(void *object, struct slab_cache *cache, const char *caller)
{
	struct slab *slab = parked_object_slab(object);

	mem_unpoison(object, cache->common.object_size);
	slab->bufctl[slab_index_of(cache, slab, object)] = BUFCTL_ACTIVE;
	dev_kfree_marked(object, caller);
}

/*
 * Whatever the fast way does not do. The object is this cache's and in use, and nobody owns it any
 * more.
 */
static __noinline void cache_free_slow(void *object, struct slab_cache *cache, const char *caller)
{
	struct slab *slab = parked_object_slab(object);
	unsigned long flags;
	LIST_HEAD(doomed);

	if (unlikely(cache->common.flags & SLAB_DEVMEM) && !dev_has_let_go(object)) {
		refuse_header(object, cache, caller);
		return;
	}
	if (cache_is_debugged(&cache->common) && !debug_free_object(&cache->common, object))
		return;
	flags = arch_irq_save();
	if (!array_is_whole() || array_limit(cpu_cache_get(cache)) == 0)
		free_block(cache, &object, 1, &doomed);
	else if (slab_nid(slab) == local_node())
		cache_flusharray(cache, object, &doomed);
	else if (!alien_park(cache, slab, object, &doomed))
		free_block(cache, &object, 1, &doomed);
	arch_irq_restore(flags);
	slab_destroy_all(&doomed);
}

/* Says why an address in a slab cannot be freed. */
static __noinline void refuse_free(const void *object, struct slab *slab, const char *caller)
{
	unsigned long index;

	if (slab_object_index(slab, object, &index))
		misuse_double_free(caller, object);
	else if (!dev_kfree_marked(object, caller))
		misuse_bad_pointer(caller, object);
}

/* The same two for who has been told the cache: arguments in the order in which they came. */
static __noinline void named_free_slow(struct kmem_cache *cache, void *object)
{
	cache_free_slow(object, to_slab_cache(cache), "kmem_cache_free");
}

static __noinline void named_refuse_free(struct kmem_cache *cache, void *object)
{
	(void)cache;
	refuse_free(object, parked_object_slab(object), "kmem_cache_free");
}

/* Onto this CPU's array. `slow` when the fast way does not do it. */
enum push { PUSHED, PUSH_REFUSED, PUSH_SLOW };

static __always_inline enum push array_push(struct cpu_cache *cpu, void *object)
{
	enum push outcome = PUSH_SLOW;
	void **top;

	if (unlikely(!token_take()))
		return PUSH_SLOW;
	top = this_cpu_cache(cpu).array.top;
	if (unlikely(*top == object)) {
		outcome = PUSH_REFUSED;
	} else if (likely(top < this_cpu_cache(cpu).array.full)) {
		top[1] = object;
		this_cpu_cache(cpu).array.top = top + 1;
		outcome = PUSHED;
	}
	token_put();
	return outcome;
}

/* The caller does not know the CPU's array, or the fast way has not judged: by the cache's own figures. */
void impl_free(struct slab *slab, const void *object, const char *caller)
{
	struct slab_cache *cache = slab->cache;
	enum push outcome = PUSH_SLOW;
	unsigned long index;

	if (!slab_object_index(slab, object, &index) || !object_leaves_use(slab, index)) {
		refuse_free(object, slab, caller);
		return;
	}
	if (unlikely(!this_slab_cpu.span_size) && !in_interrupt()) /* a CPU that has made no slab */
		slab_span_reach(object);
	if (!cache_is_debugged(&cache->common))
		mem_poison(object, cache->common.object_size);
	if (slab_nid(slab) == local_node())
		outcome = array_push(cache->cpu_cache, (void *)object);
	if (outcome == PUSH_SLOW)
		cache_free_slow((void *)object, cache, caller);
	else if (outcome == PUSH_REFUSED)
		refuse_free(object, slab, caller);
}

/* Does an object start here, and leave its owner? The CPU's figures say so, without a look at the cache. */
static __always_inline bool cpu_object_leaves_use(struct cpu_cache *cpu, struct slab *slab,
						  const void *object)
{
	unsigned long index;

	return likely(object_index(this_cpu_cache(cpu).reciprocal, this_cpu_cache(cpu).objects,
				   slab->first_object, object, &index)) &&
	       likely(object_leaves_use(slab, index));
}

void kfree(const void *object)
{
	const struct slab_page *page;
	enum push outcome;

	if (unlikely(!span_slab_page(object, &page)) ||
	    unlikely(!cpu_object_leaves_use(page->cpu_cache, page->slab, object))) {
		kfree_elsewhere(object);
		return;
	}
	if (!cache_is_debugged(&page->slab->cache->common))
		mem_poison(object, page->slab->cache->common.object_size);
	outcome = array_push(page->cpu_cache, (void *)object);
	if (unlikely(outcome == PUSH_SLOW))
		cache_free_slow((void *)object, page->slab->cache, "kfree");
	else if (unlikely(outcome == PUSH_REFUSED))
		refuse_free(object, page->slab, "kfree");
}

/* Of a cache, but not in this CPU's span, or nobody's. */
static __noinline void cache_free_elsewhere(struct kmem_cache *cache, void *object)
{
	struct slab *slab;

	if (!object)
		return;
	slab = object_slab(object);
	if (!slab)
		misuse_bad_pointer("kmem_cache_free", object);
	else if (&slab->cache->common != cache)
		misuse_wrong_cache("kmem_cache_free", cache, object);
	else
		impl_free(slab, object, "kmem_cache_free");
}

void kmem_cache_free(struct kmem_cache *cache, void *object)
{
	const struct slab_page *page;
	enum push outcome;

	/* The cache may be gone, or none: what it says is not asked before it is known to be the object's. */
	if (unlikely(!span_slab_page(object, &page)) ||
	    unlikely(&page->slab->cache->common != cache) ||
	    unlikely(!cpu_object_leaves_use(page->cpu_cache, page->slab, object))) {
		cache_free_elsewhere(cache, object);
		return;
	}
	if (!cache_is_debugged(cache))
		mem_poison(object, cache->object_size);
	outcome = array_push(page->cpu_cache, object);
	if (unlikely(outcome == PUSH_SLOW))
		named_free_slow(cache, object);
	else if (unlikely(outcome == PUSH_REFUSED))
		named_refuse_free(cache, object);
}

/* On every CPU: a token that is never there is never taken. */
void impl_see_every_request(bool every)
{
	unsigned int cpu;

	for (cpu = 0; cpu < nr_possible_cpus(); cpu++)
		per_cpu_ptr(&slab_cpu, cpu)->token = every ? -100 : 1;
}

struct kmem_cache *impl_object_cache(struct slab *slab, const void *object)
{
	unsigned long index;

	if (!slab_object_index(slab, object, &index) || slab->bufctl[index] != BUFCTL_ACTIVE)
		return NULL;
	return &slab->cache->common;
}
