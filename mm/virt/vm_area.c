/* SPDX-License-Identifier: MIT */
/*
 * vm_area.c - who has which addresses of the vmalloc region, from the first page to the last flush.
 *
 * THE IDEA
 *	An area is a range of addresses that somebody maps something into, with
 *	a page behind it that is never mapped, so that whoever runs off its end faults.
 *	Large areas are ranges of their own in one search tree (va_space.c).
 *
 *	Small ones, up to 32 pages, take slots of a block that their CPU has ready (vm_block.c).
 *	docs/VIRTUAL-MEMORY.md tells of both from the outside.
 *
 *	Freeing is lazy. A CPU may remember a translation until it is told to
 *	forget, and telling costs. So a freed area is unmapped at once but keeps its pages
 *	and its addresses on a list; when enough have gathered, one flush serves
 *	them all, and only then do pages and addresses go back. Nobody can
 *	therefore see another owner's data through a stale translation.
 *
 * PICTURE	the life of an area
 *
 *	vm_area_get --> vm_area_map --> vm_area_put --> (lazy list) --> flush --> pages, slots, struct freed
 *	                                 unmapped                      vmalloc_purge()
 *
 * INVARIANTS	(vmalloc_check() proves them)
 *	A1  Areas do not overlap, and lie in the region: the range space's V1 to V4.
 *	A2  Each slot of a small area, its guard included, names it in its block.
 *	A3  dead + slots of areas + free slots = 512, in each block.
 *	A4  Each page of a living area is mapped, its guard page is not, and between areas nothing is.
 *	A5  The counters are what a walk over all areas finds.
 *
 * LOCKING	vm_lock (interrupts off) protects the space, the lazy list and the counters. A block's cursor
 *		is its CPU's, moved with interrupts off. vm_tables, a mutex, serialises changes to page tables
 *		but stores into a block's own table, whose slots have owners.
 * COST		A small area: O(1), but for one walk in the tree when another CPU frees it, or its own one later; a flush
 *		every 64 pages. A large area: the tree, a walk down the tables, a flush of its own. Interrupts are off
 *		for 16 areas at most.
 * FLOOR	virt.
 * LINUX	mm/vmalloc.c: alloc_vmap_area(), remove_vm_area(), purge_vmap_area_lazy(), and
 *		vb_alloc() for the blocks, which there serve only vm_map_ram(). There pages go back before the flush.
 */
#include "vm_block.h"

#include <arch/tlb.h>
#include <lib/check.h>
#include <lib/context.h>
#include <lib/errno.h>
#include <lib/init.h>
#include <lib/percpu.h>
#include <mm/percpu.h>
#include <mm/pgtable.h>
#include <mm/shrinker.h>

#define SMALL_PAGES_MAX 32

/* So many pages wait for a flush at most: what waits is not in the CPU's lists and arrays. */
#define LAZY_PAGES_MAX 64

/* So many areas go back under one lock, interrupts off. */
#define RELEASE_BATCH 16

unsigned int vm_max_level __ro_after_init = PT_MAX_LEVELS;

static struct kmem_cache *vm_area_cache __ro_after_init;

static struct vm_struct *lazy_list;
static struct vmalloc_counts counts;
static bool purge_is_due; /* it could not, where it was due */

/* --- areas ---------------------------------------------------------------------------- */

/* Each CPU's share of what lives: made here less freed here. */
static DEFINE_PER_CPU(unsigned long, nr_areas);
static DEFINE_PER_CPU(unsigned long, nr_area_pages);

static inline void count_area(const struct vm_struct *area, long sign)
{
	this_cpu_add(nr_areas, sign);
	this_cpu_add(nr_area_pages, sign * (long)vm_area_pages(area));
}

struct vm_struct *vm_area_get(unsigned long size, unsigned long align, unsigned int flags,
			      const void *caller)
{
	struct vm_struct *area = kmem_cache_alloc(vm_area_cache, GFP_KERNEL);
	bool got;

	if (unlikely(!area))
		return NULL;
	area->size = size;
	area->flags = flags;
	area->caller = caller;
	area->block = NULL;
	if (size <= SMALL_PAGES_MAX * PAGE_SIZE && align <= PAGE_SIZE)
		got = vm_block_take(area);
	else
		got = vm_range_get(area, size + PAGE_SIZE, align);
	if (unlikely(!got)) {
		kmem_cache_free(vm_area_cache, area);
		return NULL;
	}
	count_area(area, 1);
	return area;
}

static __noinline int map_large(struct vm_struct *area, unsigned long offset, phys_addr_t pa,
				unsigned long size, prot_t prot)
{
	int error;

	mutex_lock(&vm_tables);
	error = pgtable_map(&vm_table_source, area->range.start + offset, pa, size, prot,
			    vm_max_level);
	mutex_unlock(&vm_tables);
	return error;
}

