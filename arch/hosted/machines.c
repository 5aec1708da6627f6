/* SPDX-License-Identifier: MIT */
/*
 * machines.c - the hosted machines, as data.
 *
 * THE IDEA	What makes memory hard is the shape of its map: holes, odd ends, RAM
 *		that starts high, islands smaller than a page-table entry covers. Each
 *		model is one such shape; a new one is a new table entry. Physical
 *		addresses equal file offsets in a sparse memfd, so a model with RAM at
 *		4 GiB costs no more than one without.
 * FLOOR	arch/hosted.
 */
#include "machine.h"
#include "os.h"

#include <arch/layout.h>
#include <lib/string.h>

#define USABLE	 MEMORY_USABLE, 1
#define RESERVED MEMORY_RESERVED, 2
#define ACPI	 MEMORY_ACPI, 3
#define NVS	 MEMORY_NVS, 4

static const struct machine machines[] = {
	{
		.name = "pc",
		.story = "PC with 256 MiB: 640 KiB hole, firmware tables under the top, 64 MiB "
			 "above 4 GiB",
		.range =
			{
				{0x0, 0x9fc00, USABLE},
				{0x9fc00, 0x400, RESERVED},
				{0xf0000, 0x10000, RESERVED},
				{0x100000, 0xbee0000, USABLE},
				{0xbfe0000, 0x10000, ACPI},
				{0xbff0000, 0x10000, NVS},
				{0xfffc0000, 0x40000, RESERVED},
				{0x100000000, 0x4000000, USABLE},
			},
		.image = 0x200000,
		.dma_end = 16 * MiB,
		.dma32_end = 4 * GiB,
		.low_megabyte_reserved = true,
		.nr_cpus = 4,
	},
	{
		.name = "arm-virt",
		.story = "128 MiB from 1 GiB on, as on QEMU's virt",
		.range = {{1 * GiB, 128 * MiB, USABLE}},
		.image = 1 * GiB + 2 * MiB,
		.dma_end = 4 * GiB,
		.dma32_end = 4 * GiB,
		.nr_cpus = 2,
	},
	{
		.name = "holes",
		.story = "islands of RAM: odd ends, single pages, touching and overlapping ranges, "
			 "a broken bank, memory that must not be mapped",
		.range =
			{
				{0x80100000, 16 * MiB, USABLE},
				{0x81200000, 0x3000, USABLE},
				{0x81204000, 0x1000, USABLE},
				{0x81400000, 0x200000, USABLE},
				{0x81600000, 0x200000, USABLE},
				{0x81500000, 0x3000, RESERVED},
				{0x82000800, 0x1000, USABLE},
				{0x83000000, 0x7ff000, USABLE},
				{0x90000000, 32 * MiB, USABLE},
				{0x91000000, 0x10000, MEMORY_UNUSABLE, 5},
				{0xa0000000, 0x100000, MEMORY_RESERVED, 20},
				{0x140000000, 16 * MiB, USABLE},
			},
		.no_map = {0x91401000, 0x122000, MEMORY_RESERVED, 0},
		.image = 0x90200000,
		.dma_end = 0x80800000,
		.dma32_end = 4 * GiB,
		.nr_cpus = 1,
	},
	{
		.name = "nodes",
		.story = "nodes in turns: odd boundaries, memory of no node, a node in two "
			 "places, one without CPUs, the boot CPU's without memory",
		.range = {{0, 96 * MiB, USABLE}, {4 * GiB, 64 * MiB, USABLE}},
		.node =
			{
				{64 * MiB, 80 * MiB, 40},
				{4 * GiB, 4 * GiB + 32 * MiB, 40},
				{0, 33 * MiB + 0x3000, 7},
				{33 * MiB + 0x3000, 64 * MiB, 8},
				{4 * GiB + 32 * MiB + 0x800, 4 * GiB + 48 * MiB, 8},
			},
		.image = 2 * MiB,
		.dma_end = 16 * MiB,
		.dma32_end = 4 * GiB,
		.nr_cpus = 3,
		.cpu_domain = {99, 7, 40},
	},
	{
		.name = "huge",
		.story = "a TiB in two nodes, most of it above the direct map and none of it "
			 "touched",
		.range =
			{
				{0, 2 * GiB, USABLE},
				{4 * GiB, 510 * GiB, USABLE},
				{1024 * GiB, 512 * GiB, USABLE},
			},
		.node = {{0, 514 * GiB, 1}, {1024 * GiB, 1536 * GiB, 2}},
		.image = 2 * MiB,
		.dma_end = 16 * MiB,
		.dma32_end = 4 * GiB,
		.nr_cpus = 1,
	},
	{
		.name = "bench",
		.story = "two CPUs and 1 GiB, for make bench",
		.range = {{1 * GiB, 1 * GiB, USABLE}},
		.image = 1 * GiB + 2 * MiB,
		.dma_end = 4 * GiB,
		.dma32_end = 4 * GiB,
		.nr_cpus = 2,
	},
	{
		.name = "tiny",
		.story = "8 MiB and nothing else",
		.range = {{0, 8 * MiB, USABLE}},
		.image = 64 * KiB,
		.dma_end = 16 * MiB,
		.dma32_end = 4 * GiB,
		.nr_cpus = 1,
	},
};

const struct machine *machine;

const struct machine *machine_find(const char *name)
{
	if (name == NULL)
		return &machines[0];
	for (size_t i = 0; i < ARRAY_SIZE(machines); i++)
		if (strcmp(machines[i].name, name) == 0)
			return &machines[i];
	return NULL;
}

const struct machine *machine_next(const struct machine *model)
{
	if (model == NULL)
		return &machines[0];
	return model + 1 < machines + ARRAY_SIZE(machines) ? model + 1 : NULL;
}

phys_addr_t machine_memory_end(const struct machine *model)
{
	phys_addr_t end = 0;

	for (const struct machine_range *range = model->range; range->size != 0; range++)
		end = max(end, range->start + range->size);
	return ALIGN_UP(end, PAGE_SIZE);
}

/* Memory comes in whole pages: a range that ends inside one has all of it. */
phys_addr_t machine_memory_span(phys_addr_t pa, phys_addr_t size, bool *present)
{
	phys_addr_t end = pa + size;

	*present = false;
	for (const struct machine_range *range = machine->range; range->size != 0; range++) {
		phys_addr_t start = ALIGN_DOWN(range->start, PAGE_SIZE);
		phys_addr_t range_end = ALIGN_UP(range->start + range->size, PAGE_SIZE);

		if (start <= pa && pa < range_end) {
			*present = true;
			return min(end, range_end) - pa;
		}
		if (pa < start && start < end)
			end = start;
	}
	return end - pa;
}

void hosted_list_machines(void)
{
	for (const struct machine *model = machine_next(NULL); model; model = machine_next(model)) {
		const char *text[] = {model->name, "\t", model->story, "\n"};

		for (size_t i = 0; i < ARRAY_SIZE(text); i++)
			for (const char *c = text[i]; *c; c++)
				os_putc(*c);
	}
	os_exit(0);
}
