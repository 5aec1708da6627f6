/* SPDX-License-Identifier: MIT */
/*
 * mmu.h - questions to the model of the MMU.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

void hosted_mmu_init(void);

/* An address that the CPU still translates by what is no longer in the tables, or 0. */
uintptr_t hosted_mmu_stale(void);

/* Do the tables map `va` while the CPU was never told? */
bool hosted_mmu_forgot_sync(uintptr_t va);

/* Do the tables map `va`? */
bool hosted_mmu_maps(uintptr_t va);

/* Does the CPU translate `va` to a physical address where nothing answers? */
bool hosted_mmu_leads_nowhere(uintptr_t va);

/* Flushes so far, and those for which there was no reason. */
struct hosted_flushes {
	unsigned long all, redundant;
};
struct hosted_flushes hosted_mmu_flushes(void);
