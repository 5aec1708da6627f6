/* SPDX-License-Identifier: MIT */
/* no_ram.c - nothing answers there, and nothing is asked: tests only look at the tables. */
#include "no_ram.h"

#include <arch/memory.h>
#include <mm/ioport.h>
#include <mm/memblock.h>

/* Does the firmware's map, or a claim, have a part of [pa, pa + 32 MiB)? */
static bool is_taken(phys_addr_t pa)
{
	const struct resource *at;

	for (at = iomem_resource.child; at; at = at->sibling)
		if (pa <= at->end && pa + 32 * MiB > at->start)
			return true;
	return memblock_overlaps_memory(pa, 32 * MiB);
}

phys_addr_t no_ram(void)
{
	phys_addr_t pa = arch_phys_end() - 64 * MiB;

	while (is_taken(pa))
		pa -= 64 * MiB;
	return pa;
}
