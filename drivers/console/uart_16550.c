/* SPDX-License-Identifier: MIT */
/*
 * uart_16550.c - the PC's serial port, and its many descendants on other boards.
 *
 * Eight registers, at I/O ports or in memory, 2^reg_shift bytes apart. The line
 * status register says whether a byte has come in and whether the next may go out. Where
 * nothing is there every register reads as ones.
 *
 * LINUX	drivers/tty/serial/8250/8250_early.c.
 */
#include <drivers/uart.h>

#include <arch/mmio.h>
#include <lib/init.h>
#include <mm/fixmap.h>

enum {
	REG_DATA = 0,	    /* byte in, byte out; with DLAB the divisor's low half */
	REG_INTERRUPTS = 1, /* enabled interrupts; with DLAB the divisor's high half */
	REG_FIFO = 2,
	REG_LINE_CONTROL = 3,
	REG_MODEM_CONTROL = 4,
	REG_LINE_STATUS = 5,
};

#define LINE_8N1	0x03
#define LINE_DLAB	0x80
#define FIFO_ENABLE	0x07 /* on, both sides emptied */
#define MODEM_DTR_RTS	0x03
#define STATUS_RECEIVED 0x01
#define STATUS_CAN_SEND 0x20
#define STATUS_ABSENT	0xff
#define DIVISOR_115200	1 /* of the PC's 1.8432 MHz / 16 */

static struct boot_uart port;
static uintptr_t registers; /* where the memory of a port that is not I/O is mapped */

static uint8_t read_register(unsigned int index)
{
	uintptr_t va = registers + ((uintptr_t)index << port.reg_shift);

	if (port.is_port)
		return arch_port_read8((uint16_t)(port.base + index));
	if (port.reg_width == 4)
		return (uint8_t)mmio_read32(va);
	return port.reg_width == 2 ? (uint8_t)mmio_read16(va) : mmio_read8(va);
}

static void write_register(unsigned int index, uint8_t value)
{
	uintptr_t va = registers + ((uintptr_t)index << port.reg_shift);

	if (port.is_port)
		arch_port_write8((uint16_t)(port.base + index), value);
	else if (port.reg_width == 4)
		mmio_write32(va, value);
	else if (port.reg_width == 2)
		mmio_write16(va, value);
	else
		mmio_write8(va, value);
}

static void put(uint8_t byte)
{
	for (unsigned int i = 0; i < UART_MAX_POLLS; i++) {
		uint8_t status = read_register(REG_LINE_STATUS);

		if (status == STATUS_ABSENT)
			return;
		if (status & STATUS_CAN_SEND) {
			write_register(REG_DATA, byte);
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
	uint8_t status = read_register(REG_LINE_STATUS);

	(void)console;
	if (status == STATUS_ABSENT || !(status & STATUS_RECEIVED))
		return -1;
	return read_register(REG_DATA);
}

/* The clock behind a port in memory is anybody's: its speed stays as the firmware set it. */
static __init void set_up_line(void)
{
	write_register(REG_INTERRUPTS, 0);
	if (port.is_port) {
		write_register(REG_LINE_CONTROL, LINE_DLAB | LINE_8N1);
		write_register(REG_DATA, DIVISOR_115200);
		write_register(REG_INTERRUPTS, 0);
	}
	write_register(REG_LINE_CONTROL, LINE_8N1);
	write_register(REG_FIFO, FIFO_ENABLE);
	write_register(REG_MODEM_CONTROL, MODEM_DTR_RTS);
}

static struct console console_16550 = {.name = "ttyS", .write = write_text, .read = read_byte};

__init struct console *uart_16550_open(const struct boot_uart *uart)
{
	if (uart->is_port && !arch_has_ports())
		return NULL;
	port = *uart;
	if (!port.is_port) {
		set_fixmap(FIX_CONSOLE, port.base & PAGE_MASK, PROT_KERNEL_DEVICE);
		registers = fix_to_virt(FIX_CONSOLE) + (port.base & ~PAGE_MASK);
	}
	if (read_register(REG_LINE_STATUS) == STATUS_ABSENT)
		return NULL;
	set_up_line();
	return &console_16550;
}
