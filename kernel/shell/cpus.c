/* SPDX-License-Identifier: MIT */
/*
 * cpus.c - lscpu: the CPUs, how each is started, and the nodes that they and memory form.
 *
 * LINUX	util-linux's lscpu: the first lines and those of the nodes are laid out as there;
 *		distances as in numactl --hardware.
 */
#include <kernel/shell.h>

#include <arch/cpu.h>
#include <arch/pgtable.h>
#include <kernel/main.h>
#include <lib/firmware/boot_info.h>
#include <mm/memblock.h>

static const char *method_name(enum boot_cpu_method method)
{
	static const char *const names[] = {
		[CPU_METHOD_NONE] = "-",
		[CPU_METHOD_APIC] = "INIT-SIPI-SIPI",
		[CPU_METHOD_PSCI] = "PSCI",
		[CPU_METHOD_SPIN_TABLE] = "spin table",
	};

	return names[method];
}

static void show_summary(struct seq_file *out, const struct boot_info *boot)
{
	static const char *const controllers[] = {"unknown", "APIC", "GICv2", "GICv3", "BCM2836"};

	seq_printf(out, "CPU(s):              %u\n", max(boot->nr_cpus, 1U));
	seq_puts(out, "On-line CPU(s) list: 0\n");
	if (boot->nr_cpus_unlisted)
		seq_printf(out, "Not listed:          %u\n", boot->nr_cpus_unlisted);
	seq_printf(out, "Features:            %s\n", arch_cpu_features());
	seq_printf(out, "Memory types:        %s\n", arch_memory_types());
	seq_printf(out, "Interrupts:          %s\n", controllers[boot->interrupts.type]);
}

static void show_cpus(struct seq_file *out, const struct boot_info *boot)
{
	seq_puts(out, "CPU NODE HARDWARE-ID STATE    STARTED-BY\n");
	for (unsigned int i = 0; i < boot->nr_cpus; i++) {
		const struct boot_cpu *cpu = &boot->cpu[i];

		seq_printf(out, "%3u %4d %11llx %-8s %s", i, cpu->node,
			   (unsigned long long)cpu->hardware_id,
			   i == 0	  ? "running"
			   : cpu->enabled ? "parked"
					  : "disabled",
			   method_name(cpu->method));
		if (cpu->release_pa)
			seq_printf(out, " at 0x%llx", (unsigned long long)cpu->release_pa);
		seq_putc(out, '\n');
	}
}

/* "0-1,3" */
static void show_cpu_list(struct seq_file *out, const struct boot_info *boot, int nid)
{
	const char *comma = "";

	for (unsigned int i = 0; i < boot->nr_cpus; i++) {
		unsigned int first = i;

		if (boot->cpu[i].node != nid)
			continue;
		while (i + 1 < boot->nr_cpus && boot->cpu[i + 1].node == nid)
			i++;
		seq_printf(out, "%s%u", comma, first);
		if (i > first)
			seq_printf(out, "-%u", i);
		comma = ",";
	}
}

static unsigned long long node_kib(int nid)
{
	unsigned long index = 0;
	phys_addr_t start, end, bytes = 0;
	int region_nid;

	while (memblock_next_memory(&index, &start, &end, &region_nid))
		bytes += region_nid == nid ? end - start : 0;
	return bytes / KiB;
}

static void show_nodes(struct seq_file *out, const struct boot_info *boot)
{
	const struct boot_nodes *nodes = &boot->nodes;

	seq_printf(out, "NUMA node(s):        %u\n", nodes->nr);
	for (unsigned int nid = 0; nid < nodes->nr; nid++) {
		seq_printf(out, "NUMA node%u CPU(s):   ", nid);
		show_cpu_list(out, boot, (int)nid);
		seq_printf(out, "\nNUMA node%u memory:   %llu KiB (firmware's number %d)\n", nid,
			   node_kib((int)nid), nodes->domain[nid]);
	}
	seq_puts(out, "node distances:\nnode ");
	for (unsigned int to = 0; to < nodes->nr; to++)
		seq_printf(out, " %3u", to);
	seq_putc(out, '\n');
	for (unsigned int from = 0; from < nodes->nr; from++) {
		seq_printf(out, "%3u: ", from);
		for (unsigned int to = 0; to < nodes->nr; to++)
			seq_printf(out, " %3u", nodes->distance[from][to]);
		seq_putc(out, '\n');
	}
}

COMMAND(lscpu, "lscpu", "CPUs and how they are started, nodes and how far apart they are")
{
	const struct boot_info *boot = boot_info_get();

	if (argc > 1)
		return SHELL_USAGE;
	show_summary(out, boot);
	show_cpus(out, boot);
	show_nodes(out, boot);
	return 0;
}
