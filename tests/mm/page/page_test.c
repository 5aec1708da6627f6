/* SPDX-License-Identifier: MIT */
/*
 * page_test.c - struct pages, who has one, and the sweep over them.
 */
#include <mm/page.h>

#include <lib/ktest.h>
#include <mm/deferred.h>
#include <mm/direct_map.h>
#include <mm/gfp.h>
#include <mm/memblock.h>
#include <mm/pcp.h>
#include <mm/pgtable.h>
#include <mm/zone.h>

KTEST(page, every_frame_of_ram_has_a_struct_page_in_the_zone_of_its_address)
{
	unsigned long index, pfn;
	phys_addr_t start, end;
	struct page *page;

	for_each_mem_range (index, &start, &end) {
		for (pfn = start >> PAGE_SHIFT; pfn < end >> PAGE_SHIFT; pfn += 257) {
			page = page_materialise(pfn);
			ASSERT_TEST(page && page == pfn_to_page(pfn) && pfn_valid(pfn));
			EXPECT_LT(pfn, zone_end_pfn(page_zone_type(page)));
			if (page_zone_type(page) != ZONE_DMA)
				EXPECT_GE(pfn, zone_end_pfn(page_zone_type(page) - 1));
			EXPECT_TRUE(zone_spans_pfn(page_zone(page), pfn));
		}
	}
}

/* From the end of each range of RAM on: reserved to the end of the unit, then nothing until the next range. */
KTEST(page, a_hole_is_reserved_inside_a_unit_and_invalid_outside)
{
	phys_addr_t start, end, last_end = 0;
	unsigned long index, pfn, hole_end;

	for_each_mem_range (index, &start, &end) {
		hole_end = start >> PAGE_SHIFT;
		for (pfn = last_end >> PAGE_SHIFT; pfn < hole_end; pfn += 61) {
			bool same_unit = pfn / MAX_ORDER_NR_PAGES == hole_end / MAX_ORDER_NR_PAGES;

			if (last_end && pfn / MAX_ORDER_NR_PAGES ==
						(last_end - 1) / PAGE_SIZE / MAX_ORDER_NR_PAGES)
				same_unit = true;
			EXPECT_EQ(pfn_valid(pfn), same_unit);
			if (same_unit)
				EXPECT_EQ(pfn_to_page(pfn)->flags, PG_RESERVED);
		}
		last_end = end;
	}
}

KTEST(page, frames_beyond_memory_have_no_struct_page)
{
	unsigned long end = memblock_end_of_DRAM() >> PAGE_SHIFT;

	EXPECT_TRUE(page_materialise(end - 1));
	EXPECT_TRUE(pfn_valid(end - 1));
	EXPECT_FALSE(page_materialise(ALIGN_UP(end, MAX_ORDER_NR_PAGES)));
	EXPECT_FALSE(pfn_valid(ALIGN_UP(end, MAX_ORDER_NR_PAGES)));
	EXPECT_FALSE(pfn_valid(end + (1UL << 30)));
	EXPECT_FALSE(pfn_valid(~0UL));
	EXPECT_FALSE(pfn_valid(~0UL >> PAGE_SHIFT));
}

KTEST(page, a_struct_page_exists_only_at_its_very_address)
{
	struct page *page = alloc_page(GFP_KERNEL);

	ASSERT_TEST(page);
	EXPECT_TRUE(page_exists(page));
	EXPECT_FALSE(page_exists((struct page *)((char *)page + 8)));
	EXPECT_FALSE(page_exists(NULL));
	EXPECT_FALSE(page_exists(page_address(page)));
	EXPECT_FALSE(page_exists((struct page *)~31UL));
	__free_page(page);
}

KTEST(page, frame_page_and_address_lead_to_each_other)
{
	struct page *page = alloc_page(GFP_KERNEL);
	char *address;

	ASSERT_TEST(page);
	address = page_address(page);
	EXPECT_EQ(pfn_to_page(page_to_pfn(page)), page);
	EXPECT_EQ(page_to_phys(page), (phys_addr_t)page_to_pfn(page) << PAGE_SHIFT);
	EXPECT_EQ(direct_map_to_phys(address), page_to_phys(page));
	EXPECT_TRUE(virt_addr_valid(address));
	EXPECT_EQ(virt_to_page(address), page);
	EXPECT_EQ(virt_to_page(address + PAGE_SIZE - 1), page);
	__free_page(page);
}

/* sem-V3 for every region but the direct map. */
KTEST(page, virt_to_page_refuses_addresses_outside_the_direct_map)
{
	static char in_the_image;
	char *const wrong[] = {
		&in_the_image,
		NULL,
		(char *)16,
		(char *)arch_region_base(REGION_VMEMMAP),
		(char *)arch_region_base(REGION_VMALLOC),
		(char *)~0UL,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		EXPECT_FALSE(virt_addr_valid(wrong[i]));
		EXPECT_REPORT("not in the direct map", EXPECT_EQ(virt_to_page(wrong[i]), NULL));
	}
}

KTEST(page, struct_pages_are_data_that_nobody_can_execute)
{
	struct page *page = alloc_page(GFP_KERNEL);
	struct pt_entry entry;

	ASSERT_TEST(page);
	EXPECT_TRUE(pgtable_query((uintptr_t)page, &entry));
	EXPECT_EQ(entry.prot & (PROT_WRITE | PROT_EXEC | PROT_USER), PROT_WRITE);
	__free_page(page);
}

