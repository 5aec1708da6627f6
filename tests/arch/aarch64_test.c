/* SPDX-License-Identifier: MIT */
/*
 * aarch64_test.c - what only an aarch64 can get wrong; arch_contract_test.c has what every port promises.
 */
#include <lib/ktest.h>

#include <arch/cpu.h>
#include <arch/memory.h>
#include <arch/percpu.h>
#include <arch/stack.h>
#include <arch/trap.h>
#include <asm/boot.h>
#include <asm/trap_frame.h>
#include <lib/clock.h>
#include <lib/sections.h>
#include <mm/pgtable.h>

#define LEAF (DESC_VALID | DESC_AF | DESC_UXN)

extern char boot_stacks[];
long psci_call_smc(uint64_t function);

KTEST(aarch64, an_entry_has_the_bits_that_the_manual_names)
{
	EXPECT_EQ(arch_pte_leaf(0x5000, PROT_KERNEL_RX, 0).value,
		  0x5000 | LEAF | DESC_PAGE | DESC_SH_INNER | DESC_READ_ONLY);
	EXPECT_EQ(arch_pte_leaf(0x5000, PROT_KERNEL_RW, 0).value,
		  0x5000 | LEAF | DESC_PAGE | DESC_SH_INNER | DESC_PXN);
	EXPECT_EQ(arch_pte_leaf(0x200000, PROT_KERNEL_RO, 1).value,
		  0x200000 | LEAF | DESC_SH_INNER | DESC_READ_ONLY | DESC_PXN);
	EXPECT_EQ(arch_pte_leaf(0x9000000, PROT_KERNEL_DEVICE, 0).value,
		  0x9000000 | LEAF | DESC_PAGE | DESC_PXN | 3 << DESC_ATTR_SHIFT);
	EXPECT_EQ(arch_pte_leaf(0x5000, PROT_USER | PROT_EXEC, 0).value,
		  0x5000 | DESC_VALID | DESC_AF | DESC_PAGE | DESC_SH_INNER | DESC_READ_ONLY |
			  DESC_EL0 | DESC_NOT_GLOBAL | DESC_PXN);
}

/* The leaves that boot.S writes are those that the walker would have written. */
KTEST(aarch64, the_boot_tables_speak_the_walkers_language)
{
	EXPECT_EQ(arch_pte_leaf(0x5000, PROT_KERNEL_RX, 0).value, 0x5000 | DESC_KERNEL_RX);
	EXPECT_EQ(arch_pte_leaf(0x5000, PROT_KERNEL_RO, 0).value, 0x5000 | DESC_KERNEL_RO);
	EXPECT_EQ(arch_pte_leaf(0x5000, PROT_KERNEL_RW, 0).value, 0x5000 | DESC_KERNEL_RW);
}

KTEST(aarch64, the_lower_half_is_off_and_every_protection_is_on)
{
	uint64_t sctlr = SYSREG_READ(sctlr_el1);
	bool has_pan = sysreg_field(SYSREG_READ(id_aa64mmfr1_el1), 20) != 0;

	EXPECT_TRUE(SYSREG_READ(tcr_el1) & TCR_EPD0);
	EXPECT_EQ(SYSREG_READ(ttbr0_el1), 0);
	EXPECT_EQ(SYSREG_READ(ttbr1_el1), arch_image_to_phys(arch_kernel_root()));
	EXPECT_EQ(SYSREG_READ(mair_el1), MAIR_VALUE);
	EXPECT_EQ(sctlr & (SCTLR_M | SCTLR_C | SCTLR_I | SCTLR_SA | SCTLR_WXN),
		  SCTLR_M | SCTLR_C | SCTLR_I | SCTLR_SA | SCTLR_WXN);
	EXPECT_EQ((sctlr & SCTLR_SPAN) == 0, has_pan);
	EXPECT_EQ(strstr(arch_cpu_features(), " PAN") != NULL, has_pan);
}

