/* SPDX-License-Identifier: MIT */
/*
 * mm/kmap.h - addresses for pages that have none. (Linux: include/linux/highmem.h)
 *
 *	char *view = kmap_local_page(page);	for this task, this CPU, a moment
 *	...
 *	kunmap_local(view);
 *
 *	char *view = kmap(page);		for everybody, until kunmap(page)
 *
 * A page of the direct map has an address already: both then cost next to nothing.
 */
#pragma once

#include <arch/memory.h>
#include <lib/string.h>
#include <mm/page.h>
#include <mm/zone.h>

#define KM_MAX_IDX 16 /* windows of a CPU that may be open at once */

/* After vmalloc_init(). */
void kmap_init(void);

static inline bool page_is_high(const struct page *page)
{
	return page_zone_type(page) == ZONE_HIGHMEM;
}

void *kmap_local_high(struct page *page);
void kunmap_local_high(const void *address);

/*
 * A view of one page for whoever calls, until kunmap_local(). Up to KM_MAX_IDX nest, the last one opened is closed first: one too
 * many is a CHECK, one out of order is reported and stays open. Never sleeps. Any context. (Linux: kmap_local_page)
 */
static inline void *kmap_local_page(struct page *page)
{
	return likely(!page_is_high(page)) ? lowmem_page_address(page) : kmap_local_high(page);
}

static inline void kunmap_local(const void *address)
{
	/* The direct map lies below; what lies above the windows is none, and reported. */
	if (unlikely((uintptr_t)address >= arch_region_base(REGION_KMAP)))
		kunmap_local_high(address);
}

/* The older names. */
static inline void *kmap_atomic(struct page *page)
{
	return kmap_local_page(page);
}

static inline void kunmap_atomic(const void *address)
{
	kunmap_local(address);
}

/*
 * A view that is counted: the same page gives the same address, and page_address() knows it, until as many kunmap() as there were kmap(). May wait for
 * a slot, so not from an interrupt: that is reported and gives NULL for a high page. (Linux: kmap)
 */
void *kmap(struct page *page);

/* A page that nobody mapped so is reported. Not from an interrupt. */
void kunmap(struct page *page);

/* The page that kmap() shows at the address, or that lies there in the direct map; NULL. Any context. (Linux: kmap_to_page) */
struct page *kmap_to_page(const void *address);

struct kmap_counts {
	unsigned int slots, used, stale; /* stale: unmapped by their users, not yet flushed */
	unsigned long flushes;		 /* since boot */
};
void kmap_count(struct kmap_counts *counts);

/* Proves K1 to K3; says which failed. While nobody maps or unmaps. */
bool kmap_check(void);

static inline void clear_highpage(struct page *page)
{
	void *view = kmap_local_page(page);

	arch_page_clear(view);
	kunmap_local(view);
}

static inline void copy_highpage(struct page *to, struct page *from)
{
	void *source = kmap_local_page(from), *target = kmap_local_page(to);

	arch_page_copy(target, source);
	kunmap_local(target);
	kunmap_local(source);
}
