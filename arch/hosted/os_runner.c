/* SPDX-License-Identifier: MIT */
/*
 * os_runner.c - every self-test in a machine of its own, one KTAP stream of them all.
 *
 * THE IDEA
 *	A forked child powers on a machine with `selftest==suite.name` (or
 *	`panictest=`) on its command line; so no test can stand in what another left, and a test that
 *	must panic is like any other. The judge is out here: a test has passed
 *	when the machine halted with the one status of success *and* said
 *	what success says. Silence, a sanitizer's exit, a signal, too much
 *	output or too much time are failures, and their output is shown.
 *
 * PICTURE	tests in the order of the table; jobs run, what is ready in order is printed
 *
 *	[passed][passed][running][failed][running][waiting] ...
 *	 printed --------^
 */
#include "os_runner.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <lib/ktest.h>

#include "os.h"

#define OUTPUT_LIMIT (1UL << 20)
#define HALTED_WELL  16 /* arch/cpu.h: HALT_OK */

struct run {
	const struct ktest *test;
	char name[160];
	enum { WAITING, RUNNING, PASSED, FAILED } state;
	pid_t pid;
	int pipe;
	uint64_t start, nanoseconds;
	char *output;
	size_t length;
	const char *why;
	int status;
};

static struct run *runs;
static size_t nr_runs, nr_printed, nr_failed, nr_skipped;

static bool matches(const char *name, const char *filter)
{
	if (filter != NULL && filter[0] == '=')
		return strcmp(name, filter + 1) == 0;
	/* Suites that fail on purpose; tests/framework. */
	if (strncmp(name, "broken_", 7) == 0)
		return false;
	return filter == NULL || strstr(name, filter) != NULL;
}

static bool collect(const struct ktest *test, void *context)
{
	const struct os_runner_options *options = context;
	struct run run = {.test = test, .pipe = -1};

	snprintf(run.name, sizeof(run.name), "%s.%s", test->suite, test->name);
	if (!matches(run.name, options->filter))
		return true;
	runs = realloc(runs, (nr_runs + 1) * sizeof(*runs));
	if (runs == NULL)
		os_die("no memory for the list of tests");
	runs[nr_runs++] = run;
	return true;
}

/* In the child: from here on it is a machine. */
static _Noreturn void become_machine(const struct os_runner_options *options,
				     const struct ktest *test, const char *name)
{
	char line[1024];

	int typed[2];

	/* Nobody ever types: the other end stays open and silent. */
	if (pipe(typed) != 0 || dup2(typed[0], STDIN_FILENO) < 0)
		os_die("no pipe");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(line, sizeof(line), "%s %s%s%s", options->words,
		 test != NULL && test->panics != NULL ? "quiet panictest=" : "quiet selftest=",
		 test != NULL && test->panics == NULL ? "=" : "", name);
	if (!hosted_power_on(options->machine, line))
		os_die("no machine is called %s; --list names them", options->machine);
	os_wait_forever();
}

static void start(struct run *run, const struct os_runner_options *options)
{
	int ends[2];

	fflush(stdout);
	if (pipe(ends) != 0)
		os_die("no pipe");
	run->pid = fork();
	if (run->pid < 0)
		os_die("cannot fork");
	if (run->pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		dup2(ends[1], STDERR_FILENO);
		close(ends[0]);
		close(ends[1]);
		become_machine(options, run->test, run->name);
	}
	close(ends[1]);
	run->pipe = ends[0];
	run->start = os_nanoseconds();
	run->state = RUNNING;
	run->output = calloc(1, OUTPUT_LIMIT + 1);
	if (run->output == NULL)
		os_die("no memory for a test's output");
}

static bool said_so(const struct run *run)
{
	char line[200];

	if (run->test->panics != NULL && strstr(run->output, "panic expected") != NULL)
		return true;
	snprintf(line, sizeof(line), "\nok 1 - %s # %s", run->name,
		 run->test->panics != NULL ? "SKIP" : "");
	return strstr(run->output, line) != NULL;
}

static void finish(struct run *run, const char *why)
{
	int status = 0;

	if (why != NULL)
		kill(run->pid, SIGKILL);
	while (waitpid(run->pid, &status, 0) < 0 && errno == EINTR)
		;
	close(run->pipe);
	run->pipe = -1;
	run->nanoseconds = os_nanoseconds() - run->start;
	run->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	if (why == NULL && run->status != HALTED_WELL)
		why = "the machine ended otherwise than well";
	if (why == NULL && !said_so(run))
		why = "the machine ended well but never said that the test passed";
	run->why = why;
	run->state = why == NULL ? PASSED : FAILED;
}

