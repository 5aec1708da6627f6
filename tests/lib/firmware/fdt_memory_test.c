/* SPDX-License-Identifier: MIT */
/*
 * fdt_memory_test.c - what trees say about memory and reservations. A reservation nobody can quite read still reserves.
 */
#include "fdt_tree.h"

/* --- memory --- */

/* fault-B28: what a Raspberry Pi 4 with 4 GiB finds: 948 MiB and 3008 MiB, in both spellings. */
KTEST(fdt_boot, two_and_one_cells_and_two_and_two_cells_decode_alike)
{
	tree_begin(2, 1);
	tree_memory("memory@0", NULL);
	fdt_build_cells("reg", 6, 0, 0, 0x3b400000, 0, 0x40000000, 0xbc000000);
	fdt_build_end_node();
	ASSERT_TEST(tree_finish() == 0);
	ASSERT_TEST(info.nr_map == 2);
	EXPECT_RANGE(0, 0, 948 * MiB);
	EXPECT_RANGE(1, 1 * GiB, 1 * GiB + 3008 * MiB);

	tree_begin(2, 2);
	tree_memory("memory@0", NULL);
	fdt_build_cells("reg", 8, 0, 0, 0, 0x3b400000, 0, 0x40000000, 0, 0xbc000000);
	fdt_build_end_node();
	ASSERT_TEST(tree_finish() == 0);
	ASSERT_TEST(info.nr_map == 2);
	EXPECT_RANGE(0, 0, 948 * MiB);
	EXPECT_RANGE(1, 1 * GiB, 1 * GiB + 3008 * MiB);
}

/* fault-B1: the files of real boards have a placeholder that the firmware fills in. */
KTEST(fdt_boot, a_placeholder_of_size_zero_and_a_tree_without_memory_give_no_memory)
{
	tree_begin(2, 1);
	tree_memory("memory@0", NULL);
	fdt_build_cells("reg", 3, 0, 0, 0);
	fdt_build_end_node();
	ASSERT_TEST(tree_finish() == 0);
	EXPECT_EQ(info.nr_map, 0);
	tree_begin(2, 1);
	ASSERT_TEST(tree_finish() == 0);
	EXPECT_EQ(info.nr_map, 0);
}

/* fault-B27 */
KTEST(fdt_boot, memory_is_known_by_its_type_or_by_its_name_and_disabled_memory_is_not_used)
{
	tree_begin(1, 1);
	tree_memory("ram@10000000", "okay");
	fdt_build_cells("reg", 4, 0x10000000, 0x1000, 0x20000000, 0x2000);
	fdt_build_end_node();
	fdt_build_node("memory@30000000"); /* no device_type */
	fdt_build_cells("reg", 2, 0x30000000, 0x1000);
	fdt_build_end_node();
	tree_memory("memory@40000000", "disabled");
	fdt_build_cells("reg", 2, 0x40000000, 0x1000);
	fdt_build_end_node();
	fdt_build_node("memory-controller@50000000");
	fdt_build_cells("reg", 2, 0x50000000, 0x1000);
	fdt_build_end_node();
	fdt_build_node("memory@60000000");
	fdt_build_string("device_type", "not-memory");
	fdt_build_cells("reg", 2, 0x60000000, 0x1000);
	fdt_build_end_node();
	ASSERT_TEST(tree_finish() == 0);
	ASSERT_TEST(info.nr_map == 3);
	EXPECT_RANGE(0, 0x10000000, 0x10001000);
	EXPECT_RANGE(1, 0x20000000, 0x20002000);
	EXPECT_RANGE(2, 0x30000000, 0x30001000);
	EXPECT_EQ(info.dropped, 0);
}

/* fault-B27 */
KTEST(fdt_boot, usable_memory_replaces_reg_and_a_broken_reg_costs_only_its_rest)
{
	tree_begin(1, 1);
	tree_memory("memory@0", NULL);
	fdt_build_cells("reg", 2, 0, 0x10000000);
	fdt_build_cells("linux,usable-memory", 2, 0x8000000, 0x1000000);
	fdt_build_end_node();
	tree_memory("memory@1", NULL);
	fdt_build_cells("reg", 3, 0x20000000, 0x1000, 0x30000000);
	fdt_build_end_node();
	tree_memory("memory@2", NULL); /* no reg at all */
	fdt_build_end_node();
	ASSERT_TEST(tree_finish() == 0);
	ASSERT_TEST(info.nr_map == 2);
	EXPECT_RANGE(0, 0x8000000, 0x9000000);
	EXPECT_RANGE(1, 0x20000000, 0x20001000);
	EXPECT_EQ(info.dropped, 2);
}

