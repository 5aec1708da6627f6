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
 *	A node keeps a cache's slabs in three lists: partial, full, free. Objects are taken
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
 *	kmem_cache_alloc -> cache_alloc [__cache_alloc]           pop
 *	  -> cache_alloc_slow -> cache_alloc_refill               a batch from the lists
 *	                      -> cache_grow -> alloc_pages_node   a slab, until a refill succeeds
 *	kmem_cache_free -> impl_free -> cache_free                push
 *	  -> cache_flusharray -> free_block                       the oldest batch into the lists
 *	                      -> slab_destroy -> __free_pages     emptied slabs above free_limit
 *
 * INVARIANTS	(impl_cache_check() in slab_report.c proves them, slab_test.c breaks them)
 *	S1  A slab's free chain runs through objects - inuse different objects of the slab and
 *	    ends; every other object is marked as in use.
 *	S2  A slab is in slabs_full when all objects are in use, in slabs_free when none is,
 *	    else in slabs_partial.
 *	S3  free_objects is the number of objects on the free chains of the node's slabs.
 *	S4  The first page of a slab carries PG_SLAB, its order and its descriptor's address,
 *	    and all objects lie inside the block.
 *	S5  A CPU array holds at most `limit` objects, each one starts an object of this cache
 *	    that is in use in its slab, and none is in two places. In debug builds exactly
 *	    these are marked BUFCTL_CACHED.
 *
 * MISUSE
 *	A pointer to be freed must lie in a slab's page, at the start of an object, of the
 *	right cache, and the object must be in use. Every build refuses an object that is on its
 *	slab's chain or on top of this CPU's array. A debug build marks each object as it enters
 *	and leaves an array, with one exchange: there any second free is refused, whichever CPU
 *	did the first.
 *
 * LOCKING
 *	A CPU array: interrupts off, on that CPU. Lists, chains and counts: node->lock, inside
 *	that. No two node locks at once, and none while pages or descriptors are allocated or
 *	given back: doomed slabs are collected and destroyed after it is dropped. Nothing
 *	sleeps but alloc_pages(), which is called with the caller's interrupts.
 * COST		A pop or a push is some 40 instructions with its checks; a refill or a flush is
 *	O(batchcount) and comes once in batchcount calls. Memory: 40 bytes a slab and 2 an object,
 *	at most 1/8 of a slab left over (up to order 3), at most limit objects with each CPU.
 * FLOOR	slab.
 * LINUX	mm/slab.c of 2.6.24. No shared array and no alien caches (an object goes from any
 *	CPU's array to its own node's lists), no reaping (limits are what bounds idle memory). The
 *	bootstrap needs no replacement of static structures: a cache without arrays works.
 */
#include <mm/slab.h>

#include <arch/cpu.h>
#include <lib/check.h>
#include <lib/poison.h>
#include <lib/string.h>
#include <mm/page.h>
#include <mm/zone.h>

#include "slab_types.h"

/* The node whose lists this CPU uses: only the boot CPU runs, and the first node is its. */
static inline unsigned int local_node(void)
{
	return 0;
}

static inline struct array_cache *cpu_array(const struct slab_cache *cache)
{
	return cache->array[arch_cpu_id()];
}

/* ---- One slab: its chain of free objects. The caller holds node->lock. ---- */

/* Takes the first free object. In debug builds it is marked as not yet with an owner. */
static void *slab_get_object(struct slab *slab)
{
	unsigned int index = slab->free;

	CHECK(index < slab->cache->objects, "slab %px of cache %s has a broken free chain: %u",
	      slab, slab->cache->common.name, index);
	slab->free = slab->bufctl[index];
	slab->bufctl[index] = CONFIG_DEBUG ? BUFCTL_CACHED : BUFCTL_ACTIVE;
	slab->inuse++;
	return slab_object_at(slab, index);
}

static void slab_put_object(struct slab *slab, unsigned long index)
{
	ASSERT(index < slab->cache->objects && slab->inuse > 0);
	slab->bufctl[index] = slab->free;
	slab->free = (uint16_t)index;
	slab->inuse--;
}

