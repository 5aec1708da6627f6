/* SPDX-License-Identifier: MIT */
/*
 * boot.c - what happens between the power button and kmain() on the hosted machine.
 *
 * THE IDEA	The firmware's part: put the image into physical memory, write the
 *		image's page tables, hand over the map. The image stays at the
 *		addresses where Linux loaded it, but its data is moved *into* the
 *		machine's memory, so the direct map shows the same bytes; of text and
 *		constants it shows a copy. An image address minus image_start plus the
 *		model's `image` is the physical address: never the same number.
 * FLOOR	arch/hosted.
 */
#include <arch/memory.h>
#include <arch/pgtable.h>
#include <kernel/entry.h>
#include <lib/check.h>
#include <lib/sections.h>
#include <lib/string.h>

#include "machine.h"
#include "mmu.h"
#include "os.h"

#define IMAGE_TABLES 40 /* 64 MiB of image and what lies above it */

static pte_t root[PT_ENTRIES] __aligned(PAGE_SIZE);
static pte_t image_tables[IMAGE_TABLES][PT_ENTRIES] __aligned(PAGE_SIZE);
static unsigned int image_tables_used;
static struct boot_info boot;

pte_t *arch_kernel_root(void)
{
	return root;
}

phys_addr_t arch_image_to_phys(const void *address)
{
	CHECK((const char *)address >= image_start && (const char *)address < image_end,
	      "0x%lx is not in the image", (unsigned long)address);
	return machine->image + (phys_addr_t)((const char *)address - image_start);
}

void *arch_image_from_phys(phys_addr_t pa)
{
	CHECK(pa >= machine->image && pa - machine->image < (phys_addr_t)(image_end - image_start),
	      "0x%lx is not in the image", (unsigned long)pa);
	return image_start + (pa - machine->image);
}

/* Page tables of the boot loader are written here as a boot loader would: in place. */
static pte_t *image_entry(uintptr_t va)
{
	pte_t *table = root;

	for (unsigned int level = arch_pt_levels() - 1; level > 0; level--) {
		pte_t *entry =
			&table[va >> (PAGE_SHIFT + level * PT_INDEX_BITS) & (PT_ENTRIES - 1)];

		if (entry->value == 0) {
			CHECK(image_tables_used < IMAGE_TABLES, "the image is too large");
			*entry = arch_pte_table(
				arch_image_to_phys(image_tables[image_tables_used++]));
		}
		table = arch_image_from_phys(arch_pte_phys(*entry, level));
	}
	return &table[va >> PAGE_SHIFT & (PT_ENTRIES - 1)];
}

static void map_image(const char *start, const char *end, prot_t prot)
{
	for (const char *page = start; page < end; page += PAGE_SIZE)
		*image_entry((uintptr_t)page) = arch_pte_leaf(arch_image_to_phys(page), prot, 0);
}

static void cpu_main(unsigned int id)
{
	(void)id;
	hosted_interrupts_init();
	kmain(&boot);
}

static int cpu_domain(unsigned int cpu)
{
	bool said = cpu < ARRAY_SIZE(machine->cpu_domain) && machine->cpu_domain[cpu] != 0;

	return said ? machine->cpu_domain[cpu] : BOOT_NO_NODE;
}

bool hosted_power_on(const char *model, const char *command_line)
{
	machine = machine_find(model);
	if (machine == NULL)
		return false;
	os_memory_create(machine_memory_end(machine));
	os_image_move(image_start, init_data_start, image_end, machine->image);
	hosted_mmu_init();
	map_image(text_start, init_text_end, PROT_KERNEL_RX);
	map_image(rodata_start, rodata_end, PROT_KERNEL_RO);
	map_image(init_data_start, data_end, PROT_KERNEL_RW);

	boot.protocol = BOOT_HOSTED;
	boot.image_start = machine->image;
	boot.image_end = machine->image + (phys_addr_t)(image_end - image_start);
	boot.nr_cpus = machine->nr_cpus;
	for (unsigned int cpu = 0; cpu < machine->nr_cpus; cpu++)
		boot.cpu[cpu] = (struct boot_cpu){
			.hardware_id = cpu, .node = cpu_domain(cpu), .enabled = true};
	for (const struct machine_range *range = machine->range; range->size != 0; range++)
		boot_info_add_range(&boot, range->start, range->size, range->type, SOURCE_HOSTED,
				    range->firmware_type);
	boot_info_reserve(&boot, machine->no_map.start, machine->no_map.size, SOURCE_HOSTED, true,
			  "no-map");
	for (const struct boot_node_range *node = machine->node; node->end != 0; node++)
		boot_nodes_add_range(&boot, node->start, node->end - node->start,
				     (uint32_t)node->nid);
	strscpy(boot.loader, machine->name, sizeof(boot.loader));
	strscpy(boot.command_line, command_line, sizeof(boot.command_line));
	os_cpu_start(0, cpu_main);
	return true;
}
