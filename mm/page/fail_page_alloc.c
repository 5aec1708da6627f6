/* SPDX-License-Identifier: MIT */
/*
 * fail_page_alloc.c - requests for pages that fail on purpose.
 *
 * What lib/fault_injection.h says of the text. A request with __GFP_NOFAIL is never asked about: its caller was
 * promised memory. (Linux spares all that may reclaim, and order 0, unless told otherwise; here all are
 * asked about, as it is their callers that want testing.)
 *
 * FLOOR	page.
 * LINUX	mm/fail_page_alloc.c: should_fail_alloc_page().
 */
#include <mm/page_debug.h>

#include <lib/errno.h>
#include <lib/fault_injection.h>
#include <lib/types.h>
#include <mm/page.h>
#include "features.h"

static struct fault_attr attr = FAULT_ATTR_INIT;

/* On while anything can fail. */
static void set_switch(void)
{
	if (fault_attr_is_active(&attr))
		page_debug_start(PAGE_DEBUG_FAIL);
	else
		page_debug_stop(PAGE_DEBUG_FAIL);
}

int fail_page_alloc_set(const char *text)
{
	int error = 0;

	if (*text)
		error = setup_fault_attr(&attr, text);
	else
		attr = (struct fault_attr)FAULT_ATTR_INIT;
	if (!error)
		set_switch();
	return error;
}

void fail_page_alloc_stop(void)
{
	attr = (struct fault_attr)FAULT_ATTR_INIT;
}

void fail_page_alloc_count(unsigned long *nr_requests, unsigned long *nr_failed)
{
	*nr_requests = attr.nr_requests;
	*nr_failed = attr.nr_failed;
}

bool page_fail_nth(unsigned long n)
{
	bool fired = fault_fail_nth(n);

	set_switch();
	return fired;
}

bool should_fail_alloc_page(gfp_t gfp, unsigned int order)
{
	return !(gfp & __GFP_NOFAIL) && should_fail(&attr, PAGE_SIZE << order);
}
