/* SPDX-License-Identifier: MIT */
/*
 * kernel/shell.h - commands at the prompt.
 *
 *	COMMAND(lines, "lines [N]", "the log's last N lines") { ... return 0; }
 *
 * A command gets its words and prints through `out`. It returns 0, SHELL_USAGE when its words make no sense
 * (the shell then prints the usage), or another number for failure. Files of commands only add entries.
 */
#pragma once

#include <lib/seq_file.h>
#include <lib/types.h>

#define SHELL_USAGE	(-1)
#define SHELL_MAX_ARGS	16
#define SHELL_LINE_SIZE 256

struct command {
	const char *name, *usage, *help;
	int (*run)(int argc, char **argv, struct seq_file *out);
};

#define COMMAND(name_, usage_, help_)                                                              \
	static int command_##name_(int argc, char **argv, struct seq_file *out);                   \
	static const struct command command_entry_##name_ __used __section("commands")             \
		__aligned(8) = {#name_, usage_, help_, command_##name_};                           \
	static int command_##name_(int argc __attribute__((unused)),                               \
				   char **argv __attribute__((unused)),                            \
				   struct seq_file *out __attribute__((unused)))

extern const struct command __start_commands[], __stop_commands[];

/* Reads and runs lines for ever. */
_Noreturn void shell_run(void);

/* Runs "a; b > /proc/c" and returns how many of the commands failed. `commands` is at most SHELL_LINE_SIZE long a command. */
unsigned int shell_execute(const char *commands);

/* Did any command since boot fail? What poweroff reports to who started the machine. */
bool shell_any_failed(void);

/* A number of an argument, 0x.. or decimal. False when it is none. */
bool shell_parse_number(const char *word, unsigned long long *value);

/* One line with editing and history into `line`. (kernel/shell/line.c) */
void line_read(const char *prompt, char *line, size_t size);

/* The same, one byte at a time; true when the line is complete. For tests. */
void line_start(const char *prompt);
bool line_input(int byte);
const char *line_text(void);

/*
 * Caches give back a part of what lies idle in them, if they last did so two seconds before `now_ns`. True when they did. What the prompt
 * does while it waits. Task context. (kernel/shell/reap.c)
 */
bool reap_if_due(uint64_t now_ns);

/* As if it had never been done. For tests. */
void reap_reset(void);
