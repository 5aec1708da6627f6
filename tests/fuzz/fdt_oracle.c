/* SPDX-License-Identifier: MIT */
/*
 * fdt_oracle.c - questions to libfdt.
 */
#include "fdt_oracle.h"

#include <libfdt.h>
#include <string.h>

#define HEADER_VERSION 20 /* where it stands */
#define SHORT_NAMES    16 /* since then a node's name is its own alone */

static uint64_t number(const uint8_t *p, unsigned int cells)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < 4 * cells; i++)
		value = value << 8 | p[i];
	return value;
}

bool oracle_survives(const uint8_t *tree, size_t size)
{
	return size >= HEADER_VERSION + 4 && number(tree + HEADER_VERSION, 1) >= SHORT_NAMES;
}

bool oracle_wraps(const uint8_t *tree, size_t size)
{
	for (size_t at = 0; at + 8 <= size; at++)
		if (number(tree + at, 1) == FDT_PROP && number(tree + at + 4, 1) >= 0xffffff00)
			return true;
	return false;
}

bool oracle_accepts(const uint8_t *tree, size_t size)
{
	return fdt_check_full(tree, size) == 0;
}

struct oracle_item oracle_next(const uint8_t *tree, int *offset)
{
	struct oracle_item item = {.kind = ORACLE_END};
	int at, length = 0;
	uint32_t tag;

	do {
		at = *offset;
		tag = fdt_next_tag(tree, at, offset);
	} while (tag == FDT_NOP);
	if (tag == FDT_BEGIN_NODE) {
		item.kind = ORACLE_NODE;
		item.name = fdt_get_name(tree, at, &length);
	} else if (tag == FDT_PROP) {
		item.kind = ORACLE_PROPERTY;
		item.value = fdt_getprop_by_offset(tree, at, &item.name, &length);
		item.length = (size_t)length;
	} else if (tag == FDT_END_NODE) {
		item.kind = ORACLE_END_NODE;
	}
	return item;
}

bool oracle_has_paths(const uint8_t *tree)
{
	int next;

	return fdt_next_tag(tree, 0, &next) == FDT_BEGIN_NODE;
}

static const uint8_t *property(const uint8_t *tree, int node, const char *name, size_t *length)
{
	int signed_length = 0;
	const uint8_t *value = node < 0 ? NULL : fdt_getprop(tree, node, name, &signed_length);

	*length = value ? (size_t)signed_length : 0;
	return value;
}

const uint8_t *oracle_property(const uint8_t *tree, const char *path, const char *name,
			       size_t *length)
{
	return property(tree, fdt_path_offset(tree, path), name, length);
}

static unsigned int cells_of(const uint8_t *tree, int node, const char *name,
			     unsigned int otherwise)
{
	size_t length;
	const uint8_t *value = property(tree, node, name, &length);

	return value && length >= 4 ? (unsigned int)number(value, 1) : otherwise;
}

size_t oracle_memreserve(const uint8_t *tree, struct oracle_range *range, size_t room)
{
	size_t nr = (size_t)fdt_num_mem_rsv(tree);

	for (size_t i = 0; i < nr && i < room; i++)
		fdt_get_mem_rsv(tree, (int)i, &range[i].start, &range[i].size);
	return nr;
}

/* The entries of a list, behind the nr that are there. -1: its length is wrong. */
static bool add_list(const uint8_t *list, size_t length, const unsigned int cells[2],
		     struct oracle_range *range, size_t room, size_t *nr)
{
	size_t step = 4 * (cells[0] + cells[1]);

	for (; length >= step; list += step, length -= step) {
		if (*nr < room)
			range[*nr] = (struct oracle_range){number(list, cells[0]),
							   number(list + 4 * cells[0], cells[1])};
		++*nr;
	}
	return length == 0;
}

static bool is_enabled(const uint8_t *tree, int node)
{
	size_t length;
	const char *status = (const char *)property(tree, node, "status", &length);

	return !status || fdt_stringlist_contains(status, (int)length, "okay") ||
	       fdt_stringlist_contains(status, (int)length, "ok");
}

/* By device_type; by name only where there is no such text. */
static bool is_memory(const uint8_t *tree, int node)
{
	size_t length;
	const char *type = (const char *)property(tree, node, "device_type", &length);
	const char *name = fdt_get_name(tree, node, NULL);

	if (type && memchr(type, 0, length))
		return strcmp(type, "memory") == 0;
	return strcmp(name, "memory") == 0 || strncmp(name, "memory@", 7) == 0;
}

static bool read_cells_of(const uint8_t *tree, int node, unsigned int cells[2])
{
	cells[0] = cells_of(tree, node, "#address-cells", 2);
	cells[1] = cells_of(tree, node, "#size-cells", 1);
	return cells[0] - 1 < 2 && cells[1] - 1 < 2;
}

size_t oracle_memory(const uint8_t *tree, struct oracle_range *range, size_t room)
{
	unsigned int cells[2];
	size_t nr = 0, length;
	int node;

	if (!read_cells_of(tree, 0, cells))
		return 0;
	fdt_for_each_subnode(node, tree, 0)
	{
		const uint8_t *list = property(tree, node, "linux,usable-memory", &length);

		if (!is_memory(tree, node) || !is_enabled(tree, node))
			continue;
		if (!list)
			list = property(tree, node, "reg", &length);
		if (list)
			add_list(list, length, cells, range, room, &nr);
	}
	return nr;
}

size_t oracle_reserved_memory(const uint8_t *tree, struct oracle_range *range, size_t room)
{
	int parent = fdt_path_offset(tree, "/reserved-memory"), node;
	unsigned int cells[2];
	size_t nr = 0, length;

	if (parent < 0 || !read_cells_of(tree, parent, cells))
		return 0;
	fdt_for_each_subnode(node, tree, parent)
	{
		const uint8_t *list = property(tree, node, "reg", &length);
		size_t before = nr;

		if (list && is_enabled(tree, node) &&
		    !add_list(list, length, cells, range, room, &nr))
			nr = before;
	}
	return nr;
}
