/* SPDX-License-Identifier: MIT */
/*
 * lib/bits.h - powers of two, and bitmaps of unsigned long.
 *
 * A bitmap of n bits is an array of BITS_TO_LONGS(n) words; bit i is bit
 * i % 64 of word i / 64. None of the plain calls is atomic: the caller holds
 * whatever protects the map. Any context.
 */
#pragma once

#include <lib/types.h>

#define BITS_PER_LONG	 64
#define BITS_TO_LONGS(n) DIV_ROUND_UP((n), BITS_PER_LONG)
#define BIT(n)		 (1UL << (n))

static inline bool is_power_of_2(unsigned long n)
{
	return n != 0 && (n & (n - 1)) == 0;
}

/* The index of the highest set bit: ilog2(1) = 0, ilog2(4096) = 12; ilog2(0) is undefined. */
static inline unsigned int ilog2(unsigned long n)
{
	return BITS_PER_LONG - 1 - (unsigned int)__builtin_clzl(n);
}

/* The index of the lowest set bit; undefined for 0. */
static inline unsigned int lowest_bit(unsigned long n)
{
	return (unsigned int)__builtin_ctzl(n);
}

/* The least power of two that is at least n; n from 1 to 2^63. */
static inline unsigned long roundup_pow_of_two(unsigned long n)
{
	return n <= 1 ? 1 : 1UL << (ilog2(n - 1) + 1);
}

static inline bool bitmap_test(const unsigned long *map, unsigned long bit)
{
	return map[bit / BITS_PER_LONG] >> (bit % BITS_PER_LONG) & 1;
}

static inline void bitmap_set_bit(unsigned long *map, unsigned long bit)
{
	map[bit / BITS_PER_LONG] |= BIT(bit % BITS_PER_LONG);
}

static inline void bitmap_clear_bit(unsigned long *map, unsigned long bit)
{
	map[bit / BITS_PER_LONG] &= ~BIT(bit % BITS_PER_LONG);
}

/* Set or clear the `count` bits from `start`, a word at a time where whole words are covered. */
void bitmap_set(unsigned long *map, unsigned long start, unsigned long count);
void bitmap_clear(unsigned long *map, unsigned long start, unsigned long count);

/* The first set (zero) bit in [start, size), or `size` when there is none. */
unsigned long find_next_bit(const unsigned long *map, unsigned long size, unsigned long start);
unsigned long find_next_zero_bit(const unsigned long *map, unsigned long size, unsigned long start);

/* How many of the first `size` bits are set. */
unsigned long bitmap_weight(const unsigned long *map, unsigned long size);
