/* SPDX-License-Identifier: MIT */
/*
 * fdt_boot_test.c - whole trees as QEMU wrote them, and what trees say about console, command line, CPUs and the board.
 */
#include "fdt_tree.h"

#include <lib/errno.h>

/* recorded.S */
extern const uint8_t recorded_virt[], recorded_virt_end[];
extern const uint8_t recorded_numa[], recorded_numa_end[];

/* --- recorded trees --- */

KTEST(fdt_boot, the_tree_of_qemu_virt_is_read_right)
{
	size_t length;

	ASSERT_TEST(tree_read(recorded_virt, recorded_virt_end - recorded_virt) == 0);
	ASSERT_TEST(info.nr_map == 1);
	EXPECT_RANGE(0, 0x40000000, 0x50000000);
	EXPECT_EQ(info.nr_reserved, 0);
	EXPECT_STREQ(info.command_line, "quiet");
	EXPECT_EQ(info.uart.type, UART_PL011);
	EXPECT_EQ(info.uart.base, 0x9000000);
	EXPECT_EQ(info.psci, PSCI_HVC);
	EXPECT_EQ(info.interrupts.type, INTERRUPTS_GIC_V2);
	EXPECT_EQ(info.interrupts.distributor, 0x8000000);
	EXPECT_EQ(info.interrupts.cpu_interface, 0x8010000);
	ASSERT_TEST(info.nr_ecams == 1);
	EXPECT_EQ(info.ecam[0].base, 0x4010000000);
	EXPECT_EQ(info.ecam[0].last_bus, 255);
	EXPECT_EQ(info.nr_cpus, 1);
	EXPECT_EQ(info.cpu[0].hardware_id, 0);
	EXPECT_TRUE(info.cpu[0].enabled);
	EXPECT_EQ(info.initrd_end, 0);
	EXPECT_EQ(info.dropped, 0);
	EXPECT_TRUE(fdt_property(&fdt, "/chosen", "rng-seed", &length) && length == 32);
	EXPECT_TRUE(fdt_property(&fdt, "/chosen", "kaslr-seed", &length) && length == 8);
}

KTEST(fdt_boot, a_tree_with_two_nodes_four_cpus_and_an_initrd_is_read_right)
{
	ASSERT_TEST(tree_read(recorded_numa, recorded_numa_end - recorded_numa) == 0);
	ASSERT_TEST(info.nr_map == 2);
	EXPECT_RANGE(0, 0x50000000, 0x60000000); /* QEMU lists the highest first */
	EXPECT_RANGE(1, 0x40000000, 0x50000000);
	EXPECT_EQ(info.nr_cpus, 4);
	for (unsigned int i = 0; i < 4; i++) {
		EXPECT_EQ(info.cpu[i].hardware_id, i);
		EXPECT_EQ(info.cpu[i].method, CPU_METHOD_PSCI);
		EXPECT_EQ(info.cpu[i].node, i / 2);
	}
	EXPECT_EQ(info.nodes.nr, 2);
	ASSERT_TEST(info.nodes.nr_ranges == 2);
	EXPECT_EQ(info.nodes.range[0].start, 0x50000000);
	EXPECT_EQ(info.nodes.range[0].nid, 1);
	EXPECT_EQ(info.nodes.range[1].nid, 0);
	EXPECT_EQ(info.interrupts.type, INTERRUPTS_GIC_V3);
	EXPECT_EQ(info.interrupts.distributor, 0x8000000);
	EXPECT_EQ(info.interrupts.redistributor, 0x80a0000);
	EXPECT_EQ(info.interrupts.redistributor_size, 0xf60000);
	EXPECT_EQ(info.interrupts.its, 0x8080000);
	EXPECT_EQ(info.psci, PSCI_SMC);
	EXPECT_EQ(info.initrd_end - info.initrd_start, 300000);
	EXPECT_STREQ(info.command_line, "console=ttyAMA0 loglevel=7");
}

