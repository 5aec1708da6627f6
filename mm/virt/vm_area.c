/* SPDX-License-Identifier: MIT */
/*
 * vm_area.c - who has which addresses of the vmalloc region, from the first page to the last flush.
 *
 * THE IDEA
 *	An area is a range of addresses that somebody maps something into, with
 *	a page behind it that is never mapped, so that whoever runs off its end faults.
 *	Large areas are ranges of their own in one search tree (va_space.c).
 *
 *	Small ones, up to 32 pages, would spend most of their time in that tree and in
 *	walks down the page tables. So each CPU has a *block*: 2 MiB of
 *	addresses, just what one table page of the lowest level maps. The block
 *	keeps a pointer to that table; a small area takes the next free slots and
 *	mapping a page is one store. A block hands its slots out once, from the
 *	first to the last; when all of them have been given back it goes as a whole.
 *
 *	Freeing is lazy. A CPU may remember a translation until it is told to
 *	forget, and telling costs. So a freed area is unmapped at once but keeps its pages
 *	and its addresses on a list; when enough have gathered, one flush serves
 *	them all, and only then do pages and addresses go back. Nobody can
 *	therefore see another owner's data through a stale translation.
 *
 * PICTURE	a block whose first two areas have 1 and 2 pages; g is a guard page
 *
 *	slot	0   1   2   3   4   5   6            511
 *		[A ][g ][B  . B ][g ][ free ...          ]
 *	owner	 A   A   B   B   B   -
 *				     ^- cursor
 *
 *	the life of an area
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
 * COST		A small area: O(1), but for one walk in the tree when it is freed; a flush
 *		every 64 pages. A large area: the tree, a walk down the tables, a flush of its own.
 * FLOOR	virt.
 * LINUX	mm/vmalloc.c: alloc_vmap_area(), remove_vm_area(), purge_vmap_area_lazy(), and
 *		vb_alloc() for the blocks, which there serve only vm_map_ram(). There pages go back before the flush.
 */
#include "vm_area.h"

#include <arch/tlb.h>
#include <lib/check.h>
#include <lib/context.h>
#include <lib/errno.h>
#include <lib/mutex.h>
#include <lib/percpu.h>
#include <lib/spinlock.h>
#include <mm/percpu.h>
#include <mm/pgtable.h>
#include <mm/shrinker.h>

#define BLOCK_SLOTS	PT_ENTRIES /* pages of a block: what one table maps */
#define BLOCK_SIZE	(BLOCK_SLOTS * PAGE_SIZE)
#define SMALL_PAGES_MAX 32

/* So many pages wait for a flush at most: what waits is not in the CPU's lists and arrays. */
#define LAZY_PAGES_MAX 64

struct vm_block {
	struct vm_struct area; /* VM_BLOCK: stands in the space for all of it */
	pte_t *leaves;	       /* its page table, one entry a slot */
	unsigned int cursor;   /* the next free slot; moved by the CPU that has the block */
	unsigned int dead;     /* slots that will not be used again; vm_lock */
	bool retired;	       /* no CPU takes slots from it any more */
	struct vm_struct *owner[BLOCK_SLOTS];
};

static DEFINE_PER_CPU(struct vm_block *, vm_block);

unsigned int vm_max_level = PT_MAX_LEVELS;

static struct va_space space;
static DEFINE_SPINLOCK(vm_lock, LOCK_RANK_VIRT);
static DEFINE_MUTEX(vm_tables, MUTEX_RANK_VIRT);
static struct kmem_cache *vm_area_cache;

static struct vm_struct *lazy_list;
static struct vmalloc_counts counts;
static bool purge_is_due; /* it could not, where it was due */

/* --- table pages ------------------------------------------------------------------ */

/* The last empty tables: they are all zero, and the next area wants some. vm_tables protects them. */
static struct {
	unsigned int nr;
	phys_addr_t table[3];
} spare;

static phys_addr_t table_alloc(const struct pt_source *source)
{
	struct page *page;

	(void)source;
	if (spare.nr)
		return spare.table[--spare.nr];
	page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	return page ? page_to_phys(page) : 0;
}

