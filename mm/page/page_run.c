/* SPDX-License-Identifier: MIT */
/*
 * page_run.c - single pages that lie side by side become blocks again.
 *
 * THE IDEA
 *	split_page() makes 2^k pages, each with a user of its own, of one block. join_pages() is the way
 *	back: where each page of an aligned run has one user and nothing to tell it
 *	from its neighbours, they can be one block again, and the buddy takes it in one step
 *	instead of 2^k.
 *
 * LOCKING	The caller is the one user of every page; nobody else may gain one meanwhile.
 * COST		Some 5 instructions a page.
 * FLOOR	page. For whoever frees what split_page() gave.
 * LINUX	none: there each page goes back alone.
 */
#include <lib/bits.h>
#include <lib/check.h>
#include <mm/gfp.h>
#include <mm/page.h>

bool join_pages(struct page *page, unsigned int order)
{
	const uint32_t single = page->state, inner = page_state(0, 0, page->zone_node);
	unsigned long i, nr = 1UL << order;

	ASSERT(order < MAX_ORDER && IS_ALIGNED(page_to_pfn(page), nr), "pfn 0x%lx, order %u",
	       page_to_pfn(page), order);
	if ((single & ~PG_TYPE_MASK) != page_state(PG_OWNED, 0, page->zone_node))
		return false;
	for (i = 0; i < nr; i++)
		if (page[i].state != single || READ_ONCE(page[i].refcount) != 1)
			return false;
	for (i = 1; i < nr; i++) {
		page[i].state = inner;
		page[i].refcount = 0;
	}
	page->order = (uint8_t)order;
	return true;
}

/* The largest block that starts here and is not longer than the run. */
static unsigned int order_at(const struct page *page, unsigned long nr)
{
	unsigned int order = 63 - (unsigned int)__builtin_clzl(nr);
	unsigned long pfn = page_to_pfn(page);

	if (pfn)
		order = min(order, (unsigned int)__builtin_ctzl(pfn));
	return min(order, (unsigned int)MAX_PAGE_ORDER);
}

void free_page_run(struct page *page, unsigned long nr)
{
	unsigned long i;

	if (nr == 1) {
		__free_page(page);
		return;
	}
	while (nr) {
		unsigned int order = order_at(page, nr);

		if (join_pages(page, order))
			__free_pages(page, order);
		else
			for (i = 0; i < 1UL << order; i++)
				__free_page(page + i);
		page += 1UL << order;
		nr -= 1UL << order;
	}
}
