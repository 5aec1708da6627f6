/* SPDX-License-Identifier: MIT */
/*
 * vmalloc.c - the calls: vmalloc, vmap, vfree and their kin.
 *
 * THE IDEA
 *	vm_area.c gives addresses, vm_pages.c memory, the walker maps one on the
 *	other. What is left is to do it in the right order, to undo all of it when one step fails, and
 *	to believe no address that is handed in.
 *
 * PICTURE	vmalloc(12 KiB)
 *
 *	vmalloc --> vmalloc_area --> vm_area_get	3 pages of addresses and a guard
 *				 --> vm_pages_alloc	3 pages, from one block of 2 and a single one
 *				 --> map_runs		two runs, three leaves
 *
 *	Areas of 2 MiB and more start at a multiple of 2 MiB, so that their blocks
 *	of order 9 and 10 are mapped by large leaves; `vmalloc=nohuge` on the command line turns that off.
 *
 * LOCKING	None of its own.
 * FLOOR	virt.
 * LINUX	mm/vmalloc.c: __vmalloc_node_range(), __vmalloc_area_node(), vmap(),
 *		vfree(), __vunmap(), vm_map_ram(), vmalloc_to_page().
 */
#include <mm/vmalloc.h>

#include <arch/memory.h>
#include <lib/check.h>
#include <lib/cmdline.h>
#include <lib/context.h>
#include <lib/errno.h>
#include <lib/init.h>
#include <lib/printk.h>
#include <lib/report.h>
#include <lib/string.h>
#include <mm/pgtable.h>
#include "vm_area.h"

#define HUGE_SIZE (PT_ENTRIES * PAGE_SIZE)

static unsigned long ram_pages __ro_after_init; /* more than that is refused without a try */

void vmalloc_init(void)
{
	char word[8];

	if (cmdline_value("vmalloc", word, sizeof(word)) >= 0) {
		if (!strcmp(word, "nohuge"))
			vm_max_level = 0;
		else
			pr_warn("vmalloc=%s: nohuge is all that can be said", word);
	}
	ram_pages = totalram_pages();
	vm_area_init();
}

/* --- taking ---------------------------------------------------------------------- */

/* Whole pages for a size that can be had at all; 0 after a warning. */
static unsigned long pages_size(const char *who, unsigned long size, gfp_t gfp)
{
	if (likely(size != 0 && (size - 1) >> PAGE_SHIFT < ram_pages))
		return ALIGN_UP(size, PAGE_SIZE);
	if (!(gfp & __GFP_NOWARN))
		report_warn("%s: %lu bytes are %s", who, size,
			    size ? "more than all memory" : "nothing");
	return 0;
}

static int map_runs(struct vm_struct *area, prot_t prot)
{
	unsigned long offset = 0, size;
	unsigned int i;
	int error;

	for (i = 0; i < area->nr_runs; i++, offset += size) {
		size = area->runs[i].nr << PAGE_SHIFT;
		error = vm_area_map(area, offset, page_to_phys(area->runs[i].first), size, prot);
		if (error)
			return error;
	}
	return 0;
}

/* Nothing of it was shown to anybody: all of it goes back at once. */
static void *give_up(struct vm_struct *area, const char *who, gfp_t gfp)
{
	if (!(gfp & __GFP_NOWARN))
		pr_warn("%s: no memory for %lu bytes, %lu pages are free", who, area->size,
			nr_free_pages());
	vm_area_put(area);
	vmalloc_purge();
	return NULL;
}

struct vm_request {
	gfp_t gfp;
	unsigned int flags;
	int node;
	const void *caller;
};

