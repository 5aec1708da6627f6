/* SPDX-License-Identifier: MIT */
/*
 * fdt_read.h - cells and lists of addresses: what the two readers of the tree's meaning share.
 *
 * Addresses in the tree are lists of 32-bit cells; the *parent's* #address-cells and
 * #size-cells say how many make an address and a size.
 *
 *	two cells of address, one of size: < 0x0 0x3b400000  0x40000000 >
 *					     address	     size
 */
#pragma once

#include <lib/firmware/bytes.h>
#include <lib/firmware/fdt.h>
#include <lib/printk.h>

/* Of one level of the tree: cells in an address and in a size, 1 or 2 each. */
struct cells {
	unsigned int address, size;
};

/* A list of (address, size) that is being read. */
struct reg_list {
	const uint8_t *at;
	size_t length; /* bytes left */
	struct cells cells;
};

static inline uint64_t read_cells(const uint8_t *p, unsigned int cells)
{
	return cells == 2 ? be64_at(p) : be32_at(p);
}

static inline size_t entry_bytes(struct cells cells)
{
	return 4 * (cells.address + cells.size);
}

static inline bool cells_ok(struct cells cells)
{
	return cells.address >= 1 && cells.address <= 2 && cells.size >= 1 && cells.size <= 2;
}

/* The cells that `node` gives its children; the specification's 2 and 1 where it is silent. */
static inline struct cells node_cells(const struct fdt *fdt, size_t node)
{
	return (struct cells){fdt_node_u32(fdt, node, "#address-cells", 2),
			      fdt_node_u32(fdt, node, "#size-cells", 1)};
}

/* The next entry; false when less than a whole one is left. */
static inline bool next_reg(struct reg_list *list, phys_addr_t *start, phys_addr_t *size)
{
	size_t bytes = entry_bytes(list->cells);

	if (list->length < bytes)
		return false;
	*start = read_cells(list->at, list->cells.address);
	*size = read_cells(list->at + 4 * list->cells.address, list->cells.size);
	list->at += bytes;
	list->length -= bytes;
	return true;
}

/* One node cannot be used: say so, count it, go on. */
static inline void drop_node(const struct fdt *fdt, size_t node, struct boot_info *info,
			     const char *why)
{
	boot_info_complain(info, "device tree: %s: %s, ignored", fdt_node_name(fdt, node), why);
	info->dropped++;
}

/* The serial ports that have a name, and the one that /chosen wants; what the board is. (fdt_device.c) */
void fdt_read_devices(const struct fdt *fdt, struct boot_info *info);

/* Entry `index` of reg of the node at the end of a path, as the CPU sees it. (fdt_device.c) */
bool fdt_path_reg(const struct fdt *fdt, const size_t *path, unsigned int depth, unsigned int index,
		  phys_addr_t *address, phys_addr_t *size);

/* Interrupt controller, PCI, distances of nodes; after boot_nodes_settle(). (fdt_machine.c) */
void fdt_read_machine(const struct fdt *fdt, struct boot_info *info);
