/* SPDX-License-Identifier: MIT */
/*
 * lib/last_words.h - the end of the log, kept over a warm reset.
 *
 * A page or two of RAM, at a place that the next boot finds again, hold what the log said last. Memory that
 * did not survive, or was never ours, is recognised: then there are no last words.
 */
#pragma once

#include <lib/printf.h>
#include <lib/types.h>

#define LAST_WORDS_SIZE (8 * KiB)

/* What the previous boot left in `memory`: its text goes to `sink`, oldest whole line first. False: nothing valid is there. */
bool last_words_read(const void *memory, size_t size, struct text_sink *sink);

/* From now on the log's text is kept there too. `memory` stays mapped for ever; NULL ends it. Starts empty. */
void last_words_keep(void *memory, size_t size);

/* For lib/printk.c: one piece of a line. Any context, under the log's lock or in a panic. */
void last_words_add(const char *text, size_t length);
