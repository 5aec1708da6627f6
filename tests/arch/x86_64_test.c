/* SPDX-License-Identifier: MIT */
/*
 * x86_64_test.c - what only an x86_64 can get wrong; arch_contract_test.c has what every port promises.
 */
#include <lib/ktest.h>

#include <arch/cpu.h>
#include <arch/pgtable.h>
#include <arch/stack.h>
#include <arch/trap.h>
#include <asm/stacks.h>
#include <asm/trap_frame.h>
#include <asm/x86.h>
#include <lib/clock.h>
#include <lib/sections.h>
#include <mm/pgtable.h>

#define LEAF_BITS (PTE_PRESENT | PTE_ACCESSED)

static uint64_t read_msr(uint32_t msr)
{
	uint32_t low, high;

	asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (uint64_t)high << 32 | low;
}

static unsigned long read_cr0(void)
{
	unsigned long value;

	asm volatile("movq %%cr0, %0" : "=r"(value));
	return value;
}

KTEST(x86_64, an_entry_has_the_bits_that_the_manual_names)
{
	EXPECT_EQ(arch_pte_leaf(0x5000, PROT_KERNEL_RX, 0).value, 0x5000 | LEAF_BITS | PTE_GLOBAL);
	EXPECT_EQ(arch_pte_leaf(0x5000, PROT_KERNEL_RW, 0).value,
		  0x5000 | LEAF_BITS | PTE_GLOBAL | PTE_WRITE | PTE_DIRTY | X86_PTE_NX);
	EXPECT_EQ(arch_pte_leaf(0x200000, PROT_KERNEL_RO, 1).value,
		  0x200000 | LEAF_BITS | PTE_GLOBAL | PTE_LARGE | X86_PTE_NX);
	EXPECT_EQ(arch_pte_leaf(0xfee00000, PROT_DEVICE | PROT_WRITE, 0).value,
		  0xfee00000 | LEAF_BITS | PTE_WRITE | PTE_DIRTY | PTE_PCD | PTE_PWT | X86_PTE_NX);
}

/* Type n is entry n of the PAT, reached by PCD and PWT alone: 6 WB, 1 WC, 4 WT, 0 UC. */
KTEST(x86_64, the_attribute_table_is_in_the_order_of_the_memory_types)
{
	EXPECT_EQ(read_msr(MSR_PAT), 0x0004010600040106);
	EXPECT_EQ(arch_pte_leaf(0, PROT_WC, 0).value & (PTE_PCD | PTE_PWT), PTE_PWT);
	EXPECT_EQ(arch_pte_leaf(0, PROT_WT, 0).value & (PTE_PCD | PTE_PWT), PTE_PCD);
}

KTEST(x86_64, every_protection_that_the_cpu_has_is_on)
{
	struct x86_cpuid leaf = {0};
	unsigned long cr4 = x86_read_cr4();

	if (x86_cpuid(0, 0).eax >= 7)
		leaf = x86_cpuid(7, 0);
	EXPECT_TRUE(read_cr0() & CR0_WP);
	EXPECT_TRUE(read_msr(MSR_EFER) & EFER_NXE);
	EXPECT_TRUE(cr4 & CR4_PGE);
	EXPECT_EQ((cr4 & CR4_SMEP) != 0, leaf.ebx >> 7 & 1);
	EXPECT_EQ((cr4 & CR4_SMAP) != 0, leaf.ebx >> 20 & 1);
	EXPECT_EQ((cr4 & CR4_UMIP) != 0, leaf.ecx >> 2 & 1);
	EXPECT_EQ(strstr(arch_cpu_features(), " SMEP") != NULL, leaf.ebx >> 7 & 1);
}

KTEST(x86_64, below_each_stack_lies_a_page_that_is_not_mapped)
{
	struct pt_entry entry;

	for (int i = 0; i < NR_STACKS; i++) {
		EXPECT_FALSE(pgtable_query(x86_stacks[i].low - PAGE_SIZE, &entry));
		EXPECT_TRUE(x86_in_guard_page(x86_stacks[i].low - 1));
		EXPECT_FALSE(x86_in_guard_page(x86_stacks[i].low));
		for (uintptr_t va = x86_stacks[i].low; va < x86_stacks[i].high; va += PAGE_SIZE)
			EXPECT_TRUE(pgtable_query(va, &entry) && entry.prot == PROT_KERNEL_RW);
	}
}

