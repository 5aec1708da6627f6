/* SPDX-License-Identifier: MIT */
/*
 * sched.c - who runs next on this CPU, and who cannot.
 *
 * THE IDEA
 *	A task is a stack and a name. It runs until it lets others: by waiting or
 *	by schedule(). Each CPU has a queue of those that could run; the first one is next. A task
 *	belongs to the CPU that started it, so only that CPU ever switches to it, and another
 *	CPU that wakes it has only to put it into the queue.
 *
 *	There is no idle task. A CPU with nothing to run waits for an interrupt inside schedule(), on the
 *	stack of the task that called it. And where no interrupt can help it says so and panics: such a
 *	wait would last for ever.
 *
 * PICTURE
 *		     task_start()			schedule(), its turn
 *	(no task) -----------------> in the queue <-------------------> on the CPU
 *				        ^    wake_up_task()		  |  prepare_to_wait(), schedule()
 *					+------------- waits <------------+
 *					      body returns: dead, and gone when the next task stands on its own stack
 *
 * INVARIANTS
 *	SC1  A task is in a run queue if and only if it is TASK_RUNNING and not its CPU's running task.
 *	SC2  A queued task is in its own CPU's queue, once.
 *	SC3  nr_wakers counts what can make a task run: CPUs that do not rest, tasks in queues, timeouts
 *	     and expected interrupts. Who adds to it is counted himself until he has added: 0 is final.
 *
 * LOCKING	A run queue's lock protects the queue and the state of its CPU's tasks. It is dropped before the switch: interrupts
 *		are off, and only this CPU takes from this queue.
 * COST		A switch is some 150 instructions. Nothing is allocated.
 * FLOOR	lib, so that allocators can wait.
 * LINUX	kernel/sched/core.c: __schedule(), try_to_wake_up(), finish_task_switch(); no priorities, no
 *		preemption, no moving between CPUs.
 */
#include <lib/sched.h>

#include <arch/cpu.h>
#include <lib/check.h>
#include <lib/clock.h>
#include <lib/context.h>
#include <lib/printk.h>
#include <lib/smp.h>
#include <lib/spinlock.h>

struct run_queue {
	spinlock_t lock;
	struct task *first, *last;
	struct task *running; /* NULL while the CPU looks for one */
	struct task *left;    /* who ran before the switch */
};

/* What each CPU did when it started is its first task. */
static struct task first_tasks[NR_CPUS] = {[0] = {.name = "main"}};

static struct run_queue run_queues[NR_CPUS] = {
	[0] = {.lock = SPINLOCK_INIT(LOCK_RANK_RUN_QUEUE), .running = &first_tasks[0]},
	[1 ... NR_CPUS - 1] = {.lock = SPINLOCK_INIT(LOCK_RANK_RUN_QUEUE)},
};
DEFINE_PER_CPU(struct task *, current_task) = &first_tasks[0];

static DEFINE_SPINLOCK(tasks_lock, LOCK_RANK_TASKS);
static LIST_HEAD(tasks);

static unsigned int nr_wakers = 1; /* SC3 */
static uint64_t idle_ns;

uint64_t sched_idle_ns(void)
{
	return __atomic_load_n(&idle_ns, __ATOMIC_RELAXED);
}

static void waker_comes(void)
{
	__atomic_add_fetch(&nr_wakers, 1, __ATOMIC_SEQ_CST);
}

/* How many are left. */
static unsigned int waker_goes(void)
{
	unsigned int before = __atomic_fetch_sub(&nr_wakers, 1, __ATOMIC_SEQ_CST);

	CHECK(before != 0, "a wakeup that nobody expected has arrived");
	return before - 1;
}

void wakeup_expected(void)
{
	waker_comes();
}

void wakeup_arrived(void)
{
	waker_goes();
}

void task_for_each(bool (*visit)(const struct task *task, void *context), void *context)
{
	unsigned long flags;
	struct task *task;
	bool more = true;

	for (unsigned int cpu = 0; cpu < NR_CPUS && more; cpu++)
		if (READ_ONCE(first_tasks[cpu].name))
			more = visit(&first_tasks[cpu], context);
	spin_lock_irqsave(&tasks_lock, flags);
	list_for_each_entry (task, &tasks, all)
		if (more)
			more = visit(task, context);
	spin_unlock_irqrestore(&tasks_lock, flags);
}

