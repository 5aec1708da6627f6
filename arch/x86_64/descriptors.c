/* SPDX-License-Identifier: MIT */
/*
 * descriptors.c - the tables that the CPU itself reads: GDT, TSS, IDT.
 *
 * THE IDEA
 *	64-bit mode keeps of segmentation only what traps need: a code selector
 *	whose level is the kernel's, and a task state segment (TSS) that names
 *	stacks. The interrupt descriptor table says for each vector where to go
 *	and, through the TSS, on which stack: 0 stays on the current one, 1 to 7
 *	take an entry of the interrupt stack table (IST).
 *
 *	A double fault has its own stack, because its usual cause is that the
 *	current one ran over into its guard page: pushing the page fault's frame
 *	faults again. NMI and machine check come at any moment, even there. A
 *	page fault stays on the current stack: a handler on a fixed stack could not fault or wait.
 *
 * LINUX	arch/x86/kernel/idt.c, arch/x86/kernel/cpu/common.c: cpu_init_exception_handling().
 */
#include <asm/x86.h>

#include <arch/trap.h>
#include <asm/registers.h>
#include <asm/stacks.h>
#include <asm/trap_frame.h>
#include <lib/init.h>

#define VECTOR_NMI	     2
#define VECTOR_DOUBLE_FAULT  8
#define VECTOR_MACHINE_CHECK 18

#define GATE_INTERRUPT 0x8e /* present, level 0, interrupts off on entry */

struct tss {
	uint32_t reserved0;
	uint64_t rsp[3]; /* stacks for a change of level */
	uint64_t reserved1;
	uint64_t ist[7];
	uint64_t reserved2;
	uint16_t reserved3;
	uint16_t io_map_base; /* beyond the limit: user mode has no ports */
} __packed;

struct gate {
	uint16_t offset_low, selector;
	uint8_t ist, type;
	uint16_t offset_middle;
	uint32_t offset_high, reserved;
};

struct table_pointer {
	uint16_t limit;
	uint64_t base;
} __packed;

static_assert(sizeof(struct tss) == 104, "the CPU knows the layout of the TSS");
static_assert(sizeof(struct gate) == 16, "the CPU knows the layout of a gate");

static struct tss tss;
static struct gate idt[NR_VECTORS] __ro_after_init;
static uint64_t gdt[] = {
	[0] = 0,
	[KERNEL_CS / 8] = 0x00af9b000000ffff, /* 64-bit code, level 0 */
	[KERNEL_DS / 8] = 0x00cf93000000ffff, /* data, level 0 */
	[TSS_SEL / 8] = 0,		      /* 16 bytes, filled in by fill_tss() */
	[TSS_SEL / 8 + 1] = 0,
};

static __init void fill_tss(void)
{
	uintptr_t base = (uintptr_t)&tss;

	for (int stack = STACK_DOUBLE_FAULT; stack < NR_STACKS; stack++)
		tss.ist[stack - 1] = x86_stacks[stack].high;
	tss.io_map_base = sizeof(tss);

	/* Type 9: an available 64-bit TSS. Its address is scattered for the 286's sake. */
	gdt[TSS_SEL / 8] = (sizeof(tss) - 1) | (base & 0xffffff) << 16 | 0x89UL << 40 |
			   (base >> 24 & 0xff) << 56;
	gdt[TSS_SEL / 8 + 1] = base >> 32;
}

static __init uint8_t stack_of_vector(unsigned int vector)
{
	switch (vector) {
	case VECTOR_DOUBLE_FAULT:
		return STACK_DOUBLE_FAULT;
	case VECTOR_NMI:
		return STACK_NMI;
	case VECTOR_MACHINE_CHECK:
		return STACK_MACHINE_CHECK;
	default:
		return 0;
	}
}

static __init void fill_idt(void)
{
	for (unsigned int vector = 0; vector < NR_VECTORS; vector++) {
		uintptr_t entry = x86_trap_entries[vector];

		idt[vector] = (struct gate){
			.offset_low = (uint16_t)entry,
			.offset_middle = (uint16_t)(entry >> 16),
			.offset_high = (uint32_t)(entry >> 32),
			.selector = KERNEL_CS,
			.ist = stack_of_vector(vector),
			.type = GATE_INTERRUPT,
		};
	}
}

__init void x86_descriptors_init(void)
{
	struct table_pointer gdt_pointer = {sizeof(gdt) - 1, (uintptr_t)gdt};
	struct table_pointer idt_pointer = {sizeof(idt) - 1, (uintptr_t)idt};

	fill_tss();
	fill_idt();
	asm volatile("lgdt %0\n\t"
		     "pushq %1\n\t" /* a far return is the only way to load cs */
		     "leaq 1f(%%rip), %%rax\n\t"
		     "pushq %%rax\n\t"
		     "lretq\n"
		     "1:\tltr %w2\n\t"
		     "lidt %3"
		     :
		     : "m"(gdt_pointer), "i"(KERNEL_CS), "r"(TSS_SEL), "m"(idt_pointer)
		     : "rax", "memory");
}

/* As the CPU would find it: through the register, not through what we believe that it holds. */
uintptr_t arch_trap_vectors(void)
{
	struct table_pointer pointer;
	const struct gate *gate;

	asm volatile("sidt %0" : "=m"(pointer));
	gate = &((const struct gate *)pointer.base)[VECTOR_DOUBLE_FAULT];
	return (uintptr_t)gate->offset_high << 32 | (uintptr_t)gate->offset_middle << 16 |
	       gate->offset_low;
}
