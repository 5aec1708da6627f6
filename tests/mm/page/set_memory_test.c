/* SPDX-License-Identifier: MIT */
/*
 * set_memory_test.c - permissions and types of memory in use, at all its addresses, and back.
 */
#include <mm/set_memory.h>

#include <arch/memory.h>
#include <lib/errno.h>
#include <lib/ktest.h>
#include <lib/sections.h>
#include <mm/direct_map.h>
#include <mm/gfp.h>
#include <mm/io.h>
#include <mm/memblock.h>
#include <mm/page.h>
#include <mm/page_debug.h>
#include <mm/pgtable.h>
#include <mm/vmalloc.h>
#include "../pgtable/leaf.h"

static prot_t prot_at(uintptr_t va)
{
	struct pt_entry entry;

	return pgtable_query(va, &entry) ? entry.prot : ~0U;
}

/* The page's other address; 0 for high memory. */
static uintptr_t alias_of(uintptr_t va)
{
	struct page *page = vmalloc_to_page((void *)va);

	return page ? (uintptr_t)page_address(page) : 0;
}

static prot_t type_of(prot_t prot)
{
	return prot & PROT_TYPE_MASK;
}

/* On a CPU that splits no live leaf, with large leaves, nothing in the direct map can change: said with -EBUSY. */
static bool refused_here(uintptr_t direct)
{
	return level_at(direct) > 0 && !arch_pt_live_change();
}

KTEST(set_memory, what_cannot_be_is_refused)
{
	unsigned long page = __get_free_page(GFP_KERNEL), text = (unsigned long)text_start;
	unsigned long direct_text = (unsigned long)phys_to_virt(arch_image_to_phys(text_start));
	unsigned long hole = arch_region_base(REGION_VMALLOC);
	char *area = vmalloc(2 * PAGE_SIZE);

	ASSERT_TEST(page && area);
	EXPECT_EQ(set_memory_ro(page + 1, 1), -EINVAL);
	EXPECT_EQ(set_memory_ro(page, -1), -EINVAL);
	EXPECT_EQ(set_memory_ro(page, 0), 0);
	EXPECT_EQ(set_memory_ro(0, 1), -EINVAL);
	EXPECT_EQ(set_memory_ro(~0UL & PAGE_MASK, 2), -EINVAL);
	EXPECT_EQ(set_memory_ro(hole + arch_region_size(REGION_VMALLOC) - PAGE_SIZE, 2), -EINVAL);
	EXPECT_EQ(set_memory_ro((unsigned long)area, 3), -EINVAL); /* the guard page */
	EXPECT_EQ(set_memory_ro(direct_text, 1), -EINVAL);
	EXPECT_EQ(set_memory_rw(text, 1), -EPERM);
	EXPECT_EQ(set_memory_rw((unsigned long)rodata_start, 1), -EPERM);
	EXPECT_EQ(set_memory_x(page, 1), -EPERM);
	EXPECT_EQ(set_memory_x((unsigned long)area, 1), -EPERM); /* it is writable */
	EXPECT_EQ(prot_at((uintptr_t)area), PROT_KERNEL_RW);
	EXPECT_EQ(prot_at((uintptr_t)area + PAGE_SIZE), PROT_KERNEL_RW);
	EXPECT_EQ(prot_at(page), PROT_KERNEL_RW);
	vfree(area);
	free_page(page);
}

KTEST(set_memory, device_memory_keeps_its_type)
{
	phys_addr_t pa = ALIGN_UP(memblock_end_of_DRAM(), GiB) + GiB;
	void *registers = ioremap(pa, PAGE_SIZE);

	if (!registers)
		SKIP_TEST("no place for a device above memory");
	EXPECT_EQ(set_memory_wb((unsigned long)registers, 1), -EINVAL);
	EXPECT_EQ(set_memory_x((unsigned long)registers, 1), -EINVAL);
	EXPECT_EQ(prot_at((uintptr_t)registers), PROT_KERNEL_DEVICE);
	iounmap(registers);
}

