/* SPDX-License-Identifier: MIT */
/*
 * flush_test.c - no flush is forgotten: the machine stops at one. Here: none is made for nothing.
 *
 * A flush is dear, the more so with more CPUs. The hosted MMU remembers every leaf that was ever synced, so it knows of each flush
 * whether a leaf in its range has changed, or a table was unlinked. Each test does what a common path does, counts, and
 * demands that every flush had a reason. Where the number is known it is demanded too.
 */
#include <mm/pgtable.h>

#include <arch/tlb.h>
#include <lib/ktest.h>
#include <mm/gfp.h>
#include <mm/io.h>
#include <mm/kmap.h>
#include <mm/page_debug.h>
#include <mm/percpu.h>
#include <mm/set_memory.h>
#include <mm/vmalloc.h>
#include "../mm/pgtable/table_source.h"
#include "../../arch/hosted/mmu.h"

#define LARGE (2 * MiB)

/* Runs the statements; how many flushes they made, all of which must have had a reason. */
static struct hosted_flushes before;

static void begin(void)
{
	before = hosted_mmu_flushes();
}

static unsigned long end(void)
{
	struct hosted_flushes now = hosted_mmu_flushes();

	EXPECT_EQ(now.redundant - before.redundant, 0);
	return now.all - before.all;
}

KTEST(hosted_flush, the_machine_counts_a_flush_for_nothing)
{
	begin();
	arch_tlb_flush(scratch_va(), 16 * PAGE_SIZE);
	EXPECT_EQ(hosted_mmu_flushes().redundant, before.redundant + 1);
	EXPECT_EQ(hosted_mmu_flushes().all, before.all + 1);
}

KTEST(hosted_flush, mapping_flushes_nothing_and_unmapping_once)
{
	struct table_source tables = TABLE_SOURCE;

	if (page_debug_is_on(PAGE_DEBUG_UNMAP))
		SKIP_TEST("a page that comes or goes is a flush of its own");
	begin();
	EXPECT_EQ(pgtable_map(&tables.source, scratch_va(), scratch_pa(), 3 * LARGE + PAGE_SIZE,
			      PROT_KERNEL_RW, 1),
		  0);
	EXPECT_EQ(end(), 0);
	begin();
	EXPECT_EQ(pgtable_unmap(&tables.source, scratch_va(), 3 * LARGE + PAGE_SIZE), 0);
	EXPECT_EQ(end(), 1);
	begin();
	EXPECT_EQ(pgtable_unmap(&tables.source, scratch_va(), 3 * LARGE), 0); /* a hole */
	EXPECT_EQ(end(), 0);
	EXPECT_EQ(tables.live, 0);
}

KTEST(hosted_flush, a_map_that_fails_flushes_only_what_it_did)
{
	struct table_source tables = TABLE_SOURCE;

	if (page_debug_is_on(PAGE_DEBUG_UNMAP))
		SKIP_TEST("a page that comes or goes is a flush of its own");
	for (unsigned int n = 1; n < 5; n++) {
		tables.fail_at = tables.asked + n;
		begin();
		EXPECT_TRUE(pgtable_map(&tables.source, scratch_va(), scratch_pa(), 8 * LARGE,
					PROT_KERNEL_RW, 0) != 0);
		EXPECT_LE(end(), 1);
	}
	EXPECT_EQ(tables.live, 0);
}

/* Other permissions: one flush for all. Another type: one for each 64 leaves. No change: none. */
KTEST(hosted_flush, protecting_flushes_what_changes)
{
	struct table_source tables = TABLE_SOURCE;
	uintptr_t va = scratch_va();

	EXPECT_EQ(pgtable_map(&tables.source, va, scratch_pa(), 200 * PAGE_SIZE, PROT_KERNEL_RW, 0),
		  0);
	begin();
	EXPECT_EQ(pgtable_protect(NULL, va, 200 * PAGE_SIZE, PROT_KERNEL_RO), 0);
	EXPECT_EQ(end(), 1);
	begin();
	EXPECT_EQ(pgtable_protect(NULL, va, 200 * PAGE_SIZE, PROT_KERNEL_RO), 0);
	EXPECT_EQ(end(), 0);
	begin();
	EXPECT_EQ(pgtable_protect(NULL, va, 200 * PAGE_SIZE, PROT_KERNEL_RW), 0);
	EXPECT_EQ(end(), 1);
	begin();
	EXPECT_EQ(pgtable_protect(NULL, va, 200 * PAGE_SIZE, PROT_KERNEL_DEVICE), 0);
	EXPECT_EQ(end(), 4);
	EXPECT_EQ(pgtable_unmap(&tables.source, va, 200 * PAGE_SIZE), 0);
	EXPECT_EQ(tables.live, 0);
}

