/* SPDX-License-Identifier: MIT */
/*
 * asm/layout.h - the regions in the upper half, 48 bits (TTBR1).
 *
 *	0xffff000000000000  direct map	128 TiB
 *	0xffff800000000000  vmalloc	 64 TiB
 *	0xffffc00000000000  vmemmap	 16 TiB
 *	0xffffd00000000000  kmap	512 GiB
 *	0xffffd80000000000  percpu	512 GiB
 *	0xffffe00000000000  image	  8 MiB
 *	0xffffffffc0000000  fixmap	  1 GiB less the last 2 MiB, so that its end is no zero
 *
 * Each but the last two starts an entry of the root table of its own.
 */
#pragma once

#include <asm/link.h>

static inline uintptr_t arch_region_base(enum arch_region region)
{
	switch (region) {
	case REGION_DIRECT_MAP:
		return 0xffff000000000000;
	case REGION_VMALLOC:
		return 0xffff800000000000;
	case REGION_VMEMMAP:
		return 0xffffc00000000000;
	case REGION_KMAP:
		return 0xffffd00000000000;
	case REGION_PERCPU:
		return 0xffffd80000000000;
	case REGION_IMAGE:
		return IMAGE_VA;
	case REGION_FIXMAP:
		return 0xffffffffc0000000;
	default:
		return 0;
	}
}

static inline size_t arch_region_size(enum arch_region region)
{
	switch (region) {
	case REGION_DIRECT_MAP:
		return 1UL << 47;
	case REGION_VMALLOC:
		return 1UL << 46;
	case REGION_VMEMMAP:
		return 1UL << 44;
	case REGION_KMAP:
	case REGION_PERCPU:
		return 1UL << 39;
	case REGION_IMAGE:
		return IMAGE_MAX_SIZE;
	case REGION_FIXMAP:
		return (1UL << 30) - (1UL << 21);
	default:
		return 0;
	}
}

static inline unsigned int arch_pt_levels(void)
{
	return 4;
}
