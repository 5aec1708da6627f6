/* SPDX-License-Identifier: MIT */
/*
 * page_ref.c - references to a block: who has the last one frees it.
 *
 * THE IDEA
 *	A fresh block has one user, its owner. Others may join with get_page(),
 *	and whoever puts the last reference frees the block, owner or not.
 *
 * PICTURE	__free_pages() of a plain block while somebody else still uses its first page
 *
 *	| OWNED 2 (2) |      (0) |      (0) |      (0) |	before
 *	| OWNED 0 (1) | free 0   | free 1              |	the other pages go at once, as halves
 *
 *	A compound page stays whole until the last put.
 *
 * LOCKING	`refcount` is changed by atomic exchanges only: of two CPUs that drop one reference, or
 *		free one block, one is refused.
 * FLOOR	page.
 * LINUX	mm/swap.c: put_page(); mm/page_alloc.c: ___free_pages(); include/linux/page_ref.h.
 */
#include <mm/page.h>

#include <lib/check.h>
#include <lib/report.h>
#include <mm/buddy.h>
#include <mm/gfp.h>
#include <mm/pcp.h>
#include "block.h"

/* A count that came so far is one no more: the block stays, whatever is put. Far enough below the end for every CPU to add one at once. */
#define PAGE_REFCOUNT_MAX (INT32_MAX / 2)

bool has_inner_pages(const struct page *page, unsigned int order)
{
	unsigned long i;

	for (i = 1; i < 1UL << order; i++)
		if (!is_inner_page(page + i))
			return false;
	return true;
}

/* --- the last user went --------------------------------------------------------- */

static void unmake_compound_page(struct page *page, unsigned int order)
{
	unsigned long i;

	for (i = 1; i < 1UL << order; i++)
		page[i].flags = 0;
	page->flags &= (uint16_t)~PG_HEAD;
}

/* A block without users: to this CPU's lists, or to the buddy. */
static __noinline void free_one_page(struct page *page, unsigned int order, bool cold)
{
	if (unlikely(page_debug_enabled))
		page_debug_free(page, order);
	if (page->flags & PG_HEAD)
		unmake_compound_page(page, order);
	free_pages_prepare(page, page->state, order);
	pcp_give(page_zone(page), page, cold);
}

/* Others use the first page still: all but it go back, as halves; `state` is its own with order 0. */
static void free_all_but_first(struct page *page, unsigned int order, uint32_t state)
{
	while (order-- > 0) {
		ASSERT(is_inner_page(page + (1UL << order)), "pfn 0x%lx", page_to_pfn(page));
		page[1UL << order].state = state | order << 16;
		free_one_page(page + (1UL << order), order, false);
	}
}

/*
 * Drop the owner's reference. Of two CPUs that free the same block one
 * finds no user left, and is refused: the last user is known by the exchange alone.
 */
static bool free_block(struct page *page, unsigned int order, bool cold)
{
	uint32_t seen = READ_ONCE(page->state), state = seen & ~page_state(0, 0xff, 0);
	bool compound = seen & PG_HEAD;
	int32_t users = READ_ONCE(page->refcount);

	do {
		if (unlikely(users <= 0))
			return false;
		if (unlikely(users >= PAGE_REFCOUNT_MAX))
			return true;
		/* Before the exchange: whoever puts the last reference frees what `order` says. */
		if (unlikely(users > 1) && !compound)
			page->order = 0;
	} while (!__atomic_compare_exchange_n(&page->refcount, &users, users - 1, false,
					      __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
	if (likely(users == 1))
		free_one_page(page, order, cold);
	else if (!compound)
		free_all_but_first(page, order, state);
	return true;
}

bool free_slowpath(const char *who, struct page *page, unsigned int order, bool cold)
{
	if (may_free(page, order) && free_block(page, order, cold))
		return true;
	misuse_report_page(misuse_of_page(page, order), who, page, order);
	return false;
}

/* The first page of the block, if it has users that may come and go. */
static struct page *referenced_page(const char *who, struct page *page)
{
	struct page *head;

	if (likely(page_exists(page))) {
		head = compound_head(page);
		if (likely(READ_ONCE(head->flags) & PG_OWNED && READ_ONCE(head->refcount) > 0))
			return head;
		page = head;
	}
	misuse_report_page(misuse_of_page(page, 0), who, page, 0);
	return NULL;
}

void get_page(struct page *page)
{
	page = referenced_page("get_page", page);
	if (unlikely(!page))
		return;
	if (unlikely(READ_ONCE(page->refcount) == PAGE_REFCOUNT_MAX - 1))
		report_warn("get_page: pfn 0x%lx has more users than can be counted, and is kept "
			    "for ever",
			    page_to_pfn(page));
	if (likely(READ_ONCE(page->refcount) < PAGE_REFCOUNT_MAX))
		__atomic_add_fetch(&page->refcount, 1, __ATOMIC_RELAXED);
}

void put_page(struct page *page)
{
	int32_t users;

	page = referenced_page("put_page", page);
	if (unlikely(!page))
		return;
	users = READ_ONCE(page->refcount);
	do {
		if (unlikely(users >= PAGE_REFCOUNT_MAX))
			return;
		if (unlikely(users <= 0 ||
			     (users == 1 && page->flags & (PG_SLAB | PG_LARGE | PG_MOVER)))) {
			misuse_report_page(misuse_of_page(page, page->order), "put_page", page,
					   page->order);
			return;
		}
	} while (!__atomic_compare_exchange_n(&page->refcount, &users, users - 1, false,
					      __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
	if (users == 1)
		free_one_page(page, page->order, false);
}
