/* SPDX-License-Identifier: MIT */
/*
 * lib/stack_depot.h - call stacks, each kept once, named by a handle of 32 bits.
 *
 * Who remembers "who allocated this" for a million objects meets the same few hundred stacks again and again. They
 * are kept here once; an object keeps the handle. A stack stays until the depot is closed. (Linux: include/linux/stackdepot.h)
 *
 *	handle = stack_depot_save_current(1);
 *	stack_depot_snprint(handle, text, sizeof(text));
 */
#pragma once

#include <lib/types.h>

typedef uint32_t depot_stack_handle_t; /* 0: no stack is known */

#define STACK_DEPOT_DEPTH 16 /* the innermost return addresses of a stack that are kept */

/* A size that holds some 2,000 different stacks. */
#define STACK_DEPOT_SIZE (256 * KiB)

/*
 * Give the depot its memory, of at least 1 KiB, at an address that is a multiple of 8; an eighth becomes the table. Until then, and
 * when it is full, saving gives 0. Nobody saves meanwhile. A depot that is open is a CHECK.
 */
void stack_depot_open(void *memory, size_t size);

/* Take the memory back (NULL: it had none). All handles are void; nobody saves or looks meanwhile. */
void *stack_depot_close(void);
bool stack_depot_is_open(void);

/*
 * Keep a stack of `nr` return addresses, innermost first, at most STACK_DEPOT_DEPTH of them. The same stack gives the same handle (two CPUs that
 * save a new one at the same moment may each get one). 0: no room, counted. Any context; takes no lock.
 */
depot_stack_handle_t stack_depot_save(const uintptr_t *entries, unsigned int nr);

/* The caller's own stack, without its `skip` innermost functions: 0 begins with the place of this call. */
depot_stack_handle_t stack_depot_save_current(unsigned int skip);

/* How many addresses, and where they stand until the depot is closed; 0 and NULL for a handle that names no stack. */
unsigned int stack_depot_fetch(depot_stack_handle_t handle, const uintptr_t **entries);

/* "f+0x1c <- g+0x20 <- ...", or "unknown"; the length as of scnprintf(). */
int stack_depot_snprint(depot_stack_handle_t handle, char *text, size_t size);

/* As a line of the open report: "freed   by f+0x1c <- g+0x20". (lib/report.h) */
void stack_depot_print(const char *label, depot_stack_handle_t handle);

struct stack_depot_stats {
	size_t size, used; /* bytes of the pool */
	unsigned long nr_stacks;
	unsigned long nr_lost; /* saves that found no room */
};
void stack_depot_get_stats(struct stack_depot_stats *stats);

/* Proves T1 to T3. Nobody saves meanwhile. */
bool stack_depot_check(void);
