/* SPDX-License-Identifier: MIT */
/*
 * region.c - one array of memory regions, kept sorted, disjoint and merged.
 *
 * THE IDEA
 *	Memory is described by few, large pieces, so an array that is sorted by
 *	address beats anything cleverer: a question is a binary search, a change
 *	moves the tail. A change is made in two steps. First it is asked how many
 *	more regions it takes; the owner of the array finds the room (memblock.c
 *	doubles it). Then the change is made, and it cannot fail half way.
 *
 * PICTURE	add [4, 9) to two regions of its own kind: one remains
 *
 *	     0   2   4   6   8  10  12
 *	     [ a     ]       [ b     ]
 *	             [ wanted  )
 *	     [ a                     ]
 *
 *	The same where a and b have another node or other flags: what was there
 *	stays as it is, only the gap is filled:	[ a     ][ wanted ][ b     ]
 *
 * INVARIANTS	(region_check() proves them, memblock_test.c breaks them)
 *	M1  Regions are sorted by base and do not overlap.
 *	M2  No region is empty or reaches beyond 2^64 - 1.
 *	M3  Two regions that touch differ in flags or node.
 *	M4  total_size is the sum of the sizes, and cnt is at most max.
 *
 * COST		Search O(log n), any change O(n); filling k gaps between foreign regions O(k n).
 * FLOOR	early. Called by memblock.c.
 * LINUX	mm/memblock.c: memblock_add_range(), memblock_isolate_range(),
 *		memblock_merge_regions(). Linux walks the array from its start
 *		for each change; an empty array has a dummy region there, none here.
 */
#include "impl.h"

#include <lib/check.h>
#include <lib/printk.h>
#include <lib/string.h>

