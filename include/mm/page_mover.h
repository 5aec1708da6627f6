/* SPDX-License-Identifier: MIT */
/*
 * mm/page_mover.h - pages that can lie elsewhere tomorrow, because their owner knows who uses them.
 *
 * An owner of movable blocks (a cache of pages, an address space) embeds a struct page_mover, and says so of each block:
 *
 *	page = alloc_pages(GFP_HIGHUSER_MOVABLE, 0);
 *	page_set_mover(page, &mine->mover);		uses owner.private
 *	...
 *	page_clear_mover(page);				before it is freed: a block that has one is refused
 *
 * Then alloc_contig_range() and compaction may ask it to move the block. (Linux: struct movable_operations)
 */
#pragma once

#include <mm/page.h>

struct page_mover {
	const char *name;

	/*
	 * Is the block still yours, and may it be moved now? True: until migrate() or putback() its owner neither frees nor
	 * moves it, and `lru` is lent out. The caller holds a reference, so the owner may take its own lock.
	 */
	bool (*isolate)(struct page_mover *mover, struct page *page);

	/*
	 * Copy `from` to `to`, of the same order, and use `to` from now on: set its mover, clear that of `from`. The owner's one reference
	 * to each changes sides with it. Otherwise -EAGAIN (later, perhaps) or another error, and nothing has changed.
	 */
	int (*migrate)(struct page_mover *mover, struct page *to, struct page *from);

	/* Not moved after all: everything as before isolate(). */
	void (*putback)(struct page_mover *mover, struct page *page);
};

/* The owner's, of the first page of a block that it alone uses, asked for with __GFP_MOVABLE; any context. A page that has one, or has none, is a CHECK. */
void page_set_mover(struct page *page, struct page_mover *mover);
void page_clear_mover(struct page *page);

static inline bool page_has_mover(const struct page *page)
{
	return READ_ONCE(page->flags) & PG_MOVER;
}

/*
 * For who moves pages: first isolate, then either migrate to a fresh block of the same order (what it takes for
 * that: __free_pages() of the one that is empty afterwards is done here) or put back. Task context.
 */
bool page_mover_isolate(struct page *page);
void page_mover_putback(struct page *page);
int page_mover_migrate(struct page *to, struct page *from);
