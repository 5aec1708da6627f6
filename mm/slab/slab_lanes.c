/* SPDX-License-Identifier: MIT */
/*
 * slab_lanes.c - batches between a CPU's array and its node: the lists of its lane, what CPUs share, other lanes, other nodes.
 *
 * THE IDEA
 *	Two more arrays stand beside a node's lists, so that its lock is taken once a batch:
 *
 *	shared		between the node's CPUs: what one has too much of another takes from here. Only
 *			where there is more than one CPU; each lane has its part.
 *	alien[nid]	a CPU that frees an object of another node's slab keeps it here, until there are
 *			enough for one trip under that node's lock.
 *
 * LANES	Two CPUs that send thousands of objects through one set of lists wait for its lock, and the descriptors that
 *		the one writes lie in the other's cache. So a node with several CPUs has several sets, one for each CPU,
 *		or for a few: SLAB_MAX_LANES. A CPU makes slabs for its own lane and takes from it first. An object goes
 *		home to the lane of its slab, whoever frees it. Where a lane's own end, the order is
 *
 *			1 a new slab, while pages are plenty
 *			2 what other lanes have: between their CPUs; free slabs, which are adopted for good, as many as
 *			  make a batch; single objects of partial slabs
 *			3 a new slab, whatever it takes
 *
 *		1 comes before 2 because what wanders from lane to lane brings the traffic back that lanes avoid. What it costs is
 *		memory that idles in one lane while another grows, within the limits below, and until it is reaped. Others'
 *		counts are looked at without their locks: what has just come is missed.
 *
 *		An adopted slab changes `lists` under the lock of the lane that it leaves, when none of its objects is in use: so
 *		whoever frees an object, and holds the lock of the lane that the slab names, has the right one.
 *
 * LOCKING	One node->lock at a time, interrupts off.
 * COST		A refill or a flush: some 60 instructions, and those of its objects (slab_node.c).
 * FLOOR	slab. Called by slab.c and slab_array.c.
 * LINUX	mm/slab.c of 2.6.24: cache_alloc_refill(), cache_flusharray(), transfer_objects(), cache_free_alien().
 *		Lanes are ours: there a node has one kmem_list3.
 */
#include <mm/slab.h>

#include <lib/check.h>
#include <lib/init.h>
#include <lib/string.h>
#include <mm/node.h>
#include <mm/percpu.h>

#include "slab_fast.h"

/* ---- Who has which lane ---- */

/* The first zone that a CPU's node would take pages from. (Linux: numa_mem_id) */
static unsigned int nearest_memory(unsigned int cpu)
{
	return (unsigned int)(*NODE_DATA(cpu_to_node(cpu))->zonelist_start[ZONE_NORMAL])->nid;
}

unsigned int slab_lane_shift __ro_after_init;

/* A lane for each CPU of the node that has most of them, as far as there are lanes; the n-th CPU of a node has the n-th. */
void impl_init(void)
{
	unsigned int nr_of_node[MAX_NUMNODES] = {0}, most = 1, cpu;

	for (cpu = 0; cpu < nr_possible_cpus(); cpu++) {
		struct slab_cpu *of_cpu = per_cpu_ptr(&slab_cpu, cpu);

		of_cpu->nid = nearest_memory(cpu);
		of_cpu->lists = nr_of_node[of_cpu->nid]++ % SLAB_MAX_LANES;
		most = max(most, nr_of_node[of_cpu->nid]);
	}
	while (nr_slab_lanes() < min(most, (unsigned int)SLAB_MAX_LANES))
		slab_lane_shift++;
	for (cpu = 0; cpu < nr_possible_cpus(); cpu++) {
		struct slab_cpu *of_cpu = per_cpu_ptr(&slab_cpu, cpu);

		of_cpu->lists += of_cpu->nid << slab_lane_shift;
	}
}

/* ---- Onto an array ---- */

/* Objects that CPUs share, up to a batch of the newest. */
static void array_fill_from_shared(struct array_cache *array, struct array_cache *shared)
{
	unsigned long nr = min(array_avail(shared), array->batchcount);

	ASSERT(array_avail(array) == 0);
	shared->top -= nr;
	copy_pointers(&array->entry[1], &shared->top[1], nr);
	array->top = array->entry + nr;
	shared->touched = true;
}

