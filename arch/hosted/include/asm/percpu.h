/* SPDX-License-Identifier: MIT */
/*
 * asm/percpu.h - per-CPU variables by the thread's offset.
 *
 * The operations are atomic instructions: more than a CPU's own interrupts need,
 * and the same on every host.
 */
#pragma once

#include <arch/cpu.h>

static inline uintptr_t arch_percpu_offset(void)
{
	return hosted_cpu.percpu_offset;
}

static inline void arch_percpu_set_offset(uintptr_t offset)
{
	hosted_cpu.percpu_offset = offset;
}

#define hosted_this_cpu(variable)                                                                  \
	((typeof(variable) *)((uintptr_t) & (variable) + arch_percpu_offset()))

#define arch_this_cpu_read(variable) __atomic_load_n(hosted_this_cpu(variable), __ATOMIC_RELAXED)
#define arch_this_cpu_write(variable, value)                                                       \
	__atomic_store_n(hosted_this_cpu(variable), (typeof(variable))(value), __ATOMIC_RELAXED)
#define arch_this_cpu_add(variable, value)                                                         \
	((void)__atomic_fetch_add(hosted_this_cpu(variable), (typeof(variable))(value),            \
				  __ATOMIC_RELAXED))
#define arch_this_cpu_xchg(variable, value)                                                        \
	__atomic_exchange_n(hosted_this_cpu(variable), (typeof(variable))(value), __ATOMIC_RELAXED)
#define arch_this_cpu_cmpxchg(variable, old, new)                                                  \
	({                                                                                         \
		typeof(variable) found_ = (typeof(variable))(old);                                 \
		__atomic_compare_exchange_n(hosted_this_cpu(variable), &found_,                    \
					    (typeof(variable))(new), false, __ATOMIC_RELAXED,      \
					    __ATOMIC_RELAXED);                                     \
		found_;                                                                            \
	})
