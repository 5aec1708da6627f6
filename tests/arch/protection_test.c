/* SPDX-License-Identifier: MIT */
/*
 * protection_test.c - what may be executed, and written: nothing but what was meant to. Each ends in a fault that is told.
 *
 * The names are those of Linux's drivers/misc/lkdtm/perms.c.
 */
#include <arch/cpu.h>
#include <arch/layout.h>
#include <lib/ktest.h>
#include <mm/direct_map.h>
#include <mm/gfp.h>
#include <mm/pgtable.h>
#include <mm/slab.h>
#include <mm/vmalloc.h>

#include "../mm/pgtable/table_source.h"

/* Jump there; the compiler must believe that it is a function. */
static void run(const volatile void *address)
{
	void (*function)(void) = (void (*)(void))(uintptr_t)address;

	__asm__("" : "+r"(function));
	function();
}

KTEST_PANIC(protection, security_EXEC_DATA, "execution of")
{
	static char data[64];

	run(data);
}

KTEST_PANIC(protection, security_EXEC_STACK, "execution of")
{
	volatile char stack[64];

	stack[0] = 0;
	run(stack);
}

KTEST_PANIC(protection, security_EXEC_KMALLOC, "execution of")
{
	run(kmalloc(64, GFP_KERNEL));
}

KTEST_PANIC(protection, security_EXEC_VMALLOC, "execution of")
{
	run(vmalloc(PAGE_SIZE));
}

KTEST_PANIC(protection, security_EXEC_RODATA, "execution of")
{
	static const char rodata[64] = "rodata";

	run(rodata);
}

/* No user address is mapped while the kernel runs alone. */
KTEST_PANIC(protection, security_EXEC_USERSPACE, "execution of")
{
	run((void *)0x10000);
}

KTEST_PANIC(protection, security_EXEC_NULL, "execution of")
{
	run(NULL);
}

/* The direct map shows code as data. */
KTEST_PANIC(protection, the_other_address_of_code_does_not_run, "execution of")
{
	run(phys_to_virt(virt_to_phys((const void *)(uintptr_t)arch_cpu_features)));
}

KTEST_PANIC(protection, security_WRITE_RO, "the mapping forbids it")
{
	static const char constant[] = "constant";
	volatile char *address = (volatile char *)(uintptr_t)constant;

	__asm__("" : "+r"(address));
	*address = 1;
}

KTEST_PANIC(protection, security_WRITE_KERN, "the mapping forbids it")
{
	volatile char *address = (volatile char *)(uintptr_t)arch_cpu_features;

	__asm__("" : "+r"(address));
	*address = 1;
}

KTEST_PANIC(protection, the_guard_behind_an_area_is_not_mapped, "guard page")
{
	volatile char *area = vmalloc(PAGE_SIZE);

	area[PAGE_SIZE] = 1;
}

KTEST(protection, W1_sees_executable_device_memory)
{
	struct table_source tables = TABLE_SOURCE;

	ASSERT_TEST(!pgtable_map(&tables.source, scratch_va(),
				 ALIGN_UP(memblock_end_of_DRAM(), GiB) + GiB, PAGE_SIZE,
				 PROT_GLOBAL | PROT_EXEC | PROT_DEVICE, 0));
	EXPECT_FALSE(pgtable_check());
	EXPECT_EQ(pgtable_unmap(&tables.source, scratch_va(), PAGE_SIZE), 0);
	EXPECT_TRUE(pgtable_check());
	EXPECT_EQ(tables.live, 0);
}

KTEST(protection, what_the_boot_switched_on_is_on)
{
	EXPECT_TRUE(arch_protection_lost() == NULL);
}
