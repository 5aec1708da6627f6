/* SPDX-License-Identifier: MIT */
/*
 * buddy_check.c - proof of one zone's free lists: B1 to B7 of buddy.c, F2 and F3 of deferred.c.
 *
 * Nothing on a list is believed before it is compared: a link that leads out
 * of the zone's struct pages is told, not followed.
 *
 * LOCKING	Takes zone->lock, for O(free pages): tests, `verify`, fuzzers.
 * COST		Some 8 instructions a free page.
 * FLOOR	page.
 * LINUX	has none.
 */
#include <mm/buddy.h>

#include <lib/check.h>
#include <lib/printk.h>
#include <mm/migrate.h>

/* Says which rule failed and where; always false. */
static __printf(4, 5) bool fail(const struct zone *zone, const char *rule, unsigned long pfn,
				const char *format, ...)
{
	char text[96];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	pr_err("buddy_check: %s fails in zone %s of node %d at pfn 0x%lx: %s\n", rule, zone->name,
	       zone->nid, pfn, text);
	return false;
}

static bool check_first_page(const struct zone *zone, const struct page *page, unsigned int order)
{
	unsigned long pfn = page_to_pfn(page);

	if (!page_exists(page) || !zone_spans_pfn(zone, pfn) ||
	    !zone_spans_pfn(zone, pfn + (1UL << order) - 1))
		return fail(zone, "B5", pfn, "block of order %u outside [0x%lx, +%lu)", order,
			    zone->start_pfn, zone->spanned_pages);
	if (page->zone_node != zone_node_bits(zone))
		return fail(zone, "B5", pfn, "the page belongs to zone %d of node %d",
			    page_zone_type(page), page_to_nid(page));
	if (!IS_ALIGNED(pfn, 1UL << order))
		return fail(zone, "B1", pfn, "not a multiple of 2^%u", order);
	if (page->flags != PG_BUDDY || page->order != order)
		return fail(zone, "B3", pfn, "on list %u with flags 0x%x, order %u", order,
			    page->flags, page->order);
	return true;
}

static bool check_inner_pages(const struct zone *zone, const struct page *first, unsigned int order)
{
	uint32_t state = page_state(0, 0, first->zone_node);
	const struct page *page = first, *end = first + (1UL << order);

	if (first->refcount)
		return fail(zone, "B3", page_to_pfn(first), "free with %d users", first->refcount);
	for (page++; page < end; page++) {
		if (likely(page->state == state && page->refcount == 0))
			continue;
		return fail(zone, page->zone_node == first->zone_node ? "B3" : "B5",
			    page_to_pfn(page), "state 0x%x, %d users inside a free block",
			    page->state, page->refcount);
	}
	return true;
}

/* The buddy lies in the same unit, so its struct page can be read. */
static bool check_buddy(const struct zone *zone, const struct page *page, unsigned int order)
{
	unsigned long pfn = page_to_pfn(page), buddy_pfn = pfn ^ (1UL << order);

	if (order == MAX_PAGE_ORDER ||
	    pfn_to_page(buddy_pfn)->state != page_state(PG_BUDDY, order, page->zone_node))
		return true;
	if (pageblock_type(zone, pfn) != pageblock_type(zone, buddy_pfn) &&
	    !(migratetype_is_mergeable(pageblock_type(zone, pfn)) &&
	      migratetype_is_mergeable(pageblock_type(zone, buddy_pfn))))
		return true;
	return fail(zone, "B2", pfn, "its buddy 0x%lx of order %u is free too", buddy_pfn, order);
}

static bool check_type(const struct zone *zone, const struct page *page, unsigned int order,
		       enum migratetype type)
{
	unsigned long pfn = page_to_pfn(page), end = pfn + (1UL << order);

	for (; pfn < end; pfn += 1UL << zone->pageblock_order)
		if (pageblock_type(zone, pfn) != type)
			return fail(zone, "B7", pfn, "on a list of type %s, its pageblock is %s",
				    migratetype_name(type),
				    migratetype_name(pageblock_type(zone, pfn)));
	return true;
}

static bool check_block(const struct zone *zone, const struct page *page, unsigned int order,
			enum migratetype type)
{
	return check_inner_pages(zone, page, order) && check_buddy(zone, page, order) &&
	       check_type(zone, page, order, type);
}

/* Free blocks that are on no list. */
static unsigned long deferred_of(const struct zone *zone, unsigned int order, enum migratetype type)
{
	return order == MAX_PAGE_ORDER && type == MIGRATE_MOVABLE ? zone->nr_deferred : 0;
}

static bool check_list(const struct zone *zone, unsigned int order, enum migratetype type)
{
	const struct free_area *area = &zone->free_area[order];
	const struct list_head *head = &area->free_list[type], *link = head;
	unsigned long length = 0;
	const struct page *page;

	for (; link->next != head; link = link->next) {
		page = list_entry(link->next, struct page, lru);
		if (!check_first_page(zone, page, order))
			return false;
		if (page->lru.prev != link)
			return fail(zone, "B6", page_to_pfn(page), "list %u: prev leads elsewhere",
				    order);
		if (!check_block(zone, page, order, type))
			return false;
		if (++length > zone->spanned_pages)
			return fail(zone, "B6", page_to_pfn(page), "list %u never ends", order);
	}
	if (head->prev != link)
		return fail(zone, "B6", zone->start_pfn, "list %u: the head's prev leads elsewhere",
			    order);
	if (deferred_of(zone, order, type) && !length)
		return fail(zone, "F3", zone->start_pfn, "%lu blocks are deferred, none is listed",
			    zone->nr_deferred);
	length += deferred_of(zone, order, type);
	if (length != area->nr_of_type[type])
		return fail(zone, "B4", zone->start_pfn, "list %u of %s has %lu blocks, not %lu",
			    order, migratetype_name(type), length, area->nr_of_type[type]);
	return true;
}

static bool check_area(const struct zone *zone, unsigned int order)
{
	const struct free_area *area = &zone->free_area[order];
	unsigned long length = 0;
	enum migratetype type;

	for (type = 0; type < MIGRATE_TYPES; type++) {
		if (!check_list(zone, order, type))
			return false;
		length += area->nr_of_type[type];
	}
	if (length != area->nr_free)
		return fail(zone, "B4", zone->start_pfn,
			    "order %u has %lu blocks, nr_free says %lu", order, length,
			    area->nr_free);
	return true;
}

bool buddy_check(struct zone *zone)
{
	unsigned long nr_pages = 0, flags;
	unsigned int order;
	bool ok = true;

	spin_lock_irqsave(&zone->lock, flags);
	for (order = 0; order < MAX_ORDER; order++) {
		ok &= check_area(zone, order);
		nr_pages += zone->free_area[order].nr_free << order;
	}
	if (ok && nr_pages != zone->nr_free)
		ok = fail(zone, "B4", zone->start_pfn, "%lu pages on the lists, nr_free says %lu",
			  nr_pages, zone->nr_free);
	spin_unlock_irqrestore(&zone->lock, flags);
	return ok;
}
