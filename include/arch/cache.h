/* SPDX-License-Identifier: MIT */
/*
 * arch/cache.h - caches that a device does not see.
 *
 * On a machine whose devices snoop the caches all of it does nothing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Do devices see what the caches hold? */
static inline bool arch_dma_coherent(void);

/* Bytes of a cache line, the largest of the levels; a power of two. */
static inline size_t arch_cache_line_size(void);

/* Write dirty lines of [va, va+size) back to memory. */
static inline void arch_cache_clean(uintptr_t va, size_t size);

/* Drop the lines of [va, va+size) without writing them. Both ends on a line. */
static inline void arch_cache_inval(uintptr_t va, size_t size);

/* Write back and drop all lines of [va, va+size), dirty or not, whatever the mapping's type: the memory becomes uncached. */
static inline void arch_cache_flush(uintptr_t va, size_t size);

#include <asm/cache.h>
