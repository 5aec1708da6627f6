/* SPDX-License-Identifier: MIT */
/*
 * mmu.c - the hosted machine's MMU: page tables in, host mappings out, and no mercy.
 *
 * THE IDEA
 *	A real TLB may remember a translation or not, so a kernel that forgets a
 *	flush or a barrier is wrong and mostly works. This one decides always
 *	against the kernel. What it remembers are host mappings:
 *
 *	NONE -> leaf	not seen before arch_map_sync(): an access faults
 *	leaf -> NONE	used for ever, until arch_tlb_flush()
 *	leaf -> other	a panic: a CPU may use a mixture of both. Break (NONE),
 *			flush, then make. Only permissions may change in place.
 *
 *	Example: a kernel that moves a fixmap slot from page A to page B without
 *	a flush writes NONE, then the leaf B, and syncs. Here A is still mapped,
 *	and the sync panics and says so.
 *
 * PICTURE
 *	tables in physical memory	what the CPU remembers	the process
 *	(the kernel writes)		(tlb_table, private)	(mmap)
 *	[pte] --arch_map_sync-------->	[leaf] ---------------> pages of the memfd
 *	[ 0 ] --arch_tlb_flush------->	[    ] ---------------> nothing, faults
 *
 * INVARIANTS	(hosted_mmu_stale() proves H2, at the end of every machine; tests/hosted/mmu_test.c breaks both)
 *	H1  What is remembered and what the process has mapped are the same.
 *	H2  Whenever no change is under way, each remembered leaf stands in the tables.
 *
 * LOCKING	A lock of its own around each call, interrupts off: what it remembers is one for all CPUs.
 * COST		Walks of four levels; one mmap for each run of leaves that continue one another.
 * FLOOR	arch/hosted. The image is mapped by the process's loader; its part of the tables is only read.
 * LINUX	the nearest relatives are arch/um and CONFIG_DEBUG_VM_PGTABLE.
 */
#include "mmu.h"

#include <arch/cpu.h>
#include <arch/pgtable.h>
#include <arch/tlb.h>
#include <lib/check.h>
#include <lib/poison.h>
#include <lib/sections.h>

#include "machine.h"
#include "os.h"

#define LEVELS 4

/* One node of what is remembered; a slot holds a leaf, or what lies below, or nothing. */
struct tlb_table {
	struct {
		pte_t leaf;
		struct tlb_table *below;
	} slot[PT_ENTRIES];
};

static struct tlb_table *tlb_root;
static bool locked;

/* A translation, wherever it was read: value 0 means that nothing is at this level and below. */
struct translation {
	pte_t leaf;
	unsigned int level;
	uintptr_t va; /* start of what it covers */
};

static size_t span(unsigned int level)
{
	return PAGE_SIZE << (level * PT_INDEX_BITS);
}

static unsigned int index_at(uintptr_t va, unsigned int level)
{
	return va >> (PAGE_SHIFT + level * PT_INDEX_BITS) & (PT_ENTRIES - 1);
}

/* As the hardware does it: through physical memory. */
static struct translation walk_tables(uintptr_t va)
{
	const pte_t *table = arch_kernel_root();
	unsigned int level = LEVELS - 1;
	pte_t entry = table[index_at(va, level)];

	while (arch_pte_kind(entry, level) == PTE_TABLE) {
		CHECK(level > 0, "a table below the page level at %lx", va);
		table = os_bus(arch_pte_phys(entry, level));
		level--;
		entry = table[index_at(va, level)];
	}
	return (struct translation){entry, level, ALIGN_DOWN(va, span(level))};
}

static struct translation recall(uintptr_t va)
{
	const struct tlb_table *table = tlb_root;
	unsigned int level = LEVELS - 1;

	while (table->slot[index_at(va, level)].below != NULL) {
		table = table->slot[index_at(va, level)].below;
		level--;
	}
	return (struct translation){table->slot[index_at(va, level)].leaf, level,
				    ALIGN_DOWN(va, span(level))};
}

/* The slot of a leaf at that level; nothing larger is remembered there. */
static pte_t *tlb_slot(uintptr_t va, unsigned int level)
{
	struct tlb_table *table = tlb_root;

	for (unsigned int at = LEVELS - 1; at > level; at--) {
		struct tlb_table **below = &table->slot[index_at(va, at)].below;

		if (*below == NULL)
			*below = os_private_memory(sizeof(**below));
		table = *below;
	}
	/* Smaller leaves were here and were all forgotten: the caller made sure. */
	table->slot[index_at(va, level)].below = NULL;
	return &table->slot[index_at(va, level)].leaf;
}

