/* SPDX-License-Identifier: MIT */
/*
 * shim.c - the little that the kernel's pure files ask of the floors around them.
 *
 * Messages and reports are formatted, so that a string without its end is seen, and counted.
 */
#include "fuzz.h"

#include <arch/memory.h>
#include <lib/check.h>
#include <lib/printk.h>
#include <lib/report.h>
#include <lib/seq_file.h>
#include <stdio.h>
#include <stdlib.h>

uint64_t fuzz_steps;
unsigned int fuzz_messages;
char fuzz_message[512];
unsigned int fuzz_reports;

/* The compiler puts a call into each basic block of the kernel's files; the linker leads it here (--wrap). */
void __wrap___sanitizer_cov_trace_pc(void);
void __wrap___sanitizer_cov_trace_pc(void)
{
	fuzz_steps++;
}

void fuzz_begin(void)
{
	fuzz_steps = 0;
	fuzz_messages = 0;
	fuzz_message[0] = '\0';
}

void fuzz_fail(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: the model does not hold: %s\n", file, line, what);
	fprintf(stderr, "the last message was: %s\n", fuzz_message);
	abort();
}

void vprintk(enum log_level level, const char *format, va_list args)
{
	(void)level;
	fuzz_messages++;
	vsnprintf(fuzz_message, sizeof(fuzz_message), format, args);
}

void printk(enum log_level level, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintk(level, format, args);
	va_end(args);
}

void report_open(enum report_class class, const char *format, ...)
{
	va_list args;

	(void)class;
	fuzz_reports++;
	va_start(args, format);
	vprintk(LOG_ERROR, format, args);
	va_end(args);
}

void report_warn(const char *format, ...)
{
	va_list args;

	fuzz_reports++;
	va_start(args, format);
	vprintk(LOG_WARNING, format, args);
	va_end(args);
}

/* What is only read through: a report's title stays the last message. */
static void format_unseen(const char *format, va_list args)
{
	static char text[4096];

	vsnprintf(text, sizeof(text), format, args);
}

void report_line(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	format_unseen(format, args);
	va_end(args);
}

void report_stack(const char *label)
{
	(void)label;
}

void report_close(void)
{
}

void seq_printf(struct seq_file *file, const char *format, ...)
{
	va_list args;

	(void)file;
	va_start(args, format);
	format_unseen(format, args);
	va_end(args);
}

void seq_puts(struct seq_file *file, const char *text)
{
	seq_printf(file, "%s", text);
}

void seq_putc(struct seq_file *file, char c)
{
	seq_printf(file, "%c", c);
}

int scnprintf(char *text, size_t size, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(text, size, format, args);
	va_end(args);
	return size == 0 ? 0 : min(length, (int)size - 1);
}

phys_addr_t arch_dma32_end(void)
{
	return 4 * GiB;
}

void panic(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fuzz_fail(__FILE__, __LINE__, "no panic");
}

void check_failed(const char *file, int line, const char *expression, const char *format, ...)
{
	(void)format;
	fuzz_fail(file, line, expression);
}
