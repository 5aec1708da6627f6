/* SPDX-License-Identifier: MIT */
/*
 * impl.h - what the files of mm/page share among themselves.
 */
#pragma once

#include <lib/poison.h>
#include <mm/gfp.h>
#include <mm/zone.h>

/* Frames that share zone, node and kind, in one unbroken piece. */
struct frame_run {
	unsigned long start, end; /* pfns, [start, end) */
	int nid;
	enum zone_type type;
	bool ram; /* false: a hole, inside a unit that has RAM elsewhere */
};

/*
 * Every frame that has a struct page, as runs in rising order, until `visit` says false. False then.
 */
bool frames_visit(bool (*visit)(const struct frame_run *run, void *context), void *context);

/* memblock's node for us: those that make no sense are node 0. */
int memory_node(int nid);

/* Zone modifiers that contradict each other, or two kinds at once: one bit for each value of the five lowest bits. */
static inline bool gfp_is_odd(gfp_t gfp)
{
	const uint32_t two_zones = 0xe8, two_kinds = 0xff;
	const uint32_t odd = two_zones | two_zones << 8 | two_zones << 16 | two_kinds << 24;

	return odd >> (gfp & 31) & 1;
}

/* zone.c: nodes, and the bounds of their zones, from memblock. */
void zones_init(void);

/* migrate.c: where there are too few pageblocks to part, all become unmovable and every request is. */
void mobility_init(void);

/* reclaim.c: the queue of the node's reclaimer. */
void kswapd_wait_init(struct pglist_data *node);

/* pcp.c: lists for every possible CPU, from early; and their limits, anew whenever watermarks change. */
void pcp_init(struct zone *zone);
void pcp_set_limits(struct zone *zone);

/* pcp.c: which list serves which mask, on each CPU. Anew when zones are filled, or the types are few. */
void pcp_set_ways(void);

/* pcp.c: must each free look closer? Anew when a pageblock is isolated, or features of debug.h change. */
void pcp_set_free_slowly(struct zone *zone);

/* zone.c: the zone of a frame of RAM on memblock's node `nid`. */
struct zone *zone_of_frame(int nid, unsigned long pfn);

/*
 * page.c: write struct pages [start_pfn, end_pfn), all of one state and nobody's; say that the units [start, end) are written; write
 * as reserved all that are not left blank.
 */
void frames_write(unsigned long start_pfn, unsigned long end_pfn, uint32_t state);
void units_set_written(unsigned long start, unsigned long end);
void frames_write_reserved(void);

/* page.c: frames that hold struct pages, large pieces only; false behind the last. */
#define STRUCT_PAGE_PIECES 32
bool struct_page_piece(unsigned int index, unsigned long *start_pfn, unsigned long *end_pfn);

/*
 * deferred.c: which blocks stay blank, after the last early allocation; those of a free range counted as free
 * blocks (the caller holds zone->lock).
 */
void deferred_choose(void);
void deferred_give(struct zone *zone, unsigned long start_pfn, unsigned long end_pfn);

/* The first frame of [pfn, end) that was left blank at the handover, else `end`, and where that piece of blank ones ends. */
unsigned long blank_next(unsigned long pfn, unsigned long end, unsigned long *blank_end);

/* page.c: write the state of free pages' struct pages, [start_pfn, end_pfn) of one zone, until now reserved. */
void frames_clear_reserved(unsigned long start_pfn, unsigned long end_pfn);

/* Free memory that has an address is poisoned, so that a sanitizer sees who still uses it. Nothing on real machines. */
static inline void poison_block(const struct page *page, unsigned int order)
{
	if (page_zone_type(page) != ZONE_HIGHMEM)
		mem_poison(phys_to_virt(page_to_phys(page)), PAGE_SIZE << order);
}

static inline void unpoison_block(const struct page *page, unsigned int order)
{
	if (page_zone_type(page) != ZONE_HIGHMEM)
		mem_unpoison(phys_to_virt(page_to_phys(page)), PAGE_SIZE << order);
}

/* What the caller did to a page that it may not. */
enum misuse {
	MISUSE_NO_PAGE,
	MISUSE_ADDRESS,
	MISUSE_RESERVED,
	MISUSE_FREED,
	MISUSE_ORDER,
	MISUSE_TAIL,
	MISUSE_INSIDE,
	MISUSE_SLAB,
	MISUSE_LARGE,
	MISUSE_MOVER,
	MISUSE_NO_USERS,
	MISUSE_COMPOUND,
};

/* Why this page is not the first of an allocated block of that order; asked after it was found not to be one. */
enum misuse misuse_of_page(struct page *page, unsigned int order);

/* One report. `who` is the function that was called; what it was given is a page (may be none at all) or an address. */
void misuse_report_page(enum misuse misuse, const char *who, struct page *page, unsigned int order);
void misuse_report_address(const char *who, const void *address);
