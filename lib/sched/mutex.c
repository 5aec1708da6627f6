/* SPDX-License-Identifier: MIT */
/*
 * mutex.c - one owner at a time, the others wait in the order of arrival.
 *
 * THE IDEA
 *	The owner's name is the lock: a free mutex has none, and taking it is one compare-exchange. Who finds it
 *	taken waits in its queue, exclusively, and tries again when woken; a task that comes just then may be
 *	faster, and the waiter queues anew.
 *
 * LOCKING	Tasks only. Unlocking wakes: any lock of a rank below WAIT_QUEUE may be held then, but none while locking.
 * LINUX	kernel/locking/mutex.c; no spinning on a running owner (there is one CPU), no hand-over.
 */
#include <lib/mutex.h>

#include <lib/check.h>
#include <lib/report.h>

void mutex_init(struct mutex *mutex, enum mutex_rank rank)
{
	*mutex = (struct mutex){.rank = (uint8_t)rank};
	init_waitqueue_head(&mutex->waiters);
}

/* What the task holds is a chain, newest first. */
static void remember(struct mutex *mutex)
{
	struct task *task = task_current();

	mutex->outer = task->mutexes;
	task->mutexes = mutex;
}

static void forget(struct mutex *mutex)
{
	struct mutex **link = &task_current()->mutexes;

	while (*link != mutex)
		link = &(*link)->outer;
	*link = mutex->outer;
	mutex->outer = NULL;
}

static bool take(struct mutex *mutex)
{
	struct task *nobody = NULL;

	if (!__atomic_compare_exchange_n(&mutex->owner, &nobody, task_current(), false,
					 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return false;
	remember(mutex);
	return true;
}

static void check_rank(const struct mutex *mutex)
{
	const struct mutex *newest = task_current()->mutexes;

	if (newest && mutex->rank <= newest->rank)
		panic("lock order: mutex of rank %u taken under mutex of rank %u (lib/mutex.h "
		      "lists the "
		      "ranks)",
		      mutex->rank, newest->rank);
}

/* Told once a call: who, what, and whose it is. */
static void report_misuse(const char *title, const struct mutex *mutex)
{
	const struct task *owner = READ_ONCE(mutex->owner);

	report_open(REPORT_BUG, "%s", title);
	report_line("mutex %px of rank %u; owner: %s; this task: %s", mutex, mutex->rank,
		    owner ? owner->name : "nobody", task_current()->name);
	report_stack("called");
	report_close();
}

static void wait_for_owner(struct mutex *mutex)
{
	DEFINE_WAIT(wait);

	for (;;) {
		prepare_to_wait_exclusive(&mutex->waiters, &wait, "a mutex");
		task_current()->holder = READ_ONCE(mutex->owner);
		if (take(mutex))
			break;
		schedule();
	}
	finish_wait(&mutex->waiters, &wait);
}

void mutex_lock(struct mutex *mutex)
{
	might_sleep();
	if (READ_ONCE(mutex->owner) == task_current()) {
		report_misuse("mutex_lock: the task holds this mutex already", mutex);
		return;
	}
	if (CONFIG_DEBUG)
		check_rank(mutex);
	if (!take(mutex))
		wait_for_owner(mutex);
}

bool mutex_trylock(struct mutex *mutex)
{
	CHECK(!in_interrupt(), "mutex_trylock() in an interrupt, which is no task");
	return take(mutex);
}

void mutex_unlock(struct mutex *mutex)
{
	if (in_interrupt() || READ_ONCE(mutex->owner) != task_current()) {
		report_misuse("mutex_unlock: this task does not hold the mutex", mutex);
		return;
	}
	forget(mutex);
	/* The owner's name goes before the queue's lock is taken: who enters it too late to be woken sees a free mutex. */
	__atomic_store_n(&mutex->owner, NULL, __ATOMIC_RELEASE);
	wake_up(&mutex->waiters);
}