static void table_free(const struct pt_source *source, phys_addr_t table)
{
	(void)source;
	if (spare.nr < ARRAY_SIZE(spare.table))
		spare.table[spare.nr++] = table;
	else
		__free_page(pfn_to_page(table >> PAGE_SHIFT));
}

static const struct pt_source tables = {.alloc = table_alloc, .free = table_free};

pte_t *vm_leaf_table(uintptr_t va)
{
	pte_t *leaves;

	mutex_lock(&vm_tables);
	leaves = pgtable_leaf_table(&tables, va);
	mutex_unlock(&vm_tables);
	CHECK(leaves, "no memory for the tables of 0x%lx", (unsigned long)va);
	return leaves;
}

/* --- ranges ------------------------------------------------------------------------ */

static bool range_take(struct vm_struct *area, size_t size, size_t align)
{
	unsigned long flags;
	bool taken;

	spin_lock_irqsave(&vm_lock, flags);
	taken = va_space_alloc(&space, &area->range, size, align);
	spin_unlock_irqrestore(&vm_lock, flags);
	return taken;
}

/* Where addresses have run out, those that wait for a flush may do. */
static bool range_get(struct vm_struct *area, size_t size, size_t align)
{
	return range_take(area, size, align) ||
	       (vmalloc_purge() > 0 && range_take(area, size, align));
}

static void range_put(struct vm_struct *area)
{
	unsigned long flags;

	spin_lock_irqsave(&vm_lock, flags);
	va_space_free(&space, &area->range);
	spin_unlock_irqrestore(&vm_lock, flags);
}

/* --- blocks of small areas ----------------------------------------------------------- */

/* The caller holds vm_tables. */
static void block_free_locked(struct vm_block *block)
{
	/* No leaf is left; this gives the table back. */
	pgtable_unmap(&tables, block->area.range.start, BLOCK_SIZE);
	range_put(&block->area);
	kfree(block);
}

static struct vm_block *block_new(void)
{
	struct vm_block *block = kzalloc(sizeof(*block), GFP_KERNEL);

	if (!block)
		return NULL;
	block->area.flags = VM_BLOCK;
	if (!range_get(&block->area, BLOCK_SIZE, BLOCK_SIZE))
		goto out_free;
	mutex_lock(&vm_tables);
	block->leaves = pgtable_leaf_table(&tables, block->area.range.start);
	mutex_unlock(&vm_tables);
	if (!block->leaves)
		goto out_put;
	return block;

out_put:
	range_put(&block->area);
out_free:
	kfree(block);
	return NULL;
}

/* `nr` slots will not be used again. True: the block is over. The caller holds vm_lock. */
static bool slots_die_locked(struct vm_block *block, unsigned int nr)
{
	block->dead += nr;
	ASSERT(block->dead <= BLOCK_SLOTS, "%u dead slots", block->dead);
	return block->retired && block->dead == BLOCK_SLOTS;
}

/* The slots of an area that is over. */
static bool slots_put_locked(const struct vm_struct *area)
{
	struct vm_block *block = area->block;
	unsigned long first = (area->range.start - block->area.range.start) >> PAGE_SHIFT;
	unsigned int nr = (unsigned int)vm_area_pages(area) + 1, i;

	for (i = 0; i < nr; i++)
		block->owner[first + i] = NULL;
	return slots_die_locked(block, nr);
}

/* No CPU takes from the block any more: what it has left is dead. */
static void block_retire(struct vm_block *block)
{
	unsigned long flags;
	bool over;

	spin_lock_irqsave(&vm_lock, flags);
	block->retired = true;
	over = slots_die_locked(block, BLOCK_SLOTS - block->cursor);
	spin_unlock_irqrestore(&vm_lock, flags);
	if (!over)
		return;
	mutex_lock(&vm_tables);
	block_free_locked(block);
	mutex_unlock(&vm_tables);
}

