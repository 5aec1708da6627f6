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

/* The largest leaves that it is mapped with: 0 after rodata=full or debug_pagealloc=on, which map each page alone. */
unsigned int direct_map_max_level(void);

/*
 * May pages be taken out? Only with debug_pagealloc=on; then pages may be taken out and put back, which
 * direct_map_set_present() does to [pa, pa + size), all RAM of the map. This CPU forgets old translations at once,
 * others when they come to it. Any context; the pages are the caller's. (Linux: set_direct_map_valid_noflush)
 */
bool direct_map_has_small_leaves(void);
void direct_map_set_present(phys_addr_t pa, size_t size, bool present);

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
