/* SPDX-License-Identifier: MIT */
/*
 * kmap_test.c - windows onto high memory. Machines without high memory skip what needs some.
 */
#include <mm/kmap.h>

#include <lib/bits.h>
#include <lib/ktest.h>
#include <lib/sched.h>
#include <mm/gfp.h>
#include <mm/pcp.h>
#include "../../lib/sched/tasks.h"

/* A high page, or NULL. */
static struct page *high_page(void)
{
	struct page *page = alloc_page(GFP_HIGHUSER | __GFP_NOWARN);

	if (page && !page_is_high(page)) {
		__free_page(page);
		return NULL;
	}
	return page;
}

/* sem-V6 */
KTEST(kmap, a_page_of_the_direct_map_keeps_its_address)
{
	struct page *page = alloc_page(GFP_KERNEL);
	struct kmap_counts before, after;

	ASSERT_TEST(page);
	kmap_count(&before);
	EXPECT_EQ(kmap(page), page_address(page));
	EXPECT_EQ(kmap_local_page(page), page_address(page));
	kmap_count(&after);
	EXPECT_EQ(after.used, before.used);
	kunmap_local(page_address(page));
	kunmap(page);
	__free_page(page);
}

/* sem-V6 */
KTEST(kmap, the_same_page_gives_the_same_address_until_its_last_user_is_gone)
{
	struct page *page = high_page();
	struct kmap_counts counts;
	int *first, *second;

	if (!page)
		SKIP_TEST("no high memory");
	EXPECT_EQ(page_address(page), NULL);
	first = kmap(page);
	second = kmap(page);
	EXPECT_EQ(first, second);
	EXPECT_EQ(page_address(page), first);
	*first = 42;
	kunmap(page);
	EXPECT_EQ(*second, 42);
	kunmap(page);
	EXPECT_EQ(page_address(page), NULL);
	kmap_count(&counts);
	EXPECT_GE(counts.stale, 1);
	/* The slot is stale, not free: the page finds it again. */
	EXPECT_EQ(kmap(page), first);
	EXPECT_EQ(*first, 42);
	kunmap(page);
	EXPECT_REPORT("kunmap: nobody has mapped this page", kunmap(page));
	__free_page(page);
}

/* sem-V6: only when the hand passes the end. */
KTEST(kmap, stale_slots_are_flushed_together_on_the_wrap)
{
	struct page *page[2] = {high_page(), high_page()};
	struct kmap_counts before, after;

	if (!page[0] || !page[1]) {
		if (page[0])
			__free_page(page[0]);
		SKIP_TEST("no high memory");
	}
	kmap_count(&before);
	/* Each kmap of a page that has no slot moves the hand; two pages take turns in the slots. */
	for (unsigned int i = 0; i < 3 * before.slots; i++) {
		struct page *other = high_page();
		int *view;

		ASSERT_TEST(other);
		view = kmap(other);
		ASSERT_TEST(view);
		*view = (int)i;
		kunmap(other);
		/* Not the page that a stale slot shows. */
		__free_page(page[i % 2]);
		page[i % 2] = other;
	}
	kmap_count(&after);
	EXPECT_LE(after.flushes - before.flushes, 4);
	EXPECT_EQ(after.used, before.used);
	EXPECT_TRUE(kmap_check());
	__free_page(page[0]);
	__free_page(page[1]);
}

/* sem-V6 */
KTEST(kmap, local_windows_nest_sixteen_deep)
{
	struct page *page = high_page();
	char *view[KM_MAX_IDX];

	if (!page)
		SKIP_TEST("no high memory");
	for (int i = 0; i < KM_MAX_IDX; i++) {
		view[i] = kmap_local_page(page);
		EXPECT_TRUE(i == 0 || view[i] != view[i - 1]);
		view[i][i] = (char)(i + 1);
	}
	for (int i = 0; i < KM_MAX_IDX; i++)
		EXPECT_EQ(view[0][i], i + 1);
	EXPECT_TRUE(kmap_check());
	for (int i = KM_MAX_IDX - 1; i >= 0; i--)
		kunmap_local(view[i] + 5);
	__free_page(page);
}

/* fault-I5 */
KTEST(kmap, a_window_closed_out_of_order_is_reported_and_stays_open)
{
	struct page *page = high_page();
	char *first, *second;

	if (!page)
		SKIP_TEST("no high memory");
	first = kmap_atomic(page);
	second = kmap_atomic(page);
	EXPECT_REPORT("kunmap_local: not the window that was opened last", kunmap_atomic(first));
	*first = 1;
	EXPECT_EQ(*second, 1);
	kunmap_atomic(second);
	kunmap_atomic(first);
	EXPECT_REPORT("kunmap_local: not the window", kunmap_atomic(first));
	__free_page(page);
}

/* fault-I5 */
KTEST_PANIC(kmap, the_seventeenth_window_panics, "16 windows of this CPU are open")
{
	struct page *page = alloc_page(GFP_KERNEL); /* any page can be looked at so */

	for (int i = 0; i <= KM_MAX_IDX; i++)
		*(volatile char *)kmap_local_high(page) = 1;
}

