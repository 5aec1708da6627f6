/* SPDX-License-Identifier: MIT */
/*
 * arch/trap.h - what an exception was, in words that do not depend on the CPU.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <lib/printf.h>

struct trap_frame; /* the registers as the entry code saved them; arch's own */

enum trap_kind {
	TRAP_PAGE_FAULT,     /* an access that the page tables do not allow */
	TRAP_STACK_OVERFLOW, /* the same, and the stack pointer ran off its stack */
	TRAP_ILLEGAL,	     /* undefined instruction */
	TRAP_ALIGNMENT,
	TRAP_DIVIDE,
	TRAP_BREAKPOINT,
	TRAP_MACHINE, /* bus error, machine check, SError */
	TRAP_OTHER,
};

enum trap_access { ACCESS_READ, ACCESS_WRITE, ACCESS_EXEC };

struct trap_info {
	enum trap_kind kind;
	const char *name; /* the manual's: "#PF page fault", "data abort, same EL" */
	uint64_t code;	  /* error code or ESR, as the CPU gave it */
	uintptr_t pc;
	uintptr_t sp;
	bool has_address;  /* `address` and `access` mean something */
	uintptr_t address; /* what was touched */
	enum trap_access access;
	bool mapped; /* true: something is mapped there and forbids it; false: nothing is */
	bool from_user;
};

void arch_trap_decode(const struct trap_frame *frame, struct trap_info *info);

/* Registers, a few to a line, by their manual's names. */
void arch_trap_print_registers(const struct trap_frame *frame, struct text_sink *sink);

/* What the CPU itself says of an interrupt: a number that the interrupt controller understands, or 0. */
unsigned int arch_trap_interrupt(const struct trap_frame *frame);

/* Where this CPU goes on when something traps: code. 0 where no page table of ours decides that (hosted). */
uintptr_t arch_trap_vectors(void);
