/* SPDX-License-Identifier: MIT */
/*
 * pl011.c - Arm's UART, on QEMU's virt and on the Raspberry Pi.
 *
 * The flag register says whether the transmit FIFO is full and the receive FIFO
 * empty. Speed and format stay as the firmware set them, because the clock
 * behind the port is anybody's; a port that is off is turned on.
 *
 * LINUX	drivers/tty/serial/amba-pl011.c (pl011_early_write). Source: Arm DDI 0183, 3.3.
 */
#include <drivers/uart.h>

#include <arch/mmio.h>
#include <lib/init.h>
#include <mm/fixmap.h>

enum {
	REG_DATA = 0x00,
	REG_FLAGS = 0x18,
	REG_CONTROL = 0x30,
	REG_INTERRUPT_MASK = 0x38,
};

#define FLAG_RECEIVE_EMPTY (1U << 4)
#define FLAG_TRANSMIT_FULL (1U << 5)
#define CONTROL_ON	   0x301U /* UART, transmitter and receiver enabled */

static uintptr_t registers;

static void put(uint8_t byte)
{
	for (unsigned int i = 0; i < UART_MAX_POLLS; i++) {
		if (!(mmio_read32(registers + REG_FLAGS) & FLAG_TRANSMIT_FULL)) {
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
	if (mmio_read32(registers + REG_FLAGS) & FLAG_RECEIVE_EMPTY)
		return -1;
	return (int)(mmio_read32(registers + REG_DATA) & 0xff);
}

static struct console console_pl011 = {.name = "ttyAMA", .write = write_text, .read = read_byte};

__init struct console *pl011_open(const struct boot_uart *uart)
{
	set_fixmap(FIX_CONSOLE, uart->base & PAGE_MASK, PROT_KERNEL_DEVICE);
	registers = fix_to_virt(FIX_CONSOLE) + (uart->base & ~PAGE_MASK);
	mmio_write32(registers + REG_INTERRUPT_MASK, 0);
	mmio_write32(registers + REG_CONTROL, mmio_read32(registers + REG_CONTROL) | CONTROL_ON);
	return &console_pl011;
}
