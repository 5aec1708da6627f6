/* SPDX-License-Identifier: MIT */
/*
 * node_test.c - where each node looks for memory, by tables that are made up and by the machine's own.
 */
#include <mm/node.h>

#include <lib/firmware/boot_nodes.h>
#include <lib/ktest.h>
#include <mm/gfp.h>
#include <mm/memblock.h>
#include <mm/pcp.h>
#include <mm/vmstat.h>

static struct node_table table;

static void set_distance(int a, int b, uint8_t distance)
{
	table.distance[a][b] = table.distance[b][a] = distance;
}

/* `nr` nodes with memory, each as far from every other. */
static void make_table(unsigned int nr, uint8_t distance)
{
	table = (struct node_table){.nr = nr};
	for (int a = 0; a < (int)nr; a++) {
		table.has_memory[a] = true;
		for (int b = 0; b <= a; b++)
			set_distance(a, b, a == b ? 10 : distance);
	}
}

/* As digits: "0 2 1" is 21 for node 0. */
static unsigned long order_of(int nid)
{
	int order[MAX_NUMNODES];
	unsigned int nr = node_fallback_order(&table, nid, order), i;
	unsigned long digits = 0;

	for (i = 0; i < nr; i++)
		digits = digits * 10 + (unsigned long)order[i];
	return digits;
}

/*
 *	0 -- 1 -- 2 -- 3
 */
KTEST(node, on_a_line_the_nearer_nodes_come_first)
{
	make_table(4, 20);
	for (int a = 0; a < 4; a++)
		for (int b = 0; b < a; b++)
			set_distance(a, b, (uint8_t)(11 + 10 * (a - b)));
	EXPECT_EQ(order_of(0), 123);
	EXPECT_EQ(order_of(3), 3210);
	EXPECT_EQ(order_of(1) % 10, 3);
	EXPECT_EQ(order_of(2) % 10, 0);
}

/* The square of node.c's picture. */
KTEST(node, of_nodes_that_are_as_far_the_least_loaded_is_first)
{
	make_table(4, 20);
	set_distance(0, 2, 30);
	set_distance(1, 3, 30);
	table.has_memory[3] = false;
	EXPECT_EQ(order_of(0), 12);
	EXPECT_EQ(order_of(1), 102);
	EXPECT_EQ(order_of(2), 210);
	EXPECT_EQ(order_of(3) % 10, 1);
}

KTEST(node, where_all_are_as_far_each_node_has_another_second)
{
	bool seen[MAX_NUMNODES] = {false};
	int order[MAX_NUMNODES];

	make_table(MAX_NUMNODES, 20);
	for (int nid = 0; nid < MAX_NUMNODES; nid++) {
		ASSERT_TEST(node_fallback_order(&table, nid, order) == MAX_NUMNODES);
		EXPECT_EQ(order[0], nid);
		EXPECT_FALSE(seen[order[1]]);
		seen[order[1]] = true;
	}
}

/* It goes nowhere without memory, and nobody goes there. */
KTEST(node, a_node_without_memory_is_in_no_order)
{
	int order[MAX_NUMNODES];

	make_table(3, 20);
	table.has_memory[1] = false;
	EXPECT_EQ(node_fallback_order(&table, 1, order), 2);
	EXPECT_EQ(order_of(0), 2);
	EXPECT_EQ(order_of(2), 20);
	table.has_memory[0] = table.has_memory[2] = false;
	EXPECT_EQ(node_fallback_order(&table, 1, order), 0);
}

/* 200 machines that nobody built: each node once, none nearer behind one that is farther. */
KTEST(node, every_order_has_each_node_once_and_never_a_nearer_one_later)
{
	uint32_t random = 1;
	int order[MAX_NUMNODES];

	for (int round = 0; round < 200; round++) {
		make_table(2 + (unsigned int)round % (MAX_NUMNODES - 1), 20);
		for (int a = 0; a < (int)table.nr; a++)
			for (int b = 0; b < a; b++) {
				random = random * 1103515245 + 12345;
				set_distance(a, b, (uint8_t)(11 + (random >> 16) % 4));
			}
		for (int nid = 0; nid < (int)table.nr; nid++) {
			unsigned long seen = 0;

			ASSERT_TEST(node_fallback_order(&table, nid, order) == table.nr);
			for (unsigned int i = 0; i < table.nr; i++) {
				seen |= 1UL << order[i];
				if (i > 0)
					EXPECT_LE(table.distance[nid][order[i - 1]],
						  table.distance[nid][order[i]]);
			}
			EXPECT_EQ(seen, (1UL << table.nr) - 1);
		}
	}
}

/* --- the machine's own ---------------------------------------------------------- */

KTEST(node, each_zonelist_has_every_populated_zone_once_the_nearest_first)
{
	struct zone **at, *zone;
	unsigned int populated = 0, listed;
	int nid, last;

	for_each_populated_zone (zone)
		populated++;
	for (nid = 0; nid < (int)nr_nodes; nid++) {
		last = NODE_DISTANCE_LOCAL;
		listed = 0;
		for (at = NODE_DATA(nid)->zonelist; *at; at++, listed++) {
			EXPECT_TRUE(populated_zone(*at));
			EXPECT_GE(node_distance(nid, (*at)->nid), last);
			last = node_distance(nid, (*at)->nid);
			if (at > NODE_DATA(nid)->zonelist && at[-1]->nid == at[0]->nid)
				EXPECT_LT(at[0]->type, at[-1]->type);
		}
		EXPECT_EQ(listed, populated);
		if (node_has_memory(nid))
			EXPECT_EQ(NODE_DATA(nid)->zonelist[0]->nid, nid);
	}
}

