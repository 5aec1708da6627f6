/* SPDX-License-Identifier: MIT */
/*
 * asm/sysreg.h - system registers by name. Macros, because the name is part of the instruction.
 *
 * A read is neither dropped nor moved across another read; only what says
 * "memory" is ordered against memory.
 */
#pragma once

#include <stdint.h>

#define SYSREG_READ(name)                                                                          \
	({                                                                                         \
		uint64_t sysreg_value_;                                                            \
		asm volatile("mrs %0, " #name : "=r"(sysreg_value_));                              \
		sysreg_value_;                                                                     \
	})

#define SYSREG_WRITE(name, value)                                                                  \
	asm volatile("msr " #name ", %x0" : : "rZ"((uint64_t)(value)) : "memory")

/* Four bits of an identification register. */
static inline unsigned int sysreg_field(uint64_t value, unsigned int shift)
{
	return value >> shift & 0xf;
}

/* What was written to system registers holds for the next instruction. */
static inline void isb(void)
{
	asm volatile("isb" : : : "memory");
}
