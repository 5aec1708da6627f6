/* SPDX-License-Identifier: MIT */
/*
 * zone.c - the memory of each node by what can reach it.
 *
 * THE IDEA
 *	Some devices reach only low addresses, and the kernel itself reaches
 *	only what is in the direct map. So frames are sorted by address:
 *
 *	0        arch_dma_end()     arch_dma32_end()    high memory start
 *	|  DMA   |      DMA32       |      Normal       |   HighMem  ...
 *
 *	A request names the highest zone that will do; lower ones will do as
 *	well, and are tried last, because others need them more. A limit above
 *	the start of high memory moves down to it: with 256 MiB of which 64 are
 *	high DMA32 ends at 192 MiB and Normal is empty. Each node has all four
 *	zones, most of them empty on most machines.
 *
 * LOCKING	The shape of zones is written at boot and constant after it.
 * COST		1.4 KiB a node; page_zone() is one load.
 * FLOOR	page.
 * LINUX	mm/mm_init.c: free_area_init(), mm/page_alloc.c:
 *		build_all_zonelists(); include/linux/gfp.h: gfp_zone().
 */
#include <mm/zone.h>

#include <arch/memory.h>
#include <lib/check.h>
#include <lib/init.h>
#include <mm/bootmem.h>
#include <mm/early.h>
#include <mm/memblock.h>
#include <mm/migrate.h>
#include <mm/node.h>
#include <mm/pcp.h>
#include "impl.h"

unsigned int nr_nodes __ro_after_init = 1;
static struct pglist_data node0; /* every machine has it */
struct pglist_data *node_data[MAX_NUMNODES] __ro_after_init = {&node0};
struct zone *zone_of_bits[MAX_NUMNODES * MAX_NR_ZONES] __ro_after_init;

static unsigned long end_pfns[MAX_NR_ZONES] __ro_after_init; /* zone_end_pfn() */

unsigned long zone_end_pfn(enum zone_type type)
{
	return end_pfns[type];
}

struct zone *zone_next(struct zone *zone)
{
	int nid;

	if (!zone)
		return &NODE_DATA(0)->zone[0];
	if (zone->type + 1 < MAX_NR_ZONES)
		return zone + 1;
	nid = zone->nid + 1;
	return nid < (int)nr_nodes ? &NODE_DATA(nid)->zone[0] : NULL;
}

unsigned long nr_free_pages(void)
{
	unsigned long sum = 0;
	struct zone *zone;

	for_each_zone (zone)
		sum += READ_ONCE(zone->nr_free);
	return sum;
}

unsigned long totalram_pages(void)
{
	unsigned long sum = 0;
	struct zone *zone;

	for_each_zone (zone)
		sum += zone->managed_pages;
	return sum;
}

/* --- the shape of zones ----------------------------------------------------- */

void zone_init(struct zone *zone, enum zone_type type, int nid)
{
	static const char *const names[] = {"DMA", "DMA32", "Normal", "HighMem"};
	enum migratetype mobility;
	unsigned int order;

	ASSERT(type < MAX_NR_ZONES && nid < MAX_NUMNODES, "zone %d of node %d", type, nid);
	*zone = (struct zone){.name = names[type], .type = type, .nid = nid};
	zone->pageblock_order = PAGEBLOCK_ORDER;
	zone->state_bits = page_state(0, 0, zone_node_bits(zone));
	spin_lock_init(&zone->lock, LOCK_RANK_ZONE);
	for (order = 0; order < MAX_ORDER; order++)
		for (mobility = 0; mobility < MIGRATE_TYPES; mobility++)
			INIT_LIST_HEAD(&zone->free_area[order].free_list[mobility]);
}

int memory_node(int nid)
{
	return nid < 0 || nid >= MAX_NUMNODES ? 0 : nid;
}

static __init void set_zone_ends(void)
{
	unsigned long high = early_high_memory_start() >> PAGE_SHIFT;

	end_pfns[ZONE_DMA] = min(high, (unsigned long)(arch_dma_end() >> PAGE_SHIFT));
	end_pfns[ZONE_DMA32] = min(high, (unsigned long)(arch_dma32_end() >> PAGE_SHIFT));
	end_pfns[ZONE_NORMAL] = high;
	end_pfns[ZONE_HIGHMEM] = ~0UL >> PAGE_SHIFT; /* there is nothing above it */
	CHECK(end_pfns[ZONE_DMA] <= end_pfns[ZONE_DMA32] && end_pfns[ZONE_DMA32] <= high,
	      "zones end at 0x%lx, 0x%lx, 0x%lx", end_pfns[ZONE_DMA], end_pfns[ZONE_DMA32], high);
}

