/* SPDX-License-Identifier: MIT */
/*
 * mm/early.h - the early floor as the floors above see it.
 */
#pragma once

#include <lib/firmware/boot_info.h>

/*
 * From the firmware's map to memblock: sanitise, clip at what the CPU and the direct map can reach, drop page 0 and on x86 the low
 * megabyte, reserve all boot data, before the first allocation. With no usable memory it says why and
 * halts with HALT_NO_MEMORY. Obeys mem= and highmem= on the command line.
 */
void early_init(const struct boot_info *boot);

/* RAM from here up is not in the direct map (highmem=SIZE); at most arch_direct_map_end(). Page aligned. */
phys_addr_t early_high_memory_start(void);

/* The next free range of whole pages, in [start_pfn, end_pfn), nid its node; false behind the last. The buddy pulls these. */
bool early_next_free_range(unsigned long *cursor, unsigned long *start_pfn, unsigned long *end_pfn,
			   int *nid);

/*
 * From the first call on early allocation is a CHECK. Each call yields one range that early itself stood on
 * (bitmaps, grown arrays nobody needs any more); false when there is none left.
 */
bool early_close(unsigned long *start_pfn, unsigned long *end_pfn);
bool early_is_closed(void);

/* For `memmap` and /proc/iomem: the sanitised firmware map, and the boot data's reservations. */
const struct boot_info *early_boot_info(void);
const struct memory_map *early_memory_map(void);
