/* SPDX-License-Identifier: MIT */
/*
 * slub.c - SLUB: objects of one size, free ones strung together in their own memory, one slab at a time for each CPU.
 *
 * THE IDEA
 *	A *slab* is a block of pages cut into objects of one size, and nothing else: no descriptor, no
 *	array. A free object holds, in its own memory, the address of the next free one; what is to be known
 *	of the slab as a whole fits into eight bytes of its first struct page: where the chain of
 *	free objects begins, how many are in use, how many there are, whose they are. All of it
 *	changes with one compare-exchange.
 *
 *	A CPU takes a whole slab at a time. The slab is *frozen* then: it is in no list, and the
 *	CPU has its chain in `freelist`. Almost every allocation takes the first object of that chain and
 *	almost every free puts one in front: no lock, no list, interrupts stay on. Other CPUs free into the slab's
 *	own chain, in the struct page; the owner takes that over, whole, when its own is used up. So
 *	there are two chains, and nobody waits for anybody.
 *
 *	The two words (freelist, tid) change with one compare-exchange of 16 bytes. The tid is a number
 *	that is another one after every change. An interrupt that allocates and frees in the midst of
 *	the fast way may leave the same first object behind, with another one behind it:
 *
 *		fast way reads	freelist = A, and A's next, B
 *		interrupt	takes A, takes B, frees A:	freelist = A again, A's next is C
 *		fast way stores	freelist = B			B is in use: both own it
 *
 *	With the tid the last step fails, and the fast way begins anew.
 *
 * PICTURE	objects of 512 bytes, eight in a page; # in use; index of the next free one in brackets
 *
 *	CPU 0	freelist -> 2		tid 640
 *		slab ----.		partial -> slab -> slab		frozen too, for later
 *	page	[ # | # | [5] | # | [7] | [.] | # | [4] ]
 *		          2         4     5         7
 *	its word: free 7 (others freed 4, then 7), in use 6 of 8 (CPU 0 counts for all that it has), frozen, cache 23
 *
 *	alloc: 2, then 5; then the CPU's chain is empty and it takes 7 -> 4 over: free none, in use 8.
 *
 *	A free pointer is stored as  next ^ random of the cache ^ (its own address, bytes reversed), so that
 *	what overruns an object makes no pointer that somebody chose. It stands in the middle of the object, where
 *	overruns come last; behind it when there is a constructor or poison, whose bytes must stay.
 *
 * CALLS	the slow way is in slub_cpu.c, slabs and lists in slub_slab.c
 *	kmem_cache_alloc -> cache_alloc [slab_alloc_node]              take the first object
 *	  -> cache_alloc_slow [___slab_alloc]                          interrupts off
 *	     -> slab_take_freelist [get_freelist]                      what others freed
 *	     -> cpu_next_slab                                          the CPU's partial slabs
 *	     -> node_get_slabs [get_partial]                           the node's
 *	     -> slab_create [new_slab] -> alloc_pages_node             of the node's pages
 *	     -> take_from_any_node [get_any_partial]                   other nodes', then new ones there
 *	kmem_cache_free, kfree -> cache_free [do_slab_free]            put it in front
 *	  -> slab_give [__slab_free]                                   another slab than the CPU's
 *	     -> cpu_add_partial [put_cpu_partial]                      it was full: keep it
 *
 * INVARIANTS	(impl_cache_check() in slub_report.c proves them, slub_test.c breaks them)
 *	U1  A slab's own chain runs through objects - inuse different objects of the slab, and ends.
 *	U2  A slab in a node's partial list is that node's, not frozen, and has free objects; nr_partial is
 *	    the list's length.
 *	U3  A CPU's slabs are frozen. freelist leads through objects of the CPU's slab that are not on
 *	    the slab's own chain, and ends; without a slab it is empty.
 *	U4  A slab's page carries PG_SLAB and the number of its cache, which leads to the cache.
 *	U5  nr_slabs and nr_objects are the sums over the slabs of the node. (debug builds)
 *	U6  A slab in the full list is not frozen and has no free object. (debug builds)
 *
 * MISUSE	what is freed must lie in a slab's page, at the start of an object, of the right cache, and not
 *	be free. That needs no list: the free pointer of an object in use is wiped when it is handed out, so one that decodes to
 *	an object of its slab (or to the end) is that of a free object. The chance of an owner's bytes to
 *	do so is the number of objects in 2^64. Debug builds ask always; release builds ask the object that is first
 *	on the CPU's or the slab's chain: the one freed last. A free pointer is looked at before it is
 *	followed: what lies in no slab of this size, or is the object itself, sends the request the slow way, which
 *	reports and sets the slab aside: what is free of it counts as in use from then on.
 *
 * BOOTSTRAP	A cache starts with slub_no_cpu for its CPU structures: always empty, owning nothing. Each request takes
 *	the slow way then, which deals in single objects out of the node's slabs. So "kmem_cache", static, can make the
 *	structures of all others. impl_cache_start() gives real ones, from the percpu floor, which needs pages only. A cache
 *	that is watched (debug.h) never gets them: that is all that watching costs the others.
 *
 * LOCKING	(freelist, tid) of a CPU: a compare-exchange on that CPU, or interrupts off; its `slab` and `partial`:
 *	interrupts off. A slab's word: a compare-exchange. Lists: node->lock (slub_slab.c).
 * COST		Some 30 instructions to take, 45 to put; 80 a pair where slabs change. Memory: nothing a
 *	slab, at most 1/16 of it left over where that can be had.
 * FLOOR	slab.
 * LINUX	mm/slub.c, as of 5.16: kmem_cache_cpu, kmem_cache_node, struct slab's counters; slab_lock() and
 *	the debug paths are elsewhere (debug.c) or not needed. No NUMA balancing of partial slabs.
 */
