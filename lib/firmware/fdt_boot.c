/* SPDX-License-Identifier: MIT */
/*
 * fdt_boot.c - what a device tree says about memory, console and CPUs.
 *
 * THE IDEA
 *	Addresses in the tree are lists of 32-bit cells; the *parent's*
 *	#address-cells and #size-cells say how many make an address and a size.
 *	Below a bus an address is the bus's own, and each bus on the way up
 *	translates it by its `ranges`.
 *
 *	Memory that is described wrongly is not used. A reservation that is
 *	described wrongly is still a wish not to be written to: it is read by the root's
 *	cells, and a message says so.
 *
 * PICTURE	two cells of address, one of size: < 0x0 0x3b400000  0x40000000 >
 *						      address		size
 *
 * FLOOR	lib; pure.
 * LINUX	drivers/of/fdt.c (early_init_dt_scan_memory, ..._chosen),
 *	drivers/of/of_reserved_mem.c. Linux ignores a /reserved-memory whose cells
 *	are wrong; we reserve.
 */
#include <lib/firmware/fdt.h>

#include <lib/errno.h>
#include <lib/firmware/bytes.h>
#include <lib/printk.h>
#include <lib/string.h>

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

static uint64_t read_cells(const uint8_t *p, unsigned int cells)
{
	return cells == 2 ? be64_at(p) : be32_at(p);
}

static size_t entry_bytes(struct cells cells)
{
	return 4 * (cells.address + cells.size);
}

static bool cells_ok(struct cells cells)
{
	return cells.address >= 1 && cells.address <= 2 && cells.size >= 1 && cells.size <= 2;
}

/* The cells that `node` gives its children; the specification's 2 and 1 where it is silent. */
static struct cells node_cells(const struct fdt *fdt, size_t node)
{
	return (struct cells){fdt_node_u32(fdt, node, "#address-cells", 2),
			      fdt_node_u32(fdt, node, "#size-cells", 1)};
}

static bool next_reg(struct reg_list *list, phys_addr_t *start, phys_addr_t *size)
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
static void drop_node(const struct fdt *fdt, size_t node, struct boot_info *info, const char *why)
{
	pr_warn("device tree: %s: %s, ignored", fdt_node_name(fdt, node), why);
	info->dropped++;
}

/* Is this child of the root memory? By device_type, or by name where there is none. */
static bool is_memory_node(const struct fdt *fdt, size_t node)
{
	const char *type = fdt_node_string(fdt, node, "device_type");
	const char *name = fdt_node_name(fdt, node);

	if (type)
		return strcmp(type, "memory") == 0;
	return strcmp(name, "memory") == 0 || strncmp(name, "memory@", 7) == 0;
}

static void read_memory_node(const struct fdt *fdt, size_t node, struct cells cells,
			     struct boot_info *info)
{
	struct reg_list list = {.cells = cells};
	phys_addr_t start, size;

	/* With linux,usable-memory the firmware narrows what reg says (a crash kernel's share). */
	list.at = fdt_node_property(fdt, node, "linux,usable-memory", &list.length);
	if (!list.at)
		list.at = fdt_node_property(fdt, node, "reg", &list.length);
	if (!list.at) {
		drop_node(fdt, node, info, "memory without reg");
		return;
	}
	if (!cells_ok(cells)) {
		drop_node(fdt, node, info, "the root's cells are not 1 or 2");
		return;
	}
	while (next_reg(&list, &start, &size))
		boot_info_add_range(info, start, size, MEMORY_USABLE, SOURCE_FDT, 0);
	if (list.length)
		drop_node(fdt, node, info, "the last entry of reg is incomplete");
}

static void read_memory(const struct fdt *fdt, struct boot_info *info)
{
	size_t root = fdt_root(fdt), node;
	struct cells cells = node_cells(fdt, root);

	for_each_fdt_child(node, fdt,
			   root) if (is_memory_node(fdt, node) && fdt_node_available(fdt, node))
		read_memory_node(fdt, node, cells, info);
}

static void read_memreserve(const struct fdt *fdt, struct boot_info *info)
{
	for (size_t i = 0; i < fdt->nr_reserve; i++) {
		phys_addr_t start, size;

		fdt_reserve_entry(fdt, i, &start, &size);
		boot_info_reserve(info, start, size, SOURCE_MEMRESERVE, false, "memreserve");
	}
}

/* Which cells a reservation's reg was most likely written with. */
static bool choose_cells(struct reg_list *list, struct cells own, struct cells root)
{
	if (cells_ok(own) && list->length % entry_bytes(own) == 0) {
		list->cells = own;
		return true;
	}
	list->cells = root;
	return cells_ok(root) && list->length >= entry_bytes(root);
}

