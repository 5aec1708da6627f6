/* SPDX-License-Identifier: MIT */
/*
 * memory_map_test.c - the sanitiser against pictures, and against a model that
 * looks at every byte on its own.
 */
#include <lib/ktest.h>

#include <arch/layout.h>
#include <lib/firmware/memory_map.h>
#include <lib/printk.h>

#define U MEMORY_USABLE
#define A MEMORY_ACPI
#define N MEMORY_NVS
#define R MEMORY_RESERVED
#define X MEMORY_UNUSABLE

static struct memory_map map, again;
static struct boot_range many[3 * BOOT_MAX_RANGES];

static struct boot_range entry(phys_addr_t start, phys_addr_t end, enum memory_type type)
{
	return (struct boot_range){start, end, type, SOURCE_PVH, 0};
}

/* Is the map exactly these ranges? */
static void expect_map(const char *file, int line, const struct boot_range *wanted, unsigned int nr)
{
	if (map.nr != nr)
		ktest_fail(file, line, "%u ranges, not %u", map.nr, nr);
	for (unsigned int i = 0; i < nr && i < map.nr; i++) {
		const struct boot_range *is = &map.range[i];

		if (is->start != wanted[i].start || is->end != wanted[i].end ||
		    is->type != wanted[i].type)
			ktest_fail(file, line, "range %u is %#llx-%#llx %s", i,
				   (unsigned long long)is->start, (unsigned long long)is->end,
				   memory_type_name(is->type));
	}
	if (!memory_map_check(&map))
		ktest_fail(file, line, "the map breaks a rule");
}

#define SANITISE(...)                                                                              \
	do {                                                                                       \
		const struct boot_range in_[] = {__VA_ARGS__};                                     \
		memory_map_sanitise(&map, in_, ARRAY_SIZE(in_));                                   \
	} while (0)

#define EXPECT_MAP(...)                                                                            \
	do {                                                                                       \
		const struct boot_range out_[] = {__VA_ARGS__};                                    \
		expect_map(__FILE__, __LINE__, out_, ARRAY_SIZE(out_));                            \
	} while (0)

/* fault-B2 */
KTEST(memory_map, one_sane_entry_stays_as_it_is)
{
	SANITISE(entry(0x100000, 0x10000000, U));
	EXPECT_MAP(entry(0x100000, 0x10000000, U));
	EXPECT_EQ(memory_map_usable_pages(&map), 0xff00);
	EXPECT_EQ(map.lost, 0);
}

/* fault-B1 fault-B8 */
KTEST(memory_map, empty_entries_and_empty_lists_give_an_empty_map)
{
	memory_map_sanitise(&map, many, 0);
	EXPECT_EQ(map.nr, 0);
	SANITISE(entry(0x1000, 0x1000, U), entry(0x5000, 0x2000, R), entry(0, 0, R));
	EXPECT_EQ(map.nr, 0);
	SANITISE(entry(0, 0, U), entry(0x1000, 0x3000, U), entry(0x2000, 0x2000, R));
	EXPECT_MAP(entry(0x1000, 0x3000, U));
}

/* fault-B4	usable	|=====|	   and the same one byte later, and again
 */
KTEST(memory_map, duplicates_are_merged_exact_or_shifted_by_a_byte)
{
	SANITISE(entry(0x1000, 0x5000, U), entry(0x1000, 0x5000, U), entry(0x1001, 0x5001, U));
	EXPECT_MAP(entry(0x1000, 0x5000, U));
	EXPECT_EQ(map.lost, 1);
}

/* fault-B5
 *	usable	 |===========|
 *	reserved     |==|
 */
KTEST(memory_map, a_reservation_inside_usable_memory_splits_it)
{
	SANITISE(entry(0, 0x10000, U), entry(0x4000, 0x6000, R));
	EXPECT_MAP(entry(0, 0x4000, U), entry(0x4000, 0x6000, R), entry(0x6000, 0x10000, U));
}

/* fault-B6 */
KTEST(memory_map, reserved_wins_at_the_start_at_the_end_and_all_around)
{
	SANITISE(entry(0x2000, 0x8000, U), entry(0x1000, 0x3000, R), entry(0x7000, 0x9000, R));
	EXPECT_MAP(entry(0x1000, 0x3000, R), entry(0x3000, 0x7000, U), entry(0x7000, 0x9000, R));
	SANITISE(entry(0x4000, 0x5000, U), entry(0x1000, 0x9000, R));
	EXPECT_MAP(entry(0x1000, 0x9000, R));
}

/* fault-B7
 *	usable	 |=====|
 *	ACPI	    |=====|
 *	unusable       |==|==|
 */
