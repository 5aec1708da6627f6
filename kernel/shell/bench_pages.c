/* SPDX-License-Identifier: MIT */
/*
 * bench_pages.c - what a page costs: taken and given back at once, by the thousand, zeroed.
 */
#include "bench.h"

#include <arch/cpu.h>
#include <lib/list.h>
#include <mm/gfp.h>
#include <mm/page.h>

#define ROUNDS 10000
#define BATCH  4096

/* With a constant order the compiler makes a loop of five instructions around the two calls. */
static inline __attribute__((always_inline)) uint64_t mean_of_pairs(unsigned int order)
{
	uint64_t start = 0;
	struct page *page;

	for (unsigned int i = 0; i < 2 * ROUNDS; i++) {
		if (i == ROUNDS)
			start = arch_cycles();
		page = alloc_pages(GFP_KERNEL, order);
		if (unlikely(!page))
			return 0;
		__free_pages(page, order);
	}
	return (arch_cycles() - start) / ROUNDS;
}

uint64_t bench_page_order0(void)
{
	return mean_of_pairs(0);
}

uint64_t bench_page_order3(void)
{
	return mean_of_pairs(3);
}

uint64_t bench_page_order9(void)
{
	return mean_of_pairs(9);
}

/* Takes a batch and gives it back, the oldest first. */
static bool take_and_give_batch(void)
{
	struct page *page, *next;
	LIST_HEAD(held);
	unsigned int nr;

	for (nr = 0; nr < BATCH; nr++) {
		page = alloc_pages(GFP_KERNEL, 0);
		if (unlikely(!page))
			break;
		list_add_tail(&page->lru, &held);
	}
	list_for_each_entry_safe (page, next, &held, lru)
		__free_pages(page, 0);
	return nr == BATCH;
}

uint64_t bench_page_batch(void)
{
	uint64_t start;

	if (!take_and_give_batch())
		return 0;
	start = arch_cycles();
	take_and_give_batch();
	take_and_give_batch();
	take_and_give_batch();
	return (arch_cycles() - start) / (3 * BATCH);
}

uint64_t bench_page_zeroed(void)
{
	unsigned long address;
	uint64_t start = 0;

	for (unsigned int i = 0; i < 2 * ROUNDS; i++) {
		if (i == ROUNDS)
			start = arch_cycles();
		address = get_zeroed_page(GFP_KERNEL);
		if (unlikely(!address))
			return 0;
		free_page(address);
	}
	return (arch_cycles() - start) / ROUNDS;
}
