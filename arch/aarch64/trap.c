/* SPDX-License-Identifier: MIT */
/*
 * trap.c - what an exception was: the syndrome register put into words.
 *
 * THE IDEA
 *	vectors.S says where we came from (the vector), ESR_EL1 says why: its
 *	class in bits 31 to 26, and for aborts a fault status in bits 5 to 0
 *	whose upper four bits name the reason and lower two the level. FAR_EL1 is the address,
 *	unless bit 10 says that it is not known. Arm ARM, D19.2.37 ESR_EL1.
 */
#include <arch/trap.h>

#include <arch/cpu.h>
#include <asm/boot.h>
#include <asm/trap_frame.h>
#include <kernel/entry.h>

#define ESR_CLASS_SHIFT	 26
#define ESR_WRITE	 (1U << 6)
#define ESR_CACHE	 (1U << 8) /* the access was a cache instruction, which counts as a write */
#define ESR_NO_ADDRESS	 (1U << 10) /* FAR does not hold the address */
#define ESR_FAULT_STATUS 0x3f

enum esr_class {
	CLASS_UNKNOWN = 0x00,
	CLASS_SIMD = 0x07,
	CLASS_ILLEGAL_STATE = 0x0e,
	CLASS_SVC = 0x15,
	CLASS_SYSTEM_REGISTER = 0x18,
	CLASS_FETCH_LOWER = 0x20,
	CLASS_FETCH = 0x21,
	CLASS_PC_ALIGNMENT = 0x22,
	CLASS_DATA_LOWER = 0x24,
	CLASS_DATA = 0x25,
	CLASS_SP_ALIGNMENT = 0x26,
	CLASS_SERROR = 0x2f,
	CLASS_BREAKPOINT_LOWER = 0x30,
	CLASS_WATCHPOINT = 0x35,
	CLASS_BRK = 0x3c,
	NR_CLASSES = 0x40,
};

struct class_meaning {
	const char *name;
	enum trap_kind kind;
};

static const struct class_meaning class_meanings[NR_CLASSES] = {
	[CLASS_UNKNOWN] = {"undefined instruction", TRAP_ILLEGAL},
	[CLASS_SIMD] = {"SIMD or floating point instruction", TRAP_ILLEGAL},
	[CLASS_ILLEGAL_STATE] = {"illegal execution state", TRAP_ILLEGAL},
	[CLASS_SVC] = {"supervisor call", TRAP_OTHER},
	[CLASS_SYSTEM_REGISTER] = {"trapped system instruction", TRAP_ILLEGAL},
	[CLASS_FETCH_LOWER] = {"instruction abort, lower EL", TRAP_PAGE_FAULT},
	[CLASS_FETCH] = {"instruction abort, same EL", TRAP_PAGE_FAULT},
	[CLASS_PC_ALIGNMENT] = {"PC alignment fault", TRAP_ALIGNMENT},
	[CLASS_DATA_LOWER] = {"data abort, lower EL", TRAP_PAGE_FAULT},
	[CLASS_DATA] = {"data abort, same EL", TRAP_PAGE_FAULT},
	[CLASS_SP_ALIGNMENT] = {"SP alignment fault", TRAP_ALIGNMENT},
	[CLASS_SERROR] = {"SError", TRAP_MACHINE},
	[CLASS_BREAKPOINT_LOWER... CLASS_WATCHPOINT] = {"debug exception", TRAP_BREAKPOINT},
	[CLASS_BRK] = {"BRK instruction", TRAP_BREAKPOINT},
};

static enum esr_class frame_class(const struct trap_frame *frame)
{
	return frame->esr >> ESR_CLASS_SHIFT & (NR_CLASSES - 1);
}

/* Position in the vector table: 0 synchronous, 1 IRQ, 2 FIQ, 3 SError, of four sources. */
static unsigned int frame_type(const struct trap_frame *frame)
{
	return frame->vector & 3;
}

static bool is_from_user(const struct trap_frame *frame)
{
	return (frame->vector & 0xf) >= 8;
}

static bool is_abort(enum esr_class class)
{
	return class == CLASS_FETCH || class == CLASS_FETCH_LOWER || class == CLASS_DATA ||
	       class == CLASS_DATA_LOWER;
}

/* What an abort was, by its fault status without the level. */
static enum trap_kind abort_kind(unsigned int status, bool *mapped)
{
	*mapped = false;
	switch (status >> 2) {
	case 0: /* an address that is too large */
	case 1: /* translation: nothing is mapped */
		return TRAP_PAGE_FAULT;
	case 2: /* access flag */
	case 3: /* permission */
		*mapped = true;
		return TRAP_PAGE_FAULT;
	case 8: /* alignment */
		return TRAP_ALIGNMENT;
	default: /* the bus, parity, a conflict in the TLB */
		return TRAP_MACHINE;
	}
}

