/* SPDX-License-Identifier: MIT */
/*
 * set_memory.c - change permissions and types of memory in use, at all its addresses.
 *
 * THE IDEA
 *	A frame in the vmalloc region or the image is also in the direct map. To make it
 *	read-only at one of the two addresses protects nothing, and two memory types for one frame are against the
 *	rules of every CPU. So each call changes a range and, for each run of its frames, the *alias*.
 *
 *	A large leaf is split at the range's ends; both ends of the range, and of every alias. All that can fail comes first:
 *	look, decide, split. Then the change itself needs no memory. Afterwards, tables that have become
 *	one run again are merged: set_memory_ro() and set_memory_rw() leave the tree as it was.
 *
 * PICTURE	set_memory_ro() of two pages of a vmalloc area
 *
 *	vmalloc	[rw-][RW-> r--][RW-> r--][rw-]			leaves of 4 KiB
 *		        |          |
 *	frames	        7          512
 *		        |          |
 *	direct	[rw- .. r-- ......]|[r-- rw- ....... ]		two leaves of 2 MiB, split
 *
 * INVARIANTS	(set_memory_check() proves M1, pgtable_check() W1, W3 and W7 the others)
 *	M1  What is free is writable and cached in the direct map.
 *	M2  A frame that is executable somewhere is writable nowhere.
 *	M3  All leaves of a frame have one memory type.
 *
 * LOCKING	set_memory_lock serialises the calls: pages of different owners share a leaf of the direct map. In the
 *		vmalloc region a table that is split or merged is full of one area's leaves, which the area's owner keeps mapped.
 * COST		A walk for each leaf of the range and of its alias; a flush each 64 leaves at most.
 * FLOOR	page: tables come from the buddy. pgtable does the walking.
 * LINUX	arch/x86/mm/pat/set_memory.c: change_page_attr_set_clr(), cpa_process_alias();
 *		arch/arm64/mm/pageattr.c: change_memory_common(). Linux lets W+X pass, and on arm64 without
 *		rodata=full it leaves the alias writable; here that is -EBUSY.
 */
#include <mm/set_memory.h>

#include <arch/cache.h>
#include <arch/memory.h>
#include <lib/check.h>
#include <lib/errno.h>
#include <lib/mutex.h>
#include <lib/printk.h>
#include <lib/sections.h>
#include <mm/deferred.h>
#include <mm/direct_map.h>
#include <mm/gfp.h>
#include <mm/memblock.h>
#include <mm/page.h>
#include <mm/pgtable.h>

static DEFINE_MUTEX(set_memory_lock, MUTEX_RANK_PROTECT);

struct request {
	uintptr_t va;
	size_t size;
	prot_t clear, set;
};

/* --- tables from the buddy ------------------------------------------------------- */

static phys_addr_t table_alloc(const struct pt_source *source)
{
	struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN);

	(void)source;
	return page ? page_to_phys(page) : 0;
}

static void table_free(const struct pt_source *source, phys_addr_t table)
{
	(void)source;
	__free_page(pfn_to_page(table >> PAGE_SHIFT));
}

/* The direct map's first tables were early memory and are for ever. */
static bool table_owns(const struct pt_source *source, phys_addr_t table)
{
	(void)source;
	return pfn_valid(table >> PAGE_SHIFT) &&
	       !(pfn_to_page(table >> PAGE_SHIFT)->flags & PG_RESERVED);
}

static const struct pt_source tables = {table_alloc, table_free, table_owns};

/* --- where it is, and where else -------------------------------------------------- */

static bool in_region(uintptr_t va, size_t size, enum arch_region region)
{
	uintptr_t offset = va - arch_region_base(region);

	return offset < arch_region_size(region) && size <= arch_region_size(region) - offset;
}

static bool in_image(uintptr_t va, size_t size)
{
	return va >= (uintptr_t)image_start && va < (uintptr_t)image_end &&
	       size <= (uintptr_t)image_end - va;
}

static bool shows_part(phys_addr_t pa, size_t size, const char *start, const char *end)
{
	phys_addr_t part = arch_image_to_phys(start);

	return pa < part + (phys_addr_t)(end - start) && part < pa + size;
}

/* What the boot left of it is anybody's memory now. */
static bool shows_image(phys_addr_t pa, size_t size)
{
	return shows_part(pa, size, image_start, init_text_start) ||
	       shows_part(pa, size, init_text_end, init_data_start) ||
	       shows_part(pa, size, init_data_end, image_end);
}

/* A run of frames at an address of the range: visit returns 0 to go on. */
typedef int (*run_visitor)(const struct request *request, const struct pt_entry *run);

