/* SPDX-License-Identifier: MIT */
/*
 * stack.c - the chain of frame records, read with care.
 *
 * PICTURE	every function but some leaves pushes {x29, x30} and points x29 at them
 *
 *	x29 --> | caller's x29 | return address |
 *		      |
 *		      +--> | its caller's x29 | return address |  ... up to x29 = 0
 *
 *	A trap frame holds such a record too, so that a walk from within the
 *	handler comes out at the instruction that trapped.
 *
 * A record is read only when it lies in the stack where the walk began, above the last one.
 */
#include <arch/stack.h>

#include <arch/context.h>
#include <arch/layout.h>
#include <asm/boot.h>
#include <asm/trap_frame.h>
#include <lib/percpu.h>
#include <lib/symbols.h>

#define STACK_WALK_MAX 64

struct frame_record {
	uintptr_t next;
	uintptr_t pc;
};

extern char boot_stacks[]; /* boot.S draws it */

/* Where vectors.S goes when the stack is bad; each CPU's own. */
extern DEFINE_PER_CPU(char *, overflow_stack_top);
DEFINE_PER_CPU(char *, overflow_stack_top) = boot_stacks + GUARD_SIZE + OVERFLOW_STACK_SIZE;

bool stack_find(uintptr_t address, uintptr_t *low, uintptr_t *high)
{
	uintptr_t overflow_high = (uintptr_t)this_cpu_read(overflow_stack_top);
	uintptr_t overflow_low = overflow_high - OVERFLOW_STACK_SIZE;
	uintptr_t boot_low = (uintptr_t)boot_stacks + STACK_SIZE;

	if (address >= overflow_low && address < overflow_high) {
		*low = overflow_low;
		*high = overflow_high;
		return true;
	}
	task_stack(low, high);
	if (address >= *low && address < *high)
		return true;
	*low = boot_low;
	*high = boot_low + STACK_SIZE;
	return address >= *low && address < *high;
}

void arch_stack_bounds(uintptr_t *low, uintptr_t *high)
{
	stack_find((uintptr_t)__builtin_frame_address(0), low, high);
}

static uintptr_t function_start(uintptr_t pc)
{
	size_t offset;

	return symbol_lookup(pc, NULL, &offset) ? pc - offset : 0;
}

/*
 * Is x30 the caller of the function that trapped? In a leaf that pushed no record it is the
 * only trace of it. A function that called another since has x30 point into itself.
 */
static bool is_caller_in_x30(const struct trap_frame *frame, uintptr_t recorded)
{
	uintptr_t caller = function_start(frame->x[30]);

	return caller != 0 && caller != function_start(frame->pc) && frame->x[30] != recorded;
}

/* The first record above `above`, or NULL when it does not lie whole in [low, high). */
static const struct frame_record *record_at(uintptr_t address, uintptr_t above, uintptr_t high)
{
	if (address < above || address > high - sizeof(struct frame_record) ||
	    !IS_ALIGNED(address, 8))
		return NULL;
	return (const struct frame_record *)address;
}

void arch_stack_walk(const struct trap_frame *frame, bool (*visit)(uintptr_t pc, void *context),
		     void *context)
{
	uintptr_t address = frame ? frame->x[29] : (uintptr_t)__builtin_frame_address(0);
	const struct frame_record *record = NULL;
	uintptr_t low, high;

	if (stack_find(address, &low, &high))
		record = record_at(address, low, high);
	if (frame && !visit(frame->pc, context))
		return;
	if (frame && is_caller_in_x30(frame, record ? record->pc : 0) &&
	    !visit(frame->x[30], context))
		return;
	for (int depth = 0; record && record->pc != 0 && depth < STACK_WALK_MAX; depth++) {
		if (!visit(record->pc, context))
			return;
		record = record_at(record->next, (uintptr_t)(record + 1), high);
	}
}