static enum trap_access abort_access(const struct trap_frame *frame)
{
	enum esr_class class = frame_class(frame);

	if (class == CLASS_FETCH || class == CLASS_FETCH_LOWER)
		return ACCESS_EXEC;
	return frame->esr & ESR_WRITE && !(frame->esr & ESR_CACHE) ? ACCESS_WRITE : ACCESS_READ;
}

static void decode_synchronous(const struct trap_frame *frame, struct trap_info *info)
{
	enum esr_class class = frame_class(frame);

	info->name = class_meanings[class].name ? class_meanings[class].name : "unknown exception";
	info->kind = class_meanings[class].name ? class_meanings[class].kind : TRAP_OTHER;
	if (is_abort(class)) {
		info->kind = abort_kind(frame->esr & ESR_FAULT_STATUS, &info->mapped);
		info->has_address = !(frame->esr & ESR_NO_ADDRESS);
		info->address = frame->far;
		info->access = abort_access(frame);
	}
	if (class == CLASS_PC_ALIGNMENT) {
		info->has_address = true;
		info->address = frame->far;
		info->access = ACCESS_EXEC;
	}
	/* The stack was left because its pointer ran off it, or because it was no multiple of 16. */
	if (frame->vector & FRAME_SWITCHED && class != CLASS_SP_ALIGNMENT)
		info->kind = TRAP_STACK_OVERFLOW;
}

void arch_trap_decode(const struct trap_frame *frame, struct trap_info *info)
{
	static const char *const interrupts[4] = {NULL, "IRQ without a handler",
						  "FIQ without a handler", "SError"};

	*info = (struct trap_info){
		.kind = TRAP_OTHER,
		.code = frame->esr,
		.pc = frame->pc,
		.sp = frame->sp,
		.from_user = is_from_user(frame),
	};
	if (frame_type(frame) == 0) {
		decode_synchronous(frame, info);
		return;
	}
	info->name = interrupts[frame_type(frame)];
	if (frame_type(frame) == 3)
		info->kind = TRAP_MACHINE;
}

static void __printf(2, 3) print(struct text_sink *sink, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	sink_vprintf(sink, format, args);
	va_end(args);
}

void arch_trap_print_registers(const struct trap_frame *frame, struct text_sink *sink)
{
	print(sink, "  pc  %016lx  sp  %016lx  pstate %08lx\n", frame->pc, frame->sp,
	      frame->pstate);
	print(sink, "  lr  %016lx  esr %016lx  far %016lx\n", frame->x[30], frame->esr, frame->far);
	for (unsigned int i = 0; i < 30; i++)
		print(sink, "  x%-2u %016lx%s", i, frame->x[i], i % 3 == 2 ? "\n" : "");
}

/* firmware_calls.S: instructions that call somebody who may not be there; ends in 0 */
extern const uintptr_t may_be_undefined[];

static bool is_unanswered_call(const struct trap_frame *frame)
{
	if (frame_type(frame) != 0 || frame_class(frame) != CLASS_UNKNOWN)
		return false;
	for (size_t i = 0; may_be_undefined[i] != 0; i++)
		if (frame->pc == may_be_undefined[i])
			return true;
	return false;
}

/* Only the controller knows. */
unsigned int arch_trap_interrupt(const struct trap_frame *frame)
{
	(void)frame;
	return 0;
}

void trap_dispatch(struct trap_frame *frame)
{
	bool is_brk = frame_type(frame) == 0 && frame_class(frame) == CLASS_BRK;

	if (frame_type(frame) == 1 && !(frame->vector & FRAME_SWITCHED)) {
		kirq(frame);
		return;
	}
	if (is_from_user(frame))
		frame->sp = SYSREG_READ(sp_el0);
	if (is_unanswered_call(frame)) {
		frame->x[0] = (uint64_t)-1;
		frame->pc += 4;
		return;
	}
	ktrap(frame);
	if (frame->vector & FRAME_SWITCHED)
		arch_halt(HALT_PANIC); /* the stack that it would return to is bad */
	if (is_brk)
		frame->pc += 4; /* the CPU reports the instruction itself, not the one behind it */
}

uintptr_t arch_trap_vectors(void)
{
	uintptr_t base;

	asm volatile("mrs %0, vbar_el1" : "=r"(base));
	return base;
}
