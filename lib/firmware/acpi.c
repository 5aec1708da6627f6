/* SPDX-License-Identifier: MIT */
/*
 * acpi.c - read the static ACPI tables: who the CPUs are, where console, interrupts and PCI are.
 *
 * PICTURE
 *	RSDP --rev 0--> RSDT, entries of 4 bytes --+--> "APIC" MADT: one entry a CPU
 *	     --rev 2--> XSDT, entries of 8 bytes --+--> "SPCR" the console's UART
 *						   +--> "MCFG" PCI's configuration space
 *						   +--> "SRAT", "SLIT": acpi_nodes.c
 *						   +--> others, which only get reserved
 *
 *	A table: signature 4, length 4, revision 1, checksum 1, ids; all bytes add up
 *	to 0 modulo 256. A MADT's entries stand behind 44 bytes, each { type 1, length 1, ... }.
 *
 * FLOOR	lib; pure: each call sees one table, and the caller maps the next.
 * LINUX	drivers/acpi/tables.c, acpi_table_parse_madt().
 */
#include <lib/firmware/acpi.h>

#include <lib/errno.h>
#include <lib/firmware/bytes.h>
#include <lib/printk.h>
#include <lib/string.h>

#define MADT_ENTRIES_OFFSET 44
#define SPCR_MIN_SIZE	    52 /* up to the end of the base address */
#define MCFG_ENTRIES_OFFSET 44
#define MCFG_ENTRY_SIZE	    16

enum madt_type {
	MADT_LOCAL_APIC = 0,
	MADT_IO_APIC = 1,
	MADT_LOCAL_APIC_ADDRESS = 5,
	MADT_LOCAL_X2APIC = 9,
};

#define MADT_CPU_ENABLED	(1U << 0)
#define MADT_CPU_ONLINE_CAPABLE (1U << 1)

static bool sum_is_zero(const uint8_t *p, size_t size)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < size; i++)
		sum += p[i];
	return sum == 0;
}

/* How long is the RSDP at p? 0 when there is none. */
static size_t rsdp_length(const uint8_t *p, size_t size)
{
	size_t length = ACPI_RSDP_SIZE_REV0;

	if (size < length || memcmp(p, "RSD PTR ", 8) != 0 || !sum_is_zero(p, length))
		return 0;
	if (p[15] < 2)
		return length;
	if (size < ACPI_RSDP_SIZE)
		return 0;
	length = le32_at(p + 20);
	if (length < ACPI_RSDP_SIZE || length > size || !sum_is_zero(p, length))
		return 0;
	return length;
}

long acpi_find_rsdp(const void *bytes, size_t size)
{
	const uint8_t *p = bytes;

	for (size_t offset = 0; bytes_fit(size, offset, ACPI_RSDP_SIZE_REV0); offset += 16)
		if (p[offset] == 'R' && rsdp_length(p + offset, size - offset))
			return (long)offset;
	return -ENOENT;
}

int acpi_parse_rsdp(const void *bytes, size_t size, struct acpi_roots *roots)
{
	const uint8_t *p = bytes;
	size_t length = rsdp_length(p, size);

	if (length >= ACPI_RSDP_SIZE && le64_at(p + 24) != 0)
		*roots = (struct acpi_roots){le64_at(p + 24), 8};
	else if (length && le32_at(p + 16) != 0)
		*roots = (struct acpi_roots){le32_at(p + 16), 4};
	else
		return -EINVAL;
	return 0;
}

long acpi_table_length(const void *header, size_t size)
{
	uint32_t length;

	if (size < ACPI_HEADER_SIZE)
		return -EINVAL;
	length = le32_at((const uint8_t *)header + 4);
	if (length < ACPI_HEADER_SIZE || length > ACPI_MAX_TABLE_SIZE)
		return -EINVAL;
	return (long)length;
}

bool acpi_has_signature(const void *header, size_t size, const char *signature)
{
	return size >= ACPI_HEADER_SIZE && memcmp(header, signature, 4) == 0;
}

bool acpi_table_valid(const void *bytes, size_t size)
{
	long length = acpi_table_length(bytes, size);

	return length > 0 && (size_t)length <= size && sum_is_zero(bytes, (size_t)length);
}

unsigned int acpi_root_count(const void *bytes, size_t size, unsigned int entry_size)
{
	long length = acpi_table_length(bytes, size);

	if (length < 0)
		return 0;
	return (unsigned int)((min((size_t)length, size) - ACPI_HEADER_SIZE) / entry_size);
}

phys_addr_t acpi_root_entry(const void *bytes, size_t size, unsigned int entry_size,
			    unsigned int index)
{
	const uint8_t *p = (const uint8_t *)bytes + ACPI_HEADER_SIZE;

	if (index >= acpi_root_count(bytes, size, entry_size))
		return 0;
	p += (size_t)index * entry_size;
	return entry_size == 8 ? le64_at(p) : le32_at(p);
}

/* A CPU that is neither enabled nor can be is an empty socket; an id of all ones is nobody. */
static void add_cpu(struct boot_info *info, uint32_t id, uint32_t nobody, uint32_t flags)
{
	if (id == nobody || !(flags & (MADT_CPU_ENABLED | MADT_CPU_ONLINE_CAPABLE)))
		return;
	boot_info_add_cpu(info, &(struct boot_cpu){.hardware_id = id,
						   .node = BOOT_NO_NODE,
						   .enabled = flags & MADT_CPU_ENABLED,
						   .method = CPU_METHOD_APIC});
}

