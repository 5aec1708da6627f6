/* SPDX-License-Identifier: MIT */
/*
 * areas.c - commands that look at the kernel's addresses, and some to play with.
 */
#include <kernel/shell.h>

#include <arch/layout.h>
#include <arch/memory.h>
#include <lib/printk.h>
#include <lib/string.h>
#include <mm/init.h>
#include <mm/io.h>
#include <mm/pgtable.h>
#include <mm/vmalloc.h>

/* --- map ------------------------------------------------------------------------------ */

/* What is mapped of a region, by size of leaf. */
struct region_use {
	uintptr_t base;
	size_t size;
	size_t bytes;
	unsigned long leaves[PT_MAX_LEVELS];
};

static bool count_leaf(const struct pt_entry *entry, void *context)
{
	struct region_use *use = context;

	if (entry->va - use->base >= use->size)
		return true;
	use->bytes += entry->size;
	use->leaves[entry->level]++;
	return true;
}

/* "12345 KiB", "1234 MiB", ...: at most five digits. */
static void print_size(struct seq_file *out, size_t bytes)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
	unsigned int unit = 0;

	for (bytes >>= 10; bytes >= 100000 && unit < ARRAY_SIZE(units) - 1; unit++)
		bytes >>= 10;
	seq_printf(out, "%6zu %s", bytes, units[unit]);
}

/* A mark for each doubling of what is mapped: regions differ too much for a scale of another kind. */
static void print_bar(struct seq_file *out, size_t bytes)
{
	for (; bytes >= 4096; bytes >>= 1)
		seq_putc(out, '#');
}

static void show_region(struct seq_file *out, enum arch_region region)
{
	struct region_use use = {.base = arch_region_base(region),
				 .size = arch_region_size(region)};

	if (!use.size)
		return;
	pgtable_for_each(count_leaf, &use);
	seq_printf(out, "0x%016lx ", use.base);
	print_size(out, use.size);
	seq_puts(out, "  ");
	print_size(out, use.bytes);
	seq_printf(out, "  %6lu %5lu %4lu  %-18s ", use.leaves[0], use.leaves[1], use.leaves[2],
		   mm_region_name(use.base));
	print_bar(out, use.bytes);
	seq_putc(out, '\n');
}

static uintptr_t lowest_above(uintptr_t after, bool any, enum arch_region *found)
{
	uintptr_t best = 0;

	for (unsigned int region = 0; region < NR_REGIONS; region++) {
		uintptr_t base = arch_region_base((enum arch_region)region);

		if ((any && base <= after) || (best && base >= best))
			continue;
		best = base;
		*found = (enum arch_region)region;
	}
	return best;
}

COMMAND(map, "map",
	"the kernel's address space: regions from low to high, and what is mapped of each")
{
	enum arch_region region = REGION_DIRECT_MAP;
	uintptr_t at = 0;
	bool any = false;

	if (argc > 1)
		return SHELL_USAGE;
	seq_puts(out, "base                     size      mapped    4 KiB 2 MiB 1 GiB leaves; a # "
		      "for each doubling from 4 KiB\n");
	while ((at = lowest_above(at, any, &region))) {
		show_region(out, region);
		any = true;
	}
	return 0;
}

/* --- vmalloc and ioremap ----------------------------------------------------------------- */

static bool number(const char *word, const char *what, unsigned long long *value)
{
	if (shell_parse_number(word, value))
		return true;
	console_print("%s: %s is no number; say it in decimal or with 0x\n", what, word);
	return false;
}

static int show_areas(struct seq_file *out)
{
	struct vmalloc_counts counts;

	vmalloc_count(&counts);
	seq_printf(out,
		   "%lu areas of %lu pages; %lu of %lu pages are freed and wait for a flush; %lu "
		   "flushes so far\n",
		   counts.areas, counts.pages, counts.lazy_areas, counts.lazy_pages,
		   counts.flushes);
	proc_vmallocinfo(out);
	return 0;
}

COMMAND(vmalloc, "vmalloc [SIZE]", "take SIZE bytes and say where; alone: all areas")
{
	unsigned long long size;
	void *memory;

	if (argc > 2)
		return SHELL_USAGE;
	if (argc == 1)
		return show_areas(out);
	if (!number(argv[1], "vmalloc", &size))
		return SHELL_USAGE;
	memory = vmalloc(size);
	if (!memory)
		return 1;
	seq_printf(out, "%llu bytes at %px; `vfree %px` gives them back\n", size, memory, memory);
	return 0;
}

COMMAND(vfree, "vfree ADDRESS",
	"give back what vmalloc gave; any other address shows what vfree() says")
{
	unsigned long long address;

	if (argc != 2 || !number(argv[1], "vfree", &address))
		return SHELL_USAGE;
	vfree((void *)(uintptr_t)address);
	return 0;
}

COMMAND(ioremap, "ioremap PHYSICAL SIZE", "map device memory and say where")
{
	unsigned long long pa, size;
	void *registers;

	if (argc != 3 || !number(argv[1], "ioremap", &pa) || !number(argv[2], "ioremap", &size))
		return SHELL_USAGE;
	registers = ioremap(pa, size);
	if (!registers) {
		console_print("ioremap: refused, or no room; /proc/iomem says what lies where\n");
		return 1;
	}
	seq_printf(out, "0x%llx is at %px; `iounmap %px` ends it\n", pa, registers, registers);
	return 0;
}

COMMAND(iounmap, "iounmap ADDRESS", "end a mapping that ioremap made")
{
	unsigned long long address;

	if (argc != 2 || !number(argv[1], "iounmap", &address))
		return SHELL_USAGE;
	iounmap((void *)(uintptr_t)address);
	return 0;
}
