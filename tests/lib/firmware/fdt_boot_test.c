/* SPDX-License-Identifier: MIT */
/*
 * fdt_boot_test.c - what trees say about memory, reservations, console and CPUs.
 */
#include "fdt_builder.h"

#include <lib/errno.h>
#include <lib/firmware/fdt.h>
#include <lib/ktest.h>
#include <lib/printk.h>

/* recorded.S */
extern const uint8_t recorded_virt[], recorded_virt_end[];
extern const uint8_t recorded_numa[], recorded_numa_end[];

static struct boot_info info;
static struct fdt fdt;
static enum log_level level;

static int read_blob(const uint8_t *blob, size_t size)
{
	int error;

	level = console_get_level();
	console_set_level(LOG_PANIC); /* warnings are what these tests ask for */
	memset(&info, 0, sizeof(info));
	error = fdt_open(&fdt, blob, size);
	if (!error)
		fdt_read_boot_info(&fdt, &info);
	console_set_level(level);
	return error;
}

/* A root with its cells; the test adds nodes and calls finish(). */
static void begin(unsigned int address_cells, unsigned int size_cells)
{
	fdt_build_begin();
	fdt_build_node("");
	fdt_build_cells("#address-cells", 1, address_cells);
	fdt_build_cells("#size-cells", 1, size_cells);
}

static int finish(void)
{
	size_t size;
	uint8_t *blob;

	fdt_build_end_node();
	blob = fdt_build_finish(&size);
	return read_blob(blob, size);
}

#define EXPECT_RANGE(i, start_, end_)                                                              \
	do {                                                                                       \
		EXPECT_EQ(info.map[i].start, start_);                                              \
		EXPECT_EQ(info.map[i].end, end_);                                                  \
		EXPECT_EQ(info.map[i].type, MEMORY_USABLE);                                        \
	} while (0)

#define EXPECT_RESERVED(i, start_, end_)                                                           \
	do {                                                                                       \
		EXPECT_EQ(info.reserved[i].start, start_);                                         \
		EXPECT_EQ(info.reserved[i].end, end_);                                             \
	} while (0)

/* --- recorded trees --- */

KTEST(fdt_boot, the_tree_of_qemu_virt_is_read_right)
{
	size_t length;

	ASSERT_TEST(read_blob(recorded_virt, recorded_virt_end - recorded_virt) == 0);
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
	ASSERT_TEST(read_blob(recorded_numa, recorded_numa_end - recorded_numa) == 0);
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
		read_blob(blob, size);
		blob[at] ^= 0xff;
	}
	EXPECT_EQ(read_blob(blob, size), 0);
	for (size_t cut = 0; cut < size; cut += 29) {
		memcpy(room + sizeof(room) - cut, recorded_numa, cut);
		EXPECT_EQ(read_blob(room + sizeof(room) - cut, cut), -EINVAL);
	}
}

/* --- memory --- */

static void memory_node(const char *name, const char *status)
{
	fdt_build_node(name);
	fdt_build_string("device_type", "memory");
	if (status)
		fdt_build_string("status", status);
}

/* fault-B28: what a Raspberry Pi 4 with 4 GiB finds: 948 MiB and 3008 MiB, in both spellings. */
KTEST(fdt_boot, two_and_one_cells_and_two_and_two_cells_decode_alike)
{
	begin(2, 1);
	memory_node("memory@0", NULL);
	fdt_build_cells("reg", 6, 0, 0, 0x3b400000, 0, 0x40000000, 0xbc000000);
	fdt_build_end_node();
	ASSERT_TEST(finish() == 0);
	ASSERT_TEST(info.nr_map == 2);
	EXPECT_RANGE(0, 0, 948 * MiB);
	EXPECT_RANGE(1, 1 * GiB, 1 * GiB + 3008 * MiB);

	begin(2, 2);
	memory_node("memory@0", NULL);
	fdt_build_cells("reg", 8, 0, 0, 0, 0x3b400000, 0, 0x40000000, 0, 0xbc000000);
	fdt_build_end_node();
	ASSERT_TEST(finish() == 0);
	ASSERT_TEST(info.nr_map == 2);
	EXPECT_RANGE(0, 0, 948 * MiB);
	EXPECT_RANGE(1, 1 * GiB, 1 * GiB + 3008 * MiB);
}

/* fault-B1: the files of real boards have a placeholder that the firmware fills in. */
KTEST(fdt_boot, a_placeholder_of_size_zero_and_a_tree_without_memory_give_no_memory)
{
	begin(2, 1);
	memory_node("memory@0", NULL);
	fdt_build_cells("reg", 3, 0, 0, 0);
	fdt_build_end_node();
	ASSERT_TEST(finish() == 0);
	EXPECT_EQ(info.nr_map, 0);
	begin(2, 1);
	ASSERT_TEST(finish() == 0);
	EXPECT_EQ(info.nr_map, 0);
}

