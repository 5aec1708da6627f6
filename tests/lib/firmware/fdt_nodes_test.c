/* SPDX-License-Identifier: MIT */
/*
 * fdt_nodes_test.c - what trees say about NUMA nodes and interrupt controllers.
 */
#include "fdt_tree.h"

/* --- nodes and interrupts --- */

static void node_memory(const char *name, uint32_t start, uint32_t size, uint32_t domain)
{
	tree_memory(name, NULL);
	fdt_build_cells("numa-node-id", 1, domain);
	fdt_build_cells("reg", 2, start, size);
	fdt_build_end_node();
}

/* Three nodes, highest first, and what the test says of distances, `nr` triples. */
static int tree_with_distances(const uint32_t *triples, unsigned int nr)
{
	uint8_t matrix[12 * 8];

	for (unsigned int i = 0; i < 3 * nr; i++)
		for (unsigned int byte = 0; byte < 4; byte++)
			matrix[4 * i + byte] = (uint8_t)(triples[i] >> (24 - 8 * byte));
	tree_begin(1, 1);
	node_memory("memory@c0000000", 0xc0000000, 0x1000000, 9);
	node_memory("memory@40000000", 0x40000000, 0x1000000, 4);
	node_memory("memory@0", 0, 0x1000000, 6);
	fdt_build_node("distance-map");
	fdt_build_string("compatible", "numa-distance-map-v1");
	fdt_build_bytes("distance-matrix", matrix, 12 * nr);
	fdt_build_end_node();
	return tree_finish();
}

KTEST(fdt_boot, distances_hold_both_ways_unless_the_way_back_has_its_own)
{
	static const uint32_t triples[] = {4, 4, 10, 6, 4, 25, 4, 6, 21, 4, 9, 31, 9, 77, 40};

	ASSERT_TEST(tree_with_distances(triples, 5) == 0);
	ASSERT_TEST(info.nodes.nr == 3);
	EXPECT_EQ(info.nodes.range[0].nid, 2);
	EXPECT_EQ(info.nodes.range[1].nid, 0);
	EXPECT_EQ(info.nodes.range[2].nid, 1);
	EXPECT_EQ(info.nodes.distance[0][1], 21);
	EXPECT_EQ(info.nodes.distance[1][0], 25);
	EXPECT_EQ(info.nodes.distance[0][2], 31);
	EXPECT_EQ(info.nodes.distance[2][0], 31);
	EXPECT_EQ(info.nodes.distance[1][2], 20);
	EXPECT_EQ(info.nodes.distance[2][2], 10);
	EXPECT_EQ(info.dropped, 0);
}

KTEST(fdt_boot, distances_that_make_no_sense_are_refused_whole)
{
	static const uint32_t lies[][3] = {
		{4, 4, 11}, {4, 6, 10}, {4, 6, 0}, {4, 6, 256}, {6, 4, 0xffffffff}};

	for (unsigned int i = 0; i < ARRAY_SIZE(lies); i++) {
		uint32_t triples[6] = {4, 9, 31};

		memcpy(triples + 3, lies[i], sizeof(lies[i]));
		ASSERT_TEST(tree_with_distances(triples, 2) == 0);
		EXPECT_EQ(info.nodes.distance[0][2], 20);
		EXPECT_EQ(info.dropped, 1);
	}
	ASSERT_TEST(tree_with_distances(lies[0], 0) == 0);
	EXPECT_EQ(info.nodes.distance[0][2], 20);
}

KTEST(fdt_boot, memory_of_an_impossible_node_and_a_cpu_of_one_belong_to_node_0)
{
	tree_begin(1, 1);
	node_memory("memory@0", 0, 0x1000000, 0x80000000);
	node_memory("memory@40000000", 0x40000000, 0x1000000, 4);
	fdt_build_node("cpus");
	fdt_build_cells("#address-cells", 1, 2);
	tree_cpu("cpu@0", 0, NULL, "psci");
	fdt_build_cells("numa-node-id", 1, 0x80000000);
	fdt_build_end_node();
	fdt_build_end_node();
	ASSERT_TEST(tree_finish() == 0);
	EXPECT_EQ(info.nr_map, 2);
	EXPECT_EQ(info.nodes.nr_ranges, 1);
	EXPECT_EQ(info.cpu[0].node, 0);
	EXPECT_EQ(info.dropped, 1);
}

/* A bus that puts [child, child + size) of its devices' addresses at `parent`. */
static void begin_bus(uint32_t child, uint32_t parent, uint32_t size)
{
	fdt_build_node("soc");
	fdt_build_string("compatible", "simple-bus");
	fdt_build_cells("#address-cells", 1, 1);
	fdt_build_cells("#size-cells", 1, 1);
	fdt_build_cells("ranges", 3, child, parent, size);
}

/* The Raspberry Pi 4's, below a bus that translates. */
KTEST(fdt_boot, a_gic_on_a_bus_is_where_the_bus_puts_it)
{
	for (unsigned int whole = 0; whole < 2; whole++) {
		tree_begin(1, 1);
		begin_bus(0x40000000, 0xff800000, 0x800000);
		fdt_build_node("interrupt-controller@40041000");
		fdt_build_string("compatible", "arm,gic-400");
		fdt_build_cells("reg", whole ? 4 : 2, 0x40041000, 0x1000, 0x40042000, 0x2000);
		fdt_build_end_node();
		fdt_build_end_node();
		ASSERT_TEST(tree_finish() == 0);
		EXPECT_EQ(info.interrupts.type, whole ? INTERRUPTS_GIC_V2 : INTERRUPTS_UNKNOWN);
		EXPECT_EQ(info.interrupts.distributor, whole ? 0xff841000 : 0);
		EXPECT_EQ(info.interrupts.cpu_interface, whole ? 0xff842000 : 0);
		EXPECT_EQ(info.interrupts.cpu_interface_size, whole ? 0x2000 : 0);
		EXPECT_EQ(info.dropped, !whole);
	}
}

KTEST(fdt_boot, a_raspberry_pi_3s_controller_is_found_and_one_without_reg_dropped)
{
	for (unsigned int cells = 0; cells < 2; cells++) {
		tree_begin(1, 1);
		begin_bus(0x40000000, 0x40000000, 0x1000);
		fdt_build_node("local_intc@40000000");
		fdt_build_string("compatible", "brcm,bcm2836-l1-intc");
		fdt_build_cells("reg", 1 + cells, 0x40000000, 0x100);
		fdt_build_end_node();
		fdt_build_end_node();
		ASSERT_TEST(tree_finish() == 0);
		EXPECT_EQ(info.interrupts.type, cells ? INTERRUPTS_BCM2836 : INTERRUPTS_UNKNOWN);
		EXPECT_EQ(info.interrupts.distributor, cells ? 0x40000000 : 0);
		EXPECT_EQ(info.dropped, !cells);
	}
}
