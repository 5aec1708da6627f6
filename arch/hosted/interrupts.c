/* SPDX-License-Identifier: MIT */
/*
 * interrupts.c - signals as interrupts: a controller, a timer, and a flag that holds them back.
 *
 * THE IDEA
 *	Whoever interrupts a CPU sets a bit in its word of pending interrupts and sends its thread a signal. The
 *	signal's handler runs on the stack of what it interrupts, as an interrupt does. It looks at the CPU's flag: on, and the
 *	handlers run now; off, and the bit stays. arch_irq_restore() turns the flag on and looks at the word: what came meanwhile is taken
 *	there. So turning interrupts off costs a store, not a system call.
 *
 *	irqs_on		signal arrives		the bit is
 *	  yes		anywhere		taken at once
 *	  no		before restore		taken in restore
 *	  just turned on, word not yet looked at	taken by the signal; restore finds nothing
 *
 * FLOOR	arch/hosted.
 */
#include <arch/cpu.h>
#include <arch/smp.h>
#include <arch/trap.h>
#include <kernel/entry.h>
#include <lib/check.h>
#include <lib/clock.h>
#include <lib/init.h>
#include <lib/irq.h>
#include <lib/percpu.h>
#include <lib/smp.h>
#include <lib/string.h>

#include "os.h"

/* By CPU: whom to signal, and where its bits are. */
static struct hosted_cpu *cpus[NR_CPUS];

static unsigned int claim(unsigned int hint)
{
	return hint;
}

static void nothing_to_do(unsigned int irq)
{
	(void)irq;
}

static unsigned int find(const char *source)
{
	if (!strcmp(source, "timer"))
		return HOSTED_IRQ_TIMER;
	if (!strcmp(source, "kick"))
		return HOSTED_IRQ_KICK;
	return !strcmp(source, "self") ? HOSTED_IRQ_SELF : IRQ_NONE;
}

static void raise(unsigned int cpu, unsigned int irq)
{
	struct hosted_cpu *target = __atomic_load_n(&cpus[cpu], __ATOMIC_ACQUIRE);

	if (!target)
		return;
	__atomic_fetch_or(&target->pending, 1U << irq, __ATOMIC_SEQ_CST);
	os_cpu_signal(target->thread);
}

static void raise_self(void)
{
	raise(arch_cpu_id(), HOSTED_IRQ_SELF);
}

static void kick(unsigned int cpu)
{
	raise(cpu, HOSTED_IRQ_KICK);
}

static const struct irq_controller signals = {
	.name = "signals",
	.claim = claim,
	.end = nothing_to_do,
	.enable = nothing_to_do,
	.disable = nothing_to_do,
	.find = find,
	.raise_self = raise_self,
};

static void take(unsigned int irq)
{
	struct trap_frame frame = {.interrupt = irq};

	__atomic_fetch_and(&hosted_cpu.pending, ~(1U << irq), __ATOMIC_SEQ_CST);
	kirq(&frame);
}

/* Interrupts are on; on return they are, and nothing is pending. */
void hosted_take_interrupts(void)
{
	unsigned int pending;

	while ((pending = __atomic_load_n(&hosted_cpu.pending, __ATOMIC_SEQ_CST)) != 0) {
		hosted_cpu.irqs_on = false;
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
		take((unsigned int)__builtin_ctz(pending));
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
		hosted_cpu.irqs_on = true;
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
	}
}

/* In the signal's handler. */
void hosted_signal_arrived(bool from_timer)
{
	if (from_timer)
		__atomic_fetch_or(&hosted_cpu.pending, 1U << HOSTED_IRQ_TIMER, __ATOMIC_SEQ_CST);
	if (hosted_cpu.irqs_on)
		hosted_take_interrupts();
}

unsigned int arch_trap_interrupt(const struct trap_frame *frame)
{
	return frame->interrupt;
}

static void enter(unsigned int cpu)
{
	hosted_cpu.id = cpu;
	hosted_cpu.thread = os_cpu_self();
	__atomic_store_n(&cpus[cpu], &hosted_cpu, __ATOMIC_RELEASE);
}

static void start_secondary(unsigned int cpu)
{
	enter(cpu);
	arch_percpu_set_offset(per_cpu_offset[cpu]);
	ksecondary();
}

int arch_cpu_start(unsigned int cpu)
{
	os_cpu_start(cpu, start_secondary);
	return 0;
}

static void stop_timer(void)
{
	os_timer_arm(0);
}

static const struct clock_source host_clock = {.name = "host", .nanoseconds = os_nanoseconds};
static const struct clock_event host_timer = {
	.name = "a host timer", .arm = os_timer_arm, .stop = stop_timer};

static void on_kick(void *context)
{
	(void)context; /* that it came is all: the CPU looks at its run queue */
}

static struct irq_action kick_action = {.source = "kick", .name = "kicks", .handler = on_kick};

/* On the boot CPU's thread, before the kernel. */
__ref void hosted_interrupts_init(void)
{
	enter(0);
	os_timer_create();
	irq_controller_register(&signals);
	clock_source_register(&host_clock);
	clock_event_register(&host_timer);
	smp_sender_register(kick);
	CHECK(request_irq(&kick_action) == 0, "nobody else has asked for kicks");
}
