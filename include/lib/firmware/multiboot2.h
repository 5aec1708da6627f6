/* SPDX-License-Identifier: MIT */
/*
 * firmware/multiboot2.h - the information block that GRUB leaves.
 *
 * Source: Multiboot2 Specification 2.0, 3.6 (Boot information format). Everything is in one block of
 * tags, strings and copies of the ACPI root pointers included; only modules lie outside.
 * Nothing outside the block is read and nothing in it is believed.
 */
#pragma once

#include <lib/firmware/boot_info.h>

#define MULTIBOOT2_HEADER_SIZE 8	 /* total size, reserved */
#define MULTIBOOT2_MAX_SIZE    (1 * MiB) /* GRUB's blocks have some KiB; a longer one is a lie */

/*
 * The whole size of the block at `pa` whose first bytes these are. -EINVAL: pa is not a
 * multiple of 8, `size` or the block is shorter than a header, or the block longer than MULTIBOOT2_MAX_SIZE.
 */
long multiboot2_block_size(phys_addr_t pa, const void *header, size_t size);

/*
 * Reads every tag of a whole block into `info`: command line, loader, modules (the first that makes sense is
 * the initrd, the others are reserved), memory map, framebuffer, ACPI root, EFI map. A
 * tag that makes no sense costs itself, one whose size is wrong also those behind it; each with a message and
 * counted in info->dropped. 0, or -EINVAL when the block's own size is not between a header's and `size`.
 */
int multiboot2_parse(const void *bytes, size_t size, struct boot_info *info);
