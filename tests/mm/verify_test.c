/* SPDX-License-Identifier: MIT */
/*
 * verify_test.c - mm_verify() sees what a floor's check sees, and accounts tell a leak.
 */
#include <mm/init.h>

#include <lib/ktest.h>
#include <mm/gfp.h>
#include <mm/slab.h>
#include <mm/zone.h>

KTEST(verify, sem_E6_the_zones_manage_every_page_that_was_taken)
{
	const struct mm_handover *handover = mm_handover();

	EXPECT_EQ(handover->taken_pages + mm_init_pages(), totalram_pages());
	EXPECT_LE(handover->bootmem_pages, handover->taken_pages);
	EXPECT_LE(handover->taken_pages, handover->memory / PAGE_SIZE);
	EXPECT_GT(handover->reserved, 0);
}

KTEST(verify, a_zone_that_miscounts_by_one_fails)
{
	struct zone *zone = zone_next(NULL);

	while (!populated_zone(zone))
		zone = zone_next(zone);
	EXPECT_TRUE(mm_verify());
	zone->nr_free++;
	EXPECT_FALSE(mm_verify());
	zone->nr_free--;
	EXPECT_TRUE(mm_verify());
}

KTEST(verify, accounts_tell_a_page_that_is_missing)
{
	struct mm_accounts before, after;
	struct text_buffer text;
	static char said[2048]; /* a line for each account that may differ */
	struct page *page;

	text_buffer_init(&text, said, sizeof(said));
	mm_accounts_take(&before);
	page = alloc_page(GFP_KERNEL);
	mm_accounts_take(&after);
	EXPECT_FALSE(mm_accounts_equal(&before, &after, &text.sink));
	EXPECT_TRUE(strstr(said, "free pages: "));
	__free_page(page);
	mm_accounts_take(&after);
	EXPECT_TRUE(mm_accounts_equal(&before, &after, NULL));
}

KTEST(verify, accounts_tell_an_object_that_is_missing)
{
	struct mm_accounts before, after;
	struct text_buffer text;
	static char said[2048]; /* a line for each account that may differ */
	void *object;

	text_buffer_init(&text, said, sizeof(said));
	mm_accounts_take(&before);
	object = kmalloc(100, GFP_KERNEL);
	mm_accounts_take(&after);
	EXPECT_FALSE(mm_accounts_equal(&before, &after, &text.sink));
	EXPECT_TRUE(strstr(said, "slab objects: "));
	kfree(object);
}