/* The leaf at `va`, cut to [va, end); false at a hole. */
static bool leaf_at(uintptr_t va, uintptr_t end, struct pt_entry *leaf)
{
	if (!pgtable_query(va, leaf))
		return false;
	leaf->pa += va - leaf->va;
	leaf->size = min(leaf->size - (va - leaf->va), end - va);
	leaf->va = va;
	return true;
}

/* Visit the range a run at a time: leaves that continue one another and are alike. What the visitor says first, or -EINVAL at a hole. */
static int for_each_run(const struct request *request, run_visitor visit)
{
	uintptr_t va = request->va, end = va + request->size;
	struct pt_entry run, next;
	int result = 0;

	while (va < end && !result) {
		if (!leaf_at(va, end, &run))
			return -EINVAL;
		va = run.va + run.size;
		while (va < end && leaf_at(va, end, &next) && next.prot == run.prot &&
		       next.pa == run.pa + run.size) {
			run.size += next.size;
			va += next.size;
		}
		result = visit(request, &run);
	}
	return result;
}

/* The run by its address in the direct map; false when that is the range itself, or there is none. */
static bool alias_of(const struct pt_entry *run, struct request *alias)
{
	if (run->pa >= direct_map_phys_end() || in_region(run->va, 1, REGION_DIRECT_MAP))
		return false;
	alias->va = (uintptr_t)phys_to_virt(run->pa);
	alias->size = run->size;
	return true;
}

/* --- may it be? --------------------------------------------------------------------- */

/* Pages that set_memory_x() made executable; while there are none nobody needs to look for them. */
static unsigned long nr_executable;

struct search {
	const struct pt_entry *run;
	bool found;
};

static bool is_executable_alias(const struct pt_entry *entry, void *context)
{
	struct search *search = context;

	search->found = entry->prot & PROT_EXEC &&
			entry->pa < search->run->pa + search->run->size &&
			search->run->pa < entry->pa + entry->size;
	return !search->found;
}

/* M2: is a frame of the run executable in the vmalloc region? */
static bool is_executable_elsewhere(const struct pt_entry *run)
{
	struct search search = {run, false};

	if (nr_executable)
		pgtable_for_each_in(arch_region_base(REGION_VMALLOC),
				    arch_region_size(REGION_VMALLOC), is_executable_alias, &search);
	return search.found;
}

/* M2: is a page of the run writable in the direct map? What set_memory_ro() did to the range it did there too. */
static bool is_writable_elsewhere(const struct pt_entry *run)
{
	struct request alias;
	struct pt_entry entry;

	if (!alias_of(run, &alias))
		return false;
	for (uintptr_t va = alias.va; va < alias.va + alias.size; va = entry.va + entry.size)
		if (pgtable_query(va, &entry) && entry.prot & PROT_WRITE)
			return true;
	return false;
}

static int may_change(const struct request *request, const struct pt_entry *run)
{
	prot_t prot = (run->prot & ~request->clear) | request->set;
	bool is_direct = in_region(run->va, 1, REGION_DIRECT_MAP);

	if (!memblock_is_region_memory(run->pa, run->size))
		return -EINVAL;
	if (is_direct && shows_image(run->pa, run->size))
		return -EINVAL;
	if (prot & PROT_EXEC && (prot & PROT_WRITE || (prot & PROT_TYPE_MASK) == PROT_DEVICE))
		return -EPERM;
	if (request->set & PROT_EXEC &&
	    (!in_region(run->va, 1, REGION_VMALLOC) || is_writable_elsewhere(run)))
		return -EPERM;
	if (request->set & PROT_WRITE && is_executable_elsewhere(run))
		return -EPERM;
	if (request->set & PROT_WRITE && run->va >= (uintptr_t)text_start &&
	    run->va < (uintptr_t)rodata_end)
		return -EPERM;
	return 0;
}

static int check_request(const struct request *request, int numpages)
{
	if (numpages < 0 || !IS_ALIGNED(request->va, PAGE_SIZE) ||
	    request->va + (request->size - 1) < request->va)
		return -EINVAL;
	if (!in_image(request->va, request->size) &&
	    !in_region(request->va, request->size, REGION_VMALLOC) &&
	    !in_region(request->va, request->size, REGION_DIRECT_MAP))
		return -EINVAL;
	return for_each_run(request, may_change);
}

/* --- the change ---------------------------------------------------------------------- */

static int split_alias(const struct request *request, const struct pt_entry *run)
{
	struct request alias;

	(void)request;
	return alias_of(run, &alias) ? pgtable_split(&tables, alias.va, alias.size) : 0;
}

static int merge_alias(const struct request *request, const struct pt_entry *run)
{
	struct request alias;

	(void)request;
	if (alias_of(run, &alias))
		pgtable_merge(&tables, alias.va, alias.size, direct_map_max_level());
	return 0;
}

