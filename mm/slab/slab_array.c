/* SPDX-License-Identifier: MIT */
/*
 * slab_array.c - the arrays of free objects as a whole: made, sized, emptied, and aged.
 *
 * THE IDEA
 *	An array makes the fast way fast and holds memory that nobody uses. How much is what its
 *	limit says, which /proc/slabinfo shows and takes:
 *
 *		echo "kmalloc-64 120 60 8" > /proc/slabinfo		limit, batchcount, shared
 *
 *	shared times batchcount objects are what the CPUs of one node keep between them.
 *
 *	cache_reap() lets what is idle go home step by step: of each array that has not been used since
 *	the last time a fifth, of each node's free slabs a fifth of what its limit allows. The
 *	prompt calls it every two seconds while it waits (kernel/shell/reap.c): a cache that has fallen silent is
 *	given back within some ten.
 *
 * OTHER CPUS	an array is its CPU's. Another one may touch it only while that CPU rests, which it does
 *	unless smp_run_on_cpus() has given it work (lib/smp.h). During such work everybody drains his own, and a
 *	cache that others have used is made empty when they are done.
 *
 * LOCKING	May sleep: tune. Any context: drain. Task context: shrink, reap.
 * COST		O(what is given back).
 * FLOOR	slab.
 * LINUX	mm/slab.c of 2.6.24: do_tune_cpucache(), do_drain(), drain_array(), cache_reap(),
 *		enable_cpucache(), alloc_arraycache(), alloc_alien_cache().
 */
#include <mm/slab.h>

#include <lib/check.h>
#include <lib/errno.h>
#include <lib/smp.h>
#include <lib/overflow.h>
#include <lib/string.h>
#include <mm/node.h>
#include <mm/percpu.h>
#include <mm/zone.h>

#include "slab_types.h"

/* What a CPU has before there are arrays. Nobody ever writes to it: it has no room, and what lies on top of it is NULL. */
static void *no_entries[1];
static DEFINE_PER_CPU(struct cpu_cache, no_cpu_cache) = {
	.array = {.top = no_entries, .full = no_entries, .entry = no_entries}};

/* Room for `limit` objects, none of it used. */
static void array_init(struct array_cache *array, void **entries, unsigned int limit,
		       unsigned int batchcount)
{
	*array = (struct array_cache){.top = entries,
				      .full = entries + limit,
				      .entry = entries,
				      .batchcount = batchcount};
	entries[0] = NULL;
}

/* A node's: the entries stand behind it. */
static struct array_cache *array_create(unsigned int limit, unsigned int batchcount)
{
	struct array_cache *array = kmalloc(
		size_add(sizeof(*array), array_size(limit + 1, sizeof(void *))), GFP_KERNEL);

	if (array)
		array_init(array, (void **)(array + 1), limit, batchcount);
	return array;
}

/* ---- What is parked with a node ---- */

static void aliens_free(struct array_cache **alien)
{
	unsigned int nid;

	for (nid = 0; alien && nid < nr_nodes; nid++)
		kfree(alien[nid]);
	kfree(alien);
}

/* A place for each other node's objects; NULL without memory. */
static struct array_cache **aliens_create(unsigned int own_nid)
{
	struct array_cache **alien = kcalloc(nr_nodes, sizeof(alien[0]), GFP_KERNEL);
	unsigned int nid;

	for (nid = 0; alien && nid < nr_nodes; nid++) {
		if (nid == own_nid)
			continue;
		alien[nid] = array_create(ALIEN_LIMIT, ALIEN_LIMIT);
		if (!alien[nid]) {
			aliens_free(alien);
			return NULL;
		}
	}
	return alien;
}

/* The `nr` objects of a node's array that came first go home. */
static void node_array_drain(struct slab_cache *cache, struct kmem_list3 *node,
			     struct array_cache *array, unsigned int nr)
{
	void *objects[16];
	unsigned long flags;
	unsigned int batch;
	LIST_HEAD(doomed);

