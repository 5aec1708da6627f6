/* SPDX-License-Identifier: MIT */
/*
 * slub_layout.c - how a SLUB cache is set up: how its slabs are cut, its number, what each CPU gets.
 *
 * THE IDEA
 *	A slab should hold enough objects that a CPU seldom changes slabs: 16 * (2 + log2(CPUs)), but its
 *	block should be small, at most order 3. Among the orders that give so many the lowest is taken that leaves
 *	at most 1/16 over; else an eighth, a quarter; else fewer objects are wanted. Where memory is too scattered
 *	for that order, the least that holds one object will do: each slab knows how many it has.
 *
 *	object	order	objects	left over	least order
 *	    64	    0	     64		0	0
 *	   700	    2	     23	      284	0
 *	  1024	    2	     16		0	0
 *	  8192	    3	      4		0	1
 *
 *	The word of a slab has 16 bits for its cache: a number. The table of the first 512 caches is static,
 *	those behind get a page for each further 512.
 *
 * LOCKING	id_lock protects the numbers. Who reads one has an object of that cache: it cannot go meanwhile.
 * FLOOR	slab.
 * LINUX	mm/slub.c: calculate_order(), calculate_sizes(), set_cpu_partial(), set_min_partial(), init_kmem_cache_cpus().
 */
#include <mm/slab.h>

#include <arch/cache.h>
#include <lib/bits.h>
#include <lib/check.h>
#include <lib/errno.h>
#include <lib/random.h>
#include <mm/percpu.h>
#include <mm/zone.h>

#include "debug.h"
#include "slub_types.h"

/* A cache's nodes stand behind it. */
static struct {
	struct slub_cache cache;
	struct slub_node node[MAX_NUMNODES];
} boot;

/* ---- Numbers ---- */

#define IDS_OF_PAGE (PAGE_SIZE / sizeof(struct slub_cache *))
#define NR_IDS	    65536U

static DEFINE_SPINLOCK(id_lock, LOCK_RANK_CACHE_CHAIN);
struct slub_cache *slub_caches[SLUB_NEAR_IDS];
struct slub_cpu *slub_cpu_guess[256] = {[0 ... 255] = &slub_no_cpu};
static struct slub_cache **far_caches[NR_IDS / IDS_OF_PAGE]; /* entry 0 is not used */
static_assert(SLUB_NEAR_IDS == IDS_OF_PAGE, "a page of numbers stands for as many as the table");

struct slub_cache *slub_cache_far(unsigned int id)
{
	struct slub_cache **page = far_caches[id / IDS_OF_PAGE];

	return page ? page[id % IDS_OF_PAGE] : NULL;
}

/* The table that a number is in; NULL when that page is still missing. */
static struct slub_cache **id_table(unsigned int id)
{
	return id < SLUB_NEAR_IDS ? slub_caches : far_caches[id / IDS_OF_PAGE];
}

/* The lowest free number becomes the cache's. False when the page that it would be in is missing: *missing. */
static bool id_take(struct slub_cache *cache, unsigned int *missing)
{
	unsigned long flags = spin_lock_save(&id_lock);
	struct slub_cache **table = NULL;
	unsigned int id;

	for (id = 0; id < NR_IDS; id++) {
		table = id_table(id);
		if (!table || !table[id % IDS_OF_PAGE])
			break;
	}
	if (table && id < NR_IDS) {
		table[id % IDS_OF_PAGE] = cache;
		cache->id = (uint16_t)id;
	}
	spin_unlock_irqrestore(&id_lock, flags);
	*missing = id / IDS_OF_PAGE;
	return table && id < NR_IDS;
}

static void id_add_page(unsigned int index, struct slub_cache **page)
{
	unsigned long flags = spin_lock_save(&id_lock);
	struct slub_cache **unused = page;

	if (!far_caches[index]) {
		far_caches[index] = page;
		unused = NULL;
	}
	spin_unlock_irqrestore(&id_lock, flags);
	free_page((unsigned long)unused);
}

