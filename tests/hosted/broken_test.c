/* SPDX-License-Identifier: MIT */
/*
 * broken_test.c - machines that end badly, each in one way, for run_broken to watch.
 *
 * Nothing here may ever pass. Only tests/hosted/run_broken runs them, by name.
 */
#include <arch/console.h>
#include <arch/cpu.h>
#include <arch/memory.h>
#include <arch/pgtable.h>
#include <lib/clock.h>
#include <lib/check.h>
#include <lib/ktest.h>
#include <lib/poison.h>
#include <lib/printk.h>
#include <lib/string.h>
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

/* --- one CPU panics, the others are at work ------------------------------------------- */

static unsigned long work_done;
static unsigned int at_work;

/* Written to by the CPU that panics: from the message on nobody else may do anything, for a fifth of a second. */
static void watch_others(struct console *console, const char *text, size_t length)
{
	uint64_t end = clock_ms() + 200;
	unsigned long done = __atomic_load_n(&work_done, __ATOMIC_RELAXED);

	(void)console;
	if (length <= 12 || memcmp(text, "loam: PANIC ", 12) != 0)
		return;
	while (clock_ms() < end)
		if (done != __atomic_load_n(&work_done, __ATOMIC_RELAXED))
			break;
	for (text = "OTHERS RAN ON\n"; clock_ms() < end && *text; text++)
		arch_putc(*text);
}

/* CPU 0 prints, 1 panics, 2 computes, 3 has interrupts off and comes to panic too. */
static void work_until_a_panic(unsigned int cpu, void *context)
{
	(void)context;
	__atomic_add_fetch(&at_work, 1, __ATOMIC_ACQ_REL);
	while (__atomic_load_n(&at_work, __ATOMIC_ACQUIRE) < 4)
		arch_cpu_relax();
	if (cpu == 1)
		panic("while three others work");
	if (cpu == 3) {
		arch_irq_save();
		while (!panic_is_under_way())
			__atomic_add_fetch(&work_done, 1, __ATOMIC_RELAXED);
		panic("a second one");
	}
	for (;;) {
		__atomic_add_fetch(&work_done, 1, __ATOMIC_RELAXED);
		if (cpu == 0)
			pr_info("cpu 0 is at work");
	}
}

KTEST(broken_machine, panics_while_other_cpus_work)
{
	static struct console watcher = {.name = "watcher", .write = watch_others};

	console_register(&watcher);
	ktest_run_on_cpus(4, work_until_a_panic, NULL);
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