	do {
		flags = spin_lock_save(&node->lock);
		batch = (unsigned int)min(min(nr, array_avail(array)), ARRAY_SIZE(objects));
		memcpy(objects, &array->entry[1], batch * sizeof(objects[0]));
		array->top -= batch;
		memmove(&array->entry[1], &array->entry[1 + batch],
			array_avail(array) * sizeof(array->entry[0]));
		count_shared(node);
		spin_unlock(&node->lock);
		free_block(cache, objects, batch, &doomed);
		arch_irq_restore(flags);
		nr -= batch;
	} while (batch);
	slab_destroy_all(&doomed);
}

static void node_drain_parked(struct slab_cache *cache, struct kmem_list3 *node)
{
	unsigned int nid;

	if (node->shared)
		node_array_drain(cache, node, node->shared, ~0U);
	for (nid = 0; node->alien && nid < nr_nodes; nid++)
		if (node->alien[nid])
			node_array_drain(cache, node, node->alien[nid], ALIEN_LIMIT);
}

/* ---- What is parked with a CPU ---- */

/* All of an array goes into the slabs. Interrupts off; its CPU is this one, or does not run. */
static void array_drain(struct slab_cache *cache, struct array_cache *array,
			struct list_head *doomed)
{
	free_block(cache, &array->entry[1], (unsigned int)array_avail(array), doomed);
	array->top = array->entry;
}

/* Another CPU's, while it rests. */
static bool may_touch_array_of(unsigned int cpu)
{
	return cpu != arch_cpu_id() && !smp_work_is_under_way();
}

void impl_cache_drain(struct kmem_cache *common)
{
	struct slab_cache *cache = to_slab_cache(common);
	unsigned long flags = arch_irq_save();
	unsigned int cpu;
	LIST_HEAD(doomed);

	if (array_is_whole())
		array_drain(cache, cpu_cache_get(cache), &doomed);
	for (cpu = 0; cpu < nr_possible_cpus(); cpu++)
		if (may_touch_array_of(cpu))
			array_drain(cache, &per_cpu_ptr(cache->cpu_cache, cpu)->array, &doomed);
	arch_irq_restore(flags);
	slab_destroy_all(&doomed);
}

int kmem_cache_shrink(struct kmem_cache *common)
{
	struct slab_cache *cache = to_slab_cache(common);
	bool slabs_are_left = false;
	unsigned long flags;
	unsigned int i;

	impl_cache_drain(common);
	for (i = 0; i < nr_slab_lists(); i++)
		node_drain_parked(cache, &cache->lists[i]);
	for (i = 0; i < nr_slab_lists(); i++) {
		struct kmem_list3 *node = &cache->lists[i];

		node_shrink(node, ~0UL);
		flags = spin_lock_save(&node->lock);
		if (!list_empty(&node->slabs_full) || !list_empty(&node->slabs_partial))
			slabs_are_left = true;
		spin_unlock_irqrestore(&node->lock, flags);
	}
	return slabs_are_left;
}

/* A batch for each CPU of the lane and one more, and a slab. (Linux: the same, without lanes) */
static unsigned long free_limit_base(const struct slab_cache *cache)
{
	unsigned long cpus = DIV_ROUND_UP(nr_possible_cpus(), nr_slab_lanes());

	return (1UL + cpus) * cache->batchcount + cache->objects;
}

/* ---- Reaping ---- */

/* A fifth of an array that nobody has used since the last time. */
static void array_reap(struct slab_cache *cache, struct array_cache *array)
{
	unsigned long flags = arch_irq_save();
	LIST_HEAD(doomed);

	if (array_is_whole() && array_avail(array)) {
		if (!array->touched)
			array_give_oldest(
				cache, array,
				(unsigned int)min(array_avail(array), (array_limit(array) + 4) / 5),
				&doomed);
		array->touched = false;
	}
	arch_irq_restore(flags);
	slab_destroy_all(&doomed);
}

