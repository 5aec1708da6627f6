/* SPDX-License-Identifier: MIT */
/*
 * os_runner.h - running self-tests, a fresh machine for each.
 */
#pragma once

#include <stdbool.h>

struct os_runner_options {
	const char *machine;	    /* NULL: the first model */
	const char *filter;	    /* part of "suite.name", or "=suite.name"; NULL: all */
	const char *words;	    /* more of the kernel's command line */
	unsigned int jobs, seconds; /* at once; what a test may take */
	bool one_boot;
};

/* Prints one KTAP stream. The process's exit status: 0 when everything passed. */
int os_run_tests(const struct os_runner_options *options);
