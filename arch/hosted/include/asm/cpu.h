/* SPDX-License-Identifier: MIT */
/*
 * asm/cpu.h - a CPU of the hosted machine is a thread.
 *
 * What a real CPU keeps in registers of its own lies in thread-local variables.
 * An interrupt is a signal whose handler leaves a bit in `pending` while the flag is off (interrupts.c).
 */
#pragma once

struct hosted_cpu {
	unsigned int id;
	bool irqs_on;
	unsigned int pending; /* a bit an interrupt */
	uintptr_t percpu_offset;
	unsigned long thread; /* the host's name for this CPU */
};
enum hosted_irq { HOSTED_IRQ_TIMER, HOSTED_IRQ_SELF, HOSTED_IRQ_KICK };

extern __thread struct hosted_cpu hosted_cpu;

/* interrupts.c */
void hosted_take_interrupts(void);

/* os.c */
uint64_t os_nanoseconds(void);
void os_wait(const unsigned int *pending);

static inline unsigned int arch_cpu_id(void)
{
	return hosted_cpu.id;
}

static inline void arch_cpu_relax(void)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static inline unsigned long arch_irq_save(void)
{
	bool were_on = hosted_cpu.irqs_on;

	hosted_cpu.irqs_on = false;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	return were_on;
}

static inline void arch_irq_restore(unsigned long flags)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	hosted_cpu.irqs_on = flags != 0;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (flags != 0 && __atomic_load_n(&hosted_cpu.pending, __ATOMIC_RELAXED) != 0)
		hosted_take_interrupts();
}

static inline bool arch_irq_enabled(void)
{
	return hosted_cpu.irqs_on;
}

static inline void arch_irq_enable(void)
{
	arch_irq_restore(true);
}

static inline uint64_t arch_cycles(void)
{
	return os_nanoseconds();
}

static inline void arch_wait_for_interrupt(void)
{
	os_wait(&hosted_cpu.pending);
	arch_irq_restore(true);
	arch_irq_save();
}
