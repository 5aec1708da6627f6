/* SPDX-License-Identifier: MIT */
/*
 * report.c - one block of text for one misuse, counted.
 *
 * The reporting lock is held from open to close, so that blocks of two CPUs do
 * not mix. A report inside a report of the same CPU would wait for itself: it is
 * counted and its text goes out inside the first.
 * LINUX	lib/bug.c, mm/slub.c's slab_bug(): here every allocator shares one form.
 */
#include <lib/report.h>

#include <arch/cpu.h>
#include <arch/stack.h>
#include <config.h>
#include <lib/check.h>
#include <lib/printk.h>
#include <lib/spinlock.h>
#include <lib/string.h>

static DEFINE_SPINLOCK(report_lock, LOCK_RANK_REPORT);
static unsigned int holder; /* CPU + 1 of who has a report open */
static unsigned int depth;  /* reports open inside each other */
static unsigned long saved_flags;
static enum report_class open_class;
static char title[128];
static unsigned long count;
static enum report_policy policy = CONFIG_DEBUG ? CORRUPT_PANIC : CORRUPT_REPAIR;

static void open_report(enum report_class class, const char *format, va_list args)
{
	if (READ_ONCE(holder) != arch_cpu_id() + 1) {
		unsigned long flags = spin_lock_save(&report_lock);

		saved_flags = flags;
		holder = arch_cpu_id() + 1;
	}
	depth++;
	open_class = class;
	vsnprintf(title, sizeof(title), format, args);
	count++;
	printk(class == REPORT_BUG ? LOG_ERROR : LOG_WARNING, "loam: %s %s",
	       class == REPORT_BUG ? "BUG" : "WARNING", title);
}

static void unlock_report(void)
{
	unsigned long flags = saved_flags;

	if (--depth)
		return;
	holder = 0;
	spin_unlock_irqrestore(&report_lock, flags);
}

void report_open(enum report_class class, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	open_report(class, format, args);
	va_end(args);
}

void report_line(const char *format, ...)
{
	static char line[320]; /* the report is open: its lock is held */
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	printk(open_class == REPORT_BUG ? LOG_ERROR : LOG_WARNING, "  %s", line);
}

struct stack_line {
	char text[256];
	size_t length;
	unsigned int skip; /* frames of this file */
};

static bool add_frame(uintptr_t pc, void *context)
{
	struct stack_line *line = context;

	if (line->skip) {
		line->skip--;
		return true;
	}
	line->length += (size_t)scnprintf(line->text + line->length,
					  sizeof(line->text) - line->length, "%s%pB",
					  line->length ? " <- " : "", (void *)pc);
	return line->length < sizeof(line->text) - 48;
}

void report_stack(const char *label)
{
	struct stack_line line = {.skip = 1};

	arch_stack_walk(NULL, add_frame, &line);
	report_line("%-7s on cpu %u: %s", label, arch_cpu_id(), line.text);
}

void report_close(void)
{
	bool fatal = open_class == REPORT_BUG && policy == CORRUPT_PANIC;

	if (open_class == REPORT_BUG && !fatal)
		report_line("nothing was changed (corrupt=repair)");
	unlock_report();
	if (fatal)
		panic("%s (corrupt=panic)", title);
}

void report_warn(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	open_report(REPORT_WARN, format, args);
	va_end(args);
	unlock_report();
}

unsigned long report_count(void)
{
	return READ_ONCE(count);
}

const char *report_last_title(void)
{
	return title;
}

void report_set_policy(enum report_policy new_policy)
{
	policy = new_policy;
}

enum report_policy report_get_policy(void)
{
	return policy;
}
