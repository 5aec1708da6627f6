/* SPDX-License-Identifier: MIT */
/*
 * report_ptdump.c - the kernel's page tables as lines, and what is wrong with them.
 *
 * Leaves that lie side by side and are alike become one line. Two things are marked, because no kernel should
 * have them: what may be written and executed, and a frame that is mapped elsewhere with another memory type.
 * LINUX	mm/ptdump.c with CONFIG_DEBUG_WX, which marks the first.
 */
#include <mm/init.h>

#include <arch/pgtable.h>
#include <mm/pgtable.h>

struct dump {
	struct seq_file *file;
	uintptr_t start, end; /* the line that is not printed yet; nothing: start == end */
	size_t leaf;
	prot_t prot;
	const char *region;
	struct pt_entry frames; /* of the line: those at its end that continue one another */
	struct pt_entry other; /* another leaf that maps one of the line's frames by another type */
	bool has_other;
	unsigned int writable_code, two_types;
};

static const char *type_name(prot_t prot)
{
	static const char *const names[] = {"RAM", "WC", "WT", "DEV"};
	unsigned int type = (prot & PROT_TYPE_MASK) >> PROT_TYPE_SHIFT;

	return type < ARRAY_SIZE(names) ? names[type] : "?";
}

/* One of two types is not plain RAM: lines of RAM need no look. */
static void look_at_frames(struct dump *dump)
{
	if (!dump->has_other && (dump->prot & PROT_TYPE_MASK) != PROT_RAM)
		dump->has_other = pgtable_find_other_type(dump->frames.pa, dump->frames.size,
							  dump->prot, &dump->other);
}

static void print_line(struct dump *dump)
{
	bool writable_code = dump->prot & PROT_WRITE && dump->prot & PROT_EXEC;

	if (dump->start == dump->end)
		return;
	look_at_frames(dump);
	seq_printf(dump->file,
		   "  0x%016lx-0x%016lx %9lu KiB  r%c%c%c %-3s %s  leaves of %lu KiB%s\n",
		   dump->start, dump->end - 1, (dump->end - dump->start) >> 10,
		   dump->prot & PROT_WRITE ? 'w' : '-', dump->prot & PROT_EXEC ? 'x' : '-',
		   dump->prot & PROT_USER ? 'u' : '-', type_name(dump->prot),
		   dump->prot & PROT_GLOBAL ? "global" : "      ", dump->leaf >> 10,
		   writable_code ? "  <- WRITABLE AND EXECUTABLE" : "");
	if (dump->has_other)
		seq_printf(dump->file,
			   "    ^ physical 0x%llx is also mapped as %s, at 0x%lx  <- TWO MEMORY "
			   "TYPES\n",
			   (unsigned long long)dump->other.pa, type_name(dump->other.prot),
			   dump->other.va);
	dump->writable_code += writable_code;
	dump->two_types += dump->has_other;
}

static void start_line(struct dump *dump, const struct pt_entry *entry, const char *region)
{
	print_line(dump);
	if (region != dump->region)
		seq_printf(dump->file, "%s\n", region);
	dump->start = entry->va;
	dump->end = entry->va;
	dump->leaf = entry->size;
	dump->prot = entry->prot;
	dump->region = region;
	dump->frames = *entry;
	dump->frames.size = 0;
	dump->has_other = false;
}

static bool dump_leaf(const struct pt_entry *entry, void *context)
{
	struct dump *dump = context;
	const char *region = mm_region_name(entry->va);

	if (entry->va != dump->end || entry->size != dump->leaf || entry->prot != dump->prot ||
	    region != dump->region)
		start_line(dump, entry, region);
	if (entry->pa != dump->frames.pa + dump->frames.size) {
		look_at_frames(dump);
		dump->frames = *entry;
		dump->frames.size = 0;
	}
	dump->frames.size += entry->size;
	dump->end += entry->size;
	return true;
}

void mm_report_ptdump(struct seq_file *file)
{
	struct dump dump = {.file = file};

	seq_printf(file, "%u levels; %s\n", arch_pt_levels(), arch_memory_types());
	pgtable_for_each(dump_leaf, &dump);
	print_line(&dump);
	seq_printf(file, "%u ranges are writable and executable at once\n", dump.writable_code);
	seq_printf(file,
		   "%u ranges have a frame that is mapped with another memory type elsewhere\n",
		   dump.two_types);
}