/* A sample of the bytes: the small tree of fdt_format_test.c has all of them changed. */
KTEST(fdt_boot, a_recorded_tree_with_a_changed_byte_or_cut_short_is_survived)
{
	static uint8_t room[16384];
	size_t size = recorded_numa_end - recorded_numa;
	uint8_t *blob = room + sizeof(room) - size;

	ASSERT_TEST(size <= sizeof(room));
	memcpy(blob, recorded_numa, size);
	for (size_t at = 0; at < size; at += 37) {
		blob[at] ^= 0xff;
		tree_read(blob, size);
		blob[at] ^= 0xff;
	}
	EXPECT_EQ(tree_read(blob, size), 0);
	for (size_t cut = 0; cut < size; cut += 29) {
		memcpy(room + sizeof(room) - cut, recorded_numa, cut);
		EXPECT_EQ(tree_read(room + sizeof(room) - cut, cut), -EINVAL);
	}
}

/* --- chosen, cpus, psci --- */

static void uart_node(const char *name, const char *compatible, uint32_t base)
{
	fdt_build_node(name);
	fdt_build_string("compatible", compatible);
	fdt_build_cells("reg", 2, base, 0x200);
}

/*
 *	/soc		bus addresses 0x7e000000 are physical 0xfe000000, size 0x1800000
 *	   /inner	the same addresses on both sides
 *	      /uart
 */
static void soc_with_uart(const char *stdout, bool with_ranges)
{
	tree_begin(2, 1);
	fdt_build_node("aliases");
	fdt_build_string("serial0", "/soc/inner/serial@7e201000");
	fdt_build_string("broken", "serial0");
	fdt_build_end_node();
	fdt_build_node("chosen");
	fdt_build_string("stdout-path", stdout);
	fdt_build_end_node();
	fdt_build_node("soc");
	fdt_build_cells("#address-cells", 1, 1);
	fdt_build_cells("#size-cells", 1, 1);
	if (with_ranges)
		fdt_build_cells("ranges", 8, 0x40000000, 0, 0xff800000, 0x800000, 0x7e000000, 0,
				0xfe000000, 0x1800000);
	fdt_build_node("inner");
	fdt_build_cells("#address-cells", 1, 1);
	fdt_build_cells("#size-cells", 1, 1);
	fdt_build_bytes("ranges", "", 0);
	uart_node("serial@7e201000", "arm,pl011", 0x7e201000);
	fdt_build_end_node();
	uart_node("serial@7e215040", "brcm,bcm2835-aux-uart", 0x7e215040);
	fdt_build_end_node();
	uart_node("serial@70000000", "arm,pl011", 0x70000000);
	fdt_build_end_node();
	uart_node("serial@7e300000", "ns16550a", 0x7e300000);
	fdt_build_cells("reg-shift", 1, 2);
	fdt_build_cells("reg-io-width", 1, 4);
	fdt_build_cells("reg-offset", 1, 0x40);
	fdt_build_end_node();
	fdt_build_end_node();
	fdt_build_end_node();
}

KTEST(fdt_boot, stdout_path_is_followed_through_aliases_options_and_ranges)
{
	static const char *const ways[] = {"serial0", "serial0:115200n8",
					   "/soc/inner/serial@7e201000",
					   "/soc/inner/serial@7e201000:9600"};

	for (unsigned int i = 0; i < ARRAY_SIZE(ways); i++) {
		soc_with_uart(ways[i], true);
		ASSERT_TEST(tree_finish() == 0);
		EXPECT_EQ(info.uart.type, UART_PL011);
		EXPECT_EQ(info.uart.base, 0xfe201000);
		EXPECT_EQ(info.uart.source, SOURCE_FDT);
	}
	soc_with_uart("/soc/inner/serial@7e300000", true);
	ASSERT_TEST(tree_finish() == 0);
	EXPECT_EQ(info.uart.type, UART_16550);
	EXPECT_EQ(info.uart.base, 0xfe300040);
	EXPECT_EQ(info.uart.reg_shift, 2);
	EXPECT_EQ(info.uart.reg_width, 4);
	soc_with_uart("/soc/inner/serial@7e215040", true);
	ASSERT_TEST(tree_finish() == 0);
	EXPECT_EQ(info.uart.type, UART_MINI);
	EXPECT_EQ(info.uart.base, 0xfe215040);
	EXPECT_EQ(info.port[0].base, 0xfe201000); /* the others stay known by their number */
	EXPECT_EQ(info.port[1].type, UART_NONE);
}

