/* SPDX-License-Identifier: MIT */
/*
 * seq_file.c - printing into a sink.
 */
#include <lib/seq_file.h>

#include <lib/string.h>

void seq_printf(struct seq_file *file, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	sink_vprintf(file->sink, format, args);
	va_end(args);
}

void seq_puts(struct seq_file *file, const char *text)
{
	file->sink->emit(file->sink, text, strlen(text));
}

void seq_putc(struct seq_file *file, char c)
{
	file->sink->emit(file->sink, &c, 1);
}

static void text_buffer_emit(struct text_sink *sink, const char *text, size_t length)
{
	struct text_buffer *buffer = container_of(sink, struct text_buffer, sink);
	size_t fits = min(length, buffer->size - 1 - buffer->length);

	memcpy(buffer->start + buffer->length, text, fits);
	buffer->length += fits;
	buffer->start[buffer->length] = '\0';
}

void text_buffer_init(struct text_buffer *buffer, char *start, size_t size)
{
	*buffer = (struct text_buffer){.sink.emit = text_buffer_emit, .start = start, .size = size};
	start[0] = '\0';
}
