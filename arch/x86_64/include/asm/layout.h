/* SPDX-License-Identifier: MIT */
/*
 * asm/layout.h - the kernel's half of the 48-bit address space; with five levels the same addresses, in the last entry of the root.
 *
 *	ffff8800'00000000  direct map	64 TiB
 *	ffffc900'00000000  vmalloc	32 TiB
 *	ffffea00'00000000  vmemmap	 1 TiB	32 bytes for each page of 128 TiB
 *	fffffe80'00000000  kmap		512 GiB, one entry of the root
 *	ffffff00'00000000  percpu	512 GiB, one entry of the root
 *	ffffffff'80000000  image	 1 GiB	the last entry of the root, as the fixmap
 *	ffffffff'c0000000  fixmap	to 2 MiB below the top: what wraps around 0 faults
 *
 * Between any two regions lies at least one address that is never mapped, but
 * for kmap and percpu, whose own guard pages part them.
 */
#pragma once

#include <lib/types.h>

/* 5 on a CPU with LA57: start.S turned it on. */
extern unsigned int x86_pt_levels;

static inline uintptr_t arch_region_base(enum arch_region region)
{
	switch (region) {
	case REGION_DIRECT_MAP:
		return 0xffff880000000000;
	case REGION_VMALLOC:
		return 0xffffc90000000000;
	case REGION_VMEMMAP:
		return 0xffffea0000000000;
	case REGION_KMAP:
		return 0xfffffe8000000000;
	case REGION_PERCPU:
		return 0xffffff0000000000;
	case REGION_IMAGE:
		return 0xffffffff80000000;
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
		return 64 * TiB;
	case REGION_VMALLOC:
		return 32 * TiB;
	case REGION_VMEMMAP:
		return 1 * TiB;
	case REGION_KMAP:
	case REGION_PERCPU:
		return 512 * GiB;
	case REGION_IMAGE:
		return 1 * GiB;
	case REGION_FIXMAP:
		return 1 * GiB - 2 * MiB;
	default:
		return 0;
	}
}

static inline unsigned int arch_pt_levels(void)
{
	return x86_pt_levels;
}
