/* SPDX-License-Identifier: MIT */
/*
 * mm/gfp.h - what an allocation may do and where its memory must lie. (Linux: include/linux/gfp.h)
 */
#pragma once

#include <lib/types.h>

struct page;

typedef unsigned int gfp_t;

/*
 * Where: limits, never hints. None of them: NORMAL or below. At most one; of
 * two the strictest is kept (DMA, then DMA32), with a warning.
 */
#define __GFP_DMA     (1U << 0) /* below arch_dma_end() */
#define __GFP_HIGHMEM (1U << 1) /* high memory too: the page may have no address */
#define __GFP_DMA32   (1U << 2) /* below arch_dma32_end() */
#define __GFP_MOVABLE (1U << 3) /* its owner can move it */
#define GFP_ZONEMASK  (__GFP_DMA | __GFP_HIGHMEM | __GFP_DMA32)

/*
 * How. What contradicts itself is told, and has a result all the same: of MOVABLE and RECLAIMABLE neither counts; of
 * MEMALLOC and NOMEMALLOC the latter; of NORETRY, RETRY_MAYFAIL and NOFAIL the last of them; NOFAIL without
 * DIRECT_RECLAIM, or of an order above 1, is tried, and panics where it must fail; DIRECT_RECLAIM where nobody may sleep
 * does not count, nor does a bit that means nothing.
 */
#define __GFP_RECLAIMABLE    (1U << 4) /* a shrinker can have it back; not together with MOVABLE */
#define __GFP_HIGH	     (1U << 5) /* may use half of the reserve, and more of it if it cannot wait */
#define __GFP_IO	     (1U << 6) /* shrinkers may start input and output */
#define __GFP_FS	     (1U << 7) /* and call a file system; the out-of-memory handler may run */
#define __GFP_ZERO	     (1U << 8)	/* filled with zeroes */
#define __GFP_DIRECT_RECLAIM (1U << 10) /* may sleep and reclaim */
#define __GFP_KSWAPD_RECLAIM (1U << 11) /* wakes the node's reclaimer */
#define __GFP_NOWARN	     (1U << 13) /* fails quietly */
#define __GFP_RETRY_MAYFAIL                                                                        \
	(1U << 14) /* goes on while there is progress, for every order; no handler */
#define __GFP_NOFAIL	 (1U << 15) /* never NULL */
#define __GFP_NORETRY	 (1U << 16) /* reclaims once; no handler */
#define __GFP_MEMALLOC	 (1U << 17) /* frees more memory by it: may use the last page */
#define __GFP_COMP	 (1U << 18) /* one compound page: put and get on tails work */
#define __GFP_NOMEMALLOC (1U << 19)
#define __GFP_HARDWALL	 (1U << 20)
#define __GFP_THISNODE	 (1U << 21)
#define __GFP_COLD	 (1U << 22) /* a page that is likely in no CPU's cache */

#define GFP_KNOWN 0x7fedffU /* all of them */

#define __GFP_RECLAIM	     (__GFP_DIRECT_RECLAIM | __GFP_KSWAPD_RECLAIM)
#define GFP_ATOMIC	     (__GFP_HIGH | __GFP_KSWAPD_RECLAIM)
#define GFP_NOWAIT	     (__GFP_KSWAPD_RECLAIM)
#define GFP_NOIO	     (__GFP_RECLAIM)
#define GFP_NOFS	     (__GFP_RECLAIM | __GFP_IO)
#define GFP_KERNEL	     (__GFP_RECLAIM | __GFP_IO | __GFP_FS)
#define GFP_USER	     (GFP_KERNEL | __GFP_HARDWALL)
#define GFP_DMA		     (__GFP_DMA)
#define GFP_DMA32	     (__GFP_DMA32)
#define GFP_HIGHUSER	     (GFP_USER | __GFP_HIGHMEM)
#define GFP_HIGHUSER_MOVABLE (GFP_HIGHUSER | __GFP_MOVABLE)

/*
 * 2^order pages in one piece, order 0 to MAX_ORDER-1, aligned to their size; the first page has one user. NULL when there are none
 * (quiet with __GFP_NOWARN; a panic with __GFP_NOFAIL). order >= MAX_ORDER: NULL and one warning, silent with
 * __GFP_NOWARN. From `nid` first (-1: this CPU's), then from the others but with __GFP_THISNODE; a node that does not exist: NULL and one warning.
 * Any context with GFP_ATOMIC.
 */
struct page *__must_check alloc_pages(gfp_t gfp, unsigned int order);
struct page *__must_check alloc_pages_node(int nid, gfp_t gfp, unsigned int order);
#define alloc_page(gfp) alloc_pages(gfp, 0)

/*
 * Many single pages. The first form fills the slots of `array` that are NULL, from the start, and returns the index of
 * the first that it could not fill: nr_pages when all are full. The second adds to the end of `list` and returns how many.
 * Only the first page is waited for. What was got is the caller's either way. Any context with GFP_ATOMIC. (Linux: alloc_pages_bulk)
 */
unsigned long __must_check alloc_pages_bulk_array(gfp_t gfp, unsigned long nr_pages,
						  struct page **array);
struct list_head;
unsigned long __must_check alloc_pages_bulk_list(gfp_t gfp, unsigned long nr_pages,
						 struct list_head *list);
#define alloc_pages_bulk(gfp, nr_pages, array) alloc_pages_bulk_array(gfp, nr_pages, array)

/* The same as an address in the direct map, 0 for failure; __GFP_HIGHMEM is reported and refused. */
unsigned long __must_check __get_free_pages(gfp_t gfp, unsigned int order);
unsigned long __must_check get_zeroed_page(gfp_t gfp);
#define __get_free_page(gfp)	    __get_free_pages(gfp, 0)
#define __get_dma_pages(gfp, order) __get_free_pages((gfp) | GFP_DMA, order)

/*
 * Give back, with the order that was asked for. A page that cannot be freed so is reported and left alone. A block
 * whose first page somebody else still uses gives back the other pages now, and that one at the last put_page(). Any context.
 */
void __free_pages(struct page *page, unsigned int order);
void free_pages(unsigned long address, unsigned int order); /* 0 does nothing */
void free_cold_page(
	struct page *page); /* one page whose contents no CPU has touched lately: reused last */
#define __free_page(page)  __free_pages(page, 0)
#define free_page(address) free_pages(address, 0)

/* Bytes rounded up to whole pages; the tail of the power-of-two block is given back. Size 0: NULL. Freed with the same size; NULL does nothing. */
void *__must_check alloc_pages_exact(size_t size, gfp_t gfp);
void free_pages_exact(void *address, size_t size);

/* The least order whose block holds `size` bytes; 0 for 0; 52 for what no block holds. (Linux: get_order) */
static inline unsigned int get_order(size_t size)
{
	return size <= 4096 ? 0 : (unsigned int)(64 - __builtin_clzl((size - 1) >> 12));
}
