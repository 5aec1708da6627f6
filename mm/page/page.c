/* SPDX-License-Identifier: MIT */
/*
 * page.c - a struct page for every page frame.
 *
 * THE IDEA
 *	The kernel keeps 32 bytes about each frame of 4 KiB: who has it. They
 *	form one array in virtual memory, vmemmap, indexed by the frame number:
 *	frame 0x1a40 has its struct page at vmemmap + 0x1a40 * 32, and neither
 *	direction needs a table. Most of that array would describe frames that
 *	do not exist, so only parts of it are backed by memory, in units: 1024
 *	frames (one block of the largest order, 4 MiB) have 32 KiB of struct
 *	pages, and a unit is backed when any frame of it is RAM.
 *
 *	Because a block and its buddy never leave one unit, the struct page of
 *	a buddy can always be read, even where the frame is a hole. Frames that
 *	are no RAM are reserved pages, so the buddy never meets them on a list.
 *
 * PICTURE	RAM at frames 1..1023, 2048..3071 and 3072..3583; 'h' is a hole
 *
 *	frames	0         1024        2048        3072        4096
 *		h[ RAM   ]             [  RAM    ][ RAM ]hhhh
 *	unit	|    0    |     1     |     2     |     3     |
 *	vmemmap	|32 KiB   |  no page  |32 KiB     |32 KiB     |
 *		 one run               one run of two units, contiguous below
 *
 *	A run of units is backed by one piece of physical memory where there is
 *	one. Where 64 units (2 MiB of struct pages, for 256 MiB of RAM) stand at
 *	a 2 MiB boundary of vmemmap the piece is aligned likewise, so that one
 *	leaf maps it and no table page is needed.
 *
 *	Life of a struct page: at the handover all of a unit are written as reserved, then
 *	`state` of those that early has left becomes free. Units that are free as a
 *	whole are left alone until somebody wants them (deferred.c).
 *
 * INVARIANTS	(page_check() proves them)
 *	P1  Each frame is in exactly one state (mm/page.h).
 *	P2  A hole is reserved and has no users.
 *	P3  The frames of a zone that are RAM are its present pages; those that
 *	    are not reserved are its managed pages.
 *	P4  The frames in free blocks are the zone's nr_free.
 *	P5  The frames in blocks on per-CPU lists are the sum of the lists' counts;
 *	    these, the free ones and those in use are the managed pages.
 *
 * LOCKING	Boot only, but for pfn_valid(), page_address() and virt_to_page(),
 *		which read what never changes after it.
 * COST		32 bytes a frame, 0.8 % of memory. To write one takes 4.8
 *		instructions on x86_64 (four stores, eight frames a turn), and
 *		1.4 more when it becomes free; at boot it is done for a few units only.
 * FLOOR	page, its first file. Memory from early, leaves through pgtable.
 * LINUX	mm/sparse.c, mm/sparse-vmemmap.c, mm/mm_init.c: memmap_init(),
 *		__init_single_page(); pfn_valid(). Linux backs sections of 128 MiB.
 */
#include <mm/page.h>

#include <arch/cpu.h>
#include <arch/layout.h>
#include <lib/bits.h>
#include <lib/check.h>
#include <lib/init.h>
#include <lib/printk.h>
#include <lib/report.h>
#include <mm/bootmem.h>
#include <mm/direct_map.h>
#include <mm/early.h>
#include <mm/memblock.h>
#include <mm/pgtable.h>
#include <mm/zone.h>
#include "impl.h"

#define UNIT_BYTES (sizeof(struct page) << PAGE_UNIT_SHIFT)
#define LEAF_SIZE  (PAGE_SIZE << PT_INDEX_BITS) /* a leaf of level 1: 2 MiB */
#define LEAF_UNITS (LEAF_SIZE / UNIT_BYTES)
#define BLOCK_SIZE (PAGE_SIZE << MAX_PAGE_ORDER)

