/* SPDX-License-Identifier: MIT */
/*
 * arch/cpu.h - the CPU that runs this code: who it is, its interrupts, its end.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The logical number of this CPU, from 0; the boot CPU is 0. Right from the first C instruction. */
static inline unsigned int arch_cpu_id(void);

/* A hint in a loop that waits for another CPU. */
static inline void arch_cpu_relax(void);

/* Turn interrupts off and say how they were; restore takes what save returned. A compiler barrier. */
static inline unsigned long arch_irq_save(void);
static inline void arch_irq_restore(unsigned long flags);
static inline bool arch_irq_enabled(void);

/* Turn interrupts on whatever they were: for a task's first instruction and the end of the boot. */
static inline void arch_irq_enable(void);

/* A counter that rises with time; under QEMU's -icount exactly one tick an instruction. */
static inline uint64_t arch_cycles(void);

/* arch_cycles() at the kernel's very first instruction. */
uint64_t arch_boot_cycles(void);

/*
 * Interrupts are off, before and after. Rest until one is there, take it, and return; one that came since they
 * were turned off ends the rest at once. It may return without one.
 */
static inline void arch_wait_for_interrupt(void);

/*
 * The agreed statuses. tools/qemu.py turns what QEMU exits with back into
 * these: on x86_64 QEMU exits with 2*n+1, on aarch64 with n; 0 is never success,
 * because a triple fault or a plain power-off ends with it.
 */
enum halt_status {
	HALT_NO_MEMORY = 2,	 /* no usable memory, or too little */
	HALT_PANIC = 3,		 /* panic() */
	HALT_TEST_FAILED = 4,	 /* a self-test failed */
	HALT_COMMAND_FAILED = 5, /* a command of `run=` on the command line failed */
	HALT_BAD_BOOT = 6,	 /* the loader handed over something that cannot be used */
	HALT_OK = 16,
};

/* Stop this machine; under QEMU with that status. Any context. */
_Noreturn void arch_halt(enum halt_status status);

/* Start the machine again; where that is impossible, stop. */
_Noreturn void arch_reboot(void);

/* One line of the CPU's name and of the protections that are on: "SMEP SMAP UMIP NX WP"; static text. */
const char *arch_cpu_features(void);

/*
 * Has one of them, which the boot switched on, been switched off since, by whoever could write a register? Its name ("CR4.SMEP"), or
 * NULL. This CPU; any context.
 */
const char *arch_protection_lost(void);

#include <asm/cpu.h>
