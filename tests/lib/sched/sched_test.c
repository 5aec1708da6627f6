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

/* More values than a compiler has registers that a call may destroy: the others are what a switch must keep. */
#define IN_REGISTERS(v)                                                                            \
	__asm__ volatile("" : "+r"(v[0]), "+r"(v[1]), "+r"(v[2]), "+r"(v[3]), "+r"(v[4]))

static void keep_values(void *context)
{
	unsigned long seed = (unsigned long)(uintptr_t)context, v[5];
	unsigned int wrong = 0;

	for (unsigned long i = 0; i < 5; i++)
		v[i] = seed * 0x0101010101010101UL + i;
	for (int round = 0; round < 8; round++) {
		IN_REGISTERS(v);
		schedule();
		IN_REGISTERS(v);
		for (unsigned long i = 0; i < 5; i++)
			wrong += v[i] != seed * 0x0101010101010101UL + i;
	}
	EXPECT_EQ(wrong, 0);
}

KTEST(sched, a_switch_keeps_the_registers_and_the_stack)
{
	for (uintptr_t i = 0; i < TEST_TASKS; i++)
		test_task_start((unsigned int)i, "keeper", keep_values, (void *)(i + 1));
	keep_values((void *)(uintptr_t)0x77);
	for (unsigned int i = 0; i < TEST_TASKS; i++)
		test_task_join(i);
}

static void interrupted_keep(void *unused)
{
	(void)unused;
	keep_values((void *)(uintptr_t)0x55);
}

static void nothing(void *unused)
{
	(void)unused;
}

KTEST(sched, tasks_are_switched_in_a_storm_of_interrupts)
{
	ktest_storm_begin(nothing, NULL);
	for (int i = 0; i < 20; i++) {
		test_task_start(0, "stormy", interrupted_keep, NULL);
		keep_values((void *)(uintptr_t)0x33);
		test_task_join(0);
	}
	ktest_storm_end();
}

static DEFINE_MUTEX(shared_mutex, MUTEX_RANK_OUTER);
static unsigned long counter, inside_now, clashes;

static void count_under_mutex(unsigned int cpu, void *context)
{
	(void)cpu;
	for (unsigned long i = 0; i < *(const unsigned long *)context; i++) {
		mutex_lock(&shared_mutex);
		clashes += inside_now++ != 0;
		counter++;
		if (i % 16 == 0)
			schedule();
		inside_now--;
		mutex_unlock(&shared_mutex);
	}
}

KTEST(sched, a_mutex_keeps_cpus_apart)
{
	unsigned long rounds = 300;

	counter = clashes = 0;
	if (!ktest_run_on_cpus(2, count_under_mutex, &rounds))
		return;
	EXPECT_EQ(counter, 2 * rounds);
	EXPECT_EQ(clashes, 0);
}

static struct completion ping, pong;

static void play(unsigned int cpu, void *unused)
{
	(void)unused;
	for (int i = 0; i < 200; i++) {
		if (cpu == 0)
			complete(&ping);
		wait_for_completion(cpu == 0 ? &pong : &ping);
		if (cpu != 0)
			complete(&pong);
	}
}

KTEST(sched, cpus_wake_each_other)
{
	init_completion(&ping);
	init_completion(&pong);
	if (!ktest_run_on_cpus(2, play, NULL))
		return;
	EXPECT_FALSE(completion_done(&ping));
	EXPECT_FALSE(completion_done(&pong));
}

static __noinline unsigned long dig(volatile unsigned long *above)
{
	volatile unsigned long here[32];

	here[0] = *above + 1;
	return *above > 100000 ? 0 : dig(here) + here[0];
}

static void run_off_the_stack(void *unused)
{
	volatile unsigned long start = 0;

	(void)unused;
	dig(&start);
}

KTEST_PANIC(sched, a_task_that_runs_off_its_stack_is_stopped,
	    "the kernel stack overflowed into its guard page")
{
	test_task_start(0, "digger", run_off_the_stack, NULL);
	test_task_join(0);
}
