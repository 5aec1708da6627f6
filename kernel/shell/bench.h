/* SPDX-License-Identifier: MIT */
/*
 * bench.h - measurements that bring a loop of their own, so that the loop costs next to nothing.
 */
#pragma once

#include <lib/types.h>

/* Each returns instructions, the mean of some 10,000 rounds after as many to warm up. */
uint64_t bench_page_order0(void);
uint64_t bench_page_order3(void);
uint64_t bench_page_order9(void);
uint64_t bench_page_batch(void); /* 4,096 single pages, then all given back: per page */
uint64_t bench_page_zeroed(void);

/* bench_virt.c: pairs of vmalloc() and vfree(); 1,000 areas, then all given back: per area; 0 where there is nothing to measure. */
uint64_t bench_vmalloc_4k(void);
uint64_t bench_vmalloc_64k(void);
uint64_t bench_vmalloc_1m(void);
uint64_t bench_vmalloc_batch(void);
uint64_t bench_ioremap(void);
uint64_t
bench_search_10(void); /* a range of addresses freed and another taken, among so many living ones */
uint64_t bench_search_100000(void);
uint64_t bench_kmap_low(void);
uint64_t bench_kmap_high(void);