/* A page in the middle of a large leaf, and back to one leaf. */
KTEST(set_memory, a_page_of_the_direct_map_is_read_only_and_writable_again)
{
	unsigned long page = __get_free_page(GFP_KERNEL);
	unsigned int level = level_at(page);

	if (refused_here(page)) {
		EXPECT_EQ(set_memory_ro(page, 1), -EBUSY);
		EXPECT_EQ(set_memory_uc(page, 1), -EBUSY);
		EXPECT_EQ(level_at(page), level);
		free_page(page);
		SKIP_TEST("a live leaf is not split here; rodata=full maps pages");
	}
	*(volatile long *)page = 42;
	EXPECT_EQ(set_memory_ro(page, 1), 0);
	EXPECT_EQ(prot_at(page), PROT_KERNEL_RO);
	if (level > 0) /* of the same leaf until now */
		EXPECT_EQ(prot_at(page ^ PAGE_SIZE), PROT_KERNEL_RW);
	EXPECT_EQ(*(volatile long *)page, 42);
	EXPECT_EQ(set_memory_rw(page, 1), 0);
	EXPECT_EQ(prot_at(page), PROT_KERNEL_RW);
	EXPECT_EQ(level_at(page), level);
	*(volatile long *)page = 43;
	EXPECT_EQ(*(volatile long *)page, 43);
	free_page(page);
}

KTEST(set_memory, a_vmalloc_area_and_its_alias_change_together)
{
	char *area = vmalloc(4 * PAGE_SIZE);
	uintptr_t va = (uintptr_t)area, alias;

	ASSERT_TEST(area);
	alias = alias_of(va + PAGE_SIZE);
	if (alias && refused_here(alias)) {
		EXPECT_EQ(set_memory_ro(va + PAGE_SIZE, 2), -EBUSY);
		EXPECT_EQ(prot_at(va + PAGE_SIZE), PROT_KERNEL_RW);
		vfree(area);
		SKIP_TEST("a live leaf is not split here; rodata=full maps pages");
	}
	EXPECT_EQ(set_memory_ro(va + PAGE_SIZE, 2), 0);
	EXPECT_EQ(prot_at(va), PROT_KERNEL_RW);
	EXPECT_EQ(prot_at(va + PAGE_SIZE), PROT_KERNEL_RO);
	EXPECT_EQ(prot_at(va + 2 * PAGE_SIZE), PROT_KERNEL_RO);
	EXPECT_EQ(prot_at(va + 3 * PAGE_SIZE), PROT_KERNEL_RW);
	for (unsigned int i = 0; i < 4; i++) {
		alias = alias_of(va + i * PAGE_SIZE);
		if (alias)
			EXPECT_EQ(prot_at(alias),
				  i == 1 || i == 2 ? PROT_KERNEL_RO : PROT_KERNEL_RW);
	}
	EXPECT_EQ(set_memory_rw(va + PAGE_SIZE, 2), 0);
	EXPECT_EQ(prot_at(va + PAGE_SIZE), PROT_KERNEL_RW);
	alias = alias_of(va + 2 * PAGE_SIZE);
	if (alias)
		EXPECT_EQ(prot_at(alias), PROT_KERNEL_RW);
	memset(area, 1, 4 * PAGE_SIZE);
	vfree(area);
}

KTEST(set_memory, no_frame_has_two_types)
{
	char *area = vmalloc(2 * PAGE_SIZE);
	uintptr_t va = (uintptr_t)area, alias;

	ASSERT_TEST(area);
	alias = alias_of(va);
	if (alias && refused_here(alias)) {
		vfree(area);
		SKIP_TEST("a live leaf is not split here; rodata=full maps pages");
	}
	area[5] = 5;
	EXPECT_EQ(set_memory_uc(va, 1), 0);
	EXPECT_EQ(type_of(prot_at(va)), PROT_DEVICE);
	if (alias)
		EXPECT_EQ(type_of(prot_at(alias)), PROT_DEVICE);
	EXPECT_EQ(area[5], 5);
	EXPECT_TRUE(pgtable_check());
	EXPECT_EQ(set_memory_wc(va, 1), 0);
	EXPECT_EQ(type_of(prot_at(va)), PROT_WC);
	EXPECT_TRUE(pgtable_check());
	EXPECT_EQ(set_memory_wb(va, 1), 0);
	EXPECT_EQ(prot_at(va), PROT_KERNEL_RW);
	if (alias)
		EXPECT_EQ(prot_at(alias), PROT_KERNEL_RW);
	EXPECT_EQ(area[5], 5);
	vfree(area);
}

