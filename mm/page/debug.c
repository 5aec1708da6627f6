/* SPDX-License-Identifier: MIT */
/*
 * debug.c - the switch of the features that watch each page.
 *
 * FLOOR	page. Called by features.c, which has the features.
 * LINUX	mm/page_alloc.c: static keys like _init_on_alloc, check_pages_enabled.
 */
#include "debug.h"

#include <lib/check.h>
#include <mm/pcp.h>
#include <mm/zone.h>
#include "impl.h"

bool page_debug_enabled;
static unsigned int nr_enabled;

static void set_enabled(bool enabled)
{
	struct zone *zone;

	WRITE_ONCE(page_debug_enabled, enabled);
	for_each_zone (zone)
		pcp_set_free_slowly(zone);
}

void page_debug_enable(void)
{
	if (nr_enabled++)
		return;
	set_enabled(true);
	pcp_disable();
}

void page_debug_disable(void)
{
	CHECK(nr_enabled > 0);
	if (--nr_enabled)
		return;
	pcp_enable();
	set_enabled(false);
}
