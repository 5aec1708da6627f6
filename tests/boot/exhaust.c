/* SPDX-License-Identifier: MIT */
/*
 * exhaust.c - hand out every page there is, say which, and take them all back.
 *
 * The command `exhaust` is for judges outside the kernel: they know from the firmware's map which pages
 * may be handed out at all. Each line is a run of frames of one sort, in order of address:
 *
 *	exhaust: 0x400-0x7ff handed		given out by alloc_pages() just now
 *	exhaust: 0x800-0x823 kept		in use since before: slabs, ...
 *	exhaust: 0x824-0x827 reserved		RAM that the buddy never had
 *
 * It writes to each page that it was given: one that is no RAM, or not mapped, is found too.
 */
#include <kernel/shell.h>

#include <lib/printk.h>
#include <mm/deferred.h>
#include <mm/gfp.h>
#include <mm/pcp.h>
#include <mm/memblock.h>
#include <mm/zone.h>

#define EXHAUST_MARK 0x6578686175737421UL

enum sort { SORT_NONE, SORT_HANDED, SORT_KEPT, SORT_RESERVED };

struct run {
	unsigned long start, end; /* frames, [start, end) */
	enum sort sort;
};

static const char *const sort_names[] = {"", "handed", "kept", "reserved"};

static void touch(struct page *page, unsigned int order)
{
	unsigned long *words;

	for (unsigned long i = 0; i < 1UL << order; i++) {
		words = page_address(page + i);
		if (words)
			words[0] = words[PAGE_SIZE / sizeof(*words) - 1] = EXHAUST_MARK;
	}
}

/* Every block, the largest first; the watermarks are no limit. Returns the pages. */
static unsigned long take_all(struct list_head *blocks)
{
	unsigned long nr_pages = 0;
	struct page *page;

	for (unsigned int order = MAX_ORDER; order-- > 0;) {
		while ((page = alloc_pages(GFP_HIGHUSER | __GFP_MEMALLOC | __GFP_NOWARN, order))) {
			page->owner.private = EXHAUST_MARK;
			list_add(&page->lru, blocks);
			touch(page, order);
			nr_pages += 1UL << order;
		}
	}
	return nr_pages;
}

static void give_all_back(struct list_head *blocks)
{
	while (!list_empty(blocks)) {
		struct page *page = list_first_entry(blocks, struct page, lru);

		list_del(&page->lru);
		page->owner.private = 0;
		__free_pages(page, page->order);
	}
}

/* What the frame is, and how many frames from it on are the same block. */
static enum sort sort_of(unsigned long pfn, unsigned long *nr_frames)
{
	struct page *page = pfn_to_page(pfn);

	*nr_frames = 1;
	if (!memblock_is_memory((phys_addr_t)pfn << PAGE_SHIFT))
		return SORT_NONE;
	if (page->flags & PG_RESERVED)
		return SORT_RESERVED;
	if (!(page->flags & PG_OWNED))
		return SORT_KEPT;
	*nr_frames = 1UL << page->order;
	return page->owner.private == EXHAUST_MARK ? SORT_HANDED : SORT_KEPT;
}

static void end_run(const struct run *run)
{
	if (run->sort != SORT_NONE)
		console_print("exhaust: 0x%lx-0x%lx %s\n", run->start, run->end - 1,
			      sort_names[run->sort]);
}

static void say_runs(const struct zone *zone)
{
	unsigned long pfn = zone->start_pfn, end = pfn + zone->spanned_pages, nr_frames;
	struct run run = {pfn, pfn, SORT_NONE};

	for (; pfn < end; pfn += nr_frames) {
		enum sort sort = SORT_NONE;

		nr_frames = MAX_ORDER_NR_PAGES - pfn % MAX_ORDER_NR_PAGES;
		if (page_materialise(pfn))
			sort = sort_of(pfn, &nr_frames);
		if (sort != run.sort) {
			end_run(&run);
			run = (struct run){pfn, pfn, sort};
		}
		run.end = pfn + nr_frames;
	}
	end_run(&run);
}

COMMAND(exhaust, "exhaust", "hand out every page, say which they were, take them back")
{
	unsigned long before = nr_idle_pages(), nr_pages;
	LIST_HEAD(blocks);
	struct zone *zone;

	if (argc > 1)
		return SHELL_USAGE;
	nr_pages = take_all(&blocks);
	for_each_populated_zone (zone)
		say_runs(zone);
	give_all_back(&blocks);
	console_print("exhaust: %lu pages of %lu were handed out, %lu are free again\n", nr_pages,
		      before, nr_idle_pages());
	return nr_pages == before && nr_idle_pages() == before ? 0 : 1;
}
