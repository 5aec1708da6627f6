/* SPDX-License-Identifier: MIT */
/*
 * lib/fault_injection.h - let requests fail on purpose, so that who makes them is seen to survive it.
 *
 * An allocator asks should_fail() for each request, behind a flag that is off unless somebody injects. What is
 * asked for comes as text, from the command line or a test:
 *
 *	fail_page_alloc=10,50,0,-1		Linux's form: interval, probability in percent, space, times
 *	fail_page_alloc=nth=7			the 7th request from now, once
 *	fail_page_alloc=probability=5,seed=42	one in twenty, the same ones at each boot
 *
 * (Linux: include/linux/fault-inject.h)
 */
#pragma once

#include <lib/types.h>

struct fault_attr {
	unsigned long interval;	   /* only every n-th request that gets so far; 0 and 1: each */
	unsigned long probability; /* in percent, of those; 0: off */
	unsigned long nth;  /* the n-th request from now fails, whatever the rest says; 0: off */
	long space;	    /* sizes that pass before anything fails */
	long times;	    /* how many fail in all; -1: no limit */
	unsigned long seed; /* equal seeds fail equal requests */
	unsigned long nr_requests, nr_failed, nr_turns;
	uint64_t state; /* of the drawing of lots */
};

/* Nothing fails. */
#define FAULT_ATTR_INIT                                                                            \
	{                                                                                          \
		.interval = 1, .times = -1                                                         \
	}

/*
 * From text: Linux's four numbers, or `name=value` pairs parted by commas, of interval, probability, space, times, nth,
 * seed; what is not named keeps FAULT_ATTR_INIT's value, but a probability that nothing sets is 100 where times, interval or space is
 * given. 0, or -EINVAL with *attr untouched.
 */
int setup_fault_attr(struct fault_attr *attr, const char *text);

/* Shall this request, of `size` bytes, fail? Any context. Deterministic for a seed and a row of requests. */
bool should_fail(struct fault_attr *attr, size_t size);

/* Could any request fail: is it worth asking? */
bool fault_attr_is_active(const struct fault_attr *attr);

/*
 * For sweeps: the n-th request from now that this CPU makes outside interrupts, of any kind that asks should_fail(), fails; 0 ends it. Returns
 * whether the last one that was set came to fail. (Linux: /proc/self/fail-nth)
 */
bool fault_fail_nth(unsigned long n);
bool fault_nth_is_set(void);