static void add_io_apic(struct boot_info *info, phys_addr_t base, uint32_t first)
{
	struct boot_interrupts *interrupts = &info->interrupts;

	if (interrupts->nr_io_apics == BOOT_MAX_IO_APICS) {
		boot_info_complain(info,
				   "ACPI: the I/O APIC at %#llx is one more than fits, ignored",
				   (unsigned long long)base);
		info->dropped++;
		return;
	}
	interrupts->io_apic[interrupts->nr_io_apics++] = (struct boot_io_apic){base, first};
}

static void parse_madt_entry(const uint8_t *entry, size_t length, struct boot_info *info)
{
	switch (entry[0]) {
	case MADT_LOCAL_APIC:
		if (length >= 8)
			add_cpu(info, entry[3], 0xff, le32_at(entry + 4));
		break;
	case MADT_IO_APIC:
		if (length >= 12)
			add_io_apic(info, le32_at(entry + 4), le32_at(entry + 8));
		break;
	case MADT_LOCAL_X2APIC:
		if (length >= 16)
			add_cpu(info, le32_at(entry + 4), 0xffffffff, le32_at(entry + 8));
		break;
	case MADT_LOCAL_APIC_ADDRESS:
		if (length >= 12)
			info->local_apic = le64_at(entry + 4);
		break;
	}
}

void acpi_for_each_entry(const void *table, size_t first,
			 void (*parse)(const uint8_t *entry, size_t length, struct boot_info *info),
			 struct boot_info *info)
{
	const uint8_t *p = table;
	size_t offset = first, end = le32_at(p + 4);

	while (bytes_fit(end, offset, 2)) {
		size_t length = p[offset + 1];

		if (length < 2 || !bytes_fit(end, offset, length)) {
			boot_info_complain(
				info,
				"ACPI: %.4s entry at %#zx has length %zu, the rest is ignored",
				(const char *)p, offset, length);
			info->dropped++;
			break;
		}
		parse(p + offset, length, info);
		offset += length;
	}
}

int acpi_parse_madt(const void *bytes, size_t size, struct boot_info *info)
{
	const uint8_t *p = bytes;

	if (!acpi_has_signature(p, size, "APIC") || !acpi_table_valid(p, size) ||
	    le32_at(p + 4) < MADT_ENTRIES_OFFSET) {
		pr_warn("ACPI: the MADT is broken, its CPUs stay unknown");
		return -EINVAL;
	}
	info->local_apic = le32_at(p + 36);
	info->interrupts.type = INTERRUPTS_APIC;
	acpi_for_each_entry(p, MADT_ENTRIES_OFFSET, parse_madt_entry, info);
	return 0;
}

int acpi_parse_mcfg(const void *bytes, size_t size, struct boot_info *info)
{
	const uint8_t *p = bytes;

	if (!acpi_has_signature(p, size, "MCFG") || !acpi_table_valid(p, size))
		return -EINVAL;
	for (size_t at = MCFG_ENTRIES_OFFSET; bytes_fit(le32_at(p + 4), at, MCFG_ENTRY_SIZE);
	     at += MCFG_ENTRY_SIZE)
		boot_info_add_ecam(info, &(struct boot_ecam){.base = le64_at(p + at),
							     .segment = le16_at(p + at + 8),
							     .first_bus = p[at + 10],
							     .last_bus = p[at + 11]});
	return 0;
}

/* Kinds of the debug port specification that our drivers know. */
static enum uart_type spcr_uart_type(uint8_t interface)
{
	switch (interface) {
	case 0x00: /* 16550 */
	case 0x01: /* 16550 subset, the former 16450 */
	case 0x12: /* 16550 with the parameters of its address structure */
		return UART_16550;
	case 0x03: /* PL011 */
		return UART_PL011;
	default:
		return UART_NONE;
	}
}

/* The register width from an address structure's access size, 1 for a byte to 3 for four of them. */
static unsigned int spcr_width(uint8_t access_size)
{
	return access_size >= 1 && access_size <= 3 ? 1U << (access_size - 1) : 1;
}

int acpi_parse_spcr(const void *bytes, size_t size, struct boot_info *info)
{
	const uint8_t *p = bytes;
	struct boot_uart uart = {.source = SOURCE_ACPI};

	if (!acpi_has_signature(p, size, "SPCR") || !acpi_table_valid(p, size) ||
	    le32_at(p + 4) < SPCR_MIN_SIZE)
		return -EINVAL;
	uart.type = spcr_uart_type(p[36]);
	uart.is_port = p[40] == 1;
	uart.base = le64_at(p + 44);
	uart.reg_width = spcr_width(p[43]);
	if (!uart.is_port && uart.reg_width == 4)
		uart.reg_shift = 2;
	if (uart.base == 0 || p[40] > 1 || (uart.is_port && uart.base > 0xfff8))
		return -EINVAL;
	if (uart.type == UART_NONE)
		return -ENODEV;
	info->uart = uart;
	return 0;
}
