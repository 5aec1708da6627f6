/* SPDX-License-Identifier: MIT */
/* os_host_aarch64.c - registers of a host of this kind; chosen by build.mk. */
#include "os.h"

#include <asm/sigcontext.h>
#include <ucontext.h>

/* Linux appends records to the frame; one of them is the syndrome register (ESR_EL1). */
static uint64_t syndrome(const mcontext_t *machine)
{
	const char *at = (const char *)machine->__reserved;
	const char *end = at + sizeof(machine->__reserved);

	while (at + sizeof(struct esr_context) <= end) {
		const struct esr_context *record = (const struct esr_context *)at;

		if (record->head.magic == 0 || record->head.size == 0)
			return 0;
		if (record->head.magic == ESR_MAGIC)
			return record->esr;
		at += record->head.size;
	}
	return 0;
}

void os_host_registers(struct trap_frame *frame, const void *context)
{
	static const char *const names[] = {
		"x0",  "x1",  "x2",  "x3",  "x4",  "x5",  "x6",	 "x7",	"x8",  "x9",  "x10", "x11",
		"x12", "x13", "x14", "x15", "x16", "x17", "x18", "x19", "x20", "x21", "x22", "x23",
		"x24", "x25", "x26", "x27", "x28", "x29", "x30", "sp",	"pc",  "psr"};
	const mcontext_t *machine = &((const ucontext_t *)context)->uc_mcontext;

	for (unsigned int i = 0; i < 31; i++)
		frame->registers[i] = machine->regs[i];
	frame->registers[31] = machine->sp;
	frame->registers[32] = machine->pc;
	frame->registers[33] = machine->pstate;
	frame->nr_registers = 34;
	frame->register_names = names;
	frame->pc = machine->pc;
	frame->sp = machine->sp;
	frame->fp = machine->regs[29];
	/* WnR, bit 6 of a data abort's syndrome (Arm ARM, ESR_EL1). */
	frame->access = syndrome(machine) >> 6 & 1 ? OS_WRITE : OS_READ;
}

void os_host_set_pc(void *context, uintptr_t pc)
{
	((ucontext_t *)context)->uc_mcontext.pc = pc;
}

/* Stored by os_host_switch() and loaded again: AAPCS64, 6.1.1; of the SIMD registers a call preserves d8 to d15. */
struct first_frame {
	uint64_t x29, x30, x19_to_x28[10], d8_to_d15[8];
};

asm(".text\n"
    ".globl os_host_switch\n"
    "os_host_switch:\n"
    "	stp x29, x30, [sp, #-160]!\n"
    "	stp x19, x20, [sp, #16]\n	stp x21, x22, [sp, #32]\n	stp x23, x24, [sp, #48]\n"
    "	stp x25, x26, [sp, #64]\n	stp x27, x28, [sp, #80]\n	stp d8, d9, [sp, #96]\n"
    "	stp d10, d11, [sp, #112]\n	stp d12, d13, [sp, #128]\n	stp d14, d15, [sp, #144]\n"
    "	mov x9, sp\n	str x9, [x0]\n	mov sp, x1\n"
    "	ldp x19, x20, [sp, #16]\n	ldp x21, x22, [sp, #32]\n	ldp x23, x24, [sp, #48]\n"
    "	ldp x25, x26, [sp, #64]\n	ldp x27, x28, [sp, #80]\n	ldp d8, d9, [sp, #96]\n"
    "	ldp d10, d11, [sp, #112]\n	ldp d12, d13, [sp, #128]\n	ldp d14, d15, [sp, #144]\n"
    "	ldp x29, x30, [sp], #160\n"
    "	ret\n"
    "os_host_start:\n"
    "	mov x0, x20\n"
    "	blr x19\n"
    "	brk #0\n");
void os_host_start(void) __asm__("os_host_start");

void *os_host_first_frame(uintptr_t stack_high, void (*entry)(void *), void *argument)
{
	struct first_frame *frame = (struct first_frame *)(stack_high - sizeof(*frame));

	*frame = (struct first_frame){.x30 = (uint64_t)os_host_start,
				      .x19_to_x28 = {(uint64_t)entry, (uint64_t)argument}};
	return frame;
}
