/* SPDX-License-Identifier: MIT */
/*
 * mmu_test.c - the hosted machine's MMU must catch what hardware forgives most days.
 *
 * Each panic test forgets one step on purpose. On a real machine it would pass
 * on the developer's desk and fail at a customer's.
 */
#include "../../arch/hosted/mmu.h"
#include "../mm/pgtable/table_source.h"

#include <arch/pgtable.h>
#include <arch/tlb.h>
#include <lib/ktest.h>
#include <mm/page.h>
#include <mm/pgtable.h>

/* The page-level entry of an address whose tables exist. */
static pte_t *entry_of(uintptr_t va)
{
	pte_t *table = arch_kernel_root();

	for (unsigned int level = arch_pt_levels() - 1; level > 0; level--) {
		pte_t entry = table[va >> (PAGE_SHIFT + level * PT_INDEX_BITS) & (PT_ENTRIES - 1)];

		table = phys_to_virt(arch_pte_phys(entry, level));
	}
	return &table[va >> PAGE_SHIFT & (PT_ENTRIES - 1)];
}

struct stage {
	struct table_source tables;
	uintptr_t va;
	unsigned long *page[2]; /* page[i] holds the number i */
	pte_t leaf[2];		/* and this entry shows it */
};

/* Tables down to the page level for scratch_va(), nothing mapped there, and two pages to map. */
static bool set_stage(struct stage *stage)
{
	*stage = (struct stage){.tables = TABLE_SOURCE, .va = scratch_va()};
	for (unsigned long i = 0; i < 2; i++) {
		stage->page[i] = (unsigned long *)get_zeroed_page(GFP_KERNEL);
		if (stage->page[i] == NULL)
			return false;
		*stage->page[i] = i;
		stage->leaf[i] = arch_pte_leaf(virt_to_phys(stage->page[i]), PROT_KERNEL_RW, 0);
	}
	if (pgtable_map(&stage->tables.source, stage->va, virt_to_phys(stage->page[0]), PAGE_SIZE,
			PROT_KERNEL_RW, 0) != 0)
		return false;
	arch_pte_set(entry_of(stage->va), (pte_t){0});
	arch_tlb_flush(stage->va, PAGE_SIZE);
	return true;
}

/* Puts the leaf back, so that the walker can take it all down. */
static void strike_stage(struct stage *stage)
{
	pgtable_unmap(&stage->tables.source, stage->va, PAGE_SIZE);
	free_page((unsigned long)stage->page[0]);
	free_page((unsigned long)stage->page[1]);
}

static volatile unsigned long *at(uintptr_t va)
{
	return (volatile unsigned long *)va;
}

/*
 *	NONE -> 0	sync	reads 0
 *	     -> NONE	flush
 *	     -> 1	sync	reads 1
 */
KTEST(hosted_mmu, an_entry_broken_flushed_and_made_shows_the_new_page)
{
	struct stage stage;

	ASSERT_TEST(set_stage(&stage));
	arch_pte_set(entry_of(stage.va), stage.leaf[0]);
	arch_map_sync(stage.va, PAGE_SIZE);
	EXPECT_EQ(*at(stage.va), 0);
	arch_pte_set(entry_of(stage.va), (pte_t){0});
	arch_tlb_flush(stage.va, PAGE_SIZE);
	arch_pte_set(entry_of(stage.va), stage.leaf[1]);
	arch_map_sync(stage.va, PAGE_SIZE);
	EXPECT_EQ(*at(stage.va), 1);
	EXPECT_EQ(hosted_mmu_stale(), 0);
	strike_stage(&stage);
}

KTEST(hosted_mmu, a_translation_is_used_until_it_is_flushed)
{
	struct stage stage;

	ASSERT_TEST(set_stage(&stage));
	arch_pte_set(entry_of(stage.va), stage.leaf[1]);
	arch_map_sync(stage.va, PAGE_SIZE);
	arch_pte_set(entry_of(stage.va), (pte_t){0});
	EXPECT_EQ(*at(stage.va), 1);
	EXPECT_EQ(hosted_mmu_stale(), stage.va);
	arch_tlb_flush(stage.va, PAGE_SIZE);
	EXPECT_EQ(hosted_mmu_stale(), 0);
	strike_stage(&stage);
}

KTEST(hosted_mmu, a_permission_may_be_taken_away_and_given_in_place)
{
	struct stage stage;

	ASSERT_TEST(set_stage(&stage));
	arch_pte_set(entry_of(stage.va), stage.leaf[1]);
	arch_map_sync(stage.va, PAGE_SIZE);
	arch_pte_set(entry_of(stage.va),
		     arch_pte_leaf(virt_to_phys(stage.page[1]), PROT_KERNEL_RO, 0));
	EXPECT_EQ(hosted_mmu_stale(), stage.va);
	arch_tlb_flush(stage.va, PAGE_SIZE);
	EXPECT_EQ(*at(stage.va), 1);
	EXPECT_EQ(hosted_mmu_stale(), 0);
	arch_pte_set(entry_of(stage.va), stage.leaf[1]);
	EXPECT_EQ(hosted_mmu_stale(), stage.va);
	arch_tlb_flush(stage.va, PAGE_SIZE);
	*at(stage.va) = 2;
	EXPECT_EQ(hosted_mmu_stale(), 0);
	strike_stage(&stage);
}

