/* SPDX-License-Identifier: MIT */
/*
 * wait.c - the queue of those who wait for one thing.
 *
 * THE IDEA
 *	Enter the queue, then look at the condition, then give the CPU away. The other side: make the
 *	condition true, then look at the queue. Whichever of the two second looks comes last in time
 *	sees what the other side wrote, because both go through the queue's lock.
 *
 *	wake_up() takes a waiter out of the queue (it re-enters if its condition is still false). So of
 *	the exclusive ones each wake-up finds another.
 *
 * LOCKING	A queue's lock, then a run queue's. Waking takes no other and is for any context.
 * LINUX	kernel/sched/wait.c: prepare_to_wait(), autoremove_wake_function(), __wake_up_common().
 */
#include <lib/wait.h>

#include <lib/check.h>

void init_waitqueue_head(wait_queue_head_t *queue)
{
	spin_lock_init(&queue->lock, LOCK_RANK_WAIT_QUEUE);
	INIT_LIST_HEAD(&queue->head);
}

static void prepare(wait_queue_head_t *queue, struct wait_queue_entry *wait, const char *what)
{
	unsigned long flags;

	spin_lock_irqsave(&queue->lock, flags);
	if (list_empty(&wait->entry)) {
		if (wait->exclusive)
			list_add_tail(&wait->entry, &queue->head);
		else
			list_add(&wait->entry, &queue->head);
	}
	task_set_waiting(what, queue, NULL);
	spin_unlock_irqrestore(&queue->lock, flags);
}

void prepare_to_wait(wait_queue_head_t *queue, struct wait_queue_entry *wait, const char *what)
{
	wait->exclusive = false;
	prepare(queue, wait, what);
}

void prepare_to_wait_exclusive(wait_queue_head_t *queue, struct wait_queue_entry *wait,
			       const char *what)
{
	wait->exclusive = true;
	prepare(queue, wait, what);
}

void finish_wait(wait_queue_head_t *queue, struct wait_queue_entry *wait)
{
	unsigned long flags;

	task_set_running();
	spin_lock_irqsave(&queue->lock, flags);
	if (!list_empty(&wait->entry))
		list_del_init(&wait->entry);
	spin_unlock_irqrestore(&queue->lock, flags);
}

void wake_up_locked(wait_queue_head_t *queue, unsigned int nr)
{
	struct wait_queue_entry *wait, *next;

	list_for_each_entry_safe (wait, next, &queue->head, entry) {
		bool exclusive = wait->exclusive;

		if (exclusive && nr == 0)
			break;
		list_del_init(&wait->entry);
		if (wake_up_task(wait->task) && exclusive)
			nr--;
	}
}

void wake_up_nr(wait_queue_head_t *queue, unsigned int nr)
{
	unsigned long flags;

	spin_lock_irqsave(&queue->lock, flags);
	wake_up_locked(queue, nr);
	spin_unlock_irqrestore(&queue->lock, flags);
}

void wake_up(wait_queue_head_t *queue)
{
	wake_up_nr(queue, 1);
}

void wake_up_all(wait_queue_head_t *queue)
{
	wake_up_nr(queue, ~0U);
}
