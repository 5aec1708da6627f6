/* SPDX-License-Identifier: MIT */
/*
 * impl.h - the early floor's inside: each operation on an instance that is given.
 *
 * The public calls apply these to the one living map; tests apply them to
 * their own, so that the machine's memory is not disturbed.
 */
#pragma once

#include <arch/layout.h>
#include <config.h>
#include <lib/bits.h>
#include <lib/firmware/memory_map.h>
#include <mm/bootmem.h>
#include <mm/early.h>
#include <mm/memblock.h>

struct memblock_range {
	phys_addr_t start, end;
	int nid;
};

/* --- region.c: one sorted array. No call allocates: the room must be there. --- */

static inline phys_addr_t region_end(const struct memblock_region *region)
{
	return region->base + region->size;
}

/* The index of the first region that ends above `pa`; cnt when there is none. */
unsigned long region_search(const struct memblock_type *type, phys_addr_t pa);

/* Add `wanted`, which does not wrap, and how many more regions that takes. What is there already keeps its flags and node. */
unsigned long region_room_to_add(const struct memblock_type *type,
				 const struct memblock_region *wanted);
void region_add(struct memblock_type *type, const struct memblock_region *wanted);

/* Remove exactly [base, end), and how many more regions that takes. */
unsigned long region_room_to_remove(const struct memblock_type *type, phys_addr_t base,
				    phys_addr_t end);
void region_remove(struct memblock_type *type, phys_addr_t base, phys_addr_t end);

/* Change exactly [base, end), and how many more regions the cuts at its ends take. */
unsigned long region_room_to_cut(const struct memblock_type *type, phys_addr_t base,
				 phys_addr_t end);
void region_set_node(struct memblock_type *type, phys_addr_t base, phys_addr_t end, int nid);
void region_set_flags(struct memblock_type *type, phys_addr_t base, phys_addr_t end,
		      enum memblock_flags flags, bool set);

bool region_check(const struct memblock_type *type);

/* --- memblock.c: a map --- */

int memblock_map_add(struct memblock *map, struct memblock_type *type,
		     const struct memblock_region *wanted);
int memblock_map_reserve(struct memblock *map, phys_addr_t base, phys_addr_t size);
int memblock_map_remove(struct memblock *map, struct memblock_type *type, phys_addr_t base,
			phys_addr_t size);
int memblock_map_set_flag(struct memblock *map, const struct memblock_range *range,
			  enum memblock_flags flag, bool set);
int memblock_map_set_node(struct memblock *map, const struct memblock_range *range);
void memblock_map_trim(struct memblock *map, phys_addr_t align);
void memblock_map_limit(struct memblock *map, phys_addr_t limit);

/* Is any byte of [base, base+size) in a region of `type`? Are all of them? */
bool memblock_type_overlaps(const struct memblock_type *type, phys_addr_t base, phys_addr_t size);
bool memblock_type_covers(const struct memblock_type *type, phys_addr_t base, phys_addr_t size);

/* --- memblock_alloc.c: what is free in a map, and taking it --- */

struct memblock_request {
	phys_addr_t size, align; /* a power of two; 0 is a cache line */
	phys_addr_t start, end;	 /* end 0: the map's current limit */
	int nid;		 /* NUMA_NO_NODE: any */
	bool exact_nid;		 /* no other node will do */
};

/*
 * The lowest free range that begins at or above `from`, or the part of one above it; the highest one that ends at or
 * below `to`, or its part below. Only in memory whose flags are exactly `flags`.
 */
bool memblock_free_above(const struct memblock *map, phys_addr_t from, int nid,
			 enum memblock_flags flags, struct memblock_range *range);
bool memblock_free_below(const struct memblock *map, phys_addr_t to, int nid,
			 enum memblock_flags flags, struct memblock_range *range);

phys_addr_t memblock_map_find(const struct memblock *map, const struct memblock_request *request);
phys_addr_t memblock_map_alloc(struct memblock *map, const struct memblock_request *request);

/* --- bootmem_map.c: the bitmaps --- */

#define BOOTMEM_MAX_SPAN (256 * MiB) /* of all nodes together */

