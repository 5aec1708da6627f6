/* SPDX-License-Identifier: MIT */
/*
 * asm/context.h - a task is a fiber of the CPU's thread. Sanitized frames are large, so the stacks are.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define TASK_STACK_BLOCK 0x20000
#define TASK_STACK_SIZE	 0x1c000

/* As struct os_fiber of os.h, which is not for headers that the kernel reads. */
struct arch_context {
	void *sp;
	uintptr_t stack_low, stack_high; /* 0, 0: the stack that the CPU started on */
	void *sanitizer;
};
