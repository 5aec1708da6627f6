/* SPDX-License-Identifier: MIT */
/*
 * lib/overflow.h - sizes that saturate: what does not fit is SIZE_MAX, which no allocator serves.
 *
 * n * size computed plainly wraps, and the short buffer that comes of it is written beyond its end. Here a
 * size that is too large stays too large, through any further sums:
 *
 *	kmalloc(struct_size(table, entry, n), gfp)	header and n entries, or NULL
 *	kmalloc(size_add(sizeof(*h), length), gfp)	header and text, or NULL
 *
 * All are pure and usable anywhere. (Linux: include/linux/overflow.h)
 */
#pragma once

#include <lib/types.h>

static inline size_t __must_check size_mul(size_t a, size_t b)
{
	size_t product;

	return __builtin_mul_overflow(a, b, &product) ? SIZE_MAX : product;
}

static inline size_t __must_check size_add(size_t a, size_t b)
{
	size_t sum;

	return __builtin_add_overflow(a, b, &sum) ? SIZE_MAX : sum;
}

/* A difference has no size when it would be negative, or when either side has none. */
static inline size_t __must_check size_sub(size_t a, size_t b)
{
	return a == SIZE_MAX || b == SIZE_MAX || b > a ? SIZE_MAX : a - b;
}

static inline size_t __must_check array_size(size_t n, size_t size)
{
	return size_mul(n, size);
}

static inline size_t __must_check array3_size(size_t a, size_t b, size_t size)
{
	return size_mul(size_mul(a, b), size);
}

/* Bytes of n entries of a flexible array member; of the structure that ends with them. A macro, as it takes a member's name. */
#define flex_array_size(pointer, member, n) size_mul(n, sizeof(*(pointer)->member))
#define struct_size(pointer, member, n)                                                            \
	size_add(sizeof(*(pointer)), flex_array_size(pointer, member, n))