static struct list_head *slab_proper_list(struct kmem_list3 *node, const struct slab *slab)
{
	if (slab->inuse == 0)
		return &node->slabs_free;
	return slab->inuse == slab->cache->objects ? &node->slabs_full : &node->slabs_partial;
}

/* ---- Making and unmaking slabs. No lock held. ---- */

/* The object is writable for its constructor only; then nobody's again. */
static void slab_construct_objects(struct slab *slab)
{
	const struct kmem_cache *cache = &slab->cache->common;
	unsigned long index;

	if (!cache->ctor)
		return;
	for (index = 0; index < slab->cache->objects; index++) {
		void *object = slab_object_at(slab, index);

		mem_unpoison(object, cache->object_size);
		cache->ctor(object);
		mem_poison(object, cache->object_size);
	}
}

static void slab_chain_all_objects(struct slab *slab)
{
	unsigned int index, objects = slab->cache->objects;

	for (index = 0; index < objects; index++)
		slab->bufctl[index] = (uint16_t)(index + 1);
	slab->bufctl[objects - 1] = BUFCTL_END;
	slab->free = 0;
	slab->inuse = 0;
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
	mem_poison(start, PAGE_SIZE << cache->order);
	mem_unpoison(slab, sizeof(*slab) + cache->objects * sizeof(slab->bufctl[0]));

	slab->cache = cache;
	slab->first_object = behind_colour;
	slab->colour = (uint16_t)colour;
	slab_chain_all_objects(slab);
	slab_construct_objects(slab);
	ASSERT(page->owner.slab == NULL || !(page->flags & PG_SLAB));
	page->owner.slab = slab;
	page->flags |= slab_page_flags(&cache->common);
	return slab;
}

static void slab_destroy(struct slab *slab)
{
	struct slab_cache *cache = slab->cache;
	char *start = slab_start(slab);
	struct page *page = object_page(start);

	CHECK(slab->inuse == 0 && page && page->owner.slab == slab,
	      "slab %px of cache %s is not free or not its page's", slab, cache->common.name);
	page->flags &= (uint16_t)~slab_page_flags(&cache->common);
	page->owner.slab = NULL;
	mem_unpoison(start, PAGE_SIZE << cache->order);
	if (cache->descriptor_cache)
		kmem_cache_free(cache->descriptor_cache, slab);
	__free_pages(page, cache->order);
}

static void slab_destroy_all(struct list_head *doomed)
{
	struct slab *slab, *following;

	list_for_each_entry_safe (slab, following, doomed, list)
		slab_destroy(slab);
}

static unsigned int node_next_colour(struct slab_cache *cache, struct kmem_list3 *node)
{
	unsigned long flags = spin_lock_save(&node->lock);
	unsigned int colour = node->colour_next;

	node->colour_next = colour + 1 < cache->colours ? colour + 1 : 0;
	spin_unlock_irqrestore(&node->lock, flags);
	return colour;
}

/* One more slab for a node. False without pages, and nothing has changed but the next colour. */
static bool cache_grow(struct slab_cache *cache, gfp_t gfp, unsigned int nid)
{
	struct kmem_list3 *node = &cache->node[nid];
	unsigned int colour = node_next_colour(cache, node);
	struct page *page;
	struct slab *slab;
	unsigned long flags;

	gfp &= ~(SLAB_GFP_UNUSUAL | __GFP_MOVABLE | __GFP_COMP);
	page = alloc_pages_node((int)nid, gfp | cache->common.gfp | __GFP_COMP, cache->order);
	if (!page)
		return false;
	slab = slab_create(cache, page, colour, gfp);
	if (!slab) {
		__free_pages(page, cache->order);
		return false;
	}
	slab->nid = (uint16_t)nid;

	flags = spin_lock_save(&node->lock);
	list_add_tail(&slab->list, &node->slabs_free);
	node->free_objects += cache->objects;
	spin_unlock_irqrestore(&node->lock, flags);
	return true;
}

/* ---- Allocation ---- */

