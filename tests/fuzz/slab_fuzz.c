/* SPDX-License-Identifier: MIT */
/*
 * slab_fuzz.c - any sequence of calls on caches and kmalloc, misuse among them, against a list of what is held.
 *
 * THE IDEA
 *	The model is a table of live objects: address, bytes, cache, stamp. What is handed out must be aligned, inside frames
 *	that the slabs hold, and apart from all that is live; it must keep its stamp until it is given back, come zeroed when
 *	that was asked for, and constructed when its cache has a constructor. Each misuse is one report and changes nothing. When
 *	everything has been given back, pages, per-CPU areas and caches are as many as at the start. Both allocators are
 *	fuzzed, each a program of its own; the floors below are slab_floor.c.
 *
 *	input	{ operation 1, what 1, more 2 } ...
 */
#include "fuzz.h"

#include <string.h>

#include <mm/direct_map.h>
#include <mm/slab.h>

#include "slab_floor.h"

#define NR_CACHES   6
#define MAX_LIVE    200
#define MAX_OPS	    400
#define CHECK_EVERY 32
#define CONSTRUCTED 0xc7
#define NR_BULK	    24

struct live {
	unsigned char *object;
	size_t size;
	struct kmem_cache *cache; /* NULL: kmalloc's */
	unsigned char stamp;
};

static struct live live[MAX_LIVE];
static unsigned int nr_live;

static struct cache_slot {
	struct kmem_cache *cache;
	size_t size, align;
	slab_flags_t flags;
	bool constructed;
} slots[NR_CACHES];

static const char *const names[NR_CACHES] = {"fuzz-0", "fuzz-1", "fuzz-2",
					     "fuzz-3", "fuzz-4", "fuzz-5"};
static size_t object_bytes[NR_CACHES]; /* for the constructors, which are told no size */
static unsigned int taken_at_boot, areas_at_boot, reports_expected;

/* One for each slot: each knows how much it has to construct. */
static void construct(void *object, unsigned int slot)
{
	memset(object, CONSTRUCTED, object_bytes[slot]);
}

static void construct_0(void *object)
{
	construct(object, 0);
}

static void construct_1(void *object)
{
	construct(object, 1);
}

static bool all_bytes(const unsigned char *at, size_t size, unsigned char value)
{
	return size == 0 || (at[0] == value && memcmp(at, at + 1, size - 1) == 0);
}

/* Large ones only at both ends. */
static void stamp(const struct live *it)
{
	size_t whole = min(it->size, 512UL);

	memset(it->object, it->stamp, whole);
	memset(it->object + it->size - whole, it->stamp, whole);
}

static void require_stamp(const struct live *it, size_t size)
{
	size_t whole = min(size, 512UL);

	REQUIRE(all_bytes(it->object, whole, it->stamp));
	REQUIRE(size < it->size || all_bytes(it->object + size - whole, whole, it->stamp));
}

static struct cache_slot *slot_of(const struct kmem_cache *cache)
{
	for (unsigned int i = 0; cache && i < NR_CACHES; i++)
		if (slots[i].cache == cache)
			return &slots[i];
	return NULL;
}

static void require_place(const unsigned char *object, size_t size, size_t align)
{
	REQUIRE((uintptr_t)object % max(align, 8UL) == 0);
	for (size_t at = 0; at < size; at += PAGE_SIZE)
		REQUIRE(floor_is_taken(object + at));
	REQUIRE(floor_is_taken(object + size - 1));
	for (unsigned int i = 0; i < nr_live; i++)
		REQUIRE(object + size <= live[i].object || live[i].object + live[i].size <= object);
}

/* An object is ours from now on. */
static void take(unsigned char *object, size_t size, const struct cache_slot *slot, bool zeroed)
{
	size_t align = slot ? slot->align : is_power_of_2(size) ? min(size, PAGE_SIZE) : 8;

	if (!object)
		return;
	require_place(object, size, align);
	if (slot && slot->constructed)
		REQUIRE(all_bytes(object, size, CONSTRUCTED));
	else if (zeroed)
		REQUIRE(all_bytes(object, size, 0));
	live[nr_live] = (struct live){.object = object, .size = size};
	live[nr_live].cache = slot ? slot->cache : NULL;
	live[nr_live].stamp = (unsigned char)(nr_live * 37 + size);
	stamp(&live[nr_live++]);
}

/* It leaves the model; its owner leaves it as it was constructed. */
static struct live drop(unsigned int index)
{
	struct live it = live[index];
	const struct cache_slot *slot = slot_of(it.cache);

	require_stamp(&it, it.size);
	if (slot && slot->constructed)
		memset(it.object, CONSTRUCTED, it.size);
	live[index] = live[--nr_live];
	return it;
}

static void give(const struct live *it, bool by_kfree)
{
	if (it->cache && !by_kfree)
		kmem_cache_free(it->cache, it->object);
	else
		kfree(it->object);
}

