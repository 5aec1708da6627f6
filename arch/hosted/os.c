/* SPDX-License-Identifier: MIT */
/*
 * os.c - the process: its command line, its clock, its end.
 *
 *	loam-hosted [--machine NAME] [--list] [word of the kernel's command line ...]
 *	loam-hosted --selftest [FILTER] [--machine NAME] [--one-boot] [-jN]
 */
#include "os.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "os_runner.h"

static char **arguments;

/* Read by the sanitizers when they start. Our own handlers take the faults, on our own stacks. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0:detect_stack_use_after_return=0:use_sigaltstack=0:handle_segv=0:"
	       "handle_sigbus=0:handle_sigill=0:handle_sigfpe=0:handle_abort=0:allow_user_segv_"
	       "handler=1:"
	       "detect_odr_violation=0:exitcode=70";
}

const char *__ubsan_default_options(void);
const char *__ubsan_default_options(void)
{
	return "print_stacktrace=1:halt_on_error=1:exitcode=70";
}

void os_exit(int status)
{
	os_console_close();
	_exit(status);
}

void os_restart(void)
{
	os_console_close();
	execv("/proc/self/exe", arguments);
	os_die("cannot start again");
}

uint64_t os_nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000UL + (uint64_t)now.tv_nsec;
}

uint64_t os_random(void)
{
	uint64_t value = 0;

	if (getrandom(&value, sizeof(value), 0) != (ssize_t)sizeof(value))
		value = os_nanoseconds();
	return value;
}

static void usage(void)
{
	fputs("usage: loam-hosted [--machine NAME] [--list] [kernel command line ...]\n"
	      "       loam-hosted --selftest [FILTER] [--machine NAME] [--one-boot] [-jN]\n",
	      stderr);
	os_exit(1);
}

static void join(char *line, size_t size, char **words, int count)
{
	size_t length = 0;

	line[0] = '\0';
	for (int i = 0; i < count; i++) {
		size_t word = strlen(words[i]);

		if (length + word + 2 > size)
			os_die("the command line is longer than %zu bytes", size);
		if (i > 0)
			line[length++] = ' ';
		memcpy(line + length, words[i], word + 1);
		length += word;
	}
}

static void boot(const char *machine, char **words, int count)
{
	char line[2048];

	join(line, sizeof(line), words, count);
	os_console_open();
	if (!hosted_power_on(machine, line))
		os_die("no machine is called %s; --list names them", machine);
	os_wait_forever();
}

int main(int argc, char **argv)
{
	struct os_runner_options runner = {.jobs = 2};
	bool selftest = false;
	int i = 1;

	arguments = argv;
	for (; i < argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "--machine") == 0 && i + 1 < argc)
			runner.machine = argv[++i];
		else if (strcmp(argv[i], "--one-boot") == 0)
			runner.one_boot = true;
		else if (strncmp(argv[i], "-j", 2) == 0 && atoi(argv[i] + 2) > 0)
			runner.jobs = (unsigned int)atoi(argv[i] + 2);
		else if (strcmp(argv[i], "--selftest") == 0)
			selftest = true;
		else if (strcmp(argv[i], "--list") == 0)
			hosted_list_machines();
		else
			usage();
		if (selftest && strcmp(argv[i], "--selftest") == 0 && i + 1 < argc &&
		    argv[i + 1][0] != '-')
			runner.filter = argv[++i];
	}
	if (!selftest)
		boot(runner.machine, argv + i, argc - i);
	if (i < argc)
		usage();
	return os_run_tests(&runner);
}
