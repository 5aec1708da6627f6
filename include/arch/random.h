/* SPDX-License-Identifier: MIT */
/*
 * arch/random.h - entropy of the CPU at boot.
 */
#pragma once

#include <stdint.h>

/* RDRAND, RNDR, or the cycle counter where the CPU has nothing better; lib/random.c mixes it. */
uint64_t arch_random_seed(void);
