/* SPDX-License-Identifier: MIT */
/*
 * bootmem_test.c - sem-E2 to sem-E5 on bitmaps of our own, against a model of pages.
 *
 * Most tests only count: their RAM is made of numbers. Where memory is written it is an array of this file.
 */
#include <lib/ktest.h>
#include <lib/string.h>

#include "../../../mm/early/impl.h"

#define P     PAGE_SIZE
#define PAGES 192

static unsigned long map_room[2][BITS_TO_LONGS(PAGES) + 512];

/* A bitmap over [start, start+pages), all of it free. */
static struct bootmem free_pages_from(phys_addr_t start, unsigned long pages)
{
	struct bootmem bootmem = {.nr = 1};
	struct memblock_range span = {.start = start, .end = start + pages * P};

	bootmem_node_init(&bootmem.node[0], &span, map_room[0]);
	bootmem_free(&bootmem, start, pages * P);
	return bootmem;
}

static phys_addr_t take(struct bootmem *bootmem, size_t size, size_t align, phys_addr_t goal)
{
	struct bootmem_request request = {
		.size = size, .align = align, .goal = goal, .nid = NUMA_NO_NODE};

	return bootmem_take(bootmem, &request);
}

KTEST(bootmem, sem_E2_every_page_starts_reserved)
{
	struct bootmem bootmem = {.nr = 1};
	struct memblock_range span = {.start = P, .end = (PAGES + 1) * P};

	bootmem_node_init(&bootmem.node[0], &span, map_room[0]);
	EXPECT_EQ(bootmem_nr_free(&bootmem), 0);
	EXPECT_EQ(take(&bootmem, 1, 1, 0), 0);
	EXPECT_TRUE(bootmem_check_all(&bootmem));
}

/*
 *	page	 1     2     3     4
 *		 |  [----freed----]  |	only page 2 is wholly inside
 */
KTEST(bootmem, sem_E3_free_rounds_inward)
{
	struct bootmem bootmem = free_pages_from(P, PAGES);

	bootmem_reserve(&bootmem, P, 4 * P);
	bootmem_free(&bootmem, P + P / 2, 2 * P);
	EXPECT_EQ(bootmem_nr_free(&bootmem), PAGES - 3);
	EXPECT_EQ(take(&bootmem, P, P, P), 2 * P);
	bootmem_free(&bootmem, P + 1, P - 2); /* no whole page: nothing */
	EXPECT_EQ(bootmem_nr_free(&bootmem), PAGES - 4);
	EXPECT_TRUE(bootmem_check_all(&bootmem));
}

KTEST(bootmem, sem_E3_reserve_rounds_outward_and_twice_is_tolerated)
{
	struct bootmem bootmem = free_pages_from(P, PAGES);

	bootmem_reserve(&bootmem, 2 * P - 1, 2);
	EXPECT_EQ(bootmem_nr_free(&bootmem), PAGES - 2);
	bootmem_reserve(&bootmem, P, 3 * P);
	bootmem_reserve(&bootmem, P, 3 * P);
	EXPECT_EQ(bootmem_nr_free(&bootmem), PAGES - 3);
	EXPECT_EQ(take(&bootmem, P, P, 0), 4 * P);
	EXPECT_TRUE(bootmem_check_all(&bootmem));
}

KTEST_PANIC(bootmem, sem_E3_freeing_a_free_page_panics, "already free")
{
	struct bootmem bootmem = free_pages_from(P, PAGES);

	bootmem_reserve(&bootmem, P, P);
	bootmem_free(&bootmem, P, 2 * P);
}

KTEST_PANIC(bootmem, sem_E3_freeing_size_0_panics, "size 0")
{
	struct bootmem bootmem = free_pages_from(P, PAGES);

	bootmem_free(&bootmem, P, 0);
}

KTEST_PANIC(bootmem, sem_E3_reserving_beyond_the_end_panics, "beyond the bitmaps")
{
	struct bootmem bootmem = free_pages_from(P, PAGES);

	bootmem_reserve(&bootmem, PAGES * P, P + 1);
}

