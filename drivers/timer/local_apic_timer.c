/* SPDX-License-Identifier: MIT */
/*
 * local_apic_timer.c - a PC's clock (the time stamp counter) and its interrupt (the local APIC's timer).
 *
 * THE IDEA
 *	Both count at a rate that the manual leaves open. The one device whose rate is known since 1981 is the 8254 timer,
 *	1,193,182 Hz: its channel 2, which drives the speaker, counts down while we watch, and both others are
 *	read at the same two moments. Waiting for a step of the count at either end makes 128 of its steps, a tenth of a millisecond,
 *	exact to about half a percent, which is enough for timeouts and costs the boot a tenth of a millisecond.
 *
 * LINUX	arch/x86/kernel/tsc.c: pit_calibrate_tsc(); arch/x86/kernel/apic/apic.c: calibrate_APIC_clock().
 */
#include <arch/cpu.h>
#include <arch/mmio.h>
#include <lib/clock.h>
#include <lib/init.h>
#include <lib/irq.h>
#include <lib/printk.h>
#include <drivers/irq.h>

#include "../irq/local_apic.h"

#define PIT_HZ	       1193182UL
#define PIT_STEPS      128
#define PIT_PATIENCE   100000 /* reads until a count that stands still is given up */
#define PIT_CHANNEL2   0x42
#define PIT_MODE       0x43
#define PIT_GATE       0x61
#define GATE_OPEN      0x01
#define GATE_SPEAKER   0x02
#define MODE_CHANNEL2  0xb0 /* low byte, then high byte; mode 0: count down once */
#define LATCH_CHANNEL2 0x80
#define NS_PER_SECOND  1000000000UL

static uint64_t tsc_to_ns; /* nanoseconds a cycle, 32 bits behind the point */
static uint64_t apic_hz __ro_after_init;

struct moment {
	uint32_t pit; /* counts down */
	uint64_t tsc;
	uint32_t apic; /* counts down */
};

static __init uint32_t pit_count(void)
{
	uint32_t low;

	arch_port_write8(PIT_MODE, LATCH_CHANNEL2);
	low = arch_port_read8(PIT_CHANNEL2);
	return low | (uint32_t)arch_port_read8(PIT_CHANNEL2) << 8;
}

/* The moment at which the count steps to `wanted` or below; false when it stands still. */
static __init bool wait_for_count(uint32_t wanted, struct moment *moment)
{
	for (unsigned int reads = 0; reads < PIT_PATIENCE; reads++) {
		moment->pit = pit_count();
		if (moment->pit > wanted)
			continue;
		moment->tsc = arch_cycles();
		moment->apic = local_apic_read(APIC_TIMER_NOW);
		return true;
	}
	return false;
}

static __init bool measure(unsigned int steps, struct moment *first, struct moment *last)
{
	uint8_t gate = arch_port_read8(PIT_GATE);
	bool moves;

	arch_port_write8(PIT_GATE, (uint8_t)((gate & ~GATE_SPEAKER) | GATE_OPEN));
	arch_port_write8(PIT_MODE, MODE_CHANNEL2);
	arch_port_write8(PIT_CHANNEL2, 0xff);
	arch_port_write8(PIT_CHANNEL2, 0xff);
	local_apic_write(APIC_TIMER_START, ~0U);
	moves = wait_for_count(0xfff0, first) && wait_for_count(first->pit - steps, last);
	local_apic_write(APIC_TIMER_START, 0);
	arch_port_write8(PIT_GATE, gate);
	return moves;
}

static uint64_t nanoseconds(void)
{
	return (uint64_t)((unsigned __int128)arch_cycles() * tsc_to_ns >> 32);
}

/* At least one count, or the timer would stop; a wait that is too long for it ends early. */
static void arm(uint64_t ns)
{
	uint64_t counts = min(ns, 4 * NS_PER_SECOND) * apic_hz / NS_PER_SECOND;

	local_apic_write(APIC_TIMER_START, (uint32_t)min(max(counts, 1UL), (uint64_t)~0U));
}

static void stop(void)
{
	local_apic_write(APIC_TIMER_START, 0);
}

static void on_timer(void *context)
{
	(void)context;
	clock_interrupt();
}

static const struct clock_source tsc = {.name = "tsc", .nanoseconds = nanoseconds};
static const struct clock_event event = {.name = "lapic-timer", .arm = arm, .stop = stop};
static struct irq_action action = {.source = "timer", .name = "lapic-timer", .handler = on_timer};

__init bool timer_init(const struct boot_info *boot)
{
	struct moment first, last;
	uint64_t steps, cycles;

	(void)boot;
	local_apic_write(APIC_TIMER_DIVIDE, APIC_DIVIDE_BY_16);
	/* Once for the caches, and for an emulator that translates code when it is first run. */
	if (!measure(PIT_STEPS / 16, &first, &last) || !measure(PIT_STEPS, &first, &last) ||
	    last.tsc == first.tsc || last.apic == first.apic)
		return false;
	steps = first.pit - last.pit;
	cycles = last.tsc - first.tsc;
	apic_hz = (first.apic - last.apic) * PIT_HZ / steps;
	tsc_to_ns = (steps * NS_PER_SECOND / PIT_HZ << 32) / cycles;
	pr_info("timer: time stamp counter %llu MHz, local APIC's timer %llu kHz",
		(unsigned long long)(cycles * PIT_HZ / steps / 1000000),
		(unsigned long long)(apic_hz / 1000));
	clock_source_register(&tsc);
	clock_event_register(&event);
	return request_irq(&action) == 0;
}
