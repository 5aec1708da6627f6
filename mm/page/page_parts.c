/* SPDX-License-Identifier: MIT */
/*
 * page_parts.c - blocks taken apart, and many pages at once.
 *
 * FLOOR	page.
 * LINUX	mm/page_alloc.c: split_page(), alloc_pages_exact(), free_pages_exact(),
 *		__alloc_pages_bulk().
 */
#include <mm/gfp.h>

#include <lib/check.h>
#include <lib/report.h>
#include <mm/direct_map.h>
#include "block.h"

void split_page(struct page *page, unsigned int order)
{
	unsigned long i;
	uint32_t state;

	if (unlikely(!may_free(page, order) || page->flags & PG_HEAD)) {
		misuse_report_page(page_exists(page) && page->flags & PG_HEAD
					   ? MISUSE_COMPOUND
					   : misuse_of_page(page, order),
				   "split_page", page, order);
		return;
	}
	page->order = 0;
	state = page->state;
	for (i = 1; i < 1UL << order; i++) {
		ASSERT(is_inner_page(page + i), "pfn 0x%lx + %lu", page_to_pfn(page), i);
		page[i].state = state;
		page[i].refcount = 1;
	}
}

void *alloc_pages_exact(size_t size, gfp_t gfp)
{
	unsigned int order = get_order(size);
	unsigned long address, end, used;

	if (!size)
		return NULL;
	address = __get_free_pages(gfp & ~__GFP_COMP, order);
	if (!address)
		return NULL;
	split_page(direct_map_page((void *)address), order);
	used = address + ALIGN_UP(size, PAGE_SIZE);
	for (end = address + (PAGE_SIZE << order); used < end; used += PAGE_SIZE)
		free_page(used);
	return (void *)address;
}

void free_pages_exact(void *address, size_t size)
{
	uintptr_t at = (uintptr_t)address, end;
	struct page *page;

	if (!address)
		return;
	if (get_order(size) > MAX_PAGE_ORDER) {
		report_warn("free_pages_exact: no block has %zu bytes", size);
		return;
	}
	end = at + ALIGN_UP(size, PAGE_SIZE);
	/* The first page that is refused ends it: one mistake, one report. */
	for (; at < end; at += PAGE_SIZE) {
		page = page_at("free_pages_exact", (void *)at, 0);
		if (!page || !free_slowpath("free_pages_exact", page, 0, false))
			return;
	}
}

/* Only the first page that is missing is worth waiting for. */
static gfp_t gfp_of_the_rest(gfp_t gfp)
{
	return (gfp & ~(__GFP_DIRECT_RECLAIM | __GFP_NOFAIL)) | __GFP_NOWARN;
}

unsigned long alloc_pages_bulk_array(gfp_t gfp, unsigned long nr_pages, struct page **array)
{
	unsigned long i;

	for (i = 0; i < nr_pages; i++) {
		if (array[i])
			continue;
		array[i] = alloc_page(gfp);
		if (!array[i])
			break;
		gfp = gfp_of_the_rest(gfp);
	}
	return i;
}

unsigned long alloc_pages_bulk_list(gfp_t gfp, unsigned long nr_pages, struct list_head *list)
{
	struct page *page;
	unsigned long i;

	for (i = 0; i < nr_pages; i++) {
		page = alloc_page(gfp);
		if (!page)
			break;
		list_add_tail(&page->lru, list);
		gfp = gfp_of_the_rest(gfp);
	}
	return i;
}
