/* SPDX-License-Identifier: MIT */
/*
 * context_test.c - each rule that forbids to wait is seen and told, and a lock's misuse is.
 */
#include <lib/ktest.h>

#include <arch/cpu.h>
#include <lib/context.h>
#include <lib/irq.h>
#include <lib/mutex.h>
#include <lib/spinlock.h>
#include <lib/wait.h>

#define TWENTY_BLOWS_NS 2000000

static DEFINE_SPINLOCK(zone_like, LOCK_RANK_ZONE);
static DEFINE_SPINLOCK(in_both, LOCK_RANK_ZONE);

KTEST(context, a_task_may_wait)
{
	EXPECT_FALSE(in_interrupt());
	EXPECT_TRUE(may_sleep());
	EXPECT_TRUE(context_broken_rule() == NULL);
	might_sleep();
}

struct seen {
	bool ran, in_interrupt, may_sleep, irqs_on;
	const char *rule;
};

static void look(void *context)
{
	struct seen *seen = context;

	seen->ran = true;
	seen->in_interrupt = in_interrupt();
	seen->may_sleep = may_sleep();
	seen->irqs_on = arch_irq_enabled();
	seen->rule = context_broken_rule();
}

KTEST(context, an_interrupt_may_not_wait)
{
	struct seen seen = {0};

	ktest_in_interrupt(look, &seen);
	EXPECT_TRUE(seen.ran);
	EXPECT_TRUE(seen.in_interrupt);
	EXPECT_FALSE(seen.may_sleep);
	EXPECT_FALSE(seen.irqs_on);
	ASSERT_TEST(seen.rule != NULL);
	EXPECT_STREQ(seen.rule, "in an interrupt");
	EXPECT_FALSE(in_interrupt());
}

static void ask_to_wait(void *unused)
{
	(void)unused;
	might_sleep();
}

KTEST(context, waiting_in_an_interrupt_is_reported_with_the_rule)
{
	if (!CONFIG_DEBUG)
		SKIP_TEST("release builds do not look");
	EXPECT_REPORT("may wait is called in an interrupt", ktest_in_interrupt(ask_to_wait, NULL));
}

KTEST(context, waiting_with_interrupts_off_is_reported_with_the_rule)
{
	unsigned long flags;

	if (!CONFIG_DEBUG)
		SKIP_TEST("release builds do not look");
	flags = arch_irq_save();
	EXPECT_FALSE(may_sleep());
	EXPECT_REPORT("may wait is called with interrupts off", might_sleep());
	arch_irq_restore(flags);
}

KTEST(context, waiting_under_a_spinlock_is_reported_with_the_locks_name)
{
	unsigned long flags;

	if (!CONFIG_DEBUG)
		SKIP_TEST("release builds keep no books of locks");
	spin_lock_irqsave(&zone_like, flags);
	EXPECT_REPORT("may wait is called holding lock zone", might_sleep());
	spin_unlock_irqrestore(&zone_like, flags);
	EXPECT_TRUE(may_sleep());
}

KTEST(context, might_sleep_if_looks_only_when_asked)
{
	unsigned long flags = arch_irq_save();

	might_sleep_if(false);
	arch_irq_restore(flags);
}

static void lock_both(void *unused)
{
	(void)unused;
	spin_lock(&in_both);
	spin_unlock(&in_both);
}

/* fault-R3 */
KTEST_PANIC(context, fault_R3_a_lock_of_an_interrupt_taken_with_interrupts_on_panics,
	    "taken both with interrupts on")
{
	if (!CONFIG_DEBUG)
		SKIP_TEST("release builds keep no books of locks");
	ktest_in_interrupt(lock_both, NULL);
	lock_both(NULL);
}

static void wait_for_the_clock(void *unused)
{
	(void)unused;
	schedule();
}

KTEST_PANIC(context, schedule_in_an_interrupt_panics, "schedule() in an interrupt")
{
	ktest_in_interrupt(wait_for_the_clock, NULL);
}

KTEST_PANIC(context, schedule_under_a_spinlock_panics, "schedule() holding lock zone")
{
	if (!CONFIG_DEBUG)
		SKIP_TEST("release builds keep no books of locks");
	spin_lock_save(&zone_like);
	schedule();
}

KTEST(irq, a_source_has_one_handler)
{
	static struct irq_action second = {.source = "timer", .name = "second"};
	static struct irq_action nowhere = {.source = "no such source", .name = "nowhere"};

	EXPECT_NE(request_irq(&second), 0);
	EXPECT_NE(request_irq(&nowhere), 0);
}

static void count_depth(void *context)
{
	*(unsigned int *)context += this_cpu_read(interrupt_depth);
}

KTEST(irq, interrupts_come_one_after_the_other_and_are_counted)
{
	unsigned int depth = 0;

	for (int i = 0; i < 50; i++)
		ktest_in_interrupt(count_depth, &depth);
	EXPECT_EQ(depth, 50);
	EXPECT_EQ(this_cpu_read(interrupt_depth), 0);
}

static void count(void *context)
{
	(*(unsigned int *)context)++;
}

/* Held back while interrupts are off, taken when they are on again. */
KTEST(irq, a_storm_comes_while_interrupts_are_on_and_only_then)
{
	unsigned int runs = 0, before;
	unsigned long flags;
	uint64_t start;

	if (!clock_exists())
		SKIP_TEST("no timer");
	ktest_storm_begin(count, &runs);
	flags = arch_irq_save();
	before = READ_ONCE(runs);
	start = clock_ns();
	while (clock_ns() - start < TWENTY_BLOWS_NS)
		arch_cpu_relax();
	EXPECT_EQ(READ_ONCE(runs), before);
	arch_irq_restore(flags);
	EXPECT_GT(ktest_storm_end(), 0);
	EXPECT_GT(runs, 0);
}

KTEST(clock, it_does_not_fall_and_ticks_come)
{
	unsigned long ticks = clock_ticks();
	uint64_t start = clock_ns();

	if (!clock_exists())
		SKIP_TEST("no timer");
	schedule_timeout(30);
	EXPECT_GT(clock_ticks(), ticks);
	EXPECT_GE(clock_ns(), start + 30 * 1000000);
}

static DEFINE_WAIT_QUEUE_HEAD(nobody_wakes);

KTEST(clock, a_timeout_ends_a_wait_and_a_condition_does_before)
{
	bool yes = true;

	if (!clock_exists())
		SKIP_TEST("no timer");
	EXPECT_FALSE(wait_event_timeout(nobody_wakes, false, 20));
	EXPECT_TRUE(wait_event_timeout(nobody_wakes, yes, 1000000));
	EXPECT_FALSE(sched_has_timeouts());
	EXPECT_FALSE(waitqueue_active(&nobody_wakes));
}
