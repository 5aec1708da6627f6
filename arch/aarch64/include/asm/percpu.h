/* SPDX-License-Identifier: MIT */
/*
 * asm/percpu.h - the offset is in TPIDR_EL1; an operation is a unit because interrupts are off around it.
 *
 * Exclusive loads and stores would do against interrupts too, but not against
 * being moved to another CPU between reading the offset and using it. A read
 * needs neither: it is one load, right at the moment when the offset was.
 */
#pragma once

#include <stdbool.h>

#include <arch/cpu.h>
#include <asm/sysreg.h>

static inline uintptr_t arch_percpu_offset(void)
{
	return SYSREG_READ(tpidr_el1);
}

static inline void arch_percpu_set_offset(uintptr_t offset)
{
	SYSREG_WRITE(tpidr_el1, offset);
}

/* This CPU's copy, volatile so that the access is made once and in full width. */
#define percpu_copy(variable)                                                                      \
	(*(volatile typeof(variable) *)((uintptr_t) & (variable) + arch_percpu_offset()))

/* The copy itself, for plain C. */
#define arch_this_cpu_raw(variable)                                                                \
	(*(typeof(variable) *)((uintptr_t) & (variable) + arch_percpu_offset()))

#define arch_this_cpu_read(variable) ((typeof(variable))percpu_copy(variable))

#define arch_this_cpu_xchg(variable, value)                                                        \
	({                                                                                         \
		typeof(variable) percpu_new_ = (value);                                            \
		unsigned long percpu_flags_ = arch_irq_save();                                     \
		volatile typeof(variable) *percpu_copy_ = &percpu_copy(variable);                  \
		typeof(variable) percpu_old_ = *percpu_copy_;                                      \
		*percpu_copy_ = percpu_new_;                                                       \
		arch_irq_restore(percpu_flags_);                                                   \
		percpu_old_;                                                                       \
	})

#define arch_this_cpu_write(variable, value)                                                       \
	do {                                                                                       \
		typeof(variable) percpu_new_ = (value);                                            \
		unsigned long percpu_flags_ = arch_irq_save();                                     \
		percpu_copy(variable) = percpu_new_;                                               \
		arch_irq_restore(percpu_flags_);                                                   \
	} while (0)

/* `operator` is +, & or |; the value that is then there. */
#define percpu_operate(variable, operator, value)                                                  \
	({                                                                                         \
		typeof(variable) percpu_new_ = (typeof(variable))(value);                          \
		unsigned long percpu_flags_ = arch_irq_save();                                     \
		volatile typeof(variable) *percpu_copy_ = &percpu_copy(variable);                  \
		percpu_new_ = (typeof(variable))(*percpu_copy_ operator percpu_new_);              \
		*percpu_copy_ = percpu_new_;                                                       \
		arch_irq_restore(percpu_flags_);                                                   \
		percpu_new_;                                                                       \
	})
#define arch_this_cpu_add(variable, value)	  ((void)percpu_operate(variable, +, value))
#define arch_this_cpu_and(variable, value)	  ((void)percpu_operate(variable, &, value))
#define arch_this_cpu_or(variable, value)	  ((void)percpu_operate(variable, |, value))
#define arch_this_cpu_add_return(variable, value) percpu_operate(variable, +, value)

#define arch_this_cpu_cmpxchg(variable, old, new)                                                  \
	({                                                                                         \
		typeof(variable) percpu_old_ = (old), percpu_new_ = (new);                         \
		unsigned long percpu_flags_ = arch_irq_save();                                     \
		volatile typeof(variable) *percpu_copy_ = &percpu_copy(variable);                  \
		typeof(variable) percpu_found_ = *percpu_copy_;                                    \
		if (percpu_found_ == percpu_old_)                                                  \
			*percpu_copy_ = percpu_new_;                                               \
		arch_irq_restore(percpu_flags_);                                                   \
		percpu_found_;                                                                     \
	})

#define arch_this_cpu_cmpxchg_double(first, second, old1, old2, new1, new2)                        \
	({                                                                                         \
		typeof(first) percpu_old1_ = (old1), percpu_new1_ = (new1);                        \
		typeof(second) percpu_old2_ = (old2), percpu_new2_ = (new2);                       \
		unsigned long percpu_flags_ = arch_irq_save();                                     \
		volatile typeof(first) *percpu_first_ = &percpu_copy(first);                       \
		volatile typeof(second) *percpu_second_ = &percpu_copy(second);                    \
		bool percpu_same_ = *percpu_first_ == percpu_old1_ &&                              \
				    *percpu_second_ == percpu_old2_;                               \
		if (percpu_same_) {                                                                \
			*percpu_first_ = percpu_new1_;                                             \
			*percpu_second_ = percpu_new2_;                                            \
		}                                                                                  \
		arch_irq_restore(percpu_flags_);                                                   \
		percpu_same_;                                                                      \
	})
