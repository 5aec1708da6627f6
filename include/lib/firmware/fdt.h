/* SPDX-License-Identifier: MIT */
/*
 * firmware/fdt.h - the flattened device tree, read in place.
 *
 * Source: Devicetree Specification 0.4, chapter 5 (format), 3 (memory, chosen, cpus, reserved-memory).
 * Each call takes (bytes, size), reads nothing outside, recurses nowhere and allocates nothing.
 */
#pragma once

#include <lib/firmware/boot_info.h>

#define FDT_HEADER_SIZE 40
#define FDT_MAX_SIZE	(2 * MiB)
#define FDT_MAX_DEPTH	16 /* nodes deeper than that are walked over, not read */

/* totalsize of the blob whose header this is, or -EINVAL when it is none that we can read. Needs FDT_HEADER_SIZE bytes. */
long fdt_total_size(const void *header, size_t size);

/*
 * Everything boot needs: memory and its sizes, /memreserve/, /reserved-memory, chosen (bootargs, initrd, stdout-path,
 * rng-seed is left to the caller), cpus, psci. 0 or -EINVAL with nothing of `info` changed. What is wrong
 * in one node costs that node only: a message, info->dropped, and a reservation errs on the safe side.
 */
int fdt_parse(const void *bytes, size_t size, struct boot_info *info);

/* The raw property `name` of the node at absolute `path`; NULL when there is none. *length in bytes. */
const void *fdt_property(const void *bytes, size_t size, const char *path, const char *name,
			 size_t *length);
