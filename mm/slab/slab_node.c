/* SPDX-License-Identifier: MIT */
/*
 * slab_node.c - the slow half of SLAB: slabs, and the three lists in which a node, or a lane of it, has them.
 *
 * THE IDEA
 *	slab.c deals in single objects out of a CPU's array, slab_lanes.c in batches of them. Here objects leave
 *	their slabs and come back, and slabs move between a node and the pages.
 *
 * LIMIT	A lane keeps free slabs for what comes next: free_limit objects in them, which is a batch for each
 *		CPU of it and one more, and a slab. Who needs slabs again that have gone back since the last
 *		cache_reap() was given too low a limit: each such slab raises it by its objects, up to a 32nd of the
 *		memory, and each reap lowers it by a fifth of what it was raised.
 *
 * BROKEN	A free chain is an array of indices in the descriptor. Every index is checked before
 *		it is followed: it must be in the slab, its object must be free, and the chain must end
 *		exactly with the last free object. Where that does not hold the slab is isolated: it
 *		counts as full, so that nothing is taken from it any more, and it is reported.
 *
 * LOCKING	One node->lock at a time, interrupts off. No lock is held while pages or descriptors
 *		are allocated or given back: doomed slabs are collected, and destroyed after it is dropped.
 * COST		Some 10 instructions for an object on its way out, 25 on its way back, and some 200 for
 *		a slab, besides its pages.
 * FLOOR	slab. Called by slab.c, slab_lanes.c and slab_array.c.
 * LINUX	mm/slab.c of 2.6.24: cache_alloc_refill(), free_block(), cache_grow(), slab_destroy(),
 *		drain_freelist().
 */
#include <mm/slab.h>

#include <lib/check.h>
#include <lib/context.h>
#include <lib/poison.h>
#include <lib/string.h>
#include <mm/page.h>
#include <mm/zone.h>

#include "slab_fast.h"

/* ---- One slab's chain of free objects. The caller holds node->lock. ---- */

/* Nothing is taken from it any more; who holds one of its objects may give it back. */
static void slab_isolate(struct slab *slab)
{
	unsigned long index;

	misuse_broken_slab(&slab->cache->common, slab_start(slab));
	for (index = 0; index < slab_objects(slab); index++)
		if (bufctl_is_free(slab->bufctl[index]))
			slab->bufctl[index] = BUFCTL_ACTIVE;
	slab->free = BUFCTL_END;
	slab->inuse = (uint16_t)slab_objects(slab);
}

/*
 * Up to `wanted` free objects, from the head of the chain, stacked downwards from below `end`: the first taken is on top. In debug
 * builds they are marked as not yet with an owner.
 */
static unsigned int slab_take_objects(struct slab *slab, void **end, unsigned int wanted)
{
	unsigned int nr_objects = (unsigned int)slab_objects(slab), left = nr_objects - slab->inuse;
	unsigned int index = slab->free, nr = min(wanted, left), taken = 0, next;
	size_t size = slab->cache->common.size;
	char *first_object = slab->first_object;

	for (; taken < nr; taken++) {
		if (unlikely(index >= nr_objects))
			goto broken;
		next = slab->bufctl[index];
		if (unlikely(next >= nr_objects && (next != BUFCTL_END || taken + 1 < left)))
			goto broken;
		*--end = first_object + index * size;
		slab->bufctl[index] = CONFIG_DEBUG ? BUFCTL_CACHED : BUFCTL_ACTIVE;
		index = next;
	}
	if (unlikely(taken == left && index != BUFCTL_END))
		goto broken;
	slab->free = (uint16_t)index;
	slab->inuse = (uint16_t)(slab->inuse + nr);
	return nr;

broken:
	slab_isolate(slab);
	return taken;
}

/* ---- Making and unmaking slabs. No lock held. ---- */

/* An object is writable for its constructor only; then nobody's again. */
static void slab_construct_objects(struct slab *slab)
{
	const struct kmem_cache *cache = &slab->cache->common;
	unsigned long index;

	for (index = 0; index < slab_objects(slab); index++) {
		void *object = slab_object_at(slab, index);

		mem_unpoison(object, cache->object_size);
		cache->ctor(object);
		mem_poison(object, cache->object_size);
	}
}

