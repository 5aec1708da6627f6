/* SPDX-License-Identifier: MIT */
/*
 * lib/sched.h - tasks that take turns.
 *
 * Cooperative: a task runs until it waits (lib/wait.h, lib/mutex.h, lib/completion.h), calls
 * schedule() or ends. A task stays on the CPU that started it. The scheduler allocates nothing: whoever starts a task
 * gives it a struct task and a stack, and has them back when task_join() returns.
 *
 *	static struct task helper;
 *	static DEFINE_TASK_STACK(helper_stack);
 *
 *	task_start(&helper, "helper", helper_stack, body, context);
 *	...
 *	task_join(&helper);
 */
#pragma once

#include <arch/context.h>
#include <lib/list.h>
#include <lib/percpu.h>
#include <lib/types.h>

enum task_state {
	TASK_RUNNING, /* on the CPU, or in its run queue */
	TASK_WAITING, /* until somebody wakes it */
	TASK_DEAD,    /* has ended; it may still stand on its stack */
	TASK_GONE,    /* and has left its stack: its memory is its owner's again */
};

struct task {
	struct arch_context context;
	const char *name;
	enum task_state state; /* changed under its run queue's lock, or by itself while it runs */
	bool queued;	       /* in the run queue */
	unsigned int cpu;
	struct task *next;    /* in the run queue */
	struct list_head all; /* every task that was started and is not gone */
	const char *
		waits_for; /* while TASK_WAITING: the condition as text, for who reads a deadlock's report */
	const void *waits_on;  /* the wait queue or mutex */
	struct task *holder;   /* the task that holds it, where one does */
	struct mutex *mutexes; /* that it holds, newest first */
	void (*body)(void *context);
	void *body_context;
	struct task *joiner; /* who waits in task_join() */
	uint64_t wake_at;    /* clock_ns() at which a timeout ends; while in the list of timeouts */
	struct list_head timeout;
	bool timed_out;
	bool reclaiming; /* mm/page: it frees memory, and may use the last of it. (Linux: PF_MEMALLOC) */
};

/* A static stack, one block with an unmapped page below the stack; see arch/context.h. */
#define DEFINE_TASK_STACK(name)                                                                    \
	__aligned(TASK_STACK_BLOCK) __section(".bss.task_stacks") uint8_t name[TASK_STACK_BLOCK]

DECLARE_PER_CPU(struct task *, current_task);

/* The task that runs on this CPU; in an interrupt the one that was interrupted. (Linux: current) */
static inline struct task *task_current(void)
{
	return this_cpu_read(current_task);
}

/*
 * Let body(context) run as a task of this CPU, when its turn comes, interrupts on. `stack` is a block of
 * TASK_STACK_BLOCK bytes at a multiple of it. `name` is kept. The task ends when body returns. Any context but an interrupt.
 */
void task_start(struct task *task, const char *name, void *stack, void (*body)(void *context),
		void *context);

/* Wait until `task` has ended and left its stack. One joiner. May sleep. */
void task_join(struct task *task);

/* End the current task. */
_Noreturn void task_exit(void);

/*
 * Let others run. A running task queues up behind them and returns at its next turn; a waiting one returns when it was
 * woken. In an interrupt or with a spinlock held it panics. With nothing left to run, and nobody who could wake
 * somebody, it panics and says who waits for what.
 */
void schedule(void);

/* Make a waiting task runnable; false when it was not waiting. Any context, under any lock of a rank below LOCK_RANK_RUN_QUEUE. */
bool wake_up_task(struct task *task);

/*
 * Between the two an interrupt is expected whose handler wakes somebody: a wait for it is no deadlock. The driver
 * whose device owes an answer says so. Any context; they nest.
 */
void wakeup_expected(void);
void wakeup_arrived(void);

/* The clock's interrupt: wake those whose timeout has ended. Interrupts off. */
void sched_tick(void);
bool sched_has_timeouts(void);

/*
 * What wait queues and mutexes are made of: from the first on the current task does not run after its next schedule(),
 * unless it was woken or has taken it back with the second. `what` and `holder` are what a report of a deadlock says.
 */
void task_set_waiting(const char *what, const void *on, struct task *holder);
void task_set_running(void);

/* Nanoseconds that the CPUs have rested, together. */
uint64_t sched_idle_ns(void);

/* This CPU takes part: its start is its first task. Not for the boot CPU, which does from the beginning. */
void sched_cpu_init(void);

/* One line a task, for the prompt and for reports: visit() for every task until it returns false. */
void task_for_each(bool (*visit)(const struct task *task, void *context), void *context);
