/* SPDX-License-Identifier: MIT */
/*
 * slub_slab.c - the slow half of SLUB: slabs, made and unmade; frozen, partial, full; a node's lists.
 *
 * THE IDEA
 *	A slab that is not frozen belongs to its node: in the list `partial` while it has free objects. A
 *	full slab is in no list; the first free finds it by its page and brings it back. (Debug
 *	builds keep full ones in a list of their own, so that every slab can be found.)
 *
 *	Every change of a slab is one compare-exchange of its word. A change that also moves the slab
 *	between lists is made under the node's lock, so that word and list never disagree for others. Whoever frees
 *	one more object into a partial slab needs no lock.
 *
 * PICTURE	what a free does to a slab that no CPU has
 *
 *	full    --first free-->  frozen, in this CPU's partial slabs (no lock)
 *	partial --free-------->  partial                             (no lock)
 *	partial --last one---->  partial; or given back, when the node has min_partial others (lock)
 *
 * LOCKING	node->lock, interrupts off, one at a time. No page is allocated or freed under it.
 * COST		A free into a slab of another CPU: some 60 instructions. A slab: its pages and 8 an object.
 * FLOOR	slab. Called by slub.c and slub_report.c.
 * LINUX	mm/slub.c: allocate_slab(), discard_slab(), get_partial_node(), acquire_slab(), deactivate_slab(),
 *		__slab_free(), put_cpu_partial(), __unfreeze_partials(), __kmem_cache_do_shrink().
 */
#include <mm/slab.h>

#include <lib/check.h>
#include <lib/poison.h>
#include <mm/zone.h>

#include "debug.h"
#include "slub_types.h"

/* ---- Making and unmaking. No lock held. ---- */

/* The object is writable for its constructor only. */
static void object_construct(const struct slub_cache *cache, void *object)
{
	if (!cache->common.ctor)
		return;
	mem_unpoison(object, cache->common.object_size);
	cache->common.ctor(object);
	if (!cache_is_debugged(&cache->common))
		mem_poison(object, cache->common.object_size);
}

/* All objects on the chain, in order of address. */
static void slab_chain_all(const struct slub_cache *cache, const struct slab *slab,
			   unsigned int objects)
{
	char *object = slab_object_at(cache, slab, 0);
	unsigned int left;

	for (left = objects; left > 1; left--) {
		char *next = object + cache->common.size;

		freepointer_set(cache, object, next);
		object = next;
	}
	freepointer_set(cache, object, NULL);
}

/* The best order; where there is no such block, the least that holds an object. */
static struct page *slab_pages(const struct slub_cache *cache, gfp_t gfp, int nid)
{
	struct page *page = NULL;

	if (cache->order > cache->least_order)
		page = alloc_pages_node(nid, gfp_while_plenty(gfp), cache->order);
	return page ? page : alloc_pages_node(nid, gfp, cache->least_order);
}

/* Every page of a slab says that it is one, and the number of the cache, in the same place: what a free looks at first. */
static void slab_mark_pages(const struct slub_cache *cache, struct page *first, bool are_slab)
{
	struct page *page, *end = first + (1UL << first->order);

	for (page = first; page < end; page++) {
		page->flags = are_slab ? page->flags | PG_SLAB : page->flags & (uint16_t)~PG_SLAB;
		((struct slab *)page)->state.id = cache->id;
	}
	if (are_slab)
		first->flags |= slab_page_flags(&cache->common);
	else
		first->flags &= (uint16_t)~slab_page_flags(&cache->common);
}

/* A slab, all free, in no list. NULL without pages. */
struct slab *slab_create(struct slub_cache *cache, gfp_t gfp, int nid)
{
	const gfp_t not_for_pages = SLAB_GFP_UNUSUAL | __GFP_MOVABLE;
	struct page *page =
		slab_pages(cache, (gfp & ~not_for_pages) | cache->common.gfp | __GFP_COMP, nid);
	struct slab *slab = (struct slab *)page;
	struct slub_node *node;
	unsigned int i;

