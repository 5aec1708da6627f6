/* SPDX-License-Identifier: MIT */
/*
 * power.c - how this machine ends.
 *
 * First a debugger that listens (QEMU's -semihosting) is told the status. Where
 * none does the firmware turns the machine off: PSCI, called as the device tree says and
 * only if it does. A call that nobody expects is no question but a jump into
 * what the firmware left in its vectors. Then a driver may know a way (a Raspberry Pi's
 * watchdog), and last the CPU sleeps for ever.
 */
#include <arch/cpu.h>

#include <asm/boot.h>
#include <lib/power.h>

#define SYS_EXIT_EXTENDED	     0x20
#define ADP_STOPPED_APPLICATION_EXIT 0x20026
#define PSCI_SYSTEM_OFF		     0x84000008
#define PSCI_SYSTEM_RESET	     0x84000009

/* firmware_calls.S; each answers -1 where nobody listens */
long semihosting_call(uint32_t operation, const void *argument);
long psci_call_hvc(uint64_t function);
long psci_call_smc(uint64_t function);

static void psci_call(uint64_t function)
{
	if (boot_info.psci == PSCI_SMC)
		psci_call_smc(function);
	else if (boot_info.psci == PSCI_HVC)
		psci_call_hvc(function);
}

static _Noreturn void sleep_for_ever(void)
{
	arch_irq_save();
	for (;;)
		asm volatile("wfi" : : : "memory"); /* interrupts stay off */
}

void arch_halt(enum halt_status status)
{
	const uint64_t block[2] = {ADP_STOPPED_APPLICATION_EXIT, status};

	arch_irq_save();
	semihosting_call(SYS_EXIT_EXTENDED, block);
	psci_call(PSCI_SYSTEM_OFF);
	power_driver_off();
	sleep_for_ever();
}

void arch_reboot(void)
{
	arch_irq_save();
	psci_call(PSCI_SYSTEM_RESET);
	power_driver_restart();
	sleep_for_ever();
}
