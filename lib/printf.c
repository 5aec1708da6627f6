/* SPDX-License-Identifier: MIT */
/*
 * printf.c - formatted text, handed piece by piece to a sink.
 *
 * THE IDEA
 *	One engine reads the format and emits runs of characters; a buffer, the
 *	log and a /proc file are three sinks of it. A conversion is read into
 *	struct conversion (flags, width, precision, length), its digits are made
 *	backwards in a small array, and one function pads and emits.
 * COST	O(text). 64 bytes of stack for digits; no allocation. Any context.
 * FLOOR	lib.
 * LINUX	lib/vsprintf.c; of its pointer formats only %p, %px, %pS and %pB.
 */
#include <lib/printf.h>

#include <lib/random.h>
#include <lib/string.h>
#include <lib/symbols.h>

struct conversion {
	bool left, zero, plus, space, alternate;
	int width;
	int precision;	   /* -1: none given */
	unsigned int size; /* bytes of the argument */
};

struct output {
	struct text_sink *sink;
	int length;
};

static void emit(struct output *output, const char *text, size_t length)
{
	if (length)
		output->sink->emit(output->sink, text, length);
	output->length += (int)length;
}

static void emit_padding(struct output *output, char fill, int count)
{
	static const char blanks[] = "                ", zeros[] = "0000000000000000";

	while (count > 0) {
		int piece = min(count, (int)sizeof(blanks) - 1);

		emit(output, fill == '0' ? zeros : blanks, (size_t)piece);
		count -= piece;
	}
}

static void emit_text(struct output *output, const struct conversion *c, const char *text,
		      size_t length)
{
	int padding = c->width - (int)length;

	if (!c->left)
		emit_padding(output, ' ', padding);
	emit(output, text, length);
	if (c->left)
		emit_padding(output, ' ', padding);
}

static void emit_string(struct output *output, const struct conversion *c, const char *s)
{
	if (!s)
		s = "(null)";
	emit_text(output, c, s, c->precision < 0 ? strlen(s) : strnlen(s, (size_t)c->precision));
}

/* sign or 0x, then zeros up to precision or width, then digits; blanks outside. */
static void emit_number(struct output *output, const struct conversion *c, uint64_t value,
			unsigned int base, const char *prefix, bool capital)
{
	const char *symbols = capital ? "0123456789ABCDEF" : "0123456789abcdef";
	char digits[24];
	size_t start = sizeof(digits);
	int zeros, blanks, prefix_length = (int)strlen(prefix);

	for (; value; value /= base)
		digits[--start] = symbols[value % base];
	if (start == sizeof(digits) && c->precision != 0)
		digits[--start] = '0';

	zeros = c->precision - (int)(sizeof(digits) - start);
	if (c->zero && !c->left && c->precision < 0)
		zeros = c->width - prefix_length - (int)(sizeof(digits) - start);
	zeros = max(zeros, 0);
	blanks = c->width - prefix_length - zeros - (int)(sizeof(digits) - start);

	if (!c->left)
		emit_padding(output, ' ', blanks);
	emit(output, prefix, (size_t)prefix_length);
	emit_padding(output, '0', zeros);
	emit(output, digits + start, sizeof(digits) - start);
	if (c->left)
		emit_padding(output, ' ', blanks);
}

/* A return address may be the first byte of the next function: its call is `back` bytes before. */
static void emit_symbol(struct output *output, const struct conversion *c, uintptr_t pc,
			unsigned int back)
{
	char text[128];
	size_t size, offset;
	const char *name = symbol_lookup(pc - back, &size, &offset);

	if (name)
		snprintf(text, sizeof(text), "%s+0x%zx/0x%zx", name, offset + back, size);
	else
		snprintf(text, sizeof(text), "0x%lx", (unsigned long)pc);
	emit_text(output, c, text, strlen(text));
}

/* %p hashes, %px shows, %pS and %pB name. Returns the format behind the letter it used. */
static const char *emit_pointer(struct output *output, struct conversion *c, const char *format,
				const void *pointer)
{
	if (*format == 'S' || *format == 'B') {
		emit_symbol(output, c, (uintptr_t)pointer, *format == 'B');
		return format + 1;
	}
	if (*format == 'x') {
		c->precision = 16;
		emit_number(output, c, (uintptr_t)pointer, 16, "0x", false);
		return format + 1;
	}
	if (!pointer) {
		emit_string(output, c, NULL);
		return format;
	}
	c->precision = 16;
	emit_number(output, c, hash_pointer(pointer), 16, "", false);
	return format;
}

static const char *read_flags(struct conversion *c, const char *format)
{
	for (;; format++) {
		switch (*format) {
		case '-':
			c->left = true;
			break;
		case '0':
			c->zero = true;
			break;
		case '+':
			c->plus = true;
			break;
		case ' ':
			c->space = true;
			break;
		case '#':
			c->alternate = true;
			break;
		default:
			return format;
		}
	}
}

static const char *read_number(int *number, const char *format)
{
	for (*number = 0; *format >= '0' && *format <= '9'; format++)
		*number = min(*number * 10 + (*format - '0'), 4096);
	return format;
}

