/* SPDX-License-Identifier: MIT */
/*
 * mm/page_owner.h - who has each page. Answers while PAGE_DEBUG_OWNER is on (mm/page_debug.h). (Linux: include/linux/page_owner.h)
 */
#pragma once

#include <lib/stack_depot.h>
#include <mm/gfp.h>
#include <mm/page.h>

/* Of each page; struct page does not grow. */
struct page_owner {
	depot_stack_handle_t allocated; /* the last allocation; 0: before the feature was on */
	depot_stack_handle_t freed;	/* the last free */
	gfp_t gfp;
	uint8_t order;		 /* as it was asked for */
	uint8_t migratetype;	 /* of the request */
	uint16_t nr_allocations; /* of this page, up to 65535 */
};
static_assert(sizeof(struct page_owner) == 16, "0.4 percent of memory");

/* NULL: nothing is known. Any context. */
const struct page_owner *page_owner_of(const struct page *page);

/* Each allocated block of which something is known, by its first page, in order of pfn. False from visit stops. */
void page_owner_visit(bool (*visit)(struct page *page, const struct page_owner *owner,
				    void *context),
		      void *context);

/* Memory for the stack depot, for each feature that keeps stacks: the first takes it, the last gives it back. -ENOMEM. */
int __must_check page_depot_get(void);
void page_depot_put(void);