KTEST(x86_64, nothing_is_left_of_the_low_view_and_of_the_boot_code)
{
	struct pt_entry entry;

	EXPECT_EQ(arch_kernel_root()[0].value, 0);
	for (uintptr_t va = (uintptr_t)image_start; va < (uintptr_t)text_start; va += PAGE_SIZE)
		EXPECT_FALSE(pgtable_query(va, &entry));
}

static struct trap_info decoded(uint64_t vector, uint64_t error_code, uint64_t cr2)
{
	struct trap_frame frame = {.vector = vector, .error_code = error_code, .cr2 = cr2};
	struct trap_info info;

	arch_trap_decode(&frame, &info);
	return info;
}

KTEST(x86_64, a_page_faults_error_code_says_what_was_tried)
{
	struct trap_info info = decoded(14, 0, 0x1000);

	EXPECT_EQ(info.kind, TRAP_PAGE_FAULT);
	EXPECT_TRUE(info.has_address && info.address == 0x1000);
	EXPECT_TRUE(info.access == ACCESS_READ && !info.mapped);
	info = decoded(14, 0x3, 0x1000);
	EXPECT_TRUE(info.access == ACCESS_WRITE && info.mapped);
	info = decoded(14, 0x11, 0x1000);
	EXPECT_TRUE(info.access == ACCESS_EXEC && info.mapped);
	EXPECT_FALSE(decoded(13, 0, 0x1000).has_address);
	EXPECT_STREQ(decoded(9, 0, 0).name, "reserved vector");
	EXPECT_EQ(decoded(0xffff, 0, 0).kind, TRAP_OTHER);
}

KTEST(x86_64, a_fault_in_a_guard_page_is_a_stack_overflow)
{
	uintptr_t low = x86_stacks[STACK_BOOT].low;

	EXPECT_EQ(decoded(14, 2, low - 8).kind, TRAP_STACK_OVERFLOW);
	EXPECT_EQ(decoded(14, 2, low).kind, TRAP_PAGE_FAULT);
	EXPECT_EQ(decoded(14, 2, low - PAGE_SIZE - 1).kind, TRAP_PAGE_FAULT);
	EXPECT_EQ(decoded(8, 0, low - 8).kind, TRAP_STACK_OVERFLOW);
	EXPECT_EQ(decoded(8, 0, 0).kind, TRAP_OTHER);
}

static bool count_frame(uintptr_t pc, void *context)
{
	(void)pc;
	++*(unsigned int *)context;
	return true;
}

static unsigned int frames_of(uintptr_t rip, uintptr_t rbp, uintptr_t rsp)
{
	struct trap_frame frame = {.rip = rip, .rbp = rbp, .rsp = rsp};
	unsigned int nr = 0;

	arch_stack_walk(&frame, count_frame, &nr);
	return nr;
}

static unsigned int frames_from(uintptr_t rbp)
{
	return frames_of((uintptr_t)arch_stack_walk + 8, rbp,
			 (uintptr_t)__builtin_frame_address(0));
}

/*
 *	pair[0] -> pair[2] -> pair[0]		a loop: the second step goes down and ends the walk
 */
KTEST(x86_64, a_damaged_chain_of_frames_ends_the_walk)
{
	uintptr_t pair[4] = {(uintptr_t)&pair[2], 1, (uintptr_t)&pair[0], 2};

	EXPECT_EQ(frames_from((uintptr_t)&pair[0]), 3);
	EXPECT_EQ(frames_from(0), 1);
	EXPECT_EQ(frames_from((uintptr_t)&pair[0] + 1), 1);
	EXPECT_EQ(frames_from(0x8000000000000000), 1);
	EXPECT_EQ(frames_from(x86_stacks[STACK_BOOT].high - 8), 1);
	EXPECT_EQ(frames_from(x86_stacks[STACK_BOOT].low - 16), 1);
	EXPECT_EQ(frames_from(x86_stacks[STACK_NMI].low), 1);
}

