/* SPDX-License-Identifier: MIT */
/*
 * mm/early_ioremap.h - borrowed views of physical memory before ioremap exists.
 *
 * Up to 8 at once, 256 KiB each, out of fixmap slots. Boot CPU only. (Linux: mm/early_ioremap.c)
 */
#pragma once

#include <lib/types.h>

/* Firmware tables: cached. NULL when size is 0, wraps, is too large or no slot is free. The offset in the page is kept. */
const void *early_memremap(phys_addr_t pa, size_t size);

/* Registers: PROT_DEVICE. */
void *early_ioremap(phys_addr_t pa, size_t size);

/* Needs the pointer that was given; anything else is reported. */
void early_iounmap(const void *address, size_t size);
#define early_memunmap early_iounmap

/* Ends the service: lists what is still open, with its size and address; returns how many. Later calls give NULL. */
unsigned int early_ioremap_close(void);
