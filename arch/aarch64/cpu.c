/* SPDX-License-Identifier: MIT */
/*
 * cpu.c - which CPU this is, what it protects, its counter and its entropy.
 */
#include <arch/cpu.h>

#include <arch/random.h>
#include <arch/smp.h>
#include <asm/boot.h>
#include <asm/descriptor.h>
#include <lib/errno.h>
#include <lib/init.h>
#include <lib/printf.h>

bool cpu_has_cycle_counter __ro_after_init;
static uint64_t boot_cycles __ro_after_init;
static bool has_pan __ro_after_init;
static uint64_t pinned_sctlr __ro_after_init; /* what cpu_init() left */

/* Arm's own, by the part number in MIDR_EL1; others are shown as numbers. */
static const struct {
	uint16_t part;
	const char *name;
} cpu_names[] = {
	{0xd03, "Cortex-A53"}, {0xd04, "Cortex-A35"}, {0xd05, "Cortex-A55"},  {0xd07, "Cortex-A57"},
	{0xd08, "Cortex-A72"}, {0xd0b, "Cortex-A76"}, {0xd0c, "Neoverse-N1"},
};

/* ID_AA64MMFR1_EL1.PAN: Privileged Access Never, from Armv8.1 on. */
static __init bool cpu_implements_pan(void)
{
	return sysreg_field(SYSREG_READ(id_aa64mmfr1_el1), 20) != 0;
}

/* ID_AA64ISAR0_EL1.RNDR: the random number registers of Armv8.5. */
static bool cpu_implements_rndr(void)
{
	return sysreg_field(SYSREG_READ(id_aa64isar0_el1), 60) != 0;
}

/* The kernel may not touch user memory by accident: now, and from each exception on. */
static __init void pan_enable(void)
{
	SYSREG_WRITE(sctlr_el1, SYSREG_READ(sctlr_el1) & ~(uint64_t)SCTLR_SPAN);
	isb();
	asm volatile(".inst 0xd500419f" : : : "memory"); /* msr pan, #1: Armv8.1 syntax */
}

__init void cpu_init(uint64_t cycles, bool has_cycle_counter)
{
	cpu_has_cycle_counter = has_cycle_counter;
	boot_cycles = cycles;
	has_pan = cpu_implements_pan();
	if (has_pan)
		pan_enable();
	pinned_sctlr = SYSREG_READ(sctlr_el1);
	asm volatile("msr daifclr, #12" : : : "memory"); /* SError and debug exceptions may come */
}

/* Where the CPU has it, PSTATE.PAN: Armv8.1 syntax. */
static bool pan_is_on(void)
{
	uint64_t pan;

	asm volatile("mrs %0, s3_0_c4_c2_3" : "=r"(pan));
	return pan != 0;
}

const char *arch_protection_lost(void)
{
	uint64_t sctlr = SYSREG_READ(sctlr_el1);

	if (!(sctlr & SCTLR_WXN))
		return "SCTLR_EL1.WXN: what may be written is not executed";
	if ((sctlr & pinned_sctlr) != pinned_sctlr)
		return "a bit of SCTLR_EL1 that the boot set";
	if (!(SYSREG_READ(tcr_el1) & TCR_EPD0) || SYSREG_READ(ttbr0_el1) != 0)
		return "TCR_EL1.EPD0: nothing is mapped in the lower half";
	if (has_pan && (sctlr & SCTLR_SPAN || !pan_is_on()))
		return "PSTATE.PAN: the kernel touches no user pages";
	return SYSREG_READ(mair_el1) == MAIR_VALUE ? NULL : "MAIR_EL1: what memory types mean";
}

uint64_t arch_boot_cycles(void)
{
	return boot_cycles;
}

/* A name, or NULL; implementer 0x41 is Arm. */
static const char *cpu_name(uint64_t midr)
{
	if ((midr >> 24 & 0xff) != 0x41)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(cpu_names); i++)
		if ((midr >> 4 & 0xfff) == cpu_names[i].part)
			return cpu_names[i].name;
	return NULL;
}

const char *arch_cpu_features(void)
{
	static char text[80];
	uint64_t midr = SYSREG_READ(midr_el1);
	const char *name = cpu_name(midr);
	int length;

	if (name)
		length = scnprintf(text, sizeof(text), "%s", name);
	else
		length = scnprintf(text, sizeof(text), "MIDR %08x", (unsigned int)midr);
	scnprintf(text + length, sizeof(text) - length, ": PXN UXN WXN SA%s%s",
		  has_pan ? " PAN" : "", cpu_implements_rndr() ? " RNDR" : "");
	return text;
}

/* RNDR sets the Z flag when it has no number; then, and where it is missing, the counters must do. */
static bool rndr_read(uint64_t *value)
{
	uint64_t number;
	unsigned int failed;

	asm volatile("mrs %0, s3_3_c2_c4_0\n\t" /* RNDR: Armv8.5 syntax */
		     "cset %w1, eq"
		     : "=r"(number), "=r"(failed)
		     :
		     : "cc");
	*value = number;
	return failed == 0;
}

uint64_t arch_random_seed(void)
{
	uint64_t value;

	if (cpu_implements_rndr())
		for (int attempt = 0; attempt < 10; attempt++)
			if (rndr_read(&value))
				return value;
	return SYSREG_READ(cntvct_el0) << 32 ^ arch_cycles();
}

/* The others stay where the firmware left them. */
__init int arch_cpu_start(unsigned int cpu)
{
	(void)cpu;
	return -ENODEV;
}