/* What the CPU itself makes of an address, in PAR_EL1: bit 0 says that it would fault. */
static uint64_t translate(const void *address, bool write)
{
	if (write)
		asm volatile("at s1e1w, %0\n\tisb" : : "r"(address) : "memory");
	else
		asm volatile("at s1e1r, %0\n\tisb" : : "r"(address) : "memory");
	return SYSREG_READ(par_el1);
}

KTEST(aarch64, the_cpu_lets_nobody_write_to_text_and_constants)
{
	static const char constant[8] = "const";
	static char variable[8];
	const char *text = (const char *)arch_cpu_features;

	EXPECT_EQ(translate(text, false) & 1, 0);
	EXPECT_EQ(translate(text, true) & 1, 1);
	EXPECT_EQ(translate(constant, false) & 1, 0);
	EXPECT_EQ(translate(constant, true) & 1, 1);
	EXPECT_EQ(translate(image_start, true) & 1, 1);
	EXPECT_EQ(translate(variable, true) & 1, 0);
	EXPECT_EQ(translate(variable, true) & DESC_PHYS_MASK,
		  arch_image_to_phys(variable) & ~(PAGE_SIZE - 1));
	EXPECT_EQ(translate(NULL, false) & 1, 1);
}

/*
 *	boot_stacks +0 guard | +4K overflow stack | +12K guard | +16K boot stack | +32K
 */
KTEST(aarch64, below_each_stack_lies_a_page_that_is_not_mapped)
{
	uintptr_t base = (uintptr_t)boot_stacks;
	struct pt_entry entry;

	EXPECT_TRUE(IS_ALIGNED(base, 2 * STACK_SIZE));
	for (uintptr_t va = base; va < base + 2 * STACK_SIZE; va += PAGE_SIZE) {
		bool is_guard = va == base || va == base + GUARD_SIZE + OVERFLOW_STACK_SIZE;

		EXPECT_EQ(pgtable_query(va, &entry), !is_guard);
		EXPECT_TRUE(is_guard || entry.prot == PROT_KERNEL_RW);
	}
}

KTEST(aarch64, the_bounds_hold_the_stack_in_use_and_its_addresses_have_bit_14)
{
	uintptr_t low, high, here = (uintptr_t)__builtin_frame_address(0);

	arch_stack_bounds(&low, &high);
	EXPECT_TRUE(here >= low && here < high);
	EXPECT_EQ(high - low, STACK_SIZE);
	EXPECT_TRUE(here & 1UL << STACK_SHIFT);
	EXPECT_FALSE((low - 1) & 1UL << STACK_SHIFT);
}

static struct trap_info decoded(uint64_t vector, uint64_t esr, uint64_t far)
{
	struct trap_frame frame = {.vector = vector, .esr = esr, .far = far};
	struct trap_info info;

	arch_trap_decode(&frame, &info);
	return info;
}

KTEST(aarch64, a_syndrome_says_what_was_tried_and_why_it_failed)
{
	struct trap_info info = decoded(4, 0x96000045, 0x1000);

	EXPECT_EQ(info.kind, TRAP_PAGE_FAULT);
	EXPECT_TRUE(info.has_address && info.address == 0x1000);
	EXPECT_TRUE(info.access == ACCESS_WRITE && !info.mapped && !info.from_user);
	info = decoded(4, 0x9600000f, 0x1000);
	EXPECT_TRUE(info.access == ACCESS_READ && info.mapped);
	info = decoded(4, 0x8600000f, 0x1000);
	EXPECT_TRUE(info.access == ACCESS_EXEC && info.mapped);
	info = decoded(8, 0x92000145, 0x1000); /* a user's cache instruction is no write */
	EXPECT_TRUE(info.access == ACCESS_READ && info.from_user);
	EXPECT_FALSE(decoded(4, 0x96000410, 0x1000).has_address); /* bus error, FAR not valid */
	EXPECT_EQ(decoded(4, 0x96000410, 0x1000).kind, TRAP_MACHINE);
	EXPECT_EQ(decoded(4, 0x96000021, 0x1001).kind, TRAP_ALIGNMENT);
	EXPECT_EQ(decoded(4, 0x02000000, 0).kind, TRAP_ILLEGAL);
	EXPECT_EQ(decoded(4, 0xf2000001, 0).kind, TRAP_BREAKPOINT);
	EXPECT_EQ(decoded(7, 0xbe000000, 0).kind, TRAP_MACHINE);
	EXPECT_STREQ(decoded(5, 0x96000045, 0).name, "IRQ without a handler");
	EXPECT_EQ(decoded(5, 0x96000045, 0).kind, TRAP_OTHER);
	EXPECT_STREQ(decoded(4, 0xfe000000, 0).name, "unknown exception");
}