struct zone *zone_of_frame(int nid, unsigned long pfn)
{
	enum zone_type type = ZONE_DMA;

	while (pfn >= zone_end_pfn(type))
		type++;
	return &NODE_DATA(memory_node(nid))->zone[type];
}

static __init void node_init(int nid)
{
	enum zone_type type;

	if (!node_data[nid])
		node_data[nid] = __alloc_bootmem_node(nid, sizeof(struct pglist_data), 0, 0);
	node_data[nid]->nid = nid;
	kswapd_wait_init(node_data[nid]);
	for (type = 0; type < MAX_NR_ZONES; type++) {
		zone_init(&node_data[nid]->zone[type], type, nid);
		zone_of_bits[zone_node_bits(&node_data[nid]->zone[type])] =
			&node_data[nid]->zone[type];
	}
}

static void span_extend(unsigned long *start, unsigned long *spanned, const struct frame_run *run)
{
	ASSERT(!*spanned || run->start >= *start + *spanned, "pfn 0x%lx goes back", run->start);
	if (!*spanned)
		*start = run->start;
	*spanned = run->end - *start;
}

static bool zone_add_present(const struct frame_run *run, void *context)
{
	struct pglist_data *node = NODE_DATA(run->nid);
	struct zone *zone = &node->zone[run->type];
	unsigned long nr_pages = run->end - run->start;

	(void)context;
	if (!run->ram)
		return true;
	span_extend(&zone->start_pfn, &zone->spanned_pages, run);
	span_extend(&node->start_pfn, &node->spanned_pages, run);
	zone->present_pages += nr_pages;
	node->present_pages += nr_pages;
	return true;
}

/* Every pageblock starts movable, which is a map of zeroes; one bit more where the span ends inside a unit. */
static __init void pageblock_map_init(struct zone *zone)
{
	unsigned long end = ALIGN_UP(zone->start_pfn + zone->spanned_pages, MAX_ORDER_NR_PAGES);

	zone->pageblock_base = ALIGN_DOWN(zone->start_pfn, MAX_ORDER_NR_PAGES);
	zone->pageblock_bits = __alloc_bootmem(
		pageblock_map_size(pageblock_index(zone, end - 1) + 1), sizeof(unsigned long), 0);
}

static __init struct zone **zonelist_add_node(struct zone **at, int nid)
{
	enum zone_type type;

	for (type = MAX_NR_ZONES; type-- > 0;)
		if (populated_zone(&NODE_DATA(nid)->zone[type]))
			*at++ = &NODE_DATA(nid)->zone[type];
	return at;
}

static __init void zonelist_init(struct pglist_data *node, struct node_table *table)
{
	struct zone **at = node->zonelist;
	int order[MAX_NUMNODES];
	unsigned int nr = node_fallback_order(table, node->nid, order), i;
	enum zone_type type;

	for (i = 0; i < nr; i++)
		at = zonelist_add_node(at, order[i]);
	*at = NULL;
	for (type = 0; type < MAX_NR_ZONES; type++) {
		for (at = node->zonelist; *at && (*at)->type > type;)
			at++;
		node->zonelist_start[type] = at;
	}
}

static __init void zonelists_init(void)
{
	struct node_table table = {.nr = nr_nodes};
	int nid, to;

	for (nid = 0; nid < (int)nr_nodes; nid++) {
		table.has_memory[nid] = node_has_memory(nid);
		for (to = 0; to < (int)nr_nodes; to++)
			table.distance[nid][to] = (uint8_t)node_distance(nid, to);
	}
	for (nid = 0; nid < (int)nr_nodes; nid++)
		zonelist_init(NODE_DATA(nid), &table);
}

__init void zones_init(void)
{
	struct zone *zone;
	unsigned long index = 0;
	phys_addr_t base, top;
	int nid;

	/* A node may have CPUs and no memory. */
	nr_nodes = max(1U, min(early_boot_info()->nodes.nr, (unsigned int)MAX_NUMNODES));
	while (memblock_next_memory(&index, &base, &top, &nid))
		nr_nodes = max(nr_nodes, (unsigned int)memory_node(nid) + 1);
	for (nid = 0; nid < (int)nr_nodes; nid++)
		node_init(nid);
	set_zone_ends();
	frames_visit(zone_add_present, NULL);
	for_each_populated_zone (zone) {
		pageblock_map_init(zone);
		pcp_init(zone);
	}
	zonelists_init();
}
