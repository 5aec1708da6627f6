/* SPDX-License-Identifier: MIT */
/*
 * walk.h - what the files of mm/pgtable share: levels, ranges, reaching a table, splitting.
 */
#pragma once

#include <lib/types.h>
#include <mm/pgtable.h>

/* What one entry of a level covers, in bytes. */
static inline size_t level_size(unsigned int level)
{
	return (size_t)1 << (PAGE_SHIFT + PT_INDEX_BITS * level);
}

static inline unsigned int level_index(uintptr_t va, unsigned int level)
{
	return (va >> (PAGE_SHIFT + PT_INDEX_BITS * level)) & (PT_ENTRIES - 1);
}

/* What a walk has still to do. Bytes left instead of an end: the end of the address space has no address. */
struct walk_range {
	uintptr_t va;
	size_t size;
};

/* Does the range hold all of the entry that its first address lies in? */
static inline bool walk_covers(const struct walk_range *range, unsigned int level)
{
	return IS_ALIGNED(range->va, level_size(level)) && range->size >= level_size(level);
}

/* Go to the start of the next entry of that level, or to the end. */
static inline void walk_skip(struct walk_range *range, unsigned int level)
{
	size_t rest = level_size(level) - (range->va & (level_size(level) - 1));

	rest = min(rest, range->size);
	range->va += rest;
	range->size -= rest;
}

/* From the lowest region's first byte to the highest one's last: all that the kernel ever maps. */
static inline struct walk_range kernel_range(void)
{
	uintptr_t first = UINTPTR_MAX, last = 0;
	unsigned int region;

	for (region = 0; region < NR_REGIONS; region++) {
		size_t size = arch_region_size(region);

		if (size == 0)
			continue;
		first = min(first, arch_region_base(region));
		last = max(last, arch_region_base(region) + (size - 1));
	}
	return (struct walk_range){first, last - first + 1};
}

static inline bool kernel_range_has(uintptr_t va)
{
	struct walk_range range = kernel_range();

	return va - range.va < range.size;
}

static inline unsigned int pt_root_level(void)
{
	return arch_pt_levels() - 1;
}

/* table.c: a pointer to the table of that level; good until the next call for the same level. */
pte_t *pt_table_open(phys_addr_t table, unsigned int level);

/* The table that an entry of `level` points to. */
pte_t *pt_table_below(pte_t entry, unsigned int level);

/* A static table, which is never given back? */
bool pt_table_in_image(phys_addr_t table);

/* pgtable.c: a range that no call may be given is a CHECK. */
void pt_check_range(uintptr_t va, size_t size);

/* split.c: afterwards no leaf sticks out of the range. 0, or -ENOMEM or -EBUSY with everything as before. */
int pt_split_ends(const struct pt_source *source, uintptr_t va, size_t size);

/* T4: does everybody use what is mapped there, so that no moment without it can be borne? split.c */
bool pt_is_live(uintptr_t va);
