/* SPDX-License-Identifier: MIT */
/*
 * slab_layout.c - how a SLAB cache is set up: how its slabs are cut, what each CPU gets.
 *
 * THE IDEA
 *	A slab's order is the lowest at which at most an eighth of the block is left over. The
 *	descriptor stands in front of the objects; with objects of PAGE_SIZE / 8 and more it
 *	would spoil their fit (seven objects of 512 bytes to a page, not eight), so there it is
 *	an object of a kmalloc class, unless what is left over has room for it anyway.
 *
 *	object  align   order  descriptor  objects  left over  colours
 *	    64     64       0  on-slab          61          0        0
 *	   256     64       0  on-slab          15        128        2
 *	   512      8       0  off-slab          8          0        0
 *	   700      8       1  on-slab          11        384        6
 *	  2100      8       2  on-slab           7       1600       25
 *	  8192   8192       1  off-slab          1          0        0
 *
 *	Where no block of that order is left, one of the least order that holds an object does: kmalloc-4k, two
 *	pages for two objects and a descriptor elsewhere, lives on with one page for one. Such a slab has the same
 *	descriptor, no colour, and fewer objects.
 *
 *	A cache begins without CPU arrays of its own: each CPU has no_array, which is always empty
 *	and always full. The fast path of slab.c then takes its slow branch each time, which deals in
 *	single objects. impl_cache_start() puts real arrays in, once kmalloc exists. Caches that are
 *	debugged stay so.
 *
 * LOCKING	none: nobody else knows the cache yet, or any more.
 * COST		A cache is some 250 bytes, 80 more a node. A CPU's array is 32 bytes and 8 more an entry.
 * FLOOR	slab.
 * LINUX	mm/slab.c of 2.6.24: cache_estimate(), calculate_slab_order(), kmem_cache_create(),
 *		enable_cpucache(), init_list().
 */
#include <mm/slab.h>

#include <arch/cache.h>
#include <lib/bits.h>
#include <lib/check.h>
#include <lib/errno.h>
#include <mm/percpu.h>
#include <mm/zone.h>

#include "debug.h"
#include "slab_types.h"

static struct slab_cache boot_cache;
static struct kmem_list3 boot_cache_lists[SLAB_MAX_LISTS];

struct layout {
	unsigned int objects;
	size_t descriptor_size, left_over;
};

static size_t descriptor_size(unsigned int objects)
{
	return sizeof(struct slab) + objects * sizeof(uint16_t);
}

/* How many objects a block holds, and what is left over. (Linux: cache_estimate) */
static struct layout layout_estimate(const struct kmem_cache *cache, size_t bytes, bool on_slab)
{
	size_t per_object = cache->size + (on_slab ? sizeof(uint16_t) : 0);
	size_t room = bytes - (on_slab ? sizeof(struct slab) : 0);
	struct layout layout = {.objects = (unsigned int)(room / per_object)};

	if (on_slab && layout.objects) {
		layout.descriptor_size = ALIGN_UP(descriptor_size(layout.objects), cache->align);
		if (layout.descriptor_size + layout.objects * cache->size > bytes) {
			layout.objects--;
			layout.descriptor_size = ALIGN_UP(descriptor_size(layout.objects),
							  cache->align);
		}
	}
	layout.left_over = bytes - layout.descriptor_size - layout.objects * cache->size;
	return layout;
}

/* The lowest order that wastes at most an eighth; from SLAB_BREAK_ORDER on any that fits. */
static struct layout layout_choose(struct slab_cache *cache, bool on_slab)
{
	struct layout layout = {.objects = 0};
	unsigned int order;

	for (order = 0; order <= SLAB_MAX_ORDER; order++) {
		size_t bytes = PAGE_SIZE << order;

		layout = layout_estimate(&cache->common, bytes, on_slab);
		cache->order = order;
		if (!layout.objects)
			continue;
		if (order >= SLAB_BREAK_ORDER || layout.left_over * 8 <= bytes)
			break;
	}
	return layout;
}

/* What was asked for, at least 8; on demand a cache line, or an object's share of one. */
static size_t layout_align(const struct kmem_cache *cache)
{
	size_t line = arch_cache_line_size(), align = ARCH_KMALLOC_MINALIGN;

	if (cache->flags & SLAB_HWCACHE_ALIGN) {
		while (line > align && cache->object_size <= line / 2)
			line /= 2;
		align = max(align, line);
	}
	return max(align, cache->align);
}

