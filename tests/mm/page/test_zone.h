/* SPDX-License-Identifier: MIT */
/*
 * test_zone.h - a zone of a test's own, over pages that nobody else sees.
 *
 * pfn_to_page() is an address computation, so fake frames cannot be made. A
 * real block is taken, and a private struct zone is built
 * over its first frames, with a map of pageblocks and per-CPU lists of its own. The real zone believes that the block is in use.
 */
#pragma once

#include <mm/buddy.h>
#include <mm/migrate.h>
#include <mm/pcp.h>

/* A zone of the frames [first, first + nr_pages) of the block, all free, in the largest blocks that fit. NULL: no memory. */
struct zone *test_zone_at(unsigned long first, unsigned long nr_pages);

static inline struct zone *test_zone(unsigned long nr_pages)
{
	return test_zone_at(0, nr_pages);
}

/* Give the block back, whatever the test did to it. */
void test_zone_end(void);

/* buddy_take() and buddy_give() under the zone's lock; without a type, movable, as the zone starts. */
struct page *test_take(struct zone *zone, unsigned int order);
struct page *test_take_type(struct zone *zone, unsigned int order, enum migratetype type);
void test_give(struct zone *zone, struct page *page, unsigned int order);