KTEST(aarch64, a_frame_on_the_overflow_stack_is_a_stack_overflow)
{
	EXPECT_EQ(decoded(4 | FRAME_SWITCHED, 0x96000047, 0x1000).kind, TRAP_STACK_OVERFLOW);
	EXPECT_EQ(decoded(4, 0x96000047, 0x1000).kind, TRAP_PAGE_FAULT);
	EXPECT_EQ(decoded(4 | FRAME_SWITCHED, 0x9a000000, 0).kind, TRAP_ALIGNMENT);
}

static bool count_frame(uintptr_t pc, void *context)
{
	(void)pc;
	++*(unsigned int *)context;
	return true;
}

static unsigned int frames_from(uintptr_t x29)
{
	struct trap_frame frame = {.pc = (uintptr_t)text_start, .x[29] = x29};
	unsigned int nr = 0;

	arch_stack_walk(&frame, count_frame, &nr);
	return nr;
}

/*
 *	pair[0] -> pair[2] -> pair[0]		a loop: the second step goes down and ends the walk
 */
KTEST(aarch64, a_damaged_chain_of_frames_ends_the_walk)
{
	uintptr_t pair[4] = {(uintptr_t)&pair[2], 1, (uintptr_t)&pair[0], 2};
	uintptr_t base = (uintptr_t)boot_stacks;

	EXPECT_EQ(frames_from((uintptr_t)&pair[0]), 3);
	EXPECT_EQ(frames_from(0), 1);
	EXPECT_EQ(frames_from((uintptr_t)&pair[0] + 1), 1);
	EXPECT_EQ(frames_from(0x8000000000000000), 1);
	EXPECT_EQ(frames_from(base + 2 * STACK_SIZE - 8), 1);
	EXPECT_EQ(frames_from(base + STACK_SIZE - 16), 1);
	EXPECT_EQ(frames_from(base + 8), 1);
}

static bool note_second(uintptr_t pc, void *context)
{
	uintptr_t *pcs = context;

	pcs[pcs[0] == 0 ? 0 : 1] = pc;
	return pcs[1] == 0;
}

/* A leaf pushes no record: its caller is in x30 alone. After a call x30 points into the function itself. */
KTEST(aarch64, the_caller_of_a_leaf_is_found_in_x30)
{
	struct trap_frame frame = {.pc = (uintptr_t)arch_boot_cycles,
				   .x[30] = (uintptr_t)arch_halt + 4};
	uintptr_t pcs[2] = {0};
	unsigned int nr = 0;

	arch_stack_walk(&frame, note_second, pcs);
	EXPECT_EQ(pcs[0], (uintptr_t)arch_boot_cycles);
	EXPECT_EQ(pcs[1], (uintptr_t)arch_halt + 4);
	frame.x[30] = frame.pc + 4;
	arch_stack_walk(&frame, count_frame, &nr);
	EXPECT_EQ(nr, 1);
}

/*
 * The instruction is undefined where no EL3 is; then it traps and the trap returns. With firmware, that
 * says no. Where EL3 is and no firmware in it (a board without PSCI) nobody may call.
 */
KTEST(aarch64, a_call_that_nobody_answers_comes_back)
{
	uint64_t kept = 0x123456789abcdef0;

	if (boot_info.psci == PSCI_NONE)
		SKIP_TEST("no firmware that takes calls");

	asm volatile("" : "+r"(kept));
	EXPECT_EQ((int)psci_call_smc(0x8400ffff), -1);
	asm volatile("" : "+r"(kept));
	EXPECT_EQ(kept, 0x123456789abcdef0);
}

KTEST(aarch64, per_cpu_operations_take_every_width)
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

