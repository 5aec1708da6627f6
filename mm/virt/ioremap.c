/* SPDX-License-Identifier: MIT */
/*
 * ioremap.c - device registers at kernel addresses, and no frame with two memory types.
 *
 * THE IDEA
 *	An area of the vmalloc region is mapped to physical addresses that are
 *	no RAM. What is left is to refuse what would hurt. RAM is mapped already, cached; a
 *	second, uncached view of it would see other data. So the whole range is asked for, not its
 *	ends alone. For the same reason one frame is never mapped with two
 *	types: all device mappings stand in a list by address, and one that would overlap
 *	another of a different type is refused.
 *
 *	A freed mapping has left the list, but a CPU may remember it until the flush. Those
 *	that wait for one are only counted, by type: where any is of another type than what
 *	is wanted now, the flush comes first. Drivers hardly ever ask for that.
 *
 * PICTURE	ioremap(0xfeb00e70, 0x20)
 *
 *	frame 0xfeb00: [......|e70 .. e8f|....]  -->  area of 1 page, result = its start + 0xe70
 *
 * LOCKING	io_lock protects the list and what is added to the counts, interrupts off.
 * COST		O(device mappings below the new one) to look for overlaps; a small area is O(1) besides.
 * FLOOR	virt. Asks early which addresses are RAM.
 * LINUX	arch/x86/mm/ioremap.c: __ioremap_caller(); mm/ioremap.c; types: arch/x86/mm/pat/memtype.c.
 */
#include <mm/io.h>

#include <arch/memory.h>
#include <lib/report.h>
#include <mm/fixmap.h>
#include <mm/memblock.h>
#include <mm/pgtable.h>
#include "vm_area.h"

static LIST_HEAD(io_areas); /* by phys_addr */
static DEFINE_SPINLOCK(io_lock, LOCK_RANK_IO);

#define NR_TYPES ((PROT_DEVICE >> PROT_TYPE_SHIFT) + 1)

/* --- one type a frame ------------------------------------------------------------------ */

static bool overlap(phys_addr_t a, size_t a_size, phys_addr_t b, size_t b_size)
{
	return a - b < b_size || b - a < a_size;
}

/* A mapping of another type that shares a frame; the place in the list behind which this one belongs. */
static struct vm_struct *conflict_locked(const struct vm_struct *area, struct list_head **after)
{
	struct vm_struct *other;

	*after = &io_areas;
	list_for_each_entry (other, &io_areas, io_link) {
		if (other->phys_addr > area->phys_addr &&
		    other->phys_addr - area->phys_addr >= area->size)
			break;
		if (other->phys_addr <= area->phys_addr)
			*after = &other->io_link;
		if (other->io_type != area->io_type &&
		    overlap(area->phys_addr, area->size, other->phys_addr, other->size))
			return other;
	}
	return NULL;
}

/* Freed mappings that some CPU may remember, by type. */
static unsigned long nr_lazy[NR_TYPES];

static unsigned int type_index(prot_t type)
{
	return (type & PROT_TYPE_MASK) >> PROT_TYPE_SHIFT;
}

static bool others_are_lazy(prot_t type)
{
	unsigned int i;

	for (i = 0; i < NR_TYPES; i++)
		if (i != type_index(type) && READ_ONCE(nr_lazy[i]))
			return true;
	return false;
}

/* Enters the area; else the type of the mapping that is in its way, its own where a flush will help. */
static bool enter(struct vm_struct *area, prot_t *in_the_way)
{
	unsigned long flags = spin_lock_save(&io_lock);
	struct list_head *after;
	struct vm_struct *other = conflict_locked(area, &after);
	bool free = !other && !others_are_lazy(area->io_type);

	*in_the_way = other ? other->io_type : area->io_type;
	if (free)
		list_add(&area->io_link, after);
	spin_unlock_irqrestore(&io_lock, flags);
	return free;
}

/* The area, which may be in the list, is over. */
static void io_area_put(struct vm_struct *area)
{
	unsigned long flags = spin_lock_save(&io_lock);

	list_del(&area->io_link);
	__atomic_fetch_add(&nr_lazy[type_index(area->io_type)], 1, __ATOMIC_RELAXED);
	spin_unlock_irqrestore(&io_lock, flags);
	vm_area_put(area);
}

void ioremap_forget(struct vm_struct *area)
{
	__atomic_fetch_sub(&nr_lazy[type_index(area->io_type)], 1, __ATOMIC_RELEASE);
}

/* A frame and a type, sought in the fixmap: the first leaf of another type that has the frame. */
struct fixed_search {
	phys_addr_t pa;
	size_t size;
	prot_t type;
	const char *found;
};

static bool look_at_fixed(const struct pt_entry *entry, void *context)
{
	struct fixed_search *search = context;
	prot_t type = entry->prot & PROT_TYPE_MASK;

	if (type != search->type && overlap(search->pa, search->size, entry->pa, entry->size))
		search->found = pgtable_type_name(type);
	return !search->found;
}

