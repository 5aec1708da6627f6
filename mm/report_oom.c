/* SPDX-License-Identifier: MIT */
/*
 * report_oom.c - out of memory: what was asked for, and who holds what.
 *
 * FLOOR	mm. Registered with mm/page, which calls it. Allocates nothing.
 * LINUX	mm/show_mem.c: show_free_areas(); mm/oom_kill.c: dump_header().
 */
#include <mm/init.h>

#include <lib/printk.h>
#include <mm/pcp.h>
#include <mm/reclaim.h>
#include <mm/slab.h>

static void say_zone(const struct zone *zone)
{
	char blocks[MAX_ORDER * 8];
	unsigned int order;
	int length = 0;

	for (order = 0; order < MAX_ORDER; order++)
		length += scnprintf(blocks + length, sizeof(blocks) - (size_t)length, " %lu",
				    zone->free_area[order].nr_free);
	pr_warn("  node %d, zone %s: free %lu, per-CPU %lu, min %lu, low %lu, high %lu, managed "
		"%lu pages; blocks by order:%s\n",
		zone->nid, zone->name, zone->nr_free, zone_pcp_pages(zone),
		zone->watermark[WMARK_MIN], zone->watermark[WMARK_LOW], zone->watermark[WMARK_HIGH],
		zone->managed_pages, blocks);
}

/* Caches that hold a hundredth of memory or more. */
static void say_large_caches(void)
{
	struct kmem_cache *cache = NULL;
	unsigned long nr_pages, all = 0;
	struct slab_info info;

	while ((cache = slab_next_cache(cache))) {
		slab_get_info(cache, &info);
		nr_pages = info.slabs << info.order;
		all += nr_pages;
		if (nr_pages && nr_pages >= totalram_pages() / 100)
			pr_warn("  cache %s: %lu pages, %lu of %lu objects in use\n", info.name,
				nr_pages, info.active_objects, info.objects);
	}
	pr_warn("  slabs: %lu pages in all\n", all);
}

void mm_report_out_of_memory(gfp_t gfp, unsigned int order)
{
	struct zone *zone;

	pr_warn("out of memory: order:%u, gfp:0x%x; %lu of %lu pages are free\n", order, gfp,
		nr_free_pages(), totalram_pages());
	for_each_populated_zone (zone)
		say_zone(zone);
	say_large_caches();
}
