/* SPDX-License-Identifier: MIT */
/*
 * percpu.c - one variable for each CPU: the static ones, and areas made on demand.
 *
 * THE IDEA
 *	The linker lays all DEFINE_PER_CPU variables side by side: the template. Each CPU gets a
 *	copy of the whole, and one number, the distance from the template to its copy. A variable's
 *	address plus this CPU's distance is this CPU's variable.
 *
 *	The copies lie in a region of their own, one *unit* of 64 KiB after the other, so that the
 *	distances of two neighbours differ by exactly 64 KiB. That one fixed stride lets areas be
 *	made later: behind the units of all CPUs, the first *chunk*, lie those of the second chunk, in the same
 *	order. An area at offset 0x140 of chunk 1 has, for every CPU, the same distance from the
 *	static variables; subtract it from the template, and what comes out (no address of anything)
 *	plus any CPU's distance is that CPU's area. One rule serves both kinds.
 *
 *	Only pages that areas lie in have memory behind them. The last unit of a chunk is no CPU's:
 *	its first page holds the chunk's bitmaps.
 *
 * PICTURE	two CPUs
 *
 *	template	| x y z |			in the image; per_cpu_offset[1] leads to unit 1
 *
 *	region	guard | unit 0     | unit 1     | bitmaps | unit 0     | unit 1     | bitmaps | ...
 *		      | x y z a..  | x y z a..  |  one    | b..        | b..        |  one    |
 *		       <-- 64 KiB -> 		   page	   ^ b - per_cpu_offset[0] = alloc_percpu()'s result
 *		       <------------ chunk 0 ----------->  <------------ chunk 1 ---------->
 *
 * INVARIANTS	(percpu_check() proves them, percpu_test.c breaks them)
 *	C1  A chunk's counts are those of its bits: free grains, used grains of each page.
 *	C2  Each area starts with a start bit; no grain that is free has one, and below
 *	    first_free none is free.
 *	C3  A populated page is mapped for every CPU, writable; one that is not, for none.
 *	C4  Every area lies in populated pages.
 *	C5  The totals are the sums over all chunks.
 *
 * LOCKING	percpu_lock protects the bits, interrupts off, and is held for a search at most. Pages come and
 *		go under map_lock (populate.c), in tasks only.
 * COST		A pair of alloc and free of 64 bytes: some 400 instructions and the zeroing of each CPU's
 *		copy. Memory: a page and a row of pages a chunk at least; 8 bytes' granularity.
 * FLOOR	percpu. The static areas from bootmem, before struct page exists.
 * LINUX	mm/percpu.c: setup_per_cpu_areas(), pcpu_embed_first_chunk(), pcpu_alloc(), free_percpu(). There the
 *		metadata comes from the slab floor; here, below it, from the chunk.
 */
#include <mm/percpu.h>

#include <arch/cpu.h>
#include <lib/check.h>
#include <lib/init.h>
#include <lib/poison.h>
#include <lib/report.h>
#include <lib/string.h>
#include <mm/bootmem.h>
#include <mm/direct_map.h>
#include <mm/early.h>
#include <mm/pgtable.h>
#include <mm/zone.h>

#include "impl.h"

#define KEEP_ROWS 4 /* empty rows that stay for the next area */

DEFINE_SPINLOCK(percpu_lock, LOCK_RANK_PERCPU);
struct percpu_totals percpu_totals;
unsigned int percpu_nr_areas;

unsigned int nr_possible_cpus(void)
{
	return percpu_nr_areas;
}

/* What the owner of an area is given, and back: where CPU 0's lies. */
static void *area_handle(uintptr_t address)
{
	return (void *)(address - per_cpu_offset[0]);
}

/* ---- Static areas ---- */

static phys_addr_t boot_table(const struct pt_source *source)
{
	(void)source;
	return direct_map_to_phys(alloc_bootmem_pages(PAGE_SIZE));
}

