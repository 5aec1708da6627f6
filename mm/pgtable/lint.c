/* SPDX-License-Identifier: MIT */
/*
 * lint.c - say in words what would fault, before the CPU says it without any.
 *
 * THE IDEA
 *	A wrong page table shows when it is used: a reset, or a trap whose handler is not mapped either. So the
 *	tables are walked in software first, as the CPU would. Two questions are asked: do the places that the
 *	very next instructions need lead where they should, and does any entry hold what no CPU accepts? The
 *	answer names the place, the level at which the walk ended and what is wrong.
 *
 *	An entry is judged by taking it apart and encoding it again: a bit that does
 *	not come back is one that the encoder never sets, reserved ones among them.
 *
 *	check.c proves what the kernel promises of its mappings and believes that they work; this
 *	file believes nothing, needs the root alone, and follows no pointer that does not lead into RAM.
 *
 * COST		512 looks a table page, and some 60 instructions for the first and the last leaf of a run.
 * FLOOR	pgtable. Boot CPU, after direct_map_init().
 * LINUX	none; mm/ptdump.c looks for writable code.
 */
#include <mm/pgtable.h>

#include <arch/memory.h>
#include <arch/trap.h>
#include <lib/check.h>
#include <lib/init.h>
#include <lib/printk.h>
#include <lib/sections.h>
#include <lib/string.h>
#include <mm/direct_map.h>
#include <mm/fixmap.h>
#include <mm/memblock.h>

#include "walk.h"

#define MAX_LINES 8 /* of which each is a sentence in the log; more are counted */

static void __printf(2, 3) complain(struct pgtable_lint *lint, const char *format, ...)
{
	char sentence[sizeof(lint->first)];
	va_list args;

	va_start(args, format);
	vsnprintf(sentence, sizeof(sentence), format, args);
	va_end(args);
	if (lint->faults++ == 0)
		memcpy(lint->first, sentence, sizeof(sentence));
	if (lint->faults <= MAX_LINES)
		pr_err("page tables: %s", sentence);
}

/* Can the table that this entry points to be read at all? */
static bool table_is_readable(pte_t entry, unsigned int level)
{
	phys_addr_t table = arch_pte_phys(entry, level);

	return pt_table_in_image(table) || memblock_is_map_memory(table);
}

/* --- the places that are needed ------------------------------------------------ */

/* The entry at which the walk to `va` ends; *level is its own. */
static pte_t walk_to(const pte_t *root, uintptr_t va, unsigned int *level)
{
	pte_t entry = root[level_index(va, pt_root_level())];

	*level = pt_root_level();
	while (arch_pte_kind(entry, *level) == PTE_TABLE && table_is_readable(entry, *level)) {
		const pte_t *table = pt_table_below(entry, *level);

		*level -= 1;
		entry = table[level_index(va, *level)];
	}
	return entry;
}

static const char *what_is_wrong(prot_t prot, prot_t want)
{
	if ((prot ^ want) & PROT_TYPE_MASK)
		return "it has the wrong memory type";
	if (want & PROT_EXEC && !(prot & PROT_EXEC))
		return "it cannot be executed";
	if (want & PROT_WRITE && !(prot & PROT_WRITE))
		return "it cannot be written";
	return NULL;
}

static void lint_place(struct pgtable_lint *lint, const struct pgtable_place *place)
{
	unsigned int level;
	pte_t entry = walk_to(lint->root, place->va, &level);
	const char *wrong;
	phys_addr_t pa;

	if (arch_pte_kind(entry, level) != PTE_LEAF) {
		complain(
			lint,
			"%s at %px would fault: nothing is mapped there, the walk ends at level %u",
			place->what, (void *)place->va, level);
		return;
	}
	wrong = what_is_wrong(arch_pte_prot(entry, level), place->want);
	if (wrong)
		complain(lint, "%s at %px would fault: %s", place->what, (void *)place->va, wrong);
	pa = arch_pte_phys(entry, level) + (place->va & (level_size(level) - 1));
	if (place->pa != PGTABLE_ANYWHERE && pa != place->pa)
		complain(lint, "%s at %px leads to 0x%llx instead of 0x%llx", place->what,
			 (void *)place->va, (unsigned long long)pa, (unsigned long long)place->pa);
}

/* --- every entry --------------------------------------------------------------- */

static bool is_image(phys_addr_t pa)
{
	return pa - arch_image_to_phys(image_start) < (phys_addr_t)(image_end - image_start);
}

