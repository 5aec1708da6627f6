/* SPDX-License-Identifier: MIT */
/*
 * asm/context.h - a task that does not run is its stack pointer; the registers lie on its stack.
 */
#pragma once

#include <asm/stacks.h>

#define TASK_STACK_BLOCK 0x8000
#define TASK_STACK_SIZE	 0x4000

struct arch_context {
	uintptr_t sp;
	struct x86_stack_bounds stack; /* 0, 0: the one that the CPU started on */
};

/* The stack of the task that runs on this CPU; 0, 0 as above. */
const struct x86_stack_bounds *x86_task_stack(void);
