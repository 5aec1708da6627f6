/* SPDX-License-Identifier: MIT */
/*
 * lib/power.h - a driver that can switch the machine off or start it again.
 *
 * Boards without firmware that does it have a device for it. Its driver says so here; the
 * architecture asks when nothing else has ended the machine.
 */
#pragma once

/* One driver, the last that registers. NULL: cannot. Each is called with interrupts off, and may return in vain. */
void power_register(void (*off)(void), void (*restart)(void));

/* Return when no driver could. */
void power_driver_off(void);
void power_driver_restart(void);