static void lint_leaf(struct pgtable_lint *lint, pte_t entry, uintptr_t va, unsigned int level)
{
	phys_addr_t pa = arch_pte_phys(entry, level);
	prot_t prot = arch_pte_prot(entry, level);

	if (!arch_pte_leaf_ok(level) || !IS_ALIGNED(pa, level_size(level)) ||
	    pa >= arch_phys_end() || arch_pte_leaf(pa, prot, level).value != entry.value)
		complain(lint, "%px: reserved bits are set in a leaf of level %u, 0x%llx",
			 (void *)va, level, (unsigned long long)entry.value);
	if (prot & PROT_WRITE && prot & PROT_EXEC)
		complain(lint, "%px: writable and executable", (void *)va);
	if ((prot & PROT_TYPE_MASK) != PROT_RAM && is_image(pa))
		complain(lint, "%px: the kernel image has the wrong memory type", (void *)va);
}

/*
 * The last leaf of a run, each of which continues the one before: the same flags and the next address. What lies between
 * its ends needs no look of its own.
 */
static unsigned int run_last(const pte_t *table, unsigned int index, unsigned int level)
{
	while (index + 1 < PT_ENTRIES &&
	       table[index + 1].value == arch_pte_next(table[index], level).value)
		index++;
	return index;
}

static void lint_table(struct pgtable_lint *lint, const pte_t *table, uintptr_t va,
		       unsigned int level)
{
	for (unsigned int index = 0; index < PT_ENTRIES; index++) {
		uintptr_t at = va + index * level_size(level);
		enum pte_kind kind;

		if (table[index].value == 0)
			continue;
		kind = arch_pte_kind(table[index], level);
		if (kind == PTE_LEAF) {
			lint_leaf(lint, table[index], at, level);
			index = max(index + 1, run_last(table, index, level)) - 1;
		} else if (kind == PTE_TABLE && table_is_readable(table[index], level))
			lint_table(lint, pt_table_below(table[index], level), at, level - 1);
		else if (kind == PTE_TABLE)
			complain(lint, "%px: the table of level %u lies outside memory, at 0x%llx",
				 (void *)at, level - 1,
				 (unsigned long long)arch_pte_phys(table[index], level));
	}
}

/* Below the kernel's lowest region a root has nothing any more. */
static void lint_low_half(struct pgtable_lint *lint)
{
	unsigned int end = level_index(kernel_range().va, pt_root_level());

	for (unsigned int index = 0; index < end; index++)
		if (arch_pte_kind(lint->root[index], pt_root_level()) != PTE_NONE)
			complain(lint,
				 "entry %u of the root, below all regions, is in use: the identity "
				 "map was left",
				 index);
}

bool pgtable_lint(struct pgtable_lint *lint, const struct pgtable_place *places, unsigned int nr)
{
	uintptr_t span = level_size(pt_root_level()) * PT_ENTRIES;

	lint->faults = 0;
	for (unsigned int i = 0; i < nr; i++)
		lint_place(lint, &places[i]);
	lint_low_half(lint);
	lint_table(lint, lint->root, kernel_range().va & ~(span - 1), pt_root_level());
	if (lint->faults > MAX_LINES)
		pr_err("page tables: %u faults in all", lint->faults);
	return lint->faults == 0;
}

unsigned int pgtable_needed_places(struct pgtable_place places[PGTABLE_MAX_PLACES])
{
	struct pt_entry console;
	uintptr_t code = (uintptr_t)pgtable_needed_places, vectors = arch_trap_vectors();
	uintptr_t stack = (uintptr_t)__builtin_frame_address(0);
	uintptr_t slot = fix_to_virt(FIX_CONSOLE);
	unsigned int nr = 0;

	if (!vectors) /* the hosted machine's image is mapped by the host */
		return 0;
	places[nr++] = (struct pgtable_place){"the next instruction", code, PROT_KERNEL_RX,
					      arch_image_to_phys((void *)code)};
	places[nr++] = (struct pgtable_place){"the stack", stack, PROT_KERNEL_RW,
					      arch_image_to_phys((void *)stack)};
	places[nr++] = (struct pgtable_place){"the trap vectors", vectors, PROT_KERNEL_RX,
					      arch_image_to_phys((void *)vectors)};
	if (pgtable_query(slot, &console))
		places[nr++] = (struct pgtable_place){"the console", slot, PROT_KERNEL_DEVICE,
						      PGTABLE_ANYWHERE};
	return nr;
}

__init void pgtable_lint_kernel(void)
{
	struct pgtable_place places[PGTABLE_MAX_PLACES];
	struct pgtable_lint lint = {.root = arch_kernel_root()};

	CHECK(pgtable_lint(&lint, places, pgtable_needed_places(places)), "%s", lint.first);
}
