/* SPDX-License-Identifier: MIT */
/*
 * acpi_test.c - tables built byte by byte, and what happens when a byte lies.
 */
#include <lib/ktest.h>

#include <lib/errno.h>
#include <lib/firmware/acpi.h>
#include "firmware_test.h"

static uint8_t table[512];
static size_t table_size;

static void table_begin(const char *signature, size_t size)
{
	memset(table, 0, sizeof(table));
	memcpy(table, signature, 4);
	table_size = size;
}

static void table_end(void)
{
	put(table + 4, table_size, 4);
	seal(table, table_size, 9);
}

/* The table moved to the array's end, where one byte further would be outside. */
static const uint8_t *at_the_end(size_t size)
{
	memmove(table + sizeof(table) - size, table, size);
	return table + sizeof(table) - size;
}

static void build_rsdp(uint8_t *p, unsigned int revision)
{
	memset(p, 0, ACPI_RSDP_SIZE);
	memcpy(p, "RSD PTR ", 8);
	p[15] = (uint8_t)revision;
	put(p + 16, 0xbffe1234, 4);
	seal(p, ACPI_RSDP_SIZE_REV0, 8);
	if (revision >= 2) {
		put(p + 20, ACPI_RSDP_SIZE, 4);
		put(p + 24, 0x1bffe5678, 8);
		seal(p, ACPI_RSDP_SIZE, 32);
	}
}

KTEST(acpi, revision_0_leads_to_the_rsdt_and_revision_2_to_the_xsdt)
{
	uint8_t rsdp[ACPI_RSDP_SIZE];
	struct acpi_roots roots;

	build_rsdp(rsdp, 0);
	ASSERT_TEST(acpi_parse_rsdp(rsdp, sizeof(rsdp), &roots) == 0);
	EXPECT_EQ(roots.root_pa, 0xbffe1234);
	EXPECT_EQ(roots.entry_size, 4);
	EXPECT_EQ(acpi_parse_rsdp(rsdp, ACPI_RSDP_SIZE_REV0, &roots), 0);
	build_rsdp(rsdp, 2);
	ASSERT_TEST(acpi_parse_rsdp(rsdp, sizeof(rsdp), &roots) == 0);
	EXPECT_EQ(roots.root_pa, 0x1bffe5678);
	EXPECT_EQ(roots.entry_size, 8);
}

KTEST(acpi, a_root_pointer_with_a_wrong_byte_is_refused)
{
	uint8_t rsdp[ACPI_RSDP_SIZE];
	struct acpi_roots roots;

	for (unsigned int i = 0; i < ACPI_RSDP_SIZE; i++) {
		build_rsdp(rsdp, 2);
		rsdp[i] ^= 0x40;
		/* Byte 15 turned from revision 2 to 66 keeps neither sum right. */
		EXPECT_EQ(acpi_parse_rsdp(rsdp, sizeof(rsdp), &roots), -EINVAL);
	}
	for (size_t size = 0; size < ACPI_RSDP_SIZE; size++) {
		build_rsdp(table, 2);
		EXPECT_EQ(acpi_parse_rsdp(at_the_end(size), size, &roots), -EINVAL);
	}
}

KTEST(acpi, the_root_pointer_is_found_on_steps_of_16_bytes_only)
{
	memset(table, 0, sizeof(table));
	EXPECT_EQ(acpi_find_rsdp(table, sizeof(table)), -ENOENT);
	build_rsdp(table + 264, 0);
	EXPECT_EQ(acpi_find_rsdp(table, sizeof(table)), -ENOENT);
	build_rsdp(table + 320, 0);
	EXPECT_EQ(acpi_find_rsdp(table, sizeof(table)), 320);
	/* Cut off inside, it is none. */
	EXPECT_EQ(acpi_find_rsdp(table, 320 + 19), -ENOENT);
	EXPECT_EQ(acpi_find_rsdp(table, 0), -ENOENT);
}