#include <mm/slab.h>

#include <arch/cpu.h>
#include <lib/poison.h>
#include <lib/string.h>
#include <mm/percpu.h>
#include <mm/zone.h>

#include "debug.h"
#include "slub_fast.h"

/* ---- Taking ---- */

/* For this CPU's interrupts: what stands above has happened, what stands below has not. */
static __always_inline void interrupts_fence(void)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

/* Without letting the compiler keep for this what the pointer was made of: it has no register left. */
static __always_inline bool is_null(const void *pointer)
{
	asm("" : "+r"(pointer));
	return !pointer;
}

/* One step of the fast way; NULL when it does not end in an object. */
static __always_inline void *cpu_try_take(struct slub_cache *cache, int nid)
{
	struct slub_cpu *cpu = cache->cpu;
	unsigned long tid = this_cpu_read(cpu->tid);
	void *object = this_cpu_read(cpu->freelist), *next;

	if (unlikely(!object))
		return NULL;
	if (nid != ANY_NODE && !slab_suits(this_cpu_read(cpu->slab), nid))
		return NULL;
	next = freepointer_get(cache, object);
	if (unlikely(freelist_looks_broken(cache, object, next)) && !is_null(next))
		return NULL;
	if (unlikely(!this_cpu_cmpxchg_double(cpu->freelist, cpu->tid, object, tid, next,
					      tid + TID_STEP)))
		return NULL;
	freepointer_wipe(cache, object);
	return object;
}

/*
 * The tid is read first: whatever changes behind it, the exchange fails. What is read of the object may be anything by then, but
 * its memory stays readable. Whoever was interrupted goes the slow way, which works with interrupts off.
 */
static __always_inline void *cache_alloc(struct slub_cache *cache, gfp_t gfp, int nid, size_t size)
{
	void *object = cpu_try_take(cache, nid);

	return likely(object) ? object : cache_alloc_slow(cache, gfp, nid, size);
}

/* A mask that asks for zeroes or for a zone; a zone other than the cache's own is refused. */
static __noinline void *cache_alloc_unusual(struct slub_cache *cache, gfp_t gfp, int nid,
					    size_t size)
{
	const struct kmem_cache *common = &cache->common;
	gfp_t zones = gfp & GFP_ZONEMASK;
	void *object;

	if (zones && zones != (common->gfp & GFP_ZONEMASK)) {
		misuse_bad_gfp("kmem_cache_alloc", common->name, gfp);
		return NULL;
	}
	object = hand_out(cache, cache_alloc(cache, gfp, nid, size), size);
	if (!object || !(gfp & __GFP_ZERO))
		return object;
	/* The constructor's work wins: the object comes as it was constructed. */
	if (common->ctor)
		misuse_bad_gfp("kmem_cache_alloc", common->name, gfp);
	else
		memset(object, 0, min(size, common->object_size));
	return object;
}

static __always_inline void *cache_alloc_any(struct kmem_cache *common, gfp_t gfp, int nid,
					     size_t size)
{
	struct slub_cache *cache = to_slub_cache(common);

	if (unlikely(gfp & SLAB_GFP_UNUSUAL))
		return cache_alloc_unusual(cache, gfp, nid, size);
	return hand_out(cache, cache_alloc(cache, gfp, nid, size), size);
}

void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp)
{
	return cache_alloc_any(cache, gfp, ANY_NODE, WHOLE_OBJECT);
}

void *kmem_cache_alloc_trace(struct kmem_cache *cache, gfp_t gfp, size_t size)
{
	return cache_alloc_any(cache, gfp, ANY_NODE, size);
}

