/* SPDX-License-Identifier: MIT */
/*
 * line.c - one line typed at a serial terminal: editing keys and history.
 *
 * THE IDEA
 *	The line lives in a buffer with a cursor. Every key changes the buffer and
 *	then the screen from the cursor on: print the tail, blank one place, move
 *	back. Keys that terminals send as ESC [ x are read by a small state machine, a byte
 *	at a time, so that the same code is driven by a console and by a test.
 *
 *	left right home end, ^A ^E	move		^U ^K ^W	erase line, tail, word
 *	up down				history		^C		drop the line
 *	backspace, delete, ^D		erase		^L		redraw
 */
#include <kernel/shell.h>

#include <lib/clock.h>
#include <lib/printk.h>
#include <lib/string.h>
#include <lib/wait.h>

#define HISTORY 16

enum { KEY_NONE = 256, KEY_UP, KEY_DOWN, KEY_LEFT, KEY_RIGHT, KEY_HOME, KEY_END, KEY_DELETE };
enum escape_state { PLAIN, ESCAPE, BRACKET, NUMBER };

static const char *prompt_text;
static char buffer[SHELL_LINE_SIZE];
static size_t length, cursor;
static enum escape_state escape;
static int escape_number;

static char history[HISTORY][SHELL_LINE_SIZE];
static unsigned int history_count;	 /* lines ever kept; line n is in history[n % HISTORY] */
static unsigned int history_shown;	 /* the line on screen; history_count is the new one */
static char unfinished[SHELL_LINE_SIZE]; /* the new line while an old one is shown */

static void print(const char *text)
{
	console_write(text, strlen(text));
}

static void move_back(size_t places)
{
	while (places--)
		print("\b");
}

/* Redraw from the cursor to the end, blank `erased` places behind, return to the cursor. */
static void redraw_tail(size_t erased)
{
	print(buffer + cursor);
	for (size_t i = 0; i < erased; i++)
		print(" ");
	move_back(length - cursor + erased);
}

static void move_cursor(size_t target)
{
	for (; cursor > target; cursor--)
		print("\b");
	for (; cursor < target; cursor++)
		console_write(&buffer[cursor], 1);
}

static void insert(char c)
{
	if (length + 1 >= sizeof(buffer)) {
		print("\a");
		return;
	}
	memmove(buffer + cursor + 1, buffer + cursor, length - cursor + 1);
	buffer[cursor] = c;
	length++;
	console_write(&c, 1);
	cursor++;
	redraw_tail(0);
}

/* Remove [from, to) and leave the cursor at `from`. */
static void erase(size_t from, size_t to)
{
	if (from == to)
		return;
	move_cursor(from);
	memmove(buffer + from, buffer + to, length - to + 1);
	length -= to - from;
	redraw_tail(to - from);
}

static size_t word_start(void)
{
	size_t start = cursor;

	while (start && buffer[start - 1] == ' ')
		start--;
	while (start && buffer[start - 1] != ' ')
		start--;
	return start;
}

static void replace_line(const char *text)
{
	erase(0, length);
	strscpy(buffer, text, sizeof(buffer));
	length = strlen(buffer);
	move_cursor(length);
}

static void show_history(unsigned int wanted)
{
	unsigned int oldest = history_count > HISTORY ? history_count - HISTORY : 0;

	if (wanted < oldest || wanted > history_count)
		return;
	if (history_shown == history_count)
		strscpy(unfinished, buffer, sizeof(unfinished));
	history_shown = wanted;
	replace_line(wanted == history_count ? unfinished : history[wanted % HISTORY]);
}

static void keep_in_history(void)
{
	if (!length)
		return;
	if (history_count && !strcmp(history[(history_count - 1) % HISTORY], buffer))
		return;
	strscpy(history[history_count++ % HISTORY], buffer, SHELL_LINE_SIZE);
}

void line_start(const char *prompt)
{
	prompt_text = prompt;
	length = cursor = 0;
	buffer[0] = '\0';
	escape = PLAIN;
	history_shown = history_count;
	print(prompt);
}

const char *line_text(void)
{
	return buffer;
}

static int final_key(int byte)
{
	switch (byte) {
	case 'A':
		return KEY_UP;
	case 'B':
		return KEY_DOWN;
	case 'C':
		return KEY_RIGHT;
	case 'D':
		return KEY_LEFT;
	case 'H':
		return KEY_HOME;
	case 'F':
		return KEY_END;
	case '~':
		return escape_number == 3   ? KEY_DELETE
		       : escape_number == 1 ? KEY_HOME
		       : escape_number == 4 ? KEY_END
					    : KEY_NONE;
	default:
		return KEY_NONE;
	}
}

/* ESC [ A, ESC O H, ESC [ 3 ~: one key out of several bytes. */
static int decode_key(int byte)
{
	switch (escape) {
	case PLAIN:
		if (byte != 0x1b)
			return byte;
		escape = ESCAPE;
		return KEY_NONE;
	case ESCAPE:
		escape = byte == '[' || byte == 'O' ? BRACKET : PLAIN;
		escape_number = 0;
		return KEY_NONE;
	default:
		if (byte >= '0' && byte <= '9') {
			escape = NUMBER;
			escape_number = (escape_number * 10 + byte - '0') % 100;
			return KEY_NONE;
		}
		escape = PLAIN;
		return final_key(byte);
	}
}

static void edit(int key)
{
	switch (key) {
	case KEY_LEFT:
		move_cursor(cursor ? cursor - 1 : 0);
		return;
	case KEY_RIGHT:
		move_cursor(min(cursor + 1, length));
		return;
	case KEY_HOME:
	case 'A' - '@':
		move_cursor(0);
		return;
	case KEY_END:
	case 'E' - '@':
		move_cursor(length);
		return;
	case KEY_UP:
	case 'P' - '@':
		show_history(history_shown - 1);
		return;
	case KEY_DOWN:
	case 'N' - '@':
		show_history(history_shown + 1);
		return;
	case '\b':
	case 0x7f:
		erase(cursor ? cursor - 1 : 0, cursor);
		return;
	case KEY_DELETE:
	case 'D' - '@':
		erase(cursor, min(cursor + 1, length));
		return;
	case 'U' - '@':
		erase(0, cursor);
		return;
	case 'K' - '@':
		erase(cursor, length);
		return;
	case 'W' - '@':
		erase(word_start(), cursor);
		return;
	case 'L' - '@':
		print("\r\n");
		print(prompt_text);
		print(buffer);
		move_back(length - cursor);
		return;
	default:
		if (key >= ' ' && key <= '~')
			insert((char)key);
	}
}

bool line_input(int byte)
{
	int key = decode_key(byte);

	if (key == 'C' - '@') {
		print("^C\n");
		line_start(prompt_text);
		return false;
	}
	if (key != '\r' && key != '\n') {
		edit(key);
		return false;
	}
	move_cursor(length);
	print("\n");
	keep_in_history();
	return true;
}

void line_read(const char *prompt, char *line, size_t size)
{
	int byte;

	line_start(prompt);
	do {
		while ((byte = console_read()) < 0) {
			schedule_timeout(1); /* the CPU rests until the next tick */
			reap_if_due(clock_ns());
		}
	} while (!line_input(byte));
	strscpy(line, line_text(), size);
}
