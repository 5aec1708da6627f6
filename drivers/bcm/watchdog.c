/* SPDX-License-Identifier: MIT */
/*
 * watchdog.c - the only way to restart a Raspberry Pi: let its watchdog run out.
 *
 * After a reset the firmware looks at which partition it is to boot from, kept in six spread bits of
 * a status register. Number 63 stands for none: it halts, which is as far off as a Pi goes.
 *
 * LINUX	drivers/watchdog/bcm2835_wdt.c
 */
#include <drivers/board.h>

#include <arch/memory.h>
#include <arch/mmio.h>
#include <lib/init.h>
#include <lib/power.h>
#include <mm/fixmap.h>

enum { REG_CONTROL = 0x1c, REG_STATUS = 0x20, REG_TIMEOUT = 0x24 };

#define PASSWORD	   0x5a000000U /* in the upper byte of whatever is written */
#define CONTROL_MASK	   0x30U
#define CONTROL_FULL_RESET 0x20U
#define STATUS_HALT	   0x555U /* partition 63 */
#define TIMEOUT_TICKS	   10U	  /* of 15 us */

static uintptr_t registers;

static void restart(void)
{
	uint32_t control = mmio_read32(registers + REG_CONTROL) & 0x00ffffffU;

	mmio_write32(registers + REG_TIMEOUT, PASSWORD | TIMEOUT_TICKS);
	mmio_write32(registers + REG_CONTROL,
		     PASSWORD | (control & ~CONTROL_MASK) | CONTROL_FULL_RESET);
}

static void off(void)
{
	uint32_t status = mmio_read32(registers + REG_STATUS) & 0x00ffffffU;

	mmio_write32(registers + REG_STATUS, PASSWORD | status | STATUS_HALT);
	restart();
}

__init void watchdog_init(phys_addr_t pa)
{
	if (pa == 0 || pa >= arch_phys_end() || (pa & ~PAGE_MASK) > PAGE_SIZE - 0x28)
		return;
	set_fixmap(FIX_WATCHDOG, pa & PAGE_MASK, PROT_KERNEL_DEVICE);
	registers = fix_to_virt(FIX_WATCHDOG) + (pa & ~PAGE_MASK);
	power_register(off, restart);
}
