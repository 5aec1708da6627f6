/* SPDX-License-Identifier: MIT */
/*
 * early_ioremap_test.c - the slots before ioremap; each test opens the closed service again.
 */
#include <mm/early_ioremap.h>

#include <arch/memory.h>
#include <lib/ktest.h>
#include <mm/direct_map.h>
#include <mm/fixmap.h>
#include <mm/gfp.h>
#include <mm/pgtable.h>

#define SLOT_SIZE (EARLY_IOREMAP_PAGES * PAGE_SIZE)

KTEST(early_ioremap, a_map_shows_the_memory_and_keeps_the_offset)
{
	char *page = (char *)get_zeroed_page(GFP_KERNEL);
	const char *view;

	ASSERT_TEST(page);
	strscpy(page + 0x123, "firmware", 16);
	early_ioremap_reopen();
	view = early_memremap(virt_to_phys(page) + 0x123, 9);
	ASSERT_TEST(view);
	EXPECT_EQ((uintptr_t)view % PAGE_SIZE, 0x123);
	EXPECT_STREQ(view, "firmware");
	early_memunmap(view, 9);
	EXPECT_EQ(early_ioremap_close(), 0);
	free_page((unsigned long)page);
}

KTEST(early_ioremap, memory_is_read_only_and_registers_are_device)
{
	struct pt_entry entry;
	const void *table;
	void *registers;

	early_ioremap_reopen();
	table = early_memremap(PAGE_SIZE, 1);
	registers = early_ioremap(PAGE_SIZE, 1);
	ASSERT_TEST(table && registers);
	EXPECT_TRUE(pgtable_query((uintptr_t)table, &entry));
	EXPECT_EQ(entry.prot, PROT_KERNEL_RO);
	EXPECT_TRUE(pgtable_query((uintptr_t)registers, &entry));
	EXPECT_EQ(entry.prot, PROT_KERNEL_DEVICE);
	early_iounmap(table, 1);
	early_iounmap(registers, 1);
	EXPECT_FALSE(pgtable_query((uintptr_t)registers, &entry));
	EXPECT_EQ(early_ioremap_close(), 0);
}

KTEST(early_ioremap, when_all_slots_are_taken_the_next_map_is_refused)
{
	const void *map[EARLY_IOREMAP_SLOTS];
	unsigned int i;

	early_ioremap_reopen();
	for (i = 0; i < EARLY_IOREMAP_SLOTS; i++) {
		map[i] = early_memremap(i * PAGE_SIZE, PAGE_SIZE);
		EXPECT_TRUE(map[i] != NULL);
	}
	EXPECT_TRUE(early_memremap(0, PAGE_SIZE) == NULL);
	early_iounmap(map[5], PAGE_SIZE);
	map[5] = early_memremap(0, PAGE_SIZE);
	EXPECT_TRUE(map[5] != NULL);
	for (i = 0; i < EARLY_IOREMAP_SLOTS; i++)
		early_iounmap(map[i], PAGE_SIZE);
	EXPECT_EQ(early_ioremap_close(), 0);
}

/*
 *	slot	0 1 2 3 4 5 ...
 *		x x . x . x		one slot and one more do not make two
 *		x x . . . x		three side by side do
 */
KTEST(early_ioremap, a_large_map_takes_slots_side_by_side)
{
	const void *map[EARLY_IOREMAP_SLOTS], *large;
	struct pt_entry entry;
	unsigned int i;

	early_ioremap_reopen();
	for (i = 0; i < EARLY_IOREMAP_SLOTS; i++)
		map[i] = early_memremap(0, 1);
	early_iounmap(map[2], 1);
	early_iounmap(map[4], 1);
	EXPECT_TRUE(early_memremap(0, SLOT_SIZE + 1) == NULL);
	early_iounmap(map[3], 1);
	large = early_memremap(8, 2 * SLOT_SIZE);
	EXPECT_EQ((uintptr_t)large, (uintptr_t)map[2] + 8);
	EXPECT_TRUE(pgtable_query((uintptr_t)large + 2 * SLOT_SIZE - 1, &entry));
	EXPECT_EQ(entry.pa, 2 * SLOT_SIZE);
	early_iounmap(large, 2 * SLOT_SIZE);
	EXPECT_FALSE(pgtable_query((uintptr_t)large + 2 * SLOT_SIZE - 1, &entry));
	for (i = 0; i < EARLY_IOREMAP_SLOTS; i++)
		if (i < 2 || i > 4)
			early_iounmap(map[i], 1);
	EXPECT_EQ(early_ioremap_close(), 0);
}

KTEST(early_ioremap, a_device_tree_of_two_megabytes_fits_at_any_offset)
{
	const void *tree, *beside;

	early_ioremap_reopen();
	tree = early_memremap(PAGE_SIZE - 8, 2 * MiB);
	EXPECT_TRUE(tree != NULL);
	beside = early_memremap(0, SLOT_SIZE);
	EXPECT_TRUE(beside != NULL);
	early_memunmap(tree, 2 * MiB);
	early_memunmap(beside, SLOT_SIZE);
	EXPECT_EQ(early_ioremap_close(), 0);
}

KTEST(early_ioremap, nothing_a_wrap_and_the_unreachable_are_refused)
{
	early_ioremap_reopen();
	EXPECT_TRUE(early_memremap(PAGE_SIZE, 0) == NULL);
	EXPECT_TRUE(early_memremap(~(phys_addr_t)0, 2) == NULL);
	EXPECT_TRUE(early_memremap(PAGE_SIZE, SIZE_MAX) == NULL);
	EXPECT_TRUE(early_memremap(PAGE_SIZE, EARLY_IOREMAP_SLOTS * SLOT_SIZE + 1) == NULL);
	EXPECT_TRUE(early_memremap(1, EARLY_IOREMAP_SLOTS * SLOT_SIZE) == NULL);
	EXPECT_TRUE(early_ioremap(arch_phys_end(), 1) == NULL);
	EXPECT_TRUE(early_ioremap(arch_phys_end() - 1, 2) == NULL);
	EXPECT_EQ(early_ioremap_close(), 0);
}

KTEST(early_ioremap, fault_I5_what_is_still_open_at_the_close_is_counted)
{
	const void *first, *second;

	early_ioremap_reopen();
	first = early_memremap(PAGE_SIZE + 4, 100);
	second = early_memremap(PAGE_SIZE, SLOT_SIZE + 1);
	EXPECT_EQ(early_ioremap_close(), 2);
	EXPECT_TRUE(early_memremap(PAGE_SIZE, 1) == NULL);
	early_iounmap(first, 100);
	EXPECT_EQ(early_ioremap_close(), 1);
	early_iounmap(second, SLOT_SIZE + 1);
	EXPECT_EQ(early_ioremap_close(), 0);
}

KTEST(early_ioremap, giving_back_what_was_not_given_is_reported)
{
	const char *map;

	early_ioremap_reopen();
	map = early_memremap(PAGE_SIZE, 100);
	ASSERT_TEST(map);
	EXPECT_REPORT("early_iounmap: no such map", early_iounmap(map + 1, 100));
	EXPECT_REPORT("early_iounmap: no such map", early_iounmap(map, 99));
	early_iounmap(map, 100);
	EXPECT_REPORT("early_iounmap: no such map", early_iounmap(map, 100));
	early_iounmap(NULL, 100);
	EXPECT_EQ(early_ioremap_close(), 0);
}
