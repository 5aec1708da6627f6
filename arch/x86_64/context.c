/* SPDX-License-Identifier: MIT */
/*
 * context.c - a task's first stack frame, and which stack this CPU is on.
 *
 * LINUX	arch/x86/kernel/process.c: copy_thread().
 */
#include <arch/context.h>

#include <lib/check.h>
#include <lib/percpu.h>

/* context_switch.S */
void x86_context_switch(uintptr_t *from_sp, uintptr_t to_sp);
void x86_context_start(void);

static DEFINE_PER_CPU(struct x86_stack_bounds, task_stack);

struct first_frame { /* as x86_context_switch() pops it */
	uintptr_t r15, r14, r13, r12, rbx, rbp, return_address;
	uintptr_t padding[2]; /* rsp is a multiple of 16 when x86_context_start calls */
};

void arch_context_init(struct arch_context *context, uintptr_t stack_low, uintptr_t stack_high,
		       void (*entry)(void *argument), void *argument)
{
	struct first_frame *frame = (struct first_frame *)(stack_high - sizeof(*frame));

	CHECK(IS_ALIGNED(stack_high, 16), "a stack that ends at 0x%lx", stack_high);
	*frame = (struct first_frame){.rbx = (uintptr_t)entry,
				      .r12 = (uintptr_t)argument,
				      .return_address = (uintptr_t)x86_context_start};
	*context = (struct arch_context){(uintptr_t)frame, {stack_low, stack_high}};
}

void arch_context_switch(struct arch_context *from, struct arch_context *to)
{
	*this_cpu_ptr(&task_stack) = to->stack;
	x86_context_switch(&from->sp, to->sp);
}

const struct x86_stack_bounds *x86_task_stack(void)
{
	return this_cpu_ptr(&task_stack);
}
