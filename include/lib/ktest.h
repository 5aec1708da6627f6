/* SPDX-License-Identifier: MIT */
/*
 * lib/ktest.h - tests in the kernel: plain functions, KTAP on the console.
 *
 *	KTEST(buddy, taking_one_page_leaves_one_free_block_of_each_lower_order) { EXPECT_EQ(...); }
 *	KTEST_PANIC(bootmem, freeing_a_free_page_panics, "already free") { free_bootmem(...); }
 *
 * A KTEST runs in the living kernel, between two mm_verify() and two equal accounts. While it runs
 * the report policy is repair, and each report must be expected:
 *
 *	EXPECT_REPORT("kfree: object freed twice", kfree(p));
 *
 * A KTEST_PANIC runs in a machine of its own (hosted: a process; QEMU: a boot)
 * and must end in a panic whose message contains the text. The same source runs
 * hosted under sanitizers and in QEMU. EXPECT_* go on after a failure, ASSERT_TEST ends the test.
 */
#pragma once

#include <lib/report.h>
#include <lib/string.h>
#include <lib/types.h>

struct ktest {
	const char *suite, *name, *file;
	int line;
	void (*run)(void);
	const char *panics; /* NULL for an ordinary test */
};

#define KTEST_ENTRY(suite_, name_, panics_)                                                        \
	static void ktest_##suite_##_##name_(void);                                                \
	static const struct ktest ktest_entry_##suite_##_##name_ __used __section("ktests")        \
		__aligned(8) = {#suite_, #name_, __FILE__, __LINE__, ktest_##suite_##_##name_,     \
				panics_};                                                          \
	static void ktest_##suite_##_##name_(void)

#define KTEST(suite, name)	       KTEST_ENTRY(suite, name, NULL)
#define KTEST_PANIC(suite, name, text) KTEST_ENTRY(suite, name, text)

/* The table, from the linker: [__start_ktests, __stop_ktests). */
extern const struct ktest __start_ktests[], __stop_ktests[];

/* Says what failed and marks the running test; the macros call it. */
void ktest_fail(const char *file, int line, const char *format, ...) __printf(3, 4);
bool ktest_failed(void);

#define EXPECT_TRUE(x)                                                                             \
	do {                                                                                       \
		if (!(x))                                                                          \
			ktest_fail(__FILE__, __LINE__, "%s is false", #x);                         \
	} while (0)
#define EXPECT_FALSE(x)                                                                            \
	do {                                                                                       \
		if (x)                                                                             \
			ktest_fail(__FILE__, __LINE__, "%s is true", #x);                          \
	} while (0)

#define EXPECT_COMPARE(a, op, b)                                                                   \
	do {                                                                                       \
		long long left_ = (long long)(a), right_ = (long long)(b);                         \
		if (!(left_ op right_))                                                            \
			ktest_fail(__FILE__, __LINE__,                                             \
				   "%s " #op " %s: left is %lld (0x%llx), right is %lld (0x%llx)", \
				   #a, #b, left_, left_, right_, right_);                          \
	} while (0)
#define EXPECT_EQ(a, b) EXPECT_COMPARE(a, ==, b)
#define EXPECT_NE(a, b) EXPECT_COMPARE(a, !=, b)
#define EXPECT_LT(a, b) EXPECT_COMPARE(a, <, b)
#define EXPECT_LE(a, b) EXPECT_COMPARE(a, <=, b)
#define EXPECT_GT(a, b) EXPECT_COMPARE(a, >, b)
#define EXPECT_GE(a, b) EXPECT_COMPARE(a, >=, b)

#define EXPECT_STREQ(a, b)                                                                         \
	do {                                                                                       \
		const char *left_ = (a), *right_ = (b);                                            \
		if (strcmp(left_, right_) != 0)                                                    \
			ktest_fail(__FILE__, __LINE__, "%s is \"%s\", not \"%s\"", #a, left_,      \
				   right_);                                                        \
	} while (0)

/* Ends the test when it cannot go on. */
#define ASSERT_TEST(x)                                                                             \
	do {                                                                                       \
		if (!(x)) {                                                                        \
			ktest_fail(__FILE__, __LINE__, "%s is false, the test ends", #x);          \
			return;                                                                    \
		}                                                                                  \
	} while (0)

/* Ends a test that this machine has no room or no device for; it counts as neither passed nor failed. */
#define SKIP_TEST(reason)                                                                          \
	do {                                                                                       \
		ktest_skip(reason);                                                                \
		return;                                                                            \
	} while (0)
void ktest_skip(const char *reason);

/* The statement makes exactly one report, whose title contains `title`. */
#define EXPECT_REPORT(title, ...)                                                                  \
	do {                                                                                       \
		unsigned long reports_ = ktest_reports_begin();                                    \
		__VA_ARGS__;                                                                       \
		ktest_reports_end(__FILE__, __LINE__, reports_, title);                            \
	} while (0)
unsigned long ktest_reports_begin(void);
void ktest_reports_end(const char *file, int line, unsigned long before, const char *title);

/*
 * Run the body once inside a real interrupt of this CPU, and return when it is over. Where no interrupt
 * controller is known the call itself counts as one. Turns interrupts on for it where they are off.
 */
void ktest_in_interrupt(void (*body)(void *context), void *context);

/*
 * Between the two an interrupt of the timer runs the body again and again, in the midst of whatever the test does
 * with interrupts on. end() returns how often it ran: at least once, or 0 where no timer is known.
 */
void ktest_storm_begin(void (*body)(void *context), void *context);
unsigned long ktest_storm_end(void);

/* Runs the body on the CPUs [0, nr) at once and returns when all have. Skips the test where fewer run; then false. */
bool ktest_run_on_cpus(unsigned int nr, void (*body)(unsigned int cpu, void *context),
		       void *context);

/*
 * Runs the ordinary tests whose "suite.name" contains `filter` (NULL: all) and prints KTAP.
 * Returns how many failed; -ENOENT when none matched.
 */
int ktest_run(const char *filter);

/* One test by its full name, in this machine, panic or not: what a boot with `panictest=` does. */
int ktest_run_one(const char *full_name);
void ktest_list(bool (*visit)(const struct ktest *test, void *context), void *context);
