/* SPDX-License-Identifier: MIT */
/*
 * mm/node.h - which memory is near which CPU.
 *
 * Nodes are 0 .. nr_nodes-1. One may have no memory, or no CPUs; a machine that says nothing of nodes
 * is one. Constant after page_init(); any context. (Linux: include/linux/topology.h, mm/page_alloc.c)
 */
#pragma once

#include <config.h>
#include <mm/zone.h>

/* As the firmware says: 10 is the node's own memory, 20 is twice as far. (Linux: node_distance) */
int node_distance(int from, int to);

/* The node that a CPU belongs to, and this CPU's. It may have no memory. (Linux: cpu_to_node, numa_node_id) */
int cpu_to_node(unsigned int cpu);
int numa_node_id(void);

static inline bool node_has_memory(int nid)
{
	return NODE_DATA(nid)->present_pages != 0;
}

/* What the order of nodes is made from. */
struct node_table {
	unsigned int nr;
	bool has_memory[MAX_NUMNODES];
	uint8_t distance[MAX_NUMNODES][MAX_NUMNODES]; /* [from][to] */
	unsigned int load
		[MAX_NUMNODES]; /* for how many nodes it was the first of its distance; starts at 0 */
};

/*
 * Where node `nid` looks for memory: itself, then the others that have any, by distance. Of those that are as far the
 * one with the least load, then the next by number, so that not all fall upon the same. Adds to the loads. Returns how
 * many. Pure. (Linux: find_next_best_node, node_load)
 */
unsigned int node_fallback_order(struct node_table *table, int nid, int order[MAX_NUMNODES]);
