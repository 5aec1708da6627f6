/* SPDX-License-Identifier: MIT */
/*
 * bench_slab.c - what objects cost: one at a time, ten thousand at once, sixteen in bulk.
 *
 * Each figure is the mean of 10,000 after 30,000 to warm up, the loop's own instructions included. What is counted is
 * written as a user would write it: a size that the compiler knows, one that it does not, a cache.
 */
#include "bench_slab.h"

#include <arch/cpu.h>
#include <lib/types.h>
#include <mm/percpu.h>
#include <mm/mempool.h>
#include <mm/slab.h>

#define ROUNDS 10000

/* The mean of a loop after three that warm up: a node learns how many slabs to keep from the second. */
static uint64_t warm(void (*loop)(void))
{
	uint64_t start;

	for (unsigned int i = 0; i < 3; i++)
		loop();
	start = arch_cycles();
	loop();
	return (arch_cycles() - start) / ROUNDS;
}

static void loop_constant(void)
{
	for (unsigned int i = 0; i < ROUNDS; i++)
		kfree(kmalloc(64, GFP_KERNEL));
}

uint64_t bench_kmalloc_constant(void)
{
	return warm(loop_constant);
}

static void loop_variable(void)
{
	size_t size = 100;

	asm volatile("" : "+r"(size)); /* the compiler knows no more of it */
	for (unsigned int i = 0; i < ROUNDS; i++)
		kfree(kmalloc(size, GFP_KERNEL));
}

uint64_t bench_kmalloc_variable(void)
{
	return warm(loop_variable);
}

static struct kmem_cache *cache;

static void loop_cache(void)
{
	struct kmem_cache *mine = cache;

	for (unsigned int i = 0; i < ROUNDS; i++)
		kmem_cache_free(mine, kmem_cache_alloc(mine, GFP_KERNEL));
}

static void loop_bulk(void)
{
	struct kmem_cache *mine = cache;
	void *objects[16];

	for (unsigned int i = 0; i < ROUNDS; i++)
		kmem_cache_free_bulk(
			mine, kmem_cache_alloc_bulk(mine, GFP_KERNEL, ARRAY_SIZE(objects), objects),
			objects);
}

/* A loop over a cache of objects of 192 bytes. */
static uint64_t with_cache(void (*loop)(void))
{
	uint64_t cost;

	cache = kmem_cache_create("bench", 192, 0, 0, NULL);
	if (!cache)
		return 0;
	cost = warm(loop);
	kmem_cache_destroy(cache);
	return cost;
}

static mempool_t *pool;

static void loop_mempool(void)
{
	mempool_t *mine = pool;

	for (unsigned int i = 0; i < ROUNDS; i++)
		mempool_free(mempool_alloc(mine, GFP_KERNEL), mine);
}

static void loop_new_mempool(void)
{
	pool = mempool_create_slab_pool(4, cache);
	if (!pool)
		return;
	loop_mempool();
	mempool_destroy(pool);
}

uint64_t bench_mempool(void)
{
	return with_cache(loop_new_mempool);
}

uint64_t bench_cache_192(void)
{
	return with_cache(loop_cache);
}

uint64_t bench_bulk_16(void)
{
	return with_cache(loop_bulk);
}

static void *many[ROUNDS];

static void loop_many_64(void)
{
	for (unsigned int i = 0; i < ROUNDS; i++)
		many[i] = kmalloc(64, GFP_KERNEL);
	for (unsigned int i = 0; i < ROUNDS; i++)
		kfree(many[i]);
}

static void loop_many_1024(void)
{
	for (unsigned int i = 0; i < ROUNDS; i++)
		many[i] = kmalloc(1024, GFP_KERNEL);
	for (unsigned int i = 0; i < ROUNDS; i++)
		kfree(many[i]);
}

uint64_t bench_many_64(void)
{
	return warm(loop_many_64);
}

uint64_t bench_many_1024(void)
{
	return warm(loop_many_1024);
}

static void loop_percpu(void)
{
	for (unsigned int i = 0; i < ROUNDS; i++)
		free_percpu(__alloc_percpu(64, 64));
}

uint64_t bench_percpu_64(void)
{
	return warm(loop_percpu);
}