/* fault-B26 */
KTEST(fdt_boot, cells_other_than_one_or_two_make_a_memory_node_unreadable)
{
	static const unsigned int wrong[] = {0, 3, 0xffffffff};

	for (unsigned int i = 0; i < ARRAY_SIZE(wrong); i++) {
		tree_begin(wrong[i], 1);
		tree_memory("memory@0", NULL);
		fdt_build_cells("reg", 4, 0, 0, 0, 0x10000000);
		fdt_build_end_node();
		ASSERT_TEST(tree_finish() == 0);
		EXPECT_EQ(info.nr_map, 0);
		EXPECT_EQ(info.dropped, 1);
	}
}

/* fault-B26: missing, or not four bytes long, they are 2 and 1. */
KTEST(fdt_boot, cells_that_are_missing_or_malformed_take_their_defaults)
{
	for (int malformed = 0; malformed < 2; malformed++) {
		fdt_build_begin();
		fdt_build_node("");
		if (malformed) {
			fdt_build_bytes("#address-cells", "\1", 1);
			fdt_build_bytes("#size-cells", "", 0);
		}
		tree_memory("memory@0", NULL);
		fdt_build_cells("reg", 3, 1, 0x40000000, 0x10000000);
		fdt_build_end_node();
		ASSERT_TEST(tree_finish() == 0);
		ASSERT_TEST(info.nr_map == 1);
		EXPECT_RANGE(0, 0x140000000, 0x150000000);
	}
}

/* fault-B9 */
KTEST(fdt_boot, memory_that_wraps_is_dropped_alone)
{
	tree_begin(2, 2);
	tree_memory("memory@0", NULL);
	fdt_build_cells("reg", 8, 0, 0x40000000, 0xffffffff, 0xffffffff, 0, 0x40000000, 0,
			0x10000000);
	fdt_build_end_node();
	ASSERT_TEST(tree_finish() == 0);
	ASSERT_TEST(info.nr_map == 1);
	EXPECT_RANGE(0, 0x40000000, 0x50000000);
	EXPECT_EQ(info.dropped, 1);
}

/* --- reservations --- */

/* fault-B29 */
KTEST(fdt_boot, memreserve_entries_are_reserved_in_order)
{
	size_t size;
	uint8_t *blob;

	fdt_build_begin();
	fdt_build_reserve(0, 0x1000); /* a Raspberry Pi's spin table */
	fdt_build_reserve(0x3b400000, 0x4c00000);
	fdt_build_reserve(0x5000, 0);
	fdt_build_node("");
	fdt_build_end_node();
	blob = fdt_build_finish(&size);
	ASSERT_TEST(tree_read(blob, size) == 0);
	ASSERT_TEST(info.nr_reserved == 2);
	EXPECT_RESERVED(0, 0, 0x1000);
	EXPECT_RESERVED(1, 0x3b400000, 0x40000000);
	EXPECT_EQ(info.reserved[0].source, SOURCE_MEMRESERVE);
}

static void reserved_memory(unsigned int address_cells, unsigned int size_cells, bool ranges)
{
	fdt_build_node("reserved-memory");
	fdt_build_cells("#address-cells", 1, address_cells);
	fdt_build_cells("#size-cells", 1, size_cells);
	if (ranges)
		fdt_build_bytes("ranges", "", 0);
}