/* Its end, rounded up to a page, is 0: that is no empty range. */
KTEST_PANIC(bootmem, sem_E3_reserving_all_addresses_panics, "beyond the bitmaps")
{
	struct bootmem bootmem = free_pages_from(0, PAGES);

	bootmem_reserve(&bootmem, 0, ~0UL);
}

KTEST_PANIC(bootmem, sem_E3_reserving_what_wraps_panics, "wraps")
{
	struct bootmem bootmem = free_pages_from(P, PAGES);

	bootmem_reserve(&bootmem, 2 * P, ~0UL - P);
}

KTEST_PANIC(bootmem, sem_E4_an_allocation_of_size_0_panics, "size 0")
{
	struct bootmem bootmem = free_pages_from(P, PAGES);

	take(&bootmem, 0, 8, 0);
}

KTEST(bootmem, sem_E4_the_goal_is_tried_first_and_then_the_bottom)
{
	struct bootmem bootmem = free_pages_from(P, PAGES);

	EXPECT_EQ(take(&bootmem, P, P, 100 * P), 100 * P);
	EXPECT_EQ(take(&bootmem, P, P, 100 * P), 101 * P);
	EXPECT_EQ(take(&bootmem, 120 * P, P, 100 * P), 0);
	EXPECT_EQ(take(&bootmem, 95 * P, P, 100 * P), P);
	EXPECT_EQ(take(&bootmem, P, P, 1000 * P), 96 * P);
	EXPECT_EQ(take(&bootmem, P, P, ~0UL), 97 * P);
}

/*
 *	page 1		      page 2		    page 3
 *	[100][100]....	64-aligned: 0, 0x80; then 0x1000 bytes go on into page 2
 */
KTEST(bootmem, sem_E4_small_requests_share_a_page)
{
	struct bootmem bootmem = free_pages_from(P, PAGES);

	EXPECT_EQ(take(&bootmem, 100, 64, 0), P);
	EXPECT_EQ(take(&bootmem, 100, 64, 0), P + 0x80);
	EXPECT_EQ(bootmem_nr_free(&bootmem), PAGES - 1);
	EXPECT_EQ(take(&bootmem, P, 64, 0), P + 0x100);
	EXPECT_EQ(bootmem_nr_free(&bootmem), PAGES - 2);
	EXPECT_EQ(take(&bootmem, P - 0x100, 64, 0), 2 * P + 0x100);
	EXPECT_EQ(bootmem_nr_free(&bootmem), PAGES - 2);
	EXPECT_EQ(take(&bootmem, 1, 1, 0), 3 * P);
	EXPECT_EQ(take(&bootmem, 1, 1, 50 * P), 50 * P); /* the shared page is below the goal */
	EXPECT_TRUE(bootmem_check_all(&bootmem));
}

KTEST(bootmem, sem_E4_sharing_does_not_go_on_into_a_page_that_is_taken)
{
	struct bootmem bootmem = free_pages_from(P, PAGES);

	EXPECT_EQ(take(&bootmem, 100, 64, 0), P);
	bootmem_reserve(&bootmem, 2 * P, P);
	EXPECT_EQ(take(&bootmem, P, 64, 0), 3 * P);
	EXPECT_EQ(bootmem_nr_free(&bootmem), PAGES - 3);
}

KTEST(bootmem, sem_E4_a_page_that_was_freed_is_shared_no_more)
{
	struct bootmem bootmem = free_pages_from(P, PAGES);

	EXPECT_EQ(take(&bootmem, 100, 64, 0), P);
	bootmem_free(&bootmem, P, P);
	EXPECT_EQ(take(&bootmem, 100, 64, 0), P);
	bootmem_free(&bootmem, P, P);
	EXPECT_EQ(take(&bootmem, P, P, 0), P);
	EXPECT_EQ(take(&bootmem, 100, 64, 0), 2 * P);
	EXPECT_TRUE(bootmem_check_all(&bootmem));
}