/* rw- , r-- , r-x , and the way back; at no moment writable and executable, by any address. */
KTEST(set_memory, code_is_made_read_only_then_executable)
{
	char *area = vmalloc(PAGE_SIZE);
	uintptr_t va = (uintptr_t)area, alias;

	ASSERT_TEST(area);
	alias = alias_of(va);
	if (alias && refused_here(alias)) {
		vfree(area);
		SKIP_TEST("a live leaf is not split here; rodata=full maps pages");
	}
	EXPECT_EQ(set_memory_ro(va, 1), 0);
	EXPECT_EQ(set_memory_x(va, 1), 0);
	EXPECT_EQ(prot_at(va), PROT_KERNEL_RX);
	if (alias) {
		EXPECT_EQ(prot_at(alias), PROT_KERNEL_RO);
		EXPECT_EQ(set_memory_rw(alias, 1), -EPERM); /* code by its other address */
	}
	EXPECT_TRUE(pgtable_check());
	EXPECT_EQ(set_memory_rw(va, 1), -EPERM);
	EXPECT_EQ(set_memory_nx(va, 1), 0);
	EXPECT_EQ(set_memory_rw(va, 1), 0);
	EXPECT_EQ(prot_at(va), PROT_KERNEL_RW);
	vfree(area);
}

/* Somebody maps the page a second time, read-only: by its first address it can still be written. */
KTEST(set_memory, what_can_be_written_elsewhere_is_not_made_executable)
{
	struct page *page = alloc_page(GFP_KERNEL);
	void *view;

	ASSERT_TEST(page);
	view = vmap(&page, 1, VM_MAP, PROT_KERNEL_RO);
	ASSERT_TEST(view);
	EXPECT_EQ(set_memory_x((unsigned long)view, 1), -EPERM);
	vunmap(view);
	__free_page(page);
}

KTEST(set_memory, a_page_of_the_images_data_and_its_alias_change_together)
{
	static char memory[2 * PAGE_SIZE] __aligned(PAGE_SIZE);
	uintptr_t va = (uintptr_t)memory;
	uintptr_t alias = (uintptr_t)phys_to_virt(arch_image_to_phys(memory));

	memory[0] = 1;
	EXPECT_EQ(set_memory_ro(va, 1), 0);
	EXPECT_EQ(prot_at(va), PROT_KERNEL_RO);
	EXPECT_EQ(prot_at(alias), PROT_KERNEL_RO);
	EXPECT_EQ(prot_at(va + PAGE_SIZE), PROT_KERNEL_RW);
	EXPECT_EQ(prot_at(alias + PAGE_SIZE), PROT_KERNEL_RW);
	EXPECT_EQ(((volatile char *)memory)[0], 1);
	EXPECT_EQ(set_memory_rw(va, 1), 0);
	EXPECT_EQ(prot_at(va), PROT_KERNEL_RW);
	EXPECT_EQ(prot_at(alias), PROT_KERNEL_RW);
	((volatile char *)memory)[0] = 2;
	EXPECT_EQ(*(volatile char *)alias, 2);
}

struct reader {
	volatile char *memory, *alias;
	unsigned long wrong;
};

static void read_both(void *context)
{
	struct reader *reader = context;

	reader->wrong += *reader->memory != 42 || *reader->alias != 42;
}

/* An interrupt at any moment of a change finds the page where it was. */
KTEST(set_memory, memory_in_use_is_readable_while_its_permissions_change)
{
	static char memory[PAGE_SIZE] __aligned(PAGE_SIZE);
	struct reader reader = {memory, phys_to_virt(arch_image_to_phys(memory)), 0};
	unsigned int refused = 0;

	memory[0] = 42;
	ktest_storm_begin(read_both, &reader);
	for (unsigned int i = 0; i < 500; i++)
		refused += set_memory_ro((unsigned long)memory, 1) != 0 ||
			   set_memory_rw((unsigned long)memory, 1) != 0;
	EXPECT_GT(ktest_storm_end(), 0);
	EXPECT_EQ(refused + reader.wrong, 0);
}