/* One object of a node's partial slabs, or else of its free ones. The caller holds node->lock. */
static void *node_take_object(struct kmem_list3 *node)
{
	struct slab *slab;
	void *object;

	if (!list_empty(&node->slabs_partial))
		slab = list_first_entry(&node->slabs_partial, struct slab, list);
	else if (!list_empty(&node->slabs_free))
		slab = list_first_entry(&node->slabs_free, struct slab, list);
	else
		return NULL;

	object = slab_get_object(slab);
	ASSERT(node->free_objects > 0);
	node->free_objects--;
	if (slab->inuse == 1 || slab->inuse == slab->cache->objects)
		list_move(&slab->list, slab_proper_list(node, slab));
	return object;
}

/*
 * One object for the caller and up to a batch for its CPU's array, out of the slabs that exist;
 * NULL when none of them has a free one. Interrupts off.
 */
static void *cache_alloc_refill(struct slab_cache *cache, struct array_cache *array)
{
	struct kmem_list3 *node = &cache->node[local_node()];
	void *object, *further;

	ASSERT(!arch_irq_enabled());
	if (array->avail) /* an interrupt has filled it since it was found empty */
		return array->entry[--array->avail];
	spin_lock(&node->lock);
	object = node_take_object(node);
	while (object && array->avail < array->batchcount) {
		further = node_take_object(node);
		if (!further)
			break;
		array->entry[array->avail++] = further;
	}
	spin_unlock(&node->lock);
	return object;
}

/* Debug builds: from now on the object is its owner's. */
static void object_enters_use(void *object)
{
	struct slab *slab = object_slab(object);
	unsigned long index;

	CHECK(slab && slab_object_index(slab, object, &index), "no object starts at %px", object);
	CHECK(__atomic_exchange_n(&slab->bufctl[index], BUFCTL_ACTIVE, __ATOMIC_RELAXED) ==
		      BUFCTL_CACHED,
	      "object %px of cache %s was not free", object, slab->cache->common.name);
}

static inline void *hand_out(const struct slab_cache *cache, void *object)
{
	if (CONFIG_DEBUG && object)
		object_enters_use(object);
	if (object)
		mem_unpoison(object, cache->common.object_size);
	return object;
}

static __noinline void *cache_alloc_slow(struct slab_cache *cache, gfp_t gfp)
{
	unsigned long flags;
	void *object;

	do {
		flags = arch_irq_save();
		object = cache_alloc_refill(cache, cpu_array(cache));
		arch_irq_restore(flags);
	} while (!object && cache_grow(cache, gfp, local_node()));
	return hand_out(cache, object);
}

static inline void *cache_alloc(struct slab_cache *cache, gfp_t gfp)
{
	unsigned long flags = arch_irq_save();
	struct array_cache *array = cpu_array(cache);
	void *object;

	if (unlikely(!array->avail)) {
		arch_irq_restore(flags);
		return cache_alloc_slow(cache, gfp);
	}
	object = array->entry[--array->avail];
	arch_irq_restore(flags);
	return hand_out(cache, object);
}

/* A mask that asks for zeroes or for a zone; a zone other than the cache's own is refused. */
static __noinline void *cache_alloc_unusual(struct slab_cache *cache, gfp_t gfp)
{
	const struct kmem_cache *common = &cache->common;
	gfp_t zones = gfp & GFP_ZONEMASK;
	void *object;

	if (zones && zones != common->gfp) {
		misuse_bad_gfp("kmem_cache_alloc", common->name, gfp);
		return NULL;
	}
	object = cache_alloc(cache, gfp);
	if (!object || !(gfp & __GFP_ZERO))
		return object;
	/* The constructor's work wins: the object comes as it was constructed. */
	if (common->ctor)
		misuse_bad_gfp("kmem_cache_alloc", common->name, gfp);
	else
		memset(object, 0, common->object_size);
	return object;
}

void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp)
{
	if (unlikely(gfp & SLAB_GFP_UNUSUAL))
		return cache_alloc_unusual(to_slab_cache(cache), gfp);
	return cache_alloc(to_slab_cache(cache), gfp);
}

