/* SPDX-License-Identifier: MIT */
/*
 * stack.c - walking a stack by its frame pointers.
 *
 * PICTURE	each function begins with: push rbp; mov rbp, rsp
 *
 *	| return address |  into the caller
 *	| caller's rbp   |  --> the caller's pair, at a higher address
 *	| locals         |      ^ rbp points at the pair's lower word
 *
 * A pair is believed only when it lies inside the stack on which the walk
 * began, is aligned, and lies above the last: a damaged chain ends, it neither faults nor loops.
 */
#include <arch/stack.h>

#include <arch/context.h>
#include <arch/layout.h>
#include <asm/boot.h>
#include <asm/link.h>
#include <asm/stacks.h>
#include <asm/trap_frame.h>
#include <lib/sections.h>
#include <lib/symbols.h>

#define MAX_FRAMES 64
#define PUSH_RBP   0x55 /* the opcode */

const struct x86_stack_bounds *x86_stack_of(uintptr_t address)
{
	const struct x86_stack_bounds *task = x86_task_stack();

	if (address >= task->low - PAGE_SIZE && address < task->high)
		return task;
	for (int i = 0; i < NR_STACKS; i++)
		if (address >= x86_stacks[i].low - PAGE_SIZE && address < x86_stacks[i].high)
			return &x86_stacks[i];
	return NULL;
}

bool x86_in_guard_page(uintptr_t address)
{
	const struct x86_stack_bounds *stack = x86_stack_of(address);

	return stack && address < stack->low;
}

void arch_stack_bounds(uintptr_t *low, uintptr_t *high)
{
	const struct x86_stack_bounds *stack = x86_stack_of((uintptr_t)__builtin_frame_address(0));

	*low = stack ? stack->low : 0;
	*high = stack ? stack->high : 0;
}

/* `size` bytes at `address` lie on the stack and can be read as words. */
static bool readable(const struct x86_stack_bounds *stack, uintptr_t address, size_t size)
{
	return stack && address % sizeof(uintptr_t) == 0 && address >= stack->low &&
	       address <= stack->high - size;
}

static bool is_text(uintptr_t address)
{
	return address >= (uintptr_t)text_start && address < (uintptr_t)init_text_end;
}

/* The boot's code is gone when the boot is over. */
static bool is_mapped(uintptr_t pc)
{
	uintptr_t page = (pc - LOAD_OFFSET) >> PAGE_SHIFT;

	return boot_page_tables[page / PT_ENTRIES][page % PT_ENTRIES].value != 0;
}

/* Before its first instruction, and where a leaf needs no stack, a function has no pair of its own. */
static bool has_pair(uintptr_t pc)
{
	size_t offset;

	if (!is_text(pc) || !is_mapped(pc) || !symbol_lookup(pc, NULL, &offset))
		return false;
	return offset > 0 && *(const uint8_t *)(pc - offset) == PUSH_RBP;
}

/*
 * The code that trapped and, where it has no pair, the caller whose return
 * address is still on top of the stack: also that of a jump into nowhere.
 */
static bool visit_trap(const struct x86_stack_bounds *stack, const struct trap_frame *frame,
		       bool (*visit)(uintptr_t pc, void *context), void *context)
{
	const uintptr_t *top = (const uintptr_t *)frame->rsp;

	if (!visit(frame->rip, context))
		return false;
	if (has_pair(frame->rip) || !readable(stack, frame->rsp, sizeof(*top)) || !is_text(*top))
		return true;
	return visit(*top, context);
}

void arch_stack_walk(const struct trap_frame *frame, bool (*visit)(uintptr_t pc, void *context),
		     void *context)
{
	uintptr_t pair = frame ? frame->rbp : (uintptr_t)__builtin_frame_address(0);
	const struct x86_stack_bounds *stack = x86_stack_of(frame ? frame->rsp : pair);

	if (frame && !visit_trap(stack, frame, visit, context))
		return;
	for (int i = 0; i < MAX_FRAMES && readable(stack, pair, 2 * sizeof(uintptr_t)); i++) {
		const uintptr_t *words = (const uintptr_t *)pair;

		if (!visit(words[1], context) || words[0] <= pair)
			return;
		pair = words[0];
	}
}
