/* SPDX-License-Identifier: MIT */
/*
 * arch/layout.h - page size, and where the regions of the kernel's address space lie.
 *
 * Regions are functions, not macros, so that the hosted machine and tests can
 * move them; with constant bodies they cost nothing. Ranges never overlap; only the fixmap may share a
 * top-level page-table entry with the image (on the hosted machine all regions but the image share one).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define PAGE_SHIFT    12 /* the same on every port: 4 KiB */
#define PAGE_SIZE     (1UL << PAGE_SHIFT)
#define PAGE_MASK     (~(PAGE_SIZE - 1))
#define PT_INDEX_BITS 9 /* a table page holds 2^9 entries of 8 bytes */
#define PT_ENTRIES    (1U << PT_INDEX_BITS)

enum arch_region {
	REGION_DIRECT_MAP, /* all low RAM at a fixed distance, largest leaves */
	REGION_VMALLOC,	   /* vmalloc and ioremap, 4 KiB leaves, guard pages */
	REGION_VMEMMAP,	   /* the sparse array of struct page */
	REGION_KMAP,	   /* windows onto high memory */
	REGION_PERCPU,	   /* dynamic per-CPU chunks */
	REGION_IMAGE,	   /* the kernel's text and data */
	REGION_FIXMAP,	   /* compile-time slots, grows down from its end */
	NR_REGIONS,
};

static inline uintptr_t arch_region_base(enum arch_region region);
static inline size_t arch_region_size(enum arch_region region);

/* How many levels the CPU walks, 4 or 5 (hosted: 4); level 0 is the page level. */
static inline unsigned int arch_pt_levels(void);

#include <asm/layout.h>
