/* SPDX-License-Identifier: MIT */
/* slab_floor.h - what stands below the slabs while they are fuzzed; for slab_fuzz.c. */
#pragma once

#include <lib/types.h>

#define FLOOR_FIRST  1024U /* the first frame; the arena has four blocks of the largest order */
#define FLOOR_FRAMES 4096U

/* Memory where the direct map and the array of struct page are. */
void floor_init(void);

extern unsigned int floor_taken;  /* frames that are in somebody's hands */
extern unsigned int floor_areas;  /* per-CPU areas */
extern unsigned int floor_refuse; /* this request for pages from now on is refused; 0: none */

/* Is the frame of this address in somebody's hands? */
bool floor_is_taken(const void *address);