/* fault-B27 */
KTEST(fdt_boot, memory_is_known_by_its_type_or_by_its_name_and_disabled_memory_is_not_used)
{
	begin(1, 1);
	memory_node("ram@10000000", "okay");
	fdt_build_cells("reg", 4, 0x10000000, 0x1000, 0x20000000, 0x2000);
	fdt_build_end_node();
	fdt_build_node("memory@30000000"); /* no device_type */
	fdt_build_cells("reg", 2, 0x30000000, 0x1000);
	fdt_build_end_node();
	memory_node("memory@40000000", "disabled");
	fdt_build_cells("reg", 2, 0x40000000, 0x1000);
	fdt_build_end_node();
	fdt_build_node("memory-controller@50000000");
	fdt_build_cells("reg", 2, 0x50000000, 0x1000);
	fdt_build_end_node();
	fdt_build_node("memory@60000000");
	fdt_build_string("device_type", "not-memory");
	fdt_build_cells("reg", 2, 0x60000000, 0x1000);
	fdt_build_end_node();
	ASSERT_TEST(finish() == 0);
	ASSERT_TEST(info.nr_map == 3);
	EXPECT_RANGE(0, 0x10000000, 0x10001000);
	EXPECT_RANGE(1, 0x20000000, 0x20002000);
	EXPECT_RANGE(2, 0x30000000, 0x30001000);
	EXPECT_EQ(info.dropped, 0);
}

/* fault-B27 */
KTEST(fdt_boot, usable_memory_replaces_reg_and_a_broken_reg_costs_only_its_rest)
{
	begin(1, 1);
	memory_node("memory@0", NULL);
	fdt_build_cells("reg", 2, 0, 0x10000000);
	fdt_build_cells("linux,usable-memory", 2, 0x8000000, 0x1000000);
	fdt_build_end_node();
	memory_node("memory@1", NULL);
	fdt_build_cells("reg", 3, 0x20000000, 0x1000, 0x30000000);
	fdt_build_end_node();
	memory_node("memory@2", NULL); /* no reg at all */
	fdt_build_end_node();
	ASSERT_TEST(finish() == 0);
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
		begin(wrong[i], 1);
		memory_node("memory@0", NULL);
		fdt_build_cells("reg", 4, 0, 0, 0, 0x10000000);
		fdt_build_end_node();
		ASSERT_TEST(finish() == 0);
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
		memory_node("memory@0", NULL);
		fdt_build_cells("reg", 3, 1, 0x40000000, 0x10000000);
		fdt_build_end_node();
		ASSERT_TEST(finish() == 0);
		ASSERT_TEST(info.nr_map == 1);
		EXPECT_RANGE(0, 0x140000000, 0x150000000);
	}
}

/* fault-B9 */
KTEST(fdt_boot, memory_that_wraps_is_dropped_alone)
{
	begin(2, 2);
	memory_node("memory@0", NULL);
	fdt_build_cells("reg", 8, 0, 0x40000000, 0xffffffff, 0xffffffff, 0, 0x40000000, 0,
			0x10000000);
	fdt_build_end_node();
	ASSERT_TEST(finish() == 0);
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
	ASSERT_TEST(read_blob(blob, size) == 0);
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
	begin(2, 1);
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
	ASSERT_TEST(finish() == 0);
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
		begin(1, 1);
		reserved_memory(cells[i][0], cells[i][1], false);
		fdt_build_node("buffer@4e000000");
		fdt_build_cells("reg", 2, 0x4e000000, 0x100000);
		fdt_build_end_node();
		fdt_build_end_node();
		ASSERT_TEST(finish() == 0);
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
	begin(1, 1);
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
	ASSERT_TEST(finish() == 0);
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
	begin(2, 2);
	reserved_memory(2, 2, true);
	fdt_build_node("broken");
	fdt_build_bytes("reg", "abc", 3);
	fdt_build_end_node();
	fdt_build_node("whole@0"); /* all RAM, twice */
	fdt_build_cells("reg", 8, 0, 0, 0xffffffff, 0xffffffff, 0, 0, 0xffffffff, 0xffffffff);
	fdt_build_end_node();
	fdt_build_end_node();
	ASSERT_TEST(finish() == 0);
	ASSERT_TEST(info.nr_reserved == 2);
	EXPECT_RESERVED(0, 0, BOOT_RANGE_END);
	EXPECT_EQ(info.dropped, 1);
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
	begin(2, 1);
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
		ASSERT_TEST(finish() == 0);
		EXPECT_EQ(info.uart.type, UART_PL011);
		EXPECT_EQ(info.uart.base, 0xfe201000);
		EXPECT_EQ(info.uart.source, SOURCE_FDT);
	}
	soc_with_uart("/soc/inner/serial@7e300000", true);
	ASSERT_TEST(finish() == 0);
	EXPECT_EQ(info.uart.type, UART_16550);
	EXPECT_EQ(info.uart.base, 0xfe300040);
	EXPECT_EQ(info.uart.reg_shift, 2);
	EXPECT_EQ(info.uart.reg_width, 4);
	soc_with_uart("/soc/inner/serial@7e215040", true);
	ASSERT_TEST(finish() == 0);
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
		ASSERT_TEST(finish() == 0);
		EXPECT_EQ(info.uart.type, UART_NONE);
	}
	soc_with_uart("serial0", false); /* a bus without ranges leads nowhere */
	ASSERT_TEST(finish() == 0);
	EXPECT_EQ(info.uart.type, UART_NONE);
	EXPECT_EQ(info.dropped, 2); /* as the port serial0 and as the console */
}

