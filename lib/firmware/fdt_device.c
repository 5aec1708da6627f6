/* SPDX-License-Identifier: MIT */
/*
 * fdt_device.c - where a device tree's devices are: serial ports, and what makes the board.
 *
 * THE IDEA
 *	Below a bus an address is the bus's own, and each bus on the way up
 *	translates it by its `ranges`. What a device on the bus may reach in memory
 *	is said by `dma-ranges`, and whether it sees the CPU's caches by `dma-coherent`.
 *
 * PICTURE	a Raspberry Pi 4
 *
 *	/soc	ranges     = < 0x7e000000   0x0 0xfe000000   0x1800000 >
 *			       on the bus   for the CPU      size
 *	   serial@7e201000	reg 0x7e201000 -> 0xfe201000
 *
 *	/soc	dma-ranges = < 0xc0000000   0x0 0x0          0x40000000 >
 *				a device there reaches the first GiB, and calls it 0xc0000000
 *
 * FLOOR	lib; pure.
 * LINUX	drivers/of/address.c: of_translate_address(), of_dma_get_max_cpu_address().
 */
#include <lib/firmware/fdt.h>

#include <lib/printf.h>
#include <lib/string.h>

#include "fdt_read.h"

#define DMA_END_ALIGN (4 * MiB)	 /* a zone ends with a block of the largest order */
#define DMA_END_LEAST (16 * MiB) /* no bus of this century reaches less */

/* Through one bus: where in the parent's addresses does `address` of the bus lie? */
static bool translate_once(const struct fdt *fdt, size_t parent, size_t bus, phys_addr_t *address)
{
	struct cells outer = node_cells(fdt, parent), inner = node_cells(fdt, bus);
	size_t length, bytes;
	const uint8_t *at = fdt_node_property(fdt, bus, "ranges", &length);

	if (!at || !cells_ok(outer) || !cells_ok(inner))
		return false;
	if (length == 0) /* the same addresses on both sides */
		return true;
	bytes = 4 * (inner.address + outer.address + inner.size);
	for (; length >= bytes; at += bytes, length -= bytes) {
		phys_addr_t child = read_cells(at, inner.address);
		phys_addr_t size = read_cells(at + 4 * (inner.address + outer.address), inner.size);

		if (*address >= child && *address - child < size) {
			*address += read_cells(at + 4 * inner.address, outer.address) - child;
			return true;
		}
	}
	return false;
}

bool fdt_path_reg(const struct fdt *fdt, const size_t *path, unsigned int depth, unsigned int index,
		  phys_addr_t *address, phys_addr_t *size)
{
	struct reg_list list;

	if (depth < 2)
		return false;
	list.cells = node_cells(fdt, path[depth - 2]);
	list.at = fdt_node_property(fdt, path[depth - 1], "reg", &list.length);
	if (!list.at || !cells_ok(list.cells))
		return false;
	do {
		if (!next_reg(&list, address, size))
			return false;
	} while (index-- > 0);
	for (unsigned int bus = depth - 2; bus > 0; bus--)
		if (!translate_once(fdt, path[bus - 1], path[bus], address))
			return false;
	return true;
}

/* The physical address of the first register of the node at the end of a path. */
static bool path_address(const struct fdt *fdt, const size_t *path, unsigned int depth,
			 phys_addr_t *address)
{
	return fdt_path_reg(fdt, path, depth, 0, address, &(phys_addr_t){0});
}

/* Fills the kind and the shape of the registers; false when we have no driver for it. */
static bool uart_of_node(const struct fdt *fdt, size_t node, struct boot_uart *uart)
{
	if (fdt_node_has_string(fdt, node, "compatible", "arm,pl011")) {
		*uart = (struct boot_uart){.type = UART_PL011, .reg_shift = 2, .reg_width = 4};
		return true;
	}
	if (fdt_node_has_string(fdt, node, "compatible", "brcm,bcm2835-aux-uart")) {
		*uart = (struct boot_uart){.type = UART_MINI, .reg_shift = 2, .reg_width = 4};
		return true;
	}
	if (!fdt_node_has_string(fdt, node, "compatible", "ns16550a") &&
	    !fdt_node_has_string(fdt, node, "compatible", "ns16550") &&
	    !fdt_node_has_string(fdt, node, "compatible", "snps,dw-apb-uart"))
		return false;
	*uart = (struct boot_uart){.type = UART_16550};
	uart->reg_shift = fdt_node_u32(fdt, node, "reg-shift", 0);
	uart->reg_width = fdt_node_u32(fdt, node, "reg-io-width", 1);
	return uart->reg_shift <= 4 &&
	       (uart->reg_width == 1 || uart->reg_width == 2 || uart->reg_width == 4);
}

/* The path that the name of `length` bytes stands for in /aliases. */
static unsigned int alias_path(const struct fdt *fdt, const char *name, size_t length,
			       size_t path[FDT_MAX_DEPTH])
{
	char alias[32];
	const char *value;

	if (length >= sizeof(alias))
		return 0;
	memcpy(alias, name, length);
	alias[length] = '\0';
	value = fdt_node_string(fdt, fdt_find_node(fdt, "/aliases"), alias);
	return value ? fdt_find_path(fdt, value, strlen(value), path) : 0;
}

/* The serial port at the end of a path into `uart`; false when it is off, unknown to us or nowhere. */
static bool read_uart(const struct fdt *fdt, const size_t *path, unsigned int depth,
		      struct boot_uart *uart, struct boot_info *info)
{
	struct boot_uart found;
	size_t node;

