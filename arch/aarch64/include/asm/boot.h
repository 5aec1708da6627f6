/* SPDX-License-Identifier: MIT */
/*
 * asm/boot.h - what boot.S, start.c and the rest of the port share.
 */
#pragma once

#include <lib/types.h>

/* Called by boot.S on the boot stack, everything mapped as it stays. */
_Noreturn void start(phys_addr_t device_tree, unsigned int entry_level, phys_addr_t image,
		     uint64_t cycles, bool has_cycle_counter);

/* Before anything else that asks these: where the image was loaded, what the first counter said, in which level we came. */
void memory_set_image(phys_addr_t image);
void cpu_init(uint64_t cycles, bool has_cycle_counter);
void power_set_entry_level(unsigned int level);

/* The exception vectors' C side. */
struct trap_frame;
void trap_dispatch(struct trap_frame *frame);

/* Which stack of this port holds `address`: bounds, or false. */
bool stack_find(uintptr_t address, uintptr_t *low, uintptr_t *high);