/* fault-B21 */
KTEST(fdt_boot, a_command_line_too_long_or_without_its_end_is_cut)
{
	static char text[COMMAND_LINE_SIZE + 100];

	memset(text, 'a', sizeof(text));
	begin(1, 1);
	fdt_build_node("chosen");
	fdt_build_bytes("bootargs", text, sizeof(text));
	fdt_build_end_node();
	ASSERT_TEST(finish() == 0);
	EXPECT_EQ(strlen(info.command_line), COMMAND_LINE_SIZE - 1);

	begin(1, 1);
	fdt_build_node("chosen");
	fdt_build_bytes("bootargs", "quiet", 5);
	fdt_build_end_node();
	ASSERT_TEST(finish() == 0);
	EXPECT_STREQ(info.command_line, "quiet");
}

KTEST(fdt_boot, the_initrd_is_read_in_one_or_two_cells_and_ignored_when_reversed)
{
	begin(1, 1);
	fdt_build_node("chosen");
	fdt_build_cells("linux,initrd-start", 2, 1, 0x48000000);
	fdt_build_cells("linux,initrd-end", 2, 1, 0x48001234);
	fdt_build_end_node();
	ASSERT_TEST(finish() == 0);
	EXPECT_EQ(info.initrd_start, 0x148000000);
	EXPECT_EQ(info.initrd_end, 0x148001234);

	begin(1, 1);
	fdt_build_node("chosen");
	fdt_build_cells("linux,initrd-start", 1, 0x48001234);
	fdt_build_cells("linux,initrd-end", 1, 0x48000000);
	fdt_build_end_node();
	ASSERT_TEST(finish() == 0);
	EXPECT_EQ(info.initrd_end, 0);
	EXPECT_EQ(info.dropped, 1);
}

static void cpu_node(const char *name, uint32_t reg, const char *status, const char *method)
{
	fdt_build_node(name);
	fdt_build_string("device_type", "cpu");
	fdt_build_cells("reg", 2, 0, reg);
	if (status)
		fdt_build_string("status", status);
	if (method)
		fdt_build_string("enable-method", method);
}

KTEST(fdt_boot, cpus_are_listed_with_how_they_are_started)
{
	begin(2, 2);
	fdt_build_node("cpus");
	fdt_build_cells("#address-cells", 1, 2);
	fdt_build_cells("#size-cells", 1, 0);
	fdt_build_node("cpu-map");
	fdt_build_end_node();
	cpu_node("cpu@0", 0, NULL, "psci");
	fdt_build_end_node();
	cpu_node("cpu@100", 0x100, "okay", "spin-table");
	fdt_build_cells("cpu-release-addr", 2, 0, 0xe0);
	fdt_build_end_node();
	cpu_node("cpu@200", 0x200, "disabled", "psci");
	fdt_build_end_node();
	cpu_node("cpu@300", 0x300, "fail-sss", "psci");
	fdt_build_end_node();
	cpu_node("cpu@100000000", 0x100, NULL, "psci"); /* listed already */
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
	ASSERT_TEST(finish() == 0);
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
	begin(1, 1);
	fdt_build_node("psci");
	fdt_build_string("method", "telepathy");
	fdt_build_end_node();
	ASSERT_TEST(finish() == 0);
	EXPECT_EQ(info.psci, PSCI_NONE);
	EXPECT_EQ(info.dropped, 1);
}

