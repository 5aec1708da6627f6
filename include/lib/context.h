/* SPDX-License-Identifier: MIT */
/*
 * lib/context.h - what the code that runs may do: am I an interrupt, may I wait?
 *
 * To wait is to give the CPU to another task until somebody wakes us. Three rules forbid it:
 *
 *	in an interrupt		there is no task that could wait: the one below was borrowed
 *	holding a spinlock	whoever wants the lock next would spin for as long as we sleep
 *	with interrupts off	the interrupt that would wake us cannot come
 *
 * While the machine boots interrupts are off and nobody else exists; the rules hold from context_boot_done() on.
 * Everything here may be called in any context. (Linux: preempt.h, might_sleep() of kernel.h)
 */
#pragma once

#include <arch/cpu.h>
#include <config.h>
#include <lib/percpu.h>
#include <lib/types.h>

DECLARE_PER_CPU(unsigned int, interrupt_depth);
extern bool context_rules_hold;

/* Does this code run on behalf of an interrupt? */
static inline bool in_interrupt(void)
{
	return this_cpu_read(interrupt_depth) != 0;
}

/* Around the handling of an interrupt, interrupts off. (Linux: irq_enter(), irq_exit()) */
static inline void interrupt_enter(void)
{
	this_cpu_inc(interrupt_depth);
}

static inline void interrupt_exit(void)
{
	this_cpu_dec(interrupt_depth);
}

/* The rule that forbids to wait here: "in an interrupt", "holding lock zone", ...; NULL when none does. */
const char *context_broken_rule(void);

/* May this code wait? Release builds keep no books of spinlocks and see the other two rules. */
static inline bool may_sleep(void)
{
	if (CONFIG_DEBUG)
		return context_broken_rule() == NULL;
	return !READ_ONCE(context_rules_hold) || (!in_interrupt() && arch_irq_enabled());
}

void might_sleep_report(void);

/*
 * "I may wait": at the head of every function that does so now and then, so that a wrong caller is
 * found by the first call, not by the rare one that waits. A breach is a report (REPORT_WARN) with
 * the rule and the call stack. Debug builds only, nothing in release.
 */
static inline void might_sleep(void)
{
	if (CONFIG_DEBUG && unlikely(!may_sleep()))
		might_sleep_report();
}

static inline void might_sleep_if(bool condition)
{
	if (CONFIG_DEBUG && condition)
		might_sleep();
}

/* The boot is over: interrupts are about to be turned on for the first time. */
void context_boot_done(void);