/* Interrupts are off: of this CPU's block. */
static bool slots_take(struct vm_struct *area, unsigned int nr)
{
	struct vm_block *block = this_cpu_read(vm_block);
	unsigned int first, i;

	if (!block || block->cursor + nr > BLOCK_SLOTS)
		return false;
	first = block->cursor;
	block->cursor += nr;
	for (i = 0; i < nr; i++)
		block->owner[first + i] = area;
	area->block = block;
	area->range.start = block->area.range.start + first * PAGE_SIZE;
	area->range.end = area->range.start + nr * PAGE_SIZE;
	return true;
}

static bool slots_get(struct vm_struct *area, unsigned int nr)
{
	struct vm_block *fresh, *old;
	unsigned long flags;
	bool taken;

	flags = arch_irq_save();
	taken = slots_take(area, nr);
	arch_irq_restore(flags);
	if (likely(taken))
		return true;
	fresh = block_new();
	if (!fresh)
		return false;

	flags = arch_irq_save();
	old = this_cpu_xchg(vm_block, fresh);
	taken = slots_take(area, nr);
	arch_irq_restore(flags);
	ASSERT(taken);
	if (old)
		block_retire(old);
	return taken;
}

static pte_t *small_leaves(const struct vm_struct *area)
{
	struct vm_block *block = area->block;

	return block->leaves + ((area->range.start - block->area.range.start) >> PAGE_SHIFT);
}

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

	if (!area)
		return NULL;
	area->size = size;
	area->flags = flags;
	area->caller = caller;
	area->phys_addr = 0;
	INIT_LIST_HEAD(&area->io_link);
	area->block = NULL;
	area->runs = area->inline_runs;
	area->nr_runs = 0;
	area->max_runs = VM_INLINE_RUNS;
	if (size <= SMALL_PAGES_MAX * PAGE_SIZE && align <= PAGE_SIZE)
		got = slots_get(area, (unsigned int)vm_area_pages(area) + 1);
	else
		got = range_get(area, size + PAGE_SIZE, align);
	if (!got) {
		kmem_cache_free(vm_area_cache, area);
		return NULL;
	}
	count_area(area, 1);
	return area;
}

