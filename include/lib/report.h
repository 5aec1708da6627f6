/* SPDX-License-Identifier: MIT */
/*
 * lib/report.h - a misuse or a doubt, told once, in one block, and counted.
 *
 *	report_open(REPORT_BUG, "kfree: object freed twice");
 *	report_line("object  %px in cache %s", object, cache->name);
 *	report_stack("again");
 *	report_close();
 *
 * prints a title with `loam: BUG `, indented lines, and a last line that says
 * what became of it. REPORT_BUG is misuse that corrupts if it is believed: the
 * caller refuses it and changes nothing; with corrupt=panic report_close() panics.
 * REPORT_WARN is a doubtful request (order too large): counted, never fatal.
 * Any context. Between open and close the reporting lock is held: keep it short.
 */
#pragma once

#include <lib/types.h>

enum report_class { REPORT_WARN, REPORT_BUG };

enum report_policy { CORRUPT_REPAIR, CORRUPT_PANIC };

void report_open(enum report_class class, const char *format, ...) __printf(2, 3);
void report_line(const char *format, ...) __printf(1, 2);
void report_stack(const char *label); /* "label: f+0x1 <- g+0x2 <- ..." of the caller */
void report_close(void);

/* A title alone. */
void report_warn(const char *format, ...) __printf(1, 2);

/* What tests ask: how many reports since boot, and the last one's title without "loam: BUG ". */
unsigned long report_count(void);
const char *report_last_title(void);

/* `corrupt=panic|repair`; debug builds start with panic, release with repair. */
void report_set_policy(enum report_policy policy);
enum report_policy report_get_policy(void);
