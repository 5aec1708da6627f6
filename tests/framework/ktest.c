/* SPDX-License-Identifier: MIT */
/*
 * ktest.c - run tests in the living kernel and say in KTAP how they went.
 *
 * THE IDEA
 *	A test is a function and a table entry. Around each one the framework
 *	takes the accounts of the memory subsystem, proves its invariants, and
 *	counts reports: what a test may do to the kernel is only what it undoes.
 *	A test passes when no expectation failed, every report was expected, the
 *	accounts are what they were (a leak fails) and mm_verify() is content.
 *
 * PICTURE
 *	TAP version 14
 *	1..2
 *	ok 1 - buddy.taking_one_page_splits # cycles=14023
 *	  # tests/mm/page/buddy_test.c:41: nr_free == 1: left is 0 (0x0), right is 1 (0x1)
 *	not ok 2 - buddy.giving_it_back_merges # cycles=9120
 *
 * LOCKING	Task context. One test at a time; a test may run another (the framework's own tests do).
 * COST		mm_verify() walks every page once a test.
 * FLOOR	tests, above everything.
 * LINUX	lib/kunit/test.c; Documentation/dev-tools/ktap.rst.
 */
#include "ktest_run.h"

#include <arch/cpu.h>
#include <lib/check.h>
#include <lib/errno.h>
#include <lib/printk.h>

#define SLOWEST 10

/* Sees what the others show: KTAP starts a line, wherever a test left the cursor. */
static char last_character = '\n';

static void watch(struct console *console, const char *text, size_t length)
{
	(void)console;
	if (length > 0)
		last_character = text[length - 1];
}

static struct console watcher = {.name = "ktest", .write = watch};

/* The test that runs now; its caller's result is kept by whoever runs a test in a test. */
static struct ktest_result *running;

static void say(struct text_sink *sink, const char *format, ...) __printf(2, 3);
static void say(struct text_sink *sink, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	sink_vprintf(sink, format, args);
	va_end(args);
}

void ktest_fail(const char *file, int line, const char *format, ...)
{
	va_list args;

	running->failures++;
	say(running->sink, "  # %s:%d: ", file, line);
	va_start(args, format);
	sink_vprintf(running->sink, format, args);
	va_end(args);
	say(running->sink, "\n");
}

bool ktest_failed(void)
{
	return running->failures != 0;
}

void ktest_skip(const char *reason)
{
	running->skipped = reason;
}

unsigned long ktest_reports_begin(void)
{
	return report_count();
}

void ktest_reports_end(const char *file, int line, unsigned long before, const char *title)
{
	unsigned long made = report_count() - before;

	running->expected_reports += made;
	if (made != 1)
		ktest_fail(file, line, "%lu reports instead of one of \"%s\"", made, title);
	else if (strstr(report_last_title(), title) == NULL)
		ktest_fail(file, line, "the report is \"%s\", not \"%s\"", report_last_title(),
			   title);
}

void ktest_forgive_reports(unsigned long reports)
{
	running->expected_reports += reports;
}

/* What the test left behind. The accounts count reports too; those were judged by themselves. */
static void judge(const struct ktest *test, struct mm_accounts *before, unsigned long reports)
{
	struct mm_accounts after;
	unsigned long unexpected = report_count() - reports - running->expected_reports;

	if (unexpected != 0)
		ktest_fail(test->file, test->line, "%lu unexpected reports, the last is \"%s\"",
			   unexpected, report_last_title());
	mm_accounts_take(&after);
	after.reports = before->reports;
	if (!mm_accounts_equal(before, &after, running->sink))
		ktest_fail(test->file, test->line,
			   "the accounts differ from those before the test");
	if (test->panics != NULL && running->skipped == NULL)
		ktest_fail(test->file, test->line, "no panic came; it had to say \"%s\"",
			   test->panics);
	if (!mm_verify())
		ktest_fail(test->file, test->line, "mm_verify() is not content");
}

void ktest_execute(const struct ktest *test, struct ktest_result *result)
{
	struct ktest_result *outer = running;
	enum report_policy policy = report_get_policy();
	unsigned long reports = report_count();
	struct mm_accounts before;
	uint64_t start;

	report_set_policy(CORRUPT_REPAIR);
	running = result;
	mm_accounts_take(&before);
	start = arch_cycles();
	test->run();
	result->cycles = arch_cycles() - start;
	if (result->sink == &console_sink && last_character != '\n')
		say(&console_sink, "\n");
	judge(test, &before, reports);
	result->reports = report_count() - reports;
	running = outer;
	report_set_policy(policy);
}

/*
 * The table's order is the linker's for files and the compiler's inside one, which may be
 * backwards. The next test in the order in which they are read: files as linked, then lines.
 */
