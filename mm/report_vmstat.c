/* SPDX-License-Identifier: MIT */
/*
 * report_vmstat.c - /proc/vmstat, and the tables that it shares with /proc/zoneinfo.
 *
 * Names and order are those of Linux 6.1 as distributions build it. What happens in Loam has a function or a
 * counter behind its name; all else is 0. A name without either stands as a word of a long string.
 *
 * FLOOR	mm.
 * LINUX	mm/vmstat.c: vmstat_text[], vmstat_show().
 */
#include <mm/init.h>

#include <lib/string.h>
#include <mm/compaction.h>
#include <mm/migrate.h>
#include <mm/vmstat.h>
#include "report.h"

static unsigned long free_pages_of(const struct zone *zone)
{
	return READ_ONCE(zone->nr_free);
}

static unsigned long free_cma_of(const struct zone *zone)
{
	return zone_free_pages_of(zone, MIGRATE_CMA);
}

static unsigned long numa_hit_of(const struct zone *zone)
{
	return zone_numa_pages(zone, NUMA_HIT);
}

static unsigned long numa_miss_of(const struct zone *zone)
{
	return zone_numa_pages(zone, NUMA_MISS);
}

static unsigned long numa_foreign_of(const struct zone *zone)
{
	return zone_numa_pages(zone, NUMA_FOREIGN);
}

static unsigned long numa_local_of(const struct zone *zone)
{
	return zone_numa_pages(zone, NUMA_LOCAL);
}

static unsigned long numa_other_of(const struct zone *zone)
{
	return zone_numa_pages(zone, NUMA_OTHER);
}

const struct zone_item zone_items[NR_ZONE_ITEMS] = {
	{"nr_free_pages", free_pages_of},
	{"nr_zone_inactive_anon", NULL},
	{"nr_zone_active_anon", NULL},
	{"nr_zone_inactive_file", NULL},
	{"nr_zone_active_file", NULL},
	{"nr_zone_unevictable", NULL},
	{"nr_zone_write_pending", NULL},
	{"nr_mlock", NULL},
	{"nr_bounce", NULL},
	{"nr_zspages", NULL},
	{"nr_free_cma", free_cma_of},
	{"numa_hit", numa_hit_of},
	{"numa_miss", numa_miss_of},
	{"numa_foreign", numa_foreign_of},
	{"numa_interleave", NULL},
	{"numa_local", numa_local_of},
	{"numa_other", numa_other_of},
};

const char *const node_items[NR_NODE_ITEMS] = {
	"nr_inactive_anon",
	"nr_active_anon",
	"nr_inactive_file",
	"nr_active_file",
	"nr_unevictable",
	"nr_slab_reclaimable",
	"nr_slab_unreclaimable",
	"nr_isolated_anon",
	"nr_isolated_file",
	"workingset_nodes",
	"workingset_refault_anon",
	"workingset_refault_file",
	"workingset_activate_anon",
	"workingset_activate_file",
	"workingset_restore_anon",
	"workingset_restore_file",
	"workingset_nodereclaim",
	"nr_anon_pages",
	"nr_mapped",
	"nr_file_pages",
	"nr_dirty",
	"nr_writeback",
	"nr_writeback_temp",
	"nr_shmem",
	"nr_shmem_hugepages",
	"nr_shmem_pmdmapped",
	"nr_file_hugepages",
	"nr_file_pmdmapped",
	"nr_anon_transparent_hugepages",
	"nr_vmscan_write",
	"nr_vmscan_immediate_reclaim",
	"nr_dirtied",
	"nr_written",
	"nr_throttled_written",
	"nr_kernel_misc_reclaimable",
	"nr_foll_pin_acquired",
	"nr_foll_pin_released",
	"nr_kernel_stack",
	"nr_page_table_pages",
	"nr_sec_page_table_pages",
	"nr_swapcached",
	"pgpromote_success",
	"pgpromote_candidate",
};

/* Slabs are not counted by node: all of them stand with the first. */
unsigned long node_item_value(unsigned int item, int nid)
{
	struct slab_use use;

	if (nid > 0 || strncmp(node_items[item], "nr_slab_", 8))
		return 0;
	use = mm_slab_use();
	return strcmp(node_items[item], "nr_slab_reclaimable") ? use.pages - use.reclaimable
							       : use.reclaimable;
}

/* --- events ------------------------------------------------------------------------- */

static void show(struct seq_file *file, const char *name, unsigned long value)
{
	seq_printf(file, "%s %lu\n", name, value);
}

/* Each word is the name of what Loam has not. */
static void show_zeroes(struct seq_file *file, const char *names)
{
	const char *end;

	for (; *names; names = *end ? end + 1 : end) {
		end = strchr(names, ' ');
		if (!end)
			end = names + strlen(names);
		seq_printf(file, "%.*s 0\n", (int)(end - names), names);
	}
}

