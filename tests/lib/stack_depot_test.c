/* SPDX-License-Identifier: MIT */
/* stack_depot_test.c - call stacks are kept once, and a full depot says so. */
#include <lib/ktest.h>
#include <lib/stack_depot.h>
#include <lib/symbols.h>

static uint64_t memory[KiB / 8];

/* False: somebody else's depot is open, and is left alone. */
static bool open_small(void)
{
	if (stack_depot_is_open())
		return false;
	stack_depot_open(memory, sizeof(memory));
	return true;
}

KTEST(stack_depot, a_stack_is_kept_once_and_read_back)
{
	uintptr_t stack[3] = {0x1000, 0x2000, 0x3000}, other[3] = {0x1000, 0x2000, 0x4000};
	struct stack_depot_stats stats;
	depot_stack_handle_t first, second;
	const uintptr_t *entries;

	if (!open_small())
		SKIP_TEST("the depot is in use");
	first = stack_depot_save(stack, 3);
	second = stack_depot_save(other, 3);
	EXPECT_NE(first, 0);
	EXPECT_NE(second, first);
	EXPECT_EQ(stack_depot_save(stack, 3), first);
	EXPECT_NE(stack_depot_save(stack, 2), first);
	EXPECT_EQ(stack_depot_fetch(second, &entries), 3);
	EXPECT_EQ(memcmp(entries, other, sizeof(other)), 0);
	EXPECT_EQ(stack_depot_fetch(0, &entries), 0);
	EXPECT_EQ(stack_depot_fetch(~0U, &entries), 0);
	stack_depot_get_stats(&stats);
	EXPECT_EQ(stats.nr_stacks, 3);
	EXPECT_TRUE(stack_depot_check());
	EXPECT_TRUE(stack_depot_close() == memory);
	EXPECT_EQ(stack_depot_save(stack, 3), 0);
}

KTEST(stack_depot, a_full_depot_gives_handle_0_and_counts)
{
	struct stack_depot_stats stats;
	uintptr_t stack[4] = {0};
	unsigned int kept = 0;

	if (!open_small())
		SKIP_TEST("the depot is in use");
	for (stack[0] = 1; stack[0] <= 100; stack[0]++)
		kept += stack_depot_save(stack, 4) != 0;
	stack_depot_get_stats(&stats);
	EXPECT_EQ(kept, (KiB - KiB / 8 - 8) / 48);
	EXPECT_EQ(stats.nr_lost, 100 - kept);
	EXPECT_LE(stats.used, stats.size);
	stack[0] = 1;
	EXPECT_NE(stack_depot_save(stack, 4), 0); /* what is known still has its handle */
	EXPECT_TRUE(stack_depot_check());
	stack_depot_close();
}

KTEST(stack_depot, a_stack_deeper_than_the_depot_keeps_its_innermost_part)
{
	uintptr_t stack[STACK_DEPOT_DEPTH + 4];
	const uintptr_t *entries;

	if (!open_small())
		SKIP_TEST("the depot is in use");
	for (unsigned int i = 0; i < ARRAY_SIZE(stack); i++)
		stack[i] = 0x1000 + i;
	EXPECT_EQ(stack_depot_fetch(stack_depot_save(stack, ARRAY_SIZE(stack)), &entries),
		  STACK_DEPOT_DEPTH);
	EXPECT_EQ(entries[0], 0x1000);
	stack_depot_close();
}

static __noinline depot_stack_handle_t inner(unsigned int skip)
{
	depot_stack_handle_t handle = stack_depot_save_current(skip);

	__asm__ volatile(""); /* or the call is a jump, and this function on no stack */
	return handle;
}

static __noinline depot_stack_handle_t outer(unsigned int skip)
{
	depot_stack_handle_t handle = inner(skip);

	__asm__ volatile("");
	return handle;
}

KTEST(stack_depot, the_callers_stack_begins_where_it_says)
{
	char text[200];

	if (!open_small())
		SKIP_TEST("the depot is in use");
	stack_depot_snprint(outer(0), text, sizeof(text));
	EXPECT_TRUE(strncmp(text, "inner+", 6) == 0 && strstr(text, " <- outer+"));
	stack_depot_snprint(outer(1), text, sizeof(text));
	EXPECT_TRUE(strncmp(text, "outer+", 6) == 0 &&
		    strstr(text, "the_callers_stack_begins_where_it_says"));
	EXPECT_EQ(stack_depot_snprint(0, text, sizeof(text)), 7);
	EXPECT_STREQ(text, "unknown");
	EXPECT_EQ(stack_depot_snprint(outer(0), text, 8), 7); /* cut, and still text */
	stack_depot_close();
}

KTEST_PANIC(stack_depot, opening_it_twice_panics, "the depot is open")
{
	if (!stack_depot_is_open())
		stack_depot_open(memory, sizeof(memory));
	stack_depot_open(memory, sizeof(memory));
}