/* --- the queue, under its lock --------------------------------------------------- */

static void enqueue(struct run_queue *queue, struct task *task)
{
	ASSERT(!task->queued, "task %s is queued twice", task->name);
	task->queued = true;
	task->next = NULL;
	if (queue->first)
		queue->last->next = task;
	else
		WRITE_ONCE(queue->first, task);
	queue->last = task;
	waker_comes();
}

static struct task *dequeue(struct run_queue *queue)
{
	struct task *task = queue->first;

	if (task) {
		WRITE_ONCE(queue->first, task->next);
		task->queued = false;
		waker_goes();
	}
	return task;
}

bool wake_up_task(struct task *task)
{
	struct run_queue *queue = &run_queues[task->cpu];
	unsigned long flags;
	bool woken;

	spin_lock_irqsave(&queue->lock, flags);
	woken = READ_ONCE(task->state) == TASK_WAITING;
	if (woken) {
		WRITE_ONCE(task->state, TASK_RUNNING);
		if (task != queue->running)
			enqueue(queue, task);
	}
	spin_unlock_irqrestore(&queue->lock, flags);
	if (woken && task->cpu != arch_cpu_id())
		smp_kick(task->cpu);
	return woken;
}

/* --- when nobody can run ------------------------------------------------------------ */

static bool say_waiting(const struct task *task, void *context)
{
	const struct task **first = context;

	if (task->state != TASK_WAITING)
		return true;
	if (*first == NULL)
		*first = task;
	printk(LOG_PANIC, "  task %s (cpu %u) waits for: %s%s%s", task->name, task->cpu,
	       task->waits_for ? task->waits_for : "somebody to wake it",
	       task->holder ? ", which has task " : "", task->holder ? task->holder->name : "");
	return true;
}

static _Noreturn void panic_of_deadlock(void)
{
	const struct task *first = NULL;

	printk(LOG_PANIC, "loam: nothing is left to run and no interrupt is expected:");
	task_for_each(say_waiting, &first);
	panic("deadlock: task %s waits for ever for: %s", first ? first->name : "?",
	      first && first->waits_for ? first->waits_for : "somebody to wake it");
}

/* Interrupts off, no lock held; returns when there may be something to run. */
static void wait_for_work(struct run_queue *queue)
{
	uint64_t start;

	if (waker_goes() == 0)
		panic_of_deadlock();
	start = clock_ns();
	if (!READ_ONCE(queue->first))
		arch_wait_for_interrupt();
	__atomic_add_fetch(&idle_ns, clock_ns() - start, __ATOMIC_RELAXED);
	waker_comes();
}

/* --- the switch ----------------------------------------------------------------------- */

static struct task *next_task(struct run_queue *queue, struct task *previous)
{
	struct task *next;

	spin_lock(&queue->lock);
	if (READ_ONCE(previous->state) == TASK_RUNNING)
		enqueue(queue, previous);
	queue->running = NULL;
	while ((next = dequeue(queue)) == NULL) {
		spin_unlock(&queue->lock);
		wait_for_work(queue);
		spin_lock(&queue->lock);
	}
	queue->running = next;
	spin_unlock(&queue->lock);
	return next;
}

/* On the new task's stack, interrupts off: who ended before the switch has left his. */
static void finish_switch(void)
{
	struct run_queue *queue = &run_queues[arch_cpu_id()];
	struct task *left = queue->left, *joiner;

	if (left->state != TASK_DEAD)
		return;
	spin_lock(&queue->lock);
	joiner = left->joiner;
	WRITE_ONCE(left->state, TASK_GONE);
	spin_unlock(&queue->lock);
	if (joiner)
		wake_up_task(joiner);
}

static void switch_to_next(void)
{
	struct run_queue *queue = &run_queues[arch_cpu_id()];
	struct task *previous = task_current();
	struct task *next = next_task(queue, previous);

	if (next == previous)
		return;
	queue->left = previous;
	this_cpu_write(current_task, next);
	arch_context_switch(&previous->context, &next->context);
	finish_switch();
}

