/* SPDX-License-Identifier: MIT */
/*
 * arch_contract_test.c - what include/arch/ promises, asked of whatever port this is.
 *
 * A port is done when these pass on its machine. What one processor's manual
 * adds is in that port's own tests.
 */
#include "../mm/pgtable/table_source.h"

#include <arch/cache.h>
#include <arch/cpu.h>
#include <arch/memory.h>
#include <arch/pgtable.h>
#include <arch/random.h>
#include <arch/stack.h>
#include <arch/tlb.h>
#include <lib/ktest.h>
#include <lib/percpu.h>
#include <lib/sections.h>
#include <lib/symbols.h>
#include <mm/direct_map.h>
#include <mm/page.h>
#include <mm/pgtable.h>

/* --- pgtable.h ------------------------------------------------------------------- */

static const prot_t prots[] = {
	PROT_KERNEL_RX,
	PROT_KERNEL_RO,
	PROT_KERNEL_RW,
	PROT_KERNEL_DEVICE,
	PROT_WRITE | PROT_GLOBAL | PROT_WC,
	PROT_WRITE | PROT_GLOBAL | PROT_WT,
	PROT_USER,
	PROT_USER | PROT_WRITE,
	PROT_USER | PROT_EXEC,
};

static size_t leaf_size(unsigned int level)
{
	return PAGE_SIZE << (level * PT_INDEX_BITS);
}

static void expect_round_trip(phys_addr_t pa, prot_t prot, unsigned int level)
{
	pte_t pte = arch_pte_leaf(pa, prot, level);

	EXPECT_NE(pte.value, 0);
	EXPECT_EQ(arch_pte_kind(pte, level), PTE_LEAF);
	EXPECT_EQ(arch_pte_phys(pte, level), pa);
	EXPECT_EQ(arch_pte_prot(pte, level), prot);
}

KTEST(arch_pgtable, a_leaf_gives_back_its_address_and_permissions_at_every_level)
{
	for (unsigned int level = 0; level < arch_pt_levels() - 1; level++) {
		phys_addr_t last = ALIGN_DOWN(arch_phys_end() - 1, (phys_addr_t)leaf_size(level));

		if (!arch_pte_leaf_ok(level))
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(prots); i++) {
			expect_round_trip(0, prots[i], level);
			expect_round_trip(leaf_size(level), prots[i], level);
			expect_round_trip(last, prots[i], level);
		}
	}
}

KTEST(arch_pgtable, the_next_leaf_is_that_of_the_memory_behind)
{
	for (unsigned int level = 0; level < arch_pt_levels() - 1; level++) {
		size_t size = leaf_size(level);

		if (!arch_pte_leaf_ok(level))
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(prots); i++) {
			pte_t leaf = arch_pte_leaf(7 * size, prots[i], level);

			EXPECT_EQ(arch_pte_next(leaf, level).value,
				  arch_pte_leaf(8 * size, prots[i], level).value);
		}
	}
}

KTEST(arch_pgtable, a_table_entry_gives_back_its_table)
{
	phys_addr_t last = arch_phys_end() - PAGE_SIZE;

	for (unsigned int level = 1; level < arch_pt_levels(); level++) {
		EXPECT_EQ(arch_pte_kind(arch_pte_table(PAGE_SIZE), level), PTE_TABLE);
		EXPECT_EQ(arch_pte_phys(arch_pte_table(PAGE_SIZE), level), PAGE_SIZE);
		EXPECT_EQ(arch_pte_kind(arch_pte_table(last), level), PTE_TABLE);
		EXPECT_EQ(arch_pte_phys(arch_pte_table(last), level), last);
	}
}

KTEST(arch_pgtable, zero_is_none_at_every_level)
{
	for (unsigned int level = 0; level < arch_pt_levels(); level++)
		EXPECT_EQ(arch_pte_kind((pte_t){0}, level), PTE_NONE);
}

