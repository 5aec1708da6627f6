/* SPDX-License-Identifier: MIT */
/* os_host_x86_64.c - registers of a host of this kind; chosen by build.mk. */
#include "os.h"

#include <ucontext.h>

void os_host_registers(struct trap_frame *frame, const void *context)
{
	static const char *const names[] = {"rax", "rbx", "rcx", "rdx", "rsi", "rdi",
					    "rbp", "rsp", "r8",	 "r9",	"r10", "r11",
					    "r12", "r13", "r14", "r15", "rip", "efl"};
	static const int numbers[] = {REG_RAX, REG_RBX, REG_RCX, REG_RDX, REG_RSI, REG_RDI,
				      REG_RBP, REG_RSP, REG_R8,	 REG_R9,  REG_R10, REG_R11,
				      REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP, REG_EFL};
	const greg_t *saved = ((const ucontext_t *)context)->uc_mcontext.gregs;

	frame->nr_registers = sizeof(numbers) / sizeof(numbers[0]);
	frame->register_names = names;
	for (unsigned int i = 0; i < frame->nr_registers; i++)
		frame->registers[i] = (uint64_t)saved[numbers[i]];
	frame->pc = (uintptr_t)saved[REG_RIP];
	frame->sp = (uintptr_t)saved[REG_RSP];
	frame->fp = (uintptr_t)saved[REG_RBP];
	/* Bit 1 of the page fault's error code: it was a write (Intel SDM vol. 3, 4.7). */
	frame->access = saved[REG_ERR] & 2 ? OS_WRITE : OS_READ;
}

void os_host_set_pc(void *context, uintptr_t pc)
{
	((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] = (greg_t)pc;
}

/* Pushed by os_host_switch() and taken off again: System V ABI for AMD64, 3.2.1. */
struct first_frame {
	uint64_t r15, r14, r13, r12, rbx, rbp, return_address;
	uint64_t padding[2]; /* rsp is a multiple of 16 when os_host_start calls */
};

asm(".text\n"
    ".globl os_host_switch\n"
    "os_host_switch:\n"
    "	pushq %rbp\n	pushq %rbx\n	pushq %r12\n	pushq %r13\n	pushq %r14\n	pushq "
    "%r15\n"
    "	movq %rsp, (%rdi)\n"
    "	movq %rsi, %rsp\n"
    "	popq %r15\n	popq %r14\n	popq %r13\n	popq %r12\n	popq %rbx\n	popq %rbp\n"
    "	ret\n"
    "os_host_start:\n"
    "	movq %r12, %rdi\n"
    "	call *%rbx\n"
    "	ud2\n");
void os_host_start(void) __asm__("os_host_start");

void *os_host_first_frame(uintptr_t stack_high, void (*entry)(void *), void *argument)
{
	struct first_frame *frame = (struct first_frame *)(stack_high - sizeof(*frame));

	*frame = (struct first_frame){.rbx = (uint64_t)entry,
				      .r12 = (uint64_t)argument,
				      .return_address = (uint64_t)os_host_start};
	return frame;
}
