/* SPDX-License-Identifier: MIT */
/*
 * firmware/pvh.h - the start info of Xen's PVH boot protocol.
 *
 * Layout: xen/include/public/arch-x86/hvm/start_info.h. Each call takes the bytes
 * of one structure, reads nothing outside them and believes none. Addresses in it are physical; the caller maps.
 */
#pragma once

#include <lib/firmware/boot_info.h>

#define PVH_MAGIC	    0x336ec578U
#define PVH_START_INFO_SIZE 56 /* version 1 */
#define PVH_MAP_ENTRY_SIZE  24
#define PVH_MODULE_SIZE	    32

/* No machine has that many; a greater number is a lie. */
#define PVH_MAX_MAP_ENTRIES (128 * 1024)
#define PVH_MAX_MODULES	    64

struct pvh_start_info {
	uint32_t version;
	uint32_t nr_modules;
	uint64_t modules_pa, command_line_pa, rsdp_pa, map_pa;
	uint32_t nr_map;
};

/* 0; -EINVAL: bad magic, too short, version 0 (which has no memory map), or numbers beyond the limits above. */
int pvh_parse_start_info(const void *bytes, size_t size, struct pvh_start_info *start);

/* Adds the entries to info->map; returns how many were read: as many whole ones as `size` holds. */
unsigned int pvh_parse_map(const void *bytes, size_t size, struct boot_info *info);

/* Module 0 is the initrd: sets info->initrd_*. -EINVAL when it wraps or is empty. */
int pvh_parse_module(const void *bytes, size_t size, struct boot_info *info);

/* An e820 type number as PVH and multiboot2 give it. Unknown is MEMORY_RESERVED, 0 is MEMORY_NONE. */
enum memory_type e820_memory_type(uint32_t type);
