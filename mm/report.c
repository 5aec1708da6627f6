/* SPDX-License-Identifier: MIT */
/*
 * report.c - the /proc files of the memory subsystem.
 *
 * Fields, order and widths are those of Linux 6.1, so that a parser written for
 * Linux reads them; a thing that Loam has not is 0. Each file is a snapshot
 * taken field by field without stopping anybody: sums may be off by what changed meanwhile.
 * LINUX	fs/proc/meminfo.c, mm/vmstat.c (buddyinfo), mm/slab_common.c.
 */
#include <mm/init.h>

#include <mm/early.h>
#include <mm/memblock.h>
#include <mm/migrate.h>
#include <mm/page_debug.h>
#include <mm/pcp.h>
#include <mm/pgtable.h>
#include <mm/slab.h>
#include <mm/vmalloc.h>
#include <mm/zone.h>
#include <mm/percpu.h>
#include "report.h"

static unsigned long pages_to_kib(unsigned long nr_pages)
{
	return nr_pages << (PAGE_SHIFT - 10);
}

struct slab_use mm_slab_use(void)
{
	struct kmem_cache *cache = NULL;
	struct slab_use use = {0};
	struct slab_info info;

	while ((cache = slab_next_cache(cache))) {
		slab_get_info(cache, &info);
		use.pages += info.slabs << info.order;
		if (kmem_cache_flags(cache) & SLAB_RECLAIM_ACCOUNT)
			use.reclaimable += info.slabs << info.order;
	}
	return use;
}

/* Pages of per-CPU areas, for all CPUs, as Linux counts them: without the bitmaps'. */
static unsigned long percpu_pages(void)
{
	struct percpu_info info;

	percpu_get_info(&info);
	return info.pages;
}

struct high_low {
	unsigned long high_total, high_free;
};

static struct high_low high_memory(void)
{
	struct high_low sum = {0};
	struct zone *zone;

	for_each_populated_zone (zone) {
		if (zone->type != ZONE_HIGHMEM)
			continue;
		sum.high_total += zone->managed_pages;
		sum.high_free += zone->nr_free;
	}
	return sum;
}

struct cma_pages {
	unsigned long total, free;
};

static struct cma_pages cma_memory(void)
{
	struct cma_pages sum = {0};
	struct zone *zone;

	for_each_populated_zone (zone) {
		sum.total += zone_cma_pages(zone);
		sum.free += zone_free_pages_of(zone, MIGRATE_CMA);
	}
	return sum;
}

/* What could be allocated without swapping: free memory above the reserves. */
static unsigned long available_pages(void)
{
	struct zone *zone;
	unsigned long reserve = 0, nr_free = nr_free_pages();

	for_each_populated_zone (zone)
		reserve += zone->watermark[WMARK_LOW];
	return nr_free > reserve ? nr_free - reserve : 0;
}

struct leaf_sizes {
	size_t bytes[3]; /* by level */
};

static bool count_leaf(const struct pt_entry *entry, void *context)
{
	struct leaf_sizes *sizes = context;
	uintptr_t base = arch_region_base(REGION_DIRECT_MAP);

	if (entry->va >= base && entry->va - base < arch_region_size(REGION_DIRECT_MAP) &&
	    entry->level < ARRAY_SIZE(sizes->bytes))
		sizes->bytes[entry->level] += entry->size;
	return true;
}

static void show_kib(struct seq_file *file, const char *name, unsigned long kib)
{
	seq_printf(file, "%-16s%8lu kB\n", name, kib);
}

static void show_zeroes(struct seq_file *file, const char *const *names, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		show_kib(file, names[i], 0);
}

static void show_page_cache(struct seq_file *file)
{
	static const char *const names[] = {
		"Buffers:",	   "Cached:",	    "SwapCached:",     "Active:",
		"Inactive:",	   "Active(anon):", "Inactive(anon):", "Active(file):",
		"Inactive(file):", "Unevictable:",  "Mlocked:",
	};

	show_zeroes(file, names, ARRAY_SIZE(names));
}

static void show_slab(struct seq_file *file)
{
	struct slab_use use = mm_slab_use();

	show_kib(file, "KReclaimable:", pages_to_kib(use.reclaimable));
	show_kib(file, "Slab:", pages_to_kib(use.pages));
	show_kib(file, "SReclaimable:", pages_to_kib(use.reclaimable));
	show_kib(file, "SUnreclaim:", pages_to_kib(use.pages - use.reclaimable));
}

