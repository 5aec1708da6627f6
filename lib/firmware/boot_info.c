/* SPDX-License-Identifier: MIT */
/*
 * boot_info.c - collect what the firmware says, without losing a reservation.
 *
 * THE IDEA	The lists are static, because nothing can be allocated yet, and the
 *	firmware may name more ranges than they hold. Losing a usable range
 *	costs memory; losing a reserved one lets the kernel write over it. So
 *	the smallest usable range goes first, and when only reservations are left,
 *	two of them become one and the gap between them is lost.
 *
 * COST		O(1) for an entry, O(BOOT_MAX_RANGES) for each that does not fit.
 * FLOOR	lib. Boot CPU only, before the first allocation.
 */
#include <lib/firmware/boot_info.h>

#include <lib/errno.h>
#include <lib/printk.h>
#include <lib/string.h>

void boot_info_complain(struct boot_info *info, const char *format, ...)
{
	va_list args;

	if (info->complaints++ >= BOOT_MAX_COMPLAINTS)
		return;
	va_start(args, format);
	vprintk(LOG_WARNING, format, args);
	va_end(args);
	if (info->complaints == BOOT_MAX_COMPLAINTS)
		pr_warn("boot: the firmware is wrong in many places, the rest is not listed");
}

/* The smallest usable entry, or NULL. */
static struct boot_range *smallest_usable(struct boot_info *info)
{
	struct boot_range *smallest = NULL;

	for (unsigned int i = 0; i < info->nr_map; i++) {
		struct boot_range *range = &info->map[i];

		if (range->type == MEMORY_USABLE &&
		    (!smallest || range->end - range->start < smallest->end - smallest->start))
			smallest = range;
	}
	return smallest;
}

/* Bytes between two ranges; 0 when they touch or overlap. */
static phys_addr_t range_gap(const struct boot_range *a, const struct boot_range *b)
{
	if (a->end < b->start)
		return b->start - a->end;
	return b->end < a->start ? a->start - b->end : 0;
}

static void join_nearest(struct boot_info *info, const struct boot_range *added)
{
	struct boot_range *nearest = &info->map[0];

	for (unsigned int i = 1; i < info->nr_map; i++)
		if (range_gap(&info->map[i], added) < range_gap(nearest, added))
			nearest = &info->map[i];

	nearest->start = min(nearest->start, added->start);
	nearest->end = max(nearest->end, added->end);
	nearest->type = max(nearest->type, added->type);
}

/* The list is full: something usable goes, or two reservations become one. */
static int add_to_full_map(struct boot_info *info, const struct boot_range *added)
{
	struct boot_range *victim = smallest_usable(info);

	if (info->dropped++ == 0)
		pr_warn("memory map: more than %u entries, the smallest usable ones are lost",
			BOOT_MAX_RANGES);
	if (added->type == MEMORY_USABLE &&
	    (!victim || added->end - added->start <= victim->end - victim->start))
		return -ENOSPC;
	if (!victim) {
		join_nearest(info, added);
		return 0;
	}
	*victim = *added;
	return -ENOSPC;
}

int boot_info_add_range(struct boot_info *info, phys_addr_t start, phys_addr_t size,
			enum memory_type type, enum boot_source source, uint32_t firmware_type)
{
	struct boot_range added = {start, start + size, type, source, firmware_type};

	if (size == 0 || type == MEMORY_NONE)
		return 0;
	if (added.end < start || added.end > BOOT_RANGE_END) {
		boot_info_complain(
			info,
			"%s: entry at %#llx of %#llx bytes passes the end of the address space, %s",
			boot_source_name(source), (unsigned long long)start,
			(unsigned long long)size, type == MEMORY_USABLE ? "ignored" : "clipped");
		added.end = BOOT_RANGE_END;
		if (type == MEMORY_USABLE || start >= added.end) {
			info->dropped++;
			return -EINVAL;
		}
	}
	if (info->nr_map == BOOT_MAX_RANGES)
		return add_to_full_map(info, &added);
	info->map[info->nr_map++] = added;
	return 0;
}

int boot_info_reserve(struct boot_info *info, phys_addr_t start, phys_addr_t size,
		      enum boot_source source, bool no_map, const char *name)
{
	struct boot_reservation *reservation;
	phys_addr_t end = start + size;

