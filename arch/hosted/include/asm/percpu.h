/* SPDX-License-Identifier: MIT */
/*
 * asm/percpu.h - per-CPU variables by the thread's offset.
 *
 * The operations are atomic instructions: more than a CPU's own interrupts need,
 * and the same on every host.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <arch/cpu.h>

/*
 * A thread's offset is set before it runs any of the kernel. The compiler does not know that, and would read it again after each store; an
 * instruction that it may take as a constant says so. Where it knows the thread's own storage by another name, it reads again.
 */
static inline uintptr_t arch_percpu_offset(void)
{
#if defined(__x86_64__) && !HOSTED_ASAN && !HOSTED_TSAN
	uintptr_t offset;

	asm("movq %%fs:hosted_cpu@tpoff + %c1, %0"
	    : "=r"(offset)
	    : "i"(offsetof(struct hosted_cpu, percpu_offset)));
	return offset;
#else
	return hosted_cpu.percpu_offset;
#endif
}

static inline void arch_percpu_set_offset(uintptr_t offset)
{
	hosted_cpu.percpu_offset = offset;
}

/* The copy itself, for plain C. */
#define arch_this_cpu_raw(variable) (*hosted_this_cpu(variable))

#define hosted_this_cpu(variable)                                                                  \
	((typeof(variable) *)((uintptr_t) & (variable) + arch_percpu_offset()))

#define arch_this_cpu_read(variable) __atomic_load_n(hosted_this_cpu(variable), __ATOMIC_RELAXED)
#define arch_this_cpu_write(variable, value)                                                       \
	__atomic_store_n(hosted_this_cpu(variable), (typeof(variable))(value), __ATOMIC_RELAXED)
#define arch_this_cpu_add(variable, value)                                                         \
	((void)__atomic_fetch_add(hosted_this_cpu(variable), (typeof(variable))(value),            \
				  __ATOMIC_RELAXED))
#define arch_this_cpu_and(variable, value)                                                         \
	((void)__atomic_fetch_and(hosted_this_cpu(variable), (typeof(variable))(value),            \
				  __ATOMIC_RELAXED))
#define arch_this_cpu_or(variable, value)                                                          \
	((void)__atomic_fetch_or(hosted_this_cpu(variable), (typeof(variable))(value),             \
				 __ATOMIC_RELAXED))
#define arch_this_cpu_add_return(variable, value)                                                  \
	((typeof(variable))__atomic_add_fetch(hosted_this_cpu(variable),                           \
					      (typeof(variable))(value), __ATOMIC_RELAXED))
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

/*
 * One instruction on x86_64 hosts, where a signal cannot part it; elsewhere with the CPU's interrupts off: only
 * its own handlers touch the copy besides.
 */
static inline bool hosted_cmpxchg_double(uint64_t copy[2], uint64_t old1, uint64_t old2,
					 uint64_t new1, uint64_t new2)
{
	bool swapped;
#ifdef __x86_64__
	asm volatile("cmpxchg16b %1"
		     : "=@ccz"(swapped), "+m"(*(uint64_t(*)[2])copy), "+a"(old1), "+d"(old2)
		     : "b"(new1), "c"(new2)
		     : "memory");
#else
	unsigned long flags = arch_irq_save();

	swapped = copy[0] == old1 && copy[1] == old2;
	if (swapped) {
		copy[0] = new1;
		copy[1] = new2;
	}
	arch_irq_restore(flags);
#endif
	return swapped;
}

#define arch_this_cpu_cmpxchg_double(first, second, old1, old2, new1, new2)                        \
	((void)&(second),                                                                          \
	 hosted_cmpxchg_double((uint64_t *)hosted_this_cpu(first), (uint64_t)(old1),               \
			       (uint64_t)(old2), (uint64_t)(new1), (uint64_t)(new2)))
