/* SPDX-License-Identifier: MIT */
/*
 * ktest_run.h - the inside of the framework, for its own tests.
 */
#pragma once

#include <lib/ktest.h>
#include <mm/init.h>

#define KTEST_NAME_SIZE 160 /* "suite.name" and the NUL */

struct ktest_result {
	struct text_sink *sink; /* where failures are told */
	unsigned int failures;
	const char *skipped; /* why, or NULL */
	unsigned long expected_reports, reports;
	uint64_t cycles;
};

/* Runs one test, also inside another one, and judges it. Nothing but `sink` is printed. */
void ktest_execute(const struct ktest *test, struct ktest_result *result);

/* The running test expected that many reports more. */
void ktest_forgive_reports(unsigned long reports);

/* Suites called broken_* fail on purpose: the framework's tests run them, nobody else does. */
static inline bool ktest_is_broken(const struct ktest *test)
{
	return strncmp(test->suite, "broken_", 7) == 0;
}
