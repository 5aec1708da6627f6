/* SPDX-License-Identifier: MIT */
/*
 * misuse.c - pages given back wrongly: what the page is, and what went wrong.
 *
 * THE IDEA
 *	struct page keeps the order of every block, free or allocated, in every
 *	build. So a wrong free is seen before anything is touched: a block may
 *	be freed only through its first page, with its own order, while it has
 *	users. Everything else is told in one report, and nothing is changed.
 *
 *	A page that is not the first of a block says nothing of itself. But a
 *	block of order k starts at a multiple of 2^k, so at most 11 pages before
 *	it can be that first page: for frame 13 these are 13, 12, 8, 0, ...
 *
 * LOCKING	None is taken: what is described may change under our eyes, and
 *		then the words are wrong but nothing else is.
 * FLOOR	page.
 * LINUX	mm/page_alloc.c: bad_page(), free_page_is_bad(). There the order
 *		of a block is known to its owner only.
 */
#include <mm/page.h>

#include <lib/printf.h>
#include <lib/report.h>
#include <mm/direct_map.h>
#include <mm/deferred.h>
#include <mm/memblock.h>
#include "block.h"
#include "impl.h"

struct page *page_block(struct page *page)
{
	unsigned long pfn = page_to_pfn(page);
	struct page *first;
	unsigned int order;

	if (!pfn_valid(pfn))
		return NULL;
	for (order = 0; order < MAX_ORDER; order++) {
		first = pfn_to_page(ALIGN_DOWN(pfn, 1UL << order));
		if (READ_ONCE(first->flags) & (PG_BUDDY | PG_PCP | PG_OWNED) &&
		    READ_ONCE(first->order) >= order)
			return first;
	}
	return NULL;
}

/* What the owner of a block made of it. */
static const char *owner_name(const struct page *first)
{
	if (first->flags & PG_SLAB)
		return "a slab";
	if (first->flags & PG_LARGE)
		return "a kmalloc block";
	return first->flags & PG_HEAD ? "a compound page" : "an allocated block";
}

/* A frame whose struct page may not be read. */
static int describe_blank(unsigned long pfn, char *text, size_t size)
{
	if (pfn_is_deferred(pfn))
		return scnprintf(
			text, size,
			"pfn 0x%lx: inside a free block of order %u at pfn 0x%lx, deferred", pfn,
			MAX_PAGE_ORDER, ALIGN_DOWN(pfn, MAX_ORDER_NR_PAGES));
	return scnprintf(text, size, "pfn 0x%lx: %s", pfn,
			 memblock_is_memory((phys_addr_t)pfn << PAGE_SHIFT)
				 ? "reserved, it holds struct pages"
				 : "no RAM");
}

/* Others may be at it: state and users are each read once, and the rest of the copy is nothing. */
static struct page glance(const struct page *page)
{
	struct page copy = {.state = READ_ONCE(page->state)};

	copy.refcount = READ_ONCE(page->refcount);
	return copy;
}

/* The struct page can be read. */
static int describe_written(struct page *page, char *text, size_t size)
{
	struct page *first = page_block(page), seen = glance(first ? first : page),
		    seen_page = glance(page);
	const struct zone *zone = page_zone(&seen_page);
	const char *place = page == first ? "first page of" : "inside";
	int length;

	length = scnprintf(text, size, "pfn 0x%lx, zone %s of node %d: ", page_to_pfn(page),
			   zone->name, zone->nid);
	text += length;
	size -= (size_t)length;
	if (seen_page.flags & PG_RESERVED)
		return length + scnprintf(text, size, "reserved, or no RAM");
	if (!first)
		return length + scnprintf(text, size, "in no block");
	if (seen.flags & PG_BUDDY)
		return length + scnprintf(text, size, "%s a free block of order %u at pfn 0x%lx",
					  place, seen.order, page_to_pfn(first));
	if (seen.flags & PG_PCP)
		return length + scnprintf(text, size,
					  "%s a block of order %u at pfn 0x%lx on a per-CPU list",
					  place, seen.order, page_to_pfn(first));
	return length + scnprintf(text, size, "%s %s of order %u at pfn 0x%lx, users %d", place,
				  owner_name(&seen), seen.order, page_to_pfn(first), seen.refcount);
}