static void show_kernel_uses(struct seq_file *file)
{
	static const char *const none[] = {"KernelStack:",  "PageTables:", "SecPageTables:",
					   "NFS_Unstable:", "Bounce:",	   "WritebackTmp:"};
	static const char *const huge[] = {"AnonHugePages:", "ShmemHugePages:", "ShmemPmdMapped:",
					   "FileHugePages:", "FilePmdMapped:"};
	struct cma_pages cma = cma_memory();
	struct vmalloc_counts areas;

	vmalloc_count(&areas);
	show_zeroes(file, none, ARRAY_SIZE(none));
	show_kib(file, "CommitLimit:", pages_to_kib(totalram_pages()) / 2);
	show_kib(file, "Committed_AS:", 0);
	show_kib(file, "VmallocTotal:", arch_region_size(REGION_VMALLOC) >> 10);
	show_kib(file, "VmallocUsed:", areas.pages << (PAGE_SHIFT - 10));
	show_kib(file, "VmallocChunk:", 0);
	show_kib(file, "Percpu:", pages_to_kib(percpu_pages()));
	seq_printf(file, "HardwareCorrupted: %5lu kB\n", pages_to_kib(page_poison_nr_set_aside()));
	show_zeroes(file, huge, ARRAY_SIZE(huge));
	show_kib(file, "CmaTotal:", pages_to_kib(cma.total));
	show_kib(file, "CmaFree:", pages_to_kib(cma.free));
}

static void show_huge_pages(struct seq_file *file)
{
	seq_printf(file, "HugePages_Total:   %5lu\n", 0UL);
	seq_printf(file, "HugePages_Free:    %5lu\n", 0UL);
	seq_printf(file, "HugePages_Rsvd:    %5lu\n", 0UL);
	seq_printf(file, "HugePages_Surp:    %5lu\n", 0UL);
	show_kib(file, "Hugepagesize:", 2048);
	show_kib(file, "Hugetlb:", 0);
}

void proc_meminfo(struct seq_file *file)
{
	static const char *const swap_and_files[] = {
		"SwapTotal:", "SwapFree:",  "Zswap:",  "Zswapped:", "Dirty:",
		"Writeback:", "AnonPages:", "Mapped:", "Shmem:"};
	struct high_low high = high_memory();
	struct leaf_sizes leaves = {0};

	pgtable_for_each(count_leaf, &leaves);
	show_kib(file, "MemTotal:", pages_to_kib(totalram_pages()));
	show_kib(file, "MemFree:", pages_to_kib(nr_free_pages()));
	show_kib(file, "MemAvailable:", pages_to_kib(available_pages()));
	show_page_cache(file);
	show_kib(file, "HighTotal:", pages_to_kib(high.high_total));
	show_kib(file, "HighFree:", pages_to_kib(high.high_free));
	show_kib(file, "LowTotal:", pages_to_kib(totalram_pages() - high.high_total));
	show_kib(file, "LowFree:", pages_to_kib(nr_free_pages() - high.high_free));
	show_zeroes(file, swap_and_files, ARRAY_SIZE(swap_and_files));
	show_slab(file);
	show_kernel_uses(file);
	show_huge_pages(file);
	show_kib(file, "DirectMap4k:", leaves.bytes[0] >> 10);
	show_kib(file, "DirectMap2M:", leaves.bytes[1] >> 10);
	show_kib(file, "DirectMap1G:", leaves.bytes[2] >> 10);
}

void proc_buddyinfo(struct seq_file *file)
{
	struct zone *zone;

	for_each_populated_zone (zone) {
		seq_printf(file, "Node %d, zone %8s ", zone->nid, zone->name);
		for (unsigned int order = 0; order < MAX_ORDER; order++)
			seq_printf(file, "%6lu ", zone->free_area[order].nr_free);
		seq_putc(file, '\n');
	}
}

/* --- /proc/slabinfo ---------------------------------------------------------- */

void proc_slabinfo(struct seq_file *file)
{
	struct kmem_cache *cache = NULL;
	struct slab_info info;

	seq_puts(file,
		 "slabinfo - version: 2.1\n"
		 "# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>"
		 " : tunables <limit> <batchcount> <sharedfactor>"
		 " : slabdata <active_slabs> <num_slabs> <sharedavail>\n");
	while ((cache = slab_next_cache(cache))) {
		slab_get_info(cache, &info);
		seq_printf(file, "%-17s %6lu %6lu %6u %4u %4d", info.name, info.active_objects,
			   info.objects, (unsigned int)info.size, info.objects_per_slab,
			   1 << info.order);
		seq_printf(file, " : tunables %4u %4u %4u", info.limit, info.batchcount,
			   info.shared);
		seq_printf(file, " : slabdata %6lu %6lu %6lu\n", info.active_slabs, info.slabs,
			   info.shared_avail);
	}
}

unsigned long mm_memory_gone(void)
{
	const struct boot_info *boot = early_boot_info();
	unsigned long usable = 0;

	for (unsigned int i = 0; i < boot->nr_map; i++)
		if (boot->map[i].type == MEMORY_USABLE)
			usable += boot->map[i].end - boot->map[i].start;
	return usable - (nr_idle_pages() << PAGE_SHIFT);
}
