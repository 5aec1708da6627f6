/* SPDX-License-Identifier: MIT */
/*
 * lib/completion.h - "it is done", said once, heard by who waits for it before or after.
 *
 * complete() may come from an interrupt. A waiter takes one completion away; complete_all() leaves it done for
 * all who ever ask. (Linux: include/linux/completion.h)
 */
#pragma once

#include <lib/wait.h>

#define COMPLETION_FOR_ALL (~0U)

struct completion {
	unsigned int done;
	wait_queue_head_t waiters;
};

#define COMPLETION_INIT(name)                                                                      \
	{                                                                                          \
		.done = 0, .waiters = WAIT_QUEUE_HEAD_INIT((name).waiters)                         \
	}
#define DECLARE_COMPLETION(name) struct completion name = COMPLETION_INIT(name)

void init_completion(struct completion *completion);

/* Any context. */
void complete(struct completion *completion);
void complete_all(struct completion *completion);

/* May sleep. The second returns false when `ms` milliseconds passed first. */
void wait_for_completion(struct completion *completion);
bool wait_for_completion_timeout(struct completion *completion, uint64_t ms);

/* Takes one if there is one; never waits. Any context. */
bool try_wait_for_completion(struct completion *completion);

/* Has it been completed more often than waited for? */
static inline bool completion_done(const struct completion *completion)
{
	return READ_ONCE(completion->done) != 0;
}