	if (!page)
		return NULL;
	slab->state = (union slab_state){
		.objects = page->order == cache->order ? cache->objects : cache->least_objects,
		.id = cache->id};
	if (!cache_is_debugged(&cache->common))
		mem_poison(slab_start(slab), PAGE_SIZE << page->order);
	for (i = 0; cache->common.ctor && i < slab->state.objects; i++)
		object_construct(cache, slab_object_at(cache, slab, i));
	if (cache_is_debugged(&cache->common))
		debug_objects_init(&cache->common, slab_object_at(cache, slab, 0),
				   slab->state.objects);
	slab_chain_all(cache, slab, slab->state.objects);
	slab_mark_pages(cache, page, true);
	slub_span_reach(slab_start(slab));

	node = slab_node(cache, slab);
	__atomic_fetch_add(&node->nr_slabs, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&node->nr_objects, slab->state.objects, __ATOMIC_RELAXED);
	return slab;
}

/* It is in no list, and nobody has an object of it. */
void slab_destroy(struct slub_cache *cache, struct slab *slab)
{
	struct slub_node *node = slab_node(cache, slab);
	struct page *page = slab_page(slab);
	union slab_state state = slab_state(slab);

	CHECK(state.inuse == 0 && page->flags & PG_SLAB, "slab %px of cache %s is in use",
	      slab_start(slab), cache->common.name);
	__atomic_fetch_sub(&node->nr_slabs, 1, __ATOMIC_RELAXED);
	__atomic_fetch_sub(&node->nr_objects, state.objects, __ATOMIC_RELAXED);
	slab_mark_pages(cache, page, false);
	page->owner.private = 0;
	mem_unpoison(slab_start(slab), PAGE_SIZE << page->order);
	__free_pages(page, page->order);
}

void slabs_destroy(struct slub_cache *cache, struct list_head *doomed)
{
	struct slab *slab, *following;

	list_for_each_entry_safe (slab, following, doomed, list)
		slab_destroy(cache, slab);
}

/* ---- A node's lists. The caller holds node->lock. ---- */

static void partial_add(struct slub_node *node, struct slab *slab, bool tail)
{
	if (tail)
		list_add_tail(&slab->list, &node->partial);
	else
		list_add(&slab->list, &node->partial);
	WRITE_ONCE(node->nr_partial, node->nr_partial + 1);
}

static void partial_del(struct slub_node *node, struct slab *slab)
{
	ASSERT(node->nr_partial > 0);
	list_del(&slab->list);
	WRITE_ONCE(node->nr_partial, node->nr_partial - 1);
}

static void full_add(struct slub_node *node, struct slab *slab)
{
	if (CONFIG_DEBUG)
		list_add(&slab->list, &node->full);
}

static void full_del(struct slab *slab)
{
	if (CONFIG_DEBUG)
		list_del(&slab->list);
}

/* The list of a slab that is no longer frozen. True: it goes back instead, to `doomed`. */
static void node_place(const struct slub_cache *cache, struct slub_node *node, struct slab *slab,
		       struct list_head *doomed)
{
	union slab_state state = slab_state(slab);

	if (state.free == FREE_NONE)
		full_add(node, slab);
	else if (state.inuse == 0 && node->nr_partial >= cache->min_partial)
		list_add(&slab->list, doomed);
	else
		partial_add(node, slab, state.inuse == 0);
}

/* ---- Chains of free objects ---- */

bool freelist_is_sound(const struct slub_cache *cache, const struct slab *slab,
		       const void *freelist, unsigned int count)
{
	unsigned int objects = slab_state(slab).objects;

	for (; count; count--) {
		if (slab_object_index(cache, slab, freelist) >= objects)
			return false;
		freelist = freepointer_get(cache, freelist);
	}
	return !freelist;
}

/* The first object of the slab's own chain; NULL of none. */
static void *slab_first_free(const struct slub_cache *cache, const struct slab *slab,
			     union slab_state state)
{
	if (state.free == FREE_NONE)
		return NULL;
	CHECK(state.free < state.objects, "slab %px of cache %s: free index %u", slab_start(slab),
	      cache->common.name, state.free);
	return slab_object_at(cache, slab, state.free);
}

