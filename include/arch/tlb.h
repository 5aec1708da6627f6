/* SPDX-License-Identifier: MIT */
/*
 * arch/tlb.h - what every architecture promises about stale translations.
 *
 * A CPU may remember a leaf, and a table above it, until it is told to forget.
 * NONE is never remembered, so a new mapping needs only arch_map_sync().
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Make [va, va+size) usable: its entries went from NONE to something. Any context. */
static inline void arch_map_sync(uintptr_t va, size_t size);

/*
 * On return no CPU uses the former translations of [va, va+size), nor walks a
 * table page that was unlinked before: entries went from LEAF to NONE, or to a LEAF with other permissions.
 * Task context with interrupts on; any context while only one CPU runs.
 */
static inline void arch_tlb_flush(uintptr_t va, size_t size);

/* The same for this CPU alone; any context. For mappings that only this CPU uses. */
static inline void arch_tlb_flush_local(uintptr_t va, size_t size);

/* Everything, on every CPU. */
static inline void arch_tlb_flush_all(void);

#include <asm/tlb.h> /* the bodies; one that is missing or mis-typed does not compile */
