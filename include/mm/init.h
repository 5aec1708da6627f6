/* SPDX-License-Identifier: MIT */
/*
 * mm/init.h - the memory subsystem as a whole: start it, look at it, prove it.
 */
#pragma once

#include <lib/firmware/boot_info.h>
#include <lib/seq_file.h>

/*
 * From boot data to kmalloc; mm/init.c is the table of contents. After fixmap_init() and the firmware's data are read.
 * Boot CPU, interrupts off.
 */
void mm_init(const struct boot_info *boot);

/*
 * The boot is over: __init code and data are unmapped, poisoned and given to the buddy, __ro_after_init data is read-only.
 * Boot CPU, once, with interrupts on. (Linux: free_initmem(), mark_rodata_ro())
 */
void mm_boot_is_over(void);

/* The pages that it gave to the buddy; 0 before. */
unsigned long mm_init_pages(void);

/* What changed hands when early memory ended; boot tests compare it with the firmware's map. */
struct mm_handover {
	phys_addr_t memory, reserved; /* bytes in memblock's two arrays just before */
	unsigned long bootmem_pages;  /* pages that were free in bootmem's maps just before */
	unsigned long taken_pages;    /* what page_take_free() returned: early's own bitmaps too */
};
const struct mm_handover *mm_handover(void);

/*
 * Walks everything and proves every numbered invariant; each that fails is one line. True when all hold. Changes
 * nothing. After mm_init(), while nobody allocates or frees.
 */
bool mm_verify(void);

/* Accounts that must be equal before and after a test. */
struct mm_accounts {
	unsigned long free_pages, free_blocks[11], slab_objects, slabs, caches, reports;
	unsigned long percpu_areas, percpu_bytes, areas, area_pages, kmaps;
};
void mm_accounts_take(struct mm_accounts *accounts); /* drains this CPU's caches first */

/* Names each difference on a line of its own; `say` may be NULL. */
bool mm_accounts_equal(const struct mm_accounts *before, const struct mm_accounts *after,
		       struct text_sink *say);

/* The /proc files of mm, in Linux 6.1's fields and widths; what Loam lacks is 0. */
void proc_meminfo(struct seq_file *file);
void proc_buddyinfo(struct seq_file *file);
void proc_zoneinfo(struct seq_file *file);
void proc_vmstat(struct seq_file *file);
void proc_extfrag_index(struct seq_file *file);
void proc_unusable_index(struct seq_file *file);
void proc_pagetypeinfo(struct seq_file *file);
void proc_slabinfo(struct seq_file *file);
void proc_percpu(struct seq_file *file);

/* At the prompt. */
void mm_report_memmap(
	struct seq_file *file); /* the firmware's map, and what became of each range and why */
void mm_report_ptdump(struct seq_file *file);
void mm_report_walk(struct seq_file *file, uintptr_t va); /* one address, level by level */
void mm_report_handover(struct seq_file *file); /* present = reserved + managed, by zone */
void mm_report_buddy(struct seq_file *file, const char *zone); /* NULL: all zones */
void mm_report_out_of_memory(unsigned int gfp,
			     unsigned int order); /* to the log; registered with mm/page */
int mm_report_page_owner(struct seq_file *file, unsigned int nr_lines); /* by caller; -ENOMEM */
void mm_report_page(struct seq_file *file, unsigned long pfn);		/* of a pfn that is valid */
void mm_report_fragmentation(struct seq_file *file);
void mm_report_pcp(
	struct seq_file *file); /* the per-CPU lists: blocks by zone, CPU, type and order */
void mm_describe_address(struct seq_file *file,
			 uintptr_t address); /* whatis: region, page, zone, cache, object */

/* Bytes that the firmware calls usable and that are not free: what the kernel itself costs. */
unsigned long mm_memory_gone(void);

/*
 * Why nothing is mapped at an address, when that is known: "guard page, 12 bytes behind the end of the vmalloc area ...", or who
 * freed the page. False when it is not. For a trap: takes no lock that the code which trapped may hold.
 */
bool mm_explain_fault(uintptr_t address, char *text, size_t size);

/* "vmalloc region", "direct map, high memory", "null page"; for one line of a trap report. */
const char *mm_region_name(uintptr_t address);