int vm_area_map(struct vm_struct *area, unsigned long offset, phys_addr_t pa, unsigned long size,
		prot_t prot)
{
	pte_t *at, *end, leaf;

	ASSERT(offset + size <= area->size, "0x%lx + 0x%lx", offset, size);
	if (!area->block)
		return map_large(area, offset, pa, size, prot);
	at = area->leaves + (offset >> PAGE_SHIFT);
	end = at + (size >> PAGE_SHIFT);
	leaf = arch_pte_leaf(pa, prot, 0);
	for (; at < end; leaf = arch_pte_next(leaf, 0))
		arch_pte_set(at++, leaf);
	arch_map_sync(area->range.start + offset, size);
	return 0;
}

/* --- the end of an area ------------------------------------------------------------------ */

/* The last areas that went, in a ring; vm_lock. */
static struct vm_freed freed[VM_FREED_MAX];
static unsigned int nr_freed;

static void remember_locked(const struct vm_struct *area)
{
	freed[nr_freed++ % VM_FREED_MAX] = (struct vm_freed){area->range.start, area->size,
							     area->flags, area->caller};
}

bool vm_freed_find(uintptr_t address, struct vm_freed *found)
{
	unsigned int i;

	for (i = 1; i <= VM_FREED_MAX; i++) {
		*found = freed[(nr_freed - i) % VM_FREED_MAX];
		if (address - found->start < found->size)
			return true;
	}
	return false;
}

/* Addresses go back, and what they were is remembered; blocks that are over, as a list. The caller holds vm_lock. */
static struct vm_struct *addresses_put_locked(struct vm_struct *area, struct vm_struct *over)
{
	remember_locked(area);
	if (!area->block) {
		va_space_free(&vm_space, &area->range);
		return over;
	}
	if (likely(!vm_block_give_locked(area)))
		return over;
	area->block->area.next = over;
	return &area->block->area;
}

/* After the flush: the first areas of a list are over; returns the others. The caller holds vm_tables. */
static struct vm_struct *release_some_locked(struct vm_struct *list, unsigned long *pages)
{
	struct vm_struct *over = NULL, *next;
	void *areas[RELEASE_BATCH];
	unsigned int nr = 0, i;
	unsigned long flags;

	for (; list && nr < RELEASE_BATCH; list = list->next) {
		*pages += vm_area_pages(list);
		if (list->flags & VM_ALLOC)
			vm_pages_free(list);
		else if (list->flags & VM_IOREMAP)
			ioremap_forget(list);
		areas[nr++] = list;
	}
	spin_lock_irqsave(&vm_lock, flags);
	for (i = 0; i < nr; i++)
		over = addresses_put_locked(areas[i], over);
	spin_unlock_irqrestore(&vm_lock, flags);
	kmem_cache_free_bulk(vm_area_cache, nr, areas);
	for (; over; over = next) {
		next = over->next;
		vm_block_free_locked(block_of_area(over));
	}
	return list;
}

static struct vm_struct *lazy_take(void)
{
	struct vm_struct *list;
	unsigned long flags;

	spin_lock_irqsave(&vm_lock, flags);
	list = lazy_list;
	lazy_list = NULL;
	counts.purged_areas += counts.lazy_areas;
	counts.lazy_areas = 0;
	counts.lazy_pages = 0;
	purge_is_due = false;
	spin_unlock_irqrestore(&vm_lock, flags);
	return list;
}

/* No CPU uses what the areas of the list mapped, from here on. The caller holds vm_tables. */
static void flush_locked(struct vm_struct *list)
{
	uintptr_t low = UINTPTR_MAX, high = 0;

	for (; list; list = list->next) {
		if (!list->block) {
			pgtable_unmap(&vm_table_source, list->range.start, list->size);
			continue;
		}
		low = min(low, list->range.start);
		high = max(high, list->range.end);
	}
	if (low < high) {
		arch_tlb_flush(low, high - low);
		counts.flushes++;
	}
}

static unsigned long purge_locked(void)
{
	struct vm_struct *list = lazy_take();
	unsigned long pages = 0;

	flush_locked(list);
	while (list)
		list = release_some_locked(list, &pages);
	return pages;
}

unsigned long vmalloc_purge(void)
{
	unsigned long pages;

	mutex_lock(&vm_tables);
	pages = purge_locked();
	mutex_unlock(&vm_tables);
	return pages;
}

void vmalloc_drain(void)
{
	vm_block_drain();
	mutex_lock(&vm_tables);
	purge_locked();
	vm_tables_drain_locked();
	mutex_unlock(&vm_tables);
}