static bool anything_remembered(uintptr_t va, size_t size)
{
	for (uintptr_t at = va; at < va + size;) {
		struct translation old = recall(at);

		if (old.leaf.value != 0)
			return true;
		at = old.va + span(old.level);
	}
	return false;
}

/* A run of leaves that continue one another, not yet given to the host. */
struct run {
	uintptr_t va;
	phys_addr_t pa;
	size_t size;
	prot_t prot;
};

/* Where the model has no memory nothing answers: the access will be a bus error. */
static void run_finish(struct run *run)
{
	while (run->size != 0) {
		bool present;
		size_t size = machine_memory_span(run->pa, run->size, &present);

		if (present)
			os_map(run->va, run->pa, size, run->prot & PROT_WRITE,
			       run->prot & PROT_EXEC);
		else
			os_unmap(run->va, size);
		run->va += size;
		run->pa += size;
		run->size -= size;
	}
}

static void run_add(struct run *run, const struct translation *new)
{
	phys_addr_t pa = arch_pte_phys(new->leaf, new->level);
	prot_t prot = arch_pte_prot(new->leaf, new->level);

	if (run->size == 0 || run->va + run->size != new->va || run->pa + run->size != pa ||
	    run->prot != prot) {
		run_finish(run);
		*run = (struct run){new->va, pa, 0, prot};
	}
	run->size += span(new->level);
}

static bool is_ours(uintptr_t va)
{
	return va >= HOSTED_VA_START && va < HOSTED_VA_END;
}

static void sync_leaf(struct run *run, const struct translation *new)
{
	struct translation old = recall(new->va);

	if (old.leaf.value == new->leaf.value && old.level == new->level)
		return;
	if (anything_remembered(new->va, span(new->level)))
		panic("forgotten flush: 0x%lx is mapped anew, and the CPU still uses the former "
		      "translation",
		      new->va);
	*tlb_slot(new->va, new->level) = new->leaf;
	run_add(run, new);
}

/* What is remembered is one for all CPUs, and an interrupt's handler may map and flush too. */
static unsigned long mmu_lock(void)
{
	unsigned long flags = arch_irq_save();

	while (__atomic_exchange_n(&locked, true, __ATOMIC_ACQUIRE))
		arch_cpu_relax();
	return flags;
}

static void mmu_unlock(unsigned long flags)
{
	__atomic_store_n(&locked, false, __ATOMIC_RELEASE);
	arch_irq_restore(flags);
}

static void map_sync(uintptr_t va, size_t size)
{
	struct run run = {0};

	CHECK(is_ours(va) && size <= HOSTED_VA_END - va, "map_sync of 0x%lx + 0x%zx", va, size);
	for (uintptr_t at = va; at < va + size;) {
		struct translation new = walk_tables(at);

		if (new.leaf.value != 0)
			sync_leaf(&run, &new);
		at = new.va + span(new.level);
	}
	run_finish(&run);
}

/* Same memory, same type, same size? */
static bool may_change_in_place(pte_t new, pte_t old, unsigned int level)
{
	prot_t differs = arch_pte_prot(new, level) ^ arch_pte_prot(old, level);

	return arch_pte_phys(new, level) == arch_pte_phys(old, level) &&
	       !(differs & ~PROT_PERMISSIONS);
}

/* How often a flush was asked for, and how often for nothing: no leaf in its range had changed, no table been unlinked. */
static struct hosted_flushes flushes;
static bool
	table_unlinked;	  /* since the last flush; what a CPU has of a table may lead on from it */
static bool leaf_changed; /* in the flush that is under way */

static void forget(const struct translation *old)
{
	*tlb_slot(old->va, old->level) = (pte_t){0};
	os_unmap(old->va, span(old->level));
	mem_unpoison((const void *)old->va, span(old->level));
}

/* The CPU drops `old` and looks at the tables again. */
static void flush_leaf(struct run *run, const struct translation *old)
{
	struct translation new = walk_tables(old->va);

	if (new.leaf.value == old->leaf.value &&new.level == old->level)
		return;
	leaf_changed = true;
	if (new.leaf.value == 0 && new.level >= old->level) {
		forget(old);
		return;
	}
	CHECK(new.level == old->level &&may_change_in_place(new.leaf, old->leaf, old->level),
	      "break before make: the leaf at 0x%lx became another one before the flush", old->va);
	*tlb_slot(old->va, old->level) = new.leaf;
	run_add(run, &new);
}

