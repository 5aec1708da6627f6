/* SPDX-License-Identifier: MIT */
/*
 * broken_test.c - machines that end badly, each in one way, for run_broken to watch.
 *
 * Nothing here may ever pass. Only tests/hosted/run_broken runs them, by name.
 */
#include <arch/cpu.h>
#include <arch/memory.h>
#include <arch/pgtable.h>
#include <lib/check.h>
#include <lib/ktest.h>
#include <lib/poison.h>
#include <lib/printk.h>
#include <mm/direct_map.h>
#include <mm/fixmap.h>
#include <mm/gfp.h>
#include <mm/slab.h>

KTEST(broken_machine, never_ends)
{
	for (;;)
		arch_cpu_relax();
}

KTEST(broken_machine, prints_without_end)
{
	for (;;)
		pr_err("and on, and on, and on, and on, and on, and on, and on, and on, and on");
}

/* The right status without the right words. */
KTEST(broken_machine, halts_well_before_its_end)
{
	arch_halt(HALT_OK);
}

KTEST(broken_machine, touches_address_zero)
{
	volatile int *nowhere = NULL;

	__asm__("" : "+r"(nowhere));
	*nowhere = 1;
}

KTEST(broken_machine, fails_a_check)
{
	CHECK(ktest_failed(), "seventeen is %d", 17);
}

KTEST(broken_machine, misuses_under_policy_panic)
{
	report_set_policy(CORRUPT_PANIC);
	report_open(REPORT_BUG, "a deliberate misuse");
	report_close();
}

/* The test passes, the machine does not: it ends with a translation that the tables no longer have. */
KTEST(broken_machine, ends_with_a_stale_translation)
{
	static char page[PAGE_SIZE] __aligned(PAGE_SIZE);
	phys_addr_t pa = arch_image_to_phys(page);
	uintptr_t va = fix_to_virt(FIX_TABLE0);
	pte_t *table = arch_kernel_root();

	set_fixmap(FIX_TABLE0, pa, PROT_KERNEL_RW);
	for (unsigned int level = arch_pt_levels() - 1; level > 0; level--) {
		unsigned int index = va >> (PAGE_SHIFT + level * PT_INDEX_BITS) & (PT_ENTRIES - 1);

		table = phys_to_virt(arch_pte_phys(table[index], level));
	}
	arch_pte_set(&table[va >> PAGE_SHIFT & (PT_ENTRIES - 1)], (pte_t){0});
}

/* --- what only a sanitized build catches --------------------------------------------- */

KTEST(broken_machine, reads_a_freed_object)
{
	volatile char *object = kmalloc(64, GFP_KERNEL);

	ASSERT_TEST(object != NULL);
	kfree((void *)object);
	(void)object[17];
}

KTEST(broken_machine, reads_a_freed_page)
{
	volatile char *page = (volatile char *)__get_free_page(GFP_KERNEL);

	ASSERT_TEST(page != NULL);
	free_page((unsigned long)page);
	(void)page[17];
}

KTEST(broken_machine, reads_poisoned_memory)
{
	static char bytes[64] __aligned(8);
	volatile char *byte = &bytes[40];

	__asm__("" : "+r"(byte));
	mem_poison(bytes + 32, 16);
	(void)byte[0];
}

KTEST(broken_machine, overflows_an_integer)
{
	volatile int number = INT32_MAX;

	number = number + 1;
}

KTEST(broken_machine, runs_off_an_array)
{
	char bytes[16];
	volatile unsigned int index = 16;

	bytes[index] = 1;
	__asm__ volatile("" : : "r"(bytes) : "memory");
}
