/* SPDX-License-Identifier: MIT */
/*
 * fixmap_test.c - slots and windows, on real memory.
 *
 * FIX_TABLE0 is nobody's once the direct map exists. That a constant index out of range
 * does not link is a compile-fail test.
 */
#include <mm/fixmap.h>

#include <arch/cpu.h>
#include <lib/ktest.h>
#include <mm/direct_map.h>
#include <mm/gfp.h>
#include <mm/page.h>
#include <mm/pgtable.h>

KTEST(fixmap, sem_V5_slots_go_down_from_the_top)
{
	uintptr_t top = arch_region_base(REGION_FIXMAP) + arch_region_size(REGION_FIXMAP);

	EXPECT_EQ(fix_to_virt(FIX_HOLE), top - PAGE_SIZE);
	EXPECT_EQ(fix_to_virt(FIX_CONSOLE), top - 2 * PAGE_SIZE);
	EXPECT_GE(fix_to_virt(NR_FIXED_ADDRESSES - 1), arch_region_base(REGION_FIXMAP));
}

KTEST(fixmap, the_ends_of_the_region_are_not_mapped)
{
	struct pt_entry entry;

	EXPECT_FALSE(pgtable_query(fix_to_virt(FIX_HOLE), &entry));
	EXPECT_FALSE(pgtable_query(arch_region_base(REGION_FIXMAP), &entry));
	EXPECT_FALSE(pgtable_query(fix_to_virt(NR_FIXED_ADDRESSES - 1) - PAGE_SIZE, &entry));
}

/* A board's mailbox and watchdog and the interrupt controller stay, as the console does: they are for the machine's whole life. */
KTEST(fixmap, after_boot_no_slot_but_the_devices_is_left_mapped)
{
	struct pt_entry entry;

	for (unsigned int index = FIX_HOLE; index < NR_FIXED_ADDRESSES; index++)
		if (index != FIX_CONSOLE && index != FIX_MAILBOX && index != FIX_WATCHDOG &&
		    (index < FIX_IRQ0 || index > FIX_IRQ_LAST))
			EXPECT_FALSE(pgtable_query(fix_to_virt(index), &entry));
}

/*
 *	slot -> A	read A, so that the CPU remembers
 *	slot -> B	must read B
 */
KTEST(fixmap, sem_V5_a_slot_shows_the_page_that_it_was_set_to_last)
{
	unsigned long *a = (unsigned long *)get_zeroed_page(GFP_KERNEL);
	unsigned long *b = (unsigned long *)get_zeroed_page(GFP_KERNEL);
	volatile unsigned long *slot = (volatile unsigned long *)fix_to_virt(FIX_TABLE0);
	struct pt_entry entry;

	ASSERT_TEST(a && b);
	a[3] = 17;
	b[3] = 18;
	set_fixmap(FIX_TABLE0, virt_to_phys(a), PROT_KERNEL_RW);
	EXPECT_EQ(slot[3], 17);
	set_fixmap(FIX_TABLE0, virt_to_phys(b) + 8, PROT_KERNEL_RW);
	EXPECT_EQ(slot[3], 18);
	slot[3] = 19;
	EXPECT_EQ(a[3], 17);
	EXPECT_EQ(b[3], 19);
	EXPECT_TRUE(pgtable_query(fix_to_virt(FIX_TABLE0), &entry));
	EXPECT_EQ(entry.pa, virt_to_phys(b));
	clear_fixmap(FIX_TABLE0);
	clear_fixmap(FIX_TABLE0);
	EXPECT_FALSE(pgtable_query(fix_to_virt(FIX_TABLE0), &entry));
	free_page((unsigned long)a);
	free_page((unsigned long)b);
}

KTEST(fixmap, a_window_shows_what_the_direct_map_shows)
{
	unsigned char *page = (unsigned char *)get_zeroed_page(GFP_KERNEL);
	unsigned long flags;
	unsigned char *window;

	ASSERT_TEST(page);
	for (size_t i = 0; i < PAGE_SIZE; i++)
		page[i] = (unsigned char)(i * 7);
	flags = arch_irq_save();
	window = fixmap_window_open(virt_to_phys(page) + 5);
	EXPECT_EQ((uintptr_t)window % PAGE_SIZE, 5);
	EXPECT_EQ(memcmp(window, page + 5, PAGE_SIZE - 5), 0);
	window[1] = 99;
	fixmap_window_close();
	arch_irq_restore(flags);
	EXPECT_EQ(page[6], 99);
	free_page((unsigned long)page);
}

/* Written through one window, read through the next; no other address shows the page. */
KTEST(fixmap, a_window_reaches_high_memory)
{
	struct page *page = alloc_page(GFP_HIGHUSER);
	unsigned long flags = arch_irq_save();
	volatile unsigned long *window;

	if (page && page_zone_type(page) == ZONE_HIGHMEM) {
		window = fixmap_window_open(page_to_phys(page));
		window[511] = 0x1234;
		fixmap_window_close();
		EXPECT_GE(page_to_phys(page), direct_map_phys_end());
		window = fixmap_window_open(page_to_phys(page));
		EXPECT_EQ(window[511], 0x1234);
		fixmap_window_close();
	}
	arch_irq_restore(flags);
	if (page)
		__free_page(page);
}

/* An index that the compiler cannot see is checked when it is used. */
KTEST_PANIC(fixmap, fault_I5_an_index_out_of_range_panics, "fixmap slot")
{
	volatile unsigned int index = NR_FIXED_ADDRESSES;

	set_fixmap((enum fixed_addresses)index, 0, PROT_KERNEL_RO);
}

KTEST_PANIC(fixmap, the_hole_cannot_be_set, "fixmap slot")
{
	volatile unsigned int index = FIX_HOLE;

	set_fixmap((enum fixed_addresses)index, 0, PROT_KERNEL_RO);
}

KTEST_PANIC(fixmap, a_window_in_a_window_panics, "open already")
{
	arch_irq_save();
	fixmap_window_open(PAGE_SIZE);
	fixmap_window_open(PAGE_SIZE);
}
