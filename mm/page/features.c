/* SPDX-License-Identifier: MIT */
/*
 * features.c - which features watch pages, and what each does when a block changes hands.
 *
 * THE IDEA
 *	A bit for each feature. The order of their work matters: a block that is
 *	freed is remembered, then filled, then taken out of the direct map; one that is
 *	allocated goes the other way, as its contents can be read only when it is mapped again.
 *
 * PICTURE
 *	free	owner: who freed it	poison or zero it	unmap it
 *	alloc	map it		is the poison whole?	zero it		owner: who has it
 *
 * LOCKING	Features are switched while nobody else allocates. The hooks: any context.
 * COST		Nothing while all are off. See each feature's file for its own; to zero a page is some 512 stores.
 * FLOOR	page. The hooks are called by page_slowpath.c and page_ref.c.
 * LINUX	mm/page_alloc.c: post_alloc_hook(), free_pages_prepare(), init_mem_debugging_and_hardening().
 */
#include "features.h"

#include <lib/bits.h>
#include <lib/check.h>
#include <lib/cmdline.h>
#include <lib/errno.h>
#include <lib/init.h>
#include <lib/printf.h>
#include <lib/printk.h>
#include <mm/deferred.h>
#include <mm/deferred.h>
#include <mm/direct_map.h>
#include <mm/page_owner.h>
#include <mm/zone.h>
#include "debug.h"

static unsigned long enabled; /* a bit for each feature */

static inline bool is_on(enum page_debug_feature feature)
{
	return enabled & BIT(feature);
}

bool page_debug_is_on(enum page_debug_feature feature)
{
	return READ_ONCE(enabled) & BIT(feature);
}

const char *page_debug_name(enum page_debug_feature feature)
{
	static const char *const names[NR_PAGE_DEBUG_FEATURES] = {
		"page_poisoning",  "page_owner",    "debug_pagealloc",
		"fail_page_alloc", "init_on_alloc", "init_on_free"};

	return names[feature];
}

/* --- the hooks ------------------------------------------------------------------- */

bool page_debug_alloc(struct page *page, unsigned int order, gfp_t gfp)
{
	ASSERT(page->flags & PG_OWNED && page->order == order, "pfn 0x%lx", page_to_pfn(page));
	if (is_on(PAGE_DEBUG_UNMAP))
		debug_pagealloc_map(page, order);
	if (is_on(PAGE_DEBUG_POISON) && !page_poison_check(page, order))
		return false;
	if (is_on(PAGE_DEBUG_INIT_ON_ALLOC) && !(gfp & __GFP_ZERO))
		page_contents_fill(page, order, 0);
	if (is_on(PAGE_DEBUG_OWNER))
		page_owner_alloc(page, order, gfp);
	return true;
}

void page_debug_free(struct page *page, unsigned int order)
{
	ASSERT(page->refcount == 0 && order < MAX_ORDER, "pfn 0x%lx", page_to_pfn(page));
	if (is_on(PAGE_DEBUG_OWNER))
		page_owner_free(page, order);
	if (is_on(PAGE_DEBUG_POISON))
		page_poison_fill(page, order);
	else if (is_on(PAGE_DEBUG_INIT_ON_FREE))
		page_contents_fill(page, order, 0);
	if (is_on(PAGE_DEBUG_UNMAP))
		debug_pagealloc_unmap(page, order);
}

/* --- the switches ------------------------------------------------------------------ */

static void visit_zone(struct zone *zone, void (*visit)(struct page *page, unsigned int order))
{
	unsigned long pfn = zone->start_pfn, flags, step;
	struct page *page;

	for (; zone_spans_pfn(zone, pfn); pfn += step) {
		step = 1;
		if (!pfn_valid(pfn)) {
			step = MAX_ORDER_NR_PAGES - pfn % MAX_ORDER_NR_PAGES;
			continue;
		}
		page = pfn_to_page(pfn);
		spin_lock_irqsave(&zone->lock, flags);
		if (page->flags & PG_BUDDY && page->zone_node == zone_node_bits(zone)) {
			step = 1UL << page->order;
			visit(page, page->order);
		}
		spin_unlock_irqrestore(&zone->lock, flags);
	}
}

void free_blocks_visit(void (*visit)(struct page *page, unsigned int order))
{
	struct zone *zone;

	page_materialise_all();
	for_each_populated_zone (zone)
		visit_zone(zone, visit);
}