/* One node's map: bit n is the frame at start + n pages, 1 is taken. (Linux 2.6: bootmem_data) */
struct bootmem_data {
	phys_addr_t start, end; /* the span; whole pages */
	unsigned long *map;
	phys_addr_t map_pa;
	unsigned long nr_free;	   /* zero bits */
	unsigned long last_pos;	   /* the page that small requests share, if last_offset > 0 */
	unsigned long last_offset; /* bytes of it that are taken; 0: none is shared */
	int nid;
};

struct bootmem {
	unsigned int nr; /* nodes; 0 before bootmem_init() and after early_close() */
	struct bootmem_data node[MAX_NUMNODES];
	void *(*to_virtual)(phys_addr_t pa);
};

struct bootmem_request {
	size_t size, align;
	phys_addr_t goal;  /* tried first */
	phys_addr_t limit; /* never above; 0: none */
	int nid;	   /* tried first; NUMA_NO_NODE: any */
};

static inline unsigned long bootmem_nr_pages(const struct bootmem_data *node)
{
	return (unsigned long)((node->end - node->start) >> PAGE_SHIFT);
}

static inline size_t bootmem_map_bytes(phys_addr_t span)
{
	return BITS_TO_LONGS(span >> PAGE_SHIFT) * sizeof(unsigned long);
}

/* Everything starts reserved. */
void bootmem_node_init(struct bootmem_data *node, const struct memblock_range *span,
		       unsigned long *map);
void bootmem_node_free(struct bootmem_data *node, phys_addr_t start, phys_addr_t end);
void bootmem_free(struct bootmem *bootmem, phys_addr_t pa, size_t size);
void bootmem_reserve(struct bootmem *bootmem, phys_addr_t pa, size_t size);
phys_addr_t bootmem_take(struct bootmem *bootmem, const struct bootmem_request *request);
void *bootmem_alloc(struct bootmem *bootmem, const struct bootmem_request *request);
void *bootmem_alloc_or_panic(struct bootmem *bootmem, const struct bootmem_request *request);

unsigned long bootmem_nr_free(const struct bootmem *bootmem);

/* The next free range at or above `from`. */
bool bootmem_free_above(const struct bootmem *bootmem, phys_addr_t from,
			struct memblock_range *range);
bool bootmem_check_all(const struct bootmem *bootmem);

/* --- bootmem.c --- */

unsigned int bootmem_choose_spans(const struct memblock *map, phys_addr_t limit,
				  struct memblock_range span[]);
struct bootmem *bootmem_living(void);

/* --- words.c: what the command line says of memory --- */

#define EARLY_MAX_WORDS 16 /* ranges; more are ignored with a message */

struct early_word {
	phys_addr_t start, end; /* not empty */
	enum early_fate fate;	/* EARLY_ADDED or EARLY_RESERVED */
	const char *why;
};

struct early_words {
	struct early_word word[EARLY_MAX_WORDS];
	unsigned int nr;
	struct early_dma dma;
};

/* memmap=, reserve=, cma= and swiotlb= as they stand; what makes no sense is ignored with a message. */
void early_read_words(struct early_words *words);

/* cma= and swiotlb= cut, with a message, to what `ram` bytes of low memory can spare. */
void early_clamp_dma(struct early_dma *dma, phys_addr_t ram);

/* --- early.c: from the firmware's map to a memblock --- */

struct early_limits {
	phys_addr_t phys_end;	    /* what the CPU and struct page reach */
	phys_addr_t direct_map_end; /* what the direct map reaches */
	bool low_megabyte_reserved;
	uint64_t mem, highmem; /* from the command line; 0: not given */
};

#define EARLY_MAX_DECISIONS 128

struct early {
	const struct boot_info *boot;
	struct early_limits limits;
	struct early_words words;
	struct memblock *map;
	struct memory_map firmware; /* sanitised */
	phys_addr_t high_start;
	struct early_decision decision[EARLY_MAX_DECISIONS];
	unsigned int nr_decisions, decisions_lost;
	char failure[96]; /* why there is no usable memory */
};

/* boot, limits and an empty map are given. False: `failure` says why there is no usable memory. */
bool early_build(struct early *early);

/* --- handover.c --- */

/* The lowest free range of whole pages at or above `from`, whoever speaks for it. */
bool early_free_above(const struct memblock *map, const struct bootmem *bootmem, phys_addr_t from,
		      struct memblock_range *range);

/* The pages that bitmap `index` lies in; false behind the last. */
bool early_map_pages(const struct bootmem *bootmem, unsigned int index,
		     struct memblock_range *range);
