/* SPDX-License-Identifier: MIT */
/*
 * arch/console.h - the last resort for text, before any console is known.
 *
 * Used by panic() when no console was registered: whatever the port can reach
 * without memory or page tables (x86: the first serial port). May drop the byte. Any context.
 */
#pragma once

void arch_putc(char c);
