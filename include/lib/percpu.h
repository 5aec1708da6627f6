/* SPDX-License-Identifier: MIT */
/*
 * lib/percpu.h - one variable per CPU, static part.
 *
 *	DEFINE_PER_CPU(unsigned long, faults);	a template in section "percpu"
 *	this_cpu_add(faults, 1);		this CPU's copy, safe against interrupts
 *	*per_cpu_ptr(&faults, cpu) = 0;		another CPU's copy
 *
 * Until percpu_areas_init() the boot CPU uses the template itself (offset 0);
 * after it each possible CPU has a copy, made from the template as it is then. Read and write
 * through this_cpu_*() or take the pointer with interrupts off: a task may
 * otherwise move to another CPU between computing the address and using it.
 */
#pragma once

#include <arch/percpu.h>
#include <config.h>

#define DEFINE_PER_CPU(type, name)  __section("percpu") typeof(type) name
#define DECLARE_PER_CPU(type, name) extern __section("percpu") typeof(type) name

/* per_cpu_offset[cpu] added to a template's address gives that CPU's copy. */
extern uintptr_t per_cpu_offset[NR_CPUS];

#define per_cpu_ptr(pointer, cpu) ((typeof(pointer))((uintptr_t)(pointer) + per_cpu_offset[cpu]))
#define this_cpu_ptr(pointer)	  ((typeof(pointer))((uintptr_t)(pointer) + arch_percpu_offset()))

/* Each is one operation as far as interrupts on this CPU are concerned. Values of 1, 2, 4 or 8 bytes. */
#define this_cpu_read(variable)		       arch_this_cpu_read(variable)
#define this_cpu_write(variable, value)	       arch_this_cpu_write(variable, value)
#define this_cpu_add(variable, value)	       arch_this_cpu_add(variable, value)
#define this_cpu_inc(variable)		       arch_this_cpu_add(variable, 1)
#define this_cpu_dec(variable)		       arch_this_cpu_add(variable, -1)
#define this_cpu_xchg(variable, value)	       arch_this_cpu_xchg(variable, value)
#define this_cpu_cmpxchg(variable, old, value) arch_this_cpu_cmpxchg(variable, old, value)

/* The template's bounds, from the linker script. */
extern char percpu_start[], percpu_end[];
