/* SPDX-License-Identifier: MIT */
/*
 * memblock_test.c - sem-E1: two sorted, merged arrays, and what is allocated from them.
 *
 * Every test works on a map of its own with small arrays: the machine's map is
 * not touched. Addresses are in units of a page, so the pictures are to scale.
 */
#include <lib/errno.h>
#include <lib/ktest.h>
#include <lib/string.h>

#include "../../../mm/early/impl.h"

#define P    PAGE_SIZE
#define ROOM 8

static struct memblock_region memory_room[ROOM], reserved_room[ROOM];

static struct memblock new_map(void)
{
	return (struct memblock){
		.current_limit = MEMBLOCK_ALLOC_ANYWHERE,
		.memory = {.max = ROOM, .regions = memory_room, .name = "test memory"},
		.reserved = {.max = ROOM, .regions = reserved_room, .name = "test reserved"},
	};
}

static int add_node(struct memblock *map, phys_addr_t first, phys_addr_t pages, int nid)
{
	struct memblock_region region = {.base = first * P, .size = pages * P, .nid = nid};

	return memblock_map_add(map, &map->memory, &region);
}

static int add(struct memblock *map, phys_addr_t first, phys_addr_t pages)
{
	return add_node(map, first, pages, 0);
}

static int reserve(struct memblock *map, phys_addr_t first, phys_addr_t pages)
{
	return memblock_map_reserve(map, first * P, pages * P);
}

static bool region_is(const struct memblock_type *type, unsigned long index, phys_addr_t first,
		      phys_addr_t end)
{
	return index < type->cnt && type->regions[index].base == first * P &&
	       region_end(&type->regions[index]) == end * P;
}

static phys_addr_t find(const struct memblock *map, phys_addr_t pages, phys_addr_t align)
{
	struct memblock_request request = {
		.size = pages * P, .align = align * P, .nid = NUMA_NO_NODE};

	return memblock_map_find(map, &request) / P;
}

/*
 *	0   2   4   6   8  10  12
 *	[ a     ]       [ b     ]
 *	        [ added ]
 *	[ one                   ]
 */
KTEST(memblock, sem_E1_what_touches_and_is_alike_becomes_one_region)
{
	struct memblock map = new_map();

	add(&map, 0, 4);
	add(&map, 8, 4);
	EXPECT_EQ(map.memory.cnt, 2);
	add(&map, 4, 4);
	EXPECT_EQ(map.memory.cnt, 1);
	EXPECT_TRUE(region_is(&map.memory, 0, 0, 12));
	EXPECT_EQ(map.memory.total_size, 12 * P);
	EXPECT_TRUE(memblock_check(&map));
}

/*
 *	node 0	[ a  ]      [ b  ]
 *	node 1	  [ added      ]
 *		[ a  ][ 1  ][ b  ]
 */
KTEST(memblock, sem_E1_adding_over_another_nodes_memory_fills_only_the_gap)
{
	struct memblock map = new_map();

	add(&map, 2, 4);
	add(&map, 10, 4);
	add_node(&map, 3, 9, 1);
	EXPECT_EQ(map.memory.cnt, 3);
	EXPECT_TRUE(region_is(&map.memory, 0, 2, 6));
	EXPECT_TRUE(region_is(&map.memory, 1, 6, 10));
	EXPECT_EQ(map.memory.regions[1].nid, 1);
	EXPECT_EQ(map.memory.regions[2].nid, 0);
	EXPECT_TRUE(memblock_check(&map));
}

/*
 *	[ 0              12 ]	remove [4, 8)
 *	[ 0  4 ]    [ 8  12 ]	remove [2, 10)
 *	[0 2]          [10 12]
 */
KTEST(memblock, sem_E1_removing_cuts_exactly_the_range)
{
	struct memblock map = new_map();

	add(&map, 0, 12);
	memblock_map_remove(&map, &map.memory, 4 * P, 4 * P);
	EXPECT_TRUE(region_is(&map.memory, 0, 0, 4));
	EXPECT_TRUE(region_is(&map.memory, 1, 8, 12));
	memblock_map_remove(&map, &map.memory, 2 * P, 8 * P);
	EXPECT_TRUE(region_is(&map.memory, 0, 0, 2));
	EXPECT_TRUE(region_is(&map.memory, 1, 10, 12));
	EXPECT_EQ(map.memory.total_size, 4 * P);
	memblock_map_remove(&map, &map.memory, 0, ~0UL);
	EXPECT_EQ(map.memory.cnt, 0);
	EXPECT_TRUE(memblock_check(&map));
}

