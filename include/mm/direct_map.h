/* SPDX-License-Identifier: MIT */
/*
 * mm/direct_map.h - all low RAM at a fixed distance from its physical address.
 */
#pragma once

#include <arch/layout.h>
#include <lib/types.h>

/*
 * Map every range of memblock.memory below early_high_memory_start() but NOMAP, NX; the image's alias read-only where
 * the image is. Halts with HALT_NO_MEMORY when there is no room for the tables.
 */
void direct_map_init(void);

/* End of what is mapped; high memory starts here. 0 before direct_map_init(). */
phys_addr_t direct_map_phys_end(void);

/* Only for RAM in the direct map; says nothing about other addresses. Cost: an addition. */
static inline void *phys_to_virt(phys_addr_t pa)
{
	return (void *)(arch_region_base(REGION_DIRECT_MAP) + (uintptr_t)pa);
}

static inline phys_addr_t direct_map_to_phys(const void *address)
{
	return (phys_addr_t)((uintptr_t)address - arch_region_base(REGION_DIRECT_MAP));
}

/*
 * Does the address lie in the part of the region that is in use? Holes between RAM lie in it too: whether there is
 * memory at an address, virt_addr_valid() says.
 */
bool is_direct_map_address(const void *address);

/* Direct map or kernel image; anything else is a CHECK. (Linux: virt_to_phys, __pa) */
phys_addr_t virt_to_phys(const void *address);
