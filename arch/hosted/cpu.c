/* SPDX-License-Identifier: MIT */
/*
 * cpu.c - the rest of the hosted CPU: its end, its console, its limits, who called whom.
 */
#include <arch/console.h>
#include <arch/context.h>
#include <arch/cpu.h>
#include <arch/memory.h>
#include <arch/random.h>
#include <arch/stack.h>
#include <lib/check.h>

#include "machine.h"
#include "mmu.h"
#include "os.h"

__thread struct hosted_cpu hosted_cpu;

/* A machine that ends well has forgotten no flush. */
void arch_halt(enum halt_status status)
{
	bool judge = status == HALT_OK && !panic_is_under_way();
	uintptr_t stale = judge ? hosted_mmu_stale() : 0;

	if (stale != 0)
		panic("forgotten flush of 0x%lx: the CPU still translates what the tables no "
		      "longer say",
		      stale);
	os_exit(status);
}

void arch_reboot(void)
{
	os_restart();
}

uint64_t arch_boot_cycles(void)
{
	static uint64_t first;

	if (first == 0)
		first = os_nanoseconds();
	return first;
}

/* The host's kernel guards its registers. */
const char *arch_protection_lost(void)
{
	return NULL;
}

const char *arch_cpu_features(void)
{
	return "hosted NX WP";
}

uint64_t arch_random_seed(void)
{
	return os_random();
}

bool arch_has_console(void)
{
	return true;
}

void arch_putc(char c)
{
	unsigned long flags = arch_irq_save();

	os_putc(c);
	arch_irq_restore(flags);
}

int arch_getc(void)
{
	unsigned long flags = arch_irq_save();
	int byte = os_getc();

	arch_irq_restore(flags);
	return byte;
}

phys_addr_t arch_dma_end(void)
{
	return machine->dma_end;
}

phys_addr_t arch_dma32_end(void)
{
	return machine->dma32_end;
}

/* The page-table entry has room for 52 bits; this is what vmemmap has room for. */
phys_addr_t arch_phys_end(void)
{
	return 2 * TiB;
}

phys_addr_t arch_direct_map_end(void)
{
	return arch_region_size(REGION_DIRECT_MAP);
}

bool arch_low_megabyte_reserved(void)
{
	return machine->low_megabyte_reserved;
}

void arch_stack_bounds(uintptr_t *low, uintptr_t *high)
{
	struct os_stack stack = os_stack_of((uintptr_t)__builtin_frame_address(0));

	*low = stack.low;
	*high = stack.high;
}

/* x86_64 and AArch64 agree: fp[0] is the caller's frame pointer, fp[1] the return address. */
void arch_stack_walk(const struct trap_frame *frame, bool (*visit)(uintptr_t pc, void *context),
		     void *context)
{
	uintptr_t fp = frame != NULL ? frame->fp : (uintptr_t)__builtin_frame_address(0);
	struct os_stack stack = os_stack_of(fp);

	for (unsigned int depth = 0; depth < 64; depth++) {
		const uintptr_t *words = (const uintptr_t *)fp;

		if (fp < stack.low || fp + 2 * sizeof(*words) > stack.high || fp % sizeof(*words))
			return;
		if (words[1] == 0 || !visit(words[1], context) || words[0] <= fp)
			return;
		fp = words[0];
	}
}

static_assert(sizeof(struct arch_context) == sizeof(struct os_fiber) &&
		      offsetof(struct arch_context, sanitizer) ==
			      offsetof(struct os_fiber, sanitizer),
	      "the kernel's view of a fiber is the host's");

void arch_context_init(struct arch_context *context, uintptr_t stack_low, uintptr_t stack_high,
		       void (*entry)(void *argument), void *argument)
{
	os_fiber_init((struct os_fiber *)context, (struct os_stack){stack_low, stack_high}, entry,
		      argument);
}

void arch_context_switch(struct arch_context *from, struct arch_context *to)
{
	os_fiber_switch((struct os_fiber *)from, (struct os_fiber *)to);
}