static size_t wanted_size(unsigned int more)
{
	size_t size = more & 0x1fff;

	/* Small ones mostly; sometimes whole blocks, up to 64 KiB. */
	return (more >> 13) < 5 ? 1 + size % 600 : (more >> 13) < 7 ? 1 + size : 1 + size * 8;
}

static void do_alloc(unsigned int what, unsigned int more)
{
	const struct cache_slot *slot = &slots[what % NR_CACHES];
	gfp_t gfp = what & 0x40 ? GFP_ATOMIC : GFP_KERNEL;
	size_t size = wanted_size(more);
	bool zeroed = what & 0x20;

	if (nr_live == MAX_LIVE)
		return;
	if (what & 0x80 || !slot->cache) {
		take(kmalloc(size, zeroed ? gfp | __GFP_ZERO : gfp), size, NULL, zeroed);
		return;
	}
	zeroed = zeroed && !slot->constructed;
	gfp |= slot->flags & SLAB_CACHE_DMA ? __GFP_DMA : 0;
	take(kmem_cache_alloc(slot->cache, zeroed ? gfp | __GFP_ZERO : gfp), slot->size, slot,
	     zeroed);
}

static void do_free(unsigned int what, unsigned int more)
{
	struct live it;

	if (!nr_live)
		return;
	it = drop(more % nr_live);
	give(&it, what & 1);
}

static void do_bulk_alloc(unsigned int what, unsigned int more)
{
	const struct cache_slot *slot = &slots[what % NR_CACHES];
	size_t nr = more % (NR_BULK + 1);
	void *objects[NR_BULK];

	if (!slot->cache || nr_live + nr > MAX_LIVE)
		return;
	if (kmem_cache_alloc_bulk(slot->cache, GFP_KERNEL, nr, objects) != nr)
		return;
	for (size_t i = 0; i < nr; i++)
		take(objects[i], slot->size, slot, false);
}

static void do_bulk_free(unsigned int what, unsigned int more)
{
	struct kmem_cache *cache = slots[what % NR_CACHES].cache;
	unsigned int nr = 0, index = nr_live;
	void *objects[NR_BULK];

	while (index-- > 0 && nr < more % (NR_BULK + 1))
		if (live[index].cache == cache)
			objects[nr++] = drop(index).object;
	kmem_cache_free_bulk(cache, nr, objects);
}

static void do_krealloc(unsigned int more)
{
	unsigned int index = nr_live ? (more >> 3) % nr_live : 0;
	size_t size = wanted_size(more * 7 & 0xffff);
	unsigned char *object;
	struct live it;
	bool stayed;

	if (!nr_live || live[index].cache)
		return;
	it = drop(index);
	object = krealloc(it.object, size, GFP_KERNEL);
	if (!object) {
		live[nr_live++] = it;
		return;
	}
	stayed = object == it.object;
	it.object = object;
	require_stamp(&it, min(it.size, size));
	if (!stayed) {
		take(object, size, NULL, false);
		return;
	}
	/* In its old place, which was aligned for its old size. */
	it.size = size;
	live[nr_live++] = it;
	stamp(&it);
}

static void do_create(unsigned int what, unsigned int more)
{
	static const slab_flags_t some[] = {0,
					    SLAB_HWCACHE_ALIGN,
					    SLAB_RECLAIM_ACCOUNT,
					    SLAB_CACHE_DMA,
					    SLAB_RED_ZONE | SLAB_CONSISTENCY_CHECKS,
					    SLAB_POISON,
					    SLAB_DEBUG_FLAGS,
					    SLAB_NO_MERGE};
	void (*const ctors[NR_CACHES])(void *) = {construct_0, construct_1};
	unsigned int index = what % NR_CACHES;
	struct cache_slot wanted = {.size = 1 + (more & 0x7ff), .flags = some[what >> 5]};

	if (slots[index].cache)
		return;
	wanted.size *= (more >> 11) % 8 == 0 ? 16 : 1;
	wanted.align = more >> 14 ? 0 : 1UL << (more >> 4) % 13;
	wanted.constructed = ctors[index] && what & 0x10;
	object_bytes[index] = wanted.size;
	wanted.cache = kmem_cache_create(names[index], wanted.size, wanted.align, wanted.flags,
					 wanted.constructed ? ctors[index] : NULL);
	slots[index] = wanted;
}

static unsigned int nr_live_of(const struct kmem_cache *cache)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < nr_live; i++)
		nr += live[i].cache == cache;
	return nr;
}

/* Does somebody else own the cache too: another slot, or kmalloc, one of whose classes it is? */
static bool is_shared(const struct cache_slot *slot)
{
	for (unsigned int i = 0; i < NR_CACHES; i++)
		if (&slots[i] != slot && slots[i].cache == slot->cache)
			return true;
	for (unsigned int i = 0; i < 2 * KMALLOC_NR_CLASSES; i++)
		if (kmalloc_caches[i % 2][i / 2] == slot->cache)
			return true;
	return false;
}

/* With live objects that nobody else answers for: one report, and it stays. */
static void do_destroy(unsigned int what)
{
	struct cache_slot *slot = &slots[what % NR_CACHES];

	if (!slot->cache)
		return;
	kmem_cache_destroy(slot->cache);
	if (!is_shared(slot) && nr_live_of(slot->cache))
		reports_expected++;
	else
		slot->cache = NULL;
}