void schedule(void)
{
	unsigned long flags;

	if (in_interrupt())
		panic("schedule() in an interrupt: there is no task here that could wait");
	if (CONFIG_DEBUG && spin_held_rule())
		panic("schedule() %s: whoever wants it would spin until we are back",
		      spin_held_rule());
	flags = arch_irq_save();
	switch_to_next();
	arch_irq_restore(flags);
}

/* --- a task's life ----------------------------------------------------------------- */

static void task_entry(void *argument)
{
	struct task *task = argument;

	finish_switch();
	if (context_rules_hold)
		arch_irq_enable();
	task->body(task->body_context);
	task_exit();
}

void task_start(struct task *task, const char *name, void *stack, void (*body)(void *context),
		void *context)
{
	uintptr_t stack_end = (uintptr_t)stack + TASK_STACK_BLOCK;
	unsigned long flags;

	CHECK(IS_ALIGNED((uintptr_t)stack, TASK_STACK_BLOCK), "the stack of task %s is at %px",
	      name, stack);
	*task = (struct task){.name = name,
			      .state = TASK_WAITING,
			      .cpu = arch_cpu_id(),
			      .body = body,
			      .body_context = context};
	INIT_LIST_HEAD(&task->timeout);
	arch_context_init(&task->context, stack_end - TASK_STACK_SIZE, stack_end, task_entry, task);
	spin_lock_irqsave(&tasks_lock, flags);
	list_add_tail(&task->all, &tasks);
	spin_unlock_irqrestore(&tasks_lock, flags);
	wake_up_task(task);
}

void task_exit(void)
{
	struct task *task = task_current(), *joiner;
	struct run_queue *queue = &run_queues[task->cpu];
	unsigned long flags;

	CHECK(task != &first_tasks[task->cpu], "the first task of cpu %u ends", task->cpu);
	CHECK(!task->mutexes, "task %s ends and holds a mutex", task->name);
	arch_irq_save();
	spin_lock_irqsave(&tasks_lock, flags);
	list_del(&task->all);
	spin_unlock_irqrestore(&tasks_lock, flags);
	spin_lock(&queue->lock);
	WRITE_ONCE(task->state, TASK_DEAD);
	joiner = task->joiner;
	spin_unlock(&queue->lock);
	if (joiner)
		wake_up_task(joiner);
	switch_to_next();
	panic("task %s runs after its end", task->name);
}

/* Under the lock under which the task's end is told: either we see it, or are seen. */
static bool is_gone(struct task *task)
{
	struct run_queue *queue = &run_queues[task->cpu];
	unsigned long flags;
	bool gone;

	spin_lock_irqsave(&queue->lock, flags);
	gone = task->state == TASK_GONE;
	if (!gone)
		task->joiner = task_current();
	spin_unlock_irqrestore(&queue->lock, flags);
	return gone;
}

void task_join(struct task *task)
{
	struct task *self = task_current();

	might_sleep();
	CHECK(task != self, "task %s waits for its own end", task->name);
	for (;;) {
		task_set_waiting("the end of a task", task, task);
		if (is_gone(task))
			break;
		schedule();
	}
	task_set_running();
}

void task_set_waiting(const char *what, const void *on, struct task *holder)
{
	struct task *task = task_current();

	task->waits_for = what;
	task->waits_on = on;
	task->holder = holder;
	__atomic_store_n(&task->state, TASK_WAITING, __ATOMIC_SEQ_CST);
}

void task_set_running(void)
{
	struct task *task = task_current();

	__atomic_store_n(&task->state, TASK_RUNNING, __ATOMIC_SEQ_CST);
	task->holder = NULL;
}

void sched_cpu_init(void)
{
	unsigned int cpu = arch_cpu_id();
	static const char *const names[] = {"cpu 0", "cpu 1", "cpu 2", "cpu 3",
					    "cpu 4", "cpu 5", "cpu 6", "cpu 7"};

	first_tasks[cpu].cpu = cpu;
	run_queues[cpu].running = &first_tasks[cpu];
	WRITE_ONCE(first_tasks[cpu].name, cpu < ARRAY_SIZE(names) ? names[cpu] : "cpu 8 or more");
	this_cpu_write(current_task, &first_tasks[cpu]);
	waker_comes();
}
