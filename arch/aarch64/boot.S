/* SPDX-License-Identifier: MIT */
/*
 * boot.S - from the loader's jump to C: exception level, page tables, MMU.
 *
 * THE IDEA
 *	The loader puts the Image at any multiple of 2 MiB (4 KiB would do) and jumps to its
 *	first byte with the MMU off, x0 = the device tree, in EL2 or EL1; without firmware in EL3. The
 *	code here runs where it was loaded although it is linked at IMAGE_VA:
 *	adr and adrp count from the program counter, so the same bytes work at both
 *	addresses. It leaves EL3 and EL2, fills the page tables, turns the MMU on while it
 *	stands in an identity map, jumps to the linked address and drops the identity map.
 *
 *	Everything is done without a stack and without C, so that from the first
 *	C instruction on nothing is both writable and executable.
 *
 * PICTURE	the boot page tables; level 0 is the page level
 *
 *	TTBR0 (until start_high)		TTBR1 (for good)
 *	identity_root				kernel_root	arch_kernel_root()
 *	   |  [pa >> 39]			   |  [IMAGE_VA >> 39]
 *	identity_level2				kernel_level2
 *	   |  [pa >> 30]			   |  [IMAGE_VA >> 30]
 *	identity_level1				kernel_level1
 *	   |  [pa >> 21]			   |  [0] to [3]
 *	one 2 MiB leaf, read and execute	kernel_level0[4]: 4 * 512 pages, 8 MiB
 *
 *	image_start  | .boot   header, this code	read
 *	text_start   | .text .init.text			read, execute
 *	rodata_start | .rodata				read
 *	init_data_start | .init.data .ro_after_init .data .bss	read, write
 *		     |   boot_stacks: two guard pages	nothing
 *	image_end
 *
 * CACHES
 *	With the MMU off loads and stores go past the caches. The tables lie in
 *	.data, which the loader wrote back to memory (zeroes), so no dirty line can fall on
 *	what we write; a clean line fetched before may hold the old zeroes, so
 *	the tables' lines are dropped before the MMU is on. Nothing else is
 *	written early: .bss is cleared, and the stack used, with the caches on.
 *
 * REGISTERS	kept until C: x19 cycles, x20 counter present, x21 device tree, x22 level, x23 image's address
 *
 * COST		some 3,000 instructions to start_high, mostly dropping lines
 * LINUX	arch/arm64/kernel/head.S, Documentation/arch/arm64/booting.rst (the header)
 */
#include <asm/descriptor.h>
#include <asm/link.h>
#include <asm/trap_frame.h>

#define ROOT_INDEX   ((IMAGE_VA >> 39) & 511)
#define LEVEL2_INDEX ((IMAGE_VA >> 30) & 511)

#define HALT_BAD_BOOT 6 /* arch/cpu.h */

#define SCTLR_EL2_RES1 0x30c50830 /* MMU and caches off */

/* --- the header that loaders look for ---------------------------------------- */
	.section .boot.header, "ax"
	.globl	_start
_start:
	b	entry			/* code0: the loader jumps here */
	.long	0			/* code1 */
	.quad	0			/* text_offset from a multiple of 2 MiB; a Pi then loads at 0x200000 */
	.quad	image_size		/* with .bss */
	.quad	0xa			/* little endian, 4 KiB pages, anywhere in memory */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

/* --- from here on wherever we were loaded ------------------------------------- */
entry:
	/* Count cycles from here, in every level: PMUVer 0 is no counter, 15 an unknown one. */
	mrs	x20, id_aa64dfr0_el1
	ubfx	x20, x20, #8, #4
	sub	x20, x20, #1
	cmp	x20, #14
	cset	x20, lo
	b.hs	1f
	mov	x9, #0x45		/* enable, reset, 64 bits */
	msr	pmcr_el0, x9
	mov	x9, #1 << 27		/* in EL2 too */
	msr	pmccfiltr_el0, x9
	mov	x9, #1 << 31		/* the cycle counter */
	msr	pmcntenset_el0, x9
	isb
	mrs	x19, pmccntr_el0
	b	2f
1:	mrs	x19, cntvct_el0
2:	msr	daifset, #0xf
	mov	x21, x0
	mov	x18, xzr		/* no attempt to speak yet: `unexpected` */

	/*
	 * In EL3 no firmware held the other CPUs back: all of them come, some late enough
	 * to upset what follows. The one whose affinity is 0 goes on.
	 */
	mrs	x9, currentel
	cmp	x9, #3 << 2
	b.ne	1f
	mrs	x9, mpidr_el1
	ldr	x10, =0xff00ffffff
	tst	x9, x10
	b.ne	park
