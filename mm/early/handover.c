/* SPDX-License-Identifier: MIT */
/*
 * handover.c - what is still free, from both allocators as one row, for the buddy to pull.
 *
 * THE IDEA
 *	memblock knows what is free outside the bitmaps' spans, bootmem inside.
 *	The two never speak of the same byte, so the next free range at or above an
 *	address is the lower one of the two answers. The cursor of a walk is an address:
 *	there is no state that could go stale.
 *
 * PICTURE
 *	bitmap	 ##..##..|
 *	memblock	 |[  free  ]#[ free ]   hole   [ free ]
 *	row	   22  44  5555555555  777777             999999
 *
 *	Then early_close(): nothing early may be allocated any more, and the pages that the bitmaps
 *	themselves lay in are the last to go. memblock's arrays stay where they
 *	are, grown or not: "is this RAM?" is asked for ever.
 *
 * LOCKING	None: one CPU, interrupts off.
 * COST		A step is O(log n) in memblock's regions, and O(words) in a bitmap.
 * FLOOR	early. Pulled by mm/page.
 * LINUX	2.6: free_all_bootmem_core(); now memblock_free_all(), both of which push.
 */
#include <mm/early.h>

#include <arch/memory.h>
#include <lib/check.h>
#include "impl.h"

static unsigned int nr_closed; /* bitmaps that early_close() has yielded */

/* The next free whole pages that memblock speaks for. */
static bool memblock_pages_above(const struct memblock *map, phys_addr_t from,
				 struct memblock_range *range)
{
	while (memblock_free_above(map, from, NUMA_NO_NODE, MEMBLOCK_NONE, range)) {
		from = range->end;
		range->start = ALIGN_UP(range->start, PAGE_SIZE);
		range->end = ALIGN_DOWN(range->end, PAGE_SIZE);
		if (range->start < range->end)
			return true;
	}
	return false;
}

bool early_free_above(const struct memblock *map, const struct bootmem *bootmem, phys_addr_t from,
		      struct memblock_range *range)
{
	struct memblock_range inside;
	bool found = memblock_pages_above(map, from, range);

	if (!bootmem_free_above(bootmem, from, &inside))
		return found;
	if (!found || inside.start < range->start)
		*range = inside;
	return true;
}

bool early_next_free_range(unsigned long *cursor, unsigned long *start_pfn, unsigned long *end_pfn,
			   int *nid)
{
	struct memblock_range range;
	phys_addr_t from = (phys_addr_t)*cursor << PAGE_SHIFT;

	CHECK(!memblock.closed, "free ranges are pulled after early_close()");
	if (!early_free_above(&memblock, bootmem_living(), from, &range))
		return false;
	*start_pfn = (unsigned long)(range.start >> PAGE_SHIFT);
	*end_pfn = (unsigned long)(range.end >> PAGE_SHIFT);
	*nid = range.nid;
	*cursor = *end_pfn;
	return true;
}

phys_addr_t early_alloc_phys(size_t size, size_t align)
{
	/* Memory that weak devices reach is not spent on tables. */
	struct bootmem_request request = {
		.size = size, .align = align, .goal = arch_dma_end(), .nid = NUMA_NO_NODE};
	phys_addr_t pa = memblock_phys_alloc(size, align);

	if (pa || bootmem_living()->nr == 0)
		return pa;
	return bootmem_take(bootmem_living(), &request);
}

/* The pages that a bitmap lies in. */
bool early_map_pages(const struct bootmem *bootmem, unsigned int index,
		     struct memblock_range *range)
{
	const struct bootmem_data *node = &bootmem->node[index];

	if (index >= bootmem->nr)
		return false;
	range->start = node->map_pa;
	range->end = ALIGN_UP(node->map_pa + bootmem_map_bytes(node->end - node->start), PAGE_SIZE);
	range->nid = node->nid;
	return true;
}

bool early_close(unsigned long *start_pfn, unsigned long *end_pfn)
{
	struct memblock_range range;

	memblock.closed = true;
	if (!early_map_pages(bootmem_living(), nr_closed, &range)) {
		bootmem_living()->nr = nr_closed = 0;
		return false;
	}
	nr_closed++;
	*start_pfn = (unsigned long)(range.start >> PAGE_SHIFT);
	*end_pfn = (unsigned long)(range.end >> PAGE_SHIFT);
	return true;
}

bool early_is_closed(void)
{
	return memblock.closed;
}
