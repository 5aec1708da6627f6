/* SPDX-License-Identifier: MIT */
/*
 * lib/irq.h - interrupts: who brings them, who handles them, how many there were.
 *
 * The machine's interrupt controller is a driver and registers itself. A source is a number that the
 * controller gives; sources whose number only the machine knows have a name:
 *
 *	static struct irq_action tick = {.source = "timer", .name = "tick", .handler = on_tick};
 *
 *	request_irq(&tick);
 *
 * A handler runs in an interrupt (lib/context.h): interrupts off, it may not wait, and may allocate with GFP_ATOMIC only.
 */
#pragma once

#include <config.h>
#include <lib/types.h>

#define IRQ_NONE (~0U)

struct irq_controller {
	const char *name; /* as /proc/interrupts shows it: "LAPIC", "GICv2" */

	/* Which interrupt this is: `hint` is what the CPU said, 0 where it says nothing. IRQ_NONE: none, it was spurious. */
	unsigned int (*claim)(unsigned int hint);

	/* The handlers have run: let the next one come. With what claim() gave. */
	void (*end)(unsigned int irq);

	/* Let a source interrupt this CPU, or no more. */
	void (*enable)(unsigned int irq);
	void (*disable)(unsigned int irq);

	/* The number of the source with that name, or IRQ_NONE. "self" is the one of raise_self(). */
	unsigned int (*find)(const char *source);

	/* Interrupt this very CPU, now or as soon as interrupts are on. */
	void (*raise_self)(void);
};

struct irq_action {
	const char *source; /* its name; NULL: `irq` is its number */
	unsigned int irq;
	const char *name; /* who handles it */
	void (*handler)(void *context);
	void *context;
	unsigned long count[NR_CPUS];
	struct irq_action *next;
};

/* Once, at boot, before any request. */
void irq_controller_register(const struct irq_controller *controller);
const struct irq_controller *irq_controller(void);

/*
 * Handle a source; the action is its owner's and stays until it is freed. -ENODEV without a controller or such a
 * source, -EBUSY when somebody handles it. Task context. (Linux: request_irq(); there one source may have several handlers)
 */
int request_irq(struct irq_action *action);
void free_irq(struct irq_action *action);

/* What the entry from an architecture does: find the source, run its handler, end it. Interrupts off. */
void irq_dispatch(unsigned int hint);

/* Interrupt this CPU through the source "self"; false where there is no controller. */
bool irq_raise_self(void);

/* Interrupts that nobody had asked for. */
unsigned long irq_spurious_count(void);
unsigned long irq_unknown_count(void);

/* The actions in the order of their numbers: NULL starts, NULL ends. */
const struct irq_action *irq_next(const struct irq_action *action);