/* What a smaller slab has no room for is never in use, so that the fast way need not know of smaller slabs. */
static void slab_chain_all_objects(struct slab *slab)
{
	unsigned int index, objects = (unsigned int)slab_objects(slab);

	for (index = 0; index + 1 < objects; index++)
		slab->bufctl[index] = (uint16_t)(index + 1);
	for (; index < slab->cache->objects; index++)
		slab->bufctl[index] = BUFCTL_END;
	slab->free = 0;
	slab->inuse = 0;
}

/* Every page of a slab says whose it is, so that no free has to look for the first. */
static void slab_mark_pages(struct page *first, struct slab *slab)
{
	struct page *page, *end = first + (1UL << slab->order);

	for (page = first; page < end; page++) {
		page->owner.slab = slab;
		slab_page_of(page)->cpu_cache = slab->cache->cpu_cache;
		page->flags |= PG_SLAB;
	}
	first->flags |= slab_page_flags(&slab->cache->common);
}

static void slab_unmark_pages(struct page *first, const struct slab_cache *cache)
{
	struct page *page, *end = first + (1UL << first->order);

	for (page = first; page < end; page++) {
		page->owner.slab = NULL;
		slab_page_of(page)->cpu_cache = NULL;
		page->flags &= (uint16_t)~slab_page_flags(&cache->common);
	}
}

static void list_lead_to_arrays(struct list_head *slabs)
{
	struct slab *slab;

	list_for_each_entry (slab, slabs, list)
		slab_mark_pages(direct_map_page(slab_start(slab)), slab);
}

void slab_pages_lead_to_arrays(struct slab_cache *cache)
{
	struct kmem_list3 *node;

	for (node = cache->lists; node < cache->lists + nr_slab_lists(); node++) {
		list_lead_to_arrays(&node->slabs_partial);
		list_lead_to_arrays(&node->slabs_full);
		list_lead_to_arrays(&node->slabs_free);
	}
}

/* Contents: constructed, or watched. Under a sanitizer what nobody owns is untouchable, but for the watcher. */
static void slab_fill(struct slab *slab)
{
	struct kmem_cache *cache = &slab->cache->common;

	char *end = slab_start(slab) + (PAGE_SIZE << slab->order);

	mem_poison(slab->first_object, (size_t)(end - slab->first_object));
	if (cache->ctor)
		slab_construct_objects(slab);
	if (!cache_is_debugged(cache))
		return;
	mem_unpoison(slab_start(slab), PAGE_SIZE << slab->order);
	debug_objects_init(cache, slab->first_object, (unsigned int)slab_objects(slab));
}

/* Lays a slab over a block of pages; NULL, and nothing changed, without memory for a descriptor. */
static struct slab *slab_create(struct slab_cache *cache, struct page *page, unsigned int colour,
				gfp_t gfp)
{
	char *start = page_address(page);
	char *behind_colour = start + (size_t)colour * cache->colour_off;
	struct slab *slab = (struct slab *)behind_colour;

	if (cache->descriptor_cache) {
		slab = kmem_cache_alloc(cache->descriptor_cache, gfp);
		if (!slab)
			return NULL;
	} else {
		behind_colour += cache->descriptor_size;
	}
	ASSERT(start && IS_ALIGNED((uintptr_t)behind_colour, cache->common.align));
	slab->cache = cache;
	slab->first_object = behind_colour + cache->common.red_left;
	slab->colour = (uint16_t)colour;
	slab->order = page->order;
	slab_chain_all_objects(slab);
	slab_fill(slab);
	ASSERT(!(page->flags & PG_SLAB));
	slab_mark_pages(page, slab);
	return slab;
}

static void slab_destroy(struct slab *slab)
{
	struct slab_cache *cache = slab->cache;
	char *start = slab_start(slab);
	struct page *page = direct_map_page(start);
	unsigned int order = slab->order;

	CHECK(slab->inuse == 0 && page->owner.slab == slab,
	      "slab %px of cache %s is not free or not its page's", slab, cache->common.name);
	slab_unmark_pages(page, cache);
	mem_unpoison(start, PAGE_SIZE << order);
	if (cache->descriptor_cache)
		kmem_cache_free(cache->descriptor_cache, slab);
	__free_pages(page, order);
}

void slab_destroy_all(struct list_head *doomed)
{
	struct slab *slab, *following;

	list_for_each_entry_safe (slab, following, doomed, list)
		slab_destroy(slab);
}

static unsigned int node_next_colour(struct slab_cache *cache, struct kmem_list3 *node)
{
	unsigned long flags;
	unsigned int colour;

	if (cache->colours <= 1)
		return 0;
	flags = spin_lock_save(&node->lock);
	colour = node->colour_next;
	node->colour_next = colour + 1 < cache->colours ? colour + 1 : 0;
	spin_unlock_irqrestore(&node->lock, flags);
	return colour;
}

