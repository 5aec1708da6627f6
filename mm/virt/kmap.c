/* SPDX-License-Identifier: MIT */
/*
 * kmap.c - windows onto high memory.
 *
 * THE IDEA
 *	A page above the direct map has no address. Two kinds of windows give it
 *	one for a while. Both are slots whose page tables stand ready, so that
 *	opening a window is one store.
 *
 *	The *local* ones are a CPU's own, used like a stack: an interrupt opens its windows on top of
 *	those of the task below, and has closed them when it returns. Only this CPU ever looks
 *	through them, so only this CPU has to forget them.
 *
 *	The *persistent* ones are for everybody, and counted: whoever maps the
 *	same page again gets the same address. Forgetting on all CPUs is dear, so a
 *	slot that its last user left is only marked. The hand that looks for free slots goes round; when it
 *	passes the end, one flush makes all marked slots free again.
 *
 * PICTURE	the life of a persistent slot, by its count
 *
 *	  0 free  --kmap-->  2 one user  --kmap-->  3 two users
 *	  ^                  |    ^ kmap of the     |
 *	  |               kunmap  | same page    kunmap
 *	flush (the hand      v    |                 v
 *	passes the end)  1 stale -+                 2
 *
 *	the region, one table of page-table entries each
 *
 *	[ 512 persistent slots ][ CPU 0: 16 local, CPU 1: 16 local, ... ] [ ... ]
 *
 * INVARIANTS	(kmap_check() proves them)
 *	K1  A slot is mapped to its page exactly when its count is not 0.
 *	K2  Each slot with a page is in the hash once, under that page.
 *	K3  A local slot is mapped exactly when it is below its CPU's depth.
 *
 * LOCKING	kmap_lock protects the persistent slots; kmap() may sleep. page_address() takes no lock,
 *		so that anybody may ask: whoever asks has the page mapped, so its slot stands still,
 *		and where the hash is just being changed he looks at all slots instead.
 *		Local slots are their CPU's, and a task that has one open stays there.
 * COST		kmap_local_page() of a high page is some 60 instructions with its kunmap_local();
 *		a flush every 512 kmap().
 * FLOOR	virt.
 * LINUX	mm/highmem.c: map_new_virtual(), kmap_high(), flush_all_zero_pkmaps(),
 *		__kmap_local_page_prot(), kunmap_local_indexed(), page_address(). The same three states of a count.
 */
#include <mm/kmap.h>

#include <arch/pgtable.h>
#include <arch/tlb.h>
#include <lib/bits.h>
#include <lib/check.h>
#include <lib/context.h>
#include <lib/percpu.h>
#include <lib/printk.h>
#include <lib/report.h>
#include <lib/wait.h>
#include <mm/percpu.h>
#include <mm/pgtable.h>
#include "vm_area.h"

#define LAST_PKMAP PT_ENTRIES
#define HASH_BITS  7
#define NO_SLOT	   0xffff

/* --- windows of one CPU ------------------------------------------------------------- */

/* Constant but for `depth`, which an interrupt leaves as it found it: so interrupts may stay on. */
struct local_windows {
	pte_t *leaf;  /* KM_MAX_IDX entries */
	uintptr_t va; /* what the first one maps */
	unsigned int depth;
};
static DEFINE_PER_CPU(struct local_windows, local);

static uintptr_t slot_address(unsigned long slot)
{
	return arch_region_base(REGION_KMAP) + slot * PAGE_SIZE;
}

void *kmap_local_high(struct page *page)
{
	unsigned int index = this_cpu_read(local.depth);
	uintptr_t va = this_cpu_read(local.va) + index * PAGE_SIZE;

	CHECK(index < KM_MAX_IDX, "%u windows of this CPU are open", index);
	/* From here on the slot is ours: an interrupt takes the next one. */
	this_cpu_write(local.depth, index + 1);
	arch_pte_set(this_cpu_read(local.leaf) + index,
		     arch_pte_leaf(page_to_phys(page), PROT_KERNEL_RW, 0));
	arch_map_sync(va, PAGE_SIZE);
	return (void *)va;
}

static __noinline void local_misuse(const void *address, unsigned int depth)
{
	report_open(REPORT_BUG, "kunmap_local: not the window that was opened last");
	report_line("address %px, %u windows are open on this CPU", address, depth);
	report_stack("given by");
	report_close();
}

void kunmap_local_high(const void *address)
{
	unsigned int depth = this_cpu_read(local.depth), index;
	uintptr_t va = (uintptr_t)address & PAGE_MASK;

	if (unlikely(depth == 0 || va != this_cpu_read(local.va) + (depth - 1) * PAGE_SIZE)) {
		local_misuse(address, depth);
		return;
	}
	index = depth - 1;
	arch_pte_set(this_cpu_read(local.leaf) + index, (pte_t){0});
	arch_tlb_flush_local(va, PAGE_SIZE);
	this_cpu_write(local.depth, index);
}

