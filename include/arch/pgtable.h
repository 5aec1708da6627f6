/* SPDX-License-Identifier: MIT */
/*
 * arch/pgtable.h - how an architecture spells a page-table entry.
 *
 * Pure encoding and decoding: the one walker, in mm/pgtable, does the rest. A
 * zero entry is NONE everywhere. Level 0 is the page level; a leaf at level n
 * maps 2^(12 + 9n) bytes. arch_pte_phys() and arch_pte_prot() give back what
 * arch_pte_leaf() was given.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <arch/layout.h>
#include <lib/types.h>

typedef struct {
	uint64_t value;
} pte_t;

/* What may be done through a mapping, and what the memory is. Readable by the kernel always. */
typedef uint32_t prot_t;
#define PROT_WRITE	(1U << 0)
#define PROT_EXEC	(1U << 1)
#define PROT_USER	(1U << 2)
#define PROT_GLOBAL	(1U << 3) /* the same in every address space: survives a switch */
#define PROT_TYPE_SHIFT 4
#define PROT_TYPE_MASK	(7U << PROT_TYPE_SHIFT)
#define PROT_RAM	(0U << PROT_TYPE_SHIFT) /* write-back cached */
#define PROT_WC		(1U << PROT_TYPE_SHIFT) /* write-combining; aarch64: Normal non-cacheable */
#define PROT_WT		(2U << PROT_TYPE_SHIFT) /* write-through */
#define PROT_DEVICE	(3U << PROT_TYPE_SHIFT) /* uncached, ordered: x86 UC, aarch64 Device-nGnRE */

/* Permissions. They change in place, where type and scope need a break and a flush first. */
#define PROT_PERMISSIONS (PROT_WRITE | PROT_EXEC | PROT_USER)

#define PROT_KERNEL_RX	   (PROT_EXEC | PROT_GLOBAL | PROT_RAM)
#define PROT_KERNEL_RO	   (PROT_GLOBAL | PROT_RAM)
#define PROT_KERNEL_RW	   (PROT_WRITE | PROT_GLOBAL | PROT_RAM)
#define PROT_KERNEL_DEVICE (PROT_WRITE | PROT_GLOBAL | PROT_DEVICE)

enum pte_kind { PTE_NONE, PTE_TABLE, PTE_LEAF };

static inline pte_t arch_pte_leaf(phys_addr_t pa, prot_t prot, unsigned int level);
static inline pte_t arch_pte_table(phys_addr_t table_pa);

/* The same leaf for the memory just behind: what arch_pte_leaf() gives for pa + 2^(12 + 9n). */
static inline pte_t arch_pte_next(pte_t leaf, unsigned int level);

static inline enum pte_kind arch_pte_kind(pte_t pte, unsigned int level);
static inline phys_addr_t arch_pte_phys(pte_t pte, unsigned int level);
static inline prot_t arch_pte_prot(pte_t pte, unsigned int level);

/* May a leaf stand at this level on this CPU? Always true for level 0. */
static inline bool arch_pte_leaf_ok(unsigned int level);

/*
 * May an entry that is in use go from a leaf to a table that says the same, or back, in one store? Where not, it is NONE, and
 * flushed, in between (break before make), and whoever touches what it maps meanwhile faults.
 */
static inline bool arch_pt_live_change(void);

/* Store an entry: one single-copy-atomic write. The walker makes it visible with arch/tlb.h. */
static inline void arch_pte_set(pte_t *entry, pte_t value);

/*
 * What the CPU makes of the memory types, read from the register that says it and decoded: "MAIR_EL1 0x...: RAM Normal write-back; ...".
 * Any context. (x86: the page attribute table, PAT)
 */
const char *arch_memory_types(void);

/*
 * One field of an entry, for people. `meaning` says in words what its value says on this CPU.
 */
struct pte_field {
	uint8_t high, low; /* bits, both inclusive */
	const char *name;  /* the manual's */
	const char *meaning;
};

/* The n-th field of an entry that stands at `level`, from bit 63 down; false behind the last. Of an entry that is NONE too. */
bool arch_pte_field(pte_t pte, unsigned int level, unsigned int n, struct pte_field *field);

/* The root table (level arch_pt_levels() - 1) of the kernel's half. It lies in the image. */
pte_t *arch_kernel_root(void);

#include <asm/pgtable.h>
