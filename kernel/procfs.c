/* SPDX-License-Identifier: MIT */
/*
 * procfs.c - the table of /proc: mm writes its own files, the rest is here.
 * LINUX	fs/proc/; formats as in 6.1.
 */
#include <kernel/procfs.h>

#include <lib/clock.h>
#include <lib/cmdline.h>
#include <lib/errno.h>
#include <lib/irq.h>
#include <lib/printk.h>
#include <lib/sched.h>
#include <lib/smp.h>
#include <lib/string.h>
#include <lib/symbols.h>
#include <mm/compaction.h>
#include <mm/dev_kmalloc.h>
#include <mm/init.h>
#include <mm/ioport.h>
#include <mm/vmalloc.h>
#include <mm/reclaim.h>
#include <mm/slab.h>
#include <kernel/main.h>

static void show_cmdline(struct seq_file *file)
{
	seq_printf(file, "%s\n", cmdline_get());
}

static bool show_symbol(uintptr_t address, char type, const char *name, void *context)
{
	seq_printf(context, "%016lx %c %s\n", (unsigned long)address, type, name);
	return true;
}

static void show_kallsyms(struct seq_file *file)
{
	symbol_for_each(show_symbol, file);
}

static void show_version(struct seq_file *file)
{
	seq_printf(file, "Loam (%s allocator, %s profile)\n", CONFIG_SLAB_NAME,
		   CONFIG_PROFILE_NAME);
}

/* Linux's four figures: current, default, minimum and boot-time default. */
static void show_printk(struct seq_file *file)
{
	seq_printf(file, "%d\t%d\t%d\t%d\n", console_get_level(), LOG_WARNING, LOG_PANIC, LOG_INFO);
}

static int write_printk(const char *text, size_t length)
{
	if (length < 1 || text[0] < '0' || text[0] > '7' || (length > 1 && text[1] != '\n'))
		return -EINVAL;
	console_set_level((enum log_level)(text[0] - '0'));
	return 0;
}

static void show_min_free_kbytes(struct seq_file *file)
{
	seq_printf(file, "%lu\n", min_free_kbytes());
}

static void show_lowmem_reserve_ratio(struct seq_file *file)
{
	for (unsigned int i = 0; i < MAX_NR_ZONES; i++)
		seq_printf(file, "%u%s", lowmem_reserve_ratio[i],
			   i < MAX_NR_ZONES - 1 ? "\t" : "\n");
}

/* The number that comes next, after blanks; larger ones are 2^31. False: there is none, but perhaps other text. */
static bool read_number(const char **at, const char *end, unsigned int *number)
{
	unsigned long sum = 0;

	while (*at < end && (**at == ' ' || **at == '\t' || **at == '\n'))
		(*at)++;
	if (*at == end || **at < '0' || **at > '9')
		return false;
	for (; *at < end && **at >= '0' && **at <= '9'; (*at)++)
		sum = min(sum * 10 + (unsigned long)(**at - '0'), 1UL << 31);
	*number = (unsigned int)sum;
	return true;
}

/* Up to four numbers with blanks between them; the last stay as they are where there are fewer. */
static int write_lowmem_reserve_ratio(const char *text, size_t length)
{
	const char *at = text, *end = text + length;
	unsigned int ratio[MAX_NR_ZONES], nr = 0;

	memcpy(ratio, lowmem_reserve_ratio, sizeof(ratio));
	while (nr < MAX_NR_ZONES && read_number(&at, end, &ratio[nr]))
		nr++;
	while (at < end && (*at == ' ' || *at == '\n'))
		at++;
	return nr && at == end ? lowmem_reserve_ratio_set(ratio) : -EINVAL;
}

static int write_min_free_kbytes(const char *text, size_t length)
{
	unsigned long kbytes = 0;
	size_t i;

	for (i = 0; i < length && text[i] >= '0' && text[i] <= '9' && i < 12; i++)
		kbytes = kbytes * 10 + (unsigned long)(text[i] - '0');
	if (!i || (i < length && text[i] != '\n'))
		return -EINVAL;
	return min_free_kbytes_set(kbytes);
}

static int write_compact_memory(const char *text, size_t length)
{
	if (length < 1 || text[0] != '1' || (length > 1 && text[1] != '\n'))
		return -EINVAL;
	compact_all();
	return 0;
}

