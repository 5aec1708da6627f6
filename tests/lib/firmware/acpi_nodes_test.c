/* SPDX-License-Identifier: MIT */
/*
 * acpi_nodes_test.c - SRAT, SLIT and MCFG built byte by byte, and what happens when a byte lies.
 *
 * Each table is moved to its array's end before it is parsed, where one byte further would be outside.
 */
#include <lib/ktest.h>

#include <lib/errno.h>
#include <lib/firmware/acpi.h>
#include "firmware_test.h"

#define ENABLED	  1U
#define HOTPLUG	  2U
#define SRAT_SIZE 48
#define SLIT_SIZE 44

static uint8_t table[1024], room[1024];
static size_t table_size;

static void table_begin(const char *signature, size_t size)
{
	memset(&info, 0, sizeof(info));
	for (unsigned int id = 0; id < 4; id++)
		boot_info_add_cpu(&info,
				  &(struct boot_cpu){.hardware_id = id, .node = BOOT_NO_NODE});
	memset(table, 0, sizeof(table));
	memcpy(table, signature, 4);
	table_size = size;
}

static uint8_t *entry(unsigned int type, unsigned int length)
{
	uint8_t *at = table + table_size;

	at[0] = (uint8_t)type;
	at[1] = (uint8_t)length;
	table_size += length;
	return at;
}

static void local_apic(unsigned int id, uint32_t flags, uint32_t domain)
{
	uint8_t *at = entry(0, 16);

	at[2] = (uint8_t)domain;
	at[3] = (uint8_t)id;
	put(at + 4, flags, 4);
	put(at + 9, domain >> 8, 3);
}

static void x2apic(uint32_t id, uint32_t flags, uint32_t domain)
{
	uint8_t *at = entry(2, 24);

	put(at + 4, domain, 4);
	put(at + 8, id, 4);
	put(at + 12, flags, 4);
}

static void memory(uint64_t start, uint64_t size, uint32_t flags, uint32_t domain)
{
	uint8_t *at = entry(1, 40);

	put(at + 2, domain, 4);
	put(at + 8, start, 8);
	put(at + 16, size, 8);
	put(at + 28, flags, 4);
}

static void table_end(void)
{
	put(table + 4, table_size, 4);
	seal(table, table_size, 9);
}

/* The first `size` bytes of the table, given to their parser. Warnings are what these tests ask for. */
static int parse_cut(int (*parse)(const void *, size_t, struct boot_info *), size_t size)
{
	uint8_t *at = room + sizeof(room) - size;
	int error;

	memcpy(at, table, size);
	silence();
	error = parse(at, size, &info);
	end();
	return error;
}

static int parse_all(int (*parse)(const void *, size_t, struct boot_info *))
{
	table_end();
	return parse_cut(parse, table_size);
}

/* Any table cut anywhere, or with a bit changed, is refused and changes nothing. */
static void expect_broken_ones_refused(int (*parse)(const void *, size_t, struct boot_info *))
{
	static struct boot_info before;

	table_end();
	before = info;
	for (size_t size = 0; size < table_size; size++)
		EXPECT_EQ(parse_cut(parse, size), -EINVAL);
	for (size_t at = 0; at < table_size; at++) {
		table[at] ^= 0x10;
		EXPECT_EQ(parse_cut(parse, table_size), -EINVAL);
		table[at] ^= 0x10;
	}
	EXPECT_TRUE(memcmp(&before, &info, sizeof(info)) == 0);
}

/* --- SRAT --- */

static void two_domains(void)
{
	table_begin("SRAT", SRAT_SIZE);
	local_apic(0, ENABLED, 0);
	local_apic(1, 0, 7); /* not enabled: says nothing */
	x2apic(2, ENABLED, 0x12345);
	local_apic(3, ENABLED, 0x12345);
	x2apic(99, ENABLED, 4); /* no such CPU */
	memory(0, 640 * KiB, ENABLED, 0);
	memory(4 * GiB, GiB, ENABLED, 0x12345);
	memory(MiB, 2 * GiB, ENABLED, 0);
	memory(8 * GiB, GiB, ENABLED | HOTPLUG, 0x12345);
	memory(16 * GiB, GiB, 0, 5);
	memory(0, 0, 0, 0); /* QEMU fills up with these */
}