KTEST(memblock, sem_E1_a_range_that_would_wrap_is_clipped_and_size_0_does_nothing)
{
	struct memblock map = new_map();
	struct memblock_region top = {.base = -4 * P, .size = 8 * P};

	EXPECT_EQ(memblock_map_add(&map, &map.memory, &top), 0);
	EXPECT_EQ(map.memory.cnt, 1);
	EXPECT_EQ(region_end(&map.memory.regions[0]), ~0UL);
	EXPECT_TRUE(memblock_type_overlaps(&map.memory, -P, ~0UL));
	EXPECT_EQ(add(&map, 100, 0), 0);
	EXPECT_EQ(reserve(&map, 100, 0), 0);
	EXPECT_EQ(map.memory.cnt, 1);
	EXPECT_EQ(map.reserved.cnt, 0);
	EXPECT_TRUE(memblock_check(&map));
}

/*
 *	memory	 1                 12   16    20
 *		 [                 ]    [     ]
 *	reserved     [3  5]  [8 9]
 */
static struct memblock four_pieces(void)
{
	struct memblock map = new_map();

	add(&map, 1, 11);
	add(&map, 16, 4);
	reserve(&map, 3, 2);
	reserve(&map, 8, 1);
	return map;
}

KTEST(memblock, sem_E1_allocation_takes_the_highest_place_or_bottom_up_the_lowest)
{
	struct memblock map = four_pieces();

	EXPECT_EQ(find(&map, 1, 1), 19);
	EXPECT_EQ(find(&map, 2, 8), 16);
	EXPECT_EQ(find(&map, 3, 2), 16);
	EXPECT_EQ(find(&map, 5, 1), 0);
	map.bottom_up = true;
	EXPECT_EQ(find(&map, 1, 1), 1);
	EXPECT_EQ(find(&map, 3, 1), 5);
	EXPECT_EQ(find(&map, 2, 2), 6);
	EXPECT_EQ(find(&map, 4, 4), 16);
}

KTEST(memblock, sem_E1_the_current_limit_and_an_explicit_range_are_kept)
{
	struct memblock map = four_pieces();
	struct memblock_request request = {.size = P, .align = P, .nid = NUMA_NO_NODE};

	map.current_limit = 10 * P;
	EXPECT_EQ(find(&map, 1, 1), 9);
	EXPECT_EQ(find(&map, 4, 1), 0);
	request.start = 4 * P;
	request.end = 7 * P;
	EXPECT_EQ(memblock_map_find(&map, &request), 6 * P);
	request.size = 3 * P;
	EXPECT_EQ(memblock_map_find(&map, &request), 0);
	request.size = ~0UL;
	EXPECT_EQ(memblock_map_find(&map, &request), 0);
	request.size = P;
	request.align = 1UL << 63;
	EXPECT_EQ(memblock_map_find(&map, &request), 0);
}

KTEST(memblock, sem_E1_page_0_no_map_memory_and_bootmem_spans_are_never_found)
{
	struct memblock map = new_map();
	struct memblock_range hidden = {.start = 2 * P, .end = 3 * P};
	struct memblock_request small = {.size = 16, .align = 16, .nid = NUMA_NO_NODE};

	add(&map, 0, 4);
	memblock_map_set_flag(&map, &hidden, MEMBLOCK_NOMAP, true);
	hidden = (struct memblock_range){.start = 3 * P, .end = 4 * P};
	memblock_map_set_flag(&map, &hidden, MEMBLOCK_BOOTMEM, true);
	EXPECT_EQ(map.memory.cnt, 3);
	EXPECT_EQ(find(&map, 1, 1), 1);
	map.bottom_up = true;
	EXPECT_EQ(find(&map, 1, 1), 1);
	map.bottom_up = false;
	reserve(&map, 1, 1);
	EXPECT_EQ(memblock_map_find(&map, &small), 0);
}

