/* SPDX-License-Identifier: MIT */
/*
 * node.c - nodes: which CPU is near which memory, and where to look when that is full.
 *
 * THE IDEA
 *	A CPU reaches the memory at its own socket faster than that of another.
 *	Memory and CPUs that are near each other are a node; the firmware says how
 *	far one node is from another (SLIT, numa-distance-map), 10 for its own memory.
 *	Each node has a zonelist: its own zones from the highest down, then those
 *	of the next nearest node, and so on. A request starts on the list of its
 *	CPU's node, or of the one that it names; the first zone that has room serves.
 *
 *	Where several nodes are as far, a fixed order would let all the others
 *	fall upon the first of them. So each node starts with another one: the choice that
 *	was taken least often by now.
 *
 * PICTURE	four nodes in a square, 20 along a side, 30 across; node 3 has no memory
 *
 *	0 --20-- 1	zonelist of 0	0 1 2		(1 is nearer than 2)
 *	|        |		    1	1 0 2		(both 20: 0 was never first, then 2)
 *	3 --20-- 2		    2	2 1 0
 *				    3	0 2 1 or 2 0 1, and a CPU there asks the nearest
 *
 * LOCKING	Written at boot, constant after it.
 * COST		Nothing on the usual way: each CPU's lists are those of its node's first zone (pcp.c).
 * FLOOR	page.
 * LINUX	mm/page_alloc.c: build_zonelists(), find_next_best_node(); there a node with CPUs counts as a little
 *		farther, and a node's distance is compared first with its number added.
 */
#include <mm/node.h>

#include <arch/cpu.h>
#include <lib/check.h>
#include <lib/firmware/boot_info.h>
#include <mm/early.h>

static_assert(BOOT_FAKE_NODE_UNIT == PAGE_SIZE << MAX_PAGE_ORDER, "a block lies in one node");

int node_distance(int from, int to)
{
	const struct boot_nodes *nodes = &early_boot_info()->nodes;

	if (from < 0 || from >= (int)nodes->nr || to < 0 || to >= (int)nodes->nr)
		return from == to ? NODE_DISTANCE_LOCAL : NODE_DISTANCE_REMOTE;
	return nodes->distance[from][to];
}

int cpu_to_node(unsigned int cpu)
{
	const struct boot_info *boot = early_boot_info();
	int nid = cpu < boot->nr_cpus ? boot->cpu[cpu].node : 0;

	return nid < 0 || nid >= (int)nr_nodes ? 0 : nid;
}

int numa_node_id(void)
{
	return cpu_to_node(arch_cpu_id());
}

/* Is `a` to be asked before `b`? */
static bool is_better(const struct node_table *table, int nid, int a, int b)
{
	int nr = (int)table->nr;

	if (table->distance[nid][a] != table->distance[nid][b])
		return table->distance[nid][a] < table->distance[nid][b];
	if (table->load[a] != table->load[b])
		return table->load[a] < table->load[b];
	return (a - nid + nr) % nr < (b - nid + nr) % nr;
}

static int next_best(const struct node_table *table, int nid, const bool taken[MAX_NUMNODES])
{
	int best = -1, other;

	for (other = 0; other < (int)table->nr; other++)
		if (table->has_memory[other] && !taken[other] &&
		    (best < 0 || is_better(table, nid, other, best)))
			best = other;
	return best;
}

unsigned int node_fallback_order(struct node_table *table, int nid, int order[MAX_NUMNODES])
{
	bool taken[MAX_NUMNODES] = {false};
	unsigned int nr = 0;
	int best, last = nid;

	ASSERT(nid >= 0 && nid < (int)table->nr && table->nr <= MAX_NUMNODES, "node %d", nid);
	if (table->has_memory[nid])
		order[nr++] = nid;
	taken[nid] = true;
	while ((best = next_best(table, nid, taken)) >= 0) {
		/* Who is first of its distance is the one that the overflow reaches. */
		if (table->distance[nid][best] != table->distance[nid][last] || last == nid)
			table->load[best]++;
		taken[best] = true;
		order[nr++] = last = best;
	}
	return nr;
}
