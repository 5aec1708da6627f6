/* SPDX-License-Identifier: MIT */
/*
 * firmware/bytes.h - numbers in firmware's tables, read byte by byte.
 *
 * A table starts where the firmware put it: nothing promises alignment, and the
 * device tree is big-endian on every CPU. The caller has checked the bounds. Any context.
 */
#pragma once

#include <lib/types.h>

static inline uint16_t le16_at(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t le32_at(const uint8_t *p)
{
	return le16_at(p) | (uint32_t)le16_at(p + 2) << 16;
}

static inline uint64_t le64_at(const uint8_t *p)
{
	return le32_at(p) | (uint64_t)le32_at(p + 4) << 32;
}

static inline uint32_t be32_at(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t be64_at(const uint8_t *p)
{
	return (uint64_t)be32_at(p) << 32 | be32_at(p + 4);
}

/* Do `length` bytes from `offset` lie inside `size` bytes? Never wraps. */
static inline bool bytes_fit(size_t size, size_t offset, size_t length)
{
	return offset <= size && length <= size - offset;
}
