/* SPDX-License-Identifier: MIT */
/*
 * slub_cpu.c - a CPU's slabs: where the next object comes from when its chain is at an end, and how all of it goes back.
 *
 * Interrupts are off here, but while pages are asked for: the fast way of whoever was interrupted finds another tid
 * afterwards and begins anew. slub.c holds the theory.
 *
 * LOCKING	A CPU's own structure: interrupts off. Slabs and lists: slub_slab.c.
 * COST		Some 80 instructions where the CPU changes to another slab that it has or the node has.
 * FLOOR	slab. Called by slub.c and slub_bulk.c.
 * LINUX	mm/slub.c: ___slab_alloc(), get_freelist(), get_partial(), flush_slab(), kmem_cache_shrink().
 */
#include <mm/slab.h>

#include <arch/cpu.h>
#include <lib/check.h>
#include <lib/errno.h>
#include <lib/smp.h>
#include <mm/node.h>
#include <mm/percpu.h>
#include <mm/zone.h>

#include "slub_fast.h"

/* Nobody ever writes to it but the slow way, which finds it empty and leaves it so. */
DEFINE_PER_CPU(struct slub_cpu, slub_no_cpu);

/* ---- Taking, the slow way. Interrupts off, but where pages are asked for. ---- */

static void cpu_set(struct slub_cpu *cpu, struct slab *slab, void *freelist)
{
	if (slab != cpu->slab) {
		cpu->base = slab ? (uintptr_t)slab_start(slab) : 0;
		cpu->nr_objects = slab ? slab_state(slab).objects : 0;
	}
	cpu->slab = slab;
	cpu->freelist = freelist;
	cpu->tid += TID_STEP;
}

/* The CPU has no slab afterwards. */
static void cpu_flush_slab(struct slub_cache *cache, struct slub_cpu *cpu)
{
	struct slab *slab = cpu->slab;
	void *freelist = cpu->freelist;

	cpu_set(cpu, NULL, NULL);
	if (slab)
		slab_deactivate(cache, slab, freelist);
}

/* The next of the slabs that the CPU keeps becomes its own; false when it keeps none. */
static bool cpu_next_slab(struct slub_cpu *cpu)
{
	struct slab *slab = cpu->partial;

	if (!slab)
		return false;
	cpu->partial = slab->next;
	cpu->nr_partial--;
	cpu_set(cpu, slab, NULL);
	return true;
}

/* The first object of the CPU's chain; NULL, and the slab is set aside, when what follows it is no object. */
static void *cpu_pop(struct slub_cache *cache, struct slub_cpu *cpu, void *freelist)
{
	void *next = freepointer_get(cache, freelist);
	struct slab *slab = cpu->slab;

	if (unlikely(next && (next == freelist ||
			      slab_object_index(cache, slab, next) >= slab_state(slab).objects))) {
		cpu_set(cpu, NULL, NULL);
		slab_isolate(cache, slab);
		return NULL;
	}
	cpu_set(cpu, slab, next);
	return freelist;
}

/* An object out of the slabs that this CPU has. */
static void *cpu_take(struct slub_cache *cache, struct slub_cpu *cpu, int nid)
{
	void *freelist, *object;

	do {
		if (!cpu->slab)
			continue;
		if (!slab_suits(cpu->slab, nid)) {
			cpu_flush_slab(cache, cpu);
			continue;
		}
		freelist = cpu->freelist ? cpu->freelist : slab_take_freelist(cache, cpu->slab);
		if (!freelist) {
			cpu_set(cpu, NULL, NULL);
			continue;
		}
		object = cpu_pop(cache, cpu, freelist);
		if (object)
			return object;
	} while (cpu_next_slab(cpu));
	return NULL;
}

/*
 * Where to look first: the nearest node that has such memory, for elsewhere the cache gets no slabs as long as that one
 * has pages. (Linux: numa_mem_id)
 */
static int first_node(const struct slub_cache *cache, gfp_t gfp, int nid)
{
	int near = nid == ANY_NODE ? cpu_to_node(arch_cpu_id()) : nid;
	const struct zone *zone = *NODE_DATA(near)->zonelist_start[gfp_zone(cache->common.gfp)];

	return zone && !(gfp & __GFP_THISNODE) ? zone->nid : near;
}

/* An object out of slabs that the node has. */
static void *cpu_take_from_node(struct slub_cache *cache, struct slub_cpu *cpu, int nid)
{
	struct slab *slab = node_get_slabs(cache, &cache->node[nid], cpu);

	if (!slab)
		return NULL;
	cpu_set(cpu, slab, NULL);
	return cpu_take(cache, cpu, nid);
}

/* An object out of a slab that is new; the CPU's own, if an interrupt brought one meanwhile, goes. */
static void *cpu_take_from_new(struct slub_cache *cache, struct slub_cpu *cpu, struct slab *slab)
{
	cpu_flush_slab(cache, cpu);
	slab->state.frozen = 1;
	slab->state.free = 0;
	cpu_set(cpu, slab, NULL);
	return cpu_take(cache, cpu, ANY_NODE);
}

/* The CPUs hold no slabs: every request takes single objects. */
static bool see_every_request;

