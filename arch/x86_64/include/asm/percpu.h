/* SPDX-License-Identifier: MIT */
/*
 * asm/percpu.h - per-CPU variables through the GS base.
 *
 * GS base is this CPU's offset: `movq %gs:counter(%rip), %rax` reads address of
 * the template plus offset, in one instruction, which no interrupt can part.
 * %z prints the operand's size suffix. A read is volatile: the task may be on
 * another CPU by the time of the next.
 */
#pragma once

#include <stdbool.h>

#include <asm/registers.h>

/* Each CPU's own copy knows where it lies, so that reading the offset needs no rdmsr. */
extern uintptr_t x86_percpu_offset __attribute__((section("percpu")));

/* The copy itself, for plain C: each access is one operand relative to GS. */
#define arch_this_cpu_raw(variable) (*(__seg_gs typeof(variable) *)(uintptr_t) & (variable))

#define arch_this_cpu_read(variable)                                                               \
	({                                                                                         \
		typeof(variable) this_cpu_value_;                                                  \
		asm volatile("mov%z1 %%gs:%1, %0" : "=r"(this_cpu_value_) : "m"(variable));        \
		this_cpu_value_;                                                                   \
	})

#define arch_this_cpu_write(variable, value)                                                       \
	do {                                                                                       \
		typeof(variable) this_cpu_value_ = (value);                                        \
		asm volatile("mov%z0 %1, %%gs:%0" : "=m"(variable) : "re"(this_cpu_value_));       \
	} while (0)

#define arch_this_cpu_add(variable, value)                                                         \
	do {                                                                                       \
		typeof(variable) this_cpu_value_ = (typeof(variable))(value);                      \
		asm volatile("add%z0 %1, %%gs:%0"                                                  \
			     : "+m"(variable)                                                      \
			     : "re"(this_cpu_value_)                                               \
			     : "cc");                                                              \
	} while (0)

/* `operation` is and, or. */
#define x86_this_cpu_operate(operation, variable, value)                                           \
	do {                                                                                       \
		typeof(variable) this_cpu_value_ = (typeof(variable))(value);                      \
		asm volatile(operation "%z0 %1, %%gs:%0"                                           \
			     : "+m"(variable)                                                      \
			     : "re"(this_cpu_value_)                                               \
			     : "cc");                                                              \
	} while (0)
#define arch_this_cpu_and(variable, value) x86_this_cpu_operate("and", variable, value)
#define arch_this_cpu_or(variable, value)  x86_this_cpu_operate("or", variable, value)

#define arch_this_cpu_add_return(variable, value)                                                  \
	({                                                                                         \
		typeof(variable) this_cpu_value_ = (typeof(variable))(value);                      \
		typeof(variable) this_cpu_old_ = this_cpu_value_;                                  \
		asm volatile("xadd%z1 %0, %%gs:%1"                                                 \
			     : "+r"(this_cpu_old_), "+m"(variable)                                 \
			     :                                                                     \
			     : "memory", "cc");                                                    \
		(typeof(variable))(this_cpu_old_ + this_cpu_value_);                               \
	})

#define arch_this_cpu_xchg(variable, value)                                                        \
	({                                                                                         \
		typeof(variable) this_cpu_value_ = (value);                                        \
		asm volatile("xchg%z1 %0, %%gs:%1"                                                 \
			     : "+r"(this_cpu_value_), "+m"(variable)                               \
			     :                                                                     \
			     : "memory");                                                          \
		this_cpu_value_;                                                                   \
	})

/* Without the lock prefix: only this CPU touches its copy. */
#define arch_this_cpu_cmpxchg(variable, old, new)                                                  \
	({                                                                                         \
		typeof(variable) this_cpu_found_ = (old), this_cpu_new_ = (new);                   \
		asm volatile("cmpxchg%z1 %2, %%gs:%1"                                              \
			     : "+a"(this_cpu_found_), "+m"(variable)                               \
			     : "r"(this_cpu_new_)                                                  \
			     : "memory", "cc");                                                    \
		this_cpu_found_;                                                                   \
	})

/*
 * gcc would call libatomic for 16 bytes. The instruction wants RBX, which a function must hand back as it was; exchanged here it costs
 * two instructions, saved by the function it costs a stack frame. The address must not be in it: R8.
 */
#define arch_this_cpu_cmpxchg_double(first, second, old1, old2, new1, new2)                        \
	({                                                                                         \
		typeof(first) this_cpu_old1_ = (old1), this_cpu_new1_ = (new1);                    \
		typeof(second) this_cpu_old2_ = (old2), this_cpu_new2_ = (new2);                   \
		register typeof(first) *this_cpu_first_ asm("r8") = &(first);                      \
		bool this_cpu_swapped_;                                                            \
		asm volatile("xchg %%rbx, %3\n\tcmpxchg16b %%gs:(%4)\n\txchg %%rbx, %3"            \
			     : "=@ccz"(this_cpu_swapped_), "+a"(this_cpu_old1_),                   \
			       "+d"(this_cpu_old2_), "+r"(this_cpu_new1_)                          \
			     : "r"(this_cpu_first_), "c"(this_cpu_new2_)                           \
			     : "memory");                                                          \
		(void)&(second);                                                                   \
		this_cpu_swapped_;                                                                 \
	})

static inline uintptr_t arch_percpu_offset(void)
{
	return arch_this_cpu_read(x86_percpu_offset);
}

static inline void arch_percpu_set_offset(uintptr_t offset)
{
	asm volatile("wrmsr"
		     :
		     : "c"(MSR_GS_BASE), "a"((uint32_t)offset), "d"((uint32_t)(offset >> 32))
		     : "memory");
	arch_this_cpu_write(x86_percpu_offset, offset);
}
