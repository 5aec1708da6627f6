/* SPDX-License-Identifier: MIT */
/*
 * asm/cpu.h - interrupts are bit I of PSTATE.DAIF; the CPU's number is in TPIDRRO_EL0.
 */
#pragma once

#include <asm/sysreg.h>

#define DAIF_IRQ (1UL << 7)

/* Does the CPU count its cycles (PMUv3)? Else the timer, which is coarser, must do. */
extern bool cpu_has_cycle_counter;

static inline unsigned int arch_cpu_id(void)
{
	return (unsigned int)SYSREG_READ(tpidrro_el0);
}

static inline void arch_cpu_relax(void)
{
	asm volatile("yield" : : : "memory");
}

static inline unsigned long arch_irq_save(void)
{
	unsigned long flags = SYSREG_READ(daif);

	asm volatile("msr daifset, #3" : : : "memory"); /* IRQ and FIQ */
	return flags;
}

static inline void arch_irq_restore(unsigned long flags)
{
	SYSREG_WRITE(daif, flags);
}

static inline bool arch_irq_enabled(void)
{
	return (SYSREG_READ(daif) & DAIF_IRQ) == 0;
}

static inline void arch_irq_enable(void)
{
	asm volatile("msr daifclr, #3" : : : "memory");
}

static inline uint64_t arch_cycles(void)
{
	return cpu_has_cycle_counter ? SYSREG_READ(pmccntr_el0) : SYSREG_READ(cntvct_el0);
}

/* WFI ends for an interrupt that is masked too, so none is lost between the mask and the rest. */
static inline void arch_wait_for_interrupt(void)
{
	asm volatile("dsb sy\n\twfi\n\tmsr daifclr, #3\n\tisb\n\tmsr daifset, #3" : : : "memory");
}
