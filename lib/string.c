/* SPDX-License-Identifier: MIT */
/*
 * string.c - strings, and numbers read from strings.
 */
#include <lib/string.h>

#include <lib/errno.h>

size_t strlen(const char *s)
{
	size_t length = 0;

	while (s[length])
		length++;
	return length;
}

size_t strnlen(const char *s, size_t max)
{
	size_t length = 0;

	while (length < max && s[length])
		length++;
	return length;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (uint8_t)*a - (uint8_t)*b;
}

int strncmp(const char *a, const char *b, size_t max)
{
	for (; max; max--, a++, b++)
		if (*a != *b || !*a)
			return (uint8_t)*a - (uint8_t)*b;
	return 0;
}

char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return (char *)(uintptr_t)s;
		if (!*s)
			return NULL;
	}
}

char *strrchr(const char *s, int c)
{
	const char *found = NULL;

	for (;; s++) {
		if (*s == (char)c)
			found = s;
		if (!*s)
			return (char *)(uintptr_t)found;
	}
}

char *strstr(const char *s, const char *wanted)
{
	size_t length = strlen(wanted);

	for (; *s || !length; s++)
		if (!strncmp(s, wanted, length))
			return (char *)(uintptr_t)s;
	return NULL;
}

long strscpy(char *to, const char *from, size_t size)
{
	size_t length;

	if (!size)
		return -E2BIG;
	length = strnlen(from, size);
	if (length == size) {
		memcpy(to, from, size - 1);
		to[size - 1] = '\0';
		return -E2BIG;
	}
	memcpy(to, from, length + 1);
	return (long)length;
}

void *memchr_inv(const void *p, int byte, size_t size)
{
	const uint8_t *bytes = p;

	for (; size; size--, bytes++)
		if (*bytes != (uint8_t)byte)
			return (void *)(uintptr_t)bytes;
	return NULL;
}

static unsigned int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned int)(c - '0');
	c |= 0x20;
	if (c >= 'a' && c <= 'z')
		return (unsigned int)(c - 'a') + 10;
	return 36;
}

/* Reads digits from *s on, leaves *s behind them. False when the number passes 64 bits. */
static bool read_digits(const char **s, unsigned int base, unsigned long long *value)
{
	bool fits = true;

	for (*value = 0; digit_value(**s) < base; (*s)++)
		fits &= !__builtin_mul_overflow(*value, base, value) &&
			!__builtin_add_overflow(*value, digit_value(**s), value);
	return fits;
}

/* The base that a prefix names; skips the prefix. */
static unsigned int read_base(const char **s, unsigned int base)
{
	bool hexadecimal = (*s)[0] == '0' && ((*s)[1] | 0x20) == 'x' && digit_value((*s)[2]) < 16;

	if (hexadecimal && (base == 0 || base == 16)) {
		*s += 2;
		return 16;
	}
	if (base)
		return base;
	return **s == '0' ? 8 : 10;
}

int kstrtoull(const char *s, unsigned int base, unsigned long long *result)
{
	unsigned long long value;
	const char *digits;

	base = read_base(&s, base);
	digits = s;
	if (!read_digits(&s, base, &value))
		return -ERANGE;
	if (s == digits || *s)
		return -EINVAL;
	*result = value;
	return 0;
}

unsigned long long memparse(const char *s, const char **end)
{
	static const char suffixes[] = "KMGTPE";
	unsigned long long value;
	const char *start = s, *suffix;
	unsigned int base = read_base(&s, 0);
	const char *digits = s;
	bool fits = read_digits(&s, base, &value);

	if (s == digits) {
		*end = start;
		return 0;
	}
	/* A blank without its bit for lower case would be the NUL that ends the suffixes. */
	suffix = *s > ' ' ? strchr(suffixes, *s & ~0x20) : NULL;
	if (suffix) {
		unsigned int shift = 10 * (unsigned int)(suffix - suffixes + 1);

		fits &= value <= ~0ULL >> shift;
		value <<= shift;
		s++;
	}
	*end = s;
	return fits ? value : ~0ULL;
}
