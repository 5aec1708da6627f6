/* SPDX-License-Identifier: MIT */
/*
 * ioremap_test.c - device mappings and the tree of claims.
 */
#include <mm/io.h>

#include <arch/memory.h>
#include <lib/device.h>
#include <lib/errno.h>
#include <lib/ktest.h>
#include <mm/ioport.h>
#include <mm/memblock.h>
#include <mm/pgtable.h>
#include <mm/vmalloc.h>
#include "no_ram.h"

static prot_t type_at(const volatile void *address)
{
	struct pt_entry entry;

	return pgtable_query((uintptr_t)address, &entry) ? entry.prot & PROT_TYPE_MASK : ~0U;
}

static phys_addr_t pa_of(const volatile void *address)
{
	struct pt_entry entry;

	return pgtable_query((uintptr_t)address, &entry)
		       ? entry.pa + ((uintptr_t)address - entry.va)
		       : 0;
}

/* sem-I1, fault-I1: an unaligned address keeps its offset; what cannot be is NULL. */
KTEST(ioremap, a_mapping_keeps_the_offset_and_covers_the_last_byte_fault_I1)
{
	phys_addr_t pa = no_ram() + 0xe70;
	char *registers = ioremap(pa, 0x200);

	ASSERT_TEST(registers);
	EXPECT_EQ((uintptr_t)registers & (PAGE_SIZE - 1), 0xe70);
	EXPECT_EQ(pa_of(registers), pa);
	EXPECT_EQ(pa_of(registers + 0x1ff), pa + 0x1ff);
	EXPECT_EQ(type_at(registers), PROT_DEVICE);
	iounmap(registers);
	EXPECT_EQ(type_at(registers), ~0U);
}

KTEST(ioremap, what_cannot_be_mapped_is_null_fault_I1)
{
	EXPECT_EQ(ioremap(no_ram(), 0), NULL);
	EXPECT_EQ(ioremap(no_ram(), ~0UL), NULL);
	EXPECT_EQ(ioremap(~(phys_addr_t)0 - 100, 4096), NULL);
	EXPECT_EQ(ioremap(arch_phys_end(), 4096), NULL);
	EXPECT_EQ(ioremap(arch_phys_end() - 100, 101), NULL);
}

/* Each range of RAM, with pages of no RAM in front and behind where there are. */
static void refuse_ram(phys_addr_t start, phys_addr_t end)
{
	bool none_in_front = start >= PAGE_SIZE &&
			     !memblock_overlaps_memory(start - PAGE_SIZE, PAGE_SIZE);
	void *registers = NULL;

	EXPECT_REPORT("there is RAM in it", registers = ioremap(start, PAGE_SIZE));
	EXPECT_EQ(registers, NULL);
	EXPECT_REPORT("there is RAM in it", registers = ioremap(end - PAGE_SIZE, 3 * PAGE_SIZE));
	EXPECT_EQ(registers, NULL);
	EXPECT_REPORT("there is RAM in it", registers = ioremap(end - 1, 2));
	EXPECT_EQ(registers, NULL);
	if (!none_in_front)
		return;
	/* In the last page, at its first byte alone, and in the middle. */
	EXPECT_REPORT("there is RAM in it", registers = ioremap(start - PAGE_SIZE, 2 * PAGE_SIZE));
	EXPECT_EQ(registers, NULL);
	EXPECT_REPORT("there is RAM in it", registers = ioremap(start - 1, 2));
	EXPECT_EQ(registers, NULL);
	EXPECT_REPORT("there is RAM in it",
		      registers = ioremap(start - PAGE_SIZE, end - start + 2 * PAGE_SIZE));
	EXPECT_EQ(registers, NULL);
}

/* fault-I2: RAM in the first, a middle or the last page. */
KTEST(ioremap, ram_anywhere_in_the_range_is_refused_fault_I2)
{
	unsigned long i = 0, nr = 0;
	phys_addr_t start, end;
	int nid;

	while (memblock_next_memory(&i, &start, &end, &nid)) {
		if (!memblock_is_map_memory(start))
			continue;
		refuse_ram(start, end);
		nr++;
	}
	EXPECT_GT(nr, 0);
}

