/* SPDX-License-Identifier: MIT */
/*
 * pcp_fast.h - the few instructions of pcp.c that nearly every request needs; page_alloc.c has them inline.
 *
 * Where the list of a request lies depends on five bits of its mask, on its order and on the CPU; where a
 * block goes back to, on its zone, type and order and on the CPU. pcp_ways answers both, on each CPU, by one load.
 * Masks that contradict themselves lead to lists that are always empty; zones whose pages need a closer look to none.
 */
#pragma once

#include <arch/cpu.h>
#include <lib/check.h>
#include <lib/percpu.h>
#include <mm/migrate.h>
#include <mm/pcp.h>

#define NR_PCP_WAYS 32 /* of GFP_ZONEMASK, __GFP_MOVABLE and __GFP_RECLAIMABLE */

struct pcp_ways {
	/* By the low bits of a mask: lists of one type, of order 0, the others follow. */
	struct list_head *take[NR_PCP_WAYS];
	/* By page->zone_node: the zone's first list. NULL: each free is free_slowpath()'s. */
	struct list_head *give[MAX_NUMNODES * MAX_NR_ZONES];
};
DECLARE_PER_CPU(struct pcp_ways, pcp_ways);

static_assert((GFP_ZONEMASK | __GFP_MOVABLE | __GFP_RECLAIMABLE) == NR_PCP_WAYS - 1,
	      "the low bits of the mask are zone and type");

/* The lists of one type, in bytes. */
#define PCP_TYPE_SIZE (sizeof(struct list_head) * (PCP_MAX_ORDER + 1))
static_assert((1 << PG_TYPE_SHIFT) % PCP_TYPE_SIZE == 0,
	      "the type's bits make an offset by a shift");

/* pcp_bulk.c: what happens once in a batch. The caller has the lock; pcp_shrink() gives it back. */
bool pcp_refill(struct zone *zone, struct per_cpu_pages *pcp, unsigned int list,
		unsigned long spare);
void pcp_free_one(struct zone *zone, struct page *page);
void pcp_free_bulk(struct zone *zone, struct per_cpu_pages *pcp, int pages);
void pcp_shrink(struct zone *zone, struct per_cpu_pages *pcp);

/* pcp.c: two links that do not agree; the machine stops before either is written through. */
_Noreturn void pcp_list_corrupt(const struct list_head *list);

/* This CPU's, as long as the task stays on it. */
static inline struct per_cpu_pages *this_pcp(const struct zone *zone)
{
	return &zone->pageset[arch_cpu_id()];
}

/* The type that `state` of an allocated or listed block says. */
static inline enum migratetype state_type(uint32_t state)
{
	return (enum migratetype)(state / (1U << PG_TYPE_SHIFT) & 3);
}

/* False: somebody works on these lists, perhaps the task that was interrupted by us. */
static inline bool pcp_trylock(struct per_cpu_pages *pcp)
{
	return !(__atomic_fetch_or(&pcp->locked, 1, __ATOMIC_ACQUIRE) & 1);
}

static inline void pcp_unlock(struct per_cpu_pages *pcp)
{
	__atomic_store_n(&pcp->locked, 0, __ATOMIC_RELEASE);
}

/* The CPU's part of a zone that a list belongs to. */
static inline struct per_cpu_pages *pcp_of_list(const struct list_head *list)
{
	return (struct per_cpu_pages *)ALIGN_DOWN((uintptr_t)list, sizeof(struct per_cpu_pages));
}

/* Take `first`, the hottest block, of a list that is not empty. Its own links need no poison: the next owner writes them. */
static inline __attribute__((always_inline)) struct page *
pcp_pop(struct list_head *list, struct list_head *first, unsigned int order)
{
	struct list_head *next = first->next;

	if (unlikely(next->prev != first))
		pcp_list_corrupt(list);
	list->next = next;
	next->prev = list;
	pcp_of_list(list)->count -= 1 << order;
	return list_entry(first, struct page, lru);
}

/* The hottest block that serves a mask, which says PG_PCP, its order and its type; NULL: the slow path knows more. */
static inline __attribute__((always_inline)) struct page *pcp_take_fast(gfp_t gfp,
									unsigned int order)
{
	struct list_head *list = this_cpu_read(pcp_ways.take[gfp % NR_PCP_WAYS]) + order, *first;
	struct per_cpu_pages *pcp = pcp_of_list(list);
	struct page *page;

	if (unlikely(!pcp_trylock(pcp)))
		return NULL;
	first = list->next;
	if (unlikely(first == list)) {
		pcp_unlock(pcp);
		return NULL;
	}
	page = pcp_pop(list, first, order);
	pcp_unlock(pcp);
	if (!page)
		__builtin_unreachable(); /* so that the caller need not ask again */
	return page;
}

/*
 * A block whose state was `state` when it was allocated, and says PG_PCP instead of PG_OWNED now, to the lists that
 * start at `lists`. True: there are more than high now, and the caller calls pcp_shrink(). The caller has the lock.
 */
static inline __attribute__((always_inline)) bool
pcp_push(struct list_head *lists, struct page *page, uint32_t state, unsigned int order)
{
	struct per_cpu_pages *pcp = pcp_of_list(lists);
	uintptr_t of_type = (state & PG_TYPE_MASK) / ((1 << PG_TYPE_SHIFT) / PCP_TYPE_SIZE);
	struct list_head *list = (struct list_head *)((uintptr_t)lists + of_type) + order;
	struct list_head *next = list->next;

	if (unlikely(next->prev != list))
		pcp_list_corrupt(list);
	list_insert_between(&page->lru, list, next);
	pcp->count += 1 << order;
	return pcp->count > pcp->high;
}

/* Order above PCP_MAX_ORDER: the block that came back last, if it is what is asked for; as pcp_take_fast(). */
static inline struct page *pcp_take_large(gfp_t gfp, unsigned int order)
{
	struct per_cpu_pages *pcp = pcp_of_list(this_cpu_read(pcp_ways.take[gfp % NR_PCP_WAYS]));
	uint32_t state = page_state(PG_PCP | gfp_migratetype(gfp) << PG_TYPE_SHIFT, order, 0);
	struct page *page;

	if (unlikely(!pcp_trylock(pcp)))
		return NULL;
	page = pcp->large;
	if (page && (page->state & ~page_state(0, 0, 0xff)) == state)
		pcp->large = NULL;
	else
		page = NULL;
	pcp_unlock(pcp);
	return page;
}

/* Keep such a block, which says PG_PCP; false: there is one, or it is too large. */
static inline bool pcp_give_large(struct page *page, unsigned int order)
{
	struct list_head *lists = this_cpu_read(pcp_ways.give[page->zone_node]);
	struct per_cpu_pages *pcp = pcp_of_list(lists);
	bool kept;

	if (unlikely(!lists || order > pcp->largest) || unlikely(!pcp_trylock(pcp)))
		return false;
	kept = !pcp->large;
	if (kept)
		pcp->large = page;
	pcp_unlock(pcp);
	return kept;
}
