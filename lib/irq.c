/* SPDX-License-Identifier: MIT */
/*
 * irq.c - from an interrupt to its handler.
 *
 * THE IDEA
 *	The controller says which source it is, the list of actions says who handles it. The list is sorted, short and
 *	read without a lock: an action is complete before it is linked in, and its source is off before it is taken out.
 *
 *	A spurious interrupt (the source changed its mind before we asked) is counted and needs no end. One that nobody
 *	handles is reported once, turned off, and counted.
 *
 * LOCKING	Changes under a lock; irq_dispatch() takes none.
 * FLOOR	lib; drivers/irq registers the controller.
 * LINUX	kernel/irq/: irq_desc, irqaction, handle_irq_event(), note_interrupt().
 */
#include <lib/init.h>
#include <lib/irq.h>

#include <arch/cpu.h>
#include <lib/check.h>
#include <lib/context.h>
#include <lib/errno.h>
#include <lib/report.h>
#include <lib/spinlock.h>
#include <lib/string.h>

static const struct irq_controller *controller __ro_after_init;
static struct irq_action *actions;
static DEFINE_SPINLOCK(actions_lock, LOCK_RANK_IRQ);
static unsigned long spurious, unknown;

void irq_controller_register(const struct irq_controller *new_controller)
{
	controller = new_controller;
}

const struct irq_controller *irq_controller(void)
{
	return controller;
}

unsigned long irq_spurious_count(void)
{
	return READ_ONCE(spurious);
}

unsigned long irq_unknown_count(void)
{
	return READ_ONCE(unknown);
}

/* The link that points at the first action whose number is not below `irq`. */
static struct irq_action **find_link(unsigned int irq)
{
	struct irq_action **link = &actions;

	while (*link && (*link)->irq < irq)
		link = &(*link)->next;
	return link;
}

int request_irq(struct irq_action *action)
{
	struct irq_action **link;
	unsigned long flags;
	int result = 0;

	if (!controller)
		return -ENODEV;
	if (action->source)
		action->irq = controller->find(action->source);
	if (action->irq == IRQ_NONE)
		return -ENODEV;
	memset(action->count, 0, sizeof(action->count));
	spin_lock_irqsave(&actions_lock, flags);
	link = find_link(action->irq);
	if (*link && (*link)->irq == action->irq) {
		result = -EBUSY;
	} else {
		action->next = *link;
		__atomic_store_n(link, action, __ATOMIC_RELEASE);
		controller->enable(action->irq);
	}
	spin_unlock_irqrestore(&actions_lock, flags);
	return result;
}

void free_irq(struct irq_action *action)
{
	struct irq_action **link;
	unsigned long flags;

	spin_lock_irqsave(&actions_lock, flags);
	controller->disable(action->irq);
	link = find_link(action->irq);
	if (*link == action)
		WRITE_ONCE(*link, action->next);
	spin_unlock_irqrestore(&actions_lock, flags);
}

const struct irq_action *irq_next(const struct irq_action *action)
{
	return action ? action->next : READ_ONCE(actions);
}

/* Nobody asked for it. Once told, and off, so that it cannot hold the machine up. */
static void refuse(unsigned int irq)
{
	controller->disable(irq);
	if (unknown++ == 0)
		report_warn("interrupt %u of %s has no handler; it is turned off", irq,
			    controller->name);
}

void irq_dispatch(unsigned int hint)
{
	struct irq_action *action;
	unsigned int irq;

	panic_stop_here();
	irq = controller ? controller->claim(hint) : IRQ_NONE;
	if (irq == IRQ_NONE) {
		spurious++;
		return;
	}
	action = *find_link(irq);
	if (action && action->irq == irq) {
		action->count[arch_cpu_id()]++;
		action->handler(action->context);
	} else {
		refuse(irq);
	}
	controller->end(irq);
}

bool irq_raise_self(void)
{
	if (!controller)
		return false;
	controller->raise_self();
	return true;
}
