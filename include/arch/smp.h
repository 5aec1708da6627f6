/* SPDX-License-Identifier: MIT */
/*
 * arch/smp.h - making another CPU run.
 */
#pragma once

/*
 * Let CPU `cpu` begin in ksecondary(), with its number, its per-CPU area and a guarded stack of its own, interrupts off. Task context
 * of the boot CPU, after percpu_areas_init(), once a CPU. 0, or -ENODEV where this port cannot.
 */
int arch_cpu_start(unsigned int cpu);
