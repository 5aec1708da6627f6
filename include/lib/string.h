/* SPDX-License-Identifier: MIT */
/*
 * lib/string.h - memory and strings, as in C and Linux. Any context.
 *
 * memcpy, memmove, memset and memcmp are what the compiler itself calls.
 */
#pragma once

#include <lib/types.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);

/* For secrets: not left out, though nobody reads the bytes again. (Linux: memzero_explicit) */
static inline void memzero_explicit(void *to, size_t size)
{
	memset(to, 0, size);
	__asm__ volatile("" : : "r"(to) : "memory");
}

size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t max);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *s, const char *wanted);

/* Copy a string into `size` bytes, always terminated. Returns its length, or -E2BIG if it was cut. (Linux: strscpy) */
long strscpy(char *to, const char *from, size_t size);

/* The first byte in [p, p+size) that is not `byte`, or NULL when all are. (Linux: memchr_inv) */
void *memchr_inv(const void *p, int byte, size_t size);

/*
 * Read a number: base 0 takes 0x.. as hexadecimal, 0.. as octal. The whole
 * string must be the number. 0, -EINVAL or -ERANGE; *result untouched on error. (Linux: kstrtoull)
 */
int kstrtoull(const char *s, unsigned int base, unsigned long long *result);

/*
 * Read a size such as 64, 64K, 64M, 2G, 0x1000. *end is set behind the last character
 * used, or to `s` when there is no number. Too large becomes ULLONG_MAX. (Linux: memparse)
 */
unsigned long long memparse(const char *s, const char **end);