/* Executable is a matter of one address alone. */
static int change_alias(const struct request *request, const struct pt_entry *run)
{
	struct request alias;

	if (!alias_of(run, &alias))
		return 0;
	return pgtable_change(NULL, alias.va, alias.size, request->clear & ~PROT_EXEC,
			      request->set & ~PROT_EXEC);
}

static unsigned int max_level(const struct request *request)
{
	if (in_region(request->va, 1, REGION_DIRECT_MAP))
		return direct_map_max_level();
	return in_region(request->va, 1, REGION_VMALLOC) ? PT_MAX_LEVELS : 0;
}

/* As it was before, or as the change made it: what can be one leaf is one. The aliases first, while the range still leads to them. */
static void merge(const struct request *request)
{
	CHECK(for_each_run(request, merge_alias) == 0);
	pgtable_merge(&tables, request->va, request->size, max_level(request));
}

static int count_executable(const struct request *request, const struct pt_entry *run)
{
	bool is = run->prot & PROT_EXEC;

	if (request->set & PROT_EXEC && !is)
		nr_executable += run->size >> PAGE_SHIFT;
	if (request->clear & PROT_EXEC && is && in_region(run->va, 1, REGION_VMALLOC))
		nr_executable -= run->size >> PAGE_SHIFT;
	return 0;
}

static int change_locked(const struct request *request, int numpages)
{
	int error = check_request(request, numpages);

	if (error)
		return error;
	error = pgtable_split(&tables, request->va, request->size);
	if (!error)
		error = for_each_run(request, split_alias);
	if (!error) {
		CHECK(for_each_run(request, count_executable) == 0);
		CHECK(for_each_run(request, change_alias) == 0);
		CHECK(pgtable_change(NULL, request->va, request->size, request->clear,
				     request->set) == 0);
		if (request->clear & PROT_TYPE_MASK && request->set & PROT_TYPE_MASK)
			arch_cache_flush(request->va, request->size);
	}
	merge(request);
	return error;
}

static int change(unsigned long addr, int numpages, prot_t clear, prot_t set)
{
	struct request request = {addr, (size_t)numpages << PAGE_SHIFT, clear, set};
	int error;

	if (numpages == 0 && IS_ALIGNED(addr, PAGE_SIZE))
		return 0;
	mutex_lock(&set_memory_lock);
	error = change_locked(&request, numpages);
	mutex_unlock(&set_memory_lock);
	return error;
}

int set_memory_ro(unsigned long addr, int numpages)
{
	return change(addr, numpages, PROT_WRITE, 0);
}

int set_memory_rw(unsigned long addr, int numpages)
{
	return change(addr, numpages, 0, PROT_WRITE);
}

int set_memory_x(unsigned long addr, int numpages)
{
	return change(addr, numpages, 0, PROT_EXEC);
}

int set_memory_nx(unsigned long addr, int numpages)
{
	return change(addr, numpages, PROT_EXEC, 0);
}

int set_memory_uc(unsigned long addr, int numpages)
{
	return change(addr, numpages, PROT_TYPE_MASK, PROT_DEVICE);
}

int set_memory_wc(unsigned long addr, int numpages)
{
	return change(addr, numpages, PROT_TYPE_MASK, PROT_WC);
}

int set_memory_wb(unsigned long addr, int numpages)
{
	return change(addr, numpages, PROT_TYPE_MASK, PROT_RAM);
}

/* --- proved ----------------------------------------------------------------------------- */

static bool frame_is_free(unsigned long pfn)
{
	if (pfn_is_deferred(pfn))
		return true;
	for (unsigned int order = 0; order < MAX_ORDER; order++) {
		unsigned long first = pfn & ~((1UL << order) - 1);
		const struct page *head = pfn_to_page(first);

		if (!pfn_valid(first))
			return false;
		if (head->flags & (PG_BUDDY | PG_PCP) && !(head->flags & PG_OWNED) &&
		    pfn < first + (1UL << head->order))
			return true;
	}
	return false;
}

static bool check_leaf(const struct pt_entry *entry, void *context)
{
	unsigned int *faults = context;
	unsigned long pfn = entry->pa >> PAGE_SHIFT, end = pfn + (entry->size >> PAGE_SHIFT);

	if (entry->prot == PROT_KERNEL_RW)
		return true;
	for (; pfn < end; pfn++) {
		if (!frame_is_free(pfn))
			continue;
		if ((*faults)++ == 0)
			pr_err("set_memory: M1 pfn 0x%lx is free, and its leaf is not as all "
			       "others: "
			       "whoever freed it forgot to undo set_memory_*()",
			       pfn);
	}
	return true;
}

bool set_memory_check(void)
{
	unsigned int faults = 0;

	pgtable_for_each_in(arch_region_base(REGION_DIRECT_MAP), direct_map_phys_end(), check_leaf,
			    &faults);
	return faults == 0;
}