/* 64 units are 2 MiB of struct pages for 256 MiB of RAM: one leaf, no table page. */
KTEST(page, large_leaves_map_the_struct_pages_of_256_mib_that_are_all_there)
{
	unsigned long pfn, step = 256 * MiB >> PAGE_SHIFT, unit, backed, found = 0;
	unsigned long end = memblock_end_of_DRAM() >> PAGE_SHIFT;
	struct pt_entry entry;

	for (pfn = 0; pfn + step <= end; pfn += step) {
		backed = 0;
		for (unit = pfn; unit < pfn + step; unit += MAX_ORDER_NR_PAGES)
			backed += page_materialise(unit) != NULL;
		if (backed < step / MAX_ORDER_NR_PAGES)
			continue;
		EXPECT_TRUE(pgtable_query((uintptr_t)pfn_to_page(pfn), &entry));
		EXPECT_EQ(entry.level, 1);
		found++;
	}
	if (!found)
		SKIP_TEST("no 256 MiB without a hole of 4 MiB");
}

KTEST(page, a_description_says_what_the_page_is)
{
	struct page *page, *tail;
	char text[128];

	if (!pcp_is_enabled())
		SKIP_TEST("pages are watched, so no list keeps one");
	page = alloc_pages(GFP_KERNEL, 3);
	ASSERT_TEST(page);
	if (page_zone(page)->pageset[arch_cpu_id()].high < 8) {
		__free_pages(page, 3);
		SKIP_TEST("the zone is too small to keep such a block in a list");
	}
	page_describe(page, text, sizeof(text));
	EXPECT_TRUE(strstr(text, "first page of an allocated block of order 3"));
	page_describe(page + 5, text, sizeof(text));
	EXPECT_TRUE(strstr(text, "inside an allocated block of order 3"));
	EXPECT_EQ(page_block(page + 5), page);
	__free_pages(page, 3);
	page_describe(page + 5, text, sizeof(text));
	EXPECT_TRUE(strstr(text, "inside a block of order 3"));
	EXPECT_TRUE(strstr(text, "on a per-CPU list"));
	EXPECT_EQ(page_block(page + 5), page);
	drain_all_pages();
	page_describe(page + 5, text, sizeof(text));
	EXPECT_TRUE(strstr(text, "free block of order"));
	EXPECT_TRUE(page_block(page + 5)->flags & PG_BUDDY);

	tail = alloc_pages(GFP_KERNEL | __GFP_COMP, 1);
	ASSERT_TEST(tail);
	page_describe(tail + 1, text, sizeof(text));
	EXPECT_TRUE(strstr(text, "inside a compound page of order 1"));
	EXPECT_LT(page_describe(tail, text, 20), 20);
	EXPECT_EQ(strlen(text), 19);
	__free_pages(tail, 1);
}

/* --- the sweep can fail ---------------------------------------------------------- */

KTEST(page, the_sweep_sees_a_page_in_two_states_or_in_none)
{
	struct page *page = alloc_pages(GFP_KERNEL, 2);
	uint32_t state;

	ASSERT_TEST(page);
	EXPECT_TRUE(page_check());
	state = page->state;
	page->flags = PG_OWNED | PG_BUDDY; /* P1 */
	EXPECT_FALSE(page_check());
	page->flags = 0;
	EXPECT_FALSE(page_check());
	page->flags = PG_OWNED | PG_RESERVED;
	EXPECT_FALSE(page_check());
	page->state = state;
	page->order = MAX_ORDER;
	EXPECT_FALSE(page_check());
	page->state = state;
	page->zone_node ^= 1;
	EXPECT_FALSE(page_check());
	page->state = state;
	page->refcount = 0;
	EXPECT_FALSE(page_check());
	page->refcount = 1;
	page[3].flags = PG_OWNED;
	EXPECT_FALSE(page_check());
	page[3].flags = PG_TAIL; /* no tail without a head */
	EXPECT_FALSE(page_check());
	page[3].flags = 0;
	EXPECT_TRUE(page_check());
	__free_pages(page, 2);
}

KTEST(page, the_sweep_sees_a_reserved_page_with_users)
{
	struct zone *zone = page_zone(pfn_to_page(memblock_start_of_DRAM() >> PAGE_SHIFT));
	unsigned long pfn = zone->start_pfn;

	while (zone_spans_pfn(zone, pfn) &&
	       !(pfn_valid(pfn) && pfn_to_page(pfn)->flags & PG_RESERVED))
		pfn++;
	if (!zone_spans_pfn(zone, pfn))
		SKIP_TEST("no reserved page in the first zone");
	pfn_to_page(pfn)->refcount = 1; /* P2 */
	EXPECT_FALSE(page_check());
	pfn_to_page(pfn)->refcount = 0;
	EXPECT_TRUE(page_check());
}

KTEST(page, the_sweep_sees_sums_that_differ)
{
	struct page *page = alloc_page(GFP_KERNEL);
	struct zone *zone;

	ASSERT_TEST(page);
	zone = page_zone(page);
	zone->present_pages++; /* P3 */
	EXPECT_FALSE(page_check());
	zone->present_pages--;
	zone->managed_pages--;
	EXPECT_FALSE(page_check());
	zone->managed_pages++;
	zone->nr_free++; /* P4 */
	EXPECT_FALSE(page_check());
	zone->nr_free--;
	EXPECT_TRUE(page_check());
	__free_page(page);
}