KTEST_PANIC(hosted_mmu, a_forgotten_sync_is_a_fault_that_says_so, "forgotten arch_map_sync")
{
	struct stage stage;

	if (!set_stage(&stage))
		return;
	arch_pte_set(entry_of(stage.va), stage.leaf[0]);
	(void)*at(stage.va);
}

KTEST_PANIC(hosted_mmu, making_without_a_flush_after_the_break_panics, "forgotten flush")
{
	struct stage stage;

	if (!set_stage(&stage))
		return;
	arch_pte_set(entry_of(stage.va), stage.leaf[0]);
	arch_map_sync(stage.va, PAGE_SIZE);
	arch_pte_set(entry_of(stage.va), (pte_t){0});
	arch_pte_set(entry_of(stage.va), stage.leaf[1]);
	arch_map_sync(stage.va, PAGE_SIZE);
}

KTEST_PANIC(hosted_mmu, making_first_and_flushing_then_panics, "break before make")
{
	struct stage stage;

	if (!set_stage(&stage))
		return;
	arch_pte_set(entry_of(stage.va), stage.leaf[0]);
	arch_map_sync(stage.va, PAGE_SIZE);
	arch_pte_set(entry_of(stage.va), (pte_t){0});
	arch_pte_set(entry_of(stage.va), stage.leaf[1]);
	arch_tlb_flush(stage.va, PAGE_SIZE);
}

KTEST_PANIC(hosted_mmu, another_page_in_one_step_panics, "break before make")
{
	struct stage stage;

	if (!set_stage(&stage))
		return;
	arch_pte_set(entry_of(stage.va), stage.leaf[0]);
	arch_pte_set(entry_of(stage.va), stage.leaf[1]);
}

KTEST_PANIC(hosted_mmu, another_memory_type_in_one_step_panics, "break before make")
{
	struct stage stage;

	if (!set_stage(&stage))
		return;
	arch_pte_set(entry_of(stage.va), stage.leaf[0]);
	arch_pte_set(entry_of(stage.va),
		     arch_pte_leaf(virt_to_phys(stage.page[0]), PROT_KERNEL_DEVICE, 0));
}

KTEST_PANIC(hosted_mmu, a_permission_given_is_not_there_before_the_flush, "the mapping forbids it")
{
	struct stage stage;

	if (!set_stage(&stage))
		return;
	arch_pte_set(entry_of(stage.va),
		     arch_pte_leaf(virt_to_phys(stage.page[0]), PROT_KERNEL_RO, 0));
	arch_map_sync(stage.va, PAGE_SIZE);
	arch_pte_set(entry_of(stage.va), stage.leaf[0]);
	*at(stage.va) = 1;
}

KTEST_PANIC(hosted_mmu, a_leaf_that_becomes_a_table_in_one_step_panics, "break before make")
{
	struct stage stage;
	pte_t entry;

	if (!set_stage(&stage))
		return;
	entry = arch_pte_leaf(0x40000000, PROT_KERNEL_RW, 1);
	arch_pte_set(&entry, arch_pte_table(virt_to_phys(stage.page[0])));
}

KTEST_PANIC(hosted_mmu, a_leaf_read_as_one_of_another_level_panics, "leaf of another level")
{
	(void)arch_pte_kind(arch_pte_leaf(0x40000000, PROT_KERNEL_RW, 1), 0);
}

KTEST_PANIC(hosted_mmu, memory_that_does_not_exist_is_a_bus_error, "bus error")
{
	struct table_source tables = TABLE_SOURCE;

	if (pgtable_map(&tables.source, scratch_va(), 0x1f000000000, PAGE_SIZE, PROT_KERNEL_RW,
			0) == 0)
		(void)*at(scratch_va());
}

KTEST_PANIC(hosted_mmu, a_write_to_a_read_only_page_faults, "the mapping forbids it")
{
	struct stage stage;

	if (!set_stage(&stage))
		return;
	arch_pte_set(entry_of(stage.va),
		     arch_pte_leaf(virt_to_phys(stage.page[0]), PROT_KERNEL_RO, 0));
	arch_map_sync(stage.va, PAGE_SIZE);
	*at(stage.va) = 1;
}

KTEST_PANIC(hosted_mmu, a_permission_taken_away_is_gone_after_the_flush, "the mapping forbids it")
{
	struct stage stage;

	if (!set_stage(&stage))
		return;
	arch_pte_set(entry_of(stage.va), stage.leaf[0]);
	arch_map_sync(stage.va, PAGE_SIZE);
	*at(stage.va) = 1;
	arch_pte_set(entry_of(stage.va),
		     arch_pte_leaf(virt_to_phys(stage.page[0]), PROT_KERNEL_RO, 0));
	arch_tlb_flush(stage.va, PAGE_SIZE);
	*at(stage.va) = 2;
}

KTEST_PANIC(hosted_mmu, data_cannot_be_executed, "execution of")
{
	struct stage stage;

	if (!set_stage(&stage))
		return;
	((void (*)(void))(uintptr_t)stage.page[0])();
}