void *kmem_cache_alloc_trace(struct kmem_cache *cache, gfp_t gfp, size_t size)
{
	(void)size;
	return kmem_cache_alloc(cache, gfp);
}

void *kmem_cache_alloc_node(struct kmem_cache *cache, gfp_t gfp, int nid)
{
	(void)nid;
	return kmem_cache_alloc(cache, gfp);
}

void *kmem_cache_alloc_node_trace(struct kmem_cache *cache, gfp_t gfp, int nid, size_t size)
{
	(void)size;
	return kmem_cache_alloc_node(cache, gfp, nid);
}

size_t kmem_cache_alloc_bulk(struct kmem_cache *cache, gfp_t gfp, size_t nr, void **objects)
{
	size_t i;

	for (i = 0; i < nr; i++) {
		objects[i] = kmem_cache_alloc(cache, gfp);
		if (!objects[i]) {
			kmem_cache_free_bulk(cache, i, objects);
			return 0;
		}
	}
	return nr;
}

/* ---- Free ---- */

/* One object back onto its slab's chain, node->lock held. An emptied slab too many is doomed. */
static void node_put_object(struct kmem_list3 *node, struct slab *slab, const void *object,
			    struct list_head *doomed)
{
	unsigned long index;

	CHECK(slab_object_index(slab, object, &index), "no object starts at %px", object);
	if (unlikely(bufctl_is_free(slab->bufctl[index]))) {
		misuse_double_free("kmem_cache_free", object);
		return;
	}
	slab_put_object(slab, index);
	node->free_objects++;
	if (slab->inuse == 0 && node->free_objects > node->free_limit) {
		ASSERT(node->free_objects >= slab->cache->objects);
		node->free_objects -= slab->cache->objects;
		list_move(&slab->list, doomed);
	} else if (slab->inuse == 0 || slab->inuse == slab->cache->objects - 1) {
		list_move_tail(&slab->list, slab_proper_list(node, slab));
	}
}

/* Objects back into their slabs, whichever the node. Interrupts off; the caller destroys `doomed`. */
static void free_block(struct slab_cache *cache, void *const *objects, unsigned int nr_objects,
		       struct list_head *doomed)
{
	struct kmem_list3 *locked = NULL;
	unsigned int i;

	ASSERT(!arch_irq_enabled());
	for (i = 0; i < nr_objects; i++) {
		struct slab *slab = object_slab(objects[i]);
		struct kmem_list3 *node;

		CHECK(slab && slab->cache == cache, "%px in an array of cache %s is not its object",
		      objects[i], cache->common.name);
		node = &cache->node[slab->nid];
		if (node != locked) {
			if (locked)
				spin_unlock(&locked->lock);
			spin_lock(&node->lock);
			locked = node;
		}
		node_put_object(node, slab, objects[i], doomed);
	}
	if (locked)
		spin_unlock(&locked->lock);
}

/*
 * The array is full: its oldest batch goes, the object comes. Without an array of its own the
 * object itself goes. Interrupts off.
 */
static __noinline void cache_flusharray(struct slab_cache *cache, struct array_cache *array,
					void *object)
{
	unsigned int batch = array->batchcount;
	LIST_HEAD(doomed);

	ASSERT(array->avail == array->limit && batch <= array->limit);
	if (array->limit == 0) {
		free_block(cache, &object, 1, &doomed);
	} else {
		free_block(cache, array->entry, batch, &doomed);
		array->avail -= batch;
		memmove(array->entry, array->entry + batch, array->avail * sizeof(void *));
		array->entry[array->avail++] = object;
	}
	slab_destroy_all(&doomed);
}

/* False when the object is the one that this CPU freed last. */
static inline bool cache_free(struct slab_cache *cache, void *object)
{
	unsigned long flags = arch_irq_save();
	struct array_cache *array = cpu_array(cache);
	unsigned int avail = array->avail;
	bool is_free_already = avail && array->entry[avail - 1] == object;

	if (likely(!is_free_already)) {
		if (likely(avail < array->limit)) {
			array->entry[avail] = object;
			array->avail = avail + 1;
		} else {
			cache_flusharray(cache, array, object);
		}
	}
	arch_irq_restore(flags);
	return !is_free_already;
}

