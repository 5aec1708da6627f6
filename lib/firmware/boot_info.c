/* SPDX-License-Identifier: MIT */
/*
 * boot_info.c - collect what the firmware says, without losing a reservation.
 *
 * THE IDEA	The lists are static, because nothing can be allocated yet, and the
 *	firmware may name more ranges than they hold. Losing a usable range
 *	costs memory; losing a reserved one lets the kernel write over it. So
 *	the smallest usable range goes first. Some places are for usable ranges
 *	alone, or thousands of reservations would leave no RAM to boot in: when all
 *	others are taken, two reservations become one and the gap between them is lost.
 *
 * PICTURE	a place is wanted, none is left: the smallest gap goes
 *
 *	|R|    |R| |R|        |R|	before
 *	|R|    |R=====|  |R|  |R|	after
 *
 * COST		O(1) for an entry, O(BOOT_MAX_RANGES) for each that does not fit, and
 *	O(BOOT_MAX_RANGES^2) once, for sorting.
 * FLOOR	lib. Boot CPU only, before the first allocation.
 */
#include <lib/firmware/boot_info.h>

#include <lib/errno.h>
#include <lib/printk.h>
#include <lib/string.h>

#define MAX_RESERVED (BOOT_MAX_RANGES - BOOT_ROOM_FOR_USABLE)

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

void boot_info_dispute(struct boot_info *info, phys_addr_t start, phys_addr_t end,
		       const char *format, ...)
{
	struct boot_dispute dispute = {start, end, ""};
	va_list args;

	va_start(args, format);
	vsnprintf(dispute.what, sizeof(dispute.what), format, args);
	va_end(args);
	boot_info_complain(info, "two sources disagree about [%#llx, %#llx): %s",
			   (unsigned long long)start, (unsigned long long)end, dispute.what);
	if (info->nr_disputes < BOOT_MAX_DISPUTES)
		info->dispute[info->nr_disputes] = dispute;
	info->nr_disputes++;
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

static unsigned int count_reservations(const struct boot_info *info)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < info->nr_map; i++)
		nr += info->map[i].type != MEMORY_USABLE;
	return nr;
}

/* By insertion: all but one or two are in order since the last time. The entries themselves stay where they are. */
static void sort_by_start(struct boot_info *info)
{
	for (unsigned int i = 0; i < info->nr_map; i++) {
		uint16_t index = i < info->nr_sorted ? info->by_start[i] : (uint16_t)i;
		unsigned int place = i;

		for (; place > 0 &&
		       info->map[info->by_start[place - 1]].start > info->map[index].start;
		     place--)
			info->by_start[place] = info->by_start[place - 1];
		info->by_start[place] = index;
	}
	info->nr_sorted = info->nr_map;
}

static void join(struct boot_range *into, const struct boot_range *other)
{
	into->start = min(into->start, other->start);
	into->end = max(into->end, other->end);
	into->type = max(into->type, other->type);
}

/* The reservation that lies nearest to `added`. */
static struct boot_range *nearest_to(struct boot_info *info, const struct boot_range *added)
{
	struct boot_range *nearest = NULL;

	for (unsigned int i = 0; i < info->nr_map; i++) {
		struct boot_range *range = &info->map[i];

		if (range->type != MEMORY_USABLE &&
		    (!nearest || range_gap(range, added) < range_gap(nearest, added)))
			nearest = range;
	}
	return nearest;
}

/* Of the reservations, in order of address, the two neighbours with the smallest gap. */
static void nearest_pair(struct boot_info *info, struct boot_range *pair[2])
{
	struct boot_range *previous = NULL;

	sort_by_start(info);
	for (unsigned int i = 0; i < info->nr_map; i++) {
		struct boot_range *range = &info->map[info->by_start[i]];

		if (range->type == MEMORY_USABLE)
			continue;
		if (previous &&
		    (!pair[0] || range_gap(previous, range) < range_gap(pair[0], pair[1]))) {
			pair[0] = previous;
			pair[1] = range;
		}
		previous = range;
	}
}

/* Reservations have all the places that they may have: of them and the new one the two nearest become one. */
static void add_by_joining(struct boot_info *info, const struct boot_range *added)
{
	struct boot_range *pair[2] = {NULL, NULL}, *nearest = nearest_to(info, added);

	info->dropped++;
	if (!info->said_joined)
		pr_warn("memory map: more than %u reservations, the nearest ones become one",
			MAX_RESERVED);
	info->said_joined = true;
	nearest_pair(info, pair);
	if (range_gap(nearest, added) <= range_gap(pair[0], pair[1])) {
		join(nearest, added);
		return;
	}
	join(pair[0], pair[1]);
	*pair[1] = *added;
}

/* The list is full, and not of reservations alone: the smallest usable range goes, be it the new one. */
static int add_to_full_map(struct boot_info *info, const struct boot_range *added)
{
	struct boot_range *victim = smallest_usable(info);

	info->dropped++;
	if (!info->said_dropped)
		pr_warn("memory map: more than %u entries, the smallest usable ones are lost",
			BOOT_MAX_RANGES);
	info->said_dropped = true;
	if (added->type != MEMORY_USABLE || added->end - added->start > victim->end - victim->start)
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
	if (type != MEMORY_USABLE && info->nr_map >= MAX_RESERVED &&
	    count_reservations(info) == MAX_RESERVED) {
		add_by_joining(info, &added);
		return 0;
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
