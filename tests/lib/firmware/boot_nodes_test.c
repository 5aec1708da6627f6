/* SPDX-License-Identifier: MIT */
/*
 * boot_nodes_test.c - from a firmware's numbers to node ids, and claims that contradict each other.
 */
#include <lib/ktest.h>

#include <lib/errno.h>
#include <lib/firmware/boot_info.h>
#include "firmware_test.h"

static void cpu(uint64_t id, int domain)
{
	boot_info_add_cpu(&info, &(struct boot_cpu){.hardware_id = id, .node = domain});
}

KTEST(boot_nodes, ids_are_without_gaps_and_in_the_order_of_the_firmwares_numbers)
{
	begin();
	boot_nodes_add_range(&info, 2 * GiB, GiB, 700);
	boot_nodes_add_range(&info, 0, GiB, 2);
	boot_nodes_add_range(&info, GiB, GiB, 700);
	cpu(0, 2);
	cpu(1, 700);
	cpu(2, 5); /* a node without memory */
	cpu(3, BOOT_NO_NODE);
	boot_nodes_settle(&info);
	ASSERT_TEST(info.nodes.nr == 3);
	EXPECT_EQ(info.nodes.range[0].nid, 2);
	EXPECT_EQ(info.nodes.range[1].nid, 0);
	EXPECT_EQ(info.nodes.range[2].nid, 2);
	EXPECT_EQ(info.cpu[0].node, 0);
	EXPECT_EQ(info.cpu[1].node, 2);
	EXPECT_EQ(info.cpu[2].node, 1);
	EXPECT_EQ(info.cpu[3].node, 0);
	EXPECT_EQ(boot_nodes_find(&info.nodes, 700), 2);
	EXPECT_EQ(boot_nodes_find(&info.nodes, 3), BOOT_NO_NODE);
	EXPECT_EQ(info.nodes.distance[1][1], 10);
	EXPECT_EQ(info.nodes.distance[0][2], 20);
	EXPECT_EQ(info.dropped, 0);
	end();
}

KTEST(boot_nodes, a_firmware_that_names_no_node_has_one)
{
	begin();
	cpu(0, BOOT_NO_NODE);
	boot_nodes_settle(&info);
	EXPECT_EQ(info.nodes.nr, 1);
	EXPECT_EQ(info.nodes.distance[0][0], 10);
	EXPECT_EQ(info.cpu[0].node, 0);
	end();
}

/*
 *	node 1	[     ]
 *	node 2	   [     ]	refused
 *	node 1	   [     ]	may be
 *	node 2		 [ ]
 */
KTEST(boot_nodes, memory_of_two_nodes_stays_with_the_first)
{
	begin();
	EXPECT_EQ(boot_nodes_add_range(&info, 0, 2 * GiB, 1), 0);
	EXPECT_EQ(boot_nodes_add_range(&info, GiB, 2 * GiB, 2), -EINVAL);
	EXPECT_EQ(boot_nodes_add_range(&info, GiB, 2 * GiB, 1), 0);
	EXPECT_EQ(boot_nodes_add_range(&info, 3 * GiB - 1, 1, 2), -EINVAL);
	EXPECT_EQ(boot_nodes_add_range(&info, 3 * GiB, GiB, 2), 0);
	EXPECT_EQ(info.nodes.nr_ranges, 3);
	EXPECT_EQ(info.dropped, 2);
	end();
}

KTEST(boot_nodes, ranges_that_cannot_be_are_refused_alone)
{
	begin();
	EXPECT_EQ(boot_nodes_add_range(&info, ~0ULL, 2, 0), -EINVAL);
	EXPECT_EQ(boot_nodes_add_range(&info, 4096, ~0ULL - 4096, 0), -EINVAL);
	EXPECT_EQ(boot_nodes_add_range(&info, 4096, 4096, 0x80000000), -EINVAL);
	EXPECT_EQ(boot_nodes_add_range(&info, 4096, 4096, 0xffffffff), -EINVAL);
	EXPECT_EQ(info.dropped, 4);
	EXPECT_EQ(boot_nodes_add_range(&info, 4096, 0, 0), 0);
	EXPECT_EQ(info.nodes.nr_ranges, 0);
	for (unsigned int i = 0; i < BOOT_MAX_NODE_RANGES; i++)
		EXPECT_EQ(boot_nodes_add_range(&info, i * MiB, MiB, 3), 0);
	EXPECT_EQ(boot_nodes_add_range(&info, GiB, MiB, 3), -ENOSPC);
	EXPECT_EQ(info.dropped, 5);
	end();
}

KTEST(boot_nodes, as_many_nodes_as_fit_are_kept_and_one_more_makes_them_one)
{
	for (unsigned int more = 0; more < 2; more++) {
		begin();
		for (unsigned int i = 0; i < MAX_NUMNODES; i++)
			boot_nodes_add_range(&info, i * GiB, GiB, 3 * (MAX_NUMNODES - i));
		cpu(0, more ? 1000 : 3);
		boot_nodes_settle(&info);
		EXPECT_EQ(info.nodes.nr, more ? 1 : MAX_NUMNODES);
		EXPECT_EQ(info.nodes.nr_ranges, more ? 0 : MAX_NUMNODES);
		EXPECT_EQ(info.cpu[0].node, 0);
		EXPECT_EQ(info.dropped, more);
		end();
	}
}

