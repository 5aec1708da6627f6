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
#include <lib/bits.h>
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
	PG_PCP = 1 << 7,      /* first page of a block on a per-CPU list; `order` is its order */
	/* With PG_OWNED and PG_PCP: the list that the block was asked from, and goes back to. */
	PG_MOVABLE = 1 << 8,	 /* asked for with __GFP_MOVABLE */
	PG_RECLAIMABLE = 1 << 9, /* with __GFP_RECLAIMABLE */
	PG_DEVMEM =
		1
		<< 10, /* with PG_SLAB or PG_LARGE: headers of dev_kmalloc() stand before the data */
	PG_MOVER = 1 << 11, /* with PG_OWNED: `owner.private` is who moves it (mm/page_mover.h) */
};

#define PG_TYPE_SHIFT 8
#define PG_TYPE_MASK  (PG_MOVABLE | PG_RECLAIMABLE)

struct slab;

/*
 * The first four bytes are one value, `state`, so that the buddy compares and
 * the boot writes them at once. A frame is in exactly one of these states
 * (page_check() proves it):
 *
 *	PG_RESERVED			reserved or a hole
 *	PG_BUDDY, order k		first page of a free block of 2^k pages
 *	PG_PCP, order k			first page of a block that a per-CPU list holds, with its type
 *	PG_OWNED, order k		first page of an allocated block; with PG_HEAD of a compound page,
 *					its type, PG_SLAB or PG_LARGE as its owner marks it
 *	none of these			any other page of such a block (PG_TAIL in a compound page)
 *
 * Whoever sets PG_SLAB, PG_LARGE or PG_MOVER clears it before the block is freed: what carries one is refused.
 */
struct page {
	union {
		struct {
			uint16_t flags;	   /* PG_*; the zone's lock, or the block's only owner */
			uint8_t order;	   /* of a free or an allocated block, on its first page */
			uint8_t zone_node; /* bits 0-1 the zone's index, 2-7 the node; constant */
		};
		uint32_t state;
	};
	int32_t refcount; /* users; 0 on free, reserved and tail pages */
	union {
		struct list_head lru; /* free list, or the owner's list */
		struct page *head;    /* PG_TAIL */
	};
	union {
		unsigned long private; /* the owner's */
		struct slab *slab;     /* PG_SLAB */
	} owner;
};
#define PAGE_STRUCT_SHIFT 5
static_assert(sizeof(struct page) == 1 << PAGE_STRUCT_SHIFT,
	      "a machine of 4 GiB spends 32 MiB on it");

/* `state` made of its parts. */
static inline uint32_t page_state(unsigned int flags, unsigned int order, uint8_t zone_node)
{
	return flags | order << 16 | (uint32_t)zone_node << 24;
}
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	      "page_state() puts `flags` in the low half");

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

/*
 * What was reserved at boot, by the kernel's own image say, is free memory from now on: the zone manages so many pages more. The pages
 * are reserved (CHECK), of one node, and nobody's. Returns nr_pages. May sleep. (Linux: free_reserved_area())
 */
unsigned long free_reserved_pages(unsigned long start_pfn, unsigned long nr_pages);

/*
 * Which units have struct pages that are written: one bit each, in chunks of 512 bytes that stand for 16 GiB; where
 * there is no RAM they share an empty one. For the two functions below.
 */
#define PAGE_UNIT_SHIFT	 MAX_PAGE_ORDER /* of frames */
#define PAGE_CHUNK_SHIFT 12		/* of units */
extern unsigned long **page_unit_chunks;
extern unsigned long page_nr_units;

/*
 * Is there a struct page for this frame, which may be read? The frame may still be a hole inside a unit. False
 * also for RAM that is free and whose struct page is not written yet (mm/deferred.h). O(1), any context.
 */
