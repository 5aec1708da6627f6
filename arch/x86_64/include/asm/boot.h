/* SPDX-License-Identifier: MIT */
/*
 * asm/boot.h - what the entry code in start.S leaves to C, and the numbers both must agree on.
 */
#pragma once

#define LOADER_PVH	  1
#define LOADER_MULTIBOOT2 2

#define BOOT_PAGE_TABLES 5 /* 2 MiB each: 8 MiB of image from physical 1 MiB */

#ifndef __ASSEMBLER__
#include <stdint.h>

#include <arch/pgtable.h>

/* The page tables; the picture stands in start.S. */
extern pte_t boot_root[PT_ENTRIES], boot_pdpt[PT_ENTRIES], boot_directory[PT_ENTRIES];
extern pte_t boot_root5[PT_ENTRIES];
extern pte_t boot_page_tables[BOOT_PAGE_TABLES][PT_ENTRIES];

/* Written by the 32-bit code. The loader has zeroed .bss, as the ELF header asks; we do not do it again. */
extern uint64_t boot_cycles;
extern uint32_t boot_loader, boot_info_pa;

/* The first C function: the picture of start.S is in place, no IDT yet. */
_Noreturn void x86_start(void);
#endif
