/* SPDX-License-Identifier: MIT */
/*
 * config.h - what a build can be told, in one place.
 *
 * The Makefile passes each CONFIG_ as 0 or 1 (never undefined, so that -Wundef
 * catches a misspelt name) and the code asks `if (CONFIG_X)`, so that every
 * branch always compiles. Capacities that are plain numbers stand here too.
 */
#pragma once

#ifndef CONFIG_DEBUG
#error "build through the Makefile: it passes every CONFIG_"
#endif

/* CONFIG_DEBUG     ASSERT, lock checks, corrupt=panic by default (PROFILE=debug and paranoid). */
/* CONFIG_PARANOID  ASSERT_SLOW, poisoning everywhere (PROFILE=paranoid). */
/* CONFIG_SLUB      the slabs are SLUB's (SLAB=slub), else SLAB's. */
/* CONFIG_TESTS     the self-tests are linked in (TESTS=1). */
/* CONFIG_HOSTED    a Linux process plays the machine (ARCH=hosted); only arch/ may ask. */

#define NR_CPUS	     64 /* logical CPUs that the static tables have room for */
#define MAX_NUMNODES 16 /* NUMA nodes; struct page has room for 64 */

#define COMMAND_LINE_SIZE 2048	/* bytes kept of the firmware's command line, NUL included */
#define LOG_BUFFER_SIZE	  16384 /* bytes of printk's ring, a power of two */
