/* SPDX-License-Identifier: MIT */
/*
 * handover_test.c - sem-E6: the row of free ranges that the buddy pulls.
 */
#include <lib/ktest.h>
#include <lib/string.h>

#include "../../../mm/early/impl.h"

#define P PAGE_SIZE

static struct memblock_region memory_room[16], reserved_room[16];
static unsigned long bits[4];
static struct memblock map;
static struct bootmem bootmem;

static void add(phys_addr_t start, phys_addr_t size, int nid, enum memblock_flags flags)
{
	struct memblock_region region = {.base = start, .size = size, .nid = nid, .flags = flags};

	memblock_map_add(&map, &map.memory, &region);
}

/*
 *	page	 10            74       100       110   120 121  130   140
 *	memory	 [ node 0              ][ no-map ][ node 0 ][ node 1  ]
 *	span	 [ bitmap       ]
 *	taken	    12..13	  80.5..81.5	    115
 */
static void new_row(void)
{
	struct memblock_range span = {.start = 10 * P, .end = 74 * P};

	memset(&bootmem, 0, sizeof(bootmem));
	map = (struct memblock){
		.current_limit = MEMBLOCK_ALLOC_ANYWHERE,
		.memory = {.max = 16, .regions = memory_room, .name = "memory"},
		.reserved = {.max = 16, .regions = reserved_room, .name = "reserved"},
	};
	add(10 * P, 64 * P, 0, MEMBLOCK_BOOTMEM);
	add(74 * P, 26 * P, 0, MEMBLOCK_NONE);
	add(100 * P, 10 * P, 0, MEMBLOCK_NOMAP);
	add(110 * P, 10 * P, 0, MEMBLOCK_NONE);
	add(120 * P, 20 * P + P / 2, 1, MEMBLOCK_NONE);
	memblock_map_reserve(&map, 80 * P + P / 2, P);
	memblock_map_reserve(&map, 115 * P, P);
	bootmem_node_init(&bootmem.node[0], &span, bits);
	bootmem.node[0].map_pa = 115 * P;
	bootmem.nr = 1;
	bootmem_free(&bootmem, 10 * P, 2 * P);
	bootmem_free(&bootmem, 14 * P, 60 * P);
}

KTEST(handover, sem_E6_both_allocators_ranges_come_in_order_and_whole_pages)
{
	static const struct memblock_range expected[] = {
		{10 * P, 12 * P, 0},   {14 * P, 74 * P, 0},   {74 * P, 80 * P, 0},
		{82 * P, 100 * P, 0},  {110 * P, 115 * P, 0}, {116 * P, 120 * P, 0},
		{120 * P, 140 * P, 1},
	};
	struct memblock_range range;
	phys_addr_t from = 0;
	unsigned int i = 0;

	new_row();
	for (; early_free_above(&map, &bootmem, from, &range); from = range.end, i++) {
		ASSERT_TEST(i < ARRAY_SIZE(expected));
		EXPECT_EQ(range.start, expected[i].start);
		EXPECT_EQ(range.end, expected[i].end);
		EXPECT_EQ(range.nid, expected[i].nid);
	}
	EXPECT_EQ(i, ARRAY_SIZE(expected));
}

KTEST(handover, sem_E6_the_bitmaps_own_pages_come_last_and_no_page_is_counted_twice)
{
	struct memblock_range range;
	phys_addr_t from = 0;
	unsigned long pages = 0;

	new_row();
	for (; early_free_above(&map, &bootmem, from, &range); from = range.end)
		pages += (range.end - range.start) / P;
	EXPECT_TRUE(early_map_pages(&bootmem, 0, &range));
	EXPECT_EQ(range.start, 115 * P);
	pages += (range.end - range.start) / P;
	EXPECT_FALSE(early_map_pages(&bootmem, 1, &range));
	/* 130.5 pages: 10 no-map, 2 taken in the span, 2 touched by a page's worth, half a page. */
	EXPECT_EQ(pages, 130 - 10 - 2 - 2);
}

KTEST(handover, sem_E6_early_is_closed_and_its_bitmaps_are_gone)
{
	EXPECT_TRUE(early_is_closed());
	EXPECT_EQ(bootmem_free_pages(), 0);
	EXPECT_TRUE(bootmem_check());
}

KTEST_PANIC(handover, sem_E6_early_alloc_phys_after_the_handover_is_a_check, "after early_close()")
{
	early_alloc_phys(PAGE_SIZE, PAGE_SIZE);
}

KTEST_PANIC(handover, sem_E6_the_row_cannot_be_pulled_twice, "after early_close()")
{
	unsigned long cursor = 0, start_pfn, end_pfn;
	int nid;

	early_next_free_range(&cursor, &start_pfn, &end_pfn, &nid);
}
