/* SPDX-License-Identifier: MIT */
/*
 * gic_v2.c - Arm's Generic Interrupt Controller up to version 2: QEMU's virt, the Raspberry Pi 4.
 *
 * THE IDEA
 *	One distributor knows all sources; each CPU has an interface, at the same address for all of them, that says
 *	which one is next (IAR) and is told when it is done (EOIR). Numbers 0 to 15 are messages between CPUs,
 *	to 31 each CPU's own devices, from 32 on shared ones.
 *
 *	EOIR wants back exactly what IAR gave: for a message that is the sender as well. A number from 1020 on is no interrupt and
 *	must not be ended.
 *
 * Source: Arm IHI 0048B, 4.3 (distributor), 4.4 (CPU interface).
 * LINUX	drivers/irqchip/irq-gic.c.
 */
#include "arm.h"

#include <arch/mmio.h>
#include <lib/check.h>
#include <lib/init.h>
#include <lib/irq.h>
#include <lib/percpu.h>
#include <mm/fixmap.h>

enum {
	GICC_CTLR = 0x00,
	GICC_PMR = 0x04,
	GICC_IAR = 0x0c,
	GICC_EOIR = 0x10,
	GICD_SGIR = 0xf00,
};

#define GIC_ON	   0x1
#define SGI_SELF   (2U << 24)
#define IAR_NUMBER 0x3ff

static uintptr_t distributor, interface;
static DEFINE_PER_CPU(uint32_t, in_service); /* as IAR gave it */

static unsigned int claim(unsigned int hint)
{
	uint32_t iar = mmio_read32(interface + GICC_IAR);

	(void)hint;
	if ((iar & IAR_NUMBER) >= GIC_FIRST_SPECIAL)
		return IRQ_NONE;
	this_cpu_write(in_service, iar);
	return iar & IAR_NUMBER;
}

static void end(unsigned int irq)
{
	uint32_t iar = this_cpu_read(in_service);

	ASSERT((iar & IAR_NUMBER) == irq, "%u ends while %u is in service", irq, iar & IAR_NUMBER);
	mmio_write32(interface + GICC_EOIR, iar);
}

static void enable(unsigned int irq)
{
	mmio_write32(distributor + GICD_ISENABLER + irq / 32 * 4, 1U << irq % 32);
}

static void disable(unsigned int irq)
{
	mmio_write32(distributor + GICD_ICENABLER + irq / 32 * 4, 1U << irq % 32);
}

static void raise_self(void)
{
	mmio_write32(distributor + GICD_SGIR, SGI_SELF | GIC_SELF);
}

static const struct irq_controller gic_v2 = {
	.name = "GICv2",
	.claim = claim,
	.end = end,
	.enable = enable,
	.disable = disable,
	.find = gic_find,
	.raise_self = raise_self,
};

/* Entered in EL3 nobody has given us the interrupts: boot.S left a service there that does. */
static __init void take_from_secure(const struct boot_interrupts *gic)
{
	register uint64_t x1 __asm__("x1") = gic->distributor;
	register uint64_t x2 __asm__("x2") = gic->cpu_interface;

	asm volatile("smc #0" : : "r"(x1), "r"(x2) : "x9", "x10", "x11", "x18", "memory");
}

__init bool gic_v2_init(const struct boot_info *boot)
{
	if (boot->entry_level == 3)
		take_from_secure(&boot->interrupts);
	set_fixmap(FIX_IRQ0, boot->interrupts.distributor, PROT_KERNEL_DEVICE);
	set_fixmap(FIX_IRQ0 + 1, boot->interrupts.cpu_interface, PROT_KERNEL_DEVICE);
	distributor = fix_to_virt(FIX_IRQ0);
	interface = fix_to_virt(FIX_IRQ0 + 1);

	mmio_write32(distributor + GICD_CTLR, 0);
	gic_quiet_bank(distributor);
	mmio_write32(distributor + GICD_CTLR, GIC_ON);
	mmio_write32(interface + GICC_PMR, GIC_PRIORITY_MASK);
	mmio_write32(interface + GICC_CTLR, GIC_ON);
	irq_controller_register(&gic_v2);
	return true;
}
