/* SPDX-License-Identifier: MIT */
/*
 * slab_span.c - which frames a CPU may look up without asking whether they exist.
 *
 * THE IDEA
 *	kfree() is given any address. Before it may read the struct page, somebody must have said
 *	that there is one: the direct map has holes. virt_addr_valid() says it in some twenty
 *	instructions; a range that is known to have no holes says it in four. Memory is mostly one
 *	such range, or one a node, and so each CPU remembers one: its span. An address outside is not
 *	wrong, it only takes the longer way.
 *
 *	The span of a CPU lies in its own node, so that an address inside also says that the object's
 *	slab is in this node's lists.
 *
 *	It is found from an address that is in use, going up and down as long as whole blocks of
 *	MAX_ORDER pages have struct pages of this node; each new slab outside tries to move it. A CPU that has made
 *	none learns its span from the first object that it frees: two threads that pop and push took 5.6 ns where
 *	one took 3.8, because the second CPU asked the long way each time.
 *
 * LOCKING	A CPU's own. It is changed in task context only, and kfree() in an interrupt only reads: no
 *	reader is ever between two of the three fields while they change.
 * COST		O(blocks) once, then 4 instructions a free.
 * FLOOR	slab. Called by cache_grow() and impl_free().
 * LINUX	none: virt_to_head_page() believes that the address is right.
 */
#include <mm/slab.h>

#include <lib/check.h>
#include <mm/page.h>

#include "slab_types.h"

/* Is the MAX_ORDER block that holds this frame backed, and all of this node's? */
static bool block_belongs(unsigned long pfn, int nid)
{
	unsigned long first = ALIGN_DOWN(pfn, MAX_ORDER_NR_PAGES);

	return pfn_valid(first) && page_to_nid(pfn_to_page(first)) == nid &&
	       page_to_nid(pfn_to_page(first + MAX_ORDER_NR_PAGES - 1)) == nid;
}

/* [*start, *end): blocks around a frame, in the direct map. */
static void find_run(unsigned long pfn, int nid, unsigned long *start, unsigned long *end)
{
	unsigned long limit = direct_map_phys_end() >> PAGE_SHIFT;

	*start = ALIGN_DOWN(pfn, MAX_ORDER_NR_PAGES);
	*end = *start;
	while (*start && block_belongs(*start - 1, nid))
		*start -= MAX_ORDER_NR_PAGES;
	while (*end < limit && block_belongs(*end, nid))
		*end += MAX_ORDER_NR_PAGES;
	*end = min(*end, limit);
}

void slab_span_reach(const void *address)
{
	unsigned long pfn = direct_map_to_phys(address) >> PAGE_SHIFT, start, end;
	unsigned long flags;

	if ((uintptr_t)address - this_slab_cpu.span_start < this_slab_cpu.span_size)
		return;
	if (!block_belongs(pfn, (int)local_node()))
		return;
	find_run(pfn, (int)local_node(), &start, &end);
	if ((end - start) << PAGE_SHIFT <= this_slab_cpu.span_size)
		return;
	ASSERT(pfn >= start && pfn < end);
	flags = arch_irq_save();
	this_slab_cpu.span_start = (uintptr_t)phys_to_virt((phys_addr_t)start << PAGE_SHIFT);
	this_slab_cpu.span_size = (end - start) << PAGE_SHIFT;
	this_slab_cpu.span_pages = (uintptr_t)pfn_to_page(start) -
				   (this_slab_cpu.span_start >> PAGE_SHIFT << PAGE_STRUCT_SHIFT);
	arch_irq_restore(flags);
}
