/* SPDX-License-Identifier: MIT */
/*
 * slub_report.c - SLUB looked at: figures, one address, a drawing, and the proof of U1 to U6.
 *
 * THE IDEA
 *	Nothing here changes anything. slub.c states the invariants that are proved here.
 *
 *	Where are all slabs of a cache? Those of the CPUs and the partial ones are in lists. Full ones are in
 *	none, in release builds: there every struct page is asked whether it is a slab of this cache.
 *
 * PICTURE	`slab NAME`: a line a slab; # allocated, o free and a CPU's, . free in the slab
 *
 *	cpu 0   0xffff880001a40000  6/8 ##o##o#.
 *
 * LOCKING
 *	Lists are walked under node->lock, other CPUs' slabs are only glanced at: exact while nobody allocates or
 *	frees. Text is written with no lock held.
 * FLOOR	slab.
 * LINUX	mm/slub.c: get_slabinfo(), validate_slab(), on_freelist().
 */
#include <mm/slab.h>

#include <lib/check.h>
#include <lib/printk.h>
#include <lib/seq_file.h>
#include <mm/percpu.h>
#include <mm/zone.h>

#include "slub_types.h"

enum slab_place { PLACE_CPU, PLACE_CPU_PARTIAL, PLACE_PARTIAL, PLACE_FULL, NR_PLACES };

/* Visits slabs; false ends the walk. */
typedef bool (*slab_visitor)(struct slub_cache *cache, struct slab *slab, enum slab_place place,
			     void *context);

/* ---- Walking ---- */

static bool visit_cpu(struct slub_cache *cache, unsigned int cpu, slab_visitor visit, void *context)
{
	const struct slub_cpu *of_cpu = per_cpu_ptr(cache->cpu, cpu);
	struct slab *slab = READ_ONCE(of_cpu->slab);

	if (slab && !visit(cache, slab, PLACE_CPU, context))
		return false;
	for (slab = READ_ONCE(of_cpu->partial); slab; slab = slab->next)
		if (!visit(cache, slab, PLACE_CPU_PARTIAL, context))
			return false;
	return true;
}

static bool visit_list(struct slub_cache *cache, struct list_head *list, enum slab_place place,
		       slab_visitor visit, void *context)
{
	struct slab *slab;

	list_for_each_entry (slab, list, list)
		if (!visit(cache, slab, place, context))
			return false;
	return true;
}

static bool visit_node(struct slub_cache *cache, struct slub_node *node, slab_visitor visit,
		       void *context)
{
	unsigned long flags = spin_lock_save(&node->lock);
	bool going = visit_list(cache, &node->partial, PLACE_PARTIAL, visit, context) &&
		     visit_list(cache, &node->full, PLACE_FULL, visit, context);

	spin_unlock_irqrestore(&node->lock, flags);
	return going;
}

/* Release builds: what is a slab of the cache, in no list and no CPU's. */
static bool visit_untracked(struct slub_cache *cache, slab_visitor visit, void *context)
{
	struct zone *zone;

	for_each_populated_zone (zone) {
		unsigned long pfn, end = zone->start_pfn + zone->spanned_pages;

		for (pfn = zone->start_pfn; pfn < end; pfn++) {
			struct slab *slab = (struct slab *)pfn_to_page(pfn);
			union slab_state state;

			if (!pfn_valid(pfn) || !(slab->flags & PG_SLAB))
				continue;
			state = slab_state(slab);
			if (state.id == cache->id && !state.frozen && state.free == FREE_NONE &&
			    !visit(cache, slab, PLACE_FULL, context))
				return false;
		}
	}
	return true;
}

static void visit_slabs(struct slub_cache *cache, slab_visitor visit, void *context)
{
	unsigned int i;

	for (i = 0; i < nr_possible_cpus(); i++)
		if (!visit_cpu(cache, i, visit, context))
			return;
	for (i = 0; i < nr_nodes; i++)
		if (!visit_node(cache, &cache->node[i], visit, context))
			return;
	if (!CONFIG_DEBUG)
		visit_untracked(cache, visit, context);
}

/* ---- Figures ---- */

struct free_sum {
	unsigned long objects, empty_slabs;
};

