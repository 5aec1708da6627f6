/* SPDX-License-Identifier: MIT */
/*
 * bootmem_map.c - find, take and give back pages in bitmaps: one bit a page.
 *
 * THE IDEA
 *	A node's memory is a row of pages and a bitmap with one bit for each: 1 is
 *	taken. To allocate is to find a run of zeros and to set them. All bits start
 *	as 1, then what memblock calls free is cleared: what nobody has declared
 *	free can never be handed out. A map costs 8 KiB for 256 MiB, so the spans
 *	of all maps together are at most that; the rest stays in memblock.
 *
 * PICTURE	small requests share the last page (last_pos 6, last_offset 0x300)
 *
 *	page	 0   1   2   3   4   5   6   7   8
 *	bit	 1   1   1   0   0   1   1   0   0
 *	        [ kernel   ][ free  ][ ][##  ][ free ...
 *	                                   ^ 0x300: the next 0xd00 bytes cost no page; a request
 *	                                     of 0x1800 goes on into page 7, because that is free
 *
 *	Alignment is that of the address. With RAM from 0x80100000 a request
 *	aligned to 2 MiB gets 0x80200000, which is page 0x100 of the map: page
 *	numbers that are multiples of 0x200 would all be wrong.
 *
 * INVARIANTS	(bootmem_check_all() proves them, bootmem_test.c breaks them)
 *	O1  nr_free is the number of zero bits; no bit behind the span is zero.
 *	O2  Spans are page aligned, sorted and disjoint, together at most 256 MiB.
 *	O3  While last_offset > 0, page last_pos is taken and the offset is inside it.
 *
 * LOCKING	None: one CPU, interrupts off. Nothing sleeps.
 * COST		Free and reserve O(pages / 64). Take: words are skipped while they are full.
 * FLOOR	early. Called by whoever needs memory between bootmem_init() and page_take_free().
 * LINUX	2.6: mm/bootmem.c: init_bootmem_core(), __alloc_bootmem_core(), reserve_bootmem_core(),
 *		free_bootmem_core(), in struct bootmem_data: node_boot_start, node_low_pfn,
 *		node_bootmem_map, last_pos, last_offset. There bootmem pushed its pages into the
 *		buddy (free_all_bootmem); here the buddy pulls. last_success is not
 *		kept: words are skipped faster than it helps. A free page inside the shared
 *		one's way ends the sharing instead of losing the rest.
 */
#include "impl.h"

#include <arch/cache.h>
#include <arch/memory.h>
#include <lib/bits.h>
#include <lib/check.h>
#include <lib/printk.h>
#include <lib/string.h>

/* --- one node --- */

static unsigned long page_index(const struct bootmem_data *node, phys_addr_t pa)
{
	return (unsigned long)((pa - node->start) >> PAGE_SHIFT);
}

static phys_addr_t page_address_of(const struct bootmem_data *node, unsigned long index)
{
	return node->start + ((phys_addr_t)index << PAGE_SHIFT);
}

void bootmem_node_init(struct bootmem_data *node, const struct memblock_range *span,
		       unsigned long *map)
{
	*node = (struct bootmem_data){
		.start = span->start, .end = span->end, .map = map, .nid = span->nid};
	memset(map, 0xff, bootmem_map_bytes(span->end - span->start));
}

/* Whole pages inside the node, all of them taken. */
void bootmem_node_free(struct bootmem_data *node, phys_addr_t start, phys_addr_t end)
{
	unsigned long first = page_index(node, start), last = page_index(node, end);
	unsigned long already = find_next_zero_bit(node->map, last, first);

	CHECK(already == last, "bootmem: page 0x%llx is already free",
	      (unsigned long long)page_address_of(node, already));
	bitmap_clear(node->map, first, last - first);
	node->nr_free += last - first;
	/* Nobody may go on in a page that is free again. */
	if (node->last_pos >= first && node->last_pos < last)
		node->last_offset = 0;
}

static void node_reserve(struct bootmem_data *node, phys_addr_t start, phys_addr_t end)
{
	unsigned long last = page_index(node, end), i = page_index(node, start);

	while ((i = find_next_zero_bit(node->map, last, i)) < last) {
		unsigned long taken = find_next_bit(node->map, last, i);

		bitmap_set(node->map, i, taken - i);
		node->nr_free -= taken - i;
		i = taken;
	}
}

/* Below the request's limit and the span's end. */
static phys_addr_t node_limit(const struct bootmem_data *node,
			      const struct bootmem_request *request)
{
	return request->limit ? min(node->end, request->limit) : node->end;
}

