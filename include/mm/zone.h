/* SPDX-License-Identifier: MIT */
/*
 * mm/zone.h - memory of one node by what can reach it. (Linux: include/linux/mmzone.h)
 */
#pragma once

#include <config.h>
#include <lib/list.h>
#include <lib/spinlock.h>
#include <mm/page.h>

struct free_area {
	struct list_head free_list;
	unsigned long nr_free; /* blocks in it */
};

enum zone_watermark { WMARK_MIN, WMARK_LOW, WMARK_HIGH, NR_WMARK };

struct zone {
	spinlock_t lock;       /* protects free_area and nr_free */
	unsigned long nr_free; /* free pages: sum of nr_free blocks << order */
	struct free_area free_area[MAX_ORDER];
	const char *name; /* "DMA", "DMA32", "Normal", "HighMem" */
	enum zone_type type;
	int nid;
	unsigned long start_pfn;
	unsigned long spanned_pages; /* frames from the first to the last, holes included */
	unsigned long present_pages; /* RAM */
	unsigned long managed_pages; /* RAM that the buddy was given; the rest is reserved */
	unsigned long watermark[NR_WMARK];
};

struct pglist_data {
	int nid;
	struct zone zone[MAX_NR_ZONES];
	unsigned long start_pfn, spanned_pages, present_pages;
};

/* Nodes with an entry, 0 .. nr_nodes-1; NODE_DATA(nid) is never NULL for them. */
extern unsigned int nr_nodes;
struct pglist_data *NODE_DATA(int nid);

static inline struct zone *page_zone(const struct page *page)
{
	return &NODE_DATA(page_to_nid(page))->zone[page_zone_type(page)];
}

static inline bool populated_zone(const struct zone *zone)
{
	return zone->present_pages != 0;
}

/* Every zone of every node, lowest first; unpopulated ones too. */
struct zone *zone_next(struct zone *zone); /* NULL starts; NULL ends */
#define for_each_zone(zone) for (zone = zone_next(NULL); zone; zone = zone_next(zone))
#define for_each_populated_zone(zone)                                                              \
	for_each_zone (zone)                                                                       \
		if (populated_zone(zone))

/* The highest zone that a mask admits. */
enum zone_type gfp_zone(unsigned int gfp);
