/* SPDX-License-Identifier: MIT */
/*
 * mm/shrinker.h - who can give memory back when asked.
 *
 *	static unsigned long count(struct shrinker *shrinker, struct shrink_control *control);
 *	static unsigned long scan(struct shrinker *shrinker, struct shrink_control *control);
 *	static struct shrinker mine = {.count_objects = count, .scan_objects = scan, .seeks = DEFAULT_SEEKS};
 *
 *	register_shrinker(&mine);
 *
 * (Linux: include/linux/shrinker.h)
 */
#pragma once

#include <lib/list.h>
#include <mm/gfp.h>

#define DEFAULT_SEEKS 2
#define SHRINK_STOP   (~0UL)	 /* scan_objects: nothing can be done now */
#define SHRINK_EMPTY  (~0UL - 1) /* count_objects: there is nothing, now or soon; 0 means not now */

struct shrink_control {
	gfp_t gfp_mask;
	unsigned long nr_to_scan; /* how many objects to look at */
	unsigned long nr_scanned; /* how many were; the caller sets it to nr_to_scan */
};

struct shrinker {
	/* How many objects could go. No locks that a requester of memory may hold: it only tries. */
	unsigned long (*count_objects)(struct shrinker *shrinker, struct shrink_control *control);
	/* Free some of them; how many, or SHRINK_STOP. */
	unsigned long (*scan_objects)(struct shrinker *shrinker, struct shrink_control *control);
	int seeks;  /* what an object costs to make anew; 0: nothing, half of all go at once */
	long batch; /* objects a call; 0: 128 */
	struct list_head list;
	unsigned long nr_deferred; /* asked for earlier, and not done */
};

/* Task context. A shrinker that is registered twice, or removed twice, is a CHECK. */
void register_shrinker(struct shrinker *shrinker);
void unregister_shrinker(struct shrinker *shrinker);

/* Ask each shrinker for its share at this priority: 0 all, each step more half of that. What they freed. */
unsigned long shrink_slab(gfp_t gfp, int priority);