KTEST(arch_pgtable, the_page_level_always_takes_leaves)
{
	EXPECT_TRUE(arch_pte_leaf_ok(0));
	EXPECT_GE(arch_pt_levels(), 4);
	EXPECT_LE(arch_pt_levels(), 5);
}

KTEST(arch_pgtable, the_kernels_root_lies_in_the_image_on_a_page)
{
	uintptr_t root = (uintptr_t)arch_kernel_root();

	EXPECT_EQ(root % PAGE_SIZE, 0);
	EXPECT_GE(root, (uintptr_t)image_start);
	EXPECT_LT(root, (uintptr_t)image_end);
}

/* --- tlb.h -------------------------------------------------------------------------- */

/* What a mapping showed last must not be seen after it was moved; the read before makes the CPU remember. */
static void expect_moved(void (*flush_is_in_unmap)(void))
{
	struct table_source tables = TABLE_SOURCE;
	unsigned long *a = (unsigned long *)get_zeroed_page(GFP_KERNEL);
	unsigned long *b = (unsigned long *)get_zeroed_page(GFP_KERNEL);
	volatile unsigned long *window = (volatile unsigned long *)scratch_va();

	ASSERT_TEST(a != NULL && b != NULL);
	*a = 1;
	*b = 2;
	EXPECT_EQ(pgtable_map(&tables.source, scratch_va(), virt_to_phys(a), PAGE_SIZE,
			      PROT_KERNEL_RW, 0),
		  0);
	EXPECT_EQ(*window, 1);
	EXPECT_EQ(pgtable_unmap(&tables.source, scratch_va(), PAGE_SIZE), 0);
	if (flush_is_in_unmap != NULL)
		flush_is_in_unmap();
	EXPECT_EQ(pgtable_map(&tables.source, scratch_va(), virt_to_phys(b), PAGE_SIZE,
			      PROT_KERNEL_RW, 0),
		  0);
	EXPECT_EQ(*window, 2);
	*window = 3;
	EXPECT_EQ(*b, 3);
	EXPECT_EQ(*a, 1);
	EXPECT_EQ(pgtable_unmap(&tables.source, scratch_va(), PAGE_SIZE), 0);
	free_page((unsigned long)a);
	free_page((unsigned long)b);
}

KTEST(arch_tlb, a_new_mapping_is_seen_and_a_flushed_one_is_forgotten)
{
	expect_moved(NULL);
}

static void flush_all(void)
{
	arch_tlb_flush_all();
}

KTEST(arch_tlb, flushing_everything_leaves_what_is_mapped)
{
	expect_moved(flush_all);
}

/* --- percpu.h ----------------------------------------------------------------------- */

static DEFINE_PER_CPU(uint8_t, count8);
static DEFINE_PER_CPU(uint16_t, count16);
static DEFINE_PER_CPU(uint32_t, count32);
static DEFINE_PER_CPU(uint64_t, count64);
static DEFINE_PER_CPU(int, count_signed);

/* sem-C1: a value of another width or sign must be made the variable's first. */
#define EXPECT_THIS_CPU(variable, max_value)                                                       \
	do {                                                                                       \
		this_cpu_write(variable, 5);                                                       \
		this_cpu_add(variable, (unsigned int)1);                                           \
		EXPECT_EQ(this_cpu_read(variable), 6);                                             \
		this_cpu_add(variable, -1);                                                        \
		EXPECT_EQ(this_cpu_read(variable), 5);                                             \
		this_cpu_inc(variable);                                                            \
		this_cpu_dec(variable);                                                            \
		this_cpu_dec(variable);                                                            \
		EXPECT_EQ(this_cpu_read(variable), 4);                                             \
		EXPECT_EQ(this_cpu_xchg(variable, 9), 4);                                          \
		EXPECT_EQ(this_cpu_cmpxchg(variable, 4, 7), 9);                                    \
		EXPECT_EQ(this_cpu_read(variable), 9);                                             \
		EXPECT_EQ(this_cpu_cmpxchg(variable, 9, 7), 9);                                    \
		EXPECT_EQ(this_cpu_read(variable), 7);                                             \
		this_cpu_write(variable, 0);                                                       \
		this_cpu_dec(variable);                                                            \
		EXPECT_TRUE(this_cpu_read(variable) == (typeof(variable))(max_value));             \
		EXPECT_TRUE(*this_cpu_ptr(&variable) == (typeof(variable))(max_value));            \
	} while (0)

