/* SPDX-License-Identifier: MIT */
/*
 * arch/context.h - from one stack to another.
 *
 * asm/context.h defines struct arch_context and how a stack must lie:
 *
 *	TASK_STACK_BLOCK	bytes of a block, a power of two; a block starts at a multiple of it
 *	TASK_STACK_SIZE		the upper part of the block that is the stack; right below it nothing may be mapped
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct arch_context; /* what a task that does not run must remember: its stack pointer, its stack */

/* The first switch to `context` calls entry(argument) on [stack_low, stack_high), interrupts off. It must not return. */
void arch_context_init(struct arch_context *context, uintptr_t stack_low, uintptr_t stack_high,
		       void (*entry)(void *argument), void *argument);

/*
 * Leave the registers that a call preserves and the stack pointer in `from` and go on where `to` was left. Returns when
 * somebody switches back. Interrupts off, on the same CPU as ever; `from` of a CPU's first task may be all zero.
 */
void arch_context_switch(struct arch_context *from, struct arch_context *to);

#include <asm/context.h>
