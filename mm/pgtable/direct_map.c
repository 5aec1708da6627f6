/* SPDX-License-Identifier: MIT */
/*
 * direct_map.c - map all low RAM at a fixed distance from its physical address.
 *
 * THE IDEA
 *	With all RAM mapped at base + pa, a physical address becomes a pointer by one addition, and whoever
 *	gets a page can use it at once. It is built of the largest leaves
 *	that fit: 512 MiB are 256 entries of 2 MiB in one table.
 *
 *	The kernel image lies in that RAM too, so it appears a second time. What
 *	is read-only there must be so here, or writing to code would only take the
 *	other address. Permissions change at pages, so the 2 MiB units that the image touches
 *	are mapped with 4 KiB leaves from the start: to split a large leaf later
 *	would take away, for a moment, memory that the CPU is using (its stack, these tables).
 *
 * PICTURE	image at 18 MiB, 1.3 MiB long
 *
 *	pa	0      2 MiB          18 MiB             20 MiB       512 MiB
 *		[ RW 2M ][ ... RW 2M ][ RO 4K | RW 4K    ][ RW 2M ... ]
 *				       text,     data, and RAM behind it
 *				       rodata
 *
 * INVARIANTS	(pgtable_check() proves them)
 *	D1  A leaf at va maps va - base, is never executable, and is global.
 *	D2  It maps RAM only, and none that is marked NOMAP or is high memory.
 *	D3  Where it shows the image's text and read-only data it is read-only.
 *
 * LOCKING	Built once, by the boot CPU.
 * COST		A table page for each GiB in use, and one for each 2 MiB unit of the image. 10
 *		instructions a leaf: with leaves of 1 GiB 4 TiB are 8 tables and 4096 leaves.
 * FLOOR	pgtable. Needs memblock and the fixmap.
 * LINUX	arch/x86/mm/init.c: init_mem_mapping(); arch/arm64/mm/mmu.c: map_mem(). There
 *		large leaves are split when permissions change (set_memory_ro, cpa); here too, where the CPU allows
 *		it (mm/set_memory.h), else rodata=full maps small leaves from the start.
 */
#include <mm/direct_map.h>

#include <arch/cpu.h>
#include <arch/memory.h>
#include <arch/tlb.h>
#include <lib/check.h>
#include <lib/cmdline.h>
#include <lib/init.h>
#include <lib/printk.h>
#include <lib/sections.h>
#include <lib/string.h>
#include <mm/early.h>
#include <mm/fixmap.h>
#include <mm/memblock.h>
#include <mm/pgtable.h>

#include "walk.h"

static phys_addr_t phys_end __ro_after_init;
static bool small_leaves __ro_after_init; /* 4 KiB each: pages will be taken out */
static bool change_later __ro_after_init; /* 4 KiB each: permissions of any page may change */

/* Zeroed through a window: not even the part of the map that is done can be used before the rest. */
static phys_addr_t table_from_early(const struct pt_source *source)
{
	phys_addr_t table;

	(void)source;
	table = early_alloc_phys(PAGE_SIZE, PAGE_SIZE);
	if (table) {
		arch_page_clear(fixmap_window_open(table));
		fixmap_window_close();
	}
	return table;
}

static const struct pt_source boot_tables = {.alloc = table_from_early};

/* Physical memory in pieces of one sort each; a piece reaches from the one before to `end`. */
struct piece {
	phys_addr_t end;
	prot_t prot;
	unsigned int max_level;
};

#define NR_PIECES 4

unsigned int direct_map_max_level(void)
{
	return small_leaves || change_later ? 0 : arch_pt_levels() - 1;
}

static __init void find_pieces(struct piece pieces[NR_PIECES])
{
	phys_addr_t image = arch_image_to_phys(image_start);
	phys_addr_t rodata = image + (phys_addr_t)(rodata_end - image_start);
	phys_addr_t end = image + (phys_addr_t)(image_end - image_start);
	unsigned int largest = direct_map_max_level();

	/* The first ends at the image: large leaves fit up to the image's first unit. */
	pieces[0] = (struct piece){image, PROT_KERNEL_RW, largest};
	pieces[1] = (struct piece){rodata, PROT_KERNEL_RO, 0};
	pieces[2] = (struct piece){ALIGN_UP(end, level_size(1)), PROT_KERNEL_RW, 0};
	pieces[3] = (struct piece){(phys_addr_t)~0ULL, PROT_KERNEL_RW, largest};
}