static void read_reservation(const struct fdt *fdt, size_t node, struct cells own,
			     struct boot_info *info)
{
	struct cells root = node_cells(fdt, fdt_root(fdt));
	struct reg_list list;
	phys_addr_t start, size;
	bool no_map;

	list.at = fdt_node_property(fdt, node, "reg", &list.length);
	if (!list.at) /* to be placed by the kernel (size, alloc-ranges): nothing is taken yet */
		return;
	if (!choose_cells(&list, own, root)) {
		drop_node(fdt, node, info, "nobody can tell what it reserves");
		return;
	}
	if (list.cells.address != own.address || list.cells.size != own.size)
		pr_warn("device tree: %s: wrong cells, reserved by the root's",
			fdt_node_name(fdt, node));
	no_map = fdt_node_property(fdt, node, "no-map", &(size_t){0}) != NULL;
	while (next_reg(&list, &start, &size))
		boot_info_reserve(info, start, size, SOURCE_RESERVED_MEMORY, no_map,
				  fdt_node_name(fdt, node));
	if (list.length)
		drop_node(fdt, node, info, "the last entry of reg is incomplete");
}

static void read_reserved_memory(const struct fdt *fdt, struct boot_info *info)
{
	size_t parent = fdt_find_node(fdt, "/reserved-memory"), node, length;
	struct cells own = node_cells(fdt, parent);

	if (parent == 0)
		return;
	if (!fdt_node_property(fdt, parent, "ranges", &length))
		pr_warn("device tree: /reserved-memory has no ranges, its addresses are taken as "
			"they are");
	for_each_fdt_child(node, fdt, parent) if (fdt_node_available(fdt, node))
		read_reservation(fdt, node, own, info);
}

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

/* The physical address of the first register of the node at the end of a path. */
static bool path_address(const struct fdt *fdt, const size_t *path, unsigned int depth,
			 phys_addr_t *address)
{
	struct reg_list list;
	phys_addr_t size;

	if (depth < 2)
		return false;
	list.cells = node_cells(fdt, path[depth - 2]);
	list.at = fdt_node_property(fdt, path[depth - 1], "reg", &list.length);
	if (!list.at || !cells_ok(list.cells) || !next_reg(&list, address, &size))
		return false;
	for (unsigned int bus = depth - 2; bus > 0; bus--)
		if (!translate_once(fdt, path[bus - 1], path[bus], address))
			return false;
	return true;
}

