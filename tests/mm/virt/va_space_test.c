/* SPDX-License-Identifier: MIT */
/*
 * va_space_test.c - the range allocator against a map with one character a page.
 */
#include <lib/bits.h>
#include <lib/ktest.h>
#include <arch/layout.h>
#include <config.h>
#include <mm/page.h>
#include <mm/pcp.h>
#include <mm/vmalloc.h>

#include "../../../mm/virt/va_space.h"

#define BASE  0x100000000UL
#define PAGES 512

static struct va_space space;
static struct va_range range[PAGES];

static void begin(unsigned long pages)
{
	va_space_init(&space, BASE, pages * PAGE_SIZE);
}

/* Page number of a range's start, or -1. */
static long take(unsigned int index, unsigned long pages, size_t align)
{
	if (!va_space_alloc(&space, &range[index], pages * PAGE_SIZE, align))
		return -1;
	return (long)((range[index].start - BASE) / PAGE_SIZE);
}

KTEST(va_space, the_lowest_place_that_fits_is_taken)
{
	begin(12);
	EXPECT_EQ(take(0, 1, PAGE_SIZE), 0);
	EXPECT_EQ(take(1, 3, PAGE_SIZE), 1);
	EXPECT_EQ(take(2, 2, PAGE_SIZE), 4);
	va_space_free(&space, &range[1]);
	/*	|0|. . .|2 2|. . . . . .|	*/
	EXPECT_EQ(take(3, 4, PAGE_SIZE), 6);
	EXPECT_EQ(take(4, 3, PAGE_SIZE), 1);
	EXPECT_EQ(take(5, 3, PAGE_SIZE), -1);
	EXPECT_EQ(take(6, 2, PAGE_SIZE), 10);
	EXPECT_EQ(take(7, 1, PAGE_SIZE), -1);
	EXPECT_TRUE(va_space_check(&space));
}

KTEST(va_space, a_place_that_is_aligned_by_luck_is_found)
{
	/* The base is a multiple of 1 MiB; room for 16 pages at a multiple of 16 is only at the start. */
	begin(31);
	EXPECT_EQ(take(0, 16, 16 * PAGE_SIZE), 0);
	EXPECT_EQ(take(1, 16, 16 * PAGE_SIZE), -1);
	va_space_free(&space, &range[0]);
	EXPECT_EQ(take(2, 15, PAGE_SIZE), 0);
	EXPECT_EQ(take(3, 15, 16 * PAGE_SIZE), 16);
	EXPECT_TRUE(va_space_check(&space));
}

/* fault-V3: an alignment that no address has, and a size that is not there. */
KTEST(va_space, an_impossible_alignment_fails_and_changes_nothing)
{
	begin(64);
	EXPECT_EQ(take(0, 1, 1UL << 63), -1);
	EXPECT_EQ(take(0, 65, PAGE_SIZE), -1);
	EXPECT_EQ(space.nr_ranges, 0);
	EXPECT_TRUE(va_space_check(&space));
	EXPECT_EQ(take(0, 64, PAGE_SIZE), 0);
}

KTEST(va_space, an_address_finds_its_range_or_the_next_above)
{
	begin(64);
	take(0, 4, PAGE_SIZE);
	take(1, 4, PAGE_SIZE);
	take(2, 4, PAGE_SIZE);
	va_space_free(&space, &range[1]);
	EXPECT_EQ(va_space_find(&space, BASE + 4 * PAGE_SIZE - 1), &range[0]);
	EXPECT_EQ(va_space_find(&space, BASE + 4 * PAGE_SIZE), &range[2]);
	EXPECT_EQ(va_space_find(&space, BASE + 12 * PAGE_SIZE), NULL);
	EXPECT_EQ(va_space_next(&space, NULL), &range[0]);
	EXPECT_EQ(va_space_next(&space, &range[0]), &range[2]);
	EXPECT_EQ(va_space_next(&space, &range[2]), NULL);
}

/* The same numbers in each run. */
static unsigned int draw(unsigned int bound)
{
	static uint64_t state = 88172645463325252UL;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned int)(state >> 33) % bound;
}

/* --- against a flat map ------------------------------------------------------------ */

static unsigned char taken[PAGES]; /* of a page: 1 + the range that has it */

/* Where the model would put it. */
static long model_place(unsigned long pages, unsigned long align)
{
	for (unsigned long start = 0; start + pages <= PAGES; start += align) {
		unsigned long i = 0;

		while (i < pages && !taken[start + i])
			i++;
		if (i == pages)
			return (long)start;
	}
	return -1;
}

/* Lowest-fit is exact but for the walk that reserves room for any alignment: then the place may be a later one. */
static void try_take(unsigned int index, unsigned long pages, unsigned long align)
{
	long want = model_place(pages, align), got = take(index, pages, align * PAGE_SIZE);

	if (align == 1)
		EXPECT_EQ(got, want);
	EXPECT_EQ(got >= 0, want >= 0);
	if (got < 0)
		return;
	EXPECT_EQ((unsigned long)got % align, 0);
	for (unsigned long i = 0; i < pages; i++) {
		EXPECT_EQ(taken[(unsigned long)got + i], 0);
		taken[(unsigned long)got + i] = 1;
	}
}

static void give(unsigned int index)
{
	unsigned long first = (range[index].start - BASE) / PAGE_SIZE;
	unsigned long end = (range[index].end - BASE) / PAGE_SIZE;

	va_space_free(&space, &range[index]);
	memset(&taken[first], 0, end - first);
}