KTEST(memory_map, the_most_severe_of_three_types_wins_a_page)
{
	SANITISE(entry(0x1000, 0x5000, U), entry(0x3000, 0x7000, A), entry(0x4000, 0x8000, X));
	EXPECT_MAP(entry(0x1000, 0x3000, U), entry(0x3000, 0x4000, A), entry(0x4000, 0x8000, X));
	SANITISE(entry(0x1000, 0x2000, R), entry(0x1000, 0x2000, N), entry(0x2000, 0x3000, R));
	EXPECT_MAP(entry(0x1000, 0x3000, R));
}

/* fault-B9 */
KTEST(memory_map, the_end_of_the_address_space_is_an_end)
{
	SANITISE(entry(0xfffffffffffe0000, ~0ULL, R), entry(0x1000, 0x2000, U));
	EXPECT_MAP(entry(0x1000, 0x2000, U), entry(0xfffffffffffe0000, BOOT_RANGE_END, R));
	SANITISE(entry(0, ~0ULL, R));
	EXPECT_MAP(entry(0, BOOT_RANGE_END, R));
	SANITISE(entry(~0ULL - 1, ~0ULL, R));
	EXPECT_EQ(map.nr, 0);
}

/* fault-B12
 *	page	 |0		|1	       |2
 *	usable	    |======================|	       only page 1 is whole
 */
KTEST(memory_map, usable_ends_round_inward_and_reserved_ends_outward)
{
	SANITISE(entry(0x0800, 0x2800, U));
	EXPECT_MAP(entry(0x1000, 0x2000, U));
	EXPECT_EQ(map.lost, 0x1000);
	SANITISE(entry(0x0, 0x9fffe, U), entry(0x100001, 0x101000, U));
	EXPECT_MAP(entry(0, 0x9f000, U));
	SANITISE(entry(0, 0x10000, U), entry(0x4fff, 0x5001, R));
	EXPECT_MAP(entry(0, 0x4000, U), entry(0x4000, 0x6000, R), entry(0x6000, 0x10000, U));
}

/* Two pieces that together fill a page are as good as one. */
KTEST(memory_map, usable_pieces_that_meet_inside_a_page_lose_nothing)
{
	SANITISE(entry(0x1800, 0x3000, U), entry(0x0, 0x1800, U));
	EXPECT_MAP(entry(0, 0x3000, U));
	EXPECT_EQ(map.lost, 0);
}

/* What QEMU's machines with 256 MiB hand over: only the half page below the EBDA is lost. */
KTEST(memory_map, the_maps_of_real_machines_pass_unchanged)
{
	SANITISE(/* q35 */
		 entry(0x0, 0x9fc00, U), entry(0x9fc00, 0xa0000, R), entry(0xf0000, 0x100000, R),
		 entry(0x100000, 0xffdf000, U), entry(0xffdf000, 0x10000000, R),
		 entry(0xb0000000, 0xc0000000, R), entry(0xfed1c000, 0xfed20000, R),
		 entry(0xfffc0000, 0x100000000, R), entry(0xfd00000000, 0x10000000000, R));
	EXPECT_MAP(entry(0x0, 0x9f000, U), entry(0x9f000, 0xa0000, R), entry(0xf0000, 0x100000, R),
		   entry(0x100000, 0xffdf000, U), entry(0xffdf000, 0x10000000, R),
		   entry(0xb0000000, 0xc0000000, R), entry(0xfed1c000, 0xfed20000, R),
		   entry(0xfffc0000, 0x100000000, R), entry(0xfd00000000, 0x10000000000, R));
	SANITISE(/* pc */
		 entry(0x0, 0x9fc00, U), entry(0x9fc00, 0xa0000, R), entry(0xf0000, 0x100000, R),
		 entry(0x100000, 0xffe0000, U), entry(0xffe0000, 0x10000000, R),
		 entry(0xfffc0000, 0x100000000, R), entry(0xfd00000000, 0x10000000000, R));
	EXPECT_MAP(entry(0x0, 0x9f000, U), entry(0x9f000, 0xa0000, R), entry(0xf0000, 0x100000, R),
		   entry(0x100000, 0xffe0000, U), entry(0xffe0000, 0x10000000, R),
		   entry(0xfffc0000, 0x100000000, R), entry(0xfd00000000, 0x10000000000, R));
	SANITISE(/* microvm */
		 entry(0x0, 0x9fc00, U), entry(0x9fc00, 0xa0000, R), entry(0xd0000, 0xf0000, N),
		 entry(0xf0000, 0x100000, R), entry(0x100000, 0x10000000, U),
		 entry(0, 0, MEMORY_NONE));
	EXPECT_MAP(entry(0x0, 0x9f000, U), entry(0x9f000, 0xa0000, R), entry(0xd0000, 0xf0000, N),
		   entry(0xf0000, 0x100000, R), entry(0x100000, 0x10000000, U));
}

