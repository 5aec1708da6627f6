/* SPDX-License-Identifier: MIT */
/*
 * asm/descriptor.h - the bits of a translation table descriptor, and of the
 * registers that rule translation; for C and assembly alike.
 *
 * Arm ARM, D8.3 "Translation table descriptor formats". Stage 1, EL1&0, 4 KiB
 * granule, 48 bits:
 *
 *	63    55 54  53   51 50   48 47              12  11 10  9 8  7  6  5 4  2  1     0
 *	| soft  |UXN|PXN|DBM| 0     | output address   |nG|AF| SH |RO|EL0|NS|Attr|page|valid|
 */
#pragma once

#define DESC_VALID	0x1
#define DESC_PAGE	0x2 /* with VALID: a page at level 0, a table above it */
#define DESC_ATTR_SHIFT 2   /* index into MAIR_EL1: the memory type */
#define DESC_ATTR_MASK	0x1c
#define DESC_EL0	0x40 /* AP[1]: user may */
#define DESC_READ_ONLY	0x80 /* AP[2] */
#define DESC_SH_INNER	0x300
#define DESC_AF		0x400 /* accessed: without it the first access faults */
#define DESC_NOT_GLOBAL 0x800
#define DESC_PXN	0x0020000000000000 /* not executable in EL1 */
#define DESC_UXN	0x0040000000000000 /* not executable in EL0 */
#define DESC_PHYS_MASK	0x0000fffffffff000

/* What the pages of the image have in common, and the three kinds of them. */
#define DESC_KERNEL    (DESC_VALID | DESC_PAGE | DESC_SH_INNER | DESC_AF | DESC_UXN)
#define DESC_KERNEL_RX (DESC_KERNEL | DESC_READ_ONLY)
#define DESC_KERNEL_RO (DESC_KERNEL | DESC_READ_ONLY | DESC_PXN)
#define DESC_KERNEL_RW (DESC_KERNEL | DESC_PXN)

/* MAIR_EL1, one byte a type in the order of PROT_RAM, PROT_WC, PROT_WT, PROT_DEVICE. */
#define MAIR_VALUE 0x04bb44ff /* Device-nGnRE, write-through, non-cacheable, write-back */

/* TCR_EL1: both halves 48 bits, walks through the write-back cache, inner shareable, 4 KiB. */
#define TCR_VALUE     0xb5103510
#define TCR_EPD0      0x80 /* no walks for the lower half: everything there faults */
#define TCR_IPS_SHIFT 32
#define PARANGE_48    5 /* ID_AA64MMFR0_EL1.PARange: 48 bits; more needs another format */

/* SCTLR_EL1: the bits that are one where a feature is missing; then what we turn on. */
#define SCTLR_RES1  0x30d00800
#define SCTLR_M	    0x1	     /* MMU */
#define SCTLR_C	    0x4	     /* data cache */
#define SCTLR_SA    0x8	     /* stack pointer must be 16-byte aligned when used */
#define SCTLR_I	    0x1000   /* instruction cache */
#define SCTLR_WXN   0x80000  /* what may be written is never executed, whatever the leaf says */
#define SCTLR_SPAN  0x800000 /* clear: an exception sets PAN */
#define SCTLR_VALUE (SCTLR_RES1 | SCTLR_M | SCTLR_C | SCTLR_SA | SCTLR_I | SCTLR_WXN)
