/* SPDX-License-Identifier: MIT */
/*
 * lib/wait.h - wait queues: tasks that wait for a condition, and those who make it true.
 *
 *	wait_event(queue, condition);		condition = true; wake_up(&queue);
 *
 * The waiter enters the queue *before* it looks at the condition. So whoever makes the condition true and then wakes
 * finds the waiter either looking (it will see it) or in the queue (it will be woken): no wake-up is lost. Waking is for any
 * context, waiting for tasks that hold no spinlock and have interrupts on. (Linux: include/linux/wait.h)
 */
#pragma once

#include <lib/clock.h>
#include <lib/context.h>
#include <lib/list.h>
#include <lib/sched.h>
#include <lib/spinlock.h>

typedef struct wait_queue_head {
	spinlock_t lock;
	struct list_head head; /* of waiters; those that want to be woken alone come last */
} wait_queue_head_t;

struct wait_queue_entry {
	struct task *task;
	bool exclusive;
	struct list_head entry; /* empty: not queued, or woken since */
};

#define WAIT_QUEUE_HEAD_INIT(name)                                                                 \
	{                                                                                          \
		.lock = SPINLOCK_INIT(LOCK_RANK_WAIT_QUEUE), .head = LIST_HEAD_INIT((name).head)   \
	}
#define DEFINE_WAIT_QUEUE_HEAD(name) wait_queue_head_t name = WAIT_QUEUE_HEAD_INIT(name)
#define DEFINE_WAIT(name)                                                                          \
	struct wait_queue_entry name = {.task = task_current(),                                    \
					.entry = LIST_HEAD_INIT((name).entry)}

void init_waitqueue_head(wait_queue_head_t *queue);

/* Does anybody wait? Only a hint, unless the queue's lock is held. */
static inline bool waitqueue_active(const wait_queue_head_t *queue)
{
	return !list_empty(&queue->head);
}

/*
 * The long form, for waits that wait_event() does not fit:
 *
 *	DEFINE_WAIT(wait);
 *	for (;;) {
 *		prepare_to_wait(&queue, &wait, "a free page");
 *		if (condition)
 *			break;
 *		schedule();
 *	}
 *	finish_wait(&queue, &wait);
 *
 * `what` is what a report of a deadlock says the task waits for. An exclusive waiter is woken alone, in the order of arrival.
 */
void prepare_to_wait(wait_queue_head_t *queue, struct wait_queue_entry *wait, const char *what);
void prepare_to_wait_exclusive(wait_queue_head_t *queue, struct wait_queue_entry *wait,
			       const char *what);
void finish_wait(wait_queue_head_t *queue, struct wait_queue_entry *wait);

/* Wake all waiters that share, and one, `nr` or all of those that are exclusive. Any context. */
void wake_up_nr(wait_queue_head_t *queue, unsigned int nr);
void wake_up(wait_queue_head_t *queue);
void wake_up_locked(wait_queue_head_t *queue,
		    unsigned int nr); /* the caller holds the queue's lock */
void wake_up_all(wait_queue_head_t *queue);

/* A wait that also ends after `ms` milliseconds: the task is woken then and task_timed_out() is true. */
void wait_timeout_begin(uint64_t ms);
void wait_timeout_end(void);

/* Has the timeout of the current task's wait ended? */
static inline bool task_timed_out(void)
{
	return READ_ONCE(task_current()->timed_out);
}

/* Let others run for `ms` milliseconds, to the next tick at least; without a clock only once. May sleep. (Linux: schedule_timeout()) */
void schedule_timeout(uint64_t ms);

/* Macros, because `condition` is looked at again and again. */
#define wait_event_loop(queue, condition, text, prepare)                                           \
	do {                                                                                       \
		DEFINE_WAIT(wait_);                                                                \
		for (;;) {                                                                         \
			prepare(&(queue), &wait_, text);                                           \
			if (condition)                                                             \
				break;                                                             \
			schedule();                                                                \
		}                                                                                  \
		finish_wait(&(queue), &wait_);                                                     \
	} while (0)

/* Wait until `condition` is true. Looks at it first, without the queue. */
#define wait_event(queue, condition)                                                               \
	do {                                                                                       \
		might_sleep();                                                                     \
		if (!(condition))                                                                  \
			wait_event_loop(queue, condition, #condition, prepare_to_wait);            \
	} while (0)

#define wait_event_exclusive(queue, condition)                                                     \
	do {                                                                                       \
		might_sleep();                                                                     \
		if (!(condition))                                                                  \
			wait_event_loop(queue, condition, #condition, prepare_to_wait_exclusive);  \
	} while (0)

/* The same for at most `ms` milliseconds; true when the condition became true. */
#define wait_event_timeout(queue, condition, ms)                                                   \
	({                                                                                         \
		bool done_;                                                                        \
		might_sleep();                                                                     \
		done_ = (condition);                                                               \
		if (!done_) {                                                                      \
			wait_timeout_begin(ms);                                                    \
			wait_event_loop(queue, (done_ = (condition)) || task_timed_out(),          \
					#condition, prepare_to_wait);                              \
			wait_timeout_end();                                                        \
		}                                                                                  \
		done_;                                                                             \
	})
