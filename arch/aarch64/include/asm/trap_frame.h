/* SPDX-License-Identifier: MIT */
/*
 * asm/trap_frame.h - the registers as vectors.S saves them, for C and assembly alike.
 *
 * STACKS	Every kernel stack is the upper half of a block of 32 KiB at a
 *		multiple of 32 KiB: bit 14 of a good stack pointer is set, and one
 *		that ran off its end has it clear. So the entry code can tell without
 *		a register to spare. What lies right below the stack is never mapped.
 */
#pragma once

#define STACK_SHIFT   14
#define STACK_SIZE    0x4000
#define STACK_RESERVE 0x800 /* room that the handling of a trap needs below its frame */

/* In the lower half of the boot CPU's block: a guard page, the overflow stack, a guard page. */
#define GUARD_SIZE	    0x1000
#define OVERFLOW_STACK_SIZE 0x2000

#define FRAME_SIZE   0x140
#define FRAME_SP     0xf8
#define FRAME_PC     0x100
#define FRAME_ESR    0x110
#define FRAME_RECORD 0x120
#define FRAME_VECTOR 0x130
#define FRAME_SWITCHED                                                                             \
	0x100 /* in `vector`: the stack was bad, this frame is on the overflow stack */

#ifndef __ASSEMBLER__
#include <lib/types.h>

struct trap_frame {
	uint64_t x[31];
	uint64_t sp;
	uint64_t pc;
	uint64_t pstate;
	uint64_t esr;
	uint64_t far;
	uint64_t record[2]; /* a frame record {x29, pc}: the walk goes through the trap */
	uint64_t vector;    /* 0 to 15 in the manual's order, and FRAME_SWITCHED */
	uint64_t unused;
};

static_assert(sizeof(struct trap_frame) == FRAME_SIZE, "vectors.S reserves this much");
static_assert(offsetof(struct trap_frame, sp) == FRAME_SP, "vectors.S stores sp here");
static_assert(offsetof(struct trap_frame, pc) == FRAME_PC, "vectors.S stores pc and pstate here");
static_assert(offsetof(struct trap_frame, esr) == FRAME_ESR, "vectors.S stores esr and far here");
static_assert(offsetof(struct trap_frame, record) == FRAME_RECORD,
	      "vectors.S makes x29 point here");
static_assert(offsetof(struct trap_frame, vector) == FRAME_VECTOR, "vectors.S numbers the vector");
#endif
