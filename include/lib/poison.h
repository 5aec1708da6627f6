/* SPDX-License-Identifier: MIT */
/*
 * lib/poison.h - memory that nobody may touch now.
 *
 * An allocator poisons what is free and unpoisons what it hands out. On real
 * machines it costs nothing; on the hosted machine under AddressSanitizer the
 * first read or write of a poisoned byte stops the machine with both call stacks.
 * Poison belongs to a virtual address: another mapping of the same memory is not
 * poisoned. Sizes and addresses are best multiples of 8. Any context.
 */
#pragma once

#include <arch/poison.h>

/* Free memory: its owner keeps its own fields out of the range, or unpoisons them to look. */
static inline void mem_poison(const void *p, size_t n)
{
	arch_poison(p, n);
}

/* Handed out, or about to be inspected by its owner. */
static inline void mem_unpoison(const void *p, size_t n)
{
	arch_unpoison(p, n);
}