static bool add_free(struct slub_cache *cache, struct slab *slab, enum slab_place place,
		     void *context)
{
	union slab_state state = slab_state(slab);
	struct free_sum *sum = context;

	(void)cache;
	(void)place;
	sum->objects += (unsigned long)state.objects - state.inuse;
	sum->empty_slabs += state.inuse == 0;
	return true;
}

void slab_get_info(struct kmem_cache *common, struct slab_info *info)
{
	struct slub_cache *cache = to_slub_cache(common);
	struct free_sum sum = {0};
	unsigned int i;

	*info = (struct slab_info){.name = common->name,
				   .size = common->size,
				   .object_size = common->object_size,
				   .objects_per_slab = cache->objects,
				   .order = cache->order};
	for (i = 0; i < nr_possible_cpus(); i++)
		visit_cpu(cache, i, add_free, &sum);
	for (i = 0; i < nr_nodes; i++) {
		struct slub_node *node = &cache->node[i];

		visit_node(cache, node, add_free, &sum);
		info->slabs += READ_ONCE(node->nr_slabs);
		info->objects += READ_ONCE(node->nr_objects);
	}
	info->active_objects = info->objects - min(sum.objects, info->objects);
	info->active_slabs = info->slabs - min(sum.empty_slabs, info->slabs);
}

/* ---- One address ---- */

bool slab_describe(const void *address, struct slab_object *found)
{
	struct slab *slab = object_slab(address);
	struct slub_cache *cache;
	union slab_state state;
	size_t offset;

	if (!slab)
		return false;
	state = slab_state(slab);
	cache = slub_cache_of(state);
	*found = (struct slab_object){.cache = &cache->common,
				      .cache_name = cache->common.name,
				      .slab = (uintptr_t)slab_start(slab),
				      .objects = state.objects};
	offset = (size_t)((const char *)address - (const char *)slab_object_at(cache, slab, 0));
	if (offset >= state.objects * cache->common.size)
		return true;
	found->index = (unsigned int)(offset / cache->common.size);
	found->object = (uintptr_t)slab_object_at(cache, slab, found->index);
	found->offset = (uintptr_t)address - found->object;
	found->in_object = found->offset < cache->common.object_size;
	found->allocated = !object_is_free(cache, slab, (void *)found->object);
	return true;
}

struct object_walk {
	slab_visit_t visit;
	void *context;
	unsigned long sum;
};

static bool visit_objects(struct slub_cache *cache, struct slab *slab, enum slab_place place,
			  void *context)
{
	struct object_walk *walk = context;
	unsigned int i;

	(void)place;
	for (i = 0; i < slab_state(slab).objects; i++) {
		void *object = slab_object_at(cache, slab, i);

		walk->sum += walk->visit(&cache->common, object,
					 !object_is_free(cache, slab, object), walk->context);
	}
	return true;
}

unsigned long impl_visit_objects(struct kmem_cache *common, slab_visit_t visit, void *context)
{
	struct object_walk walk = {visit, context, 0};

	visit_slabs(to_slub_cache(common), visit_objects, &walk);
	return walk.sum;
}

struct live_list {
	const void **objects;
	unsigned long max, live;
};

static unsigned long list_if_live(struct kmem_cache *cache, void *object, bool allocated,
				  void *context)
{
	struct live_list *list = context;

	(void)cache;
	if (allocated && list->live < list->max)
		list->objects[list->live] = object;
	list->live += allocated;
	return allocated;
}

unsigned long impl_live_objects(struct kmem_cache *common, const void **objects, unsigned int max)
{
	struct live_list list = {objects, max, 0};

	return impl_visit_objects(common, list_if_live, &list);
}

/* ---- The drawing ---- */

#define MAP_WIDTH 64

/* The n-th slab of a walk, copied out of it. */
struct slab_picture {
	unsigned long wanted;
	bool found;
	enum slab_place place;
	const void *start;
	unsigned int inuse, objects;
	char map[SLUB_MAX_OBJECTS / 8];
};

static bool on_own_chain(struct slub_cache *cache, struct slab *slab, const void *object)
{
	union slab_state state = slab_state(slab);
	void *at = state.free == FREE_NONE ? NULL : slab_object_at(cache, slab, state.free);
	unsigned int left = state.objects;

	while (at && at != object && left--)
		at = freepointer_get(cache, at);
	return at == object;
}

