/* SPDX-License-Identifier: MIT */
/*
 * console.c - which serial line the kernel talks through.
 *
 * The firmware names one, and console= on the command line may choose another.
 * Without either the port's last resort, arch_putc(), serves: a machine that says nothing helps nobody.
 */
#include <drivers/console.h>

#include <arch/console.h>
#include <arch/layout.h>
#include <arch/memory.h>
#include <arch/mmio.h>
#include <lib/cmdline.h>
#include <lib/init.h>
#include <lib/printk.h>
#include <lib/string.h>
#include <drivers/uart.h>

static void write_arch(struct console *console, const char *text, size_t length)
{
	(void)console;
	for (size_t i = 0; i < length; i++)
		arch_putc(text[i]);
}

static int read_arch(struct console *console)
{
	(void)console;
	return arch_getc();
}

static struct console console_arch = {.name = "arch", .write = write_arch, .read = read_arch};

/* "ttyS0,115200n8" is ttyS0: a speed is what the firmware set, and may be named. */
static __init bool is_port(const char *value, const char *name)
{
	size_t length = strlen(name);

	return strncmp(value, name, length) == 0 && (value[length] == '\0' || value[length] == ',');
}

/* Does a port of this kind go by this name on Linux? */
static __init bool is_called(const char *value, const struct boot_uart *uart)
{
	if (uart->type == UART_PL011)
		return is_port(value, "ttyAMA0");
	return uart->type != UART_NONE && (is_port(value, "ttyS0") || is_port(value, "ttyS1"));
}

/* A board's port by its alias (serial1) or as the first of its kind, the firmware's choice before others. */
static __init const struct boot_uart *find_port(const struct boot_info *boot, const char *value)
{
	if (is_called(value, &boot->uart))
		return &boot->uart;
	for (unsigned int i = 0; i < BOOT_MAX_PORTS; i++) {
		char alias[] = "serial.";

		alias[6] = (char)('0' + i);
		if (boot->port[i].type != UART_NONE &&
		    (is_port(value, alias) || is_called(value, &boot->port[i])))
			return &boot->port[i];
	}
	return NULL;
}

/* console= into `uart` and `wanted`; a value that cannot be had changes nothing but the log. */
static __init void read_choice(const struct boot_info *boot, struct boot_uart *uart, bool *wanted)
{
	const struct boot_uart com1 = {UART_16550, true, 0x3f8, 0, 1, SOURCE_COMMAND_LINE};
	const struct boot_uart com2 = {UART_16550, true, 0x2f8, 0, 1, SOURCE_COMMAND_LINE};
	const struct boot_uart *port;
	char value[32];

	if (cmdline_value("console", value, sizeof(value)) < 0)
		return;
	port = arch_has_ports() ? NULL : find_port(boot, value);
	if (is_port(value, "none"))
		*wanted = false;
	else if (is_port(value, "ttyS0") && arch_has_ports())
		*uart = com1;
	else if (is_port(value, "ttyS1") && arch_has_ports())
		*uart = com2;
	else if (port)
		*uart = *port;
	else
		pr_warn("console=%s: this machine has %s; the firmware's choice is used", value,
			arch_has_ports()	   ? "ttyS0, ttyS1 or none"
			: uart->type == UART_PL011 ? "ttyAMA0 or none"
						   : "ttyS0 or none");
}

/* May the registers be where they are said to be? One page, and not where the kernel would write over its own memory. */
static __init bool plausible(const struct boot_info *boot, const struct boot_uart *uart)
{
	phys_addr_t page = uart->base & PAGE_MASK;

	if (uart->is_port || uart->type == UART_NONE)
		return true;
	if (uart->base < arch_phys_end() && page + PAGE_SIZE - uart->base >= 0x80 &&
	    !boot_info_is_usable(boot, page, page + PAGE_SIZE))
		return true;
	pr_warn("console: no device can have its registers at %#llx",
		(unsigned long long)uart->base);
	return false;
}

static __init struct console *open_uart(const struct boot_info *boot, const struct boot_uart *uart)
{
	struct console *console = NULL;

	if (!plausible(boot, uart))
		return &console_arch;
	if (uart->type == UART_16550)
		console = uart_16550_open(uart);
	else if (uart->type == UART_PL011)
		console = pl011_open(uart);
	else if (uart->type == UART_MINI)
		console = mini_uart_open(uart);
	return console ? console : &console_arch;
}

__init void console_init(const struct boot_info *boot)
{
	struct boot_uart uart = boot->uart;
	bool wanted = true;
	struct console *console;

	read_choice(boot, &uart, &wanted);
	if (!wanted)
		return;
	console = open_uart(boot, &uart);
	if (console == &console_arch && !arch_has_console()) {
		pr_warn("console: no port was named that could be used, and this machine has no "
			"last resort");
		return;
	}
	console_register(console);
	if (console == &console_arch)
		pr_info("console: the last resort, no port was named or none answers");
	else
		pr_info("console: %s%s at %#llx, from %s", uart.is_port ? "I/O port " : "",
			console->name, (unsigned long long)uart.base,
			boot_source_name(uart.source));
}
