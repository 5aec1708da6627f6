/* SPDX-License-Identifier: MIT */
/*
 * areas.c - commands that look at the kernel's addresses, and some to play with.
 */
#include <kernel/shell.h>

#include <arch/layout.h>
#include <arch/memory.h>
#include <lib/printk.h>
#include <lib/report.h>
#include <lib/string.h>
#include <lib/bits.h>
#include <mm/deferred.h>
#include <mm/init.h>
#include <mm/io.h>
#include <mm/kmap.h>
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

/* --- drawn to scale --------------------------------------------------------------------- */

#define COLUMNS 64

/* Each region has a letter, in the order of enum arch_region. */
static const char letters[NR_REGIONS + 1] = "DVSKPIF";
static_assert(NR_REGIONS == 7, "each region has a letter");

struct drawing {
	uintptr_t start, width; /* of a column */
	char region[COLUMNS + 1], mapped[COLUMNS + 1];
};

static unsigned int column_of(const struct drawing *drawing, uintptr_t va)
{
	return (unsigned int)((va - drawing->start) / drawing->width);
}

/* A column with parts of several regions is a +. */
static void draw_region(struct drawing *drawing, enum arch_region region)
{
	uintptr_t base = arch_region_base(region), size = arch_region_size(region);
	unsigned int column = column_of(drawing, base),
		     last = column_of(drawing, base + (size - 1));

	for (; size && column <= last; column++)
		drawing->region[column] = drawing->region[column] == '.' ? letters[region] : '+';
}

static bool draw_leaf(const struct pt_entry *entry, void *context)
{
	struct drawing *drawing = context;
	unsigned int column = column_of(drawing, entry->va);

	for (; column <= column_of(drawing, entry->va + (entry->size - 1)); column++)
		if (column < COLUMNS)
			drawing->mapped[column] = '#';
	return true;
}

/* From the lowest region's base to the end of the highest, in columns of a power of two. */
static void drawing_begin(struct drawing *drawing)
{
	uintptr_t start = UINTPTR_MAX, last = 0, width = PAGE_SIZE;

	for (unsigned int region = 0; region < NR_REGIONS; region++) {
		uintptr_t base = arch_region_base((enum arch_region)region);

		start = min(start, base);
		last = max(last, base + (arch_region_size((enum arch_region)region) - 1));
	}
	while ((last - ALIGN_DOWN(start, width)) / width >= COLUMNS)
		width <<= 1;
	*drawing = (struct drawing){.start = ALIGN_DOWN(start, width), .width = width};
	memset(drawing->region, '.', COLUMNS);
	memset(drawing->mapped, '.', COLUMNS);
}

static void show_drawing(struct seq_file *out)
{
	struct drawing drawing;

	drawing_begin(&drawing);
	for (unsigned int region = 0; region < NR_REGIONS; region++)
		draw_region(&drawing, (enum arch_region)region);
	pgtable_for_each(draw_leaf, &drawing);
	seq_printf(out, "\nto scale, from 0x%016lx on, each column ", drawing.start);
	print_size(out, drawing.width);
	seq_printf(out,
		   ":\n  regions  %s\n  mapped   %s\n"
		   "D direct map, V vmalloc, S struct pages, K kmap, P per-CPU, I image, F fixmap; "
		   "+ several, . nothing, # something is mapped\n",
		   drawing.region, drawing.mapped);
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
	show_drawing(out);
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
	if (!memory) {
		console_print("vmalloc: refused, or no memory; `cat /proc/meminfo` says how much "
			      "there is\n");
		return 1;
	}
	seq_printf(out, "%llu bytes at %px; `vfree %px` gives them back\n", size, memory, memory);
	return 0;
}

/* What somebody types is no bug of the kernel: the report is shown, and nothing stops. */
static int give_back(void (*give)(void *address), unsigned long long address)
{
	enum report_policy policy = report_get_policy();
	unsigned long reports = report_count();

	report_set_policy(CORRUPT_REPAIR);
	give((void *)(uintptr_t)address);
	report_set_policy(policy);
	if (report_count() == reports)
		return 0;
	console_print("nothing was changed; `vmalloc` alone lists what there is to give back\n");
	return 1;
}

