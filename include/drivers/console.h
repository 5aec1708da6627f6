/* SPDX-License-Identifier: MIT */
/*
 * drivers/console.h - the serial line.
 */
#pragma once

#include <lib/firmware/boot_info.h>

/*
 * Registers the console that the firmware named, or that the command line asks for:
 *
 *	console=ttyS0 | ttyS1	the PC's serial ports; on a board the first 16550 or mini-UART
 *	console=ttyAMA0		a board's first PL011
 *	console=serial0 ...	a board's ports as the device tree's /aliases number them
 *	console=none		no console at all
 *
 * A wrong value is told and the firmware's choice is used. Where there is none it is arch_putc(). Once, after fixmap_init().
 */
void console_init(const struct boot_info *boot);
