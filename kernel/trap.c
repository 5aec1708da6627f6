/* SPDX-License-Identifier: MIT */
/*
 * trap.c - an interrupt goes to its handler; an exception is told in words, and is the end of the kernel that took it.
 */
#include <kernel/entry.h>

#include <arch/trap.h>
#include <lib/check.h>
#include <lib/context.h>
#include <lib/irq.h>
#include <lib/printk.h>
#include <mm/init.h>

static const char *access_verb(enum trap_access access)
{
	switch (access) {
	case ACCESS_WRITE:
		return "write to";
	case ACCESS_EXEC:
		return "execution of";
	default:
		return "read of";
	}
}

static char explanation[200];

static const char *trap_cause(const struct trap_info *trap)
{
	if (trap->kind == TRAP_STACK_OVERFLOW)
		return "the kernel stack overflowed into its guard page";
	if (trap->kind != TRAP_PAGE_FAULT)
		return trap->name;
	if (trap->address < 4096)
		return "null pointer";
	if (trap->mapped)
		return "the mapping forbids it";
	if (mm_explain_fault(trap->address, explanation, sizeof(explanation)))
		return explanation;
	return "nothing is mapped there";
}

void ktrap(struct trap_frame *frame)
{
	struct trap_info trap;

	arch_trap_decode(frame, &trap);
	pr_err("loam: TRAP %s, code 0x%llx, at %pS", trap.name, (unsigned long long)trap.code,
	       (void *)trap.pc);
	if (trap.has_address) {
		pr_err("  %s 0x%016lx: %s", access_verb(trap.access), (unsigned long)trap.address,
		       trap_cause(&trap));
		pr_err("  the address lies in: %s", mm_region_name(trap.address));
		panic_at(frame, "%s 0x%lx at %pS: %s", access_verb(trap.access),
			 (unsigned long)trap.address, (void *)trap.pc, trap_cause(&trap));
	}
	panic_at(frame, "%s at %pS", trap_cause(&trap), (void *)trap.pc);
}

void kirq(struct trap_frame *frame)
{
	interrupt_enter();
	irq_dispatch(arch_trap_interrupt(frame));
	interrupt_exit();
}
