/* SPDX-License-Identifier: MIT */
/*
 * mm/memblock.h - the map of memory: what exists, what is taken.
 *
 * Two sorted arrays of disjoint regions, `memory` and `reserved`; what is in the
 * first and not in the second is free. Physical addresses in bytes. It works from the first
 * moment, needs nothing mapped, and answers "is this RAM?" for ever.
 *
 * Ranges can be taken until early_close(); any call that changes the map after that is a CHECK. After
 * bootmem_init() the spans of the bitmaps belong to bootmem: memblock allocates outside them only, and
 * reserving or freeing inside them here is a CHECK (use reserve_bootmem(), free_bootmem()).
 * One CPU, interrupts off, while the map changes; queries in any context. (Linux: mm/memblock.c)
 */
#pragma once

#include <lib/types.h>

#define NUMA_NO_NODE		  (-1)
#define MEMBLOCK_ALLOC_ANYWHERE	  ((phys_addr_t)~0ULL) /* as an end: no limit */
#define MEMBLOCK_ALLOC_ACCESSIBLE ((phys_addr_t)0)     /* as an end: the current limit */
#define MEMBLOCK_LOW_LIMIT	  ((phys_addr_t)0)
#define INIT_MEMBLOCK_REGIONS	  128 /* static room of each array */

enum memblock_flags {
	MEMBLOCK_NONE = 0,
	MEMBLOCK_NOMAP = 1 << 0,   /* exists, but must not be in the direct map */
	MEMBLOCK_BOOTMEM = 1 << 1, /* a bootmem bitmap says what is free here */
};

struct memblock_region {
	phys_addr_t base, size;
	enum memblock_flags flags;
	int nid;
};

struct memblock_type {
	unsigned long cnt; /* regions in use */
	unsigned long max; /* room in the array; it doubles when full */
	phys_addr_t total_size;
	struct memblock_region *regions;
	const char *name;
	phys_addr_t array_pa; /* where an array that has grown lies; 0: the static one */
};

struct memblock {
	bool bottom_up;
	bool closed; /* early_close() was called: the map is read-only */
	phys_addr_t current_limit;
	struct memblock_type memory, reserved;
	void *(*to_virtual)(
		phys_addr_t pa); /* NULL: nothing can be written yet, arrays cannot grow */
};
extern struct memblock memblock;

/*
 * Change the map. All return 0 or -ENOMEM (an array could not grow; nothing has changed). A range
 * is clipped at 2^64 - 1; size 0 does nothing. Adding what is there already changes nothing there: the
 * older flags and node stay. memblock_add() gives no node.
 */
int memblock_add(phys_addr_t base, phys_addr_t size);
int memblock_add_node(phys_addr_t base, phys_addr_t size, int nid, enum memblock_flags flags);
int memblock_remove(phys_addr_t base, phys_addr_t size);
int memblock_reserve(phys_addr_t base, phys_addr_t size);
int memblock_phys_free(phys_addr_t base, phys_addr_t size);
int memblock_mark_nomap(phys_addr_t base, phys_addr_t size);
int memblock_clear_nomap(phys_addr_t base, phys_addr_t size);
int memblock_set_node(phys_addr_t base, phys_addr_t size, int nid);

/*
 * Once something can read and write physical memory below the current limit, the arrays may grow beyond their static 128
 * regions, and memblock_alloc() can give pointers. bootmem_init() calls it with the direct map.
 */
void memblock_allow_resize(void *(*to_virtual)(phys_addr_t pa));

/*
 * A free range of `size` bytes at a multiple of `align` (a power of two; 0 is a cache line) in [start, end), or 0.
 * Takes nothing. From the top unless memblock.bottom_up. Page 0 is never found.
 */
phys_addr_t memblock_find_in_range(phys_addr_t start, phys_addr_t end, phys_addr_t size,
				   phys_addr_t align);
phys_addr_t memblock_find_in_range_node(phys_addr_t size, phys_addr_t align, phys_addr_t start,
					phys_addr_t end, int nid);

/*
 * Find and reserve; 0 when there is none. Without an end: below the current limit. _try_nid prefers the node and falls back
 * to any; _range_nid insists on it when `exact_nid`.
 */
phys_addr_t memblock_phys_alloc(phys_addr_t size, phys_addr_t align);
phys_addr_t memblock_phys_alloc_range(phys_addr_t size, phys_addr_t align, phys_addr_t start,
				      phys_addr_t end);
