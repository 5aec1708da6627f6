/* SPDX-License-Identifier: MIT */
/*
 * boot_nodes.c - from the firmware's numbers of nodes to ours.
 *
 * THE IDEA	Tables are indexed by node ids, so these must be small and without
 *	gaps; a firmware's may be any. The k-th smallest number that it uses
 *	becomes node k, so that two boots, and two lists in different order, agree.
 *
 * PICTURE	memory 7, memory 2, cpu 2, cpu 7, cpu 5
 *
 *	domains used	2  5  7
 *	node ids	0  1  2		node 1 has a CPU and no memory
 *
 * FLOOR	lib; pure. Boot CPU, before the first allocation.
 * LINUX	drivers/acpi/numa/srat.c (acpi_map_pxm_to_node) numbers in the order of the table;
 *	drivers/of/of_numa.c takes the numbers as they are.
 */
#include <lib/firmware/boot_nodes.h>

#include <lib/errno.h>
#include <lib/firmware/boot_info.h>
#include <lib/printk.h>

static int refuse_range(struct boot_info *info, phys_addr_t start, phys_addr_t size,
			const char *why)
{
	boot_info_complain(info, "nodes: memory at %#llx of %#llx bytes %s, it goes to node 0",
			   (unsigned long long)start, (unsigned long long)size, why);
	info->dropped++;
	return -EINVAL;
}

int boot_nodes_add_range(struct boot_info *info, phys_addr_t start, phys_addr_t size,
			 uint32_t domain)
{
	struct boot_nodes *nodes = &info->nodes;
	phys_addr_t end = start + size;

	if (size == 0)
		return 0;
	if (end < start || end > BOOT_RANGE_END)
		return refuse_range(info, start, size, "passes the end of the address space");
	if ((int)domain < 0)
		return refuse_range(info, start, size, "is of an impossible node");
	for (unsigned int i = 0; i < nodes->nr_ranges; i++) {
		const struct boot_node_range *range = &nodes->range[i];

		if (start < range->end && range->start < end && range->nid != (int)domain)
			return refuse_range(info, start, size, "is claimed by two nodes");
	}
	if (nodes->nr_ranges == BOOT_MAX_NODE_RANGES) {
		refuse_range(info, start, size, "is one range more than fits");
		return -ENOSPC;
	}
	nodes->range[nodes->nr_ranges++] = (struct boot_node_range){start, end, (int)domain};
	return 0;
}

/* Keeps domain[] sorted and without doubles. False: one too many. */
static bool add_domain(struct boot_nodes *nodes, int domain)
{
	unsigned int at = 0;

	if (domain == BOOT_NO_NODE)
		return true;
	while (at < nodes->nr && nodes->domain[at] < domain)
		at++;
	if (at < nodes->nr && nodes->domain[at] == domain)
		return true;
	if (nodes->nr == MAX_NUMNODES)
		return false;
	for (unsigned int i = nodes->nr++; i > at; i--)
		nodes->domain[i] = nodes->domain[i - 1];
	nodes->domain[at] = domain;
	return true;
}

static bool collect_domains(struct boot_info *info)
{
	bool fit = true;

	for (unsigned int i = 0; i < info->nodes.nr_ranges; i++)
		fit &= add_domain(&info->nodes, info->nodes.range[i].nid);
	for (unsigned int i = 0; i < info->nr_cpus; i++)
		fit &= add_domain(&info->nodes, info->cpu[i].node);
	return fit;
}

int boot_nodes_find(const struct boot_nodes *nodes, uint32_t domain)
{
	for (unsigned int nid = 0; nid < nodes->nr; nid++)
		if ((uint32_t)nodes->domain[nid] == domain)
			return (int)nid;
	return BOOT_NO_NODE;
}

void boot_nodes_settle(struct boot_info *info)
{
	struct boot_nodes *nodes = &info->nodes;

	if (!collect_domains(info)) {
		pr_warn("nodes: the firmware has more than %d, all memory is one node",
			MAX_NUMNODES);
		info->dropped++;
		nodes->nr = nodes->nr_ranges = 0;
	}
	for (unsigned int i = 0; i < nodes->nr_ranges; i++)
		nodes->range[i].nid = boot_nodes_find(nodes, (uint32_t)nodes->range[i].nid);
	for (unsigned int i = 0; i < info->nr_cpus; i++)
		info->cpu[i].node = max(0, boot_nodes_find(nodes, (uint32_t)info->cpu[i].node));
	if (nodes->nr == 0)
		nodes->domain[nodes->nr++] = 0;
	for (unsigned int from = 0; from < nodes->nr; from++)
		for (unsigned int to = 0; to < nodes->nr; to++)
			nodes->distance[from][to] = from == to ? NODE_DISTANCE_LOCAL
							       : NODE_DISTANCE_REMOTE;
}
