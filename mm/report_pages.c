/* SPDX-License-Identifier: MIT */
/*
 * report_pages.c - blocks, pageblocks and per-CPU lists, for people and for /proc.
 *
 * FLOOR	mm.
 * LINUX	mm/vmstat.c: pagetypeinfo_show().
 */
#include <mm/init.h>

#include <lib/string.h>
#include <mm/deferred.h>
#include <mm/migrate.h>
#include <mm/node.h>
#include <mm/page.h>
#include <mm/pcp.h>
#include <mm/percpu.h>

/* --- /proc/pagetypeinfo --------------------------------------------------------- */

static void show_free_by_type(struct seq_file *file, const struct zone *zone)
{
	enum migratetype type;
	unsigned int order;

	for (type = 0; type < MIGRATE_TYPES; type++) {
		seq_printf(file, "Node %4d, zone %8s, type %12s ", zone->nid, zone->name,
			   migratetype_name(type));
		for (order = 0; order < MAX_ORDER; order++)
			seq_printf(file, "%6lu ", zone->free_area[order].nr_of_type[type]);
		seq_putc(file, '\n');
	}
}

static void show_block_count(struct seq_file *file, const struct zone *zone)
{
	unsigned long nr[MIGRATE_TYPES];
	enum migratetype type;

	pageblocks_count(zone, nr);
	seq_printf(file, "Node %d, zone %8s ", zone->nid, zone->name);
	for (type = 0; type < MIGRATE_TYPES; type++)
		seq_printf(file, "%12lu ", nr[type]);
	seq_putc(file, '\n');
}

static void for_zones_of(struct seq_file *file, int nid,
			 void (*show)(struct seq_file *file, const struct zone *zone))
{
	const struct zone *zone = NODE_DATA(nid)->zone;

	for (; zone < NODE_DATA(nid)->zone + MAX_NR_ZONES; zone++)
		if (populated_zone(zone))
			show(file, zone);
}

static void show_page_types(struct seq_file *file, int nid)
{
	enum migratetype type;
	unsigned int order;

	seq_printf(file, "Page block order: %d\nPages per block:  %lu\n\n", PAGEBLOCK_ORDER,
		   1UL << PAGEBLOCK_ORDER);
	seq_printf(file, "%-43s ", "Free pages count per migrate type at order");
	for (order = 0; order < MAX_ORDER; order++)
		seq_printf(file, "%6u ", order);
	seq_putc(file, '\n');
	for_zones_of(file, nid, show_free_by_type);
	seq_printf(file, "\n%-23s", "Number of blocks type ");
	for (type = 0; type < MIGRATE_TYPES; type++)
		seq_printf(file, "%12s ", migratetype_name(type));
	seq_putc(file, '\n');
	for_zones_of(file, nid, show_block_count);
}

/* Each node with memory has the whole table, heads and all, as in Linux. */
void proc_pagetypeinfo(struct seq_file *file)
{
	for (int nid = 0; nid < (int)nr_nodes; nid++)
		if (node_has_memory(nid))
			show_page_types(file, nid);
}

/* --- the prompt's buddy ----------------------------------------------------------- */

#define MAP_WIDTH 64
#define MAP_MOST  1024 /* letters; of larger zones each letter is the first of several pageblocks */

/* U M R H C I, or a point where no page is the zone's. */
static char pageblock_letter(const struct zone *zone, unsigned long pfn)
{
	if (!zone_has_frame(zone, pfn))
		return '.';
	return migratetype_name(pageblock_type(zone, pfn))[0];
}

static void draw_pageblocks(struct seq_file *file, const struct zone *zone)
{
	unsigned long nr = (zone->spanned_pages >> zone->pageblock_order) + 1, drawn = 0;
	unsigned long step = (nr + MAP_MOST - 1) / MAP_MOST << zone->pageblock_order;
	unsigned long pfn = zone->start_pfn, end = pfn + zone->spanned_pages;

	seq_printf(file,
		   "  pageblocks of %lu KiB, a letter for %lu (Unmovable Movable Reclaimable "
		   "HighAtomic CMA Isolate, . no memory):",
		   4UL << zone->pageblock_order, step >> zone->pageblock_order);
	for (; pfn < end; pfn = ALIGN_DOWN(pfn, step) + step) {
		if (drawn++ % MAP_WIDTH == 0)
			seq_puts(file, "\n    ");
		seq_putc(file, pageblock_letter(zone, pfn));
	}
	seq_putc(file, '\n');
}

