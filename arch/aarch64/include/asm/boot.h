/* SPDX-License-Identifier: MIT */
/*
 * asm/boot.h - what boot.S, start.c and the rest of the port share.
 */
#pragma once

#include <lib/firmware/boot_info.h>
#include <lib/types.h>

/* start.c: what the loader said. Its owner is kmain(), which fills it; the port looks up what a board may differ in. */
extern struct boot_info boot_info;

/* Called by boot.S on the boot stack, everything mapped as it stays. */
_Noreturn void start(phys_addr_t device_tree, unsigned int entry_level, phys_addr_t image,
		     uint64_t cycles, bool has_cycle_counter);

/* Before anything else that asks these: where the image was loaded, what the first counter said. */
void memory_set_image(phys_addr_t image);
void cpu_init(uint64_t cycles, bool has_cycle_counter);

/* The exception vectors' C side. */
struct trap_frame;
void trap_dispatch(struct trap_frame *frame);

/* Which stack of this port holds `address`: bounds, or false. */
bool stack_find(uintptr_t address, uintptr_t *low, uintptr_t *high);
