/* SPDX-License-Identifier: MIT */
/*
 * fdt_machine.c - what holds the machine together: interrupt controller, PCI, distances of nodes.
 *
 * PICTURE	QEMU's virt with gic-version=3
 *
 *	/intc@8000000	"arm,gic-v3"	reg = distributor, redistributors
 *	    its@8080000	"arm,gic-v3-its"
 *	/pcie@10000000	"pci-host-ecam-generic"
 *	/distance-map	"numa-distance-map-v1"	distance-matrix = < from to distance  ... >
 *
 * FLOOR	lib; pure.
 * LINUX	drivers/irqchip/irq-gic*.c, drivers/pci/controller/pci-host-generic.c, drivers/of/of_numa.c.
 */
#include <lib/firmware/fdt.h>

#include "fdt_read.h"

static bool is_compatible(const struct fdt *fdt, size_t node, const char *wanted)
{
	return fdt_node_has_string(fdt, node, "compatible", wanted);
}

static bool is_gic_v2(const struct fdt *fdt, size_t node)
{
	return is_compatible(fdt, node, "arm,cortex-a15-gic") ||
	       is_compatible(fdt, node, "arm,cortex-a7-gic") ||
	       is_compatible(fdt, node, "arm,gic-400");
}

/* Distributor first, then what each CPU talks to: for both kinds of GIC. */
static void read_gic(const struct fdt *fdt, const size_t *path, unsigned int depth,
		     struct boot_info *info)
{
	struct boot_interrupts found = {.type = INTERRUPTS_GIC_V2};
	phys_addr_t near, near_size;
	size_t its[FDT_MAX_DEPTH];

	if (!fdt_path_reg(fdt, path, depth, 0, &found.distributor, &found.distributor_size) ||
	    !fdt_path_reg(fdt, path, depth, 1, &near, &near_size)) {
		drop_node(fdt, path[depth - 1], info,
			  "the interrupt controller's address cannot be read");
		return;
	}
	if (is_gic_v2(fdt, path[depth - 1])) {
		found.cpu_interface = near;
		found.cpu_interface_size = near_size;
		info->interrupts = found;
		return;
	}
	found.type = INTERRUPTS_GIC_V3;
	found.redistributor = near;
	found.redistributor_size = near_size;
	for (unsigned int i = 0; i < depth; i++)
		its[i] = path[i];
	for_each_fdt_child(its[depth], fdt, path[depth - 1])
	{
		if (is_compatible(fdt, its[depth], "arm,gic-v3-its") &&
		    fdt_node_available(fdt, its[depth]) &&
		    fdt_path_reg(fdt, its, depth + 1, 0, &found.its, &found.its_size))
			break;
	}
	info->interrupts = found;
}

static void read_pci(const struct fdt *fdt, const size_t *path, unsigned int depth,
		     struct boot_info *info)
{
	size_t node = path[depth - 1], length;
	struct boot_ecam ecam = {.last_bus = 255};
	const uint8_t *buses = fdt_node_property(fdt, node, "bus-range", &length);
	phys_addr_t size;

	if (!fdt_path_reg(fdt, path, depth, 0, &ecam.base, &size)) {
		drop_node(fdt, node, info, "PCI's address cannot be read");
		return;
	}
	ecam.segment = (uint16_t)fdt_node_u32(fdt, node, "linux,pci-domain", 0);
	if (buses && length == 8) {
		ecam.first_bus = (uint8_t)be32_at(buses);
		ecam.last_bus = (uint8_t)be32_at(buses + 4);
	}
	ecam.base -= (phys_addr_t)ecam.first_bus * MiB; /* the tree gives the first bus's place */
	boot_info_add_ecam(info, &ecam);
}

/* A Raspberry Pi 3's: the timers and mailboxes of four cores. */
static void read_bcm2836(const struct fdt *fdt, const size_t *path, unsigned int depth,
			 struct boot_info *info)
{
	struct boot_interrupts found = {.type = INTERRUPTS_BCM2836};

	if (fdt_path_reg(fdt, path, depth, 0, &found.distributor, &found.distributor_size))
		info->interrupts = found;
	else
		drop_node(fdt, path[depth - 1], info,
			  "the interrupt controller's address cannot be read");
}

static void read_device(const struct fdt *fdt, const size_t *path, unsigned int depth,
			struct boot_info *info)
{
	size_t node = path[depth - 1];
	bool gic = is_gic_v2(fdt, node) || is_compatible(fdt, node, "arm,gic-v3");

	if (!fdt_node_available(fdt, node))
		return;
	if (gic && info->interrupts.type == INTERRUPTS_UNKNOWN)
		read_gic(fdt, path, depth, info);
	if (info->interrupts.type == INTERRUPTS_UNKNOWN &&
	    is_compatible(fdt, node, "brcm,bcm2836-l1-intc"))
		read_bcm2836(fdt, path, depth, info);
	if (is_compatible(fdt, node, "pci-host-ecam-generic"))
		read_pci(fdt, path, depth, info);
}

static void set_distance(struct boot_nodes *nodes, int from, int to, uint32_t distance)
{
	if (from == BOOT_NO_NODE || to == BOOT_NO_NODE)
		return;
	nodes->distance[from][to] = (uint8_t)distance;
}

/* An entry holds for the way back too, unless that has its own, which comes later or came before. */
static void read_distances(const struct fdt *fdt, size_t node, struct boot_info *info)
{
	struct boot_nodes *nodes = &info->nodes;
	size_t length;
	const uint8_t *matrix = fdt_node_property(fdt, node, "distance-matrix", &length);

	for (size_t at = 0; matrix && at + 12 <= length; at += 12)
		if (!node_distance_ok(be32_at(matrix + at) == be32_at(matrix + at + 4),
				      be32_at(matrix + at + 8)))
			matrix = NULL;
	if (!matrix || length % 12 != 0) {
		drop_node(fdt, node, info, "distances that make no sense");
		return;
	}
	for (unsigned int back = 2; back-- > 0;)
		for (size_t at = 0; at < length; at += 12) {
			int from = boot_nodes_find(nodes, be32_at(matrix + at));
			int to = boot_nodes_find(nodes, be32_at(matrix + at + 4));

			set_distance(nodes, back ? to : from, back ? from : to,
				     be32_at(matrix + at + 8));
		}
}

void fdt_read_machine(const struct fdt *fdt, struct boot_info *info)
{
	size_t path[FDT_MAX_DEPTH] = {fdt_root(fdt)};

	for_each_fdt_child(path[1], fdt, path[0])
	{
		read_device(fdt, path, 2, info);
		if (is_compatible(fdt, path[1], "numa-distance-map-v1"))
			read_distances(fdt, path[1], info);
		if (!is_compatible(fdt, path[1], "simple-bus"))
			continue;
		for_each_fdt_child(path[2], fdt, path[1]) read_device(fdt, path, 3, info);
	}
}