KTEST(va_space, thousands_of_random_changes_agree_with_a_flat_map)
{
	static bool alive[64];

	memset(alive, 0, sizeof(alive));
	memset(taken, 0, sizeof(taken));
	begin(PAGES);
	for (unsigned int step = 0; step < 4000 && !ktest_failed(); step++) {
		unsigned int index = draw(ARRAY_SIZE(alive));

		if (alive[index]) {
			give(index);
			alive[index] = false;
		} else {
			unsigned long before = space.nr_ranges;

			try_take(index, 1 + draw(24), 1UL << draw(5));
			alive[index] = space.nr_ranges != before;
		}
		if (step % 16 == 0)
			EXPECT_TRUE(va_space_check(&space));
	}
}

/* --- many ranges ---------------------------------------------------------------------- */

#define MANY_PAGES (1UL << 26)

/* What is taken and what is free make up the space, to the page. */
static bool adds_up(size_t taken_bytes)
{
	size_t free = space.last.gap;

	for (struct va_range *at = NULL; (at = va_space_next(&space, at));)
		free += at->gap;
	return free + taken_bytes == MANY_PAGES * PAGE_SIZE;
}

static size_t length(const struct va_range *of)
{
	return of->end - of->start;
}

/* Ranges of up to 16 pages, of all alignments up to 2 MiB: the bytes that they take, 0 when one found no place. */
static size_t take_many(struct va_range *many, unsigned int nr)
{
	size_t sum = 0;

	for (unsigned int i = 0; i < nr; i++) {
		if (!va_space_alloc(&space, &many[i], (1 + draw(16)) * PAGE_SIZE,
				    PAGE_SIZE << draw(10)))
			return 0;
		sum += length(&many[i]);
	}
	return sum;
}

/* fault-V8: in QEMU, which is slow, fewer changes. */
KTEST(va_space, gaps_sum_up_exactly_through_a_million_changes_fault_V8)
{
	unsigned int nr = 15000, steps = CONFIG_HOSTED ? 1000000 : 40000;
	struct va_range *many;
	size_t sum;

	if (nr_idle_pages() < 4 * nr * sizeof(*many) / PAGE_SIZE)
		SKIP_TEST("the machine is too small for 15,000 ranges");
	many = vmalloc_array(nr, sizeof(*many));
	ASSERT_TEST(many);
	begin(MANY_PAGES);
	sum = take_many(many, nr);
	EXPECT_NE(sum, 0);
	for (unsigned int step = 0; sum && step < steps && !ktest_failed(); step++) {
		struct va_range *one = &many[draw(nr)];

		sum -= length(one);
		va_space_free(&space, one);
		EXPECT_TRUE(va_space_alloc(&space, one, (1 + draw(16)) * PAGE_SIZE,
					   PAGE_SIZE << draw(10)));
		sum += length(one);
		if (step % (steps / 8) == 0)
			EXPECT_TRUE(va_space_check(&space) && adds_up(sum));
	}
	EXPECT_EQ(space.nr_ranges, nr);
	EXPECT_TRUE(va_space_check(&space));
	EXPECT_TRUE(adds_up(sum));
	vfree(many);
}

/* Nodes that one search looks at, the mean; a round frees one of `nr` living ranges and takes another. Times 100. */
static unsigned long mean_steps(struct va_range *many, unsigned int nr)
{
	unsigned int i;

	begin(MANY_PAGES);
	for (i = 0; i < nr; i++)
		if (!va_space_alloc(&space, &many[i], (1 + draw(8)) * PAGE_SIZE, PAGE_SIZE))
			return 0;
	space.steps = 0;
	for (i = 0; i < 20000; i++) {
		struct va_range *one = &many[draw(nr)];
		unsigned long before = space.steps;

		va_space_free(&space, one);
		if (!va_space_alloc(&space, one, (1 + draw(8)) * PAGE_SIZE, PAGE_SIZE))
			return 0;
		/* One walk down and no second one. */
		EXPECT_LE(space.steps - before, space.root->height + 1);
	}
	return space.steps / 200;
}

KTEST(va_space, a_search_among_100000_ranges_looks_at_as_many_nodes_as_the_tree_is_deep)
{
	unsigned int nr = 100000;
	unsigned long few, lots;
	struct va_range *many;

	if (!CONFIG_DEBUG)
		SKIP_TEST("release builds do not count");
	if (nr_idle_pages() < 2 * nr * sizeof(*many) / PAGE_SIZE)
		SKIP_TEST("the machine is too small for 100,000 ranges");
	many = vmalloc_array(nr, sizeof(*many));
	ASSERT_TEST(many);
	few = mean_steps(many, 10);
	lots = mean_steps(many, nr);
	/* 10,000 times as many ranges: a tree of 17 to 20 levels instead of 4, where a search ends half way down now and then. */
	EXPECT_GT(few, 100);
	EXPECT_LE(lots, 8 * few);
	EXPECT_LE(space.root->height, 24);
	vfree(many);
}

KTEST(va_space, the_tree_stays_flat_whatever_the_order)
{
	begin(PAGES);
	for (unsigned int i = 0; i < PAGES; i++)
		ASSERT_TEST(take(i, 1, PAGE_SIZE) == (long)i);
	/* An AVL tree of 513 nodes is at most 12 high. */
	EXPECT_LE(space.root->height, 12);
	for (unsigned int i = 0; i < PAGES; i += 2)
		va_space_free(&space, &range[i]);
	EXPECT_TRUE(va_space_check(&space));
	for (unsigned int i = PAGES - 1; i < PAGES; i -= 2)
		va_space_free(&space, &range[i]);
	EXPECT_EQ(space.root, &space.last);
	EXPECT_EQ(space.last.gap, PAGES * PAGE_SIZE);
}
