/* SPDX-License-Identifier: MIT */
/*
 * report_zones.c - /proc/zoneinfo, and how broken up the zones' free memory is.
 *
 * FLOOR	mm.
 * LINUX	mm/vmstat.c: zoneinfo_show_print(), extfrag_show(), unusable_show().
 */
#include <mm/init.h>

#include <mm/compaction.h>
#include <mm/migrate.h>
#include <mm/pcp.h>
#include <mm/percpu.h>
#include <mm/zone.h>
#include "report.h"

static void show_node_counters(struct seq_file *file, int nid)
{
	seq_puts(file, "\n  per-node stats");
	for (unsigned int i = 0; i < NR_NODE_ITEMS; i++)
		seq_printf(file, "\n      %-12s %lu", node_items[i], node_item_value(i, nid));
}

static void show_zone_pages(struct seq_file *file, const struct zone *zone)
{
	seq_printf(file,
		   "\n  pages free     %lu"
		   "\n        boost    %lu"
		   "\n        min      %lu"
		   "\n        low      %lu"
		   "\n        high     %lu",
		   zone->nr_free, 0UL, zone->watermark[WMARK_MIN], zone->watermark[WMARK_LOW],
		   zone->watermark[WMARK_HIGH]);
	seq_printf(file,
		   "\n        spanned  %lu"
		   "\n        present  %lu"
		   "\n        managed  %lu"
		   "\n        cma      %lu",
		   zone->spanned_pages, zone->present_pages, zone->managed_pages,
		   zone_cma_pages(zone));
	seq_printf(file, "\n        protection: (%lu, %lu, %lu, %lu)",
		   zone->lowmem_reserve[ZONE_DMA], zone->lowmem_reserve[ZONE_DMA32],
		   zone->lowmem_reserve[ZONE_NORMAL], zone->lowmem_reserve[ZONE_HIGHMEM]);
}

static void show_zone(struct seq_file *file, const struct zone *zone, bool first_of_node)
{
	seq_printf(file, "Node %d, zone %8s", zone->nid, zone->name);
	if (first_of_node)
		show_node_counters(file, zone->nid);
	show_zone_pages(file, zone);
	if (!populated_zone(zone)) {
		seq_putc(file, '\n');
		return;
	}
	for (unsigned int i = 0; i < NR_ZONE_ITEMS; i++)
		seq_printf(file, "\n      %-12s %lu", zone_items[i].name,
			   zone_items[i].value ? zone_items[i].value(zone) : 0UL);
	seq_puts(file, "\n  pagesets");
	for (unsigned int cpu = 0; cpu < nr_possible_cpus(); cpu++)
		seq_printf(file,
			   "\n    cpu: %u"
			   "\n              count: %i"
			   "\n              high:  %i"
			   "\n              batch: %i"
			   "\n  vm stats threshold: %d",
			   cpu, zone->pageset[cpu].count, zone->pageset[cpu].high,
			   zone->pageset[cpu].batch, 0);
	seq_printf(file, "\n  node_unreclaimable:  %u\n  start_pfn:           %lu\n", 0,
		   zone->start_pfn);
}

void proc_zoneinfo(struct seq_file *file)
{
	struct zone *zone;
	int nid_shown = -1;

	for_each_zone (zone) {
		bool first = zone->nid != nid_shown && populated_zone(zone);

		if (first)
			nid_shown = zone->nid;
		show_zone(file, zone, first);
	}
}

/* --- fragmentation -------------------------------------------------------------------- */

/* Thousandths as Linux prints them: -1.000, 0.375. */
static void show_index(struct seq_file *file, int index)
{
	seq_printf(file, "%s%d.%03d ", index < 0 ? "-" : "",
		   index < 0 ? -index / 1000 : index / 1000,
		   index < 0 ? -index % 1000 : index % 1000);
}

static void show_indices(struct seq_file *file, int (*index)(const struct zone *, unsigned int))
{
	struct zone *zone;

	for_each_populated_zone (zone) {
		seq_printf(file, "Node %d, zone %8s ", zone->nid, zone->name);
		for (unsigned int order = 0; order < MAX_ORDER; order++)
			show_index(file, index(zone, order));
		seq_putc(file, '\n');
	}
}

void proc_extfrag_index(struct seq_file *file)
{
	show_indices(file, extfrag_index);
}

void proc_unusable_index(struct seq_file *file)
{
	show_indices(file, unusable_index);
}

/* One zone: a column for each order, under its size. */
static void show_fragmentation(struct seq_file *file, const struct zone *zone)
{
	unsigned int order;
	int index;

	seq_printf(file, "node %d, zone %s: %lu pages free\n  block KiB   ", zone->nid, zone->name,
		   zone->nr_free);
	for (order = 0; order < MAX_ORDER; order++)
		seq_printf(file, "%6lu", 4UL << order);
	seq_puts(file, "\n  unusable    ");
	for (order = 0; order < MAX_ORDER; order++)
		seq_printf(file, "%5d%%", unusable_index(zone, order) / 10);
	seq_puts(file, "\n  why it fails");
	for (order = 0; order < MAX_ORDER; order++) {
		index = extfrag_index(zone, order);
		if (index < 0)
			seq_puts(file, "     -");
		else
			seq_printf(file, " %d.%03d", index / 1000, index % 1000);
	}
	seq_putc(file, '\n');
}

void mm_report_fragmentation(struct seq_file *file)
{
	struct zone *zone;

	for_each_populated_zone (zone)
		show_fragmentation(file, zone);
	seq_puts(file,
		 "unusable: the share of free memory in blocks too small for that size\n"
		 "why it fails: towards 0 for want of memory, towards 1 because what is free is "
		 "in pieces (`compact` helps); - it does not fail\n");
}
