/* SPDX-License-Identifier: MIT */
/*
 * bench_virt.c - what addresses cost: areas, device mappings, windows.
 */
#include "bench.h"

#include <arch/cpu.h>
#include <arch/memory.h>
#include <mm/gfp.h>
#include <mm/io.h>
#include <mm/kmap.h>
#include <mm/vmalloc.h>
#include "../../mm/virt/va_space.h"

#define ROUNDS 10000U
#define ALIVE  1000U

static uint64_t pairs_of(unsigned long size, unsigned int rounds)
{
	uint64_t start = 0;
	void *memory;

	for (unsigned int i = 0; i < 2 * rounds; i++) {
		if (i == rounds)
			start = arch_cycles();
		memory = vmalloc(size);
		if (unlikely(!memory))
			return 0;
		vfree(memory);
	}
	return (arch_cycles() - start) / rounds;
}

uint64_t bench_vmalloc_4k(void)
{
	return pairs_of(4 * KiB, ROUNDS);
}

uint64_t bench_vmalloc_64k(void)
{
	return pairs_of(64 * KiB, ROUNDS);
}

uint64_t bench_vmalloc_1m(void)
{
	return pairs_of(1 * MiB, ROUNDS / 10);
}

static bool take_and_give_areas(void)
{
	static void *memory[ALIVE];
	unsigned int i, nr;

	for (nr = 0; nr < ALIVE; nr++) {
		memory[nr] = vmalloc(4 * KiB);
		if (unlikely(!memory[nr]))
			break;
	}
	for (i = 0; i < nr; i++)
		vfree(memory[i]);
	return nr == ALIVE;
}

uint64_t bench_vmalloc_batch(void)
{
	uint64_t start;

	if (!take_and_give_areas())
		return 0;
	start = arch_cycles();
	for (int i = 0; i < 10; i++)
		take_and_give_areas();
	return (arch_cycles() - start) / (10 * ALIVE);
}

uint64_t bench_ioremap(void)
{
	/* The last page that the CPU can address: no RAM on any machine. */
	phys_addr_t pa = arch_phys_end() - PAGE_SIZE;
	uint64_t start = 0;
	void *registers;

	for (unsigned int i = 0; i < 2 * ROUNDS; i++) {
		if (i == ROUNDS)
			start = arch_cycles();
		registers = ioremap(pa, PAGE_SIZE);
		if (unlikely(!registers))
			return 0;
		iounmap(registers);
	}
	return (arch_cycles() - start) / ROUNDS;
}

/* --- the range allocator alone -------------------------------------------------------- */

static uint32_t draw(uint32_t bound)
{
	static uint64_t state = 42;

	state = state * 6364136223846793005UL + 1442695040888963407UL;
	return (uint32_t)((state >> 32) * bound >> 32);
}

/* One of `nr` living ranges goes and another of a random size comes, where the lowest gap is that will do. */
static uint64_t search_among(struct va_space *space, struct va_range *range, unsigned int nr)
{
	uint64_t sum = 0, start;
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (!va_space_alloc(space, &range[i], (1 + draw(8)) * PAGE_SIZE, PAGE_SIZE))
			return 0;
	for (i = 0; i < 2 * ROUNDS + 2 * nr; i++) {
		struct va_range *one = &range[draw(nr)];
		size_t size = (1 + draw(8)) * PAGE_SIZE;

		start = arch_cycles();
		va_space_free(space, one);
		if (!va_space_alloc(space, one, size, PAGE_SIZE))
			return 0;
		if (i >= ROUNDS + 2 * nr)
			sum += arch_cycles() - start;
	}
	return sum / ROUNDS;
}

static uint64_t bench_search(unsigned int nr)
{
	struct va_range *range = vmalloc_array(nr, sizeof(*range));
	static struct va_space space;
	uint64_t cost = 0;

	if (range) {
		va_space_init(&space, 1UL << 40, 1UL << 40);
		cost = search_among(&space, range, nr);
	}
	vfree(range);
	return cost;
}

uint64_t bench_search_10(void)
{
	return bench_search(10);
}

uint64_t bench_search_100000(void)
{
	return bench_search(100000);
}

/* --- windows --------------------------------------------------------------------------- */

static void open_and_close(struct page *page, unsigned int rounds)
{
	while (rounds--) {
		void *view = kmap_local_page(page);

		asm volatile("" : "+r"(page)); /* each round for itself */
		kunmap_local(view);
	}
}

static uint64_t windows_of(struct page *page)
{
	uint64_t start;

	open_and_close(page, ROUNDS);
	start = arch_cycles();
	open_and_close(page, ROUNDS);
	return (arch_cycles() - start) / ROUNDS;
}

static uint64_t bench_window(gfp_t gfp)
{
	struct page *page = alloc_page(gfp);
	uint64_t cost = 0;

	if (!page)
		return 0;
	/* Without high memory there is nothing to measure for a high page. */
	if (page_is_high(page) == ((gfp & __GFP_HIGHMEM) != 0))
		cost = windows_of(page);
	__free_page(page);
	return cost;
}

uint64_t bench_kmap_low(void)
{
	return bench_window(GFP_KERNEL);
}

uint64_t bench_kmap_high(void)
{
	return bench_window(GFP_HIGHUSER);
}