/* start_64 begins without `push %rbp`, as a leaf that needs no stack; arch_stack_walk begins with it. */
KTEST(x86_64, a_function_without_a_pair_has_its_caller_on_top_of_the_stack)
{
	uintptr_t caller = (uintptr_t)arch_stack_walk, no_caller = 1;

	EXPECT_EQ(frames_of((uintptr_t)text_start + 1, 0, (uintptr_t)&caller), 2);
	EXPECT_EQ(frames_of((uintptr_t)text_start + 1, 0, (uintptr_t)&no_caller), 1);
	EXPECT_EQ(frames_of((uintptr_t)arch_stack_walk, 0, (uintptr_t)&caller), 2);
	EXPECT_EQ(frames_of((uintptr_t)arch_stack_walk + 8, 0, (uintptr_t)&caller), 1);
	EXPECT_EQ(frames_of(0, 0, (uintptr_t)&caller), 2);
	EXPECT_EQ(frames_of(0, 0, 8), 1);
}

KTEST(x86_64, per_cpu_operations_take_every_width)
{
	static __section("percpu") uint8_t byte;
	static __section("percpu") uint16_t word;
	static __section("percpu") uint64_t quad;

	arch_this_cpu_write(byte, 0xff);
	arch_this_cpu_add(byte, 1);
	EXPECT_EQ(arch_this_cpu_read(byte), 0);
	arch_this_cpu_write(word, 0x1234);
	EXPECT_EQ(arch_this_cpu_xchg(word, 7), 0x1234);
	EXPECT_EQ(arch_this_cpu_cmpxchg(word, 8, 9), 7);
	EXPECT_EQ(arch_this_cpu_cmpxchg(word, 7, 9), 7);
	EXPECT_EQ(arch_this_cpu_read(word), 9);
	arch_this_cpu_write(quad, 0x123456789abcdef0);
	EXPECT_EQ(arch_this_cpu_read(quad), 0x123456789abcdef0);
	arch_this_cpu_write(quad, 0);
	arch_this_cpu_write(word, 0);
}

/* --- W9 and UNSET_SMEP ------------------------------------------------------------------ */

static void write_cr0(unsigned long value)
{
	asm volatile("movq %0, %%cr0" : : "r"(value) : "memory");
}

/* With interrupts off, so that the tick does not see it first. */
KTEST(x86_64, W9_sees_each_protection_that_is_switched_off)
{
	static const unsigned long bits[] = {CR4_SMEP, CR4_SMAP, CR4_UMIP, CR4_PGE};
	unsigned long flags = arch_irq_save(), cr4 = x86_read_cr4(), cr0 = read_cr0();

	for (size_t i = 0; i < ARRAY_SIZE(bits); i++) {
		x86_write_cr4(cr4 & ~bits[i]);
		EXPECT_EQ(arch_protection_lost() != NULL, (cr4 & bits[i]) != 0);
		x86_write_cr4(cr4);
	}
	write_cr0(cr0 & ~(unsigned long)CR0_WP);
	EXPECT_FALSE(pgtable_check());
	write_cr0(cr0);
	x86_write_msr(MSR_PAT, 0x0007040600070406);
	EXPECT_STREQ(arch_protection_lost(), "PAT: what memory types mean");
	x86_write_msr(MSR_PAT, 0x0004010600040106);
	EXPECT_TRUE(arch_protection_lost() == NULL);
	arch_irq_restore(flags);
}

KTEST_PANIC(x86_64, security_UNSET_a_protection_is_noticed_by_the_next_tick,
	    "switched off a protection: CR0.WP")
{
	write_cr0(read_cr0() & ~(unsigned long)CR0_WP);
	for (unsigned long ticks = clock_ticks(); clock_ticks() < ticks + 3;)
		arch_cpu_relax();
}