int page_describe(struct page *page, char *text, size_t size)
{
	if (!page_exists(page))
		return describe_blank(page_to_pfn(page), text, size);
	return describe_written(page, text, size);
}

/* Others may be at the page: each word is read once. */
enum misuse misuse_of_page(struct page *page, unsigned int order)
{
	struct page *first;
	unsigned int flags;

	if (!page_exists(page))
		return page_is_deferred(page) ? MISUSE_FREED : MISUSE_NO_PAGE;
	if (READ_ONCE(page->flags) & PG_RESERVED)
		return MISUSE_RESERVED;
	first = page_block(page);
	flags = first ? READ_ONCE(first->flags) : PG_BUDDY;
	if (flags & (PG_BUDDY | PG_PCP))
		return MISUSE_FREED;
	if (flags & PG_SLAB)
		return MISUSE_SLAB;
	if (flags & PG_LARGE)
		return MISUSE_LARGE;
	if (flags & PG_MOVER)
		return MISUSE_MOVER;
	if (page != first)
		return READ_ONCE(page->flags) & PG_TAIL ? MISUSE_TAIL : MISUSE_INSIDE;
	return READ_ONCE(page->order) != order ? MISUSE_ORDER : MISUSE_NO_USERS;
}

static const struct {
	const char *title, *advice;
} texts[] = {
	[MISUSE_NO_PAGE] = {"no such page", "the pointer is no struct page that exists"},
	[MISUSE_ADDRESS] = {"address is not in the direct map",
			    "free memory through the allocator that gave it"},
	[MISUSE_RESERVED] = {"reserved page", "it never came from alloc_pages()"},
	[MISUSE_FREED] = {"page freed twice", "each alloc_pages() has one __free_pages()"},
	[MISUSE_ORDER] = {"wrong order", "free with the order that was asked for"},
	[MISUSE_TAIL] = {"tail of a compound page", "free its first page, compound_head()"},
	[MISUSE_INSIDE] = {"inside a block",
			   "free its first page; split_page() makes single pages"},
	[MISUSE_SLAB] = {"page of a slab", "free objects with kfree() or kmem_cache_free()"},
	[MISUSE_MOVER] = {"page that still has a mover", "page_clear_mover() comes first"},
	[MISUSE_LARGE] = {"page of a kmalloc block", "free it with kfree()"},
	[MISUSE_NO_USERS] = {"page without users", "each get_page() has one put_page()"},
	[MISUSE_COMPOUND] = {"compound page", "allocate without __GFP_COMP what is to be split"},
};

void misuse_report_page(enum misuse misuse, const char *who, struct page *page, unsigned int order)
{
	char text[128];

	report_open(REPORT_BUG, "%s: %s", who, texts[misuse].title);
	if (page_exists(page) || page_is_deferred(page)) {
		page_describe(page, text, sizeof(text));
		report_line("page    %s", text);
	} else {
		report_line("page    %px", page);
	}
	report_line("given   with order %u", order);
	report_line("advice  %s", texts[misuse].advice);
	report_stack("by");
	report_close();
}

void misuse_report_address(const char *who, const void *address)
{
	if (is_direct_map_address(address) && page_is_deferred(direct_map_page(address))) {
		misuse_report_page(MISUSE_FREED, who, direct_map_page(address), 0);
		return;
	}
	report_open(REPORT_BUG, "%s: %s", who, texts[MISUSE_ADDRESS].title);
	report_line("address %px", address);
	report_line("advice  %s", texts[MISUSE_ADDRESS].advice);
	report_stack("by");
	report_close();
}

struct page *page_at(const char *who, const void *address, unsigned int order)
{
	if (unlikely(!virt_addr_valid(address))) {
		misuse_report_address(who, address);
		return NULL;
	}
	if (unlikely(!IS_ALIGNED((uintptr_t)address, PAGE_SIZE))) {
		misuse_report_page(MISUSE_INSIDE, who, direct_map_page(address), order);
		return NULL;
	}
	return direct_map_page(address);
}
