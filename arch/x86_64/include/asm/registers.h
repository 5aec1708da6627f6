/* SPDX-License-Identifier: MIT */
/*
 * asm/registers.h - bits of the control registers, MSRs and descriptors, for assembler and C.
 *
 * Source: Intel SDM volume 3, 2.5 (control registers), 4.5 (page-table entries),
 * 4.6 (access rights), 12.12 (PAT); AMD64 manual volume 2 names them alike.
 */
#pragma once

#define CR0_PE 0x00000001 /* protected mode */
#define CR0_MP 0x00000002
#define CR0_ET 0x00000010
#define CR0_NE 0x00000020
#define CR0_WP 0x00010000 /* read-only pages bind the kernel too */
#define CR0_PG 0x80000000

/* All of CR0, so that nothing of the loader's (caching off, emulation on) survives. */
#define CR0_KERNEL (CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_MP | CR0_PE)

#define CR4_PAE	 0x00000020
#define CR4_PGE	 0x00000080 /* leaves with PTE_GLOBAL survive a load of CR3 */
#define CR4_UMIP 0x00000800 /* user mode cannot read where the GDT and IDT lie */
#define CR4_LA57 0x00001000 /* five levels; fixed while paging is on */
#define CR4_SMEP 0x00100000 /* the kernel does not run user pages */
#define CR4_SMAP 0x00200000 /* the kernel does not touch user pages unless EFLAGS.AC is set */

#define MSR_PAT	    0x277
#define MSR_EFER    0xc0000080
#define MSR_GS_BASE 0xc0000101
#define EFER_LME    0x100
#define EFER_NXE    0x800

#define EFLAGS_IF 0x200

/* A page-table entry. Bit 63, no-execute, is given as bit 31 of the upper word for 32-bit code. */
#define PTE_PRESENT  0x001
#define PTE_WRITE    0x002
#define PTE_USER     0x004
#define PTE_PWT	     0x008
#define PTE_PCD	     0x010
#define PTE_ACCESSED 0x020
#define PTE_DIRTY    0x040
#define PTE_LARGE    0x080
#define PTE_GLOBAL   0x100
#define PTE_NX_HIGH  0x80000000

/* Selectors of the kernel's GDT. */
#define KERNEL_CS 0x08
#define KERNEL_DS 0x10
#define TSS_SEL	  0x18
