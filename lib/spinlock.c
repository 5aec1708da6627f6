/* SPDX-License-Identifier: MIT */
/*
 * spinlock.c - what debug builds prove of every lock.
 *
 * THE IDEA
 *	Each CPU keeps a stack of the locks it holds. A new one must have a
 *	greater rank than the one on top: then the locks that any CPU holds rise,
 *	and a circle of CPUs waiting for each other would have to fall somewhere.
 *	A lock that somebody takes with spin_lock_irqsave() may be wanted by an interrupt handler; taken elsewhere with
 *	interrupts on, that handler could arrive on the same CPU and wait for ever.
 * COST	Some twenty instructions a lock, debug builds only.
 * FLOOR lib.
 * LINUX kernel/locking/lockdep.c, with ranks written down instead of a graph that is learnt.
 */
#include <lib/spinlock.h>

#include <lib/check.h>
#include <lib/context.h>
#include <lib/percpu.h>

#define MAX_HELD 8

struct held_locks {
	unsigned int count;
	spinlock_t *lock[MAX_HELD];
};
static DEFINE_PER_CPU(struct held_locks, held_locks);

const char *spin_held_rule(void)
{
	const struct held_locks *held = this_cpu_ptr(&held_locks);

	if (held->count == 0)
		return NULL;
	switch (held->lock[held->count - 1]->rank) {
	case LOCK_RANK_CACHE_CHAIN:
		return "holding lock cache_chain";
	case LOCK_RANK_SLAB:
		return "holding lock slab";
	case LOCK_RANK_VIRT:
		return "holding lock virt";
	case LOCK_RANK_PGTABLE:
		return "holding lock pgtable";
	case LOCK_RANK_ZONE:
		return "holding lock zone";
	case LOCK_RANK_WAIT_QUEUE:
		return "holding lock wait_queue";
	case LOCK_RANK_RUN_QUEUE:
		return "holding lock run_queue";
	default:
		return "holding a spinlock";
	}
}

void spin_check_acquire(spinlock_t *lock, enum spin_usage usage)
{
	struct held_locks *held = this_cpu_ptr(&held_locks);
	const spinlock_t *top = held->count ? held->lock[held->count - 1] : NULL;
	unsigned int used;

	if (READ_ONCE(lock->owner) == arch_cpu_id() + 1)
		panic("spinlock %px (rank %u) is taken twice by cpu %u", lock, lock->rank,
		      arch_cpu_id());
	if (top && lock->rank <= top->rank)
		panic("lock order: rank %u taken under rank %u (lib/spinlock.h lists the ranks)",
		      lock->rank, top->rank);
	/* Others who want the lock write here too, before anybody has it. */
	used = __atomic_or_fetch(&lock->usage, usage | (in_interrupt() ? SPIN_IN_INTERRUPT : 0),
				 __ATOMIC_RELAXED);
	if (used & SPIN_IRQS_ON && used & (SPIN_IRQS_SAVED | SPIN_IN_INTERRUPT))
		panic("spinlock %px (rank %u) is taken both with interrupts on and with "
		      "spin_lock_irqsave() or in an interrupt: use spin_lock_irqsave() everywhere",
		      lock, lock->rank);
	if (held->count == MAX_HELD)
		panic("a cpu holds more than %u spinlocks", MAX_HELD);
	held->lock[held->count++] = lock;
}

void spin_check_release(spinlock_t *lock)
{
	struct held_locks *held = this_cpu_ptr(&held_locks);
	unsigned int i = held->count;

	while (i && held->lock[i - 1] != lock)
		i--;
	if (!i)
		panic("spinlock %px (rank %u) is released by cpu %u, which does not hold it", lock,
		      lock->rank, arch_cpu_id());
	for (held->count--; i <= held->count; i++)
		held->lock[i - 1] = held->lock[i];
	WRITE_ONCE(lock->owner, 0);
}
