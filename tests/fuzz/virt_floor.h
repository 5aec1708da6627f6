/* SPDX-License-Identifier: MIT */
/* virt_floor.h - what stands below mm/virt while it is fuzzed; for virt_fuzz.c. */
#pragma once

#include <mm/page.h>

/* Frames with struct pages: low ones in the direct map, then as many in high memory. The RAM of the machine. */
#define FLOOR_FIRST 1024U
#define FLOOR_LOW   2048U
#define FLOOR_HIGH  1024U
#define FLOOR_END   (FLOOR_FIRST + FLOOR_LOW + FLOOR_HIGH)

/* Memory where the direct map and the array of struct page are; tables that lead to the regions. */
void floor_init(void);

extern unsigned int floor_taken;   /* frames that are in somebody's hands */
extern unsigned int floor_objects; /* and objects of the slabs */
extern unsigned int
	floor_refuse; /* this request for pages or objects from now on is refused; 0: none */

bool floor_is_taken(unsigned long pfn);

/* Does the CPU still translate the address, to which frame? As an access would find it; 0: it faults. */
unsigned long floor_tlb_pfn(uintptr_t va);
