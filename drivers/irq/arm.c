/* SPDX-License-Identifier: MIT */
/*
 * arm.c - which controller an aarch64 machine has, and what the two versions of the GIC share.
 */
#include "arm.h"

#include <arch/layout.h>
#include <arch/memory.h>
#include <arch/mmio.h>
#include <lib/init.h>
#include <lib/irq.h>
#include <lib/printk.h>
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

/* Registers are whole pages, where the CPU can reach them, and not where the kernel would write over its own memory. */
static __init bool plausible(const struct boot_info *boot, phys_addr_t pa, phys_addr_t size)
{
	if (IS_ALIGNED(pa, PAGE_SIZE) && pa < arch_phys_end() && size <= arch_phys_end() - pa &&
	    !boot_info_is_usable(boot, pa, pa + max(size, (phys_addr_t)PAGE_SIZE)))
		return true;
	pr_warn("irq: no interrupt controller can have its registers at %#llx",
		(unsigned long long)pa);
	return false;
}

static __init bool all_plausible(const struct boot_info *boot)
{
	const struct boot_interrupts *found = &boot->interrupts;

	if (!plausible(boot, found->distributor, found->distributor_size))
		return false;
	if (found->type == INTERRUPTS_GIC_V2)
		return plausible(boot, found->cpu_interface, found->cpu_interface_size);
	return found->type != INTERRUPTS_GIC_V3 ||
	       plausible(boot, found->redistributor, found->redistributor_size);
}

__init bool controller_init(const struct boot_info *boot)
{
	if (boot->interrupts.type == INTERRUPTS_UNKNOWN || !all_plausible(boot))
		return false;
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
