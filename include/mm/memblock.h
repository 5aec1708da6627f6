/* SPDX-License-Identifier: MIT */
/*
 * mm/memblock.h - the map of memory: what exists, what is taken.
 *
 * Two sorted arrays of disjoint regions, `memory` and `reserved`. Physical
 * addresses in bytes. It works from the first moment, needs nothing mapped, and
 * answers "is this RAM?" for ever. It allocates physical ranges until
 * early_close(); after that any allocation is a CHECK. One CPU, interrupts off, while it allocates. (Linux: mm/memblock.c)
 */
#pragma once

#include <lib/types.h>

#define NUMA_NO_NODE		(-1)
#define MEMBLOCK_ALLOC_ANYWHERE ((phys_addr_t)~0ULL)

enum memblock_flags {
	MEMBLOCK_NONE = 0,
	MEMBLOCK_NOMAP = 1 << 0, /* exists, but must not be in the direct map */
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
};

struct memblock {
	bool bottom_up;
	phys_addr_t current_limit;
	struct memblock_type memory, reserved;
};
extern struct memblock memblock;

/* All return 0 or -errno (-ENOMEM: an array could not grow); a range is clipped at 2^64; size 0 does nothing. */
int memblock_add(phys_addr_t base, phys_addr_t size);
int memblock_add_node(phys_addr_t base, phys_addr_t size, int nid, enum memblock_flags flags);
int memblock_remove(phys_addr_t base, phys_addr_t size);
int memblock_reserve(phys_addr_t base, phys_addr_t size);
int memblock_phys_free(phys_addr_t base, phys_addr_t size);
int memblock_mark_nomap(phys_addr_t base, phys_addr_t size);
int memblock_set_node(phys_addr_t base, phys_addr_t size, int nid);

/* Once something can read and write physical memory, the arrays may grow beyond their static 128 regions. */
void memblock_allow_resize(void *(*to_virtual)(phys_addr_t pa));

/* A free, aligned range in [start, end), or 0. Takes nothing. Top down unless memblock.bottom_up. */
phys_addr_t memblock_find_in_range(phys_addr_t start, phys_addr_t end, phys_addr_t size,
				   phys_addr_t align);

/* Take one; 0 when there is none. align 0 is a cache line. */
phys_addr_t memblock_phys_alloc_range(phys_addr_t size, phys_addr_t align, phys_addr_t start,
				      phys_addr_t end);
phys_addr_t memblock_phys_alloc(phys_addr_t size, phys_addr_t align);
phys_addr_t memblock_phys_alloc_try_nid(phys_addr_t size, phys_addr_t align, int nid);

/*
 * The same, zeroed and as a pointer into the direct map: only below the limit that is
 * mapped. memblock_alloc panics with the numbers when there is none; _nopanic gives NULL. (Linux: memblock_alloc)
 */
void *memblock_alloc(phys_addr_t size, phys_addr_t align);
void *memblock_alloc_nopanic(phys_addr_t size, phys_addr_t align);

void memblock_set_current_limit(phys_addr_t limit);
void memblock_set_bottom_up(bool enable);
void memblock_trim_memory(phys_addr_t align); /* shrink each memory region inward to `align` */
void memblock_enforce_memory_limit(
	phys_addr_t limit); /* drop memory beyond the first `limit` bytes (mem=) */

phys_addr_t memblock_phys_mem_size(void);
phys_addr_t memblock_reserved_size(void);
phys_addr_t memblock_start_of_DRAM(void);
phys_addr_t memblock_end_of_DRAM(void);
bool memblock_is_memory(phys_addr_t pa);     /* is there RAM at this byte? O(log n), for ever */
bool memblock_is_map_memory(phys_addr_t pa); /* and may it be in the direct map? */
bool memblock_is_reserved(phys_addr_t pa);
bool memblock_is_region_memory(phys_addr_t base, phys_addr_t size);   /* all of it */
bool memblock_overlaps_memory(phys_addr_t base, phys_addr_t size);    /* any byte of it */
bool memblock_is_region_reserved(phys_addr_t base, phys_addr_t size); /* any byte of it */

/* Iterators. index starts at 0; each returns false behind the last. memory minus reserved is free; NOMAP memory is never free. */
bool memblock_next_free(unsigned long *index, int nid, phys_addr_t *start, phys_addr_t *end,
			int *out_nid);
bool memblock_next_memory(unsigned long *index, phys_addr_t *start, phys_addr_t *end, int *nid);

#define for_each_mem_range(i, p_start, p_end)                                                      \
	for (i = 0; memblock_next_memory(&i, p_start, p_end, NULL);)
#define for_each_free_mem_range(i, nid, p_start, p_end, p_nid)                                     \
	for (i = 0; memblock_next_free(&i, nid, p_start, p_end, p_nid);)

/* Sorted, disjoint, merged, totals right. Says which rule (M1...) failed. */
bool memblock_check(const struct memblock *memblock);
