/* SPDX-License-Identifier: MIT */
/*
 * debug.h - where features that watch each page look at it.
 *
 * While one of them is on, no page stays in a per-CPU list, so every request finds its list empty
 * and every free meets a way that leads nowhere (pcp_fast.h): both then take the slow way, and the slow way alone asks
 * here. So the usual case pays nothing. (Linux: static keys in post_alloc_hook() and free_pages_prepare())
 */
#pragma once

#include <mm/gfp.h>
#include <mm/page.h>

extern bool page_debug_enabled;

/* Features that are on are counted. One CPU runs, or interrupts and the other CPUs do not allocate. */
void page_debug_enable(void);
void page_debug_disable(void);

/*
 * A block that has just become the caller's (PG_OWNED, one user), before it is zeroed. False: it was found corrupt;
 * it stays in use by nobody, and another is taken. Any context.
 */
bool page_debug_alloc(struct page *page, unsigned int order, gfp_t gfp);

/* A block whose last user went, before it says so. Any context. */
void page_debug_free(struct page *page, unsigned int order);