KTEST(node, a_request_that_names_no_node_is_served_near_its_cpu)
{
	struct zone *nearest = *NODE_DATA(numa_node_id())->zonelist_start[ZONE_HIGHMEM];
	struct page *page = alloc_page(GFP_HIGHUSER_MOVABLE);

	ASSERT_TEST(page && nearest);
	EXPECT_EQ(page_to_nid(page), nearest->nid);
	__free_page(page);
	page = alloc_pages_node(NUMA_NO_NODE, GFP_HIGHUSER_MOVABLE, 4);
	ASSERT_TEST(page);
	EXPECT_EQ(page_to_nid(page), nearest->nid);
	__free_pages(page, 4);
}

KTEST(node, thisnode_is_exact_and_a_node_without_memory_has_nothing)
{
	const gfp_t gfp = GFP_HIGHUSER_MOVABLE | __GFP_NOWARN;
	struct page *page;
	int nid;

	for (nid = 0; nid < (int)nr_nodes; nid++) {
		page = alloc_pages_node(nid, gfp | __GFP_THISNODE, 0);
		EXPECT_EQ(page != NULL, node_has_memory(nid));
		if (page) {
			EXPECT_EQ(page_to_nid(page), nid);
			__free_page(page);
		}
		page = alloc_pages_node(nid, gfp, 0);
		ASSERT_TEST(page);
		EXPECT_EQ(page_to_nid(page), NODE_DATA(nid)->zonelist[0]->nid);
		__free_page(page);
	}
}

/* --- who was served where ------------------------------------------------------- */

struct numa_pages {
	unsigned long of[NUMA_OTHER + 1];
};

static struct numa_pages numa_pages_of(int nid)
{
	struct numa_pages sum = {0};
	struct zone *zone;

	for_each_populated_zone (zone)
		for (enum numa_event event = NUMA_HIT; zone->nid == nid && event <= NUMA_OTHER;
		     event++)
			sum.of[event] += zone_numa_pages(zone, event);
	return sum;
}

/* By how many pages each count of a node has grown. */
static struct numa_pages grown(int nid, const struct numa_pages *before)
{
	struct numa_pages now = numa_pages_of(nid);

	for (enum numa_event event = NUMA_HIT; event <= NUMA_OTHER; event++)
		now.of[event] -= before->of[event];
	return now;
}

KTEST(node, a_page_is_counted_as_a_hit_where_it_was_wanted_and_as_local_where_its_cpu_is)
{
	for (int nid = 0; nid < (int)nr_nodes; nid++) {
		struct numa_pages before = numa_pages_of(nid), more;
		struct page *page = alloc_pages_node(nid,
						     GFP_KERNEL | __GFP_THISNODE | __GFP_NOWARN, 5);

		if (!page)
			continue;
		more = grown(nid, &before);
		EXPECT_EQ(more.of[NUMA_HIT], 32);
		EXPECT_EQ(more.of[NUMA_MISS], 0);
		EXPECT_EQ(more.of[NUMA_LOCAL], nid == numa_node_id() ? 32 : 0);
		EXPECT_EQ(more.of[NUMA_OTHER], nid == numa_node_id() ? 0 : 32);
		__free_pages(page, 5);
		more = grown(nid, &before);
		EXPECT_EQ(more.of[NUMA_HIT], 32);
	}
}

/* When a node has no large block left its own requests go to the next of its list, those for it alone nowhere. */
KTEST(node, a_full_node_falls_back_to_the_next_of_its_zonelist)
{
	const gfp_t gfp = GFP_HIGHUSER_MOVABLE | __GFP_NOWARN;
	struct numa_pages here, there, more;
	struct page *page, *last = NULL;
	struct zone **at;
	int nid = NODE_DATA(numa_node_id())->zonelist[0]->nid;

	if (nr_nodes == 1 || totalram_pages() > 4 * GiB / PAGE_SIZE)
		SKIP_TEST("one node, or one that is too large to be filled");
	while ((page = alloc_pages_node(nid, gfp | __GFP_THISNODE, MAX_PAGE_ORDER))) {
		EXPECT_EQ(page_to_nid(page), nid);
		page->owner.private = (unsigned long)last;
		last = page;
	}
	for (at = NODE_DATA(nid)->zonelist; *at && (*at)->nid == nid;)
		at++;
	here = numa_pages_of(nid);
	page = alloc_pages_node(nid, gfp, MAX_PAGE_ORDER);
	if (page) {
		EXPECT_NE(page_to_nid(page), nid);
		more = grown(nid, &here);
		EXPECT_EQ(more.of[NUMA_FOREIGN], 1UL << MAX_PAGE_ORDER);
		EXPECT_EQ(more.of[NUMA_HIT], 0);
		there = numa_pages_of(page_to_nid(page));
		__free_pages(page, MAX_PAGE_ORDER);
		page = alloc_pages_node(nid, gfp, MAX_PAGE_ORDER);
		ASSERT_TEST(page);
		more = grown(page_to_nid(page), &there);
		EXPECT_EQ(more.of[NUMA_MISS], 1UL << MAX_PAGE_ORDER);
		EXPECT_EQ(more.of[NUMA_HIT], 0);
		__free_pages(page, MAX_PAGE_ORDER);
	}
	for (page = last; page; page = last) {
		last = (struct page *)page->owner.private;
		page->owner.private = 0;
		__free_pages(page, MAX_PAGE_ORDER);
	}
}
