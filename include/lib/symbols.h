/* SPDX-License-Identifier: MIT */
/*
 * lib/symbols.h - names for addresses, from a table that the link makes of itself.
 *
 * tools/symbols reads the linked kernel and writes the table; the second link
 * puts it at the end of the read-only data, so that no address moves. Any context.
 */
#pragma once

#include <lib/printf.h>

/*
 * The function or object that holds `address`, its size, which is how far the next one is, and how far in the address lies; NULL
 * when outside the image. Either pointer may be NULL. (Linux: kallsyms_lookup, which counts sizes likewise)
 */
const char *symbol_lookup(uintptr_t address, size_t *size, size_t *offset);

/* The address of a name, or 0. */
uintptr_t symbol_address(const char *name);

/* Every symbol in order of address; `type` is nm's letter ('T', 't', 'd', ...). False from visit stops. */
void symbol_for_each(bool (*visit)(uintptr_t address, char type, const char *name, void *context),
		     void *context);
