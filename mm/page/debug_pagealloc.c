/* SPDX-License-Identifier: MIT */
/*
 * debug_pagealloc.c - free pages are not in the direct map, so that whoever touches one faults there and then.
 *
 * Poison tells of a write, and only when the page is allocated again. This tells of a read too, at the
 * instruction that does it. It needs a leaf of its own for each page, from the boot on: a large
 * leaf of the direct map cannot be split under a CPU that stands in it (mm/direct_map.h).
 *
 * LOCKING	A page's leaf belongs to whoever allocates or frees the page. The old translation is forgotten on this CPU
 *		alone, so another CPU's touch may go unnoticed for a while; an allocator cannot wait for other CPUs.
 * COST		A walk of four levels and a flush for each page. A table page for each 2 MiB.
 * FLOOR	page. Called by features.c.
 * LINUX	mm/debug_page_alloc.c, include/linux/mm.h: debug_pagealloc_map_pages(); CONFIG_DEBUG_PAGEALLOC.
 */
#include "features.h"

#include <lib/errno.h>
#include <mm/direct_map.h>
#include <mm/page.h>
#include "impl.h"

static void set_mapped(struct page *page, unsigned int order, bool mapped)
{
	if (page_zone_type(page) != ZONE_HIGHMEM)
		direct_map_set_present(page_to_phys(page), PAGE_SIZE << order, mapped);
}

void debug_pagealloc_unmap(struct page *page, unsigned int order)
{
	set_mapped(page, order, false);
}

void debug_pagealloc_map(struct page *page, unsigned int order)
{
	set_mapped(page, order, true);
}

int debug_pagealloc_start(void)
{
	if (!direct_map_has_small_leaves())
		return -EOPNOTSUPP;
	free_blocks_visit(debug_pagealloc_unmap);
	return 0;
}

void debug_pagealloc_stop(void)
{
	free_blocks_visit(debug_pagealloc_map);
}