/* --- windows for everybody -------------------------------------------------------------- */

struct pkmap {
	struct page *page;
	unsigned int count; /* 0 free, 1 stale, n + 1 users */
	uint16_t next;	    /* in the hash */
};

static struct pkmap pkmap[LAST_PKMAP];
static uint16_t hash[1 << HASH_BITS];
static pte_t *pkmap_leaves;
static unsigned int hand; /* the slot that was taken last */
static unsigned long nr_flushes;
static DEFINE_SPINLOCK(kmap_lock, LOCK_RANK_KMAP);
static DEFINE_WAIT_QUEUE_HEAD(kmap_wait);

static uint16_t *bucket(const struct page *page)
{
	return &hash[(page_to_pfn(page) * 0x9e3779b97f4a7c15UL) >> (64 - HASH_BITS)];
}

/* Odd while a slot comes into the hash or goes. */
static unsigned int nr_changes;

static void change_begin_locked(void)
{
	WRITE_ONCE(nr_changes, nr_changes + 1);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void change_end_locked(void)
{
	__atomic_store_n(&nr_changes, nr_changes + 1, __ATOMIC_RELEASE);
}

static unsigned int find_locked(const struct page *page)
{
	unsigned int slot = *bucket(page);

	while (slot != NO_SLOT && pkmap[slot].page != page)
		slot = pkmap[slot].next;
	return slot;
}

static void forget_locked(unsigned int slot)
{
	uint16_t *at = bucket(pkmap[slot].page);

	change_begin_locked();
	while (*at != slot)
		at = &pkmap[*at].next;
	*at = pkmap[slot].next;
	pkmap[slot] = (struct pkmap){.next = NO_SLOT};
	change_end_locked();
	arch_pte_set(&pkmap_leaves[slot], (pte_t){0});
}

/* Stale slots become free, after one flush for all of them. False: there were none. */
static bool flush_stale_locked(void)
{
	unsigned int slot, found = 0;

	for (slot = 0; slot < LAST_PKMAP; slot++) {
		if (pkmap[slot].count != 1)
			continue;
		forget_locked(slot);
		found++;
	}
	if (!found)
		return false;
	arch_tlb_flush(slot_address(0), LAST_PKMAP * PAGE_SIZE);
	nr_flushes++;
	return true;
}

/* The next free slot behind the hand, or NO_SLOT. */
static unsigned int take_slot_locked(void)
{
	unsigned int tries;

	for (tries = 0; tries < LAST_PKMAP; tries++) {
		hand = (hand + 1) % LAST_PKMAP;
		/* What the hand has passed may be free now: a whole round more. */
		if (hand == 0 && flush_stale_locked())
			tries = 0;
		if (pkmap[hand].count == 0)
			return hand;
	}
	return NO_SLOT;
}

static void show_locked(unsigned int slot, struct page *page)
{
	uint16_t *head = bucket(page);

	change_begin_locked();
	pkmap[slot] = (struct pkmap){.page = page, .count = 1, .next = *head};
	*head = (uint16_t)slot;
	change_end_locked();
	arch_pte_set(&pkmap_leaves[slot], arch_pte_leaf(page_to_phys(page), PROT_KERNEL_RW, 0));
	arch_map_sync(slot_address(slot), PAGE_SIZE);
}

/* One try: the address, or NULL when all slots have users. */
static void *kmap_try(struct page *page)
{
	unsigned int slot;

	spin_lock(&kmap_lock);
	slot = find_locked(page);
	if (slot == NO_SLOT) {
		slot = take_slot_locked();
		if (slot != NO_SLOT)
			show_locked(slot, page);
	}
	if (slot != NO_SLOT)
		pkmap[slot].count++;
	spin_unlock(&kmap_lock);
	return slot == NO_SLOT ? NULL : (void *)slot_address(slot);
}

void *kmap(struct page *page)
{
	void *address;

	if (!page_is_high(page))
		return page_address(page);
	if (unlikely(in_interrupt())) {
		report_warn(
			"kmap: from an interrupt, where it may not wait; kmap_local_page() may");
		return NULL;
	}
	might_sleep();
	wait_event_exclusive(kmap_wait, (address = kmap_try(page)) != NULL);
	return address;
}

void kunmap(struct page *page)
{
	unsigned int slot, left = 0;

	if (!page_is_high(page))
		return;
	spin_lock(&kmap_lock);
	slot = find_locked(page);
	if (slot != NO_SLOT && pkmap[slot].count > 1)
		left = --pkmap[slot].count;
	spin_unlock(&kmap_lock);
	if (left == 1)
		wake_up(&kmap_wait);
	if (left != 0)
		return;
	report_open(REPORT_BUG, "kunmap: nobody has mapped this page");
	report_line("pfn     0x%lx", page_to_pfn(page));
	report_stack("given by");
	report_close();
}

/* --- asked without a lock ------------------------------------------------------------------- */

static bool shows(unsigned int slot, const struct page *page)
{
	return READ_ONCE(pkmap[slot].page) == page && READ_ONCE(pkmap[slot].count) > 1;
}

/* A chain that is changed meanwhile may lead anywhere, also in a circle. */
static unsigned int find_in_hash(const struct page *page)
{
	unsigned int slot = READ_ONCE(*bucket(page)), steps;

	for (steps = 0; slot != NO_SLOT && steps < LAST_PKMAP; steps++) {
		if (shows(slot, page))
			return slot;
		slot = READ_ONCE(pkmap[slot].next);
	}
	return NO_SLOT;
}

static void *high_page_address(const struct page *page)
{
	unsigned int before = __atomic_load_n(&nr_changes, __ATOMIC_ACQUIRE);
	unsigned int slot = find_in_hash(page);

	if (slot != NO_SLOT)
		return (void *)slot_address(slot);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (likely(!(before & 1) && READ_ONCE(nr_changes) == before))
		return NULL;
	for (slot = 0; slot < LAST_PKMAP; slot++)
		if (shows(slot, page))
			return (void *)slot_address(slot);
	return NULL;
}

struct page *kmap_to_page(const void *address)
{
	unsigned long slot = ((uintptr_t)address - slot_address(0)) >> PAGE_SHIFT;

	if ((uintptr_t)address < slot_address(0) || slot >= LAST_PKMAP)
		return virt_addr_valid(address) ? virt_to_page(address) : NULL;
	return READ_ONCE(pkmap[slot].count) > 1 ? READ_ONCE(pkmap[slot].page) : NULL;
}

/* --- told and proved ---------------------------------------------------------------------- */

void kmap_count(struct kmap_counts *counts)
{
	unsigned int slot;

	*counts = (struct kmap_counts){.slots = LAST_PKMAP, .flushes = nr_flushes};
	for (slot = 0; slot < LAST_PKMAP; slot++) {
		counts->used += pkmap[slot].count > 1;
		counts->stale += pkmap[slot].count == 1;
	}
}

static bool broken(const char *rule, unsigned int slot)
{
	pr_err("kmap: %s, slot %u", rule, slot);
	return false;
}

static bool check_persistent(void)
{
	unsigned int slot;

	for (slot = 0; slot < LAST_PKMAP; slot++) {
		const struct pkmap *at = &pkmap[slot];
		bool mapped = arch_pte_kind(pkmap_leaves[slot], 0) == PTE_LEAF;

		if (mapped != (at->count != 0) ||
		    (mapped && arch_pte_phys(pkmap_leaves[slot], 0) != page_to_phys(at->page)))
			return broken("K1 the table does not agree with the count", slot);
		if (at->count && find_locked(at->page) != slot)
			return broken("K2 the hash does not find it", slot);
	}
	return true;
}

static bool check_local(unsigned int cpu)
{
	const struct local_windows *windows = per_cpu_ptr(&local, cpu);
	unsigned int index;

	for (index = 0; index < KM_MAX_IDX; index++)
		if ((arch_pte_kind(windows->leaf[index], 0) == PTE_LEAF) !=
		    (index < windows->depth))
			return broken("K3 a local window does not agree with the depth",
				      cpu * KM_MAX_IDX + index);
	return true;
}

bool kmap_check(void)
{
	bool ok = check_persistent();
	unsigned int cpu;

	for (cpu = 0; cpu < nr_possible_cpus(); cpu++)
		ok = check_local(cpu) && ok;
	return ok;
}

void kmap_init(void)
{
	uintptr_t base = arch_region_base(REGION_KMAP);
	unsigned int slot, cpu, i;
	pte_t *leaves = NULL;

	for (slot = 0; slot < LAST_PKMAP; slot++)
		pkmap[slot].next = NO_SLOT;
	for (i = 0; i < ARRAY_SIZE(hash); i++)
		hash[i] = NO_SLOT;
	pkmap_leaves = vm_leaf_table(base);
	for (cpu = 0; cpu < nr_possible_cpus(); cpu++) {
		struct local_windows *windows = per_cpu_ptr(&local, cpu);

		slot = LAST_PKMAP + cpu * KM_MAX_IDX;
		if (slot % PT_ENTRIES == 0)
			leaves = vm_leaf_table(slot_address(slot));
		windows->leaf = leaves + slot % PT_ENTRIES;
		windows->va = slot_address(slot);
	}
	page_address_high = high_page_address;
}