/* fault-I3 */
KTEST(ioremap, a_frame_has_one_type_at_a_time_fault_I3)
{
	phys_addr_t pa = no_ram();
	char *first = ioremap(pa, 3 * PAGE_SIZE), *same, *other = NULL;
	struct vmalloc_counts counts;

	ASSERT_TEST(first);
	EXPECT_REPORT("mapped as device", other = ioremap_wc(pa + 2 * PAGE_SIZE, PAGE_SIZE));
	EXPECT_EQ(other, NULL);
	same = ioremap(pa + PAGE_SIZE, PAGE_SIZE);
	EXPECT_NE(same, NULL);
	other = ioremap_wc(pa + 3 * PAGE_SIZE, PAGE_SIZE);
	ASSERT_TEST(other);
	EXPECT_EQ(type_at(other), PROT_WC);
	iounmap(other);
	iounmap(first);
	iounmap(same);
	/* The freed mappings are flushed and forgotten. */
	other = ioremap_wt(pa, 3 * PAGE_SIZE);
	ASSERT_TEST(other);
	EXPECT_EQ(type_at(other + 2 * PAGE_SIZE), PROT_WT);
	vmalloc_count(&counts);
	EXPECT_EQ(counts.lazy_areas, 0);
	iounmap(other);
}

static bool is_device(const struct pt_entry *entry, void *context)
{
	if ((entry->prot & PROT_TYPE_MASK) != PROT_DEVICE)
		return true;
	*(phys_addr_t *)context = entry->pa;
	return false;
}

/* What the kernel itself has in the fixmap is a mapping like others. */
KTEST(ioremap, a_frame_of_the_fixmap_keeps_its_type_fault_I3)
{
	phys_addr_t pa = 0;
	char *same, *other = NULL;

	pgtable_for_each_in(arch_region_base(REGION_FIXMAP), arch_region_size(REGION_FIXMAP),
			    is_device, &pa);
	if (!pa)
		SKIP_TEST("no device is in the fixmap");
	EXPECT_REPORT("the kernel has a part of it mapped as device",
		      other = ioremap_wc(pa, PAGE_SIZE));
	EXPECT_EQ(other, NULL);
	same = ioremap(pa, PAGE_SIZE);
	EXPECT_NE(same, NULL);
	iounmap(same);
}

/* fault-I4 */
KTEST(ioremap, an_unmapping_is_believed_once_and_only_of_its_own_kind_fault_I4)
{
	char *registers = ioremap(no_ram(), PAGE_SIZE), *memory = vmalloc(PAGE_SIZE);

	ASSERT_TEST(registers && memory);
	iounmap(NULL);
	EXPECT_REPORT("vfree: the area is of another kind", vfree(registers));
	EXPECT_REPORT("iounmap: the area is of another kind", iounmap(memory));
	EXPECT_REPORT("iounmap: not an address of the vmalloc region", iounmap(&registers));
	iounmap(registers + 12);
	EXPECT_REPORT("iounmap: freed twice", iounmap(registers));
	vmalloc_purge();
	EXPECT_REPORT("iounmap: no area is there", iounmap(registers));
	vfree(memory);
}

KTEST(ioremap, a_large_range_has_large_leaves_and_goes_without_trace)
{
	phys_addr_t pa = ALIGN_UP(no_ram(), 2 * MiB);
	char *registers = ioremap(pa, 8 * MiB);

	ASSERT_TEST(registers);
	EXPECT_EQ(pa_of(registers + 8 * MiB - 1), pa + 8 * MiB - 1);
	iounmap(registers);
	vmalloc_purge();
	EXPECT_EQ(type_at(registers), ~0U);
}

KTEST(ioremap, what_a_driver_maps_goes_with_the_driver)
{
	static struct device device = {.name = "ioremap-test"};
	static const struct device_driver driver = {.name = "ioremap-test"};
	phys_addr_t pa = no_ram();
	char *registers;

	ASSERT_TEST(device_register(&device) == 0 && device_bind(&device, &driver) == 0);
	registers = devm_ioremap_resource(&device, pa, 0x100, "ioremap-test");
	ASSERT_TEST(registers);
	EXPECT_EQ(request_mem_region(pa + 0x80, 0x100, "thief"), NULL);
	EXPECT_EQ(devm_ioremap_resource(&device, pa, 0x100, "again"), NULL);
	device_unbind(&device);
	EXPECT_EQ(type_at(registers), ~0U);
	EXPECT_NE(request_mem_region(pa + 0x80, 0x100, "heir"), NULL);
	release_mem_region(pa + 0x80, 0x100);
	device_unregister(&device);
}