static __init void make_area(unsigned int cpu, size_t template_size)
{
	static const struct pt_source source = {.alloc = boot_table};
	size_t size = ALIGN_UP(template_size, PAGE_SIZE);
	void *area = __alloc_bootmem_node(early_boot_info()->cpu[cpu].node, size, PAGE_SIZE, 0);
	uintptr_t va = unit_address(0, cpu);

	CHECK(pgtable_map(&source, va, direct_map_to_phys(area), size, PROT_KERNEL_RW, 0) == 0);
	memcpy((void *)va, percpu_start, template_size);
	mem_poison((void *)(va + template_size), size - template_size);
	per_cpu_offset[cpu] = va - (uintptr_t)percpu_start;
}

__init void percpu_areas_init(unsigned int nr_cpus)
{
	size_t template_size = (size_t)(percpu_end - percpu_start);
	unsigned int cpu;

	CHECK(percpu_nr_areas == 0 && nr_cpus > 0 && nr_cpus <= NR_CPUS, "%u CPUs", nr_cpus);
	CHECK(template_size > 0 && template_size <= UNIT_SIZE, "%zu bytes", template_size);
	CHECK(!arch_irq_enabled(), "a variable may change while it is copied");

	percpu_nr_areas = nr_cpus;
	for (cpu = 0; cpu < nr_cpus; cpu++)
		make_area(cpu, template_size);
	arch_percpu_set_offset(per_cpu_offset[arch_cpu_id()]);
}

__init void percpu_init(void)
{
	chunk_map_static((size_t)(percpu_end - percpu_start));
}

/* ---- Areas on demand ---- */

struct area {
	struct percpu_chunk *chunk; /* NULL: none */
	unsigned int grain, nr;
};

/* Grains from some chunk, not yet mapped for certain; none when no chunk has them. */
static struct area area_take(unsigned int nr, unsigned int align, bool populated_only)
{
	unsigned long flags = spin_lock_save(&percpu_lock);
	struct area area = {.nr = nr};

	for (area.chunk = chunk_next(0); area.chunk;
	     area.chunk = chunk_next(area.chunk->index + 1)) {
		area.grain = chunk_take(area.chunk, nr, align, populated_only);
		if (area.grain != UNIT_GRAINS)
			break;
	}
	spin_unlock_irqrestore(&percpu_lock, flags);
	return area;
}

static void area_give(struct area area)
{
	unsigned long flags = spin_lock_save(&percpu_lock);

	chunk_give(area.chunk, area.grain);
	spin_unlock_irqrestore(&percpu_lock, flags);
}

/* Four grains at a turn, and whole ones: what lies behind `size` in the last one is nobody's. */
static void area_zero(uintptr_t of_first_cpu, unsigned int nr, size_t size)
{
	unsigned int cpu, i;

	for (cpu = 0; cpu < percpu_nr_areas; cpu++, of_first_cpu += UNIT_SIZE) {
		uint64_t *copy = (uint64_t *)of_first_cpu;

		mem_unpoison(copy, nr * GRAIN_SIZE);
		for (i = 0; i + 4 <= nr; i += 4) {
			WRITE_ONCE(copy[i], 0);
			WRITE_ONCE(copy[i + 1], 0);
			WRITE_ONCE(copy[i + 2], 0);
			WRITE_ONCE(copy[i + 3], 0);
		}
		for (; i < nr; i++)
			WRITE_ONCE(copy[i], 0);
		mem_poison((char *)copy + size, nr * GRAIN_SIZE - size);
	}
}

/* Grains with pages behind them; none without memory. */
static struct area area_make(unsigned int nr, unsigned int align, gfp_t gfp)
{
	bool may_wait = gfp & __GFP_DIRECT_RECLAIM;
	struct area area = area_take(nr, align, !may_wait);
	unsigned int pages;

	if (!may_wait)
		return area;
	while (!area.chunk && chunk_create(gfp & ~__GFP_ZERO))
		area = area_take(nr, align, false);
	if (!area.chunk)
		return area;
	pages = area_pages(area.grain, nr);
	if (unlikely(pages & ~READ_ONCE(area.chunk->populated)) &&
	    !chunk_populate(area.chunk, pages, gfp)) {
		area_give(area);
		area.chunk = NULL;
	}
	return area;
}

