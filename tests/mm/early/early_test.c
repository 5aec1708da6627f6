/* SPDX-License-Identifier: MIT */
/*
 * early_test.c - from a firmware's map to memblock, on boot data of our own.
 *
 * A case is a list of ranges, a few reservations and limits; the result is
 * looked at as the floors above would. The rows of fault-B that the parsers do
 * not already prove stand here.
 */
#include <lib/cmdline.h>
#include <lib/ktest.h>
#include <lib/string.h>

#include "../../../mm/early/impl.h"

static struct boot_info boot;
static struct memblock_region memory_room[INIT_MEMBLOCK_REGIONS];
static struct memblock_region reserved_room[INIT_MEMBLOCK_REGIONS];
static struct memblock map;
static struct early early;

/* A machine without memory; its image lies at 16 MiB. */
static void new_machine(void)
{
	memset(&boot, 0, sizeof(boot));
	memset(&early, 0, sizeof(early));
	map = (struct memblock){
		.current_limit = MEMBLOCK_ALLOC_ANYWHERE,
		.memory = {.max = INIT_MEMBLOCK_REGIONS, .regions = memory_room, .name = "memory"},
		.reserved = {.max = INIT_MEMBLOCK_REGIONS,
			     .regions = reserved_room,
			     .name = "reserved"},
	};
	boot.image_start = 16 * MiB;
	boot.image_end = 17 * MiB + 0x123;
	early.boot = &boot;
	early.map = &map;
	early.limits = (struct early_limits){.phys_end = 1 * TiB, .direct_map_end = 1 * TiB};
}

static void ram(phys_addr_t start, phys_addr_t size)
{
	boot_info_add_range(&boot, start, size, MEMORY_USABLE, SOURCE_HOSTED, 1);
}

static bool decided(phys_addr_t start, phys_addr_t end, enum early_fate fate)
{
	for (unsigned int i = 0; i < early.nr_decisions; i++)
		if (early.decision[i].start == start && early.decision[i].end == end &&
		    early.decision[i].fate == fate)
			return true;
	return false;
}

static bool is_ram(phys_addr_t pa)
{
	return memblock_type_overlaps(&map.memory, pa, 1);
}

static bool is_reserved(phys_addr_t pa)
{
	return memblock_type_overlaps(&map.reserved, pa, 1);
}

KTEST(early, fault_B1_without_a_map_the_reason_is_said)
{
	new_machine();
	EXPECT_FALSE(early_build(&early));
	EXPECT_STREQ(early.failure, "the firmware lists no memory");
}

KTEST(early, fault_B1_without_a_usable_page_the_reason_is_said)
{
	new_machine();
	boot_info_add_range(&boot, 0, GiB, MEMORY_RESERVED, SOURCE_HOSTED, 2);
	ram(2 * GiB + 1, PAGE_SIZE);
	EXPECT_FALSE(early_build(&early));
	EXPECT_STREQ(early.failure, "no whole page of the firmware's map is usable");
}

KTEST(early, fault_B1_too_little_beside_the_kernel_is_said_with_the_numbers)
{
	new_machine();
	ram(16 * MiB, 2 * MiB);
	EXPECT_FALSE(early_build(&early));
	EXPECT_STREQ(early.failure,
		     "1023 KiB are free beside the kernel and boot data, 1024 KiB are needed");
}

KTEST(early, fault_B2_one_sane_entry_is_enough)
{
	new_machine();
	ram(0, 64 * MiB);
	EXPECT_TRUE(early_build(&early));
	EXPECT_EQ(map.memory.total_size, 64 * MiB);
	EXPECT_EQ(map.current_limit, early.limits.direct_map_end);
	EXPECT_EQ(map.memory.regions[0].nid, 0);
	EXPECT_TRUE(memblock_check(&map));
}

KTEST(early, fault_B10_memory_beyond_reach_is_dropped_and_the_rest_kept)
{
	new_machine();
	ram(0, 64 * MiB);
	ram(512 * GiB, 1 * TiB);
	EXPECT_TRUE(early_build(&early));
	EXPECT_EQ(map.memory.total_size, 64 * MiB + 512 * GiB);
	EXPECT_TRUE(decided(1 * TiB, 512 * GiB + 1 * TiB, EARLY_DROPPED));
}

