/* SPDX-License-Identifier: MIT */
/*
 * lint_test.c - private tables with one thing wrong; the linter must say which, in its words.
 *
 * PICTURE	the tables of a test; the CPU never sees them
 *
 *	root --> level 2 --> level 1 --> level 0	one page, at scratch_va()
 */
#include <mm/pgtable.h>

#include <arch/memory.h>
#include <lib/ktest.h>
#include <lib/string.h>

#include "table_source.h"

struct private_tables {
	pte_t *table[PT_MAX_LEVELS]; /* by level; the root is the highest */
	unsigned int root;
};

static unsigned int index_of(unsigned int level)
{
	return scratch_va() >> (PAGE_SHIFT + PT_INDEX_BITS * level) & (PT_ENTRIES - 1);
}

static bool make_tables(struct private_tables *tables, prot_t prot)
{
	tables->root = arch_pt_levels() - 1;
	for (unsigned int level = 0; level <= tables->root; level++)
		tables->table[level] = (pte_t *)get_zeroed_page(GFP_KERNEL);
	for (unsigned int level = 0; level <= tables->root; level++)
		if (!tables->table[level])
			return false;
	for (unsigned int level = 1; level <= tables->root; level++)
		tables->table[level][index_of(level)] =
			arch_pte_table(virt_to_phys(tables->table[level - 1]));
	tables->table[0][index_of(0)] = arch_pte_leaf(scratch_pa(), prot, 0);
	return true;
}

static void free_tables(struct private_tables *tables)
{
	for (unsigned int level = 0; level <= tables->root; level++)
		free_page((unsigned long)tables->table[level]);
}

static bool lint_says(const struct private_tables *tables, const struct pgtable_place *place,
		      const char *words)
{
	struct pgtable_lint lint = {.root = tables->table[tables->root]};
	bool good = pgtable_lint(&lint, place, place ? 1 : 0);

	return words ? !good && strstr(lint.first, words) : good;
}

static struct pgtable_place needed(const char *what, prot_t want)
{
	return (struct pgtable_place){what, scratch_va(), want, scratch_pa()};
}

KTEST(pgtable_lint, good_tables_are_passed_over_in_silence)
{
	struct pgtable_place stack = needed("the stack", PROT_KERNEL_RW);
	struct private_tables tables;

	ASSERT_TEST(make_tables(&tables, PROT_KERNEL_RW));
	EXPECT_TRUE(lint_says(&tables, &stack, NULL));
	free_tables(&tables);
}

KTEST(pgtable_lint, the_next_instruction_that_is_not_mapped_is_named)
{
	struct pgtable_place code = needed("the next instruction", PROT_KERNEL_RX);
	struct private_tables tables;

	ASSERT_TEST(make_tables(&tables, PROT_KERNEL_RX));
	EXPECT_TRUE(lint_says(&tables, &code, NULL));
	tables.table[0][index_of(0)] = (pte_t){0};
	EXPECT_TRUE(lint_says(&tables, &code, "the next instruction at "));
	EXPECT_TRUE(lint_says(&tables, &code,
			      "would fault: nothing is mapped there, the walk ends at level 0"));
	tables.table[2][index_of(2)] = (pte_t){0};
	EXPECT_TRUE(lint_says(&tables, &code, "the walk ends at level 2"));
	free_tables(&tables);
}

KTEST(pgtable_lint, what_cannot_be_done_at_a_needed_place_is_said)
{
	struct pgtable_place code = needed("the next instruction", PROT_KERNEL_RX);
	struct pgtable_place stack = needed("the stack", PROT_KERNEL_RW);
	struct pgtable_place console = needed("the console", PROT_KERNEL_DEVICE);
	struct private_tables tables;

	ASSERT_TEST(make_tables(&tables, PROT_KERNEL_RO));
	EXPECT_TRUE(lint_says(&tables, &code, "it cannot be executed"));
	EXPECT_TRUE(lint_says(&tables, &stack, "it cannot be written"));
	EXPECT_TRUE(lint_says(&tables, &console, "it has the wrong memory type"));
	stack.want = PROT_KERNEL_RO;
	stack.pa += PAGE_SIZE;
	EXPECT_TRUE(lint_says(&tables, &stack, "leads to 0x"));
	free_tables(&tables);
}

KTEST(pgtable_lint, writable_code_is_said)
{
	struct private_tables tables;

	ASSERT_TEST(make_tables(&tables, PROT_KERNEL_RW));
	/* A value that no caller of pgtable_map() could ask for. */
	tables.table[0][3] = arch_pte_leaf(scratch_pa(), PROT_KERNEL_RW | PROT_EXEC, 0);
	EXPECT_TRUE(lint_says(&tables, NULL, "writable and executable"));
	free_tables(&tables);
}

KTEST(pgtable_lint, reserved_bits_are_said)
{
	struct private_tables tables;
	phys_addr_t beyond = ALIGN_UP(arch_phys_end(), PAGE_SIZE);

	ASSERT_TEST(make_tables(&tables, PROT_KERNEL_RW));
	tables.table[0][3] = arch_pte_leaf(beyond, PROT_KERNEL_RW, 0);
	if (arch_pte_phys(tables.table[0][3], 0) == beyond)
		EXPECT_TRUE(lint_says(&tables, NULL, "reserved bits are set in a leaf of level 0"));
	/* A large leaf whose address is no multiple of its size. */
	tables.table[0][3] = (pte_t){0};
	tables.table[1][3] = arch_pte_leaf(2 * PAGE_SIZE, PROT_KERNEL_RW, 1);
	if (arch_pte_phys(tables.table[1][3], 1) == 0) /* an encoder that masks it */
		tables.table[1][3].value |= 2 * PAGE_SIZE;
	EXPECT_TRUE(lint_says(&tables, NULL, "reserved bits are set in a leaf of level 1"));
	free_tables(&tables);
}

KTEST(pgtable_lint, a_table_outside_memory_is_said_and_not_followed)
{
	struct private_tables tables;

	ASSERT_TEST(make_tables(&tables, PROT_KERNEL_RW));
	tables.table[1][5] = arch_pte_table(ALIGN_UP(memblock_end_of_DRAM(), GiB) + GiB);
	EXPECT_TRUE(lint_says(&tables, NULL, "the table of level 0 lies outside memory"));
	free_tables(&tables);
}

KTEST(pgtable_lint, an_identity_map_that_was_left_is_said)
{
	struct private_tables tables;

	ASSERT_TEST(make_tables(&tables, PROT_KERNEL_RW));
	if (arch_region_base(REGION_DIRECT_MAP) >> 47 & 1) { /* below it the root has entries */
		tables.table[tables.root][0] = tables.table[tables.root][index_of(tables.root)];
		EXPECT_TRUE(lint_says(&tables, NULL, "the identity map was left"));
	}
	free_tables(&tables);
}

KTEST(pgtable_lint, the_kernels_own_tables_hold_all_that_is_needed)
{
	struct pgtable_place places[PGTABLE_MAX_PLACES];
	struct pgtable_lint lint = {.root = arch_kernel_root()};
	unsigned int nr = pgtable_needed_places(places);

	EXPECT_TRUE(pgtable_lint(&lint, places, nr));
	EXPECT_TRUE(nr == 0 || nr >= 3);
}