static unsigned long empty_chunk[BIT(PAGE_CHUNK_SHIFT) / BITS_PER_LONG];
unsigned long **page_unit_chunks __ro_after_init;
unsigned long page_nr_units __ro_after_init; /* behind the last that is backed */
static unsigned long nr_backed_units;

/* Where struct pages lie, in frames. */
static struct {
	unsigned long start, end;
} pieces[STRUCT_PAGE_PIECES];
static unsigned int nr_pieces __ro_after_init;

static_assert(LEAF_SIZE % UNIT_BYTES == 0, "a leaf holds whole units");
static_assert(UNIT_BYTES % PAGE_SIZE == 0, "a unit is mapped by whole pages");

unsigned long nr_struct_pages(void)
{
	return nr_backed_units << PAGE_UNIT_SHIFT;
}

void *(*page_address_high)(const struct page *page);

void *page_address(const struct page *page)
{
	if (likely(page_zone_type(page) != ZONE_HIGHMEM))
		return phys_to_virt(page_to_phys(page));
	return page_address_high ? page_address_high(page) : NULL;
}

bool virt_addr_valid(const void *address)
{
	return is_direct_map_address(address) &&
	       pfn_valid(direct_map_to_phys(address) >> PAGE_SHIFT);
}

struct page *virt_to_page(const void *address)
{
	if (likely(virt_addr_valid(address)))
		return direct_map_page(address);
	misuse_report_address("virt_to_page", address);
	return NULL;
}

/* --- backing the array ------------------------------------------------------ */

/* A machine whose memory cannot hold what describes it is too small; that is no fault of ours. */
static _Noreturn void too_small(size_t size)
{
	pr_err("no usable memory: %zu KiB wanted for struct pages\n", size / KiB);
	arch_halt(HALT_NO_MEMORY);
}

static void *boot_memory(size_t size, size_t align)
{
	void *memory = __alloc_bootmem_nopanic(size, align, 0);

	if (!memory)
		too_small(size);
	return memory;
}

static phys_addr_t boot_table(const struct pt_source *source)
{
	(void)source;
	return direct_map_to_phys(boot_memory(PAGE_SIZE, PAGE_SIZE));
}

/* A chunk of bits, all zero, for each 16 GiB in which a unit lies. */
static __init void make_chunks(unsigned long start, unsigned long end)
{
	unsigned long chunk = start >> PAGE_CHUNK_SHIFT;

	ASSERT(start < end && end <= page_nr_units, "units %lu to %lu", start, end);
	for (; chunk <= (end - 1) >> PAGE_CHUNK_SHIFT; chunk++)
		if (page_unit_chunks[chunk] == empty_chunk)
			page_unit_chunks[chunk] = boot_memory(BIT(PAGE_CHUNK_SHIFT) / 8, 0);
	nr_backed_units += end - start;
}

void units_set_written(unsigned long start, unsigned long end)
{
	unsigned long unit, bit;

	for (unit = start; unit < end; unit++) {
		bit = unit & (BIT(PAGE_CHUNK_SHIFT) - 1);
		ASSERT(page_unit_chunks[unit >> PAGE_CHUNK_SHIFT] != empty_chunk, "unit %lu", unit);
		__atomic_fetch_or(&page_unit_chunks[unit >> PAGE_CHUNK_SHIFT][bit / BITS_PER_LONG],
				  BIT(bit % BITS_PER_LONG), __ATOMIC_RELEASE);
	}
}

/* Of the units [start, end) as many from the start as one kind of leaf maps best. */
static __init unsigned long piece_units(unsigned long start, unsigned long end)
{
	unsigned long whole = ALIGN_DOWN(end - start, LEAF_UNITS);

	if (!IS_ALIGNED(start, LEAF_UNITS))
		return min(end, ALIGN_UP(start, LEAF_UNITS)) - start;
	return whole ? whole : end - start;
}

