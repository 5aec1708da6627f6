/* SPDX-License-Identifier: MIT */
/*
 * bits.c - runs of bits in a bitmap, a word at a time.
 */
#include <lib/bits.h>

/* The bits from `start` on in start's word, and those below `end` in the word of the last bit. */
static unsigned long head_mask(unsigned long start)
{
	return ~0UL << start % BITS_PER_LONG;
}

static unsigned long tail_mask(unsigned long end)
{
	return ~0UL >> -end % BITS_PER_LONG;
}

void bitmap_set(unsigned long *map, unsigned long start, unsigned long count)
{
	unsigned long end = start + count, word = start / BITS_PER_LONG;
	unsigned long last = (end - 1) / BITS_PER_LONG, mask = head_mask(start);

	if (count == 0)
		return;
	for (; word < last; word++) {
		map[word] |= mask;
		mask = ~0UL;
	}
	map[last] |= mask & tail_mask(end);
}

void bitmap_clear(unsigned long *map, unsigned long start, unsigned long count)
{
	unsigned long end = start + count, word = start / BITS_PER_LONG;
	unsigned long last = (end - 1) / BITS_PER_LONG, mask = head_mask(start);

	if (count == 0)
		return;
	for (; word < last; word++) {
		map[word] &= ~mask;
		mask = ~0UL;
	}
	map[last] &= ~(mask & tail_mask(end));
}

/* Four at a turn: the early maps of a large machine are thousands of words of one kind. */
static unsigned long skip_words(const unsigned long *map, unsigned long word, unsigned long end,
				unsigned long value)
{
	while (word + 4 <= end && !((map[word] ^ value) | (map[word + 1] ^ value) |
				    (map[word + 2] ^ value) | (map[word + 3] ^ value)))
		word += 4;
	return word;
}

/* The first bit in [start, size) that differs from `inverted`'s bits. What lies behind `size` in its word is not believed. */
static unsigned long find_next(const unsigned long *map, unsigned long size, unsigned long start,
			       unsigned long inverted)
{
	unsigned long word = start / BITS_PER_LONG, end = BITS_TO_LONGS(size), bits;

	if (start >= size)
		return size;
	bits = (map[word] ^ inverted) & head_mask(start);
	if (!bits)
		word = skip_words(map, word + 1, end, inverted) - 1;
	while (!bits && ++word < end)
		bits = map[word] ^ inverted;
	return bits ? min(word * BITS_PER_LONG + lowest_bit(bits), size) : size;
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
	unsigned long weight = 0, whole = size / BITS_PER_LONG;

	for (unsigned long word = 0; word < whole; word++)
		weight += word_weight(map[word]);
	if (size % BITS_PER_LONG)
		weight += word_weight(map[whole] & tail_mask(size));
	return weight;
}