static void read_some(struct run *run)
{
	ssize_t got = read(run->pipe, run->output + run->length, OUTPUT_LIMIT - run->length);

	if (got > 0)
		run->length += (size_t)got;
	if (run->length == OUTPUT_LIMIT)
		finish(run, "it printed too much");
	else if (got == 0 || (got < 0 && errno != EINTR))
		finish(run, NULL);
}

static void print_indented(const char *text)
{
	while (*text != '\0') {
		size_t length = strcspn(text, "\n");

		printf("  # %.*s\n", (int)length, text);
		text += length + (text[length] == '\n');
	}
}

static void print_result(struct run *run, size_t number)
{
	double seconds = (double)run->nanoseconds / 1e9;
	char *skipped = run->state == PASSED ? strstr(run->output, " # SKIP") : NULL;

	if (skipped != NULL) {
		skipped[strcspn(skipped, "\n")] = '\0';
		nr_skipped++;
	}
	if (run->state == FAILED) {
		nr_failed++;
		print_indented(run->output);
		printf("  # status %d after %.2f s: %s\n", run->status, seconds, run->why);
	}
	printf("%s %zu - %s%s\n# time %s %.3f\n", run->state == PASSED ? "ok" : "not ok", number,
	       run->name, skipped != NULL ? skipped : "", run->name, seconds);
	free(run->output);
	run->output = NULL;
}

static void print_ready(void)
{
	while (nr_printed < nr_runs && runs[nr_printed].state >= PASSED) {
		print_result(&runs[nr_printed], nr_printed + 1);
		nr_printed++;
	}
	fflush(stdout);
}

/* Waits until some running test says something, and ends those whose time is over. */
static void attend(unsigned int seconds)
{
	struct pollfd polls[64];
	struct run *polled[64];
	nfds_t count = 0;

	for (size_t i = nr_printed; i < nr_runs && count < 64; i++) {
		if (runs[i].state != RUNNING)
			continue;
		polled[count] = &runs[i];
		polls[count++] = (struct pollfd){.fd = runs[i].pipe, .events = POLLIN};
	}
	poll(polls, count, 200);
	for (nfds_t i = 0; i < count; i++) {
		if (polls[i].revents != 0)
			read_some(polled[i]);
		else if (os_nanoseconds() - polled[i]->start > seconds * 1000000000UL)
			finish(polled[i], "it took too long");
	}
}

static unsigned int count_running(void)
{
	unsigned int running = 0;

	for (size_t i = nr_printed; i < nr_runs; i++)
		running += runs[i].state == RUNNING;
	return running;
}

static int compare_times(const void *a, const void *b)
{
	const struct run *left = a, *right = b;

	return left->nanoseconds < right->nanoseconds ? 1 : -1;
}

static void print_summary(void)
{
	qsort(runs, nr_runs, sizeof(*runs), compare_times);
	printf("# slowest tests:\n");
	for (size_t i = 0; i < nr_runs && i < 10; i++)
		printf("#   %7.3f s  %s\n", (double)runs[i].nanoseconds / 1e9, runs[i].name);
	printf("# %zu passed, %zu failed", nr_runs - nr_failed - nr_skipped, nr_failed);
	if (nr_skipped != 0)
		printf(", %zu skipped", nr_skipped);
	printf("\n");
}

/* All tests in one machine, one after the other, as in QEMU. */
static int run_in_one_boot(const struct os_runner_options *options)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0)
		become_machine(options, NULL, options->filter != NULL ? options->filter : "");
	waitpid(pid, &status, 0);
	return WIFEXITED(status) && WEXITSTATUS(status) == HALTED_WELL ? 0 : 1;
}

int os_run_tests(const struct os_runner_options *options)
{
	size_t next = 0;

	if (!CONFIG_TESTS)
		os_die("this machine was built with TESTS=0");
	if (options->one_boot)
		return run_in_one_boot(options);
	ktest_list(collect, (void *)(uintptr_t)options);
	if (nr_runs == 0)
		os_die("no test matches %s", options->filter ? options->filter : "");
	printf("TAP version 14\n1..%zu\n", nr_runs);
	while (nr_printed < nr_runs) {
		while (next < nr_runs && count_running() < options->jobs)
			start(&runs[next++], options);
		attend(options->seconds);
		print_ready();
	}
	print_summary();
	return nr_failed == 0 ? 0 : 1;
}
