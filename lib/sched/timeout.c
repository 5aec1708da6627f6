/* SPDX-License-Identifier: MIT */
/*
 * timeout.c - waits that end by the clock.
 *
 * Few tasks wait with a timeout at a time: the list is not sorted, each tick looks at all of it.
 * LINUX	kernel/time/timer.c: schedule_timeout(), with a wheel of timers instead of a list.
 */
#include <lib/wait.h>

static DEFINE_SPINLOCK(timeouts_lock, LOCK_RANK_TIMEOUT);
static LIST_HEAD(timeouts);
static unsigned int nr_timeouts;

bool sched_has_timeouts(void)
{
	return READ_ONCE(nr_timeouts) != 0;
}

/* Where no clock runs a timeout would never end: it has ended at once. */
void wait_timeout_begin(uint64_t ms)
{
	struct task *task = task_current();
	unsigned long flags;

	WRITE_ONCE(task->timed_out, !clock_exists());
	task->wake_at = clock_ns() + ms * 1000000;
	spin_lock_irqsave(&timeouts_lock, flags);
	list_add(&task->timeout, &timeouts);
	WRITE_ONCE(nr_timeouts, nr_timeouts + 1);
	spin_unlock_irqrestore(&timeouts_lock, flags);
	wakeup_expected();
}

void wait_timeout_end(void)
{
	unsigned long flags;

	spin_lock_irqsave(&timeouts_lock, flags);
	list_del_init(&task_current()->timeout);
	WRITE_ONCE(nr_timeouts, nr_timeouts - 1);
	spin_unlock_irqrestore(&timeouts_lock, flags);
	wakeup_arrived();
}

void schedule_timeout(uint64_t ms)
{
	might_sleep();
	wait_timeout_begin(ms);
	task_set_waiting("the clock", NULL, NULL);
	if (task_timed_out())
		task_set_running();
	schedule();
	task_set_running();
	wait_timeout_end();
}

void sched_tick(void)
{
	uint64_t now = clock_ns();
	unsigned long flags;
	struct task *task;

	if (!sched_has_timeouts())
		return;
	spin_lock_irqsave(&timeouts_lock, flags);
	list_for_each_entry (task, &timeouts, timeout) {
		if (now < task->wake_at)
			continue;
		WRITE_ONCE(task->timed_out, true);
		wake_up_task(task);
	}
	spin_unlock_irqrestore(&timeouts_lock, flags);
}