KTEST(acpi, both_kinds_of_root_table_list_their_tables)
{
	table_begin("RSDT", ACPI_HEADER_SIZE + 3 * 4);
	put(table + 36, 0x1000, 4);
	put(table + 40, 0xfffff000, 4);
	table_end();
	EXPECT_TRUE(acpi_table_valid(table, table_size));
	EXPECT_EQ(acpi_root_count(table, table_size, 4), 3);
	EXPECT_EQ(acpi_root_entry(table, table_size, 4, 0), 0x1000);
	EXPECT_EQ(acpi_root_entry(table, table_size, 4, 1), 0xfffff000);
	EXPECT_EQ(acpi_root_entry(table, table_size, 4, 2), 0);
	EXPECT_EQ(acpi_root_entry(table, table_size, 4, 3), 0);

	table_begin("XSDT", ACPI_HEADER_SIZE + 2 * 8 + 5);
	put(table + 44, 0x123456789a, 8);
	table_end();
	EXPECT_EQ(acpi_root_count(table, table_size, 8), 2);
	EXPECT_EQ(acpi_root_entry(table, table_size, 8, 1), 0x123456789a);
	EXPECT_EQ(acpi_root_entry(at_the_end(table_size), table_size, 8, 2), 0);
}

KTEST(acpi, a_table_is_valid_only_when_whole_and_with_a_right_sum)
{
	const uint8_t *p;

	table_begin("XSDT", 52);
	table_end();
	for (size_t size = 0; size < table_size; size++)
		EXPECT_FALSE(acpi_table_valid(table, size));
	EXPECT_TRUE(acpi_table_valid(table, table_size));
	table[50] ^= 1;
	EXPECT_FALSE(acpi_table_valid(table, table_size));
	put(table + 4, 35, 4);
	EXPECT_EQ(acpi_table_length(table, 36), -EINVAL);
	put(table + 4, 0xffffffff, 4);
	EXPECT_EQ(acpi_table_length(table, 36), -EINVAL);
	EXPECT_FALSE(acpi_table_valid(table, sizeof(table)));
	p = at_the_end(35);
	EXPECT_EQ(acpi_table_length(p, 35), -EINVAL);
	EXPECT_EQ(acpi_root_count(p, 35, 4), 0);
}

static uint8_t *madt_entry(unsigned int type, unsigned int length)
{
	uint8_t *entry = table + table_size;

	entry[0] = (uint8_t)type;
	entry[1] = (uint8_t)length;
	table_size += length;
	return entry;
}

static void madt_begin(void)
{
	table_begin("APIC", 44);
	put(table + 36, 0xfee00000, 4);
}

static void madt_local_apic(unsigned int id, unsigned int flags)
{
	uint8_t *entry = madt_entry(0, 8);

	entry[3] = (uint8_t)id;
	put(entry + 4, flags, 4);
}

static void madt_x2apic(uint32_t id, unsigned int flags)
{
	uint8_t *entry = madt_entry(9, 16);

	put(entry + 4, id, 4);
	put(entry + 8, flags, 4);
}

/* flags: 1 enabled, 2 can be, 0 an empty socket */
KTEST(acpi, the_madt_lists_each_cpu_once)
{
	begin();
	madt_begin();
	madt_local_apic(0, 1);
	madt_entry(1, 12); /* an I/O APIC */
	madt_local_apic(1, 0);
	madt_local_apic(2, 2);
	madt_x2apic(0, 1);
	madt_x2apic(300, 1);
	madt_local_apic(0xff, 1);
	madt_x2apic(0xffffffff, 1);
	put(madt_entry(5, 12) + 4, 0x1fee00000, 8);
	table_end();
	ASSERT_TEST(acpi_parse_madt(table, table_size, &info) == 0);
	ASSERT_TEST(info.nr_cpus == 3);
	EXPECT_EQ(info.cpu[0].hardware_id, 0);
	EXPECT_TRUE(info.cpu[0].enabled);
	EXPECT_EQ(info.cpu[1].hardware_id, 2);
	EXPECT_FALSE(info.cpu[1].enabled);
	EXPECT_EQ(info.cpu[2].hardware_id, 300);
	EXPECT_EQ(info.cpu[2].method, CPU_METHOD_APIC);
	EXPECT_EQ(info.local_apic, 0x1fee00000);
	EXPECT_EQ(info.dropped, 0);
	end();
}

