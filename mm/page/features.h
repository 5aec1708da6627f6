/* SPDX-License-Identifier: MIT */
/*
 * features.h - what features.c switches: each feature's part in an allocation and in a free. For mm/page.
 */
#pragma once

#include <mm/gfp.h>
#include <mm/page_debug.h>

/* Every free block of every zone, that zone's lock held. What is in per-CPU lists is not visited: there is nothing while a feature is on. */
void free_blocks_visit(void (*visit)(struct page *page, unsigned int order));

/* page_poison.c: fill with the pattern; is it still there? False after a report: the block is set aside. */
int page_poison_start(void);
void page_poison_stop(void);
void page_poison_fill_all(void); /* what is free now, too */
void page_poison_fill(struct page *page, unsigned int order);
bool page_poison_check(struct page *page, unsigned int order);
void page_contents_fill(struct page *page, unsigned int order, uint8_t byte);

/* page_owner.c */
int page_owner_start(void);
void page_owner_stop(void);
void page_owner_alloc(struct page *page, unsigned int order, gfp_t gfp);
void page_owner_free(struct page *page, unsigned int order);

/* debug_pagealloc.c: out of the direct map, and back. */
int debug_pagealloc_start(void);
void debug_pagealloc_stop(void);
void debug_pagealloc_unmap(struct page *page, unsigned int order);
void debug_pagealloc_map(struct page *page, unsigned int order);

/* fail_page_alloc.c: for the slow path, while PAGE_DEBUG_FAIL is on. */
bool should_fail_alloc_page(gfp_t gfp, unsigned int order);
void fail_page_alloc_stop(void);

/* page_shuffle.c: put the largest free blocks of every zone into an order that nobody can tell. */
void page_shuffle(void);
