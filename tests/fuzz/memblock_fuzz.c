/* SPDX-License-Identifier: MIT */
/*
 * memblock_fuzz.c - any sequence of calls on a map of memory, against one element a page.
 *
 * THE IDEA
 *	The model is an array with one element for each of 256 pages: is it RAM,
 *	reserved, no-map, of which node. Adding to it is a loop, and the address
 *	that an allocation must find is the first that passes when all are tried. The arrays
 *	of the map start with room for 8, so they grow early and often, into the
 *	very memory that is being described; that memory is real (ram[]).
 *
 *	input	{ operation 1, first page 1, pages 1, more 1 } ...
 */
#include "fuzz.h"

#include <string.h>

#include "../../mm/early/impl.h"

#define NR_PAGES 256U
#define ROOM	 8
#define NODES	 3
#define MAX_OPS	 400

struct model_page {
	bool is_ram, reserved, no_map;
	int nid;
};

static uint8_t ram[NR_PAGES * PAGE_SIZE] __aligned(4096);
static struct memblock_region memory_room[ROOM], reserved_room[ROOM];
static struct memblock map;
static struct model_page model[NR_PAGES], before[NR_PAGES];
static phys_addr_t array_pa[2];
static unsigned long array_max[2];
static unsigned int busy_first,
	busy_end; /* what the current operation is about: no array may move there */

static void *to_virtual(phys_addr_t pa)
{
	REQUIRE(pa > 0 && pa < sizeof(ram));
	return ram + pa;
}

static void new_map(void)
{
	map = (struct memblock){
		.current_limit = sizeof(ram),
		.memory = {.max = ROOM, .regions = memory_room, .name = "memory"},
		.reserved = {.max = ROOM, .regions = reserved_room, .name = "reserved"},
	};
	memset(model, 0, sizeof(model));
	for (unsigned int i = 0; i < 2; i++) {
		array_pa[i] = 0;
		array_max[i] = ROOM;
	}
}

static void mark_array(struct model_page *pages, unsigned int which, bool reserved)
{
	size_t bytes = array_max[which] * sizeof(struct memblock_region);

	for (size_t at = 0; array_pa[which] && at < bytes; at += PAGE_SIZE)
		pages[(array_pa[which] + at) / PAGE_SIZE].reserved = reserved;
}

/*
 * Arrays that have moved: their new pages are taken, the old ones given back. One that moves second may lie where the first
 * one lay.
 */
static void follow_arrays(void)
{
	struct memblock_type *type[2] = {&map.memory, &map.reserved};

	for (unsigned int i = 0; i < 2; i++)
		if (type[i]->array_pa != array_pa[i]) {
			mark_array(model, i, false);
			mark_array(before, i, false);
		}
	for (unsigned int i = 0; i < 2; i++) {
		if (type[i]->array_pa == array_pa[i])
			continue;
		array_pa[i] = type[i]->array_pa;
		array_max[i] = type[i]->max;
		REQUIRE(array_pa[i] % PAGE_SIZE == 0);
		for (size_t at = 0; at < array_max[i] * sizeof(struct memblock_region);
		     at += PAGE_SIZE) {
			const struct model_page *was = &before[(array_pa[i] + at) / PAGE_SIZE];

			unsigned int at_page = (array_pa[i] + at) / PAGE_SIZE;

			REQUIRE(was->is_ram && !was->reserved && !was->no_map);
			REQUIRE(at_page < busy_first || at_page >= busy_end);
		}
		mark_array(model, i, true);
	}
}

static bool holds_array(unsigned int first, unsigned int end)
{
	for (unsigned int i = 0; i < 2; i++) {
		unsigned int array = array_pa[i] / PAGE_SIZE;
		unsigned int pages = DIV_ROUND_UP(array_max[i] * sizeof(struct memblock_region),
						  PAGE_SIZE);

		if (array && first < array + pages && array < end)
			return true;
	}
	return false;
}

