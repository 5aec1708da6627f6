/* SPDX-License-Identifier: MIT */
/*
 * drivers/irq.h - the interrupt controller and the timer of this machine. (drivers/irq, drivers/timer)
 */
#pragma once

#include <lib/firmware/boot_info.h>

/*
 * Find the controller and the timer, register both, turn interrupts on and start the tick. Where a machine has none
 * that we know it says so and goes on without. Boot CPU, once, after mm_init().
 */
void interrupts_init(const struct boot_info *boot);

/* Each architecture's machines have their own kinds of both; one file each implements these. False: none that we know. */
bool controller_init(const struct boot_info *boot);
bool timer_init(const struct boot_info *boot);
