/* SPDX-License-Identifier: MIT */
/*
 * slab_report.c - SLAB looked at: figures, one address, a drawing, and the proof of S1 to S5.
 *
 * THE IDEA
 *	Nothing here changes anything. slab.c states the invariants that are proved here.
 *
 * PICTURE	`slab NAME`: a line a slab; # allocated, o free in a CPU array, . free in the slab
 *
 *	partial 0xffff880001a40000 colour 2   5/15 ##.o#.#........
 *
 * LOCKING
 *	Lists are walked under node->lock. Text is written with the lock dropped: a drawing
 *	counts its way to the next slab each time, so it takes O(n^2) steps for n slabs, and a slab
 *	may be missed or drawn twice when others work meanwhile. CPU arrays are only glanced at.
 * FLOOR	slab.
 * LINUX	mm/slab.c: get_slabinfo(), check_slabp().
 */
#include <mm/slab.h>

#include <lib/check.h>
#include <lib/printk.h>
#include <lib/seq_file.h>
#include <mm/percpu.h>
#include <mm/zone.h>

#include "slab_types.h"

/* Each array that a cache has: every CPU's, then each node's shared one and its aliens. */
struct array_walk {
	unsigned int cpu, lists, alien;
};

static const struct array_cache *node_array(const struct kmem_list3 *node, unsigned int n)
{
	if (n == 0)
		return node->shared;
	return node->alien ? node->alien[n - 1] : NULL;
}

/* The next array, in any order; NULL behind the last. */
static const struct array_cache *array_next(const struct slab_cache *cache, struct array_walk *walk)
{
	if (walk->cpu < nr_possible_cpus())
		return &per_cpu_ptr(cache->cpu_cache, walk->cpu++)->array;
	for (; walk->lists < nr_slab_lists(); walk->lists++, walk->alien = 0) {
		while (walk->alien <= nr_nodes) {
			const struct array_cache *array = node_array(&cache->lists[walk->lists],
								     walk->alien++);

			if (array)
				return array;
		}
	}
	return NULL;
}

bool slab_object_is_parked(const struct slab_cache *cache, const void *object)
{
	struct array_walk walk = {0};
	const struct array_cache *array;
	void **entry;

	while ((array = array_next(cache, &walk)))
		for (entry = array->top; entry > array->entry; entry--)
			if (*entry == object)
				return true;
	return false;
}

/* Does its owner hold object `index`? */
static bool slab_object_is_owned(const struct slab *slab, unsigned long index)
{
	return !bufctl_is_free(slab->bufctl[index]) &&
	       !slab_object_is_parked(slab->cache, slab_object_at(slab, index));
}

/* ---- Figures ---- */

enum list_kind { LIST_PARTIAL, LIST_FULL, LIST_FREE, NR_LISTS };

static struct list_head *node_list(struct kmem_list3 *node, enum list_kind kind)
{
	return kind == LIST_PARTIAL ? &node->slabs_partial
	       : kind == LIST_FULL  ? &node->slabs_full
				    : &node->slabs_free;
}

static void node_add_info(struct kmem_list3 *node, struct slab_info *info)
{
	unsigned long flags = spin_lock_save(&node->lock);
	enum list_kind kind;
	struct slab *slab;

	for (kind = 0; kind < NR_LISTS; kind++) {
		list_for_each_entry (slab, node_list(node, kind), list) {
			info->slabs++;
			info->active_slabs += slab->inuse != 0;
			info->active_objects += slab->inuse;
			info->objects += slab_objects(slab);
		}
	}
	info->shared_avail += node->shared ? array_avail(node->shared) : 0;
	spin_unlock_irqrestore(&node->lock, flags);
}

void slab_get_info(struct kmem_cache *common, struct slab_info *info)
{
	struct slab_cache *cache = to_slab_cache(common);
	unsigned int i;

	*info = (struct slab_info){.name = common->name,
				   .size = common->size,
				   .object_size = common->object_size,
				   .objects_per_slab = (unsigned int)cache->objects,
				   .order = cache->order,
				   .limit = cache->limit,
				   .batchcount = cache->batchcount,
				   .shared = cache->shared,
				   .color_next = cache->lists[0].colour_next,
				   .colors = cache->colours,
				   .color_off = cache->colour_off};
	for (i = 0; i < nr_slab_lists(); i++)
		node_add_info(&cache->lists[i], info);
}

/* ---- One address ---- */

