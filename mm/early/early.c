/* SPDX-License-Identifier: MIT */
/*
 * early.c - from the firmware's list of ranges to a map that may be allocated from.
 *
 * THE IDEA
 *	What the firmware says is a claim. Here it becomes a decision for every
 *	byte, in a fixed order, so that a later step can never undo an earlier one:
 *
 *	1 sanitise	sorted, whole pages, the most severe type wins (lib/firmware/memory_map.c)
 *	2 keep		usable pieces go into memblock.memory; more than fit: the smallest are left out;
 *			memmap= adds RAM where the firmware says nothing
 *	3 clip		what the CPU cannot address, or struct page not count, is dropped
 *	4 low		x86: adapters at 640 KiB - 1 MiB are no RAM; the low megabyte is reserved
 *	5 mem=		all but the first so many bytes of RAM is dropped
 *	6 image		the kernel runs, so RAM is there, whatever the firmware says
 *	7 reserve	page 0, the image, every reservation of boot_info, reserve= and memmap=
 *	8 no-map	what the firmware forbids to map gets the flag
 *	9 nodes		each page learns its node; who is not listed belongs to node 0
 *	10 highmem=	the top is kept out of the direct map
 *
 *	2 to 6 say which bytes are RAM (early_ram.c), 7 and 8 which RAM is taken (early_reserve.c), 9 and 10
 *	where RAM belongs (early_place.c). Here stand their order and what the kernel asks of the result.
 *
 *	All of it is done before the first allocation, so no allocation can hit
 *	boot data. A decision that differs from what the firmware said is logged for the
 *	command `memmap`.
 *
 * PICTURE	256 MiB on x86, highmem=64M
 *
 *	0     640K  1M    image          initrd    192 MiB             256 MiB
 *	[#####]     [    ][####][       ][#####][ ][ high               ]
 *	 4,7  4 gone       6,7            7         10: no direct map
 *
 * LOCKING	One CPU, interrupts off, nothing mapped yet.
 * COST		O(n^2) for n entries of the firmware; ten entries, a few thousand instructions.
 * FLOOR	early. Called by mm/init.c.
 * LINUX	setup_arch(): e820__memblock_setup(), trim_bios_range(), early_reserve_memory(); arm64_memblock_init();
 *		early_init_dt_scan_memory(). There mem= is an address on x86, here it is an amount.
 */
#include <mm/early.h>

#include <arch/cpu.h>
#include <arch/memory.h>
#include <lib/check.h>
#include <lib/cmdline.h>
#include <lib/init.h>
#include <lib/printk.h>
#include "steps.h"

#define PAGE_STRUCT_BYTES 32	    /* what mm/page.h keeps of each frame */
#define FREE_MINIMUM	  (1 * MiB) /* beside the kernel and boot data, or we do not start */

static struct early living __ro_after_init;

void early_decide_for(struct early *early, const struct early_decision *decision)
{
	if (early->nr_decisions == EARLY_MAX_DECISIONS)
		early->decisions_lost++;
	else
		early->decision[early->nr_decisions++] = *decision;
}

void early_decide(struct early *early, phys_addr_t start, phys_addr_t end, enum early_fate fate,
		  const char *why)
{
	early_decide_for(early, &(struct early_decision){start, end, fate, why, SOURCE_NONE});
}

bool early_fail(struct early *early, const char *reason)
{
	snprintf(early->failure, sizeof(early->failure), "%s", reason);
	return false;
}

static phys_addr_t free_low_bytes(const struct early *early)
{
	struct memblock_range range;
	phys_addr_t from = 0, bytes = 0;

	while (memblock_free_above(early->map, from, NUMA_NO_NODE, MEMBLOCK_NONE, &range) &&
	       range.start < early->high_start) {
		bytes += min(range.end, early->high_start) - range.start;
		from = range.end;
	}
	return bytes;
}

static bool is_enough(struct early *early)
{
	phys_addr_t bytes = free_low_bytes(early);

	if (bytes >= FREE_MINIMUM)
		return true;
	snprintf(early->failure, sizeof(early->failure),
		 "%llu KiB are free beside the kernel and boot data, %lu KiB are needed",
		 to_kib(bytes), FREE_MINIMUM / KiB);
	return false;
}

bool early_build(struct early *early)
{
	const struct boot_info *boot = early->boot;

	memory_map_sanitise(&early->firmware, boot->map, boot->nr_map);
	if (early->firmware.dropped_usable)
		pr_warn("early: %u usable pieces did not fit into the sanitised map",
			early->firmware.dropped_usable);
	if (boot->nr_map == 0)
		return early_fail(early, "the firmware lists no memory");
	if (!early_ram_choose(early))
		return false;
	early_reserve_taken(early);
	early_place_ram(early);
	early_clamp_dma(&early->words.dma, early_ram_below(early, early->high_start));
	return is_enough(early);
}

/* --- the living one --- */

static __init void read_limits(struct early_limits *limits)
{
	phys_addr_t frames = arch_region_size(REGION_VMEMMAP) / PAGE_STRUCT_BYTES;

	limits->phys_end = min(arch_phys_end(), frames << PAGE_SHIFT);
	limits->direct_map_end = min(arch_direct_map_end(), limits->phys_end);
	limits->low_megabyte_reserved = arch_low_megabyte_reserved();
	if (cmdline_size("mem", &limits->mem) == 0)
		limits->mem = max(limits->mem, (uint64_t)1);
	cmdline_size("highmem", &limits->highmem);
}

__init void early_init(const struct boot_info *boot)
{
	CHECK(living.boot == NULL, "early_init() runs once");
	living.boot = boot;
	living.map = &memblock;
	read_limits(&living.limits);
	early_read_words(&living.words);
	if (!early_build(&living)) {
		pr_err("no usable memory: %s", living.failure);
		arch_halt(HALT_NO_MEMORY);
	}
	pr_info("early: %llu KiB of RAM in %lu ranges, %llu KiB reserved",
		to_kib(memblock_phys_mem_size()), memblock.memory.cnt,
		to_kib(memblock_reserved_size()));
	ASSERT_SLOW(memblock_check(&memblock));
}

__init phys_addr_t early_keep(size_t size, const char *why)
{
	phys_addr_t pa = memblock_phys_alloc(size, PAGE_SIZE);

	if (pa)
		early_decide(&living, pa, pa + size, EARLY_RESERVED, why);
	return pa;
}

phys_addr_t early_high_memory_start(void)
{
	return living.high_start;
}

const struct early_dma *early_dma(void)
{
	return &living.words.dma;
}

const struct boot_info *early_boot_info(void)
{
	return living.boot;
}

const struct memory_map *early_memory_map(void)
{
	return &living.firmware;
}

bool early_next_decision(unsigned int *index, struct early_decision *decision)
{
	if (*index >= living.nr_decisions)
		return false;
	*decision = living.decision[(*index)++];
	return true;
}

const char *early_fate_name(enum early_fate fate)
{
	switch (fate) {
	case EARLY_ADDED:
		return "added";
	case EARLY_DROPPED:
		return "dropped";
	case EARLY_RESERVED:
		return "reserved";
	case EARLY_NO_MAP:
		return "no-map";
	case EARLY_HIGH:
		return "high";
	case EARLY_KEPT:
		return "kept";
	}
	return "?";
}
