/* SPDX-License-Identifier: MIT */
/*
 * direct_map_test.c - all low RAM, once, with the right permissions.
 */
#include <mm/direct_map.h>

#include <arch/cpu.h>
#include <arch/memory.h>
#include <lib/ktest.h>
#include <lib/sections.h>
#include <mm/early.h>
#include <mm/fixmap.h>
#include <mm/gfp.h>
#include <mm/memblock.h>
#include <mm/pgtable.h>

static bool image_touches(phys_addr_t start, phys_addr_t size)
{
	phys_addr_t image = arch_image_to_phys(image_start);

	return start < image + (phys_addr_t)(image_end - image_start) && image < start + size;
}

KTEST(direct_map, every_page_of_low_memory_is_mapped_at_its_distance_and_not_executable)
{
	struct pt_entry entry;
	phys_addr_t start, end, pa;
	unsigned long i;

	if (direct_map_has_small_leaves())
		SKIP_TEST("free pages are taken out of the map");
	for_each_mem_range (i, &start, &end) {
		end = min(ALIGN_DOWN(end, PAGE_SIZE), early_high_memory_start());
		for (pa = ALIGN_UP(start, PAGE_SIZE); pa < end;
		     pa += entry.size - ((uintptr_t)phys_to_virt(pa) - entry.va)) {
			ASSERT_TEST(pgtable_query((uintptr_t)phys_to_virt(pa), &entry));
			EXPECT_EQ(entry.pa, direct_map_to_phys((void *)entry.va));
			EXPECT_FALSE(entry.prot & PROT_EXEC);
			EXPECT_TRUE(entry.prot & PROT_GLOBAL);
		}
		EXPECT_LE(end, max(direct_map_phys_end(), start));
	}
}

KTEST(direct_map, whole_units_of_2_MiB_are_one_leaf_unless_the_image_lies_there)
{
	struct pt_entry entry;
	phys_addr_t start, end, pa;
	unsigned long i;

	if (direct_map_max_level() == 0)
		SKIP_TEST("each page has a leaf of its own");
	for_each_mem_range (i, &start, &end) {
		end = min(end, early_high_memory_start());
		for (pa = ALIGN_UP(start, 2 * MiB); pa + 2 * MiB <= end; pa += 2 * MiB) {
			ASSERT_TEST(pgtable_query((uintptr_t)phys_to_virt(pa), &entry));
			EXPECT_EQ(entry.level == 0, image_touches(pa, 2 * MiB));
		}
	}
}

/* fault-B30: of the machine that runs; hosted it is `holes` that has some, in QEMU the tree of a boot test. */
KTEST(direct_map, no_page_that_must_not_be_mapped_is_in_the_living_tables)
{
	const struct boot_info *boot = early_boot_info();
	struct pt_entry entry;
	unsigned int pages = 0;

	for (unsigned int i = 0; i < boot->nr_reserved; i++) {
		const struct boot_reservation *hidden = &boot->reserved[i];

		if (!hidden->no_map)
			continue;
		for (phys_addr_t pa = ALIGN_DOWN(hidden->start, PAGE_SIZE); pa < hidden->end;
		     pa += PAGE_SIZE) {
			EXPECT_FALSE(pgtable_query((uintptr_t)phys_to_virt(pa), &entry));
			pages++;
		}
		if (hidden->end >= direct_map_phys_end())
			continue;
		/* Its neighbours are. */
		EXPECT_TRUE(pgtable_query((uintptr_t)phys_to_virt(hidden->start - 1), &entry));
		EXPECT_TRUE(pgtable_query((uintptr_t)phys_to_virt(hidden->end), &entry));
	}
	if (pages == 0)
		SKIP_TEST("no memory of this machine must not be mapped");
}

KTEST(direct_map, high_memory_is_not_mapped)
{
	struct pt_entry entry;

	EXPECT_LE(direct_map_phys_end(), early_high_memory_start());
	EXPECT_FALSE(pgtable_query((uintptr_t)phys_to_virt(direct_map_phys_end()), &entry));
	EXPECT_FALSE(is_direct_map_address(phys_to_virt(direct_map_phys_end())));
	EXPECT_TRUE(is_direct_map_address(phys_to_virt(direct_map_phys_end() - 1)));
}

/* Text, constants and what only the boot writes must not be writable by their other address; data and what the boot left must be. */
KTEST(direct_map, the_alias_of_the_image_has_the_images_permissions)
{
	const struct {
		const char *start, *end;
		prot_t prot;
	} parts[] = {
		{text_start, text_end, PROT_KERNEL_RO},
		{init_text_start, init_text_end, PROT_KERNEL_RW},
		{rodata_start, rodata_end, PROT_KERNEL_RO},
		{init_data_start, init_data_end, PROT_KERNEL_RW},
		{ro_after_init_start, ro_after_init_end, PROT_KERNEL_RO},
		{ro_after_init_end, data_end, PROT_KERNEL_RW},
	};
	struct pt_entry entry;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		for (const char *page = parts[i].start; page < parts[i].end; page += PAGE_SIZE) {
			uintptr_t alias = (uintptr_t)phys_to_virt(arch_image_to_phys(page));

			ASSERT_TEST(pgtable_query(alias, &entry));
			EXPECT_EQ(entry.level, 0);
			EXPECT_EQ(entry.prot, parts[i].prot);
		}
}

KTEST(direct_map, the_images_data_and_its_alias_are_one_memory)
{
	static volatile int word;
	volatile int *alias = phys_to_virt(virt_to_phys((const void *)&word));

	word = 5;
	EXPECT_EQ(*alias, 5);
	*alias = 6;
	EXPECT_EQ(word, 6);
}

KTEST(direct_map, it_reads_what_a_window_wrote)
{
	unsigned long flags, page = __get_free_page(GFP_KERNEL);

	ASSERT_TEST(page);
	flags = arch_irq_save();
	*(unsigned long *)fixmap_window_open(direct_map_to_phys((void *)page)) = 0xabcdef;
	fixmap_window_close();
	arch_irq_restore(flags);
	EXPECT_EQ(*(unsigned long *)page, 0xabcdef);
	free_page(page);
}

KTEST_PANIC(direct_map, a_foreign_address_has_no_physical_one, "neither in the direct map")
{
	EXPECT_EQ(virt_to_phys((void *)arch_region_base(REGION_VMALLOC)), 0);
}

KTEST_PANIC(direct_map, writing_to_text_by_its_other_address_panics, "the mapping forbids it")
{
	*(volatile char *)phys_to_virt(arch_image_to_phys(text_start)) = 0;
}

KTEST_PANIC(direct_map, running_data_by_its_other_address_panics, "the mapping forbids it")
{
	static char code[16];

	((void (*)(void))phys_to_virt(virt_to_phys(code)))();
}