/* When memory is in pieces: the least order with room for one object behind a descriptor of the usual size. */
static void cache_layout_least(struct slab_cache *cache, size_t descriptor)
{
	size_t size = cache->common.size;
	unsigned int order = 0;

	while (order < cache->order && descriptor + size > PAGE_SIZE << order)
		order++;
	cache->least_order = order;
	cache->least_objects = order < cache->order ? ((PAGE_SIZE << order) - descriptor) / size
						    : cache->objects;
}

static void cache_layout(struct slab_cache *cache)
{
	struct kmem_cache *common = &cache->common;
	bool on_slab = common->object_size < PAGE_SIZE / 8 || cache == &boot_cache;
	struct layout layout = layout_choose(cache, on_slab);
	size_t wanted = ALIGN_UP(descriptor_size(layout.objects), common->align);

	/* Room for the descriptor in what is left over costs nothing. */
	if (!on_slab && layout.left_over >= wanted) {
		layout.descriptor_size = wanted;
		layout.left_over -= wanted;
		on_slab = true;
	}
	ASSERT(on_slab || cache != &boot_cache);
	cache->objects = layout.objects;
	cache->descriptor_size = layout.descriptor_size;
	cache->descriptor_cache = on_slab ? NULL : kmalloc_cache(descriptor_size(layout.objects));
	cache->colour_off = (unsigned int)max(arch_cache_line_size(), common->align);
	cache->colours = (unsigned int)(layout.left_over / cache->colour_off);
	cache_layout_least(cache, on_slab ? layout.descriptor_size : 0);
	cache->reciprocal = UINT64_MAX / common->size + 1;
	cache->shift = lowest_bit(common->size);
	cache->inverse = odd_inverse(common->size >> cache->shift);
}

/*
 * How many objects a CPU may park: small ones many. Of those up to 1 KiB twice as many as Linux has (120 and 54): whoever takes
 * and frees in thousands then goes half as often to the lists. Arrays of 2 KiB and 1 KiB. (Linux: enable_cpucache)
 */
static void cache_set_limit(struct slab_cache *cache)
{
	size_t size = cache->common.size;

	if (cache->common.flags & (SLAB_NO_ARRAY | SLAB_DEBUG_FLAGS))
		cache->limit = 0;
	else if (size > PAGE_SIZE)
		cache->limit = 8;
	else if (size > 1024)
		cache->limit = 24;
	else if (size > 256)
		cache->limit = 120;
	else
		cache->limit = 252;
	cache->batchcount = (cache->limit + 1) / 2;
	cache->shared = cache->limit && size <= PAGE_SIZE && nr_possible_cpus() > 1 ? 8 : 0;
}

static void node_init(struct kmem_list3 *node)
{
	*node = (struct kmem_list3){.free_touched = false};
	spin_lock_init(&node->lock, LOCK_RANK_SLAB);
	INIT_LIST_HEAD(&node->slabs_partial);
	INIT_LIST_HEAD(&node->slabs_full);
	INIT_LIST_HEAD(&node->slabs_free);
}

size_t impl_cache_bytes(void)
{
	return sizeof(struct slab_cache) + nr_slab_lists() * sizeof(struct kmem_list3);
}

struct kmem_cache *impl_boot_cache(void)
{
	return &boot_cache.common;
}

int impl_cache_init(struct kmem_cache *common)
{
	struct slab_cache *cache = to_slab_cache(common);
	unsigned int i;

	CHECK(common->object_size && (!common->align || is_power_of_2(common->align)));
	common->align = layout_align(common);
	debug_layout(common, 0);
	cache_layout(cache);
	if (cache->objects == 0)
		return -E2BIG;
	CHECK(cache->objects <= SLAB_MAX_OBJECTS);
	cache_set_limit(cache);

	cache->lists = cache == &boot_cache ? boot_cache_lists : (struct kmem_list3 *)(cache + 1);
	for (i = 0; i < nr_slab_lists(); i++)
		node_init(&cache->lists[i]);
	slab_arrays_init(cache);
	return 0;
}
