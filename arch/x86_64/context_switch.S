/* SPDX-License-Identifier: MIT */
/*
 * context_switch.S - the registers that a call preserves, put on one stack and taken off another.
 *
 * PICTURE	the stack of a task that does not run, high addresses above
 *
 *	return address		into x86_context_switch()'s caller, or x86_context_start
 *	rbp rbx r12 r13 r14 r15	the struct's sp points at r15
 *
 * Everything else the caller of a function expects to lose; interrupts are off. System V ABI for AMD64, 3.2.1.
 * LINUX	arch/x86/entry/entry_64.S: __switch_to_asm.
 */
	.text

/* x86_context_switch(uintptr_t *from_sp, uintptr_t to_sp) */
	.globl	x86_context_switch
x86_context_switch:
	pushq	%rbp
	pushq	%rbx
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, (%rdi)
	movq	%rsi, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbx
	popq	%rbp
	ret

/* A task's first instruction: its entry in rbx, the argument in r12, rbp = 0 ends the walk of the stack. */
	.globl	x86_context_start
x86_context_start:
	movq	%r12, %rdi
	call	*%rbx
	ud2

	.section .note.GNU-stack, "", @progbits
