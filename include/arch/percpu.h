/* SPDX-License-Identifier: MIT */
/*
 * arch/percpu.h - reaching this CPU's copy of a variable.
 *
 * Each CPU holds an offset in a register; a template's address plus the offset
 * is the copy. It is 0 on the boot CPU until arch_percpu_set_offset().
 *
 * asm/percpu.h defines, for values of 1, 2, 4 and 8 bytes, as macros because
 * they take a variable and not its address, each one unit against interrupts on this CPU:
 *
 *	arch_this_cpu_read(variable)
 *	arch_this_cpu_write(variable, value)
 *	arch_this_cpu_add(variable, value)		no result
 *	arch_this_cpu_and(variable, value)
 *	arch_this_cpu_or(variable, value)
 *	arch_this_cpu_add_return(variable, value)	the sum
 *	arch_this_cpu_xchg(variable, value)		the old value
 *	arch_this_cpu_cmpxchg(variable, old, new)	the value found; stored when it was `old`
 *
 * and for two variables of 8 bytes, side by side, the first at a multiple of 16:
 *
 *	arch_this_cpu_cmpxchg_double(first, second, old1, old2, new1, new2)
 *		true, and both stored, when both were as expected
 */
#pragma once

#include <stdint.h>

static inline uintptr_t arch_percpu_offset(void);

/* For this CPU only; interrupts off. */
static inline void arch_percpu_set_offset(uintptr_t offset);

#include <asm/percpu.h>
