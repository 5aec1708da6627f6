/* SPDX-License-Identifier: MIT */
/*
 * impl.h - a chunk, and what the files of mm/percpu share; percpu.c holds the theory.
 */
#pragma once

#include <arch/layout.h>
#include <lib/bits.h>
#include <lib/spinlock.h>
#include <mm/percpu.h>

#define UNIT_SIZE   (64 * KiB)
#define UNIT_PAGES  (UNIT_SIZE / PAGE_SIZE)
#define GRAIN_SIZE  8UL /* bytes that one bit stands for */
#define UNIT_GRAINS (UNIT_SIZE / GRAIN_SIZE)
#define PAGE_GRAINS (PAGE_SIZE / GRAIN_SIZE)
#define CHUNKS_MAX  4096

/* In the page of the chunk that no CPU has. */
struct percpu_chunk {
	unsigned int index;
	unsigned int free_grains;
	unsigned int first_free;   /* no grain below it is free */
	unsigned int refused;	   /* no run of so many grains was found since the last free */
	unsigned int populated;	   /* one bit a page: mapped, for every CPU */
	uint16_t used[UNIT_PAGES]; /* taken grains of each page */
	unsigned long taken[BITS_TO_LONGS(UNIT_GRAINS)];
	unsigned long start[BITS_TO_LONGS(UNIT_GRAINS)]; /* where an area starts */
};
static_assert(sizeof(struct percpu_chunk) <= PAGE_SIZE, "a chunk describes itself in one page");

/*
 * A row is one page of a chunk, for every CPU. Protected by percpu_lock; `empty_rows` and a chunk's
 * `populated` are looked at without it too.
 */
struct percpu_totals {
	unsigned long grains;		/* in areas, the static one too */
	unsigned long rows, empty_rows; /* populated ones, and those of them with no taken grain */
};

extern spinlock_t percpu_lock; /* bitmaps, totals, which chunks exist */
extern struct percpu_totals percpu_totals;

/* The caller holds percpu_lock. */
static inline void empty_rows_set(unsigned long nr)
{
	WRITE_ONCE(percpu_totals.empty_rows, nr);
}

extern unsigned int percpu_nr_areas;

/* The first unit is a guard: what runs off the region below ends there. */
static inline uintptr_t chunks_base(void)
{
	return arch_region_base(REGION_PERCPU) + UNIT_SIZE;
}

/* The first address that the CPU has of a chunk; cpu == nr_possible_cpus(): the chunk's own unit. */
static inline uintptr_t unit_address(unsigned int chunk, unsigned int cpu)
{
	return chunks_base() + ((uintptr_t)chunk * (percpu_nr_areas + 1) + cpu) * UNIT_SIZE;
}

/* Which chunks exist. Set under percpu_lock and map_lock, read under either. */
extern unsigned long percpu_existing[BITS_TO_LONGS(CHUNKS_MAX)];

/* The chunk of that number, or NULL; the lowest from `index` up. */
static inline struct percpu_chunk *chunk_find(unsigned int index)
{
	if (index >= CHUNKS_MAX || !bitmap_test(percpu_existing, index))
		return NULL;
	return (struct percpu_chunk *)unit_address(index, percpu_nr_areas);
}
struct percpu_chunk *chunk_next(unsigned int index);

/* chunk.c: bits only. The caller holds percpu_lock. */
unsigned int chunk_take(struct percpu_chunk *chunk, unsigned int nr, unsigned int align,
			bool populated_only);
unsigned int chunk_give(struct percpu_chunk *chunk, unsigned int grain);
void chunk_mark_row(struct percpu_chunk *chunk, unsigned int page, bool taken);

/* The pages that an area lies in, one bit each. */
static inline unsigned int area_pages(unsigned int grain, unsigned int nr)
{
	unsigned int first = grain / PAGE_GRAINS, last = (grain + nr - 1) / PAGE_GRAINS;

	return (2U << last) - (1U << first);
}

/* populate.c. Task context. */
bool chunk_create(gfp_t gfp);
bool chunk_populate(struct percpu_chunk *chunk, unsigned int pages, gfp_t gfp);
void chunk_map_static(size_t template_size);
