/* SPDX-License-Identifier: MIT */
/*
 * slub_span.c - which frames a CPU may look up without asking whether they exist.
 *
 * A free is given any address, and the direct map has holes. One range of frames that all have struct pages is remembered by each
 * CPU; an address outside is asked about in full (object_slab()). The range is looked for around a slab that is new, in whole
 * blocks of MAX_ORDER pages, and kept when it is the larger one.
 *
 * LOCKING	A CPU's own, changed in tasks only: an interrupt reads what is whole, and a task is not
 *		changed under its reading. COST: O(blocks) once, then four instructions a free. FLOOR: slab.
 */
#include <mm/slab.h>

#include <lib/context.h>
#include <mm/page.h>

#include "slub_types.h"

DEFINE_PER_CPU(struct slub_span, slub_span);

void slub_span_reach(const void *address)
{
	unsigned long pfn = direct_map_to_phys(address) >> PAGE_SHIFT;
	unsigned long end = direct_map_phys_end() >> PAGE_SHIFT, start, behind;
	struct slub_span *span = this_cpu_ptr(&slub_span);

	if ((uintptr_t)address - span->start < span->size || in_interrupt())
		return;
	start = behind = ALIGN_DOWN(pfn, MAX_ORDER_NR_PAGES);
	while (start && pfn_valid(start - 1))
		start -= MAX_ORDER_NR_PAGES;
	while (behind < end && pfn_valid(behind))
		behind += MAX_ORDER_NR_PAGES;
	behind = min(behind, end);
	if ((behind - start) << PAGE_SHIFT <= span->size)
		return;
	span->start = (uintptr_t)phys_to_virt((phys_addr_t)start << PAGE_SHIFT);
	span->size = (behind - start) << PAGE_SHIFT;
	span->page = (const struct slab *)pfn_to_page(start);
}
