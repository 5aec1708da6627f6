/* SPDX-License-Identifier: MIT */
/*
 * fixmap.c - point a fixed virtual address at any physical page.
 *
 * THE IDEA
 *	Before there is any allocator the kernel must already read the device tree
 *	and write page tables, wherever they lie. It can do so when the
 *	page tables above some virtual pages exist beforehand: then to look at a
 *	page is one store of an entry. So those tables are static, and
 *	each use has a slot, a number known when the kernel is compiled.
 *
 * PICTURE
 *	region top	| slot 0, a hole | slot 1 | slot 2 | ...	addresses fall
 *	level 0		[ ............................. x  x  - ]	static
 *	level 1		[ ......................... t ]			static, or boot's
 *	root		[ ... ]						boot's
 *
 * LOCKING	Each slot has one owner, who decides. A window belongs to its CPU
 *		and is used with interrupts off, so that its flush can stay on this CPU.
 * COST		Set and clear: some 20 instructions and a flush of one page. 16 KiB of tables.
 * FLOOR	pgtable. pgtable.c reaches its tables through slots; bootmem and page use windows.
 * LINUX	arch/x86/mm/pgtable.c: __native_set_fixmap(); arch/arm64/mm/fixmap.c:
 *		early_fixmap_init(). A window is kmap_atomic with one slot.
 */
#include <mm/fixmap.h>

#include <arch/cpu.h>
#include <arch/memory.h>
#include <arch/tlb.h>
#include <lib/check.h>
#include <lib/init.h>
#include <mm/pgtable.h>

#include "walk.h"

/* The slots' level-0 tables stand side by side below the same entries of all levels above. */
#define LEVEL0_TABLES 2
#define STATIC_TABLES (LEVEL0_TABLES + 2)
static_assert(NR_FIXED_ADDRESSES <= LEVEL0_TABLES * PT_ENTRIES, "the slots fit into their tables");
static_assert(FIX_TABLE_LAST - FIX_TABLE0 + 1 == PT_MAX_LEVELS, "one slot a level");

static pte_t static_tables[STATIC_TABLES][PT_ENTRIES] __aligned(PAGE_SIZE);
static unsigned int nr_static_tables __ro_after_init;

/* level0[i] maps the i-th 2 MiB below the top. */
static pte_t *level0[LEVEL0_TABLES] __ro_after_init;

/* The level-0 table of an address; static tables are hung in on the way down where there is none. */
static __init pte_t *fixmap_make_tables(uintptr_t va)
{
	pte_t *table = arch_kernel_root();
	unsigned int level;

	for (level = arch_pt_levels() - 1; level > 0; level--) {
		pte_t *entry = &table[level_index(va, level)];

		if (arch_pte_kind(*entry, level) == PTE_NONE) {
			CHECK(nr_static_tables < STATIC_TABLES);
			table = static_tables[nr_static_tables++];
			arch_pte_set(entry, arch_pte_table(arch_image_to_phys(table)));
			continue;
		}
		CHECK(arch_pte_kind(*entry, level) == PTE_TABLE, "a leaf where the fixmap lies");
		table = arch_image_from_phys(arch_pte_phys(*entry, level));
	}
	return table;
}

__init void fixmap_init(void)
{
	uintptr_t top = arch_region_base(REGION_FIXMAP) + arch_region_size(REGION_FIXMAP);
	unsigned int i;

	CHECK(IS_ALIGNED(top, level_size(1)), "the fixmap's top is 0x%lx", (unsigned long)top);
	for (i = 0; i < LEVEL0_TABLES; i++)
		level0[i] = fixmap_make_tables(top - (i + 1) * level_size(1));
	arch_map_sync(top - LEVEL0_TABLES * level_size(1), LEVEL0_TABLES * level_size(1));
}

static pte_t *fixmap_entry(enum fixed_addresses index)
{
	CHECK(index > FIX_HOLE && index < NR_FIXED_ADDRESSES, "fixmap slot %u",
	      (unsigned int)index);
	return &level0[index / PT_ENTRIES][PT_ENTRIES - 1 - index % PT_ENTRIES];
}

void clear_fixmap(enum fixed_addresses index)
{
	pte_t *entry = fixmap_entry(index);

	if (arch_pte_kind(*entry, 0) == PTE_NONE)
		return;
	arch_pte_set(entry, (pte_t){0});
	arch_tlb_flush_local(fix_to_virt(index), PAGE_SIZE);
}

void set_fixmap(enum fixed_addresses index, phys_addr_t pa, prot_t prot)
{
	pte_t *entry = fixmap_entry(index);
	pte_t leaf = arch_pte_leaf(ALIGN_DOWN(pa, PAGE_SIZE), prot, 0);

	if (entry->value == leaf.value)
		return;
	clear_fixmap(index);
	arch_pte_set(entry, leaf);
	arch_map_sync(fix_to_virt(index), PAGE_SIZE);
}

void *fixmap_window_open(phys_addr_t pa)
{
	enum fixed_addresses index = FIX_KMAP0 + arch_cpu_id();

	ASSERT(!arch_irq_enabled(), "another task could take the window");
	CHECK(arch_pte_kind(*fixmap_entry(index), 0) == PTE_NONE, "the window is open already");
	set_fixmap(index, pa, PROT_KERNEL_RW);
	return (void *)(fix_to_virt(index) + (uintptr_t)(pa & (PAGE_SIZE - 1)));
}

void fixmap_window_close(void)
{
	clear_fixmap(FIX_KMAP0 + arch_cpu_id());
}
