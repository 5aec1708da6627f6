/* SPDX-License-Identifier: MIT */
/*
 * slab_race_test.c - objects and per-CPU areas while interrupts and other CPUs do the same, whichever the allocator.
 *
 * Every object carries a stamp from when it is taken until it is freed: one that is handed out twice breaks a stamp.
 */
#include <lib/ktest.h>

#include <arch/cpu.h>
#include <lib/percpu.h>
#include <mm/percpu.h>
#include <mm/slab.h>

struct stamped {
	uint64_t stamp, fill[14];
};

static struct kmem_cache *cache;
static struct stamped *kept;
static unsigned long broken;

static struct stamped *take(uint64_t stamp)
{
	struct stamped *object = kmem_cache_alloc(cache, GFP_ATOMIC);

	if (object)
		*object = (struct stamped){.stamp = stamp, .fill = {[13] = stamp}};
	return object;
}

static void give(struct stamped *object, uint64_t stamp)
{
	if (!object)
		return;
	if (object->stamp != stamp || object->fill[13] != stamp)
		__atomic_fetch_add(&broken, 1, __ATOMIC_RELAXED);
	kmem_cache_free(cache, object);
}

static bool start(void)
{
	broken = 0;
	kept = NULL;
	cache = kmem_cache_create("test-race", sizeof(struct stamped), 0, SLAB_NO_MERGE, NULL);
	return cache != NULL;
}

/* An interrupt takes three, frees two, and the third when it comes again. */
static void allocate_in_interrupt(void *context)
{
	struct stamped *a = take(1), *b = take(2);

	(void)context;
	give(kept, 3);
	kept = take(3);
	give(a, 1);
	give(b, 2);
}

/* sem-A2: interrupts in the midst of the fast way and the slow way. */
KTEST(slab_race, interrupts_that_allocate_break_nothing_sem_A2)
{
	static struct stamped *held[60];

	ASSERT_TEST(start());
	ktest_storm_begin(allocate_in_interrupt, NULL);
	for (unsigned int round = 0; round < 3000; round++) {
		unsigned int i = round * 7 % ARRAY_SIZE(held);

		give(held[i], 100 + i);
		held[i] = take(100 + i);
		give(take(round + 1000), round + 1000);
		if (round % 500 == 0)
			kmem_cache_shrink(cache);
	}
	ktest_storm_end();
	for (unsigned int i = 0; i < ARRAY_SIZE(held); i++) {
		give(held[i], 100 + i);
		held[i] = NULL;
	}
	give(kept, 3);
	EXPECT_EQ(broken, 0);
	kmem_cache_destroy(cache);
}

#define NR_CROSS 64
#define ROUNDS	 4000

/* CPU 0 lays objects down, CPU 1 takes them up and frees them: every free goes to another CPU's slab. */
static struct stamped *mailbox[NR_CROSS];

static void pass_on(unsigned int cpu, void *context)
{
	(void)context;
	for (unsigned int round = 0; round < ROUNDS; round++) {
		struct stamped **box = &mailbox[round % NR_CROSS];
		struct stamped *object = cpu == 0 ? take(round % NR_CROSS) : NULL;

		object = __atomic_exchange_n(box, object, __ATOMIC_ACQ_REL);
		give(object, round % NR_CROSS);
		give(take(9999), 9999);
	}
	kmem_cache_shrink(cache);
}

/* fault-S4, sem-S8: frees from another CPU. */
KTEST(slab_race, what_one_cpu_allocates_another_frees)
{
	ASSERT_TEST(start());
	if (ktest_run_on_cpus(2, pass_on, NULL)) {
		for (unsigned int i = 0; i < NR_CROSS; i++) {
			give(mailbox[i], i);
			mailbox[i] = NULL;
		}
		EXPECT_EQ(broken, 0);
	}
	kmem_cache_destroy(cache);
}

/* ---- Per-CPU counts ---- */

struct counts {
	uint8_t u8;
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;
};

static struct counts *counts;

static void count_one(void)
{
	this_cpu_inc(counts->u8);
	this_cpu_add(counts->u16, 1U);
	this_cpu_sub(counts->u32, -1);
	this_cpu_add_return(counts->u64, 1U);
}

static void count_in_interrupt(void *context)
{
	unsigned long *runs = context;

	count_one();
	++*runs;
}

/* fault-C3: exact totals of every width with interrupts in the middle. */
KTEST(percpu_race, counts_are_exact_with_interrupts_in_the_middle_fault_C3)
{
	unsigned long runs = 0, total;

	counts = alloc_percpu(struct counts);
	ASSERT_TEST(counts);
	ktest_storm_begin(count_in_interrupt, &runs);
	for (unsigned int i = 0; i < 100000; i++)
		count_one();
	ktest_storm_end();
	total = 100000 + runs;
	EXPECT_EQ(this_cpu_read(counts->u8), (uint8_t)total);
	EXPECT_EQ(this_cpu_read(counts->u16), (uint16_t)total);
	EXPECT_EQ(this_cpu_read(counts->u32), (uint32_t)total);
	EXPECT_EQ(this_cpu_read(counts->u64), total);
	free_percpu(counts);
}

struct pair {
	uint64_t first, second;
};

static struct pair *pair;

static void step_pair(void)
{
	uint64_t first, second;

	do {
		first = this_cpu_read(pair->first);
		second = this_cpu_read(pair->second);
	} while (!this_cpu_cmpxchg_double(pair->first, pair->second, first, second, first + 1,
					  second + 3));
}

static void step_pair_in_interrupt(void *context)
{
	unsigned long *runs = context;

	step_pair();
	++*runs;
}

/* fault-C3: both words of the double word take every step together. */
KTEST(percpu_race, the_double_word_takes_every_step_whole_fault_C3)
{
	unsigned long runs = 0, total;

	pair = __alloc_percpu(sizeof(*pair), sizeof(*pair));
	ASSERT_TEST(pair);
	ktest_storm_begin(step_pair_in_interrupt, &runs);
	for (unsigned int i = 0; i < 100000; i++)
		step_pair();
	ktest_storm_end();
	total = 100000 + runs;
	EXPECT_EQ(this_cpu_read(pair->first), total);
	EXPECT_EQ(this_cpu_read(pair->second), 3 * total);
	free_percpu(pair);
}

static void areas_come_and_go(unsigned int cpu, void *context)
{
	uint64_t *held[16] = {NULL};

	(void)context;
	for (unsigned int round = 0; round < 400; round++) {
		unsigned int i = round * 5 % ARRAY_SIZE(held);

		if (held[i] && *per_cpu_ptr(held[i], cpu) != round - ARRAY_SIZE(held))
			__atomic_fetch_add(&broken, 1, __ATOMIC_RELAXED);
		free_percpu(held[i]);
		held[i] = __alloc_percpu(8 + round % 3000, 8);
		if (held[i])
			*per_cpu_ptr(held[i], cpu) = round;
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(held); i++)
		free_percpu(held[i]);
}

/* fault-C2: chunks grow and go under two CPUs. */
KTEST(percpu_race, two_cpus_make_and_free_areas_fault_C2)
{
	broken = 0;
	if (!ktest_run_on_cpus(2, areas_come_and_go, NULL))
		return;
	EXPECT_EQ(broken, 0);
	EXPECT_TRUE(percpu_check());
}