/* Linux's columns: number, a count for each CPU, controller, number there, handler. */
static void show_interrupts(struct seq_file *file)
{
	unsigned int nr_cpus = smp_nr_running();
	const struct irq_action *action = NULL;

	seq_printf(file, "%*s", 11, "");
	for (unsigned int cpu = 0; cpu < nr_cpus; cpu++)
		seq_printf(file, "CPU%-8u", cpu);
	seq_putc(file, '\n');
	while ((action = irq_next(action)) != NULL) {
		seq_printf(file, "%3u:", action->irq);
		for (unsigned int cpu = 0; cpu < nr_cpus; cpu++)
			seq_printf(file, " %10lu", action->count[cpu]);
		seq_printf(file, "  %8s %3u %-8s  %s\n", irq_controller()->name, action->irq,
			   "Level", action->name);
	}
	seq_printf(file, "SPU: %10lu   Spurious interrupts\n", irq_spurious_count());
	seq_printf(file, "ERR: %10lu\n", irq_unknown_count());
}

/* Seconds since the boot, and of those what the CPUs rested. */
static void show_uptime(struct seq_file *file)
{
	uint64_t up = clock_ms() / 10, idle = sched_idle_ns() / 10000000;

	seq_printf(file, "%llu.%02llu %llu.%02llu\n", (unsigned long long)(up / 100),
		   (unsigned long long)(up % 100), (unsigned long long)(idle / 100),
		   (unsigned long long)(idle % 100));
}

static void show_slab_debug(struct seq_file *file)
{
	seq_printf(file, "%d\n", slab_debug_get());
}

static int write_slab_debug(const char *text, size_t length)
{
	if (length < 1 || (text[0] != '0' && text[0] != '1') || (length > 1 && text[1] != '\n'))
		return -EINVAL;
	return slab_debug_set(text[0] == '1');
}

static int write_slabinfo(const char *text, size_t length)
{
	char line[80];

	if (length >= sizeof(line))
		return -EINVAL;
	memcpy(line, text, length);
	line[length] = '\0';
	return slab_tune_text(line);
}

static const struct proc_file files[] = {
	{"/proc/buddyinfo", proc_buddyinfo, NULL},
	{"/proc/cmdline", show_cmdline, NULL},
	{"/proc/devmem", proc_devmem, NULL},
	{"/proc/interrupts", show_interrupts, NULL},
	{"/proc/iomem", proc_iomem, NULL},
	{"/proc/kallsyms", show_kallsyms, NULL},
	{"/proc/meminfo", proc_meminfo, NULL},
	{"/proc/pagetypeinfo", proc_pagetypeinfo, NULL},
	{"/proc/percpu", proc_percpu, NULL},
	{"/proc/slabinfo", proc_slabinfo, write_slabinfo},
	{"/proc/vmallocinfo", proc_vmallocinfo, NULL},
	{"/proc/sys/kernel/printk", show_printk, write_printk},
	{"/proc/sys/vm/lowmem_reserve_ratio", show_lowmem_reserve_ratio,
	 write_lowmem_reserve_ratio},
	{"/proc/sys/vm/compact_memory", NULL, write_compact_memory},
	{"/proc/sys/vm/min_free_kbytes", show_min_free_kbytes, write_min_free_kbytes},
	{"/proc/sys/vm/slab_debug", show_slab_debug, write_slab_debug},
	{"/proc/uptime", show_uptime, NULL},
	{"/proc/version", show_version, NULL},
	{"/proc/vmstat", proc_vmstat, NULL},
	{"/proc/zoneinfo", proc_zoneinfo, NULL},
	{"/sys/kernel/debug/extfrag/extfrag_index", proc_extfrag_index, NULL},
	{"/sys/kernel/debug/extfrag/unusable_index", proc_unusable_index, NULL},
};

const struct proc_file *proc_find(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (!strcmp(files[i].path, path))
			return &files[i];
	return NULL;
}

const char *proc_wants(const struct proc_file *file)
{
	static const char *const words[][2] = {
		{"/proc/sys/kernel/printk", "a level from 0 (panic) to 7 (debug)"},
		{"/proc/sys/vm/compact_memory", "1"},
		{"/proc/sys/vm/lowmem_reserve_ratio",
		 "up to four ratios, for DMA DMA32 Normal HighMem"},
		{"/proc/sys/vm/min_free_kbytes", "KiB to keep free, at most a quarter of memory"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(file->path, words[i][0]))
			return words[i][1];
	return NULL;
}

const struct proc_file *proc_next(const struct proc_file *file)
{
	file = file ? file + 1 : files;
	return file < files + ARRAY_SIZE(files) ? file : NULL;
}