static void node_reap(struct slab_cache *cache, struct kmem_list3 *node)
{
	struct array_cache *shared = node->shared;
	unsigned long slabs = (node->free_limit + 5 * cache->objects - 1) / (5 * cache->objects);
	unsigned long raised, flags;
	unsigned int nid;

	for (nid = 0; node->alien && nid < nr_nodes; nid++)
		if (node->alien[nid])
			node_array_drain(cache, node, node->alien[nid], ALIEN_LIMIT);
	if (shared) {
		if (!shared->touched)
			node_array_drain(cache, node, shared,
					 (unsigned int)(array_limit(shared) + 4) / 5);
		shared->touched = false;
	}
	if (!node->free_touched)
		node_shrink(node, slabs);
	flags = spin_lock_save(&node->lock);
	raised = node->free_limit - free_limit_base(cache);
	node->free_limit -= DIV_ROUND_UP(raised, 5);
	node->given_back = 0;
	node->free_touched = false;
	spin_unlock_irqrestore(&node->lock, flags);
}

unsigned long impl_cache_reap(struct kmem_cache *common)
{
	struct slab_cache *cache = to_slab_cache(common);
	struct slab_info before, after;
	unsigned int i;

	slab_get_info(common, &before);
	array_reap(cache, cpu_cache_get(cache));
	for (i = 0; i < nr_slab_lists(); i++)
		node_reap(cache, &cache->lists[i]);
	slab_get_info(common, &after);
	return before.slabs > after.slabs ? (before.slabs - after.slabs) << cache->order : 0;
}

/* ---- Making and changing them ---- */

static void node_set_free_limit(const struct slab_cache *cache, struct kmem_list3 *node)
{
	node->free_limit = free_limit_base(cache);
}

/* A whole set of arrays, before anybody uses it: of a CPU's its entries. */
struct array_set {
	void **cpu[NR_CPUS];
	struct array_cache *shared[SLAB_MAX_LISTS];
};

static void array_set_free(struct array_set *set)
{
	unsigned int i;

	if (!set)
		return;

	for (i = 0; i < nr_possible_cpus(); i++)
		kfree(set->cpu[i]);
	for (i = 0; i < nr_slab_lists(); i++)
		kfree(set->shared[i]);
	kfree(set);
}

static struct array_set *array_set_create(const struct slab_tuning *tuning)
{
	struct array_set *set = kzalloc(sizeof(*set), GFP_KERNEL);
	unsigned int i, room = tuning->shared * tuning->batchcount;

	if (!set)
		return NULL;
	for (i = 0; i < nr_possible_cpus(); i++) {
		set->cpu[i] = kmalloc_array(tuning->limit + 1, sizeof(set->cpu[i][0]), GFP_KERNEL);
		if (!set->cpu[i])
			goto out;
	}
	for (i = 0; room && i < nr_slab_lists(); i++) {
		set->shared[i] = array_create(room, tuning->batchcount);
		if (!set->shared[i])
			goto out;
	}
	return set;
out:
	array_set_free(set);
	return NULL;
}

static void **entries_of(const struct array_cache *array)
{
	return array->entry == no_entries ? NULL : array->entry;
}

/* The new ones are used from now on; `set` has the old ones then, empty. */
static void array_set_swap(struct slab_cache *cache, struct array_set *set)
{
	unsigned long flags;
	unsigned int i;

	flags = arch_irq_save();
	impl_cache_drain(&cache->common);
	for (i = 0; i < nr_possible_cpus(); i++) {
		struct array_cache *array = &per_cpu_ptr(cache->cpu_cache, i)->array;
		void **old = entries_of(array);

		CHECK(array_avail(array) == 0);
		array_init(array, set->cpu[i], cache->limit, cache->batchcount);
		set->cpu[i] = old;
	}
	arch_irq_restore(flags);
	for (i = 0; i < nr_slab_lists(); i++) {
		struct kmem_list3 *node = &cache->lists[i];
		struct array_cache *old;

		node_drain_parked(cache, node);
		flags = spin_lock_save(&node->lock);
		old = node->shared;
		WRITE_ONCE(node->shared, set->shared[i]);
		node_set_free_limit(cache, node);
		spin_unlock_irqrestore(&node->lock, flags);
		set->shared[i] = old;
		CHECK(!old || array_avail(old) == 0);
	}
}

