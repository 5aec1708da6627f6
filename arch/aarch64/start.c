/* SPDX-License-Identifier: MIT */
/*
 * start.c - the first C code: tell the port what boot.S found, then enter the kernel.
 */
#include <asm/boot.h>

#include <arch/memory.h>
#include <kernel/entry.h>
#include <lib/firmware/boot_info.h>
#include <lib/init.h>
#include <lib/sections.h>

struct boot_info boot_info __ro_after_init;

/*
 * The boot protocol: x0 is the device tree's address, a multiple of 8. 0, from a machine without a loader, is left to
 * kmain to search for, anything else to refuse.
 */
static __init bool is_device_tree_address(phys_addr_t pa)
{
	return IS_ALIGNED(pa, 8) && pa < arch_phys_end();
}

__ref void start(phys_addr_t device_tree, unsigned int entry_level, phys_addr_t image,
		 uint64_t cycles, bool has_cycle_counter)
{
	cpu_init(cycles, has_cycle_counter);
	memory_set_image(image);

	boot_info.protocol = is_device_tree_address(device_tree) ? BOOT_FDT : BOOT_NONE;
	boot_info.info_pa = device_tree;
	boot_info.image_start = image;
	boot_info.image_end = image + (phys_addr_t)(image_end - image_start);
	boot_info.entry_level = entry_level;
	kmain(&boot_info);
}