/* RAM starts at an odd multiple of 1 MiB: the page number in the map says nothing of the address. */
KTEST(bootmem, sem_E4_alignment_is_that_of_the_address)
{
	struct bootmem bootmem = free_pages_from(0x80100000, 4 * MiB / P);

	EXPECT_EQ(take(&bootmem, P, 2 * MiB, 0), 0x80200000);
	EXPECT_EQ(take(&bootmem, P, 2 * MiB, 0), 0x80400000);
	EXPECT_EQ(take(&bootmem, P, 2 * MiB, 0), 0);
	EXPECT_EQ(take(&bootmem, P, 1UL << 63, 0), 0);
	EXPECT_EQ(take(&bootmem, 64 * KiB, 64 * KiB, 0x80100001), 0x80110000);
}

static char memory[8 * PAGE_SIZE] __aligned(PAGE_SIZE);

static void *memory_at(phys_addr_t pa)
{
	return memory + (pa - 16 * P);
}

KTEST(bootmem, sem_E4_memory_is_zeroed_and_nothing_beside_it)
{
	struct bootmem bootmem = free_pages_from(16 * P, 8);
	struct bootmem_request request = {.size = P + 40, .align = 64, .nid = NUMA_NO_NODE};

	bootmem.to_virtual = memory_at;
	memset(memory, 0x77, sizeof(memory));
	EXPECT_EQ(bootmem_alloc(&bootmem, &request), memory);
	EXPECT_TRUE(memchr_inv(memory, 0, P + 40) == NULL);
	EXPECT_EQ(memory[P + 40], 0x77);
	EXPECT_EQ(bootmem_alloc(&bootmem, &request), memory + P + 64);
	EXPECT_EQ(memory[P + 63], 0x77);
	EXPECT_TRUE(memchr_inv(memory + P + 64, 0, P + 40) == NULL);
	EXPECT_EQ(memory[2 * P + 64 + 40], 0x77);
}

KTEST(bootmem, sem_E5_nothing_lies_above_the_limit_and_nopanic_gives_null)
{
	struct bootmem bootmem = free_pages_from(16 * P, 8);
	struct bootmem_request request = {
		.size = 2 * P, .align = P, .limit = 19 * P, .nid = NUMA_NO_NODE};

	bootmem.to_virtual = memory_at;
	EXPECT_EQ(bootmem_alloc(&bootmem, &request), memory);
	EXPECT_EQ(bootmem_alloc(&bootmem, &request), NULL);
	request.goal = 22 * P;
	request.size = 100;
	request.align = 8;
	EXPECT_EQ(bootmem_alloc(&bootmem, &request), memory + 2 * P);
	request.size = P - 100;
	EXPECT_EQ(bootmem_alloc(&bootmem, &request), NULL);
	EXPECT_EQ(bootmem_nr_free(&bootmem), 5);
	request.limit = 0;
	request.size = ~0UL;
	EXPECT_EQ(bootmem_alloc(&bootmem, &request), NULL);
}

KTEST_PANIC(bootmem, sem_E5_out_of_memory_panics_with_the_numbers,
	    "out of memory: 36864 bytes, align 0x1000, goal 0x0, limit 0x0; 8 pages are free")
{
	struct bootmem bootmem = free_pages_from(16 * P, 8);
	struct bootmem_request request = {.size = 9 * P, .align = P, .nid = NUMA_NO_NODE};

	bootmem_alloc_or_panic(&bootmem, &request);
}

KTEST(bootmem, the_wanted_node_comes_first_and_then_any)
{
	struct bootmem bootmem = free_pages_from(P, 4);
	struct memblock_range span = {.start = 100 * P, .end = 102 * P, .nid = 1};
	struct bootmem_request request = {.size = P, .align = P, .nid = 1};

	bootmem_node_init(&bootmem.node[1], &span, map_room[1]);
	bootmem.nr = 2;
	bootmem_free(&bootmem, 100 * P, 2 * P);
	EXPECT_EQ(bootmem_take(&bootmem, &request), 100 * P);
	EXPECT_EQ(bootmem_take(&bootmem, &request), 101 * P);
	EXPECT_EQ(bootmem_take(&bootmem, &request), P);
	EXPECT_TRUE(bootmem_check_all(&bootmem));
}

