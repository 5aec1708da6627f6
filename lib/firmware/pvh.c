/* SPDX-License-Identifier: MIT */
/*
 * pvh.c - read what a PVH loader left in memory.
 *
 * PICTURE	offsets in struct hvm_start_info, version 1; all little-endian
 *
 *	 0 magic   4 version   8 flags      12 nr_modules
 *	16 modules_pa         24 command_line_pa
 *	32 rsdp_pa            40 map_pa
 *	48 nr_map             52 zero
 *
 *	A map entry is	  { u64 start, u64 size, u32 type, u32 zero }
 *	and a module	  { u64 start, u64 size, u64 command_line_pa, u64 zero }.
 *
 * FLOOR	lib; pure.
 */
#include <lib/firmware/pvh.h>

#include <lib/errno.h>
#include <lib/firmware/bytes.h>
#include <lib/printk.h>

int pvh_parse_start_info(const void *bytes, size_t size, struct pvh_start_info *start)
{
	const uint8_t *p = bytes;

	if (size < PVH_START_INFO_SIZE || le32_at(p) != PVH_MAGIC) {
		pr_err("PVH: no start info here");
		return -EINVAL;
	}
	*start = (struct pvh_start_info){
		.version = le32_at(p + 4),
		.nr_modules = le32_at(p + 12),
		.modules_pa = le64_at(p + 16),
		.command_line_pa = le64_at(p + 24),
		.rsdp_pa = le64_at(p + 32),
		.map_pa = le64_at(p + 40),
		.nr_map = le32_at(p + 48),
	};
	if (start->version == 0) {
		pr_err("PVH: start info of version 0 has no memory map");
		return -EINVAL;
	}
	if (start->nr_map > PVH_MAX_MAP_ENTRIES) {
		pr_err("PVH: a memory map of %u entries cannot be true", start->nr_map);
		return -EINVAL;
	}
	if (start->nr_modules > PVH_MAX_MODULES) {
		pr_warn("PVH: %u modules cannot be true, all are ignored", start->nr_modules);
		start->nr_modules = 0;
	}
	return 0;
}

enum memory_type e820_memory_type(uint32_t type)
{
	switch (type) {
	case 0:
		return MEMORY_NONE;
	case 1:
		return MEMORY_USABLE;
	case 3:
		return MEMORY_ACPI;
	case 4:
		return MEMORY_NVS;
	case 5:
		return MEMORY_UNUSABLE;
	default:
		return MEMORY_RESERVED;
	}
}

unsigned int pvh_parse_map(const void *bytes, size_t size, struct boot_info *info)
{
	const uint8_t *p = bytes;
	unsigned int nr = size / PVH_MAP_ENTRY_SIZE;

	for (unsigned int i = 0; i < nr; i++, p += PVH_MAP_ENTRY_SIZE) {
		uint32_t type = le32_at(p + 16);

		boot_info_add_range(info, le64_at(p), le64_at(p + 8), e820_memory_type(type),
				    SOURCE_PVH, type);
	}
	return nr;
}

int pvh_parse_module(const void *bytes, size_t size, struct boot_info *info)
{
	const uint8_t *p = bytes;
	phys_addr_t start, end;

	if (size < PVH_MODULE_SIZE)
		return -EINVAL;
	start = le64_at(p);
	end = start + le64_at(p + 8);
	if (end <= start) {
		pr_warn("PVH: the initrd at %#llx is empty or wraps, ignored",
			(unsigned long long)start);
		info->dropped++;
		return -EINVAL;
	}
	info->initrd_start = start;
	info->initrd_end = end;
	return 0;
}