	if (depth == 0)
		return false;
	node = path[depth - 1];
	if (!fdt_node_available(fdt, node) || !uart_of_node(fdt, node, &found))
		return false;
	if (!path_address(fdt, path, depth, &found.base)) {
		drop_node(fdt, node, info, "the serial port's address cannot be read");
		return false;
	}
	found.base += fdt_node_u32(fdt, node, "reg-offset", 0);
	found.source = SOURCE_FDT;
	*uart = found;
	return true;
}

static void read_ports(const struct fdt *fdt, struct boot_info *info)
{
	for (unsigned int i = 0; i < BOOT_MAX_PORTS; i++) {
		size_t path[FDT_MAX_DEPTH];
		char alias[16];
		int length = scnprintf(alias, sizeof(alias), "serial%u", i);

		read_uart(fdt, path, alias_path(fdt, alias, (size_t)length, path), &info->port[i],
			  info);
	}
}

/* stdout-path is "PATH[:options]", and PATH may be a name in /aliases. Without one the first port serves. */
static void read_stdout(const struct fdt *fdt, struct boot_info *info)
{
	size_t chosen = fdt_find_node(fdt, "/chosen"), path[FDT_MAX_DEPTH], length;
	const char *value = fdt_node_string(fdt, chosen, "stdout-path");
	unsigned int depth;

	if (!value)
		value = fdt_node_string(fdt, chosen, "linux,stdout-path");
	if (!value) {
		for (unsigned int i = 0; i < BOOT_MAX_PORTS && info->uart.type == UART_NONE; i++)
			info->uart = info->port[i];
		return;
	}
	length = strchr(value, ':') ? (size_t)(strchr(value, ':') - value) : strlen(value);
	if (value[0] == '/')
		depth = fdt_find_path(fdt, value, length, path);
	else
		depth = alias_path(fdt, value, length, path);
	read_uart(fdt, path, depth, &info->uart, info);
}

/* The first child of `parent`, the last node on path, that is `compatible`; it is appended. */
static bool find_child(const struct fdt *fdt, const char *compatible, size_t *path,
		       unsigned int depth)
{
	size_t node;

	for_each_fdt_child(node, fdt, path[depth - 1])
	{
		path[depth] = node;
		if (fdt_node_has_string(fdt, node, "compatible", compatible) &&
		    fdt_node_available(fdt, node))
			return true;
	}
	return false;
}

/* The registers of the first device of that kind on a bus right below the root; 0 when there is none. */
static phys_addr_t device_address(const struct fdt *fdt, const char *compatible)
{
	size_t path[3] = {fdt_root(fdt)};
	phys_addr_t address;

	for_each_fdt_child(path[1], fdt,
			   path[0]) if (find_child(fdt, compatible, path, 2) &&
					path_address(fdt, path, 3, &address)) return address;
	return 0;
}

/* The same for a device right below the root. */
static phys_addr_t root_device_address(const struct fdt *fdt, const char *compatible)
{
	size_t path[2] = {fdt_root(fdt)};
	phys_addr_t address;

	if (find_child(fdt, compatible, path, 1) && path_address(fdt, path, 2, &address))
		return address;
	return 0;
}

/* One past the last address of memory that devices on `bus` reach; 0 when it does not say. */
static phys_addr_t bus_reach(const struct fdt *fdt, size_t bus)
{
	struct cells outer = node_cells(fdt, fdt_root(fdt)), inner = node_cells(fdt, bus);
	size_t length, bytes;
	const uint8_t *at = fdt_node_property(fdt, bus, "dma-ranges", &length);
	phys_addr_t reach = 0;

	if (!at || !cells_ok(outer) || !cells_ok(inner))
		return 0;
	bytes = 4 * (inner.address + outer.address + inner.size);
	for (; length >= bytes; at += bytes, length -= bytes) {
		phys_addr_t start = read_cells(at + 4 * inner.address, outer.address);
		phys_addr_t size = read_cells(at + 4 * (inner.address + outer.address), inner.size);

		if (start + size >= start)
			reach = max(reach, start + size);
	}
	return reach;
}

/*
 * What every device can reach is what the least of the buses reaches. Caches are snooped when
 * somebody says so, and no bus that speaks of DMA keeps silent about it.
 */
static void read_dma(const struct fdt *fdt, struct boot_board *board)
{
	bool coherent = false, silent = false;
	size_t node, root = fdt_root(fdt), length;

	for_each_fdt_child(node, fdt, root)
	{
		bool says = fdt_node_property(fdt, node, "dma-coherent", &length) != NULL;
		phys_addr_t reach = bus_reach(fdt, node) & ~(DMA_END_ALIGN - 1);

		coherent |= says;
		silent |= !says && reach != 0;
		if (reach >= DMA_END_LEAST && (board->dma_end == 0 || reach < board->dma_end))
			board->dma_end = reach;
	}
	board->dma_coherent = (coherent && !silent) ||
			      fdt_node_property(fdt, root, "dma-coherent", &length);
}

void fdt_read_devices(const struct fdt *fdt, struct boot_info *info)
{
	const char *model = fdt_node_string(fdt, fdt_root(fdt), "model");

	read_ports(fdt, info);
	read_stdout(fdt, info);
	if (model)
		strscpy(info->board.model, model, sizeof(info->board.model));
	info->board.mailbox = device_address(fdt, "brcm,bcm2835-mbox");
	info->board.watchdog = device_address(fdt, "brcm,bcm2835-pm-wdt");
	info->fw_cfg = root_device_address(fdt, "qemu,fw-cfg-mmio");
	read_dma(fdt, &info->board);
}
