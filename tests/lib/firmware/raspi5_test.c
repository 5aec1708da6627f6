/* SPDX-License-Identifier: MIT */
/*
 * raspi5_test.c - a device tree in the shape of a Raspberry Pi 5's: it is read; booting one is untried.
 *
 * What differs from a Pi 4: the peripherals lie above 4 GiB, so that the soc's ranges lift addresses of one
 * cell to two; memory and reservations have 2/2 cells; CPUs are started by PSCI through smc.
 */
#include "fdt_tree.h"

static void memory_as_the_firmware_fills_it_in(void)
{
	fdt_build_node("memory@0");
	fdt_build_string("device_type", "memory");
	fdt_build_cells("reg", 12, 0, 0, 0, 0x3fc00000, 0, 0x40000000, 1, 0xc0000000, 2, 0, 0, 0);
	fdt_build_end_node();
}

static void serial_port_above_4_gib(void)
{
	fdt_build_node("aliases");
	fdt_build_string("serial10", "/soc@107c000000/serial@7d001000");
	fdt_build_end_node();
	fdt_build_node("chosen");
	fdt_build_string("stdout-path", "serial10:115200n8");
	fdt_build_end_node();
	fdt_build_node("soc@107c000000");
	fdt_build_cells("#address-cells", 1, 1);
	fdt_build_cells("#size-cells", 1, 1);
	fdt_build_cells("ranges", 4, 0, 0x10, 0, 0x80000000);
	fdt_build_node("serial@7d001000");
	fdt_build_string("compatible", "arm,pl011");
	fdt_build_cells("reg", 2, 0x7d001000, 0x200);
	fdt_build_end_node();
	fdt_build_end_node();
}

static void four_cpus(void)
{
	static const char *const names[] = {"cpu@0", "cpu@100", "cpu@200", "cpu@300"};

	fdt_build_node("psci");
	fdt_build_string("compatible", "arm,psci-1.0");
	fdt_build_string("method", "smc");
	fdt_build_end_node();
	fdt_build_node("cpus");
	fdt_build_cells("#address-cells", 1, 1);
	fdt_build_cells("#size-cells", 1, 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
		fdt_build_node(names[i]);
		fdt_build_string("device_type", "cpu");
		fdt_build_cells("reg", 1, i << 8);
		fdt_build_string("enable-method", "psci");
		fdt_build_end_node();
	}
	fdt_build_end_node();
}

KTEST(raspi5, its_tree_gives_memory_the_port_above_4_gib_and_four_cpus)
{
	tree_begin(2, 2);
	memory_as_the_firmware_fills_it_in();
	serial_port_above_4_gib();
	four_cpus();
	ASSERT_TEST(tree_finish() == 0);
	ASSERT_TEST(info.nr_map == 2); /* the empty third range is dropped */
	EXPECT_EQ(info.map[0].end, 0x3fc00000);
	EXPECT_EQ(info.map[1].start, 0x40000000);
	EXPECT_EQ(info.map[1].end, 0x200000000);
	EXPECT_EQ(info.uart.type, UART_PL011);
	EXPECT_EQ(info.uart.base, 0x107d001000);
	EXPECT_EQ(info.psci, PSCI_SMC);
	ASSERT_TEST(info.nr_cpus == 4);
	EXPECT_EQ(info.cpu[3].hardware_id, 0x300);
	EXPECT_EQ(info.dropped, 0);
}
