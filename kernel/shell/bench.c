/* SPDX-License-Identifier: MIT */
/*
 * bench.c - what an operation costs, in instructions.
 *
 * Meaningful under QEMU's -icount only, where arch_cycles() counts exactly one
 * per instruction; `make bench` runs it so. Each line is the mean of a loop,
 * the loop's own handful of instructions included, after one round to warm the caches up.
 */
#include <kernel/shell.h>

#include <arch/cpu.h>
#include <lib/clock.h>
#include <lib/printk.h>
#include <lib/string.h>
#include <mm/deferred.h>
#include <mm/init.h>
#include <mm/slab.h>
#include <kernel/main.h>
#include "bench.h"
#include "bench_slab.h"

#define ROUNDS 1000

static void large_pair(void)
{
	kfree(kmalloc(64 * KiB, GFP_KERNEL));
}

static const struct {
	const char *name;
	void (*run)(void);	/* one round, or */
	uint64_t (*cost)(void); /* a loop of its own */
} benchmarks[] = {
	{"page-order0-pair", NULL, bench_page_order0},
	{"page-order0-4096-pair", NULL, bench_page_batch},
	{"page-order3-pair", NULL, bench_page_order3},
	{"page-order9-pair", NULL, bench_page_order9},
	{"page-zeroed-pair", NULL, bench_page_zeroed},
	{"kmalloc-64-pair", NULL, bench_kmalloc_constant},
	{"kmalloc-variable-pair", NULL, bench_kmalloc_variable},
	{"cache-192-pair", NULL, bench_cache_192},
	{"mempool-pair", NULL, bench_mempool},
	{"kmalloc-64-10000-pair", NULL, bench_many_64},
	{"kmalloc-1024-10000-pair", NULL, bench_many_1024},
	{"bulk-16-pairs", NULL, bench_bulk_16},
	{"percpu-64-pair", NULL, bench_percpu_64},
	{"kmalloc-64K-pair", large_pair, NULL},
	{"vmalloc-4K-pair", NULL, bench_vmalloc_4k},
	{"vmalloc-64K-pair", NULL, bench_vmalloc_64k},
	{"vmalloc-1M-pair", NULL, bench_vmalloc_1m},
	{"vmalloc-1000-pair", NULL, bench_vmalloc_batch},
	{"ioremap-pair", NULL, bench_ioremap},
	{"addresses-10-pair", NULL, bench_search_10},
	{"addresses-100000-pair", NULL, bench_search_100000},
	{"kmap-local-low-pair", NULL, bench_kmap_low},
	{"kmap-local-high-pair", NULL, bench_kmap_high},
};

static uint64_t mean_cost(void (*run)(void), uint64_t (*cost)(void))
{
	uint64_t start;

	if (cost)
		return cost();
	run();
	start = arch_cycles();
	for (unsigned int i = 0; i < ROUNDS; i++)
		run();
	return (arch_cycles() - start) / ROUNDS;
}

/* What the first request pays that wants a block whose struct pages are not written; 0: all are. */
static uint64_t first_touch_cost(void)
{
	unsigned long pfn;
	struct zone *zone;
	uint64_t start;

	for_each_populated_zone (zone)
		for (pfn = ALIGN_UP(zone->start_pfn, MAX_ORDER_NR_PAGES); zone_spans_pfn(zone, pfn);
		     pfn += MAX_ORDER_NR_PAGES) {
			if (!pfn_is_deferred(pfn))
				continue;
			start = arch_cycles();
			page_materialise(pfn);
			return arch_cycles() - start;
		}
	return 0;
}

COMMAND(bench, "bench [NAME]", "instructions an operation costs (exact under make bench)")
{
	bool any = false;

	if (argc > 2)
		return SHELL_USAGE;
	clock_tick_pause();
	if (argc == 1 || !strcmp(argv[1], "boot")) {
		seq_printf(out, "bench %-24s %12llu\n", "boot-to-prompt",
			   (unsigned long long)boot_cycles_to_prompt());
		seq_printf(out, "bench %-24s %12lu\n", "boot-memory-gone-kib",
			   mm_memory_gone() / 1024);
		seq_printf(out, "bench %-24s %12llu\n", "boot-block-first-touch",
			   (unsigned long long)first_touch_cost());
		any = true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(benchmarks); i++) {
		if (argc == 2 && strcmp(argv[1], benchmarks[i].name))
			continue;
		seq_printf(out, "bench %-24s %12llu\n", benchmarks[i].name,
			   (unsigned long long)mean_cost(benchmarks[i].run, benchmarks[i].cost));
		any = true;
	}
	clock_tick_resume();
	return any ? 0 : SHELL_USAGE;
}
