/* SPDX-License-Identifier: MIT */
/*
 * fdt_builder.h - write small device trees, good ones and such as no compiler would write.
 *
 *	fdt_build_begin();
 *	fdt_build_node("");
 *	fdt_build_cells("#address-cells", 1, 2);
 *	fdt_build_end_node();
 *	blob = fdt_build_finish(&size);
 *
 * The blob ends where its array ends, so that under AddressSanitizer one byte
 * too far is seen. Header fields may be changed afterwards through fdt_build_header().
 */
#pragma once

#include <lib/types.h>

enum fdt_build_field {
	HEADER_MAGIC,
	HEADER_TOTALSIZE,
	HEADER_OFF_STRUCT,
	HEADER_OFF_STRINGS,
	HEADER_OFF_RESERVE,
	HEADER_VERSION,
	HEADER_LAST_VERSION,
	HEADER_BOOT_CPU,
	HEADER_SIZE_STRINGS,
	HEADER_SIZE_STRUCT,
};

void fdt_build_begin(void);
void fdt_build_reserve(uint64_t start, uint64_t size); /* before the first node */
void fdt_build_node(const char *name);
void fdt_build_end_node(void);
void fdt_build_bytes(const char *name, const void *value, size_t length);
void fdt_build_string(const char *name, const char *value);
void fdt_build_cells(const char *name, unsigned int nr, ...); /* nr cells of 32 bits */
void fdt_build_token(uint32_t token);			      /* as it is, wherever it stands */

/* The end token, the strings and the header. Returns the blob. */
uint8_t *fdt_build_finish(size_t *size);

/* The last blob's header. */
uint32_t fdt_build_get(enum fdt_build_field field);
void fdt_build_header(enum fdt_build_field field, uint32_t value);
