/* SPDX-License-Identifier: MIT */
/*
 * context.c - which of the three rules forbids to wait.
 *
 * FLOOR lib.
 * LINUX	kernel/sched/core.c: __might_resched(); preempt_count() holds in one word what is counted here
 *		by interrupt_depth and by the list of held spinlocks.
 */
#include <lib/context.h>

#include <lib/init.h>
#include <lib/report.h>
#include <lib/spinlock.h>

DEFINE_PER_CPU(unsigned int, interrupt_depth);
bool context_rules_hold;

/* Asked in this order: who is in an interrupt has interrupts off, who holds a lock mostly too. */
const char *context_broken_rule(void)
{
	const char *lock;

	if (!READ_ONCE(context_rules_hold))
		return NULL;
	if (in_interrupt())
		return "in an interrupt";
	lock = spin_held_rule();
	if (lock)
		return lock;
	return arch_irq_enabled() ? NULL : "with interrupts off";
}

void might_sleep_report(void)
{
	const char *rule = context_broken_rule();

	report_open(REPORT_WARN, "a function that may wait is called %s",
		    rule ? rule : "where it may not wait");
	report_stack("called");
	report_close();
}

__init void context_boot_done(void)
{
	WRITE_ONCE(context_rules_hold, true);
}