/* Nothing is taken from it any more: what was free counts as in use. It is frozen and this CPU's, or not yet in a list. */
void slab_isolate(struct slub_cache *cache, struct slab *slab)
{
	misuse_broken_slab(&cache->common, slab_start(slab));
	slab_deactivate(cache, slab, NULL);
}

/*
 * All objects that lie on the chain of a frozen slab, for its CPU, which has none left; NULL when there are none, and
 * then the slab is its CPU's no more. (Linux: get_freelist)
 */
void *slab_take_freelist(struct slub_cache *cache, struct slab *slab)
{
	union slab_state old, new;
	void *freelist;

	do {
		old = slab_state(slab);
		ASSERT(old.frozen);
		if (old.free == FREE_NONE) {
			slab_deactivate(cache, slab, NULL);
			return NULL;
		}
		new = old;
		new.free = FREE_NONE;
		new.inuse = old.objects;
	} while (!slab_state_change(slab, old, new));

	freelist = slab_first_free(cache, slab, old);
	if (CONFIG_DEBUG &&
	    !freelist_is_sound(cache, slab, freelist, (unsigned int)old.objects - old.inuse)) {
		slab_isolate(cache, slab);
		return NULL;
	}
	return freelist;
}

/* ---- Frozen and not ---- */

static void node_freeze(struct slub_node *node, struct slab *slab)
{
	union slab_state old, new;

	partial_del(node, slab);
	do {
		old = new = slab_state(slab);
		ASSERT(!old.frozen && old.free != FREE_NONE);
		new.frozen = 1;
	} while (!slab_state_change(slab, old, new));
}

/*
 * A partial slab for this CPU, frozen, and up to half of what the CPU may keep besides. NULL when the node has
 * none. (Linux: get_partial_node)
 */
struct slab *node_get_slabs(struct slub_cache *cache, struct slub_node *node, struct slub_cpu *cpu)
{
	struct slab *slab = NULL, *more;

	ASSERT(!arch_irq_enabled());
	if (!READ_ONCE(node->nr_partial))
		return NULL;
	spin_lock(&node->lock);
	if (!list_empty(&node->partial)) {
		slab = list_first_entry(&node->partial, struct slab, list);
		node_freeze(node, slab);
	}
	while (slab && !list_empty(&node->partial) && cpu->nr_partial < cache->cpu_partial / 2) {
		more = list_first_entry(&node->partial, struct slab, list);
		node_freeze(node, more);
		more->next = cpu->partial;
		cpu->partial = more;
		cpu->nr_partial++;
	}
	spin_unlock(&node->lock);
	return slab;
}

/*
 * The last object of a chain and how many there are. A chain that leads elsewhere ends in front of that, and what was
 * behind counts as in use for ever.
 */
static void *freelist_tail(const struct slub_cache *cache, const struct slab *slab, void *freelist,
			   unsigned int *count)
{
	unsigned int objects = slab_state(slab).objects;
	void *tail = NULL;

	for (*count = 0; freelist; freelist = freepointer_get(cache, freelist)) {
		if (slab_object_index(cache, slab, freelist) >= objects || *count == objects) {
			misuse_broken_slab(&cache->common, slab_start(slab));
			break;
		}
		tail = freelist;
		++*count;
	}
	return tail;
}

/*
 * A CPU lets go of its slab and gives the objects it has left of it back; the slab goes where it belongs. (Linux:
 * deactivate_slab)
 */
