/* SPDX-License-Identifier: MIT */
/*
 * memblock_alloc.c - find free memory in a map, and take it.
 *
 * THE IDEA
 *	Free memory is walked, never stored: from an address upward (or downward)
 *	the next piece of `memory` that `reserved` does not cover. Both arrays are
 *	sorted, so a step is two binary searches, and the cursor of a walk is just
 *	an address: it stays good when the map changes under it.
 *
 * PICTURE	the walk downward that serves an allocation from the top
 *
 *	memory	 [                      ]   [             ]
 *	reserved     [    ]      [  ]            [   ]
 *	free	 3333      222222    111         0    0000	0 is looked at first
 *
 * LOCKING	As memblock.c. Nothing here sleeps.
 * COST		O(k log n) for k free ranges that are too small; usually k is 0.
 * FLOOR	early.
 * LINUX	mm/memblock.c: __next_mem_range() and its twin _rev(), which keep a pair of indices in a u64,
 *		memblock_find_in_range_node(), memblock_alloc_internal().
 */
#include <arch/cache.h>
#include <arch/memory.h>
#include <lib/check.h>
#include <lib/string.h>
#include "impl.h"

static bool admits(const struct memblock_region *region, int nid, enum memblock_flags flags)
{
	return region->flags == flags && (nid == NUMA_NO_NODE || region->nid == nid);
}

/* The lowest free part of [range->start, range->end), a piece of one memory region. */
static bool free_part_above(const struct memblock_type *reserved, struct memblock_range *range)
{
	unsigned long index = region_search(reserved, range->start);

	for (; index < reserved->cnt && range->start < range->end; index++) {
		const struct memblock_region *taken = &reserved->regions[index];

		if (taken->base > range->start) {
			range->end = min(range->end, taken->base);
			return true;
		}
		range->start = region_end(taken);
	}
	return range->start < range->end;
}

static bool free_part_below(const struct memblock_type *reserved, struct memblock_range *range)
{
	while (range->start < range->end) {
		unsigned long index = region_search(reserved, range->end - 1);
		const struct memblock_region *taken = &reserved->regions[index];

		if (index < reserved->cnt && taken->base < range->end) {
			range->end = taken->base;
			continue;
		}
		if (index > 0)
			range->start = max(range->start, region_end(taken - 1));
		return true;
	}
	return false;
}

bool memblock_free_above(const struct memblock *map, phys_addr_t from, int nid,
			 enum memblock_flags flags, struct memblock_range *range)
{
	const struct memblock_type *memory = &map->memory;

	for (unsigned long i = region_search(memory, from); i < memory->cnt; i++) {
		const struct memblock_region *region = &memory->regions[i];

		range->start = max(region->base, from);
		range->end = region_end(region);
		range->nid = region->nid;
		if (admits(region, nid, flags) && free_part_above(&map->reserved, range))
			return true;
	}
	return false;
}

bool memblock_free_below(const struct memblock *map, phys_addr_t to, int nid,
			 enum memblock_flags flags, struct memblock_range *range)
{
	const struct memblock_type *memory = &map->memory;
	unsigned long i = region_search(memory, to);

	if (i < memory->cnt && memory->regions[i].base < to)
		i++;
	while (i-- > 0) {
		const struct memblock_region *region = &memory->regions[i];

		range->start = region->base;
		range->end = min(region_end(region), to);
		range->nid = region->nid;
		if (admits(region, nid, flags) && free_part_below(&map->reserved, range))
			return true;
	}
	return false;
}

/* Where an aligned piece fits between the bounds; 0 when nowhere. */
static phys_addr_t fit(phys_addr_t start, phys_addr_t end, const struct memblock_request *request,
		       bool bottom_up)
{
	phys_addr_t pa = ALIGN_UP(start, request->align);

	if (pa < start || pa >= end || end - pa < request->size)
		return 0;
	return bottom_up ? pa : ALIGN_DOWN(end - request->size, request->align);
}

static phys_addr_t find_above(const struct memblock *map, const struct memblock_request *request)
{
	struct memblock_range range;
	phys_addr_t pa, from = request->start;

	while (memblock_free_above(map, from, request->nid, MEMBLOCK_NONE, &range)) {
		if (range.start >= request->end)
			break;
		pa = fit(range.start, min(range.end, request->end), request, true);
		if (pa)
			return pa;
		from = range.end;
	}
	return 0;
}

static phys_addr_t find_below(const struct memblock *map, const struct memblock_request *request)
{
	struct memblock_range range;
	phys_addr_t pa, to = request->end;

	while (memblock_free_below(map, to, request->nid, MEMBLOCK_NONE, &range)) {
		if (range.end <= request->start)
			break;
		pa = fit(max(range.start, request->start), range.end, request, false);
		if (pa)
			return pa;
		to = range.start;
	}
	return 0;
}

phys_addr_t memblock_map_find(const struct memblock *map, const struct memblock_request *request)
{
	struct memblock_request bounded = *request;

	if (bounded.align == 0)
		bounded.align = arch_cache_line_size();
	CHECK(is_power_of_2(bounded.align), "memblock: align 0x%llx is not a power of two",
	      (unsigned long long)bounded.align);
	if (bounded.size == 0)
		return 0;
	if (bounded.end == MEMBLOCK_ALLOC_ACCESSIBLE)
		bounded.end = map->current_limit;
	/* Address 0 says "none", and page 0 is where NULL points. */
	bounded.start = max(bounded.start, (phys_addr_t)PAGE_SIZE);
	return map->bottom_up ? find_above(map, &bounded) : find_below(map, &bounded);
}

