/* SPDX-License-Identifier: MIT */
/*
 * memory.c - copy, fill and compare bytes.
 *
 * Eight bytes at a time where both ends are aligned alike, single bytes
 * elsewhere: aarch64 allows no unaligned access while its MMU is off, and the
 * kernel moves whole pages with arch_page_clear() and arch_page_copy(). This file is
 * compiled without the optimisation that would turn its loops into calls of
 * themselves, and is left out of sanitized builds, whose runtime brings its own.
 */
#include <lib/string.h>

typedef uint64_t __attribute__((may_alias)) word_t;

static bool word_aligned(const void *a, const void *b)
{
	return (((uintptr_t)a | (uintptr_t)b) & (sizeof(word_t) - 1)) == 0;
}

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
	char *out = to;
	const char *in = from;

	if (word_aligned(out, in)) {
		for (; size >= sizeof(word_t); size -= sizeof(word_t)) {
			*(word_t *)out = *(const word_t *)in;
			out += sizeof(word_t);
			in += sizeof(word_t);
		}
	}
	while (size--)
		*out++ = *in++;
	return to;
}

void *memmove(void *to, const void *from, size_t size)
{
	char *out = to;
	const char *in = from;

	if ((uintptr_t)to - (uintptr_t)from >= size) /* the copy never runs into its source */
		return memcpy(to, from, size);
	while (size--)
		out[size] = in[size];
	return to;
}

void *memset(void *to, int byte, size_t size)
{
	char *out = to;
	word_t pattern = (uint8_t)byte * 0x0101010101010101UL;

	while (size && !word_aligned(out, out)) {
		*out++ = (char)byte;
		size--;
	}
	for (; size >= sizeof(word_t); size -= sizeof(word_t)) {
		*(word_t *)out = pattern;
		out += sizeof(word_t);
	}
	while (size--)
		*out++ = (char)byte;
	return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const uint8_t *left = a, *right = b;

	for (; size; size--, left++, right++)
		if (*left != *right)
			return *left - *right;
	return 0;
}
