/* SPDX-License-Identifier: MIT */
/*
 * lib/mutex.h - mutual exclusion between tasks; who finds it taken waits.
 *
 * A mutex has a rank in the same order as the spinlocks (lib/spinlock.h), and comes before all of them: debug builds
 * check that a task takes mutexes in rising rank and never under a spinlock. Only the owner may unlock; taking it twice, and
 * unlocking what another holds, is a report, and changes nothing. Tasks only, may sleep. (Linux: include/linux/mutex.h)
 */
#pragma once

#include <lib/wait.h>

enum mutex_rank {
	MUTEX_RANK_OUTER = 1,	/* kernel/, tests: taken before any of mm's */
	MUTEX_RANK_PROTECT = 3, /* mm/page: set_memory_*() */
	MUTEX_RANK_SLAB = 4,	/* mm/slab: the list of caches */
	MUTEX_RANK_VIRT = 5,	/* mm/virt */
	MUTEX_RANK_PERCPU = 6,	/* mm/percpu: chunks */
	MUTEX_RANK_PAGE = 7,	/* mm/page: shrinkers, reclaim, compaction */
	MUTEX_RANK_LEAF = 9,	/* holds no other inside */
};

struct mutex {
	struct task *owner; /* NULL: free */
	uint8_t rank;
	struct mutex
		*outer; /* the owner's next older mutex: what it holds is a list, newest first */
	wait_queue_head_t waiters;
};

#define MUTEX_INIT(name, rank_)                                                                    \
	{                                                                                          \
		.rank = (rank_), .waiters = WAIT_QUEUE_HEAD_INIT((name).waiters)                   \
	}
#define DEFINE_MUTEX(name, rank) struct mutex name = MUTEX_INIT(name, rank)

void mutex_init(struct mutex *mutex, enum mutex_rank rank);
void mutex_lock(struct mutex *mutex);

/* Never waits; false when somebody holds it. Not from an interrupt. */
bool mutex_trylock(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex);

static inline bool mutex_is_locked(const struct mutex *mutex)
{
	return READ_ONCE(mutex->owner) != NULL;
}