KTEST(hosted_flush, a_split_and_a_merge_flush_once_each)
{
	struct table_source tables = TABLE_SOURCE;
	uintptr_t va = scratch_va();

	if (page_debug_is_on(PAGE_DEBUG_UNMAP))
		SKIP_TEST("a page that comes or goes is a flush of its own");
	EXPECT_EQ(pgtable_map(&tables.source, va, scratch_pa(), LARGE, PROT_KERNEL_RW, 1), 0);
	begin();
	EXPECT_EQ(pgtable_split(&tables.source, va + PAGE_SIZE, PAGE_SIZE), 0);
	EXPECT_EQ(end(), 1);
	begin();
	pgtable_merge(&tables.source, va, LARGE, 1);
	EXPECT_EQ(end(), 1);
	begin();
	pgtable_merge(&tables.source, va, LARGE, 1);
	EXPECT_EQ(end(), 0);
	EXPECT_EQ(pgtable_unmap(&tables.source, va, LARGE), 0);
	EXPECT_EQ(tables.live, 0);
}

/* Small areas, of blocks, and large ones; 300 of them make several purges. */
KTEST(hosted_flush, vmalloc_and_vfree_flush_for_a_reason)
{
	begin();
	for (unsigned int round = 0; round < 300; round++) {
		void *small = vmalloc(3 * PAGE_SIZE), *large = round % 30 ? NULL : vmalloc(MiB);

		vfree(small);
		vfree(large);
	}
	vmalloc_drain();
	EXPECT_GT(end(), 0);
}

KTEST(hosted_flush, ioremap_and_iounmap_flush_for_a_reason)
{
	phys_addr_t pa = ALIGN_UP(memblock_end_of_DRAM(), GiB) + GiB;

	begin();
	for (unsigned int round = 0; round < 100; round++)
		iounmap(ioremap(pa + round % 7 * PAGE_SIZE, 2 * PAGE_SIZE));
	vmalloc_drain();
	end();
}

KTEST(hosted_flush, kmap_flushes_when_its_windows_are_used_up)
{
	struct page *page = alloc_page(GFP_HIGHUSER), *other;

	if (!page || !page_is_high(page)) {
		if (page)
			__free_page(page);
		SKIP_TEST("no high memory");
	}
	begin();
	for (unsigned int round = 0; round < 600; round++) {
		other = alloc_page(GFP_HIGHUSER);
		if (other && page_is_high(other)) {
			kmap(other);
			kunmap(other);
		}
		if (other)
			__free_page(other);
		kunmap_local(kmap_local_page(page));
	}
	EXPECT_GE(end(), 600); /* each local window, when it is closed */
	__free_page(page);
}

KTEST(hosted_flush, percpu_chunks_flush_for_a_reason)
{
	void *areas[40];

	begin();
	for (unsigned int i = 0; i < ARRAY_SIZE(areas); i++)
		areas[i] = __alloc_percpu(8192, 64);
	for (unsigned int i = 0; i < ARRAY_SIZE(areas); i++)
		free_percpu(areas[i]);
	percpu_drain();
	end();
}

KTEST(hosted_flush, set_memory_flushes_for_a_reason)
{
	static char memory[2 * PAGE_SIZE] __aligned(PAGE_SIZE);

	begin();
	EXPECT_EQ(set_memory_ro((unsigned long)memory, 2), 0);
	EXPECT_EQ(set_memory_ro((unsigned long)memory, 2), 0);
	EXPECT_EQ(set_memory_rw((unsigned long)memory, 2), 0);
	EXPECT_EQ(end(), 2); /* of the alias, once each way; the image's own are not counted */
}