static int id_alloc(struct slub_cache *cache)
{
	unsigned int missing;

	while (!id_take(cache, &missing)) {
		unsigned long page = missing < ARRAY_SIZE(far_caches) ? get_zeroed_page(GFP_KERNEL)
								      : 0;

		if (!page)
			return -ENOMEM;
		id_add_page(missing, (struct slub_cache **)page);
	}
	return 0;
}

/* Its page goes when no other number of it is taken. */
static void id_free(struct slub_cache *cache)
{
	unsigned long flags = spin_lock_save(&id_lock);
	struct slub_cache **table = id_table(cache->id), **unused = NULL;
	unsigned int i = 0;

	ASSERT(table[cache->id % IDS_OF_PAGE] == cache);
	table[cache->id % IDS_OF_PAGE] = NULL;
	while (i < IDS_OF_PAGE && !table[i])
		i++;
	if (i == IDS_OF_PAGE && table != slub_caches) {
		far_caches[cache->id / IDS_OF_PAGE] = NULL;
		unused = table;
	}
	spin_unlock_irqrestore(&id_lock, flags);
	free_page((unsigned long)unused);
}

/* ---- Layout ---- */

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

/* The lowest order that holds `wanted` objects and leaves at most 1/fraction over; SLUB_BEST_ORDER + 1 when none does. */
static unsigned int order_for(size_t size, size_t wanted, size_t fraction)
{
	unsigned int order;

	for (order = 0; order <= SLUB_BEST_ORDER; order++) {
		size_t bytes = PAGE_SIZE << order;

		if (bytes / size >= wanted && bytes % size * fraction <= bytes &&
		    bytes / size <= SLUB_MAX_OBJECTS)
			break;
	}
	return order;
}

static unsigned int order_choose(size_t size)
{
	size_t wanted = 16 * (2 + (size_t)ilog2(nr_possible_cpus()));
	unsigned int order;

	for (wanted = min(wanted, (PAGE_SIZE << SLUB_BEST_ORDER) / size); wanted > 1; wanted--) {
		for (size_t fraction = 16; fraction >= 4; fraction /= 2) {
			order = order_for(size, wanted, fraction);
			if (order <= SLUB_BEST_ORDER)
				return order;
		}
	}
	return get_order(size);
}

/* A constructor's bytes, or poison, must stay while the object is free: its free pointer goes behind. */
static void cache_place_freepointer(struct slub_cache *cache)
{
	struct kmem_cache *common = &cache->common;
	bool behind = common->ctor || common->flags & (SLAB_POISON | SLAB_RED_ZONE);

	debug_layout(common, behind ? sizeof(void *) : 0);
	cache->offset = behind ? common->inuse
			       : ALIGN_DOWN(common->object_size / 2, sizeof(void *));
}

static void cache_layout(struct slub_cache *cache)
{
	size_t size = cache->common.size;

	cache->order = (uint8_t)order_choose(size);
	cache->least_order = (uint8_t)get_order(size);
	cache->objects = (uint16_t)((PAGE_SIZE << cache->order) / size);
	cache->least_objects = (uint16_t)((PAGE_SIZE << cache->least_order) / size);
	cache->span_last = (PAGE_SIZE << cache->order) - 2;
	cache->shift = (uint8_t)lowest_bit(size);
	cache->inverse = odd_inverse(size >> cache->shift);
}

/* How many slabs a CPU keeps besides its own, by how many objects that is. (Linux: set_cpu_partial) */
static unsigned int cpu_partial_for(const struct slub_cache *cache)
{
	size_t size = cache->common.size;
	unsigned int wanted = size >= PAGE_SIZE ? 6 : size >= 1024 ? 24 : size >= 256 ? 52 : 120;

	return DIV_ROUND_UP(wanted * 2, cache->objects);
}