/* (Linux: __vmalloc_node_range()) */
static void *vmalloc_area(unsigned long size, const struct vm_request *request)
{
	unsigned long align = PAGE_SIZE;
	struct vm_struct *area;

	might_sleep();
	size = pages_size("vmalloc", size, request->gfp);
	if (!size)
		return NULL;
	if (size >= HUGE_SIZE && vm_max_level > 0)
		align = HUGE_SIZE;
	area = vm_area_get(size, align, request->flags, request->caller);
	if (!area && align > PAGE_SIZE)
		area = vm_area_get(size, PAGE_SIZE, request->flags, request->caller);
	if (unlikely(!area)) {
		if (!(request->gfp & __GFP_NOWARN))
			report_warn("vmalloc: no addresses for %lu bytes", size);
		return NULL;
	}
	if (unlikely(vm_pages_alloc(area, request->gfp, request->node) ||
		     map_runs(area, PROT_KERNEL_RW)))
		return give_up(area, "vmalloc", request->gfp);
	return vm_area_address(area);
}

#define VMALLOC_GFP (GFP_KERNEL | __GFP_HIGHMEM)

static inline __attribute__((always_inline)) void *
vmalloc_by(unsigned long size, gfp_t gfp, unsigned int flags, int node, const void *caller)
{
	const struct vm_request request = {gfp, VM_ALLOC | flags, node, caller};

	return vmalloc_area(size, &request);
}

void *vmalloc(unsigned long size)
{
	return vmalloc_by(size, VMALLOC_GFP, 0, -1, __builtin_return_address(0));
}

void *vzalloc(unsigned long size)
{
	return vmalloc_by(size, VMALLOC_GFP | __GFP_ZERO, 0, -1, __builtin_return_address(0));
}

void *vmalloc_user(unsigned long size)
{
	return vmalloc_by(size, VMALLOC_GFP | __GFP_ZERO, VM_USERMAP, -1,
			  __builtin_return_address(0));
}

void *vmalloc_node(unsigned long size, int node)
{
	return vmalloc_by(size, VMALLOC_GFP, 0, node, __builtin_return_address(0));
}

void *vzalloc_node(unsigned long size, int node)
{
	return vmalloc_by(size, VMALLOC_GFP | __GFP_ZERO, 0, node, __builtin_return_address(0));
}

void *__vmalloc(unsigned long size, gfp_t gfp)
{
	return vmalloc_by(size, gfp, 0, -1, __builtin_return_address(0));
}

/* --- pages of the caller's ---------------------------------------------------------- */

static bool pages_exist(const char *who, struct page **pages, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		if (page_exists(pages[i]))
			continue;
		report_warn("%s: entry %u of %u is no page", who, i, count);
		return false;
	}
	return true;
}

/* Neighbours are mapped together. */
static int map_pages(struct vm_struct *area, struct page **pages, unsigned int count, prot_t prot)
{
	unsigned int first, end;
	int error;

	for (first = 0; first < count; first = end) {
		for (end = first + 1; end < count && pages[end] == pages[end - 1] + 1; end++)
			;
		error = vm_area_map(area, (unsigned long)first << PAGE_SHIFT,
				    page_to_phys(pages[first]),
				    (unsigned long)(end - first) << PAGE_SHIFT, prot);
		if (error)
			return error;
	}
	return 0;
}

static void *map_callers(const char *who, struct page **pages, unsigned int count, prot_t prot,
			 const void *caller)
{
	unsigned long size = pages_size(who, (unsigned long)count << PAGE_SHIFT, 0);
	struct vm_struct *area;

	might_sleep();
	if (!size || !pages_exist(who, pages, count))
		return NULL;
	if ((prot & PROT_WRITE && prot & PROT_EXEC) || prot & PROT_USER) {
		report_warn("%s: refused, it would be %s", who,
			    prot & PROT_USER ? "open to users" : "writable and executable");
		return NULL;
	}
	area = vm_area_get(size, PAGE_SIZE, VM_MAP, caller);
	if (!area)
		return NULL;
	if (map_pages(area, pages, count, prot))
		return give_up(area, who, 0);
	return vm_area_address(area);
}