phys_addr_t memblock_map_alloc(struct memblock *map, const struct memblock_request *request)
{
	struct memblock_request any_node = *request;
	phys_addr_t pa = memblock_map_find(map, request);

	any_node.nid = NUMA_NO_NODE;
	if (pa == 0 && request->nid != NUMA_NO_NODE && !request->exact_nid)
		pa = memblock_map_find(map, &any_node);
	if (pa == 0 || memblock_map_reserve(map, pa, request->size) < 0)
		return 0;
	return pa;
}

/* --- the living map: ranges --- */

phys_addr_t memblock_find_in_range_node(phys_addr_t size, phys_addr_t align, phys_addr_t start,
					phys_addr_t end, int nid)
{
	struct memblock_request request = {
		.size = size, .align = align, .start = start, .end = end, .nid = nid};

	return memblock_map_find(&memblock, &request);
}

phys_addr_t memblock_find_in_range(phys_addr_t start, phys_addr_t end, phys_addr_t size,
				   phys_addr_t align)
{
	return memblock_find_in_range_node(size, align, start, end, NUMA_NO_NODE);
}

static phys_addr_t take(const struct memblock_request *request)
{
	CHECK(!memblock.closed, "memblock: allocation of 0x%llx bytes after early_close()",
	      (unsigned long long)request->size);
	return memblock_map_alloc(&memblock, request);
}

phys_addr_t memblock_alloc_range_nid(phys_addr_t size, phys_addr_t align, phys_addr_t start,
				     phys_addr_t end, int nid, bool exact_nid)
{
	struct memblock_request request = {.size = size,
					   .align = align,
					   .start = start,
					   .end = end,
					   .nid = nid,
					   .exact_nid = exact_nid};

	return take(&request);
}

phys_addr_t memblock_phys_alloc_range(phys_addr_t size, phys_addr_t align, phys_addr_t start,
				      phys_addr_t end)
{
	return memblock_alloc_range_nid(size, align, start, end, NUMA_NO_NODE, false);
}

phys_addr_t memblock_phys_alloc(phys_addr_t size, phys_addr_t align)
{
	return memblock_phys_alloc_range(size, align, 0, MEMBLOCK_ALLOC_ACCESSIBLE);
}

phys_addr_t memblock_phys_alloc_try_nid(phys_addr_t size, phys_addr_t align, int nid)
{
	return memblock_alloc_range_nid(size, align, 0, MEMBLOCK_ALLOC_ACCESSIBLE, nid, false);
}

bool memblock_next_free(unsigned long *index, int nid, phys_addr_t *start, phys_addr_t *end,
			int *out_nid)
{
	struct memblock_range range;

	if (!memblock_free_above(&memblock, *index, nid, MEMBLOCK_NONE, &range))
		return false;
	*index = range.end;
	if (start)
		*start = range.start;
	if (end)
		*end = range.end;
	if (out_nid)
		*out_nid = range.nid;
	return true;
}

/* --- the living map: pointers --- */

void *memblock_alloc_try_nid_raw(phys_addr_t size, phys_addr_t align, phys_addr_t min_addr,
				 phys_addr_t max_addr, int nid)
{
	struct memblock_request request = {
		.size = size, .align = align, .start = min_addr, .nid = nid};
	phys_addr_t pa;

	CHECK(memblock.to_virtual, "memblock_alloc() before memblock_allow_resize()");
	if (max_addr != MEMBLOCK_ALLOC_ACCESSIBLE)
		request.end = min(max_addr, memblock.current_limit);
	pa = take(&request);
	if (pa == 0 && min_addr) {
		request.start = 0;
		pa = take(&request);
	}
	return pa ? memblock.to_virtual(pa) : NULL;
}

void *memblock_alloc_try_nid(phys_addr_t size, phys_addr_t align, phys_addr_t min_addr,
			     phys_addr_t max_addr, int nid)
{
	void *p = memblock_alloc_try_nid_raw(size, align, min_addr, max_addr, nid);

	return p ? memset(p, 0, size) : NULL;
}

static void *or_panic(void *p, phys_addr_t size, phys_addr_t align)
{
	if (!p)
		panic("memblock: out of memory: 0x%llx bytes, align 0x%llx, below 0x%llx; "
		      "0x%llx of 0x%llx bytes are reserved",
		      (unsigned long long)size, (unsigned long long)align,
		      (unsigned long long)memblock.current_limit,
		      (unsigned long long)memblock.reserved.total_size,
		      (unsigned long long)memblock.memory.total_size);
	return p;
}

void *memblock_alloc_nopanic(phys_addr_t size, phys_addr_t align)
{
	return memblock_alloc_try_nid(size, align, 0, 0, NUMA_NO_NODE);
}

void *memblock_alloc_raw(phys_addr_t size, phys_addr_t align)
{
	return memblock_alloc_try_nid_raw(size, align, 0, 0, NUMA_NO_NODE);
}

void *memblock_alloc(phys_addr_t size, phys_addr_t align)
{
	return or_panic(memblock_alloc_nopanic(size, align), size, align);
}

void *memblock_alloc_from(phys_addr_t size, phys_addr_t align, phys_addr_t min_addr)
{
	return or_panic(memblock_alloc_try_nid(size, align, min_addr, 0, NUMA_NO_NODE), size,
			align);
}

void *memblock_alloc_low(phys_addr_t size, phys_addr_t align)
{
	return or_panic(memblock_alloc_try_nid(size, align, 0, arch_dma32_end(), NUMA_NO_NODE),
			size, align);
}

void *memblock_alloc_node(phys_addr_t size, phys_addr_t align, int nid)
{
	return or_panic(memblock_alloc_try_nid(size, align, 0, 0, nid), size, align);
}

void memblock_free(void *address, size_t size)
{
	phys_addr_t pa = (uintptr_t)address - arch_region_base(REGION_DIRECT_MAP);

	if (address)
		memblock_phys_free(pa, size);
}
