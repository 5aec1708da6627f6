/* SPDX-License-Identifier: MIT */
/*
 * power.c - how this machine ends.
 *
 * First a debugger that listens (QEMU's -semihosting) is told the status. Where
 * none does the firmware turns the machine off: PSCI, called with smc when we
 * were entered in EL2, because the firmware then sits in EL3, and with hvc when
 * in EL1. Where there is no PSCI either the CPU sleeps for ever.
 */
#include <arch/cpu.h>

#include <asm/boot.h>

#define SYS_EXIT_EXTENDED	     0x20
#define ADP_STOPPED_APPLICATION_EXIT 0x20026
#define PSCI_SYSTEM_OFF		     0x84000008
#define PSCI_SYSTEM_RESET	     0x84000009

/* firmware_calls.S; each answers -1 where nobody listens */
long semihosting_call(uint32_t operation, const void *argument);
long psci_call_hvc(uint64_t function);
long psci_call_smc(uint64_t function);

static bool entered_in_el2;

void power_set_entry_level(unsigned int level)
{
	entered_in_el2 = level == 2;
}

static void psci_call(uint64_t function)
{
	if (entered_in_el2)
		psci_call_smc(function);
	else
		psci_call_hvc(function);
}

static _Noreturn void sleep_for_ever(void)
{
	arch_irq_save();
	for (;;)
		arch_wait_for_interrupt();
}

void arch_halt(enum halt_status status)
{
	const uint64_t block[2] = {ADP_STOPPED_APPLICATION_EXIT, status};

	arch_irq_save();
	semihosting_call(SYS_EXIT_EXTENDED, block);
	psci_call(PSCI_SYSTEM_OFF);
	sleep_for_ever();
}

void arch_reboot(void)
{
	arch_irq_save();
	psci_call(PSCI_SYSTEM_RESET);
	sleep_for_ever();
}