void *vmap(struct page **pages, unsigned int count, unsigned long flags, prot_t prot)
{
	(void)flags;
	return map_callers("vmap", pages, count, prot, __builtin_return_address(0));
}

void *vm_map_ram(struct page **pages, unsigned int count, int node)
{
	(void)node;
	return map_callers("vm_map_ram", pages, count, PROT_KERNEL_RW, __builtin_return_address(0));
}

/* --- giving back ----------------------------------------------------------------------- */

static void refuse(const char *who, const void *address, const char *why,
		   const struct vm_struct *area)
{
	report_open(REPORT_BUG, "%s: %s", who, why);
	report_line("address %px", address);
	if (area)
		report_line("area    %px, %lu bytes, made by %pS", vm_area_address(area),
			    area->size, area->caller);
	report_stack("given by");
	report_close();
}

struct vm_struct *vm_area_to_put(const char *who, const void *address, unsigned int kind)
{
	struct vm_struct *area = is_vmalloc_addr(address) ? vm_area_find((uintptr_t)address) : NULL;
	const char *why = NULL;

	if (!area)
		why = is_vmalloc_addr(address) ? "no area is there, or no more"
					       : "not an address of the vmalloc region";
	else if (area->flags & VM_LAZY)
		why = "freed twice";
	else if (vm_area_address(area) != address)
		why = "inside an area, not its start";
	else if (!(area->flags & kind))
		why = "the area is of another kind";
	if (likely(!why))
		return area;
	refuse(who, address, why, area);
	return NULL;
}

void vfree(const void *address)
{
	struct vm_struct *area;

	if (!address)
		return;
	area = vm_area_to_put("vfree", address, VM_ALLOC);
	if (area)
		vm_area_put(area);
}

void vunmap(const void *address)
{
	struct vm_struct *area;

	if (!address)
		return;
	area = vm_area_to_put("vunmap", address, VM_MAP);
	if (area)
		vm_area_put(area);
}

void vm_unmap_ram(const void *memory, unsigned int count)
{
	struct vm_struct *area = vm_area_to_put("vm_unmap_ram", memory, VM_MAP);

	if (!area)
		return;
	if (vm_area_pages(area) != count) {
		refuse("vm_unmap_ram", memory, "another number of pages was mapped", area);
		return;
	}
	vm_area_put(area);
}

/* --- small or large --------------------------------------------------------------------- */

void *kvmalloc_node(size_t size, gfp_t gfp, int node)
{
	gfp_t first = gfp;
	void *object;

	/* Large blocks are scarce, and vmalloc() can do without: no effort, no complaint. */
	if (size > PAGE_SIZE)
		first = (gfp | __GFP_NOWARN | __GFP_NORETRY) & ~__GFP_NOFAIL;
	object = size <= KMALLOC_MAX_SIZE ? kmalloc_node(size, first, node) : NULL;
	if (object || size <= PAGE_SIZE)
		return object;
	return vmalloc_by(size, gfp | __GFP_HIGHMEM, 0, node, __builtin_return_address(0));
}

void kvfree(const void *address)
{
	if (is_vmalloc_addr(address))
		vfree(address);
	else
		kfree(address);
}

/* --- questions ------------------------------------------------------------------------------ */

bool is_vmalloc_addr(const void *address)
{
	return (uintptr_t)address - arch_region_base(REGION_VMALLOC) <
	       arch_region_size(REGION_VMALLOC);
}

unsigned long vmalloc_to_pfn(const void *address)
{
	struct pt_entry entry;

	if (!is_vmalloc_addr(address) || !pgtable_query((uintptr_t)address, &entry))
		return 0;
	return (unsigned long)((entry.pa + ((uintptr_t)address - entry.va)) >> PAGE_SHIFT);
}

struct page *vmalloc_to_page(const void *address)
{
	unsigned long pfn = vmalloc_to_pfn(address);

	return pfn && pfn_valid(pfn) ? pfn_to_page(pfn) : NULL;
}