/* --- nodes and interrupts --- */

static void node_memory(const char *name, uint32_t start, uint32_t size, uint32_t domain)
{
	memory_node(name, NULL);
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
	begin(1, 1);
	node_memory("memory@c0000000", 0xc0000000, 0x1000000, 9);
	node_memory("memory@40000000", 0x40000000, 0x1000000, 4);
	node_memory("memory@0", 0, 0x1000000, 6);
	fdt_build_node("distance-map");
	fdt_build_string("compatible", "numa-distance-map-v1");
	fdt_build_bytes("distance-matrix", matrix, 12 * nr);
	fdt_build_end_node();
	return finish();
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
	begin(1, 1);
	node_memory("memory@0", 0, 0x1000000, 0x80000000);
	node_memory("memory@40000000", 0x40000000, 0x1000000, 4);
	fdt_build_node("cpus");
	fdt_build_cells("#address-cells", 1, 2);
	cpu_node("cpu@0", 0, NULL, "psci");
	fdt_build_cells("numa-node-id", 1, 0x80000000);
	fdt_build_end_node();
	fdt_build_end_node();
	ASSERT_TEST(finish() == 0);
	EXPECT_EQ(info.nr_map, 2);
	EXPECT_EQ(info.nodes.nr_ranges, 1);
	EXPECT_EQ(info.cpu[0].node, 0);
	EXPECT_EQ(info.dropped, 1);
}

/* The Raspberry Pi 4's, below a bus that translates. */
KTEST(fdt_boot, a_gic_on_a_bus_is_where_the_bus_puts_it)
{
	for (unsigned int whole = 0; whole < 2; whole++) {
		begin(1, 1);
		fdt_build_node("soc");
		fdt_build_string("compatible", "simple-bus");
		fdt_build_cells("#address-cells", 1, 1);
		fdt_build_cells("#size-cells", 1, 1);
		fdt_build_cells("ranges", 3, 0x40000000, 0xff800000, 0x800000);
		fdt_build_node("interrupt-controller@40041000");
		fdt_build_string("compatible", "arm,gic-400");
		fdt_build_cells("reg", whole ? 4 : 2, 0x40041000, 0x1000, 0x40042000, 0x2000);
		fdt_build_end_node();
		fdt_build_end_node();
		ASSERT_TEST(finish() == 0);
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
		begin(1, 1);
		fdt_build_node("soc");
		fdt_build_string("compatible", "simple-bus");
		fdt_build_cells("#address-cells", 1, 1);
		fdt_build_cells("#size-cells", 1, 1);
		fdt_build_cells("ranges", 3, 0x40000000, 0x40000000, 0x1000);
		fdt_build_node("local_intc@40000000");
		fdt_build_string("compatible", "brcm,bcm2836-l1-intc");
		fdt_build_cells("reg", 1 + cells, 0x40000000, 0x100);
		fdt_build_end_node();
		fdt_build_end_node();
		ASSERT_TEST(finish() == 0);
		EXPECT_EQ(info.interrupts.type, cells ? INTERRUPTS_BCM2836 : INTERRUPTS_UNKNOWN);
		EXPECT_EQ(info.interrupts.distributor, cells ? 0x40000000 : 0);
		EXPECT_EQ(info.dropped, !cells);
	}
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
	begin(2, 1);
	fdt_build_string("model", "Raspberry Pi 4 Model B");
	bus_with_dma("scb", 0x80000000, false);
	bus_with_dma("soc", 0x3f000000, false);
	bus_with_dma("tiny", 0x1000, true); /* not believed */
	ASSERT_TEST(finish() == 0);
	EXPECT_EQ(info.board.dma_end, 0x3f000000);
	EXPECT_FALSE(info.board.dma_coherent);
	EXPECT_STREQ(info.board.model, "Raspberry Pi 4 Model B");
	EXPECT_EQ(info.board.mailbox, 0);

	begin(2, 1);
	bus_with_dma("soc", 0x40000000, true);
	ASSERT_TEST(finish() == 0);
	EXPECT_EQ(info.board.dma_end, 0x40000000);
	EXPECT_TRUE(info.board.dma_coherent);
}

/* fault-B29: the page of the word that a parked CPU polls, also where /memreserve/ forgets it. */
KTEST(fdt_boot, the_page_of_a_spin_table_is_reserved_once)
{
	begin(1, 1);
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
	ASSERT_TEST(finish() == 0);
	EXPECT_EQ(info.nr_cpus, 3);
	ASSERT_TEST(info.nr_reserved == 1);
	EXPECT_RESERVED(0, 0x1000, 0x2000);
}