KTEST(ioremap, a_driver_gives_back_early_what_is_its_own_and_nothing_else)
{
	static struct device device = {.name = "ioremap-test"};
	static const struct device_driver driver = {.name = "ioremap-test"};
	phys_addr_t pa = no_ram();
	char *registers;

	ASSERT_TEST(device_register(&device) == 0 && device_bind(&device, &driver) == 0);
	EXPECT_NE(devm_request_mem_region(&device, pa, 0x1000, "ioremap-test"), NULL);
	EXPECT_EQ(devm_request_mem_region(&device, pa + 0xfff, 0x1000, "again"), NULL);
	registers = devm_ioremap(&device, pa, 0x1000);
	ASSERT_TEST(registers);
	EXPECT_REPORT("devm_iounmap: the device has nothing", devm_iounmap(&device, registers + 1));
	EXPECT_REPORT("devm_release_mem_region: the device has nothing",
		      devm_release_mem_region(&device, pa, 0x800));
	devm_iounmap(&device, NULL);
	devm_iounmap(&device, registers);
	EXPECT_EQ(type_at(registers), ~0U);
	EXPECT_REPORT("devm_iounmap: the device has nothing", devm_iounmap(&device, registers));
	devm_release_mem_region(&device, pa, 0x1000);
	EXPECT_NE(request_mem_region(pa, 0x1000, "heir"), NULL);
	release_mem_region(pa, 0x1000);
	/* A mapping that fails leaves no claim. */
	EXPECT_EQ(devm_ioremap_resource(&device, arch_phys_end(), 0x1000, "nowhere"), NULL);
	EXPECT_NE(request_mem_region(arch_phys_end(), 0x1000, "heir"), NULL);
	release_mem_region(arch_phys_end(), 0x1000);
	device_unregister(&device);
}

/* sem-A2 */
static void unmap_in_interrupt(void *context)
{
	iounmap(context);
}

KTEST(ioremap, a_mapping_that_an_interrupt_ended_gives_way_to_another_type_sem_A2)
{
	phys_addr_t pa = no_ram();
	char *small = ioremap(pa, PAGE_SIZE), *large = ioremap(pa + 4 * MiB, 100 * PAGE_SIZE),
	     *other;

	ASSERT_TEST(small && large);
	ktest_in_interrupt(unmap_in_interrupt, small);
	ktest_in_interrupt(unmap_in_interrupt, large);
	other = ioremap_wc(pa, 8 * MiB);
	ASSERT_TEST(other);
	EXPECT_EQ(type_at(other), PROT_WC);
	iounmap(other);
}

/* --- the tree -------------------------------------------------------------------------- */

KTEST(resource, a_claim_excludes_whatever_overlaps_it)
{
	phys_addr_t pa = no_ram();

	ASSERT_TEST(request_mem_region(pa + 0x1000, 0x1000, "first"));
	EXPECT_EQ(request_mem_region(pa + 0x1fff, 1, "last byte"), NULL);
	EXPECT_EQ(request_mem_region(pa, 0x1001, "first byte"), NULL);
	EXPECT_EQ(request_mem_region(pa, 0x4000, "around"), NULL);
	EXPECT_NE(request_mem_region(pa, 0x1000, "before"), NULL);
	EXPECT_NE(request_mem_region(pa + 0x2000, 0x1000, "behind"), NULL);
	EXPECT_TRUE(resource_check());
	release_mem_region(pa + 0x1000, 0x1000);
	EXPECT_REPORT("nobody claimed", release_mem_region(pa + 0x1000, 0x1000));
	release_mem_region(pa, 0x1000);
	EXPECT_REPORT("nobody claimed", release_mem_region(pa + 0x2000, 0x800));
	release_mem_region(pa + 0x2000, 0x1000);
}

KTEST(resource, ram_and_impossible_ranges_cannot_be_claimed)
{
	unsigned long i = 0;
	phys_addr_t start, end;
	int nid;

	ASSERT_TEST(memblock_next_memory(&i, &start, &end, &nid));
	EXPECT_EQ(request_mem_region(start, 0x1000, "ram"), NULL);
	EXPECT_EQ(request_mem_region(0x1000, 0, "nothing"), NULL);
	EXPECT_EQ(request_mem_region(~(phys_addr_t)0, 2, "wraps"), NULL);
	EXPECT_REPORT("nobody claimed", release_mem_region(start, end - start));
}

KTEST(resource, a_resource_of_the_callers_lies_in_its_parent)
{
	phys_addr_t pa = no_ram();
	struct resource bus = {.start = pa, .end = pa + 0xffff, .name = "bus"};
	struct resource card = {
		.start = bus.start + 0x100, .end = bus.start + 0x1ff, .name = "card"};
	struct resource wide = {.start = bus.start + 0x180, .end = bus.end + 1, .name = "wide"};

	ASSERT_TEST(request_resource(&iomem_resource, &bus) == 0);
	EXPECT_EQ(request_resource(&bus, &card), 0);
	EXPECT_EQ(request_resource(&bus, &wide), -EBUSY);
	EXPECT_TRUE(resource_check());
	EXPECT_EQ(release_resource(&card), 0);
	EXPECT_EQ(release_resource(&card), -EINVAL);
	EXPECT_EQ(release_resource(&bus), 0);
}
