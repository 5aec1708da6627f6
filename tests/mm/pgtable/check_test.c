/* SPDX-License-Identifier: MIT */
/*
 * check_test.c - each invariant of check.c broken once; the check must see it, and recover.
 */
#include <mm/pgtable.h>

#include <arch/memory.h>
#include <arch/tlb.h>
#include <lib/ktest.h>
#include <lib/sections.h>
#include <mm/early_ioremap.h>
#include <mm/init.h>
#include <mm/io.h>
#include <mm/vmalloc.h>

#include "table_source.h"

/* Does the check fail while this is mapped, and only then? */
static void expect_fault(uintptr_t va, phys_addr_t pa, prot_t prot)
{
	struct table_source tables = TABLE_SOURCE;

	EXPECT_TRUE(pgtable_check());
	if (pgtable_map(&tables.source, va, pa, PAGE_SIZE, prot, 0)) {
		EXPECT_TRUE(!"a table page");
		return;
	}
	EXPECT_FALSE(pgtable_check());
	EXPECT_EQ(pgtable_unmap(&tables.source, va, PAGE_SIZE), 0);
	EXPECT_TRUE(pgtable_check());
	EXPECT_EQ(tables.live, 0);
}

KTEST(pgtable_check, W1_sees_a_page_open_to_user_code)
{
	expect_fault(scratch_va(), scratch_pa(), PROT_KERNEL_RO | PROT_USER);
}

KTEST(pgtable_check, W1_sees_a_page_that_is_not_global)
{
	expect_fault(scratch_va(), scratch_pa(), PROT_RAM);
}

/* pgtable_map() refuses it, so the entry is written by hand, above a page that is mapped properly. */
KTEST(pgtable_check, W1_sees_a_page_that_is_writable_and_executable)
{
	struct table_source tables = TABLE_SOURCE;
	pte_t *table = arch_kernel_root();
	unsigned int level;

	ASSERT_TEST(!pgtable_map(&tables.source, scratch_va(), scratch_pa(), PAGE_SIZE,
				 PROT_KERNEL_RO, 0));
	for (level = arch_pt_levels() - 1; level > 0; level--) {
		pte_t entry = table[scratch_va() >> (12 + 9 * level) & 511];

		table = phys_to_virt(arch_pte_phys(entry, level));
	}
	arch_pte_set(&table[1], arch_pte_leaf(scratch_pa(), PROT_KERNEL_RW | PROT_EXEC, 0));
	EXPECT_FALSE(pgtable_check());
	EXPECT_EQ(pgtable_unmap(&tables.source, scratch_va(), 2 * PAGE_SIZE), 0);
	EXPECT_TRUE(pgtable_check());
}

KTEST(pgtable_check, W2_sees_a_page_outside_the_regions)
{
	uintptr_t hole = arch_region_base(REGION_PERCPU) + arch_region_size(REGION_PERCPU);

	expect_fault(hole, scratch_pa(), PROT_KERNEL_RO);
}

/* The lower half, with address 0, hangs below entries of the root in front of the first region's. */
KTEST(pgtable_check, W2_sees_an_entry_below_the_regions)
{
	uintptr_t first = arch_region_base(REGION_DIRECT_MAP);
	unsigned int shift = 12 + 9 * (arch_pt_levels() - 1);
	pte_t *root = arch_kernel_root();

	if ((first >> shift & 511) == 0 || arch_pte_kind(root[0], arch_pt_levels() - 1) != PTE_NONE)
		return;
	arch_pte_set(&root[0], arch_pte_table(virt_to_phys(root)));
	EXPECT_FALSE(pgtable_check());
	arch_pte_set(&root[0], (pte_t){0});
	arch_tlb_flush_all();
	EXPECT_TRUE(pgtable_check());
}

KTEST(pgtable_check, W3_sees_executable_memory_outside_the_text)
{
	expect_fault(scratch_va(), scratch_pa(), PROT_KERNEL_RX);
}

/* The other address of the first page of text; nobody uses it. */
KTEST(pgtable_check, W4_sees_text_that_can_be_written_by_its_other_address)
{
	uintptr_t alias = (uintptr_t)phys_to_virt(arch_image_to_phys(text_start));

	EXPECT_EQ(pgtable_protect(NULL, alias, PAGE_SIZE, PROT_KERNEL_RW), 0);
	EXPECT_FALSE(pgtable_check());
	EXPECT_EQ(pgtable_protect(NULL, alias, PAGE_SIZE, PROT_KERNEL_RO), 0);
	EXPECT_TRUE(pgtable_check());
}