phys_addr_t memblock_phys_alloc_try_nid(phys_addr_t size, phys_addr_t align, int nid);
phys_addr_t memblock_alloc_range_nid(phys_addr_t size, phys_addr_t align, phys_addr_t start,
				     phys_addr_t end, int nid, bool exact_nid);

/*
 * The same as a pointer, zeroed but for _raw, below the current limit; needs memblock_allow_resize(). A
 * min_addr that cannot be kept is dropped. memblock_alloc and its forms panic with the numbers
 * when there is none; _nopanic, and _try_nid and _raw as today's Linux has them, give NULL.
 */
void *memblock_alloc(phys_addr_t size, phys_addr_t align);
void *memblock_alloc_from(phys_addr_t size, phys_addr_t align, phys_addr_t min_addr);
void *memblock_alloc_low(phys_addr_t size, phys_addr_t align); /* below arch_dma32_end() */
void *memblock_alloc_node(phys_addr_t size, phys_addr_t align, int nid);
void *memblock_alloc_nopanic(phys_addr_t size, phys_addr_t align);
void *memblock_alloc_raw(phys_addr_t size, phys_addr_t align);
void *memblock_alloc_try_nid(phys_addr_t size, phys_addr_t align, phys_addr_t min_addr,
			     phys_addr_t max_addr, int nid);
void *memblock_alloc_try_nid_raw(phys_addr_t size, phys_addr_t align, phys_addr_t min_addr,
				 phys_addr_t max_addr, int nid);
void memblock_free(void *address, size_t size);

void memblock_set_current_limit(phys_addr_t limit);
phys_addr_t memblock_get_current_limit(void);
void memblock_set_bottom_up(bool enable);
bool memblock_bottom_up(void);
void memblock_trim_memory(phys_addr_t align); /* shrink each memory region inward to `align` */

/* Drop memory, and reservations, beyond the first `limit` bytes of RAM (mem=); 0 does nothing. */
void memblock_enforce_memory_limit(phys_addr_t limit);
void memblock_cap_memory_range(phys_addr_t base, phys_addr_t size); /* drop all outside */

/* Questions; O(log n), for ever. */
phys_addr_t memblock_phys_mem_size(void);
phys_addr_t memblock_reserved_size(void);
phys_addr_t memblock_start_of_DRAM(void);
phys_addr_t memblock_end_of_DRAM(void);
bool memblock_is_memory(phys_addr_t pa);     /* is there RAM at this byte? */
bool memblock_is_map_memory(phys_addr_t pa); /* and may it be in the direct map? */
bool memblock_is_nomap(const struct memblock_region *region);
bool memblock_is_reserved(phys_addr_t pa);
bool memblock_is_region_memory(phys_addr_t base, phys_addr_t size);   /* all of it */
bool memblock_overlaps_memory(phys_addr_t base, phys_addr_t size);    /* any byte of it */
bool memblock_is_region_reserved(phys_addr_t base, phys_addr_t size); /* any byte of it */

/* The node of the RAM at this frame, and the bounds of its region in frames (NULL: not wanted); -1 when there is none. */
int memblock_search_pfn_nid(unsigned long pfn, unsigned long *start_pfn, unsigned long *end_pfn);

/*
 * Iterators. index starts at 0; each returns false behind the last; what a pointer that is NULL would get is not wanted.
 * free: memory minus reserved, in bytes, NOMAP left out, outside the bootmem spans. nid NUMA_NO_NODE: every node.
 * memory: RAM that may be mapped; NOMAP regions are left out, as in Linux's for_each_mem_range.
 * reserved: what is taken.
 */
bool memblock_next_free(unsigned long *index, int nid, phys_addr_t *start, phys_addr_t *end,
			int *out_nid);
bool memblock_next_memory(unsigned long *index, phys_addr_t *start, phys_addr_t *end, int *nid);
bool memblock_next_reserved(unsigned long *index, phys_addr_t *start, phys_addr_t *end);

#define for_each_mem_range(i, p_start, p_end)                                                      \
	for (i = 0; memblock_next_memory(&i, p_start, p_end, NULL);)
#define for_each_reserved_mem_range(i, p_start, p_end)                                             \
	for (i = 0; memblock_next_reserved(&i, p_start, p_end);)
#define for_each_free_mem_range(i, nid, p_start, p_end, p_nid)                                     \
	for (i = 0; memblock_next_free(&i, nid, p_start, p_end, p_nid);)

/* Both arrays in the log, as memblock=debug does. */
void memblock_dump_all(void);

/* Sorted, disjoint, merged, totals right. Says which rule (M1...) failed. */
bool memblock_check(const struct memblock *map);
