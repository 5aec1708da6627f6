/* SPDX-License-Identifier: MIT */
/*
 * arm.c - which controller an aarch64 machine has, and what the two versions of the GIC share.
 */
#include "arm.h"

#include <arch/mmio.h>
#include <lib/irq.h>
#include <lib/string.h>
#include <drivers/irq.h>

unsigned int gic_find(const char *source)
{
	if (!strcmp(source, "timer"))
		return GIC_VIRTUAL_TIMER;
	return !strcmp(source, "self") ? GIC_SELF : IRQ_NONE;
}

void gic_quiet_bank(uintptr_t bank)
{
	mmio_write32(bank + GICD_ICENABLER, ~0U);
	for (unsigned int i = 0; i < GIC_FIRST_SHARED; i += 4)
		mmio_write32(bank + GICD_IPRIORITYR + i, GIC_PRIORITY * 0x01010101U);
}

bool controller_init(const struct boot_info *boot)
{
	switch (boot->interrupts.type) {
	case INTERRUPTS_GIC_V2:
		return gic_v2_init(boot);
	case INTERRUPTS_GIC_V3:
		return gic_v3_init(boot);
	case INTERRUPTS_BCM2836:
		return bcm2836_init(boot);
	default:
		return false;
	}
}
