/* SPDX-License-Identifier: MIT */
/*
 * irq.c - interrupts from nothing to the first tick.
 */
#include <drivers/irq.h>

#include <arch/cpu.h>
#include <lib/clock.h>
#include <lib/context.h>
#include <lib/init.h>
#include <lib/irq.h>
#include <lib/printk.h>

__init void interrupts_init(const struct boot_info *boot)
{
	bool timer = controller_init(boot) && timer_init(boot);

	if (!irq_controller()) {
		pr_warn("irq: no interrupt controller that we know; everything is polled");
		return;
	}
	context_boot_done();
	arch_irq_enable();
	if (timer && !clock_event_try()) {
		pr_warn("timer: its interrupt does not arrive; nothing ends by the clock");
		timer = false;
	}
	if (timer)
		clock_tick_resume();
	pr_info("irq: %s, %s", irq_controller()->name, timer ? clock_name() : "no timer");
}
