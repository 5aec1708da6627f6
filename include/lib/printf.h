/* SPDX-License-Identifier: MIT */
/*
 * lib/printf.h - formatted text into a buffer.
 *
 * %d %i %u %x %X %o %c %s %% with flags "-0+ #", width, precision, `*` and the lengths
 * hh h l ll z t. %p prints a pointer *hashed* (the same pointer hashes alike
 * until the machine restarts), because text may reach those who must not learn
 * kernel addresses; %px prints it as it is; %pS prints symbol+offset/size,
 * %pB the same for a return address, whose call lies before it. NULL prints as (null). Any context.
 */
#pragma once

#include <stdarg.h>

#include <lib/types.h>

/* At most `size` bytes with the NUL; returns the length that the whole text has, as C's snprintf. */
int vsnprintf(char *buffer, size_t size, const char *format, va_list args);
int snprintf(char *buffer, size_t size, const char *format, ...) __printf(3, 4);

/* The same, but returns the length that is really in the buffer. (Linux: scnprintf) */
int scnprintf(char *buffer, size_t size, const char *format, ...) __printf(3, 4);

/* Text handed to `emit` piece by piece; no buffer, no limit. What the others are made of. */
struct text_sink {
	void (*emit)(struct text_sink *sink, const char *text, size_t length);
};
int sink_vprintf(struct text_sink *sink, const char *format, va_list args);