static void tlb_flush(uintptr_t va, size_t size)
{
	struct run run = {0};

	CHECK(is_ours(va) && size <= HOSTED_VA_END - va, "flush of 0x%lx + 0x%zx", va, size);
	leaf_changed = false;
	for (uintptr_t at = va; at < va + size;) {
		struct translation old = recall(at);

		if (old.leaf.value != 0)
			flush_leaf(&run, &old);
		at = old.va + span(old.level);
	}
	run_finish(&run);
	flushes.all++;
	flushes.redundant += !leaf_changed && !table_unlinked;
	table_unlinked = false;
}

/* The image is mapped by the process's loader and not remembered: it gets what its tables say now. */
static void image_update(uintptr_t va, size_t size)
{
	struct run run = {0};

	for (uintptr_t page = va; page < va + size; page += PAGE_SIZE) {
		struct translation new = walk_tables(page);

		if (new.leaf.value == 0)
			os_unmap(page, PAGE_SIZE);
		else
			run_add(&run, &new);
	}
	run_finish(&run);
}

static bool is_image(uintptr_t va, size_t size)
{
	return va >= (uintptr_t)image_start && va + size <= (uintptr_t)image_end;
}

void hosted_map_sync(uintptr_t va, size_t size)
{
	unsigned long flags = mmu_lock();

	if (is_image(va, size))
		image_update(va, size);
	else
		map_sync(va, size);
	mmu_unlock(flags);
}

void hosted_tlb_flush(uintptr_t va, size_t size)
{
	unsigned long flags = mmu_lock();

	if (is_image(va, size))
		image_update(va, size);
	else
		tlb_flush(va, size);
	mmu_unlock(flags);
}

void hosted_tlb_flush_all(void)
{
	hosted_tlb_flush(HOSTED_VA_START, HOSTED_VA_END - HOSTED_VA_START);
}

/* The kind by the bits alone: a store does not know its level. */
static unsigned int stored_kind(pte_t pte)
{
	return pte.value >> HOSTED_PTE_KIND_SHIFT & 7;
}

static bool store_is_allowed(pte_t old, pte_t new)
{
	unsigned int level = old.value >> HOSTED_PTE_LEVEL_SHIFT & 7;

	if (old.value == 0 || new.value == 0 || old.value == new.value)
		return true;
	if (stored_kind(old) != HOSTED_PTE_KIND_LEAF || stored_kind(new) != HOSTED_PTE_KIND_LEAF)
		return false;
	return (new.value >> HOSTED_PTE_LEVEL_SHIFT & 7) == level &&
	       may_change_in_place(new, old, level);
}

void hosted_pte_set(pte_t *entry, pte_t value)
{
	pte_t old = {__atomic_load_n(&entry->value, __ATOMIC_RELAXED)};

	if (!store_is_allowed(old, value))
		panic("break before make: a page-table entry went from 0x%lx to 0x%lx in one step",
		      (unsigned long)old.value, (unsigned long)value.value);
	if (old.value != 0 && stored_kind(old) == HOSTED_PTE_KIND_TABLE)
		table_unlinked = true;
	__atomic_store_n(&entry->value, value.value, __ATOMIC_RELEASE);
}

struct hosted_flushes hosted_mmu_flushes(void)
{
	return flushes;
}

uintptr_t hosted_mmu_stale(void)
{
	for (uintptr_t at = HOSTED_VA_START; at < HOSTED_VA_END;) {
		struct translation old = recall(at), new;

		if (old.leaf.value != 0) {
			new = walk_tables(at);
			if (new.leaf.value != old.leaf.value || new.level != old.level)
				return at;
		}
		at = old.va + span(old.level);
	}
	return 0;
}

bool hosted_mmu_forgot_sync(uintptr_t va)
{
	return is_ours(va) && walk_tables(va).leaf.value != 0 && recall(va).leaf.value == 0;
}

bool hosted_mmu_maps(uintptr_t va)
{
	return walk_tables(va).leaf.value != 0;
}

bool hosted_mmu_leads_nowhere(uintptr_t va)
{
	struct translation leaf = is_ours(va) ? recall(va) : (struct translation){0};
	bool present = true;

	if (leaf.leaf.value != 0)
		machine_memory_span(arch_pte_phys(leaf.leaf, leaf.level) + (va - leaf.va), 1,
				    &present);
	return !present;
}

void hosted_mmu_init(void)
{
	tlb_root = os_private_memory(sizeof(*tlb_root));
}