KTEST(early, fault_B10_memory_beyond_the_direct_map_is_high)
{
	new_machine();
	early.limits.direct_map_end = 1 * GiB;
	ram(0, 2 * GiB);
	EXPECT_TRUE(early_build(&early));
	EXPECT_EQ(early.high_start, 1 * GiB);
	EXPECT_EQ(map.current_limit, 1 * GiB);
	EXPECT_TRUE(is_ram(2 * GiB - 1));
	EXPECT_TRUE(decided(1 * GiB, 2 * GiB, EARLY_HIGH));
}

KTEST(early, fault_B13_page_0_is_reserved_and_adapters_are_no_ram)
{
	new_machine();
	ram(0, 64 * MiB);
	EXPECT_TRUE(early_build(&early));
	EXPECT_TRUE(is_reserved(0));
	EXPECT_FALSE(is_reserved(PAGE_SIZE));
	EXPECT_TRUE(is_ram(700 * KiB));

	new_machine();
	early.limits.low_megabyte_reserved = true;
	ram(0, 64 * MiB);
	EXPECT_TRUE(early_build(&early));
	EXPECT_FALSE(is_ram(640 * KiB));
	EXPECT_FALSE(is_ram(1 * MiB - 1));
	EXPECT_TRUE(is_reserved(640 * KiB - 1));
	EXPECT_FALSE(is_reserved(1 * MiB));
	EXPECT_TRUE(decided(640 * KiB, 1 * MiB, EARLY_DROPPED));
}

/* 256 islands of one page: as many are kept as fit, and the large piece is never the one that goes. */
KTEST(early, fault_B14_of_too_many_pieces_the_smallest_are_left_out)
{
	new_machine();
	for (unsigned int i = 0; i < 256; i++)
		ram(GiB + i * 2 * PAGE_SIZE, PAGE_SIZE);
	ram(0, 64 * MiB);
	ram(2 * GiB, 64 * MiB);
	EXPECT_TRUE(early_build(&early));
	EXPECT_TRUE(is_ram(64 * MiB - 1));
	EXPECT_TRUE(is_ram(2 * GiB));
	EXPECT_EQ(map.memory.cnt, INIT_MEMBLOCK_REGIONS - 8);
	EXPECT_TRUE(is_ram(GiB + 117 * 2 * PAGE_SIZE));
	EXPECT_TRUE(
		decided(GiB + 118 * 2 * PAGE_SIZE, GiB + (2 * 118 + 1) * PAGE_SIZE, EARLY_DROPPED));
	EXPECT_TRUE(is_reserved(boot.image_start));
	EXPECT_EQ(early.decisions_lost, 0);
	EXPECT_TRUE(memblock_check(&map));
}

/* Allocate everything: no page that is handed out meets boot data. */
KTEST(early, fault_B15_all_boot_data_is_reserved_before_the_first_allocation)
{
	struct memblock_request request = {
		.size = PAGE_SIZE, .align = PAGE_SIZE, .nid = NUMA_NO_NODE};
	unsigned long pages = 0;
	phys_addr_t pa;

	new_machine();
	ram(0, 32 * MiB);
	boot_info_reserve(&boot, 20 * MiB + 5, 3, SOURCE_PVH, false, "crumb");
	boot_info_reserve(&boot, 30 * MiB - 1, MiB, SOURCE_PVH, false, "initrd");
	EXPECT_TRUE(early_build(&early));
	while ((pa = memblock_map_alloc(&map, &request)) != 0) {
		pages++;
		EXPECT_FALSE(pa < PAGE_SIZE);
		EXPECT_FALSE(pa + PAGE_SIZE > 16 * MiB && pa < 17 * MiB + 0x123);
		EXPECT_FALSE(pa + PAGE_SIZE > 20 * MiB + 5 && pa < 20 * MiB + 8);
		EXPECT_FALSE(pa + PAGE_SIZE > 30 * MiB - 1 && pa < 31 * MiB - 1);
	}
	/* Page 0, 257 of the image, one crumb, 257 of the initrd. */
	EXPECT_EQ(pages, 32 * MiB / PAGE_SIZE - 1 - 257 - 1 - 257);
}

