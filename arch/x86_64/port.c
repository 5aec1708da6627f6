/* SPDX-License-Identifier: MIT */
/*
 * port.c - the first serial port as the last resort for text.
 *
 * As the firmware left it, byte by byte and without interrupts; the console
 * driver programs the UART properly. An absent port reads as all ones.
 */
#include <arch/console.h>

#include <arch/mmio.h>
#include <lib/init.h>

#define COM1		  0x3f8
#define COM1_LINE_STATUS  0x3fd
#define BYTE_RECEIVED	  0x01
#define TRANSMITTER_EMPTY 0x20
#define NO_PORT		  0xff
#define MAX_POLLS	  0x10000

static void put_byte(uint8_t byte)
{
	for (unsigned int polls = 0; polls < MAX_POLLS; polls++)
		if (arch_port_read8(COM1_LINE_STATUS) & TRANSMITTER_EMPTY)
			break;
	arch_port_write8(COM1, byte);
}

__init bool arch_has_console(void)
{
	return true;
}

void arch_putc(char c)
{
	if (c == '\n')
		put_byte('\r');
	put_byte((uint8_t)c);
}

int arch_getc(void)
{
	uint8_t status = arch_port_read8(COM1_LINE_STATUS);

	if (status == NO_PORT || !(status & BYTE_RECEIVED))
		return -1;
	return arch_port_read8(COM1);
}