static void report_zone(struct seq_file *file, const struct zone *zone)
{
	seq_printf(
		file,
		"node %d, zone %s: pfn 0x%lx..0x%lx, %lu of %lu managed pages free; free blocks, "
		"and their share of what is free:\n",
		zone->nid, zone->name, zone->start_pfn, zone->start_pfn + zone->spanned_pages - 1,
		zone->nr_free, zone->managed_pages);
	for (unsigned int order = 0; order < MAX_ORDER; order++) {
		unsigned long blocks = zone->free_area[order].nr_free;
		unsigned long nr_pages = blocks << order;
		unsigned long bar = zone->nr_free ? nr_pages * 50 / zone->nr_free : 0;

		seq_printf(file, "  order %2u %6lu KiB x %-6lu = %7lu pages  ", order, 4UL << order,
			   blocks, nr_pages);
		for (unsigned long i = 0; i < bar + (nr_pages && !bar); i++)
			seq_putc(file, bar ? '#' : '.');
		seq_putc(file, '\n');
	}
	draw_pageblocks(file, zone);
}

void mm_report_buddy(struct seq_file *file, const char *name)
{
	struct zone *zone;
	bool any = false;

	for_each_populated_zone (zone) {
		if (name && strcmp(name, zone->name))
			continue;
		report_zone(file, zone);
		any = true;
	}
	if (!any)
		seq_printf(file, "zone %s has no memory on this machine\n", name);
}

/* --- /proc/percpu ------------------------------------------------------------- */

void proc_percpu(struct seq_file *file)
{
	struct percpu_info info;

	percpu_get_info(&info);
	seq_printf(file, "cpus          %8u\nunit          %8u bytes of each chunk, for each cpu\n",
		   nr_possible_cpus(), info.unit_size);
	seq_printf(file, "static        %8lu bytes\nareas         %8lu\n", info.static_size,
		   info.areas);
	seq_printf(file, "dynamic       %8lu bytes of each cpu\nchunks        %8lu\n", info.bytes,
		   info.chunks);
	seq_printf(file, "pages         %8lu, %lu of them empty\nbitmap pages  %8lu\n", info.pages,
		   info.empty_pages, info.meta_pages);
}

/* --- the prompt's pcp --------------------------------------------------------------- */

static unsigned int list_length(const struct list_head *head)
{
	const struct list_head *link;
	unsigned int length = 0;

	for (link = head->next; link != head; link = link->next)
		length++;
	return length;
}

static void show_pcp(struct seq_file *file, const struct zone *zone, unsigned int cpu)
{
	const struct per_cpu_pages *pcp = &zone->pageset[cpu];
	enum migratetype type;
	unsigned int order;

	seq_printf(file,
		   "node %d, zone %s, cpu %u: %d pages in lists, at most %d, %d moved at once; "
		   "blocks in each list:\n",
		   zone->nid, zone->name, cpu, pcp->count, pcp->high, pcp->batch);
	for (type = 0; type < MIGRATE_PCPTYPES; type++) {
		seq_printf(file, "  %-12s", migratetype_name(type));
		for (order = 0; order <= PCP_MAX_ORDER; order++)
			seq_printf(file, "  order %u %5u", order,
				   list_length(&pcp->lists[pcp_list_index(order, type)]));
		seq_putc(file, '\n');
	}
}

void mm_report_pcp(struct seq_file *file)
{
	struct zone *zone;
	unsigned int cpu;

	for_each_populated_zone (zone)
		for (cpu = 0; cpu < nr_possible_cpus(); cpu++)
			show_pcp(file, zone, cpu);
}