	if (size == 0 || start >= BOOT_RANGE_END)
		return 0;
	if (end < start || end > BOOT_RANGE_END) {
		boot_info_complain(
			info,
			"%s: %s at %#llx of %#llx bytes passes the end of the address space, "
			"clipped",
			boot_source_name(source), name, (unsigned long long)start,
			(unsigned long long)size);
		end = BOOT_RANGE_END;
	}
	if (info->nr_reserved == BOOT_MAX_RESERVATIONS) {
		boot_info_complain(
			info,
			"%s: %s: more than %u reservations, [%#llx, %#llx) is taken out of the map",
			boot_source_name(source), name, BOOT_MAX_RESERVATIONS,
			(unsigned long long)start, (unsigned long long)end);
		info->dropped++;
		boot_info_add_range(info, start, end - start, MEMORY_RESERVED, source, 0);
		return -ENOSPC;
	}
	reservation = &info->reserved[info->nr_reserved++];
	*reservation = (struct boot_reservation){start, end, source, no_map, ""};
	strscpy(reservation->name, name, sizeof(reservation->name));
	return 0;
}

void boot_info_add_cpu(struct boot_info *info, const struct boot_cpu *cpu)
{
	for (unsigned int i = 0; i < info->nr_cpus; i++)
		if (info->cpu[i].hardware_id == cpu->hardware_id)
			return;

	if (info->nr_cpus < NR_CPUS)
		info->cpu[info->nr_cpus++] = *cpu;
	else
		info->nr_cpus_unlisted++;
}

int boot_info_add_ecam(struct boot_info *info, const struct boot_ecam *ecam)
{
	bool sane = ecam->base != 0 && IS_ALIGNED(ecam->base, 1 * MiB) &&
		    ecam->base < BOOT_RANGE_END - 256 * MiB && ecam->first_bus <= ecam->last_bus;

	if (sane && info->nr_ecams < BOOT_MAX_ECAMS) {
		info->ecam[info->nr_ecams++] = *ecam;
		return 0;
	}
	boot_info_complain(
		info, "PCI: configuration space at %#llx, segment %u, buses %u to %u: %s, ignored",
		(unsigned long long)ecam->base, ecam->segment, ecam->first_bus, ecam->last_bus,
		sane ? "one more than fits" : "cannot be true");
	info->dropped++;
	return sane ? -ENOSPC : -EINVAL;
}

bool boot_info_is_usable(const struct boot_info *info, phys_addr_t start, phys_addr_t end)
{
	for (unsigned int i = 0; i < info->nr_map; i++) {
		const struct boot_range *range = &info->map[i];

		if (range->type == MEMORY_USABLE && start < range->end && range->start < end)
			return true;
	}
	return false;
}

const char *memory_type_name(enum memory_type type)
{
	static const char *const names[] = {
		[MEMORY_NONE] = "none",		[MEMORY_USABLE] = "usable",
		[MEMORY_ACPI] = "ACPI tables",	[MEMORY_NVS] = "ACPI NVS",
		[MEMORY_RESERVED] = "reserved", [MEMORY_UNUSABLE] = "unusable",
	};

	return (unsigned int)type < ARRAY_SIZE(names) ? names[type] : "unknown";
}

const char *boot_source_name(enum boot_source source)
{
	static const char *const names[] = {
		[SOURCE_NONE] = "nobody",
		[SOURCE_PVH] = "PVH",
		[SOURCE_E820] = "e820",
		[SOURCE_EFI] = "EFI",
		[SOURCE_FDT] = "device tree",
		[SOURCE_MEMRESERVE] = "/memreserve/",
		[SOURCE_RESERVED_MEMORY] = "/reserved-memory",
		[SOURCE_ACPI] = "ACPI",
		[SOURCE_COMMAND_LINE] = "command line",
		[SOURCE_KERNEL] = "kernel",
		[SOURCE_HOSTED] = "host",
		[SOURCE_BIOS] = "BIOS",
		[SOURCE_MULTIBOOT2] = "multiboot2",
		[SOURCE_MAILBOX] = "mailbox",
	};

	return (unsigned int)source < ARRAY_SIZE(names) ? names[source] : "unknown";
}
