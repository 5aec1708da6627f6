/* SPDX-License-Identifier: MIT */
/*
 * map_fuzz.c - fault-L9: any list of ranges, sanitised, against one byte of memory a unit.
 *
 * THE IDEA
 *	The model is an array with one element for each KiB of a window of 4 MiB: the
 *	most severe type that an entry gave to it. A page is usable when its four
 *	units are, and otherwise what the worst of them is. The window lies at 0
 *	or at the very end of the address space, where sums wrap.
 *
 *	input	{ window 1 } { type 1, start 2, length 2 } ...
 */
#include "fuzz.h"

#include <arch/layout.h>
#include <lib/firmware/memory_map.h>
#include <lib/firmware/pvh.h>
#include <string.h>

#define UNIT	       (1 * KiB)
#define NR_UNITS       4096U
#define UNITS_PER_PAGE (PAGE_SIZE / UNIT)
#define NR_PAGES       (NR_UNITS / UNITS_PER_PAGE)
#define MAX_ENTRIES    1500

static struct boot_info info;
static struct memory_map map, again;
static struct boot_range shuffled[BOOT_MAX_RANGES];
static uint8_t unit[NR_UNITS]; /* the most severe type of each */
static uint8_t page[NR_PAGES];
static phys_addr_t window;

struct entry {
	uint32_t type;
	enum boot_source source;
	uint64_t start, length;
};

static struct entry next_entry(struct fuzz_input *input)
{
	uint8_t type = fuzz_u8(input);
	struct entry entry = {.type = type % 16 == 15 ? 0xffffffff : type % 16,
			      .source = type & 0x40 ? SOURCE_EFI : SOURCE_E820};

	entry.start = (uint64_t)(fuzz_u16(input) % NR_UNITS) * UNIT;
	entry.length = (uint64_t)fuzz_u16(input) * UNIT;
	if (type & 0x80) /* up to 64 MiB, and far beyond what exists */
		entry.length = ~(uint64_t)0 - entry.length;
	return entry;
}

/* The model's own reading of an e820 type. */
static uint8_t severity(uint32_t type)
{
	static const uint8_t known[] = {MEMORY_NONE, MEMORY_USABLE, MEMORY_RESERVED,
					MEMORY_ACPI, MEMORY_NVS,    MEMORY_UNUSABLE};

	return type < ARRAY_SIZE(known) ? known[type] : MEMORY_RESERVED;
}

static void paint(const struct entry *entry)
{
	uint64_t first = entry->start / UNIT, units = entry->length / UNIT, room = NR_UNITS - first;
	bool at_top = window != 0, too_long = units > room || entry->length >= NR_UNITS * UNIT * 2;
	uint8_t type = severity(entry->type);

	/* What reaches the last page of 2^64 cannot be true: such RAM is no RAM, such a reservation ends there. */
	if (type == MEMORY_USABLE && at_top && units + UNITS_PER_PAGE > room)
		return;
	if (type == MEMORY_USABLE &&
	    (__uint128_t)window + entry->start + entry->length > BOOT_RANGE_END)
		return;
	if (too_long)
		units = room;
	for (uint64_t i = first; i < first + units; i++)
		if (type > unit[i] && !(at_top && i >= NR_UNITS - UNITS_PER_PAGE))
			unit[i] = type;
}

static void fold_into_pages(void)
{
	for (unsigned int p = 0; p < NR_PAGES; p++) {
		const uint8_t *u = &unit[p * UNITS_PER_PAGE];
		uint8_t worst = 0;
		bool usable = true;

		for (unsigned int i = 0; i < UNITS_PER_PAGE; i++) {
			worst = max(worst, u[i]);
			usable &= u[i] == MEMORY_USABLE;
		}
		page[p] = worst == MEMORY_USABLE && !usable ? MEMORY_NONE : worst;
	}
}

static uint8_t type_in_map(const struct memory_map *in, phys_addr_t pa)
{
	for (unsigned int i = 0; i < in->nr; i++)
		if (in->range[i].start <= pa && pa < in->range[i].end)
			return in->range[i].type;
	return MEMORY_NONE;
}

/* When all fits each page is what the model says; else nothing reserved is usable and nothing new is. */
static void compare(bool all_fit)
{
	for (unsigned int p = 0; p < NR_PAGES; p++) {
		uint8_t type = type_in_map(&map, window + p * PAGE_SIZE);

		if (all_fit)
			REQUIRE(type == page[p]);
		if (type == MEMORY_USABLE)
			REQUIRE(page[p] == MEMORY_USABLE);
		if (page[p] > MEMORY_USABLE)
			REQUIRE(type >= page[p]);
	}
}

static void require_same(const struct memory_map *a, const struct memory_map *b)
{
	REQUIRE(a->nr == b->nr);
	for (unsigned int i = 0; i < a->nr; i++) {
		REQUIRE(a->range[i].start == b->range[i].start &&
			a->range[i].end == b->range[i].end && a->range[i].type == b->range[i].type);
		REQUIRE(a->range[i].source == b->range[i].source &&
			a->range[i].firmware_type == b->range[i].firmware_type);
	}
}

/* Backwards, then as a deck of cards cut and interleaved: the same map. */
static void reorder(unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		shuffled[i] = info.map[nr - 1 - i];
	memory_map_sanitise(&again, shuffled, nr);
	require_same(&map, &again);
	for (unsigned int i = 0; i < nr; i++)
		shuffled[i] = info.map[(i * 2 < nr ? i * 2 : (i - (nr + 1) / 2) * 2 + 1)];
	memory_map_sanitise(&again, shuffled, nr);
	require_same(&map, &again);
}

/* Whatever is lost, memory without any reservation in or around it is not: there would be none to boot in. */
static void require_largest(void)
{
	bool any_page = false, any_reserved = false;

	for (unsigned int p = 0; p < NR_PAGES; p++) {
		any_page |= page[p] == MEMORY_USABLE;
		any_reserved |= page[p] > MEMORY_USABLE;
	}
	if (any_page && !any_reserved)
		REQUIRE(memory_map_usable_pages(&map) > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	bool at_top = fuzz_u8(&input) & 1;
	unsigned int entries = 0;
	uint64_t n;

	fuzz_begin();
	memset(&info, 0, sizeof(info));
	memset(unit, 0, sizeof(unit));
	window = at_top ? (phys_addr_t)0 - NR_UNITS * UNIT : 0;
	while (input.left > 0 && entries < MAX_ENTRIES) {
		struct entry entry = next_entry(&input);

		paint(&entry);
		boot_info_add_range(&info, window + entry.start, entry.length,
				    e820_memory_type(entry.type), entry.source, entry.type);
		entries++;
	}
	/* A full list looks at each of its entries twice or three times. */
	REQUIRE(fuzz_steps <= 100 + (uint64_t)entries * (100 + 20 * BOOT_MAX_RANGES));
	fold_into_pages();

	fuzz_steps = 0;
	memory_map_sanitise(&map, info.map, info.nr_map);
	n = info.nr_map + 1;
	REQUIRE(fuzz_steps <= 1000 + 100 * n * n);
	REQUIRE(memory_map_check(&map));
	compare(!info.said_dropped && !info.said_joined && map.dropped_usable == 0 &&
		map.nr < BOOT_MAX_RANGES - BOOT_ROOM_FOR_USABLE);
	require_largest();
	reorder(info.nr_map);
	memory_map_sanitise(&again, map.range, map.nr);
	require_same(&map, &again);
	REQUIRE(fuzz_messages <= FUZZ_MAX_MESSAGES);
	return 0;
}
