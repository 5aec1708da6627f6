/* SPDX-License-Identifier: MIT */
/*
 * trap_entry.S - exceptions and interrupts: save the registers, call x86_trap(), go on.
 *
 * THE IDEA
 *	The CPU pushes ss, rsp, rflags, cs and rip, and for some vectors an error
 *	code. Each vector's stub pushes a zero where there is none, then its
 *	number, so that every frame looks alike (struct trap_frame). Behind the
 *	frame we push a pair (rip, rbp) as a call would have done, so that a walk
 *	of the stack from there passes through the code that was interrupted.
 *
 * PICTURE	the stack in x86_trap(), high addresses above
 *
 *	ss rsp rflags cs rip		by the CPU
 *	error code, vector		by the CPU or the stub, by the stub
 *	rax ... r15, cr2		struct trap_frame starts at cr2
 *	8 bytes				rsp becomes a multiple of 16
 *	rip, rbp			the frame that a call would have made
 *
 * LINUX	arch/x86/entry/entry_64.S: idtentry, error_entry.
 */
	.text

	.macro	trap vector
trap_\vector:
	.if	(1 << \vector) & 0x60227d00	/* 8 10-14 17 21 29 30 push an error code */
	.else
	pushq	$0
	.endif
	pushq	$\vector
	jmp	trap_common
	.endm

	.macro	interrupt vector
trap_\vector:
	pushq	$0
	pushq	$\vector
	jmp	trap_common
	.endm

	.altmacro
	.set	vector, 0
	.rept	32
	trap	%vector
	.set	vector, vector + 1
	.endr
	.rept	224
	interrupt %vector
	.set	vector, vector + 1
	.endr

trap_common:
	pushq	%rax
	pushq	%rbx
	pushq	%rcx
	pushq	%rdx
	pushq	%rsi
	pushq	%rdi
	pushq	%rbp
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%cr2, %rax
	pushq	%rax
	cld
	movq	%rsp, %rdi
	subq	$8, %rsp
	pushq	144(%rdi)		/* rip */
	pushq	%rbp
	movq	%rsp, %rbp
	call	x86_trap

	addq	$32, %rsp		/* the false frame, the padding and cr2 */
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rbp
	popq	%rdi
	popq	%rsi
	popq	%rdx
	popq	%rcx
	popq	%rbx
	popq	%rax
	addq	$16, %rsp		/* vector and error code */
	iretq

	.section .rodata
	.balign	8
	.globl	x86_trap_entries
x86_trap_entries:
	.macro	entry vector
	.quad	trap_\vector
	.endm
	.set	vector, 0
	.rept	256
	entry	%vector
	.set	vector, vector + 1
	.endr

	.section .note.GNU-stack, "", @progbits
