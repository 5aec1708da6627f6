/* SPDX-License-Identifier: MIT */
/*
 * populate.c - memory behind chunks: rows of pages, mapped when an area needs them.
 *
 * THE IDEA
 *	A row is one page of a chunk for every CPU, each from its CPU's node. An area takes its
 *	grains first; nobody else can have them then, so its rows are made without a lock. Two who
 *	make the same row both bring pages, and the second finds it made and takes his back.
 *	A row that goes is taken whole before it is unmapped, so that no area comes into it meanwhile.
 *
 * LOCKING	map_lock: one at a time changes the region's page tables. Task context, interrupts on, because
 *		a flush asks the other CPUs. percpu_lock inside it, for bits. Pages are allocated and freed
 *		outside both; table pages inside map_lock, without waiting.
 * COST		A row: an allocation and some 150 instructions a CPU. It is made and goes rarely: rows
 *		stay until more than KEEP_ROWS are empty (percpu.c).
 * FLOOR	percpu.
 * LINUX	mm/percpu-vm.c: pcpu_populate_chunk(), pcpu_depopulate_chunk(); pcpu_create_chunk().
 */
#include "impl.h"

#include <lib/check.h>
#include <lib/list.h>
#include <lib/poison.h>
#include <lib/string.h>
#include <mm/node.h>
#include <mm/pgtable.h>

static DEFINE_SPINLOCK(map_lock, LOCK_RANK_PERCPU_MAP);

unsigned long percpu_existing[BITS_TO_LONGS(CHUNKS_MAX)];
static unsigned int chunks_end; /* behind the last that ever existed */

struct percpu_chunk *chunk_next(unsigned int index)
{
	unsigned long next = index;

	if (unlikely(index >= chunks_end || !bitmap_test(percpu_existing, index)))
		next = find_next_bit(percpu_existing, chunks_end, index);

	return next < chunks_end ? chunk_find((unsigned int)next) : NULL;
}

/* How many chunks the region, and the addresses above the template, have room for. */
static unsigned long chunks_possible(void)
{
	size_t span = (nr_possible_cpus() + 1) * UNIT_SIZE;
	unsigned long in_region = arch_region_size(REGION_PERCPU) / span - 1;
	unsigned long below_wrap = (0 - (uintptr_t)percpu_start) / span - 1;

	return min(min(in_region, below_wrap), (unsigned long)CHUNKS_MAX);
}

/* ---- The region's page tables. The caller holds map_lock. ---- */

static phys_addr_t table_alloc(const struct pt_source *source)
{
	struct page *page = alloc_page(GFP_NOWAIT | __GFP_ZERO | __GFP_NOWARN);

	(void)source;
	return page ? page_to_phys(page) : 0;
}

static void table_free(const struct pt_source *source, phys_addr_t table)
{
	(void)source;
	__free_page(pfn_to_page(table >> PAGE_SHIFT));
}

static const struct pt_source table_source = {.alloc = table_alloc, .free = table_free};

static bool map_page(uintptr_t va, struct page *page)
{
	return pgtable_map(&table_source, va, page_to_phys(page), PAGE_SIZE, PROT_KERNEL_RW, 0) ==
	       0;
}

static struct page *unmap_page(uintptr_t va)
{
	struct pt_entry entry;

	CHECK(pgtable_query(va, &entry) && entry.level == 0, "0x%lx is not mapped", va);
	mem_unpoison((void *)va, PAGE_SIZE);
	CHECK(pgtable_unmap(&table_source, va, PAGE_SIZE) == 0);
	return pfn_to_page(entry.pa >> PAGE_SHIFT);
}

static uintptr_t row_address(const struct percpu_chunk *chunk, unsigned int page, unsigned int cpu)
{
	return unit_address(chunk->index, cpu) + page * PAGE_SIZE;
}

