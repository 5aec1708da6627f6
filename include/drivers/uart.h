/* SPDX-License-Identifier: MIT */
/*
 * drivers/uart.h - the kinds of serial port that we drive, by polling.
 *
 * All write each line feed as carriage return and line feed, and drop bytes
 * when the port stays busy for too long: a log must never hang the machine. One port of each kind. Any context.
 */
#pragma once

#include <lib/firmware/boot_info.h>
#include <lib/printk.h>

/* How often a port that is busy is asked before a byte is dropped: about 10 ms on hardware. */
#define UART_MAX_POLLS 100000

/* A console on that port, ready to be registered; NULL when nothing answers there. Maps memory at FIX_CONSOLE. */
struct console *uart_16550_open(const struct boot_uart *uart);
struct console *pl011_open(const struct boot_uart *uart);
struct console *mini_uart_open(const struct boot_uart *uart);

/* Calls put(c) for each byte, with a carriage return before each line feed. */
static inline void uart_write_text(void (*put)(uint8_t byte), const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '\n')
			put('\r');
		put((uint8_t)text[i]);
	}
}