/* Fills the kind and the shape of the registers; false when we have no driver for it. */
static bool uart_of_node(const struct fdt *fdt, size_t node, struct boot_uart *uart)
{
	if (fdt_node_has_string(fdt, node, "compatible", "arm,pl011")) {
		*uart = (struct boot_uart){.type = UART_PL011, .reg_shift = 2, .reg_width = 4};
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

/* stdout-path is "PATH[:options]", and PATH may be a name in /aliases. */
static unsigned int stdout_path(const struct fdt *fdt, size_t chosen, size_t path[FDT_MAX_DEPTH])
{
	const char *value = fdt_node_string(fdt, chosen, "stdout-path");
	char alias[32];
	size_t length;

	if (!value)
		value = fdt_node_string(fdt, chosen, "linux,stdout-path");
	if (!value)
		return 0;
	length = strchr(value, ':') ? (size_t)(strchr(value, ':') - value) : strlen(value);
	if (value[0] != '/') {
		if (length >= sizeof(alias))
			return 0;
		memcpy(alias, value, length);
		alias[length] = '\0';
		value = fdt_node_string(fdt, fdt_find_node(fdt, "/aliases"), alias);
		if (!value)
			return 0;
		length = strlen(value);
	}
	return fdt_find_path(fdt, value, length, path);
}

static void read_stdout(const struct fdt *fdt, size_t chosen, struct boot_info *info)
{
	size_t path[FDT_MAX_DEPTH];
	unsigned int depth = stdout_path(fdt, chosen, path);
	struct boot_uart uart;

	if (depth == 0 || !uart_of_node(fdt, path[depth - 1], &uart))
		return;
	if (!path_address(fdt, path, depth, &uart.base)) {
		drop_node(fdt, path[depth - 1], info, "the console's address cannot be read");
		return;
	}
	uart.base += fdt_node_u32(fdt, path[depth - 1], "reg-offset", 0);
	uart.source = SOURCE_FDT;
	info->uart = uart;
}

/* A property of one or two cells. */
static bool read_address(const struct fdt *fdt, size_t node, const char *name, phys_addr_t *address)
{
	size_t length;
	const uint8_t *value = fdt_node_property(fdt, node, name, &length);

	if (!value || (length != 4 && length != 8))
		return false;
	*address = read_cells(value, length / 4);
	return true;
}

static void read_initrd(const struct fdt *fdt, size_t chosen, struct boot_info *info)
{
	phys_addr_t start, end;

	if (!read_address(fdt, chosen, "linux,initrd-start", &start) ||
	    !read_address(fdt, chosen, "linux,initrd-end", &end))
		return;
	if (start >= end) {
		drop_node(fdt, chosen, info, "the initrd ends before it starts");
		return;
	}
	info->initrd_start = start;
	info->initrd_end = end;
}

static void read_chosen(const struct fdt *fdt, struct boot_info *info)
{
	size_t chosen = fdt_find_node(fdt, "/chosen"), length;
	const char *arguments;

	if (chosen == 0)
		return;
	arguments = (const char *)fdt_node_property(fdt, chosen, "bootargs", &length);
	if (arguments) {
		size_t kept = min(strnlen(arguments, length), sizeof(info->command_line) - 1);

		if (kept == sizeof(info->command_line) - 1 && kept < length)
			pr_warn("device tree: the command line is cut at %zu bytes", kept);
		memcpy(info->command_line, arguments, kept);
		info->command_line[kept] = '\0';
	}
	read_initrd(fdt, chosen, info);
	read_stdout(fdt, chosen, info);
}

static enum boot_cpu_method cpu_method(const struct fdt *fdt, size_t cpus, size_t node)
{
	const char *method = fdt_node_string(fdt, node, "enable-method");

	if (!method)
		method = fdt_node_string(fdt, cpus, "enable-method");
	if (!method)
		return CPU_METHOD_NONE;
	if (strcmp(method, "psci") == 0)
		return CPU_METHOD_PSCI;
	return strcmp(method, "spin-table") == 0 ? CPU_METHOD_SPIN_TABLE : CPU_METHOD_NONE;
}

static void read_cpu(const struct fdt *fdt, size_t cpus, size_t node, struct boot_info *info)
{
	unsigned int cells = fdt_node_u32(fdt, cpus, "#address-cells", 2);
	struct boot_cpu cpu = {.enabled = fdt_node_available(fdt, node)};
	size_t length;
	const uint8_t *reg = fdt_node_property(fdt, node, "reg", &length);

	if (!reg || cells < 1 || cells > 2 || length < 4 * cells) {
		drop_node(fdt, node, info, "a CPU whose reg cannot be read");
		return;
	}
	cpu.hardware_id = read_cells(reg, cells);
	cpu.method = cpu_method(fdt, cpus, node);
	read_address(fdt, node, "cpu-release-addr", &cpu.release_pa);
	boot_info_add_cpu(info, &cpu);
}

static bool is_cpu_node(const struct fdt *fdt, size_t node)
{
	const char *type = fdt_node_string(fdt, node, "device_type");
	const char *name = fdt_node_name(fdt, node);

	if (type)
		return strcmp(type, "cpu") == 0;
	return strcmp(name, "cpu") == 0 || strncmp(name, "cpu@", 4) == 0;
}

static void read_cpus(const struct fdt *fdt, struct boot_info *info)
{
	size_t cpus = fdt_find_node(fdt, "/cpus"), node;

	for_each_fdt_child(node, fdt, cpus)
	{
		const char *status = fdt_node_string(fdt, node, "status");

		if (is_cpu_node(fdt, node) && !(status && strncmp(status, "fail", 4) == 0))
			read_cpu(fdt, cpus, node, info);
	}
}

static void read_psci(const struct fdt *fdt, struct boot_info *info)
{
	size_t node = fdt_find_node(fdt, "/psci");
	const char *method = fdt_node_string(fdt, node, "method");

	if (!method || !fdt_node_available(fdt, node))
		return;
	if (strcmp(method, "hvc") == 0)
		info->psci = PSCI_HVC;
	else if (strcmp(method, "smc") == 0)
		info->psci = PSCI_SMC;
	else
		drop_node(fdt, node, info, "the method is neither hvc nor smc");
}

void fdt_read_boot_info(const struct fdt *fdt, struct boot_info *info)
{
	read_memreserve(fdt, info);
	read_reserved_memory(fdt, info);
	read_memory(fdt, info);
	read_chosen(fdt, info);
	read_cpus(fdt, info);
	read_psci(fdt, info);
}
