/* SPDX-License-Identifier: MIT */
/*
 * arch/stack.h - who called whom.
 *
 * The kernel is built with frame pointers. A walk reads nothing outside the
 * stack that it starts on, stops at the first frame that does not lie above the last, and gives up after 64.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct trap_frame;

/* Calls visit(pc) for each return address, innermost first, until it returns false. NULL frame: from the caller on. */
void arch_stack_walk(const struct trap_frame *frame, bool (*visit)(uintptr_t pc, void *context),
		     void *context);

/* Bounds of the stack that this code runs on; the page below `low` is unmapped. */
void arch_stack_bounds(uintptr_t *low, uintptr_t *high);
