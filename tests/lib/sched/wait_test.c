/* SPDX-License-Identifier: MIT */
/*
 * wait_test.c - wait queues, mutexes, completions: no wake-up is lost, one owner at a time, misuse is told.
 */
#include <lib/ktest.h>

#include <lib/completion.h>
#include <lib/mutex.h>
#include <lib/wait.h>

#include "tasks.h"

static DEFINE_WAIT_QUEUE_HEAD(queue);
static bool flag;
static unsigned int woken;

static void wait_for_flag(void *unused)
{
	(void)unused;
	wait_event(queue, READ_ONCE(flag));
	woken++;
}

KTEST(wait, a_waiter_goes_on_when_the_condition_is_true_and_not_before)
{
	flag = false;
	woken = 0;
	test_task_start(0, "waiter", wait_for_flag, NULL);
	schedule();
	EXPECT_TRUE(waitqueue_active(&queue));
	wake_up(&queue);
	schedule();
	EXPECT_EQ(woken, 0);
	EXPECT_TRUE(waitqueue_active(&queue));
	flag = true;
	wake_up(&queue);
	test_task_join(0);
	EXPECT_EQ(woken, 1);
	EXPECT_FALSE(waitqueue_active(&queue));
}

static void set_flag_and_wake(void *unused)
{
	(void)unused;
	WRITE_ONCE(flag, true);
	wake_up(&queue);
}

KTEST(wait, an_interrupt_wakes)
{
	flag = false;
	woken = 0;
	test_task_start(0, "waiter", wait_for_flag, NULL);
	schedule();
	ktest_in_interrupt(set_flag_and_wake, NULL);
	test_task_join(0);
	EXPECT_EQ(woken, 1);
}

static unsigned int looks;

/* Look 1 is without the queue, look 2 in it: the interrupt comes between that and the sleep. */
static bool look_and_be_interrupted(void)
{
	bool seen = READ_ONCE(flag);

	if (++looks == 2)
		ktest_in_interrupt(set_flag_and_wake, NULL);
	return seen;
}

KTEST(wait, a_wake_up_between_the_look_and_the_sleep_is_not_lost)
{
	flag = false;
	looks = 0;
	wait_event(queue, look_and_be_interrupted());
	EXPECT_TRUE(flag);
	EXPECT_EQ(looks, 3);
	flag = false;
}

static void wait_alone(void *unused)
{
	(void)unused;
	wait_event_exclusive(queue, READ_ONCE(flag));
	woken++;
}

KTEST(wait, exclusive_waiters_are_woken_one_by_one_in_their_order_and_the_others_all)
{
	flag = false;
	woken = 0;
	test_task_start(0, "alone 1", wait_alone, NULL);
	test_task_start(1, "alone 2", wait_alone, NULL);
	test_task_start(2, "shares", wait_for_flag, NULL);
	schedule();
	flag = true;
	wake_up(&queue);
	schedule();
	EXPECT_EQ(woken, 2);
	wake_up_nr(&queue, 1);
	schedule();
	EXPECT_EQ(woken, 3);
	for (int i = 0; i < 3; i++)
		test_task_join(i);
}

static DEFINE_MUTEX(mutex, MUTEX_RANK_OUTER);
static unsigned int inside, most_inside, rounds;

static void take_turns(void *unused)
{
	(void)unused;
	for (int i = 0; i < 20; i++) {
		mutex_lock(&mutex);
		most_inside = max(most_inside, ++inside);
		schedule();
		inside--;
		rounds++;
		mutex_unlock(&mutex);
		schedule();
	}
}

KTEST(mutex, one_owner_at_a_time)
{
	most_inside = rounds = 0;
	for (int i = 0; i < TEST_TASKS; i++)
		test_task_start(i, "turns", take_turns, NULL);
	for (int i = 0; i < TEST_TASKS; i++)
		test_task_join(i);
	EXPECT_EQ(most_inside, 1);
	EXPECT_EQ(rounds, TEST_TASKS * 20);
	EXPECT_FALSE(mutex_is_locked(&mutex));
}

KTEST(mutex, taking_it_twice_is_reported)
{
	mutex_lock(&mutex);
	EXPECT_REPORT("mutex_lock: the task holds this mutex already", mutex_lock(&mutex));
	mutex_unlock(&mutex);
	EXPECT_FALSE(mutex_is_locked(&mutex));
}

static void unlock_it(void *unused)
{
	(void)unused;
	mutex_unlock(&mutex);
}

KTEST(mutex, unlocking_what_another_holds_is_reported)
{
	mutex_lock(&mutex);
	test_task_start(0, "thief", unlock_it, NULL);
	EXPECT_REPORT("mutex_unlock: this task does not hold the mutex", test_task_join(0));
	EXPECT_TRUE(mutex_is_locked(&mutex));
	mutex_unlock(&mutex);
	EXPECT_REPORT("mutex_unlock: this task does not hold the mutex", mutex_unlock(&mutex));
}

KTEST(mutex, trylock_does_not_wait)
{
	EXPECT_TRUE(mutex_trylock(&mutex));
	EXPECT_FALSE(mutex_trylock(&mutex));
	mutex_unlock(&mutex);
}

static DEFINE_MUTEX(inner, MUTEX_RANK_LEAF);

KTEST_PANIC(mutex, taking_them_against_their_rank_panics, "lock order")
{
	mutex_lock(&inner);
	mutex_lock(&mutex);
}

static void take_and_die(void *unused)
{
	(void)unused;
	mutex_lock(&mutex);
	mutex_lock(&inner);
}

static void hold_inner_and_want_mutex(void *unused)
{
	(void)unused;
	mutex_lock(&inner);
	schedule();
	wait_event(queue, READ_ONCE(flag));
}

KTEST_PANIC(mutex, tasks_that_wait_for_each_other_panic, "deadlock: task main")
{
	flag = false;
	test_task_start(0, "holder", hold_inner_and_want_mutex, NULL);
	schedule();
	take_and_die(NULL);
}

static DECLARE_COMPLETION(completion);

static void wait_for_it(void *unused)
{
	(void)unused;
	wait_for_completion(&completion);
	woken++;
}

KTEST(completion, each_waiter_takes_one)
{
	woken = 0;
	complete(&completion);
	wait_for_completion(&completion);
	EXPECT_FALSE(completion_done(&completion));
	test_task_start(0, "one", wait_for_it, NULL);
	test_task_start(1, "two", wait_for_it, NULL);
	schedule();
	complete(&completion);
	schedule();
	EXPECT_EQ(woken, 1);
	complete(&completion);
	test_task_join(0);
	test_task_join(1);
	EXPECT_EQ(woken, 2);
	EXPECT_FALSE(try_wait_for_completion(&completion));
}

KTEST(completion, done_for_all_stays_done)
{
	complete_all(&completion);
	wait_for_completion(&completion);
	wait_for_completion(&completion);
	EXPECT_TRUE(completion_done(&completion));
	init_completion(&completion);
	EXPECT_FALSE(completion_done(&completion));
}
