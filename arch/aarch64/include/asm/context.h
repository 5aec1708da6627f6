/* SPDX-License-Identifier: MIT */
/*
 * asm/context.h - a task that does not run is its stack pointer; the registers lie on its stack.
 *
 * A stack is the upper half of a block, by asm/trap_frame.h: bit 14 of its addresses is set.
 */
#pragma once

#define TASK_STACK_BLOCK 0x8000
#define TASK_STACK_SIZE	 0x4000

struct arch_context {
	uintptr_t sp;
	uintptr_t stack_low, stack_high; /* 0, 0: the stack that the CPU started on */
};

/* The stack of the task that runs on this CPU; 0, 0 as above. */
void task_stack(uintptr_t *low, uintptr_t *high);
