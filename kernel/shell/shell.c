/* SPDX-License-Identifier: MIT */
/*
 * shell.c - a line into words, words into a command, its output to the console or a file.
 *
 *	line     = command { ";" command }
 *	command  = word { word } [ ">" file ]
 *
 * Commands are entries of a linker section: a file of commands adds some and nobody keeps a list. A word
 * in double quotes may hold blanks.
 */
#include <kernel/shell.h>

#include <lib/errno.h>
#include <lib/printk.h>
#include <lib/string.h>
#include <kernel/procfs.h>

static bool any_failed;

bool shell_any_failed(void)
{
	return any_failed;
}

static struct seq_file console_file = {.sink = &console_sink};

bool shell_parse_number(const char *word, unsigned long long *value)
{
	return kstrtoull(word, 0, value) == 0;
}

static const struct command *find_command(const char *name)
{
	for (const struct command *c = __start_commands; c < __stop_commands; c++)
		if (!strcmp(c->name, name))
			return c;
	return NULL;
}

/* Cuts `line` into words in place. Returns how many, or -1 when there are too many. */
static int split_words(char *line, char **argv)
{
	int argc = 0;

	for (;;) {
		bool quoted;

		while (*line == ' ' || *line == '\t')
			line++;
		if (!*line)
			return argc;
		if (argc == SHELL_MAX_ARGS)
			return -1;
		quoted = *line == '"';
		line += quoted;
		argv[argc++] = line;
		while (*line && (quoted ? *line != '"' : *line != ' ' && *line != '\t'))
			line++;
		if (*line)
			*line++ = '\0';
	}
}

/* "... > /proc/x": cuts the line at '>' and finds the file. False when it is no file to write. */
static bool split_redirection(char *line, const struct proc_file **file)
{
	char *arrow = strchr(line, '>'), *path, *argv[SHELL_MAX_ARGS];

	*file = NULL;
	if (!arrow)
		return true;
	*arrow = '\0';
	path = arrow + 1;
	if (split_words(path, argv) != 1) {
		console_print("shell: one file of /proc is wanted behind '>'\n");
		return false;
	}
	*file = proc_find(argv[0]);
	if (!*file) {
		console_print("shell: there is no file %s; `ls` lists them\n", argv[0]);
		return false;
	}
	if (!(*file)->write) {
		console_print("shell: %s can only be read\n", argv[0]);
		return false;
	}
	return true;
}

static int run_command(const struct command *command, int argc, char **argv, struct seq_file *out)
{
	int result = command->run(argc, argv, out);

	if (result == SHELL_USAGE)
		console_print("usage: %s\n", command->usage);
	return result;
}

static size_t first_line_length(const char *text)
{
	const char *end = strchr(text, '\n');

	return end ? (size_t)(end - text) : strlen(text);
}

static int run_into_file(const struct command *command, int argc, char **argv,
			 const struct proc_file *file)
{
	char text[SHELL_LINE_SIZE];
	struct text_buffer buffer;
	struct seq_file out = {.sink = &buffer.sink};
	const char *wants;
	int result;

	text_buffer_init(&buffer, text, sizeof(text));
	result = run_command(command, argc, argv, &out);
	if (result)
		return result;
	result = file->write(text, buffer.length);
	if (result) {
		wants = proc_wants(file);
		console_print("%s: refused \"%.*s\" (error %d)%s%s\n", file->path,
			      (int)first_line_length(text), text, -result,
			      wants ? "; it takes " : "", wants ? wants : "");
	}
	return result;
}

static int execute_line(char *line)
{
	char *argv[SHELL_MAX_ARGS];
	const struct proc_file *file;
	const struct command *command;
	int argc;

	if (!split_redirection(line, &file))
		return -EINVAL;
	argc = split_words(line, argv);
	if (argc == 0)
		return 0;
	if (argc < 0) {
		console_print("shell: at most %d words\n", SHELL_MAX_ARGS);
		return -E2BIG;
	}
	command = find_command(argv[0]);
	if (!command) {
		console_print("%s: no such command; `help` lists them\n", argv[0]);
		return -ENOENT;
	}
	return file ? run_into_file(command, argc, argv, file)
		    : run_command(command, argc, argv, &console_file);
}

unsigned int shell_execute(const char *commands)
{
	char line[SHELL_LINE_SIZE];
	unsigned int failed = 0;
	bool failed_before = any_failed;

	while (*commands) {
		const char *end = strchr(commands, ';');
		size_t length = end ? (size_t)(end - commands) : strlen(commands);

		if (length >= sizeof(line)) {
			console_print("shell: a command has at most %zu characters\n",
				      sizeof(line) - 1);
			failed++;
		} else {
			memcpy(line, commands, length);
			line[length] = '\0';
			failed += execute_line(line) != 0;
		}
		any_failed = failed_before ||
			     failed; /* what a command executed in turn is its own affair */
		commands += length + (end ? 1 : 0);
	}
	return failed;
}

void shell_run(void)
{
	static char line[SHELL_LINE_SIZE];

	console_print("Type help for the commands, poweroff to leave.\n");
	for (;;) {
		line_read("loam> ", line, sizeof(line));
		shell_execute(line);
		any_failed = false; /* who sits at the prompt has seen it */
	}
}
