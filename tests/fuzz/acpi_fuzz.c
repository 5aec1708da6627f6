/* SPDX-License-Identifier: MIT */
/*
 * acpi_fuzz.c - any ACPI table, against a walk that only knows lengths and sums.
 *
 *	input	{ which 1 } bytes; the highest bit of `which` has the checksum put right first
 */
#include "fuzz.h"

#include <lib/errno.h>
#include <lib/firmware/acpi.h>
#include <stdlib.h>
#include <string.h>

static struct boot_info info;

static uint8_t sum(const uint8_t *p, size_t size)
{
	uint8_t total = 0;

	while (size--)
		total += *p++;
	return total;
}

/* Has a table of the given shortest length: all of it here, and its sum zero? */
static bool model_valid(const uint8_t *p, size_t size, size_t least)
{
	uint32_t length = size >= ACPI_HEADER_SIZE ? u32_at(p + 4) : 0;

	return length >= ACPI_HEADER_SIZE && length >= least && length <= size &&
	       length <= ACPI_MAX_TABLE_SIZE && sum(p, length) == 0;
}

/* The processors that a MADT's entries name, in order, each once. */
static unsigned int model_cpus(const uint8_t *p, uint32_t ids[NR_CPUS], unsigned int *unlisted)
{
	uint32_t length = u32_at(p + 4);
	unsigned int nr = 0;

	for (uint32_t at = 44; at + 2 <= length && p[at + 1] >= 2 && at + p[at + 1] <= length;
	     at += p[at + 1]) {
		uint32_t id, flags, nobody;
		bool known = false;

		if (p[at] == 0 && p[at + 1] >= 8) {
			id = p[at + 3];
			flags = u32_at(p + at + 4);
			nobody = 0xff;
		} else if (p[at] == 9 && p[at + 1] >= 16) {
			id = u32_at(p + at + 4);
			flags = u32_at(p + at + 8);
			nobody = 0xffffffff;
		} else {
			continue;
		}
		if (id == nobody || (flags & 3) == 0)
			continue;
		for (unsigned int i = 0; i < nr; i++)
			known |= ids[i] == id;
		if (known)
			continue;
		if (nr < NR_CPUS)
			ids[nr++] = id;
		else
			++*unlisted;
	}
	return nr;
}

static void try_madt(const uint8_t *p, size_t size)
{
	uint32_t ids[NR_CPUS];
	unsigned int unlisted = 0, nr;
	int error = acpi_parse_madt(p, size, &info);
	bool valid = size >= 4 && memcmp(p, "APIC", 4) == 0 && model_valid(p, size, 44);

	REQUIRE((error == 0) == valid);
	if (error) {
		REQUIRE(info.nr_cpus == 0 && info.local_apic == 0);
		return;
	}
	nr = model_cpus(p, ids, &unlisted);
	REQUIRE(info.nr_cpus == nr && info.nr_cpus_unlisted == unlisted);
	for (unsigned int i = 0; i < nr; i++)
		REQUIRE(info.cpu[i].hardware_id == ids[i]);
}

static void try_spcr(const uint8_t *p, size_t size)
{
	int error = acpi_parse_spcr(p, size, &info);

	if (error) {
		REQUIRE(info.uart.type == UART_NONE);
		return;
	}
	REQUIRE(memcmp(p, "SPCR", 4) == 0 && model_valid(p, size, 52));
	REQUIRE(info.uart.base == u64_at(p + 44) && info.uart.base != 0);
	REQUIRE(info.uart.is_port == (p[40] == 1));
}

static void try_root(const uint8_t *p, size_t size)
{
	for (unsigned int entry = 4; entry <= 8; entry += 4) {
		unsigned int nr = acpi_root_count(p, size, entry);

		if (size < ACPI_HEADER_SIZE) {
			REQUIRE(nr == 0);
			continue;
		}
		REQUIRE(nr <= (size - ACPI_HEADER_SIZE) / entry);
		if (acpi_table_valid(p, size)) {
			REQUIRE(model_valid(p, size, 0));
			REQUIRE(nr == (u32_at(p + 4) - ACPI_HEADER_SIZE) / entry);
		}
		for (unsigned int i = 0; i < nr; i++) {
			const uint8_t *at = p + ACPI_HEADER_SIZE + i * entry;

			REQUIRE(acpi_root_entry(p, size, entry, i) ==
				(entry == 8 ? u64_at(at) : u32_at(at)));
		}
		REQUIRE(acpi_root_entry(p, size, entry, nr) == 0);
	}
}

static bool model_rsdp(const uint8_t *p, size_t size)
{
	if (size < 20 || memcmp(p, "RSD PTR ", 8) != 0 || sum(p, 20) != 0)
		return false;
	if (p[15] < 2)
		return true;
	return size >= 36 && u32_at(p + 20) >= 36 && u32_at(p + 20) <= size &&
	       sum(p, u32_at(p + 20)) == 0;
}

static void try_rsdp(const uint8_t *p, size_t size)
{
	long found = acpi_find_rsdp(p, size), expected = -ENOENT;
	struct acpi_roots roots;

	for (size_t at = 0; at < size && expected < 0; at += 16)
		if (model_rsdp(p + at, size - at))
			expected = (long)at;
	REQUIRE(found == expected);
	if (found < 0 || acpi_parse_rsdp(p + found, size - found, &roots))
		return;
	p += found;
	REQUIRE(roots.root_pa != 0);
	REQUIRE(roots.root_pa == (roots.entry_size == 8 ? u64_at(p + 24) : u32_at(p + 16)));
	REQUIRE(roots.entry_size == (p[15] >= 2 && u64_at(p + 24) ? 8 : 4));
}

/* Random bytes never have a right sum: the byte that the format keeps for it makes it so. */
static void put_sum_right(uint8_t *p, size_t size)
{
	uint32_t length = size >= ACPI_HEADER_SIZE ? u32_at(p + 4) : 0;

	if (length >= ACPI_HEADER_SIZE && length <= size)
		p[9] -= sum(p, length);
	if (size >= 20 && memcmp(p, "RSD PTR ", 8) == 0) {
		p[8] -= sum(p, 20);
		if (size >= 36 && u32_at(p + 20) <= size)
			p[32] -= sum(p, u32_at(p + 20));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const targets[])(const uint8_t *, size_t) = {try_madt, try_spcr, try_root,
								   try_rsdp};
	uint8_t *table;

	if (size == 0)
		return 0;
	/* On the heap and no longer than it is, so that a read behind it is seen. */
	table = malloc(size - 1);
	memcpy(table, data + 1, size - 1);
	if (data[0] & 0x80)
		put_sum_right(table, size - 1);
	fuzz_begin();
	memset(&info, 0, sizeof(info));
	targets[data[0] % ARRAY_SIZE(targets)](table, size - 1);
	/* A search for the root pointer may sum up to `size` bytes at each 16th of them; a list of CPUs looks at 64. */
	REQUIRE(fuzz_steps <= 1000 + 200 * (uint64_t)size + (uint64_t)size * size / 4);
	REQUIRE(fuzz_messages <= FUZZ_MAX_MESSAGES);
	free(table);
	return 0;
}