KTEST(bootmem, the_check_finds_each_broken_invariant)
{
	struct bootmem bootmem = free_pages_from(P, 100);

	bootmem.node[0].nr_free++;
	EXPECT_FALSE(bootmem_check_all(&bootmem)); /* O1 */
	bootmem.node[0].nr_free--;
	bitmap_clear_bit(map_room[0], 100);
	EXPECT_FALSE(bootmem_check_all(&bootmem)); /* O1: behind the span */
	bitmap_set_bit(map_room[0], 100);
	bootmem.node[0].start += 1;
	EXPECT_FALSE(bootmem_check_all(&bootmem)); /* O2 */
	bootmem.node[0].start -= 1;
	bootmem.node[0].last_offset = 8;
	EXPECT_FALSE(bootmem_check_all(&bootmem)); /* O3: page 0 is free */
	bootmem.node[0].last_offset = 0;
	EXPECT_TRUE(bootmem_check_all(&bootmem));
}

/* --- which memory the maps span --- */

static struct memblock_region regions[4];

static struct memblock_region taken[4];

static struct memblock map_of(unsigned int nr)
{
	struct memblock map = {.current_limit = MEMBLOCK_ALLOC_ANYWHERE};

	map.memory = (struct memblock_type){.cnt = nr, .max = 4, .regions = regions};
	map.reserved = (struct memblock_type){.max = ARRAY_SIZE(taken), .regions = taken};
	return map;
}

/*
 *	0      3 GiB  4 GiB   8 GiB
 *	[ RAM  ]      [ RAM   ]		the span: [0, 256 MiB)
 */
KTEST(bootmem, the_spans_are_low_and_together_at_most_256_mib)
{
	struct memblock map = map_of(2);
	struct memblock_range span[MAX_NUMNODES];

	regions[0] = (struct memblock_region){.base = 0, .size = 3 * GiB};
	regions[1] = (struct memblock_region){.base = 4 * GiB, .size = 4 * GiB};
	EXPECT_EQ(bootmem_choose_spans(&map, ~0UL, span), 1);
	EXPECT_EQ(span[0].start, 0);
	EXPECT_EQ(span[0].end, 256 * MiB);
	regions[1].nid = 1;
	EXPECT_EQ(bootmem_choose_spans(&map, ~0UL, span), 2);
	EXPECT_EQ(span[0].end, 128 * MiB);
	EXPECT_EQ(span[1].start, 4 * GiB);
	EXPECT_EQ(span[1].end, 4 * GiB + 128 * MiB);
	EXPECT_EQ(bootmem_choose_spans(&map, 16 * MiB, span), 1);
	EXPECT_EQ(span[0].end, 16 * MiB);
}

/* An island of 640 KiB below a hole of 4 GiB is not where early memory is to be found. */
KTEST(bootmem, fault_B17_the_span_lies_where_the_ram_is)
{
	struct memblock map = map_of(2);
	struct memblock_range span[MAX_NUMNODES];

	regions[0] = (struct memblock_region){.base = 0, .size = 640 * KiB};
	regions[1] = (struct memblock_region){.base = 4 * GiB, .size = 512 * MiB};
	EXPECT_EQ(bootmem_choose_spans(&map, ~0UL, span), 1);
	EXPECT_EQ(span[0].start, 4 * GiB);
	EXPECT_EQ(span[0].end, 4 * GiB + 256 * MiB);
}

/*
 *	0                 1.5 GiB     1.75 GiB   4 GiB
 *	[  taken          ][ free     ][ free    ]	the span: [1.5 GiB, 1.75 GiB)
 */
