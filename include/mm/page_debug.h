/* SPDX-License-Identifier: MIT */
/*
 * mm/page_debug.h - features that watch every page, each switched on by a word of the command line.
 *
 *	page_poisoning=1	free pages are filled with 0xaa; a write into one is found when it is allocated
 *	page_owner=on		who allocated each block, and who freed it last: call stacks
 *	debug_pagealloc=on	free pages are taken out of the direct map, so that a touch faults at once
 *	fail_page_alloc=TEXT	requests fail on purpose (lib/fault_injection.h)
 *	init_on_alloc=1		blocks are zeroed when they are allocated
 *	init_on_free=1		and when they are freed
 *	shuffle=1		free blocks start in an order that differs at each boot
 *
 * They combine. While one of them is on (but for shuffle) no page stays in a per-CPU list, so that a page taken and given
 * back costs some 1,290 instructions instead of 115, to which each adds its own; off, they cost nothing. A paranoid build
 * poisons unless it is told page_poisoning=0, but does not fill at boot what nobody has used yet, as page_poisoning=1 does.
 */
#pragma once

#include <mm/gfp.h>

struct page;

enum page_debug_feature {
	PAGE_DEBUG_POISON,
	PAGE_DEBUG_OWNER,
	PAGE_DEBUG_UNMAP,
	PAGE_DEBUG_FAIL,
	PAGE_DEBUG_INIT_ON_ALLOC,
	PAGE_DEBUG_INIT_ON_FREE,
	NR_PAGE_DEBUG_FEATURES,
};

/* What the command line asks for; a value that makes no sense is told and ignored. Once, when the buddy has its pages. */
void page_debug_init(void);

/*
 * Switch one on or off while the kernel runs; nobody else allocates meanwhile. Starting what is on and stopping what is off do
 * nothing. -ENOMEM: no room for its tables. -EOPNOTSUPP: the direct map has large leaves, which only debug_pagealloc= at
 * boot avoids.
 */
int page_debug_start(enum page_debug_feature feature);
void page_debug_stop(enum page_debug_feature feature);
bool page_debug_is_on(enum page_debug_feature feature);

/* The word of the command line. */
const char *page_debug_name(enum page_debug_feature feature);

/* --- poison -------------------------------------------------------------------- */

#define PAGE_POISON 0xaa

/* Blocks that were found written to while they were free; they are in nobody's use and are not free either. */
unsigned long page_poison_nr_set_aside(void);

/* Give them back to the buddy after all: who knows that the writer is gone. Returns how many. */
unsigned long page_poison_take_back(void);

/* --- injected failures ------------------------------------------------------------ */

/* As fail_page_alloc=TEXT; "" ends it. -EINVAL: the text makes no sense, and nothing changed. */
int fail_page_alloc_set(const char *text);

/* How many requests were asked about, and how many failed, since it was set. */
void fail_page_alloc_count(unsigned long *nr_requests, unsigned long *nr_failed);

/*
 * For sweeps: from now on the n-th request of this CPU, for pages or of any other kind that asks should_fail(), fails. 0 ends it. Returns
 * whether the last n came to fail: a scenario that passes and answers false has been swept.
 */
bool page_fail_nth(unsigned long n);

/* --- what a fault says --------------------------------------------------------------- */

/*
 * Is `address` of a free page that debug_pagealloc took away? Then the text says so, and who freed it if page_owner knows.
 * Any context.
 */
bool page_debug_explain_fault(uintptr_t address, char *text, size_t size);
