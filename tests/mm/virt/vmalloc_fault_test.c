/* SPDX-License-Identifier: MIT */
/*
 * vmalloc_fault_test.c - vmalloc and its kin when memory or addresses are out, wherever that happens.
 *
 * A sweep (fail_sweep.h) lets the 1st, 2nd, 3rd ... request of a scenario fail, for pages, for page tables and for objects,
 * until none is left to fail. Whatever failed: the caller gets NULL, and everything is as before to the page, the object and
 * the entry.
 */
#include <mm/vmalloc.h>

#include <arch/memory.h>
#include <lib/bits.h>
#include <lib/ktest.h>
#include <mm/init.h>
#include <mm/io.h>
#include <mm/page_debug.h>
#include <mm/pcp.h>
#include "../../../mm/virt/vm_area.h"
#include "../fail_sweep.h"
#include "no_ram.h"

static bool is_too_small(unsigned long pages)
{
	return page_debug_is_on(PAGE_DEBUG_FAIL) || nr_idle_pages() < 4 * pages;
}

static bool take_and_free(unsigned long pages)
{
	char *memory = __vmalloc(pages * PAGE_SIZE, GFP_KERNEL | __GFP_HIGHMEM | __GFP_NOWARN);

	if (!memory)
		return false;
	memory[pages * PAGE_SIZE - 1] = 1;
	vfree(memory);
	return true;
}

/* In a fresh block: its structure, its table; then the area's structure and each page, as no block of pages is to be had. */
static bool small_areas_of_single_pages(void)
{
	bool done = true;

	for (unsigned long pages = 1; done && pages <= 32; pages += 9)
		done = take_and_free(pages);
	return done;
}

KTEST(vmalloc_fault, each_request_of_small_areas_can_fail_fault_V2)
{
	if (is_too_small(200))
		SKIP_TEST("the machine is too small, or failures are injected already");
	EXPECT_GE(fail_sweep(small_areas_of_single_pages), 8);
}

static bool large_area(void)
{
	return take_and_free(600);
}

KTEST(vmalloc_fault, each_request_of_a_large_area_can_fail_fault_V2)
{
	if (is_too_small(700))
		SKIP_TEST("the machine is too small, or failures are injected already");
	EXPECT_GE(fail_sweep(large_area), 4);
}

/* --- page k of n, for every k ---------------------------------------------------------- */

/* So many pages can be had, of whatever order, and then no more. */
static void pages_left(unsigned long nr)
{
	char text[32];

	snprintf(text, sizeof(text), "space=%lu", (nr + 1) * PAGE_SIZE);
	EXPECT_EQ(fail_page_alloc_set(text), 0);
}

/* The pages that the area itself takes; tables and a block come on top. */
static void fail_at_every_page(unsigned long pages)
{
	struct mm_accounts before;
	unsigned long k;
	bool done = false;

	vmalloc_drain();
	mm_accounts_take(&before);
	for (k = 0; !done && k < pages + 64; k++) {
		pages_left(k);
		done = take_and_free(pages);
		fail_page_alloc_set("");
		if (fail_sweep_is_as_before(&before) && mm_verify())
			continue;
		ktest_fail(__FILE__, __LINE__, "%lu pages could be had, and something is lost", k);
		break;
	}
	EXPECT_TRUE(done);
	EXPECT_GT(k, pages);
}

KTEST(vmalloc_fault, page_k_of_a_small_area_is_not_there_for_every_k_fault_V2)
{
	if (is_too_small(200))
		SKIP_TEST("the machine is too small, or failures are injected already");
	fail_at_every_page(1);
	fail_at_every_page(29);
}

KTEST(vmalloc_fault, page_k_of_a_large_area_is_not_there_for_every_k_fault_V2)
{
	if (is_too_small(200))
		SKIP_TEST("the machine is too small, or failures are injected already");
	fail_at_every_page(67);
}

/* --- mappings of others' memory -------------------------------------------------------- */

static struct page *pages[48];

static bool view_of_pages(void)
{
	void *small = vmap(pages, 3, VM_MAP, PROT_KERNEL_RW);
	void *large = vmap(pages, ARRAY_SIZE(pages), VM_MAP, PROT_KERNEL_RW);

	vunmap(small);
	vunmap(large);
	return small && large;
}

KTEST(vmalloc_fault, each_request_of_vmap_can_fail_fault_V2)
{
	unsigned long nr;

	if (is_too_small(200))
		SKIP_TEST("the machine is too small, or failures are injected already");
	nr = alloc_pages_bulk_array(GFP_KERNEL, ARRAY_SIZE(pages), pages);
	if (nr == ARRAY_SIZE(pages))
		EXPECT_GE(fail_sweep(view_of_pages), 5);
	while (nr--) {
		__free_page(pages[nr]);
		pages[nr] = NULL;
	}
}

/* Across a border of 2 MiB, so that two tables are wanted. */
static bool device_mapping(void)
{
	char *registers = ioremap(no_ram() + 2 * MiB - 20 * PAGE_SIZE, 40 * PAGE_SIZE);

	iounmap(registers);
	return registers != NULL;
}

KTEST(vmalloc_fault, each_request_of_ioremap_can_fail_fault_V2)
{
	if (is_too_small(200))
		SKIP_TEST("the machine is too small, or failures are injected already");
	EXPECT_GE(fail_sweep(device_mapping), 3);
}

/* --- no addresses ------------------------------------------------------------------------ */

static struct vm_struct *filling[256];

/* All addresses but gaps that are too small for `least` bytes and a guard page; the areas map nothing. */
static unsigned int fill_region(unsigned long least)
{
	unsigned long size = arch_region_size(REGION_VMALLOC);
	unsigned int nr = 0;

	while (size >= least && nr < ARRAY_SIZE(filling)) {
		filling[nr] = vm_area_get(size, PAGE_SIZE, VM_MAP, fill_region);
		if (filling[nr])
			nr++;
		else
			size = size > 2 * least ? ALIGN_DOWN(size / 2, PAGE_SIZE)
						: size - PAGE_SIZE;
	}
	return nr;
}

/* Memory is free, addresses are not: nothing but NULL comes of it. */
KTEST(vmalloc_fault, no_address_is_left_while_memory_is_free_fault_V3)
{
	const unsigned long least = 40 * PAGE_SIZE;
	char *memory = NULL, *after;
	unsigned int nr;

	if (is_too_small(200))
		SKIP_TEST("the machine is too small, or failures are injected already");
	nr = fill_region(least);
	EXPECT_LT(nr, ARRAY_SIZE(filling));
	EXPECT_REPORT("vmalloc: no addresses for", memory = vmalloc(least));
	EXPECT_EQ(memory, NULL);
	EXPECT_EQ(ioremap(no_ram(), least), NULL);
	EXPECT_EQ(__vmalloc(least, GFP_KERNEL | __GFP_NOWARN), NULL);
	while (nr--)
		vm_area_put(filling[nr]);
	after = vmalloc(least);
	EXPECT_TRUE(after);
	vfree(after);
}

KTEST(vmalloc_fault, an_alignment_that_no_address_has_is_refused_fault_V3)
{
	struct vmalloc_counts before, after;

	vmalloc_count(&before);
	EXPECT_EQ(vm_area_get(PAGE_SIZE, 1UL << 63, VM_MAP, fill_region), NULL);
	EXPECT_EQ(vm_area_get(64 * PAGE_SIZE, 1UL << 63, VM_MAP, fill_region), NULL);
	vmalloc_count(&after);
	EXPECT_EQ(after.areas, before.areas);
	EXPECT_TRUE(vmalloc_check());
}
