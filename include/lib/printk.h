/* SPDX-License-Identifier: MIT */
/*
 * lib/printk.h - the kernel's log.
 *
 * Each line goes into a ring in memory and to every registered console whose
 * level admits it. Before the first console is registered lines wait in the
 * ring; registering prints them. Any context; never allocates, never sleeps.
 */
#pragma once

#include <lib/list.h>
#include <lib/printf.h>

enum log_level {
	LOG_PANIC = 0,
	LOG_ERROR = 3,
	LOG_WARNING = 4,
	LOG_NOTICE = 5,
	LOG_INFO = 6,
	LOG_DEBUG = 7,
};

void printk(enum log_level level, const char *format, ...) __printf(2, 3);
void vprintk(enum log_level level, const char *format, va_list args);

#define pr_err(...)    printk(LOG_ERROR, __VA_ARGS__)
#define pr_warn(...)   printk(LOG_WARNING, __VA_ARGS__)
#define pr_notice(...) printk(LOG_NOTICE, __VA_ARGS__)
#define pr_info(...)   printk(LOG_INFO, __VA_ARGS__)
#define pr_debug(...)  printk(LOG_DEBUG, __VA_ARGS__)

/* A place where text goes. The owner keeps it for ever; `write` may be called in any context. */
struct console {
	const char *name;
	void (*write)(struct console *console, const char *text, size_t length);
	int (*read)(struct console
			    *console); /* the next byte typed, or -1 when none waits; may be NULL */
	enum log_level
		level; /* of the text that is being written; LOG_INFO for what is no log line */
	struct list_head link;
};

/* Adds a console and prints to it what the ring holds at the console's level. */
void console_register(struct console *console);

/* For panic(): from now on no lock is taken, as its holder may be what died. */
void printk_enter_panic(void);

/* Has any console been registered? */
bool printk_has_console(void);

/* Text to all consoles, not into the ring: the prompt's output. */
void console_write(const char *text, size_t length);
void console_print(const char *format, ...) __printf(1, 2);
extern struct text_sink console_sink; /* the same, for whoever prints into a sink */

/* The next byte typed on any console, or -1 when none waits. */
int console_read(void);

/* Lines of this level and more urgent ones reach the consoles; `quiet` sets LOG_WARNING. Default LOG_INFO. */
void console_set_level(enum log_level level);
enum log_level console_get_level(void);

/* Prints the ring, oldest first, to `sink`; `last` limits it to that many lines, 0 is all. */
void printk_dump(struct text_sink *sink, unsigned int last);