/* For a moment the first region claims that it must not be mapped. */
KTEST(pgtable_check, W5_sees_memory_that_must_not_be_mapped)
{
	struct memblock_region *region = &memblock.memory.regions[0];

	region->flags |= MEMBLOCK_NOMAP;
	EXPECT_FALSE(pgtable_check());
	region->flags &= ~MEMBLOCK_NOMAP;
	EXPECT_TRUE(pgtable_check());
}

/* Beyond the end of the direct map its region has room for mistakes. */
KTEST(pgtable_check, W5_sees_a_page_of_the_direct_map_at_a_wrong_distance)
{
	uintptr_t va = (uintptr_t)phys_to_virt(ALIGN_UP(direct_map_phys_end(), GiB) + 4 * GiB);

	expect_fault(va, memblock_start_of_DRAM(), PROT_KERNEL_RO);
}

KTEST(pgtable_check, W5_sees_what_is_no_memory_in_the_direct_map)
{
	phys_addr_t pa = ALIGN_UP(memblock_end_of_DRAM(), GiB) + 4 * GiB;

	expect_fault((uintptr_t)phys_to_virt(pa), pa, PROT_KERNEL_RO);
}

KTEST(pgtable_check, W6_sees_what_lies_below_the_fixmaps_last_slot)
{
	expect_fault(arch_region_base(REGION_FIXMAP), scratch_pa(), PROT_KERNEL_RO);
}

/* RAM that the direct map has cached, a second time as device memory. */
KTEST(pgtable_check, W7_sees_a_frame_of_memory_with_two_types)
{
	expect_fault(scratch_va(), memblock_start_of_DRAM() + MiB, PROT_KERNEL_DEVICE);
}

/* What is in no direct map: the device behind one address uncached, behind the other gathered. */
KTEST(pgtable_check, W7_sees_a_device_with_two_types)
{
	struct table_source tables = TABLE_SOURCE;
	phys_addr_t pa = ALIGN_UP(memblock_end_of_DRAM(), GiB) + GiB;

	ASSERT_TEST(!pgtable_map(&tables.source, scratch_va(), pa, 4 * PAGE_SIZE,
				 PROT_KERNEL_DEVICE, 0));
	expect_fault(scratch_va() + GiB, pa + 2 * PAGE_SIZE, PROT_GLOBAL | PROT_WRITE | PROT_WC);
	EXPECT_EQ(pgtable_unmap(&tables.source, scratch_va(), 4 * PAGE_SIZE), 0);
	EXPECT_EQ(tables.live, 0);
}

/* The same, and a second line of ptdump says where. */
KTEST(pgtable_check, W7_is_marked_in_the_dump)
{
	struct table_source tables = TABLE_SOURCE;
	static char text[64 * 1024];
	struct text_buffer buffer;
	struct seq_file file = {.sink = &buffer.sink};

	text_buffer_init(&buffer, text, sizeof(text));
	mm_report_ptdump(&file);
	EXPECT_FALSE(strstr(text, "TWO MEMORY TYPES"));
	EXPECT_TRUE(
		strstr(text, "\n0 ranges have a frame that is mapped with another memory type"));
	ASSERT_TEST(!pgtable_map(&tables.source, scratch_va(), memblock_start_of_DRAM() + MiB,
				 PAGE_SIZE, PROT_GLOBAL | PROT_WRITE | PROT_WC, 0));
	text_buffer_init(&buffer, text, sizeof(text));
	mm_report_ptdump(&file);
	EXPECT_TRUE(strstr(text, "is also mapped as RAM, at"));
	EXPECT_TRUE(strstr(text, "<- TWO MEMORY TYPES"));
	EXPECT_TRUE(strstr(text, "\n1 ranges have a frame"));
	EXPECT_EQ(pgtable_unmap(&tables.source, scratch_va(), PAGE_SIZE), 0);
	EXPECT_EQ(tables.live, 0);
}

/* Borrowed early, as device memory; and by ioremap_wc(), which does not know of it. */
KTEST(pgtable_check, W7_sees_a_device_that_the_fixmap_and_ioremap_map_with_two_types)
{
	phys_addr_t pa = ALIGN_UP(memblock_end_of_DRAM(), GiB) + GiB;
	void *borrowed, *mapped = ioremap_wc(pa, PAGE_SIZE);

	ASSERT_TEST(mapped);
	EXPECT_TRUE(pgtable_check());
	early_ioremap_reopen(); /* borrows without a look at what ioremap() has */
	borrowed = early_ioremap(pa, PAGE_SIZE);
	EXPECT_TRUE(borrowed);
	EXPECT_FALSE(pgtable_check());
	iounmap(mapped);
	vmalloc_purge();
	early_iounmap(borrowed, PAGE_SIZE);
	EXPECT_EQ(early_ioremap_close(), 0);
	EXPECT_TRUE(pgtable_check());
}
