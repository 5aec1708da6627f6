/* SPDX-License-Identifier: MIT */
/*
 * cross_cpu_test.c - objects that wander between CPUs, from who allocates to who frees.
 *
 *	cpu 0 --ring--> cpu 1 --ring--> cpu 2 --ring--> cpu 0
 *
 * Each CPU fills objects with a stamp of their own and puts them into the ring of the next one, which reads the stamp
 * and frees them. A ring has one writer and one reader, and needs no lock.
 */
#include <lib/ktest.h>

#include <arch/cpu.h>
#include <config.h>
#include <lib/smp.h>
#include <mm/slab.h>

#define RING   64
#define ROUNDS 3000
#define MOST   4 /* CPUs */

struct parcel {
	unsigned char *object;
	size_t size;
	struct kmem_cache *cache; /* NULL: kmalloc */
};

static struct ring {
	struct parcel parcel[RING];
	unsigned long head, tail; /* written by the reader, by the writer */
} rings[MOST];

struct crossing {
	unsigned int nr_cpus;
	struct kmem_cache *cache[2];
	unsigned long sent[MOST], received[MOST], wrong[MOST];
};

static bool ring_put(struct ring *ring, struct parcel parcel)
{
	unsigned long tail = ring->tail;

	if (tail - __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE) == RING)
		return false;
	ring->parcel[tail % RING] = parcel;
	__atomic_store_n(&ring->tail, tail + 1, __ATOMIC_RELEASE);
	return true;
}

static bool ring_get(struct ring *ring, struct parcel *parcel)
{
	unsigned long head = ring->head;

	if (head == __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE))
		return false;
	*parcel = ring->parcel[head % RING];
	__atomic_store_n(&ring->head, head + 1, __ATOMIC_RELEASE);
	return true;
}

/* The stamp follows from where the object lies and how large it is. */
static unsigned char stamp_of(const struct parcel *parcel)
{
	return (unsigned char)(((uintptr_t)parcel->object >> 3) * 31 + parcel->size);
}

static void parcel_free(struct crossing *crossing, unsigned int cpu, const struct parcel *parcel)
{
	if (memchr_inv(parcel->object, stamp_of(parcel), parcel->size))
		crossing->wrong[cpu]++;
	if (parcel->cache)
		kmem_cache_free(parcel->cache, parcel->object);
	else
		kfree(parcel->object);
}

static struct parcel parcel_make(struct crossing *crossing, unsigned int number)
{
	struct parcel parcel = {.cache = number % 3 < 2 ? crossing->cache[number % 3] : NULL};

	parcel.size = parcel.cache ? kmem_cache_size(parcel.cache) : 8 + number * 37 % 900;
	parcel.object = parcel.cache ? kmem_cache_alloc(parcel.cache, GFP_ATOMIC)
				     : kmalloc(parcel.size, GFP_ATOMIC);
	if (parcel.object)
		memset(parcel.object, stamp_of(&parcel), parcel.size);
	return parcel;
}

static void cross(unsigned int cpu, void *context)
{
	struct crossing *crossing = context;
	struct ring *out = &rings[cpu],
		    *in = &rings[(cpu + crossing->nr_cpus - 1) % crossing->nr_cpus];
	struct parcel parcel, arrived;
	unsigned int round;

	for (round = 0; round < ROUNDS; round++) {
		parcel = parcel_make(crossing, round + cpu);
		if (parcel.object && ring_put(out, parcel))
			crossing->sent[cpu]++;
		else if (parcel.object)
			parcel_free(crossing, cpu, &parcel);
		if (ring_get(in, &arrived)) {
			crossing->received[cpu]++;
			parcel_free(crossing, cpu, &arrived);
		}
	}
}

/* fault-L3 */
KTEST(cross_cpu, objects_that_other_cpus_free_come_back_whole)
{
	struct crossing crossing = {.nr_cpus = min(smp_nr_running(), MOST)};
	unsigned long sent = 0, received = 0;
	struct parcel parcel;
	unsigned int cpu;

	if (crossing.nr_cpus < 2)
		SKIP_TEST("one CPU");
	crossing.cache[0] = kmem_cache_create("test-cross-40", 40, 0, SLAB_NO_MERGE, NULL);
	crossing.cache[1] = kmem_cache_create("test-cross-700", 700, 0, SLAB_NO_MERGE, NULL);
	ASSERT_TEST(crossing.cache[0] && crossing.cache[1]);
	if (!ktest_run_on_cpus(crossing.nr_cpus, cross, &crossing))
		return;
	for (cpu = 0; cpu < crossing.nr_cpus; cpu++)
		while (ring_get(&rings[cpu], &parcel)) {
			received++;
			parcel_free(&crossing, cpu, &parcel);
		}
	for (cpu = 0; cpu < crossing.nr_cpus; cpu++) {
		sent += crossing.sent[cpu];
		received += crossing.received[cpu];
		EXPECT_EQ(crossing.wrong[cpu], 0);
	}
	EXPECT_GT(sent, 0);
	EXPECT_EQ(sent, received);
	kmem_cache_destroy(crossing.cache[0]);
	kmem_cache_destroy(crossing.cache[1]);
}
