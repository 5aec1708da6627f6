/* SPDX-License-Identifier: MIT */
/*
 * lib/symbols.h - names for addresses, from a table that the link makes of itself.
 *
 * tools/symbols reads the linked kernel and writes the table; the second link
 * puts it at the end of the read-only data, so that no address moves. Any context.
 */
#pragma once

#include <lib/printf.h>

/* The name of the function that holds `pc`, and how far in; NULL when outside the text. */
const char *symbol_lookup(uintptr_t pc, size_t *offset);

/* The address of a name, or 0. */
uintptr_t symbol_address(const char *name);

/* Every symbol in order of address: type is a letter of nm ('T', 't'). Returns false to stop. */
void symbol_for_each(bool (*visit)(uintptr_t address, char type, const char *name, void *context),
		     void *context);