KTEST(arch_percpu, operations_of_one_byte)
{
	EXPECT_THIS_CPU(count8, 0xff);
}

KTEST(arch_percpu, operations_of_two_bytes)
{
	EXPECT_THIS_CPU(count16, 0xffff);
}

KTEST(arch_percpu, operations_of_four_bytes)
{
	EXPECT_THIS_CPU(count32, 0xffffffff);
	EXPECT_THIS_CPU(count_signed, -1);
}

KTEST(arch_percpu, operations_of_eight_bytes)
{
	EXPECT_THIS_CPU(count64, UINT64_MAX);
	this_cpu_write(count64, 0x123456789abcdef0);
	this_cpu_add(count64, 0x1000000000);
	EXPECT_EQ(this_cpu_xchg(count64, 0), 0x123456889abcdef0);
}

KTEST(arch_percpu, neighbours_stay_as_they_are)
{
	static DEFINE_PER_CPU(uint8_t, row[4]);

	for (int i = 0; i < 4; i++)
		this_cpu_write(row[i], 0x55);
	this_cpu_add(row[1], 0xab);
	this_cpu_xchg(row[2], 0);
	EXPECT_EQ(this_cpu_read(row[0]), 0x55);
	EXPECT_EQ(this_cpu_read(row[1]), 0);
	EXPECT_EQ(this_cpu_read(row[2]), 0);
	EXPECT_EQ(this_cpu_read(row[3]), 0x55);
}

/* --- cpu.h -------------------------------------------------------------------------- */

KTEST(arch_cpu, interrupts_come_back_as_they_were_saved_also_nested)
{
	unsigned long outer, inner;

	outer = arch_irq_save();
	EXPECT_FALSE(arch_irq_enabled());
	inner = arch_irq_save();
	EXPECT_FALSE(arch_irq_enabled());
	arch_irq_restore(inner);
	EXPECT_FALSE(arch_irq_enabled());
	arch_irq_restore(outer);
}

KTEST(arch_cpu, cycles_rise)
{
	uint64_t before = arch_cycles();

	for (int i = 0; i < 10000; i++)
		arch_cpu_relax();
	EXPECT_GT(arch_cycles(), before);
	EXPECT_LE(arch_boot_cycles(), before);
}

KTEST(arch_cpu, this_cpu_is_one_that_exists)
{
	EXPECT_LT(arch_cpu_id(), NR_CPUS);
	EXPECT_TRUE(arch_cpu_features() != NULL);
}

KTEST(arch_cache, a_line_is_a_power_of_two)
{
	size_t line = arch_cache_line_size();

	EXPECT_GE(line, 16);
	EXPECT_LE(line, 2048);
	EXPECT_EQ(line & (line - 1), 0);
}

KTEST(arch_cache, cleaning_changes_no_memory)
{
	unsigned char *page = (unsigned char *)__get_free_page(GFP_KERNEL);

	ASSERT_TEST(page != NULL);
	memset(page, 0x5a, PAGE_SIZE);
	arch_cache_clean((uintptr_t)page, PAGE_SIZE);
	EXPECT_TRUE(memchr_inv(page, 0x5a, PAGE_SIZE) == NULL);
	free_page((unsigned long)page);
}

/* --- memory.h ----------------------------------------------------------------------- */

KTEST(arch_memory, limits_stand_in_order)
{
	EXPECT_LE(arch_dma_end(), arch_dma32_end());
	EXPECT_LE(arch_direct_map_end(), arch_phys_end());
	EXPECT_LE(arch_direct_map_end(), arch_region_size(REGION_DIRECT_MAP));
	EXPECT_EQ(arch_phys_end() % PAGE_SIZE, 0);
	EXPECT_LE(arch_phys_end() / PAGE_SIZE * sizeof(struct page),
		  arch_region_size(REGION_VMEMMAP));
}