/* --- the model: each page of a small world judged byte by byte --- */

#define WORLD_PAGES 16
#define UNIT	    256 /* random ends are multiples of it */
#define PAGE_UNITS  (PAGE_SIZE / UNIT)
#define WORLD_UNITS (WORLD_PAGES * PAGE_UNITS)
#define MAX_ENTRIES 12
#define ROUNDS	    300

static uint64_t seed;

static unsigned int below(unsigned int bound)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned int)(seed >> 33) % bound;
}

static unsigned int random_entries(struct boot_range *entries)
{
	unsigned int nr = below(MAX_ENTRIES + 1);

	for (unsigned int i = 0; i < nr; i++) {
		unsigned int start = below(WORLD_UNITS), length = below(WORLD_UNITS - start + 1);

		/* Half of all ends lie on pages, so that they often coincide. */
		if (below(2)) {
			start = start / PAGE_UNITS * PAGE_UNITS;
			length = length / PAGE_UNITS * PAGE_UNITS;
		}
		entries[i] = entry(start * UNIT, (start + length) * UNIT,
				   (enum memory_type)below(MEMORY_UNUSABLE + 1));
	}
	return nr;
}

static enum memory_type unit_type(const struct boot_range *entries, unsigned int nr,
				  unsigned int unit)
{
	enum memory_type type = MEMORY_NONE;

	for (unsigned int i = 0; i < nr; i++)
		if (entries[i].start <= unit * UNIT && unit * UNIT < entries[i].end)
			type = max(type, entries[i].type);
	return type;
}

/* Anything severe in it: that. All of it usable: usable. Otherwise nothing. */
static enum memory_type model_page(const struct boot_range *entries, unsigned int nr,
				   unsigned int page)
{
	enum memory_type worst = MEMORY_NONE, best = MEMORY_UNUSABLE;

	for (unsigned int unit = page * PAGE_UNITS; unit < (page + 1) * PAGE_UNITS; unit++) {
		enum memory_type type = unit_type(entries, nr, unit);

		worst = max(worst, type);
		best = min(best, type);
	}
	if (worst > MEMORY_USABLE)
		return worst;
	return best;
}

static enum memory_type map_page(const struct memory_map *in, unsigned int page)
{
	for (unsigned int i = 0; i < in->nr; i++)
		if (in->range[i].start <= page * PAGE_SIZE && page * PAGE_SIZE < in->range[i].end)
			return in->range[i].type;
	return MEMORY_NONE;
}

static void shuffle(struct boot_range *entries, unsigned int nr)
{
	for (unsigned int i = nr; i > 1; i--) {
		unsigned int other = below(i);
		struct boot_range held = entries[other];

		entries[other] = entries[i - 1];
		entries[i - 1] = held;
	}
}

static bool same_map(const struct memory_map *a, const struct memory_map *b)
{
	if (a->nr != b->nr)
		return false;
	for (unsigned int i = 0; i < a->nr; i++)
		if (a->range[i].start != b->range[i].start || a->range[i].end != b->range[i].end ||
		    a->range[i].type != b->range[i].type ||
		    a->range[i].firmware_type != b->range[i].firmware_type)
			return false;
	return true;
}

KTEST(memory_map, every_page_of_random_maps_is_what_the_model_says)
{
	seed = 1;
	for (unsigned int round = 0; round < ROUNDS && !ktest_failed(); round++) {
		unsigned int nr = random_entries(many);

		memory_map_sanitise(&map, many, nr);
		EXPECT_TRUE(memory_map_check(&map));
		for (unsigned int page = 0; page < WORLD_PAGES; page++)
			EXPECT_EQ(map_page(&map, page), model_page(many, nr, page));
	}
}

/* fault-B3 */
KTEST(memory_map, the_order_of_the_entries_makes_no_difference)
{
	seed = 2;
	for (unsigned int round = 0; round < ROUNDS && !ktest_failed(); round++) {
		unsigned int nr = random_entries(many);

		for (unsigned int i = 0; i < nr; i++)
			many[i].firmware_type = below(3);
		memory_map_sanitise(&map, many, nr);
		shuffle(many, nr);
		memory_map_sanitise(&again, many, nr);
		EXPECT_TRUE(same_map(&map, &again));
		EXPECT_EQ(map.lost, again.lost);
	}
}

KTEST(memory_map, a_sane_map_is_left_alone)
{
	seed = 3;
	for (unsigned int round = 0; round < ROUNDS && !ktest_failed(); round++) {
		memory_map_sanitise(&map, many, random_entries(many));
		memory_map_sanitise(&again, map.range, map.nr);
		EXPECT_TRUE(same_map(&map, &again));
		EXPECT_EQ(again.lost, 0);
	}
}

/* fault-B14
 *	|U|R|U|R|U|R ...    more than fits: every R stays, the smallest U go
 */
