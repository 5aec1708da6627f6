/* SPDX-License-Identifier: MIT */
/*
 * mm/early_ioremap.h - borrowed views of physical memory before ioremap exists.
 *
 * 12 slots of 256 KiB in the fixmap; a map takes as many neighbours as it needs, so one can be 2 MiB, as large as
 * a device tree may be. Boot CPU only. (Linux: mm/early_ioremap.c)
 */
#pragma once

#include <lib/types.h>

/*
 * Firmware tables: cached. NULL when size is 0, wraps, lies beyond what the CPU can address, is too large or no slots
 * are free. The offset in the page is kept. Read only.
 */
const void *early_memremap(phys_addr_t pa, size_t size);

/* Registers: PROT_DEVICE. */
void *early_ioremap(phys_addr_t pa, size_t size);

/* Needs the pointer and the size that were given; anything else is reported and changes nothing. NULL does nothing. */
void early_iounmap(const void *address, size_t size);
#define early_memunmap early_iounmap

/* Ends the service: lists what is still open, with its size and address; returns how many. Later calls give NULL. */
unsigned int early_ioremap_close(void);

/* For tests: the service as it was before its end. Nothing may be open. */
void early_ioremap_reopen(void);
