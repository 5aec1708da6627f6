/* SPDX-License-Identifier: MIT */
/*
 * steps.h - what early.c and its steps share; nobody else includes it.
 *
 * A step changes early->map and tells what it decided. Steps run once each, in the order that early.c gives.
 */
#pragma once

#include "impl.h"

#define LOW_MEGABYTE (1 * MiB) /* of x86; of no use to us, by steps 4 and 7 */

static inline unsigned long long to_kib(phys_addr_t bytes)
{
	return bytes / KiB;
}

/* --- early.c --- */

/* Log what differs from the firmware's word; when the log is full it is only counted. */
void early_decide_for(struct early *early, const struct early_decision *decision);

/* The same for the kernel's own decision, or the command line's. */
void early_decide(struct early *early, phys_addr_t start, phys_addr_t end, enum early_fate fate,
		  const char *why);

/* There is no usable memory, because of `reason`. Returns false, for the caller to return. */
bool early_fail(struct early *early, const char *reason);

/* --- early_ram.c: 2 to 6 --- */

/* Fill an empty map with what is RAM for us. False when that is nothing. */
bool early_ram_choose(struct early *early);

/* [start, end) is no RAM for us, which is told where any of it was. */
void early_ram_drop(struct early *early, phys_addr_t start, phys_addr_t end, const char *why);

/* Behind the last byte of RAM; 0 when there is none. */
phys_addr_t early_ram_end(const struct early *early);

/* Bytes of RAM below `end`. */
phys_addr_t early_ram_below(const struct early *early, phys_addr_t end);

/* --- early_reserve.c: 7 and 8 --- */

/* Reserve all that boot data, firmware and the command line take. */
void early_reserve_taken(struct early *early);

/* Reservations that must not be mapped: each may cut a region of RAM in three. */
unsigned int early_reserve_nr_no_map(const struct boot_info *boot);

/* --- early_place.c: 9 and 10 --- */

/* Give each piece of RAM its node, and decide where high memory starts. */
void early_place_ram(struct early *early);