static void do_tend(unsigned int what, unsigned int more)
{
	struct kmem_cache *cache = slots[what % NR_CACHES].cache;
	const struct slab_tuning tuning = {1 + more % 64, 1 + (more >> 6) % 40, more >> 12};
	struct slab_info info;
	struct slab_leak leaks[4];

	if (what & 0x80)
		cache_reap();
	if (what & 0x40)
		slab_drain();
	if (!cache)
		return;
	if (what & 0x20)
		kmem_cache_shrink(cache);
	if (what & 0x10)
		slab_tune(cache, &tuning); /* what it refuses changes nothing */
	if (what & 8)
		REQUIRE(validate_slab_cache(cache) == 0);
	slab_draw(cache, NULL);
	slab_leaks(cache, leaks, ARRAY_SIZE(leaks));
	slab_get_info(cache, &info);
	REQUIRE(info.active_objects >= nr_live_of(cache) && info.objects >= info.active_objects);
}

/* One event of misuse is one report, whatever it names. */
static void do_misuse(unsigned int what, unsigned int more)
{
	struct kmem_cache *cache = slots[what % NR_CACHES].cache;
	struct live it;

	if (!nr_live)
		return;
	it = live[more % nr_live];
	switch (what >> 5) {
	case 0: /* twice */
		drop(more % nr_live);
		give(&it, false);
		give(&it, what & 8);
		break;
	case 1: /* into it */
		kfree(it.object + 1 + more % max(it.size - 1, 1UL));
		break;
	case 2: /* another cache */
		if (!cache || cache == it.cache || is_shared(&slots[what % NR_CACHES]))
			return;
		kmem_cache_free(cache, it.object);
		break;
	case 3: /* what no allocator hands out */
		kfree((void *)(uintptr_t)(0x1000 + more * 8UL));
		break;
	case 4: /* any place of the arena where no object starts */
		it.object = phys_to_virt(FLOOR_FIRST * PAGE_SIZE + more * 256UL + 4);
		kfree(it.object);
		break;
	case 5: /* the usable size of what is not live */
		REQUIRE(ksize(it.object + 1) == 0);
		break;
	case 6: /* a mask that no object can have */
		REQUIRE(!kmalloc(64 + more % 9000, GFP_KERNEL | __GFP_HIGHMEM));
		break;
	default: /* a name that is taken, which shows behind what memory a cache needs */
		floor_refuse = 0;
		REQUIRE(!kmem_cache_create("kmalloc-64", 64, 0, 0, NULL));
	}
	reports_expected++;
}

/* A byte behind the object of a cache that is watched: one report, and the rest is as it was. */
static void do_overrun(unsigned int more)
{
	unsigned int index = nr_live ? more % nr_live : 0;
	struct live it;

	if (!nr_live || !live[index].cache ||
	    !(kmem_cache_flags(live[index].cache) & SLAB_RED_ZONE))
		return;
	it = drop(index);
	it.object[it.size] ^= 0x5a;
	give(&it, false);
	reports_expected++;
}

static void operate(struct fuzz_input *input)
{
	unsigned int operation = fuzz_u8(input) % 20, what = fuzz_u8(input);
	unsigned int more = fuzz_u16(input);

	if (operation < 5)
		do_alloc(what, more);
	else if (operation < 9)
		do_free(what, more);
	else if (operation < 10)
		do_bulk_alloc(what, more);
	else if (operation < 11)
		do_bulk_free(what, more);
	else if (operation < 12)
		do_krealloc(more);
	else if (operation < 14)
		do_create(what, more);
	else if (operation < 15)
		do_destroy(what);
	else if (operation < 16)
		do_tend(what, more);
	else if (operation < 18)
		do_misuse(what, more);
	else if (operation < 19)
		do_overrun(more);
	else
		floor_refuse = 1 + what % 6; /* this one of the next requests for pages fails */
	REQUIRE(fuzz_reports == reports_expected);
}

static void end(void)
{
	floor_refuse = 0;
	while (nr_live) {
		struct live it = drop(nr_live - 1);

		give(&it, false);
	}
	for (unsigned int i = 0; i < NR_CACHES; i++)
		do_destroy(i);
	REQUIRE(slab_check());
	slab_drain();
	REQUIRE(fuzz_reports == reports_expected);
	REQUIRE(floor_taken == taken_at_boot && floor_areas == areas_at_boot);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	floor_init();
	slab_init();
	slab_drain();
	taken_at_boot = floor_taken;
	areas_at_boot = floor_areas;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	bool shared = fuzz_u8(&input) & 1;

	fuzz_begin();
	reports_expected = fuzz_reports;
	slab_set_sharing(shared);
	for (unsigned int i = 0; i < MAX_OPS && input.left; i++) {
		operate(&input);
		if (i % CHECK_EVERY == 0)
			REQUIRE(slab_check());
	}
	end();
	return 0;
}
