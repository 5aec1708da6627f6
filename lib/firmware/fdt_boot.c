/* SPDX-License-Identifier: MIT */
/*
 * fdt_boot.c - what a device tree says about memory, its loader's wishes and CPUs.
 *
 * THE IDEA
 *	Memory that is described wrongly is not used. A reservation that is
 *	described wrongly is still a wish not to be written to: it is read by the root's
 *	cells, and a message says so.
 *
 * FLOOR	lib; pure.
 * LINUX	drivers/of/fdt.c (early_init_dt_scan_memory, ..._chosen),
 *	drivers/of/of_reserved_mem.c. Linux ignores a /reserved-memory whose cells
 *	are wrong; we reserve.
 */
#include <lib/firmware/fdt.h>

#include <lib/printk.h>
#include <lib/string.h>

#include "fdt_read.h"

#define NO_DOMAIN (~0U) /* the node does not say to which NUMA node it belongs */

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
	uint32_t domain = fdt_node_u32(fdt, node, "numa-node-id", NO_DOMAIN);
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
	while (next_reg(&list, &start, &size)) {
		boot_info_add_range(info, start, size, MEMORY_USABLE, SOURCE_FDT, 0);
		if (domain != NO_DOMAIN)
			boot_nodes_add_range(info, start, size, domain);
	}
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

/* Of two reservations of one byte the stricter counts: what one of them forbids to map is not mapped. */
static void say_disputed(const struct fdt *fdt, size_t node, const struct boot_reservation *added,
			 struct boot_info *info)
{
	for (unsigned int i = 0; i < info->nr_reserved; i++) {
		const struct boot_reservation *other = &info->reserved[i];
		phys_addr_t from = max(added->start, other->start);
		phys_addr_t to = min(added->end, other->end);

		if (from < to && added->no_map != other->no_map)
			boot_info_dispute(info, from, to, "%s%s, %s%s: not mapped",
					  fdt_node_name(fdt, node), added->no_map ? " no-map" : "",
					  other->name, other->no_map ? " no-map" : "");
	}
}

/* cells[0] are the parent's, cells[1] the root's: looked up once, or a tree of 2 MiB would take minutes. */
static void read_reservation(const struct fdt *fdt, size_t node, const struct cells cells[2],
			     struct boot_info *info)
{
	struct cells own = cells[0];
	struct reg_list list;
	phys_addr_t start, size;
	bool no_map, wrong;

	list.at = fdt_node_property(fdt, node, "reg", &list.length);
	if (!list.at) /* to be placed by the kernel (size, alloc-ranges): nothing is taken yet */
		return;
	if (!choose_cells(&list, own, cells[1])) {
		drop_node(fdt, node, info, "nobody can tell what it reserves");
		return;
	}
	wrong = list.cells.address != own.address || list.cells.size != own.size;
	no_map = fdt_node_property(fdt, node, "no-map", &(size_t){0}) != NULL;
	while (next_reg(&list, &start, &size)) {
		struct boot_reservation added = {
			.start = start, .end = max(start, start + size), .no_map = no_map};

		if (wrong)
			boot_info_dispute(info, start, added.end,
					  "%s: wrong cells, reserved by the root's",
					  fdt_node_name(fdt, node));
		say_disputed(fdt, node, &added, info);
		boot_info_reserve(info, start, size, SOURCE_RESERVED_MEMORY, no_map,
				  fdt_node_name(fdt, node));
	}
	if (list.length)
		drop_node(fdt, node, info, "the last entry of reg is incomplete");
}

static void read_reserved_memory(const struct fdt *fdt, struct boot_info *info)
{
	size_t parent = fdt_find_node(fdt, "/reserved-memory"), node, length;
	struct cells cells[2] = {node_cells(fdt, parent), node_cells(fdt, fdt_root(fdt))};

	if (parent == 0)
		return;
	if (!fdt_node_property(fdt, parent, "ranges", &length))
		pr_warn("device tree: /reserved-memory has no ranges, its addresses are taken as "
			"they are");
	for_each_fdt_child(node, fdt, parent) if (fdt_node_available(fdt, node))
		read_reservation(fdt, node, cells, info);
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
}

/* What /cpus says for all of them; looked up once, for there may be thousands. */
struct cpus {
	unsigned int address_cells;
	const char *method;
};

static enum boot_cpu_method cpu_method(const struct fdt *fdt, const struct cpus *cpus, size_t node)
{
	const char *method = fdt_node_string(fdt, node, "enable-method");

	if (!method)
		method = cpus->method;
	if (!method)
		return CPU_METHOD_NONE;
	if (strcmp(method, "psci") == 0)
		return CPU_METHOD_PSCI;
	return strcmp(method, "spin-table") == 0 ? CPU_METHOD_SPIN_TABLE : CPU_METHOD_NONE;
}

/* A CPU waits in a loop beside the word that it polls: that page is not ours, whatever /memreserve/ says. */
static void reserve_spin_table(struct boot_info *info, phys_addr_t release_pa)
{
	const phys_addr_t page_size = 0x1000;
	phys_addr_t page = release_pa & ~(page_size - 1);

	for (unsigned int i = 0; i < info->nr_reserved; i++)
		if (info->reserved[i].start <= page && page + page_size <= info->reserved[i].end)
			return;
	boot_info_reserve(info, page, page_size, SOURCE_FDT, false, "spin table");
}

static void read_cpu(const struct fdt *fdt, const struct cpus *cpus, size_t node,
		     struct boot_info *info)
{
	unsigned int cells = cpus->address_cells;
	struct boot_cpu cpu = {.enabled = fdt_node_available(fdt, node), .node = BOOT_NO_NODE};
	uint32_t domain = fdt_node_u32(fdt, node, "numa-node-id", NO_DOMAIN);
	size_t length;
	const uint8_t *reg = fdt_node_property(fdt, node, "reg", &length);

	if (!reg || cells < 1 || cells > 2 || length < 4 * cells) {
		drop_node(fdt, node, info, "a CPU whose reg cannot be read");
		return;
	}
	cpu.hardware_id = read_cells(reg, cells);
	if ((int)domain >= 0)
		cpu.node = (int)domain;
	cpu.method = cpu_method(fdt, cpus, node);
	if (cpu.method == CPU_METHOD_SPIN_TABLE &&
	    read_address(fdt, node, "cpu-release-addr", &cpu.release_pa))
		reserve_spin_table(info, cpu.release_pa);
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
	size_t parent = fdt_find_node(fdt, "/cpus"), node;
	struct cpus cpus = {.address_cells = fdt_node_u32(fdt, parent, "#address-cells", 2),
			    .method = fdt_node_string(fdt, parent, "enable-method")};

	for_each_fdt_child(node, fdt, parent)
	{
		const char *status = fdt_node_string(fdt, node, "status");

		if (is_cpu_node(fdt, node) && !(status && strncmp(status, "fail", 4) == 0))
			read_cpu(fdt, &cpus, node, info);
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
	fdt_read_devices(fdt, info);
	boot_nodes_settle(info);
	fdt_read_machine(fdt, info);
}