KTEST(acpi_nodes, the_srat_groups_memory_and_cpus)
{
	two_domains();
	ASSERT_TEST(parse_all(acpi_parse_srat) == 0);
	boot_nodes_settle(&info);
	EXPECT_EQ(info.nodes.nr, 2);
	EXPECT_EQ(info.nodes.domain[1], 0x12345);
	ASSERT_TEST(info.nodes.nr_ranges == 4);
	EXPECT_EQ(info.nodes.range[1].start, 4 * GiB);
	EXPECT_EQ(info.nodes.range[1].end, 5 * GiB);
	EXPECT_EQ(info.nodes.range[1].nid, 1);
	EXPECT_EQ(info.nodes.range[2].nid, 0);
	EXPECT_EQ(info.nodes.range[3].start, 8 * GiB);
	EXPECT_EQ(info.cpu[0].node, 0);
	EXPECT_EQ(info.cpu[1].node, 0);
	EXPECT_EQ(info.cpu[2].node, 1);
	EXPECT_EQ(info.cpu[3].node, 1);
	EXPECT_EQ(info.nr_cpus, 4);
	EXPECT_EQ(info.dropped, 0);
}

KTEST(acpi_nodes, a_broken_srat_changes_nothing)
{
	two_domains();
	expect_broken_ones_refused(acpi_parse_srat);
	table_begin("SRAT", SRAT_SIZE - 4);
	EXPECT_EQ(parse_all(acpi_parse_srat), -EINVAL);
}

KTEST(acpi_nodes, an_srat_entry_of_length_zero_or_beyond_the_end_ends_the_list)
{
	static const uint8_t lengths[] = {0, 1, 41, 255};

	for (unsigned int i = 0; i < ARRAY_SIZE(lengths); i++) {
		table_begin("SRAT", SRAT_SIZE);
		memory(0, GiB, ENABLED, 1);
		memory(GiB, GiB, ENABLED, 2);
		table[SRAT_SIZE + 40 + 1] = lengths[i];
		EXPECT_EQ(parse_all(acpi_parse_srat), 0);
		EXPECT_EQ(info.nodes.nr_ranges, 1);
		EXPECT_EQ(info.dropped, 1);
	}
}

KTEST(acpi_nodes, short_srat_entries_are_not_read_beyond_their_end)
{
	for (unsigned int type = 0; type < 4; type++) {
		table_begin("SRAT", SRAT_SIZE);
		entry(type, 2);
		EXPECT_EQ(parse_all(acpi_parse_srat), 0);
		table_begin("SRAT", SRAT_SIZE);
		entry(type, type == 0 ? 15 : type == 1 ? 39 : 23);
		EXPECT_EQ(parse_all(acpi_parse_srat), 0);
		EXPECT_EQ(info.nodes.nr_ranges, 0);
	}
}

KTEST(acpi_nodes, memory_and_cpus_of_impossible_domains_belong_to_node_0)
{
	table_begin("SRAT", SRAT_SIZE);
	memory(0, GiB, ENABLED, 0xffffffff);
	memory(~0ULL - 4096, GiB, ENABLED, 1);
	x2apic(0, ENABLED, 0xffffffff);
	EXPECT_EQ(parse_all(acpi_parse_srat), 0);
	boot_nodes_settle(&info);
	EXPECT_EQ(info.nodes.nr, 1);
	EXPECT_EQ(info.nodes.nr_ranges, 0);
	EXPECT_EQ(info.cpu[0].node, 0);
	EXPECT_EQ(info.dropped, 2);
}

/* --- SLIT --- */

static void slit(uint64_t nr, const uint8_t *matrix, size_t bytes)
{
	two_domains();
	parse_all(acpi_parse_srat);
	info.nodes.range[1].nid = info.nodes.range[3].nid = 2; /* domains 0 and 2 */
	info.cpu[2].node = info.cpu[3].node = BOOT_NO_NODE;
	boot_nodes_settle(&info);
	memset(table, 0, sizeof(table));
	memcpy(table, "SLIT", 4);
	put(table + 36, nr, 8);
	memcpy(table + SLIT_SIZE, matrix, bytes);
	table_size = SLIT_SIZE + bytes;
}

/* From each domain to each; only 0 and 2 are nodes here. */
static const uint8_t good[9] = {10, 99, 21, 99, 10, 99, 31, 99, 10};

KTEST(acpi_nodes, the_slit_gives_distances_in_both_directions)
{
	slit(3, good, sizeof(good));
	ASSERT_TEST(info.nodes.nr == 2);
	EXPECT_EQ(parse_all(acpi_parse_slit), 0);
	EXPECT_EQ(info.nodes.distance[0][0], 10);
	EXPECT_EQ(info.nodes.distance[0][1], 21);
	EXPECT_EQ(info.nodes.distance[1][0], 31);
	EXPECT_EQ(info.nodes.distance[1][1], 10);
}

