/* SPDX-License-Identifier: MIT */
/*
 * pcp_fast.h - the few instructions of pcp.c that nearly every request needs; page_alloc.c has them inline.
 *
 * Where the list of a request lies depends on five bits of its mask, on its order and on the CPU.
 * pcp_ways answers for the five bits, on each CPU: the lists of orders 0 to 3 of one type in the zone that the
 * CPU's node asks first. Masks that contradict themselves lead to lists that are always empty.
 */
#pragma once

#include <arch/cpu.h>
#include <lib/check.h>
#include <lib/percpu.h>
#include <mm/migrate.h>
#include <mm/pcp.h>

#define NR_PCP_WAYS 32 /* of GFP_ZONEMASK, __GFP_MOVABLE and __GFP_RECLAIMABLE */

struct pcp_ways {
	struct list_head
		*lists[NR_PCP_WAYS]; /* by the mask's low bits; of order 0, the others follow */
};
DECLARE_PER_CPU(struct pcp_ways, pcp_ways);

static_assert((GFP_ZONEMASK | __GFP_MOVABLE | __GFP_RECLAIMABLE) == NR_PCP_WAYS - 1,
	      "the low bits of the mask are zone and type");

/* pcp.c: what happens once in a batch. The caller has interrupts off. */
bool pcp_refill(struct zone *zone, struct per_cpu_pages *pcp, unsigned int list,
		unsigned long spare);
void pcp_shrink(struct zone *zone, struct per_cpu_pages *pcp);

/* pcp.c: two links that do not agree; the machine stops before either is followed. */
_Noreturn void pcp_list_corrupt(const struct list_head *list);

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

/* The hottest block of a list; NULL: it is empty. Interrupts off. */
static inline __attribute__((always_inline)) struct page *pcp_pop(struct list_head *list,
								  unsigned int order)
{
	struct per_cpu_pages *pcp = (struct per_cpu_pages *)ALIGN_DOWN((uintptr_t)list,
								       sizeof(*pcp));
	struct list_head *first = list->next, *next = first->next;

	if (unlikely(first == list))
		return NULL;
	if (unlikely(next->prev != first))
		pcp_list_corrupt(list);
	/* Its own links need no poison, the next owner writes them. */
	list->next = next;
	next->prev = list;
	pcp->count -= 1 << order;
	return list_entry(first, struct page, lru);
}

/* The hottest block that serves a mask, which says PG_PCP, its order and its type; NULL: the slow path knows more. */
static inline __attribute__((always_inline)) struct page *pcp_take_fast(gfp_t gfp,
									unsigned int order)
{
	unsigned long flags = arch_irq_save();
	struct page *page = pcp_pop(this_cpu_read(pcp_ways.lists[gfp % NR_PCP_WAYS]) + order,
				    order);

	arch_irq_restore(flags);
	return page;
}

/* A block that says PG_PCP, its order and its type, which it had when it was allocated. */
static inline __attribute__((always_inline)) void
pcp_give_fast(struct zone *zone, struct page *page, unsigned int order)
{
	unsigned long flags = arch_irq_save();
	struct per_cpu_pages *pcp = this_pcp(zone);
	struct list_head *list = &pcp->lists[pcp_list_index(order, page_type(page))];

	if (unlikely(list->next->prev != list))
		pcp_list_corrupt(list);
	list_add(&page->lru, list);
	pcp->count += 1 << order;
	if (unlikely(pcp->count > pcp->high))
		pcp_shrink(zone, pcp);
	arch_irq_restore(flags);
}
