/* SPDX-License-Identifier: MIT */
/*
 * local_apic.c - the interrupt controller inside each CPU of a PC.
 *
 * THE IDEA
 *	The local APIC delivers three kinds: its own timer, messages from CPUs (also to
 *	itself), and what an I/O APIC sends it. It hands over a vector; vector 32 + n is our number n. The two
 *	8259 PICs of old stay masked, their lines through LINT0 too.
 *
 *	Its registers are a page of memory, or, where the firmware has put the CPU into x2APIC mode,
 *	model-specific registers with the same numbers divided by 16.
 *
 * LINUX	arch/x86/kernel/apic/apic.c: setup_local_APIC().
 */
#include "local_apic.h"

#include <arch/mmio.h>
#include <asm/x86.h>
#include <lib/init.h>
#include <lib/irq.h>
#include <lib/printk.h>
#include <lib/string.h>
#include <mm/fixmap.h>
#include <drivers/irq.h>

#define LEAF1_EDX_APIC	(1U << 9)
#define MSR_APIC_BASE	0x1b
#define APIC_BASE_ON	(1UL << 11)
#define APIC_BASE_X2	(1UL << 10)
#define APIC_BASE_PA	0x000ffffffffff000UL
#define MSR_X2APIC	0x800
#define SPURIOUS_VECTOR 0xff /* its lower four bits must be ones on old CPUs */
#define SPURIOUS_ON	(1U << 8)
#define COMMAND_SELF	(1U << 18)

enum { IRQ_TIMER, IRQ_SELF };

static uintptr_t registers; /* 0: x2APIC */

uint32_t local_apic_read(enum local_apic_register index)
{
	if (registers)
		return mmio_read32(registers + index);
	return (uint32_t)x86_read_msr(MSR_X2APIC + (index >> 4));
}

void local_apic_write(enum local_apic_register index, uint32_t value)
{
	if (registers)
		mmio_write32(registers + index, value);
	else
		x86_write_msr(MSR_X2APIC + (index >> 4), value);
}

/* A spurious interrupt is not in service and must not be ended. */
static unsigned int claim(unsigned int hint)
{
	return hint == SPURIOUS_VECTOR ? IRQ_NONE : hint - APIC_FIRST_VECTOR;
}

static void end(unsigned int irq)
{
	(void)irq;
	local_apic_write(APIC_END, 0);
}

static void enable(unsigned int irq)
{
	if (irq == IRQ_TIMER)
		local_apic_write(APIC_LVT_TIMER, APIC_FIRST_VECTOR + IRQ_TIMER);
}

static void disable(unsigned int irq)
{
	if (irq == IRQ_TIMER)
		local_apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED);
}

static unsigned int find(const char *source)
{
	if (!strcmp(source, "timer"))
		return IRQ_TIMER;
	return !strcmp(source, "self") ? IRQ_SELF : IRQ_NONE;
}

static void raise_self(void)
{
	local_apic_write(APIC_COMMAND, COMMAND_SELF | (APIC_FIRST_VECTOR + IRQ_SELF));
}

static const struct irq_controller local_apic = {
	.name = "LAPIC",
	.claim = claim,
	.end = end,
	.enable = enable,
	.disable = disable,
	.find = find,
	.raise_self = raise_self,
};

static __init void set_up(void)
{
	static const enum local_apic_register unused[] = {APIC_LVT_TIMER, APIC_LVT_LINT0,
							  APIC_LVT_LINT1, APIC_LVT_ERROR};

	for (size_t i = 0; i < ARRAY_SIZE(unused); i++)
		local_apic_write(unused[i], APIC_LVT_MASKED);
	local_apic_write(APIC_TASK_PRIORITY, 0);
	local_apic_write(APIC_SPURIOUS, SPURIOUS_ON | SPURIOUS_VECTOR);
}

__init bool controller_init(const struct boot_info *boot)
{
	uint64_t base;

	(void)boot; /* the CPU knows better than the MADT where its own APIC is */
	if (!(x86_cpuid(1, 0).edx & LEAF1_EDX_APIC))
		return false;
	base = x86_read_msr(MSR_APIC_BASE);
	if (!(base & APIC_BASE_ON))
		x86_write_msr(MSR_APIC_BASE, base | APIC_BASE_ON);
	if (!(base & APIC_BASE_X2)) {
		set_fixmap(FIX_IRQ0, base & APIC_BASE_PA, PROT_KERNEL_DEVICE);
		registers = fix_to_virt(FIX_IRQ0);
	}
	set_up();
	irq_controller_register(&local_apic);
	return true;
}