int vm_area_map(struct vm_struct *area, unsigned long offset, phys_addr_t pa, unsigned long size,
		prot_t prot)
{
	uintptr_t va = area->range.start + offset;
	unsigned long page;
	pte_t *leaves, leaf;
	int error;

	ASSERT(offset + size <= area->size, "0x%lx + 0x%lx", offset, size);
	if (area->block) {
		leaves = small_leaves(area) + (offset >> PAGE_SHIFT);
		leaf = arch_pte_leaf(pa, prot, 0);
		for (page = 0; page < size; page += PAGE_SIZE, leaf = arch_pte_next(leaf, 0))
			arch_pte_set(leaves++, leaf);
		arch_map_sync(va, size);
		return 0;
	}
	mutex_lock(&vm_tables);
	error = pgtable_map(&tables, va, pa, size, prot, vm_max_level);
	mutex_unlock(&vm_tables);
	return error;
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

/* After the flush. The caller holds vm_tables. */
static void area_release_locked(struct vm_struct *area)
{
	struct vm_block *block = area->block;
	unsigned long flags;
	bool over = false;

	if (area->flags & VM_IOREMAP)
		ioremap_forget(area);
	vm_pages_free(area);
	spin_lock_irqsave(&vm_lock, flags);
	remember_locked(area);
	if (block)
		over = slots_put_locked(area);
	else
		va_space_free(&space, &area->range);
	spin_unlock_irqrestore(&vm_lock, flags);
	if (over)
		block_free_locked(block);
	kmem_cache_free(vm_area_cache, area);
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
			pgtable_unmap(&tables, list->range.start, list->size);
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
	struct vm_struct *area = lazy_take(), *next;
	unsigned long pages = 0;

	flush_locked(area);
	for (; area; area = next) {
		next = area->next;
		pages += vm_area_pages(area);
		area_release_locked(area);
	}
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
	unsigned long flags = arch_irq_save();
	struct vm_block *block = this_cpu_xchg(vm_block, NULL);

	arch_irq_restore(flags);
	if (block)
		block_retire(block);
	mutex_lock(&vm_tables);
	purge_locked();
	while (spare.nr)
		__free_page(pfn_to_page(spare.table[--spare.nr] >> PAGE_SHIFT));
	mutex_unlock(&vm_tables);
}

void vm_area_put(struct vm_struct *area)
{
	unsigned long flags, page;
	bool due;

	if (area->block)
		for (page = 0; page < vm_area_pages(area); page++)
			arch_pte_set(small_leaves(area) + page, (pte_t){0});

	spin_lock_irqsave(&vm_lock, flags);
	area->flags |= VM_LAZY;
	area->next = lazy_list;
	lazy_list = area;
	count_area(area, -1);
	counts.lazy_areas++;
	counts.lazy_pages += vm_area_pages(area);
	/* A large area is still mapped, and a device's frames may be wanted with another type: now. */
	due = purge_is_due || !area->block || area->flags & VM_IOREMAP ||
	      counts.lazy_pages > LAZY_PAGES_MAX;
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

static struct vm_block *block_of_area(struct vm_struct *area)
{
	return container_of(area, struct vm_block, area);
}

struct vm_struct *vm_area_find(uintptr_t address)
{
	struct vm_block *block = this_cpu_read(vm_block);
	struct vm_struct *area;
	unsigned long flags;

	/* Most are freed by the CPU that made them lately; its block stays while it is its block. */
	if (likely(block && address - block->area.range.start < BLOCK_SIZE))
		return READ_ONCE(block->owner[(address - block->area.range.start) >> PAGE_SHIFT]);
	spin_lock_irqsave(&vm_lock, flags);
	area = area_of_range(va_space_find(&space, address));
	if (area && address < area->range.start)
		area = NULL;
	if (area && area->flags & VM_BLOCK)
		area = READ_ONCE(
			block_of_area(area)->owner[(address - area->range.start) >> PAGE_SHIFT]);
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

	for (; range; range = va_space_next(&space, range)) {
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
		return next_from(va_space_next(&space, NULL));
	block = area->block;
	if (!block)
		return next_from(va_space_next(&space, &area->range));
	small = block_next(
		block, (unsigned int)((area->range.end - block->area.range.start) >> PAGE_SHIFT));
	return small ? small : next_from(va_space_next(&space, &block->area.range));
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
	size_t size = arch_region_size(REGION_VMALLOC);

	/* A page at either end stays free, so that what runs out of the region faults. */
	va_space_init(&space, arch_region_base(REGION_VMALLOC) + PAGE_SIZE, size - 2 * PAGE_SIZE);
	vm_area_cache = kmem_cache_create("vm_struct", sizeof(struct vm_struct), 0, SLAB_PANIC,
					  NULL);
	register_shrinker(&lazy_shrinker);
}

void vm_block_for_each(void (*visit)(const struct vm_block_info *info, void *context),
		       void *context)
{
	struct va_range *range = NULL;

	while ((range = va_space_next(&space, range))) {
		struct vm_struct *area = area_of_range(range);
		struct vm_block_info info = {.sound = true};
		struct vm_block *block;
		unsigned int slot;

		if (!(area->flags & VM_BLOCK))
			continue;
		block = block_of_area(area);
		info.start = range->start;
		info.dead = block->dead;
		for (slot = 0; slot < BLOCK_SLOTS; slot++) {
			uintptr_t va = range->start + slot * PAGE_SIZE;
			const struct vm_struct *owner = block->owner[slot];

			if (!owner)
				continue;
			info.owned++;
			info.sound &= owner->block == block &&
				      va - owner->range.start < owner->size + PAGE_SIZE;
		}
		/* What a retired block had left is dead already. */
		info.unused = block->retired ? 0 : BLOCK_SLOTS - block->cursor;
		visit(&info, context);
	}
}

bool vm_space_check(void)
{
	return va_space_check(&space);
}