/*
 * The fixmap's mappings are no areas: how one has a part of the range, if of another type than wanted; else NULL. Only the screen
 * is anything but device memory there, so for the usual type one look is enough.
 */
static const char *fixed_otherwise(phys_addr_t pa, size_t size, prot_t type)
{
	struct fixed_search search = {pa, size, type, NULL};
	size_t screen_size;
	uintptr_t screen = fixmap_framebuffer(&screen_size);

	if (type != PROT_DEVICE)
		pgtable_for_each_in(arch_region_base(REGION_FIXMAP),
				    arch_region_size(REGION_FIXMAP), look_at_fixed, &search);
	else if (screen_size)
		pgtable_for_each_in(screen & PAGE_MASK,
				    ALIGN_UP((screen & ~PAGE_MASK) + screen_size, PAGE_SIZE),
				    look_at_fixed, &search);
	return search.found;
}

/* --- mapping ------------------------------------------------------------------------------- */

/* The range in whole pages; false for what cannot be. */
static bool page_range(phys_addr_t pa, size_t size, phys_addr_t *start, size_t *bytes)
{
	phys_addr_t last;

	if (size == 0 || __builtin_add_overflow(pa, size - 1, &last) || last >= arch_phys_end())
		return false;
	*start = ALIGN_DOWN(pa, PAGE_SIZE);
	*bytes = ALIGN_DOWN(last, PAGE_SIZE) - *start + PAGE_SIZE;
	return true;
}

static void refuse(phys_addr_t pa, size_t size, const char *why, const char *what)
{
	report_warn("ioremap: 0x%llx, 0x%zx bytes: %s%s", (unsigned long long)pa, size, why, what);
}

/* Is there RAM that is in the direct map, in any page of the range? */
static bool has_mapped_ram(phys_addr_t start, size_t bytes)
{
	const struct memblock_type *ram = &memblock.memory;
	unsigned long i;

	if (!memblock_overlaps_memory(start, bytes))
		return false;
	for (i = 0; i < ram->cnt; i++)
		if (overlap(start, bytes, ram->regions[i].base, ram->regions[i].size) &&
		    !memblock_is_nomap(&ram->regions[i]))
			return true;
	return false;
}

/* The area with nothing mapped in it, entered in the list. */
static struct vm_struct *io_area(phys_addr_t start, size_t bytes, prot_t type, const void *caller)
{
	struct vm_struct *area = vm_area_get(bytes, PAGE_SIZE, VM_IOREMAP, caller);
	prot_t in_the_way;

	if (!area)
		return NULL;
	INIT_LIST_HEAD(&area->io_link);
	area->phys_addr = start;
	area->io_type = type;
	while (!enter(area, &in_the_way)) {
		if (in_the_way != type) {
			refuse(start, bytes, "a part of it is mapped as ",
			       pgtable_type_name(in_the_way));
			io_area_put(area);
			return NULL;
		}
		vmalloc_purge();
	}
	return area;
}

void *ioremap_caller(phys_addr_t pa, size_t size, prot_t type, const void *caller)
{
	struct vm_struct *area;
	const char *fixed;
	phys_addr_t start;
	size_t bytes;

	if (!page_range(pa, size, &start, &bytes))
		return NULL;
	if (has_mapped_ram(start, bytes)) {
		refuse(pa, size, "there is RAM in it", "");
		return NULL;
	}
	fixed = fixed_otherwise(start, bytes, type);
	if (fixed) {
		refuse(pa, size, "the kernel has a part of it mapped as ", fixed);
		return NULL;
	}
	area = io_area(start, bytes, type, caller);
	if (!area)
		return NULL;
	if (vm_area_map(area, 0, start, bytes, PROT_WRITE | PROT_GLOBAL | type)) {
		io_area_put(area);
		return NULL;
	}
	return (char *)vm_area_address(area) + (pa - start);
}

void *ioremap(phys_addr_t pa, size_t size)
{
	return ioremap_caller(pa, size, PROT_DEVICE, __builtin_return_address(0));
}

void *ioremap_wc(phys_addr_t pa, size_t size)
{
	return ioremap_caller(pa, size, PROT_WC, __builtin_return_address(0));
}

void *ioremap_wt(phys_addr_t pa, size_t size)
{
	return ioremap_caller(pa, size, PROT_WT, __builtin_return_address(0));
}

void *ioremap_cache(phys_addr_t pa, size_t size)
{
	return ioremap_caller(pa, size, PROT_RAM, __builtin_return_address(0));
}

void iounmap(volatile void *address)
{
	void *start = (void *)((uintptr_t)address & PAGE_MASK);
	struct vm_struct *area;

	if (!address)
		return;
	area = vm_area_to_put("iounmap", start, VM_IOREMAP);
	if (area)
		io_area_put(area);
}
