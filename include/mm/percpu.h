/* SPDX-License-Identifier: MIT */
/*
 * mm/percpu.h - memory behind per-CPU variables: the static ones, and those made on demand.
 *
 *	struct statistics *all = alloc_percpu(struct statistics);
 *
 *	this_cpu_inc(all->packets);
 *	sum += per_cpu_ptr(all, cpu)->packets;
 *	free_percpu(all);
 *
 * What alloc_percpu() gives is no address that may be used: it stands for one area a CPU, and only
 * per_cpu_ptr(), this_cpu_ptr() and this_cpu_*() of lib/percpu.h make addresses of it. (Linux: include/linux/percpu.h)
 */
#pragma once

#include <lib/percpu.h>
#include <lib/types.h>
#include <mm/gfp.h>

/* A copy of the static template for every possible CPU, from bootmem, on the CPU's node; this CPU moves to its own. */
void percpu_areas_init(unsigned int nr_cpus);

/* From here on areas can be made. After the handover. */
void percpu_init(void);

/* How many CPUs have an area. */
unsigned int nr_possible_cpus(void);

#define PERCPU_MAX_SIZE (32 * KiB)

/*
 * An area of `size` bytes for each possible CPU, zeroed, at a multiple of `align`; the least is 8. Size 0 or above 32 KiB, `align` no power
 * of two or above a page: one warning and NULL. NULL without memory. With a mask that may sleep: task context. Without: any
 * context, and served only from pages that are mapped already. (Linux: mm/percpu.c)
 */
void *__must_check __alloc_percpu_gfp(size_t size, size_t align, gfp_t gfp);
static inline void *__must_check __alloc_percpu(size_t size, size_t align)
{
	return __alloc_percpu_gfp(size, align, GFP_KERNEL);
}

#define alloc_percpu_gfp(type, gfp)                                                                \
	((typeof(type) *)__alloc_percpu_gfp(sizeof(type), __alignof__(type), gfp))
#define alloc_percpu(type) ((typeof(type) *)__alloc_percpu(sizeof(type), __alignof__(type)))

/* What is no area is reported and left alone; NULL does nothing. Any context. */
void free_percpu(const void *area);

/* Give pages and chunks that hold no area back. Task context, interrupts on; any while one CPU runs. */
void percpu_drain(void);

struct percpu_info {
	unsigned int unit_size;	     /* bytes of a chunk that a CPU has */
	unsigned long static_size;   /* bytes of the template */
	unsigned long chunks, areas; /* areas made on demand */
	unsigned long bytes;	     /* in these areas, of one CPU */
	unsigned long pages,
		meta_pages; /* of all CPUs, static areas included; and for the chunks' own bitmaps */
	unsigned long empty_pages; /* of `pages`: mapped, in no area */
};
void percpu_get_info(struct percpu_info *info);

/* Proves C1, C2, ...; says which failed. While nobody allocates. */
bool percpu_check(void);
