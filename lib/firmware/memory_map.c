/* SPDX-License-Identifier: MIT */
/*
 * memory_map.c - turn the firmware's list into a map that can be trusted.
 *
 * THE IDEA
 *	Firmware lists ranges in any order, with overlaps, in bytes. For each
 *	page the most severe type that any entry gives to any of its bytes
 *	wins, and a page is usable only if all of its bytes are. One sweep from
 *	the bottom up does it: at a position, one look at every entry finds the
 *	winner among those that cover it and the next position where anything
 *	starts or ends.
 *
 * PICTURE	entries, and the map that comes out
 *
 *	usable	 |=========================|
 *	reserved         |====|
 *	ACPI                |=======|
 *	map	 |usable |resv|ACPI |usable|
 *
 * INVARIANTS	(memory_map_check() proves them, memory_map_test.c breaks them)
 *	F1  Ranges are sorted, disjoint and not empty.
 *	F2  Both ends are multiples of the page size.
 *	F3  Two ranges of equal type never touch.
 *	F4  There are at most BOOT_MAX_RANGES, BOOT_ROOM_FOR_USABLE of them usable when it is full.
 *
 * COST		n entries have at most 2n edges and each edge looks at every entry:
 *	O(n^2) without any scratch memory. Ten entries take a thousand
 *	instructions; a map that is full costs its length again for each piece.
 * FLOOR	lib; pure.
 * LINUX	e820__update_table() sorts change points and keeps a list of open
 *	entries; ours trades its O(n log n) for two dozen lines.
 */
#include <lib/firmware/memory_map.h>

#include <arch/layout.h>
#include <lib/printk.h>

#define MAX_RESERVED (BOOT_MAX_RANGES - BOOT_ROOM_FOR_USABLE)

static phys_addr_t range_size(const struct boot_range *range)
{
	return range->end - range->start;
}

/* What an entry covers: clipped, and outward to whole pages unless it is usable. */
static void entry_bounds(const struct boot_range *entry, phys_addr_t *start, phys_addr_t *end)
{
	*start = min(entry->start, BOOT_RANGE_END);
	*end = min(entry->end, BOOT_RANGE_END);
	if (entry->type != MEMORY_USABLE && *start < *end) {
		*start = ALIGN_DOWN(*start, PAGE_SIZE);
		*end = ALIGN_UP(*end, PAGE_SIZE);
	}
}

/* Of two entries that cover a byte, which names it? Ties go by fields, so that order never matters. */
static bool entry_wins(const struct boot_range *entry, const struct boot_range *best)
{
	if (entry->type != best->type)
		return entry->type > best->type;
	if (entry->source != best->source)
		return entry->source < best->source;
	return entry->firmware_type < best->firmware_type;
}

/* Fills `piece` with the winner from piece->start to the next edge; false when there is no edge left. */
static bool sweep(struct boot_range *piece, const struct boot_range *entries, unsigned int nr)
{
	phys_addr_t position = piece->start, next = BOOT_RANGE_END;
	struct boot_range winner = {.type = MEMORY_NONE};

	for (unsigned int i = 0; i < nr; i++) {
		phys_addr_t start, end;

		entry_bounds(&entries[i], &start, &end);
		if (start >= end || end <= position)
			continue;
		if (start > position) {
			next = min(next, start);
			continue;
		}
		next = min(next, end);
		if (entry_wins(&entries[i], &winner))
			winner = entries[i];
	}
	*piece = winner;
	piece->start = position;
	piece->end = next;
	return position < next;
}

static void remove_range(struct memory_map *map, unsigned int index)
{
	map->nr--;
	for (unsigned int i = index; i < map->nr; i++)
		map->range[i] = map->range[i + 1];
}

/* Index of the smallest usable range; a full map has some. */
static unsigned int smallest_usable(const struct memory_map *map)
{
	unsigned int smallest = map->nr;

	for (unsigned int i = 0; i < map->nr; i++)
		if (map->range[i].type == MEMORY_USABLE &&
		    (smallest == map->nr ||
		     range_size(&map->range[i]) < range_size(&map->range[smallest])))
			smallest = i;
	return smallest;
}

static bool touching_alike(const struct boot_range *left, const struct boot_range *right)
{
	return left->end == right->start && left->type == right->type;
}

/* Ranges index and index+1 become one of the more severe type, and so does what then touches it alike. */
static void join_with_next(struct memory_map *map, unsigned int index)
{
	struct boot_range *left = &map->range[index], *right = left + 1;

	map->lost += right->start - left->end;
	if (right->type > left->type) {
		left->type = right->type;
		left->source = right->source;
		left->firmware_type = right->firmware_type;
	}
	left->end = right->end;
	remove_range(map, index + 1);
	if (index + 1 < map->nr && touching_alike(left, right)) {
		left->end = right->end;
		remove_range(map, index + 1);
	}
	if (index > 0 && touching_alike(left - 1, left)) {
		left[-1].end = left->end;
		remove_range(map, index);
	}
}

