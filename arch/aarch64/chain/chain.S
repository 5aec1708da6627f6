/* SPDX-License-Identifier: MIT */
/*
 * chain.S - the chainloader's entry: step aside, then let chain.c fetch a kernel to where we were.
 *
 * THE IDEA
 *	The firmware loads kernel8.img at its usual address and jumps there. A kernel that comes
 *	over the serial line must lie at the same address, so we copy ourselves 32 MiB up (64 where
 *	the device tree is in the way), go on there, and jump to the old place when the
 *	new kernel is in it: with the MMU off, in the same exception level, x0 = the
 *	device tree, as if the firmware had loaded that one.
 *
 * PICTURE	load			load + 32 MiB
 *	before	| chainloader |
 *	copied	| chainloader |		| chainloader, runs |
 *	after	| new kernel ...   |	| forgotten	    |
 *
 *	The MMU and with it the data cache stay off: what is received goes to memory as it comes.
 */
#define DISTANCE 0x2000000
#define CLEAR_OF 0x400000 /* the device tree must begin that far from our new place */

	.section .text.entry, "ax"
	.globl	_start
_start:
	b	entry
	.long	0
	.quad	0			/* text_offset */
	.quad	chain_size
	.quad	0xa			/* little endian, 4 KiB pages, anywhere */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

entry:
	msr	daifset, #0xf
	mrs	x1, mpidr_el1		/* old firmware lets all four in */
	and	x1, x1, #0xff
	cbnz	x1, park
	mov	x19, x0
	adr	x20, _start

	mov	x1, #DISTANCE
	add	x21, x20, x1
	sub	x2, x19, x21
	cmp	x2, #0
	cneg	x2, x2, lt
	mov	x3, #CLEAR_OF
	cmp	x2, x3
	b.hs	1f
	add	x21, x21, x1
1:
	ldr	x3, =chain_loaded_size
	mov	x1, x20
	mov	x2, x21
	add	x3, x3, x20
2:	ldp	x4, x5, [x1], #16
	stp	x4, x5, [x2], #16
	cmp	x1, x3
	b.lo	2b
	dsb	sy
	ic	iallu
	dsb	sy
	isb
	adr	x1, moved
	sub	x1, x1, x20
	add	x1, x1, x21
	br	x1

/* From here on at the new place. */
moved:
	adrp	x1, bss_start
	add	x1, x1, :lo12:bss_start
	adrp	x2, bss_end
	add	x2, x2, :lo12:bss_end
1:	cmp	x1, x2
	b.hs	2f
	str	xzr, [x1], #8
	b	1b
2:	adrp	x1, stack_top
	add	x1, x1, :lo12:stack_top
	mov	sp, x1
	mov	x0, x19
	mov	x1, x20
	bl	chain_receive
	dsb	sy
	ic	iallu
	dsb	sy
	isb
	mov	x0, x19
	mov	x1, xzr
	mov	x2, xzr
	mov	x3, xzr
	br	x20

park:
	wfe
	b	park
	.ltorg