static void show_by_zone(struct seq_file *file, const char *name, bool stalls)
{
	static const char *const zones[MAX_NR_ZONES] = {"dma", "dma32", "normal", "high"};

	for (enum zone_type type = 0; type < MAX_NR_ZONES; type++)
		seq_printf(file, "%s_%s %lu\n", name, zones[type],
			   stalls ? READ_ONCE(vm_events[VM_ALLOCSTALL + type])
				  : vm_pages_taken(type));
	seq_printf(file, "%s_movable 0\n%s_device 0\n", name, name);
}

static void show_page_events(struct seq_file *file)
{
	show_zeroes(file, "pgpgin pgpgout pswpin pswpout");
	show_by_zone(file, "pgalloc", false);
	show_by_zone(file, "allocstall", true);
	show_zeroes(file, "pgskip_dma pgskip_dma32 pgskip_normal pgskip_high pgskip_movable "
			  "pgskip_device");
	show(file, "pgfree", vm_pages_given());
	show_zeroes(file, "pgactivate pgdeactivate pglazyfree pgfault pgmajfault pglazyfreed "
			  "pgrefill pgreuse pgsteal_kswapd pgsteal_direct pgdemote_kswapd "
			  "pgdemote_direct pgscan_kswapd pgscan_direct pgscan_direct_throttle "
			  "pgscan_anon pgscan_file pgsteal_anon pgsteal_file "
			  "zone_reclaim_failed pginodesteal");
	show(file, "slabs_scanned", READ_ONCE(vm_events[VM_SLABS_SCANNED]));
	show_zeroes(file, "kswapd_inodesteal kswapd_low_wmark_hit_quickly "
			  "kswapd_high_wmark_hit_quickly pageoutrun pgrotated drop_pagecache "
			  "drop_slab");
	show(file, "oom_kill", READ_ONCE(vm_events[VM_OOM_KILL]));
}

static void show_migration(struct seq_file *file)
{
	struct compact_stats stats;

	compact_get_stats(&stats);
	show_zeroes(file, "numa_pte_updates numa_huge_pte_updates numa_hint_faults "
			  "numa_hint_faults_local numa_pages_migrated");
	show(file, "pgmigrate_success", READ_ONCE(vm_events[VM_PGMIGRATE_SUCCESS]));
	show(file, "pgmigrate_fail", READ_ONCE(vm_events[VM_PGMIGRATE_FAIL]));
	show_zeroes(file, "thp_migration_success thp_migration_fail thp_migration_split");
	show(file, "compact_migrate_scanned", stats.migrate_scanned);
	show(file, "compact_free_scanned", stats.free_scanned);
	show(file, "compact_isolated", stats.isolated);
	show(file, "compact_stall", stats.stall);
	show(file, "compact_fail", stats.fail);
	show(file, "compact_success", stats.success);
}

static unsigned long sum_over_zones(const struct zone_item *item)
{
	unsigned long sum = 0;
	struct zone *zone;

	for_each_populated_zone (zone)
		sum += item->value ? item->value(zone) : 0;
	return sum;
}

void proc_vmstat(struct seq_file *file)
{
	for (unsigned int i = 0; i < NR_ZONE_ITEMS; i++)
		show(file, zone_items[i].name, sum_over_zones(&zone_items[i]));
	for (unsigned int i = 0; i < NR_NODE_ITEMS; i++)
		show(file, node_items[i], node_item_value(i, -1));
	show_zeroes(file, "nr_dirty_threshold nr_dirty_background_threshold");
	show_page_events(file);
	show_migration(file);
	show_zeroes(file, "compact_daemon_wake compact_daemon_migrate_scanned "
			  "compact_daemon_free_scanned htlb_buddy_alloc_success "
			  "htlb_buddy_alloc_fail cma_alloc_success cma_alloc_fail "
			  "unevictable_pgs_culled unevictable_pgs_scanned "
			  "unevictable_pgs_rescued unevictable_pgs_mlocked "
			  "unevictable_pgs_munlocked unevictable_pgs_cleared "
			  "unevictable_pgs_stranded thp_fault_alloc thp_fault_fallback "
			  "thp_fault_fallback_charge thp_collapse_alloc "
			  "thp_collapse_alloc_failed thp_file_alloc thp_file_fallback "
			  "thp_file_fallback_charge thp_file_mapped thp_split_page "
			  "thp_split_page_failed thp_deferred_split_page thp_split_pmd "
			  "thp_scan_exceed_none_pte thp_scan_exceed_swap_pte "
			  "thp_scan_exceed_share_pte thp_split_pud thp_zero_page_alloc "
			  "thp_zero_page_alloc_failed thp_swpout thp_swpout_fallback "
			  "balloon_inflate balloon_deflate balloon_migrate swap_ra "
			  "swap_ra_hit ksm_swpin_copy cow_ksm zswpin zswpout "
			  "direct_map_level2_splits direct_map_level3_splits nr_unstable");
}
