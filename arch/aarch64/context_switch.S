/* SPDX-License-Identifier: MIT */
/*
 * context_switch.S - the registers that a call preserves, put on one stack and taken off another.
 *
 * PICTURE	the stack of a task that does not run, from sp upwards
 *
 *	x29 x30  x19 x20  x21 x22  x23 x24  x25 x26  x27 x28
 *
 * The SIMD registers belong to user space. Procedure call standard (AAPCS64), 6.1.1.
 * LINUX	arch/arm64/kernel/entry.S: cpu_switch_to.
 */
	.section .text

/* context_switch(uintptr_t *from_sp, uintptr_t to_sp) */
	.globl	context_switch
context_switch:
	stp	x29, x30, [sp, #-96]!
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	mov	x9, sp
	str	x9, [x0]
	mov	sp, x1
	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	x29, x30, [sp], #96
	ret

/* A task's first instruction: its entry in x19, the argument in x20, x29 = 0 ends the walk of the stack. */
	.globl	context_start
context_start:
	mov	x0, x20
	mov	x30, xzr
	blr	x19
	brk	#0
