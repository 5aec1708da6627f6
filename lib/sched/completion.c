/* SPDX-License-Identifier: MIT */
/*
 * completion.c - a counter of "done", and those who wait for it.
 *
 * The counter is changed under the queue's lock only. So a completion may lie on the waiter's stack: who has seen the
 * counter under the lock knows that complete() has let go of everything but that lock.
 * LINUX	kernel/sched/completion.c.
 */
#include <lib/completion.h>

void init_completion(struct completion *completion)
{
	completion->done = 0;
	init_waitqueue_head(&completion->waiters);
}

static void add(struct completion *completion, bool for_all)
{
	wait_queue_head_t *queue = &completion->waiters;
	unsigned long flags;

	spin_lock_irqsave(&queue->lock, flags);
	if (for_all)
		completion->done = COMPLETION_FOR_ALL;
	else if (completion->done < COMPLETION_FOR_ALL - 1)
		completion->done++;
	wake_up_locked(queue, for_all ? COMPLETION_FOR_ALL : 1);
	spin_unlock_irqrestore(&queue->lock, flags);
}

void complete(struct completion *completion)
{
	add(completion, false);
}

void complete_all(struct completion *completion)
{
	add(completion, true);
}

bool try_wait_for_completion(struct completion *completion)
{
	unsigned long flags;
	bool done;

	spin_lock_irqsave(&completion->waiters.lock, flags);
	done = completion->done != 0;
	if (done && completion->done != COMPLETION_FOR_ALL)
		completion->done--;
	spin_unlock_irqrestore(&completion->waiters.lock, flags);
	return done;
}

void wait_for_completion(struct completion *completion)
{
	wait_event_exclusive(completion->waiters, try_wait_for_completion(completion));
}

bool wait_for_completion_timeout(struct completion *completion, uint64_t ms)
{
	return wait_event_timeout(completion->waiters, try_wait_for_completion(completion), ms);
}
