/* SPDX-License-Identifier: MIT */
/*
 * slub_bulk.c - many objects at once: interrupts are off for a stretch of the CPU's chain, instead of an exchange for each.
 *
 * What the fast way of slub.c tests for each object is tested here too; what is not usual goes the way of single objects.
 * COST		Some 21 instructions an object out, 18 in, and 80 a call: each free pointer is decoded, looked at before it is
 *		followed, and wiped. SLAB, which copies a stretch of its stack, needs half as many.
 * LINUX	mm/slub.c: kmem_cache_alloc_bulk(), kmem_cache_free_bulk().
 */
#include <mm/slab.h>

#include <arch/cpu.h>
#include <lib/poison.h>
#include <mm/percpu.h>

#include "slub_fast.h"

#define BULK_AT_ONCE 32 /* objects, with interrupts off */

/* As many as the CPU's chain has, at most `nr`, without an exchange for each. */
static size_t cpu_take_many(struct slub_cache *cache, size_t nr, void **objects)
{
	unsigned long flags = arch_irq_save();
	struct slub_cpu *cpu = this_cpu_ptr(cache->cpu);
	const uintptr_t random = cache->random;
	const size_t offset = cache->offset;
	void *object = cpu->freelist, *next;
	size_t taken;

	for (taken = 0; taken < nr && object; taken++) {
		next = (void *)freepointer_mix(random, object, (void *)object_word(object, offset));
		if (unlikely(freelist_looks_broken(cache, object, next)) && next)
			break;
		object_set_word(object, offset, 0);
		objects[taken] = object;
		object = next;
	}
	cpu->freelist = object;
	cpu->tid += TID_STEP;
	arch_irq_restore(flags);
	return taken;
}

size_t kmem_cache_alloc_bulk(struct kmem_cache *common, gfp_t gfp, size_t nr, void **objects)
{
	struct slub_cache *cache = to_slub_cache(common);
	bool usual = !(gfp & SLAB_GFP_UNUSUAL) && !cache_is_slow(cache);
	size_t have = 0, more;

	while (have < nr) {
		more = usual ? cpu_take_many(cache, min(nr - have, (size_t)BULK_AT_ONCE),
					     objects + have)
			     : 0;
		for (size_t i = have; i < have + more; i++)
			hand_out(cache, objects[i], WHOLE_OBJECT);
		have += more;
		if (have == nr)
			break;
		objects[have] = kmem_cache_alloc(common, gfp);
		if (!objects[have]) {
			kmem_cache_free_bulk(common, have, objects);
			return 0;
		}
		have++;
	}
	return nr;
}

/* As many of the first `nr` as are objects of the CPU's slab, without an exchange for each. */
static size_t cpu_put_many(struct slub_cpu *cpu_of_all, size_t nr, void **objects)
{
	unsigned long flags = arch_irq_save();
	struct slub_cpu *cpu = this_cpu_ptr(cpu_of_all);
	const uint64_t inverse = cpu->inverse, shift = cpu->shift, nr_objects = cpu->nr_objects;
	const uintptr_t base = cpu->base, random = cpu->random;
	char *freelist = cpu->freelist;
	size_t put, offset = cpu->offset;

	for (put = 0; put < nr; put++) {
		char *object = objects[put];

		if (offset_index((uintptr_t)object - base, inverse, (unsigned int)shift) >=
			    nr_objects ||
		    object == freelist)
			break;
		mem_poison(object, cpu->object_size);
		object_set_word(object, offset, freepointer_mix(random, object, freelist));
		freelist = object;
	}
	cpu->freelist = freelist;
	cpu->tid += TID_STEP;
	arch_irq_restore(flags);
	return put;
}

/* Debug builds look at each by itself. */
void kmem_cache_free_bulk(struct kmem_cache *cache, size_t nr, void **objects)
{
	struct slub_cpu *cpu;
	size_t done = 0;

	while (done < nr) {
		size_t left = min(nr - done, (size_t)BULK_AT_ONCE);

		if (!CONFIG_DEBUG && span_guess(objects[done], &cpu) && cpu != &slub_no_cpu &&
		    (!cache || cpu_serves(cpu, cache)))
			done += cpu_put_many(cpu, left, objects + done);
		if (done == nr)
			break;
		if (cache)
			kmem_cache_free(cache, objects[done++]);
		else
			kfree(objects[done++]);
	}
}
