/* SPDX-License-Identifier: MIT */
/*
 * fdt_tree.h - a device tree for a test: written, read into `info`, and compared.
 *
 *	tree_begin(2, 1);
 *	tree_memory("memory@0", NULL);
 *	fdt_build_cells("reg", 3, 0, 0x40000000, 0x10000000);
 *	fdt_build_end_node();
 *	ASSERT_TEST(tree_finish() == 0);
 *	EXPECT_RANGE(0, 0x40000000, 0x50000000);
 */
#pragma once

#include <lib/firmware/fdt.h>
#include <lib/ktest.h>
#include "fdt_builder.h"
#include "firmware_test.h"

static struct fdt fdt;

static inline int tree_read(const uint8_t *blob, size_t size)
{
	int error;

	begin();
	error = fdt_open(&fdt, blob, size);
	if (!error)
		fdt_read_boot_info(&fdt, &info);
	end();
	return error;
}

/* A root with its cells; the test adds nodes and calls tree_finish(). */
static inline void tree_begin(unsigned int address_cells, unsigned int size_cells)
{
	fdt_build_begin();
	fdt_build_node("");
	fdt_build_cells("#address-cells", 1, address_cells);
	fdt_build_cells("#size-cells", 1, size_cells);
}

static inline int tree_finish(void)
{
	size_t size;
	uint8_t *blob;

	fdt_build_end_node();
	blob = fdt_build_finish(&size);
	return tree_read(blob, size);
}

/* These two leave their node open, for more properties. */
static inline void tree_memory(const char *name, const char *status)
{
	fdt_build_node(name);
	fdt_build_string("device_type", "memory");
	if (status)
		fdt_build_string("status", status);
}

static inline void tree_cpu(const char *name, uint32_t reg, const char *status, const char *method)
{
	fdt_build_node(name);
	fdt_build_string("device_type", "cpu");
	fdt_build_cells("reg", 2, 0, reg);
	if (status)
		fdt_build_string("status", status);
	if (method)
		fdt_build_string("enable-method", method);
}

#define EXPECT_RANGE(i, start_, end_)                                                              \
	do {                                                                                       \
		EXPECT_EQ(info.map[i].start, start_);                                              \
		EXPECT_EQ(info.map[i].end, end_);                                                  \
		EXPECT_EQ(info.map[i].type, MEMORY_USABLE);                                        \
	} while (0)

#define EXPECT_RESERVED(i, start_, end_)                                                           \
	do {                                                                                       \
		EXPECT_EQ(info.reserved[i].start, start_);                                         \
		EXPECT_EQ(info.reserved[i].end, end_);                                             \
	} while (0)
