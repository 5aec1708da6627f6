/* SPDX-License-Identifier: MIT */
/*
 * efi.c - let the EFI memory map take away from the loader's map what it does not confirm.
 *
 * THE IDEA
 *	A loader on UEFI gives two maps: its own in the old e820 form, and the
 *	firmware's. They should agree. Where they do not, one is wrong, and
 *	believing the pessimist costs some memory while believing the optimist
 *	costs the machine. So nothing here ever adds usable memory: what EFI
 *	wants for itself is added with its type, which wins over usable, and a
 *	usable entry gets a reservation wherever no descriptor covers it.
 *
 * PICTURE	one usable entry, three descriptors
 *
 *	e820	  |============== usable ==============|
 *	EFI	|=== usable ====|runtime|    |=== usable ====|
 *	added			|reserved    |
 *			         type 6	 absent
 *
 * COST		O(n^2) for n descriptors: 2n steps from edge to edge, each a look at all; a gap looks at
 *	all entries of the other map. Never one map's square for each entry of the other: at their limits
 *	that would be minutes.
 * FLOOR	lib; pure.
 * LINUX	arch/x86/platform/efi/efi.c, do_add_efi_memmap(), which adds both ways.
 */
#include <lib/firmware/efi.h>

#include <lib/errno.h>
#include <lib/firmware/bytes.h>
#include <lib/overflow.h>
#include <lib/printk.h>

#define EFI_PAGE_SHIFT 12

#define EFI_MEMORY_WRITE_BACK	    (1UL << 3)
#define EFI_MEMORY_SPECIFIC_PURPOSE (1UL << 18) /* meant for a driver, not for everybody */
#define EFI_MEMORY_RUNTIME	    (1UL << 63) /* the firmware goes on using it */

struct efi_map {
	const uint8_t *bytes;
	size_t descriptor_size;
	unsigned int nr;
};

struct efi_range {
	phys_addr_t start, end; /* empty when it cannot be true */
	enum memory_type type;
	uint32_t efi_type;
};

enum memory_type efi_memory_type(uint32_t type, uint64_t attributes)
{
	switch (type) {
	case 1: /* the loader's code and data: ours now */
	case 2:
	case 3: /* boot services' code and data: gone with them */
	case 4:
	case 7: /* conventional */
		if (attributes & (EFI_MEMORY_SPECIFIC_PURPOSE | EFI_MEMORY_RUNTIME) ||
		    !(attributes & EFI_MEMORY_WRITE_BACK))
			return MEMORY_RESERVED;
		return MEMORY_USABLE;
	case 8:
		return MEMORY_UNUSABLE;
	case 9:
		return MEMORY_ACPI;
	case 10:
		return MEMORY_NVS;
	default:
		return MEMORY_RESERVED;
	}
}

static struct efi_range range_at(const struct efi_map *map, unsigned int index)
{
	const uint8_t *p = map->bytes + index * map->descriptor_size;
	phys_addr_t start = le64_at(p + 8);
	uint64_t nr_pages = le64_at(p + 24);
	struct efi_range range = {.start = start,
				  .end = start,
				  .type = efi_memory_type(le32_at(p), le64_at(p + 32)),
				  .efi_type = le32_at(p)};

	/* Memory beyond the last address: a reservation is clipped, what claims to be usable counts for nothing. */
	if (start < BOOT_RANGE_END && nr_pages <= (BOOT_RANGE_END - start) >> EFI_PAGE_SHIFT)
		range.end = start + (nr_pages << EFI_PAGE_SHIFT);
	else if (start < BOOT_RANGE_END && range.type != MEMORY_USABLE)
		range.end = BOOT_RANGE_END;
	return range;
}

/*
 * The end of the longest descriptor that covers `position`, or `position` itself when
 * none does; *next is then where the next one begins, at most what it was before.
 */
static phys_addr_t covered_end(const struct efi_map *map, phys_addr_t position, phys_addr_t *next)
{
	phys_addr_t end = position;

	for (unsigned int i = 0; i < map->nr; i++) {
		struct efi_range range = range_at(map, i);

		if (range.start <= position)
			end = max(end, range.end);
		else if (range.start < range.end)
			*next = min(*next, range.start);
	}
	return end;
}

