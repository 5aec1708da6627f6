/* SPDX-License-Identifier: MIT */
/*
 * drivers/framebuffer.h - the console on a screen.
 *
 * There is one screen. It shows what the log holds and mirrors it from then on: errors red, warnings yellow. Where
 * a PC's keyboard controller answers, its keys are read too.
 */
#pragma once

#include <lib/firmware/boot_info.h>

/*
 * The framebuffer that the firmware or the loader left, if there is one: maps it for ever, at FIXMAP_FRAMEBUFFER, and
 * registers the console. It must not lie in RAM that is given away: where the map calls it usable it must be reserved.
 * A framebuffer that cannot be used is told and left alone. Once, after fixmap_init() and firmware_read().
 */
void framebuffer_console_init(const struct boot_info *boot);

/* May boot->framebuffer be written to: can the CPU reach it, and does nobody own it? A message says why not. */
bool framebuffer_place_ok(const struct boot_info *boot);

/* The same for pixels that are mapped already: the virtual machine's, see ramfb.h. False when there is a screen or the shape cannot be drawn on. */
bool framebuffer_console_open(void *pixels, const struct boot_framebuffer *shape);

/* May a screen be opened: there is none yet, and console=none was not asked for? */
bool framebuffer_console_wanted(void);
