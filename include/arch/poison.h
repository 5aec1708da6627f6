/* SPDX-License-Identifier: MIT */
/*
 * arch/poison.h - telling the machine which bytes are free, where it can watch them.
 */
#pragma once

#include <stddef.h>

/* From now on an access to [p, p+n) is an error. */
static inline void arch_poison(const void *p, size_t n);

/* And now it is allowed again. */
static inline void arch_unpoison(const void *p, size_t n);

#include <asm/poison.h>