/* Large pieces are noted: nobody will want the struct pages of what holds struct pages. */
static __init void note_piece(phys_addr_t pa, size_t size)
{
	if (size < BLOCK_SIZE || nr_pieces == STRUCT_PAGE_PIECES)
		return;
	pieces[nr_pieces].start = pa >> PAGE_SHIFT;
	pieces[nr_pieces++].end = (pa + size) >> PAGE_SHIFT;
}

__init bool struct_page_piece(unsigned int index, unsigned long *start_pfn, unsigned long *end_pfn)
{
	if (index >= nr_pieces)
		return false;
	*start_pfn = pieces[index].start;
	*end_pfn = pieces[index].end;
	return true;
}

/* Leaves want theirs; a piece that fills whole blocks spoils none at its ends. */
static __init size_t piece_align(unsigned long nr)
{
	if (nr % LEAF_UNITS)
		return PAGE_SIZE;
	return nr * UNIT_BYTES >= BLOCK_SIZE ? BLOCK_SIZE : LEAF_SIZE;
}

/* Back up to `nr` units with one piece of memory; where none is that large, with a part. Returns how many. */
static __init unsigned long back_piece(unsigned long start, unsigned long nr)
{
	static const struct pt_source source = {.alloc = boot_table};
	uintptr_t va = arch_region_base(REGION_VMEMMAP) + start * UNIT_BYTES;
	phys_addr_t pa;

	for (;; nr /= 2) {
		pa = early_alloc_phys(nr * UNIT_BYTES, piece_align(nr));
		if (pa)
			break;
		if (nr == 1)
			too_small(UNIT_BYTES);
	}
	ASSERT(IS_ALIGNED(pa, PAGE_SIZE), "pa 0x%llx", (unsigned long long)pa);
	note_piece(pa, nr * UNIT_BYTES);
	if (pgtable_map(&source, va, pa, nr * UNIT_BYTES, PROT_KERNEL_RW, 1))
		too_small(PAGE_SIZE);
	return nr;
}

static __init void back_units(unsigned long start, unsigned long end)
{
	if (start == end)
		return;
	CHECK(end * UNIT_BYTES <= arch_region_size(REGION_VMEMMAP), "unit %lu", end);
	make_chunks(start, end);
	while (start < end)
		start += back_piece(start, piece_units(start, end));
}

/* Units that touch or follow each other are one run, so that large leaves fit. */
static __init void back_all(void)
{
	unsigned long index = 0, start = 0, end = 0, first, last;
	phys_addr_t base, top;

	while (memblock_next_memory(&index, &base, &top, NULL)) {
		first = base >> PAGE_SHIFT >> PAGE_UNIT_SHIFT;
		last = (top - 1) >> PAGE_SHIFT >> PAGE_UNIT_SHIFT;
		if (first > end) {
			back_units(start, end);
			start = first;
		}
		end = last + 1;
	}
	back_units(start, end);
}

/* --- writing it ------------------------------------------------------------- */

/* Eight at a turn: at 4 GiB each instruction more in this loop costs a million. */
void frames_write(unsigned long start, unsigned long end, uint32_t state)
{
	const struct page blank = {.state = state};
	struct page *page = pfn_to_page(start), *stop = pfn_to_page(end);

	ASSERT(start < end && end <= page_nr_units << PAGE_UNIT_SHIFT, "pfns 0x%lx to 0x%lx", start,
	       end);
	for (; page + 8 <= stop; page += 8) {
		page[0] = blank;
		page[1] = blank;
		page[2] = blank;
		page[3] = blank;
		page[4] = blank;
		page[5] = blank;
		page[6] = blank;
		page[7] = blank;
	}
	for (; page < stop; page++)
		*page = blank;
}

