/* SPDX-License-Identifier: MIT */
/*
 * movable_pages.h - an owner of pages that can be moved: each holds its number, wherever it lies.
 */
#pragma once

#include <mm/gfp.h>
#include <mm/page_mover.h>

#define MAX_MOVABLE 4096

struct movable_pages {
	struct page_mover mover;
	struct page *page[MAX_MOVABLE]; /* NULL: given back */
	unsigned int nr, nr_moved;
	struct page *pinned; /* this one is not lent */
	struct page *stuck;  /* this one is lent and then not moved */
	int lent;
};
extern struct movable_pages movable;

/* Start without pages. */
void movable_init(void);

/* One more page of that order, stamped. False: there is none. */
bool movable_add(gfp_t gfp, unsigned int order);

/* Is each page that is there still what it was, and none lent? */
bool movable_is_intact(void);

void movable_drop(unsigned int index);
void movable_drop_all(void);
