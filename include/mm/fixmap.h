/* SPDX-License-Identifier: MIT */
/*
 * mm/fixmap.h - virtual addresses known when the kernel is compiled.
 *
 * Slot i lies i pages below the top of the region. Its tables are static, so it works
 * before any allocator. The ends of the region stay unmapped. (Linux: asm/fixmap.h)
 */
#pragma once

#include <arch/pgtable.h>
#include <config.h>
#include <lib/types.h>

/* early_ioremap's room: 3 MiB, for a device tree of 2 MiB that does not start on a page and three small maps beside it. */
#define EARLY_IOREMAP_SLOTS 12 /* a map takes as many neighbours as it needs */
#define EARLY_IOREMAP_PAGES 64 /* pages of a slot: 256 KiB */

/* Room at the region's lower end for one large device, behind 2 MiB that are never mapped. */
#define FIXMAP_FRAMEBUFFER_SIZE (64 * MiB)

enum fixed_addresses {
	FIX_HOLE,    /* never mapped: what runs off the top faults */
	FIX_CONSOLE, /* the UART, one page of Device memory */
	FIX_FW_CFG,  /* QEMU's configuration device, while it is asked */
	FIX_MAILBOX, /* a Raspberry Pi's, a page each */
	FIX_WATCHDOG,
	FIX_IRQ0, /* the interrupt controller's registers, a page each */
	FIX_IRQ_LAST = FIX_IRQ0 + 3,
	FIX_TABLE0, /* page tables being written, one slot a level */
	FIX_TABLE_LAST = FIX_TABLE0 + 4,
	FIX_KMAP0, /* a window onto high memory per CPU, for the page floor */
	FIX_KMAP_LAST = FIX_KMAP0 + NR_CPUS - 1,
	FIX_EARLY_IOREMAP_LAST,
	FIX_EARLY_IOREMAP0 = FIX_EARLY_IOREMAP_LAST + EARLY_IOREMAP_SLOTS * EARLY_IOREMAP_PAGES - 1,
	NR_FIXED_ADDRESSES,
};

/* Hangs the static tables into the kernel's root. First of all. */
void fixmap_init(void);

/* The address of a slot. An index that is a constant out of range does not link. */
void fixmap_index_out_of_range(void);
static inline uintptr_t fix_to_virt(enum fixed_addresses index)
{
	if (__builtin_constant_p(index) && index >= NR_FIXED_ADDRESSES)
		fixmap_index_out_of_range();
	return arch_region_base(REGION_FIXMAP) + arch_region_size(REGION_FIXMAP) -
	       ((uintptr_t)index + 1) * PAGE_SIZE;
}

/*
 * Point a slot at the page that `pa` lies in; a slot in use is replaced (break before make). Flushes on this CPU.
 * FIX_HOLE and an index out of range are a CHECK. Any context; a slot has one owner. (Linux: set_fixmap, clear_fixmap)
 */
void set_fixmap(enum fixed_addresses index, phys_addr_t pa, prot_t prot);
void clear_fixmap(enum fixed_addresses index);

/*
 * Map [pa, pa+size), the pixels of a screen, write-combining and for ever. Once, by the boot CPU; needs no allocator and may come
 * before one, so that a panic can be seen. NULL when it was done already or there is not room enough. The caller knows that nothing
 * else uses that memory.
 */
void *fixmap_map_framebuffer(phys_addr_t pa, size_t size);

/* What it has mapped, in whole pages; *size 0: nothing. */
uintptr_t fixmap_framebuffer(size_t *size);

/* A window onto any RAM page for this CPU, interrupts off between the two. Not nested. */
void *fixmap_window_open(phys_addr_t pa);
void fixmap_window_close(void);
