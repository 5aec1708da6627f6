/* SPDX-License-Identifier: MIT */
/*
 * ktest_context.c - where a test's code runs: in an interrupt, in a storm of them, on several CPUs.
 */
#include <lib/ktest.h>

#include <arch/cpu.h>
#include <lib/clock.h>
#include <lib/context.h>
#include <lib/irq.h>
#include <lib/smp.h>

#define PATIENCE	  100000000
#define STORM_INTERVAL_NS 100000
#define STORM_PATIENCE_NS 2000000000UL

static void (*storm_body)(void *context);
static void *storm_context;
static unsigned long storm_runs;

static void (*interrupt_body)(void *context);
static void *interrupt_context;
static bool interrupt_over;

static void on_self(void *unused)
{
	(void)unused;
	interrupt_body(interrupt_context);
	WRITE_ONCE(interrupt_over, true);
}

static struct irq_action self = {.source = "self", .name = "self-tests", .handler = on_self};

/* No controller: the nearest thing to an interrupt is to call ourselves one. */
static void pretend(void (*body)(void *context), void *context)
{
	unsigned long flags = arch_irq_save();

	interrupt_enter();
	body(context);
	interrupt_exit();
	arch_irq_restore(flags);
}

static void wait_until_over(void)
{
	unsigned long flags = arch_irq_save();

	for (unsigned int tries = 0; !READ_ONCE(interrupt_over) && tries < PATIENCE; tries++) {
		arch_irq_enable();
		arch_cpu_relax();
		arch_irq_save();
	}
	arch_irq_restore(flags);
}

void ktest_in_interrupt(void (*body)(void *context), void *context)
{
	static bool requested;

	if (!requested)
		requested = request_irq(&self) == 0;
	if (!requested || in_interrupt()) {
		pretend(body, context);
		return;
	}
	interrupt_body = body;
	interrupt_context = context;
	interrupt_over = false;
	irq_raise_self();
	wait_until_over();
	if (!interrupt_over)
		ktest_fail(__FILE__, __LINE__, "the interrupt did not come");
}

static void count_and_run(void *unused)
{
	(void)unused;
	storm_body(storm_context);
	WRITE_ONCE(storm_runs, storm_runs + 1);
}

void ktest_storm_begin(void (*body)(void *context), void *context)
{
	storm_body = body;
	storm_context = context;
	storm_runs = 0;
	clock_storm(STORM_INTERVAL_NS, count_and_run, NULL);
}

/* A short test may be over before the first interrupt: give it the time to come. */
unsigned long ktest_storm_end(void)
{
	uint64_t start = clock_ns();

	while (READ_ONCE(storm_runs) == 0 && arch_irq_enabled() && clock_exists() &&
	       clock_ns() - start < STORM_PATIENCE_NS)
		arch_cpu_relax();
	clock_storm(0, NULL, NULL);
	return storm_runs;
}

bool ktest_run_on_cpus(unsigned int nr, void (*body)(unsigned int cpu, void *context),
		       void *context)
{
	if (nr > smp_nr_running()) {
		ktest_skip("fewer CPUs run");
		return false;
	}
	smp_run_on_cpus(nr, body, context);
	return true;
}
