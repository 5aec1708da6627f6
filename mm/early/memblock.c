/* SPDX-License-Identifier: MIT */
/*
 * memblock.c - the map of physical memory: what exists, what is taken.
 *
 * THE IDEA
 *	Before there is an allocator something must say where memory is. Two
 *	arrays of regions do: `memory`, what the firmware calls RAM, and
 *	`reserved`, what must not be handed out: the kernel image, the initrd,
 *	page tables. Free is what is in the first and not in the second; nobody
 *	stores it. To allocate is to find a free range and to reserve it.
 *
 * PICTURE
 *	memory	  [                ]     [                  ]
 *	reserved       [image]             [initrd]
 *	free	  [   ]       [    ]     []        [        ]
 *	                                              ^^^^^^ the next allocation: from the top
 *
 * THE FOUR STAGES OF THE EARLY FLOOR
 *	early_init()	fills the map (early.c). Allocations are physical ranges: nothing is mapped.
 *	bootmem_init()	the direct map works: arrays may grow, bootmem's bitmaps
 *			take over their spans (bootmem.c). Such memory gets the flag
 *			MEMBLOCK_BOOTMEM here, and memblock allocates elsewhere only:
 *			for each byte exactly one of the two says whether it is free.
 *	page_take_free()	pulls what both have left (handover.c).
 *	early_close()	the map becomes read-only, and answers "is this RAM?" for ever.
 *
 * GROWTH	The arrays start with 128 static regions. A full one is copied into one of twice the size,
 *	taken from the very map that is being changed. Three traps:
 *	- The new array must not lie in the range that is being reserved, freed
 *	  or removed: that range is excluded from the search.
 *	- Recording the new array adds a region to `reserved`, and giving back the
 *	  old one may split another; `reserved` may be full itself. So when it has
 *	  no room for two more it grows first, which always makes enough.
 *	- Growth changes `reserved`, so what was counted must be counted again.
 *	An outgrown array inside a bootmem span stays taken there: a few pages.
 *
 * INVARIANTS	M1 to M4, in region.c, hold for both arrays.
 * LOCKING	None: one CPU, interrupts off, until the map is read-only.
 * COST		Questions O(log n), changes O(n), growth O(n) but rare. n is the number of regions.
 * FLOOR	early. The floors above ask and allocate; nothing here calls up.
 * LINUX	mm/memblock.c: memblock_double_array(), memblock_isolate_range(). Left out: hotplug and mirrored
 *		memory, physmem, the slab's part in growing. The array grows before
 *		the change instead of in the middle of it.
 */
#include <mm/memblock.h>

#include <lib/check.h>
#include <lib/errno.h>
#include <lib/printk.h>
#include <lib/string.h>
#include "impl.h"

static struct memblock_region memory_regions[INIT_MEMBLOCK_REGIONS];
static struct memblock_region reserved_regions[INIT_MEMBLOCK_REGIONS];

struct memblock memblock = {
	.current_limit = MEMBLOCK_ALLOC_ANYWHERE,
	.memory = {.max = INIT_MEMBLOCK_REGIONS, .regions = memory_regions, .name = "memory"},
	.reserved = {.max = INIT_MEMBLOCK_REGIONS, .regions = reserved_regions, .name = "reserved"},
};

/* The range's end, clipped so that it never wraps. */
static phys_addr_t clip(phys_addr_t base, phys_addr_t size)
{
	return base + min(size, ~(phys_addr_t)0 - base);
}

/* --- growth --- */

static size_t array_bytes(unsigned long regions)
{
	return ALIGN_UP(regions * sizeof(struct memblock_region), PAGE_SIZE);
}

/* Memory for an array, outside the range that the current change is about. */
static phys_addr_t find_for_array(const struct memblock *map, size_t size,
				  const struct memblock_range *busy)
{
	struct memblock_request request = {
		.size = size, .align = PAGE_SIZE, .start = busy->end, .nid = NUMA_NO_NODE};
	phys_addr_t pa = memblock_map_find(map, &request);

	if (pa || busy->start == 0)
		return pa;
	request.start = 0;
	request.end = min(busy->start, map->current_limit);
	return memblock_map_find(map, &request);
}

