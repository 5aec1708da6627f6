/* SPDX-License-Identifier: MIT */
/*
 * arch/memory.h - limits of physical memory, and what moves whole pages.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <lib/types.h>

/* First address that ISA-like DMA (GFP_DMA) cannot reach: 16 MiB on x86, 4 GiB on QEMU's virt. */
phys_addr_t arch_dma_end(void);

/* First address that 32-bit DMA (GFP_DMA32) cannot reach; not below arch_dma_end(). */
phys_addr_t arch_dma32_end(void);

/* First physical address that the CPU cannot form (MAXPHYADDR, PARange). */
phys_addr_t arch_phys_end(void);

/* First physical address that has no place in the direct map; not above arch_phys_end(). */
phys_addr_t arch_direct_map_end(void);

/* Does the platform keep [0, 1 MiB) for firmware and adapters (x86)? Then no RAM there is used. */
bool arch_low_megabyte_reserved(void);

/* The physical address of something in the kernel image, and back. CHECKs the range. Any time, any context. */
phys_addr_t arch_image_to_phys(const void *address);
void *arch_image_from_phys(phys_addr_t pa);

/* One page, page aligned, in kernel address space. */
static inline void arch_page_clear(void *page);
static inline void arch_page_copy(void *to, const void *from);

#include <asm/memory.h>