/* Behind the last small allocation, in its page and, where they are free, the pages behind it; 0 when it does not fit. */
static phys_addr_t find_in_shared_page(const struct bootmem_data *node,
				       const struct bootmem_request *request)
{
	phys_addr_t end = node_limit(node, request), pa;
	unsigned long last, next = node->last_pos + 1;

	if (node->last_offset == 0 || request->align >= PAGE_SIZE)
		return 0;
	pa = page_address_of(node, node->last_pos) + node->last_offset;
	pa = ALIGN_UP(pa, request->align);
	if (pa < request->goal || pa >= end || end - pa < request->size)
		return 0;
	last = page_index(node, pa + request->size - 1);
	if (last >= next && find_next_bit(node->map, last + 1, next) <= last)
		return 0;
	return pa;
}

/* The lowest run of free pages at or above the goal, aligned as an address; 0 when there is none. */
static phys_addr_t find_free_run(const struct bootmem_data *node,
				 const struct bootmem_request *request)
{
	phys_addr_t end = node_limit(node, request), from = max(node->start, request->goal);
	phys_addr_t step = max(request->align, PAGE_SIZE), pa;
	unsigned long nr_pages = (request->size - 1) / PAGE_SIZE + 1,
		      total = bootmem_nr_pages(node);

	while ((pa = ALIGN_UP(from, step)) >= from && pa < end && end - pa >= request->size) {
		unsigned long first = page_index(node, pa), last = first + nr_pages;
		unsigned long taken = find_next_bit(node->map, last, first);

		if (taken >= last)
			return pa;
		from = page_address_of(node, find_next_zero_bit(node->map, total, taken));
	}
	return 0;
}

/* The pages are free but for the shared one, which stays taken. */
static void mark_taken(struct bootmem_data *node, phys_addr_t pa, size_t size)
{
	phys_addr_t end = pa + size;

	node_reserve(node, ALIGN_DOWN(pa, PAGE_SIZE), ALIGN_UP(end, PAGE_SIZE));
	if (end & ~PAGE_MASK) {
		node->last_pos = page_index(node, end);
		node->last_offset = end & ~PAGE_MASK;
	} else if (page_index(node, pa) == node->last_pos) {
		node->last_offset = 0;
	}
}

static phys_addr_t node_take(struct bootmem_data *node, const struct bootmem_request *request)
{
	phys_addr_t pa = find_in_shared_page(node, request);

	if (pa == 0)
		pa = find_free_run(node, request);
	if (pa)
		mark_taken(node, pa, request->size);
	return pa;
}

/* --- all nodes --- */

static struct bootmem_data *node_of(struct bootmem *bootmem, phys_addr_t pa)
{
	for (unsigned int i = 0; i < bootmem->nr; i++)
		if (pa >= bootmem->node[i].start && pa < bootmem->node[i].end)
			return &bootmem->node[i];
	return NULL;
}

static void check_inside(struct bootmem *bootmem, phys_addr_t start, phys_addr_t end)
{
	phys_addr_t pa = start;

	while (pa < end) {
		struct bootmem_data *node = node_of(bootmem, pa);

		CHECK(node, "bootmem: 0x%llx lies beyond the bitmaps", (unsigned long long)pa);
		pa = node->end;
	}
	CHECK(start <= end, "bootmem: the range from 0x%llx wraps", (unsigned long long)start);
}

void bootmem_free(struct bootmem *bootmem, phys_addr_t pa, size_t size)
{
	phys_addr_t start = ALIGN_UP(pa, PAGE_SIZE), end = ALIGN_DOWN(pa + size, PAGE_SIZE);

	CHECK(size > 0, "bootmem: free of size 0 at 0x%llx", (unsigned long long)pa);
	check_inside(bootmem, pa, pa + size);
	while (start < end) {
		struct bootmem_data *node = node_of(bootmem, start);
		phys_addr_t stop = min(end, node->end);

		bootmem_node_free(node, start, stop);
		start = stop;
	}
}

void bootmem_reserve(struct bootmem *bootmem, phys_addr_t pa, size_t size)
{
	phys_addr_t start = ALIGN_DOWN(pa, PAGE_SIZE), end = ALIGN_UP(pa + size, PAGE_SIZE);

	CHECK(size > 0, "bootmem: reservation of size 0 at 0x%llx", (unsigned long long)pa);
	check_inside(bootmem, pa, pa + size);
	while (start < end) {
		struct bootmem_data *node = node_of(bootmem, start);
		phys_addr_t stop = min(end, node->end);

		node_reserve(node, start, stop);
		start = stop;
	}
}

