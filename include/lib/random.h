/* SPDX-License-Identifier: MIT */
/*
 * lib/random.h - secrets of this boot: for hashed pointers, encoded free lists, shuffles.
 *
 * Seeded from the CPU (arch/random.h) and from the firmware's seed. Not for cryptography. Any context.
 */
#pragma once

#include <lib/types.h>

/* Mixes `size` bytes of entropy in; may be called again and again. */
void random_add_seed(const void *bytes, size_t size);

/* The next 64 bits. */
uint64_t random_u64(void);

/* A number in [0, bound); bound 0 gives 0. */
uint64_t random_below(uint64_t bound);

/* 32 bits that tell pointers apart without telling where they point; never 0 for a pointer that is not NULL. */
uint32_t hash_pointer(const void *pointer);

/* Draws its secret, unless somebody needed it before. Once the boot is over the secret is read-only. */
void hash_pointer_init(void);
