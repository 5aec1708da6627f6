/* SPDX-License-Identifier: MIT */
/*
 * acpi_nodes.c - SRAT and SLIT: which memory and CPUs lie together, and how far apart the groups are.
 *
 * PICTURE	a machine of two domains
 *
 *	SRAT	[cpu: apic 0, domain 0] [cpu: apic 1, domain 1]
 *		[memory: 0 - 640K, domain 0] [1M - 2G, domain 0] [4G - 6G, domain 1]
 *		[memory: not enabled, length 0] ...	QEMU fills up with these
 *	SLIT	2 | 10 21	byte from * 2 + to
 *		  | 21 10
 *
 * FLOOR	lib; pure.
 * LINUX	drivers/acpi/numa/srat.c, arch/x86/mm/srat.c.
 */
#include <lib/firmware/acpi.h>

#include <lib/errno.h>
#include <lib/firmware/bytes.h>
#include <lib/printk.h>

#define SRAT_ENTRIES_OFFSET 48
#define SLIT_MATRIX_OFFSET  44
#define SLIT_MAX_DOMAINS    4096 /* their matrix is as long as the longest table */

enum srat_type {
	SRAT_LOCAL_APIC = 0,
	SRAT_MEMORY = 1,
	SRAT_LOCAL_X2APIC = 2,
};

#define SRAT_ENABLED (1U << 0)

static void set_cpu_domain(struct boot_info *info, uint32_t apic_id, uint32_t flags,
			   uint32_t domain)
{
	if (!(flags & SRAT_ENABLED) || (int)domain < 0)
		return;
	for (unsigned int i = 0; i < info->nr_cpus; i++)
		if (info->cpu[i].hardware_id == apic_id)
			info->cpu[i].node = (int)domain;
}

/* The low byte of the domain stands apart from the others. */
static void parse_local_apic(const uint8_t *entry, struct boot_info *info)
{
	uint32_t domain = entry[2] | (le32_at(entry + 8) & 0xffffff00);

	set_cpu_domain(info, entry[3], le32_at(entry + 4), domain);
}

static void parse_memory(const uint8_t *entry, struct boot_info *info)
{
	if (le32_at(entry + 28) & SRAT_ENABLED)
		boot_nodes_add_range(info, le64_at(entry + 8), le64_at(entry + 16),
				     le32_at(entry + 2));
}

static void parse_srat_entry(const uint8_t *entry, size_t length, struct boot_info *info)
{
	switch (entry[0]) {
	case SRAT_LOCAL_APIC:
		if (length >= 16)
			parse_local_apic(entry, info);
		break;
	case SRAT_MEMORY:
		if (length >= 40)
			parse_memory(entry, info);
		break;
	case SRAT_LOCAL_X2APIC:
		if (length >= 24)
			set_cpu_domain(info, le32_at(entry + 8), le32_at(entry + 12),
				       le32_at(entry + 4));
		break;
	}
}

int acpi_parse_srat(const void *bytes, size_t size, struct boot_info *info)
{
	const uint8_t *p = bytes;

	if (!acpi_has_signature(p, size, "SRAT") || !acpi_table_valid(p, size) ||
	    le32_at(p + 4) < SRAT_ENTRIES_OFFSET) {
		pr_warn("ACPI: the SRAT is broken, all memory is one node");
		return -EINVAL;
	}
	acpi_for_each_entry(p, SRAT_ENTRIES_OFFSET, parse_srat_entry, info);
	return 0;
}

static bool matrix_ok(const uint8_t *matrix, size_t nr)
{
	for (size_t from = 0; from < nr; from++)
		for (size_t to = 0; to < nr; to++)
			if (!node_distance_ok(from == to, matrix[from * nr + to]))
				return false;
	return true;
}

int acpi_parse_slit(const void *bytes, size_t size, struct boot_info *info)
{
	struct boot_nodes *nodes = &info->nodes;
	const uint8_t *p = bytes, *matrix = p + SLIT_MATRIX_OFFSET;
	uint64_t nr;

	if (!acpi_has_signature(p, size, "SLIT") || !acpi_table_valid(p, size) ||
	    le32_at(p + 4) < SLIT_MATRIX_OFFSET)
		return -EINVAL;
	nr = le64_at(p + 36);
	if (nr > SLIT_MAX_DOMAINS || nr * nr > le32_at(p + 4) - SLIT_MATRIX_OFFSET ||
	    !matrix_ok(matrix, nr)) {
		pr_warn("ACPI: the distances in the SLIT make no sense, ignored");
		return -EINVAL;
	}
	for (unsigned int from = 0; from < nodes->nr; from++)
		for (unsigned int to = 0; to < nodes->nr; to++)
			if ((uint64_t)nodes->domain[from] < nr && (uint64_t)nodes->domain[to] < nr)
				nodes->distance[from][to] =
					matrix[(uint64_t)nodes->domain[from] * nr +
					       (uint64_t)nodes->domain[to]];
	return 0;
}
