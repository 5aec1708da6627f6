/* SPDX-License-Identifier: MIT */
/*
 * early_ioremap.c - borrow a view of physical memory before anything can be allocated.
 *
 * THE IDEA
 *	Firmware tables lie anywhere, and have to be read before memory is
 *	known. Part of the fixmap is cut into slots of 64 pages. A map
 *	takes the first run of neighbouring slots that is long enough; what it
 *	gets is remembered at the first of them, so that giving back can be checked and what is
 *	never given back can be named at the end of boot.
 *
 * PICTURE	three maps: 4 KiB, 1 MiB that starts in the middle of a page, 8 KiB
 *
 *	slot	 0     1     2     3     4     5     6     7     8  ...  11
 *		[A   ][B ........................ .][C   ]	  free
 *	nr	 1     5     -     -     -     -     1
 *
 * LOCKING	Boot CPU, until early_ioremap_close().
 * COST		A set_fixmap() a page: the device tree of QEMU's virt (1 MiB) is 256.
 * FLOOR	pgtable. For firmware readers, which stand above; everybody later has ioremap.
 * LINUX	mm/early_ioremap.c: __early_ioremap(), check_early_ioremap_leak(). There a map is
 *		at most one slot and a device tree has a region of its own.
 */
#include <mm/early_ioremap.h>

#include <arch/memory.h>
#include <lib/check.h>
#include <lib/printk.h>
#include <lib/report.h>
#include <mm/fixmap.h>

/* What a map's first slot remembers; nr_slots is 0 in free slots and in a map's other slots. */
struct early_map {
	unsigned int nr_slots;
	uintptr_t address; /* as given out, with the offset */
	size_t size;
	phys_addr_t pa;
};

static struct early_map early_maps[EARLY_IOREMAP_SLOTS];
static bool closed;

/* The n-th page from the lowest address of the slots. */
static enum fixed_addresses slot_page(unsigned int slot, unsigned int page)
{
	return FIX_EARLY_IOREMAP0 - (slot * EARLY_IOREMAP_PAGES + page);
}

/* The first of `wanted` free slots side by side, or -1. */
static int find_slots(size_t wanted)
{
	unsigned int slot = 0, run = 0;

	while (slot < EARLY_IOREMAP_SLOTS && run < wanted) {
		if (early_maps[slot].nr_slots) {
			slot += early_maps[slot].nr_slots;
			run = 0;
			continue;
		}
		slot++;
		run++;
	}
	return run == wanted ? (int)(slot - run) : -1;
}

static size_t pages_of(phys_addr_t pa, size_t size)
{
	return ((pa & (PAGE_SIZE - 1)) + size + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

static void *map(phys_addr_t pa, size_t size, prot_t prot)
{
	size_t nr_pages, page;
	int slot;

	if (closed || size == 0 || size > EARLY_IOREMAP_SLOTS * EARLY_IOREMAP_PAGES * PAGE_SIZE)
		return NULL;
	if (pa + (size - 1) < pa || pa + (size - 1) >= arch_phys_end())
		return NULL;

	nr_pages = pages_of(pa, size);
	slot = find_slots(DIV_ROUND_UP(nr_pages, EARLY_IOREMAP_PAGES));
	if (slot < 0)
		return NULL;

	for (page = 0; page < nr_pages; page++)
		set_fixmap(slot_page(slot, page), pa + page * PAGE_SIZE, prot);
	early_maps[slot] = (struct early_map){
		.nr_slots = DIV_ROUND_UP(nr_pages, EARLY_IOREMAP_PAGES),
		.address = fix_to_virt(slot_page(slot, 0)) + (pa & (PAGE_SIZE - 1)),
		.size = size,
		.pa = pa,
	};
	return (void *)early_maps[slot].address;
}

const void *early_memremap(phys_addr_t pa, size_t size)
{
	return map(pa, size, PROT_KERNEL_RO);
}

void *early_ioremap(phys_addr_t pa, size_t size)
{
	return map(pa, size, PROT_KERNEL_DEVICE);
}

static int find_map(uintptr_t address, size_t size)
{
	unsigned int slot;

	for (slot = 0; slot < EARLY_IOREMAP_SLOTS; slot++) {
		const struct early_map *found = &early_maps[slot];

		if (found->nr_slots && found->address == address && found->size == size)
			return (int)slot;
	}
	return -1;
}

void early_iounmap(const void *address, size_t size)
{
	size_t nr_pages, page;
	int slot;

	if (!address)
		return;
	slot = find_map((uintptr_t)address, size);
	if (slot < 0) {
		report_open(REPORT_BUG, "early_iounmap: no such map");
		report_line("address %px, %zu bytes", address, size);
		report_stack("given by");
		report_close();
		return;
	}
	nr_pages = pages_of(early_maps[slot].pa, size);
	for (page = 0; page < nr_pages; page++)
		clear_fixmap(slot_page(slot, page));
	early_maps[slot].nr_slots = 0;
}

unsigned int early_ioremap_close(void)
{
	unsigned int slot, nr_open = 0;

	closed = true;
	for (slot = 0; slot < EARLY_IOREMAP_SLOTS; slot++) {
		const struct early_map *found = &early_maps[slot];

		if (!found->nr_slots)
			continue;
		nr_open++;
		pr_warn("early_ioremap: still open: 0x%llx, %zu bytes, at %px",
			(unsigned long long)found->pa, found->size, (void *)found->address);
	}
	return nr_open;
}

void early_ioremap_reopen(void)
{
	unsigned int slot;

	for (slot = 0; slot < EARLY_IOREMAP_SLOTS; slot++)
		CHECK(!early_maps[slot].nr_slots, "slot %u is open", slot);
	closed = false;
}
