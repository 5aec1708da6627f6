/* SPDX-License-Identifier: MIT */
/*
 * native_workload.h - what `make bench ARCH=hosted` asks of an allocator, ours and others alike.
 *
 * Compiled twice: into the hosted kernel (bench_native.c) and into a program that runs with the allocator of any
 * library (tools/native_malloc.c). Whoever includes it gives the bodies of the declarations below. Sizes come from memory, so
 * that the compiler knows none; the allocator is called, never inlined. Results are picoseconds a pair of alloc and free.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline void *workload_alloc(size_t size);
static inline void workload_free(void *pointer);
static inline uint64_t workload_ns(void);
static inline void workload_pause(void); /* in a loop that waits for the other thread */

#define WORKLOAD_BATCH 10000
#define WORKLOAD_CHUNKS                                                                            \
	61 /* each is timed by itself, and the median counts: others use this computer too */

struct workload_thread {
	size_t sizes[WORKLOAD_BATCH];
	void *pointers[WORKLOAD_BATCH];
};

/* 64: all alike; 0: every size from 8 to 1024, small ones more often, as programs have it. */
static inline void workload_fill(struct workload_thread *thread, size_t size)
{
	uint32_t state = 12345;
	unsigned int i;

	for (i = 0; i < WORKLOAD_BATCH; i++) {
		state = state * 1664525 + 1013904223;
		thread->sizes[i] = size ? size : 8 + ((state >> 8) & 1023) % (8U << (state >> 29));
	}
}

/* The median, in picoseconds for each of WORKLOAD_BATCH pairs; sorts by insertion. */
static inline uint64_t workload_median(uint64_t ns[WORKLOAD_CHUNKS])
{
	unsigned int i, j;

	for (i = 1; i < WORKLOAD_CHUNKS; i++) {
		uint64_t value = ns[i];

		for (j = i; j > 0 && ns[j - 1] > value; j--)
			ns[j] = ns[j - 1];
		ns[j] = value;
	}
	return ns[WORKLOAD_CHUNKS / 2] * 1000 / WORKLOAD_BATCH;
}

/* One object at a time: the same memory again and again. */
static inline void workload_pairs(struct workload_thread *thread)
{
	unsigned int i;

	for (i = 0; i < WORKLOAD_BATCH; i++)
		workload_free(workload_alloc(thread->sizes[i]));
}

static inline void workload_take(struct workload_thread *thread)
{
	unsigned int i;

	for (i = 0; i < WORKLOAD_BATCH; i++)
		thread->pointers[i] = workload_alloc(thread->sizes[i]);
}

static inline void workload_give(struct workload_thread *thread)
{
	unsigned int i;

	for (i = 0; i < WORKLOAD_BATCH; i++)
		workload_free(thread->pointers[i]);
}

/* Ten thousand, then all of them freed in the order in which they came. */
static inline void workload_batches(struct workload_thread *thread)
{
	workload_take(thread);
	workload_give(thread);
}

/* Two buffers between two threads: one fills, the other empties; `full` says whose turn a buffer is. */
struct workload_pipe {
	struct workload_thread buffer[2];
	int full[2];
	uint64_t ns[WORKLOAD_CHUNKS];
};

static inline void workload_wait(int *flag, int wanted)
{
	while (__atomic_load_n(flag, __ATOMIC_ACQUIRE) != wanted)
		workload_pause();
}

static inline void workload_produce(struct workload_pipe *pipe)
{
	uint64_t start = workload_ns(), now;
	unsigned int i;

	for (i = 0; i < WORKLOAD_CHUNKS; i++) {
		workload_wait(&pipe->full[i & 1], 0);
		workload_take(&pipe->buffer[i & 1]);
		__atomic_store_n(&pipe->full[i & 1], 1, __ATOMIC_RELEASE);
		now = workload_ns();
		pipe->ns[i] = now - start;
		start = now;
	}
	workload_wait(&pipe->full[0], 0);
	workload_wait(&pipe->full[1], 0);
}

static inline void workload_consume(struct workload_pipe *pipe)
{
	unsigned int i;

	for (i = 0; i < WORKLOAD_CHUNKS; i++) {
		workload_wait(&pipe->full[i & 1], 1);
		workload_give(&pipe->buffer[i & 1]);
		__atomic_store_n(&pipe->full[i & 1], 0, __ATOMIC_RELEASE);
	}
}

/* ---- What is run, by one thread or by two ---- */

struct workload_job {
	const char *name;
	size_t size; /* 0: mixed */
	bool batches;
};

static const struct workload_job workload_jobs[] = {
	{"pair-64", 64, false},	    {"pair-mixed", 0, false}, {"batch-64", 64, true},
	{"batch-1024", 1024, true}, {"batch-mixed", 0, true},
};
#define NR_WORKLOAD_JOBS (sizeof(workload_jobs) / sizeof(workload_jobs[0]))

static inline uint64_t workload_run(struct workload_thread *thread, const struct workload_job *job)
{
	uint64_t ns[WORKLOAD_CHUNKS];
	unsigned int i;

	workload_fill(thread, job->size);
	for (i = 0; i < WORKLOAD_CHUNKS; i++) {
		uint64_t start = workload_ns();

		if (job->batches)
			workload_batches(thread);
		else
			workload_pairs(thread);
		ns[i] = workload_ns() - start;
	}
	return workload_median(ns);
}

/* ---- Memory: objects of each size from 8 to 8192, a step of about a fifth ---- */

#define MEMORY_PER_SIZE (1024UL * 1024)

static inline size_t workload_next_size(size_t size)
{
	return size + (size < 40 ? 8 : (size / 5 + 7) / 8 * 8);
}

/* Asks for MEMORY_PER_SIZE of each size and writes to it. The objects hang in one another; returns the last. */
static inline void **workload_hold(size_t *asked)
{
	void **last = NULL;
	size_t size, sum;

	for (size = 8; size <= 8192; size = workload_next_size(size)) {
		for (sum = 0; sum < MEMORY_PER_SIZE; sum += size) {
			void **object = workload_alloc(size);

			__builtin_memset(object, 1, size);
			*object = last;
			last = object;
		}
		*asked += sum;
	}
	return last;
}

static inline void workload_let_go(void **last)
{
	while (last) {
		void **before = *last;

		workload_free(last);
		last = before;
	}
}
