/* SPDX-License-Identifier: MIT */
/*
 * crash.c - break the kernel on purpose, to see what it says.
 */
#include <kernel/shell.h>

#include <arch/cpu.h>
#include <lib/check.h>
#include <lib/clock.h>
#include <lib/completion.h>
#include <lib/init.h>
#include <lib/printk.h>
#include <lib/sections.h>
#include <lib/spinlock.h>
#include <lib/string.h>
#include <mm/zone.h>
#include <mm/slab.h>

#include "crash.h"

static const char constant[] = "rodata";

/* The compiler must believe that the pointer could be any. */
static void *opaque(const void *pointer)
{
	__asm__ volatile("" : "+r"(pointer));
	return (void *)(uintptr_t)pointer;
}

static void crash_null(void)
{
	*(volatile int *)opaque(NULL) = 1;
}

static __noinline int recurse(int depth)
{
	volatile char frame[256];

	frame[0] = (char)depth;
	return depth < 0 ? 0 : recurse(depth + 1) + frame[0];
}

static void crash_stack_overflow(void)
{
	recurse(0);
}

static void crash_write_rodata(void)
{
	*(volatile char *)opaque(constant) = 'R';
}

static void crash_write_text(void)
{
	*(volatile char *)opaque(text_start) = 0;
}

static void crash_exec_data(void)
{
	static uint64_t code[2];
	void (*function)(void);

	function = (void (*)(void))opaque(code);
	function();
}

static unsigned long written_at_boot __ro_after_init = 1;

static void crash_write_ro_after_init(void)
{
	*(volatile unsigned long *)opaque(&written_at_boot) = 2;
}

/* What ran at boot is no code any more. */
static __init void run_at_boot(void)
{
	console_print("still here\n");
}

/* Its address, in a way that tools/check_init.py forgives. */
static __ref __noinline void *boot_function(void)
{
	return opaque((const void *)(uintptr_t)run_at_boot);
}

static void crash_exec_init(void)
{
	((void (*)(void))boot_function())();
}

/* Not inlined, so that it has a frame of its own to run over; more than its array, less than the stack. */
static __noinline void overrun(size_t size)
{
	char array[16];

	memset(opaque(array), 0x41, size);
	opaque(array);
}

static void crash_stack_overrun(void)
{
	overrun(64);
}

static void crash_double_free(void)
{
	void *object = opaque(kmalloc(64, GFP_KERNEL));

	kfree(object);
	kfree(opaque(object));
}

static void crash_wild_free(void)
{
	char *object = kmalloc(64, GFP_KERNEL);

	if (object)
		kfree(opaque(object + 8));
	kfree(object);
}

static void crash_page_read(void)
{
	unsigned long page = __get_free_page(GFP_KERNEL);

	free_page(page);
	*(volatile char *)opaque((void *)page);
}

static void crash_page_write(void)
{
	unsigned long page = __get_free_page(GFP_KERNEL);

	free_page(page);
	*(volatile char *)opaque((void *)(page + 100)) = 'x';
	free_page(__get_free_page(GFP_KERNEL));
}

static void wait_here(void *unused)
{
	(void)unused;
	schedule();
}

/* The tick's interrupt does what no interrupt may. */
static void crash_sleep_in_interrupt(void)
{
	unsigned long ticks = clock_ticks();

	clock_storm(1, wait_here, NULL);
	while (clock_exists() && clock_ticks() < ticks + 2)
		arch_cpu_relax();
	clock_storm(0, NULL, NULL);
}

static void crash_deadlock(void)
{
	static DECLARE_COMPLETION(never);

	wait_for_completion(&never);
}

/* A console is written to with the log's lock held: who needs that lock to say so is silent for ever. */
static bool alive, dies_again;

static void write_and_die(struct console *console, const char *text, size_t length)
{
	static bool died;

	(void)console;
	(void)text;
	(void)length;
	if (!alive || (died && !dies_again))
		return;
	died = true;
	panic("a console died while it wrote");
}

static void crash_in_console(void)
{
	static struct console dying = {.name = "dying", .write = write_and_die};

	console_register(&dying);
	alive = true;
	console_print("a line that kills\n");
}

static void crash_in_panic(void)
{
	dies_again = true;
	crash_in_console();
}

/* With a zone's lock held nothing can be allocated: a report that tried would wait for ever. */
static void crash_locked(void)
{
	struct zone *zone;

	for_each_populated_zone (zone) {
		(void)spin_lock_save(&zone->lock);
		panic("with the lock of zone %s", zone->name);
	}
}

static const struct {
	const char *name, *help;
	void (*run)(void);
} kinds[] = {
	{"null", "write through a null pointer", crash_null},
	{"stack-overflow", "call for ever", crash_stack_overflow},
	{"stack-overrun", "write beyond an array on the stack", crash_stack_overrun},
	{"write-rodata", "write to a constant", crash_write_rodata},
	{"write-text", "write to the kernel's code", crash_write_text},
	{"exec-data", "execute a variable", crash_exec_data},
	{"write-ro-after-init", "write to what only the boot writes", crash_write_ro_after_init},
	{"exec-init", "call a function that only the boot may", crash_exec_init},
	{"locked", "panic with a zone's lock held", crash_locked},
	{"in-console", "panic while a console writes", crash_in_console},
	{"in-panic", "panic again while the first is told", crash_in_panic},
	{"double-free", "kfree() an object twice", crash_double_free},
	{"deadlock", "wait for what nobody will do", crash_deadlock},
	{"sleep-in-interrupt", "let others run, in an interrupt", crash_sleep_in_interrupt},
	{"wild-free", "kfree() the middle of an object", crash_wild_free},
	{"devmem-wrong-free", "dev_kfree() of what kmalloc() gave", crash_devmem_wrong_free},
	{"devmem-double-free", "free a device's memory twice", crash_devmem_double_free},
	{"devmem-header", "write beyond a device's memory into the next header",
	 crash_devmem_header},
	{"page-read", "read a page that was freed; debug_pagealloc=on sees it", crash_page_read},
	{"page-write", "write to one; page_poisoning=1 sees that too", crash_page_write},
};

COMMAND(crash, "crash KIND", "break the kernel in a given way; crash alone lists the kinds")
{
	if (argc == 1) {
		for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
			seq_printf(out, "  %-19s %s\n", kinds[i].name, kinds[i].help);
		return 0;
	}
	if (argc > 2)
		return SHELL_USAGE;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strcmp(kinds[i].name, argv[1]))
			continue;
		kinds[i].run();
		seq_printf(out, "crash: the kernel survived %s\n", kinds[i].name);
		return 0;
	}
	console_print("crash: %s is no kind of crash; crash alone lists them\n", argv[1]);
	return 1;
}
