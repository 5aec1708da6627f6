/* SPDX-License-Identifier: MIT */
/*
 * asm/cpu.h - the running x86_64 CPU.
 */
#pragma once

#include <arch/percpu.h>
#include <asm/registers.h>

/* Each CPU's logical number; 0 in the template, which the boot CPU starts on. */
extern unsigned int x86_cpu_id __attribute__((section("percpu")));

static inline unsigned int arch_cpu_id(void)
{
	return arch_this_cpu_read(x86_cpu_id);
}

static inline void arch_cpu_relax(void)
{
	asm volatile("pause" ::: "memory");
}

static inline unsigned long arch_irq_save(void)
{
	unsigned long flags;

	asm volatile("pushfq\n\tpopq %0\n\tcli" : "=r"(flags) : : "memory");
	return flags;
}

static inline void arch_irq_restore(unsigned long flags)
{
	if (__builtin_expect(flags & EFLAGS_IF, EFLAGS_IF))
		asm volatile("sti" ::: "memory");
	else
		asm volatile("cli" ::: "memory");
}

static inline bool arch_irq_enabled(void)
{
	unsigned long flags;

	asm volatile("pushfq\n\tpopq %0" : "=r"(flags) : : "memory");
	return flags & EFLAGS_IF;
}

static inline void arch_irq_enable(void)
{
	asm volatile("sti" ::: "memory");
}

static inline uint64_t arch_cycles(void)
{
	uint32_t low, high;

	asm volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

/* STI holds interrupts back until behind the next instruction: none is taken before the HLT that it is to end. */
static inline void arch_wait_for_interrupt(void)
{
	asm volatile("sti\n\thlt\n\tcli" ::: "memory");
}
