/* SPDX-License-Identifier: MIT */
/*
 * check.c - prove what the kernel's page tables promise.
 *
 * INVARIANTS	(pgtable_check() proves them on every leaf; check_test.c breaks them)
 *	W1  Nothing is writable and executable; no device memory is executable; nothing is open to user code; all is global.
 *	W2  Every leaf lies in one of the regions, so address 0 is not mapped.
 *	W3  Executable is the image's text, boot code in front of it, and what set_memory_x() made so in
 *	    the vmalloc region: that is not writable in the direct map either.
 *	W4  Text and read-only data are not writable, neither in the image nor in the direct map.
 *	W5  D1 and D2 of direct_map.c: at its distance, RAM only, nothing marked NOMAP.
 *	W6  The fixmap's slot 0 and what lies below its last slot are not mapped, but for the screen.
 *	W8  When the boot is over nothing is mapped where its code and data were, and what only it wrote is
 *	    read-only by both addresses.
 *	W7  All leaves of a frame have one memory type.
 *	W9  The CPU enforces it: what the boot switched on (write protection, no-execute, no user pages) is on.
 *
 * COST		For each table page 512 looks; for each leaf some 100 instructions. W7: a walk of all but the direct map
 *		for each run of frames that is not plain RAM.
 * LINUX	mm/ptdump.c with CONFIG_DEBUG_WX: note_page(). That looks for W1 only.
 */
#include <mm/pgtable.h>

#include <arch/cpu.h>
#include <arch/memory.h>
#include <lib/init.h>
#include <lib/printk.h>
#include <lib/sections.h>
#include <mm/direct_map.h>
#include <mm/early.h>
#include <mm/fixmap.h>
#include <mm/memblock.h>

#include "walk.h"

/* After so many lines the rest is only counted. */
#define MAX_LINES 8

static bool boot_is_over __ro_after_init;

void pgtable_boot_is_over(void)
{
	boot_is_over = true;
}

struct check {
	unsigned int faults;
	struct pt_entry
		special; /* W7: leaves that continue one another and are no plain RAM; size 0: none */
};

static void fault(struct check *check, const struct pt_entry *entry, const char *what)
{
	if (check->faults++ < MAX_LINES)
		pr_err("page tables: %px, 0x%zx bytes to 0x%llx: %s", (void *)entry->va,
		       entry->size, (unsigned long long)entry->pa, what);
}

static bool lies_in_region(const struct pt_entry *entry, enum arch_region region)
{
	size_t size = arch_region_size(region);

	return entry->va - arch_region_base(region) < size &&
	       entry->va + (entry->size - 1) - arch_region_base(region) < size;
}

/* Do [a, a+size) and [start, end) share a byte? */
static bool overlap(uint64_t a, uint64_t size, uint64_t start, uint64_t end)
{
	return a < end && start < a + size;
}

/* Code that was made at run time: in the vmalloc region, and nobody can write to it by its other address. */
static bool is_proper_code(const struct pt_entry *entry)
{
	uintptr_t va = (uintptr_t)phys_to_virt(entry->pa), end = va + entry->size;
	struct pt_entry alias;

	if (!lies_in_region(entry, REGION_VMALLOC) ||
	    !memblock_is_region_memory(entry->pa, entry->size))
		return false;
	for (; va < end && entry->pa < direct_map_phys_end(); va = alias.va + alias.size)
		if (pgtable_query(va, &alias) && alias.prot & PROT_WRITE)
			return false;
	return true;
}

static void check_permissions(struct check *check, const struct pt_entry *entry)
{
	const char *end = boot_is_over ? text_end : init_text_end;
	bool in_text = entry->va >= (uintptr_t)image_start &&
		       entry->va + entry->size <= (uintptr_t)end;

	if ((entry->prot & PROT_WRITE) && (entry->prot & PROT_EXEC))
		fault(check, entry, "writable and executable");
	else if ((entry->prot & PROT_EXEC) && (entry->prot & PROT_TYPE_MASK) == PROT_DEVICE)
		fault(check, entry, "executable device memory");
	else if ((entry->prot & PROT_EXEC) && !in_text && !is_proper_code(entry))
		fault(check, entry, "executable outside the text");
	if (entry->prot & PROT_USER)
		fault(check, entry, "open to user code");
	if (!(entry->prot & PROT_GLOBAL))
		fault(check, entry, "not global");
}

/* Does the leaf map a byte of that part of the image? */
static bool shows(const struct pt_entry *entry, const char *start, const char *end)
{
	phys_addr_t pa = arch_image_to_phys(start);

	return overlap(entry->pa, entry->size, pa, pa + (phys_addr_t)(end - start));
}

static void check_image_leaf(struct check *check, const struct pt_entry *entry)
{
	if (!(entry->prot & PROT_WRITE))
		return;
	if (overlap(entry->va, entry->size, (uintptr_t)text_start, (uintptr_t)rodata_end))
		fault(check, entry, "writable text or read-only data");
	if (boot_is_over && overlap(entry->va, entry->size, (uintptr_t)ro_after_init_start,
				    (uintptr_t)ro_after_init_end))
		fault(check, entry, "writable, and only the boot may write it");
}

