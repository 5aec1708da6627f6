/* SPDX-License-Identifier: MIT */
/*
 * vectors.S - every exception becomes a trap_frame and a call of trap_dispatch().
 *
 * THE IDEA
 *	The CPU stacks nothing: it saves PC and PSTATE in registers and jumps to
 *	one of sixteen entries of 128 bytes. Four sources (this level on SP_EL0,
 *	this level on SP_EL1, user 64-bit, user 32-bit) times synchronous, IRQ, FIQ, SError.
 *
 *	The first store of an entry goes to a stack that may be what is broken. So the
 *	stack pointer is tested before it is used, without a register to spare:
 *	x0 is added to sp, then both values can be had back by subtraction.
 *
 *		sp = S		x0 = X
 *		add sp, sp, x0	sp = S + X
 *		sub x0, sp, x0	x0 = S		test it
 *		sub x0, sp, x0	x0 = X
 *		sub sp, sp, x0	sp = S
 *
 *	Good is: bit 14 set, of the place where the handler's own frames will end (asm/trap_frame.h), and a
 *	multiple of 16, else the store itself would fault.
 *
 *	A bad stack is left for this CPU's overflow stack; a trap that happens
 *	there continues on it. S and X wait in SP_EL0 and TPIDR_EL0 meanwhile, which belong to
 *	user space; whoever ran off a kernel stack does not return to it.
 *
 *	A wild pointer may pass the test. Then the first store faults, and the same
 *	entry runs again further down, until bit 14 clears: what is reported then
 *	is the store in this file, on behalf of a stack pointer near the address that it touched.
 *
 * LINUX	arch/arm64/kernel/entry.S: kernel_ventry, __bad_stack
 */
#include <asm/trap_frame.h>

#define BELOW (FRAME_SIZE + STACK_RESERVE)

	.macro	plain_vector number
	.balign	128
	sub	sp, sp, #FRAME_SIZE
	stp	x0, x1, [sp]
	mov	x0, #\number
	add	x1, sp, #FRAME_SIZE
	b	trap_entry
	.endm

	.macro	checked_vector number
	.balign	128
	sub	sp, sp, #BELOW
	add	sp, sp, x0
	sub	x0, sp, x0
	tbz	x0, #STACK_SHIFT, bad_stack_\number
	tst	x0, #15
	b.ne	bad_stack_\number
	sub	x0, sp, x0
	sub	sp, sp, x0
	add	sp, sp, #STACK_RESERVE
	stp	x0, x1, [sp]
	mov	x0, #\number
	add	x1, sp, #FRAME_SIZE
	b	trap_entry
	.endm

	/* x0 = S, sp = S + X, where S is BELOW under the stack pointer that was. */
	.macro	bad_stack number
bad_stack_\number:
	msr	sp_el0, x0
	sub	x0, sp, x0
	msr	tpidr_el0, x0

	mrs	x0, tpidr_el1		/* sp = this CPU's overflow_stack_top, through x0 */
	mov	sp, x0
	adrp	x0, overflow_stack_top
	add	x0, x0, :lo12:overflow_stack_top
	add	sp, sp, x0
	mov	x0, sp
	ldr	x0, [x0]
	mov	sp, x0

	mrs	x0, sp_el0		/* on it already, */
	add	x0, x0, #BELOW
	sub	x0, sp, x0
	tbnz	x0, #63, 1f
	add	x0, x0, #BELOW		/* and with room? */
	cmp	x0, #OVERFLOW_STACK_SIZE
	b.hi	1f
	mrs	x0, sp_el0
	add	sp, x0, #STACK_RESERVE
	mrs	x0, tpidr_el0
	stp	x0, x1, [sp]
	mov	x0, #\number
	add	x1, sp, #FRAME_SIZE
	b	trap_entry

1:	sub	sp, sp, #FRAME_SIZE
	mrs	x0, tpidr_el0
	stp	x0, x1, [sp]
	mov	x0, #(\number | FRAME_SWITCHED)
	mrs	x1, sp_el0
	add	x1, x1, #BELOW
	b	trap_entry
	.endm

	.section .text
	.balign	2048
	.globl	vectors
vectors:
	plain_vector 0			/* this level on SP_EL0: never used by us */
	plain_vector 1
	plain_vector 2
	plain_vector 3
	checked_vector 4		/* the kernel itself */
	checked_vector 5
	checked_vector 6
	checked_vector 7
	plain_vector 8			/* user: its thread's stack is empty */
	plain_vector 9
	plain_vector 10
	plain_vector 11
	plain_vector 12
	plain_vector 13
	plain_vector 14
	plain_vector 15

	bad_stack 4
	bad_stack 5
	bad_stack 6
	bad_stack 7

/* sp = the frame, in which x0 and x1 are saved; x0 = number of the vector, x1 = stack pointer before the trap. */
trap_entry:
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #64]
	stp	x10, x11, [sp, #80]
	stp	x12, x13, [sp, #96]
	stp	x14, x15, [sp, #112]
	stp	x16, x17, [sp, #128]
	stp	x18, x19, [sp, #144]
	stp	x20, x21, [sp, #160]
	stp	x22, x23, [sp, #176]
	stp	x24, x25, [sp, #192]
	stp	x26, x27, [sp, #208]
	stp	x28, x29, [sp, #224]
	stp	x30, x1, [sp, #240]	/* and FRAME_SP */
	mrs	x2, elr_el1
	mrs	x3, spsr_el1
	stp	x2, x3, [sp, #FRAME_PC]
	mrs	x4, esr_el1
	mrs	x5, far_el1
	stp	x4, x5, [sp, #FRAME_ESR]
	stp	x29, x2, [sp, #FRAME_RECORD]
	stp	x0, xzr, [sp, #FRAME_VECTOR]
	add	x29, sp, #FRAME_RECORD
	mov	x0, sp
	bl	trap_dispatch

	ldp	x2, x3, [sp, #FRAME_PC]
	msr	elr_el1, x2
	msr	spsr_el1, x3
	ldr	x30, [sp, #240]
	ldp	x28, x29, [sp, #224]
	ldp	x26, x27, [sp, #208]
	ldp	x24, x25, [sp, #192]
	ldp	x22, x23, [sp, #176]
	ldp	x20, x21, [sp, #160]
	ldp	x18, x19, [sp, #144]
	ldp	x16, x17, [sp, #128]
	ldp	x14, x15, [sp, #112]
	ldp	x12, x13, [sp, #96]
	ldp	x10, x11, [sp, #80]
	ldp	x8, x9, [sp, #64]
	ldp	x6, x7, [sp, #48]
	ldp	x4, x5, [sp, #32]
	ldp	x2, x3, [sp, #16]
	ldp	x0, x1, [sp]
	add	sp, sp, #FRAME_SIZE
	eret
