/* SPDX-License-Identifier: MIT */
/*
 * arch/console.h - the last resort for text, while no console driver is known.
 *
 * Whatever the port can reach without memory or page tables (x86: the first
 * serial port; hosted: standard output). panic() uses it when no console was
 * registered, and so does the console of a machine whose firmware names no UART. Any context.
 */
#pragma once

#include <stdbool.h>

/* Does it reach anybody at all on this port? */
bool arch_has_console(void);

/* May drop the byte. */
void arch_putc(char c);

/* The next byte typed, or -1 when none waits. */
int arch_getc(void);
