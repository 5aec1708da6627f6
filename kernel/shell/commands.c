/* SPDX-License-Identifier: MIT */
/*
 * commands.c - commands that any kernel has: help, files, the log, tests, the end.
 */
#include <kernel/shell.h>

#include <arch/cpu.h>
#include <lib/ktest.h>
#include <lib/printk.h>
#include <lib/string.h>
#include <kernel/main.h>
#include <kernel/procfs.h>

/* The command whose name comes next in the alphabet; the linker's order is nobody's. */
static const struct command *next_by_name(const struct command *last)
{
	const struct command *next = NULL;

	for (const struct command *c = __start_commands; c < __stop_commands; c++)
		if ((!last || strcmp(c->name, last->name) > 0) &&
		    (!next || strcmp(c->name, next->name) < 0))
			next = c;
	return next;
}

COMMAND(help, "help [COMMAND]", "what can be typed here")
{
	bool found = false;

	if (argc > 2)
		return SHELL_USAGE;
	for (const struct command *c = next_by_name(NULL); c; c = next_by_name(c)) {
		if (argc == 2 && strcmp(argv[1], c->name))
			continue;
		seq_printf(out, "  %-24s %s\n", c->usage, c->help);
		found = true;
	}
	if (!found) {
		console_print("help: there is no command %s; help alone lists them\n", argv[1]);
		return 1;
	}
	if (argc == 1)
		seq_puts(out,
			 "Commands are parted by ';'. `echo TEXT > /proc/FILE` writes a file.\n"
			 "Arrows, ^A ^E ^U ^K ^W edit the line; up and down bring old lines "
			 "back.\n");
	return 0;
}

COMMAND(ls, "ls", "the files of /proc")
{
	for (const struct proc_file *file = proc_next(NULL); file; file = proc_next(file))
		seq_printf(out, "%s%s%s  %s\n", file->show ? "r" : "-", file->write ? "w" : "-", "",
			   file->path);
	return 0;
}

COMMAND(cat, "cat FILE...", "what a file of /proc says")
{
	if (argc < 2)
		return SHELL_USAGE;
	for (int i = 1; i < argc; i++) {
		const struct proc_file *file = proc_find(argv[i]);

		if (!file || !file->show) {
			console_print("cat: there is no file %s to read; `ls` lists them\n",
				      argv[i]);
			return 1;
		}
		file->show(out);
	}
	return 0;
}

COMMAND(echo, "echo WORD... [> FILE]", "the words; into a file of /proc with >")
{
	for (int i = 1; i < argc; i++)
		seq_printf(out, "%s%s", i > 1 ? " " : "", argv[i]);
	seq_putc(out, '\n');
	return 0;
}

COMMAND(dmesg, "dmesg [LINES]", "the log, or its last lines")
{
	unsigned long long lines = 0;

	if (argc > 2 ||
	    (argc == 2 && (!shell_parse_number(argv[1], &lines) || !lines || lines > 100000)))
		return SHELL_USAGE;
	printk_dump(out->sink, (unsigned int)lines);
	return 0;
}

static bool list_test(const struct ktest *test, void *context)
{
	seq_printf(context, "%s.%s%s\n", test->suite, test->name,
		   test->panics ? "  (panics: boot with panictest=)" : "");
	return true;
}

COMMAND(selftest, "selftest [-l | FILTER]",
	"run the tests whose suite.name contains FILTER; -l lists them")
{
	if (argc > 2)
		return SHELL_USAGE;
	if (!CONFIG_TESTS) {
		console_print("selftest: this kernel was built with TESTS=0\n");
		return 1;
	}
	if (argc == 2 && !strcmp(argv[1], "-l")) {
		ktest_list(list_test, out);
		return 0;
	}
	return ktest_run(argc == 2 ? argv[1] : NULL);
}

COMMAND(poweroff, "poweroff", "stop the machine")
{
	if (argc > 1)
		return SHELL_USAGE;
	arch_halt(shell_any_failed() ? HALT_COMMAND_FAILED : HALT_OK);
}

COMMAND(reboot, "reboot", "start the machine again")
{
	if (argc > 1)
		return SHELL_USAGE;
	arch_reboot();
}
