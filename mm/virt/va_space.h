/* SPDX-License-Identifier: MIT */
/*
 * va_space.h - ranges of addresses taken out of a space, lowest place first. va_space.c holds the theory.
 *
 * The space knows nothing of memory or page tables, and allocates nothing: each range is the caller's.
 * The caller serialises. Addresses and sizes are multiples of a page.
 */
#pragma once

#include <lib/types.h>

/* A range that is taken, [start, end). Fields are va_space.c's; start and end may be read. */
struct va_range {
	uintptr_t start, end;
	size_t gap;	/* free bytes between the range below and this one */
	size_t max_gap; /* the largest gap in the subtree */
	struct va_range *left, *right, *parent;
	unsigned int height; /* of the subtree; a node alone has 1 */
};

struct va_space {
	uintptr_t base;
	struct va_range *root;
	struct va_range
		last; /* stands for the end of the space: its gap is what is free above all ranges */
	unsigned long nr_ranges;
	unsigned long steps; /* debug builds: nodes that searches have looked at */
};

/* All of [base, base + size) is free. */
void va_space_init(struct va_space *space, uintptr_t base, size_t size);

/*
 * Takes the lowest free place of `size` bytes at a multiple of `align`, a power of two of at least a page; fills
 * range->start and end. False when there is none. O(log ranges).
 */
bool __must_check va_space_alloc(struct va_space *space, struct va_range *range, size_t size,
				 size_t align);

void va_space_free(struct va_space *space, struct va_range *range);

/* The range that an address lies in, or else the nearest above; NULL behind the last one. O(log ranges). */
struct va_range *va_space_find(struct va_space *space, uintptr_t address);

/* The next range in order of address; NULL starts and ends. */
struct va_range *va_space_next(struct va_space *space, struct va_range *range);

/* Proves V1 to V4; says which failed. O(ranges). */
bool va_space_check(struct va_space *space);