int impl_cache_tune(struct kmem_cache *common, const struct slab_tuning *tuning)
{
	struct slab_cache *cache = to_slab_cache(common);
	struct array_set *set;

	if (common->flags & (SLAB_NO_ARRAY | SLAB_DEBUG_FLAGS))
		return -EINVAL;
	set = array_set_create(tuning);
	if (!set)
		return -ENOMEM;
	cache->limit = tuning->limit;
	cache->batchcount = tuning->batchcount;
	cache->shared = tuning->shared;
	array_set_swap(cache, set);
	array_set_free(set);
	return 0;
}

void slab_arrays_init(struct slab_cache *cache)
{
	unsigned int i;

	cache->free_most =
		max(free_limit_base(cache),
		    (totalram_pages() / 32 >> (cache->order + slab_lane_shift)) * cache->objects);
	for (i = 0; i < nr_slab_lists(); i++)
		node_set_free_limit(cache, &cache->lists[i]);
	cache->cpu_cache = &no_cpu_cache;
}

static void nodes_release(struct slab_cache *cache)
{
	unsigned int i;

	for (i = 0; i < nr_slab_lists(); i++) {
		kfree(cache->lists[i].shared);
		cache->lists[i].shared = NULL;
		aliens_free(cache->lists[i].alien);
		cache->lists[i].alien = NULL;
	}
}

void impl_cache_release(struct kmem_cache *common)
{
	struct slab_cache *cache = to_slab_cache(common);
	unsigned int cpu;

	for (cpu = 0; cpu < nr_possible_cpus(); cpu++) {
		struct array_cache *array = &per_cpu_ptr(cache->cpu_cache, cpu)->array;

		CHECK(array_avail(array) == 0);
		kfree(entries_of(array));
	}
	if (cache->cpu_cache != &no_cpu_cache)
		free_percpu(cache->cpu_cache);
	cache->cpu_cache = &no_cpu_cache;
	nodes_release(cache);
}

/* Arrays of the cache's own, without room as yet. */
static bool cpu_caches_create(struct slab_cache *cache)
{
	struct cpu_cache *made = alloc_percpu(struct cpu_cache);
	unsigned int cpu;

	if (!made)
		return false;
	for (cpu = 0; cpu < nr_possible_cpus(); cpu++)
		*per_cpu_ptr(made, cpu) = (struct cpu_cache){
			.array = {.top = no_entries, .full = no_entries, .entry = no_entries},
			.reciprocal = cache->reciprocal,
			.objects = cache->objects};
	cache->cpu_cache = made;
	slab_pages_lead_to_arrays(cache);
	return true;
}

int impl_cache_start(struct kmem_cache *common)
{
	struct slab_cache *cache = to_slab_cache(common);
	const struct slab_tuning tuning = {cache->limit, cache->batchcount, cache->shared};
	struct array_set *set;
	unsigned int i;

	if (cache->limit == 0)
		return 0;
	set = array_set_create(&tuning);
	if (!set || !cpu_caches_create(cache)) {
		array_set_free(set);
		return -ENOMEM;
	}
	array_set_swap(cache, set);
	array_set_free(set);
	for (i = 0; nr_nodes > 1 && i < nr_slab_lists(); i++) {
		cache->lists[i].alien = aliens_create(i >> slab_lane_shift);
		if (!cache->lists[i].alien) {
			impl_cache_release(common);
			return -ENOMEM;
		}
	}
	return 0;
}