KTEST(fdt_boot, a_console_that_cannot_be_found_or_driven_is_none)
{
	static const char *const ways[] = {"",
					   ":115200",
					   "nobody",
					   "broken",
					   "/soc/nothing",
					   "serial0/",
					   "/soc/inner/serial@70000000", /* outside all ranges */
					   "an-alias-that-is-longer-than-any-alias-may-be"};

	for (unsigned int i = 0; i < ARRAY_SIZE(ways); i++) {
		soc_with_uart(ways[i], true);
		ASSERT_TEST(tree_finish() == 0);
		EXPECT_EQ(info.uart.type, UART_NONE);
	}
	soc_with_uart("serial0", false); /* a bus without ranges leads nowhere */
	ASSERT_TEST(tree_finish() == 0);
	EXPECT_EQ(info.uart.type, UART_NONE);
	EXPECT_EQ(info.dropped, 2); /* as the port serial0 and as the console */
}

/* fault-B21 */
KTEST(fdt_boot, a_command_line_too_long_or_without_its_end_is_cut)
{
	static char text[COMMAND_LINE_SIZE + 100];

	memset(text, 'a', sizeof(text));
	tree_begin(1, 1);
	fdt_build_node("chosen");
	fdt_build_bytes("bootargs", text, sizeof(text));
	fdt_build_end_node();
	ASSERT_TEST(tree_finish() == 0);
	EXPECT_EQ(strlen(info.command_line), COMMAND_LINE_SIZE - 1);

	tree_begin(1, 1);
	fdt_build_node("chosen");
	fdt_build_bytes("bootargs", "quiet", 5);
	fdt_build_end_node();
	ASSERT_TEST(tree_finish() == 0);
	EXPECT_STREQ(info.command_line, "quiet");
}

KTEST(fdt_boot, the_initrd_is_read_in_one_or_two_cells_and_ignored_when_reversed)
{
	tree_begin(1, 1);
	fdt_build_node("chosen");
	fdt_build_cells("linux,initrd-start", 2, 1, 0x48000000);
	fdt_build_cells("linux,initrd-end", 2, 1, 0x48001234);
	fdt_build_end_node();
	ASSERT_TEST(tree_finish() == 0);
	EXPECT_EQ(info.initrd_start, 0x148000000);
	EXPECT_EQ(info.initrd_end, 0x148001234);

	tree_begin(1, 1);
	fdt_build_node("chosen");
	fdt_build_cells("linux,initrd-start", 1, 0x48001234);
	fdt_build_cells("linux,initrd-end", 1, 0x48000000);
	fdt_build_end_node();
	ASSERT_TEST(tree_finish() == 0);
	EXPECT_EQ(info.initrd_end, 0);
	EXPECT_EQ(info.dropped, 1);
}

KTEST(fdt_boot, cpus_are_listed_with_how_they_are_started)
{
	tree_begin(2, 2);
	fdt_build_node("cpus");
	fdt_build_cells("#address-cells", 1, 2);
	fdt_build_cells("#size-cells", 1, 0);
	fdt_build_node("cpu-map");
	fdt_build_end_node();
	tree_cpu("cpu@0", 0, NULL, "psci");
	fdt_build_end_node();
	tree_cpu("cpu@100", 0x100, "okay", "spin-table");
	fdt_build_cells("cpu-release-addr", 2, 0, 0xe0);
	fdt_build_end_node();
	tree_cpu("cpu@200", 0x200, "disabled", "psci");
	fdt_build_end_node();
	tree_cpu("cpu@300", 0x300, "fail-sss", "psci");
	fdt_build_end_node();
	tree_cpu("cpu@100000000", 0x100, NULL, "psci"); /* listed already */
	fdt_build_end_node();
	fdt_build_node("cpu@400");
	fdt_build_string("device_type", "cpu"); /* no reg */
	fdt_build_end_node();
	fdt_build_node("cpu@500");
	fdt_build_cells("reg", 1, 0x500); /* one cell, where two are said */
	fdt_build_end_node();
	fdt_build_end_node();
	fdt_build_node("psci");
	fdt_build_string("method", "smc");
	fdt_build_end_node();
	ASSERT_TEST(tree_finish() == 0);
	ASSERT_TEST(info.nr_cpus == 3);
	EXPECT_EQ(info.cpu[0].method, CPU_METHOD_PSCI);
	EXPECT_EQ(info.cpu[1].hardware_id, 0x100);
	EXPECT_EQ(info.cpu[1].method, CPU_METHOD_SPIN_TABLE);
	EXPECT_EQ(info.cpu[1].release_pa, 0xe0);
	EXPECT_TRUE(info.cpu[1].enabled);
	EXPECT_FALSE(info.cpu[2].enabled);
	EXPECT_EQ(info.psci, PSCI_SMC);
	EXPECT_EQ(info.dropped, 2);
}

