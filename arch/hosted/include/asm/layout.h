/* SPDX-License-Identifier: MIT */
/*
 * asm/layout.h - the hosted machine's address space, inside a Linux process.
 *
 *	7e80 0000 0000	direct map   256 GiB
 *	7ec0 0000 0000	vmalloc       64 GiB
 *	7ed0 0000 0000	vmemmap       16 GiB
 *	7ed8 0000 0000	kmap           1 GiB
 *	7ee0 0000 0000	percpu        64 GiB
 *	7eff ffc0 0000	fixmap         4 MiB
 *	image		where the linker put it; its own top-level entry
 *
 * Plain, ASan and TSan builds all leave [7e80 0000 0000, 7f00 0000 0000) alone. It is one
 * top-level entry: unlike on real machines all regions but the image share it.
 */
#pragma once

#include <lib/sections.h>

#define HOSTED_VA_START 0x7e8000000000UL
#define HOSTED_VA_END	0x7f0000000000UL

struct hosted_region {
	uintptr_t base;
	size_t size;
};

static inline struct hosted_region hosted_region(enum arch_region region)
{
	switch (region) {
	case REGION_DIRECT_MAP:
		return (struct hosted_region){0x7e8000000000UL, 0x4000000000UL};
	case REGION_VMALLOC:
		return (struct hosted_region){0x7ec000000000UL, 0x1000000000UL};
	case REGION_VMEMMAP:
		return (struct hosted_region){0x7ed000000000UL, 0x400000000UL};
	case REGION_KMAP:
		return (struct hosted_region){0x7ed800000000UL, 0x40000000UL};
	case REGION_PERCPU:
		return (struct hosted_region){0x7ee000000000UL, 0x1000000000UL};
	case REGION_IMAGE:
		return (struct hosted_region){(uintptr_t)image_start,
					      (size_t)(image_end - image_start)};
	case REGION_FIXMAP:
		return (struct hosted_region){0x7effffc00000UL, 0x400000UL};
	default:
		return (struct hosted_region){0, 0};
	}
}

static inline uintptr_t arch_region_base(enum arch_region region)
{
	return hosted_region(region).base;
}

static inline size_t arch_region_size(enum arch_region region)
{
	return hosted_region(region).size;
}

static inline unsigned int arch_pt_levels(void)
{
	return 4;
}
