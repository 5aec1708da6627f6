/* SPDX-License-Identifier: MIT */
/*
 * movable_pages.c - an owner of movable pages, for tests.
 */
#include "movable_pages.h"

#include <arch/cpu.h>
#include <lib/errno.h>
#include <lib/string.h>
#include <mm/fixmap.h>
#include <mm/gfp.h>

struct movable_pages movable;

static unsigned int index_of(const struct page *page)
{
	unsigned int i = 0;

	while (i < movable.nr && movable.page[i] != page)
		i++;
	return i;
}

static bool isolate(struct page_mover *mover, struct page *page)
{
	(void)mover;
	if (page == movable.pinned || index_of(page) == movable.nr)
		return false;
	movable.lent++;
	return true;
}

static void putback(struct page_mover *mover, struct page *page)
{
	(void)mover;
	(void)page;
	movable.lent--;
}

static unsigned long *stamp_of(struct page *page, unsigned long *value, bool write)
{
	unsigned long flags = arch_irq_save(), *word = fixmap_window_open(page_to_phys(page));

	if (write)
		*word = *value;
	*value = *word;
	fixmap_window_close();
	arch_irq_restore(flags);
	return value;
}

static int migrate(struct page_mover *mover, struct page *to, struct page *from)
{
	unsigned int index = index_of(from);
	unsigned long stamp;

	if (from == movable.stuck)
		return -EBUSY;
	for (unsigned int i = 0; i < 1U << from->order; i++) {
		stamp_of(from + i, &stamp, false);
		stamp_of(to + i, &stamp, true);
	}
	page_clear_mover(from);
	page_set_mover(to, mover);
	movable.page[index] = to;
	movable.nr_moved++;
	movable.lent--;
	return 0;
}

void movable_init(void)
{
	movable.mover = (struct page_mover){"test", isolate, migrate, putback};
	movable.nr = movable.nr_moved = 0;
	movable.pinned = movable.stuck = NULL;
	movable.lent = 0;
}

bool movable_add(gfp_t gfp, unsigned int order)
{
	struct page *page = movable.nr < MAX_MOVABLE ? alloc_pages(gfp, order) : NULL;
	unsigned long stamp;

	if (!page)
		return false;
	for (unsigned int i = 0; i < 1U << order; i++) {
		stamp = movable.nr * 64UL + i;
		stamp_of(page + i, &stamp, true);
	}
	page_set_mover(page, &movable.mover);
	movable.page[movable.nr++] = page;
	return true;
}

bool movable_is_intact(void)
{
	unsigned long stamp;
	unsigned int i, n;

	for (i = 0; i < movable.nr; i++) {
		for (n = 0; movable.page[i] && n < 1U << movable.page[i]->order; n++)
			if (*stamp_of(movable.page[i] + n, &stamp, false) != i * 64UL + n)
				return false;
		if (movable.page[i] && movable.page[i]->refcount != 1)
			return false;
	}
	return movable.lent == 0;
}

void movable_drop(unsigned int index)
{
	struct page *page = movable.page[index];

	if (!page)
		return;
	page_clear_mover(page);
	__free_pages(page, page->order);
	movable.page[index] = NULL;
}

void movable_drop_all(void)
{
	for (unsigned int i = 0; i < movable.nr; i++)
		movable_drop(i);
}