static void give_memory(void *address)
{
	vfree(address);
}

static void give_registers(void *address)
{
	iounmap(address);
}

COMMAND(vfree, "vfree ADDRESS",
	"give back what vmalloc gave; any other address shows what vfree() says")
{
	unsigned long long address;

	if (argc != 2 || !number(argv[1], "vfree", &address))
		return SHELL_USAGE;
	return give_back(give_memory, address);
}

COMMAND(ioremap, "ioremap PHYSICAL SIZE", "map device memory and say where")
{
	unsigned long long pa, size;
	void *registers;

	if (argc != 3 || !number(argv[1], "ioremap", &pa) || !number(argv[2], "ioremap", &size))
		return SHELL_USAGE;
	registers = ioremap(pa, size);
	if (!registers) {
		console_print(
			"ioremap: refused: no bytes, more than the CPU can address, RAM, "
			"another type, or no memory; `cat /proc/iomem` says what lies where\n");
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
	return give_back(give_registers, address);
}

/* --- windows onto high memory ---------------------------------------------------------------- */

/* A page by its frame number, free or not; NULL after a word about it. */
static struct page *page_of(const char *who, unsigned long long pfn)
{
	struct page *page = pfn >> (BITS_PER_LONG - PAGE_SHIFT) ? NULL : page_materialise(pfn);

	if (page)
		return page;
	console_print("%s: there is no page frame 0x%llx; `memmap` says which there are\n", who,
		      pfn);
	return NULL;
}

static int show_windows(struct seq_file *out)
{
	struct kmap_counts counts;

	kmap_count(&counts);
	seq_printf(out, "%u windows: %u show a page, %u wait for the flush; %lu flushes so far\n",
		   counts.slots, counts.used, counts.stale, counts.flushes);
	return 0;
}

COMMAND(kmap, "kmap [PFN]",
	"show a page of high memory somewhere and say where; alone: how many are shown")
{
	unsigned long long pfn;
	struct kmap_counts counts;
	struct page *page;

	if (argc > 2)
		return SHELL_USAGE;
	if (argc == 1)
		return show_windows(out);
	if (!number(argv[1], "kmap", &pfn))
		return SHELL_USAGE;
	page = page_of("kmap", pfn);
	if (!page)
		return 1;
	if (!page_is_high(page)) {
		seq_printf(out, "frame 0x%llx is in the direct map, at %px, and needs no window\n",
			   pfn, page_address(page));
		return 0;
	}
	kmap_count(&counts);
	if (counts.used == counts.slots && !page_address(page)) {
		console_print("kmap: all %u windows are in use, and kmap() would wait; `kunmap` "
			      "closes one\n",
			      counts.slots);
		return 1;
	}
	seq_printf(out, "frame 0x%llx is shown at %px; `kunmap 0x%llx` ends it\n", pfn, kmap(page),
		   pfn);
	return 0;
}

COMMAND(kunmap, "kunmap PFN|ADDRESS", "end what kmap began; as often as it was begun")
{
	unsigned long long value;
	struct page *page;

	if (argc != 2 || !number(argv[1], "kunmap", &value))
		return SHELL_USAGE;
	page = value >= arch_region_base(REGION_DIRECT_MAP) ? kmap_to_page((void *)(uintptr_t)value)
							    : page_of("kunmap", value);
	if (page && !page_is_high(page)) {
		seq_puts(out, "it is in the direct map: there is no window to close\n");
		return 0;
	}
	if (!page || !page_address(page)) {
		console_print("kunmap: no window shows that; `kmap PFN` opens one\n");
		return 1;
	}
	kunmap(page);
	if (page_address(page))
		seq_printf(out, "still shown at %px: it was mapped more than once\n",
			   page_address(page));
	return 0;
}