KTEST(memory_map, a_full_map_drops_usable_pieces_first_and_counts_them)
{
	const unsigned int room = BOOT_ROOM_FOR_USABLE + 4, nr_reserved = BOOT_MAX_RANGES - room;

	for (unsigned int i = 0; i < nr_reserved; i++) {
		phys_addr_t base = i * 16 * PAGE_SIZE;
		phys_addr_t usable = (1 + i % 8) * PAGE_SIZE;

		many[2 * i] = entry(base, base + PAGE_SIZE, R);
		many[2 * i + 1] = entry(base + PAGE_SIZE, base + PAGE_SIZE + usable, U);
	}
	memory_map_sanitise(&map, many, 2 * nr_reserved);
	EXPECT_TRUE(memory_map_check(&map));
	EXPECT_EQ(map.nr, BOOT_MAX_RANGES);
	EXPECT_EQ(map.dropped_usable, nr_reserved - room);
	for (unsigned int i = 0; i < nr_reserved; i++)
		EXPECT_EQ(map_page(&map, i * 16), R);
	/* Those that stay are of the largest kind. */
	EXPECT_EQ(memory_map_usable_pages(&map), room * 8);
}

/* fault-B14
 *	|R|    |R|  |R| ...  reservations alone are too many: the nearest two are joined
 */
KTEST(memory_map, too_many_reservations_lose_the_smallest_gap_and_nothing_else)
{
	const unsigned int nr = BOOT_MAX_RANGES - BOOT_ROOM_FOR_USABLE + 1, near = 78;

	for (unsigned int i = 0; i < nr; i++) {
		phys_addr_t base = i * 16 * PAGE_SIZE;

		many[i] = entry(base, base + PAGE_SIZE, i % 2 ? R : N);
		if (i == near)
			many[i].end = base + 14 * PAGE_SIZE; /* two pages to the next */
	}
	memory_map_sanitise(&map, many, nr);
	EXPECT_TRUE(memory_map_check(&map));
	EXPECT_EQ(map.nr, nr - 1);
	EXPECT_EQ(map.lost, 2 * PAGE_SIZE);
	EXPECT_EQ(map.range[near].start, near * 16 * PAGE_SIZE);
	EXPECT_EQ(map.range[near].end, ((near + 1) * 16 + 1) * PAGE_SIZE);
	EXPECT_EQ(map.range[near].type, R); /* the more severe of N and R */
	for (unsigned int i = 0; i < nr; i++)
		EXPECT_NE(map_page(&map, i * 16), MEMORY_NONE);
}

/* fault-B14
 *	|U      |R|R|R| ... |R|      U|	as many reservations as there is room for, and more: the ends stay usable
 */
KTEST(memory_map, the_largest_usable_ranges_stay_however_many_are_reserved)
{
	const unsigned int nr = 2 * BOOT_MAX_RANGES, first = 1000, last = first + 2 * nr;

	many[0] = entry(0, (phys_addr_t)(last + 1000) * PAGE_SIZE, U);
	for (unsigned int i = 1; i < nr; i++) {
		phys_addr_t base = (first + 2 * (phys_addr_t)i) * PAGE_SIZE;

		many[i] = entry(base, base + PAGE_SIZE, R);
	}
	memory_map_sanitise(&map, many, nr);
	EXPECT_TRUE(memory_map_check(&map));
	EXPECT_EQ(map_page(&map, 0), U);
	EXPECT_EQ(map_page(&map, first), U);
	EXPECT_EQ(map_page(&map, last), U);
	EXPECT_GE(memory_map_usable_pages(&map), 2 * 1000);
	for (unsigned int i = 1; i < nr; i++)
		if (map_page(&map, first + 2 * i) != R)
			EXPECT_EQ(i, 0);
}

KTEST(memory_map, the_check_sees_each_rule_broken)
{
	enum log_level level = console_get_level();

	console_set_level(LOG_PANIC); /* what it says is expected */
	SANITISE(entry(0x1000, 0x2000, U), entry(0x3000, 0x4000, R));
	EXPECT_TRUE(memory_map_check(&map));
	map.range[0].end = 0x1000; /* F1 */
	EXPECT_FALSE(memory_map_check(&map));
	map.range[0].end = 0x3800; /* F2 */
	EXPECT_FALSE(memory_map_check(&map));
	map.range[0].end = 0x4000; /* F1 */
	EXPECT_FALSE(memory_map_check(&map));
	map.range[0] = entry(0x1000, 0x3000, R); /* F3 */
	EXPECT_FALSE(memory_map_check(&map));
	map.nr = BOOT_MAX_RANGES + 1; /* F4 */
	EXPECT_FALSE(memory_map_check(&map));
	console_set_level(level);
}
