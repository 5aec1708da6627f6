/* SPDX-License-Identifier: MIT */
/*
 * firmware/efi.h - the memory map of a UEFI firmware, as a second opinion.
 *
 * Source: UEFI Specification 2.10, 7.2.3 (EFI_BOOT_SERVICES.GetMemoryMap) and table 7.10 (memory
 * after ExitBootServices, which the loader has called).
 */
#pragma once

#include <lib/firmware/boot_info.h>

#define EFI_DESCRIPTOR_SIZE	40 /* of version 1; firmware may give longer ones */
#define EFI_MAX_DESCRIPTOR_SIZE 4096
#define EFI_MAX_DESCRIPTORS	4096 /* the largest maps seen have some hundred */

/* What a descriptor's type and attributes say of its memory. */
enum memory_type efi_memory_type(uint32_t type, uint64_t attributes);

/*
 * Restricts the map in `info`: afterwards a byte of it is usable only if both say so. What EFI does not call usable is
 * added with its type, and what it does not mention, of a usable entry, as reserved; nothing is
 * added as usable. 0, or -EINVAL with nothing changed: sizes that cannot be, or nothing usable in all of it.
 * O(n^2) in the number of descriptors.
 */
int efi_restrict_map(const void *descriptors, size_t size, size_t descriptor_size,
		     struct boot_info *info);
