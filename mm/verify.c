/* SPDX-License-Identifier: MIT */
/*
 * verify.c - prove the whole of mm, and count what a leak would change.
 *
 * Each floor checks itself; here they are called from the ground up, so that
 * the first line that is printed is the nearest to the cause.
 *
 * COST		Some 40 instructions a page: every struct page is read once, no page's contents are. Tests
 *		call it after each test.
 * LINUX	No counterpart: CONFIG_DEBUG_VM checks at the places of use.
 */
#include <mm/init.h>

#include <lib/printk.h>
#include <lib/report.h>
#include <lib/stack_depot.h>
#include <mm/bootmem.h>
#include <mm/early.h>
#include <mm/memblock.h>
#include <mm/percpu.h>
#include <mm/pgtable.h>
#include <mm/buddy.h>
#include <mm/pcp.h>
#include <mm/set_memory.h>
#include <mm/slab.h>
#include <mm/dev_kmalloc.h>
#include <mm/mempool.h>
#include <mm/ioport.h>
#include <mm/kmap.h>
#include <mm/vmalloc.h>

static bool all_zones_check(void)
{
	struct zone *zone;
	bool good = true;

	for_each_populated_zone (zone)
		good = buddy_check(zone) && pcp_check(zone) && good;
	return good;
}

/* Every check runs, also behind one that failed. */
bool mm_verify(void)
{
	bool good = memblock_check(&memblock);

	if (!early_is_closed())
		good = bootmem_check() && good;
	good = pgtable_check() && good;
	good = all_zones_check() && good;
	good = page_check() && good;
	good = set_memory_check() && good;
	good = percpu_check() && good;
	good = slab_check() && good;
	good = mempool_check() && good;
	good = dev_kmalloc_check() && good;
	good = vmalloc_check() && good;
	good = resource_check() && good;
	good = kmap_check() && good;
	good = stack_depot_check() && good;
	return good;
}

/* --- accounts --------------------------------------------------------------- */

static void count_slabs(struct mm_accounts *accounts)
{
	struct kmem_cache *cache = NULL;
	struct slab_info info;

	while ((cache = slab_next_cache(cache))) {
		slab_get_info(cache, &info);
		accounts->caches++;
		accounts->slabs += info.slabs;
		accounts->slab_objects += info.active_objects;
	}
}

static void count_areas(struct mm_accounts *accounts)
{
	struct vmalloc_counts areas;
	struct kmap_counts windows;

	vmalloc_count(&areas);
	kmap_count(&windows);
	accounts->kmaps = windows.used;
	accounts->areas = areas.areas;
	accounts->area_pages = areas.pages;
}

static void count_percpu(struct mm_accounts *accounts)
{
	struct percpu_info info;

	percpu_get_info(&info);
	accounts->percpu_areas = info.areas;
	accounts->percpu_bytes = info.bytes;
}

void mm_accounts_take(struct mm_accounts *accounts)
{
	struct zone *zone;
	unsigned int order;

	static_assert(ARRAY_SIZE(accounts->free_blocks) == MAX_ORDER, "one count an order");

	vmalloc_drain();
	slab_drain();
	percpu_drain();
	drain_all_pages();
	*accounts = (struct mm_accounts){.free_pages = nr_free_pages(), .reports = report_count()};
	for_each_populated_zone (zone)
		for (order = 0; order < MAX_ORDER; order++)
			accounts->free_blocks[order] += zone->free_area[order].nr_free;
	count_slabs(accounts);
	count_percpu(accounts);
	count_areas(accounts);
}

static bool same(const char *what, unsigned long before, unsigned long after, struct text_sink *say)
{
	struct seq_file file = {.sink = say};

	if (before == after)
		return true;
	if (say)
		seq_printf(&file, "%s: %lu before, %lu after\n", what, before, after);
	return false;
}

bool mm_accounts_equal(const struct mm_accounts *before, const struct mm_accounts *after,
		       struct text_sink *say)
{
	bool equal = same("free pages", before->free_pages, after->free_pages, say);
	unsigned int order;
	char name[32];

	for (order = 0; order < MAX_ORDER; order++) {
		snprintf(name, sizeof(name), "free blocks of order %u", order);
		equal &= same(name, before->free_blocks[order], after->free_blocks[order], say);
	}
	equal &= same("caches", before->caches, after->caches, say);
	equal &= same("slabs", before->slabs, after->slabs, say);
	equal &= same("slab objects", before->slab_objects, after->slab_objects, say);
	equal &= same("per-CPU areas", before->percpu_areas, after->percpu_areas, say);
	equal &= same("per-CPU bytes", before->percpu_bytes, after->percpu_bytes, say);
	equal &= same("kmap slots", before->kmaps, after->kmaps, say);
	equal &= same("vmalloc areas", before->areas, after->areas, say);
	equal &= same("pages of vmalloc areas", before->area_pages, after->area_pages, say);
	equal &= same("reports", before->reports, after->reports, say);
	return equal;
}
