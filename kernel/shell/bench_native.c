/* SPDX-License-Identifier: MIT */
/*
 * bench_native.c - the hosted kernel's kmalloc at the speed of this computer, for `make bench ARCH=hosted`.
 *
 * tools/bench_native.py runs this in turns with other allocators and compares the medians.
 */
#include <kernel/shell.h>

#include <arch/cpu.h>
#include <lib/printk.h>
#include <lib/smp.h>
#include <mm/page.h>
#include <mm/pcp.h>
#include <mm/slab.h>

#include "native_workload.h"

static inline void *workload_alloc(size_t size)
{
	return kmalloc(size, GFP_KERNEL);
}

static inline void workload_free(void *pointer)
{
	kfree(pointer);
}

static inline uint64_t workload_ns(void)
{
	return arch_cycles();
}

static inline void workload_pause(void)
{
	arch_cpu_relax();
}

static struct workload_thread threads[2];
static struct workload_pipe pipe;
static uint64_t results[2];

static void run_job(unsigned int cpu, void *context)
{
	results[cpu] = workload_run(&threads[cpu], context);
}

static void run_pipe(unsigned int cpu, void *context)
{
	(void)context;
	if (cpu == 0)
		workload_produce(&pipe);
	else
		workload_consume(&pipe);
}

static void run_two(struct seq_file *out)
{
	unsigned int i;

	for (i = 0; i < NR_WORKLOAD_JOBS; i++) {
		smp_run_on_cpus(2, run_job, (void *)&workload_jobs[i]);
		seq_printf(out, "native %s-x2 %llu\n", workload_jobs[i].name,
			   (unsigned long long)((results[0] + results[1]) / 2));
	}
	workload_fill(&pipe.buffer[0], 64);
	workload_fill(&pipe.buffer[1], 64);
	smp_run_on_cpus(2, run_pipe, NULL);
	seq_printf(out, "native cross-free-64 %llu\n",
		   (unsigned long long)workload_median(pipe.ns));
}

static void run_memory(struct seq_file *out)
{
	unsigned long before, after;
	size_t asked = 0;
	void **last;

	slab_drain();
	before = nr_idle_pages();
	last = workload_hold(&asked);
	after = nr_idle_pages();
	workload_let_go(last);
	seq_printf(out, "native held-per-1000 %lu\n",
		   (before - after) * PAGE_SIZE / (asked / 1000));
}

COMMAND(bench_native, "bench_native", "kmalloc's time on this computer, for make bench ARCH=hosted")
{
	unsigned int i;

	if (argc > 1)
		return SHELL_USAGE;
	for (i = 0; i < NR_WORKLOAD_JOBS; i++)
		seq_printf(out, "native %s %llu\n", workload_jobs[i].name,
			   (unsigned long long)workload_run(&threads[0], &workload_jobs[i]));
	if (smp_nr_running() > 1)
		run_two(out);
	run_memory(out);
	return 0;
}
