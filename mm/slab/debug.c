/* SPDX-License-Identifier: MIT */
/*
 * debug.c - the layer between a slab allocator and the owners of its objects, when somebody watches.
 *
 * THE IDEA
 *	Who writes where he should not leaves traces, if the bytes there have values that nobody would
 *	write by chance, and somebody looks before they are used again:
 *
 *	Z  red zones	guard bytes before and behind each object. Behind it they begin at the byte after
 *			the last that was asked for: kmalloc(18) in an object of 32 is guarded from byte 18.
 *	P  poison	what is free has 0x6b in every byte and 0xa5 in the last; what is fresh 0x5a. A write to
 *			a free object is seen when it is allocated again, a read of one is easy to tell.
 *	U  user		who allocated it and who freed it last, with call stacks.
 *	F  checks	both of the above are looked at on each allocation and free. (Without F only
 *			validate_slab_cache() and the owner's free look.)
 *
 * PICTURE	an object of 32 bytes of which 18 were asked for, with Z and U
 *
 *	p-8      p                 p+18          p+32  p+40          p+48
 *	| cc*8   | the owner's 18  | cc*14        cc*8 | asked: 18   | allocated by | freed by |
 *	  left red zone              right red zone
 *
 *	  free:    bb                6b 6b ... 6b a5     bb
 *
 * STATES	red zones say which state an object is in: 0xcc allocated, 0xbb free. What is found otherwise is
 *	one report and one repair, two events that are counted apart (slab_debug_stats()): after it the bytes are
 *	what they should be, and the object goes on. Who is caught is the next to look, not the culprit; the
 *	report says who had the object last, which mostly is.
 *
 * LOCKING	None of its own: an object is its owner's, or the allocator's, who calls. Any context.
 * COST		Nothing where it is off: a debugged cache never has anything for the fast way to find. Where it
 *		is on some 10 instructions a byte, and 16 to 150 bytes an object.
 * FLOOR	slab.
 * LINUX	mm/slub.c: init_object(), check_object(), check_bytes_and_report(), restore_bytes(), set_track();
 *		mm/slab.c of 2.6: poison_obj(), cache_free_debugcheck(). The flags and bytes are theirs.
 */
#include <mm/slab.h>

#include <arch/cpu.h>
#include <arch/stack.h>
#include <lib/check.h>
#include <lib/clock.h>
#include <lib/poison.h>
#include <lib/stack_depot.h>
#include <lib/string.h>

#include "debug.h"

enum pattern {
	FREE_BYTE = 0x6b,
	FRESH_BYTE = 0x5a,
	LAST_BYTE = 0xa5,
	RED_INACTIVE = 0xbb,
	RED_ACTIVE = 0xcc,
};

void debug_layout(struct kmem_cache *cache, size_t reserve)
{
	size_t meta = 0;

	cache->red_left = 0;
	cache->inuse = ALIGN_UP(cache->object_size, sizeof(void *));
	if (cache->flags & SLAB_RED_ZONE) {
		cache->red_left = ALIGN_UP(sizeof(void *), cache->align);
		cache->inuse += sizeof(void *);
		meta = sizeof(struct slab_meta);
	}
	if (cache->flags & SLAB_STORE_USER)
		meta = sizeof(struct slab_meta) + NR_TRACKS * sizeof(struct slab_track);
	cache->tracks = meta ? cache->inuse + reserve : 0;
	cache->size = ALIGN_UP(cache->red_left + cache->inuse + reserve + meta, cache->align);
}

/* ---- Bytes ---- */

/* All that belongs to an object may be looked at, whatever a sanitizer was told. */
static void open_object(const struct kmem_cache *cache, const void *object)
{
	mem_unpoison((const char *)object - cache->red_left, cache->size);
}

/* The first and the last byte of [start, end) that differ from `wanted`; one report and one repair. How many. */
static unsigned int check_bytes(const struct kmem_cache *cache, const void *object,
				const char *what, unsigned char *start, unsigned char *end,
				unsigned char wanted)
{
	struct pattern_fault fault = {.what = what, .wanted = wanted};

	fault.first = memchr_inv(start, wanted, (size_t)(end - start));
	if (!fault.first)
		return 0;
	for (fault.last = end - 1; *fault.last == wanted;)
		fault.last--;
	debug_report_fault(cache, object, &fault);
	debug_repair(cache, &fault);
	return 1;
}

/* Where the right red zone begins: an allocated object's after what was asked for. */
static size_t right_zone_start(const struct kmem_cache *cache, const void *object, bool allocated)
{
	return allocated ? debug_usable_size(cache, object) : cache->object_size;
}

static unsigned int check_red_zones(struct kmem_cache *cache, void *object, bool allocated)
{
	unsigned char *bytes = object, wanted = allocated ? RED_ACTIVE : RED_INACTIVE;
	size_t right = right_zone_start(cache, object, allocated);

	if (!(cache->flags & SLAB_RED_ZONE))
		return 0;
	return check_bytes(cache, object, "Left Redzone", bytes - cache->red_left, bytes, wanted) +
	       check_bytes(cache, object, "Right Redzone", bytes + right, bytes + cache->inuse,
			   wanted);
}

static unsigned int check_poison(struct kmem_cache *cache, void *object)
{
	unsigned char *bytes = object, *last = bytes + cache->object_size - 1;

	if (!(cache->flags & SLAB_POISON))
		return 0;
	return check_bytes(cache, object, "Poison", bytes, last, FREE_BYTE) +
	       check_bytes(cache, object, "End Poison", last, last + 1, LAST_BYTE);
}

static void fill_red_zones(struct kmem_cache *cache, void *object, bool allocated)
{
	unsigned char *bytes = object, value = allocated ? RED_ACTIVE : RED_INACTIVE;
	size_t right = right_zone_start(cache, object, allocated);

	if (!(cache->flags & SLAB_RED_ZONE))
		return;
	memset(bytes - cache->red_left, value, cache->red_left);
	memset(bytes + right, value, cache->inuse - right);
}

static void fill_free_poison(struct kmem_cache *cache, void *object)
{
	if (!(cache->flags & SLAB_POISON))
		return;
	memset(object, FREE_BYTE, cache->object_size - 1);
	((unsigned char *)object)[cache->object_size - 1] = LAST_BYTE;
}

/* ---- Who ---- */

struct caller_list {
	uintptr_t *caller;
	unsigned int nr, skip;
};

static bool add_caller(uintptr_t pc, void *context)
{
	struct caller_list *list = context;

	if (list->skip) {
		list->skip--;
		return true;
	}
	list->caller[list->nr++] = pc;
	return list->nr < TRACK_DEPTH;
}

/* Skipped are this file's functions and the slow way that called it. */
static void set_track(struct kmem_cache *cache, void *object, enum track_kind kind)
{
	struct slab_track *track = &object_meta(cache, object)->track[kind];
	struct caller_list list = {.caller = track->caller, .skip = 3};

	if (!(cache->flags & SLAB_STORE_USER))
		return;
	*track = (struct slab_track){
		.when_ms = clock_ms(), .cpu = arch_cpu_id(), .stack = stack_depot_save_current(2)};
	arch_stack_walk(NULL, add_caller, &list);
}

/* ---- What an implementation calls ---- */

size_t debug_usable_size(const struct kmem_cache *cache, const void *object)
{
	size_t requested;

	if (!cache_is_debugged(cache) || !cache->tracks)
		return cache->object_size;
	requested = object_meta(cache, object)->requested;
	return requested <= cache->object_size ? requested : cache->object_size;
}

void debug_objects_init(struct kmem_cache *cache, void *first, unsigned int nr)
{
	char *object = first;

	for (; nr--; object += cache->size) {
		open_object(cache, object);
		if (cache->tracks)
			memset(object + cache->tracks, 0,
			       sizeof(struct slab_meta) +
				       (cache->flags & SLAB_STORE_USER
						? NR_TRACKS * sizeof(struct slab_track)
						: 0));
		fill_red_zones(cache, object, false);
		fill_free_poison(cache, object);
	}
}

bool debug_alloc_object(struct kmem_cache *cache, void *object, size_t size)
{
	open_object(cache, object);
	ASSERT(size <= cache->object_size);
	if (cache->flags & SLAB_CONSISTENCY_CHECKS) {
		check_red_zones(cache, object, false);
		check_poison(cache, object);
	}
	if (cache->tracks)
		object_meta(cache, object)->requested = size;
	if (cache->flags & SLAB_POISON) {
		memset(object, FRESH_BYTE, cache->object_size);
		if (cache->ctor)
			cache->ctor(object);
	}
	fill_red_zones(cache, object, true);
	set_track(cache, object, TRACK_ALLOC);
	return true;
}

bool debug_free_object(struct kmem_cache *cache, void *object)
{
	open_object(cache, object);
	check_red_zones(cache, object, true);
	set_track(cache, object, TRACK_FREE);
	fill_red_zones(cache, object, false);
	fill_free_poison(cache, object);
	return true;
}

/* ---- Looking at everything ---- */

static unsigned long check_object(struct kmem_cache *cache, void *object, bool allocated,
				  void *context)
{
	(void)context;
	open_object(cache, object);
	return check_red_zones(cache, object, allocated) +
	       (allocated ? 0 : check_poison(cache, object));
}

unsigned long validate_slab_cache(struct kmem_cache *cache)
{
	impl_cache_drain(cache);
	if (!cache_is_debugged(cache))
		return impl_cache_check(cache) ? 0 : 1;
	return impl_visit_objects(cache, check_object, NULL) + !impl_cache_check(cache);
}
