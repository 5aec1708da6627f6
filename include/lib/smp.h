/* SPDX-License-Identifier: MIT */
/*
 * lib/smp.h - the other CPUs: who runs, and how to get one's attention.
 *
 * Which hardware interrupts another CPU is a driver's knowledge: it registers a sender. Without one nobody else runs.
 */
#pragma once

#include <lib/types.h>

/* Interrupt `cpu`. Any context. */
void smp_sender_register(void (*send)(unsigned int cpu));

/* Let `cpu` look at its run queue. Any context. */
void smp_kick(unsigned int cpu);

/* How many CPUs run; they are those from 0 on. */
unsigned int smp_nr_running(void);

/*
 * Let work(cpu, context) run on each of the CPUs [0, nr), this one included, and return when all are done. Task context of the boot
 * CPU, one caller at a time; may sleep.
 */
void smp_run_on_cpus(unsigned int nr, void (*work)(unsigned int cpu, void *context), void *context);

/* Start the CPUs [1, nr), as far as the port can, and wait until they run. Boot CPU, once, interrupts on. */
void smp_start_others(unsigned int nr);

/* May other CPUs be in the middle of such work? If not they rest, and what is theirs lies still. Any context. */
bool smp_work_is_under_way(void);

/* What a CPU that has started does for ever: work that smp_run_on_cpus() gives it. Its per-CPU area and number are in place. */
_Noreturn void smp_cpu_loop(void);
