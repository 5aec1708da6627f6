/* SPDX-License-Identifier: MIT */
/*
 * memmap.c - memory drawn as tables: the firmware's map, and what became of it.
 */
#include <mm/init.h>

#include <arch/memory.h>
#include <lib/firmware/memory_map.h>
#include <lib/sections.h>
#include <mm/early.h>
#include <mm/memblock.h>
#include <mm/zone.h>

static void show_range(struct seq_file *file, phys_addr_t start, phys_addr_t end)
{
	seq_printf(file, "  0x%010llx-0x%010llx %10llu KiB  ", (unsigned long long)start,
		   (unsigned long long)(end - 1), (unsigned long long)((end - start) >> 10));
}

static void show_ranges(struct seq_file *file, const struct boot_range *range, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++) {
		show_range(file, range[i].start, range[i].end);
		seq_printf(file, "%-10s (%s type %u)\n", memory_type_name(range[i].type),
			   boot_source_name(range[i].source), range[i].firmware_type);
	}
}

static void show_sanitised(struct seq_file *file, const struct memory_map *map)
{
	for (unsigned int i = 0; i < map->nr; i++) {
		show_range(file, map->range[i].start, map->range[i].end);
		seq_printf(file, "%s\n", memory_type_name(map->range[i].type));
	}
	if (map->dropped_usable)
		seq_printf(file, "  %u usable ranges did not fit and are lost\n",
			   map->dropped_usable);
}

/* Neighbours of one node are one line, whatever memblock remembers of them beside. */
static void show_nodes(struct seq_file *file)
{
	phys_addr_t start = 0, end = 0, next_start, next_end;
	unsigned long index = 0;
	int nid = NUMA_NO_NODE, next_nid;

	while (memblock_next_memory(&index, &next_start, &next_end, &next_nid)) {
		if (end != 0 && (next_start != end || next_nid != nid)) {
			show_range(file, start, end);
			seq_printf(file, "node %d\n", nid);
		}
		if (end == 0 || next_start != end || next_nid != nid)
			start = next_start;
		end = next_end;
		nid = next_nid;
	}
	show_range(file, start, end);
	seq_printf(file, "node %d\n", nid);
}

static void show_disputes(struct seq_file *file, const struct boot_info *boot)
{
	unsigned int listed = min(boot->nr_disputes, (unsigned int)BOOT_MAX_DISPUTES);

	if (listed)
		seq_puts(file, "Where two sources disagree the safe one is believed:\n");
	for (unsigned int i = 0; i < listed; i++) {
		show_range(file, boot->dispute[i].start, boot->dispute[i].end);
		seq_printf(file, "%s\n", boot->dispute[i].what);
	}
	if (boot->nr_disputes > listed)
		seq_printf(file, "  and %u more\n", boot->nr_disputes - listed);
}

static void show_pool(struct seq_file *file, const char *name, uint64_t asked, uint64_t granted)
{
	seq_printf(file, "  %-8s %10llu KiB  ", name, (unsigned long long)granted >> 10);
	if (asked == 0)
		seq_puts(file, "nobody asked for it\n");
	else if (granted < asked)
		seq_printf(file, "%s= on the command line, cut from %llu KiB to what there is\n",
			   name, (unsigned long long)asked >> 10);
	else
		seq_printf(file, "%s= on the command line\n", name);
}

static void show_dma(struct seq_file *file)
{
	const struct early_dma *dma = early_dma();

	seq_puts(file, "For devices, wherever there is room:\n");
	show_pool(file, "cma", dma->cma_asked, dma->cma);
	show_pool(file, "swiotlb", dma->swiotlb_asked, dma->swiotlb);
	if (dma->swiotlb_force)
		seq_puts(file, "  swiotlb=force: bounced even where a device reaches\n");
}

static void show_part(struct seq_file *file, const char *start, const char *end, const char *what)
{
	phys_addr_t pa = arch_image_to_phys(start);

	show_range(file, pa, pa + (phys_addr_t)(end - start));
	seq_printf(file, "free      %s\n", what);
}

static void show_given(struct seq_file *file)
{
	if (!mm_init_pages())
		return;
	seq_puts(file, "Given back of the kernel image when the boot was over:\n");
	show_part(file, init_text_start, init_text_end, "code that only the boot runs");
	show_part(file, init_data_start, init_data_end, "data that only the boot uses");
}

void mm_report_memmap(struct seq_file *file)
{
	const struct boot_info *boot = early_boot_info();
	struct early_decision decision;
	unsigned int index = 0;

	seq_puts(file, "As the firmware gave it:\n");
	show_ranges(file, boot->map, boot->nr_map);
	if (boot->dropped)
		seq_printf(file, "  %u entries made no sense or did not fit, see dmesg\n",
			   boot->dropped);
	seq_puts(file, "Sorted, without overlap, the most severe type wins:\n");
	show_sanitised(file, early_memory_map());
	seq_puts(file, "What became of it, and why:\n");
	while (early_next_decision(&index, &decision)) {
		show_range(file, decision.start, decision.end);
		seq_printf(file, "%-9s %s", early_fate_name(decision.fate), decision.why);
		if (decision.source != SOURCE_NONE && decision.source != SOURCE_KERNEL)
			seq_printf(file, " (%s)", boot_source_name(decision.source));
		seq_puts(file, "\n");
	}
	show_given(file);
	show_disputes(file, boot);
	show_dma(file);
	seq_puts(file, "RAM by node:\n");
	show_nodes(file);
}

void mm_report_handover(struct seq_file *file)
{
	unsigned long present = 0, managed = 0;
	struct zone *zone;

	seq_puts(file, "Pages of 4 KiB:   present = reserved +  managed\n");
	for_each_populated_zone (zone) {
		present += zone->present_pages;
		managed += zone->managed_pages;
		seq_printf(file, "  node %d %-8s %8lu   %8lu   %8lu\n", zone->nid, zone->name,
			   zone->present_pages, zone->present_pages - zone->managed_pages,
			   zone->managed_pages);
	}
	seq_printf(file, "  all             %8lu   %8lu   %8lu\n", present, present - managed,
		   managed);
}