static void require_equal(void)
{
	phys_addr_t nr_ram = 0, nr_reserved = 0;

	REQUIRE(region_check(&map.memory) && region_check(&map.reserved));
	for (unsigned int p = 0; p < NR_PAGES; p++) {
		const struct model_page *page = &model[p];
		phys_addr_t pa = p * PAGE_SIZE;
		unsigned long index = region_search(&map.memory, pa);

		REQUIRE(memblock_type_overlaps(&map.memory, pa, PAGE_SIZE) == page->is_ram);
		REQUIRE(memblock_type_overlaps(&map.reserved, pa, PAGE_SIZE) == page->reserved);
		nr_ram += page->is_ram;
		nr_reserved += page->reserved;
		if (!page->is_ram)
			continue;
		REQUIRE(map.memory.regions[index].nid == page->nid);
		REQUIRE(!!(map.memory.regions[index].flags & MEMBLOCK_NOMAP) == page->no_map);
	}
	REQUIRE(map.memory.total_size == nr_ram * PAGE_SIZE);
	REQUIRE(map.reserved.total_size == nr_reserved * PAGE_SIZE);
}

/* May [first, end) be handed out as one piece: free, of one node and of one region? */
static bool model_is_free(unsigned int first, unsigned int end, int nid)
{
	for (unsigned int p = first; p < end; p++) {
		const struct model_page *page = &model[p];

		if (!page->is_ram || page->reserved || page->no_map ||
		    page->nid != model[first].nid)
			return false;
		if (nid != NUMA_NO_NODE && page->nid != nid)
			return false;
	}
	return true;
}

/* The lowest or highest place, by trying all; 0 when there is none. */
static unsigned int model_find(unsigned int pages, unsigned int align, unsigned int start,
			       unsigned int end, int nid)
{
	unsigned int found = 0;

	for (unsigned int p = max(start, 1U); p + pages <= min(end, NR_PAGES); p++)
		if (p % align == 0 && model_is_free(p, p + pages, nid)) {
			found = p;
			if (map.bottom_up)
				break;
		}
	return found;
}

static void check_find(unsigned int first, unsigned int pages, unsigned int more)
{
	unsigned int align = 1U << more % 5,
		     end = more & 0x80 ? NR_PAGES : (first + 3 * pages) % NR_PAGES;
	int nid = more >> 5 & 3;
	struct memblock_request request = {.size = pages * PAGE_SIZE,
					   .align = align * PAGE_SIZE,
					   .start = first * PAGE_SIZE,
					   .end = end * PAGE_SIZE};
	phys_addr_t pa;

	request.nid = nid == NODES ? NUMA_NO_NODE : nid;
	if (end == 0)
		end = NR_PAGES; /* the limit */
	pa = memblock_map_find(&map, &request);
	REQUIRE(pa == model_find(pages, align, first, end, request.nid) * PAGE_SIZE || pages == 0);
	REQUIRE(pages > 0 || pa == 0);
}

static void do_alloc(unsigned int pages, unsigned int more)
{
	int nid = more & 3, wanted = nid == NODES ? NUMA_NO_NODE : nid;
	struct memblock_request request = {.size = pages * PAGE_SIZE,
					   .align = PAGE_SIZE,
					   .nid = wanted,
					   .exact_nid = more & 4};
	unsigned int expected = pages ? model_find(pages, 1, 0, NR_PAGES, wanted) : 0;
	phys_addr_t pa;

	if (expected == 0 && pages && !request.exact_nid)
		expected = model_find(pages, 1, 0, NR_PAGES, NUMA_NO_NODE);
	pa = memblock_map_alloc(&map, &request);
	REQUIRE(pa == 0 || pa == expected * PAGE_SIZE);
	/* 0 although there is room: the array could not grow. */
	REQUIRE(pa == expected * PAGE_SIZE || map.reserved.cnt + 1 > map.reserved.max);
	for (unsigned int p = 0; pa && p < pages; p++)
		model[expected + p].reserved = true;
}

static void check_ranges(unsigned int first, unsigned int end)
{
	phys_addr_t pa = first * PAGE_SIZE, size = (end - first) * PAGE_SIZE;
	bool any_ram = false, all_ram = true, any_reserved = false;

	for (unsigned int p = first; p < end; p++) {
		any_ram |= model[p].is_ram;
		all_ram &= model[p].is_ram;
		any_reserved |= model[p].reserved;
	}
	if (first == end)
		return;
	REQUIRE(memblock_type_overlaps(&map.memory, pa, size) == any_ram);
	REQUIRE(memblock_type_covers(&map.memory, pa, size) == all_ram);
	REQUIRE(memblock_type_overlaps(&map.reserved, pa, size) == any_reserved);
}

