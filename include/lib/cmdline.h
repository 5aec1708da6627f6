/* SPDX-License-Identifier: MIT */
/*
 * lib/cmdline.h - the kernel's command line: `key` and `key=value`, blanks between.
 *
 * The text comes from outside: it is bounded (COMMAND_LINE_SIZE) and never
 * believed. A value in double quotes may hold blanks: run="cat /proc/meminfo; poweroff".
 * A parameter is read where it is used, by name; docs list them all.
 */
#pragma once

#include <lib/types.h>

/* Keeps a copy, cut at COMMAND_LINE_SIZE - 1; unprintable bytes become '?'. Once, before any other call. */
void cmdline_set(const char *text);
const char *cmdline_get(void);

/* Is `key` there, alone or with a value? */
bool cmdline_has(const char *key);

/*
 * The value of the last `key=value`, cut to `size` - 1. Returns its length, 0 for
 * `key` alone, -ENOENT when the key is not there, -E2BIG when it was cut.
 */
long cmdline_value(const char *key, char *value, size_t size);

/*
 * Each `key=value` in turn, first to last, for keys that may be given several times; *cursor starts at 0. As cmdline_value(),
 * and -ENOENT behind the last.
 */
long cmdline_next_value(const char *key, size_t *cursor, char *value, size_t size);

/* `key=1`, `key=on` and `key` alone are true, `key=0` and `key=off` false; without it, and for other values after a message, `otherwise`. */
bool cmdline_switch(const char *key, bool otherwise);

/* `key=SIZE` with memparse's suffixes. 0, -ENOENT, or -EINVAL after a message; *size untouched then. */
int cmdline_size(const char *key, uint64_t *size);