static struct page *get_block(gfp_t gfp, int nid, unsigned int order)
{
	return alloc_pages_node(nid, order ? gfp | __GFP_COMP : gfp, order);
}

/* A block of the cache's order; where there is none, of the least that holds an object. (Linux: kmem_getpages; there no second try) */
static struct page *cache_get_pages(const struct slab_cache *cache, gfp_t gfp, int nid)
{
	struct page *page = NULL;

	gfp = (gfp & ~(SLAB_GFP_UNUSUAL | __GFP_MOVABLE | __GFP_COMP)) | cache->common.gfp;
	if (nr_nodes == 1)
		nid = -1;
	if (cache->order > cache->least_order)
		page = get_block(gfp_while_plenty(gfp), nid, cache->order);
	return page ? page : get_block(gfp, nid, cache->least_order);
}

void node_add_free_slab(struct slab_cache *cache, struct kmem_list3 *node, struct slab *slab)
{
	WRITE_ONCE(slab->lists, (uint8_t)(node - cache->lists));
	list_add_tail(&slab->list, &node->slabs_free);
	set_free_objects(node, node->free_objects + slab_objects(slab));
	if (node->given_back) { /* too soon, as is seen now */
		node->given_back--;
		node->free_limit = min(node->free_limit + cache->objects, cache->free_most);
	}
}

int cache_grow(struct slab_cache *cache, gfp_t gfp, int nid)
{
	struct page *page = cache_get_pages(cache, gfp, nid);
	struct kmem_list3 *node;
	struct slab *slab;
	unsigned long flags;

	if (!page)
		return -1;
	nid = page_to_nid(page);
	node = lists_of_node(cache, (unsigned int)nid, 0);
	slab = slab_create(cache, page,
			   page->order == cache->order ? node_next_colour(cache, node) : 0,
			   gfp & ~(SLAB_GFP_UNUSUAL | __GFP_MOVABLE | __GFP_COMP));
	if (!slab) {
		__free_pages(page, page->order);
		return -1;
	}
	if (!in_interrupt())
		slab_span_reach(slab->first_object);

	flags = spin_lock_save(&node->lock);
	node_add_free_slab(cache, node, slab);
	spin_unlock_irqrestore(&node->lock, flags);
	return nid;
}

/* ---- Out of the lists. The caller holds node->lock. ---- */

static struct slab *node_best_slab(struct kmem_list3 *node)
{
	if (!list_empty(&node->slabs_partial))
		return list_first_entry(&node->slabs_partial, struct slab, list);
	if (list_empty(&node->slabs_free))
		return NULL;
	node->free_touched = true;
	return list_first_entry(&node->slabs_free, struct slab, list);
}

/* Up to `wanted` objects out of one slab; 0 only when the node has none or the slab was found broken. */
static unsigned int node_take_from_slab(struct kmem_list3 *node, struct slab *slab, void **end,
					unsigned int wanted)
{
	unsigned int before = slab->inuse, taken = slab_take_objects(slab, end, wanted);

	ASSERT(node->free_objects >= slab->inuse - before);
	set_free_objects(node, node->free_objects - (slab->inuse - before));
	if (slab->inuse == slab_objects(slab))
		list_move(&slab->list, &node->slabs_full);
	else if (before == 0)
		list_move(&slab->list, &node->slabs_partial);
	return taken;
}

void *node_take_object(struct slab_cache *cache, struct kmem_list3 *node)
{
	struct slab *slab;
	void *object;

	while ((slab = node_best_slab(node))) {
		ASSERT(slab->cache == cache);
		if (node_take_from_slab(node, slab, &object + 1, 1))
			return object;
	}
	return NULL;
}

void node_fill_array(struct slab_cache *cache, struct kmem_list3 *node, struct array_cache *array)
{
	unsigned int wanted = (unsigned int)min(array->batchcount, node->free_objects),
		     left = wanted;
	void **bottom = &array->entry[1];
	struct slab *slab;

	ASSERT(array_avail(array) == 0 && wanted <= array_limit(array));
	while (left && (slab = node_best_slab(node))) {
		ASSERT(slab->cache == cache && slab->lists == node - cache->lists);
		left -= node_take_from_slab(node, slab, bottom + left, left);
	}
	if (unlikely(left)) /* a slab was broken */
		memmove(bottom, bottom + left, (wanted - left) * sizeof(bottom[0]));
	array->top = array->entry + (wanted - left);
}

