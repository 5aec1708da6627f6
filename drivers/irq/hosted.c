/* SPDX-License-Identifier: MIT */
/*
 * hosted.c - the hosted machine has registered its controller and its timer before the kernel was entered.
 */
#include <lib/clock.h>
#include <lib/irq.h>
#include <drivers/irq.h>

bool controller_init(const struct boot_info *boot)
{
	(void)boot;
	return irq_controller() != NULL;
}

static void on_timer(void *context)
{
	(void)context;
	clock_interrupt();
}

static struct irq_action action = {.source = "timer", .name = "timer", .handler = on_timer};

bool timer_init(const struct boot_info *boot)
{
	(void)boot;
	return clock_exists() && request_irq(&action) == 0;
}