void impl_see_every_request(bool every)
{
	WRITE_ONCE(see_every_request, every);
	slab_drain();
}

static bool takes_single(const struct slub_cache *cache)
{
	return cache_is_slow(cache) || READ_ONCE(see_every_request);
}

/* An object out of what this CPU has, if its slabs suit, and then what the node has. */
static void *take_existing(struct slub_cache *cache, int nid, int suits)
{
	struct slub_cpu *cpu;
	unsigned long flags;
	void *object;

	if (takes_single(cache))
		return node_take_single(cache, &cache->node[nid]);
	flags = arch_irq_save();
	cpu = this_cpu_ptr(cache->cpu);
	object = cpu_take(cache, cpu, suits);
	if (!object)
		object = cpu_take_from_node(cache, cpu, nid);
	arch_irq_restore(flags);
	return object;
}

static void *take_from_any_node(struct slub_cache *cache)
{
	void *object = NULL;

	for (int nid = 0; !object && nid < (int)nr_nodes; nid++)
		object = take_existing(cache, nid, ANY_NODE);
	return object;
}

/* An object out of a new slab. */
static void *take_new(struct slub_cache *cache, gfp_t gfp, int nid)
{
	void *object = NULL;
	unsigned long flags;
	struct slab *slab;

	while (!object && (slab = slab_create(cache, gfp, nid))) {
		if (takes_single(cache)) {
			struct slub_node *node = slab_node(cache, slab);

			node_add_slab(cache, slab);
			object = node_take_single(cache, node);
			continue;
		}
		flags = arch_irq_save();
		object = cpu_take_from_new(cache, this_cpu_ptr(cache->cpu), slab);
		arch_irq_restore(flags);
	}
	return object;
}

/*
 * What the node has; a slab of its pages, while they are plenty; what other nodes have; a slab, whatever it takes. Else a node
 * without pages would get a slab of another for each object. What interrupts and shrinkers freed meanwhile is looked at last.
 */
static void *cache_take(struct slub_cache *cache, gfp_t gfp, int nid)
{
	int near = first_node(cache, gfp, nid);
	void *object = take_existing(cache, near, nid);

	if (object)
		return object;
	if (gfp & __GFP_THISNODE)
		return take_new(cache, gfp, nid);
	if (nr_nodes > 1) {
		object = take_new(cache, gfp_while_plenty(gfp) | __GFP_THISNODE, near);
		if (!object)
			object = take_from_any_node(cache);
	}
	if (!object)
		object = take_new(cache, gfp, nid);
	return object ? object : take_from_any_node(cache);
}

void *cache_alloc_slow(struct slub_cache *cache, gfp_t gfp, int nid, size_t size)
{
	void *object;

	if (debug_should_fail(&cache->common, gfp))
		return NULL;
	do {
		object = cache_take(cache, gfp, nid);
		if (!object)
			return NULL;
		freepointer_wipe(cache, object);
	} while (cache_is_debugged(&cache->common) &&
		 !debug_alloc_object(&cache->common, object, min(size, cache->common.object_size)));
	return object;
}

/* ---- Shrinking ---- */

/* Interrupts off. */
static void cpu_drain(struct slub_cache *cache, struct slub_cpu *cpu)
{
	struct slab *partial = cpu->partial;

	cpu_flush_slab(cache, cpu);
	cpu->partial = NULL;
	cpu->nr_partial = 0;
	slabs_unfreeze(cache, partial);
}

/* Other CPUs run nothing but work that smp_run_on_cpus() gives them: without such work what they have may be taken from here. */
void impl_cache_drain(struct kmem_cache *common)
{
	struct slub_cache *cache = to_slub_cache(common);
	unsigned long flags;
	unsigned int cpu;

	if (cache_is_slow(cache))
		return;
	flags = arch_irq_save();
	for (cpu = 0; cpu < nr_possible_cpus(); cpu++)
		if (cpu == arch_cpu_id() || !smp_work_is_under_way())
			cpu_drain(cache, per_cpu_ptr(cache->cpu, cpu));
	arch_irq_restore(flags);
}

int kmem_cache_shrink(struct kmem_cache *common)
{
	struct slub_cache *cache = to_slub_cache(common);
	unsigned long slabs = 0;
	unsigned int nid;

	impl_cache_drain(common);
	for (nid = 0; nid < nr_nodes; nid++) {
		node_shrink(cache, &cache->node[nid]);
		slabs += READ_ONCE(cache->node[nid].nr_slabs);
	}
	return slabs != 0;
}

/* Partial slabs that a CPU keeps are idle memory; empty slabs besides. */
unsigned long impl_cache_reap(struct kmem_cache *common)
{
	struct slub_cache *cache = to_slub_cache(common);
	unsigned long slabs = 0;
	unsigned int nid;

	impl_cache_drain(common);
	for (nid = 0; nid < nr_nodes; nid++)
		slabs += node_shrink(cache, &cache->node[nid]);
	return slabs << cache->order;
}

/* Nothing is parked by number: what a CPU has is a slab. (Linux: slabinfo_write() of SLUB refuses, too) */
int impl_cache_tune(struct kmem_cache *cache, const struct slab_tuning *tuning)
{
	(void)cache;
	(void)tuning;
	return -EINVAL;
}