KTEST(fdt_boot, a_psci_method_nobody_knows_is_not_used)
{
	tree_begin(1, 1);
	fdt_build_node("psci");
	fdt_build_string("method", "telepathy");
	fdt_build_end_node();
	ASSERT_TEST(tree_finish() == 0);
	EXPECT_EQ(info.psci, PSCI_NONE);
	EXPECT_EQ(info.dropped, 1);
}

/* fault-B29: the page of the word that a parked CPU polls, also where /memreserve/ forgets it. */
KTEST(fdt_boot, the_page_of_a_spin_table_is_reserved_once)
{
	tree_begin(1, 1);
	fdt_build_node("cpus");
	fdt_build_cells("#address-cells", 1, 1);
	fdt_build_cells("#size-cells", 1, 0);
	for (uint32_t i = 0; i < 3; i++) {
		static const char *const names[] = {"cpu@0", "cpu@1", "cpu@2"};

		fdt_build_node(names[i]);
		fdt_build_string("device_type", "cpu");
		fdt_build_cells("reg", 1, i);
		fdt_build_string("enable-method", "spin-table");
		fdt_build_cells("cpu-release-addr", 2, 0, 0x10d8 + 8 * i);
		fdt_build_end_node();
	}
	fdt_build_end_node();
	ASSERT_TEST(tree_finish() == 0);
	EXPECT_EQ(info.nr_cpus, 3);
	ASSERT_TEST(info.nr_reserved == 1);
	EXPECT_RESERVED(0, 0x1000, 0x2000);
}

/* --- what makes the board --- */

/* A bus whose devices reach [0, size) and see caches or not. */
static void bus_with_dma(const char *name, uint32_t size, bool coherent)
{
	fdt_build_node(name);
	fdt_build_cells("#address-cells", 1, 1);
	fdt_build_cells("#size-cells", 1, 1);
	fdt_build_bytes("ranges", "", 0);
	fdt_build_cells("dma-ranges", 4, 0xc0000000, 0, 0, size);
	if (coherent)
		fdt_build_bytes("dma-coherent", "", 0);
	fdt_build_end_node();
}

KTEST(fdt_boot, the_least_reach_of_all_buses_is_what_every_device_reaches)
{
	tree_begin(2, 1);
	fdt_build_string("model", "Raspberry Pi 4 Model B");
	bus_with_dma("scb", 0x80000000, false);
	bus_with_dma("soc", 0x3f000000, false);
	bus_with_dma("tiny", 0x1000, true); /* not believed */
	ASSERT_TEST(tree_finish() == 0);
	EXPECT_EQ(info.board.dma_end, 0x3f000000);
	EXPECT_FALSE(info.board.dma_coherent);
	EXPECT_STREQ(info.board.model, "Raspberry Pi 4 Model B");
	EXPECT_EQ(info.board.mailbox, 0);

	tree_begin(2, 1);
	bus_with_dma("soc", 0x40000000, true);
	ASSERT_TEST(tree_finish() == 0);
	EXPECT_EQ(info.board.dma_end, 0x40000000);
	EXPECT_TRUE(info.board.dma_coherent);
}