KTEST(memblock, sem_E1_a_node_is_preferred_and_only_an_exact_one_is_insisted_on)
{
	struct memblock map = new_map();
	struct memblock_request request = {.size = P, .align = P, .nid = 1};

	add_node(&map, 1, 1, 1);
	add_node(&map, 2, 4, 0);
	EXPECT_EQ(memblock_map_alloc(&map, &request), P);
	EXPECT_EQ(memblock_map_alloc(&map, &request), 5 * P);
	request.exact_nid = true;
	EXPECT_EQ(memblock_map_alloc(&map, &request), 0);
	EXPECT_EQ(map.reserved.total_size, 2 * P);
}

KTEST(memblock, sem_E1_questions_about_bytes_and_ranges)
{
	struct memblock map = four_pieces();

	EXPECT_TRUE(memblock_type_overlaps(&map.memory, 12 * P - 1, 1));
	EXPECT_FALSE(memblock_type_overlaps(&map.memory, 12 * P, 4 * P));
	EXPECT_TRUE(memblock_type_overlaps(&map.memory, 12 * P, 4 * P + 1));
	EXPECT_TRUE(memblock_type_covers(&map.memory, P, 11 * P));
	EXPECT_FALSE(memblock_type_covers(&map.memory, P, 11 * P + 1));
	EXPECT_FALSE(memblock_type_covers(&map.memory, 11 * P, 6 * P));
	EXPECT_FALSE(memblock_type_covers(&map.memory, 0, 2 * P));
}

/*
 *	|...#####|########|###.....|	trimmed to 8 pages: only whole units stay
 */
KTEST(memblock, sem_E1_trim_shrinks_each_region_inward)
{
	struct memblock map = new_map();

	add(&map, 3, 16);
	add(&map, 25, 6);
	memblock_map_trim(&map, 8 * P);
	EXPECT_EQ(map.memory.cnt, 1);
	EXPECT_TRUE(region_is(&map.memory, 0, 8, 16));
	EXPECT_TRUE(memblock_check(&map));
}

KTEST(memblock, sem_E1_a_memory_limit_counts_bytes_of_ram_and_not_addresses)
{
	struct memblock map = four_pieces();

	memblock_map_limit(&map, 13 * P);
	EXPECT_EQ(map.memory.total_size, 13 * P);
	EXPECT_TRUE(region_is(&map.memory, 1, 16, 18));
	memblock_map_limit(&map, 4 * P);
	EXPECT_TRUE(region_is(&map.memory, 0, 1, 5));
	EXPECT_EQ(map.reserved.total_size, 2 * P);
	EXPECT_TRUE(memblock_check(&map));
}

/* --- growth --- */

#define ARENA_PAGES 24
#define ARENA_PFN   100

static char arena[ARENA_PAGES * PAGE_SIZE] __aligned(PAGE_SIZE);

static void *arena_to_virtual(phys_addr_t pa)
{
	return arena + (pa - ARENA_PFN * P);
}

/* A map whose only memory is the arena, and whose arrays may grow into it. */
static struct memblock growing_map(void)
{
	struct memblock map = new_map();

	add(&map, ARENA_PFN, ARENA_PAGES);
	map.current_limit = (ARENA_PFN + ARENA_PAGES) * P;
	map.to_virtual = arena_to_virtual;
	return map;
}

/* Reserve every second page, so that nothing merges. */
static int reserve_comb(struct memblock *map, unsigned int teeth)
{
	int error = 0;

	for (unsigned int i = 0; i < teeth && !error; i++)
		error = reserve(map, 2 * i, 1);
	return error;
}

KTEST(memblock, sem_E1_a_full_array_doubles_and_the_new_one_is_itself_reserved)
{
	struct memblock map = growing_map();

	EXPECT_EQ(reserve_comb(&map, ROOM + 1), 0);
	EXPECT_EQ(map.reserved.max, 2 * ROOM);
	EXPECT_EQ(map.reserved.cnt, ROOM + 2);
	EXPECT_TRUE(memblock_type_covers(&map.reserved, map.reserved.array_pa, P));
	EXPECT_TRUE(region_is(&map.reserved, 0, 0, 1));
	EXPECT_TRUE(memblock_check(&map));
}