void *kmem_cache_alloc_usual(struct kmem_cache *common, gfp_t gfp)
{
	struct slub_cache *cache = to_slub_cache(common);

	return hand_out(cache, cache_alloc(cache, gfp, ANY_NODE, WHOLE_OBJECT), WHOLE_OBJECT);
}

void *__kmalloc(size_t size, gfp_t gfp)
{
	struct slub_cache *cache;

	if (unlikely(gfp & SLAB_GFP_UNUSUAL || size - 1 >= KMALLOC_MAX_CACHE_SIZE))
		return kmalloc_unusual(size, gfp);
	cache = to_slub_cache(kmalloc_caches[0][kmalloc_class(size)]);
	return hand_out(cache, cache_alloc(cache, gfp, ANY_NODE, size), size);
}

/* A node that does not exist is any node. */
void *kmem_cache_alloc_node_trace(struct kmem_cache *cache, gfp_t gfp, int nid, size_t size)
{
	if (nid < 0 || nid >= (int)nr_nodes)
		nid = ANY_NODE;
	return cache_alloc_any(cache, gfp, nid, size);
}

void *kmem_cache_alloc_node(struct kmem_cache *cache, gfp_t gfp, int nid)
{
	return kmem_cache_alloc_node_trace(cache, gfp, nid, WHOLE_OBJECT);
}

/* ---- Giving back ---- */

static __noinline void refuse_free(const void *object, struct slab *slab, const char *caller)
{
	union slab_state state = slab_state(slab);

	if (slab_object_index(slub_cache_of(state), slab, object) < state.objects)
		misuse_double_free(caller, object);
	else if (!dev_kfree_marked(object, caller))
		misuse_bad_pointer(caller, object);
}

/* Onto the chain of a slab that stays in the list where it is. False: it does not, or somebody was quicker. */
static __always_inline bool slab_give_quickly(struct slub_cache *cache, struct slab *slab,
					      union slab_state old, void *object,
					      unsigned int index)
{
	union slab_state new = old;
	long distance = (long)old.free - (long)index; /* to the first free one, in objects */

	if (unlikely(old.free == FREE_NONE || old.inuse <= 1 || distance == 0))
		return false;
	new.free = (uint16_t)index;
	new.word -= 1U << 16; /* inuse */
	freepointer_set(cache, object, (char *)object + distance * (long)cache->common.size);
	if (likely(slab_state_change(slab, old, new)))
		return true;
	/* It is not free after all, and must not look so when it goes the careful way. */
	freepointer_wipe(cache, object);
	return false;
}

/* The object of a slab that is known, whichever CPU's, with all that may be said of it. */
void impl_free(struct slab *slab, const void *constant, const char *caller)
{
	union slab_state state = slab_state(slab);
	struct slub_cache *cache = slub_cache_of(state);
	void *object = (void *)constant;

	if (unlikely(slab_object_index(cache, slab, object) >= state.objects ||
		     object_is_free(cache, slab, object))) {
		refuse_free(object, slab, caller);
		return;
	}
	if (unlikely(cache->common.flags & SLAB_DEVMEM) && !dev_has_let_go(object)) {
		dev_kfree_marked(object, caller);
		return;
	}
	if (!cache_is_debugged(&cache->common))
		mem_poison(object, cache->common.object_size);
	else if (!debug_free_object(&cache->common, object))
		return;
	if (unlikely(!slab_give(cache, slab, object, object, 1)))
		refuse_free(object, slab, caller);
}

/* The same where nothing is amiss and nothing but the chain changes. */
static __always_inline void slab_free(struct slab *slab, void *object, const char *caller)
{
	union slab_state state = slab_state(slab);
	struct slub_cache *cache;
	uint64_t index;

	if (CONFIG_DEBUG || unlikely(state.id >= SLUB_NEAR_IDS))
		goto carefully;
	cache = slub_caches[state.id];
	index = slab_object_index(cache, slab, object);
	if (likely(index < state.objects) &&
	    likely(!(cache->common.flags & (SLAB_DEBUG_FLAGS | SLAB_DEVMEM))) &&
	    likely(slab_give_quickly(cache, slab, state, object, (unsigned int)index)))
		return;
carefully:
	impl_free(slab, object, caller);
}

enum put {
	PUT,
	PUT_ELSEWHERE,	 /* no object of the CPU's slab starts there */
	PUT_TWICE,	 /* it is the one that was freed last */
	PUT_INTERRUPTED, /* begin anew */
};

