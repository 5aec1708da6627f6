/* SPDX-License-Identifier: MIT */
/*
 * boot_nodes_fake.c - nodes that the command line invents: numa=fake=N, numa=fake=SIZE, numa=off.
 *
 * THE IDEA	Code for many nodes is wanted on machines that have one. So memory is cut, by address, into N pieces of
 *	equal size, or into pieces of SIZE and a rest, each a multiple of a block of the largest order; CPUs are
 *	dealt out in turn. What is equal is the RAM that the firmware lists, not the span: holes cost nothing.
 *
 * PICTURE	3 GiB below a hole, 1 GiB above it; numa=fake=4
 *
 *	0       1 GiB    2 GiB    3 GiB    4 GiB    5 GiB
 *	[ node 0 ][ node 1 ][ node 2 ]  hole  [ node 3 ]
 *
 * COST		40 looks over the firmware's map for each cut.
 * FLOOR	lib; pure but for its messages. Boot CPU, after boot_nodes_settle().
 * LINUX	mm/numa_emulation.c: split_nodes_interleave(), split_nodes_size_interleave(). There
 *	the nodes of a machine that has several are split again.
 */
#include <lib/firmware/boot_nodes.h>

#include <lib/errno.h>
#include <lib/firmware/boot_info.h>
#include <lib/printk.h>
#include <lib/string.h>

static phys_addr_t ram_below(const struct boot_info *info, phys_addr_t end)
{
	phys_addr_t bytes = 0;

	for (unsigned int i = 0; i < info->nr_map; i++)
		if (info->map[i].type == MEMORY_USABLE && info->map[i].start < end)
			bytes += min(info->map[i].end, end) - info->map[i].start;
	return bytes;
}

/* The least multiple of a block below which there are `bytes` of RAM. */
static phys_addr_t cut_at(const struct boot_info *info, phys_addr_t bytes)
{
	phys_addr_t low = 0, high = BOOT_RANGE_END / BOOT_FAKE_NODE_UNIT, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (ram_below(info, middle * BOOT_FAKE_NODE_UNIT) >= bytes)
			high = middle;
		else
			low = middle + 1;
	}
	return low * BOOT_FAKE_NODE_UNIT;
}

static void cut(struct boot_info *info, unsigned int nr, phys_addr_t share)
{
	struct boot_nodes *nodes = &info->nodes;
	phys_addr_t start = 0, end;

	*nodes = (struct boot_nodes){.nr = nr, .nr_ranges = nr};
	for (unsigned int nid = 0; nid < nr; nid++, start = end) {
		end = nid + 1 < nr ? cut_at(info, (nid + 1) * share) : BOOT_RANGE_END;
		nodes->domain[nid] = (int)nid;
		nodes->range[nid] = (struct boot_node_range){start, end, (int)nid};
	}
	/* It is one memory after all. */
	memset(nodes->distance, NODE_DISTANCE_LOCAL, sizeof(nodes->distance));
	for (unsigned int cpu = 0; cpu < info->nr_cpus; cpu++)
		info->cpu[cpu].node = (int)(cpu % nr);
}

static int refuse(const char *text, const char *why)
{
	pr_warn("nodes: numa=%s: %s: ignored", text, why);
	return -EINVAL;
}

/* How many nodes of how much RAM each; a bare number counts nodes, one with K, M, G or T is their size. */
static int parse_fake(const char *text, phys_addr_t ram, unsigned long long *nr, phys_addr_t *share)
{
	const char *number = text + 5, *end;
	unsigned long long value = memparse(number, &end);
	bool is_size = end > number && (end[-1] < '0' || end[-1] > '9');

	if (end == number || *end || value == 0)
		return refuse(text, "a number of nodes is wanted, or a size such as 256M");
	*share = is_size ? ALIGN_UP(min(value, ram), BOOT_FAKE_NODE_UNIT)
			 : max(ALIGN_DOWN(ram / value, BOOT_FAKE_NODE_UNIT),
			       (phys_addr_t)BOOT_FAKE_NODE_UNIT);
	*nr = is_size ? max(ram / *share, (phys_addr_t)1)
		      : min(value, (unsigned long long)max(ram / *share, (phys_addr_t)1));
	if (!is_size && *nr < value)
		pr_warn("nodes: numa=%s: memory suffices for %llu nodes of %lu MiB", text, *nr,
			BOOT_FAKE_NODE_UNIT / MiB);
	if (*nr <= MAX_NUMNODES)
		return 0;
	pr_warn("nodes: numa=%s: %d nodes are the most there can be", text, MAX_NUMNODES);
	*nr = MAX_NUMNODES;
	if (!is_size)
		*share = ALIGN_DOWN(ram / *nr, BOOT_FAKE_NODE_UNIT);
	return 0;
}

int boot_nodes_fake(struct boot_info *info, const char *text, phys_addr_t limit)
{
	phys_addr_t ram = min(ram_below(info, BOOT_RANGE_END), limit), share;
	unsigned long long nr;
	int error;

	if (!strcmp(text, "off")) {
		cut(info, 1, ram);
		return 0;
	}
	if (strncmp(text, "fake=", 5))
		return refuse(text, "off, fake=N or fake=SIZE is wanted");
	if (info->nodes.nr > 1)
		return refuse(text, "the machine has nodes of its own");
	if (ram < BOOT_FAKE_NODE_UNIT)
		return refuse(text, "there is too little memory");
	error = parse_fake(text, ram, &nr, &share);
	if (error)
		return error;
	cut(info, (unsigned int)nr, share);
	pr_info("nodes: the command line makes %llu of one, of %llu MiB each", nr,
		(unsigned long long)share / MiB);
	return 0;
}
