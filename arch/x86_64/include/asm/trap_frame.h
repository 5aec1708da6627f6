/* SPDX-License-Identifier: MIT */
/*
 * asm/trap_frame.h - the registers at an exception, as trap_entry.S pushes them.
 *
 * The stack grows down, so the first member was pushed last.
 */
#pragma once

#include <stdint.h>

struct trap_frame {
	uint64_t cr2; /* read at once: a second page fault would overwrite it */
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
	uint64_t rbp, rdi, rsi, rdx, rcx, rbx, rax;
	uint64_t vector, error_code;
	/* pushed by the CPU */
	uint64_t rip, cs, rflags, rsp, ss;
};

#define NR_EXCEPTIONS 32
#define NR_VECTORS    256 /* those above the exceptions are interrupts */

/* Where each vector enters. */
extern const uintptr_t x86_trap_entries[NR_VECTORS];

/* What trap_entry.S calls: to ktrap() or to kirq(). */
void x86_trap(struct trap_frame *frame);
