/* SPDX-License-Identifier: MIT */
/*
 * printk.c - the log: a ring of lines, and the consoles that show them.
 *
 * THE IDEA
 *	A line is formatted once into a buffer under the lock, stored in the ring
 *	behind one byte that holds its level, and written to every console that
 *	admits the level. When the ring is full the oldest lines are overwritten;
 *	the reader starts at the first whole line. Positions count bytes for ever
 *	and are reduced modulo the ring's size when used.
 *
 * PICTURE	head counts what was ever written; the ring keeps the last 16 KiB
 *
 *	  6buddy: 63488 pages\n 4mem=: too large\n 6slab: 13 ca
 *	  ^level                ^                  ^          ^ head
 *
 * LOCKING	printk's lock, rank PRINTK, the last that may be taken. In a panic
 *		it is not taken at all: the holder may be the one that died.
 * COST		O(text). Any context. Nothing is allocated.
 * FLOOR	lib.
 * LINUX	kernel/printk/: no records in a separate array, no timestamps (no clock yet).
 */
#include <lib/printk.h>

#include <config.h>
#include <lib/bits.h>
#include <lib/check.h>
#include <lib/last_words.h>
#include <lib/spinlock.h>
#include <lib/string.h>

static_assert((LOG_BUFFER_SIZE & (LOG_BUFFER_SIZE - 1)) == 0, "positions are reduced by a mask");

static DEFINE_SPINLOCK(printk_lock, LOCK_RANK_PRINTK);
static char ring[LOG_BUFFER_SIZE];
static unsigned long head; /* bytes ever written */
static char line[512];	   /* the message being formatted */
static LIST_HEAD(consoles);
static enum log_level console_level = LOG_INFO;
static bool panicking;

#define NOBODY (-1)
static int printing = NOBODY; /* the CPU that has the lock */

/* Whoever sees that there is one sees whose it is, too. */
static bool in_panic(void)
{
	return __atomic_load_n(&panicking, __ATOMIC_ACQUIRE);
}

/* Whoever waits for the lock stops, too, when another CPU panics. A message inside a message would wait for itself. */
static unsigned long log_lock(void)
{
	unsigned long flags;

	while (!in_panic()) {
		if (spin_trylock_save(&printk_lock, &flags)) {
			WRITE_ONCE(printing, (int)arch_cpu_id());
			return flags;
		}
		CHECK(READ_ONCE(printing) != (int)arch_cpu_id(), "printk() inside printk()");
		arch_cpu_relax();
	}
	panic_stop_here();
	return 0;
}

static void log_unlock(unsigned long flags)
{
	if (in_panic()) {
		panic_stop_here();
		return;
	}
	WRITE_ONCE(printing, NOBODY);
	spin_unlock_irqrestore(&printk_lock, flags);
}

void printk_enter_panic(void)
{
	__atomic_store_n(&panicking, true, __ATOMIC_RELEASE);
}

bool printk_has_console(void)
{
	return !list_empty(&consoles);
}

static char ring_at(unsigned long position)
{
	return ring[position & (LOG_BUFFER_SIZE - 1)];
}

static void ring_put(char c)
{
	ring[head++ & (LOG_BUFFER_SIZE - 1)] = c;
}

/* Where the oldest whole line starts. */
static unsigned long ring_start(void)
{
	unsigned long position;

	if (head <= LOG_BUFFER_SIZE)
		return 0;
	for (position = head - LOG_BUFFER_SIZE; position < head; position++)
		if (ring_at(position) == '\n')
			return position + 1;
	return head;
}

/* Where the last `lines` lines start. */
static unsigned long ring_tail(unsigned int lines)
{
	unsigned long start = ring_start(), position = head;

	while (position > start) {
		if (ring_at(position - 1) == '\n' && lines-- == 0)
			break;
		position--;
	}
	return position;
}

static void write_to(struct console *console, enum log_level level, const char *text, size_t length)
{
	console->level = level;
	console->write(console, text, length);
}

static void write_to_consoles(enum log_level level, const char *text, size_t length)
{
	struct console *console;

	list_for_each_entry (console, &consoles, link)
		write_to(console, level, text, length);
}

/* Every line of a message starts with its level in the ring; consoles see text only. */
static void log_text(enum log_level level, const char *text, size_t length)
{
	bool start = true;

	for (size_t i = 0; i < length; i++) {
		if (start)
			ring_put((char)('0' + level));
		ring_put(text[i]);
		start = text[i] == '\n';
	}
	last_words_add(text, length);
	if (level <= console_level)
		write_to_consoles(level, text, length);
}

void vprintk(enum log_level level, const char *format, va_list args)
{
	unsigned long flags = log_lock();
	int length = vsnprintf(line, sizeof(line) - 1, format, args);

	length = min(length, (int)sizeof(line) - 2);
	if (length == 0 || line[length - 1] != '\n')
		line[length++] = '\n';
	log_text(level, line, (size_t)length);
	log_unlock(flags);
}

void printk(enum log_level level, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintk(level, format, args);
	va_end(args);
}

/* The lines from `position` on, up to `level`, without their level byte, which goes into *line_level. */
static void dump_from(struct text_sink *sink, unsigned long position, enum log_level level,
		      enum log_level *line_level)
{
	while (position < head) {
		char text[64];
		size_t length = 0;
		bool shown;

		*line_level = (enum log_level)(ring_at(position++) - '0');
		shown = *line_level <= level;

		while (position < head) {
			char c = ring_at(position++);

			text[length++] = c;
			if (shown && (c == '\n' || length == sizeof(text)))
				sink->emit(sink, text, length);
			if (c == '\n' || length == sizeof(text))
				length = 0;
			if (c == '\n')
				break;
		}
	}
}

void printk_dump(struct text_sink *sink, unsigned int last)
{
	enum log_level line_level;

	dump_from(sink, last ? ring_tail(last) : ring_start(), LOG_DEBUG, &line_level);
}

struct console_sink {
	struct text_sink sink;
	struct console *console;
};

static void console_sink_emit(struct text_sink *sink, const char *text, size_t length)
{
	struct console *console = container_of(sink, struct console_sink, sink)->console;

	console->write(console, text, length);
}

void console_register(struct console *console)
{
	struct console_sink replay = {.sink.emit = console_sink_emit, .console = console};
	unsigned long flags = log_lock();

	dump_from(&replay.sink, ring_start(), console_level, &console->level);
	list_add_tail(&console->link, &consoles);
	log_unlock(flags);
}

void console_write(const char *text, size_t length)
{
	unsigned long flags = log_lock();

	write_to_consoles(LOG_INFO, text, length);
	log_unlock(flags);
}

static void consoles_emit(struct text_sink *sink, const char *text, size_t length)
{
	(void)sink;
	console_write(text, length);
}

struct text_sink console_sink = {.emit = consoles_emit};

void console_print(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	sink_vprintf(&console_sink, format, args);
	va_end(args);
}

int console_read(void)
{
	struct console *console;

	list_for_each_entry (console, &consoles, link) {
		int byte = console->read ? console->read(console) : -1;

		if (byte >= 0)
			return byte;
	}
	return -1;
}

void console_set_level(enum log_level level)
{
	console_level = level;
}

enum log_level console_get_level(void)
{
	return console_level;
}
