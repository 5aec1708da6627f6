/* SPDX-License-Identifier: MIT */
/*
 * trap.c - what an exception's frame means.
 *
 * Source: Intel SDM volume 3, 6.15 (each exception), 4.7 (the page fault's error code).
 * LINUX	arch/x86/kernel/traps.c, arch/x86/mm/fault.c.
 */
#include <arch/trap.h>

#include <asm/stacks.h>
#include <asm/trap_frame.h>
#include <kernel/entry.h>
#include <lib/seq_file.h>
#include <lib/types.h>

#define VECTOR_DOUBLE_FAULT 8
#define VECTOR_PAGE_FAULT   14

#define FAULT_PRESENT 0x01 /* a leaf is there and forbids the access */
#define FAULT_WRITE   0x02
#define FAULT_FETCH   0x10

static const struct {
	const char *name;
	enum trap_kind kind;
} exceptions[NR_EXCEPTIONS] = {
	[0] = {"#DE divide error", TRAP_DIVIDE},
	[1] = {"#DB debug", TRAP_OTHER},
	[2] = {"NMI", TRAP_OTHER},
	[3] = {"#BP breakpoint", TRAP_BREAKPOINT},
	[4] = {"#OF overflow", TRAP_OTHER},
	[5] = {"#BR bound range", TRAP_OTHER},
	[6] = {"#UD invalid opcode", TRAP_ILLEGAL},
	[7] = {"#NM no FPU", TRAP_ILLEGAL},
	[8] = {"#DF double fault", TRAP_OTHER},
	[10] = {"#TS invalid TSS", TRAP_OTHER},
	[11] = {"#NP segment not present", TRAP_OTHER},
	[12] = {"#SS stack segment", TRAP_OTHER},
	[13] = {"#GP general protection", TRAP_OTHER},
	[14] = {"#PF page fault", TRAP_PAGE_FAULT},
	[16] = {"#MF x87 error", TRAP_OTHER},
	[17] = {"#AC alignment check", TRAP_ALIGNMENT},
	[18] = {"#MC machine check", TRAP_MACHINE},
	[19] = {"#XM SIMD error", TRAP_OTHER},
	[20] = {"#VE virtualization", TRAP_OTHER},
	[21] = {"#CP control protection", TRAP_OTHER},
	[29] = {"#VC VMM communication", TRAP_OTHER},
	[30] = {"#SX security", TRAP_OTHER},
};

static void decode_page_fault(const struct trap_frame *frame, struct trap_info *info)
{
	info->has_address = true;
	info->address = frame->cr2;
	info->mapped = frame->error_code & FAULT_PRESENT;
	info->access = ACCESS_READ;
	if (frame->error_code & FAULT_WRITE)
		info->access = ACCESS_WRITE;
	if (frame->error_code & FAULT_FETCH)
		info->access = ACCESS_EXEC;
	if (x86_in_guard_page(frame->cr2))
		info->kind = TRAP_STACK_OVERFLOW;
}

/* A page fault whose frame did not fit on the stack left its address in cr2. */
static void decode_double_fault(const struct trap_frame *frame, struct trap_info *info)
{
	if (!x86_in_guard_page(frame->cr2))
		return;
	info->kind = TRAP_STACK_OVERFLOW;
	info->has_address = true;
	info->address = frame->cr2;
	info->access = ACCESS_WRITE;
}

void arch_trap_decode(const struct trap_frame *frame, struct trap_info *info)
{
	*info = (struct trap_info){
		.kind = TRAP_OTHER,
		.name = "reserved vector",
		.code = frame->error_code,
		.pc = frame->rip,
		.sp = frame->rsp,
		.from_user = frame->cs & 3,
	};
	if (frame->vector < NR_EXCEPTIONS && exceptions[frame->vector].name) {
		info->kind = exceptions[frame->vector].kind;
		info->name = exceptions[frame->vector].name;
	}
	if (frame->vector == VECTOR_PAGE_FAULT)
		decode_page_fault(frame, info);
	if (frame->vector == VECTOR_DOUBLE_FAULT)
		decode_double_fault(frame, info);
}

void arch_trap_print_registers(const struct trap_frame *frame, struct text_sink *sink)
{
	struct seq_file out = {.sink = sink};

	seq_printf(&out, "  rax %016lx rbx %016lx rcx %016lx rdx %016lx\n", frame->rax, frame->rbx,
		   frame->rcx, frame->rdx);
	seq_printf(&out, "  rsi %016lx rdi %016lx rbp %016lx rsp %016lx\n", frame->rsi, frame->rdi,
		   frame->rbp, frame->rsp);
	seq_printf(&out, "  r8  %016lx r9  %016lx r10 %016lx r11 %016lx\n", frame->r8, frame->r9,
		   frame->r10, frame->r11);
	seq_printf(&out, "  r12 %016lx r13 %016lx r14 %016lx r15 %016lx\n", frame->r12, frame->r13,
		   frame->r14, frame->r15);
	seq_printf(&out, "  rip %016lx cs  %04lx ss %04lx rflags %08lx cr2 %016lx\n", frame->rip,
		   frame->cs, frame->ss, frame->rflags, frame->cr2);
}

unsigned int arch_trap_interrupt(const struct trap_frame *frame)
{
	return (unsigned int)frame->vector;
}

void x86_trap(struct trap_frame *frame)
{
	if (frame->vector >= NR_EXCEPTIONS)
		kirq(frame);
	else
		ktrap(frame);
}
