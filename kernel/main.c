/* SPDX-License-Identifier: MIT */
/*
 * main.c - the kernel as a table of contents: from boot data to the prompt.
 *
 * What a boot can be told on the command line and is read here:
 *	quiet			only warnings reach the console
 *	loglevel=N		lines up to level N reach it (0 panic .. 7 debug)
 *	corrupt=panic|repair	what a report of misuse leads to
 *	selftest[=FILTER]	run the tests that match, then stop the machine
 *	panictest=SUITE.NAME	run the one test that must panic
 *	run="a; b"		run these commands at the prompt, then stop the machine
 */
#include <kernel/main.h>

#include <arch/context.h>
#include <arch/cpu.h>
#include <arch/pgtable.h>
#include <lib/check.h>
#include <lib/cmdline.h>
#include <lib/errno.h>
#include <lib/init.h>
#include <lib/ktest.h>
#include <lib/printk.h>
#include <lib/random.h>
#include <lib/report.h>
#include <lib/sections.h>
#include <lib/smp.h>
#include <lib/stack_guard.h>
#include <lib/string.h>
#include <mm/fixmap.h>
#include <mm/init.h>
#include <mm/pgtable.h>
#include <drivers/board.h>
#include <drivers/console.h>
#include <drivers/framebuffer.h>
#include <drivers/irq.h>
#include <drivers/ramfb.h>
#include <kernel/entry.h>
#include <kernel/firmware.h>
#include <kernel/shell.h>

static struct boot_info *boot_info __ro_after_init;
static uint64_t cycles_to_prompt;

const struct boot_info *boot_info_get(void)
{
	return boot_info;
}

uint64_t boot_cycles_to_prompt(void)
{
	return cycles_to_prompt;
}

static __init void set_log_level(void)
{
	char level[4];

	if (cmdline_has("quiet"))
		console_set_level(LOG_WARNING);
	if (cmdline_value("loglevel", level, sizeof(level)) == 1 && level[0] >= '0' &&
	    level[0] <= '7')
		console_set_level((enum log_level)(level[0] - '0'));
	else if (cmdline_has("loglevel"))
		pr_warn("loglevel=%s: a digit from 0 to 7 is wanted", level);
}

static __init void set_report_policy(void)
{
	char policy[8];

	if (cmdline_value("corrupt", policy, sizeof(policy)) < 0 && !cmdline_has("corrupt"))
		return;
	if (!strcmp(policy, "panic"))
		report_set_policy(CORRUPT_PANIC);
	else if (!strcmp(policy, "repair"))
		report_set_policy(CORRUPT_REPAIR);
	else
		pr_warn("corrupt=%s: panic or repair is wanted", policy);
}

static __init void set_nodes(struct boot_info *boot)
{
	char text[32];
	uint64_t limit = BOOT_RANGE_END;

	if (cmdline_value("numa", text, sizeof(text)) == -ENOENT)
		return;
	cmdline_size("mem", &limit);
	boot_nodes_fake(boot, text, limit);
}

static __init const char *protocol_name(enum boot_protocol protocol)
{
	switch (protocol) {
	case BOOT_PVH:
		return "PVH";
	case BOOT_MULTIBOOT2:
		return "multiboot2";
	case BOOT_FDT:
		return "a device tree";
	default:
		return "the host";
	}
}

static __init void say_hello(const struct boot_info *boot)
{
	pr_info("Loam, %s allocator, %s profile%s; booted through %s%s%s", CONFIG_SLAB_NAME,
		CONFIG_PROFILE_NAME, CONFIG_TESTS ? "" : " without tests",
		protocol_name(boot->protocol), boot->loader[0] ? " by " : "", boot->loader);
	pr_info("cpu: %s", arch_cpu_features());
	pr_info("memory types: %s", arch_memory_types());
	pr_info("command line: %s", cmdline_get());
}

/* The others are found and listed; they stay where the firmware left them. */
static __init void say_cpus(const struct boot_info *boot)
{
	unsigned int enabled = 0;

	for (unsigned int i = 0; i < boot->nr_cpus; i++)
		enabled += boot->cpu[i].enabled;
	if (enabled <= 1)
		return;
	pr_info("smp: %u cpus found, %u parked by the firmware, 1 running", enabled, enabled - 1);
	for (unsigned int i = 0; i < boot->nr_cpus; i++)
		pr_info("smp:   cpu %u  hardware id 0x%llx  node %d  %s", i,
			(unsigned long long)boot->cpu[i].hardware_id, boot->cpu[i].node,
			i == 0		       ? "running"
			: boot->cpu[i].enabled ? "parked"
					       : "disabled by the firmware");
}

/* A static stack is the upper part of its block; what lies below is unmapped, as under the boot stack. */
static __init void guard_task_stacks(void)
{
	uintptr_t block = ALIGN_UP((uintptr_t)task_stacks_start, TASK_STACK_BLOCK);

	for (; block < (uintptr_t)task_stacks_end; block += TASK_STACK_BLOCK)
		CHECK(pgtable_unmap(NULL, block, TASK_STACK_BLOCK - TASK_STACK_SIZE) == 0,
		      "the page below the stack at 0x%lx stays mapped", block);
}

static void run_tests_if_asked(void)
{
	char name[128];

	if (!CONFIG_TESTS && (cmdline_has("selftest") || cmdline_has("panictest"))) {
		pr_err("selftest: this kernel was built with TESTS=0");
		arch_halt(HALT_TEST_FAILED);
	}
	if (!CONFIG_TESTS)
		return;
	if (cmdline_value("panictest", name, sizeof(name)) >= 0)
		arch_halt(ktest_run_one(name) ? HALT_TEST_FAILED : HALT_OK);
	if (cmdline_value("selftest", name, sizeof(name)) >= 0)
		arch_halt(ktest_run(name[0] ? name : NULL) ? HALT_TEST_FAILED : HALT_OK);
}

static void run_commands_if_asked(void)
{
	static char commands[COMMAND_LINE_SIZE];

	if (cmdline_value("run", commands, sizeof(commands)) < 0)
		return;
	arch_halt(shell_execute(commands) ? HALT_COMMAND_FAILED : HALT_OK);
}

/* Nobody could ever type, nor see anything: who waits for this machine learns it by its status. */
static void stop_without_console(void)
{
	if (printk_has_console())
		return;
	pr_err("boot: no console, and nothing to run");
	arch_halt(HALT_BAD_BOOT);
}

void ksecondary(void)
{
	smp_cpu_loop();
}

__ref void kmain(struct boot_info *boot)
{
	stack_guard_init();
	boot_info = boot;
	fixmap_init();
	firmware_read(boot);
	hash_pointer_init();
	cmdline_set(boot->command_line);
	set_log_level();
	set_report_policy();
	set_nodes(boot);
	console_init(boot);
	board_init(boot);
	framebuffer_console_init(boot);
	say_hello(boot);

	mm_init(boot);
	guard_task_stacks();
	ramfb_init(boot);
	interrupts_init(boot);
	smp_start_others(boot->nr_cpus);

	say_cpus(boot);
	mm_boot_is_over();
	cycles_to_prompt = arch_cycles() - arch_boot_cycles();
	run_tests_if_asked();
	run_commands_if_asked();
	stop_without_console();
	shell_run();
}
