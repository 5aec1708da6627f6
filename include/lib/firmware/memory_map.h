/* SPDX-License-Identifier: MIT */
/*
 * firmware/memory_map.h - any list of ranges into a sorted one without overlap.
 *
 * For each byte the most severe type that any entry gives it wins; adjacent
 * pieces of equal type become one. Usable pieces are then rounded inward to
 * whole pages, all others outward, which never makes a reserved byte usable. Pure; the order of
 * the input makes no difference.
 */
#pragma once

#include <lib/firmware/boot_info.h>

struct memory_map {
	struct boot_range range[BOOT_MAX_RANGES]; /* sorted by start, disjoint, merged */
	unsigned int nr;
	unsigned int dropped_usable; /* usable pieces that did not fit */
	phys_addr_t lost; /* their bytes, with what rounding took and gaps that were closed */
};

/*
 * Fill `map` from `nr` entries in any order. When `map` is full usable pieces
 * go first, then the two nearest reservations are joined. O(n^2) worst case in n = nr, n <= BOOT_MAX_RANGES. Reads nothing else.
 */
void memory_map_sanitise(struct memory_map *map, const struct boot_range *entries, unsigned int nr);

/* Usable pages in the map, after rounding. */
uint64_t memory_map_usable_pages(const struct memory_map *map);

/* Proves: sorted, disjoint, merged, page aligned, no empty piece. */
bool memory_map_check(const struct memory_map *map);
