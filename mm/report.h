/* SPDX-License-Identifier: MIT */
/*
 * report.h - tables that the /proc files share. For mm/report*.c.
 */
#pragma once

#include <mm/zone.h>

#define NR_ZONE_ITEMS 17
#define NR_NODE_ITEMS 43

/* Pages of slabs: all, and those of caches whose objects a shrinker can have back. */
struct slab_use {
	unsigned long pages, reclaimable;
};
struct slab_use mm_slab_use(void);

/* report_vmstat.c: what is counted of each zone; `value` NULL: nothing, the figure is 0. */
struct zone_item {
	const char *name;
	unsigned long (*value)(const struct zone *zone);
};
extern const struct zone_item zone_items[NR_ZONE_ITEMS];

/* And of each node; nid -1: of all. */
extern const char *const node_items[NR_NODE_ITEMS];
unsigned long node_item_value(unsigned int item, int nid);
