/* SPDX-License-Identifier: MIT */
/*
 * arm.h - the interrupt controllers that aarch64 machines have; each returns false when its registers cannot be used.
 */
#pragma once

#include <lib/firmware/boot_info.h>

bool gic_v2_init(const struct boot_info *boot);
bool gic_v3_init(const struct boot_info *boot);
bool bcm2836_init(const struct boot_info *boot);

/* Numbers of a GIC that its architecture gives away (Arm SBSA, 4.1.5; GIC architecture, 2.2.1). */
enum gic_number {
	GIC_SELF = 0,		/* a software generated interrupt */
	GIC_VIRTUAL_TIMER = 27, /* a private one of each CPU */
	GIC_FIRST_SHARED = 32,
	GIC_FIRST_SPECIAL = 1020, /* 1023: there is nothing to claim */
};

/* "timer" or "self". */
unsigned int gic_find(const char *source);

/* Registers of the distributor, and of a GICv3's redistributor, that both versions have. */
enum gic_register {
	GICD_CTLR = 0x000,
	GICD_IGROUPR = 0x080,
	GICD_ISENABLER = 0x100,
	GICD_ICENABLER = 0x180,
	GICD_IPRIORITYR = 0x400,
};
#define GIC_PRIORITY	  0xa0 /* of every interrupt: they do not interrupt each other */
#define GIC_PRIORITY_MASK 0xf0 /* what is more urgent than this comes through */

/* The first 32 numbers are this CPU's own: all off, of one priority. `bank` is where they lie. */
void gic_quiet_bank(uintptr_t bank);