static const struct ktest *next_test(const struct ktest *test)
{
	const struct ktest *first = test ? test : __start_ktests, *end, *next = NULL;

	if (first == __stop_ktests)
		return NULL;
	while (first > __start_ktests && strcmp(first[-1].file, first->file) == 0)
		first--;
	for (end = first; end < __stop_ktests && strcmp(end->file, first->file) == 0; end++)
		if ((!test || end->line > test->line) && (!next || end->line < next->line))
			next = end;
	if (next != NULL || end == __stop_ktests)
		return next;
	for (next = first = end; end < __stop_ktests && strcmp(end->file, first->file) == 0; end++)
		if (end->line < next->line)
			next = end;
	return next;
}

static void full_name(const struct ktest *test, char *name, size_t size)
{
	snprintf(name, size, "%s.%s", test->suite, test->name);
}

/* A filter is part of the name, or with `=` before it the whole name. Suites that fail on purpose are only run by name. */
static bool matches(const struct ktest *test, const char *filter)
{
	char name[KTEST_NAME_SIZE];

	full_name(test, name, sizeof(name));
	if (filter != NULL && filter[0] == '=')
		return strcmp(name, filter + 1) == 0;
	if (ktest_is_broken(test))
		return false;
	return filter == NULL || strstr(name, filter) != NULL;
}

struct slow_test {
	const struct ktest *test;
	uint64_t cycles;
};

static void remember_slow(struct slow_test *slowest, const struct ktest *test, uint64_t cycles)
{
	struct slow_test new = {test, cycles};

	for (int i = 0; i < SLOWEST; i++) {
		struct slow_test old = slowest[i];

		if (old.cycles >= new.cycles)
			continue;
		slowest[i] = new;
		new = old;
	}
}

static void say_slowest(const struct slow_test *slowest)
{
	say(&console_sink, "# slowest tests, in cycles:\n");
	for (int i = 0; i < SLOWEST && slowest[i].test != NULL; i++)
		say(&console_sink, "#   %12llu %s.%s\n", (unsigned long long)slowest[i].cycles,
		    slowest[i].test->suite, slowest[i].test->name);
}

struct tally {
	unsigned int number, failed, skipped;
	struct slow_test slowest[SLOWEST];
};

static void run_and_say(const struct ktest *test, struct tally *tally)
{
	struct ktest_result result = {.sink = &console_sink};

	ktest_execute(test, &result);
	remember_slow(tally->slowest, test, result.cycles);
	tally->number++;
	tally->failed += result.failures != 0;
	tally->skipped += result.failures == 0 && result.skipped != NULL;
	say(&console_sink, "%s %u - %s.%s # %s%s%scycles=%llu\n", result.failures ? "not ok" : "ok",
	    tally->number, test->suite, test->name, result.skipped ? "SKIP " : "",
	    result.skipped ? result.skipped : "", result.skipped ? ", " : "",
	    (unsigned long long)result.cycles);
}

static void say_tally(const struct tally *tally)
{
	say(&console_sink, "# %u passed, %u failed", tally->number - tally->failed - tally->skipped,
	    tally->failed);
	if (tally->skipped != 0)
		say(&console_sink, ", %u skipped", tally->skipped);
	say(&console_sink, "\n");
}

static void watch_the_console(void)
{
	static bool watching;

	if (!watching)
		console_register(&watcher);
	watching = true;
}

int ktest_run(const char *filter)
{
	struct tally tally = {0};
	unsigned int count = 0;

	for (const struct ktest *test = next_test(NULL); test; test = next_test(test))
		count += test->panics == NULL && matches(test, filter);
	watch_the_console();
	say(&console_sink, "TAP version 14\n1..%u\n", count);
	if (count == 0)
		return -ENOENT;
	for (const struct ktest *test = next_test(NULL); test; test = next_test(test))
		if (test->panics == NULL && matches(test, filter))
			run_and_say(test, &tally);
	if (count > 1)
		say_slowest(tally.slowest);
	say_tally(&tally);
	return (int)tally.failed;
}

int ktest_run_one(const char *name)
{
	char candidate[KTEST_NAME_SIZE];
	struct tally tally = {0};

	watch_the_console();
	for (const struct ktest *test = next_test(NULL); test; test = next_test(test)) {
		full_name(test, candidate, sizeof(candidate));
		if (strcmp(candidate, name) != 0)
			continue;
		if (test->panics != NULL)
			panic_expect(test->panics);
		say(&console_sink, "TAP version 14\n1..1\n");
		run_and_say(test, &tally);
		return (int)tally.failed;
	}
	say(&console_sink, "# there is no test called %s\n", name);
	return -ENOENT;
}

void ktest_list(bool (*visit)(const struct ktest *test, void *context), void *context)
{
	for (const struct ktest *test = next_test(NULL); test; test = next_test(test))
		if (!visit(test, context))
			return;
}