void frames_clear_reserved(unsigned long start, unsigned long end)
{
	struct page *page = pfn_to_page(start), *stop = pfn_to_page(end);
	uint32_t state = page_state(0, 0, page->zone_node);

	ASSERT(page->flags == PG_RESERVED && stop[-1].flags == PG_RESERVED, "pfns 0x%lx to 0x%lx",
	       start, end);
	ASSERT(stop[-1].zone_node == page->zone_node, "pfns 0x%lx to 0x%lx", start, end);
	for (; page + 8 <= stop; page += 8) {
		page[0].state = state;
		page[1].state = state;
		page[2].state = state;
		page[3].state = state;
		page[4].state = state;
		page[5].state = state;
		page[6].state = state;
		page[7].state = state;
	}
	for (; page < stop; page++)
		page->state = state;
}

/* --- walking it ------------------------------------------------------------- */

struct visitor {
	bool (*visit)(const struct frame_run *run, void *context);
	void *context;
};

/* One piece of RAM or hole, cut where a zone ends. */
static bool visit_piece(const struct visitor *visitor, struct frame_run run, unsigned long end)
{
	while (run.start < end) {
		for (run.type = ZONE_DMA; run.start >= zone_end_pfn(run.type);)
			run.type++;
		run.end = min(end, zone_end_pfn(run.type));
		if (!visitor->visit(&run, visitor->context))
			return false;
		run.start = run.end;
	}
	return true;
}

bool frames_visit(bool (*visit)(const struct frame_run *run, void *context), void *context)
{
	const struct visitor visitor = {visit, context};
	unsigned long index = 0, at = 0, start, end, unit_start;
	phys_addr_t base, top;
	int nid, last_nid = 0;

	while (memblock_next_memory(&index, &base, &top, &nid)) {
		start = ALIGN_UP(base, PAGE_SIZE) >> PAGE_SHIFT;
		end = top >> PAGE_SHIFT;
		unit_start = ALIGN_DOWN(base >> PAGE_SHIFT, MAX_ORDER_NR_PAGES);
		nid = memory_node(nid);
		/* First the rest of the last unit, if this range starts in a later one. */
		if (at < unit_start) {
			if (!visit_piece(&visitor, (struct frame_run){.start = at, .nid = last_nid},
					 ALIGN_UP(at, MAX_ORDER_NR_PAGES)))
				return false;
			at = unit_start;
		}
		if (!visit_piece(&visitor, (struct frame_run){.start = at, .nid = nid}, start))
			return false;
		if (!visit_piece(&visitor,
				 (struct frame_run){.start = start, .nid = nid, .ram = true}, end))
			return false;
		at = max(at, end);
		last_nid = nid;
	}
	return visit_piece(&visitor, (struct frame_run){.start = at, .nid = last_nid},
			   ALIGN_UP(at, MAX_ORDER_NR_PAGES));
}

static bool write_run(const struct frame_run *run, void *context)
{
	uint32_t state = page_state(PG_RESERVED, 0, (uint8_t)(run->type | run->nid << 2));
	unsigned long at = run->start, stop, blank_end;

	(void)context;
	for (; at < run->end; at = blank_end) {
		stop = blank_next(at, run->end, &blank_end);
		if (at == stop)
			continue;
		frames_write(at, stop, state);
		units_set_written(at >> PAGE_UNIT_SHIFT, ((stop - 1) >> PAGE_UNIT_SHIFT) + 1);
	}
	return true;
}

__init void frames_write_reserved(void)
{
	frames_visit(write_run, NULL);
}

__init void page_init(void)
{
	unsigned long last_pfn = (memblock_end_of_DRAM() - 1) >> PAGE_SHIFT, i;

	CHECK(!page_nr_units, "page_init() twice");
	zones_init();
	page_nr_units = (last_pfn >> PAGE_UNIT_SHIFT) + 1;
	page_unit_chunks = boot_memory(
		((page_nr_units >> PAGE_CHUNK_SHIFT) + 1) * sizeof(*page_unit_chunks), 0);
	for (i = 0; i <= page_nr_units >> PAGE_CHUNK_SHIFT; i++)
		page_unit_chunks[i] = empty_chunk;
	back_all();
}
