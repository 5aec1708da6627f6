/* SPDX-License-Identifier: MIT */
/*
 * cpu.c - what this CPU can do, the protections that follow, and its end.
 *
 * THE IDEA
 *	start.S has refused CPUs without long mode or NX and has set CR0.WP, so
 *	those are facts. The rest is used where CPUID reports it:
 *
 *	SMEP	the kernel faults when it executes a user page
 *	SMAP	... when it reads or writes one outside of a uaccess function
 *	UMIP	user mode cannot ask where the GDT, IDT and TSS lie
 *	PGE	the kernel's leaves survive a switch of address space
 *	1 GiB	leaves one level higher for the direct map
 *
 *	Memory types: a leaf names one of 8 entries of the page attribute table
 *	by three bits. We fill the table so that two of them suffice and are the
 *	number of arch/pgtable.h's type. Entries 0 (write-back) and 3 (uncached)
 *	are what they are at reset, so that nothing changes for mappings in use.
 *
 * LINUX	arch/x86/kernel/cpu/common.c, arch/x86/mm/pat/memtype.c, arch/x86/kernel/reboot.c.
 */
#include <arch/cpu.h>

#include <arch/mmio.h>
#include <arch/pgtable.h>
#include <arch/random.h>
#include <arch/smp.h>
#include <asm/x86.h>
#include <lib/errno.h>
#include <lib/init.h>
#include <lib/string.h>

#define LEAF1_ECX_RDRAND     (1U << 30)
#define LEAF7_EBX_SMEP	     (1U << 7)
#define LEAF7_EBX_SMAP	     (1U << 20)
#define LEAF7_ECX_UMIP	     (1U << 2)
#define EXTENDED_EDX_1G_LEAF (1U << 26)

#define LEAF_MAX	   0x00000000
#define LEAF_FEATURES	   0x00000007
#define LEAF_EXTENDED_MAX  0x80000000
#define LEAF_EXTENDED	   0x80000001
#define LEAF_NAME	   0x80000002 /* to ...4: 48 characters */
#define LEAF_ADDRESS_SIZES 0x80000008

/* From entry 0, the low byte: 6 write-back, 1 write-combining, 4 write-through, 0 uncached; twice. */
#define PAT_TYPES 0x0004010600040106

#define EXIT_PORT	0xf4 /* QEMU's isa-debug-exit */
#define KEYBOARD_PORT	0x64
#define KEYBOARD_BUSY	0x02
#define KEYBOARD_RESET	0xfe
#define PIC_MASTER_MASK 0x21
#define PIC_SLAVE_MASK	0xa1

static_assert(PROT_WC >> PROT_TYPE_SHIFT == 1 && PROT_WT >> PROT_TYPE_SHIFT == 2 &&
		      PROT_DEVICE >> PROT_TYPE_SHIFT == 3,
	      "the PAT is filled in the order of the memory types");

__section("percpu") unsigned int x86_cpu_id;
__section("percpu") uintptr_t x86_percpu_offset;

unsigned int x86_max_leaf_level __ro_after_init = 1;
static unsigned long pinned_cr4 __ro_after_init; /* what protect() left */
static unsigned int phys_bits __ro_after_init = 36;
static char features[112] __ro_after_init;

static __init void add_feature(const char *text)
{
	size_t length = strlen(features);

	strscpy(features + length, text, sizeof(features) - length);
}

/* "QEMU Virtual CPU version 2.5+" out of three CPUID leaves, blanks at the ends dropped. */
static __init void name_cpu(uint32_t last_leaf)
{
	union {
		struct x86_cpuid leaf[3];
		char text[sizeof(struct x86_cpuid) * 3 + 1];
	} name = {0};
	const char *start = name.text;
	size_t length;

	for (unsigned int i = 0; i < 3 && LEAF_NAME + i <= last_leaf; i++)
		name.leaf[i] = x86_cpuid(LEAF_NAME + i, 0);
	while (*start == ' ')
		start++;
	length = strlen(start);
	while (length > 0 && start[length - 1] == ' ')
		length--;
	name.text[start - name.text + length] = '\0';
	add_feature(length > 0 ? start : "unnamed CPU");
	add_feature(":");
}

static __init void find_limits(void)
{
	uint32_t last_leaf = x86_cpuid(LEAF_EXTENDED_MAX, 0).eax;

	name_cpu(last_leaf);
	if (last_leaf >= LEAF_ADDRESS_SIZES)
		phys_bits = x86_cpuid(LEAF_ADDRESS_SIZES, 0).eax & 0xff;
	if (x86_cpuid(LEAF_EXTENDED, 0).edx & EXTENDED_EDX_1G_LEAF)
		x86_max_leaf_level = 2;
}