static __init void map_range(phys_addr_t start, phys_addr_t end, const struct piece *piece)
{
	int error;

	if (start >= end)
		return;
	error = pgtable_map(&boot_tables, (uintptr_t)phys_to_virt(start), start, end - start,
			    piece->prot, piece->max_level);
	if (error) {
		pr_err("no usable memory: no page is left for the direct map's tables");
		arch_halt(HALT_NO_MEMORY);
	}
}

static __init void map_region(const struct memblock_region *region,
			      const struct piece pieces[NR_PIECES])
{
	phys_addr_t start = ALIGN_UP(region->base, PAGE_SIZE);
	phys_addr_t end = ALIGN_DOWN(region->base + region->size, PAGE_SIZE);
	unsigned int i;

	end = min(end, early_high_memory_start());
	if (start >= end)
		return;
	phys_end = max(phys_end, end);
	for (i = 0; i < NR_PIECES; i++) {
		phys_addr_t stop = min(end, pieces[i].end);

		map_range(start, stop, &pieces[i]);
		start = max(start, stop);
	}
}

/* rodata=full: set_memory_*() must work on every page, on a CPU too that splits no leaf in use. (Linux: arm64's rodata_full) */
static __init bool wants_small_leaves(void)
{
	char word[8];

	if (cmdline_value("rodata", word, sizeof(word)) < 0)
		return false;
	if (!strcmp(word, "full"))
		return true;
	pr_warn("rodata=%s: full is all that can be said", word);
	return false;
}

__init void direct_map_init(void)
{
	struct piece pieces[NR_PIECES];
	unsigned long i;

	small_leaves = cmdline_switch("debug_pagealloc", false);
	change_later = wants_small_leaves();
	find_pieces(pieces);
	for (i = 0; i < memblock.memory.cnt; i++)
		if (!(memblock.memory.regions[i].flags & MEMBLOCK_NOMAP))
			map_region(&memblock.memory.regions[i], pieces);
	pgtable_use_direct_map();
}

bool direct_map_has_small_leaves(void)
{
	return small_leaves;
}

/* The entry of one page, which a table of the lowest level holds. */
static pte_t *page_entry(uintptr_t va)
{
	unsigned int level = pt_root_level();
	pte_t *table = arch_kernel_root();

	for (; level > 0; level--) {
		pte_t entry = table[level_index(va, level)];

		CHECK(arch_pte_kind(entry, level) == PTE_TABLE, "0x%lx has no leaf of its own",
		      (unsigned long)va);
		table = pt_table_below(entry, level);
	}
	return &table[level_index(va, 0)];
}

void direct_map_set_present(phys_addr_t pa, size_t size, bool present)
{
	uintptr_t va = (uintptr_t)phys_to_virt(pa);
	size_t offset;

	ASSERT(small_leaves && pa + size <= phys_end && IS_ALIGNED(pa | size, PAGE_SIZE));
	for (offset = 0; offset < size; offset += PAGE_SIZE)
		arch_pte_set(page_entry(va + offset),
			     present ? arch_pte_leaf(pa + offset, PROT_KERNEL_RW, 0) : (pte_t){0});
	if (present)
		arch_map_sync(va, size);
	else
		arch_tlb_flush_local(va, size);
}

phys_addr_t direct_map_phys_end(void)
{
	return phys_end;
}

bool is_direct_map_address(const void *address)
{
	return direct_map_to_phys(address) < phys_end;
}

phys_addr_t virt_to_phys(const void *address)
{
	if (is_direct_map_address(address))
		return direct_map_to_phys(address);
	CHECK((const char *)address >= image_start && (const char *)address < image_end,
	      "%px lies neither in the direct map nor in the image", address);
	return arch_image_to_phys(address);
}
