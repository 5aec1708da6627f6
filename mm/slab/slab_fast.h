/* SPDX-License-Identifier: MIT */
/*
 * slab_fast.h - the few steps that nearly every request takes, for slab.c and slab_bulk.c; slab.c holds the theory.
 */
#pragma once

#include <lib/check.h>
#include <lib/poison.h>
#include <mm/page.h>

#include "debug.h"
#include "slab_types.h"

#define __always_inline inline __attribute__((always_inline))

#define BATCH 8 /* objects at a step, in straight code: the pragmas say it again */

/* From the first on, so that entries may move down within an array. The machine's wider registers are not the kernel's to use. */
static __always_inline void copy_pointers(void **to, void *const *from, size_t nr)
{
	unsigned int i;

	for (; nr >= BATCH; nr -= BATCH, to += BATCH, from += BATCH)
#pragma GCC unroll 8
		for (i = 0; i < BATCH; i++)
			to[i] = from[i];
	while (nr--)
		*to++ = *from++;
}

/* This CPU's arrays may be touched until token_put(). False: they may not, and nothing is held. */
static __always_inline bool token_take(void)
{
	bool taken = --this_slab_cpu.token == 0;

	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (unlikely(!taken))
		this_slab_cpu.token++;
	return taken;
}

static __always_inline void token_put(void)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	this_slab_cpu.token = 1; /* what it was: whoever interrupted has put it back */
}

/* Debug builds: from now on the object is its owner's. (slab.c) */
void slab_object_enters_use(void *object);

#define WHOLE_OBJECT (~0UL) /* what is asked for is all of it */

/* The object becomes its owner's, who asked for `size` bytes of it. */
static __always_inline void *hand_out(const struct slab_cache *cache, void *object, size_t size)
{
	size = min(size, cache->common.object_size);
	if (CONFIG_DEBUG)
		slab_object_enters_use(object);
	mem_unpoison(object, cache->common.object_size);
	if (!cache_is_debugged(&cache->common))
		mem_poison((char *)object + size, cache->common.object_size - size);
	return object;
}

/* Is the object its owner's? Debug builds take it away in the same step, for one caller only. */
static __always_inline bool object_leaves_use(struct slab *slab, unsigned long index)
{
	uint16_t *bufctl = &slab->bufctl[index];
	uint16_t active = BUFCTL_ACTIVE;

	if (CONFIG_DEBUG)
		return __atomic_compare_exchange_n(bufctl, &active, BUFCTL_CACHED, false,
						   __ATOMIC_RELAXED, __ATOMIC_RELAXED);
	return *bufctl == BUFCTL_ACTIVE;
}

/* The page of a slab that holds an address in the frames that this CPU knows well; false for others, and for no slab. */
static __always_inline bool span_slab_page(const void *object, const struct slab_page **page)
{
	size_t offset = (uintptr_t)object - this_slab_cpu.span_start;

	if (unlikely(offset >= this_slab_cpu.span_size))
		return false;
	*page = (const struct slab_page *)(this_slab_cpu.span_pages +
					   ((uintptr_t)object >> PAGE_SHIFT << PAGE_STRUCT_SHIFT));
	return likely((*page)->state & PG_SLAB);
}
