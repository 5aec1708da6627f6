/* SPDX-License-Identifier: MIT */
/*
 * mini_uart.c - the Raspberry Pi's second serial port, which most of its boards show on their pins.
 *
 * It looks like a 16550 from afar: one data register, one line status. Its
 * speed hangs on the clock of the graphics core, so it stays as the firmware set it (enable_uart=1
 * in config.txt fixes that clock). The port has a switch outside of it, in the block that it shares with two SPI ports.
 *
 * LINUX	drivers/tty/serial/8250/8250_bcm2835aux.c. Source: BCM2835 ARM Peripherals, 2.2.
 */
#include <drivers/uart.h>

#include <arch/mmio.h>
#include <lib/init.h>
#include <mm/fixmap.h>

enum {
	REG_DATA = 0x00,
	REG_INTERRUPT_ENABLE = 0x04,
	REG_LINE_STATUS = 0x14,
	REG_CONTROL = 0x20,
};

#define LINE_RECEIVED	   (1U << 0)
#define LINE_TRANSMIT_ROOM (1U << 5)
#define CONTROL_ON	   0x3U /* receiver and transmitter */

/* The block's own register, in the page of the port's. */
#define AUX_ENABLES	 0x04
#define AUX_ENABLES_UART 1U

static uintptr_t registers;

static void put(uint8_t byte)
{
	for (unsigned int i = 0; i < UART_MAX_POLLS; i++) {
		if (mmio_read32(registers + REG_LINE_STATUS) & LINE_TRANSMIT_ROOM) {
			mmio_write32(registers + REG_DATA, byte);
			return;
		}
	}
}

static void write_text(struct console *console, const char *text, size_t length)
{
	(void)console;
	uart_write_text(put, text, length);
}

static int read_byte(struct console *console)
{
	(void)console;
	if (!(mmio_read32(registers + REG_LINE_STATUS) & LINE_RECEIVED))
		return -1;
	return (int)(mmio_read32(registers + REG_DATA) & 0xff);
}

static struct console console_mini = {.name = "mini-UART", .write = write_text, .read = read_byte};

__init struct console *mini_uart_open(const struct boot_uart *uart)
{
	uintptr_t block = fix_to_virt(FIX_CONSOLE);

	set_fixmap(FIX_CONSOLE, uart->base & PAGE_MASK, PROT_KERNEL_DEVICE);
	registers = block + (uart->base & ~PAGE_MASK);
	/* While the switch is off the port's registers do not answer. */
	mmio_write32(block + AUX_ENABLES, mmio_read32(block + AUX_ENABLES) | AUX_ENABLES_UART);
	mmio_write32(registers + REG_INTERRUPT_ENABLE, 0);
	mmio_write32(registers + REG_CONTROL, mmio_read32(registers + REG_CONTROL) | CONTROL_ON);
	return &console_mini;
}