void slab_deactivate(struct slub_cache *cache, struct slab *slab, void *freelist)
{
	struct slub_node *node = slab_node(cache, slab);
	unsigned int count;
	void *tail = freelist_tail(cache, slab, freelist, &count);
	union slab_state old, new;
	unsigned long flags;
	LIST_HEAD(doomed);

	flags = spin_lock_save(&node->lock);
	do {
		old = new = slab_state(slab);
		ASSERT(old.frozen && old.inuse >= count);
		new.frozen = 0;
		if (tail) {
			freepointer_set(cache, tail, slab_first_free(cache, slab, old));
			new.free = (uint16_t)slab_object_index(cache, slab, freelist);
			new.inuse = (uint16_t)(old.inuse - count);
		}
	} while (!slab_state_change(slab, old, new));
	node_place(cache, node, slab, &doomed);
	spin_unlock_irqrestore(&node->lock, flags);
	slabs_destroy(cache, &doomed);
}

/* A CPU's further slabs go to their nodes. (Linux: __unfreeze_partials) */
void slabs_unfreeze(struct slub_cache *cache, struct slab *first)
{
	while (first) {
		struct slab *slab = first;

		first = slab->next;
		slab_deactivate(cache, slab, NULL);
	}
}

/* One more slab for this CPU; above the limit those that it had go first. (Linux: put_cpu_partial) */
static void cpu_add_partial(struct slub_cache *cache, struct slab *slab)
{
	unsigned long flags = arch_irq_save();
	struct slub_cpu *cpu = this_cpu_ptr(cache->cpu);
	struct slab *too_many = NULL;

	if (cpu->nr_partial >= cache->cpu_partial) {
		too_many = cpu->partial;
		cpu->partial = NULL;
		cpu->nr_partial = 0;
	}
	slab->next = cpu->partial;
	cpu->partial = slab;
	cpu->nr_partial++;
	arch_irq_restore(flags);
	slabs_unfreeze(cache, too_many);
}

/* ---- Free ---- */

/* What a free would make of a slab. */
struct giving {
	union slab_state old, new;
	bool was_full, freezes, locks;
};

static struct giving giving_plan(const struct slub_cache *cache, const struct slab *slab,
				 unsigned int head_index, unsigned int count)
{
	struct giving plan = {.old = slab_state(slab)};

	plan.new = plan.old;
	plan.new.free = (uint16_t)head_index;
	plan.new.inuse = (uint16_t)(plan.old.inuse - count);
	plan.was_full = !plan.old.frozen && plan.old.free == FREE_NONE;
	plan.freezes = plan.was_full && cache->cpu_partial;
	plan.new.frozen |= plan.freezes;
	plan.locks = !plan.old.frozen && ((plan.was_full && (CONFIG_DEBUG || !plan.freezes)) ||
					  (!plan.freezes && plan.new.inuse == 0));
	return plan;
}

/* With the lock held and the word changed: the slab goes where it belongs now. */
static void node_follow(const struct slub_cache *cache, struct slub_node *node, struct slab *slab,
			const struct giving *plan, struct list_head *doomed)
{
	if (plan->was_full)
		full_del(slab);
	if (plan->freezes)
		return;
	if (plan->was_full) {
		node_place(cache, node, slab, doomed);
	} else if (node->nr_partial > cache->min_partial) {
		partial_del(node, slab);
		list_add(&slab->list, doomed);
	}
}

/*
 * `count` objects, chained from head to tail, go back to their slab. False, and nothing has changed, when so many are not in
 * use: some are freed twice. (Linux: __slab_free)
 */
bool slab_give(struct slub_cache *cache, struct slab *slab, void *head, void *tail,
	       unsigned int count)
{
	unsigned int index = (unsigned int)slab_object_index(cache, slab, head);
	struct slub_node *node = slab_node(cache, slab);
	unsigned long flags = 0;
	struct giving plan;
	LIST_HEAD(doomed);
	bool changed;

	do {
		plan = giving_plan(cache, slab, index, count);
		if (unlikely(plan.old.inuse < count || plan.old.free == index))
			return false;
		if (plan.locks) {
			flags = spin_lock_save(&node->lock);
		}
		freepointer_set(cache, tail, slab_first_free(cache, slab, plan.old));
		changed = slab_state_change(slab, plan.old, plan.new);
		if (changed && plan.locks)
			node_follow(cache, node, slab, &plan, &doomed);
		if (plan.locks)
			spin_unlock_irqrestore(&node->lock, flags);
	} while (!changed);

	if (plan.freezes)
		cpu_add_partial(cache, slab);
	slabs_destroy(cache, &doomed);
	return true;
}

