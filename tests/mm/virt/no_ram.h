/* SPDX-License-Identifier: MIT */
/*
 * no_ram.h - physical addresses for device mappings of tests.
 */
#pragma once

#include <lib/types.h>

/* 32 MiB, a multiple of 64 MiB below the CPU's limit, that no RAM, no firmware's range and no claim has. Nothing answers there. */
phys_addr_t no_ram(void);