/* Half of a block of 2 MiB that lies in one large leaf, by both addresses. */
KTEST(set_memory, a_large_leaf_is_split_and_comes_together_again)
{
	char *area = __vmalloc(4 * MiB, GFP_KERNEL | __GFP_HIGHMEM | __GFP_NOWARN);
	uintptr_t va = (uintptr_t)area;
	unsigned int level;

	if (!area)
		SKIP_TEST("no 4 MiB");
	level = level_at(va);
	if (level == 0 || (alias_of(va) && refused_here(alias_of(va)))) {
		vfree(area);
		SKIP_TEST("no large leaf that may be split");
	}
	EXPECT_EQ(set_memory_ro(va + 7 * PAGE_SIZE, 100), 0);
	EXPECT_EQ(level_at(va), 0);
	EXPECT_EQ(prot_at(va + 6 * PAGE_SIZE), PROT_KERNEL_RW);
	EXPECT_EQ(prot_at(va + 106 * PAGE_SIZE), PROT_KERNEL_RO);
	EXPECT_EQ(prot_at(va + 107 * PAGE_SIZE), PROT_KERNEL_RW);
	EXPECT_EQ(set_memory_rw(va + 7 * PAGE_SIZE, 100), 0);
	EXPECT_EQ(level_at(va), level);
	memset(area, 1, 4 * MiB);
	vfree(area);
}

/* Every page that a split needs, missing once: the permissions are as before, and so is the tree. */
KTEST(set_memory, without_memory_nothing_has_changed)
{
	unsigned long page = __get_free_page(GFP_KERNEL);
	unsigned int level = level_at(page), n, failed = 0;

	ASSERT_TEST(page);
	if (level == 0 || refused_here(page)) {
		free_page(page);
		SKIP_TEST("no large leaf that may be split");
	}
	for (n = 1; n < 10; n++) {
		int error;

		page_fail_nth(n);
		error = set_memory_ro(page, 1);
		page_fail_nth(0);
		if (!error)
			break;
		failed++;
		EXPECT_EQ(error, -ENOMEM);
		EXPECT_EQ(prot_at(page), PROT_KERNEL_RW);
		EXPECT_EQ(level_at(page), level);
	}
	EXPECT_EQ(failed, level);
	EXPECT_EQ(set_memory_rw(page, 1), 0);
	free_page(page);
}

KTEST(set_memory, M1_a_page_that_is_freed_read_only_is_seen)
{
	unsigned long page;

	if (page_debug_is_on(PAGE_DEBUG_UNMAP))
		SKIP_TEST("free pages are taken out of the map");
	page = __get_free_page(GFP_KERNEL);
	ASSERT_TEST(page);
	if (refused_here(page)) {
		free_page(page);
		SKIP_TEST("a live leaf is not split here; rodata=full maps pages");
	}
	EXPECT_EQ(set_memory_wc(page, 1), 0);
	EXPECT_TRUE(set_memory_check());
	free_page(page);
	EXPECT_FALSE(set_memory_check());
	EXPECT_EQ(set_memory_wb(page, 1), 0);
	EXPECT_TRUE(set_memory_check());
}

KTEST_PANIC(set_memory, a_page_made_read_only_cannot_be_written, "the mapping forbids it")
{
	static char memory[PAGE_SIZE] __aligned(PAGE_SIZE);

	ASSERT_TEST(set_memory_ro((unsigned long)memory, 1) == 0);
	*(volatile char *)memory = 1;
}

KTEST_PANIC(set_memory, nor_by_its_other_address, "the mapping forbids it")
{
	static char memory[PAGE_SIZE] __aligned(PAGE_SIZE);

	ASSERT_TEST(set_memory_ro((unsigned long)memory, 1) == 0);
	*(volatile char *)phys_to_virt(arch_image_to_phys(memory)) = 1;
}