/* --- invented nodes: 3 GiB below a hole of 1 GiB, 1 GiB above it, three CPUs --- */

static int fake(const char *text, phys_addr_t limit)
{
	info = (struct boot_info){.nr_cpus = 3};
	boot_info_add_range(&info, 0, 3 * GiB, MEMORY_USABLE, SOURCE_HOSTED, 1);
	boot_info_add_range(&info, 3 * GiB, GiB, MEMORY_RESERVED, SOURCE_HOSTED, 2);
	boot_info_add_range(&info, 4 * GiB, GiB, MEMORY_USABLE, SOURCE_HOSTED, 1);
	boot_nodes_settle(&info);
	return boot_nodes_fake(&info, text, limit);
}

/* What lies between two bounds as the cuts have it: no gap, all of the address space, blocks whole. */
static bool cuts_are_sound(void)
{
	phys_addr_t at = 0;

	for (unsigned int i = 0; i < info.nodes.nr; i++) {
		if (info.nodes.range[i].start != at || info.nodes.range[i].nid != (int)i ||
		    at % BOOT_FAKE_NODE_UNIT)
			return false;
		at = info.nodes.range[i].end;
	}
	return at == BOOT_RANGE_END && info.nodes.nr_ranges == info.nodes.nr;
}

KTEST(boot_nodes, numa_fake_cuts_memory_into_nodes_of_equal_size)
{
	EXPECT_EQ(fake("fake=4", BOOT_RANGE_END), 0);
	EXPECT_EQ(info.nodes.nr, 4);
	EXPECT_TRUE(cuts_are_sound());
	EXPECT_EQ(info.nodes.range[1].start, GiB);
	EXPECT_EQ(info.nodes.range[3].start, 3 * GiB);
	EXPECT_EQ(info.nodes.distance[0][3], NODE_DISTANCE_LOCAL);
	EXPECT_EQ(info.cpu[2].node, 2);
	EXPECT_EQ(fake("fake=3", BOOT_RANGE_END), 0);
	EXPECT_TRUE(cuts_are_sound());
	EXPECT_EQ(fake("fake=2", BOOT_RANGE_END), 0);
	EXPECT_EQ(info.nodes.range[1].start, 2 * GiB);
	EXPECT_EQ(info.cpu[2].node, 0);
}

KTEST(boot_nodes, numa_fake_with_a_size_makes_nodes_of_it_and_the_last_has_the_rest)
{
	EXPECT_EQ(fake("fake=1536M", BOOT_RANGE_END), 0);
	EXPECT_EQ(info.nodes.nr, 2);
	EXPECT_EQ(info.nodes.range[1].start, 1536 * MiB);
	EXPECT_EQ(fake("fake=100G", BOOT_RANGE_END), 0);
	EXPECT_EQ(info.nodes.nr, 1);
	EXPECT_TRUE(cuts_are_sound());
	/* mem= counts. */
	EXPECT_EQ(fake("fake=2", GiB), 0);
	EXPECT_EQ(info.nodes.range[1].start, 512 * MiB);
}

KTEST(boot_nodes, numa_fake_makes_no_more_nodes_than_there_may_be)
{
	EXPECT_EQ(fake("fake=300", BOOT_RANGE_END), 0);
	EXPECT_EQ(info.nodes.nr, MAX_NUMNODES);
	EXPECT_TRUE(cuts_are_sound());
	EXPECT_EQ(fake("fake=99999999999999999999999", BOOT_RANGE_END), 0);
	EXPECT_EQ(info.nodes.nr, MAX_NUMNODES);
	EXPECT_EQ(fake("fake=1K", BOOT_RANGE_END), 0);
	EXPECT_EQ(info.nodes.nr, MAX_NUMNODES);
	EXPECT_TRUE(cuts_are_sound());
	EXPECT_EQ(fake("fake=16", 9 * MiB), 0);
	EXPECT_EQ(info.nodes.nr, 2);
}

KTEST(boot_nodes, what_numa_cannot_mean_changes_nothing)
{
	static const char *const wrong[] = {"",	  "fake",    "fake=",	"fake=x",   "fake=0",
					    "on", "fake=-1", "fake=4x", "fake=4,2", "fake=0M"};

	for (unsigned int i = 0; i < ARRAY_SIZE(wrong); i++) {
		EXPECT_EQ(fake(wrong[i], BOOT_RANGE_END), -EINVAL);
		EXPECT_EQ(info.nodes.nr, 1);
		EXPECT_EQ(info.nodes.nr_ranges, 0);
	}
	EXPECT_EQ(fake("fake=2", MiB), -EINVAL);
	EXPECT_EQ(fake("off", BOOT_RANGE_END), 0);
	EXPECT_EQ(info.nodes.nr, 1);
	/* Of nodes that are real nobody makes others, but one. */
	EXPECT_EQ(fake("fake=4", BOOT_RANGE_END), 0);
	EXPECT_EQ(boot_nodes_fake(&info, "fake=2", BOOT_RANGE_END), -EINVAL);
	EXPECT_EQ(info.nodes.nr, 4);
	EXPECT_EQ(boot_nodes_fake(&info, "off", BOOT_RANGE_END), 0);
	EXPECT_EQ(info.nodes.nr, 1);
}
