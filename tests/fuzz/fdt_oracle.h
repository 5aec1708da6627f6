/* SPDX-License-Identifier: MIT */
/*
 * fdt_oracle.h - what libfdt, the library that everybody else reads device trees with, says of one.
 *
 * Both have calls of the same names, so no file includes both headers.
 */
#pragma once

#include <lib/types.h>

/*
 * May libfdt be asked? Before version 16 a node's name was its whole path; of a root whose name
 * has no slash libfdt 1.6.1 finds no name, and fdt_check_full() reads it all the same, at NULL.
 */
bool oracle_survives(const uint8_t *tree, size_t size);

/*
 * May there be a property whose length is a few bytes less than 2^32? libfdt 1.6.1 adds it up in 32 bits, steps over
 * it as if it were short or not there, or stays where it is for ever. Any eight bytes that look like one count.
 */
bool oracle_wraps(const uint8_t *tree, size_t size);

/* Does fdt_check_full() find nothing wrong? The other calls are for trees that it accepts. */
bool oracle_accepts(const uint8_t *tree, size_t size);

enum oracle_kind { ORACLE_NODE, ORACLE_PROPERTY, ORACLE_END_NODE, ORACLE_END };

struct oracle_item {
	enum oracle_kind kind;
	const char *name;
	const uint8_t *value; /* of a property */
	size_t length;
};

/* The next token; *offset starts at 0. */
struct oracle_item oracle_next(const uint8_t *tree, int *offset);

/* Does the list of tokens begin with the root, so that libfdt can look nodes up? */
bool oracle_has_paths(const uint8_t *tree);

/* The value of a property; NULL when there is none. */
const uint8_t *oracle_property(const uint8_t *tree, const char *path, const char *name,
			       size_t *length);

struct oracle_range {
	uint64_t start, size;
};

/* /memreserve/, all of it; the usable ranges of memory nodes; what /reserved-memory says without mistakes. How many there are. */
size_t oracle_memreserve(const uint8_t *tree, struct oracle_range *range, size_t room);
size_t oracle_memory(const uint8_t *tree, struct oracle_range *range, size_t room);
size_t oracle_reserved_memory(const uint8_t *tree, struct oracle_range *range, size_t room);
