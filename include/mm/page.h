/* SPDX-License-Identifier: MIT */
/*
 * mm/page.h - struct page: what is known of one page frame.
 *
 * 32 bytes a frame, in a sparse virtual array (REGION_VMEMMAP) indexed by the
 * frame number, so that pfn_to_page() is a shift and an addition. The array is backed in units of a
 * MAX_ORDER block (1024 frames, 32 KiB); frames of a unit that are no RAM are reserved pages. (Linux: include/linux/mm_types.h)
 */
#pragma once

#include <arch/layout.h>
#include <lib/list.h>
#include <lib/types.h>
#include <mm/direct_map.h>

#define MAX_ORDER	   11 /* orders are 0..10; the largest block has 1024 pages, 4 MiB */
#define MAX_PAGE_ORDER	   (MAX_ORDER - 1)
#define MAX_ORDER_NR_PAGES (1UL << MAX_PAGE_ORDER)

enum page_flags {
	PG_RESERVED = 1 << 0, /* never in the buddy: no RAM, firmware's, or taken at boot */
	PG_BUDDY = 1 << 1,    /* first page of a free block; `order` is its order */
	PG_SLAB = 1 << 2,     /* a slab's page; `owner.slab` of the first page is its descriptor */
	PG_HEAD = 1 << 3,     /* first page of a compound page */
	PG_TAIL = 1 << 4,     /* other page of one; `head` is the first */
	PG_LARGE = 1 << 5,    /* a kmalloc block that came from the buddy */
	PG_OWNED = 1 << 6,    /* first page of an allocated block; `order` is its order */
};

struct slab;

struct page {
	uint16_t flags;	   /* PG_*; changed under the zone's lock, or by the block's only owner */
	uint8_t order;	   /* of a free or an allocated block, on its first page */
	uint8_t zone_node; /* bits 0-1 the zone's index, 2-7 the node */
	int32_t refcount;  /* users; 0 on free, reserved and tail pages */
	union {
		struct list_head lru; /* free list, or the owner's list */
		struct page *head;    /* PG_TAIL */
	};
	union {
		unsigned long private; /* the owner's */
		struct slab *slab;     /* PG_SLAB */
	} owner;
};
static_assert(sizeof(struct page) == 32, "a machine of 4 GiB spends 32 MiB on it");

enum zone_type { ZONE_DMA, ZONE_DMA32, ZONE_NORMAL, ZONE_HIGHMEM, MAX_NR_ZONES };

static inline struct page *pfn_to_page(unsigned long pfn)
{
	return (struct page *)arch_region_base(REGION_VMEMMAP) + pfn;
}

static inline unsigned long page_to_pfn(const struct page *page)
{
	return (unsigned long)(page - (struct page *)arch_region_base(REGION_VMEMMAP));
}

static inline phys_addr_t page_to_phys(const struct page *page)
{
	return (phys_addr_t)page_to_pfn(page) << PAGE_SHIFT;
}

static inline enum zone_type page_zone_type(const struct page *page)
{
	return (enum zone_type)(page->zone_node & 3);
}

static inline int page_to_nid(const struct page *page)
{
	return page->zone_node >> 2;
}

static inline struct page *compound_head(struct page *page)
{
	return page->flags & PG_TAIL ? page->head : page;
}

/* Is there a struct page for this frame? (The frame may still be a hole inside a unit.) */
bool pfn_valid(unsigned long pfn);

/* Address in the direct map, NULL for high memory. (Linux: page_address) */
void *page_address(const struct page *page);

/* Only for addresses of the direct map; others are a reported misuse and give NULL. (Linux: virt_to_page, virt_addr_valid) */
struct page *virt_to_page(const void *address);
bool virt_addr_valid(const void *address);

/* virt_to_page() for an address that the caller knows to lie in the direct map. */
static inline struct page *direct_map_page(const void *address)
{
	return pfn_to_page(direct_map_to_phys(address) >> PAGE_SHIFT);
}

/* References. The last put frees the block. Tails of a compound page stand for its head. Any context. */
void get_page(struct page *page);
void put_page(struct page *page);

/* Make 2^order independent pages of one block that is not compound. (Linux: split_page) */
void split_page(struct page *page, unsigned int order);

/*
 * Struct pages for every frame that exists, all reserved; zones with their sizes and watermarks. Pulls from memblock.
 */
void page_init(void);

/* The handover: every range that early has left becomes free blocks. Returns the pages; early is closed then. */
unsigned long page_take_free(void);

unsigned long nr_free_pages(void);
unsigned long totalram_pages(void); /* managed pages of all zones */