static void look_from_an_interrupt(void *context)
{
	struct page **page = context;
	int *view = kmap_local_page(page[0]);

	EXPECT_EQ(*view, 7);
	kunmap_local(view);
	EXPECT_EQ(kmap(page[0]), NULL);
}

KTEST(kmap, an_interrupt_has_windows_of_its_own_and_may_not_wait_for_others)
{
	struct page *page[1] = {high_page()};
	int *view;

	if (!page[0])
		SKIP_TEST("no high memory");
	view = kmap_local_page(page[0]);
	*view = 7;
	EXPECT_REPORT("kmap: from an interrupt", ktest_in_interrupt(look_from_an_interrupt, page));
	EXPECT_EQ(*view, 7);
	kunmap_local(view);
	__free_page(page[0]);
}

/* --- all slots have users ------------------------------------------------------------ */

static struct page *high[PT_ENTRIES + 1];
static void *got;

static void map_one_more(void *unused)
{
	(void)unused;
	WRITE_ONCE(got, kmap(high[PT_ENTRIES]));
}

/* All slots but those that somebody else uses; the last page has none. How many pages there are. */
static unsigned int use_all_slots(void)
{
	unsigned int nr;

	for (nr = 0; nr < ARRAY_SIZE(high) && (high[nr] = high_page()); nr++)
		if (nr < PT_ENTRIES)
			*(unsigned int *)kmap(high[nr]) = nr;
	return nr;
}

static void drop_all_slots(unsigned int nr)
{
	while (nr--) {
		if (nr < PT_ENTRIES)
			kunmap(high[nr]);
		__free_page(high[nr]);
	}
}

/* sem-V6 */
KTEST(kmap, who_finds_all_slots_in_use_waits_for_the_next_one_sem_V6)
{
	struct kmap_counts counts;
	unsigned int nr;

	kmap_count(&counts);
	if (counts.used)
		SKIP_TEST("somebody else has a window open");
	nr = use_all_slots();
	if (nr < ARRAY_SIZE(high)) {
		drop_all_slots(nr);
		SKIP_TEST("fewer high pages than slots");
	}
	kmap_count(&counts);
	EXPECT_EQ(counts.used, counts.slots);
	got = NULL;
	test_task_start(0, "kmap waiter", map_one_more, NULL);
	schedule();
	EXPECT_EQ(READ_ONCE(got), NULL);
	/* A page that has a slot needs none. */
	EXPECT_EQ(kmap(high[3]), page_address(high[3]));
	kunmap(high[3]);
	schedule();
	EXPECT_EQ(READ_ONCE(got), NULL);

	EXPECT_EQ(*(unsigned int *)page_address(high[7]), 7);
	kunmap(high[7]);
	test_task_join(0);
	EXPECT_NE(got, NULL);
	EXPECT_EQ(page_address(high[PT_ENTRIES]), got);
	EXPECT_EQ(page_address(high[7]), NULL);
	EXPECT_TRUE(kmap_check());
	kunmap(high[PT_ENTRIES]);
	(void)kmap(high[7]);
	drop_all_slots(nr);
}

/* --- page_address() -------------------------------------------------------------------- */

static void ask_from_an_interrupt(void *context)
{
	struct page *page = context;

	EXPECT_EQ(page_address(page), got);
}

/* sem-V6 */
KTEST(kmap, page_address_knows_where_kmap_shows_a_page_also_in_an_interrupt_sem_V6)
{
	struct page *page = high_page(), *other = high_page();

	if (!page || !other) {
		if (page)
			__free_page(page);
		SKIP_TEST("no high memory");
	}
	EXPECT_EQ(page_address(page), NULL);
	got = kmap(page);
	EXPECT_EQ(page_address(page), got);
	EXPECT_EQ(page_address(other), NULL);
	ktest_in_interrupt(ask_from_an_interrupt, page);
	kunmap(page);
	EXPECT_EQ(page_address(page), NULL);
	/* A window of one CPU is no address of the page. */
	got = kmap_local_page(page);
	EXPECT_EQ(page_address(page), NULL);
	kunmap_local(got);
	__free_page(other);
	__free_page(page);
}

KTEST(kmap, high_pages_are_cleared_and_copied_through_windows)
{
	struct page *from = high_page(), *to = alloc_page(GFP_KERNEL);
	unsigned char *view;

	if (!from || !to) {
		if (to)
			__free_page(to);
		SKIP_TEST("no high memory");
	}
	view = kmap(from);
	memset(view, 0x77, PAGE_SIZE);
	copy_highpage(to, from);
	EXPECT_EQ(((unsigned char *)page_address(to))[PAGE_SIZE - 1], 0x77);
	clear_highpage(from);
	EXPECT_EQ(view[0], 0);
	EXPECT_EQ(view[PAGE_SIZE - 1], 0);
	kunmap(from);
	__free_page(from);
	__free_page(to);
}