KTEST(acpi, a_madt_entry_of_impossible_length_ends_the_list)
{
	static const uint8_t lengths[] = {0, 1, 250};

	for (unsigned int i = 0; i < ARRAY_SIZE(lengths); i++) {
		begin();
		madt_begin();
		madt_local_apic(0, 1);
		madt_local_apic(1, 1);
		madt_local_apic(2, 1);
		table[44 + 8 + 1] = lengths[i];
		table_end();
		EXPECT_EQ(acpi_parse_madt(table, table_size, &info), 0);
		EXPECT_EQ(info.nr_cpus, 1);
		EXPECT_EQ(info.dropped, 1);
		end();
	}
}

/* An entry shorter than its kind needs is passed by, also at the very end of what may be read. */
KTEST(acpi, short_madt_entries_are_not_read_beyond_their_end)
{
	begin();
	madt_begin();
	madt_entry(9, 2);
	madt_entry(5, 2);
	madt_entry(0, 2);
	table_end();
	EXPECT_EQ(acpi_parse_madt(at_the_end(table_size), table_size, &info), 0);
	EXPECT_EQ(info.nr_cpus, 0);
	end();
}

KTEST(acpi, a_broken_madt_changes_nothing)
{
	begin();
	madt_begin();
	madt_local_apic(0, 1);
	table_end();
	for (size_t size = 0; size < table_size; size++)
		EXPECT_EQ(acpi_parse_madt(table, size, &info), -EINVAL);
	table[45] ^= 4;
	EXPECT_EQ(acpi_parse_madt(table, table_size, &info), -EINVAL);
	table_begin("APIC", 40);
	table_end();
	EXPECT_EQ(acpi_parse_madt(at_the_end(40), 40, &info), -EINVAL);
	EXPECT_EQ(info.nr_cpus, 0);
	EXPECT_EQ(info.local_apic, 0);
	end();
}

static int parse_spcr(unsigned int interface, unsigned int space, unsigned int access,
		      uint64_t base)
{
	table_begin("SPCR", 80);
	table[36] = (uint8_t)interface;
	table[40] = (uint8_t)space;
	table[41] = 32;
	table[43] = (uint8_t)access;
	put(table + 44, base, 8);
	table_end();
	memset(&info.uart, 0, sizeof(info.uart));
	return acpi_parse_spcr(table, table_size, &info);
}

KTEST(acpi, spcr_names_the_console_we_have_a_driver_for)
{
	begin();
	EXPECT_EQ(parse_spcr(0, 1, 1, 0x3f8), 0);
	EXPECT_EQ(info.uart.type, UART_16550);
	EXPECT_TRUE(info.uart.is_port);
	EXPECT_EQ(info.uart.base, 0x3f8);
	EXPECT_EQ(info.uart.reg_width, 1);
	EXPECT_EQ(info.uart.reg_shift, 0);
	EXPECT_EQ(parse_spcr(3, 0, 3, 0x9000000), 0);
	EXPECT_EQ(info.uart.type, UART_PL011);
	EXPECT_FALSE(info.uart.is_port);
	EXPECT_EQ(parse_spcr(0x12, 0, 3, 0xfe034000), 0);
	EXPECT_EQ(info.uart.type, UART_16550);
	EXPECT_EQ(info.uart.reg_shift, 2);
	EXPECT_EQ(info.uart.source, SOURCE_ACPI);
	end();
}

KTEST(acpi, an_spcr_that_cannot_be_used_leaves_the_console_alone)
{
	begin();
	EXPECT_EQ(parse_spcr(0x10, 0, 3, 0x3f215040), -ENODEV);
	EXPECT_EQ(info.uart.type, UART_NONE);
	EXPECT_EQ(parse_spcr(0, 1, 1, 0), -EINVAL); /* "no console" */
	EXPECT_EQ(parse_spcr(0, 1, 1, 0x100003f8), -EINVAL);
	EXPECT_EQ(parse_spcr(0, 2, 1, 0x3f8), -EINVAL); /* in PCI configuration space */
	parse_spcr(0, 1, 1, 0x3f8);
	memset(&info.uart, 0, sizeof(info.uart));
	for (size_t size = 0; size < table_size; size++)
		EXPECT_EQ(acpi_parse_spcr(table, size, &info), -EINVAL);
	EXPECT_EQ(info.uart.type, UART_NONE);
	end();
}
