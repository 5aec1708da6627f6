/* SPDX-License-Identifier: MIT */
/*
 * mm/pgtable.h - the one walker over page tables, for every architecture.
 *
 * It maps, unmaps, protects and queries ranges in the kernel's tables. It
 * allocates nothing: table pages come from the caller's pt_source. Writers are
 * serialised by the caller; readers need nothing. Virtual addresses and sizes are page aligned.
 */
#pragma once

#include <arch/pgtable.h>
#include <lib/types.h>

/* Where table pages come from, and how one is reached. Boot: static tables, memblock; later the buddy. */
struct pt_source {
	phys_addr_t (*alloc)(const struct pt_source *source); /* a zeroed page, or 0 */
	void (*free)(const struct pt_source *source, phys_addr_t table);
};

/* How the walker reads and writes a table page: fixmap slots before the direct map exists, the direct map after. */
void pgtable_use_direct_map(void);

/*
 * Map [va, va+size) to [pa, pa+size) with leaves of at most `max_level` that fit both alignments. Entries must be NONE
 * (CHECK). 0 or -ENOMEM with everything as before. Does not flush: calls arch_map_sync() itself.
 */
int pgtable_map(const struct pt_source *source, uintptr_t va, phys_addr_t pa, size_t size,
		prot_t prot, unsigned int max_level);

/* Remove every leaf in the range; a leaf that sticks out at either end is split (source needed) first. Flushes. Holes are skipped. */
int pgtable_unmap(const struct pt_source *source, uintptr_t va, size_t size);

/* Change permissions and type of the leaves in the range, likewise; break before make. */
int pgtable_protect(const struct pt_source *source, uintptr_t va, size_t size, prot_t prot);

struct pt_entry {
	uintptr_t va; /* start of what the entry covers */
	size_t size;  /* how much it covers */
	phys_addr_t pa;
	prot_t prot;
	unsigned int level;
	enum pte_kind kind; /* NONE: nothing is mapped in [va, va+size) */
};

/* The leaf or the hole at `va`. True when something is mapped. */
bool pgtable_query(uintptr_t va, struct pt_entry *entry);

/* Each leaf of the kernel's half in order of address; false from visit stops. */
void pgtable_for_each(bool (*visit)(const struct pt_entry *entry, void *context), void *context);

/* No W+X, no user bit, direct map and image as promised, nothing at address 0. Counts and names what is wrong. */
bool pgtable_check(void);
