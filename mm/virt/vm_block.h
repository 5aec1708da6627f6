/* SPDX-License-Identifier: MIT */
/*
 * vm_block.h - 2 MiB of addresses that one CPU hands out to small areas; for vm_area.c and vm_check.c. vm_block.c holds the theory.
 */
#pragma once

#include <lib/check.h>
#include <lib/percpu.h>

#include "vm_area.h"

#define BLOCK_SLOTS PT_ENTRIES /* pages of a block: what one table maps */
#define BLOCK_SIZE  (BLOCK_SLOTS * PAGE_SIZE)

struct vm_block {
	struct vm_struct area; /* VM_BLOCK: stands in the space for all of it */
	pte_t *leaves;	       /* its page table, one entry a slot */
	unsigned int cursor;   /* the next free slot; moved by the CPU that has the block */
	unsigned int dead;     /* slots that will not be used again; vm_lock */
	bool retired;	       /* no CPU takes slots from it any more */
	struct vm_struct *owner[BLOCK_SLOTS];
};

DECLARE_PER_CPU(struct vm_block *, vm_block);

static inline unsigned int slot_of(const struct vm_block *block, uintptr_t address)
{
	return (unsigned int)((address - block->area.range.start) >> PAGE_SHIFT);
}

static inline struct vm_block *block_of_area(struct vm_struct *area)
{
	return container_of(area, struct vm_block, area);
}

/* Slots for area->size and a guard page; false without memory or addresses. May sleep. */
bool vm_block_take(struct vm_struct *area);

/* `nr` slots will not be used again. True: so the block is over. The caller holds vm_lock. */
static inline bool slots_die_locked(struct vm_block *block, unsigned int nr)
{
	block->dead += nr;
	ASSERT(block->dead <= BLOCK_SLOTS, "%u dead slots", block->dead);
	return block->retired && block->dead == BLOCK_SLOTS;
}

/* The slots of an area that is over. True: so is its block, and the caller frees it. The caller holds vm_lock. */
static inline bool vm_block_give_locked(const struct vm_struct *area)
{
	unsigned int nr = (unsigned int)vm_area_pages(area) + 1, i;
	struct vm_block *block = area->block;
	struct vm_struct **owner = &block->owner[slot_of(block, area->range.start)];

	for (i = 0; i < nr; i++)
		owner[i] = NULL;
	return slots_die_locked(block, nr);
}

/* A block that is over. The caller holds vm_tables. */
void vm_block_free_locked(struct vm_block *block);

/* This CPU's block takes no more areas. May sleep. */
void vm_block_drain(void);