KTEST(bootmem, fault_B17_the_span_is_no_gigabyte_of_reservations)
{
	struct memblock map = map_of(1);
	struct memblock_range span[MAX_NUMNODES];

	regions[0] = (struct memblock_region){.base = 0, .size = 4 * GiB};
	ASSERT_TEST(memblock_map_reserve(&map, 0, GiB + GiB / 2) == 0);
	EXPECT_EQ(bootmem_choose_spans(&map, ~0UL, span), 1);
	EXPECT_EQ(span[0].start, GiB + GiB / 2);
	EXPECT_EQ(span[0].end, 2 * GiB - 256 * MiB);
	ASSERT_TEST(memblock_map_reserve(&map, 0, 4 * GiB) == 0);
	EXPECT_EQ(bootmem_choose_spans(&map, ~0UL, span), 1);
	EXPECT_EQ(span[0].start, 0);
}

/* --- against a model --- */

#define FIRST 0x901UL /* the frame of page 0: an odd one */
#define LIVE  48

static uint32_t seed;

static uint32_t roll(uint32_t sides)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % sides;
}

struct live {
	phys_addr_t start, end;
};

static bool meets_another(const struct live live[], unsigned int except)
{
	for (unsigned int i = 0; i < LIVE; i++)
		if (i != except && live[i].start < live[except].end &&
		    live[except].start < live[i].end)
			return true;
	return false;
}

/* How many pages no live allocation touches. */
static unsigned long untouched(const struct live live[])
{
	unsigned long pages = 0;

	for (unsigned long pfn = FIRST; pfn < FIRST + PAGES; pfn++) {
		unsigned int i = 0;

		while (i < LIVE && (live[i].end <= pfn * P || live[i].start >= (pfn + 1) * P))
			i++;
		pages += i == LIVE;
	}
	return pages;
}

/*
 * Random requests, the large ones freed again. Small ones stay, because a shared page has
 * no owner who could free it.
 */
KTEST(bootmem, sem_E4_random_allocations_are_aligned_disjoint_and_lose_no_page)
{
	static struct live live[LIVE];
	struct bootmem bootmem = free_pages_from(FIRST * P, PAGES);
	unsigned int served = 0;

	seed = 7;
	memset(live, 0, sizeof(live));
	for (unsigned int i = 0; i < 2000; i++) {
		unsigned int n = roll(LIVE);
		bool small = n < 8;
		struct bootmem_request request = {.size = 1 + roll(small ? 3000 : 9 * P),
						  .align = 1UL << roll(small ? 8 : 15),
						  .goal = (FIRST + roll(2 * PAGES)) * P,
						  .limit = (FIRST + roll(2 * PAGES)) * P,
						  .nid = NUMA_NO_NODE};

		if (!small && live[n].end) {
			bootmem_free(&bootmem, live[n].start, live[n].end - live[n].start);
			live[n] = (struct live){0, 0};
		} else if (live[n].end == 0) {
			if (!small) {
				request.size = ALIGN_UP(request.size, P);
				request.align = max(request.align, P);
			}
			live[n].start = bootmem_take(&bootmem, &request);
			live[n].end = live[n].start ? live[n].start + request.size : 0;
			served += live[n].end != 0;
			EXPECT_TRUE(IS_ALIGNED(live[n].start, request.align));
			EXPECT_TRUE(live[n].end == 0 || live[n].end <= (FIRST + PAGES) * P);
			EXPECT_TRUE(request.limit == 0 || live[n].end <= request.limit);
		}
		ASSERT_TEST(!meets_another(live, n));
		ASSERT_TEST(bootmem_nr_free(&bootmem) == untouched(live));
		ASSERT_TEST(bootmem_check_all(&bootmem));
	}
	EXPECT_GT(served, 300);
}

KTEST_PANIC(bootmem, sem_E6_an_allocation_after_the_handover_is_a_check, "after early_close()")
{
	alloc_bootmem(8);
}

KTEST_PANIC(bootmem, sem_E6_a_free_after_the_handover_is_a_check, "after early_close()")
{
	free_bootmem(memblock_start_of_DRAM(), PAGE_SIZE);
}
