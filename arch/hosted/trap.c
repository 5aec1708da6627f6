/* SPDX-License-Identifier: MIT */
/*
 * trap.c - signals as exceptions of the hosted CPU, in words that say what was forgotten.
 */
#include <arch/cpu.h>
#include <arch/pgtable.h>
#include <arch/trap.h>
#include <kernel/entry.h>
#include <lib/check.h>

#include "mmu.h"
#include "os.h"

/* ASan frames are large: a jump over the guard page by less than this is still an overflow. */
#define OVERFLOW_REACH (64 * KiB)

static bool is_stack_overflow(const struct trap_frame *frame)
{
	struct os_stack stack = os_stack_of(frame->sp + OVERFLOW_REACH);

	return frame->address < stack.low && stack.low - frame->address <= OVERFLOW_REACH &&
	       frame->sp < stack.low + OVERFLOW_REACH;
}

void arch_trap_decode(const struct trap_frame *frame, struct trap_info *info)
{
	static const enum trap_kind kinds[] = {
		[OS_FAULT_MEMORY] = TRAP_PAGE_FAULT,	 [OS_FAULT_BUS] = TRAP_MACHINE,
		[OS_FAULT_ILLEGAL] = TRAP_ILLEGAL,	 [OS_FAULT_DIVIDE] = TRAP_DIVIDE,
		[OS_FAULT_BREAKPOINT] = TRAP_BREAKPOINT,
	};
	static const char *const names[] = {
		[OS_FAULT_MEMORY] = "memory fault",	    [OS_FAULT_BUS] = "bus error",
		[OS_FAULT_ILLEGAL] = "illegal instruction", [OS_FAULT_DIVIDE] = "arithmetic fault",
		[OS_FAULT_BREAKPOINT] = "breakpoint",
	};

	*info = (struct trap_info){
		.kind = kinds[frame->fault],
		.name = names[frame->fault],
		.code = (uint64_t)frame->signal << 8 | (unsigned int)(frame->code & 0xff),
		.pc = frame->pc,
		.sp = frame->sp,
	};
	if (frame->fault != OS_FAULT_MEMORY && frame->fault != OS_FAULT_BUS)
		return;
	info->has_address = true;
	info->address = frame->address;
	info->access = frame->access == OS_WRITE  ? ACCESS_WRITE
		       : frame->access == OS_EXEC ? ACCESS_EXEC
						  : ACCESS_READ;
	info->mapped = hosted_mmu_maps(frame->address);
	if (is_stack_overflow(frame))
		info->kind = TRAP_STACK_OVERFLOW;
	if (hosted_mmu_leads_nowhere(frame->address)) {
		info->kind = TRAP_MACHINE;
		info->name = "bus error, no memory and no device is at the physical address";
	}
}

static void print(struct text_sink *sink, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	sink_vprintf(sink, format, args);
	va_end(args);
}

void arch_trap_print_registers(const struct trap_frame *frame, struct text_sink *sink)
{
	for (unsigned int i = 0; i < frame->nr_registers; i++)
		print(sink, "%5s %016lx%s", frame->register_names[i],
		      (unsigned long)frame->registers[i],
		      i % 4 == 3 || i + 1 == frame->nr_registers ? "\n" : "");
}

void hosted_trap(struct trap_frame *frame)
{
	unsigned long flags = arch_irq_save();

	if (frame->fault == OS_FAULT_MEMORY && hosted_mmu_forgot_sync(frame->address))
		panic_at(frame,
			 "forgotten arch_map_sync: 0x%lx, touched by %pS, is in the tables and "
			 "unknown to the CPU",
			 frame->address, (void *)frame->pc);
	ktrap(frame);
	arch_irq_restore(flags);
}

uintptr_t arch_trap_vectors(void)
{
	return 0;
}