/* ---- Back into the lists ---- */

/* The slab has more free objects than the `inuse` before: its list, node->lock held. An emptied slab too many is doomed. */
static inline void node_place_slab(struct kmem_list3 *node, struct slab *slab, unsigned int before,
				   struct list_head *doomed)
{
	unsigned long objects = slab_objects(slab);

	if (slab->inuse == 0 && node->free_objects > node->free_limit) {
		ASSERT(node->free_objects >= objects);
		set_free_objects(node, node->free_objects - objects);
		node->given_back++;
		list_move(&slab->list, doomed);
	} else if (slab->inuse == 0) {
		list_move_tail(&slab->list, &node->slabs_free);
	} else if (before == objects) {
		list_move_tail(&slab->list, &node->slabs_partial);
	}
}

/*
 * Objects of one slab, as many as come in a row, onto its chain; how many. One that is there already is reported and
 * passed over.
 */
static unsigned int slab_put_objects(struct slab *slab, void *const *objects, unsigned int nr)
{
	const struct slab_cache *cache = slab->cache;
	const size_t bytes = slab_objects(slab) * cache->common.size;
	const uintptr_t first = (uintptr_t)slab->first_object;
	const uint64_t reciprocal = cache->reciprocal;
	unsigned int i, twice = 0, free = slab->free;

	for (i = 0; i < nr; i++) {
		size_t offset = (uintptr_t)objects[i] - first;
		unsigned long index = (unsigned long)((unsigned __int128)offset * reciprocal >> 64);

		if (offset >= bytes)
			break;
		ASSERT(slab_object_at(slab, index) == objects[i]);
		if (unlikely(bufctl_is_free(slab->bufctl[index]))) {
			misuse_double_free("kmem_cache_free", objects[i]);
			twice++;
			continue;
		}
		slab->bufctl[index] = (uint16_t)free;
		free = (unsigned int)index;
	}
	ASSERT(i - twice <= slab->inuse);
	slab->free = (uint16_t)free;
	slab->inuse = (uint16_t)(slab->inuse - (i - twice));
	return i;
}

/* Objects of slabs of these lists, as many as come in a row; how many. The caller holds node->lock. */
static unsigned int node_put_objects(struct slab_cache *cache, struct kmem_list3 *node,
				     void *const *objects, unsigned int nr,
				     struct list_head *doomed)
{
	unsigned int i = 0, put, lists = (unsigned int)(node - cache->lists);

	while (i < nr) {
		struct slab *slab = parked_object_slab(objects[i]);
		unsigned int before = slab->inuse;

		if (READ_ONCE(slab->lists) != lists)
			break;
		put = slab->cache == cache ? slab_put_objects(slab, objects + i, nr - i) : 0;
		CHECK(put, "%px in an array of cache %s is not its object", objects[i],
		      cache->common.name);
		i += put;
		if (unlikely(slab->inuse ==
			     before)) /* all were free already, and the slab may be on its way */
			continue;
		set_free_objects(node, node->free_objects + (before - slab->inuse));
		node_place_slab(node, slab, before, doomed);
	}
	return i;
}

void free_block(struct slab_cache *cache, void *const *objects, unsigned int nr_objects,
		struct list_head *doomed)
{
	unsigned int done = 0;

	ASSERT(!arch_irq_enabled());
	while (done < nr_objects) {
		struct slab *slab = parked_object_slab(objects[done]);
		struct kmem_list3 *node = &cache->lists[READ_ONCE(slab->lists)];

		spin_lock(&node->lock);
		done += node_put_objects(cache, node, objects + done, nr_objects - done, doomed);
		spin_unlock(&node->lock);
	}
}

/* One by one, so that interrupts are never off for long. */
unsigned long node_shrink(struct kmem_list3 *node, unsigned long nr)
{
	unsigned long gone = 0, flags;
	struct slab *slab;

	for (; gone < nr; gone++) {
		slab = NULL;
		flags = spin_lock_save(&node->lock);
		if (!list_empty(&node->slabs_free)) {
			slab = list_first_entry(&node->slabs_free, struct slab, list);
			list_del(&slab->list);
			set_free_objects(node, node->free_objects - slab_objects(slab));
		}
		spin_unlock_irqrestore(&node->lock, flags);
		if (!slab)
			break;
		slab_destroy(slab);
	}
	return gone;
}
