/* SPDX-License-Identifier: MIT */
/*
 * bcm2836.c - the local interrupt controller of the Raspberry Pi 2 and 3.
 *
 * THE IDEA
 *	Each of the four cores has its timers' lines, four mailboxes and one line for all that the graphics processor's own
 *	controller collects. A word of pending bits a core says what waits; number n is bit n. Nothing is acknowledged here: a
 *	line goes down when its source is quiet. A mailbox interrupts while it is not empty, so its end is to empty it.
 *
 * Source: Broadcom, ARM Quad A7 core (QA7_rev3.4), 4.6 to 4.8, 4.10.
 * LINUX	drivers/irqchip/irq-bcm2836.c.
 */
#include "arm.h"

#include <arch/cpu.h>
#include <arch/mmio.h>
#include <lib/bits.h>
#include <lib/init.h>
#include <lib/irq.h>
#include <lib/string.h>
#include <mm/fixmap.h>

/* A word a core, but for the mailboxes: four words a core. */
enum {
	REG_TIMER_ENABLE = 0x40,
	REG_MAILBOX_ENABLE = 0x50,
	REG_PENDING = 0x60,
	REG_MAILBOX_SET = 0x80,
	REG_MAILBOX_CLEAR = 0xc0,
};
#define MAILBOXES 16 /* bytes of a core's */

enum { VIRTUAL_TIMER = 3, FIRST_MAILBOX = 4 };

static uintptr_t registers;

static uintptr_t of_this_core(unsigned int word)
{
	return registers + word + 4 * arch_cpu_id();
}

static uintptr_t mailbox(unsigned int word)
{
	return registers + word + MAILBOXES * arch_cpu_id();
}

static unsigned int claim(unsigned int hint)
{
	uint32_t pending = mmio_read32(of_this_core(REG_PENDING));

	(void)hint;
	return pending ? (unsigned int)__builtin_ctz(pending) : IRQ_NONE;
}

static void end(unsigned int irq)
{
	if (irq == FIRST_MAILBOX)
		mmio_write32(mailbox(REG_MAILBOX_CLEAR), ~0U);
}

/* Timers and mailboxes have a word each; the graphics processor's line cannot be turned off here. */
static void change(unsigned int irq, bool on)
{
	unsigned int bit = irq < FIRST_MAILBOX ? irq : irq - FIRST_MAILBOX;
	uintptr_t word = of_this_core(irq < FIRST_MAILBOX ? REG_TIMER_ENABLE : REG_MAILBOX_ENABLE);

	if (irq >= 2 * FIRST_MAILBOX)
		return;
	mmio_write32(word, (mmio_read32(word) & ~(1U << bit)) | (on ? 1U << bit : 0));
}

static void enable(unsigned int irq)
{
	change(irq, true);
}

static void disable(unsigned int irq)
{
	change(irq, false);
}

static unsigned int find(const char *source)
{
	if (!strcmp(source, "timer"))
		return VIRTUAL_TIMER;
	return !strcmp(source, "self") ? FIRST_MAILBOX : IRQ_NONE;
}

static void raise_self(void)
{
	mmio_write32(mailbox(REG_MAILBOX_SET), 1);
}

static const struct irq_controller bcm2836 = {
	.name = "BCM2836",
	.claim = claim,
	.end = end,
	.enable = enable,
	.disable = disable,
	.find = find,
	.raise_self = raise_self,
};

__init bool bcm2836_init(const struct boot_info *boot)
{
	set_fixmap(FIX_IRQ0, boot->interrupts.distributor, PROT_KERNEL_DEVICE);
	registers = fix_to_virt(FIX_IRQ0);
	mmio_write32(of_this_core(REG_TIMER_ENABLE), 0);
	mmio_write32(of_this_core(REG_MAILBOX_ENABLE), 0);
	mmio_write32(mailbox(REG_MAILBOX_CLEAR), ~0U);
	irq_controller_register(&bcm2836);
	return true;
}