static const char *read_length(struct conversion *c, const char *format)
{
	c->size = sizeof(int);
	switch (*format) {
	case 'h':
		c->size = format[1] == 'h' ? 1 : 2;
		return format + (format[1] == 'h' ? 2 : 1);
	case 'l':
		c->size = 8;
		return format + (format[1] == 'l' ? 2 : 1);
	case 'z':
	case 't':
		c->size = 8;
		return format + 1;
	default:
		return format;
	}
}

static uint64_t truncate_unsigned(uint64_t value, unsigned int size)
{
	return size == 8 ? value : value & ((1ULL << (size * 8)) - 1);
}

static int64_t truncate_signed(uint64_t value, unsigned int size)
{
	unsigned int shift = 64 - size * 8;

	return (int64_t)(value << shift) >> shift;
}

static void emit_signed(struct output *output, const struct conversion *c, uint64_t argument)
{
	int64_t value = truncate_signed(argument, c->size);
	const char *sign = value < 0 ? "-" : c->plus ? "+" : c->space ? " " : "";

	emit_number(output, c, value < 0 ? -(uint64_t)value : (uint64_t)value, 10, sign, false);
}

static void emit_hexadecimal(struct output *output, const struct conversion *c, uint64_t argument,
			     bool capital)
{
	uint64_t value = truncate_unsigned(argument, c->size);

	emit_number(output, c, value, 16, c->alternate && value ? "0x" : "", capital);
}

struct arguments {
	va_list list; /* wrapped, so that a pointer to it can be passed on */
};

static uint64_t next_integer(struct arguments *arguments, const struct conversion *c)
{
	return c->size == 8 ? va_arg(arguments->list, uint64_t)
			    : va_arg(arguments->list, unsigned int);
}

/* One conversion, from behind its '%'. Returns the format behind it. */
static const char *emit_conversion(struct output *output, const char *format,
				   struct arguments *arguments)
{
	struct conversion c = {.precision = -1};
	char letter;

	format = read_flags(&c, format);
	if (*format == '*') {
		c.width = va_arg(arguments->list, int);
		c.left |= c.width < 0;
		c.width = c.width < 0 ? -c.width : c.width;
		format++;
	} else {
		format = read_number(&c.width, format);
	}
	if (*format == '.' && format[1] == '*') {
		c.precision = va_arg(arguments->list, int);
		format += 2;
	} else if (*format == '.') {
		format = read_number(&c.precision, format + 1);
	}
	format = read_length(&c, format);

	switch (*format) {
	case 'd':
	case 'i':
		emit_signed(output, &c, next_integer(arguments, &c));
		return format + 1;
	case 'u':
		emit_number(output, &c, truncate_unsigned(next_integer(arguments, &c), c.size), 10,
			    "", false);
		return format + 1;
	case 'o':
		emit_number(output, &c, truncate_unsigned(next_integer(arguments, &c), c.size), 8,
			    "", false);
		return format + 1;
	case 'x':
	case 'X':
		emit_hexadecimal(output, &c, next_integer(arguments, &c), *format == 'X');
		return format + 1;
	case 'c':
		letter = (char)va_arg(arguments->list, int);
		emit_text(output, &c, &letter, 1);
		return format + 1;
	case 's':
		emit_string(output, &c, va_arg(arguments->list, const char *));
		return format + 1;
	case 'p':
		return emit_pointer(output, &c, format + 1, va_arg(arguments->list, const void *));
	case '%':
		emit(output, "%", 1);
		return format + 1;
	case '\0':
		return format;
	default: /* an unknown letter is shown, so that the mistake is seen */
		emit(output, "%", 1);
		emit(output, format, 1);
		return format + 1;
	}
}

int sink_vprintf(struct text_sink *sink, const char *format, va_list args)
{
	struct output output = {.sink = sink};
	struct arguments arguments;

	va_copy(arguments.list, args);
	while (*format) {
		const char *percent = strchr(format, '%');
		size_t plain = percent ? (size_t)(percent - format) : strlen(format);

		emit(&output, format, plain);
		format += plain;
		if (*format)
			format = emit_conversion(&output, format + 1, &arguments);
	}
	va_end(arguments.list);
	return output.length;
}

struct bounded_sink {
	struct text_sink sink;
	char *next;
	size_t room; /* bytes left before the terminating NUL */
};

static void bounded_emit(struct text_sink *sink, const char *text, size_t length)
{
	struct bounded_sink *bounded = container_of(sink, struct bounded_sink, sink);
	size_t fits = min(length, bounded->room);

	memcpy(bounded->next, text, fits);
	bounded->next += fits;
	bounded->room -= fits;
}

int vsnprintf(char *buffer, size_t size, const char *format, va_list args)
{
	struct bounded_sink bounded = {
		.sink.emit = bounded_emit, .next = buffer, .room = size ? size - 1 : 0};
	int length = sink_vprintf(&bounded.sink, format, args);

	if (size)
		*bounded.next = '\0';
	return length;
}

int snprintf(char *buffer, size_t size, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(buffer, size, format, args);
	va_end(args);
	return length;
}

int scnprintf(char *buffer, size_t size, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(buffer, size, format, args);
	va_end(args);
	if (!size)
		return 0;
	return min(length, (int)size - 1);
}
