/* SPDX-License-Identifier: MIT */
/*
 * context.c - a task's first stack frame, and which stack this CPU is on.
 *
 * LINUX	arch/arm64/kernel/process.c: copy_thread().
 */
#include <arch/context.h>

#include <asm/trap_frame.h>
#include <lib/check.h>
#include <lib/percpu.h>

/* context_switch.S */
void context_switch(uintptr_t *from_sp, uintptr_t to_sp);
void context_start(void);

static DEFINE_PER_CPU(uintptr_t, task_stack_low);
static DEFINE_PER_CPU(uintptr_t, task_stack_high);

struct first_frame { /* as context_switch() loads it */
	uint64_t x29, x30, x19_to_x28[10];
};

static_assert(sizeof(struct first_frame) == 96, "context_switch.S reserves this much");

void arch_context_init(struct arch_context *context, uintptr_t stack_low, uintptr_t stack_high,
		       void (*entry)(void *argument), void *argument)
{
	struct first_frame *frame = (struct first_frame *)(stack_high - sizeof(*frame));

	CHECK(IS_ALIGNED(stack_high, 2 * STACK_SIZE) && stack_high - stack_low == STACK_SIZE,
	      "a stack from 0x%lx to 0x%lx", stack_low, stack_high);
	*frame = (struct first_frame){.x30 = (uintptr_t)context_start,
				      .x19_to_x28 = {(uintptr_t)entry, (uintptr_t)argument}};
	*context = (struct arch_context){(uintptr_t)frame, stack_low, stack_high};
}

void arch_context_switch(struct arch_context *from, struct arch_context *to)
{
	this_cpu_write(task_stack_low, to->stack_low);
	this_cpu_write(task_stack_high, to->stack_high);
	context_switch(&from->sp, to->sp);
}

void task_stack(uintptr_t *low, uintptr_t *high)
{
	*low = this_cpu_read(task_stack_low);
	*high = this_cpu_read(task_stack_high);
}
