/* SPDX-License-Identifier: MIT */
/*
 * lib/spinlock.h - mutual exclusion between CPUs, for short sections.
 *
 * Each lock has a rank. A CPU takes locks in rising rank only, so that no two
 * CPUs can wait for each other; debug builds check it on every lock, and also
 * that a lock which is taken with spin_lock_irqsave() somewhere is taken with interrupts on nowhere. The ranks below *are* the lock order of the whole kernel.
 * Two locks of one rank are never held together.
 */
#pragma once

#include <arch/cpu.h>
#include <config.h>
#include <lib/types.h>

enum lock_rank {
	LOCK_RANK_CACHE_CHAIN = 10, /* mm/slab: the list of caches */
	LOCK_RANK_SLAB = 20,	    /* mm/slab: one node's lists of one cache */
	LOCK_RANK_VIRT = 30,	    /* mm/virt: address ranges */
	LOCK_RANK_KMAP = 31,	    /* mm/virt: persistent windows onto high memory */
	LOCK_RANK_IO = 32,	    /* mm/virt: device mappings and their types */
	LOCK_RANK_PERCPU_MAP = 35,  /* mm/percpu: the region's page tables */
	LOCK_RANK_PERCPU = 36,	    /* mm/percpu: bitmaps of chunks */
	LOCK_RANK_PGTABLE = 40,	    /* mm/pgtable: kernel page tables */
	LOCK_RANK_ZONE = 50,	    /* mm/page: one zone's free lists */
	LOCK_RANK_FIXMAP = 60,	    /* mm/pgtable: fixmap slots */
	LOCK_RANK_DEVICE = 64,	    /* lib/device: the devices, and what one of them holds */
	LOCK_RANK_MEMPOOL = 66,	    /* mm/slab: the pools, and one pool's reserve */
	LOCK_RANK_WAIT_QUEUE =
		70,		/* lib/sched: one wait queue; whoever holds a lock above may wake */
	LOCK_RANK_TIMEOUT = 71, /* lib/sched: who waits by the clock */
	LOCK_RANK_RUN_QUEUE = 72, /* lib/sched: one CPU's tasks */
	LOCK_RANK_TASKS = 74,	  /* lib/sched: the list of all tasks */
	LOCK_RANK_IRQ = 76,	  /* lib/irq: who handles what */
	LOCK_RANK_REPORT = 80,	  /* lib/report: one report at a time */
	LOCK_RANK_PRINTK = 90,	  /* lib/printk: the ring and the consoles */
};

typedef struct spinlock {
	uint32_t locked;
	uint8_t rank;
	uint8_t usage;	/* debug builds: how it was ever taken */
	uint16_t owner; /* debug builds: CPU + 1, 0 when free */
} spinlock_t;

#define SPINLOCK_INIT(rank_)                                                                       \
	{                                                                                          \
		.locked = 0, .rank = (rank_), .owner = 0                                           \
	}
#define DEFINE_SPINLOCK(name, rank_) spinlock_t name = SPINLOCK_INIT(rank_)

static inline void spin_lock_init(spinlock_t *lock, enum lock_rank rank)
{
	*lock = (spinlock_t)SPINLOCK_INIT((uint8_t)rank);
}

/* Debug builds: prove the rank and the use of interrupts, remember what this CPU holds. A breach panics. */
enum spin_usage { SPIN_IRQS_ON = 1, SPIN_IRQS_SAVED = 2, SPIN_IN_INTERRUPT = 4 };
void spin_check_acquire(spinlock_t *lock, enum spin_usage usage);
void spin_check_release(spinlock_t *lock);

static inline void spin_acquire(spinlock_t *lock)
{
	while (__atomic_exchange_n(&lock->locked, 1, __ATOMIC_ACQUIRE))
		while (__atomic_load_n(&lock->locked, __ATOMIC_RELAXED))
			arch_cpu_relax();
}

/* With interrupts as they are: only for locks that no interrupt handler takes. */
static inline void spin_lock(spinlock_t *lock)
{
	if (CONFIG_DEBUG)
		spin_check_acquire(lock, arch_irq_enabled() ? SPIN_IRQS_ON : 0);
	spin_acquire(lock);
	if (CONFIG_DEBUG)
		WRITE_ONCE(lock->owner, (uint16_t)(arch_cpu_id() + 1));
}

static inline void spin_unlock(spinlock_t *lock)
{
	if (CONFIG_DEBUG)
		spin_check_release(lock);
	__atomic_store_n(&lock->locked, 0, __ATOMIC_RELEASE);
}

/* Take with interrupts off; returns what spin_unlock_irqrestore() needs. */
static inline unsigned long spin_lock_save(spinlock_t *lock)
{
	unsigned long flags = arch_irq_save();

	if (CONFIG_DEBUG)
		spin_check_acquire(lock, SPIN_IRQS_SAVED);
	spin_acquire(lock);
	if (CONFIG_DEBUG)
		WRITE_ONCE(lock->owner, (uint16_t)(arch_cpu_id() + 1));
	return flags;
}

#define spin_lock_irqsave(lock, flags) ((flags) = spin_lock_save(lock))

static inline void spin_unlock_irqrestore(spinlock_t *lock, unsigned long flags)
{
	spin_unlock(lock);
	arch_irq_restore(flags);
}

/* The same if nobody has it; false, and nothing has changed, if somebody has. */
static inline bool spin_trylock_save(spinlock_t *lock, unsigned long *flags)
{
	*flags = arch_irq_save();
	if (__atomic_exchange_n(&lock->locked, 1, __ATOMIC_ACQUIRE)) {
		arch_irq_restore(*flags);
		return false;
	}
	if (CONFIG_DEBUG) {
		spin_check_acquire(lock, SPIN_IRQS_SAVED);
		WRITE_ONCE(lock->owner, (uint16_t)(arch_cpu_id() + 1));
	}
	return true;
}

/* Debug builds: "holding lock zone" for the last lock that this CPU took and still holds, or NULL. */
const char *spin_held_rule(void);

static inline bool spin_is_locked(const spinlock_t *lock)
{
	return __atomic_load_n(&lock->locked, __ATOMIC_RELAXED) != 0;
}