static const char *area_refusal(size_t size, size_t align)
{
	if (size == 0)
		return "size 0";
	if (size > PERCPU_MAX_SIZE)
		return "the size is above 32 KiB";
	if (!is_power_of_2(align))
		return "the alignment is no power of two";
	return align > PAGE_SIZE ? "the alignment is above a page" : NULL;
}

void *__alloc_percpu_gfp(size_t size, size_t align, gfp_t gfp)
{
	const char *refusal = area_refusal(size, align);
	struct area area;
	uintptr_t address;

	if (unlikely(refusal)) {
		report_warn("__alloc_percpu: %s: size %zu, align %zu", refusal, size, align);
		return NULL;
	}
	area = area_make((unsigned int)DIV_ROUND_UP(size, GRAIN_SIZE),
			 (unsigned int)DIV_ROUND_UP(align, GRAIN_SIZE), gfp);
	if (!area.chunk)
		return NULL;
	address = unit_address(area.chunk->index, 0) + area.grain * GRAIN_SIZE;
	area_zero(address, area.nr, size);
	return area_handle(address);
}

/* The chunk and the grain that a handle leads to; NULL when it leads to none. */
static struct percpu_chunk *area_locate(const void *area, unsigned int *grain)
{
	uintptr_t offset = (uintptr_t)per_cpu_ptr(area, 0) - chunks_base();
	size_t span = (percpu_nr_areas + 1) * UNIT_SIZE;

	if (offset >= CHUNKS_MAX * span || offset % GRAIN_SIZE || offset % span >= UNIT_SIZE)
		return NULL;
	*grain = (unsigned int)(offset % span / GRAIN_SIZE);
	return chunk_find((unsigned int)(offset / span));
}

/* The grains of the area, freed; 0 when no area starts there. Chunk 0 starts with the static ones, which stay. */
static unsigned int area_free(const void *area, struct percpu_chunk **chunk, unsigned int *grain)
{
	unsigned long flags = spin_lock_save(&percpu_lock);
	unsigned int nr = 0;

	*chunk = area_locate(area, grain);
	if (*chunk && bitmap_test((*chunk)->start, *grain) && ((*chunk)->index || *grain)) {
		nr = chunk_give(*chunk, *grain);
		for (unsigned int cpu = 0; cpu < percpu_nr_areas; cpu++)
			mem_poison(per_cpu_ptr(area, cpu), nr * GRAIN_SIZE);
	}
	spin_unlock_irqrestore(&percpu_lock, flags);
	return nr;
}

void free_percpu(const void *area)
{
	struct percpu_chunk *chunk;
	unsigned int grain;

	if (!area)
		return;
	if (unlikely(!area_free(area, &chunk, &grain))) {
		report_open(REPORT_BUG, "free_percpu: no area starts here");
		report_line("pointer %px, for CPU 0 %px%s", area, per_cpu_ptr(area, 0),
			    chunk ? ", in a chunk: freed twice, or not what was given" : "");
		report_stack("by");
		report_close();
		return;
	}
	if (unlikely(READ_ONCE(percpu_totals.empty_rows) > KEEP_ROWS) && arch_irq_enabled())
		percpu_drain();
}

void percpu_get_info(struct percpu_info *info)
{
	unsigned long flags = spin_lock_save(&percpu_lock);
	struct percpu_chunk *chunk;

	*info = (struct percpu_info){.unit_size = UNIT_SIZE,
				     .static_size = (size_t)(percpu_end - percpu_start)};
	info->areas = -1UL; /* not the static one */
	info->bytes = percpu_totals.grains * GRAIN_SIZE - ALIGN_UP(info->static_size, GRAIN_SIZE);
	info->pages = percpu_totals.rows * percpu_nr_areas;
	info->empty_pages = percpu_totals.empty_rows * percpu_nr_areas;
	for (chunk = chunk_next(0); chunk; chunk = chunk_next(chunk->index + 1)) {
		info->areas += bitmap_weight(chunk->start, UNIT_GRAINS);
		info->chunks++;
	}
	info->meta_pages = info->chunks;
	spin_unlock_irqrestore(&percpu_lock, flags);
}