static void check_direct_map_leaf(struct check *check, const struct pt_entry *entry)
{
	if (entry->pa != direct_map_to_phys((void *)entry->va))
		fault(check, entry, "not at the direct map's distance");
	if (!memblock_is_region_memory(entry->pa, entry->size))
		fault(check, entry, "something other than RAM in the direct map");
	if (entry->pa + entry->size > early_high_memory_start())
		fault(check, entry, "high memory in the direct map");
	if (!(entry->prot & PROT_WRITE))
		return;
	if (shows(entry, text_start, text_end) || shows(entry, rodata_start, rodata_end) ||
	    (!boot_is_over && shows(entry, init_text_start, init_text_end)))
		fault(check, entry, "writable alias of text or read-only data");
	if (boot_is_over && shows(entry, ro_after_init_start, ro_after_init_end))
		fault(check, entry, "writable alias of what only the boot may write");
}

/* W7: one of a pair of types is not plain RAM, so runs of other types are all that needs a look. */
static void check_special(struct check *check)
{
	struct pt_entry other;

	if (check->special.size && pgtable_find_other_type(check->special.pa, check->special.size,
							   check->special.prot, &other))
		fault(check, &check->special,
		      "a frame of it is mapped with another memory type too");
	check->special.size = 0;
}

static void note_special(struct check *check, const struct pt_entry *entry)
{
	struct pt_entry *run = &check->special;

	if (run->size && entry->va == run->va + run->size && entry->pa == run->pa + run->size &&
	    ((entry->prot ^ run->prot) & PROT_TYPE_MASK) == 0) {
		run->size += entry->size;
		return;
	}
	check_special(check);
	if ((entry->prot & PROT_TYPE_MASK) != PROT_RAM)
		*run = *entry;
}

static bool check_leaf(const struct pt_entry *entry, void *context)
{
	struct check *check = context;
	unsigned int region = 0;

	while (region < NR_REGIONS && !lies_in_region(entry, region))
		region++;
	if (region == NR_REGIONS)
		fault(check, entry, "mapped outside all regions");

	check_permissions(check, entry);
	if (region == REGION_IMAGE)
		check_image_leaf(check, entry);
	if (region == REGION_DIRECT_MAP)
		check_direct_map_leaf(check, entry);
	note_special(check, entry);
	return true;
}

/* W2: the walk starts at the lowest region; below it the root must be empty. */
static void check_below_regions(struct check *check)
{
	unsigned int level = arch_pt_levels() - 1, index;
	const pte_t *root = arch_kernel_root();

	for (index = 0; index < level_index(kernel_range().va, level); index++) {
		if (arch_pte_kind(root[index], level) == PTE_NONE)
			continue;
		check->faults++;
		pr_err("page tables: entry %u of the root, below all regions, is in use", index);
	}
}

static void check_hole(struct check *check, uintptr_t va, size_t size, const char *what)
{
	struct pt_entry entry;
	uintptr_t end = va + size;

	for (; va < end; va = entry.va + entry.size)
		if (pgtable_query(va, &entry))
			fault(check, &entry, what);
}

/* W8 */
static void check_init_is_gone(struct check *check)
{
	if (!boot_is_over)
		return;
	check_hole(check, (uintptr_t)init_text_start, (size_t)(init_text_end - init_text_start),
		   "the boot's code is still mapped");
	check_hole(check, (uintptr_t)init_data_start, (size_t)(init_data_end - init_data_start),
		   "the boot's data is still mapped");
}

static void check_nomap(struct check *check)
{
	unsigned long i;

	for (i = 0; i < memblock.memory.cnt; i++) {
		const struct memblock_region *region = &memblock.memory.regions[i];

		if (region->flags & MEMBLOCK_NOMAP)
			check_hole(check, (uintptr_t)phys_to_virt(region->base), region->size,
				   "memory that must not be mapped");
	}
}

static void check_fixmap_ends(struct check *check)
{
	uintptr_t lowest = fix_to_virt(NR_FIXED_ADDRESSES - 1);
	uintptr_t base = arch_region_base(REGION_FIXMAP), screen;
	size_t size;

	check_hole(check, fix_to_virt(FIX_HOLE), PAGE_SIZE, "the hole at the fixmap's top");
	screen = fixmap_framebuffer(&size);
	if (size) {
		check_hole(check, base, screen - base, "mapped below the screen");
		base = screen + size;
	}
	check_hole(check, base, lowest - base, "mapped below the fixmap's last slot");
}

/* W9 */
static void check_cpu(struct check *check)
{
	const char *lost = arch_protection_lost();

	if (!lost)
		return;
	check->faults++;
	pr_err("page tables: switched off: %s", lost);
}

bool pgtable_check(void)
{
	struct check check = {0};

	pgtable_for_each(check_leaf, &check);
	check_special(&check);
	check_below_regions(&check);
	check_init_is_gone(&check);
	check_nomap(&check);
	check_fixmap_ends(&check);
	check_cpu(&check);
	if (check.faults > MAX_LINES)
		pr_err("page tables: %u faults in all", check.faults);
	return check.faults == 0;
}