static __init void protect(void)
{
	unsigned long cr4 = x86_read_cr4() | CR4_PGE;
	struct x86_cpuid leaf = {0};

	add_feature(" NX WP PGE");
	if (x86_cpuid(LEAF_MAX, 0).eax >= LEAF_FEATURES)
		leaf = x86_cpuid(LEAF_FEATURES, 0);
	if (leaf.ebx & LEAF7_EBX_SMEP) {
		cr4 |= CR4_SMEP;
		add_feature(" SMEP");
	}
	if (leaf.ebx & LEAF7_EBX_SMAP) {
		cr4 |= CR4_SMAP;
		add_feature(" SMAP");
	}
	if (leaf.ecx & LEAF7_ECX_UMIP) {
		cr4 |= CR4_UMIP;
		add_feature(" UMIP");
	}
	x86_write_cr4(cr4);
	pinned_cr4 = cr4;
}

/*
 * The firmware may have left the timer's interrupt on, at a vector that is the
 * double fault's in protected mode.
 */
static __init void silence_legacy_interrupts(void)
{
	arch_port_write8(PIC_MASTER_MASK, 0xff);
	arch_port_write8(PIC_SLAVE_MASK, 0xff);
}

__init void x86_cpu_init(void)
{
	silence_legacy_interrupts();
	x86_write_msr(MSR_PAT, PAT_TYPES);
	find_limits();
	protect();
	if (x86_pt_levels == 5)
		add_feature(" LA57");
	if (x86_max_leaf_level == 2)
		add_feature(" 1GiB-leaves");
}

static unsigned long read_cr0(void)
{
	unsigned long value;

	asm volatile("movq %%cr0, %0" : "=r"(value));
	return value;
}

/* (Linux: cr4_pinned_bits) */
const char *arch_protection_lost(void)
{
	unsigned long lost = pinned_cr4 & ~x86_read_cr4();

	if (!(read_cr0() & CR0_WP))
		return "CR0.WP: read-only pages bind the kernel";
	if (!(x86_read_msr(MSR_EFER) & EFER_NXE))
		return "EFER.NXE: data is not executable";
	if (lost & CR4_SMEP)
		return "CR4.SMEP: the kernel runs no user pages";
	if (lost & CR4_SMAP)
		return "CR4.SMAP: the kernel touches no user pages";
	if (lost & CR4_UMIP)
		return "CR4.UMIP: users do not read the tables' addresses";
	if (lost)
		return "a bit of CR4 that the boot set";
	return x86_read_msr(MSR_PAT) == PAT_TYPES ? NULL : "PAT: what memory types mean";
}

unsigned int x86_phys_bits(void)
{
	return phys_bits;
}

const char *arch_cpu_features(void)
{
	return features;
}

static _Noreturn void stop(void)
{
	for (;;)
		asm volatile("cli\n\thlt");
}

void arch_halt(enum halt_status status)
{
	arch_port_write8(EXIT_PORT, (uint8_t)status);
	stop();
}

/* The keyboard controller's pulse on the reset line; where there is none, a trap without an IDT. */
void arch_reboot(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __packed no_idt = {0, 0};

	arch_irq_save();
	for (unsigned int tries = 0; tries < 0x10000; tries++)
		if (!(arch_port_read8(KEYBOARD_PORT) & KEYBOARD_BUSY))
			break;
	arch_port_write8(KEYBOARD_PORT, KEYBOARD_RESET);
	for (unsigned int wait = 0; wait < 0x10000; wait++)
		arch_cpu_relax();

	asm volatile("lidt %0\n\tint3" : : "m"(no_idt));
	stop();
}

/* RDRAND may be empty for a moment; the manual promises that ten tries suffice. */
static bool hardware_random(uint64_t *value)
{
	bool filled = false;

	if (!(x86_cpuid(1, 0).ecx & LEAF1_ECX_RDRAND))
		return false;
	for (unsigned int tries = 0; tries < 10 && !filled; tries++)
		asm volatile("rdrand %0" : "=r"(*value), "=@ccc"(filled));
	return filled;
}

uint64_t arch_random_seed(void)
{
	uint64_t value;

	return hardware_random(&value) ? value : arch_cycles();
}

/* The others stay where the firmware left them. */
__init int arch_cpu_start(unsigned int cpu)
{
	(void)cpu;
	return -ENODEV;
}
