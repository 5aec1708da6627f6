/* SPDX-License-Identifier: MIT */
/*
 * slub_bulk.c - many objects at once: interrupts are off for a stretch of the CPU's chain, instead of an exchange for each.
 *
 * What the fast way of slub.c tests for each object is tested here too; what is not usual goes the way of single objects.
 * COST		Some 14 instructions an object out, 13 in, and 100 a call: each free pointer is decoded, looked at before it is
 *		followed, and wiped. SLAB, which copies a stretch of its stack, needs half as many.
 * LINUX	mm/slub.c: kmem_cache_alloc_bulk(), kmem_cache_free_bulk().
 */
#include <mm/slab.h>

#include <arch/cpu.h>
#include <lib/poison.h>
#include <mm/percpu.h>

#include "slub_fast.h"

#define BULK_AT_ONCE 32 /* objects, with interrupts off */
#define STEP	     4	/* objects in straight code: the pragmas say it again */

/* Two more of what the fast way looks at, held in registers for all objects of a call. */
struct chain {
	const struct slub_cache *cache;
	size_t offset;
	uintptr_t random;
};

/* Takes `object` off: true, and *next is what follows. False at the end of the chain, or where what follows is no object. */
static __always_inline bool chain_take(const struct chain *chain, void *object, void **next)
{
	uintptr_t word = object_word(object, chain->offset);

	*next = (void *)freepointer_mix(chain->random, object, (void *)word);
	if (unlikely(freelist_looks_broken(chain->cache, object, *next)))
		return false;
	object_set_word(object, chain->offset, 0);
	return true;
}

/* As many as the CPU's chain has, at most `nr`, without an exchange for each. The last of a slab is left to the fast way. */
static size_t cpu_take_many(struct slub_cache *cache, size_t nr, void **objects)
{
	unsigned long flags = arch_irq_save();
	struct slub_cpu *cpu = this_cpu_ptr(cache->cpu);
	const struct chain chain = {cache, cache->offset, cache->random};
	void *object = cpu->freelist, *next;
	size_t taken = 0, i;

	if (unlikely(!object))
		goto out;
	for (; taken + STEP <= nr; taken += STEP) {
#pragma GCC unroll 4
		for (i = 0; i < STEP; i++) {
			if (unlikely(!chain_take(&chain, object, &next))) {
				taken += i;
				goto out;
			}
			objects[taken + i] = object;
			object = next;
		}
	}
	for (; taken < nr && chain_take(&chain, object, &next); object = next)
		objects[taken++] = object;
out:
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

/* In front of the chain that begins with *freelist, if it is an object of the CPU's slab and not what was freed last. */
static __always_inline bool chain_put(const struct slub_cpu *cpu, uintptr_t minus_base,
				      char **freelist, char *object)
{
	if (unlikely(offset_index((uintptr_t)object + minus_base, cpu->inverse, cpu->shift) >=
		     cpu->nr_objects) ||
	    unlikely(object == *freelist))
		return false;
	mem_poison(object, cpu->object_size);
	object_set_word(object, cpu->offset, freepointer_mix(cpu->random, object, *freelist));
	*freelist = object;
	return true;
}

/* As many of the first `nr` as are objects of the CPU's slab, without an exchange for each. */
static size_t cpu_put_many(struct slub_cpu *cpu_of_all, size_t nr, void **objects)
{
	unsigned long flags = arch_irq_save();
	struct slub_cpu *cpu = this_cpu_ptr(cpu_of_all);
	const struct slub_cpu constant = *cpu;
	uintptr_t minus_base = -constant.base;
	char *freelist = cpu->freelist;
	size_t put = 0, i;

	asm("" : "+r"(minus_base)); /* else the compiler subtracts again */
	for (; put + STEP <= nr; put += STEP) {
#pragma GCC unroll 4
		for (i = 0; i < STEP; i++) {
			if (unlikely(!chain_put(&constant, minus_base, &freelist,
						objects[put + i]))) {
				put += i;
				goto out;
			}
		}
	}
	while (put < nr && chain_put(&constant, minus_base, &freelist, objects[put]))
		put++;
out:
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