static inline bool pfn_valid(unsigned long pfn)
{
	unsigned long unit = pfn >> PAGE_UNIT_SHIFT;
	const unsigned long *chunk;

	if (unlikely(unit >= page_nr_units))
		return false;
	chunk = page_unit_chunks[unit >> PAGE_CHUNK_SHIFT];
	unit &= BIT(PAGE_CHUNK_SHIFT) - 1;
	/* Who sees the bit sees the struct pages that were written before it. */
	return __atomic_load_n(&chunk[unit / BITS_PER_LONG], __ATOMIC_ACQUIRE) >>
		       (unit % BITS_PER_LONG) &
	       1;
}

/*
 * Is this really the address of a struct page that exists? For pointers that come from a caller. The division is a
 * rotation: what should be no remainder becomes the frame number's highest bits, and no frame is that high.
 */
static inline bool page_exists(const struct page *page)
{
	uintptr_t offset = (uintptr_t)page - arch_region_base(REGION_VMEMMAP);

	return pfn_valid(offset >> PAGE_STRUCT_SHIFT | offset << (64 - PAGE_STRUCT_SHIFT));
}

/* The address of a page that is known to be in the direct map: one multiplication by a power of two. (Linux: lowmem_page_address) */
static inline void *lowmem_page_address(const struct page *page)
{
	uintptr_t offset = (uintptr_t)page - arch_region_base(REGION_VMEMMAP);

	return (void *)(arch_region_base(REGION_DIRECT_MAP) +
			offset * (PAGE_SIZE / sizeof(struct page)));
}

/* Address in the direct map; of a high page the one that kmap() shows it at, NULL while it does not. Any context. (Linux: page_address) */
void *page_address(const struct page *page);

/* Who knows where high pages are shown: mm/virt/kmap.c puts itself here. */
extern void *(*page_address_high)(const struct page *page);

/* Only for addresses of the direct map; others are a reported misuse and give NULL. (Linux: virt_to_page, virt_addr_valid) */
struct page *virt_to_page(const void *address);
bool virt_addr_valid(const void *address);

/* virt_to_page() for an address that the caller knows to lie in the direct map. */
static inline struct page *direct_map_page(const void *address)
{
	return pfn_to_page(direct_map_to_phys(address) >> PAGE_SHIFT);
}

/*
 * References. The last put frees the block. Tails of a compound page stand for
 * its head. A page without users is reported and left alone. Any context.
 */
void get_page(struct page *page);
void put_page(struct page *page);

/* Make 2^order independent pages, with one user each, of one block that is not compound. (Linux: split_page) */
void split_page(struct page *page, unsigned int order);

/*
 * The way back: single pages that lie side by side, from an aligned one on, become one block with one user. False, and nothing
 * has changed, when one of them has another user or is no single page. The caller is the one user of all of them. Any context.
 */
bool join_pages(struct page *page, unsigned int order);

/* Free `nr` single pages that lie side by side, as blocks where nobody else uses one of them. Any context. */
void free_page_run(struct page *page, unsigned long nr);

/*
 * Room for a struct page of every frame that exists; nodes and zones with what they span and what is
 * present. Once, at boot, after bootmem_init(); memory comes from early.
 */
void page_init(void);

/*
 * The handover: struct pages are written, but of blocks that are free as a whole; every range that early has left becomes
 * free blocks, then the watermarks are set. Returns the pages; early is closed then. Once, after page_init().
 */
unsigned long page_take_free(void);

unsigned long nr_free_pages(void);   /* in the buddy, all zones; per-CPU lists not counted */
unsigned long totalram_pages(void);  /* managed pages of all zones */
unsigned long nr_struct_pages(void); /* struct pages that are backed by memory, holes' included */

/* The first page of the free, listed or allocated block that `page` lies in; NULL for a reserved page and in a deferred block. O(MAX_ORDER). */
struct page *page_block(struct page *page);

/*
 * What a page is, as text: "pfn 0x1a40, zone DMA32 of node 0: inside a free
 * block of order 3 at pfn 0x1a40". Returns the length, as scnprintf(). Any context.
 */
int page_describe(struct page *page, char *text, size_t size);

/*
 * The sweep: each frame in exactly one state, and the sums equal to what the
 * zones say. Each rule that fails (P1...) is one line. The machine is quiet: nobody allocates meanwhile.
 */
bool page_check(void);
