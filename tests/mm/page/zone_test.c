/* SPDX-License-Identifier: MIT */
/*
 * zone_test.c - nodes, the bounds of zones, what a mask admits, watermarks.
 */
#include <mm/zone.h>

#include <arch/memory.h>
#include <lib/ktest.h>
#include <mm/early.h>
#include <mm/memblock.h>

KTEST(zone, zones_follow_each_other_and_keep_their_limits)
{
	struct zone *zone, *last = NULL;
	unsigned long end;

	for_each_zone (zone) {
		if (last && last->nid == zone->nid)
			EXPECT_EQ(zone->type, last->type + 1);
		last = zone;
		if (!populated_zone(zone))
			continue;
		end = zone->start_pfn + zone->spanned_pages;
		EXPECT_LE(end, zone_end_pfn(zone->type));
		if (zone->type != ZONE_DMA)
			EXPECT_GE(zone->start_pfn, zone_end_pfn(zone->type - 1));
		EXPECT_LE(zone->present_pages, zone->spanned_pages);
		EXPECT_LE(zone->managed_pages, zone->present_pages);
	}
	ASSERT_TEST(last);
	EXPECT_EQ(last->type, ZONE_HIGHMEM);
	EXPECT_EQ(last->nid, (int)nr_nodes - 1);
	EXPECT_LE(zone_end_pfn(ZONE_DMA) << PAGE_SHIFT, arch_dma_end());
	EXPECT_LE(zone_end_pfn(ZONE_DMA32) << PAGE_SHIFT, arch_dma32_end());
	EXPECT_EQ(zone_end_pfn(ZONE_NORMAL) << PAGE_SHIFT, early_high_memory_start());
}

/* The page floor's present pages are the early floor's memory. */
/* What must not be mapped has no pages. */
KTEST(zone, present_pages_are_all_of_memory)
{
	unsigned long present = 0, of_nodes = 0, mappable = 0, i;
	phys_addr_t start, end;
	struct zone *zone;
	unsigned int nid;

	for_each_zone (zone)
		present += zone->present_pages;
	for (nid = 0; nid < nr_nodes; nid++)
		of_nodes += NODE_DATA((int)nid)->present_pages;
	for_each_mem_range (i, &start, &end)
		mappable += (end - start) >> PAGE_SHIFT;
	EXPECT_EQ(present, mappable);
	EXPECT_EQ(of_nodes, present);
}

KTEST(zone, a_mask_admits_its_zone_and_of_two_the_strictest)
{
	EXPECT_EQ(gfp_zone(GFP_KERNEL), ZONE_NORMAL);
	EXPECT_EQ(gfp_zone(0), ZONE_NORMAL);
	EXPECT_EQ(gfp_zone(GFP_DMA), ZONE_DMA);
	EXPECT_EQ(gfp_zone(GFP_DMA32), ZONE_DMA32);
	EXPECT_EQ(gfp_zone(GFP_HIGHUSER_MOVABLE), ZONE_HIGHMEM);
	EXPECT_EQ(gfp_zone(__GFP_DMA | __GFP_HIGHMEM), ZONE_DMA);
	EXPECT_EQ(gfp_zone(__GFP_DMA | __GFP_DMA32), ZONE_DMA);
	EXPECT_EQ(gfp_zone(__GFP_DMA32 | __GFP_HIGHMEM), ZONE_DMA32);
	EXPECT_EQ(gfp_zone(GFP_ZONEMASK), ZONE_DMA);
}

/* sem-P7: min_free_kbytes = sqrt(16 * lowmem kB), 128 to 65536; low = 5/4, high = 3/2 of min. */
KTEST(zone, watermarks_follow_the_root_of_memory)
{
	unsigned long kbytes = 0, sum = 0, wanted = 128;
	struct zone *zone;

	for_each_zone (zone) {
		EXPECT_EQ(zone->watermark[WMARK_LOW], zone->watermark[WMARK_MIN] * 5 / 4);
		EXPECT_EQ(zone->watermark[WMARK_HIGH], zone->watermark[WMARK_MIN] * 3 / 2);
		EXPECT_TRUE(zone->managed_pages || !zone->watermark[WMARK_MIN]);
		if (zone->type == ZONE_HIGHMEM)
			continue;
		kbytes += zone->managed_pages * 4;
		sum += zone->watermark[WMARK_MIN];
	}
	while (wanted < 65536 && (wanted + 1) * (wanted + 1) <= 16 * kbytes)
		wanted++;
	EXPECT_EQ(min_free_kbytes() / 4, wanted / 4);
	EXPECT_LE(sum, wanted / 4);
	EXPECT_GE(sum + 3 * nr_nodes, wanted / 4); /* each zone's share is rounded down */
}
