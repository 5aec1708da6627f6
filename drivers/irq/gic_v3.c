/* SPDX-License-Identifier: MIT */
/*
 * gic_v3.c - Arm's Generic Interrupt Controller from version 3 on: many CPUs, their interface in system registers.
 *
 * THE IDEA
 *	As version 2, but each CPU's own 32 numbers have moved from the distributor to a redistributor, 128 KiB a
 *	CPU, one behind the other. Which is ours says its TYPER, which holds the CPU's affinity. It sleeps until it
 *	is woken. All our interrupts are of group 1, which the CPU takes as IRQ.
 *
 * Source: Arm IHI 0069, 12.8 (system registers), 12.9 (distributor), 12.11 (redistributor).
 * LINUX	drivers/irqchip/irq-gic-v3.c.
 */
#include "arm.h"

#include <arch/mmio.h>
#include <asm/sysreg.h>
#include <lib/init.h>
#include <lib/irq.h>
#include <lib/printk.h>
#include <mm/fixmap.h>

/* Their names are Armv8.0's, but gcc knows them for later CPUs only. */
#define ICC_SRE	    s3_0_c12_c12_5
#define ICC_PMR	    s3_0_c4_c6_0
#define ICC_BPR1    s3_0_c12_c12_3
#define ICC_CTLR    s3_0_c12_c12_4
#define ICC_IGRPEN1 s3_0_c12_c12_7
#define ICC_IAR1    s3_0_c12_c12_0
#define ICC_EOIR1   s3_0_c12_c12_1
#define ICC_SGI1R   s3_0_c12_c11_5

/* The name is an argument of a macro before it becomes part of the instruction. */
#define ICC_READ(name)	       SYSREG_READ(name)
#define ICC_WRITE(name, value) SYSREG_WRITE(name, value)

#define CTLR_GROUP1   0x2
#define CTLR_AFFINITY 0x10 /* the CPUs are named by affinity, not by a bit */
#define CTLR_BUSY     (1U << 31)

#define GICR_TYPER	 0x08
#define GICR_WAKER	 0x14
#define TYPER_LAST	 (1U << 4)
#define WAKER_SLEEP	 (1U << 1)
#define WAKER_ASLEEP	 (1U << 2)
#define REDISTRIBUTOR	 0x20000 /* bytes of one CPU's: control, and 64 KiB further its interrupts */
#define INTERRUPTS_FRAME 0x10000
#define PATIENCE	 1000000

static uintptr_t own; /* the frame of this CPU's interrupts */

static unsigned int claim(unsigned int hint)
{
	unsigned int irq = (unsigned int)ICC_READ(ICC_IAR1) & 0xffffff;

	(void)hint;
	asm volatile("dsb sy"
		     :
		     :
		     : "memory"); /* it is in service before its handler touches the device */
	return irq >= GIC_FIRST_SPECIAL && irq < GIC_FIRST_SPECIAL + 4 ? IRQ_NONE : irq;
}

static void end(unsigned int irq)
{
	ICC_WRITE(ICC_EOIR1, irq);
	isb();
}

/* Shared interrupts have no handler yet that would ask for one. */
static void enable(unsigned int irq)
{
	if (irq < GIC_FIRST_SHARED)
		mmio_write32(own + GICD_ISENABLER, 1U << irq);
}

static void disable(unsigned int irq)
{
	if (irq < GIC_FIRST_SHARED)
		mmio_write32(own + GICD_ICENABLER, 1U << irq);
}

static uint64_t affinity(void)
{
	uint64_t mpidr = SYSREG_READ(mpidr_el1);

	return (mpidr & 0xffffff) | (mpidr >> 32 & 0xff) << 24;
}

static void raise_self(void)
{
	uint64_t me = affinity();

	ICC_WRITE(ICC_SGI1R, (me >> 24 & 0xff) << 48 | (me >> 16 & 0xff) << 32 | GIC_SELF << 24 |
				     (me >> 8 & 0xff) << 16 | 1UL << (me & 0xf));
	isb();
}

static const struct irq_controller gic = {
	.name = "GICv3",
	.claim = claim,
	.end = end,
	.enable = enable,
	.disable = disable,
	.find = gic_find,
	.raise_self = raise_self,
};

/* The redistributor whose TYPER names this CPU, through the second slot; 0: none. */
static __init phys_addr_t find_own(const struct boot_interrupts *interrupts)
{
	for (phys_addr_t at = 0; at < interrupts->redistributor_size; at += REDISTRIBUTOR) {
		uint64_t typer;

		set_fixmap(FIX_IRQ0 + 1, interrupts->redistributor + at, PROT_KERNEL_DEVICE);
		typer = mmio_read64(fix_to_virt(FIX_IRQ0 + 1) + GICR_TYPER);
		if (typer >> 32 == affinity())
			return interrupts->redistributor + at;
		if (typer & TYPER_LAST)
			break;
	}
	return 0;
}

static __init bool wake(uintptr_t control)
{
	mmio_write32(control + GICR_WAKER, mmio_read32(control + GICR_WAKER) & ~WAKER_SLEEP);
	for (unsigned int i = 0; i < PATIENCE; i++)
		if (!(mmio_read32(control + GICR_WAKER) & WAKER_ASLEEP))
			return true;
	return false;
}

static __init void set_up_distributor(uintptr_t distributor)
{
	mmio_write32(distributor + GICD_CTLR, CTLR_AFFINITY);
	mmio_write32(distributor + GICD_CTLR, CTLR_AFFINITY | CTLR_GROUP1);
	for (unsigned int i = 0; i < PATIENCE; i++)
		if (!(mmio_read32(distributor + GICD_CTLR) & CTLR_BUSY))
			return;
}

static __init void set_up_cpu(void)
{
	ICC_WRITE(ICC_SRE, ICC_READ(ICC_SRE) | 1);
	isb();
	ICC_WRITE(ICC_CTLR, 0); /* the end of an interrupt is one write */
	ICC_WRITE(ICC_BPR1, 0);
	ICC_WRITE(ICC_PMR, GIC_PRIORITY_MASK);
	ICC_WRITE(ICC_IGRPEN1, 1);
	isb();
}

__init bool gic_v3_init(const struct boot_info *boot)
{
	phys_addr_t redistributor = find_own(&boot->interrupts);

	if (!redistributor || !wake(fix_to_virt(FIX_IRQ0 + 1))) {
		pr_warn("irq: no redistributor of the GIC is this CPU's");
		return false;
	}
	set_fixmap(FIX_IRQ0, boot->interrupts.distributor, PROT_KERNEL_DEVICE);
	set_fixmap(FIX_IRQ0 + 2, redistributor + INTERRUPTS_FRAME, PROT_KERNEL_DEVICE);
	own = fix_to_virt(FIX_IRQ0 + 2);

	set_up_distributor(fix_to_virt(FIX_IRQ0));
	gic_quiet_bank(own);
	mmio_write32(own + GICD_IGROUPR, ~0U);
	set_up_cpu();
	irq_controller_register(&gic);
	return true;
}
