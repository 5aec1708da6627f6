/* SPDX-License-Identifier: MIT */
/*
 * firmware/boot_nodes.h - which memory and which CPUs lie together, and how far apart the groups are.
 *
 * Firmware numbers its groups as it likes (ACPI: proximity domains; device tree: numa-node-id). A parser
 * stores these numbers; boot_nodes_settle() then replaces them by node ids 0, 1, 2 ... in
 * the same order. A machine that says nothing of nodes is one node.
 */
#pragma once

#include <config.h>
#include <lib/types.h>

#define BOOT_MAX_NODE_RANGES 64
#define BOOT_NO_NODE	     (-1) /* of a CPU, until boot_nodes_settle() */

/* As ACPI (5.2.17) and the device tree count: memory of the own node is 10 away. */
#define NODE_DISTANCE_LOCAL  10
#define NODE_DISTANCE_REMOTE 20 /* where nobody says how far */

struct boot_info;

struct boot_node_range {
	phys_addr_t start, end; /* may cover holes and reserved memory */
	int nid;
};

struct boot_nodes {
	unsigned int nr;	  /* 0 before boot_nodes_settle() */
	int domain[MAX_NUMNODES]; /* the firmware's number of each node */
	struct boot_node_range range[BOOT_MAX_NODE_RANGES];
	unsigned int nr_ranges;
	uint8_t distance[MAX_NUMNODES][MAX_NUMNODES]; /* [from][to] */
};

/*
 * [start, start+size) belongs to `domain`. -EINVAL: it wraps, overlaps another domain's range, or the
 * domain is no positive int; -ENOSPC: the list is full. Either is counted in
 * info->dropped after a message: that memory then belongs to node 0.
 */
int boot_nodes_add_range(struct boot_info *info, phys_addr_t start, phys_addr_t size,
			 uint32_t domain);

/*
 * Domains become node ids, in the ranges and in info->cpu[]; who has none belongs to node 0; distances
 * become 10 and 20. Domains beyond MAX_NUMNODES: all is one node, after a message. Once.
 */
void boot_nodes_settle(struct boot_info *info);

/*
 * The command line's numa=TEXT: `off` makes one node of all, `fake=N` N nodes of equal size, `fake=SIZE` nodes of
 * that size, out of the first `limit` bytes of RAM of a machine that has one. At most MAX_NUMNODES, each a multiple of
 * BOOT_FAKE_NODE_UNIT. After boot_nodes_settle(). -EINVAL: TEXT makes no sense here, which is told, and nothing changed.
 */
int boot_nodes_fake(struct boot_info *info, const char *text, phys_addr_t limit);
#define BOOT_FAKE_NODE_UNIT (4 * MiB) /* the buddy's largest block */

/* The node id of a domain after boot_nodes_settle(), or BOOT_NO_NODE. */
int boot_nodes_find(const struct boot_nodes *nodes, uint32_t domain);

/* May the distance between two nodes, or of a node to itself, be `distance`? */
static inline bool node_distance_ok(bool same, uint64_t distance)
{
	return same ? distance == NODE_DISTANCE_LOCAL
		    : distance > NODE_DISTANCE_LOCAL && distance <= 255;
}