/* The highest free place is just what is being reserved: the new array must go elsewhere. */
KTEST(memblock, sem_E1_a_growing_array_keeps_out_of_the_range_that_is_being_reserved)
{
	struct memblock map = growing_map();

	EXPECT_EQ(reserve_comb(&map, ROOM), 0);
	EXPECT_EQ(map.reserved.cnt, map.reserved.max);
	EXPECT_EQ(reserve(&map, ARENA_PFN + 4, ARENA_PAGES - 4), 0);
	EXPECT_LT(map.reserved.array_pa, (ARENA_PFN + 4) * P);
	EXPECT_EQ(map.reserved.total_size, (ROOM + 1 + ARENA_PAGES - 4) * P);
	EXPECT_TRUE(memblock_check(&map));
}

/* Growing memory needs room in reserved, which is full as well; the outgrown arrays come back. */
KTEST(memblock, sem_E1_both_arrays_grow_when_both_are_full)
{
	struct memblock map = growing_map();

	EXPECT_EQ(reserve_comb(&map, ROOM), 0);
	for (unsigned int i = 0; i < 4 * ROOM; i++)
		EXPECT_EQ(add(&map, 200 + 2 * i, 1), 0);
	EXPECT_EQ(map.memory.cnt, 4 * ROOM + 1);
	EXPECT_EQ(map.memory.max, 8 * ROOM);
	EXPECT_EQ(map.reserved.max, 2 * ROOM);
	/* Only the two arrays in use and the comb are taken. */
	EXPECT_EQ(map.reserved.total_size, (ROOM + 2) * P);
	EXPECT_TRUE(memblock_check(&map));
}

KTEST(memblock, sem_E1_a_full_array_that_cannot_grow_refuses_and_nothing_changes)
{
	struct memblock map = new_map();

	EXPECT_EQ(reserve_comb(&map, ROOM), 0);
	EXPECT_EQ(reserve(&map, 100, 1), -ENOMEM);
	EXPECT_EQ(map.reserved.cnt, ROOM);
	EXPECT_EQ(map.reserved.total_size, ROOM * P);
	add(&map, 0, 100);
	map.to_virtual = arena_to_virtual;
	map.current_limit = P;
	EXPECT_EQ(reserve(&map, 100, 1), -ENOMEM);
	/* What needs no room still works: the whole comb becomes one region. */
	EXPECT_EQ(reserve(&map, 0, 2 * ROOM), 0);
	EXPECT_EQ(map.reserved.cnt, 1);
	EXPECT_TRUE(memblock_check(&map));
}

/* --- the proof proves something --- */

KTEST(memblock, the_check_finds_each_broken_invariant)
{
	struct memblock map = four_pieces();
	struct memblock_region *regions = map.memory.regions;

	regions[0].size += 8 * P;
	map.memory.total_size += 8 * P;
	EXPECT_FALSE(memblock_check(&map)); /* M1: overlap */
	regions[0].size -= 4 * P;
	map.memory.total_size -= 4 * P;
	EXPECT_FALSE(memblock_check(&map)); /* M3: touch and are alike */
	regions[0].size -= 4 * P;
	EXPECT_FALSE(memblock_check(&map)); /* M4: the sum */
	map.memory.total_size -= 4 * P;
	EXPECT_TRUE(memblock_check(&map));
	regions[1].size = 0;
	map.memory.total_size -= 4 * P;
	EXPECT_FALSE(memblock_check(&map)); /* M2: empty */
}

/* --- against a flat model --- */

#define UNITS 64 /* pages 1 .. 63 of a map; one byte of the model each */

struct model {
	uint8_t exists[UNITS], nomap[UNITS], taken[UNITS];
	int8_t nid[UNITS];
};

static uint32_t seed;

static uint32_t roll(uint32_t sides)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % sides;
}

static bool model_free(const struct model *model, unsigned int unit)
{
	return model->exists[unit] && !model->nomap[unit] && !model->taken[unit];
}

