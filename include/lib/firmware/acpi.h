/* SPDX-License-Identifier: MIT */
/*
 * firmware/acpi.h - the static ACPI tables that early boot needs.
 *
 * Sources: ACPI 6.5, 5.2.5 (RSDP), 5.2.7 and 5.2.8 (RSDT, XSDT), 5.2.12 (MADT). Every
 * call takes the bytes of one table; lengths and checksums inside are checked against `size` before use.
 */
#pragma once

#include <lib/firmware/boot_info.h>

#define ACPI_HEADER_SIZE 36 /* signature, length, revision, checksum, ids */

struct acpi_roots {
	phys_addr_t root_pa;	 /* RSDT or XSDT */
	unsigned int entry_size; /* 4: RSDT, 8: XSDT */
};

/* Offset of a valid RSDP in [bytes, bytes+size), searched on 16-byte steps, or -ENOENT. */
long acpi_find_rsdp(const void *bytes, size_t size);

/* Revision 0 gives the RSDT, 2 and later the XSDT. -EINVAL: signature or checksum. */
int acpi_parse_rsdp(const void *bytes, size_t size, struct acpi_roots *roots);

/* The length in a table's header if signature (4 letters; NULL any) fits and it is sane; else -EINVAL. Needs ACPI_HEADER_SIZE bytes. */
long acpi_table_length(const void *header, size_t size, const char *signature);

/* Physical address of the index-th table that an RSDT/XSDT lists, or 0 behind the last. Checks the checksum of the whole. */
phys_addr_t acpi_root_entry(const void *bytes, size_t size, unsigned int entry_size,
			    unsigned int index);

/* CPUs into info->cpu[], boot CPU first as listed; local APIC address. 0 or -EINVAL. */
int acpi_parse_madt(const void *bytes, size_t size, struct boot_info *info);

/* SPCR: the console's UART into info->uart. 0, -EINVAL, -ENODEV for a kind we have no driver for. */
int acpi_parse_spcr(const void *bytes, size_t size, struct boot_info *info);