/* mem=: the first `pages` pages of RAM stay, and no reservation above them. */
static void do_limit(unsigned int pages)
{
	unsigned int kept = 0, p = 0;

	if (pages == 0)
		return;
	for (; p < NR_PAGES && kept < pages; p++)
		kept += model[p].is_ram;
	if (kept < pages || holds_array(p, NR_PAGES))
		return;
	memblock_map_limit(&map, pages * PAGE_SIZE);
	for (; p < NR_PAGES; p++)
		model[p] = (struct model_page){.nid = 0};
}

enum operation {
	ADD,
	REMOVE,
	RESERVE,
	FREE,
	MARK,
	CLEAR,
	SET_NODE,
	FIND,
	ALLOC,
	LIMIT,
	RANGES,
	TURN,
	NR_OPERATIONS
};

/* The call itself; what the model must then say of each page of the range, if it succeeded. */
static int change(enum operation operation, unsigned int first, unsigned int end, int nid)
{
	struct memblock_region region = {
		.base = first * PAGE_SIZE, .size = (end - first) * PAGE_SIZE, .nid = nid};
	struct memblock_range range = {
		.start = first * PAGE_SIZE, .end = end * PAGE_SIZE, .nid = nid};

	/* To the end of everything, which must be clipped. */
	if (end == NR_PAGES && (operation == REMOVE || operation == FREE))
		region.size = ~(phys_addr_t)0;
	switch (operation) {
	case ADD:
		return memblock_map_add(&map, &map.memory, &region);
	case REMOVE:
		return memblock_map_remove(&map, &map.memory, region.base, region.size);
	case RESERVE:
		return memblock_map_reserve(&map, region.base, region.size);
	case FREE:
		return memblock_map_remove(&map, &map.reserved, region.base, region.size);
	case SET_NODE:
		return memblock_map_set_node(&map, &range);
	default:
		return memblock_map_set_flag(&map, &range, MEMBLOCK_NOMAP, operation == MARK);
	}
}

static void change_page(struct model_page *page, enum operation operation, int nid)
{
	if (operation == ADD && !page->is_ram)
		*page = (struct model_page){.is_ram = true, .reserved = page->reserved, .nid = nid};
	else if (operation == REMOVE)
		*page = (struct model_page){.reserved = page->reserved};
	else if (operation == RESERVE || operation == FREE)
		page->reserved = operation == RESERVE;
	else if (operation == MARK || operation == CLEAR)
		page->no_map = page->is_ram && operation == MARK;
	else if (operation == SET_NODE && page->is_ram)
		page->nid = nid;
}

static void do_change(enum operation operation, unsigned int first, unsigned int end,
		      unsigned int more)
{
	int nid = more % NODES;

	/* Whoever gives an array's own memory back is past help. */
	if (operation == FREE && holds_array(first, end))
		return;
	/* Memory may only be taken for an array where there is memory: not all of it is there from the start. */
	if (more & 0x80)
		map.to_virtual = to_virtual;
	busy_first = first;
	busy_end = end;
	if (change(operation, first, end, nid) < 0)
		return;
	for (unsigned int p = first; p < end; p++)
		change_page(&model[p], operation, nid);
}

static void step(struct fuzz_input *input)
{
	enum operation operation = fuzz_u8(input) % NR_OPERATIONS;
	unsigned int first = fuzz_u8(input), pages = fuzz_u8(input), more = fuzz_u8(input);
	unsigned int end = min(first + pages, NR_PAGES);

	memcpy(before, model, sizeof(model));
	busy_first = busy_end = 0;
	if (operation == FIND)
		check_find(first, pages % 40, more);
	else if (operation == ALLOC)
		do_alloc(pages % 20, more);
	else if (operation == LIMIT)
		do_limit(pages);
	else if (operation == RANGES)
		check_ranges(first, end);
	else if (operation == TURN)
		map.bottom_up = more & 1;
	else
		do_change(operation, first, end, more);
	follow_arrays();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};

	fuzz_begin();
	new_map();
	for (unsigned int i = 0; i < MAX_OPS && input.left > 0; i++) {
		fuzz_steps = 0;
		step(&input);
		/* Linear in the regions, at most 256 of either kind; twice when both arrays grow, or two nodes are tried. */
		REQUIRE(fuzz_steps <= 200 * NR_PAGES);
		require_equal();
	}
	REQUIRE(fuzz_messages <= FUZZ_MAX_MESSAGES);
	return 0;
}
