/* SPDX-License-Identifier: MIT */
/*
 * lib/seq_file.h - what a /proc file is written through.
 *
 * The writer prints; where the text goes (console, a test's buffer) is the
 * sink's affair. Nothing is buffered, so a file has no size limit and needs no memory.
 */
#pragma once

#include <lib/printf.h>

struct seq_file {
	struct text_sink *sink;
};

void seq_printf(struct seq_file *file, const char *format, ...) __printf(2, 3);
void seq_puts(struct seq_file *file, const char *text);
void seq_putc(struct seq_file *file, char c);

/* A sink that keeps the text in memory, cut at size - 1 and always terminated: for tests. */
struct text_buffer {
	struct text_sink sink;
	char *start;
	size_t size, length;
};
void text_buffer_init(struct text_buffer *buffer, char *start, size_t size);