/* Unmaps a row for CPUs below `nr_cpus`; their pages go to `pages`. */
static void row_unmap(const struct percpu_chunk *chunk, unsigned int page, unsigned int nr_cpus,
		      struct list_head *pages)
{
	unsigned int cpu;

	for (cpu = 0; cpu < nr_cpus; cpu++)
		list_add(&unmap_page(row_address(chunk, page, cpu))->lru, pages);
}

/* Maps a row with pages from the list, in order; false, and all are in the list again. */
static bool row_map(const struct percpu_chunk *chunk, unsigned int page, struct list_head *pages)
{
	unsigned int cpu;

	for (cpu = 0; cpu < nr_possible_cpus(); cpu++) {
		struct page *first = list_first_entry(pages, struct page, lru);
		uintptr_t va = row_address(chunk, page, cpu);

		if (!map_page(va, first)) {
			row_unmap(chunk, page, cpu, pages);
			return false;
		}
		list_del(&first->lru);
		mem_poison((void *)va, PAGE_SIZE);
	}
	return true;
}

/* ---- Rows ---- */

static void free_list(struct list_head *pages)
{
	struct page *page, *following;

	list_for_each_entry_safe (page, following, pages, lru) {
		list_del(&page->lru);
		__free_page(page);
	}
}

/* A page of the CPU's node, or of another; high memory will do, it is reached here. */
static struct page *page_for_cpu(unsigned int cpu, gfp_t gfp)
{
	return alloc_pages_node(cpu_to_node(cpu), gfp | __GFP_HIGHMEM, 0);
}

static bool pages_for_row(struct list_head *pages, gfp_t gfp)
{
	unsigned int cpu;

	for (cpu = 0; cpu < nr_possible_cpus(); cpu++) {
		struct page *page = page_for_cpu(cpu, gfp);

		if (!page)
			return false;
		list_add_tail(&page->lru, pages);
	}
	return true;
}

static void row_is_populated(struct percpu_chunk *chunk, unsigned int page)
{
	unsigned long flags = spin_lock_save(&percpu_lock);

	WRITE_ONCE(chunk->populated, chunk->populated | 1U << page);
	percpu_totals.rows++;
	if (chunk->used[page] == 0)
		empty_rows_set(percpu_totals.empty_rows + 1);
	spin_unlock_irqrestore(&percpu_lock, flags);
}

static bool row_populate(struct percpu_chunk *chunk, unsigned int page, gfp_t gfp)
{
	LIST_HEAD(pages);
	bool populated = false;

	if (pages_for_row(&pages, gfp)) {
		spin_lock(&map_lock);
		populated = chunk->populated & 1U << page;
		if (!populated && row_map(chunk, page, &pages)) {
			row_is_populated(chunk, page);
			populated = true;
		}
		spin_unlock(&map_lock);
	}
	free_list(&pages);
	return populated;
}

/* Areas lie in all of these pages, so that none of the rows goes meanwhile. False without memory. */
bool chunk_populate(struct percpu_chunk *chunk, unsigned int pages, gfp_t gfp)
{
	gfp &= ~(GFP_ZONEMASK | __GFP_ZERO | __GFP_COMP | __GFP_MOVABLE | __GFP_THISNODE);
	for (pages &= ~READ_ONCE(chunk->populated); pages; pages &= pages - 1)
		if (!row_populate(chunk, lowest_bit(pages), gfp))
			return false;
	return true;
}

/* ---- Chunks ---- */

static void chunk_init(struct percpu_chunk *chunk, unsigned int index)
{
	memset(chunk, 0, sizeof(*chunk));
	chunk->index = index;
	chunk->free_grains = UNIT_GRAINS;
	chunk->refused = UNIT_GRAINS + 1;
}

static void chunk_set_existing(unsigned int index, bool exists)
{
	unsigned long flags = spin_lock_save(&percpu_lock);

	if (exists)
		bitmap_set_bit(percpu_existing, index);
	else
		bitmap_clear_bit(percpu_existing, index);
	chunks_end = max(chunks_end, index + 1);
	spin_unlock_irqrestore(&percpu_lock, flags);
}

