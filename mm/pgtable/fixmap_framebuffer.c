/* SPDX-License-Identifier: MIT */
/*
 * fixmap_framebuffer.c - map the screen before anything can be allocated.
 *
 * THE IDEA
 *	A screen has more pages than the fixmap has slots: 8 MiB are 2048. But it has one place, known
 *	when the kernel is compiled, and lies in one piece. The address is chosen as far from a
 *	multiple of 2 MiB as the pixels are, so that all but the ends are leaves of 2 MiB; each end
 *	takes one table page, and both are static.
 *
 * PICTURE	8 MiB of pixels at pa 0x3c100000
 *
 *	base	 + 2 MiB   + 3 MiB                             + 11 MiB
 *		[ nothing ][1 MiB of 4K][ 2M ][ 2M ][ 2M ][1 MiB of 4K]
 *			    table 0			   table 1
 *
 * LOCKING	Boot CPU, once.
 * COST		8 KiB.
 * FLOOR	pgtable.
 * LINUX	drivers/firmware/efi/earlycon.c goes page by page through early_ioremap;
 *		later drivers use ioremap_wc().
 */
#include <mm/fixmap.h>

#include <arch/memory.h>
#include <lib/init.h>
#include <mm/pgtable.h>

#include "walk.h"

static pte_t end_tables[2][PT_ENTRIES] __aligned(PAGE_SIZE);
static unsigned int nr_end_tables;
static uintptr_t mapped_va __ro_after_init;
static size_t mapped_size __ro_after_init;

static phys_addr_t take_end_table(const struct pt_source *source)
{
	(void)source;
	if (nr_end_tables == ARRAY_SIZE(end_tables))
		return 0;
	return arch_image_to_phys(end_tables[nr_end_tables++]);
}

static const struct pt_source end_table_source = {.alloc = take_end_table};

/* Does the room end below the slots? A port with a small region has no room. */
static __init bool has_room(uintptr_t start)
{
	return arch_region_size(REGION_FIXMAP) > level_size(1) + FIXMAP_FRAMEBUFFER_SIZE &&
	       start + FIXMAP_FRAMEBUFFER_SIZE <= fix_to_virt(NR_FIXED_ADDRESSES - 1);
}

__init void *fixmap_map_framebuffer(phys_addr_t pa, size_t size)
{
	uintptr_t start = ALIGN_UP(arch_region_base(REGION_FIXMAP), level_size(1)) + level_size(1);
	uintptr_t va = start + (uintptr_t)(pa & (level_size(1) - 1));
	size_t offset = pa & ~PAGE_MASK;

	if (mapped_size || size == 0 || !has_room(start))
		return NULL;
	if (size > FIXMAP_FRAMEBUFFER_SIZE - (va - start))
		return NULL;
	size = ALIGN_UP(size + offset, PAGE_SIZE);
	if (pgtable_map(&end_table_source, va - offset, pa - offset, size,
			PROT_WRITE | PROT_GLOBAL | PROT_WC, 1))
		return NULL;
	mapped_va = va - offset;
	mapped_size = size;
	return (void *)va;
}

uintptr_t fixmap_framebuffer(size_t *size)
{
	*size = mapped_size;
	return mapped_va;
}
