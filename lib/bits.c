/* SPDX-License-Identifier: MIT */
/*
 * bits.c - runs of bits in a bitmap, a word at a time.
 */
#include <lib/bits.h>

/* The bits of word `word` that lie in [start, end). */
static unsigned long run_mask(unsigned long word, unsigned long start, unsigned long end)
{
	unsigned long first = word * BITS_PER_LONG, mask = ~0UL;

	if (start > first)
		mask &= ~0UL << (start - first);
	if (end < first + BITS_PER_LONG)
		mask &= BIT(end - first) - 1;
	return mask;
}

void bitmap_set(unsigned long *map, unsigned long start, unsigned long count)
{
	unsigned long end = start + count;

	for (unsigned long word = start / BITS_PER_LONG; word * BITS_PER_LONG < end; word++)
		map[word] |= run_mask(word, start, end);
}

void bitmap_clear(unsigned long *map, unsigned long start, unsigned long count)
{
	unsigned long end = start + count;

	for (unsigned long word = start / BITS_PER_LONG; word * BITS_PER_LONG < end; word++)
		map[word] &= ~run_mask(word, start, end);
}

/* The first bit in [start, size) that differs from `inverted`'s bits. */
static unsigned long find_next(const unsigned long *map, unsigned long size, unsigned long start,
			       unsigned long inverted)
{
	if (start >= size)
		return size;
	for (unsigned long word = start / BITS_PER_LONG; word * BITS_PER_LONG < size; word++) {
		unsigned long bits = (map[word] ^ inverted) & run_mask(word, start, size);

		if (bits)
			return word * BITS_PER_LONG + lowest_bit(bits);
	}
	return size;
}

unsigned long find_next_bit(const unsigned long *map, unsigned long size, unsigned long start)
{
	return find_next(map, size, start, 0);
}

unsigned long find_next_zero_bit(const unsigned long *map, unsigned long size, unsigned long start)
{
	return find_next(map, size, start, ~0UL);
}

/* Adds neighbouring bits, then pairs, then fours: no instruction for it is promised everywhere. */
static unsigned long word_weight(unsigned long word)
{
	word -= (word >> 1) & 0x5555555555555555UL;
	word = (word & 0x3333333333333333UL) + ((word >> 2) & 0x3333333333333333UL);
	word = (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0fUL;
	return (word * 0x0101010101010101UL) >> 56;
}

unsigned long bitmap_weight(const unsigned long *map, unsigned long size)
{
	unsigned long weight = 0;

	for (unsigned long word = 0; word * BITS_PER_LONG < size; word++)
		weight += word_weight(map[word] & run_mask(word, 0, size));
	return weight;
}