static int start(enum page_debug_feature feature)
{
	page_materialise_all(); /* what is free must be known block by block */
	switch (feature) {
	case PAGE_DEBUG_POISON:
		return page_poison_start();
	case PAGE_DEBUG_OWNER:
		return page_owner_start();
	case PAGE_DEBUG_UNMAP:
		return debug_pagealloc_start();
	default:
		return 0;
	}
}

/*
 * While free pages are unmapped, what fills them cannot be started, and what is started under them must be filled
 * first: so that one rests meanwhile. Interrupts and other CPUs do not allocate.
 */
int page_debug_start(enum page_debug_feature feature)
{
	bool unmapped = is_on(PAGE_DEBUG_UNMAP) && feature != PAGE_DEBUG_UNMAP;
	int error;

	CHECK(feature < NR_PAGE_DEBUG_FEATURES, "feature %d", feature);
	if (is_on(feature))
		return 0;
	page_debug_enable();
	if (unmapped)
		debug_pagealloc_stop();
	error = start(feature);
	if (unmapped)
		debug_pagealloc_start();
	if (error)
		page_debug_disable();
	else
		WRITE_ONCE(enabled, enabled | BIT(feature));
	return error;
}

void page_debug_stop(enum page_debug_feature feature)
{
	CHECK(feature < NR_PAGE_DEBUG_FEATURES, "feature %d", feature);
	if (!is_on(feature))
		return;
	WRITE_ONCE(enabled, enabled & ~BIT(feature));
	if (feature == PAGE_DEBUG_POISON)
		page_poison_stop();
	if (feature == PAGE_DEBUG_OWNER)
		page_owner_stop();
	if (feature == PAGE_DEBUG_UNMAP)
		debug_pagealloc_stop();
	if (feature == PAGE_DEBUG_FAIL)
		fail_page_alloc_stop();
	page_debug_disable();
}

/* --- the command line ---------------------------------------------------------------- */

static __init void start_and_say(enum page_debug_feature feature)
{
	int error = page_debug_start(feature);

	if (error == -EOPNOTSUPP)
		pr_warn("%s: the direct map has large leaves: it stays off",
			page_debug_name(feature));
	else if (error)
		pr_warn("%s: no memory for its tables: it stays off", page_debug_name(feature));
	else
		pr_info("%s: on", page_debug_name(feature));
}

static __init void start_if_wanted(enum page_debug_feature feature, bool otherwise)
{
	if (cmdline_switch(page_debug_name(feature), otherwise))
		start_and_say(feature);
}

static __init void set_failures(void)
{
	char text[80];
	long length = cmdline_value("fail_page_alloc", text, sizeof(text));

	if (length == -ENOENT)
		return;
	if (length <= 0 || fail_page_alloc_set(text))
		pr_warn("fail_page_alloc=%s: interval,probability,space,times or pairs such as "
			"nth=7 or probability=5,seed=42 are wanted: ignored",
			text);
	else
		pr_info("fail_page_alloc: %s", text);
}

__init void page_debug_init(void)
{
	if (cmdline_switch("shuffle", false))
		page_shuffle();
	start_if_wanted(PAGE_DEBUG_OWNER, false);
	start_if_wanted(PAGE_DEBUG_INIT_ON_ALLOC, false);
	start_if_wanted(PAGE_DEBUG_INIT_ON_FREE, false);
	start_if_wanted(PAGE_DEBUG_POISON, CONFIG_PARANOID);
	if (is_on(PAGE_DEBUG_POISON) && cmdline_has("page_poisoning"))
		page_poison_fill_all();
	if (is_on(PAGE_DEBUG_POISON) && is_on(PAGE_DEBUG_INIT_ON_FREE))
		pr_warn("init_on_free: page_poisoning fills free pages already; they are not "
			"zeroed");
	if (direct_map_has_small_leaves())
		start_and_say(PAGE_DEBUG_UNMAP);
	set_failures();
}

/* --- what a fault says ------------------------------------------------------------------ */

bool page_debug_explain_fault(uintptr_t address, char *text, size_t size)
{
	const struct page_owner *owner;
	struct page *page, *block;
	int length;

	if (!page_debug_is_on(PAGE_DEBUG_UNMAP) || !virt_addr_valid((const void *)address))
		return false;
	page = direct_map_page((const void *)address);
	block = page_block(page);
	if (!block || block->flags & PG_OWNED)
		return false;
	length = scnprintf(text, size, "freed page, freed by ");
	owner = page_owner_of(page);
	if (owner)
		stack_depot_snprint(owner->freed, text + length, size - (size_t)length);
	else
		scnprintf(text + length, size - (size_t)length,
			  "somebody: page_owner=on remembers whom");
	return true;
}
