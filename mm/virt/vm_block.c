/* SPDX-License-Identifier: MIT */
/*
 * vm_block.c - addresses for small areas, without a search and without a walk.
 *
 * THE IDEA
 *	A small area, up to 32 pages, would spend most of its time in the tree of ranges and in
 *	walks down the page tables. So each CPU has a *block*: 2 MiB of
 *	addresses, just what one table page of the lowest level maps. The block
 *	keeps a pointer to that table; a small area takes the next free slots and
 *	mapping a page is one store. A block hands its slots out once, from the
 *	first to the last; when all of them have been given back it goes as a whole.
 *
 * PICTURE	a block whose first two areas have 1 and 2 pages; g is a guard page
 *
 *	slot	0   1   2   3   4   5   6            511
 *		[A ][g ][B  . B ][g ][ free ...          ]
 *	owner	 A   A   B   B   B   -
 *				     ^- cursor
 *
 * INVARIANTS	A2 and A3 of vm_area.c.
 * LOCKING	A block's cursor is its CPU's, moved with interrupts off; `dead`, `retired` and the end of an
 *		owner are vm_lock's. What the slots map, their owners store, under no lock.
 * COST		O(pages of the area); a block costs a search, a walk and some 4 KiB, once in 512 slots.
 * FLOOR	virt. Called by vm_area.c.
 * LINUX	mm/vmalloc.c: new_vmap_block(), vb_alloc(), vb_free(), purge_fragmented_blocks(): there for
 *		vm_map_ram() alone, and a bitmap says which slots are dirty.
 */
#include "vm_block.h"

#include <mm/pgtable.h>

DEFINE_PER_CPU(struct vm_block *, vm_block);

void vm_block_free_locked(struct vm_block *block)
{
	/* No leaf is left; this gives the table back. */
	pgtable_unmap(&vm_table_source, block->area.range.start, BLOCK_SIZE);
	vm_range_put(&block->area);
	kfree(block);
}

static struct vm_block *block_new(void)
{
	struct vm_block *block = kzalloc(sizeof(*block), GFP_KERNEL);

	if (!block)
		return NULL;
	block->area.flags = VM_BLOCK;
	if (!vm_range_get(&block->area, BLOCK_SIZE, BLOCK_SIZE))
		goto out_free;
	mutex_lock(&vm_tables);
	block->leaves = pgtable_leaf_table(&vm_table_source, block->area.range.start);
	mutex_unlock(&vm_tables);
	if (!block->leaves)
		goto out_put;
	return block;

out_put:
	vm_range_put(&block->area);
out_free:
	kfree(block);
	return NULL;
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
	vm_block_free_locked(block);
	mutex_unlock(&vm_tables);
}

/* Interrupts are off: of this CPU's block. */
static inline bool slots_take(struct vm_struct *area, unsigned int nr)
{
	struct vm_block *block = this_cpu_read(vm_block);
	unsigned int slot, end;

	if (!block || block->cursor + nr > BLOCK_SLOTS)
		return false;
	slot = block->cursor;
	end = slot + nr;
	area->block = block;
	area->leaves = block->leaves + slot;
	area->range.start = block->area.range.start + slot * PAGE_SIZE;
	area->range.end = area->range.start + nr * PAGE_SIZE;
	do
		block->owner[slot] = area;
	while (++slot < end);
	block->cursor = end;
	return true;
}

static __noinline bool take_from_fresh(struct vm_struct *area, unsigned int nr)
{
	struct vm_block *fresh = block_new(), *old;
	unsigned long flags;
	bool taken;

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

bool vm_block_take(struct vm_struct *area)
{
	unsigned int nr = (unsigned int)vm_area_pages(area) + 1;
	unsigned long flags = arch_irq_save();
	bool taken = slots_take(area, nr);

	arch_irq_restore(flags);
	return likely(taken) || take_from_fresh(area, nr);
}

void vm_block_drain(void)
{
	struct vm_block *block = this_cpu_xchg(vm_block, NULL);

	if (block)
		block_retire(block);
}

/* --- told --------------------------------------------------------------------------------- */

void vm_block_for_each(void (*visit)(const struct vm_block_info *info, void *context),
		       void *context)
{
	struct va_range *range = NULL;

	while ((range = va_space_next(&vm_space, range))) {
		struct vm_struct *area = container_of(range, struct vm_struct, range);
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