KTEST(acpi_nodes, a_slit_of_fewer_domains_leaves_the_others_at_20)
{
	slit(1, good, 1);
	EXPECT_EQ(parse_all(acpi_parse_slit), 0);
	EXPECT_EQ(info.nodes.distance[0][1], 20);
}

KTEST(acpi_nodes, a_slit_that_makes_no_sense_is_refused_whole)
{
	static const struct {
		unsigned int at;
		uint8_t value;
	} lies[] = {{0, 11}, {0, 0}, {8, 255}, {1, 10}, {7, 0}, {6, 9}};

	for (unsigned int i = 0; i < ARRAY_SIZE(lies); i++) {
		slit(3, good, sizeof(good));
		table[SLIT_SIZE + lies[i].at] = lies[i].value;
		EXPECT_EQ(parse_all(acpi_parse_slit), -EINVAL);
		EXPECT_EQ(info.nodes.distance[0][1], 20);
	}
}

KTEST(acpi_nodes, a_slit_shorter_than_its_matrix_is_refused)
{
	static const uint64_t counts[] = {4, 4096, 4097, 0x100000000, 0x8000000000000001, ~0ULL};

	for (unsigned int i = 0; i < ARRAY_SIZE(counts); i++) {
		slit(counts[i], good, sizeof(good));
		EXPECT_EQ(parse_all(acpi_parse_slit), -EINVAL);
	}
	slit(3, good, sizeof(good));
	expect_broken_ones_refused(acpi_parse_slit);
	table_size = 40;
	EXPECT_EQ(parse_all(acpi_parse_slit), -EINVAL);
}

/* --- MCFG --- */

static void ecam(uint64_t base, unsigned int segment, unsigned int first, unsigned int last)
{
	uint8_t *at = table + table_size;

	put(at, base, 8);
	put(at + 8, segment, 2);
	at[10] = (uint8_t)first;
	at[11] = (uint8_t)last;
	table_size += 16;
}

KTEST(acpi_nodes, the_mcfg_says_where_pci_is_configured)
{
	table_begin("MCFG", 44);
	ecam(0xb0000000, 0, 0, 255);
	ecam(0, 1, 0, 255);
	ecam(0xb0000800, 1, 0, 255);
	ecam(0xfffffffffff00000, 1, 0, 255);
	ecam(0xc0000000, 1, 5, 4);
	ecam(0x4000000000, 0x1234, 3, 3);
	EXPECT_EQ(parse_all(acpi_parse_mcfg), 0);
	ASSERT_TEST(info.nr_ecams == 2);
	EXPECT_EQ(info.ecam[0].base, 0xb0000000);
	EXPECT_EQ(info.ecam[0].last_bus, 255);
	EXPECT_EQ(info.ecam[1].base, 0x4000000000);
	EXPECT_EQ(info.ecam[1].segment, 0x1234);
	EXPECT_EQ(info.ecam[1].first_bus, 3);
	EXPECT_EQ(info.dropped, 4);
}

KTEST(acpi_nodes, a_broken_mcfg_changes_nothing_and_a_cut_entry_is_none)
{
	table_begin("MCFG", 44);
	ecam(0xb0000000, 0, 0, 255);
	expect_broken_ones_refused(acpi_parse_mcfg);
	table_size--;
	EXPECT_EQ(parse_all(acpi_parse_mcfg), 0);
	EXPECT_EQ(info.nr_ecams, 0);
	for (unsigned int i = 0; i <= BOOT_MAX_ECAMS; i++)
		EXPECT_EQ(boot_info_add_ecam(&info, &(struct boot_ecam){.base = GiB}),
			  i < BOOT_MAX_ECAMS ? 0 : -ENOSPC);
}

/* --- I/O APICs of the MADT --- */

KTEST(acpi_nodes, the_madt_lists_io_apics_as_many_as_fit)
{
	table_begin("APIC", 44);
	for (unsigned int i = 0; i <= BOOT_MAX_IO_APICS; i++) {
		uint8_t *at = entry(1, 12);

		put(at + 4, 0xfec00000 + i * 0x1000, 4);
		put(at + 8, i * 24, 4);
	}
	entry(1, 11);
	EXPECT_EQ(parse_all(acpi_parse_madt), 0);
	EXPECT_EQ(info.interrupts.type, INTERRUPTS_APIC);
	ASSERT_TEST(info.interrupts.nr_io_apics == BOOT_MAX_IO_APICS);
	EXPECT_EQ(info.interrupts.io_apic[2].base, 0xfec02000);
	EXPECT_EQ(info.interrupts.io_apic[2].first, 48);
	EXPECT_EQ(info.dropped, 1);
}