/* One more chunk, with no row yet. False without memory or room in the region. */
bool chunk_create(gfp_t gfp)
{
	struct page *page = alloc_page(gfp);
	unsigned long index, possible = chunks_possible();
	bool created = false;

	if (!page)
		return false;
	spin_lock(&map_lock);
	index = find_next_zero_bit(percpu_existing, possible, 0);
	if (index < possible) {
		uintptr_t va = unit_address((unsigned int)index, nr_possible_cpus());

		created = map_page(va, page);
		if (created) {
			chunk_init((struct percpu_chunk *)va, (unsigned int)index);
			chunk_set_existing((unsigned int)index, true);
		}
	}
	spin_unlock(&map_lock);
	if (!created)
		__free_page(page);
	return created;
}

/* Chunk 0 begins with the static areas, which bootmem gave and percpu_areas_init() mapped. */
void chunk_map_static(size_t template_size)
{
	unsigned int nr_pages = (unsigned int)(ALIGN_UP(template_size, PAGE_SIZE) / PAGE_SIZE);
	struct percpu_chunk *chunk;
	unsigned int page;

	CHECK(chunk_create(GFP_NOWAIT), "no memory for the first per-CPU chunk");
	chunk = chunk_find(0);
	for (page = 0; page < nr_pages; page++)
		row_is_populated(chunk, page);
	if (template_size)
		CHECK(chunk_take(chunk, (unsigned int)DIV_ROUND_UP(template_size, GRAIN_SIZE), 1,
				 true) == 0);
}

/* ---- Giving back. The caller holds map_lock. ---- */

/* True when a row was empty and nobody can take it any more. */
static bool row_claim(struct percpu_chunk *chunk, unsigned int page)
{
	unsigned long flags = spin_lock_save(&percpu_lock);
	bool empty = chunk->populated & 1U << page && chunk->used[page] == 0;

	if (empty) {
		chunk_mark_row(chunk, page, true);
		WRITE_ONCE(chunk->populated, chunk->populated & ~(1U << page));
		percpu_totals.rows--;
		empty_rows_set(percpu_totals.empty_rows - 1);
	}
	spin_unlock_irqrestore(&percpu_lock, flags);
	return empty;
}

static void row_release(struct percpu_chunk *chunk, unsigned int page)
{
	unsigned long flags = spin_lock_save(&percpu_lock);

	chunk_mark_row(chunk, page, false);
	spin_unlock_irqrestore(&percpu_lock, flags);
}

/* A chunk without rows and areas goes; true when it did. */
static bool chunk_claim(struct percpu_chunk *chunk)
{
	unsigned long flags = spin_lock_save(&percpu_lock);
	bool empty = chunk->free_grains == UNIT_GRAINS && !chunk->populated;

	if (empty)
		bitmap_clear_bit(percpu_existing, chunk->index);
	spin_unlock_irqrestore(&percpu_lock, flags);
	return empty;
}

static void chunk_trim(struct percpu_chunk *chunk, struct list_head *pages)
{
	unsigned int page;

	for (page = 0; page < UNIT_PAGES; page++) {
		if (!row_claim(chunk, page))
			continue;
		row_unmap(chunk, page, nr_possible_cpus(), pages);
		row_release(chunk, page);
	}
	if (chunk_claim(chunk))
		list_add(&unmap_page((uintptr_t)chunk)->lru, pages);
}

void percpu_drain(void)
{
	struct percpu_chunk *chunk;
	unsigned int index;
	LIST_HEAD(pages);

	spin_lock(&map_lock);
	for (index = 0; (chunk = chunk_next(index));) {
		index = chunk->index + 1;
		chunk_trim(chunk, &pages);
	}
	spin_unlock(&map_lock);
	free_list(&pages);
}
