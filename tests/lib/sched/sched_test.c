/* SPDX-License-Identifier: MIT */
/*
 * sched_test.c - tasks take turns, end, are joined; a wait that can never end is told.
 */
#include <lib/ktest.h>

#include <lib/completion.h>
#include <lib/mutex.h>
#include <lib/printf.h>
#include <lib/sched.h>
#include <lib/wait.h>

#include "tasks.h"

static char order[16];
static unsigned int ordered;

static void note(char c)
{
	if (ordered + 1 < sizeof(order))
		order[ordered++] = c;
	order[ordered] = '\0';
}

static void note_three_times(void *letter)
{
	for (int i = 0; i < 3; i++) {
		note(*(const char *)letter);
		schedule();
	}
}

KTEST(sched, tasks_take_turns_in_the_order_in_which_they_started)
{
	ordered = 0;
	test_task_start(0, "a", note_three_times, "a");
	test_task_start(1, "b", note_three_times, "b");
	test_task_join(0);
	test_task_join(1);
	EXPECT_STREQ(order, "ababab");
}

static void note_once(void *letter)
{
	note(*(const char *)letter);
}

KTEST(sched, a_task_that_has_ended_gives_its_memory_back)
{
	for (int i = 0; i < 5; i++) {
		ordered = 0;
		test_task_start(0, "once", note_once, "x");
		EXPECT_EQ(ordered, 0);
		test_task_join(0);
		EXPECT_STREQ(order, "x");
	}
}

KTEST(sched, a_task_that_ended_before_is_joined_at_once)
{
	ordered = 0;
	test_task_start(0, "early", note_once, "e");
	schedule();
	EXPECT_STREQ(order, "e");
	test_task_join(0);
}

KTEST(sched, schedule_with_nobody_else_returns)
{
	struct task *self = task_current();

	schedule();
	EXPECT_TRUE(task_current() == self);
	EXPECT_EQ(self->state, TASK_RUNNING);
}

static DEFINE_WAIT_QUEUE_HEAD(never);

KTEST_PANIC(sched, a_wait_that_nobody_can_end_panics, "waits for ever for: false")
{
	wait_event(never, false);
}