static void lane_share(struct kmem_list3 *node, struct array_cache *array)
{
	if (READ_ONCE(node->shared_avail) == 0)
		return;
	spin_lock(&node->lock);
	if (node->shared && array_avail(node->shared))
		array_fill_from_shared(array, node->shared);
	count_shared(node);
	spin_unlock(&node->lock);
}

/* Free slabs of another lane become this one's, as many as make a batch. */
static void lane_adopt(struct slab_cache *cache, struct kmem_list3 *node, struct kmem_list3 *from,
		       unsigned int wanted)
{
	struct slab *slab, *following;
	unsigned long adopted = 0;
	LIST_HEAD(slabs);

	if (READ_ONCE(from->free_objects) == 0)
		return;
	spin_lock(&from->lock);
	while (adopted < wanted && !list_empty(&from->slabs_free)) {
		slab = list_first_entry(&from->slabs_free, struct slab, list);
		list_move_tail(&slab->list, &slabs);
		WRITE_ONCE(slab->lists, (uint8_t)(node - cache->lists));
		adopted += slab_objects(slab);
	}
	set_free_objects(from, from->free_objects - adopted);
	spin_unlock(&from->lock);
	spin_lock(&node->lock);
	list_for_each_entry_safe (slab, following, &slabs, list)
		node_add_free_slab(cache, node, slab);
	spin_unlock(&node->lock);
}

static void lane_fill(struct slab_cache *cache, struct kmem_list3 *node, struct array_cache *array)
{
	if (READ_ONCE(node->free_objects) == 0)
		return;
	spin_lock(&node->lock);
	node_fill_array(cache, node, array);
	spin_unlock(&node->lock);
}

void array_refill(struct slab_cache *cache, struct array_cache *array)
{
	struct kmem_list3 *own = local_lists(cache);

	lane_share(own, array);
	if (!array_avail(array))
		lane_fill(cache, own, array);
}

void array_refill_from_others(struct slab_cache *cache, struct array_cache *array)
{
	struct kmem_list3 *own = local_lists(cache), *other;
	unsigned int n;

	for (n = 1; n < nr_slab_lanes() && !array_avail(array); n++) {
		other = lists_of_node(cache, local_node(), n);
		lane_share(other, array);
		if (!array_avail(array)) {
			lane_adopt(cache, own, other, array->batchcount);
			lane_fill(cache, own, array);
		}
		if (!array_avail(array))
			lane_fill(cache, other, array);
	}
}

/* ---- From an array ---- */

/* How many of `objects` the shared array takes. (Linux: transfer_objects) */
static unsigned int shared_take(struct kmem_list3 *node, void *const *objects, unsigned int nr)
{
	struct array_cache *shared;
	unsigned int taken = 0;

	if (!READ_ONCE(node->shared))
		return 0;
	spin_lock(&node->lock);
	shared = node->shared;
	if (shared) {
		taken = (unsigned int)min(nr, (unsigned long)(shared->full - shared->top));
		copy_pointers(&shared->top[1], objects, taken);
		shared->top += taken;
		count_shared(node);
	}
	spin_unlock(&node->lock);
	return taken;
}

void array_give_oldest(struct slab_cache *cache, struct array_cache *array, unsigned int nr,
		       struct list_head *doomed)
{
	void **oldest = &array->entry[1];
	unsigned long kept = array_avail(array) - nr;
	unsigned int shared;

	ASSERT(nr <= array_avail(array));
	shared = shared_take(local_lists(cache), oldest, nr);
	free_block(cache, oldest + shared, nr - shared, doomed);
	copy_pointers(oldest, oldest + nr, kept);
	array->top = array->entry + kept;
}

bool alien_park(struct slab_cache *cache, struct slab *slab, void *object, struct list_head *doomed)
{
	struct kmem_list3 *node = local_lists(cache);
	struct array_cache *alien = node->alien ? node->alien[slab_nid(slab)] : NULL;
	void *homeward[ALIEN_LIMIT];
	unsigned int nr = 0;

	if (!alien || slab_nid(slab) == local_node())
		return false;
	spin_lock(&node->lock);
	if (alien->top == alien->full) {
		nr = (unsigned int)min(array_avail(alien), ALIEN_LIMIT);
		alien->top -= nr;
		memcpy(homeward, &alien->top[1], nr * sizeof(homeward[0]));
	}
	*++alien->top = object;
	spin_unlock(&node->lock);
	free_block(cache, homeward, nr, doomed);
	return true;
}
