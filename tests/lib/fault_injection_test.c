/* SPDX-License-Identifier: MIT */
/* fault_injection_test.c - which requests fail is what the text says, each time alike. */
#include <lib/bits.h>
#include <lib/errno.h>
#include <lib/fault_injection.h>
#include <lib/ktest.h>

/* The requests of 32, of one byte each, that fail: bit i for the i-th. */
static uint32_t failures(struct fault_attr *attr)
{
	uint32_t failed = 0;

	for (unsigned int i = 0; i < 32; i++)
		failed |= (uint32_t)should_fail(attr, 1) << i;
	return failed;
}

KTEST(fault_injection, linuxs_four_numbers_are_interval_probability_space_times)
{
	struct fault_attr attr;

	ASSERT_TEST(setup_fault_attr(&attr, "4,100,0,-1") == 0);
	EXPECT_EQ(failures(&attr), 0x88888888);
	ASSERT_TEST(setup_fault_attr(&attr, "1,100,5,3") == 0);
	EXPECT_EQ(failures(&attr), 0x70); /* four bytes go by: a fifth would use the space up */
	EXPECT_EQ(attr.nr_failed, 3);
	EXPECT_EQ(attr.nr_requests, 32);
	ASSERT_TEST(setup_fault_attr(&attr, "1,0,0,-1") == 0);
	EXPECT_EQ(failures(&attr), 0);
	EXPECT_FALSE(fault_attr_is_active(&attr));
}

KTEST(fault_injection, names_may_stand_instead)
{
	struct fault_attr attr;

	ASSERT_TEST(setup_fault_attr(&attr, "nth=7") == 0);
	EXPECT_TRUE(fault_attr_is_active(&attr));
	EXPECT_EQ(failures(&attr), 1 << 6);
	EXPECT_FALSE(fault_attr_is_active(&attr));
	ASSERT_TEST(setup_fault_attr(&attr, "times=2,interval=3") == 0);
	EXPECT_EQ(failures(&attr), 1 << 2 | 1 << 5);
}

KTEST(fault_injection, a_seed_fails_the_same_requests_each_time)
{
	struct fault_attr attr;
	unsigned long first, other;

	ASSERT_TEST(setup_fault_attr(&attr, "probability=50,seed=42") == 0);
	first = failures(&attr);
	ASSERT_TEST(setup_fault_attr(&attr, "seed=42,probability=50") == 0);
	EXPECT_EQ(failures(&attr), first);
	ASSERT_TEST(setup_fault_attr(&attr, "probability=50,seed=43") == 0);
	other = failures(&attr);
	EXPECT_NE(other, first);
	EXPECT_GT(bitmap_weight(&first, 32), 4);
	EXPECT_LT(bitmap_weight(&first, 32), 28);
}

KTEST(fault_injection, text_that_makes_no_sense_is_refused_and_changes_nothing)
{
	static const char *const bad[] = {"",
					  "1",
					  "1,2,3",
					  "1,101,0,-1",
					  "1,50,0,-2",
					  "x=1",
					  "nth=",
					  "nth=1,",
					  "nth=1 ",
					  "nth",
					  "1,2,3,4,5",
					  "-1,2,3,4",
					  "nth=x",
					  "seed=1,,nth=2",
					  "probability=101",
					  "nth=99999999999999999999"};
	struct fault_attr attr = {.nth = 123, .seed = 456};

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
		if (setup_fault_attr(&attr, bad[i]) != -EINVAL)
			ktest_fail(__FILE__, __LINE__, "\"%s\" was taken", bad[i]);
	EXPECT_EQ(attr.nth, 123);
	EXPECT_EQ(attr.seed, 456);
}

KTEST(fault_injection, a_sweep_fails_the_nth_request_of_whatever_kind)
{
	struct fault_attr pages = FAULT_ATTR_INIT, objects = FAULT_ATTR_INIT;

	EXPECT_FALSE(fault_fail_nth(2));
	EXPECT_TRUE(fault_attr_is_active(&pages));
	EXPECT_FALSE(should_fail(&pages, 4096));
	EXPECT_TRUE(should_fail(&objects, 8));
	EXPECT_FALSE(should_fail(&pages, 4096));
	EXPECT_TRUE(fault_fail_nth(5));
	EXPECT_FALSE(should_fail(&pages, 4096));
	EXPECT_FALSE(fault_fail_nth(0));
	EXPECT_FALSE(fault_attr_is_active(&pages));
}
