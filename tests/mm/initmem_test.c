/* SPDX-License-Identifier: MIT */
/*
 * initmem_test.c - when the boot is over, what only it used is gone, and what only it wrote is read-only.
 */
#include <mm/page_debug.h>
#include <mm/init.h>

#include <arch/memory.h>
#include <lib/errno.h>
#include <lib/init.h>
#include <lib/ktest.h>
#include <lib/sections.h>
#include <mm/direct_map.h>
#include <mm/page.h>
#include <mm/pgtable.h>
#include <mm/set_memory.h>
#include "../../mm/pgtable/walk.h"

static int written_at_boot __ro_after_init = 3;
static int used_at_boot __initdata = 4;

static __init int run_at_boot(void)
{
	return used_at_boot;
}

/* By the linker's word alone: tools/check_init.py forbids to name them. */
static __ref __noinline uintptr_t address_of_code(void)
{
	return (uintptr_t)run_at_boot;
}

static __ref __noinline uintptr_t address_of_data(void)
{
	return (uintptr_t)&used_at_boot;
}

KTEST(boot_is_over, its_code_and_data_are_unmapped_and_their_frames_are_free_memory)
{
	const char *ends[][2] = {{init_text_start, init_text_end},
				 {init_data_start, init_data_end}};
	unsigned long pages = 0;
	struct pt_entry entry;

	EXPECT_GT(init_text_end - init_text_start, 16 * KiB);
	EXPECT_FALSE(pgtable_query(address_of_code(), &entry));
	EXPECT_FALSE(pgtable_query(address_of_data(), &entry));
	for (size_t part = 0; part < ARRAY_SIZE(ends); part++)
		for (const char *at = ends[part][0]; at < ends[part][1]; at += PAGE_SIZE, pages++) {
			unsigned long pfn = arch_image_to_phys(at) >> PAGE_SHIFT;

			EXPECT_FALSE(pgtable_query((uintptr_t)at, &entry));
			EXPECT_FALSE(pfn_to_page(pfn)->flags & PG_RESERVED);
		}
	EXPECT_EQ(pages, mm_init_pages());
}

KTEST(boot_is_over, what_only_the_boot_writes_is_read_only_by_both_addresses)
{
	struct pt_entry entry;

	EXPECT_EQ(written_at_boot, 3);
	EXPECT_TRUE((char *)&written_at_boot >= ro_after_init_start &&
		    (char *)&written_at_boot < ro_after_init_end);
	for (char *at = ro_after_init_start; at < ro_after_init_end; at += PAGE_SIZE) {
		EXPECT_TRUE(pgtable_query((uintptr_t)at, &entry) && entry.prot == PROT_KERNEL_RO);
		EXPECT_TRUE(
			pgtable_query((uintptr_t)phys_to_virt(arch_image_to_phys(at)), &entry) &&
			entry.prot == PROT_KERNEL_RO);
	}
}

KTEST(boot_is_over, W8_sees_what_became_writable_or_came_back)
{
	EXPECT_TRUE(pgtable_check());
	EXPECT_EQ(pgtable_change(NULL, (uintptr_t)ro_after_init_start, PAGE_SIZE, 0, PROT_WRITE),
		  0);
	EXPECT_FALSE(pgtable_check());
	EXPECT_EQ(pgtable_change(NULL, (uintptr_t)ro_after_init_start, PAGE_SIZE, PROT_WRITE, 0),
		  0);
	EXPECT_TRUE(pgtable_check());
	EXPECT_EQ(pgtable_map(NULL, (uintptr_t)init_text_start, arch_image_to_phys(init_text_start),
			      PAGE_SIZE, PROT_KERNEL_RO, 0),
		  0);
	EXPECT_FALSE(pgtable_check());
	EXPECT_EQ(pgtable_unmap(NULL, (uintptr_t)init_text_start, PAGE_SIZE), 0);
	EXPECT_TRUE(pgtable_check());
}

/* Or the walker would look for it at an address that is gone, and never give it back. */
KTEST(boot_is_over, a_frame_that_it_left_may_be_a_page_table)
{
	EXPECT_FALSE(pt_table_in_image(arch_image_to_phys(init_text_start)));
	EXPECT_FALSE(pt_table_in_image(arch_image_to_phys(init_data_start)));
	EXPECT_TRUE(pt_table_in_image(arch_image_to_phys(arch_kernel_root())));
	EXPECT_TRUE(pt_table_open(arch_image_to_phys(init_text_start), 0) ==
		    phys_to_virt(arch_image_to_phys(init_text_start)));
}

/* And its permissions may change as those of any other page. */
KTEST(boot_is_over, a_frame_that_it_left_is_a_page_like_others_for_set_memory)
{
	unsigned long alias = (unsigned long)phys_to_virt(arch_image_to_phys(init_text_start));

	if (page_debug_is_on(PAGE_DEBUG_UNMAP))
		SKIP_TEST("free pages are taken out of the map");
	EXPECT_EQ(set_memory_nx(alias, 1), 0); /* as it is: the frame may be in use */
	EXPECT_EQ(set_memory_nx((unsigned long)phys_to_virt(arch_image_to_phys(text_start)), 1),
		  -EINVAL);
}

/* security: WRITE_RO_AFTER_INIT */
KTEST_PANIC(boot_is_over, writing_what_only_the_boot_writes_panics, "the mapping forbids it")
{
	*(volatile int *)&written_at_boot = 5;
}

KTEST_PANIC(boot_is_over, nor_can_it_be_written_by_its_other_address, "the mapping forbids it")
{
	*(volatile int *)phys_to_virt(arch_image_to_phys(&written_at_boot)) = 5;
}

/* security: init text freed, poisoned and NX */
KTEST_PANIC(boot_is_over, calling_what_only_the_boot_runs_panics, "execution of")
{
	EXPECT_EQ(((int (*)(void))address_of_code())(), 4);
}

KTEST_PANIC(boot_is_over, running_its_other_address_panics, "the mapping forbids it")
{
	((int (*)(void))(uintptr_t)phys_to_virt(arch_image_to_phys(init_text_start)))();
}
