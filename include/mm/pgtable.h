/* SPDX-License-Identifier: MIT */
/*
 * mm/pgtable.h - the one walker over page tables, for every architecture.
 *
 * It maps, unmaps, protects and queries ranges in the kernel's tables. It
 * allocates nothing: table pages come from the caller's pt_source. Writers are
 * serialised by the caller; readers need nothing. Virtual addresses and sizes are page aligned
 * and not 0 (CHECK). Task context, interrupts on; any context while only one CPU runs.
 */
#pragma once

#include <arch/pgtable.h>
#include <lib/types.h>

#define PT_MAX_LEVELS 5 /* the most that arch_pt_levels() can be */

/*
 * Where table pages come from. Boot: static tables, memblock; later the buddy. `free` is NULL where nothing can be
 * given back; empty tables then stay and are used again. It is handed any empty table of the range
 * that an unmap leaves behind (never a static one), so all who map in one region use one source.
 */
struct pt_source {
	phys_addr_t (*alloc)(const struct pt_source *source); /* a zeroed page, or 0 */
	void (*free)(const struct pt_source *source, phys_addr_t table);

	/* For pgtable_merge(): may this table be given back? NULL: any but a static one. */
	bool (*owns)(const struct pt_source *source, phys_addr_t table);
};

/* From now on table pages are read and written in the direct map; before, through fixmap slots. */
void pgtable_use_direct_map(void);

/*
 * Map [va, va+size) to [pa, pa+size) with leaves of at most `max_level` that fit both alignments. Entries must be NONE
 * (CHECK). 0 or -ENOMEM with everything as before. Does not flush: calls arch_map_sync() itself.
 */
int __must_check pgtable_map(const struct pt_source *source, uintptr_t va, phys_addr_t pa,
			     size_t size, prot_t prot, unsigned int max_level);

/*
 * Remove every leaf in the range; a leaf that sticks out at either end is split first, which takes table pages (a
 * range that ends where leaves end needs none, and `source` may be NULL). Flushes. Holes are skipped. 0, or with everything as
 * before -ENOMEM; or -EBUSY, for a leaf of the direct map, struct pages or image that this CPU lets nobody split
 * while it is used (arch_pt_live_change()). Elsewhere, on such a CPU, nobody may use any of a leaf while it is split.
 */
int pgtable_unmap(const struct pt_source *source, uintptr_t va, size_t size);

/*
 * Change permissions and type of the leaves in the range, likewise. Permissions change in place, and who uses the memory as both
 * allow notices nothing; for another type (or PROT_GLOBAL) a leaf is broken first, and nobody may use it meanwhile.
 */
int __must_check pgtable_protect(const struct pt_source *source, uintptr_t va, size_t size,
				 prot_t prot);

/* The same for some bits: each leaf keeps the rest of what it allows. Writable and executable is a CHECK. */
int __must_check pgtable_change(const struct pt_source *source, uintptr_t va, size_t size,
				prot_t clear, prot_t set);

/* Only make leaves start and end where the range does, so that a change of it can no longer fail. Likewise. */
int __must_check pgtable_split(const struct pt_source *source, uintptr_t va, size_t size);

/*
 * The way back: of the tables that the range touches, each whose 512 leaves continue one another with the same
 * permissions becomes one leaf, of at most `max_level`, and goes back to `source`, whose `free` must be there. Where a live leaf must not
 * be broken nothing happens. While a table is merged nobody may use what it maps, unless arch_pt_live_change().
 */
void pgtable_merge(const struct pt_source *source, uintptr_t va, size_t size,
		   unsigned int max_level);

/*
 * The entries of level 0 that map [va, va + 2 MiB), va a multiple of that: made when there are none, NULL without memory. Whoever owns
 * all of that range may store leaves there himself, with arch_map_sync() and arch_tlb_flush() as the walker does, until he
 * unmaps the range. After pgtable_use_direct_map().
 */
pte_t *pgtable_leaf_table(const struct pt_source *source, uintptr_t va);

struct pt_entry {
	uintptr_t va; /* start of what the entry covers */
	size_t size;  /* how much it covers */
	phys_addr_t pa;
	prot_t prot;
	unsigned int level;
	enum pte_kind kind; /* NONE: nothing is mapped in [va, va+size) */
};

/* The leaf or the hole at `va`. True when something is mapped. Addresses outside the kernel's regions are one hole. */
bool pgtable_query(uintptr_t va, struct pt_entry *entry);

/* The memory type of `prot` in words: "cached", "write-combining", "write-through" or "device". */
const char *pgtable_type_name(prot_t prot);

/* What the walk to an address meets, the root's entry first; the last one is a leaf or NONE. Returns how many; 0: no kernel address. */
struct pt_step {
	phys_addr_t table; /* that holds the entry */
	unsigned int level, index;
	pte_t pte;
};
unsigned int pgtable_walk(uintptr_t va, struct pt_step step[PT_MAX_LEVELS]);

/* Each leaf of the kernel's half in order of address; false from visit stops. */
void pgtable_for_each(bool (*visit)(const struct pt_entry *entry, void *context), void *context);
void pgtable_for_each_in(uintptr_t va, size_t size,
			 bool (*visit)(const struct pt_entry *entry, void *context), void *context);

/* Is any frame of [pa, pa+size) mapped with another memory type than that of `prot`? `other` is the first such leaf. */
bool pgtable_find_other_type(phys_addr_t pa, size_t size, prot_t prot, struct pt_entry *other);

/* No W+X, no user bit, direct map and image as promised, nothing at address 0. Says in words what is wrong. */
bool pgtable_check(void);

/* From now on pgtable_check() demands that the boot's part of the image is gone, or read-only. mm/initmem.c */
void pgtable_boot_is_over(void);

/*
 * What would fault. pgtable_lint() walks the tables below lint->root as the CPU would, without using them: do `places` lead
 * where they should, are there reserved bits, code that can be written, an identity map that was left? True: none of it. Each
 * fault is a line in the log; the first is kept, all are counted.
 */
#define PGTABLE_ANYWHERE   (~(phys_addr_t)0)
#define PGTABLE_MAX_PLACES 8

struct pgtable_place {
	const char *what; /* "the stack" */
	uintptr_t va;
	prot_t want;	/* its memory type, and at least what it allows */
	phys_addr_t pa; /* where it must lead, or PGTABLE_ANYWHERE */
};

struct pgtable_lint {
	const pte_t *root;
	unsigned int faults;
	char first[160];
};

bool pgtable_lint(struct pgtable_lint *lint, const struct pgtable_place *places, unsigned int nr);

/* What the next instructions need: code, stack, trap vectors, and the console when it is memory. Returns how many. */
unsigned int pgtable_needed_places(struct pgtable_place places[PGTABLE_MAX_PLACES]);

/* The kernel's own tables, all needed places; a fault is a CHECK. After direct_map_init(). */
void pgtable_lint_kernel(void);