void vm_area_put(struct vm_struct *area)
{
	unsigned long flags, nr_pages = vm_area_pages(area), i;
	bool due;

	if (area->block)
		for (i = 0; i < nr_pages; i++)
			arch_pte_set(&area->leaves[i], (pte_t){0});

	spin_lock_irqsave(&vm_lock, flags);
	area->flags |= VM_LAZY;
	area->next = lazy_list;
	lazy_list = area;
	count_area(area, -1);
	counts.lazy_areas++;
	counts.lazy_pages += nr_pages;
	/* A large area is still mapped: now. */
	due = purge_is_due || !area->block || counts.lazy_pages > LAZY_PAGES_MAX;
	purge_is_due = due;
	spin_unlock_irqrestore(&vm_lock, flags);
	if (due && may_sleep())
		vmalloc_purge();
}

/* --- questions ------------------------------------------------------------------------------ */

static struct vm_struct *area_of_range(struct va_range *range)
{
	return range ? container_of(range, struct vm_struct, range) : NULL;
}

struct vm_struct *vm_area_find(uintptr_t address)
{
	struct vm_block *block = this_cpu_read(vm_block);
	struct vm_struct *area;
	unsigned long flags;

	/* Most are freed by the CPU that made them lately; its block stays while it is its block. */
	if (likely(block && address - block->area.range.start < BLOCK_SIZE))
		return READ_ONCE(block->owner[slot_of(block, address)]);
	spin_lock_irqsave(&vm_lock, flags);
	area = area_of_range(va_space_find(&vm_space, address));
	if (area && address < area->range.start)
		area = NULL;
	if (area && area->flags & VM_BLOCK)
		area = READ_ONCE(block_of_area(area)->owner[slot_of(block_of_area(area), address)]);
	spin_unlock_irqrestore(&vm_lock, flags);
	return area;
}

bool vm_is_busy(void)
{
	return spin_is_locked(&vm_lock);
}

/* The first small area of a block from a slot on. */
static struct vm_struct *block_next(struct vm_block *block, unsigned int slot)
{
	for (; slot < BLOCK_SLOTS; slot++)
		if (block->owner[slot])
			return block->owner[slot];
	return NULL;
}

/* The area at a range or behind it. */
static struct vm_struct *next_from(struct va_range *range)
{
	struct vm_struct *area, *small;

	for (; range; range = va_space_next(&vm_space, range)) {
		area = area_of_range(range);
		if (!(area->flags & VM_BLOCK))
			return area;
		small = block_next(block_of_area(area), 0);
		if (small)
			return small;
	}
	return NULL;
}

struct vm_struct *vm_area_next(struct vm_struct *area)
{
	struct vm_struct *small;
	struct vm_block *block;

	if (!area)
		return next_from(va_space_next(&vm_space, NULL));
	block = area->block;
	if (!block)
		return next_from(va_space_next(&vm_space, &area->range));
	small = block_next(block, slot_of(block, area->range.end));
	return small ? small : next_from(va_space_next(&vm_space, &block->area.range));
}

void vmalloc_count(struct vmalloc_counts *now)
{
	unsigned long flags;
	unsigned int cpu;

	spin_lock_irqsave(&vm_lock, flags);
	*now = counts;
	spin_unlock_irqrestore(&vm_lock, flags);
	for (cpu = 0; cpu < nr_possible_cpus(); cpu++) {
		now->areas += *per_cpu_ptr(&nr_areas, cpu);
		now->pages += *per_cpu_ptr(&nr_area_pages, cpu);
	}
}

/* --- memory runs short ------------------------------------------------------------------------ */

static unsigned long lazy_count(struct shrinker *shrinker, struct shrink_control *control)
{
	(void)shrinker;
	(void)control;
	return READ_ONCE(counts.lazy_pages);
}

/* Whoever wants memory may hold vm_tables: it only tries. */
static unsigned long lazy_scan(struct shrinker *shrinker, struct shrink_control *control)
{
	unsigned long pages;

	(void)shrinker;
	(void)control;
	if (!mutex_trylock(&vm_tables))
		return SHRINK_STOP;
	pages = purge_locked();
	mutex_unlock(&vm_tables);
	return pages ? pages : SHRINK_STOP;
}

static struct shrinker lazy_shrinker = {.count_objects = lazy_count, .scan_objects = lazy_scan};

void vm_area_init(void)
{
	vm_range_init();
	vm_area_cache = kmem_cache_create("vm_struct", sizeof(struct vm_struct), 0, SLAB_PANIC,
					  NULL);
	register_shrinker(&lazy_shrinker);
}
