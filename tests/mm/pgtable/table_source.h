/* SPDX-License-Identifier: MIT */
/*
 * table_source.h - table pages from the buddy that are counted, and that run out when a test says so.
 */
#pragma once

#include <mm/direct_map.h>
#include <mm/gfp.h>
#include <mm/memblock.h>
#include <mm/pgtable.h>

struct table_source {
	struct pt_source source; /* the first member */
	unsigned int asked;	 /* calls of alloc */
	unsigned int fail_at;	 /* this call fails, and all behind it; 0: none */
	unsigned int live;	 /* tables that are out */
};

static inline phys_addr_t table_source_alloc(const struct pt_source *source)
{
	struct table_source *tables = container_of(source, struct table_source, source);
	unsigned long page;

	tables->asked++;
	if (tables->fail_at && tables->asked >= tables->fail_at)
		return 0;
	page = get_zeroed_page(GFP_KERNEL);
	if (!page)
		return 0;
	tables->live++;
	return virt_to_phys((void *)page);
}

static inline void table_source_free(const struct pt_source *source, phys_addr_t table)
{
	struct table_source *tables = container_of(source, struct table_source, source);

	tables->live--;
	free_page((unsigned long)phys_to_virt(table));
}

#define TABLE_SOURCE                                                                               \
	{                                                                                          \
		.source = {.alloc = table_source_alloc, .free = table_source_free }                \
	}

/* Addresses that nobody uses, at a multiple of 1 GiB: the last 4 GiB of the vmalloc region. */
static inline uintptr_t scratch_va(void)
{
	return ALIGN_DOWN(
		arch_region_base(REGION_VMALLOC) + arch_region_size(REGION_VMALLOC) - 4 * GiB, GiB);
}

/* Physical addresses to map and not to touch, at a multiple of 1 GiB; RAM begins there. */
static inline phys_addr_t scratch_pa(void)
{
	return ALIGN_DOWN(memblock_start_of_DRAM(), GiB);
}
