/* SPDX-License-Identifier: MIT */
/*
 * memory.c - limits of a PC's physical memory, and the image's address there.
 */
#include <arch/memory.h>

#include <asm/link.h>
#include <asm/x86.h>
#include <lib/check.h>
#include <lib/init.h>
#include <lib/sections.h>

/* The address lines of the ISA bus's DMA controller. */
phys_addr_t arch_dma_end(void)
{
	return 16 * MiB;
}

phys_addr_t arch_dma32_end(void)
{
	return 4 * GiB;
}

phys_addr_t arch_phys_end(void)
{
	return 1UL << x86_phys_bits();
}

phys_addr_t arch_direct_map_end(void)
{
	return min(arch_phys_end(), (phys_addr_t)arch_region_size(REGION_DIRECT_MAP));
}

/* BIOS data, the EBDA, video memory, option ROMs; the maps that firmware gives of it often lie. */
__init bool arch_low_megabyte_reserved(void)
{
	return true;
}

phys_addr_t arch_image_to_phys(const void *address)
{
	uintptr_t va = (uintptr_t)address;

	CHECK(va >= (uintptr_t)image_start && va < (uintptr_t)image_end,
	      "%px is not in the kernel image", address);
	return va - LOAD_OFFSET;
}

void *arch_image_from_phys(phys_addr_t pa)
{
	uintptr_t va = pa + LOAD_OFFSET;

	CHECK(va >= (uintptr_t)image_start && va < (uintptr_t)image_end,
	      "physical 0x%lx is not in the kernel image", pa);
	return (void *)va;
}
