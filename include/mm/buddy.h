/* SPDX-License-Identifier: MIT */
/*
 * mm/buddy.h - blocks of 2^order pages of one zone. For mm/page, reports and tests.
 *
 * The caller holds zone->lock unless said otherwise.
 */
#pragma once

#include <mm/zone.h>

/* Each split and merge, told to whoever watches (`alloc -v`); NULL nobody. Set with interrupts off on one CPU. */
struct buddy_observer {
	void (*took)(struct buddy_observer *observer, unsigned long pfn, unsigned int order);
	void (*split)(struct buddy_observer *observer, unsigned long pfn,
		      unsigned int order); /* into two of order - 1 */
	void (*merged)(struct buddy_observer *observer, unsigned long pfn,
		       unsigned int order); /* two of order - 1 into it */
	void (*gave)(struct buddy_observer *observer, unsigned long pfn, unsigned int order);
};
void buddy_observe(struct buddy_observer *observer);

/* Of a pageblock of that type, else of another's (mm/page/migrate.c). NULL: none large enough. */
struct page *buddy_take(struct zone *zone, unsigned int order, enum migratetype type);

/* The block goes to the list of its pageblock's type. */
void buddy_give(struct zone *zone, struct page *page, unsigned int order);

/* Proves B1 to B7 of one zone; takes the lock itself. */
bool buddy_check(struct zone *zone);
