/* SPDX-License-Identifier: MIT */
/*
 * native_malloc.c - the workload of kernel/shell/native_workload.h with whatever malloc() this process has.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "native_workload.h"

static inline void *workload_alloc(size_t size)
{
	return malloc(size);
}

static inline void workload_free(void *pointer)
{
	free(pointer);
}

static inline uint64_t workload_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static inline void workload_pause(void)
{
#ifdef __x86_64__
	__builtin_ia32_pause();
#endif
}

static struct workload_thread threads[2];
static struct workload_pipe pipe_;
static uint64_t results[2];
static pthread_barrier_t barrier;
static const struct workload_job *job; /* NULL: the pipe */

static void *run(void *context)
{
	int cpu = context != NULL;

	pthread_barrier_wait(&barrier);
	if (job)
		results[cpu] = workload_run(&threads[cpu], job);
	else if (cpu)
		workload_consume(&pipe_);
	else
		workload_produce(&pipe_);
	pthread_barrier_wait(&barrier);
	return NULL;
}

static void on_two(void)
{
	pthread_t other;

	pthread_barrier_init(&barrier, NULL, 2);
	pthread_create(&other, NULL, run, threads);
	run(NULL);
	pthread_join(other, NULL);
}

static long resident_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	long pages = 0, resident = 0;

	if (!file || fscanf(file, "%ld %ld", &pages, &resident) != 2)
		abort();
	fclose(file);
	return resident * sysconf(_SC_PAGESIZE);
}

static long memory_held(void)
{
	long before;
	size_t asked = 0;

	resident_bytes(); /* stdio's own memory comes before */
	before = resident_bytes();
	workload_hold(&asked);
	return (resident_bytes() - before) / (long)(asked / 1000);
}

int main(int argc, char **argv)
{
	unsigned int i;

	(void)argv;
	if (argc > 1) { /* in a process of its own: what was freed before would be used again */
		printf("native held-per-1000 %ld\n", memory_held());
		return 0;
	}
	for (i = 0; i < NR_WORKLOAD_JOBS; i++)
		printf("native %s %lu\n", workload_jobs[i].name,
		       (unsigned long)workload_run(&threads[0], &workload_jobs[i]));
	for (i = 0; i < NR_WORKLOAD_JOBS; i++) {
		job = &workload_jobs[i];
		on_two();
		printf("native %s-x2 %lu\n", job->name,
		       (unsigned long)((results[0] + results[1]) / 2));
	}
	workload_fill(&pipe_.buffer[0], 64);
	workload_fill(&pipe_.buffer[1], 64);
	job = NULL;
	on_two();
	printf("native cross-free-64 %lu\n", (unsigned long)workload_median(pipe_.ns));
	return 0;
}