bool slab_describe(const void *address, struct slab_object *found)
{
	struct slab *slab = object_slab(address);
	struct slab_cache *cache;
	size_t offset;

	if (!slab)
		return false;
	cache = slab->cache;
	*found = (struct slab_object){.cache = &cache->common,
				      .cache_name = cache->common.name,
				      .slab = (uintptr_t)slab_start(slab),
				      .objects = (unsigned int)slab_objects(slab)};
	offset = (size_t)((uintptr_t)address - (uintptr_t)slab->first_object);
	if ((const char *)address < slab->first_object ||
	    offset >= slab_objects(slab) * cache->common.size)
		return true;
	found->index = (unsigned int)(offset / cache->common.size);
	found->object = (uintptr_t)slab_object_at(slab, found->index);
	found->offset = (uintptr_t)address - found->object;
	found->in_object = found->offset < cache->common.object_size;
	found->allocated = slab_object_is_owned(slab, found->index);
	return true;
}

static unsigned long slab_list_live(const struct slab *slab, const void **objects, unsigned int max,
				    unsigned long live)
{
	unsigned long index;

	for (index = 0; index < slab_objects(slab); index++) {
		if (!slab_object_is_owned(slab, index))
			continue;
		if (live < max)
			objects[live] = slab_object_at(slab, index);
		live++;
	}
	return live;
}

unsigned long impl_live_objects(struct kmem_cache *common, const void **objects, unsigned int max)
{
	struct slab_cache *cache = to_slab_cache(common);
	unsigned long live = 0;
	unsigned int i;

	for (i = 0; i < nr_slab_lists(); i++) {
		struct kmem_list3 *node = &cache->lists[i];
		unsigned long flags = spin_lock_save(&node->lock);
		enum list_kind kind;
		struct slab *slab;

		for (kind = 0; kind < NR_LISTS; kind++)
			list_for_each_entry (slab, node_list(node, kind), list)
				live = slab_list_live(slab, objects, max, live);
		spin_unlock_irqrestore(&node->lock, flags);
	}
	return live;
}

static unsigned long slab_visit(struct slab *slab, slab_visit_t visit, void *context)
{
	unsigned long index, sum = 0;

	for (index = 0; index < slab_objects(slab); index++)
		sum += visit(&slab->cache->common, slab_object_at(slab, index),
			     slab_object_is_owned(slab, index), context);
	return sum;
}

unsigned long impl_visit_objects(struct kmem_cache *common, slab_visit_t visit, void *context)
{
	struct slab_cache *cache = to_slab_cache(common);
	unsigned long sum = 0;
	unsigned int i;

	for (i = 0; i < nr_slab_lists(); i++) {
		struct kmem_list3 *node = &cache->lists[i];
		unsigned long flags = spin_lock_save(&node->lock);
		enum list_kind kind;
		struct slab *slab;

		for (kind = 0; kind < NR_LISTS; kind++)
			list_for_each_entry (slab, node_list(node, kind), list)
				sum += slab_visit(slab, visit, context);
		spin_unlock_irqrestore(&node->lock, flags);
	}
	return sum;
}

/* ---- The drawing ---- */

#define MAP_WIDTH    64
#define NEWEST_SHOWN 4 /* objects of an array */

/* What one line says of a slab, copied out of it. */
struct slab_picture {
	const void *start;
	unsigned int colour, inuse, objects;
	char map[SLAB_MAX_OBJECTS];
};

static void slab_copy_picture(const struct slab *slab, struct slab_picture *picture)
{
	unsigned long index;

	picture->start = slab_start(slab);
	picture->colour = slab->colour;
	picture->inuse = slab->inuse;
	picture->objects = (unsigned int)slab_objects(slab);
	for (index = 0; index < picture->objects; index++) {
		bool is_free = bufctl_is_free(slab->bufctl[index]);

		picture->map[index] = is_free ? '.' : slab_object_is_owned(slab, index) ? '#' : 'o';
	}
}

/* The picture of the n-th slab of a list; false behind the last. */
static bool node_copy_picture(struct kmem_list3 *node, enum list_kind kind, unsigned long n,
			      struct slab_picture *picture)
{
	unsigned long flags = spin_lock_save(&node->lock);
	bool found = false;
	struct slab *slab;

	list_for_each_entry (slab, node_list(node, kind), list) {
		if (n-- == 0) {
			slab_copy_picture(slab, picture);
			found = true;
			break;
		}
	}
	spin_unlock_irqrestore(&node->lock, flags);
	return found;
}

/* The name of a set of lists: the node's number, or node.lane. */
static const char *lists_name(unsigned int lists, char name[8])
{
	unsigned int node = lists >> slab_lane_shift, lane = lists - (node << slab_lane_shift);

	snprintf(name, 8, slab_lane_shift ? "%u.%u" : "%u", node, lane);
	return name;
}

