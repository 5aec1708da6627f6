/* SPDX-License-Identifier: MIT */
/*
 * framework_test.c - a framework that cannot fail proves nothing: here it must.
 *
 * Each test of the suite broken_tests is wrong in one way; nobody runs them but
 * the tests below, which demand that they fail, and for the right reason.
 */
#include "../framework/ktest_run.h"

#include <lib/check.h>
#include <lib/report.h>
#include <mm/gfp.h>
#include <mm/page.h>
#include <mm/slab.h>
#include <mm/zone.h>

KTEST(broken_tests, passes)
{
	EXPECT_EQ(2 + 2, 4);
}

KTEST(broken_tests, fails_an_expectation_and_goes_on)
{
	EXPECT_EQ(2 + 2, 5);
	EXPECT_TRUE(false);
	EXPECT_STREQ("cat", "dog");
}

KTEST(broken_tests, stops_at_an_assertion)
{
	ASSERT_TEST(1 > 2);
	EXPECT_TRUE(false);
}

static unsigned long leaked_page;
static void *leaked_object;

KTEST(broken_tests, leaks_a_page)
{
	leaked_page = __get_free_page(GFP_KERNEL);
}

KTEST(broken_tests, leaks_an_object)
{
	leaked_object = kmalloc(100, GFP_KERNEL);
}

KTEST(broken_tests, makes_a_report_that_it_does_not_expect)
{
	report_warn("nobody expects this");
}

KTEST(broken_tests, expects_a_report_that_never_comes)
{
	EXPECT_REPORT("of anything", (void)0);
}

KTEST(broken_tests, expects_another_report)
{
	EXPECT_REPORT("of a cat", report_warn("a dog"));
}

KTEST(broken_tests, expects_one_report_and_gets_two)
{
	EXPECT_REPORT("a dog", report_warn("a dog"); report_warn("a dog"));
}

KTEST(broken_tests, expects_its_report)
{
	EXPECT_REPORT("a dog", report_warn("a dog"));
}

static struct zone *zone_of_a_free_page(void)
{
	struct page *page = alloc_page(GFP_KERNEL);
	struct zone *zone = page ? page_zone(page) : NULL;

	if (page != NULL)
		__free_page(page);
	return zone;
}

KTEST(broken_tests, leaves_an_invariant_broken)
{
	zone_of_a_free_page()->managed_pages++;
}

KTEST(broken_tests, skips)
{
	SKIP_TEST("no cat is here");
	EXPECT_TRUE(false);
}

KTEST_PANIC(broken_tests, never_panics, "anything")
{
}

static char said[1024];

struct search {
	const char *name;
	const struct ktest *found;
};

static bool compare_name(const struct ktest *test, void *context)
{
	struct search *search = context;

	if (ktest_is_broken(test) && strcmp(test->name, search->name) == 0)
		search->found = test;
	return search->found == NULL;
}

/* Failures of the broken test of that name; what it said is in `said`. */
static unsigned int failures_of(const char *name)
{
	struct text_buffer buffer;
	struct ktest_result result = {.sink = &buffer.sink};
	struct search search = {.name = name};
	bool seen_failing = ktest_failed();

	text_buffer_init(&buffer, said, sizeof(said));
	ktest_list(compare_name, &search);
	if (search.found == NULL)
		return 1000;
	ktest_execute(search.found, &result);
	EXPECT_EQ(ktest_failed(), seen_failing);
	ktest_forgive_reports(result.reports);
	return result.failures;
}

static bool said_text(const char *text)
{
	return strstr(said, text) != NULL;
}

KTEST(framework, a_test_that_is_right_passes_in_silence)
{
	EXPECT_EQ(failures_of("passes"), 0);
	EXPECT_STREQ(said, "");
}

KTEST(framework, each_failed_expectation_is_told_with_its_values)
{
	EXPECT_EQ(failures_of("fails_an_expectation_and_goes_on"), 3);
	EXPECT_TRUE(said_text("2 + 2 == 5: left is 4 (0x4), right is 5 (0x5)"));
	EXPECT_TRUE(said_text("framework_test.c:"));
	EXPECT_TRUE(said_text("false is false"));
	EXPECT_TRUE(said_text("is \"cat\", not \"dog\""));
}

KTEST(framework, an_assertion_ends_the_test)
{
	EXPECT_EQ(failures_of("stops_at_an_assertion"), 1);
	EXPECT_TRUE(said_text("1 > 2 is false, the test ends"));
}

KTEST(framework, a_skipped_test_ends_and_has_not_failed)
{
	EXPECT_EQ(failures_of("skips"), 0);
}

KTEST(framework, a_test_that_must_panic_and_does_not_fails)
{
	EXPECT_EQ(failures_of("never_panics"), 1);
	EXPECT_TRUE(said_text("no panic came; it had to say \"anything\""));
}

KTEST(framework, a_leaked_page_fails_the_test)
{
	EXPECT_GE(failures_of("leaks_a_page"), 1);
	EXPECT_TRUE(said_text("the accounts differ"));
	free_page(leaked_page);
}

KTEST(framework, a_leaked_object_fails_the_test)
{
	EXPECT_GE(failures_of("leaks_an_object"), 1);
	EXPECT_TRUE(said_text("the accounts differ"));
	kfree(leaked_object);
}

KTEST(framework, a_broken_invariant_fails_the_test)
{
	EXPECT_EQ(failures_of("leaves_an_invariant_broken"), 1);
	EXPECT_TRUE(said_text("mm_verify() is not content"));
	zone_of_a_free_page()->managed_pages--;
}

KTEST(framework, an_unexpected_report_fails_the_test)
{
	EXPECT_EQ(failures_of("makes_a_report_that_it_does_not_expect"), 1);
	EXPECT_TRUE(said_text("1 unexpected reports, the last is \"nobody expects this\""));
}

KTEST(framework, a_report_that_does_not_come_fails_the_test)
{
	EXPECT_EQ(failures_of("expects_a_report_that_never_comes"), 1);
	EXPECT_TRUE(said_text("0 reports instead of one of \"of anything\""));
}

KTEST(framework, another_report_than_the_expected_one_fails_the_test)
{
	EXPECT_EQ(failures_of("expects_another_report"), 1);
	EXPECT_TRUE(said_text("the report is \"a dog\", not \"of a cat\""));
}

KTEST(framework, two_reports_where_one_is_expected_fail_the_test)
{
	EXPECT_EQ(failures_of("expects_one_report_and_gets_two"), 1);
	EXPECT_TRUE(said_text("2 reports instead of one"));
}

KTEST(framework, the_expected_report_passes)
{
	EXPECT_EQ(failures_of("expects_its_report"), 0);
}

KTEST(framework, a_test_runs_under_the_policy_repair)
{
	EXPECT_EQ(report_get_policy(), CORRUPT_REPAIR);
}

KTEST_PANIC(framework, a_panic_with_the_expected_text_passes, "fish 17")
{
	panic("a fish %d came by", 17);
}