KTEST(early, fault_B16_the_image_is_ram_even_where_the_firmware_has_none)
{
	new_machine();
	ram(64 * MiB, 64 * MiB);
	boot_info_add_range(&boot, 16 * MiB, MiB, MEMORY_RESERVED, SOURCE_HOSTED, 2);
	EXPECT_TRUE(early_build(&early));
	EXPECT_TRUE(memblock_type_covers(&map.memory, boot.image_start, MiB + PAGE_SIZE));
	EXPECT_FALSE(is_ram(17 * MiB + PAGE_SIZE));
	EXPECT_TRUE(memblock_type_covers(&map.reserved, boot.image_start, MiB + 0x123));
	EXPECT_TRUE(decided(16 * MiB, 17 * MiB + PAGE_SIZE, EARLY_ADDED));
}

KTEST(early, fault_B30_no_map_memory_is_reserved_and_marked)
{
	unsigned long index;

	new_machine();
	ram(0, 64 * MiB);
	boot_info_reserve(&boot, 32 * MiB, MiB, SOURCE_RESERVED_MEMORY, true, "secure");
	EXPECT_TRUE(early_build(&early));
	index = region_search(&map.memory, 32 * MiB);
	EXPECT_TRUE(memblock_is_nomap(&map.memory.regions[index]));
	EXPECT_EQ(map.memory.regions[index].size, MiB);
	EXPECT_TRUE(is_reserved(32 * MiB));
	EXPECT_TRUE(decided(32 * MiB, 33 * MiB, EARLY_NO_MAP));
}

/* As many as boot_info can hold, each in the middle of RAM: no room to mark them, so they are no RAM any more. */
KTEST(early, fault_B30_a_full_house_of_no_map_reservations_is_kept_out_all_the_same)
{
	new_machine();
	ram(0, 64 * MiB);
	ram(GiB, 64 * MiB);
	for (unsigned int i = 0; i < BOOT_MAX_RESERVATIONS; i++)
		boot_info_reserve(&boot, 32 * MiB + i * 2 * PAGE_SIZE, PAGE_SIZE,
				  SOURCE_RESERVED_MEMORY, true, "secure");
	EXPECT_TRUE(early_build(&early));
	for (unsigned int i = 0; i < BOOT_MAX_RESERVATIONS; i++) {
		phys_addr_t pa = 32 * MiB + i * 2 * PAGE_SIZE;
		unsigned long index = region_search(&map.memory, pa);

		EXPECT_TRUE(!is_ram(pa) || memblock_is_nomap(&map.memory.regions[index]));
		EXPECT_TRUE(is_reserved(pa));
	}
	EXPECT_TRUE(memblock_check(&map));
}

KTEST(early, what_is_acpis_and_who_reserved_what_is_told)
{
	new_machine();
	ram(0, 64 * MiB);
	boot_info_add_range(&boot, 62 * MiB, MiB, MEMORY_NVS, SOURCE_PVH, 4);
	boot_info_reserve(&boot, 32 * MiB, MiB, SOURCE_RESERVED_MEMORY, false, "buffer");
	EXPECT_TRUE(early_build(&early));
	EXPECT_TRUE(decided(62 * MiB, 63 * MiB, EARLY_KEPT));
	for (unsigned int i = 0; i < early.nr_decisions; i++) {
		if (early.decision[i].fate == EARLY_KEPT)
			EXPECT_EQ(early.decision[i].source, SOURCE_PVH);
		if (strcmp(early.decision[i].why, "buffer") == 0)
			EXPECT_EQ(early.decision[i].source, SOURCE_RESERVED_MEMORY);
	}
}

