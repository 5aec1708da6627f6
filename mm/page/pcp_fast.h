/* SPDX-License-Identifier: MIT */
/*
 * pcp_fast.h - the few instructions of pcp.c that nearly every request needs; page_alloc.c has them inline.
 */
#pragma once

#include <arch/cpu.h>
#include <lib/check.h>
#include <mm/migrate.h>
#include <mm/pcp.h>

/* pcp.c: what happens once in a batch. The caller has interrupts off. */
bool pcp_refill(struct zone *zone, struct per_cpu_pages *pcp, unsigned int list,
		unsigned long spare);
void pcp_shrink(struct zone *zone, struct per_cpu_pages *pcp);

/* This CPU's; interrupts off. */
static inline struct per_cpu_pages *this_pcp(const struct zone *zone)
{
	return &zone->pageset[arch_cpu_id()];
}

/* The type of a block that says it, allocated or listed. */
static inline enum migratetype page_type(const struct page *page)
{
	return (enum migratetype)(page->flags / (1U << PG_TYPE_SHIFT) & 3);
}

/* The hottest block of this CPU's list, which says PG_PCP, its order and its type; NULL: none, and none in the buddy. */
static inline __attribute__((always_inline)) struct page *
pcp_take_fast(struct zone *zone, unsigned int order, enum migratetype type, unsigned long spare)
{
	unsigned int index = pcp_list_index(order, type);
	unsigned long flags = arch_irq_save();
	struct per_cpu_pages *pcp = this_pcp(zone);
	struct list_head *list = &pcp->lists[index], *first = list->next;
	struct page *page = NULL;

	if (unlikely(first == list)) {
		if (!pcp_refill(zone, pcp, index, spare))
			goto out;
		first = list->next;
	}
	/* Off the list; its own links need no poison, the next owner writes them. */
	list->next = first->next;
	first->next->prev = list;
	pcp->count -= 1 << order;
	page = list_entry(first, struct page, lru);
	ASSERT(page->state == page_state(PG_PCP | type << PG_TYPE_SHIFT, order, page->zone_node),
	       "pfn 0x%lx: state 0x%x", page_to_pfn(page), page->state);
out:
	arch_irq_restore(flags);
	return page;
}

/* A block that says PG_PCP, its order and its type, which it had when it was allocated. */
static inline __attribute__((always_inline)) void
pcp_give_fast(struct zone *zone, struct page *page, unsigned int order)
{
	unsigned long flags = arch_irq_save();
	struct per_cpu_pages *pcp = this_pcp(zone);

	list_add(&page->lru, &pcp->lists[pcp_list_index(order, page_type(page))]);
	pcp->count += 1 << order;
	if (unlikely(pcp->count > pcp->high))
		pcp_shrink(zone, pcp);
	arch_irq_restore(flags);
}
