/* SPDX-License-Identifier: MIT */
/*
 * mm/vmalloc.h - memory that is contiguous for the kernel and lies anywhere in RAM. (Linux: include/linux/vmalloc.h)
 *
 *	vmalloc(64 KiB)		pages from wherever, mapped side by side, a guard page behind them
 *	vmap(pages, n, ...)	the same for pages that the caller has already
 *
 * All may sleep, and none but vfree(), vunmap() and the questions may be called from an interrupt.
 * Sizes round up to whole pages.
 */
#pragma once

#include <arch/pgtable.h>
#include <lib/seq_file.h>
#include <lib/types.h>
#include <mm/gfp.h>
#include <mm/slab.h>

/* What an area is for: one of these. */
#define VM_IOREMAP 0x01U /* ioremap() and its kin */
#define VM_ALLOC   0x02U /* vmalloc(): the pages are the area's */
#define VM_MAP	   0x04U /* vmap(): the pages are the caller's */
#define VM_USERMAP 0x08U /* vmalloc_user(): may be shown to user space */

/* After slab_init(). */
void vmalloc_init(void);

/*
 * `size` bytes, not cleared but for vzalloc and vmalloc_user (which may be mapped for users); NULL with one warning when there is
 * no memory or no address range; size 0, or more than all RAM, is refused at once. The _node forms prefer that node. Memory comes
 * from high memory first. __vmalloc() takes the mask for the pages; with __GFP_NOWARN it fails silently.
 */
void *__must_check vmalloc(unsigned long size);
void *__must_check vzalloc(unsigned long size);
void *__must_check vmalloc_user(unsigned long size);
void *__must_check vmalloc_node(unsigned long size, int node);
void *__must_check vzalloc_node(unsigned long size, int node);
void *__must_check __vmalloc(unsigned long size, gfp_t gfp);

/*
 * Give back. NULL does nothing; what no vmalloc gave, an address inside an area and a second free are reported and change nothing.
 * From an interrupt the pages follow later: with the next call that may sleep.
 */
void vfree(const void *address);

/*
 * `count` of the caller's pages side by side; the same page may come twice. NULL for no pages, a NULL among them or more than all RAM.
 * vunmap() frees no page. (Linux: vmap; there `flags` is stored too)
 */
void *__must_check vmap(struct page **pages, unsigned int count, unsigned long flags, prot_t prot);
void vunmap(const void *address);

/* The same for mappings that live shortly; unmapped with the same count. (Linux: vm_map_ram) */
void *__must_check vm_map_ram(struct page **pages, unsigned int count, int node);
void vm_unmap_ram(const void *memory, unsigned int count);

/* kmalloc() for what is small or can be had so, else vmalloc(); kvfree() takes both. The product of kvmalloc_array() is checked. May sleep. */
void *__must_check kvmalloc_node(size_t size, gfp_t gfp, int node);
void kvfree(const void *address);

static inline void *__must_check kvmalloc(size_t size, gfp_t gfp)
{
	return kvmalloc_node(size, gfp, -1);
}

static inline void *__must_check kvzalloc(size_t size, gfp_t gfp)
{
	return kvmalloc_node(size, gfp | __GFP_ZERO, -1);
}

static inline void *__must_check kvmalloc_array(size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	return __builtin_mul_overflow(n, size, &bytes) ? NULL : kvmalloc(bytes, gfp);
}

static inline void *__must_check kvcalloc(size_t n, size_t size, gfp_t gfp)
{
	return kvmalloc_array(n, size, gfp | __GFP_ZERO);
}

/* vmalloc() and vzalloc() of an array; NULL, silently, where the product overflows. */
static inline void *__must_check vmalloc_array(size_t n, size_t size)
{
	size_t bytes;

	return __builtin_mul_overflow(n, size, &bytes) ? NULL : vmalloc(bytes);
}

static inline void *__must_check vcalloc(size_t n, size_t size)
{
	size_t bytes;

	return __builtin_mul_overflow(n, size, &bytes) ? NULL : vzalloc(bytes);
}

/* Does the address lie in the vmalloc region? Any context. */
bool is_vmalloc_addr(const void *address);

/* The page behind an address of the region; NULL or 0 when none is mapped there. Any context. */
struct page *vmalloc_to_page(const void *address);
unsigned long vmalloc_to_pfn(const void *address);

/* Free now what was freed lazily: flush, then pages and addresses. Returns the pages. May sleep. */
unsigned long vmalloc_purge(void);

/* The same, and this CPU's block of small areas goes too, if it is empty: so that figures compare. */
void vmalloc_drain(void);

struct vmalloc_counts {
	unsigned long areas, pages;	      /* alive */
	unsigned long lazy_areas, lazy_pages; /* freed, and not yet flushed */
	unsigned long flushes, purged_areas;  /* since boot */
};
void vmalloc_count(struct vmalloc_counts *counts);

/* "12 bytes behind the area of f+0x10: 4096 bytes at ..., its guard page"; false when nothing near is known. Any context. */
bool vmalloc_describe(uintptr_t address, struct seq_file *file);

void proc_vmallocinfo(struct seq_file *file);

/* Proves the invariants of the areas (A1...) and of the range space; says which failed. While nobody maps or unmaps. */
bool vmalloc_check(void);