static void picture_print(const struct slab_picture *picture, unsigned int lists,
			  enum list_kind kind, struct seq_file *file)
{
	static const char *const names[NR_LISTS] = {"partial", "full", "free"};
	unsigned int i;
	char name[8];

	if (nr_slab_lists() > 1)
		seq_printf(file, "%-4s ", lists_name(lists, name));
	seq_printf(file, "%-7s %px colour %-2u %3u/%u ", names[kind], picture->start,
		   picture->colour, picture->inuse, picture->objects);
	for (i = 0; i < picture->objects; i++) {
		if (i && i % MAP_WIDTH == 0)
			seq_puts(file, "\n        ");
		seq_putc(file, picture->map[i]);
	}
	seq_putc(file, '\n');
}

/* What is parked in an array, the newest of it by name. A glance: its owner may be at work. */
static void array_print(const char *whose, const char *number, const struct array_cache *array,
			struct seq_file *file)
{
	unsigned long avail = min(array_avail(array), array_limit(array)), i;

	seq_printf(file, "%-6s %-4s %4lu of %4lu parked, %4u at once", whose, number, avail,
		   array_limit(array), array->batchcount);
	for (i = avail; i > 0 && i + NEWEST_SHOWN > avail; i--)
		seq_printf(file, "%s %px", i == avail ? "; next" : "", array->entry[i]);
	seq_puts(file, avail > NEWEST_SHOWN ? " ...\n" : "\n");
}

/* Each CPU's array, what the CPUs of a node share, and what waits for the way to its own node. */
static void arrays_print(struct slab_cache *cache, struct seq_file *file)
{
	unsigned int cpu, i, other;
	char name[8];

	for (cpu = 0; cpu < nr_possible_cpus(); cpu++) {
		snprintf(name, sizeof(name), "%u", cpu);
		array_print("cpu", name, &per_cpu_ptr(cache->cpu_cache, cpu)->array, file);
	}
	for (i = 0; i < nr_slab_lists(); i++) {
		const struct kmem_list3 *node = &cache->lists[i];

		if (node->shared)
			array_print("shared", lists_name(i, name), node->shared, file);
		for (other = 0; node->alien && other < nr_nodes; other++) {
			if (!node->alien[other])
				continue;
			snprintf(name, sizeof(name), "%u", other);
			array_print("alien", name, node->alien[other], file);
		}
	}
}

void slab_draw(struct kmem_cache *common, struct seq_file *file)
{
	struct slab_cache *cache = to_slab_cache(common);
	struct slab_picture picture;
	unsigned int i;

	seq_printf(file,
		   "%s: objects of %zu bytes (%zu apart), %lu a slab of order %u, descriptor %s\n",
		   common->name, common->object_size, common->size, cache->objects, cache->order,
		   cache->descriptor_cache ? "off-slab" : "on-slab");
	for (i = 0; i < nr_slab_lists(); i++) {
		enum list_kind kind;
		unsigned long n;

		for (kind = 0; kind < NR_LISTS; kind++)
			for (n = 0; node_copy_picture(&cache->lists[i], kind, n, &picture); n++)
				picture_print(&picture, i, kind, file);
	}
	arrays_print(cache, file);
	seq_puts(file, "# allocated, o free in an array, . free in the slab\n");
	if (slab_lane_shift)
		seq_puts(file, "M in front of a slab and behind shared is node.lane: a lane is of "
			       "one CPU of the "
			       "node, or of a few\n");
	seq_puts(file,
		 "arrays: cpu N is that CPU's, shared M of all CPUs of M;\n"
		 "alien N below shared M: M's CPUs freed them, they wait to go home to node N\n");
}

/* ---- The proof ---- */

static bool broken(const struct slab_cache *cache, const char *rule, const void *where)
{
	pr_err("slab: %s does not hold in cache %s at %px\n", rule, cache->common.name, where);
	return false;
}

/* S1 */
static bool slab_check_chain(const struct slab *slab)
{
	unsigned int objects = (unsigned int)slab_objects(slab);
	unsigned int left = objects - slab->inuse, marked_free = 0, index;

	if (slab->inuse > objects)
		return broken(slab->cache, "S1 (more in use than there are)", slab);
	for (index = slab->free; left; left--) {
		if (index >= objects)
			return broken(slab->cache, "S1 (the free chain leaves the slab)", slab);
		index = slab->bufctl[index];
	}
	if (index != BUFCTL_END)
		return broken(slab->cache, "S1 (the free chain does not end)", slab);
	for (index = 0; index < objects; index++)
		marked_free += bufctl_is_free(slab->bufctl[index]);
	if (marked_free != objects - slab->inuse)
		return broken(slab->cache, "S1 (an object is neither free nor in use)", slab);
	return true;
}

