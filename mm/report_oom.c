/* SPDX-License-Identifier: MIT */
/*
 * report_oom.c - out of memory: what was asked for, and who holds what.
 *
 * FLOOR	mm. Registered with mm/page, which calls it. Allocates nothing.
 * LINUX	mm/show_mem.c: show_free_areas(); mm/oom_kill.c: dump_header().
 */
#include <mm/init.h>

#include <lib/printk.h>
#include <lib/stack_depot.h>
#include <lib/string.h>
#include <mm/page_debug.h>
#include <mm/page_owner.h>
#include <mm/pcp.h>
#include <mm/reclaim.h>
#include <mm/slab.h>
#include <mm/vmalloc.h>

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

static void say_areas(void)
{
	struct vmalloc_counts counts;

	vmalloc_count(&counts);
	pr_warn("  vmalloc: %lu pages in %lu areas, %lu more wait for a flush\n", counts.pages,
		counts.areas, counts.lazy_pages);
}

/* --- owners, where they are known ------------------------------------------------- */

/* Nothing can be allocated here, so the callers compete for a few slots: one that is rare makes room for the next. */
#define NR_SLOTS 64
struct caller {
	depot_stack_handle_t stack;
	unsigned long nr_pages;
};

static bool add_owner(struct page *page, const struct page_owner *owner, void *context)
{
	struct caller *callers = context, *slot = callers, *at;

	for (at = callers; at < callers + NR_SLOTS; at++) {
		if (at->stack == owner->allocated) {
			at->nr_pages += 1UL << page->order;
			return true;
		}
		if (at->nr_pages < slot->nr_pages)
			slot = at;
	}
	*slot = (struct caller){owner->allocated, 1UL << page->order};
	return true;
}

static void say_largest_owners(void)
{
	static struct caller callers[NR_SLOTS];
	struct caller *largest, *at;
	char text[256];

	if (!page_debug_is_on(PAGE_DEBUG_OWNER))
		return;
	memset(callers, 0, sizeof(callers));
	page_owner_visit(add_owner, callers);
	for (int i = 0; i < 5; i++) {
		for (at = largest = callers; at < callers + NR_SLOTS; at++)
			if (at->nr_pages > largest->nr_pages)
				largest = at;
		if (!largest->nr_pages)
			break;
		stack_depot_snprint(largest->stack, text, sizeof(text));
		pr_warn("  owner of %lu pages: %s\n", largest->nr_pages, text);
		largest->nr_pages = 0;
	}
}

void mm_report_out_of_memory(gfp_t gfp, unsigned int order)
{
	struct zone *zone;

	pr_warn("out of memory: order:%u, gfp:0x%x; %lu of %lu pages are free\n", order, gfp,
		nr_free_pages(), totalram_pages());
	for_each_populated_zone (zone)
		say_zone(zone);
	say_large_caches();
	say_areas();
	say_largest_owners();
}