static unsigned int count_reservations(const struct memory_map *map)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < map->nr; i++)
		nr += map->range[i].type != MEMORY_USABLE;
	return nr;
}

/* The two reservations with the smallest gap become one. Some are neighbours: there are far more of them than usable ranges. */
static void join_two_nearest(struct memory_map *map)
{
	unsigned int nearest = 0;
	phys_addr_t nearest_gap = BOOT_RANGE_END;

	for (unsigned int i = 0; i + 1 < map->nr; i++) {
		phys_addr_t gap = map->range[i + 1].start - map->range[i].end;

		if (map->range[i].type == MEMORY_USABLE || map->range[i + 1].type == MEMORY_USABLE)
			continue;
		if (gap < nearest_gap) {
			nearest_gap = gap;
			nearest = i;
		}
	}
	join_with_next(map, nearest);
}

static void drop_usable(struct memory_map *map, const struct boot_range *range)
{
	map->dropped_usable++;
	map->lost += range_size(range);
}

/* Room for `piece`? May cost usable ranges, or gaps between reservations. False: the piece itself is dropped. */
static bool make_room(struct memory_map *map, const struct boot_range *piece)
{
	unsigned int victim;

	if (piece->type != MEMORY_USABLE && map->nr >= MAX_RESERVED &&
	    count_reservations(map) == MAX_RESERVED)
		join_two_nearest(map);
	if (map->nr < BOOT_MAX_RANGES)
		return true;
	victim = smallest_usable(map);
	if (piece->type == MEMORY_USABLE && range_size(piece) <= range_size(&map->range[victim])) {
		drop_usable(map, piece);
		return false;
	}
	drop_usable(map, &map->range[victim]);
	remove_range(map, victim);
	return true;
}

/* Take a finished piece into the map; a usable one keeps its whole pages only. */
static void emit(struct memory_map *map, struct boot_range piece)
{
	if (piece.type == MEMORY_NONE)
		return;
	if (piece.type == MEMORY_USABLE) {
		phys_addr_t before = range_size(&piece);

		piece.start = ALIGN_UP(piece.start, PAGE_SIZE);
		piece.end = ALIGN_DOWN(piece.end, PAGE_SIZE);
		if (piece.start >= piece.end) {
			map->lost += before;
			return;
		}
		map->lost += before - range_size(&piece);
	}
	if (!make_room(map, &piece))
		return;
	if (map->nr > 0 && touching_alike(&map->range[map->nr - 1], &piece))
		map->range[map->nr - 1].end = piece.end;
	else
		map->range[map->nr++] = piece;
}

void memory_map_sanitise(struct memory_map *map, const struct boot_range *entries, unsigned int nr)
{
	struct boot_range open = {.type = MEMORY_NONE}, piece = {.start = 0};

	map->nr = 0;
	map->dropped_usable = 0;
	map->lost = 0;

	/* `open` grows while pieces of its type touch it, so that rounding sees whole stretches. */
	for (; sweep(&piece, entries, nr); piece.start = piece.end) {
		if (touching_alike(&open, &piece)) {
			open.end = piece.end;
			continue;
		}
		emit(map, open);
		open = piece;
	}
	emit(map, open);
}

uint64_t memory_map_usable_pages(const struct memory_map *map)
{
	uint64_t nr_pages = 0;

	for (unsigned int i = 0; i < map->nr; i++)
		if (map->range[i].type == MEMORY_USABLE)
			nr_pages += range_size(&map->range[i]) >> PAGE_SHIFT;
	return nr_pages;
}

static bool broken(const char *rule, unsigned int index)
{
	pr_err("memory map: %s, at range %u", rule, index);
	return false;
}

bool memory_map_check(const struct memory_map *map)
{
	if (map->nr > BOOT_MAX_RANGES || count_reservations(map) > MAX_RESERVED)
		return broken("F4 too many ranges", map->nr);
	for (unsigned int i = 0; i < map->nr; i++) {
		const struct boot_range *range = &map->range[i];

		if (range->start >= range->end)
			return broken("F1 an empty range", i);
		if (!IS_ALIGNED(range->start | range->end, PAGE_SIZE))
			return broken("F2 an end inside a page", i);
		if (i > 0 && range[-1].end > range->start)
			return broken("F1 out of order or overlapping", i);
		if (i > 0 && touching_alike(&range[-1], range))
			return broken("F3 two alike ranges touch", i);
	}
	return true;
}