unsigned long region_search(const struct memblock_type *type, phys_addr_t pa)
{
	unsigned long low = 0, high = type->cnt;

	while (low < high) {
		unsigned long middle = low + (high - low) / 2;

		if (region_end(&type->regions[middle]) > pa)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static bool alike(const struct memblock_region *a, const struct memblock_region *b)
{
	return a->flags == b->flags && a->nid == b->nid;
}

/* Open a slot at `index` for a region that the caller has made sure there is room for. */
static void insert(struct memblock_type *type, unsigned long index,
		   const struct memblock_region *region)
{
	CHECK(type->cnt < type->max, "%s has no room: %lu regions", type->name, type->cnt);
	memmove(&type->regions[index + 1], &type->regions[index],
		(type->cnt - index) * sizeof(*region));
	type->regions[index] = *region;
	type->cnt++;
}

static void drop(struct memblock_type *type, unsigned long first, unsigned long end)
{
	memmove(&type->regions[first], &type->regions[end],
		(type->cnt - end) * sizeof(*type->regions));
	type->cnt -= end - first;
}

/* Join what touches and is alike among the regions first .. last. */
static void merge(struct memblock_type *type, unsigned long first, unsigned long last)
{
	struct memblock_region *regions = type->regions;
	unsigned long to = first;

	if (type->cnt == 0)
		return;
	last = min(last, type->cnt - 1);
	for (unsigned long from = first + 1; from <= last; from++) {
		if (region_end(&regions[to]) == regions[from].base &&
		    alike(&regions[to], &regions[from]))
			regions[to].size += regions[from].size;
		else
			regions[++to] = regions[from];
	}
	if (to < last)
		drop(type, to + 1, last + 1);
}

/*
 * The regions that overlap or touch `wanted` are [*first, *end). True when all are of its kind, so
 * that one region can take their place.
 */
static bool can_absorb(const struct memblock_type *type, const struct memblock_region *wanted,
		       unsigned long *first, unsigned long *end)
{
	*first = wanted->base ? region_search(type, wanted->base - 1) : 0;
	for (*end = *first; *end < type->cnt; ++*end) {
		if (type->regions[*end].base > region_end(wanted))
			break;
		if (!alike(&type->regions[*end], wanted))
			return false;
	}
	return true;
}

static void absorb(struct memblock_type *type, const struct memblock_region *wanted,
		   unsigned long first, unsigned long end)
{
	struct memblock_region *regions = type->regions;
	phys_addr_t base = wanted->base, top = region_end(wanted);

	if (first == end) {
		insert(type, first, wanted);
		type->total_size += wanted->size;
		return;
	}
	base = min(base, regions[first].base);
	top = max(top, region_end(&regions[end - 1]));
	for (unsigned long i = first; i < end; i++)
		type->total_size -= regions[i].size;
	regions[first].base = base;
	regions[first].size = top - base;
	type->total_size += top - base;
	drop(type, first + 1, end);
}

/* The first piece of `wanted` at or above *base that no region covers; *index is where it would go. */
static bool next_gap(const struct memblock_type *type, const struct memblock_region *wanted,
		     phys_addr_t *base, unsigned long *index, struct memblock_region *gap)
{
	phys_addr_t end = region_end(wanted);

	while (*base < end) {
		const struct memblock_region *next = &type->regions[*index];

		if (*index == type->cnt || next->base > *base) {
			*gap = *wanted;
			gap->base = *base;
			gap->size = (*index == type->cnt ? end : min(end, next->base)) - *base;
			*base = region_end(gap);
			return true;
		}
		*base = region_end(next);
		++*index;
	}
	return false;
}

unsigned long region_room_to_add(const struct memblock_type *type,
				 const struct memblock_region *wanted)
{
	unsigned long first, end, room = 0, index = region_search(type, wanted->base);
	phys_addr_t base = wanted->base;
	struct memblock_region gap;

	if (can_absorb(type, wanted, &first, &end))
		return first == end;
	while (next_gap(type, wanted, &base, &index, &gap))
		room++;
	return room;
}

void region_add(struct memblock_type *type, const struct memblock_region *wanted)
{
	unsigned long first, end, index = region_search(type, wanted->base);
	phys_addr_t base = wanted->base;
	struct memblock_region gap;

	ASSERT(wanted->size && region_end(wanted) > wanted->base);
	if (can_absorb(type, wanted, &first, &end)) {
		absorb(type, wanted, first, end);
		return;
	}
	first = index ? index - 1 : 0;
	while (next_gap(type, wanted, &base, &index, &gap)) {
		insert(type, index++, &gap);
		type->total_size += gap.size;
	}
	merge(type, first, index);
	ASSERT_SLOW(region_check(type));
}

static bool straddles(const struct memblock_type *type, phys_addr_t pa)
{
	unsigned long index = region_search(type, pa);

	return index < type->cnt && type->regions[index].base < pa;
}

unsigned long region_room_to_cut(const struct memblock_type *type, phys_addr_t base,
				 phys_addr_t end)
{
	return straddles(type, base) + straddles(type, end);
}

/* Make `pa` a border between regions; the index of the first region at or above it. */
static unsigned long cut(struct memblock_type *type, phys_addr_t pa)
{
	unsigned long index = region_search(type, pa);
	struct memblock_region lower;

	if (index == type->cnt || type->regions[index].base >= pa)
		return index;
	lower = type->regions[index];
	lower.size = pa - lower.base;
	insert(type, index, &lower);
	type->regions[index + 1].base += lower.size;
	type->regions[index + 1].size -= lower.size;
	return index + 1;
}

/* Only a hole inside one region takes another region. */
unsigned long region_room_to_remove(const struct memblock_type *type, phys_addr_t base,
				    phys_addr_t end)
{
	unsigned long index = region_search(type, base);

	return straddles(type, base) && region_end(&type->regions[index]) > end;
}

static void trim_head(struct memblock_type *type, unsigned long index, phys_addr_t base)
{
	struct memblock_region *region = &type->regions[index];

	if (index == type->cnt || region->base >= base)
		return;
	type->total_size -= base - region->base;
	region->size -= base - region->base;
	region->base = base;
}

static void trim_tail(struct memblock_type *type, unsigned long index, phys_addr_t end)
{
	struct memblock_region *region = &type->regions[index];

	type->total_size -= region_end(region) - end;
	region->size = end - region->base;
}

void region_remove(struct memblock_type *type, phys_addr_t base, phys_addr_t end)
{
	unsigned long first = region_search(type, base), last;

	if (region_room_to_remove(type, base, end))
		first = cut(type, base);
	else if (straddles(type, base))
		trim_tail(type, first++, base);
	for (last = first; last < type->cnt && region_end(&type->regions[last]) <= end; last++)
		type->total_size -= type->regions[last].size;
	trim_head(type, last, end);
	drop(type, first, last);
	ASSERT_SLOW(region_check(type));
}

void region_set_node(struct memblock_type *type, phys_addr_t base, phys_addr_t end, int nid)
{
	unsigned long first = cut(type, base), last = cut(type, end);

	for (unsigned long i = first; i < last; i++)
		type->regions[i].nid = nid;
	merge(type, first ? first - 1 : 0, last);
	ASSERT_SLOW(region_check(type));
}

void region_set_flags(struct memblock_type *type, phys_addr_t base, phys_addr_t end,
		      enum memblock_flags flags, bool set)
{
	unsigned long first = cut(type, base), last = cut(type, end);

	for (unsigned long i = first; i < last; i++) {
		enum memblock_flags old = type->regions[i].flags;

		type->regions[i].flags = set ? old | flags : old & ~flags;
	}
	merge(type, first ? first - 1 : 0, last);
	ASSERT_SLOW(region_check(type));
}

static bool broken(const struct memblock_type *type, unsigned long index, const char *rule)
{
	pr_err("memblock: %s.regions[%lu] breaks %s", type->name, index, rule);
	return false;
}

bool region_check(const struct memblock_type *type)
{
	phys_addr_t total = 0;

	if (type->cnt > type->max)
		return broken(type, type->cnt, "M4: more regions than room");
	for (unsigned long i = 0; i < type->cnt; i++) {
		const struct memblock_region *region = &type->regions[i], *before = region - 1;

		if (region->size == 0 || region_end(region) < region->base)
			return broken(type, i, "M2: empty, or beyond 2^64 - 1");
		total += region->size;
		if (i == 0)
			continue;
		if (region_end(before) > region->base)
			return broken(type, i, "M1: overlaps the one before");
		if (region_end(before) == region->base && alike(before, region))
			return broken(type, i, "M3: should be one with the one before");
	}
	if (total != type->total_size)
		return broken(type, type->cnt, "M4: total_size is not the sum");
	return true;
}