static int grow_array(struct memblock *map, struct memblock_type *type,
		      const struct memblock_range *busy)
{
	size_t size = array_bytes(2 * type->max), old_size = array_bytes(type->max);
	struct memblock_region taken = {.size = size, .nid = NUMA_NO_NODE};
	phys_addr_t old_pa = type->array_pa;
	struct memblock_region *regions;

	taken.base = find_for_array(map, size, busy);
	if (taken.base == 0)
		return -ENOMEM;
	regions = map->to_virtual(taken.base);
	memcpy(regions, type->regions, type->cnt * sizeof(*regions));
	type->regions = regions;
	type->array_pa = taken.base;
	type->max *= 2;
	region_add(&map->reserved, &taken);
	if (old_pa)
		region_remove(&map->reserved, old_pa, old_pa + old_size);
	return 0;
}

static int grow(struct memblock *map, struct memblock_type *type, const struct memblock_range *busy)
{
	struct memblock_type *reserved = &map->reserved;

	if (!map->to_virtual)
		return -ENOMEM;
	if (type != reserved && reserved->cnt + 2 > reserved->max &&
	    grow_array(map, reserved, busy) < 0)
		return -ENOMEM;
	return grow_array(map, type, busy);
}

/* Room for the cuts at both ends of the range. */
static int room_to_cut(struct memblock *map, const struct memblock_range *range)
{
	struct memblock_type *type = &map->memory;

	while (type->cnt + region_room_to_cut(type, range->start, range->end) > type->max)
		if (grow(map, type, range) < 0)
			return -ENOMEM;
	return 0;
}

/* --- changes of a map --- */

int memblock_map_add(struct memblock *map, struct memblock_type *type,
		     const struct memblock_region *wanted)
{
	struct memblock_range busy = {.start = wanted->base,
				      .end = clip(wanted->base, wanted->size)};
	struct memblock_region region = *wanted;

	region.size = busy.end - busy.start;
	if (region.size == 0)
		return 0;
	while (type->cnt + region_room_to_add(type, &region) > type->max)
		if (grow(map, type, &busy) < 0)
			return -ENOMEM;
	region_add(type, &region);
	return 0;
}

int memblock_map_reserve(struct memblock *map, phys_addr_t base, phys_addr_t size)
{
	struct memblock_region region = {.base = base, .size = size, .nid = NUMA_NO_NODE};

	return memblock_map_add(map, &map->reserved, &region);
}

int memblock_map_remove(struct memblock *map, struct memblock_type *type, phys_addr_t base,
			phys_addr_t size)
{
	struct memblock_range range = {.start = base, .end = clip(base, size)};

	if (range.start == range.end)
		return 0;
	while (type->cnt + region_room_to_remove(type, range.start, range.end) > type->max)
		if (grow(map, type, &range) < 0)
			return -ENOMEM;
	region_remove(type, range.start, range.end);
	return 0;
}

int memblock_map_set_flag(struct memblock *map, const struct memblock_range *range,
			  enum memblock_flags flag, bool set)
{
	if (range->start == range->end)
		return 0;
	if (room_to_cut(map, range) < 0)
		return -ENOMEM;
	region_set_flags(&map->memory, range->start, range->end, flag, set);
	return 0;
}

int memblock_map_set_node(struct memblock *map, const struct memblock_range *range)
{
	if (range->start == range->end)
		return 0;
	if (room_to_cut(map, range) < 0)
		return -ENOMEM;
	region_set_node(&map->memory, range->start, range->end, range->nid);
	return 0;
}

void memblock_map_trim(struct memblock *map, phys_addr_t align)
{
	struct memblock_type *memory = &map->memory;
	unsigned long to = 0;

	for (unsigned long from = 0; from < memory->cnt; from++) {
		struct memblock_region region = memory->regions[from];
		phys_addr_t base = ALIGN_UP(region.base, align);
		phys_addr_t end = ALIGN_DOWN(region_end(&region), align);

		memory->total_size -= region.size;
		if (base < region.base || base >= end)
			continue;
		region.base = base;
		region.size = end - base;
		memory->total_size += region.size;
		memory->regions[to++] = region;
	}
	memory->cnt = to;
	ASSERT_SLOW(region_check(memory));
}

/* Where the first `limit` bytes of RAM end; all ones when there are no more. */
static phys_addr_t end_of_first_bytes(const struct memblock_type *memory, phys_addr_t limit)
{
	for (unsigned long i = 0; i < memory->cnt; i++) {
		if (limit <= memory->regions[i].size)
			return memory->regions[i].base + limit;
		limit -= memory->regions[i].size;
	}
	return ~(phys_addr_t)0;
}

