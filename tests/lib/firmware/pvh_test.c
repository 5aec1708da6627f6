/* SPDX-License-Identifier: MIT */
/*
 * pvh_test.c - start infos as QEMU writes them, and as it would not.
 */
#include <lib/ktest.h>

#include <lib/errno.h>
#include <lib/firmware/pvh.h>
#include "firmware_test.h"

/* A good one, version 1, three map entries and one module. */
static void build_start(uint8_t *p)
{
	memset(p, 0, PVH_START_INFO_SIZE);
	put(p, PVH_MAGIC, 4);
	put(p + 4, 1, 4);
	put(p + 12, 1, 4);
	put(p + 16, 0x1111000, 8);
	put(p + 24, 0x2222000, 8);
	put(p + 32, 0xf5b10, 8);
	put(p + 40, 0x3333000, 8);
	put(p + 48, 3, 4);
}

static void build_entry(uint8_t *p, uint64_t start, uint64_t size, uint32_t type)
{
	put(p, start, 8);
	put(p + 8, size, 8);
	put(p + 16, type, 4);
	put(p + 20, 0, 4);
}

KTEST(pvh, a_start_info_is_read_field_by_field)
{
	static uint8_t bytes[PVH_START_INFO_SIZE];
	struct pvh_start_info start;

	build_start(bytes);
	ASSERT_TEST(pvh_parse_start_info(bytes, sizeof(bytes), &start) == 0);
	EXPECT_EQ(start.version, 1);
	EXPECT_EQ(start.nr_modules, 1);
	EXPECT_EQ(start.modules_pa, 0x1111000);
	EXPECT_EQ(start.command_line_pa, 0x2222000);
	EXPECT_EQ(start.rsdp_pa, 0xf5b10);
	EXPECT_EQ(start.map_pa, 0x3333000);
	EXPECT_EQ(start.nr_map, 3);
}

/* fault-B23 */
KTEST(pvh, a_start_info_that_cannot_be_true_is_refused)
{
	static uint8_t bytes[PVH_START_INFO_SIZE];
	struct pvh_start_info start;

	begin();
	build_start(bytes);
	for (size_t size = 0; size < PVH_START_INFO_SIZE; size++)
		EXPECT_EQ(pvh_parse_start_info(bytes + sizeof(bytes) - size, size, &start),
			  -EINVAL);
	put(bytes, 0x2badb002, 4);
	EXPECT_EQ(pvh_parse_start_info(bytes, sizeof(bytes), &start), -EINVAL);
	build_start(bytes);
	put(bytes + 4, 0, 4);
	EXPECT_EQ(pvh_parse_start_info(bytes, sizeof(bytes), &start), -EINVAL);
	build_start(bytes);
	put(bytes + 48, 0xffffffff, 4);
	EXPECT_EQ(pvh_parse_start_info(bytes, sizeof(bytes), &start), -EINVAL);
	build_start(bytes);
	put(bytes + 12, 0xffffffff, 4);
	EXPECT_EQ(pvh_parse_start_info(bytes, sizeof(bytes), &start), 0);
	EXPECT_EQ(start.nr_modules, 0);
	end();
}

/* fault-B11 fault-B8: microvm's map ends in an empty entry of type 0. */
KTEST(pvh, types_nobody_knows_are_reserved_and_type_0_is_nothing)
{
	static uint8_t bytes[8 * PVH_MAP_ENTRY_SIZE];
	static const uint32_t types[8] = {1, 2, 3, 4, 5, 12, 0xffffffff, 0};

	begin();
	for (unsigned int i = 0; i < 8; i++)
		build_entry(bytes + i * PVH_MAP_ENTRY_SIZE, i * 0x10000, types[i] ? 0x1000 : 0,
			    types[i]);
	EXPECT_EQ(pvh_parse_map(bytes, sizeof(bytes), &info), 8);
	ASSERT_TEST(info.nr_map == 7);
	EXPECT_EQ(info.map[0].type, MEMORY_USABLE);
	EXPECT_EQ(info.map[1].type, MEMORY_RESERVED);
	EXPECT_EQ(info.map[2].type, MEMORY_ACPI);
	EXPECT_EQ(info.map[3].type, MEMORY_NVS);
	EXPECT_EQ(info.map[4].type, MEMORY_UNUSABLE);
	EXPECT_EQ(info.map[5].type, MEMORY_RESERVED);
	EXPECT_EQ(info.map[6].type, MEMORY_RESERVED);
	EXPECT_EQ(info.map[6].firmware_type, 0xffffffff);
	EXPECT_EQ(e820_memory_type(0), MEMORY_NONE);
	EXPECT_EQ(e820_memory_type(6), MEMORY_RESERVED);
	EXPECT_EQ(e820_memory_type(7), MEMORY_RESERVED);
	EXPECT_EQ(e820_memory_type(16), MEMORY_RESERVED);
	end();
}

KTEST(pvh, a_map_that_is_cut_short_gives_its_whole_entries)
{
	static uint8_t bytes[2 * PVH_MAP_ENTRY_SIZE];

	begin();
	build_entry(bytes, 0x1000, 0x1000, 1);
	build_entry(bytes + PVH_MAP_ENTRY_SIZE, 0x4000, 0x1000, 2);
	/* The cut map lies at the array's end: one byte further would be outside. */
	memmove(bytes + 1, bytes, sizeof(bytes) - 1);
	EXPECT_EQ(pvh_parse_map(bytes + 1, sizeof(bytes) - 1, &info), 1);
	EXPECT_EQ(info.nr_map, 1);
	EXPECT_EQ(info.map[0].end, 0x2000);
	EXPECT_EQ(pvh_parse_map(bytes, 0, &info), 0);
	end();
}

/* fault-B21 */
KTEST(pvh, the_first_module_is_the_initrd_unless_it_makes_no_sense)
{
	static uint8_t bytes[PVH_MODULE_SIZE];

	begin();
	put(bytes, 0x7000000, 8);
	put(bytes + 8, 0x1234, 8);
	EXPECT_EQ(pvh_parse_module(bytes, sizeof(bytes), &info), 0);
	EXPECT_EQ(info.initrd_start, 0x7000000);
	EXPECT_EQ(info.initrd_end, 0x7001234);
	EXPECT_EQ(pvh_parse_module(bytes, sizeof(bytes) - 1, &info), -EINVAL);
	put(bytes + 8, 0, 8);
	EXPECT_EQ(pvh_parse_module(bytes, sizeof(bytes), &info), -EINVAL);
	put(bytes + 8, ~0ULL, 8);
	EXPECT_EQ(pvh_parse_module(bytes, sizeof(bytes), &info), -EINVAL);
	EXPECT_EQ(info.initrd_end, 0x7001234);
	end();
}