static bool copy_picture(struct slub_cache *cache, struct slab *slab, enum slab_place place,
			 void *context)
{
	struct slab_picture *picture = context;
	unsigned int i;

	if (picture->wanted-- != 0)
		return true;
	picture->found = true;
	picture->place = place;
	picture->start = slab_start(slab);
	picture->inuse = slab_state(slab).inuse;
	picture->objects = slab_state(slab).objects;
	for (i = 0; i < min(picture->objects, (unsigned int)sizeof(picture->map)); i++) {
		void *object = slab_object_at(cache, slab, i);
		bool is_free = object_is_free(cache, slab, object);

		picture->map[i] = !is_free ? '#' : on_own_chain(cache, slab, object) ? '.' : 'o';
	}
	return false;
}

static void picture_print(const struct slab_picture *picture, struct seq_file *file)
{
	static const char *const names[NR_PLACES] = {"cpu", "cpu+", "partial", "full"};
	unsigned int i;

	seq_printf(file, "%-7s %px %3u/%u ", names[picture->place], picture->start, picture->inuse,
		   picture->objects);
	for (i = 0; i < min(picture->objects, (unsigned int)sizeof(picture->map)); i++) {
		if (i && i % MAP_WIDTH == 0)
			seq_puts(file, "\n        ");
		seq_putc(file, picture->map[i]);
	}
	seq_putc(file, '\n');
}

/* How many objects a CPU has ready on its own chain; a glance, cut at what a slab holds. */
static unsigned int chain_length(struct slub_cache *cache, struct slab *slab, const void *object)
{
	unsigned int objects = slab ? slab_state(slab).objects : 0, length = 0;

	while (object && length < objects && slab_object_index(cache, slab, object) < objects) {
		object = freepointer_get(cache, object);
		length++;
	}
	return length;
}

static void holders_print(struct slub_cache *cache, struct seq_file *file)
{
	unsigned int cpu, nid;

	for (cpu = 0; cache->cpu && cpu < nr_possible_cpus(); cpu++) {
		const struct slub_cpu *its = per_cpu_ptr(cache->cpu, cpu);
		struct slab *slab = READ_ONCE(its->slab);
		void *next = READ_ONCE(its->freelist);

		if (slab)
			seq_printf(file,
				   "cpu    %-2u slab %px, %3u ready, next %px; %u slabs besides\n",
				   cpu, slab_start(slab), chain_length(cache, slab, next), next,
				   its->nr_partial);
		else
			seq_printf(file, "cpu    %-2u no slab; %u slabs besides\n", cpu,
				   its->nr_partial);
	}
	for (nid = 0; nid < nr_nodes; nid++)
		seq_printf(file,
			   "node   %-2u %lu slabs, %lu of them partial; it keeps %lu empty ones\n",
			   nid, READ_ONCE(cache->node[nid].nr_slabs),
			   READ_ONCE(cache->node[nid].nr_partial),
			   (unsigned long)cache->min_partial);
}

void slab_draw(struct kmem_cache *common, struct seq_file *file)
{
	struct slub_cache *cache = to_slub_cache(common);
	struct slab_picture picture;
	unsigned long n = 0;

	seq_printf(file,
		   "%s: objects of %zu bytes (%zu apart), %u a slab of order %u, free pointer at "
		   "%zu\n",
		   common->name, common->object_size, common->size, cache->objects, cache->order,
		   cache->offset);
	do {
		picture = (struct slab_picture){.wanted = n++};
		visit_slabs(cache, copy_picture, &picture);
		if (picture.found)
			picture_print(&picture, file);
	} while (picture.found);
	holders_print(cache, file);
	seq_puts(file, "# allocated, o free and a CPU's, . free in the slab; cpu+: partial slabs "
		       "that a CPU keeps\n");
}

/* ---- The proof ---- */

struct check {
	bool holds;
	unsigned long slabs[MAX_NUMNODES], objects[MAX_NUMNODES], partial[MAX_NUMNODES];
};

