/* SPDX-License-Identifier: MIT */
/*
 * clock.c - the time since boot, and the tick.
 *
 * THE IDEA
 *	Time is read from a counter, never summed up from interrupts: a tick that came late, or was paused, loses
 *	nothing. The tick exists to wake: each interrupt of the comparator looks what is due (a tick, a
 *	test's storm), and arms the comparator for whatever is due next.
 *
 * LOCKING	One CPU arms its own comparator, interrupts off.
 * LINUX	kernel/time/clocksource.c, clockevents.c, tick-common.c.
 */
#include <lib/clock.h>

#include <arch/cpu.h>
#include <lib/check.h>
#include <lib/init.h>
#include <lib/sched.h>

#define TICK_NS (1000000000UL / CLOCK_HZ)

static const struct clock_source *clock __ro_after_init;
static const struct clock_event *event __ro_after_init;
static uint64_t clock_start;
static unsigned long ticks, interrupts;
static unsigned int paused = 1;
static uint64_t next_tick, next_storm;
static uint64_t storm_interval;
static void (*storm_body)(void *context);
static void *storm_context;

bool clock_exists(void)
{
	return clock && event;
}

__init const char *clock_name(void)
{
	return event ? event->name : "none";
}

uint64_t clock_ns(void)
{
	return clock ? clock->nanoseconds() - clock_start : 0;
}

uint64_t clock_ms(void)
{
	return clock_ns() / 1000000;
}

unsigned long clock_ticks(void)
{
	return READ_ONCE(ticks);
}

/* Interrupts off. */
static void arm_next(void)
{
	uint64_t now = clock_ns(), next = UINT64_MAX;

	if (!event || !clock)
		return;
	if (!paused)
		next = next_tick;
	if (storm_body)
		next = min(next, next_storm);
	if (next == UINT64_MAX)
		event->stop();
	else
		event->arm(next > now ? next - now : 1);
}

__init void clock_source_register(const struct clock_source *source)
{
	clock = source;
	clock_start = source->nanoseconds();
}

__init void clock_event_register(const struct clock_event *device)
{
	unsigned long flags = arch_irq_save();

	event = device;
	next_tick = clock_ns() + TICK_NS;
	arm_next();
	arch_irq_restore(flags);
}

/* Who switches a protection off has at most a tick with it. (Linux: pinned bits of CR0 and CR4) */
static void check_protection(void)
{
	const char *lost = arch_protection_lost();

	if (lost)
		panic("somebody switched off a protection: %s", lost);
}

void clock_interrupt(void)
{
	uint64_t now = clock_ns();

	interrupts++;
	if (!paused && now >= next_tick) {
		ticks++;
		next_tick = now + TICK_NS;
		sched_tick();
		check_protection();
	}
	if (storm_body && now >= next_storm) {
		storm_body(storm_context);
		next_storm = clock_ns() + storm_interval;
	}
	arm_next();
}

__init bool clock_event_try(void)
{
	unsigned long before = READ_ONCE(interrupts);
	uint64_t start = clock_ns();
	unsigned long flags;

	if (!clock || !event)
		return false;
	flags = arch_irq_save();
	event->arm(1000);
	arch_irq_restore(flags);
	while (READ_ONCE(interrupts) == before && clock_ns() - start < CLOCK_PATIENCE_NS)
		arch_cpu_relax();
	if (READ_ONCE(interrupts) != before)
		return true;
	event->stop();
	event = NULL;
	return false;
}

static void change_pause(int by)
{
	unsigned long flags = arch_irq_save();

	paused = (unsigned int)((int)paused + by);
	next_tick = clock_ns() + TICK_NS;
	arm_next();
	arch_irq_restore(flags);
}

void clock_tick_pause(void)
{
	change_pause(1);
}

void clock_tick_resume(void)
{
	change_pause(-1);
}

void clock_storm(uint64_t nanoseconds, void (*body)(void *context), void *context)
{
	unsigned long flags = arch_irq_save();

	storm_body = body;
	storm_context = context;
	storm_interval = nanoseconds;
	next_storm = clock_ns() + nanoseconds;
	arm_next();
	arch_irq_restore(flags);
}