KTEST(arch_memory, image_addresses_go_to_physical_ones_and_back)
{
	static char variable;
	const char *last = image_start + (image_end - image_start - 1);
	const char *ends[] = {image_start, text_start, rodata_start, data_start, &variable, last};

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		phys_addr_t pa = arch_image_to_phys(ends[i]);

		EXPECT_EQ(pa - arch_image_to_phys(image_start), ends[i] - image_start);
		EXPECT_TRUE(arch_image_from_phys(pa) == ends[i]);
		EXPECT_NE(pa, (uintptr_t)ends[i]);
	}
}

KTEST(arch_memory, the_direct_map_shows_the_image)
{
	static volatile unsigned long variable = 17;
	volatile unsigned long *alias = phys_to_virt(arch_image_to_phys((void *)&variable));

	EXPECT_NE((uintptr_t)alias, (uintptr_t)&variable);
	EXPECT_EQ(*alias, 17);
	variable = 18;
	EXPECT_EQ(*alias, 18);
}

KTEST_PANIC(arch_memory, an_address_outside_the_image_has_no_image_address, "CHECK(")
{
	(void)arch_image_to_phys(image_end);
}

KTEST(arch_memory, the_parts_of_the_image_follow_one_another_on_pages)
{
	const char *edges[] = {image_start,
			       text_start,
			       text_end,
			       init_text_start,
			       init_text_end,
			       rodata_start,
			       rodata_end,
			       init_data_start,
			       init_data_end,
			       data_start,
			       ro_after_init_start,
			       ro_after_init_end,
			       data_end,
			       image_end};

	for (size_t i = 1; i < ARRAY_SIZE(edges); i++)
		EXPECT_LE((uintptr_t)edges[i - 1], (uintptr_t)edges[i]);
	for (size_t i = 1; i < ARRAY_SIZE(edges); i++)
		EXPECT_EQ((uintptr_t)edges[i] % PAGE_SIZE, 0);
}

KTEST(arch_memory, a_page_is_cleared_and_copied_whole_and_alone)
{
	unsigned char *block = (unsigned char *)__get_free_pages(GFP_KERNEL, 2);

	ASSERT_TEST(block != NULL);
	memset(block, 0xa5, 4 * PAGE_SIZE);
	arch_page_clear(block + PAGE_SIZE);
	EXPECT_TRUE(memchr_inv(block, 0xa5, PAGE_SIZE) == NULL);
	EXPECT_TRUE(memchr_inv(block + PAGE_SIZE, 0, PAGE_SIZE) == NULL);
	EXPECT_TRUE(memchr_inv(block + 2 * PAGE_SIZE, 0xa5, 2 * PAGE_SIZE) == NULL);
	for (size_t i = 0; i < PAGE_SIZE; i++)
		block[i] = (unsigned char)(i * 7);
	arch_page_copy(block + 2 * PAGE_SIZE, block);
	EXPECT_EQ(memcmp(block + 2 * PAGE_SIZE, block, PAGE_SIZE), 0);
	EXPECT_TRUE(memchr_inv(block + PAGE_SIZE, 0, PAGE_SIZE) == NULL);
	EXPECT_TRUE(memchr_inv(block + 3 * PAGE_SIZE, 0xa5, PAGE_SIZE) == NULL);
	free_pages((unsigned long)block, 2);
}

/* --- layout.h ----------------------------------------------------------------------- */

KTEST(arch_layout, regions_are_whole_pages_and_do_not_overlap)
{
	for (int i = 0; i < NR_REGIONS; i++) {
		uintptr_t base = arch_region_base(i), last = base + arch_region_size(i) - 1;

		EXPECT_GT(arch_region_size(i), 0);
		EXPECT_EQ(base % PAGE_SIZE, 0);
		EXPECT_EQ((last + 1) % PAGE_SIZE, 0);
		EXPECT_TRUE(base < last);
		for (int j = 0; j < i; j++)
			EXPECT_TRUE(arch_region_base(j) + arch_region_size(j) - 1 < base ||
				    last < arch_region_base(j));
	}
}