void memblock_map_limit(struct memblock *map, phys_addr_t limit)
{
	phys_addr_t end = end_of_first_bytes(&map->memory, limit), all = ~(phys_addr_t)0;

	if (limit == 0)
		return;
	/* To cut off a tail takes no room, so it cannot fail. */
	memblock_map_remove(map, &map->reserved, end, all);
	memblock_map_remove(map, &map->memory, end, all);
}

bool memblock_type_overlaps(const struct memblock_type *type, phys_addr_t base, phys_addr_t size)
{
	unsigned long index = region_search(type, base);

	return index < type->cnt && type->regions[index].base < clip(base, size);
}

bool memblock_type_covers(const struct memblock_type *type, phys_addr_t base, phys_addr_t size)
{
	phys_addr_t end = clip(base, size);
	unsigned long index = region_search(type, base);

	for (; base < end; index++) {
		if (index == type->cnt || type->regions[index].base > base)
			return false;
		base = region_end(&type->regions[index]);
	}
	return true;
}

/* --- the living map: changes --- */

static struct memblock *open_map(void)
{
	CHECK(!memblock.closed, "memblock is changed after early_close()");
	return &memblock;
}

/* Inside a bootmem span the bitmap is the truth, and a change here would be believed by nobody. */
static void check_outside_spans(phys_addr_t base, phys_addr_t size)
{
	unsigned long index = region_search(&memblock.memory, base);

	for (; index < memblock.memory.cnt; index++) {
		const struct memblock_region *region = &memblock.memory.regions[index];

		if (region->base >= clip(base, size))
			break;
		CHECK(!(region->flags & MEMBLOCK_BOOTMEM),
		      "memblock: 0x%llx + 0x%llx lies in a bootmem span", (unsigned long long)base,
		      (unsigned long long)size);
	}
}

int memblock_add_node(phys_addr_t base, phys_addr_t size, int nid, enum memblock_flags flags)
{
	struct memblock_region region = {.base = base, .size = size, .flags = flags, .nid = nid};

	return memblock_map_add(open_map(), &memblock.memory, &region);
}

int memblock_add(phys_addr_t base, phys_addr_t size)
{
	return memblock_add_node(base, size, NUMA_NO_NODE, MEMBLOCK_NONE);
}

int memblock_remove(phys_addr_t base, phys_addr_t size)
{
	check_outside_spans(base, size);
	return memblock_map_remove(open_map(), &memblock.memory, base, size);
}

int memblock_reserve(phys_addr_t base, phys_addr_t size)
{
	check_outside_spans(base, size);
	return memblock_map_reserve(open_map(), base, size);
}

int memblock_phys_free(phys_addr_t base, phys_addr_t size)
{
	check_outside_spans(base, size);
	return memblock_map_remove(open_map(), &memblock.reserved, base, size);
}

int memblock_mark_nomap(phys_addr_t base, phys_addr_t size)
{
	struct memblock_range range = {.start = base, .end = clip(base, size)};

	check_outside_spans(base, size);
	return memblock_map_set_flag(open_map(), &range, MEMBLOCK_NOMAP, true);
}

int memblock_clear_nomap(phys_addr_t base, phys_addr_t size)
{
	struct memblock_range range = {.start = base, .end = clip(base, size)};

	check_outside_spans(base, size);
	return memblock_map_set_flag(open_map(), &range, MEMBLOCK_NOMAP, false);
}

int memblock_set_node(phys_addr_t base, phys_addr_t size, int nid)
{
	struct memblock_range range = {.start = base, .end = clip(base, size), .nid = nid};

	check_outside_spans(base, size);
	return memblock_map_set_node(open_map(), &range);
}

void memblock_allow_resize(void *(*to_virtual)(phys_addr_t pa))
{
	open_map()->to_virtual = to_virtual;
}

void memblock_set_current_limit(phys_addr_t limit)
{
	open_map()->current_limit = limit;
}

phys_addr_t memblock_get_current_limit(void)
{
	return memblock.current_limit;
}

void memblock_set_bottom_up(bool enable)
{
	open_map()->bottom_up = enable;
}

bool memblock_bottom_up(void)
{
	return memblock.bottom_up;
}

void memblock_trim_memory(phys_addr_t align)
{
	check_outside_spans(0, ~(phys_addr_t)0);
	memblock_map_trim(open_map(), align);
}

void memblock_enforce_memory_limit(phys_addr_t limit)
{
	check_outside_spans(0, ~(phys_addr_t)0);
	memblock_map_limit(open_map(), limit);
}