/* Three pages, the middle one worked on: nothing outside it changes. */
static char pages[3][PAGE_SIZE] __aligned(4096);

KTEST(aarch64, clearing_and_copying_touch_one_page_and_all_of_it)
{
	memset(pages, 0x5a, sizeof(pages));
	arch_page_clear(pages[1]);
	EXPECT_TRUE(!memchr_inv(pages[1], 0, PAGE_SIZE));
	page_clear_by_stores(pages[1]);
	EXPECT_TRUE(!memchr_inv(pages[1], 0, PAGE_SIZE));
	EXPECT_TRUE(!memchr_inv(pages[0], 0x5a, PAGE_SIZE) &&
		    !memchr_inv(pages[2], 0x5a, PAGE_SIZE));
	memset(pages[1], 0x77, PAGE_SIZE);
	page_clear_by_stores(pages[1]);
	EXPECT_TRUE(!memchr_inv(pages[1], 0, PAGE_SIZE));
	for (size_t i = 0; i < PAGE_SIZE; i++)
		pages[0][i] = (char)(i ^ i >> 8);
	arch_page_copy(pages[1], pages[0]);
	EXPECT_EQ(memcmp(pages[1], pages[0], PAGE_SIZE), 0);
	EXPECT_TRUE(!memchr_inv(pages[2], 0x5a, PAGE_SIZE));
}

KTEST_PANIC(aarch64, a_breakpoint_is_named, "BRK instruction")
{
	asm volatile("brk #1");
}

KTEST_PANIC(aarch64, an_undefined_instruction_is_named, "undefined instruction")
{
	asm volatile(".inst 0");
}

KTEST_PANIC(aarch64, the_kernel_has_no_simd, "SIMD or floating point")
{
	asm volatile(".inst 0x4e211c00"); /* and v0.16b, v0.16b, v1.16b */
}

/* A CPU with FEAT_LSE2 allows it within 16 bytes; across their edge none does. */
KTEST_PANIC(aarch64, an_exclusive_access_must_be_aligned, "data abort")
{
	uint64_t value;

	asm volatile("ldxr %0, [%1]" : "=r"(value) : "r"(pages[0] + 12));
}

KTEST_PANIC(aarch64, the_header_is_not_executable, "the mapping forbids it")
{
	void (*header)(void) = (void (*)(void))image_start;

	header();
}

/* A stack pointer that is nowhere: the handler must not use it. */
KTEST_PANIC(aarch64, a_stack_pointer_gone_wild_is_a_stack_overflow, "the kernel stack overflowed")
{
	asm volatile("mov x0, #0x8000\n\tmov sp, x0\n\tstr x0, [sp]" : : : "x0", "memory");
}

/* --- W9 ------------------------------------------------------------------------------------ */

/* With interrupts off, so that the tick does not see it first. */
KTEST(aarch64, W9_sees_each_protection_that_is_switched_off)
{
	unsigned long flags = arch_irq_save();
	uint64_t sctlr = SYSREG_READ(sctlr_el1);

	SYSREG_WRITE(sctlr_el1, sctlr & ~(uint64_t)SCTLR_WXN);
	isb();
	EXPECT_FALSE(pgtable_check());
	SYSREG_WRITE(sctlr_el1, sctlr & ~(uint64_t)SCTLR_SA);
	isb();
	EXPECT_STREQ(arch_protection_lost(), "a bit of SCTLR_EL1 that the boot set");
	SYSREG_WRITE(sctlr_el1, sctlr);
	isb();
	EXPECT_TRUE(arch_protection_lost() == NULL);
	arch_irq_restore(flags);
}

KTEST_PANIC(aarch64, security_UNSET_a_protection_is_noticed_by_the_next_tick,
	    "switched off a protection: SCTLR_EL1.WXN")
{
	SYSREG_WRITE(sctlr_el1, SYSREG_READ(sctlr_el1) & ~(uint64_t)SCTLR_WXN);
	isb();
	for (unsigned long ticks = clock_ticks(); clock_ticks() < ticks + 3;)
		arch_cpu_relax();
}
