/* SPDX-License-Identifier: MIT */
/*
 * machine.h - a machine model: what a board is, as data.
 */
#pragma once

#include <lib/firmware/boot_info.h>

#define MACHINE_MAX_RANGES 40

struct machine_range {
	phys_addr_t start, size;
	enum memory_type
		type; /* what the firmware says; every type but MEMORY_NONE has memory behind it */
	uint32_t firmware_type;
};

struct machine {
	const char *name;
	const char *story; /* one line for --list */
	struct machine_range
		range[MACHINE_MAX_RANGES]; /* in the firmware's order; size 0 ends the list */
	struct machine_range no_map;	   /* memory that must not be mapped; size 0: none */
	struct boot_node_range node[8];	   /* end 0 ends the list */
	phys_addr_t image;		   /* where the loader puts the kernel */
	phys_addr_t dma_end, dma32_end;
	bool low_megabyte_reserved;
	unsigned int nr_cpus;
	int cpu_domain[4]; /* the firmware's number of each CPU's node, 0: it does not say */
};

/* NULL when there is no such machine; NULL as the name is the first one. */
const struct machine *machine_find(const char *name);
const struct machine *machine_next(const struct machine *machine);

/* The machine that runs, set once. */
extern const struct machine *machine;

/* First physical address above everything. */
phys_addr_t machine_memory_end(const struct machine *model);

/* How much of [pa, pa+size) from `pa` on has memory behind it, or, when *present is false, has not. */
phys_addr_t machine_memory_span(phys_addr_t pa, phys_addr_t size, bool *present);