static void node_init(struct slub_node *node)
{
	spin_lock_init(&node->lock, LOCK_RANK_SLAB);
	INIT_LIST_HEAD(&node->partial);
	INIT_LIST_HEAD(&node->full);
	node->nr_partial = node->nr_slabs = node->nr_objects = 0;
}

void impl_init(void)
{
	/* A CPU has slabs of its own, and a node one list. */
}

size_t impl_cache_bytes(void)
{
	return sizeof(struct slub_cache) + nr_nodes * sizeof(struct slub_node);
}

struct kmem_cache *impl_boot_cache(void)
{
	return &boot.cache.common;
}

int impl_cache_init(struct kmem_cache *common)
{
	struct slub_cache *cache = to_slub_cache(common);
	unsigned int i;

	CHECK(common->object_size && (!common->align || is_power_of_2(common->align)));
	common->align = layout_align(common);
	cache_place_freepointer(cache);
	if (get_order(common->size) > SLUB_MAX_ORDER)
		return -E2BIG;
	cache_layout(cache);
	cache->min_partial = min(max(ilog2(common->size) / 2, 5U), 10U);
	cache->random = random_u64();
	cache->cpu = &slub_no_cpu;
	cache->node = (struct slub_node *)(cache + 1);
	for (i = 0; i < nr_nodes; i++)
		node_init(&cache->node[i]);
	return id_alloc(cache);
}

/* Of the caches whose numbers end alike one is guessed at. */
static void cache_set_guess(const struct slub_cache *cache, struct slub_cpu *old,
			    struct slub_cpu *new)
{
	unsigned long flags = spin_lock_save(&id_lock);
	struct slub_cpu **guess = &slub_cpu_guess[cache->id & 255];

	if (*guess == old)
		WRITE_ONCE(*guess, new);
	spin_unlock_irqrestore(&id_lock, flags);
}

void impl_cache_release(struct kmem_cache *common)
{
	struct slub_cache *cache = to_slub_cache(common);

	cache_set_guess(cache, cache->cpu, &slub_no_cpu);
	if (!cache_is_slow(cache))
		free_percpu(cache->cpu);
	cache->cpu_partial = 0;
	cache->cpu = &slub_no_cpu;
	id_free(cache);
}

int impl_cache_start(struct kmem_cache *common)
{
	struct slub_cache *cache = to_slub_cache(common);
	struct slub_cpu *cpu;
	unsigned int i;

	if (cache_is_debugged(common) || common->flags & SLAB_NO_ARRAY)
		return 0;
	cpu = alloc_percpu(struct slub_cpu);
	if (!cpu)
		return -ENOMEM;
	for (i = 0; i < nr_possible_cpus(); i++)
		*per_cpu_ptr(cpu, i) = (struct slub_cpu){.tid = i,
							 .cache = cache,
							 .shift = cache->shift,
							 .inverse = cache->inverse,
							 .random = cache->random,
							 .offset = cache->offset,
							 .object_size = common->object_size};
	cache->cpu_partial = cpu_partial_for(cache);
	cache->cpu = cpu;
	cache_set_guess(cache, &slub_no_cpu, cpu);
	return 0;
}

/* Alike in all that can be seen of an object, and at most a word larger. (Linux: find_mergeable) */
bool slub_cache_suits(const struct kmem_cache *cache, const struct kmem_cache *wanted)
{
	const slab_flags_t never = SLAB_DEBUG_FLAGS | SLAB_NO_MERGE | SLAB_PERMANENT | SLAB_DEVMEM;
	const slab_flags_t same = SLAB_CACHE_DMA | SLAB_RECLAIM_ACCOUNT;
	size_t align = layout_align(wanted), size = ALIGN_UP(wanted->object_size, align);

	if ((cache->flags | wanted->flags) & never || (cache->flags ^ wanted->flags) & same)
		return false;
	if (cache->ctor || wanted->ctor || cache->usersize || wanted->usersize)
		return false;
	return size <= cache->size && cache->size - size < sizeof(void *) &&
	       IS_ALIGNED(cache->size, align) && wanted->object_size <= cache->object_size;
}
