/* SPDX-License-Identifier: MIT */
/*
 * mm/bootmem.h - zeroed, mapped memory before the buddy exists: one bit a page.
 *
 * Between bootmem_init() and early_close(). One CPU, interrupts off. (Linux 2.6: mm/bootmem.c)
 */
#pragma once

#include <lib/types.h>

/*
 * One bitmap per node over memory that is in the direct map, at most 1 GiB in all; the rest stays in
 * memblock. The maps start all reserved, then memblock's free ranges inside are freed. Needs the direct map.
 */
void bootmem_init(void);

/* Give back whole pages inside [pa, pa+size): rounded inward. A free page, or size 0, is a CHECK. */
void free_bootmem(phys_addr_t pa, size_t size);

/* Take every page that [pa, pa+size) touches. Twice is tolerated; beyond the maps is a CHECK. */
void reserve_bootmem(phys_addr_t pa, size_t size);

/*
 * `size` bytes, zeroed, at a physical address that is a multiple of `align` (a power of two; 0 is a cache line), at or
 * above `goal` if possible, else anywhere. Small requests share a page. Size 0 is a CHECK. Panics with the numbers when
 * there is none; the _nopanic form returns NULL.
 */
void *__alloc_bootmem(size_t size, size_t align, phys_addr_t goal);
void *__alloc_bootmem_nopanic(size_t size, size_t align, phys_addr_t goal);
void *__alloc_bootmem_node(int nid, size_t size, size_t align, phys_addr_t goal);

/* Below arch_dma32_end(): never above, panics instead. */
void *__alloc_bootmem_low(size_t size, size_t align, phys_addr_t goal);

/* A cache line's, or a page's, alignment; goal is above the DMA zone, so that it stays for those who need it. */
void *alloc_bootmem(size_t size);
void *alloc_bootmem_low(size_t size);
void *alloc_bootmem_pages(size_t size);
void *alloc_bootmem_low_pages(size_t size);
void *alloc_bootmem_node(int nid, size_t size);
void *alloc_bootmem_pages_node(int nid, size_t size);

/* Pages that are free in the maps. */
unsigned long bootmem_free_pages(void);

bool bootmem_check(void);
