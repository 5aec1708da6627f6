/* SPDX-License-Identifier: MIT */
/*
 * fdt_builder.c - the smallest device tree compiler that tests can do with.
 *
 * PICTURE	header | /memreserve/ | structure ... | strings ... |<- the array's end
 */
#include "fdt_builder.h"

#include <stdarg.h>

#include <lib/check.h>
#include <lib/string.h>

#define HEADER_SIZE 40

static uint8_t structure[8192], strings[1024], reserve[256], blob[16384];
static size_t structure_size, strings_size, reserve_size;
static uint8_t *finished;

static void put32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void put64(uint8_t *at, uint64_t value)
{
	put32(at, (uint32_t)(value >> 32));
	put32(at + 4, (uint32_t)value);
}

void fdt_build_begin(void)
{
	structure_size = 0;
	strings_size = 0;
	reserve_size = 0;
}

void fdt_build_reserve(uint64_t start, uint64_t size)
{
	CHECK(reserve_size + 32 <= sizeof(reserve));
	put64(reserve + reserve_size, start);
	put64(reserve + reserve_size + 8, size);
	reserve_size += 16;
}

void fdt_build_token(uint32_t token)
{
	CHECK(structure_size + 4 <= sizeof(structure));
	put32(structure + structure_size, token);
	structure_size += 4;
}

static void structure_bytes(const void *bytes, size_t length)
{
	size_t padded = ALIGN_UP(length, 4);

	CHECK(structure_size + padded <= sizeof(structure));
	memset(structure + structure_size, 0, padded);
	memcpy(structure + structure_size, bytes, length);
	structure_size += padded;
}

void fdt_build_node(const char *name)
{
	fdt_build_token(1);
	structure_bytes(name, strlen(name) + 1);
}

void fdt_build_end_node(void)
{
	fdt_build_token(2);
}

/* Offset of the name among the strings; the same name is kept once. */
static uint32_t string_offset(const char *name)
{
	size_t length = strlen(name) + 1, at = 0;

	for (; at < strings_size; at += strlen((const char *)strings + at) + 1)
		if (strcmp((const char *)strings + at, name) == 0)
			return (uint32_t)at;
	CHECK(strings_size + length <= sizeof(strings));
	memcpy(strings + strings_size, name, length);
	strings_size += length;
	return (uint32_t)at;
}

void fdt_build_bytes(const char *name, const void *value, size_t length)
{
	fdt_build_token(3);
	fdt_build_token((uint32_t)length);
	fdt_build_token(string_offset(name));
	structure_bytes(value, length);
}

void fdt_build_string(const char *name, const char *value)
{
	fdt_build_bytes(name, value, strlen(value) + 1);
}

void fdt_build_cells(const char *name, unsigned int nr, ...)
{
	uint8_t cells[64 * 4];
	va_list args;

	CHECK(nr <= 64);
	va_start(args, nr);
	for (unsigned int i = 0; i < nr; i++)
		put32(cells + 4 * i, va_arg(args, unsigned int));
	va_end(args);
	fdt_build_bytes(name, cells, 4 * nr);
}

void fdt_build_header(enum fdt_build_field field, uint32_t value)
{
	put32(finished + 4 * field, value);
}

uint32_t fdt_build_get(enum fdt_build_field field)
{
	const uint8_t *at = finished + 4 * field;

	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

uint8_t *fdt_build_finish(size_t *size)
{
	size_t structure_offset, strings_offset;

	fdt_build_token(9);
	memset(reserve + reserve_size, 0, 16);
	structure_offset = HEADER_SIZE + reserve_size + 16;
	strings_offset = structure_offset + structure_size;
	*size = strings_offset + strings_size;
	CHECK(*size <= sizeof(blob));

	finished = blob + sizeof(blob) - *size;
	memset(finished, 0, HEADER_SIZE);
	memcpy(finished + HEADER_SIZE, reserve, reserve_size + 16);
	memcpy(finished + structure_offset, structure, structure_size);
	memcpy(finished + strings_offset, strings, strings_size);
	fdt_build_header(HEADER_MAGIC, 0xd00dfeed);
	fdt_build_header(HEADER_TOTALSIZE, (uint32_t)*size);
	fdt_build_header(HEADER_OFF_STRUCT, (uint32_t)structure_offset);
	fdt_build_header(HEADER_OFF_STRINGS, (uint32_t)strings_offset);
	fdt_build_header(HEADER_OFF_RESERVE, HEADER_SIZE);
	fdt_build_header(HEADER_VERSION, 17);
	fdt_build_header(HEADER_LAST_VERSION, 16);
	fdt_build_header(HEADER_SIZE_STRINGS, (uint32_t)strings_size);
	fdt_build_header(HEADER_SIZE_STRUCT, (uint32_t)structure_size);
	return finished;
}
