/* SPDX-License-Identifier: MIT */
/*
 * os.c - the process: its command line, its clock, its end.
 *
 *	loam-hosted [--machine NAME] [--list] [word of the kernel's command line ...]
 *	loam-hosted --selftest [--machine NAME] [--one-boot] [-jN] [--seconds N] [FILTER [word ...]]
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
	       "detect_odr_violation=0:fast_unwind_on_fatal=1:exitcode=70";
}

const char *__ubsan_default_options(void);
const char *__ubsan_default_options(void)
{
	return "print_stacktrace=1:halt_on_error=1:exitcode=70";
}

/* Our faults are taken on our own stacks, which ThreadSanitizer need not know; a race ends the machine. */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
	return "halt_on_error=1:handle_segv=0:handle_sigbus=0:handle_sigill=0:handle_sigfpe=0:"
	       "handle_abort=0:use_sigaltstack=0:allow_user_segv_handler=1:report_signal_unsafe=0:"
	       "exitcode=70";
}

/* What the kernel had said stands before what a sanitizer says. */
void __asan_on_error(void);
void __asan_on_error(void)
{
	os_flush();
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

/*
 * Now and then Linux puts this process's libraries where the kernel's regions are (some 2 % of
 * the starts, as addresses are random): start again until they lie elsewhere.
 */
static void take_address_space(void)
{
	const char *before = getenv("LOAM_STARTS");
	int starts = before != NULL ? atoi(before) : 0;
	char count[16];

	if (os_address_space_take()) {
		unsetenv("LOAM_STARTS");
		return;
	}
	if (starts >= 50)
		os_die("something always lies where the kernel's regions are");
	snprintf(count, sizeof(count), "%d", starts + 1);
	setenv("LOAM_STARTS", count, 1);
	os_restart();
}

static void usage(void)
{
	fputs("usage: loam-hosted [--machine NAME] [--list] [kernel command line ...]\n"
	      "       loam-hosted --selftest [--machine NAME] [--one-boot] [-jN] [--seconds N]\n"
	      "                   [FILTER [kernel command line ...]]\n",
	      stderr);
	os_exit(1);
}

/* One word; what the shell took the quotes off gets them back: run=a b is run="a b" to the kernel. */
static size_t add_word(char *line, size_t size, const char *word)
{
	const char *equals = strchr(word, '=');
	bool quote = equals != NULL && strpbrk(word, " \t") != NULL && strchr(word, '"') == NULL;
	int key = quote ? (int)(equals + 1 - word) : 0;
	int length = snprintf(line, size, quote ? "%.*s\"%s\" " : "%.*s%s ", key, word, word + key);

	if (length < 0 || (size_t)length >= size)
		os_die("the command line is too long");
	return (size_t)length;
}

static const char *join(char **words, int count)
{
	static char line[2048];
	size_t length = 0;

	for (int i = 0; i < count; i++)
		length += add_word(line + length, sizeof(line) - length, words[i]);
	if (length > 0)
		line[length - 1] = '\0';
	return line;
}

static _Noreturn void boot(const char *machine, const char *line)
{
	os_console_open();
	if (!hosted_power_on(machine, line))
		os_die("no machine is called %s; --list names them", machine);
	os_wait_forever();
}

/* One option at argv[i]; returns how many words it took. */
static int read_option(char **argv, int left, struct os_runner_options *options, bool *selftest)
{
	const char *word = argv[0];

	if (strcmp(word, "--machine") == 0 && left > 1)
		options->machine = argv[1];
	else if (strcmp(word, "--seconds") == 0 && left > 1 && atoi(argv[1]) > 0)
		options->seconds = (unsigned int)atoi(argv[1]);
	else if (strcmp(word, "--selftest") == 0)
		*selftest = true;
	else if (strcmp(word, "--one-boot") == 0)
		options->one_boot = true;
	else if (strncmp(word, "-j", 2) == 0 && atoi(word + 2) > 0 && atoi(word + 2) <= 64)
		options->jobs = (unsigned int)atoi(word + 2);
	else if (strcmp(word, "--list") == 0)
		hosted_list_machines();
	else
		usage();
	return word[2] == 'm' || strcmp(word, "--seconds") == 0 ? 2 : 1;
}

int main(int argc, char **argv)
{
	struct os_runner_options options = {.jobs = 2, .seconds = 60};
	bool selftest = false;
	int i = 1;

	arguments = argv;
	take_address_space();
	while (i < argc && argv[i][0] == '-')
		i += read_option(argv + i, argc - i, &options, &selftest);
	if (!selftest)
		boot(options.machine, join(argv + i, argc - i));
	if (i < argc)
		options.filter = argv[i++];
	options.words = join(argv + i, argc - i);
	return os_run_tests(&options);
}
