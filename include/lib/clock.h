/* SPDX-License-Identifier: MIT */
/*
 * lib/clock.h - how long this machine runs, and an interrupt at a moment to come.
 *
 * A timer's driver registers the two halves that every machine has: a counter that never stops, and
 * a comparator that interrupts once when a time is over. The tick, CLOCK_HZ times a second, is the
 * comparator armed again and again. Without a driver the clock stands at 0.
 */
#pragma once

#include <lib/types.h>

#define CLOCK_HZ	  100
#define CLOCK_PATIENCE_NS 100000000

struct clock_source {
	const char *name;
	uint64_t (*nanoseconds)(void); /* since any moment; never falls. Any context */
};

struct clock_event {
	const char *name;
	void (*arm)(
		uint64_t
			nanoseconds); /* interrupt this CPU once, that far from now; interrupts off */
	void (*stop)(void);
};

/* Each once, at boot. The tick begins with the first clock_tick_resume(), when interrupts are on. */
void clock_source_register(const struct clock_source *source);
void clock_event_register(const struct clock_event *event);

/* Milliseconds since the clock was registered; 0 without one. Any context. (Linux: jiffies, ktime_get()) */
uint64_t clock_ms(void);
uint64_t clock_ns(void);

/*
 * Does the event device's interrupt arrive at all? Interrupts on, once: where it does not, the machine goes on without a tick, as
 * if there were no device. Takes some microseconds, or CLOCK_PATIENCE_NS: a busy host may run an emulated machine with long gaps.
 */
bool clock_event_try(void);

/* Is there a clock whose interrupt arrives, and the device's name. */
bool clock_exists(void);
const char *clock_name(void);

/* What the timer's driver calls in its interrupt. */
void clock_interrupt(void);

/* How many ticks came. */
unsigned long clock_ticks(void);

/* No tick between the two: what is counted under -icount is not disturbed. They nest, and the boot is in the first. Any context. */
void clock_tick_pause(void);
void clock_tick_resume(void);

/*
 * Let the timer's interrupt run body(context) every `nanoseconds` besides the tick, counted from the end of the last
 * run, so that what is interrupted goes on in between. NULL ends it. One at a time; for tests.
 */
void clock_storm(uint64_t nanoseconds, void (*body)(void *context), void *context);
