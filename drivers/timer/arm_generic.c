/* SPDX-License-Identifier: MIT */
/*
 * arm_generic.c - the timer that is part of every Armv8 CPU.
 *
 * THE IDEA
 *	One counter for all CPUs, and in each CPU comparators for it. We stand in EL1 and use the virtual ones: nobody can forbid
 *	them to us, and boot.S set their offset to 0. The line stays up until the comparator is set anew or masked, so the handler, which
 *	arms or stops it, is what ends the interrupt.
 *
 * Source: Arm ARM, D11 (the generic timer).
 * LINUX	drivers/clocksource/arm_arch_timer.c.
 */
#include <asm/sysreg.h>
#include <lib/clock.h>
#include <lib/init.h>
#include <lib/irq.h>
#include <lib/printk.h>
#include <drivers/irq.h>

#define TIMER_ON      1
#define TIMER_MASKED  2
#define NS_PER_SECOND 1000000000UL

static uint64_t frequency;
static uint64_t count_to_ns; /* nanoseconds a count, 32 bits behind the point */

static uint64_t nanoseconds(void)
{
	isb(); /* the counter may be read ahead of the program */
	return (uint64_t)((unsigned __int128)SYSREG_READ(cntvct_el0) * count_to_ns >> 32);
}

static void arm(uint64_t ns)
{
	uint64_t counts = min(ns, 4 * NS_PER_SECOND) * frequency / NS_PER_SECOND;

	SYSREG_WRITE(cntv_tval_el0, min(counts, (uint64_t)INT32_MAX));
	SYSREG_WRITE(cntv_ctl_el0, TIMER_ON);
	isb();
}

static void stop(void)
{
	SYSREG_WRITE(cntv_ctl_el0, TIMER_MASKED);
	isb();
}

static void on_timer(void *context)
{
	(void)context;
	stop();
	clock_interrupt();
}

static const struct clock_source counter = {.name = "arch_sys_counter", .nanoseconds = nanoseconds};
static const struct clock_event event = {.name = "arch_sys_timer", .arm = arm, .stop = stop};
static struct irq_action action = {.source = "timer", .name = "arch_timer", .handler = on_timer};

__init bool timer_init(const struct boot_info *boot)
{
	(void)boot;
	frequency = SYSREG_READ(cntfrq_el0) & UINT32_MAX;
	if (frequency == 0) {
		pr_warn("timer: the firmware has not said how fast the counter is (CNTFRQ_EL0)");
		return false;
	}
	count_to_ns = (NS_PER_SECOND << 32) / frequency;
	pr_info("timer: the CPU's own, %llu kHz", (unsigned long long)(frequency / 1000));
	stop();
	clock_source_register(&counter);
	clock_event_register(&event);
	return request_irq(&action) == 0;
}