KTEST(early, fault_B32_mem_counts_ram_and_is_clamped)
{
	new_machine();
	ram(0, 8 * MiB);
	ram(16 * MiB, 64 * MiB);
	early.limits.mem = 32 * MiB;
	EXPECT_TRUE(early_build(&early));
	EXPECT_EQ(map.memory.total_size, 32 * MiB);
	EXPECT_TRUE(decided(40 * MiB, 80 * MiB, EARLY_DROPPED));

	new_machine();
	ram(0, 32 * MiB);
	early.limits.mem = 1;
	EXPECT_TRUE(early_build(&early));
	EXPECT_EQ(map.memory.total_size, 6 * MiB + MiB + PAGE_SIZE); /* and the image */

	new_machine();
	ram(0, 32 * MiB);
	early.limits.mem = ~0UL;
	EXPECT_TRUE(early_build(&early));
	EXPECT_EQ(map.memory.total_size, 32 * MiB);
}

/*
 *	0                       192             256 MiB
 *	[ direct map            ][ high memory  ]
 */
KTEST(early, highmem_keeps_the_top_out_of_the_direct_map)
{
	new_machine();
	ram(0, 256 * MiB);
	early.limits.highmem = 64 * MiB;
	EXPECT_TRUE(early_build(&early));
	EXPECT_EQ(early.high_start, 192 * MiB);
	EXPECT_EQ(map.current_limit, 192 * MiB);
	EXPECT_TRUE(decided(192 * MiB, 256 * MiB, EARLY_HIGH));
	EXPECT_TRUE(is_ram(256 * MiB - 1));

	/* A border is a multiple of 4 MiB, also when the RAM's end is none. */
	new_machine();
	ram(0, 256 * MiB - 128 * KiB);
	early.limits.highmem = 64 * MiB;
	EXPECT_TRUE(early_build(&early));
	EXPECT_EQ(early.high_start, 192 * MiB);
}

KTEST(early, fault_B32_highmem_leaves_16_mib_and_the_image_low)
{
	new_machine();
	ram(0, 64 * MiB);
	early.limits.highmem = ~0UL;
	EXPECT_TRUE(early_build(&early));
	EXPECT_EQ(early.high_start, 20 * MiB); /* the image ends at 17 MiB and a bit */

	new_machine();
	boot.image_start = 2 * MiB;
	boot.image_end = 3 * MiB;
	ram(0, 64 * MiB);
	early.limits.highmem = 60 * MiB;
	EXPECT_TRUE(early_build(&early));
	EXPECT_EQ(early.high_start, 16 * MiB);

	new_machine();
	boot.image_start = 2 * MiB;
	boot.image_end = 3 * MiB;
	ram(0, 12 * MiB);
	early.limits.highmem = 4 * MiB;
	EXPECT_TRUE(early_build(&early));
	EXPECT_EQ(early.high_start, early.limits.direct_map_end);
}

KTEST(early, the_living_map_reserves_all_boot_data)
{
	const struct boot_info *living = early_boot_info();
	struct early_decision decision;
	unsigned int index = 0, decisions = 0;

	for (unsigned int i = 0; i < living->nr_reserved; i++)
		EXPECT_TRUE(
			memblock_type_covers(&memblock.reserved, living->reserved[i].start,
					     living->reserved[i].end - living->reserved[i].start));
	EXPECT_TRUE(memblock_type_covers(&memblock.reserved, living->image_start,
					 living->image_end - living->image_start));
	while (early_next_decision(&index, &decision)) {
		EXPECT_LT(decision.start, decision.end);
		EXPECT_TRUE(decision.why && decision.why[0]);
		decisions++;
	}
	EXPECT_GT(decisions, 0);
	EXPECT_LE(early_high_memory_start(), memblock_get_current_limit());
}

/*
 *	RAM	[ 0                    64 MiB ][    ]
 *	nodes	[ 1         ][ 0 ][ 1 ]         [ 0 ]	the rest belongs to node 0
 */
