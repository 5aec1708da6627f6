/* SPDX-License-Identifier: MIT */
/*
 * vm_pages.c - the pages behind a vmalloc area: as few and as large blocks as can be had.
 *
 * THE IDEA
 *	Nobody needs the pages of an area to lie side by side, but it is cheap
 *	when they do: one call to the buddy for 1,024 pages instead of 1,024, one line in the
 *	area's list, and large leaves in the page tables. So the largest block that
 *	fits what is left is asked for, without reclaim; when there is none, the next
 *	smaller, and single pages at last with all that the caller's mask allows.
 *
 *	Each block is split at once, so that every page counts for itself: it can be
 *	mapped to a user, or kept by a reference, alone. When the area ends,
 *	neighbours that nobody else holds are joined again and go back as blocks.
 *
 * PICTURE	13 pages, no free block of more than 4
 *
 *	run 0  pfn 0x400, 8 pages (two blocks of order 2 that happen to touch)
 *	run 1  pfn 0x77c, 4 pages
 *	run 2  pfn 0x123, 1 page
 *
 * LOCKING	The area's owner. Alloc may sleep, free does not.
 * COST		A split and a join are some 5 instructions a page.
 * FLOOR	virt.
 * LINUX	mm/vmalloc.c: vm_area_alloc_pages(); there an array has a pointer a page.
 */
#include "vm_area.h"

#include <lib/bits.h>
#include <lib/check.h>
#include <lib/errno.h>
#include <lib/string.h>

static bool runs_grow(struct vm_struct *area)
{
	unsigned int max = area->max_runs * 4;
	struct page_run *runs;

	if (area->runs == area->inline_runs) {
		runs = kmalloc_array(max, sizeof(*runs), GFP_KERNEL);
		if (runs)
			memcpy(runs, area->inline_runs, sizeof(area->inline_runs));
	} else {
		runs = krealloc_array(area->runs, max, sizeof(*runs), GFP_KERNEL);
	}
	if (!runs)
		return false;
	area->runs = runs;
	area->max_runs = max;
	return true;
}

static bool runs_add(struct vm_struct *area, struct page *page, unsigned long nr)
{
	struct page_run *last = area->nr_runs ? &area->runs[area->nr_runs - 1] : NULL;

	if (last && last->first + last->nr == page) {
		last->nr += nr;
		return true;
	}
	if (area->nr_runs == area->max_runs && !runs_grow(area))
		return false;
	area->runs[area->nr_runs++] = (struct page_run){page, nr};
	return true;
}

static unsigned int largest_order(unsigned long nr_pages)
{
	return min((unsigned int)MAX_PAGE_ORDER, 63 - (unsigned int)__builtin_clzl(nr_pages));
}

/* Blocks are a bonus: nobody shall be moved or killed for one, and no failure be told. */
static struct page *take_block(gfp_t gfp, int node, unsigned int order)
{
	struct page *page;

	if (order == 0)
		return alloc_pages_node(node, gfp, 0);
	gfp = (gfp & ~(__GFP_DIRECT_RECLAIM | __GFP_NOFAIL)) | __GFP_NOWARN | __GFP_NORETRY;
	page = alloc_pages_node(node, gfp, order);
	if (page)
		split_page(page, order);
	return page;
}

static __noinline int take_blocks(struct vm_struct *area, gfp_t gfp, int node)
{
	unsigned long left = vm_area_pages(area);
	unsigned int order = MAX_PAGE_ORDER;
	struct page *page;

	while (left) {
		order = min(order, largest_order(left));
		page = take_block(gfp, node, order);
		if (!page && order > 0) {
			order--;
			continue;
		}
		if (!page)
			return -ENOMEM;
		if (!runs_add(area, page, 1UL << order)) {
			free_page_run(page, 1UL << order);
			return -ENOMEM;
		}
		left -= 1UL << order;
	}
	return 0;
}

int vm_pages_alloc(struct vm_struct *area, gfp_t gfp, int node)
{
	struct page *page;

	area->runs = area->inline_runs;
	area->nr_runs = 0;
	area->max_runs = VM_INLINE_RUNS;
	if (vm_area_pages(area) != 1 || node >= 0)
		return take_blocks(area, gfp, node);
	page = alloc_page(gfp);
	if (!page)
		return -ENOMEM;
	area->inline_runs[0] = (struct page_run){page, 1};
	area->nr_runs = 1;
	return 0;
}

void vm_pages_free(struct vm_struct *area)
{
	unsigned int i;

	for (i = 0; i < area->nr_runs; i++)
		free_page_run(area->runs[i].first, area->runs[i].nr);
	if (area->runs != area->inline_runs)
		kfree(area->runs);
}