/* Is the object its owner's? Debug builds take it away in the same step, for one caller only. */
static inline bool object_leaves_use(struct slab *slab, unsigned long index)
{
	uint16_t *bufctl = &slab->bufctl[index];
	uint16_t active = BUFCTL_ACTIVE;

	if (CONFIG_DEBUG)
		return __atomic_compare_exchange_n(bufctl, &active, BUFCTL_CACHED, false,
						   __ATOMIC_RELAXED, __ATOMIC_RELAXED);
	return *bufctl == BUFCTL_ACTIVE;
}

void impl_free(struct slab *slab, const void *object, const char *caller)
{
	struct slab_cache *cache = slab->cache;
	unsigned long index;

	if (unlikely(!slab_object_index(slab, object, &index))) {
		if (!dev_kfree_marked(object, caller))
			misuse_bad_pointer(caller, object);
		return;
	}
	if (unlikely(!object_leaves_use(slab, index))) {
		misuse_double_free(caller, object);
		return;
	}
	mem_poison(object, cache->common.size);
	if (unlikely(!cache_free(cache, (void *)object)))
		misuse_double_free(caller, object);
}

void kmem_cache_free(struct kmem_cache *cache, void *object)
{
	struct slab *slab;

	if (unlikely(!object))
		return;
	slab = object_slab(object);
	if (unlikely(!slab))
		misuse_bad_pointer("kmem_cache_free", object);
	else if (unlikely(&slab->cache->common != cache))
		misuse_wrong_cache("kmem_cache_free", cache, object);
	else
		impl_free(slab, object, "kmem_cache_free");
}

void kmem_cache_free_bulk(struct kmem_cache *cache, size_t nr, void **objects)
{
	size_t i;

	for (i = 0; i < nr; i++) {
		if (cache)
			kmem_cache_free(cache, objects[i]);
		else
			kfree(objects[i]);
	}
}

struct kmem_cache *impl_object_cache(struct slab *slab, const void *object)
{
	unsigned long index;

	if (!slab_object_index(slab, object, &index) || slab->bufctl[index] != BUFCTL_ACTIVE)
		return NULL;
	return &slab->cache->common;
}

/* ---- Giving back ---- */

void impl_cache_drain(struct kmem_cache *cache)
{
	struct slab_cache *slab_cache = to_slab_cache(cache);
	unsigned long flags = arch_irq_save();
	struct array_cache *array = cpu_array(slab_cache);
	LIST_HEAD(doomed);

	if (array->avail) {
		free_block(slab_cache, array->entry, array->avail, &doomed);
		array->avail = 0;
	}
	arch_irq_restore(flags);
	slab_destroy_all(&doomed);
}

/* A node's free slabs go back one by one, so that interrupts are never off for long. */
static void node_shrink(struct slab_cache *cache, struct kmem_list3 *node)
{
	struct slab *slab;
	unsigned long flags;

	do {
		slab = NULL;
		flags = spin_lock_save(&node->lock);
		if (!list_empty(&node->slabs_free)) {
			slab = list_first_entry(&node->slabs_free, struct slab, list);
			list_del(&slab->list);
			node->free_objects -= cache->objects;
		}
		spin_unlock_irqrestore(&node->lock, flags);
		if (slab)
			slab_destroy(slab);
	} while (slab);
}

int kmem_cache_shrink(struct kmem_cache *cache)
{
	struct slab_cache *slab_cache = to_slab_cache(cache);
	bool slabs_are_left = false;
	unsigned int nid;

	impl_cache_drain(cache);
	for (nid = 0; nid < nr_nodes; nid++) {
		struct kmem_list3 *node = &slab_cache->node[nid];

		node_shrink(slab_cache, node);
		if (!list_empty(&node->slabs_full) || !list_empty(&node->slabs_partial))
			slabs_are_left = true;
	}
	return slabs_are_left;
}