KTEST(early, each_page_learns_its_node_whatever_the_order_of_the_list)
{
	new_machine();
	ram(0, 80 * MiB);
	boot_nodes_add_range(&boot, 72 * MiB, 8 * MiB, 5);
	boot_nodes_add_range(&boot, 40 * MiB, 24 * MiB, 6);
	boot_nodes_add_range(&boot, 32 * MiB + 1, 8 * MiB - 1, 5);
	boot_nodes_add_range(&boot, 0, 32 * MiB + 1, 6);
	boot_nodes_settle(&boot);
	EXPECT_TRUE(early_build(&early));
	ASSERT_TEST(map.memory.cnt == 4);
	EXPECT_EQ(map.memory.regions[0].nid, 1);
	EXPECT_EQ(map.memory.regions[1].base,
		  32 * MiB + PAGE_SIZE); /* the shared page is node 1's */
	EXPECT_EQ(map.memory.regions[1].nid, 0);
	EXPECT_EQ(map.memory.regions[2].base, 40 * MiB);
	EXPECT_EQ(map.memory.regions[2].nid, 1);
	EXPECT_EQ(map.memory.regions[3].base, 64 * MiB);
	EXPECT_EQ(map.memory.regions[3].nid, 0);
	EXPECT_EQ(map.memory.total_size, 80 * MiB);
	EXPECT_TRUE(memblock_check(&map));
}

/* --- what the command line says --- */

static char saved_line[COMMAND_LINE_SIZE];

/* The words of a text, as early_init() reads them. */
static void read_words(const char *text)
{
	strscpy(saved_line, cmdline_get(), sizeof(saved_line));
	cmdline_set(text);
	early_read_words(&early.words);
	cmdline_set(saved_line);
}

KTEST(early, fault_B32_memmap_and_reserve_are_read_in_turn)
{
	static const struct early_word expected[] = {
		{MiB, 3 * MiB, EARLY_ADDED, NULL},
		{0x10000, 0x11000, EARLY_RESERVED, NULL},
		{GiB, GiB + 64 * KiB, EARLY_RESERVED, NULL},
		{16 * MiB, 17 * MiB, EARLY_RESERVED, NULL},
	};

	new_machine();
	read_words("memmap=2M@1M,4K$0x10000 quiet memmap=64K#1G reserve=1M@16M");
	EXPECT_EQ(early.words.nr, ARRAY_SIZE(expected));
	for (unsigned int i = 0; i < early.words.nr; i++) {
		EXPECT_EQ(early.words.word[i].start, expected[i].start);
		EXPECT_EQ(early.words.word[i].end, expected[i].end);
		EXPECT_EQ(early.words.word[i].fate, expected[i].fate);
	}
	EXPECT_STREQ(early.words.word[3].why, "reserve= on the command line");
}

KTEST(early, fault_B32_ranges_that_make_no_sense_are_ignored_alone)
{
	static const char *const nonsense[] = {
		"memmap=",
		"memmap",
		"memmap=1M",
		"memmap=1M@",
		"memmap=@1M",
		"memmap=1M@x",
		"memmap=-1M@1M",
		"memmap=1M@-1",
		"memmap=0@1M",
		"memmap=1M!1M",
		"memmap=exactmap",
		"memmap=1M@1Mx",
		"reserve=1M$1M",
		"reserve=1M",
		"memmap=1M@16777216T",
		"memmap=\"1M @1M\"",
		"memmap=1M@99999999999999999999999999999999",
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(nonsense); i++) {
		new_machine();
		read_words(nonsense[i]);
		EXPECT_EQ(early.words.nr, 0);
	}
	new_machine();
	read_words("memmap=1M@2M,nonsense,1M@4M reserve=1M@8M");
	EXPECT_EQ(early.words.nr, 2);
	EXPECT_EQ(early.words.word[1].start, 8 * MiB);
}

/* 20 ranges: 16 fit. A size that passes the end of all addresses ends there. */
KTEST(early, fault_B32_too_many_ranges_and_too_long_ones_are_cut)
{
	new_machine();
	read_words("reserve=99999999T@1M reserve=1@2 reserve=1@2 reserve=1@2 reserve=1@2 "
		   "reserve=1@2 reserve=1@2 reserve=1@2 reserve=1@2 reserve=1@2 reserve=1@2 "
		   "reserve=1@2 reserve=1@2 reserve=1@2 reserve=1@2 reserve=1@2 reserve=1@3");
	EXPECT_EQ(early.words.nr, EARLY_MAX_WORDS);
	EXPECT_EQ(early.words.word[0].end, BOOT_RANGE_END);
}

