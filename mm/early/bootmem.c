/* SPDX-License-Identifier: MIT */
/*
 * bootmem.c - which memory the bitmaps span, and the calls of bootmem's users.
 *
 * SPANS	Of each node's lowest run of regions the first window with at least half
 *		as much free memory as the best one: low memory is wanted by those who
 *		have limits, but not a 640 KiB island below a hole of 3 GiB, nor a
 *		GiB that the firmware has reserved.
 *
 * FOR EACH BYTE ONE TRUTH
 *	bootmem_init() gives memory inside a span the flag MEMBLOCK_BOOTMEM. From
 *	then on memblock's arrays do not know what is free there: memblock allocates
 *	outside only, and early_next_free_range() (handover.c) joins the two.
 *
 * PICTURE	4 GiB of RAM around the hole below 4 GiB; one node
 *
 *	0       256 MiB                  3 GiB     4 GiB     5 GiB
 *	[ bitmap ][ memblock              ]  hole   [ memblock ]
 *	  E2: reserved, then freed where memblock says so
 *
 * LOCKING	None: one CPU, interrupts off. Nothing sleeps.
 * COST		bootmem_init() O(regions^2 + pages / 64).
 * FLOOR	early. Called by whoever needs memory between bootmem_init() and page_take_free().
 * LINUX	2.6: mm/bootmem.c: init_bootmem_node(), __alloc_bootmem(), include/linux/bootmem.h. There a
 *		map spanned all of its node.
 */
#include <mm/bootmem.h>

#include <arch/memory.h>
#include <lib/check.h>
#include <lib/init.h>
#include "impl.h"

/* --- where the maps lie --- */

/* Free bytes in [start, stop). */
static phys_addr_t free_between(const struct memblock *map, phys_addr_t start, phys_addr_t stop)
{
	struct memblock_range range;
	phys_addr_t bytes = 0;

	while (memblock_free_above(map, start, NUMA_NO_NODE, MEMBLOCK_NONE, &range) &&
	       range.start < stop) {
		bytes += min(range.end, stop) - range.start;
		start = range.end;
	}
	return bytes;
}

static struct memblock_range window_at(const struct memblock_range *run, phys_addr_t budget,
				       phys_addr_t start)
{
	struct memblock_range window = *run;

	window.start = ALIGN_UP(start, PAGE_SIZE);
	window.end = window.start + min(budget, run->end - window.start);
	return window;
}

/* Where the next free range begins above `start`; the run's end when there is none. */
static phys_addr_t next_start(const struct memblock *map, const struct memblock_range *run,
			      phys_addr_t start)
{
	struct memblock_range range = {.start = run->end, .end = start};

	do {
		start = range.end;
		if (!memblock_free_above(map, start, NUMA_NO_NODE, MEMBLOCK_NONE, &range))
			return run->end;
	} while (range.start == start);
	return min(range.start, ALIGN_DOWN(run->end - 1, PAGE_SIZE));
}

/* The first window of `budget` bytes in `run`, starting where free memory does, with at least half of what the best one has free. */
static struct memblock_range choose_window(const struct memblock *map,
					   const struct memblock_range *run, phys_addr_t budget)
{
	struct memblock_range window;
	phys_addr_t best = 0, last = ALIGN_DOWN(run->end - 1, PAGE_SIZE), start;

	for (start = run->start; start < last; start = next_start(map, run, start)) {
		window = window_at(run, budget, start);
		best = max(best, free_between(map, window.start, window.end));
	}
	for (start = run->start;; start = next_start(map, run, start)) {
		window = window_at(run, budget, start);
		if (start >= last || free_between(map, window.start, window.end) >= best / 2)
			return window;
	}
}

static bool node_has_span(const struct memblock_range span[], unsigned int nr, int nid)
{
	for (unsigned int i = 0; i < nr; i++)
		if (span[i].nid == nid)
			return true;
	return false;
}

/* Neighbouring regions of one node, whole pages, below the limit; *index is left behind them. */
static struct memblock_range next_run(const struct memblock_type *memory, phys_addr_t limit,
				      unsigned long *index)
{
	const struct memblock_region *region = &memory->regions[*index];
	struct memblock_range run = {.start = ALIGN_UP(region->base, PAGE_SIZE),
				     .nid = region->nid};

	for (; *index < memory->cnt && region->nid == run.nid; region++, ++*index)
		run.end = ALIGN_DOWN(min(region_end(region), limit), PAGE_SIZE);
	return run;
}

/* Fills span[], which has room for MAX_NUMNODES, in order of address; returns how many. */
unsigned int bootmem_choose_spans(const struct memblock *map, phys_addr_t limit,
				  struct memblock_range span[])
{
	const struct memblock_type *memory = &map->memory;
	unsigned long i = 0;
	unsigned int nr = 0;

	while (i < memory->cnt && memory->regions[i].base < limit && nr < MAX_NUMNODES) {
		struct memblock_range run = next_run(memory, limit, &i);

		if (run.start < run.end && !node_has_span(span, nr, run.nid))
			span[nr++] = run;
	}
	for (unsigned int n = 0; n < nr; n++)
		span[n] = choose_window(map, &span[n],
					ALIGN_DOWN(BOOTMEM_MAX_SPAN / nr, PAGE_SIZE));
	return nr;
}

