/* SPDX-License-Identifier: MIT */
/*
 * describe.c - what lies at an address: the prompt's `whatis` and a trap's one line.
 *
 * From the outside in: region, mapping, frame, zone, block, slab, object. Reads
 * page tables and struct pages only, never the address itself, so any number may be asked about.
 */
#include <mm/init.h>

#include <arch/layout.h>
#include <lib/sections.h>
#include <lib/symbols.h>
#include <mm/deferred.h>
#include <mm/direct_map.h>
#include <mm/memblock.h>
#include <mm/pgtable.h>
#include <mm/page.h>
#include <mm/page_debug.h>
#include <mm/slab.h>
#include <mm/vmalloc.h>
#include <mm/zone.h>

static const char *const region_names[NR_REGIONS] = {
	[REGION_DIRECT_MAP] = "direct map", [REGION_VMALLOC] = "vmalloc region",
	[REGION_VMEMMAP] = "struct pages",  [REGION_KMAP] = "kmap windows",
	[REGION_PERCPU] = "per-CPU chunks", [REGION_IMAGE] = "kernel image",
	[REGION_FIXMAP] = "fixmap",
};

static int find_region(uintptr_t address)
{
	for (int region = 0; region < NR_REGIONS; region++)
		if (address - arch_region_base((enum arch_region)region) <
		    arch_region_size((enum arch_region)region))
			return region;
	return -1;
}

static bool within(uintptr_t address, const char *start, const char *end)
{
	return address >= (uintptr_t)start && address < (uintptr_t)end;
}

static const char *image_part(uintptr_t address)
{
	if (within(address, text_start, text_end))
		return "kernel image, text";
	if (within(address, init_text_start, init_text_end))
		return "kernel image, code that only the boot runs";
	if (within(address, init_data_start, init_data_end))
		return "kernel image, data that only the boot uses";
	if (within(address, ro_after_init_start, ro_after_init_end))
		return "kernel image, data that only the boot writes";
	if (within(address, rodata_start, rodata_end))
		return "kernel image, read-only data";
	if (within(address, data_start, data_end))
		return "kernel image, data or a stack";
	return "kernel image, outside its parts";
}

const char *mm_region_name(uintptr_t address)
{
	int region = find_region(address);

	if (within(address, image_start, image_end))
		return image_part(address);
	if (address < PAGE_SIZE)
		return "the null page, which is never mapped";
	if (region < 0)
		return (intptr_t)address >= 0 ? "user space" : "no region of the kernel";
	if (region == REGION_DIRECT_MAP && !is_direct_map_address((const void *)address))
		return "direct map, behind its end";
	return region_names[region];
}

bool mm_explain_fault(uintptr_t address, char *text, size_t size)
{
	struct text_buffer buffer;
	struct seq_file file = {.sink = &buffer.sink};

	if (page_debug_explain_fault(address, text, size))
		return true;
	if (within(address, init_text_start, init_text_end) ||
	    within(address, init_data_start, init_data_end)) {
		snprintf(text, size, "only the boot used it, and its memory was given back");
		return true;
	}
	text_buffer_init(&buffer, text, size);
	if (!vmalloc_describe(address, &file))
		return false;
	if (buffer.length && text[buffer.length - 1] == '\n')
		text[buffer.length - 1] = '\0';
	return true;
}

static void describe_mapping(struct seq_file *file, const struct pt_entry *entry)
{
	seq_printf(file, "mapped    to physical 0x%llx by a leaf of %lu KiB: r%c%c, %s%s\n",
		   (unsigned long long)entry->pa, (unsigned long)(entry->size >> 10),
		   entry->prot & PROT_WRITE ? 'w' : '-', entry->prot & PROT_EXEC ? 'x' : '-',
		   pgtable_type_name(entry->prot), entry->prot & PROT_USER ? ", user" : "");
}