1:
	/*
	 * Who is first? Without the MMU exclusive accesses may never succeed, so
	 * loads and stores must do (Fischer's algorithm): who finds the word empty
	 * writes its name and looks for longer than a rival needs from its load
	 * to its store. The last writer's name stays; the others park.
	 */
	mrs	x9, mpidr_el1		/* never 0: bit 31 is set */
	adr	x10, first_cpu
	ldr	x11, [x10]
	cbnz	x11, park
	str	x9, [x10]
	dsb	sy
	mov	w12, #16
1:	ldr	x11, [x10]
	cmp	x11, x9
	b.ne	park
	subs	w12, w12, #1
	b.ne	1b

	adr	x23, _start
	tst	x23, #0xfff
	b.ne	unexpected		/* adrp would lie */

	mrs	x22, currentel
	lsr	x22, x22, #2
	adr	x9, early_vectors
	cmp	x22, #1
	b.eq	in_el1
	cmp	x22, #2
	b.eq	leave_el2

/* --- EL3: no firmware stands behind us. Forbid nothing below, but calls up here -- */
	msr	vbar_el3, x9
	mov	x9, #0x531		/* NS, RES1, HCE, RW: below is non-secure and 64-bit; smc comes to smc_from_below */
	movk	x9, #0x3, lsl #16	/* APK, API: pointer authentication is not trapped */
	msr	scr_el3, x9
	msr	cptr_el3, xzr		/* no traps of SIMD, timers, debug, counters */
	msr	mdcr_el3, xzr

	mrs	x10, id_aa64pfr0_el1
	ubfx	x9, x10, #24, #4	/* GICv3: let the lower levels use its registers */
	cbz	x9, 1f
	mrs	x9, s3_6_c12_c12_5	/* ICC_SRE_EL3 */
	orr	x9, x9, #0xf
	msr	s3_6_c12_c12_5, x9
	isb
1:
	ldr	x9, =SCTLR_RES1
	msr	sctlr_el1, x9
	mov	x9, #0x3c5		/* EL1 on SP_EL1, all interrupts masked */
	adr	x11, in_el1
	ubfx	x10, x10, #8, #4
	cbz	x10, 2f
	ldr	x9, =SCTLR_EL2_RES1	/* there is an EL2, in an unknown state */
	msr	sctlr_el2, x9
	mov	x9, #0x3c9		/* EL2 on SP_EL2 */
	adr	x11, enter_el2
2:	msr	spsr_el3, x9
	msr	elr_el3, x11
	isb
	eret

/* --- EL2: forbid nothing to EL1, and go there ------------------------------- */
enter_el2:
	adr	x9, early_vectors
leave_el2:
	msr	vbar_el2, x9
	mov	x9, #1 << 31		/* RW: EL1 is 64-bit; nothing is trapped */
	msr	hcr_el2, x9
	mov	x9, #0x33ff		/* no traps of SIMD */
	msr	cptr_el2, x9
	msr	hstr_el2, xzr
	mov	x9, #3			/* EL1 may use the physical timer and counter */
	msr	cnthctl_el2, x9
	msr	cntvoff_el2, xzr
	mrs	x9, midr_el1
	msr	vpidr_el2, x9
	mrs	x9, mpidr_el1
	msr	vmpidr_el2, x9
	msr	vttbr_el2, xzr

	mov	x9, xzr			/* all event counters for EL1, no debug traps */
	cbz	x20, 1f
	mrs	x9, pmcr_el0
	ubfx	x9, x9, #11, #5
1:	msr	mdcr_el2, x9

	mrs	x9, id_aa64pfr0_el1	/* GICv3: let EL1 use its registers */
	ubfx	x9, x9, #24, #4
	cbz	x9, 2f
	mrs	x9, s3_4_c12_c9_5	/* ICC_SRE_EL2 */
	orr	x9, x9, #0xf
	msr	s3_4_c12_c9_5, x9
	isb
2:
	ldr	x9, =SCTLR_RES1
	msr	sctlr_el1, x9
	mov	x9, #0x3c5		/* EL1 on SP_EL1, all interrupts masked */
	msr	spsr_el2, x9
	adr	x9, in_el1
	msr	elr_el2, x9
	eret

