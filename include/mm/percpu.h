/* SPDX-License-Identifier: MIT */
/*
 * mm/percpu.h - memory behind per-CPU variables.
 */
#pragma once

/* A copy of the static template for every possible CPU, from bootmem, on the CPU's node; this CPU moves to its own. */
void percpu_areas_init(unsigned int nr_cpus);

/* How many CPUs have an area. */
unsigned int nr_possible_cpus(void);
