/* SPDX-License-Identifier: MIT */
/*
 * vm_range.c - the vmalloc region as a whole: its addresses, its page tables, the locks of both.
 *
 * The last empty tables are kept: they are all zero, and the next area wants some.
 *
 * LOCKING	vm_lock protects the space, vm_tables the page tables and the tables that are kept.
 * FLOOR	virt. Called by vm_block.c, vm_area.c and kmap.c.
 * LINUX	mm/vmalloc.c: __alloc_vmap_area(), free_vmap_area_noflush().
 */
#include "vm_area.h"

#include <arch/memory.h>
#include <lib/check.h>
#include <mm/pgtable.h>

DEFINE_SPINLOCK(vm_lock, LOCK_RANK_VIRT);
DEFINE_MUTEX(vm_tables, MUTEX_RANK_VIRT);
struct va_space vm_space;

/* --- table pages ------------------------------------------------------------------ */

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

const struct pt_source vm_table_source = {.alloc = table_alloc, .free = table_free};

pte_t *vm_leaf_table(uintptr_t va)
{
	pte_t *leaves;

	mutex_lock(&vm_tables);
	leaves = pgtable_leaf_table(&vm_table_source, va);
	mutex_unlock(&vm_tables);
	CHECK(leaves, "no memory for the tables of 0x%lx", (unsigned long)va);
	return leaves;
}

/* The caller holds vm_tables. */
void vm_tables_drain_locked(void)
{
	while (spare.nr)
		__free_page(pfn_to_page(spare.table[--spare.nr] >> PAGE_SHIFT));
}

/* --- ranges ------------------------------------------------------------------------ */

static bool range_take(struct vm_struct *area, size_t size, size_t align)
{
	unsigned long flags;
	bool taken;

	spin_lock_irqsave(&vm_lock, flags);
	taken = va_space_alloc(&vm_space, &area->range, size, align);
	spin_unlock_irqrestore(&vm_lock, flags);
	return taken;
}

/* Where addresses have run out, those that wait for a flush may do. */
bool vm_range_get(struct vm_struct *area, size_t size, size_t align)
{
	if (likely(range_take(area, size, align)))
		return true;
	/* Also when it finds nothing: somebody else may be at it, and it waits for him. */
	vmalloc_purge();
	return range_take(area, size, align);
}

void vm_range_put(struct vm_struct *area)
{
	unsigned long flags;

	spin_lock_irqsave(&vm_lock, flags);
	va_space_free(&vm_space, &area->range);
	spin_unlock_irqrestore(&vm_lock, flags);
}

void vm_range_init(void)
{
	size_t size = arch_region_size(REGION_VMALLOC);

	/* A page at either end stays free, so that what runs out of the region faults. */
	va_space_init(&vm_space, arch_region_base(REGION_VMALLOC) + PAGE_SIZE,
		      size - 2 * PAGE_SIZE);
}

bool vm_space_check(void)
{
	return va_space_check(&vm_space);
}
