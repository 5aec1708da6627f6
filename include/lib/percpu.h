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

/*
 * Each is one operation as far as interrupts on this CPU are concerned, for values of 1, 2, 4 or 8 bytes. The
 * variable is a static one, or *pointer of alloc_percpu(). `value` is converted to the variable's type first,
 * so this_cpu_sub(of_type_long, 1U) takes one away. (Linux: include/linux/percpu-defs.h)
 */
#define this_cpu_read(variable)		       arch_this_cpu_read(variable)
#define this_cpu_write(variable, value)	       arch_this_cpu_write(variable, value)
#define this_cpu_add(variable, value)	       arch_this_cpu_add(variable, value)
#define this_cpu_sub(variable, value)	       arch_this_cpu_add(variable, -(typeof(variable))(value))
#define this_cpu_inc(variable)		       arch_this_cpu_add(variable, 1)
#define this_cpu_dec(variable)		       arch_this_cpu_add(variable, -1)
#define this_cpu_and(variable, value)	       arch_this_cpu_and(variable, value)
#define this_cpu_or(variable, value)	       arch_this_cpu_or(variable, value)
#define this_cpu_xchg(variable, value)	       arch_this_cpu_xchg(variable, value)
#define this_cpu_cmpxchg(variable, old, value) arch_this_cpu_cmpxchg(variable, old, value)

/* The value that is then there. */
#define this_cpu_add_return(variable, value) arch_this_cpu_add_return(variable, value)
#define this_cpu_sub_return(variable, value)                                                       \
	arch_this_cpu_add_return(variable, -(typeof(variable))(value))
#define this_cpu_inc_return(variable) arch_this_cpu_add_return(variable, 1)
#define this_cpu_dec_return(variable) arch_this_cpu_add_return(variable, -1)

/*
 * Two variables of 8 bytes, one behind the other, the first at a multiple of 16: both are stored, and it is true, when
 * both are as expected; else nothing is. (Linux: this_cpu_cmpxchg_double)
 */
#define this_cpu_cmpxchg_double(first, second, old1, old2, new1, new2)                             \
	arch_this_cpu_cmpxchg_double(first, second, old1, old2, new1, new2)

/*
 * This CPU's copy as a variable, until put_cpu_var(). A task stays on its CPU and gives it up only
 * where it says so, hence there is nothing to pin: do not sleep between the two. (Linux: get_cpu_var)
 */
#define get_cpu_var(variable) (*this_cpu_ptr(&(variable)))
#define put_cpu_var(variable) ((void)&(variable))
#define get_cpu_ptr(pointer)  this_cpu_ptr(pointer)
#define put_cpu_ptr(pointer)  ((void)(pointer))

/* The template's bounds, from the linker script. */
extern char percpu_start[], percpu_end[];