static void broken(struct check *check, const struct slub_cache *cache, const char *rule,
		   const void *where)
{
	pr_err("slub: %s does not hold in cache %s at %px\n", rule, cache->common.name, where);
	check->holds = false;
}

/* U1 */
static void check_chain(struct check *check, struct slub_cache *cache, struct slab *slab)
{
	union slab_state state = slab_state(slab);
	void *first = NULL;

	if (state.inuse > state.objects) {
		broken(check, cache, "U1 (more in use than there are)", slab_start(slab));
		return;
	}
	if (state.free != FREE_NONE && state.free >= state.objects) {
		broken(check, cache, "U1 (the chain starts outside)", slab_start(slab));
		return;
	}
	if (state.free != FREE_NONE)
		first = slab_object_at(cache, slab, state.free);
	if (!freelist_is_sound(cache, slab, first, (unsigned int)state.objects - state.inuse))
		broken(check, cache, "U1 (the chain is not what is free)", slab_start(slab));
}

/* U2, U3, U4, U6 */
static bool check_slab(struct slub_cache *cache, struct slab *slab, enum slab_place place,
		       void *context)
{
	struct check *check = context;
	union slab_state state = slab_state(slab);
	bool of_cpu = place == PLACE_CPU || place == PLACE_CPU_PARTIAL;
	int nid = page_to_nid(slab_page(slab));

	if (!(slab->flags & PG_SLAB) || state.id != cache->id || slub_cache_of(state) != cache) {
		broken(check, cache, "U4 (the page does not know its cache)", slab);
		return true;
	}
	if (state.frozen != of_cpu)
		broken(check, cache, of_cpu ? "U3 (not frozen)" : "U2 (frozen in a list)",
		       slab_start(slab));
	if (place == PLACE_PARTIAL && state.free == FREE_NONE)
		broken(check, cache, "U2 (full in the partial list)", slab_start(slab));
	if (place == PLACE_FULL && state.free != FREE_NONE)
		broken(check, cache, "U6 (free objects in the full list)", slab_start(slab));
	check_chain(check, cache, slab);
	check->slabs[nid]++;
	check->objects[nid] += state.objects;
	check->partial[nid] += place == PLACE_PARTIAL;
	return true;
}

/* U3: the chain that the CPU has. */
static void check_cpu(struct check *check, struct slub_cache *cache, const struct slub_cpu *cpu)
{
	const void *object = cpu->freelist;
	unsigned int left, slabs = 0;
	const struct slab *slab;

	if (object && !cpu->slab) {
		broken(check, cache, "U3 (free objects without a slab)", object);
		return;
	}
	left = cpu->slab ? slab_state(cpu->slab).inuse : 0;
	for (; object; object = freepointer_get(cache, object)) {
		if (!left-- ||
		    slab_object_index(cache, cpu->slab, object) >= slab_state(cpu->slab).objects) {
			broken(check, cache, "U3 (the CPU's chain leads elsewhere)", cpu->slab);
			return;
		}
		if (CONFIG_PARANOID && on_own_chain(cache, cpu->slab, object))
			broken(check, cache, "U3 (on both chains)", object);
	}
	for (slab = cpu->partial; slab; slab = slab->next)
		slabs++;
	if (slabs != cpu->nr_partial)
		broken(check, cache, "U3 (nr_partial)", cpu);
}

bool impl_cache_check(struct kmem_cache *common)
{
	struct slub_cache *cache = to_slub_cache(common);
	struct check check = {.holds = true};
	unsigned int i;

	for (i = 0; i < nr_possible_cpus(); i++) {
		check_cpu(&check, cache, per_cpu_ptr(cache->cpu, i));
		visit_cpu(cache, i, check_slab, &check);
	}
	for (i = 0; i < nr_nodes; i++) {
		struct slub_node *node = &cache->node[i];

		visit_node(cache, node, check_slab, &check);
		if (node->nr_partial != check.partial[i])
			broken(&check, cache, "U2 (nr_partial)", node);
	}
	for (i = 0; CONFIG_DEBUG && i < nr_nodes; i++)
		if (cache->node[i].nr_slabs != check.slabs[i] ||
		    cache->node[i].nr_objects != check.objects[i])
			broken(&check, cache, "U5 (the sums)", &cache->node[i]);
	return check.holds;
}