/* fault-B30 */
KTEST(fdt_boot, reserved_memory_is_reserved_with_no_map_and_without_what_is_disabled_or_dynamic)
{
	tree_begin(2, 1);
	reserved_memory(2, 1, true);
	fdt_build_node("secure@4e000000");
	fdt_build_cells("reg", 6, 0, 0x4e000000, 0x100000, 1, 0, 0x1000);
	fdt_build_bytes("no-map", "", 0);
	fdt_build_end_node();
	fdt_build_node("linux,cma"); /* to be placed by the kernel */
	fdt_build_cells("size", 1, 0x4000000);
	fdt_build_bytes("reusable", "", 0);
	fdt_build_end_node();
	fdt_build_node("nvram@0");
	fdt_build_cells("reg", 3, 0, 0x1000, 0x1000);
	fdt_build_string("status", "disabled");
	fdt_build_end_node();
	fdt_build_node("pool@48000000"); /* reusable, but not by us yet */
	fdt_build_cells("reg", 3, 0, 0x48000000, 0x200000);
	fdt_build_bytes("reusable", "", 0);
	fdt_build_end_node();
	fdt_build_end_node();
	ASSERT_TEST(tree_finish() == 0);
	ASSERT_TEST(info.nr_reserved == 3);
	EXPECT_RESERVED(0, 0x4e000000, 0x4e100000);
	EXPECT_RESERVED(1, 0x100000000, 0x100001000);
	EXPECT_RESERVED(2, 0x48000000, 0x48200000);
	EXPECT_TRUE(info.reserved[0].no_map && info.reserved[1].no_map);
	EXPECT_FALSE(info.reserved[2].no_map);
	EXPECT_STREQ(info.reserved[0].name, "secure@4e000000");
	EXPECT_EQ(info.dropped, 0);
}

/* fault-B30: Linux ignores such a node; what it keeps from us may be a device's or the firmware's. */
KTEST(fdt_boot, a_reservation_with_wrong_cells_or_without_ranges_still_reserves)
{
	static const unsigned int cells[][2] = {{0, 0}, {3, 2}, {1, 2}, {0xffffffff, 1}};

	for (unsigned int i = 0; i < ARRAY_SIZE(cells); i++) {
		tree_begin(1, 1);
		reserved_memory(cells[i][0], cells[i][1], false);
		fdt_build_node("buffer@4e000000");
		fdt_build_cells("reg", 2, 0x4e000000, 0x100000);
		fdt_build_end_node();
		fdt_build_end_node();
		ASSERT_TEST(tree_finish() == 0);
		ASSERT_TEST(info.nr_reserved == 1);
		EXPECT_RESERVED(0, 0x4e000000, 0x4e100000);
		EXPECT_EQ(info.nr_disputes, 1);
		EXPECT_STREQ(info.dispute[0].what,
			     "buffer@4e000000: wrong cells, reserved by the root's");
	}
}

/* fault-B30
 *	/memreserve/	      |=========|
 *	no-map		|=========|
 *	mapped		   |===|		the stricter wins, twice
 */
KTEST(fdt_boot, a_range_of_which_one_source_says_no_map_is_told)
{
	tree_begin(1, 1);
	fdt_build_reserve(0x4e080000, 0x100000);
	reserved_memory(1, 1, true);
	fdt_build_node("secure@4e000000");
	fdt_build_cells("reg", 2, 0x4e000000, 0x100000);
	fdt_build_bytes("no-map", "", 0);
	fdt_build_end_node();
	fdt_build_node("buffer@4e020000");
	fdt_build_cells("reg", 2, 0x4e020000, 0x10000);
	fdt_build_end_node();
	fdt_build_end_node();
	ASSERT_TEST(tree_finish() == 0);
	ASSERT_TEST(info.nr_reserved == 3);
	EXPECT_EQ(info.nr_disputes, 2);
	EXPECT_EQ(info.dispute[0].start, 0x4e080000);
	EXPECT_EQ(info.dispute[0].end, 0x4e100000);
	EXPECT_STREQ(info.dispute[0].what, "secure@4e000000 no-map, memreserve: not mapped");
	EXPECT_EQ(info.dispute[1].start, 0x4e020000);
	EXPECT_EQ(info.dispute[1].end, 0x4e030000);
	EXPECT_TRUE(info.reserved[1].no_map);
}

/* fault-B30 */
KTEST(fdt_boot, a_reservation_that_nobody_can_read_is_counted_and_costs_no_other)
{
	tree_begin(2, 2);
	reserved_memory(2, 2, true);
	fdt_build_node("broken");
	fdt_build_bytes("reg", "abc", 3);
	fdt_build_end_node();
	fdt_build_node("whole@0"); /* all RAM, twice */
	fdt_build_cells("reg", 8, 0, 0, 0xffffffff, 0xffffffff, 0, 0, 0xffffffff, 0xffffffff);
	fdt_build_end_node();
	fdt_build_end_node();
	ASSERT_TEST(tree_finish() == 0);
	ASSERT_TEST(info.nr_reserved == 2);
	EXPECT_RESERVED(0, 0, BOOT_RANGE_END);
	EXPECT_EQ(info.dropped, 1);
}
