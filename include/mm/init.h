/* SPDX-License-Identifier: MIT */
/*
 * mm/init.h - the memory subsystem as a whole: start it, look at it, prove it.
 */
#pragma once

#include <lib/firmware/boot_info.h>
#include <lib/seq_file.h>

/* From boot data to kmalloc; mm/init.c is the table of contents. After fixmap_init() and the firmware's data are read. */
void mm_init(const struct boot_info *boot);

/* Walks everything and proves every numbered invariant; each that fails is one line. True when all hold. */
bool mm_verify(void);

/* Accounts that must be equal before and after a test. */
struct mm_accounts {
	unsigned long free_pages, free_blocks[11], slab_objects, slabs, caches, reports;
};
void mm_accounts_take(struct mm_accounts *accounts); /* drains this CPU's caches first */
bool mm_accounts_equal(const struct mm_accounts *before, const struct mm_accounts *after,
		       struct text_sink *say); /* names each difference */

/* The /proc files of mm, in Linux 6.1's fields and widths; what Loam lacks is 0. */
void proc_meminfo(struct seq_file *file);
void proc_buddyinfo(struct seq_file *file);
void proc_zoneinfo(struct seq_file *file);
void proc_slabinfo(struct seq_file *file);
void proc_iomem(struct seq_file *file);

/* At the prompt. */
void mm_report_memmap(
	struct seq_file *file); /* the firmware's map, and what became of each range and why */
void mm_report_ptdump(struct seq_file *file);
void mm_report_handover(struct seq_file *file); /* present = reserved + managed, by zone */
void mm_report_buddy(struct seq_file *file, const char *zone); /* NULL: all zones */
void mm_describe_address(struct seq_file *file,
			 uintptr_t address); /* whatis: region, page, zone, cache, object */

/* "vmalloc region", "direct map, high memory", "null page"; for one line of a trap report. */
const char *mm_region_name(uintptr_t address);
