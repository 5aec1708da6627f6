/* SPDX-License-Identifier: MIT */
/*
 * vm_check.c - areas told and proved: /proc/vmallocinfo, what lies near an address, the invariants A1 to A5.
 *
 * LOCKING	While nobody maps or unmaps; vmalloc_describe() in any context.
 * FLOOR	virt.
 * LINUX	mm/vmalloc.c: s_show(), vmalloc_dump_obj().
 */
#include <config.h>
#include <lib/bits.h>
#include <lib/printk.h>
#include <mm/pgtable.h>
#include "vm_area.h"

/* --- told -------------------------------------------------------------------------- */

static void show_nodes(struct seq_file *file, const struct vm_struct *area)
{
	unsigned long nr[MAX_NUMNODES] = {0};
	unsigned int i;

	for (i = 0; i < area->nr_runs; i++)
		nr[page_to_nid(area->runs[i].first)] += area->runs[i].nr;
	for (i = 0; i < MAX_NUMNODES; i++)
		if (nr[i])
			seq_printf(file, " N%u=%lu", i, nr[i]);
}

void proc_vmallocinfo(struct seq_file *file)
{
	struct vm_struct *area = NULL;

	while ((area = vm_area_next(area))) {
		uintptr_t end = area->range.start + area->size + PAGE_SIZE;

		seq_printf(file, "0x%016lx-0x%016lx %7lu ", area->range.start, end,
			   end - area->range.start);
		if (area->flags & VM_LAZY) {
			seq_puts(file, "unpurged vm_area\n");
			continue;
		}
		seq_printf(file, "%pS", area->caller);
		if (area->flags & VM_ALLOC)
			seq_printf(file, " pages=%lu", vm_area_pages(area));
		if (area->flags & VM_IOREMAP)
			seq_printf(file, " phys=0x%016llx", (unsigned long long)area->phys_addr);
		seq_printf(file, "%s%s%s%s", area->flags & VM_IOREMAP ? " ioremap" : "",
			   area->flags & VM_ALLOC ? " vmalloc" : "",
			   area->flags & VM_MAP ? " vmap" : "",
			   area->flags & VM_USERMAP ? " user" : "");
		if (area->flags & VM_ALLOC)
			show_nodes(file, area);
		seq_putc(file, '\n');
	}
}

static void describe(struct seq_file *file, unsigned int flags, uintptr_t start, unsigned long size,
		     const void *caller)
{
	seq_printf(file, "%s area 0x%lx of %lu bytes, made by %pS\n",
		   flags & VM_IOREMAP ? "ioremap"
		   : flags & VM_MAP   ? "vmap"
				      : "vmalloc",
		   start, size, caller);
}

static void describe_area(struct seq_file *file, const struct vm_struct *area)
{
	describe(file, area->flags, area->range.start, area->size, area->caller);
}

/* No area is there: one was, or one begins in the next page. */
static bool describe_nothing(uintptr_t address, struct seq_file *file)
{
	struct vm_struct *next;
	struct vm_freed freed;

	if (vm_freed_find(address, &freed)) {
		seq_printf(file, "%lu bytes into the freed ", address - freed.start);
		describe(file, freed.flags, freed.start, freed.size, freed.caller);
		return true;
	}
	next = vm_area_find(address + PAGE_SIZE);
	if (!next)
		return false;
	seq_printf(file, "%lu bytes before the ", next->range.start - address);
	describe_area(file, next);
	return true;
}

bool vmalloc_describe(uintptr_t address, struct seq_file *file)
{
	struct vm_struct *area;
	uintptr_t end;

	if (!is_vmalloc_addr((void *)address) || vm_is_busy())
		return false;
	area = vm_area_find(address);
	if (!area)
		return describe_nothing(address, file);
	end = area->range.start + area->size;
	if (area->flags & VM_LAZY)
		seq_printf(file, "%lu bytes into the freed ", address - area->range.start);
	else if (address >= end)
		seq_printf(file, "guard page, %lu bytes behind the end of the ", address - end);
	else
		seq_printf(file, "%lu bytes into the ", address - area->range.start);
	describe_area(file, area);
	return true;
}

/* --- proved -------------------------------------------------------------------------- */

struct proof {
	struct vmalloc_counts seen;
	unsigned long mapped; /* bytes of leaves in the region */
	bool ok;
};

static void broken(struct proof *proof, const char *rule, uintptr_t at)
{
	pr_err("vmalloc: %s, at 0x%lx", rule, (unsigned long)at);
	proof->ok = false;
}

static void check_area(struct proof *proof, const struct vm_struct *area)
{
	uintptr_t va = area->range.start, end = va + area->size;
	struct pt_entry entry;

	if (area->flags & VM_LAZY) {
		proof->seen.lazy_areas++;
		proof->seen.lazy_pages += vm_area_pages(area);
	} else {
		proof->seen.areas++;
		proof->seen.pages += vm_area_pages(area);
	}
	if (area->flags & VM_LAZY && area->block)
		return;
	for (; va < end; va = entry.va + entry.size)
		if (!pgtable_query(va, &entry))
			return broken(proof, "A4 a page of an area is not mapped", va);
	if (pgtable_query(end, &entry))
		broken(proof, "A4 a guard page is mapped", end);
	proof->mapped -= area->size;
}

static void check_block(const struct vm_block_info *info, void *context)
{
	struct proof *proof = context;

	if (!info->sound)
		broken(proof, "A2 a slot names an area that does not lie there", info->start);
	if (info->dead + info->owned + info->unused != PT_ENTRIES)
		broken(proof, "A3 slots do not add up", info->start);
}

static bool count_leaf(const struct pt_entry *entry, void *context)
{
	struct proof *proof = context;

	if (is_vmalloc_addr((void *)entry->va))
		proof->mapped += entry->size;
	return true;
}

bool vmalloc_check(void)
{
	struct proof proof = {.ok = vm_space_check()};
	struct vm_struct *area = NULL;
	struct vmalloc_counts said;

	pgtable_for_each(count_leaf, &proof);
	while ((area = vm_area_next(area)))
		check_area(&proof, area);
	vm_block_for_each(check_block, &proof);
	if (proof.mapped != 0)
		broken(&proof, "A4 something is mapped between areas", proof.mapped);
	vmalloc_count(&said);
	if (said.areas != proof.seen.areas || said.pages != proof.seen.pages ||
	    said.lazy_areas != proof.seen.lazy_areas || said.lazy_pages != proof.seen.lazy_pages)
		broken(&proof, "A5 the counters are wrong", 0);
	return proof.ok;
}
