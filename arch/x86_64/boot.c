/* SPDX-License-Identifier: MIT */
/*
 * boot.c - the first C code: cut the low view of memory off, set the CPU up, enter the kernel.
 *
 * The page tables of start.S are also the kernel's: the walker adds the other
 * regions to boot_root, whose upper half every address space will share.
 */
#include <asm/boot.h>

#include <arch/cpu.h>
#include <arch/tlb.h>
#include <asm/link.h>
#include <asm/x86.h>
#include <kernel/entry.h>
#include <lib/firmware/boot_info.h>
#include <lib/firmware/pvh.h>
#include <lib/init.h>
#include <lib/sections.h>

static_assert(LOADER_PVH == BOOT_PVH && LOADER_MULTIBOOT2 == BOOT_MULTIBOOT2,
	      "start.S and boot_info.h number the loaders alike");
static_assert(PVH_MAGIC == 0x336ec578 && HALT_BAD_BOOT == 6, "start.S writes these out");
static_assert(IMAGE_MAX_SIZE <= BOOT_PAGE_TABLES * 2 * MiB - BOOT_VA, "the boot tables map it");

unsigned int x86_pt_levels __ro_after_init = 4;

__aligned(PAGE_SIZE) pte_t boot_root5[PT_ENTRIES];
__aligned(PAGE_SIZE) pte_t boot_root[PT_ENTRIES];
__aligned(PAGE_SIZE) pte_t boot_pdpt[PT_ENTRIES];
__aligned(PAGE_SIZE) pte_t boot_directory[PT_ENTRIES];
__aligned(PAGE_SIZE) pte_t boot_page_tables[BOOT_PAGE_TABLES][PT_ENTRIES];

uint64_t boot_cycles __ro_after_init;
uint32_t boot_loader __ro_after_init, boot_info_pa __ro_after_init;

pte_t *arch_kernel_root(void)
{
	return x86_pt_levels == 5 ? boot_root5 : boot_root;
}

uint64_t arch_boot_cycles(void)
{
	return boot_cycles;
}

/* Address 0 and all of the lower half, and the pages of .boot, are unmapped from here on. */
static __init void cut_low_view(void)
{
	size_t first = BOOT_VA / PAGE_SIZE;
	size_t end = first + (size_t)(text_start - image_start) / PAGE_SIZE;

	boot_root5[0] = (pte_t){0};
	boot_root[0] = (pte_t){0};
	boot_pdpt[0] = (pte_t){0};
	for (size_t i = first; i < end; i++)
		boot_page_tables[0][i] = (pte_t){0};
	arch_tlb_flush_all();
}

__ref void x86_start(void)
{
	static struct boot_info info __ro_after_init;

	cut_low_view();
	x86_descriptors_init();
	x86_cpu_init();

	info.protocol = (enum boot_protocol)boot_loader;
	info.info_pa = boot_info_pa;
	info.image_start = BOOT_VA;
	info.image_end = BOOT_VA + (phys_addr_t)(image_end - image_start);
	kmain(&info);
}