/* --- EL1: the page tables ------------------------------------------------- */

/* Map the part of the image at [x0, x1) with attributes x2. x24: kernel_level0, whose entry i is page i of the image. */
map_part:
	sub	x3, x0, x23
	add	x3, x24, x3, lsr #9	/* a page's entry has 4096 / 512 = 8 bytes */
1:	cmp	x0, x1
	b.hs	2f
	orr	x4, x0, x2
	str	x4, [x3], #8
	add	x0, x0, #0x1000
	b	1b
2:	ret

	.macro	map first, last, attributes
	adrp	x0, \first
	adrp	x1, \last
	ldr	x2, =\attributes
	bl	map_part
	.endm

	/* Nothing is mapped at this page of the image. */
	.macro	unmap page
	adrp	x0, \page
	sub	x0, x0, x23
	add	x0, x24, x0, lsr #9
	str	xzr, [x0]
	.endm

	/* Entry `index` of the table at \table becomes a pointer to the table at \to. */
	.macro	link table, index, to
	add	x0, \to, #(DESC_VALID | DESC_PAGE)
	str	x0, [\table, \index, lsl #3]
	.endm

in_el1:
	adr	x9, early_vectors
	msr	vbar_el1, x9
	ldr	x9, =SCTLR_RES1
	msr	sctlr_el1, x9
	msr	cpacr_el1, xzr		/* SIMD and floating point trap */
	msr	mdscr_el1, xzr
	isb

	adrp	x24, kernel_level0
	map	image_start, text_start, DESC_KERNEL_RO
	map	text_start, rodata_start, DESC_KERNEL_RX
	map	rodata_start, init_data_start, DESC_KERNEL_RO
	map	init_data_start, image_end, DESC_KERNEL_RW
	unmap	overflow_guard
	unmap	boot_guard

	adrp	x5, kernel_root
	add	x6, x5, #0x1000		/* kernel_level2 */
	add	x7, x5, #0x2000		/* kernel_level1 */
	mov	x1, #ROOT_INDEX
	link	x5, x1, x6
	mov	x1, #LEVEL2_INDEX
	link	x6, x1, x7
	mov	x1, #0
	mov	x8, x24
1:	link	x7, x1, x8
	add	x8, x8, #0x1000
	add	x1, x1, #1
	cmp	x1, #4
	b.ne	1b

	adrp	x10, identity_root
	add	x11, x10, #0x1000	/* identity_level2 */
	add	x12, x10, #0x2000	/* identity_level1 */
	ubfx	x1, x23, #39, #9
	link	x10, x1, x11
	ubfx	x1, x23, #30, #9
	link	x11, x1, x12
	ubfx	x1, x23, #21, #9
	ldr	x2, =(DESC_KERNEL_RX & ~DESC_PAGE)
	and	x0, x23, #~0x1fffff
	orr	x0, x0, x2
	str	x0, [x12, x1, lsl #3]

	/* Drop what a cache may hold of the tables. */
	mrs	x1, ctr_el0
	ubfx	x1, x1, #16, #4
	mov	x2, #4
	lsl	x2, x2, x1
	mov	x0, x10
	add	x1, x10, #(boot_tables_end - identity_root)
	dsb	sy
1:	dc	ivac, x0
	add	x0, x0, x2
	cmp	x0, x1
	b.lo	1b
	dsb	sy

/* --- the MMU ------------------------------------------------------------- */
	mrs	x1, id_aa64mmfr0_el1
	ubfx	x2, x1, #28, #4		/* TGran4: 15 is "no 4 KiB pages" */
	cmp	x2, #15
	b.eq	unexpected
	and	x1, x1, #0xf
	mov	x2, #PARANGE_48
	cmp	x1, x2
	csel	x1, x1, x2, lo
	ldr	x2, =TCR_VALUE
	orr	x2, x2, x1, lsl #TCR_IPS_SHIFT
	msr	tcr_el1, x2
	ldr	x1, =MAIR_VALUE
	msr	mair_el1, x1
	msr	ttbr0_el1, x10
	msr	ttbr1_el1, x5
	isb
	tlbi	vmalle1
	ic	iallu
	dsb	nsh
	isb
	ldr	x1, =SCTLR_VALUE
	ldr	x3, =start_high
	msr	sctlr_el1, x1
	isb
	br	x3

/* --- where it ends when it goes wrong ---------------------------------------- */

/*
 * There is no console. Under QEMU with -semihosting say HALT_BAD_BOOT; elsewhere
 * the hlt traps to early_vectors and so back here, and the CPU rests.
 */
unexpected:
	cbnz	x18, park
	mov	x18, #1
	mov	w0, #0x20		/* SYS_EXIT_EXTENDED */
	adr	x1, bad_boot
	hlt	#0xf000
park:
	wfe
	b	park

/*
 * The one service of an EL3 that is ours. All interrupts of a GICv2 begin secure, and only the secure side can give them
 * away: x1 = distributor, x2 = CPU interface. They become group 1, and the mask lets its priorities through. (Arm IHI 0048B, 4.3.4, 4.4.2)
 */
smc_from_below:
	mrs	x18, currentel
	cmp	x18, #3 << 2
	mov	x18, xzr
	b.ne	unexpected
	mrs	x9, esr_el3
	lsr	x9, x9, #26
	cmp	x9, #0x17		/* smc, from 64-bit code */
	b.ne	unexpected
	add	x9, x1, #0x80		/* GICD_IGROUPR0 */
	add	x10, x1, #0x100
	mov	w11, #-1
1:	str	w11, [x9], #4
	cmp	x9, x10
	b.lo	1b
	mov	w11, #0xf0
	str	w11, [x2, #4]		/* GICC_PMR */
	dsb	sy
	eret

	.balign	8
bad_boot:
	.quad	0x20026, HALT_BAD_BOOT
first_cpu:				/* MPIDR of the CPU that boots; written before the MMU is on */
	.quad	0
	.ltorg

	/* In EL1 until start_high, in EL2 and EL3 for good. Sixteen entries of 128 bytes: the page's second half. */
	.section .boot, "ax"
	.balign	2048
early_vectors:
	.rept	8			/* from this level */
	b	unexpected
	.balign	128
	.endr
	b	smc_from_below		/* from a lower level, whose x18 means nothing */
	.balign	128
	.rept	7
	mov	x18, xzr
	b	unexpected
	.balign	128
	.endr

/* --- at the linked address ------------------------------------------------ */
	.section .text
start_high:
	adrp	x0, boot_stack_top
	mov	sp, x0
	mov	x29, xzr		/* the stack walk ends here */
	mov	x30, xzr
	adrp	x0, vectors
	add	x0, x0, :lo12:vectors
	msr	vbar_el1, x0

	mrs	x0, tcr_el1		/* the lower half is gone, the null page with it */
	orr	x0, x0, #TCR_EPD0
	msr	tcr_el1, x0
	msr	ttbr0_el1, xzr
	isb
	tlbi	vmalle1
	dsb	nsh
	isb

	msr	tpidr_el1, xzr		/* offset of the per-CPU area */
	msr	tpidrro_el0, xzr	/* number of this CPU */

	adrp	x1, bss_start		/* cleared here, because C may keep things there */
	adrp	x2, bss_end
1:	stp	xzr, xzr, [x1]
	stp	xzr, xzr, [x1, #16]
	stp	xzr, xzr, [x1, #32]
	stp	xzr, xzr, [x1, #48]
	add	x1, x1, #64
	cmp	x1, x2
	b.lo	1b

	mov	x0, x21
	mov	w1, w22
	mov	x2, x23
	mov	x3, x19
	mov	w4, w20
	b	start

/* --- tables and stacks ------------------------------------------------------ */

	/* Part of the loaded file: zeroed, and written back to memory, by the loader. */
	.section .data.boot_tables, "aw"
	.balign	4096
identity_root:
	.zero	3 * 4096
	.globl	kernel_root
kernel_root:
	.zero	3 * 4096
kernel_level0:
	.zero	4 * 4096
boot_tables_end:

	/*
	 *	+0	    +4K			   +12K	       +16K			+32K
	 *	| unmapped  | overflow stack, 8 KiB | unmapped | boot stack, 16 KiB     |
	 *	  <---- bit 14 of the address clear ---------> | <---- bit 14 set ---->
	 */
	.section .stacks, "aw", %nobits
	.balign	2 * STACK_SIZE
	.globl	boot_stacks
boot_stacks:
overflow_guard:
	.zero	GUARD_SIZE
	.zero	OVERFLOW_STACK_SIZE
boot_guard:
	.zero	GUARD_SIZE
	.zero	STACK_SIZE
boot_stack_top:
