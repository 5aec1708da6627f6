/* SPDX-License-Identifier: MIT */
/*
 * debug_report.c - what is said of an object whose bytes are not what they should be.
 *
 * PICTURE	in the shape that Linux prints, one block:
 *
 *	loam: BUG kmalloc-32: Right Redzone overwritten
 *	  0xffff..52-0xffff..52 @offset=338. First byte 0x58 instead of 0xcc
 *	  Allocated in f+0x1c age=1203 ms cpu=0: f+0x1c <- g+0x20 <- h+0x8
 *	  Freed in ...
 *	  Slab 0xffff..  objects=36 this is object 4, in use by its owner
 *	  Object 0xffff..40 of 32 bytes, 18 asked for
 *	  Redzone  ffff..38: cc cc cc cc cc cc cc cc                          ........
 *	  Object   ffff..40: 5a 5a ...
 *	  Before 0xffff..  free, Freed in ...
 *	  Behind 0xffff..  in use, Allocated in ...
 *	FIX kmalloc-32: Restoring Right Redzone 0xffff..52-0xffff..52=0xcc
 *
 * LOCKING	Any context, also under a node's lock: nothing here takes one, so that what is said of neighbours is a
 *		glance.
 * LINUX	mm/slub.c: print_trailer(), print_track(), print_section(), slab_bug(), slab_fix().
 */
#include <mm/slab.h>

#include <lib/clock.h>
#include <lib/poison.h>
#include <lib/printk.h>
#include <lib/report.h>
#include <lib/stack_depot.h>
#include <lib/string.h>
#include <lib/symbols.h>

#include "debug.h"

static struct slab_debug_stats stats;

struct slab_debug_stats slab_debug_stats(void)
{
	return (struct slab_debug_stats){.reports = READ_ONCE(stats.reports),
					 .repairs = READ_ONCE(stats.repairs)};
}

/* The innermost caller that is no function of the allocator's own. */
static uintptr_t track_owner(const struct slab_track *track)
{
	static const char *const own[] = {"kmem_cache_", "kmalloc", "__kmalloc", "kfree",
					  "krealloc",	 "cache_",  "node_",	 "impl_",
					  "kmemdup",	 "kstr"};
	unsigned int frame;
	size_t i;

	for (frame = 0; frame < TRACK_DEPTH && track->caller[frame]; frame++) {
		const char *name = symbol_lookup(track->caller[frame], NULL, NULL);

		for (i = 0; name && i < ARRAY_SIZE(own); i++)
			if (!strncmp(name, own[i], strlen(own[i])))
				break;
		if (i == ARRAY_SIZE(own) || !name)
			return track->caller[frame];
	}
	return track->caller[0];
}

/* "f+0x1c <- g+0x20 <- ..." */
static void track_print(const char *what, const struct slab_track *track)
{
	char text[256];
	int length = 0;
	unsigned int i;

	if (!track->caller[0])
		return;
	if (!track->stack || !stack_depot_snprint(track->stack, text, sizeof(text)))
		for (i = 0; i < TRACK_DEPTH && track->caller[i]; i++)
			length += scnprintf(text + length, sizeof(text) - (size_t)length, "%s%pB",
					    i ? " <- " : "", (void *)track->caller[i]);
	report_line("%s in %pB age=%llu ms cpu=%u: %s", what, (void *)track_owner(track),
		    (unsigned long long)(clock_ms() - track->when_ms), track->cpu, text);
}

void debug_report_tracks(const struct kmem_cache *cache, const void *object)
{
	const struct slab_meta *meta = object_meta(cache, object);

	if (!(cache->flags & SLAB_STORE_USER))
		return;
	track_print("Allocated", &meta->track[TRACK_ALLOC]);
	track_print("Freed", &meta->track[TRACK_FREE]);
}

/* Sixteen bytes a line, as numbers and as text. (Linux: print_section) */
static void dump(const char *name, const unsigned char *bytes, size_t size)
{
	char hex[3 * 16 + 1], text[17];
	size_t i, line, length;

	for (line = 0; line < min(size, 128); line += 16) {
		length = min(size - line, 16);
		for (i = 0; i < length; i++) {
			unsigned char byte = bytes[line + i];

			snprintf(hex + 3 * i, 4, "%02x ", byte);
			text[i] = byte >= ' ' && byte <= '~' ? (char)byte : '.';
		}
		text[length] = '\0';
		report_line("%-8s %px: %-48s %s", name, bytes + line, hex, text);
	}
}

static void report_neighbour(const char *which, const void *address)
{
	struct slab_object found;

	if (!slab_describe(address, &found) || !found.object)
		return;
	report_line("%s %px %s", which, (void *)found.object,
		    found.allocated ? "in use by its owner" : "free");
	mem_unpoison((void *)found.object, found.cache->size - found.cache->red_left);
	debug_report_tracks(found.cache, (void *)found.object);
}

void debug_report_fault(const struct kmem_cache *cache, const void *object,
			const struct pattern_fault *fault)
{
	const unsigned char *bytes = object;
	struct slab_object found = {.objects = 0};

	stats.reports++;
	slab_describe(object, &found);
	report_open(REPORT_BUG, "%s: %s overwritten", cache->name, fault->what);
	report_line("%px-%px @offset=%lu. First byte 0x%x instead of 0x%x", fault->first,
		    fault->last, (unsigned long)((uintptr_t)fault->first - found.slab),
		    *fault->first, fault->wanted);
	debug_report_tracks(cache, object);
	report_line("Slab %px objects=%u, this is object %u, %s", (void *)found.slab, found.objects,
		    found.index, found.allocated ? "in use by its owner" : "free");
	report_line("Object %px of %zu bytes, %zu asked for", object, cache->object_size,
		    debug_usable_size(cache, object));
	dump("Redzone", bytes - cache->red_left, min(cache->red_left, 16));
	dump("Object", bytes, cache->object_size);
	dump("Redzone", bytes + cache->object_size, cache->inuse - cache->object_size);
	if (found.index > 0)
		report_neighbour("Before", bytes - cache->size);
	if (found.index + 1 < found.objects)
		report_neighbour("Behind", bytes + cache->size);
	report_stack("found");
	report_close();
}

void debug_repair(const struct kmem_cache *cache, const struct pattern_fault *fault)
{
	stats.repairs++;
	memset(fault->first, fault->wanted, (size_t)(fault->last - fault->first) + 1);
	pr_err("FIX %s: Restoring %s %px-%px=0x%x", cache->name, fault->what, fault->first,
	       fault->last, fault->wanted);
}

/* ---- Who holds what ---- */

struct leak_walk {
	struct slab_leak *leaks;
	unsigned int max, nr;
};

static bool same_callers(const struct slab_leak *leak, const struct slab_track *track)
{
	return memcmp(leak->caller, track->caller, sizeof(leak->caller)) == 0;
}

static unsigned long count_leak(struct kmem_cache *cache, void *object, bool allocated,
				void *context)
{
	const struct slab_track *track = &object_meta(cache, object)->track[TRACK_ALLOC];
	struct leak_walk *walk = context;
	struct slab_leak *leak;

	if (!allocated)
		return 0;
	mem_unpoison(object, cache->size - cache->red_left);
	for (leak = walk->leaks; leak < walk->leaks + walk->nr; leak++)
		if (same_callers(leak, track))
			break;
	if (leak == walk->leaks + walk->nr) {
		if (walk->nr == walk->max)
			return 1;
		*leak = (struct slab_leak){.stack = track->stack, .oldest_ms = track->when_ms};
		memcpy(leak->caller, track->caller, sizeof(leak->caller));
		walk->nr++;
	}
	leak->objects++;
	leak->bytes += debug_usable_size(cache, object);
	leak->oldest_ms = min(leak->oldest_ms, track->when_ms);
	return 1;
}

unsigned int slab_leaks(struct kmem_cache *cache, struct slab_leak *leaks, unsigned int max)
{
	struct leak_walk walk = {.leaks = leaks, .max = max};

	static_assert(SLAB_LEAK_DEPTH == TRACK_DEPTH, "a leak is told with what an object knows");
	if (!(cache->flags & SLAB_STORE_USER))
		return 0;
	impl_cache_drain(cache);
	impl_visit_objects(cache, count_leak, &walk);
	return walk.nr;
}