void memblock_cap_memory_range(phys_addr_t base, phys_addr_t size)
{
	phys_addr_t end = clip(base, size), all = ~(phys_addr_t)0;

	check_outside_spans(0, all);
	memblock_map_remove(open_map(), &memblock.memory, 0, base);
	memblock_map_remove(open_map(), &memblock.memory, end, all);
}

/* --- the living map: questions --- */

phys_addr_t memblock_phys_mem_size(void)
{
	return memblock.memory.total_size;
}

phys_addr_t memblock_reserved_size(void)
{
	return memblock.reserved.total_size;
}

phys_addr_t memblock_start_of_DRAM(void)
{
	return memblock.memory.cnt ? memblock.memory.regions[0].base : 0;
}

phys_addr_t memblock_end_of_DRAM(void)
{
	const struct memblock_type *memory = &memblock.memory;

	return memory->cnt ? region_end(&memory->regions[memory->cnt - 1]) : 0;
}

bool memblock_is_memory(phys_addr_t pa)
{
	return memblock_type_overlaps(&memblock.memory, pa, 1);
}

bool memblock_is_nomap(const struct memblock_region *region)
{
	return region->flags & MEMBLOCK_NOMAP;
}

bool memblock_is_map_memory(phys_addr_t pa)
{
	return memblock_is_memory(pa) &&
	       !memblock_is_nomap(&memblock.memory.regions[region_search(&memblock.memory, pa)]);
}

bool memblock_is_reserved(phys_addr_t pa)
{
	return memblock_type_overlaps(&memblock.reserved, pa, 1);
}

bool memblock_is_region_memory(phys_addr_t base, phys_addr_t size)
{
	return memblock_type_covers(&memblock.memory, base, size);
}

bool memblock_overlaps_memory(phys_addr_t base, phys_addr_t size)
{
	return memblock_type_overlaps(&memblock.memory, base, size);
}

bool memblock_is_region_reserved(phys_addr_t base, phys_addr_t size)
{
	return memblock_type_overlaps(&memblock.reserved, base, size);
}

int memblock_search_pfn_nid(unsigned long pfn, unsigned long *start_pfn, unsigned long *end_pfn)
{
	phys_addr_t pa = (phys_addr_t)pfn << PAGE_SHIFT;
	const struct memblock_region *region;

	if (!memblock_is_memory(pa))
		return -1;
	region = &memblock.memory.regions[region_search(&memblock.memory, pa)];
	if (start_pfn)
		*start_pfn = (unsigned long)(region->base >> PAGE_SHIFT);
	if (end_pfn)
		*end_pfn = (unsigned long)(region_end(region) >> PAGE_SHIFT);
	return region->nid;
}

/* Regions that touch and differ only in who hands them out are one range for the caller. */
bool memblock_next_memory(unsigned long *index, phys_addr_t *start, phys_addr_t *end, int *nid)
{
	const struct memblock_type *memory = &memblock.memory;
	const struct memblock_region *first, *last;

	while (*index < memory->cnt && memblock_is_nomap(&memory->regions[*index]))
		++*index;
	if (*index >= memory->cnt)
		return false;
	first = last = &memory->regions[(*index)++];
	while (*index < memory->cnt && last[1].base == region_end(last) &&
	       last[1].nid == first->nid && !memblock_is_nomap(&last[1])) {
		last++;
		++*index;
	}
	*start = first->base;
	*end = region_end(last);
	if (nid)
		*nid = first->nid;
	return true;
}

bool memblock_next_reserved(unsigned long *index, phys_addr_t *start, phys_addr_t *end)
{
	if (*index >= memblock.reserved.cnt)
		return false;
	*start = memblock.reserved.regions[*index].base;
	*end = region_end(&memblock.reserved.regions[*index]);
	++*index;
	return true;
}

static void dump(const struct memblock_type *type)
{
	pr_info("memblock: %s: %lu of %lu regions, 0x%llx bytes", type->name, type->cnt, type->max,
		(unsigned long long)type->total_size);
	for (unsigned long i = 0; i < type->cnt; i++)
		pr_info("memblock:   [0x%012llx - 0x%012llx) node %d flags 0x%x",
			(unsigned long long)type->regions[i].base,
			(unsigned long long)region_end(&type->regions[i]), type->regions[i].nid,
			type->regions[i].flags);
}

void memblock_dump_all(void)
{
	dump(&memblock.memory);
	dump(&memblock.reserved);
}

bool memblock_check(const struct memblock *map)
{
	return region_check(&map->memory) && region_check(&map->reserved);
}
