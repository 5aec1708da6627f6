/* SPDX-License-Identifier: MIT */
/*
 * early_place.c - steps 9 and 10 of early.c: to which node RAM belongs, and whether the direct map reaches it.
 *
 * THE IDEA
 *	Neither step adds or takes a byte. A node is written on the pieces of memblock.memory,
 *	and who is not listed stays node 0's. High memory is one address: what lies above it has no
 *	address in the direct map, and until the pages know that, memblock allocates below it.
 *
 *	highmem=64M of 256 MiB moves that address down to 192 MiB. It goes down by whole blocks
 *	of MAX_ORDER, leaves 16 MiB below, and never passes the kernel's image.
 *
 * FLOOR	early. Called by early.c.
 * LINUX	memblock_set_node(); find_low_pfn_range() of 32-bit x86, where high memory is found, not made.
 */
#include <lib/check.h>
#include <lib/printk.h>
#include "steps.h"

#define HIGH_ALIGN  (4 * MiB)  /* a MAX_ORDER block: no block lies on both sides */
#define LOW_MINIMUM (16 * MiB) /* highmem= leaves at least so much */

/* --- 9: nodes --- */

/* Whole pages: one that two nodes share belongs to the lower. */
static void set_nodes(struct early *early)
{
	const struct boot_nodes *nodes = &early->boot->nodes;

	for (unsigned int i = 0; i < nodes->nr_ranges; i++) {
		struct memblock_range range = {.start = ALIGN_UP(nodes->range[i].start, PAGE_SIZE),
					       .end = ALIGN_UP(nodes->range[i].end, PAGE_SIZE),
					       .nid = nodes->range[i].nid};

		if (memblock_map_set_node(early->map, &range) < 0) {
			pr_warn("early: memory in too many pieces: from 0x%llx on it goes to node "
				"0",
				(unsigned long long)range.start);
			return;
		}
	}
}

/* --- 10: high memory --- */

/* The address above which, and below `end`, there are `size` bytes of RAM. */
static phys_addr_t start_of_top(const struct memblock *map, phys_addr_t end, phys_addr_t size)
{
	for (unsigned long i = map->memory.cnt; i-- > 0;) {
		const struct memblock_region *region = &map->memory.regions[i];
		phys_addr_t top = min(region_end(region), end);

		if (region->base >= end)
			continue;
		if (size <= top - region->base)
			return top - size;
		size -= top - region->base;
	}
	return 0;
}

/* As much of highmem= as leaves the minimum. */
static phys_addr_t high_size(const struct early *early)
{
	phys_addr_t low = early_ram_below(early, early->high_start), wanted = early->limits.highmem;
	phys_addr_t most = low > LOW_MINIMUM ? ALIGN_DOWN(low - LOW_MINIMUM, HIGH_ALIGN) : 0;

	if (wanted <= most)
		return min(ALIGN_UP(wanted, HIGH_ALIGN), most);
	pr_warn("early: highmem=%lluK is too much of %llu KiB: %llu KiB are kept out",
		to_kib(wanted), to_kib(low), to_kib(most));
	return most;
}

static void choose_high_memory(struct early *early)
{
	phys_addr_t end = early->limits.direct_map_end, size, start, image_end;

	early->high_start = end;
	if (early->limits.highmem) {
		size = high_size(early);
		start = ALIGN_UP(start_of_top(early->map, end, size), HIGH_ALIGN);
		image_end = ALIGN_UP(early->boot->image_end, HIGH_ALIGN);
		early->high_start = size ? min(end, max(start, image_end)) : end;
	}
	size = early_ram_below(early, end) - early_ram_below(early, early->high_start);
	if (size) {
		early_decide(early, early->high_start, min(end, early_ram_end(early)), EARLY_HIGH,
			     "highmem= on the command line");
		pr_info("early: high memory: %llu KiB from 0x%llx, made by highmem=, not found: it "
			"could all be in the direct map",
			to_kib(size), (unsigned long long)early->high_start);
	}
	size = early_ram_below(early, ~(phys_addr_t)0) - early_ram_below(early, end);
	if (size) {
		early_decide(early, end, early_ram_end(early), EARLY_HIGH, "beyond the direct map");
		pr_info("early: high memory: %llu KiB from 0x%llx lie beyond the direct map",
			to_kib(size), (unsigned long long)end);
	}
	early->map->current_limit = early->high_start;
}

void early_place_ram(struct early *early)
{
	set_nodes(early);
	choose_high_memory(early);
}
