/* SPDX-License-Identifier: MIT */
/*
 * memory.c - limits of physical memory, and where the image lies in it.
 */
#include <arch/memory.h>

#include <arch/cache.h>
#include <arch/pgtable.h>
#include <asm/boot.h>
#include <lib/check.h>
#include <lib/init.h>
#include <lib/sections.h>

/* Physical address of image_start, known when the loader has chosen it. */
static phys_addr_t image_pa __ro_after_init;

extern pte_t kernel_root[PT_ENTRIES]; /* boot.S */

__init void memory_set_image(phys_addr_t image)
{
	image_pa = image;
}

/*
 * What the device tree says of its buses: 1 GiB on a Raspberry Pi. Where it is silent
 * every device reaches 4 GiB, so ZONE_DMA is all of that and DMA32 empty. (Linux: arm64_dma_phys_limit)
 */
phys_addr_t arch_dma_end(void)
{
	phys_addr_t said = boot_info.board.dma_end;

	return said != 0 ? min(said, (phys_addr_t)(4 * GiB)) : 4 * GiB;
}

bool memory_dma_coherent(void)
{
	return boot_info.board.dma_coherent;
}

phys_addr_t arch_dma32_end(void)
{
	return 4 * GiB;
}

/* ID_AA64MMFR0_EL1.PARange; above 48 bits another descriptor format would be needed. */
phys_addr_t arch_phys_end(void)
{
	static const uint8_t bits[] = {32, 36, 40, 42, 44, 48};
	unsigned int range = sysreg_field(SYSREG_READ(id_aa64mmfr0_el1), 0);

	return 1UL << bits[min(range, (unsigned int)PARANGE_48)];
}

phys_addr_t arch_direct_map_end(void)
{
	return min(arch_phys_end(), (phys_addr_t)arch_region_size(REGION_DIRECT_MAP));
}

__init bool arch_low_megabyte_reserved(void)
{
	return false;
}

phys_addr_t arch_image_to_phys(const void *address)
{
	uintptr_t va = (uintptr_t)address;

	CHECK(va >= (uintptr_t)image_start && va < (uintptr_t)image_end, "%#lx is not in the image",
	      va);
	return va - (uintptr_t)image_start + image_pa;
}

void *arch_image_from_phys(phys_addr_t pa)
{
	CHECK(pa >= image_pa && pa - image_pa < (size_t)(image_end - image_start),
	      "%#llx is not in the image", (unsigned long long)pa);
	return image_start + (pa - image_pa);
}

pte_t *arch_kernel_root(void)
{
	return kernel_root;
}
