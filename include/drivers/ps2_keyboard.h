/* SPDX-License-Identifier: MIT */
/*
 * drivers/ps2_keyboard.h - the keyboard of a PC, by polling.
 */
#pragma once

#include <lib/types.h>

/* Prepares the controller at ports 0x60 and 0x64. False when none answers or no keyboard does. Waits are bounded. */
bool ps2_keyboard_init(void);

/* The next byte of what was typed, or -1. Arrows and the like are the ESC [ sequences of a terminal. */
int ps2_keyboard_read(void);

/* What the keys held down make of the next one. */
struct ps2_keys {
	bool shift, control, caps_lock, extended;
	const char *rest; /* bytes of a sequence that are still to be read, or NULL */
};

/* One byte of scan code set 1, US layout: the byte typed, or -1; more may follow in keys->rest. */
int ps2_keys_decode(struct ps2_keys *keys, uint8_t code);
