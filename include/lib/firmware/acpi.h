/* SPDX-License-Identifier: MIT */
/*
 * firmware/acpi.h - the static ACPI tables that early boot needs.
 *
 * Sources: ACPI 6.5, 5.2.5 (RSDP), 5.2.6 (table header), 5.2.7 and 5.2.8 (RSDT, XSDT), 5.2.12 (MADT),
 * 5.2.16 (SRAT), 5.2.17 (SLIT); PCI Firmware Specification 3.3, 4.1.2 (MCFG);
 * Microsoft's Serial Port Console Redirection table. Every call takes the bytes of one
 * table; lengths and checksums inside are checked against `size` before use.
 */
#pragma once

#include <lib/firmware/boot_info.h>

#define ACPI_HEADER_SIZE    36 /* signature, length, revision, checksum, ids */
#define ACPI_RSDP_SIZE	    36 /* revision 2; revision 0 has 20 bytes */
#define ACPI_RSDP_SIZE_REV0 20
#define ACPI_MAX_TABLE_SIZE (16 * MiB) /* a longer one is a lie */

struct acpi_roots {
	phys_addr_t root_pa;	 /* RSDT or XSDT */
	unsigned int entry_size; /* 4: RSDT, 8: XSDT */
};

/* Offset of a valid RSDP in [bytes, bytes+size), searched on 16-byte steps, or -ENOENT. */
long acpi_find_rsdp(const void *bytes, size_t size);

/* Revision 0 gives the RSDT, 2 and later the XSDT. -EINVAL: signature, checksum or no root. */
int acpi_parse_rsdp(const void *bytes, size_t size, struct acpi_roots *roots);

/* The length in a table's header if it is sane, else -EINVAL. Needs ACPI_HEADER_SIZE bytes, not the whole table. */
long acpi_table_length(const void *header, size_t size);

/* Has the table these 4 letters? */
bool acpi_has_signature(const void *header, size_t size, const char *signature);

/* Is the whole table here, and is its checksum right? */
bool acpi_table_valid(const void *bytes, size_t size);

/* Physical address of the index-th table that a valid RSDT/XSDT lists, or 0 behind the last. An empty entry reads as 0 too. */
phys_addr_t acpi_root_entry(const void *bytes, size_t size, unsigned int entry_size,
			    unsigned int index);
unsigned int acpi_root_count(const void *bytes, size_t size, unsigned int entry_size);

/*
 * The entries { type 1, length 1, ... } of a valid table from offset `first` to its end. One of impossible
 * length ends the list, with a message and counted. `parse` sees nothing outside its entry.
 */
void acpi_for_each_entry(const void *table, size_t first,
			 void (*parse)(const uint8_t *entry, size_t length, struct boot_info *info),
			 struct boot_info *info);

/* CPUs into info->cpu[], boot CPU first as listed; local APIC and I/O APICs. 0, or -EINVAL with nothing changed. */
int acpi_parse_madt(const void *bytes, size_t size, struct boot_info *info);

/* MCFG: PCI's configuration space into info->ecam[]; what makes no sense is left out. 0 or -EINVAL. */
int acpi_parse_mcfg(const void *bytes, size_t size, struct boot_info *info);

/*
 * SRAT: the domain of memory and of the CPUs that the MADT has listed. What is not enabled counts for
 * nothing, and memory that may be plugged in later like any other. boot_nodes_settle() comes next.
 * 0, or -EINVAL with nothing changed.
 */
int acpi_parse_srat(const void *bytes, size_t size, struct boot_info *info);

/*
 * SLIT: distances, after boot_nodes_settle(). All of the matrix or nothing: -EINVAL where a diagonal is not 10, another
 * distance not above it, or the table too short. ACPI does not ask for symmetry and we do not either.
 */
int acpi_parse_slit(const void *bytes, size_t size, struct boot_info *info);

/* SPCR: the console's UART into info->uart. 0, -EINVAL, -ENODEV for a kind we have no driver for. */
int acpi_parse_spcr(const void *bytes, size_t size, struct boot_info *info);
