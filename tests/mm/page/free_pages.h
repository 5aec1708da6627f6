/* SPDX-License-Identifier: MIT */
/*
 * free_pages.h - is what stood in a page still there when the page is free?
 */
#pragma once

#include <mm/page_debug.h>

static inline bool free_pages_keep_their_bytes(void)
{
	return !page_debug_is_on(PAGE_DEBUG_POISON) && !page_debug_is_on(PAGE_DEBUG_UNMAP) &&
	       !page_debug_is_on(PAGE_DEBUG_INIT_ON_FREE);
}