/* --- the living maps --- */

static struct bootmem living;

static void *to_direct_map(phys_addr_t pa)
{
	return (void *)(arch_region_base(REGION_DIRECT_MAP) + (uintptr_t)pa);
}

static __init void create_map(struct bootmem_data *node, const struct memblock_range *span)
{
	size_t bytes = ALIGN_UP(bootmem_map_bytes(span->end - span->start), PAGE_SIZE);
	phys_addr_t pa = memblock_phys_alloc(bytes, PAGE_SIZE);

	if (pa == 0)
		panic("bootmem: no memory for a bitmap of %zu bytes", bytes);
	bootmem_node_init(node, span, to_direct_map(pa));
	node->map_pa = pa;
}

/* From here on the bitmap says what is free in the span, and memblock keeps out of it. */
static __init void take_over(struct bootmem_data *node, const struct memblock_range *span)
{
	struct memblock_range range;
	phys_addr_t start, end, from = span->start;

	if (memblock_map_set_flag(&memblock, span, MEMBLOCK_BOOTMEM, true) < 0)
		panic("bootmem: no room in memblock to mark a span");
	while (memblock_free_above(&memblock, from, span->nid, MEMBLOCK_BOOTMEM, &range)) {
		if (range.start >= span->end)
			break;
		start = ALIGN_UP(range.start, PAGE_SIZE);
		end = ALIGN_DOWN(range.end, PAGE_SIZE);
		if (start < end)
			bootmem_node_free(node, start, end);
		from = range.end;
	}
}

__init void bootmem_init(void)
{
	struct memblock_range span[MAX_NUMNODES];
	unsigned int nr;

	CHECK(living.nr == 0 && !memblock.closed, "bootmem_init() runs once");
	memblock_allow_resize(to_direct_map);
	nr = bootmem_choose_spans(&memblock, memblock.current_limit, span);
	for (unsigned int i = 0; i < nr; i++)
		create_map(&living.node[i], &span[i]);
	for (unsigned int i = 0; i < nr; i++)
		take_over(&living.node[i], &span[i]);
	living.to_virtual = to_direct_map;
	living.nr = nr;
	ASSERT_SLOW(bootmem_check());
}

static struct bootmem *open_bootmem(void)
{
	CHECK(!memblock.closed, "bootmem is used after early_close()");
	CHECK(living.nr > 0, "bootmem is used before bootmem_init()");
	return &living;
}

struct bootmem *bootmem_living(void)
{
	return &living;
}

void free_bootmem(phys_addr_t pa, size_t size)
{
	bootmem_free(open_bootmem(), pa, size);
}

void reserve_bootmem(phys_addr_t pa, size_t size)
{
	bootmem_reserve(open_bootmem(), pa, size);
}

void *__alloc_bootmem_nopanic(size_t size, size_t align, phys_addr_t goal)
{
	struct bootmem_request request = {
		.size = size, .align = align, .goal = goal, .nid = NUMA_NO_NODE};

	return bootmem_alloc(open_bootmem(), &request);
}

void *__alloc_bootmem_node(int nid, size_t size, size_t align, phys_addr_t goal)
{
	struct bootmem_request request = {.size = size, .align = align, .goal = goal, .nid = nid};

	return bootmem_alloc_or_panic(open_bootmem(), &request);
}

void *__alloc_bootmem(size_t size, size_t align, phys_addr_t goal)
{
	return __alloc_bootmem_node(NUMA_NO_NODE, size, align, goal);
}

void *__alloc_bootmem_low(size_t size, size_t align, phys_addr_t goal)
{
	struct bootmem_request request = {.size = size,
					  .align = align,
					  .goal = goal,
					  .limit = arch_dma32_end(),
					  .nid = NUMA_NO_NODE};

	return bootmem_alloc_or_panic(open_bootmem(), &request);
}

void *alloc_bootmem(size_t size)
{
	return __alloc_bootmem(size, 0, arch_dma_end());
}

void *alloc_bootmem_low(size_t size)
{
	return __alloc_bootmem_low(size, 0, 0);
}

void *alloc_bootmem_pages(size_t size)
{
	return __alloc_bootmem(size, PAGE_SIZE, arch_dma_end());
}

void *alloc_bootmem_low_pages(size_t size)
{
	return __alloc_bootmem_low(size, PAGE_SIZE, 0);
}

void *alloc_bootmem_node(int nid, size_t size)
{
	return __alloc_bootmem_node(nid, size, 0, arch_dma_end());
}

void *alloc_bootmem_pages_node(int nid, size_t size)
{
	return __alloc_bootmem_node(nid, size, PAGE_SIZE, arch_dma_end());
}

unsigned long bootmem_free_pages(void)
{
	return bootmem_nr_free(&living);
}

bool bootmem_check(void)
{
	return bootmem_check_all(&living);
}
