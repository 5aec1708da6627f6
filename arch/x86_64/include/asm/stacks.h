/* SPDX-License-Identifier: MIT */
/*
 * asm/stacks.h - the stacks that are part of the image; start.S lays them out.
 *
 * The page below each is unmapped from the first moment of paging. Three
 * exceptions have a stack of their own, because the one in use may be what is broken.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum x86_stack {
	STACK_BOOT,
	STACK_DOUBLE_FAULT, /* the interrupt stack table's numbers, from here on */
	STACK_NMI,
	STACK_MACHINE_CHECK,
	NR_STACKS,
};

struct x86_stack_bounds {
	uintptr_t low, high; /* [low, high); the guard page is [low - PAGE_SIZE, low) */
};

extern const struct x86_stack_bounds x86_stacks[NR_STACKS];

/* The stack that holds `address`, its guard page included; NULL when none does. */
const struct x86_stack_bounds *x86_stack_of(uintptr_t address);

/* Does the address lie in the page below a stack? */
bool x86_in_guard_page(uintptr_t address);