KTEST(early, fault_B29_reserve_keeps_what_the_firmware_forgot)
{
	new_machine();
	ram(0, 64 * MiB);
	read_words("reserve=4K@0x1000 memmap=1M$32M reserve=1M@1G");
	EXPECT_TRUE(early_build(&early));
	EXPECT_TRUE(is_reserved(0x1000));
	EXPECT_FALSE(is_reserved(0x2000));
	EXPECT_TRUE(memblock_type_covers(&map.reserved, 32 * MiB, MiB));
	EXPECT_TRUE(decided(32 * MiB, 33 * MiB, EARLY_RESERVED));
	EXPECT_FALSE(is_reserved(GiB)); /* there is no RAM there */
}

/* Where firmware and command line disagree the safe reading wins. */
KTEST(early, fault_B32_memmap_adds_ram_only_where_the_firmware_says_nothing_else)
{
	new_machine();
	ram(0, 64 * MiB);
	boot_info_add_range(&boot, 96 * MiB, MiB, MEMORY_RESERVED, SOURCE_HOSTED, 2);
	read_words("memmap=8M@128M,1M@96M,2M@95M,4095@200M");
	EXPECT_TRUE(early_build(&early));
	EXPECT_TRUE(memblock_type_covers(&map.memory, 128 * MiB, 8 * MiB));
	EXPECT_TRUE(decided(128 * MiB, 136 * MiB, EARLY_ADDED));
	EXPECT_FALSE(is_ram(95 * MiB));
	EXPECT_FALSE(is_ram(96 * MiB));
	EXPECT_FALSE(is_ram(200 * MiB));
	EXPECT_EQ(map.memory.total_size, 72 * MiB);
	EXPECT_TRUE(memblock_check(&map));
}

/* A reservation of everything leaves nothing to start with: said, not survived in silence. */
KTEST(early, fault_B30_a_reservation_of_all_ram_ends_with_a_reason)
{
	new_machine();
	ram(0, 64 * MiB);
	read_words("reserve=64M@0");
	EXPECT_FALSE(early_build(&early));
	EXPECT_STREQ(early.failure,
		     "0 KiB are free beside the kernel and boot data, 1024 KiB are needed");
}

KTEST(early, fault_B32_cma_and_swiotlb_are_clamped_to_what_there_is)
{
	new_machine();
	ram(0, 64 * MiB);
	read_words("cma=16M swiotlb=1024,force");
	EXPECT_TRUE(early_build(&early));
	EXPECT_EQ(early.words.dma.cma, 16 * MiB);
	EXPECT_EQ(early.words.dma.swiotlb, 2 * MiB);
	EXPECT_TRUE(early.words.dma.swiotlb_force);

	new_machine();
	ram(0, 64 * MiB);
	read_words("cma=99999999999999T swiotlb=99999999999999999999");
	EXPECT_TRUE(early_build(&early));
	EXPECT_EQ(early.words.dma.cma, 32 * MiB);
	EXPECT_EQ(early.words.dma.cma_asked, ~0ULL);
	EXPECT_EQ(early.words.dma.swiotlb, 16 * MiB);
	EXPECT_FALSE(early.words.dma.swiotlb_force);
}

KTEST(early, fault_B32_cma_and_swiotlb_that_make_no_sense_are_ignored)
{
	static const char *const nonsense[] = {
		"cma=-1 swiotlb=-1", "cma=x swiotlb=x",	     "cma swiotlb",
		"cma= swiotlb=",     "cma=1MB swiotlb=1,on", "swiotlb=0 swiotlb=1force"};

	for (unsigned int i = 0; i < ARRAY_SIZE(nonsense); i++) {
		new_machine();
		read_words(nonsense[i]);
		EXPECT_EQ(early.words.dma.cma, 0);
		EXPECT_EQ(early.words.dma.swiotlb, 0);
		EXPECT_FALSE(early.words.dma.swiotlb_force);
	}
	new_machine();
	read_words("swiotlb=force");
	EXPECT_TRUE(early.words.dma.swiotlb_force);
}
