/* SPDX-License-Identifier: MIT */
/*
 * bench_slab.h - the lines of `bench` that bench_slab.c counts: instructions a pair, or for 16 of them.
 */
#pragma once

#include <lib/types.h>

uint64_t bench_kmalloc_constant(void);
uint64_t bench_kmalloc_variable(void);
uint64_t bench_cache_192(void);
uint64_t bench_mempool(void);
uint64_t bench_bulk_16(void);
uint64_t bench_many_64(void); /* 10,000 taken, then all freed; a pair's share */
uint64_t bench_many_1024(void);
uint64_t bench_percpu_64(void); /* alloc_percpu() of 64 bytes and free_percpu() */