/* One random change of both; an operation that finds no room changes neither. */
static void step(struct memblock *map, struct model *model)
{
	unsigned int first = 1 + roll(UNITS - 1), end = first + 1 + roll(8), what = roll(6);
	struct memblock_range range = {.start = first * P, .nid = (int)roll(3)};
	int error = 0;

	end = min(end, (unsigned int)UNITS);
	range.end = end * P;
	if (what == 0)
		error = add_node(map, first, end - first, range.nid);
	else if (what == 1)
		error = memblock_map_remove(map, &map->memory, first * P, range.end - range.start);
	else if (what == 2)
		error = reserve(map, first, end - first);
	else if (what == 3)
		error = memblock_map_remove(map, &map->reserved, first * P,
					    range.end - range.start);
	else if (what == 4)
		error = memblock_map_set_flag(map, &range, MEMBLOCK_NOMAP, range.nid == 1);
	else
		error = memblock_map_set_node(map, &range);

	for (unsigned int i = first; i < end && !error; i++) {
		bool new = !model->exists[i];

		if (what == 0 && new) {
			model->exists[i] = 1;
			model->nomap[i] = 0;
			model->nid[i] = (int8_t)range.nid;
		} else if (what == 1) {
			model->exists[i] = 0;
		} else if (what == 2 || what == 3) {
			model->taken[i] = what == 2;
		} else if (what == 4) {
			model->nomap[i] = range.nid == 1;
		} else if (what == 5) {
			model->nid[i] = (int8_t)range.nid;
		}
	}
}

static bool same(const struct memblock *map, const struct model *model)
{
	uint8_t up[UNITS] = {0}, down[UNITS] = {0};
	struct memblock_range range;
	phys_addr_t pa;

	for (pa = 0; memblock_free_above(map, pa, NUMA_NO_NODE, MEMBLOCK_NONE, &range);
	     pa = range.end)
		memset(up + range.start / P, 1, (range.end - range.start) / P);
	for (pa = ~0UL; memblock_free_below(map, pa, NUMA_NO_NODE, MEMBLOCK_NONE, &range);
	     pa = range.start)
		memset(down + range.start / P, 1, (range.end - range.start) / P);
	for (unsigned int i = 1; i < UNITS; i++) {
		const struct memblock_region *region;

		if (up[i] != model_free(model, i) || down[i] != up[i] ||
		    memblock_type_overlaps(&map->memory, i * P, 1) != model->exists[i] ||
		    memblock_type_overlaps(&map->reserved, i * P, P) != model->taken[i])
			return false;
		region = &map->memory.regions[region_search(&map->memory, i * P)];
		if (model->exists[i] && region->nid != model->nid[i])
			return false;
	}
	return memblock_check(map);
}

/* The highest place in the model where the pages fit; 0: none. */
static unsigned int model_find(const struct model *model, unsigned int pages, unsigned int align)
{
	for (unsigned int at = UNITS - pages; at > 0; at--) {
		unsigned int i = 0;

		/* One piece lies in one node. */
		while (i < pages && model_free(model, at + i) &&
		       model->nid[at + i] == model->nid[at])
			i++;
		if (i == pages && at % align == 0)
			return at;
	}
	return 0;
}

KTEST(memblock, sem_E1_thousands_of_random_changes_agree_with_a_flat_model)
{
	static struct memblock_region memory[UNITS], reserved[UNITS];
	static struct model model;
	struct memblock map = new_map();

	seed = 1;
	memset(&model, 0, sizeof(model));
	map.memory = (struct memblock_type){.max = 20, .regions = memory, .name = "test memory"};
	map.reserved =
		(struct memblock_type){.max = 12, .regions = reserved, .name = "test reserved"};
	for (unsigned int i = 0; i < 3000; i++) {
		unsigned int pages = 1 + roll(6), align = 1U << roll(4);

		step(&map, &model);
		ASSERT_TEST(same(&map, &model));
		EXPECT_EQ(find(&map, pages, align), model_find(&model, pages, align));
	}
}

/* sem-E6: the living map is closed when tests run. */
KTEST_PANIC(memblock, sem_E6_an_allocation_after_the_handover_is_a_check, "after early_close()")
{
	memblock_phys_alloc(PAGE_SIZE, PAGE_SIZE);
}

KTEST_PANIC(memblock, sem_E6_a_reservation_after_the_handover_is_a_check, "after early_close()")
{
	memblock_reserve(memblock_end_of_DRAM(), PAGE_SIZE);
}

KTEST(memblock, the_living_map_answers_for_ever)
{
	unsigned long index = 0;
	phys_addr_t start, end, bytes = 0;

	for_each_mem_range (index, &start, &end) {
		bytes += end - start;
		EXPECT_TRUE(memblock_is_region_memory(start, end - start));
		EXPECT_TRUE(memblock_is_map_memory(end - 1));
	}
	EXPECT_LE(bytes, memblock_phys_mem_size());
	EXPECT_FALSE(memblock_is_memory(memblock_end_of_DRAM()));
	EXPECT_TRUE(memblock_check(&memblock));
}
