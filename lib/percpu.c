/* SPDX-License-Identifier: MIT */
/* percpu.c - each CPU's distance from the template; 0, the template itself, until mm gives it an area. */
#include <lib/init.h>
#include <lib/percpu.h>

uintptr_t per_cpu_offset[NR_CPUS] __ro_after_init;
