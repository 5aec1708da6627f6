/* SPDX-License-Identifier: MIT */
/*
 * percpu.c - give each CPU its own copy of the per-CPU variables.
 *
 * THE IDEA
 *	The linker lays all DEFINE_PER_CPU variables side by side: the template.
 *	Each CPU gets a copy of the whole, and one number, the distance from the template to its
 *	copy. A variable's address plus this CPU's distance is this CPU's variable.
 *
 * PICTURE
 *	image		... | template |
 *	bootmem		| copy of CPU 0 | copy of CPU 1 | ...
 *			  ^ per_cpu_offset[0] = its address - the template's
 *
 *	Copies start on a cache line, so that two CPUs never write to one. They are packed: pages
 *	for a few hundred bytes would cost a CPU 4 KiB.
 *
 * FLOOR	percpu. From bootmem, before struct page exists.
 * LINUX	mm/percpu.c: setup_per_cpu_areas(), pcpu_embed_first_chunk().
 */
#include <mm/percpu.h>

#include <arch/cache.h>
#include <arch/cpu.h>
#include <lib/check.h>
#include <lib/percpu.h>
#include <lib/string.h>
#include <mm/bootmem.h>
#include <mm/early.h>

static unsigned int nr_areas;

static void make_area(unsigned int cpu, size_t template_size)
{
	size_t size = ALIGN_UP(template_size, arch_cache_line_size());
	char *area = __alloc_bootmem_node(early_boot_info()->cpu[cpu].node, size,
					  arch_cache_line_size(), 0);

	memcpy(area, percpu_start, template_size);
	per_cpu_offset[cpu] = (uintptr_t)area - (uintptr_t)percpu_start;
}

void percpu_areas_init(unsigned int nr_cpus)
{
	size_t template_size = (size_t)(percpu_end - percpu_start);
	unsigned int cpu;

	CHECK(nr_areas == 0 && nr_cpus > 0 && nr_cpus <= NR_CPUS, "%u CPUs", nr_cpus);
	CHECK(!arch_irq_enabled(), "a variable may change while it is copied");

	for (cpu = 0; cpu < nr_cpus && template_size > 0; cpu++)
		make_area(cpu, template_size);
	nr_areas = nr_cpus;
	arch_percpu_set_offset(per_cpu_offset[arch_cpu_id()]);
}

unsigned int nr_possible_cpus(void)
{
	return nr_areas;
}
