/* SPDX-License-Identifier: MIT */
/*
 * cpu_test.c - what the hosted CPU can be asked and a real one without handlers cannot.
 */
#include <arch/cpu.h>
#include <lib/ktest.h>

/* No interrupt ever comes here, so they may be on for a moment. */
KTEST(hosted_cpu, interrupts_that_were_on_come_on_again)
{
	unsigned long were = arch_irq_save(), on;

	arch_irq_restore(1);
	EXPECT_TRUE(arch_irq_enabled());
	on = arch_irq_save();
	EXPECT_FALSE(arch_irq_enabled());
	arch_irq_restore(on);
	EXPECT_TRUE(arch_irq_enabled());
	arch_irq_restore(were);
}