/* S2, S4 */
static bool slab_check_place(const struct slab *slab, enum list_kind kind)
{
	const struct slab_cache *cache = slab->cache;
	enum list_kind proper = slab->inuse == 0		    ? LIST_FREE
				: slab->inuse == slab_objects(slab) ? LIST_FULL
								    : LIST_PARTIAL;
	char *start = slab_start(slab);
	struct page *page = object_page(start);
	unsigned long i;

	if (kind != proper)
		return broken(cache, "S2 (in the wrong list)", slab);
	if (!page || page_address(page) != start || page->order != slab->order)
		return broken(cache, "S4 (no block starts where the slab does)", slab);
	for (i = 0; i < 1UL << slab->order; i++)
		if (!(page[i].flags & PG_SLAB) || page[i].owner.slab != slab ||
		    slab_page_of(&page[i])->cpu_cache != cache->cpu_cache)
			return broken(cache, "S4 (a page does not know its slab or its arrays)",
				      slab);
	if ((char *)slab_object_at(slab, slab_objects(slab)) - cache->common.red_left >
	    start + (PAGE_SIZE << slab->order))
		return broken(cache, "S4 (objects beyond the block)", slab);
	return true;
}

/* S1 to S4 of one node; counts what debug builds have marked as parked. */
static bool node_check(struct slab_cache *cache, struct kmem_list3 *node, unsigned long *cached)
{
	unsigned long flags = spin_lock_save(&node->lock);
	unsigned long free_objects = 0;
	enum list_kind kind;
	bool holds = true;
	struct slab *slab;

	for (kind = 0; kind < NR_LISTS; kind++) {
		list_for_each_entry (slab, node_list(node, kind), list) {
			unsigned int i;

			holds = slab->cache == cache && &cache->lists[slab->lists] == node &&
				slab_check_chain(slab) && slab_check_place(slab, kind) && holds;
			free_objects += slab_objects(slab) - slab->inuse;
			for (i = 0; i < slab_objects(slab); i++)
				*cached += slab->bufctl[i] == BUFCTL_CACHED;
		}
	}
	if (free_objects != node->free_objects ||
	    node->shared_avail != (node->shared ? array_avail(node->shared) : 0))
		holds = broken(cache, "S3 (free_objects, shared_avail)", node);
	spin_unlock_irqrestore(&node->lock, flags);
	return holds;
}

/* S5 of one object in an array. */
static bool entry_check(const struct slab_cache *cache, const void *object)
{
	struct slab *slab = object_slab(object);
	unsigned long index;
	unsigned int bufctl;

	if (!slab || slab->cache != cache || !slab_object_index(slab, object, &index))
		return broken(cache, "S5 (no object of the cache)", object);
	bufctl = slab->bufctl[index];
	if (bufctl != (CONFIG_DEBUG ? BUFCTL_CACHED : BUFCTL_ACTIVE))
		return broken(cache, "S5 (parked, but not marked so)", object);
	return true;
}

static bool array_check(const struct slab_cache *cache, const struct array_cache *array)
{
	unsigned long i, j;

	if (array_avail(array) > array_limit(array))
		return broken(cache, "S5 (more parked than the limit)", array);
	if (array->entry[0])
		return broken(cache, "S5 (no NULL below the first)", array);
	for (i = 1; i <= array_avail(array); i++) {
		if (!entry_check(cache, array->entry[i]))
			return false;
		for (j = 1; j < i; j++)
			if (array->entry[i] == array->entry[j])
				return broken(cache, "S5 (parked twice)", array->entry[i]);
	}
	return true;
}

bool impl_cache_check(struct kmem_cache *common)
{
	struct slab_cache *cache = to_slab_cache(common);
	unsigned long marked = 0, parked = 0;
	const struct array_cache *array;
	struct array_walk walk = {0};
	unsigned int i;
	bool holds = true;

	for (i = 0; i < nr_slab_lists(); i++)
		holds = node_check(cache, &cache->lists[i], &marked) && holds;
	while ((array = array_next(cache, &walk))) {
		holds = array_check(cache, array) && holds;
		parked += array_avail(array);
	}
	if (CONFIG_DEBUG && marked != parked)
		holds = broken(cache, "S5 (marked as parked, but in no array)", cache);
	return holds;
}