/* The wanted node first, then the others. */
static phys_addr_t take_anywhere(struct bootmem *bootmem, const struct bootmem_request *request)
{
	phys_addr_t pa = 0;

	for (unsigned int i = 0; i < bootmem->nr && !pa; i++)
		if (bootmem->node[i].nid == request->nid)
			pa = node_take(&bootmem->node[i], request);
	for (unsigned int i = 0; i < bootmem->nr && !pa; i++)
		pa = node_take(&bootmem->node[i], request);
	return pa;
}

phys_addr_t bootmem_take(struct bootmem *bootmem, const struct bootmem_request *request)
{
	struct bootmem_request wanted = *request;
	phys_addr_t pa;

	if (wanted.align == 0)
		wanted.align = arch_cache_line_size();
	CHECK(wanted.size > 0, "bootmem: allocation of size 0");
	CHECK(is_power_of_2(wanted.align), "bootmem: align 0x%zx is not a power of two",
	      wanted.align);
	pa = take_anywhere(bootmem, &wanted);
	if (pa == 0 && wanted.goal) {
		wanted.goal = 0;
		pa = take_anywhere(bootmem, &wanted);
	}
	return pa;
}

/* Whole pages go the fast way. */
static void clear(char *p, size_t size)
{
	for (; IS_ALIGNED((uintptr_t)p, PAGE_SIZE) && size >= PAGE_SIZE; size -= PAGE_SIZE) {
		arch_page_clear(p);
		p += PAGE_SIZE;
	}
	memset(p, 0, size);
}

void *bootmem_alloc(struct bootmem *bootmem, const struct bootmem_request *request)
{
	phys_addr_t pa = bootmem_take(bootmem, request);
	void *p = pa ? bootmem->to_virtual(pa) : NULL;

	if (p)
		clear(p, request->size);
	return p;
}

unsigned long bootmem_nr_free(const struct bootmem *bootmem)
{
	unsigned long pages = 0;

	for (unsigned int i = 0; i < bootmem->nr; i++)
		pages += bootmem->node[i].nr_free;
	return pages;
}

void *bootmem_alloc_or_panic(struct bootmem *bootmem, const struct bootmem_request *request)
{
	void *p = bootmem_alloc(bootmem, request);

	if (!p)
		panic("bootmem: out of memory: %zu bytes, align 0x%zx, goal 0x%llx, limit 0x%llx; "
		      "%lu pages are free",
		      request->size, request->align, (unsigned long long)request->goal,
		      (unsigned long long)request->limit, bootmem_nr_free(bootmem));
	return p;
}

bool bootmem_free_above(const struct bootmem *bootmem, phys_addr_t from,
			struct memblock_range *range)
{
	for (unsigned int i = 0; i < bootmem->nr; i++) {
		const struct bootmem_data *node = &bootmem->node[i];
		unsigned long total = bootmem_nr_pages(node), first, last;

		if (from >= node->end)
			continue;
		first = page_index(node, max(from, node->start));
		first = find_next_zero_bit(node->map, total, first);
		if (first == total)
			continue;
		last = find_next_bit(node->map, total, first);
		*range = (struct memblock_range){.start = page_address_of(node, first),
						 .end = page_address_of(node, last),
						 .nid = node->nid};
		return true;
	}
	return false;
}

/* --- the proof --- */

static bool broken(const struct bootmem_data *node, const char *rule)
{
	pr_err("bootmem: the map of 0x%llx breaks %s", (unsigned long long)node->start, rule);
	return false;
}

static bool check_node(const struct bootmem_data *node)
{
	unsigned long total = bootmem_nr_pages(node), room = BITS_TO_LONGS(total) * BITS_PER_LONG;

	if (bitmap_weight(node->map, total) + node->nr_free != total)
		return broken(node, "O1: nr_free is not the number of zero bits");
	if (find_next_zero_bit(node->map, room, total) != room)
		return broken(node, "O1: a bit behind the span is zero");
	if (node->start >= node->end || !IS_ALIGNED(node->start | node->end, PAGE_SIZE))
		return broken(node, "O2: the span is empty or no whole pages");
	if (node->last_offset == 0)
		return true;
	if (node->last_offset >= PAGE_SIZE || node->last_pos >= total ||
	    !bitmap_test(node->map, node->last_pos))
		return broken(node, "O3: the shared page is not taken");
	return true;
}

bool bootmem_check_all(const struct bootmem *bootmem)
{
	phys_addr_t together = 0;

	for (unsigned int i = 0; i < bootmem->nr; i++) {
		const struct bootmem_data *node = &bootmem->node[i];

		if (!check_node(node))
			return false;
		if (i > 0 && node[-1].end > node->start)
			return broken(node, "O2: spans overlap or are not sorted");
		together += node->end - node->start;
	}
	return together <= BOOTMEM_MAX_SPAN ||
	       broken(&bootmem->node[0], "O2: the spans are more than 256 MiB");
}