KTEST(arch_layout, the_image_lies_in_its_region_and_nothing_at_address_zero)
{
	uintptr_t base = arch_region_base(REGION_IMAGE);
	struct pt_entry entry;

	EXPECT_GE((uintptr_t)image_start, base);
	EXPECT_LE((uintptr_t)image_end - base, arch_region_size(REGION_IMAGE));
	EXPECT_FALSE(pgtable_query(0, &entry));
}

/* --- stack.h and random.h ----------------------------------------------------------- */

struct found {
	unsigned int depth, own, caller;
};

static bool look_for_names(uintptr_t pc, void *context)
{
	struct found *found = context;
	const char *name = symbol_lookup(pc, NULL, NULL);

	found->depth++;
	if (name != NULL && strcmp(name, "walk_from_here") == 0)
		found->own = found->depth;
	if (name != NULL && strcmp(name, "call_the_walk") == 0)
		found->caller = found->depth;
	return true;
}

static __noinline void walk_from_here(struct found *found)
{
	arch_stack_walk(NULL, look_for_names, found);
	found->depth++; /* so that the call above is no tail call */
}

static __noinline void call_the_walk(struct found *found)
{
	walk_from_here(found);
	found->depth++;
}

KTEST(arch_stack, a_walk_finds_the_callers_by_name_innermost_first)
{
	struct found found = {0};

	call_the_walk(&found);
	EXPECT_EQ(found.own, 1);
	EXPECT_EQ(found.caller, 2);
	EXPECT_GE(found.depth, 5);
	EXPECT_LE(found.depth, 64 + 2);
}

static bool stop_at_once(uintptr_t pc, void *context)
{
	(void)pc;
	++*(unsigned int *)context;
	return false;
}

KTEST(arch_stack, a_walk_stops_when_told)
{
	unsigned int calls = 0;

	arch_stack_walk(NULL, stop_at_once, &calls);
	EXPECT_EQ(calls, 1);
}

KTEST(arch_stack, local_variables_lie_within_the_bounds)
{
	uintptr_t low, high;
	char local;

	arch_stack_bounds(&low, &high);
	EXPECT_LT(low, high);
	EXPECT_LE(low, (uintptr_t)&local);
	EXPECT_LT((uintptr_t)&local, high);
}

KTEST(arch_random, two_seeds_differ)
{
	EXPECT_NE(arch_random_seed(), arch_random_seed());
}

/* --- trap.h: each of these is told in words, on every port ------------------------------- */

/* An address that the compiler knows nothing of. */
static volatile char *opaque(const volatile void *address)
{
	__asm__("" : "+r"(address));
	return (volatile char *)(uintptr_t)address;
}

KTEST_PANIC(arch_trap, a_touch_of_the_null_page_is_told, "write to 0x10 ")
{
	*opaque((void *)16) = 1;
}

KTEST_PANIC(arch_trap, a_write_to_a_constant_is_told, "the mapping forbids it")
{
	static const char constant[] = "constant";

	*opaque(constant) = 1;
}

KTEST_PANIC(arch_trap, a_write_to_code_is_told, "the mapping forbids it")
{
	*opaque(text_start) = 1;
}

KTEST_PANIC(arch_trap, running_data_is_told, "execution of")
{
	static char data[64];

	((void (*)(void))(uintptr_t)opaque(data))();
}

KTEST_PANIC(arch_trap, an_address_where_nothing_is_mapped_is_told, "nothing is mapped there")
{
	(void)*opaque((void *)scratch_va());
}

static __noinline unsigned int descend(unsigned int depth)
{
	volatile char frame[256];

	frame[0] = (char)depth;
	return depth == 0 ? 0 : descend(depth - 1) + (unsigned int)frame[0];
}

KTEST_PANIC(arch_trap, running_off_the_stack_is_told, "stack overflow")
{
	(void)descend(1U << 30);
}