/* What [start, end) covers of the first nr_map entries, where they are usable, becomes reserved. Returns the bytes. */
static phys_addr_t reserve_gap(phys_addr_t start, phys_addr_t end, unsigned int nr_map,
			       struct boot_info *info)
{
	phys_addr_t absent = 0;

	/* In a full list entries are replaced behind our back, but by reservations only. */
	for (unsigned int i = 0; i < nr_map; i++) {
		phys_addr_t from = max(start, info->map[i].start);
		phys_addr_t to = min(end, info->map[i].end);

		if (info->map[i].type != MEMORY_USABLE || from >= to)
			continue;
		boot_info_add_range(info, from, to - from, MEMORY_RESERVED, SOURCE_EFI, 0);
		boot_info_dispute(info, from, to,
				  "usable to the loader, unknown to EFI: left alone");
		absent = size_add(absent, to - from); /* ranges may lie over each other */
	}
	return absent;
}

/* What no descriptor covers, from the bottom up, is taken out of every usable entry. Returns the bytes. */
static phys_addr_t reserve_absent(const struct efi_map *map, struct boot_info *info)
{
	unsigned int nr_map = info->nr_map;
	phys_addr_t absent = 0, start = 0;

	while (start < BOOT_RANGE_END) {
		phys_addr_t next = BOOT_RANGE_END, covered = covered_end(map, start, &next);

		if (covered == start) {
			absent = size_add(absent, reserve_gap(start, next, nr_map, info));
			covered = next;
		}
		start = covered;
	}
	return absent;
}

/* Which of the first nr_map entries, the loader's, call usable what EFI does not. */
static void say_disputed(const struct efi_range *range, unsigned int nr_map, struct boot_info *info)
{
	for (unsigned int i = 0; i < nr_map; i++) {
		phys_addr_t from = max(range->start, info->map[i].start);
		phys_addr_t to = min(range->end, info->map[i].end);

		if (info->map[i].type == MEMORY_USABLE && from < to)
			boot_info_dispute(info, from, to,
					  "usable to the loader, %s to EFI: left alone",
					  memory_type_name(range->type));
	}
}

/* Adds every descriptor that is not usable; returns the bytes of those that are. */
static phys_addr_t add_unusable(const struct efi_map *map, unsigned int nr_map,
				struct boot_info *info)
{
	phys_addr_t usable = 0;

	for (unsigned int i = 0; i < map->nr; i++) {
		struct efi_range range = range_at(map, i);

		if (range.type == MEMORY_USABLE) {
			usable += range.end - range.start;
			continue;
		}
		say_disputed(&range, nr_map, info);
		boot_info_add_range(info, range.start, range.end - range.start, range.type,
				    SOURCE_EFI, range.efi_type);
	}
	return usable;
}

static bool any_usable(const struct efi_map *map)
{
	for (unsigned int i = 0; i < map->nr; i++) {
		struct efi_range range = range_at(map, i);

		if (range.type == MEMORY_USABLE && range.start < range.end)
			return true;
	}
	return false;
}

int efi_restrict_map(const void *descriptors, size_t size, size_t descriptor_size,
		     struct boot_info *info)
{
	struct efi_map map = {descriptors, descriptor_size, 0};
	unsigned int nr_map = info->nr_map; /* the loader's entries */
	phys_addr_t absent, usable;

	if (descriptor_size < EFI_DESCRIPTOR_SIZE || descriptor_size > EFI_MAX_DESCRIPTOR_SIZE ||
	    descriptor_size % 8 != 0 || size / descriptor_size > EFI_MAX_DESCRIPTORS)
		return -EINVAL;
	map.nr = (unsigned int)(size / descriptor_size);
	if (!any_usable(&map))
		return -EINVAL;

	absent = reserve_absent(&map, info);
	usable = add_unusable(&map, nr_map, info);
	pr_info("EFI: %u descriptors, %llu KiB usable", map.nr, (unsigned long long)usable / KiB);
	if (absent)
		pr_warn("EFI: its map does not mention %llu KiB that the loader calls usable",
			(unsigned long long)absent / KiB);
	return 0;
}