/* ---- One object at a time: caches that are watched, or have no CPU structures yet ---- */

/* A slab that is new goes to its node. */
void node_add_slab(struct slub_cache *cache, struct slab *slab)
{
	struct slub_node *node = slab_node(cache, slab);
	unsigned long flags = spin_lock_save(&node->lock);

	partial_add(node, slab, false);
	spin_unlock_irqrestore(&node->lock, flags);
}

/* The slab's first free object is taken; NULL when its chain is broken. The caller holds node->lock. */
static void *slab_take_single(struct slub_cache *cache, struct slab *slab)
{
	union slab_state old, new;
	void *object, *next;

	do {
		old = new = slab_state(slab);
		object = slab_first_free(cache, slab, old);
		next = freepointer_get(cache, object);
		if (next && slab_object_index(cache, slab, next) >= old.objects)
			return NULL;
		if ((next == NULL) != (old.inuse + 1U == old.objects))
			return NULL;
		new.free = next ? (uint16_t)slab_object_index(cache, slab, next) : FREE_NONE;
		new.inuse++;
	} while (!slab_state_change(slab, old, new));
	return object;
}

/* Takes what is free of a broken slab out of use for ever. The caller holds node->lock. */
static void node_isolate(struct slub_cache *cache, struct slub_node *node, struct slab *slab)
{
	union slab_state old, new;

	do {
		old = new = slab_state(slab);
		new.free = FREE_NONE;
		new.inuse = old.objects;
	} while (!slab_state_change(slab, old, new));
	partial_del(node, slab);
	full_add(node, slab);
	misuse_broken_slab(&cache->common, slab_start(slab));
}

/* One object of a node's partial slabs; NULL of none. */
void *node_take_single(struct slub_cache *cache, struct slub_node *node)
{
	unsigned long flags = spin_lock_save(&node->lock);
	void *object = NULL;

	while (!object && !list_empty(&node->partial)) {
		struct slab *slab = list_first_entry(&node->partial, struct slab, list);

		object = slab_take_single(cache, slab);
		if (!object) {
			node_isolate(cache, node, slab);
		} else if (slab_state(slab).free == FREE_NONE) {
			partial_del(node, slab);
			full_add(node, slab);
		}
	}
	spin_unlock_irqrestore(&node->lock, flags);
	return object;
}

/* ---- Shrinking ---- */

#define SHRINK_BUCKETS 32

/*
 * Empty slabs go, and of the others those with the fewest free objects come first, so that they fill up and the emptiest can
 * become empty. Returns how many slabs went. (Linux: __kmem_cache_do_shrink)
 */
unsigned int node_shrink(struct slub_cache *cache, struct slub_node *node)
{
	struct list_head bucket[SHRINK_BUCKETS];
	struct slab *slab, *following;
	unsigned int i, nr_freed = 0;
	unsigned long flags;
	LIST_HEAD(doomed);

	for (i = 0; i < SHRINK_BUCKETS; i++)
		INIT_LIST_HEAD(&bucket[i]);
	flags = spin_lock_save(&node->lock);
	list_for_each_entry_safe (slab, following, &node->partial, list) {
		union slab_state state = slab_state(slab);
		unsigned int nr_free = (unsigned int)state.objects - state.inuse;

		if (state.inuse == 0) {
			list_move(&slab->list, &doomed);
			WRITE_ONCE(node->nr_partial, node->nr_partial - 1);
			nr_freed++;
		} else if (nr_free <= SHRINK_BUCKETS) {
			list_move(&slab->list, &bucket[nr_free - 1]);
		}
	}
	for (i = SHRINK_BUCKETS; i-- > 0;)
		list_for_each_entry_safe (slab, following, &bucket[i], list)
			list_move(&slab->list, &node->partial);
	spin_unlock_irqrestore(&node->lock, flags);
	slabs_destroy(cache, &doomed);
	return nr_freed;
}