static void describe_symbol(struct seq_file *file, uintptr_t address)
{
	if (symbol_lookup(address, NULL, NULL))
		seq_printf(file, "symbol    %pS\n", (void *)address);
}

static void describe_area(struct seq_file *file, uintptr_t address)
{
	char text[160];
	struct text_buffer buffer;
	struct seq_file words = {.sink = &buffer.sink};

	text_buffer_init(&buffer, text, sizeof(text));
	if (vmalloc_describe(address, &words))
		seq_printf(file, "area      %s", text);
}

static void describe_object(struct seq_file *file, uintptr_t address)
{
	struct slab_object found;

	if (!slab_describe((const void *)address, &found)) {
		seq_puts(file, "slab      a page of a slab whose descriptor cannot be read\n");
		return;
	}
	seq_printf(file, "cache     %s, slab 0x%lx\n", found.cache_name, found.slab);
	if (!found.in_object) {
		seq_puts(file,
			 "object    none: the slab's descriptor, colour or left-over space\n");
		return;
	}
	seq_printf(file, "object    %u of %u at 0x%lx, %s; the address is %zu bytes in\n",
		   found.index, found.objects, found.object, found.allocated ? "allocated" : "free",
		   found.offset);
}

/* The block that holds a page: on the page itself, or on an aligned one before it. */
static const struct page *find_block(const struct page *page, uint16_t flag)
{
	unsigned long pfn = page_to_pfn(page);

	for (unsigned int order = 0; order < MAX_ORDER; order++) {
		unsigned long first = pfn & ~((1UL << order) - 1);
		const struct page *head = pfn_to_page(first);

		if (!pfn_valid(first))
			return NULL;
		if (head->flags & flag && pfn < first + (1UL << head->order))
			return head;
	}
	return NULL;
}

static void describe_page(struct seq_file *file, unsigned long pfn, uintptr_t address)
{
	const struct page *page = pfn_to_page(pfn), *block;

	seq_printf(file, "page      pfn 0x%lx, node %d, zone %s, refcount %d\n", pfn,
		   page_to_nid(page), page_zone(page)->name, page->refcount);
	if (page->flags & PG_RESERVED) {
		seq_puts(file, memblock_is_memory((phys_addr_t)pfn << PAGE_SHIFT)
				       ? "state     reserved: taken before the buddy started\n"
				       : "state     no RAM: a hole or the firmware's\n");
		return;
	}
	block = find_block(page, PG_BUDDY);
	if (block) {
		seq_printf(file, "state     free, in a block of order %u at pfn 0x%lx\n",
			   block->order, page_to_pfn(block));
		return;
	}
	block = find_block(page, PG_OWNED);
	if (block)
		seq_printf(file, "state     allocated, block of order %u at pfn 0x%lx%s\n",
			   block->order, page_to_pfn(block),
			   block->flags & PG_LARGE ? ", by kmalloc" : "");
	if (address && block && block->flags & PG_SLAB)
		describe_object(file, address);
}

void mm_describe_address(struct seq_file *file, uintptr_t address)
{
	struct pt_entry entry;
	unsigned long pfn;

	seq_printf(file, "0x%016lx\nregion    %s\n", address, mm_region_name(address));
	describe_symbol(file, address);
	describe_area(file, address);
	if (!pgtable_query(address, &entry)) {
		seq_puts(file, "mapped    no: touching it is a fault\n");
		return;
	}
	describe_mapping(file, &entry);
	pfn = (unsigned long)((entry.pa + (address - entry.va)) >> PAGE_SHIFT);
	if (pfn_is_deferred(pfn)) {
		seq_printf(
			file,
			"page      pfn 0x%lx, free in a block of order %u whose struct pages are "
			"not written yet\n",
			pfn, MAX_PAGE_ORDER);
		return;
	}
	if (!pfn_valid(pfn)) {
		seq_puts(file, "page      none: not memory that Loam manages\n");
		return;
	}
	describe_page(file, pfn, is_direct_map_address((const void *)address) ? address : 0);
}
