/* SPDX-License-Identifier: MIT */
/*
 * chunk.c - areas as runs of bits: found, taken, given back.
 *
 * THE IDEA
 *	One bit stands for 8 bytes of every CPU's unit. Two bitmaps say all: `taken`, and `start`,
 *	the first grain of each area. An area ends where the next one starts or a free grain is.
 *
 * PICTURE	areas of 24 and 16 bytes, 8 bytes free, one of 8 bytes
 *
 *	taken	1 1 1 1 1 0 1 0
 *	start	1 0 0 1 0 0 1 0
 *
 * LOCKING	The caller holds percpu_lock.
 * COST		A search reads a word for 64 grains, from the first that may be free.
 * FLOOR	percpu.
 * LINUX	mm/percpu.c: pcpu_find_block_fit(), pcpu_alloc_area(), pcpu_free_area(). Linux keeps hints
 *		by block, and a list of chunks for each size that may still fit.
 */
#include "impl.h"

#include <lib/check.h>

static const unsigned int none = UNIT_GRAINS;

/* The first page of the area that is not populated; UNIT_PAGES when all are. */
static unsigned int first_missing(const struct percpu_chunk *chunk, unsigned int grain,
				  unsigned int nr)
{
	unsigned int missing = area_pages(grain, nr) & ~chunk->populated;

	return missing ? lowest_bit(missing) : UNIT_PAGES;
}

/* The grains of one word, when the run lies in one: the common case, without a search. */
static inline bool run_is_free(const struct percpu_chunk *chunk, unsigned long start,
			       unsigned int nr, unsigned long *taken)
{
	unsigned int bit = start % BITS_PER_LONG;

	if (bit + nr <= BITS_PER_LONG) {
		unsigned long bits = chunk->taken[start / BITS_PER_LONG] >> bit << bit;

		bits = bits << (BITS_PER_LONG - bit - nr) >> (BITS_PER_LONG - bit - nr);
		*taken = bits ? ALIGN_DOWN(start, BITS_PER_LONG) + lowest_bit(bits) : start + nr;
	} else {
		*taken = find_next_bit(chunk->taken, start + nr, start);
	}
	return *taken >= start + nr;
}

/* Where `nr` free grains begin at a multiple of `align`, or `none`. */
static unsigned int find_run(const struct percpu_chunk *chunk, unsigned int nr, unsigned int align,
			     bool populated_only)
{
	unsigned long start = chunk->first_free, end;
	unsigned int page;

	for (;;) {
		if (start == UNIT_GRAINS || bitmap_test(chunk->taken, start))
			start = find_next_zero_bit(chunk->taken, UNIT_GRAINS, start);
		start = ALIGN_UP(start, align);
		if (start + nr > UNIT_GRAINS)
			return none;
		if (!run_is_free(chunk, start, nr, &end)) {
			start = end + 1;
			continue;
		}
		page = populated_only ? first_missing(chunk, (unsigned int)start, nr) : UNIT_PAGES;
		if (page == UNIT_PAGES)
			return (unsigned int)start;
		start = (page + 1) * PAGE_GRAINS;
	}
}

static inline void page_count_used(struct percpu_chunk *chunk, unsigned int page, int change)
{
	bool was_empty = chunk->used[page] == 0, is_empty;

	chunk->used[page] = (uint16_t)(chunk->used[page] + change);
	is_empty = chunk->used[page] == 0;
	ASSERT(chunk->used[page] <= PAGE_GRAINS);
	if (unlikely(was_empty != is_empty) && chunk->populated & 1U << page)
		empty_rows_set(was_empty ? percpu_totals.empty_rows - 1
					 : percpu_totals.empty_rows + 1);
}

/* Count `nr` grains from `grain` on into the pages that they lie in; `sign` is 1 or -1. */
static inline void count_used(struct percpu_chunk *chunk, unsigned int grain, unsigned int nr,
			      int sign)
{
	unsigned int page = grain / PAGE_GRAINS, left = PAGE_GRAINS - grain % PAGE_GRAINS;

	for (; unlikely(nr > left); page++, nr -= left, left = PAGE_GRAINS)
		page_count_used(chunk, page, sign * (int)left);
	page_count_used(chunk, page, sign * (int)nr);
}

/* All bits of a run, which are now as `taken` is not. */
static inline void run_flip(struct percpu_chunk *chunk, unsigned int grain, unsigned int nr,
			    bool taken)
{
	unsigned int bit = grain % BITS_PER_LONG;

	if (likely(bit + nr <= BITS_PER_LONG))
		chunk->taken[grain / BITS_PER_LONG] ^= ~0UL >> (BITS_PER_LONG - nr) << bit;
	else if (taken)
		bitmap_set(chunk->taken, grain, nr);
	else
		bitmap_clear(chunk->taken, grain, nr);
}

/* The length of the area that starts there. */
static inline unsigned int area_grains(const struct percpu_chunk *chunk, unsigned int grain)
{
	unsigned int word = (grain + 1) / BITS_PER_LONG, bit = (grain + 1) % BITS_PER_LONG;
	unsigned long ends;

	if (grain + 1 == UNIT_GRAINS)
		return 1;
	ends = (~chunk->taken[word] | chunk->start[word]) >> bit << bit;
	while (!ends && ++word < ARRAY_SIZE(chunk->taken))
		ends = ~chunk->taken[word] | chunk->start[word];
	return (ends ? word * BITS_PER_LONG + lowest_bit(ends) : UNIT_GRAINS) - grain;
}

unsigned int chunk_take(struct percpu_chunk *chunk, unsigned int nr, unsigned int align,
			bool populated_only)
{
	unsigned int grain;

	if (nr > chunk->free_grains || nr >= chunk->refused)
		return none;
	grain = find_run(chunk, nr, align, populated_only);
	if (grain == none) {
		if (align == 1 && !populated_only)
			chunk->refused = nr;
		return none;
	}
	run_flip(chunk, grain, nr, true);
	bitmap_set_bit(chunk->start, grain);
	chunk->free_grains -= nr;
	if (grain == chunk->first_free)
		chunk->first_free = grain + nr;
	count_used(chunk, grain, nr, 1);
	percpu_totals.grains += nr;
	return grain;
}

unsigned int chunk_give(struct percpu_chunk *chunk, unsigned int grain)
{
	unsigned int nr = area_grains(chunk, grain);

	ASSERT(bitmap_test(chunk->start, grain) && nr + grain <= UNIT_GRAINS);
	run_flip(chunk, grain, nr, false);
	bitmap_clear_bit(chunk->start, grain);
	chunk->free_grains += nr;
	chunk->first_free = min(chunk->first_free, grain);
	chunk->refused = UNIT_GRAINS + 1;
	count_used(chunk, grain, nr, -1);
	percpu_totals.grains -= nr;
	return nr;
}

/* All of an empty page taken as if by an area, so that the area in front of it ends there; or free again. */
void chunk_mark_row(struct percpu_chunk *chunk, unsigned int page, bool taken)
{
	unsigned int grain = page * PAGE_GRAINS;

	if (taken) {
		ASSERT(chunk->used[page] == 0);
		bitmap_set(chunk->taken, grain, PAGE_GRAINS);
		bitmap_set_bit(chunk->start, grain);
		chunk->free_grains -= PAGE_GRAINS;
	} else {
		bitmap_clear(chunk->taken, grain, PAGE_GRAINS);
		bitmap_clear_bit(chunk->start, grain);
		chunk->free_grains += PAGE_GRAINS;
		chunk->first_free = min(chunk->first_free, grain);
		chunk->refused = UNIT_GRAINS + 1;
	}
}
