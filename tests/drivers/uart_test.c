/* SPDX-License-Identifier: MIT */
/*
 * uart_test.c - what both serial drivers do to text, without a port.
 */
#include <drivers/uart.h>
#include <lib/ktest.h>

static char sent[32];
static size_t nr_sent;

static void put(uint8_t byte)
{
	if (nr_sent < sizeof(sent) - 1)
		sent[nr_sent++] = (char)byte;
}

KTEST(uart, each_line_feed_is_sent_behind_a_carriage_return)
{
	nr_sent = 0;
	memset(sent, 0, sizeof(sent));
	uart_write_text(put, "a\n\nb\0c", 6);
	EXPECT_EQ(nr_sent, 8);
	EXPECT_EQ(memcmp(sent, "a\r\n\r\nb\0c", 8), 0);
	uart_write_text(put, "x", 0);
	EXPECT_EQ(nr_sent, 8);
}