/* In front of the CPU's chain, when an object of the CPU's slab starts there: then it is one of the cache, whoever said so. */
static __always_inline enum put cpu_try_put(struct slub_cpu *cpu, void *object)
{
	unsigned long tid = this_cpu_read(cpu->tid);
	void *freelist;

	interrupts_fence();
	if (unlikely(offset_index((uintptr_t)object - arch_this_cpu_raw(cpu->base),
				  arch_this_cpu_raw(cpu->inverse), arch_this_cpu_raw(cpu->shift)) >=
		     arch_this_cpu_raw(cpu->nr_objects)))
		return PUT_ELSEWHERE;
	freelist = this_cpu_read(cpu->freelist);
	if (unlikely(object == freelist))
		return PUT_TWICE;
	mem_poison(object, arch_this_cpu_raw(cpu->object_size));
	object_set_word(object, arch_this_cpu_raw(cpu->offset),
			freepointer_mix(arch_this_cpu_raw(cpu->random), object, freelist));
	if (unlikely(!this_cpu_cmpxchg_double(cpu->freelist, cpu->tid, freelist, tid, object,
					      tid + TID_STEP))) {
		/* It is not free after all, and must not look so when it goes another way. */
		object_set_word(object, arch_this_cpu_raw(cpu->offset), 0);
		return PUT_INTERRUPTED;
	}
	return PUT;
}

/* Debug builds: does an object that is in use start there? (What does not is for the slow way to say.) */
static bool object_is_used(const void *object)
{
	struct slab *slab = object_slab(object);
	union slab_state state;
	struct slub_cache *cache;

	if (!slab)
		return false;
	state = slab_state(slab);
	cache = slub_cache_of(state);
	return slab_object_index(cache, slab, object) < state.objects &&
	       !object_is_free(cache, slab, object);
}

/* Not of this CPU's slab. */
static __noinline void kfree_other_slab(const void *object)
{
	struct page *page = direct_map_page(object);

	if (likely(page->flags & PG_SLAB))
		slab_free(page_slab(page), (void *)object, "kfree");
	else
		kfree_elsewhere(object);
}

/* The fast way was interrupted, or found the object where it was to go. */
static enum put cpu_put(struct slub_cpu *cpu, void *object)
{
	enum put outcome;

	do {
		outcome = cpu_try_put(cpu, object);
	} while (outcome == PUT_INTERRUPTED);
	return outcome;
}

static __noinline void kfree_again(const void *object, struct slub_cpu *cpu)
{
	enum put outcome = cpu_put(cpu, (void *)object);

	if (outcome == PUT_TWICE)
		misuse_double_free("kfree", object);
	else if (outcome == PUT_ELSEWHERE)
		kfree_other_slab(object);
}

void kfree(const void *object)
{
	enum put outcome = PUT_ELSEWHERE;
	struct slub_cpu *cpu;

	if (unlikely(!span_guess(object, &cpu))) {
		kfree_elsewhere(object);
		return;
	}
	if (!CONFIG_DEBUG || object_is_used(object))
		outcome = cpu_try_put(cpu, (void *)object);
	if (likely(outcome == PUT))
		return;
	if (outcome == PUT_ELSEWHERE)
		kfree_other_slab(object);
	else
		kfree_again(object, cpu);
}

/* Not of this CPU's slab of the cache: of another one, of another cache, or nobody's. */
static __noinline void cache_free_other_slab(struct kmem_cache *cache, void *object)
{
	struct slab *slab;

	if (!object)
		return;
	slab = object_slab(object);
	if (unlikely(!slab))
		misuse_bad_pointer("kmem_cache_free", object);
	else if (unlikely(&slub_cache_of(slab_state(slab))->common != cache))
		misuse_wrong_cache("kmem_cache_free", cache, object);
	else
		slab_free(slab, object, "kmem_cache_free");
}

static __noinline void cache_free_again(struct kmem_cache *cache, void *object,
					struct slub_cpu *cpu)
{
	enum put outcome = cpu_put(cpu, object);

	if (outcome == PUT_TWICE)
		misuse_double_free("kmem_cache_free", object);
	else if (outcome == PUT_ELSEWHERE)
		cache_free_other_slab(cache, object);
}

/* The cache that is named is not looked at: it may be gone. */
void kmem_cache_free(struct kmem_cache *cache, void *object)
{
	enum put outcome = PUT_ELSEWHERE;
	struct slub_cpu *cpu;

	if (likely(span_guess(object, &cpu) && cpu_serves(cpu, cache)) &&
	    (!CONFIG_DEBUG || object_is_used(object)))
		outcome = cpu_try_put(cpu, object);
	if (likely(outcome == PUT))
		return;
	if (outcome == PUT_ELSEWHERE)
		cache_free_other_slab(cache, object);
	else
		cache_free_again(cache, object, cpu);
}

struct kmem_cache *impl_object_cache(struct slab *slab, const void *object)
{
	union slab_state state = slab_state(slab);
	struct slub_cache *cache = slub_cache_of(state);

	if (slab_object_index(cache, slab, object) >= state.objects ||
	    object_is_free(cache, slab, object))
		return NULL;
	return &cache->common;
}
