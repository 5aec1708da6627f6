/* SPDX-License-Identifier: MIT */
/*
 * percpu_test.c - each CPU has its own copy of the per-CPU variables.
 */
#include <mm/percpu.h>

#include <arch/cache.h>
#include <arch/cpu.h>
#include <lib/ktest.h>
#include <lib/percpu.h>

static DEFINE_PER_CPU(unsigned long, counter) = 42;
static DEFINE_PER_CPU(uint8_t, small) = 7;

KTEST(percpu, each_possible_cpu_has_a_copy_of_the_template)
{
	EXPECT_GE(nr_possible_cpus(), 1);
	for (unsigned int cpu = 0; cpu < nr_possible_cpus(); cpu++) {
		EXPECT_EQ(*per_cpu_ptr(&counter, cpu), 42);
		EXPECT_EQ(*per_cpu_ptr(&small, cpu), 7);
	}
}

KTEST(percpu, copies_share_no_cache_line_and_do_not_overlap)
{
	size_t size = (size_t)(percpu_end - percpu_start);

	for (unsigned int cpu = 0; cpu < nr_possible_cpus(); cpu++) {
		uintptr_t copy = (uintptr_t)per_cpu_ptr(&percpu_start[0], cpu);

		EXPECT_EQ(copy % arch_cache_line_size(), 0);
		EXPECT_NE(per_cpu_offset[cpu], 0);
		for (unsigned int other = 0; other < cpu; other++) {
			uintptr_t its_copy = (uintptr_t)per_cpu_ptr(&percpu_start[0], other);

			EXPECT_TRUE(copy + size <= its_copy || its_copy + size <= copy);
		}
	}
}

KTEST(percpu, this_cpu_reaches_its_own_copy_and_no_other)
{
	EXPECT_EQ((uintptr_t)this_cpu_ptr(&counter),
		  (uintptr_t)per_cpu_ptr(&counter, arch_cpu_id()));
	this_cpu_write(counter, 50);
	this_cpu_add(counter, 5);
	this_cpu_add(counter, -(unsigned long)6);
	EXPECT_EQ(this_cpu_read(counter), 49);
	EXPECT_EQ(*per_cpu_ptr(&counter, arch_cpu_id()), 49);
	EXPECT_EQ(this_cpu_xchg(counter, 42), 49);
	EXPECT_EQ(this_cpu_cmpxchg(counter, 1, 2), 42);
	for (unsigned int cpu = 0; cpu < nr_possible_cpus(); cpu++)
		EXPECT_EQ(*per_cpu_ptr(&counter, cpu), 42);
	EXPECT_EQ(counter, 42);
}

KTEST(percpu, small_values_wrap_without_touching_their_neighbours)
{
	this_cpu_write(small, 255);
	this_cpu_inc(small);
	EXPECT_EQ(this_cpu_read(small), 0);
	EXPECT_EQ(this_cpu_read(counter), 42);
	this_cpu_write(small, 7);
}
