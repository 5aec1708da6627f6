/* SPDX-License-Identifier: MIT */
/*
 * kernel/entry.h - the only calls from an architecture into the tower.
 */
#pragma once

struct boot_info;
struct trap_frame;

/*
 * Boot CPU, interrupts off, on a guarded stack, the final page-table root loaded, the image
 * mapped with its permissions. `boot` has protocol, its addresses and the image's range; the rest is zero.
 */
_Noreturn void kmain(struct boot_info *boot);

/* An exception; returns only if execution may go on behind it. Interrupts off. */
void ktrap(struct trap_frame *frame);

/* An interrupt. Interrupts off, and off again on return. */
void kirq(struct trap_frame *frame);

/* A CPU that was started: interrupts off, its number and its per-CPU area set, on a stack of its own. */
_Noreturn void ksecondary(void);
