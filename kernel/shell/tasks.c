/* SPDX-License-Identifier: MIT */
/*
 * tasks.c - ps and sleep: who runs, who waits, and a wait to watch.
 *
 * LINUX	procps's ps with the columns that there is something to say for.
 */
#include <kernel/shell.h>

#include <lib/printk.h>
#include <lib/wait.h>

static const char *state_letter(const struct task *task)
{
	switch (task->state) {
	case TASK_RUNNING:
		return "R";
	case TASK_WAITING:
		return "S";
	default:
		return "X";
	}
}

static bool show_task(const struct task *task, void *context)
{
	bool waits = task->state == TASK_WAITING;

	seq_printf(context, "%3u %s %-12s %s\n", task->cpu, state_letter(task), task->name,
		   waits && task->waits_for ? task->waits_for : "-");
	return true;
}

COMMAND(ps, "ps", "tasks, and what those that wait are waiting for")
{
	if (argc > 1)
		return SHELL_USAGE;
	seq_puts(out, "CPU S NAME         WAITS FOR\n");
	task_for_each(show_task, out);
	return 0;
}

COMMAND(sleep, "sleep MILLISECONDS", "let the CPU rest for so long")
{
	unsigned long long ms;

	if (argc != 2 || !shell_parse_number(argv[1], &ms))
		return SHELL_USAGE;
	if (!clock_exists()) {
		console_print("sleep: this machine has no timer that we know\n");
		return 1;
	}
	schedule_timeout(ms);
	return 0;
}
