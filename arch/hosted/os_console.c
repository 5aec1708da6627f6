/* SPDX-License-Identifier: MIT */
/*
 * os_console.c - standard input and output as the machine's serial line.
 *
 * Output is kept until a line is complete or somebody waits for input. The
 * terminal, if there is one, gives each key at once and does not echo; its former
 * settings come back when the machine ends. The end of the input switches the machine off.
 */
#include "os.h"

#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

static char line[512];
static size_t line_length;
static struct termios former;
static bool raw;

static void write_all(const char *text, size_t length)
{
	while (length > 0) {
		ssize_t written = write(STDOUT_FILENO, text, length);

		if (written <= 0)
			return;
		text += written;
		length -= (size_t)written;
	}
}

void os_flush(void)
{
	write_all(line, line_length);
	line_length = 0;
}

void os_putc(char c)
{
	line[line_length++] = c;
	if (c == '\n' || line_length == sizeof(line))
		os_flush();
}

static bool input_waits(int milliseconds)
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};

	return poll(&input, 1, milliseconds) > 0;
}

int os_getc(void)
{
	unsigned char c;

	os_flush();
	if (!input_waits(0))
		return -1;
	if (read(STDIN_FILENO, &c, 1) == 1)
		return c;
	os_exit(0);
}

/* ^C pulls the plug. */
static void on_interrupt(int signal)
{
	os_exit(128 + signal);
}

void os_console_open(void)
{
	struct termios settings;

	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &former) != 0)
		return;
	settings = former;
	settings.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	settings.c_iflag &= ~(tcflag_t)ICRNL;
	raw = tcsetattr(STDIN_FILENO, TCSANOW, &settings) == 0;
	signal(SIGINT, on_interrupt);
	signal(SIGTERM, on_interrupt);
}

void os_console_close(void)
{
	os_flush();
	if (raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &former);
	raw = false;
}

void os_die(const char *format, ...)
{
	va_list args;

	os_flush();
	fputs("loam-hosted: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	os_exit(1);
}
