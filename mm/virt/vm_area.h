/* SPDX-License-Identifier: MIT */
/*
 * vm_area.h - areas of the vmalloc region, for the files of mm/virt. vm_area.c holds the theory.
 */
#pragma once

#include <arch/pgtable.h>
#include <lib/mutex.h>
#include <lib/spinlock.h>
#include <lib/types.h>
#include <mm/page.h>
#include <mm/vmalloc.h>

#include "va_space.h"

#define VM_BLOCK 0x100U /* not an area: a block of small ones */
#define VM_LAZY	 0x200U /* freed; waits for the flush */

/* Pages that lie side by side. */
struct page_run {
	struct page *first;
	unsigned long nr;
};

#define VM_INLINE_RUNS 2

struct vm_block;

struct vm_struct {
	struct va_range
		range; /* with the guard page; of a small area only start and end mean something */
	unsigned long size; /* bytes that are mapped: whole pages */
	unsigned int flags;
	const void *caller;
	phys_addr_t phys_addr;	  /* VM_IOREMAP */
	prot_t io_type;		  /* and its memory type */
	struct list_head io_link; /* in the list of device mappings */
	struct vm_block *block;	  /* the block that a small area lies in; NULL */
	pte_t *leaves;		  /* and the entries there that map it */
	struct vm_struct *next;	  /* lazy list */
	struct page_run *runs;	  /* VM_ALLOC: what backs it, in order */
	unsigned int nr_runs, max_runs;
	struct page_run inline_runs[VM_INLINE_RUNS];
};

static inline void *vm_area_address(const struct vm_struct *area)
{
	return (void *)area->range.start;
}

static inline unsigned long vm_area_pages(const struct vm_struct *area)
{
	return area->size >> PAGE_SHIFT;
}

/* vm_range.c: all of the region. */
extern struct va_space vm_space; /* vm_lock */
extern spinlock_t vm_lock;
extern struct mutex vm_tables; /* the page tables, but for a block's own */
extern const struct pt_source vm_table_source;

void vm_range_init(void);

/* Addresses of the area's own: area->range. May sleep. */
bool vm_range_get(struct vm_struct *area, size_t size, size_t align);
void vm_range_put(struct vm_struct *area);

/* Gives back the tables that are kept. The caller holds vm_tables. */
void vm_tables_drain_locked(void);

/* The largest leaves that areas are mapped with; 0 forbids large ones. */
extern unsigned int vm_max_level;

void vm_area_init(void);

/*
 * A range of addresses for `size` bytes (whole pages) and a guard page, at a multiple of `align`. NULL: no memory or no room.
 * May sleep. (Linux: __get_vm_area_node)
 */
struct vm_struct *vm_area_get(unsigned long size, unsigned long align, unsigned int flags,
			      const void *caller);

/* Map part of an area, `offset` bytes in; what is mapped so far is the area's to unmap. 0 or -ENOMEM. May sleep. */
int vm_area_map(struct vm_struct *area, unsigned long offset, phys_addr_t pa, unsigned long size,
		prot_t prot);

/* The area is over: unmapped now, given back with its pages after the next flush. Any context. (Linux: remove_vm_area) */
void vm_area_put(struct vm_struct *area);

/* The area that an address lies in, its guard page included; NULL. Any context; the caller knows that it stays. (Linux: find_vm_area) */
struct vm_struct *vm_area_find(uintptr_t address);

/* What was freed lately, so that a late touch can be explained. */
struct vm_freed {
	uintptr_t start;
	unsigned long size;
	unsigned int flags;
	const void *caller;
};
#define VM_FREED_MAX 64

/* The last one that an address lay in; false when it is forgotten or never was. */
bool vm_freed_find(uintptr_t address, struct vm_freed *found);

/* A table of level 0 for 2 MiB of addresses that are mapped for ever after; without memory that is a CHECK. At boot. */
pte_t *vm_leaf_table(uintptr_t va);

/* Is somebody changing the areas this moment, perhaps this CPU, which trapped meanwhile? */
bool vm_is_busy(void);

/* In order of address, blocks left out; NULL starts and ends. While nobody maps or unmaps. */
struct vm_struct *vm_area_next(struct vm_struct *area);

/* vm_check.c wants to see blocks: false from visit stops. */
struct vm_block_info {
	uintptr_t start;
	unsigned int unused, dead, owned; /* slots */
	bool sound;			  /* A2 holds in it */
};
void vm_block_for_each(void (*visit)(const struct vm_block_info *info, void *context),
		       void *context);
bool vm_space_check(void);

/* The area that starts at the address and is of that kind (VM_ALLOC, ...); NULL after a report that names `who`. vmalloc.c */
struct vm_struct *vm_area_to_put(const char *who, const void *address, unsigned int kind);

/* ioremap.c: ioremap() and its kin. (Linux: __ioremap_caller) */
void *ioremap_caller(phys_addr_t pa, size_t size, prot_t type, const void *caller);

/* ioremap.c: no CPU remembers the freed mapping any more. */
void ioremap_forget(struct vm_struct *area);

/* vm_pages.c: back an area with pages, from the largest blocks that can be had; what was taken stays the area's on -ENOMEM. */
int vm_pages_alloc(struct vm_struct *area, gfp_t gfp, int node);
void vm_pages_free(struct vm_struct *area);
