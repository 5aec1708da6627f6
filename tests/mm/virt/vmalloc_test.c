/* SPDX-License-Identifier: MIT */
/*
 * vmalloc_test.c - what vmalloc, vmap and their kin promise.
 */
#include <mm/vmalloc.h>

#include <arch/memory.h>
#include <lib/bits.h>
#include <lib/ktest.h>
#include <lib/printk.h>
#include <mm/init.h>
#include <mm/node.h>
#include <mm/page.h>
#include <mm/pcp.h>
#include <mm/pgtable.h>
#include "../../../mm/virt/vm_area.h"

#define KIB 1024UL

static bool mapped(const void *address)
{
	struct pt_entry entry;

	return pgtable_query((uintptr_t)address, &entry);
}

static unsigned long living_areas(void)
{
	struct vmalloc_counts counts;

	vmalloc_count(&counts);
	return counts.areas;
}

/* sem-V1 */
KTEST(vmalloc, memory_can_be_written_and_read_up_to_its_last_byte)
{
	static const unsigned long sizes[] = {1, 4096, 4097, 64 * KIB, 200 * KIB, 2048 * KIB + 1};

	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		unsigned char *memory;

		if (sizes[i] >> PAGE_SHIFT > nr_idle_pages() / 2)
			SKIP_TEST("the machine is too small for 2 MiB");
		memory = vmalloc(sizes[i]);

		ASSERT_TEST(memory);
		memset(memory, 0x5a, sizes[i]);
		EXPECT_EQ(memory[0], 0x5a);
		EXPECT_EQ(memory[sizes[i] - 1], 0x5a);
		EXPECT_TRUE(vmalloc_check());
		vfree(memory);
	}
}

/* sem-V1: the page behind is never mapped, for small areas and large ones. */
KTEST(vmalloc, a_guard_page_follows_each_area)
{
	char *small = vmalloc(3 * PAGE_SIZE), *other = vmalloc(PAGE_SIZE),
	     *large = vmalloc(1024 * KIB);

	ASSERT_TEST(small && other && large);
	EXPECT_TRUE(mapped(small + 3 * PAGE_SIZE - 1));
	EXPECT_FALSE(mapped(small + 3 * PAGE_SIZE));
	EXPECT_FALSE(mapped(other + PAGE_SIZE));
	EXPECT_FALSE(mapped(large + 1024 * KIB));
	vfree(small);
	vfree(other);
	vfree(large);
}

/* fault-V1 */
KTEST(vmalloc, sizes_that_cannot_be_are_refused_at_once_fault_V1)
{
	void *memory = NULL;

	EXPECT_REPORT("vmalloc: 0 bytes are nothing", memory = vmalloc(0));
	EXPECT_EQ(memory, NULL);
	EXPECT_REPORT("more than all memory", memory = vmalloc(~0UL));
	EXPECT_EQ(memory, NULL);
	EXPECT_REPORT("more than all memory", memory = vmalloc(~0UL - 4095));
	EXPECT_EQ(memory, NULL);
	EXPECT_REPORT("more than all memory",
		      memory = vmalloc((totalram_pages() + 1) << PAGE_SHIFT));
	EXPECT_EQ(memory, NULL);
	/* Silent when asked to be. */
	EXPECT_EQ(__vmalloc(~0UL, GFP_KERNEL | __GFP_NOWARN), NULL);
}

KTEST(vmalloc, more_than_is_free_fails_and_leaves_nothing_behind)
{
	unsigned long areas = living_areas();
	void *memory = __vmalloc((totalram_pages() - 1) << PAGE_SHIFT,
				 GFP_KERNEL | __GFP_HIGHMEM | __GFP_NOWARN | __GFP_NORETRY);

	EXPECT_EQ(memory, NULL);
	EXPECT_EQ(living_areas(), areas);
}

/* fault-V5 */
KTEST(vmalloc, what_no_vmalloc_gave_is_refused_once_fault_V5)
{
	char *memory = vmalloc(3 * PAGE_SIZE), *object = kmalloc(64, GFP_KERNEL);

	ASSERT_TEST(memory && object);
	vfree(NULL);
	EXPECT_REPORT("vfree: inside an area", vfree(memory + PAGE_SIZE));
	EXPECT_REPORT("vfree: inside an area", vfree(memory + 1));
	EXPECT_REPORT("vfree: not an address of the vmalloc region", vfree(object));
	EXPECT_REPORT("vfree: no area is there", vfree(memory + 512 * PAGE_SIZE));
	EXPECT_REPORT("vunmap: the area is of another kind", vunmap(memory));
	EXPECT_TRUE(mapped(memory));
	vfree(memory);
	EXPECT_REPORT("vfree: freed twice", vfree(memory));
	vmalloc_purge();
	EXPECT_REPORT("vfree: no area is there", vfree(memory));
	kfree(object);
}

/* sem-V4: nothing of a freed area is used again before the flush; the pages neither. */
KTEST(vmalloc, neither_addresses_nor_pages_are_reused_before_the_flush_sem_V4)
{
	char *first, *second;
	struct vmalloc_counts before, after;
	unsigned long free_pages;

	vmalloc_drain();
	first = vmalloc(PAGE_SIZE);
	ASSERT_TEST(first);
	free_pages = nr_idle_pages();
	vmalloc_count(&before);
	vfree(first);
	EXPECT_FALSE(mapped(first));
	EXPECT_EQ(nr_idle_pages(), free_pages);
	second = vmalloc(PAGE_SIZE);
	EXPECT_NE(first, second);
	vfree(second);
	EXPECT_GE(vmalloc_purge(), 2);
	vmalloc_count(&after);
	EXPECT_EQ(after.flushes, before.flushes + 1);
	EXPECT_EQ(after.lazy_areas, 0);
}

KTEST(vmalloc, one_flush_serves_many_areas)
{
	static void *memory[64];
	struct vmalloc_counts before, after;

	vmalloc_drain();
	vmalloc_count(&before);
	for (unsigned int i = 0; i < ARRAY_SIZE(memory); i++)
		ASSERT_TEST((memory[i] = vmalloc(PAGE_SIZE)));
	for (unsigned int i = 0; i < ARRAY_SIZE(memory); i++)
		vfree(memory[i]);
	vmalloc_purge();
	vmalloc_count(&after);
	EXPECT_LE(after.flushes - before.flushes, 3);
	EXPECT_EQ(after.purged_areas - before.purged_areas, ARRAY_SIZE(memory));
}

KTEST(vmalloc, the_zeroed_forms_are_zero_whatever_the_pages_held)
{
	unsigned char *memory = vmalloc(300 * KIB);

	ASSERT_TEST(memory);
	memset(memory, 0xff, 300 * KIB);
	vfree(memory);
	vmalloc_purge();
	memory = vzalloc(300 * KIB);
	ASSERT_TEST(memory);
	for (unsigned long i = 0; i < 300 * KIB; i++)
		if (memory[i])
			ASSERT_TEST(!"a byte is not zero");
	vfree(memory);
	memory = vmalloc_user(PAGE_SIZE);
	ASSERT_TEST(memory);
	EXPECT_EQ(memory[123], 0);
	vfree(memory);
}

/* sem-V3 */
KTEST(vmalloc, vmap_shows_the_callers_pages_and_frees_none_sem_V3)
{
	struct page *pages[4];
	unsigned int *view;

	for (unsigned int i = 0; i < 3; i++) {
		pages[i] = alloc_page(GFP_KERNEL);
		ASSERT_TEST(pages[i]);
		*(unsigned int *)page_address(pages[i]) = i + 1;
	}
	pages[3] = pages[0]; /* fault-V6: twice is an alias */
	view = vmap(pages, 4, VM_MAP, PROT_KERNEL_RW);
	ASSERT_TEST(view);
	EXPECT_EQ(view[0], 1);
	EXPECT_EQ(view[PAGE_SIZE / 4], 2);
	EXPECT_EQ(view[2 * PAGE_SIZE / 4], 3);
	EXPECT_EQ(view[3 * PAGE_SIZE / 4], 1);
	EXPECT_EQ(vmalloc_to_page(view), pages[0]);
	EXPECT_EQ(vmalloc_to_pfn((char *)view + 2 * PAGE_SIZE), page_to_pfn(pages[2]));
	EXPECT_REPORT("vfree: the area is of another kind", vfree(view));
	vunmap(view);
	vmalloc_purge();
	EXPECT_EQ(*(unsigned int *)page_address(pages[2]), 3);
	for (unsigned int i = 0; i < 3; i++)
		__free_page(pages[i]);
}

/* fault-V6 */
KTEST(vmalloc, vmap_refuses_what_is_no_page_fault_V6)
{
	struct page *pages[2] = {alloc_page(GFP_KERNEL), NULL};
	void *view = pages;

	ASSERT_TEST(pages[0]);
	EXPECT_REPORT("vmap: entry 1 of 2 is no page",
		      view = vmap(pages, 2, VM_MAP, PROT_KERNEL_RW));
	EXPECT_EQ(view, NULL);
	EXPECT_REPORT("vmap: 0 bytes are nothing", view = vmap(pages, 0, VM_MAP, PROT_KERNEL_RW));
	EXPECT_REPORT("more than all memory", view = vmap(pages, ~0U, VM_MAP, PROT_KERNEL_RW));
	EXPECT_REPORT("writable and executable",
		      view = vmap(pages, 1, VM_MAP, PROT_WRITE | PROT_EXEC));
	EXPECT_REPORT("open to users", view = vmap(pages, 1, VM_MAP, PROT_USER));
	EXPECT_EQ(view, NULL);
	__free_page(pages[0]);
}

KTEST(vmalloc, pages_of_an_area_count_for_themselves)
{
	char *memory = vmalloc(8 * PAGE_SIZE);
	struct page *page;

	ASSERT_TEST(memory);
	page = vmalloc_to_page(memory + 5 * PAGE_SIZE);
	ASSERT_TEST(page);
	EXPECT_EQ(page->refcount, 1);
	get_page(page);
	vfree(memory);
	vmalloc_purge();
	/* Kept by the reference, alone. */
	EXPECT_EQ(page->refcount, 1);
	EXPECT_TRUE(page->flags & PG_OWNED);
	put_page(page);
}

/* sem-V3 */
KTEST(vmalloc, virt_to_page_of_a_vmalloc_address_is_a_reported_misuse_sem_V3)
{
	char *memory = vmalloc(PAGE_SIZE);

	ASSERT_TEST(memory);
	EXPECT_REPORT("virt_to_page", EXPECT_EQ(virt_to_page(memory), NULL));
	EXPECT_NE(vmalloc_to_page(memory), NULL);
	EXPECT_EQ(vmalloc_to_page(memory + PAGE_SIZE), NULL);
	EXPECT_EQ(vmalloc_to_pfn(&memory), 0);
	vfree(memory);
}

/* Nobody needs a direct address of these pages: low memory is kept for those who do. */
KTEST(vmalloc, pages_come_from_high_memory_first_sem_V3)
{
	struct page *page = alloc_page(GFP_HIGHUSER | __GFP_NOWARN);
	bool is_high = page && page_zone_type(page) == ZONE_HIGHMEM;
	char *memory;

	if (page)
		__free_page(page);
	if (!is_high)
		SKIP_TEST("no high memory is free");
	memory = vmalloc(PAGE_SIZE);
	ASSERT_TEST(memory);
	EXPECT_EQ(page_zone_type(vmalloc_to_page(memory)), ZONE_HIGHMEM);
	memory[PAGE_SIZE - 1] = 1;
	vfree(memory);
	/* Who says so gets low memory. */
	memory = __vmalloc(PAGE_SIZE, GFP_KERNEL);
	ASSERT_TEST(memory);
	EXPECT_NE(page_zone_type(vmalloc_to_page(memory)), ZONE_HIGHMEM);
	vfree(memory);
}

/* sem-K4 */
KTEST(vmalloc, a_product_that_overflows_gives_no_short_area)
{
	unsigned long *words = vmalloc_array(600, sizeof(*words)), *zeroed;

	ASSERT_TEST(words);
	words[599] = 1;
	EXPECT_EQ(vmalloc_array(~0UL / 8 + 2, 8), NULL);
	EXPECT_EQ(vcalloc(1UL << 33, 1UL << 33), NULL);
	EXPECT_EQ(kvcalloc(1UL << 33, 1UL << 33, GFP_KERNEL), NULL);
	zeroed = vcalloc(600, sizeof(*zeroed));
	ASSERT_TEST(zeroed);
	EXPECT_EQ(memchr_inv(zeroed, 0, 600 * sizeof(*zeroed)), NULL);
	vfree(zeroed);
	vfree(words);
}

/* One line an area, in the form of Linux: range, bytes with the guard page, caller, pages, kind. */
KTEST(vmalloc, vmallocinfo_has_a_line_with_the_caller_for_each_area)
{
	static char text[8192];
	struct text_buffer buffer;
	char wanted[120], *memory = vmalloc(3 * PAGE_SIZE), *line;

	ASSERT_TEST(memory);
	text_buffer_init(&buffer, text, sizeof(text));
	proc_vmallocinfo(&(struct seq_file){.sink = &buffer.sink});
	snprintf(wanted, sizeof(wanted), "0x%016lx-0x%016lx   16384 ktest_vmalloc_vmallocinfo_has",
		 (unsigned long)memory, (unsigned long)memory + 4 * PAGE_SIZE);
	line = strstr(text, wanted);
	ASSERT_TEST(line);
	EXPECT_TRUE(strstr(line, " pages=3 vmalloc N"));
	vfree(memory);
	text_buffer_init(&buffer, text, sizeof(text));
	proc_vmallocinfo(&(struct seq_file){.sink = &buffer.sink});
	snprintf(wanted, sizeof(wanted), "0x%016lx-0x%016lx   16384 unpurged vm_area\n",
		 (unsigned long)memory, (unsigned long)memory + 4 * PAGE_SIZE);
	EXPECT_TRUE(strstr(text, wanted));
}

/* Where memory lies in large blocks, one leaf maps 2 MiB. */
KTEST(vmalloc, an_area_of_whole_large_leaves_has_some)
{
	char *memory;
	struct pt_entry entry;
	struct page *block;

	block = alloc_pages(GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY, MAX_PAGE_ORDER);
	if (!block)
		SKIP_TEST("no block of 4 MiB is free");
	__free_pages(block, MAX_PAGE_ORDER);
	memory = __vmalloc(4 * MiB, GFP_KERNEL);
	ASSERT_TEST(memory);
	EXPECT_TRUE(pgtable_query((uintptr_t)memory, &entry));
	EXPECT_EQ(entry.level, vm_max_level > 0 ? 1 : 0);
	/* Its pages count for themselves all the same. */
	EXPECT_EQ(vmalloc_to_page(memory + 5 * PAGE_SIZE)->refcount, 1);
	memory[4 * MiB - 1] = 1;
	vfree(memory);
}

/* sem-K6 */
KTEST(vmalloc, kvmalloc_is_kmalloc_where_that_will_do)
{
	void *small, *large;

	if (nr_idle_pages() < 10 * MiB / PAGE_SIZE)
		SKIP_TEST("the machine is too small for 5 MiB");
	small = kvmalloc(100, GFP_KERNEL);
	large = kvmalloc(5 * MiB, GFP_KERNEL);
	ASSERT_TEST(small && large);
	EXPECT_FALSE(is_vmalloc_addr(small));
	EXPECT_TRUE(is_vmalloc_addr(large));
	kvfree(small);
	kvfree(large);
	kvfree(NULL);
	/* sem-K4 */
	EXPECT_EQ(kvmalloc_array(~0UL / 2, 4, GFP_KERNEL), NULL);
}

KTEST(vmalloc, the_words_about_an_address_name_the_area_and_its_caller)
{
	char text[200], *memory = vmalloc(PAGE_SIZE + 1);
	struct text_buffer buffer;
	struct seq_file file = {.sink = &buffer.sink};

	ASSERT_TEST(memory);
	text_buffer_init(&buffer, text, sizeof(text));
	EXPECT_TRUE(vmalloc_describe((uintptr_t)memory + 2 * PAGE_SIZE + 12, &file));
	EXPECT_TRUE(strstr(text, "guard page, 12 bytes behind the end of the vmalloc area"));
	EXPECT_TRUE(strstr(text, "of 8192 bytes"));
	EXPECT_TRUE(strstr(text, "the_words_about_an_address"));
	vfree(memory);
	text_buffer_init(&buffer, text, sizeof(text));
	EXPECT_TRUE(vmalloc_describe((uintptr_t)memory + 5, &file));
	EXPECT_TRUE(strstr(text, "5 bytes into the freed vmalloc area"));
}

/* What an area holds is told where memory is counted, and when there is none. */
KTEST(vmalloc, the_pages_of_areas_are_told_when_memory_is_out)
{
	static char text[2048];
	char wanted[64];
	struct text_buffer buffer;
	struct vmalloc_counts counts;
	void *memory = vmalloc(5 * PAGE_SIZE);

	ASSERT_TEST(memory);
	vmalloc_count(&counts);
	mm_report_out_of_memory(GFP_KERNEL, 0);
	text_buffer_init(&buffer, text, sizeof(text));
	printk_dump(&buffer.sink, 8);
	snprintf(wanted, sizeof(wanted), "vmalloc: %lu pages in %lu areas", counts.pages,
		 counts.areas);
	EXPECT_TRUE(strstr(text, wanted));
	text_buffer_init(&buffer, text, sizeof(text));
	proc_meminfo(&(struct seq_file){.sink = &buffer.sink});
	snprintf(wanted, sizeof(wanted), "VmallocUsed:%12lu kB", counts.pages * PAGE_SIZE / KIB);
	EXPECT_TRUE(strstr(text, wanted));
	vfree(memory);
}

/* sem-V3: as vmap(), but given back with the count. */
KTEST(vmalloc, vm_map_ram_is_unmapped_with_the_same_count_sem_V3)
{
	struct page *pages[3];
	unsigned int *view;

	ASSERT_TEST(alloc_pages_bulk_array(GFP_KERNEL, 3, memset(pages, 0, sizeof(pages))) == 3);
	view = vm_map_ram(pages, 3, -1);
	ASSERT_TEST(view);
	view[2 * PAGE_SIZE / sizeof(*view)] = 7;
	EXPECT_EQ(*(unsigned int *)page_address(pages[2]), 7);
	EXPECT_REPORT("vm_unmap_ram: another number of pages", vm_unmap_ram(view, 2));
	EXPECT_TRUE(mapped(view));
	vm_unmap_ram(view, 3);
	EXPECT_FALSE(mapped(view));
	for (unsigned int i = 0; i < 3; i++)
		__free_page(pages[i]);
}

KTEST(vmalloc, the_node_forms_prefer_their_node)
{
	for (unsigned int node = 0; node < nr_nodes; node++) {
		struct page *page = alloc_pages_node((int)node, GFP_HIGHUSER | __GFP_NOWARN, 0);
		int nid = page ? page_to_nid(page) : -1;
		char *memory, *small;

		if (page)
			__free_page(page);
		memory = vzalloc_node(3 * PAGE_SIZE, (int)node);
		small = vmalloc_node(1, (int)node);
		ASSERT_TEST(memory && small);
		/* Where the node has memory at all. */
		if (nid == (int)node) {
			EXPECT_EQ(page_to_nid(vmalloc_to_page(memory)), nid);
			EXPECT_EQ(page_to_nid(vmalloc_to_page(memory + 2 * PAGE_SIZE)), nid);
			EXPECT_EQ(page_to_nid(vmalloc_to_page(small)), nid);
		}
		EXPECT_EQ(memchr_inv(memory, 0, 3 * PAGE_SIZE), NULL);
		vfree(memory);
		vfree(small);
	}
}

/* fault-V8: in the order that a step of 7 makes of them, so that blocks end in no order. */
KTEST(vmalloc, fifteen_thousand_areas_live_at_once_fault_V8)
{
	unsigned int nr = 15000, i, wrong = 0;
	unsigned int **areas;

	if (nr_idle_pages() < nr + nr / 4)
		SKIP_TEST("the machine is too small for 15,000 areas");
	areas = vmalloc_array(nr, sizeof(*areas));
	ASSERT_TEST(areas);
	for (i = 0; i < nr; i++) {
		areas[i] = vmalloc(1);
		if (!areas[i])
			break;
		*areas[i] = i;
	}
	EXPECT_EQ(i, nr);
	EXPECT_TRUE(vmalloc_check());
	nr = i;
	for (i = 0; i < nr; i++) {
		unsigned int *area = areas[i * 7UL % nr];

		wrong += *area != i * 7UL % nr;
		vfree(area);
	}
	EXPECT_EQ(wrong, 0);
	vfree(areas);
	vmalloc_drain();
	EXPECT_TRUE(vmalloc_check());
}

/* fault-V8, small: many areas of all sizes live and die. */
KTEST(vmalloc, areas_of_all_sizes_live_beside_each_other_fault_V8)
{
	static unsigned char *memory[40];
	static unsigned long pages[40];
	uint64_t state = 42;

	if (nr_idle_pages() < 3000)
		SKIP_TEST("the machine is too small for 40 areas of up to 48 pages");
	for (unsigned int step = 0; step < 400; step++) {
		unsigned int i = (unsigned int)(state >> 33) % ARRAY_SIZE(memory);

		state = state * 6364136223846793005UL + 1442695040888963407UL;
		if (memory[i]) {
			EXPECT_EQ(memory[i][0], (unsigned char)i);
			EXPECT_EQ(memory[i][pages[i] * PAGE_SIZE - 1], (unsigned char)i);
			vfree(memory[i]);
			memory[i] = NULL;
			continue;
		}
		pages[i] = 1 + (state >> 40) % 48;
		memory[i] = vmalloc(pages[i] * PAGE_SIZE);
		ASSERT_TEST(memory[i]);
		memset(memory[i], (int)i, pages[i] * PAGE_SIZE);
		if (step % 50 == 0)
			EXPECT_TRUE(vmalloc_check());
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(memory); i++) {
		vfree(memory[i]);
		memory[i] = NULL;
	}
}

/* fault-V4 */
KTEST_PANIC(vmalloc, a_write_behind_an_area_is_told_with_its_size_and_caller_fault_V4,
	    "guard page, 12 bytes behind the end of the vmalloc area")
{
	volatile char *memory = vmalloc(PAGE_SIZE);

	memory[PAGE_SIZE + 12] = 1;
}

/* fault-V4 */
KTEST_PANIC(vmalloc, a_read_of_a_freed_area_is_told_fault_V4, "3 bytes into the freed vmalloc area")
{
	volatile char *memory = vmalloc(PAGE_SIZE);

	vfree((void *)memory);
	vmalloc_purge(); /* until the flush a CPU may remember */
	(void)memory[3];
}

/* fault-V4 */
KTEST_PANIC(vmalloc, one_byte_behind_an_area_is_its_guard_page_fault_V4,
	    "guard page, 0 bytes behind the end of the vmalloc area")
{
	volatile char *memory = vmalloc(2 * PAGE_SIZE);

	(void)memory[2 * PAGE_SIZE];
}

/* fault-V4: the area below has its guard page there. */
KTEST_PANIC(vmalloc, one_byte_before_an_area_is_the_guard_page_of_the_one_below_fault_V4,
	    "guard page, 4095 bytes behind the end of the vmalloc area")
{
	volatile char *below = vmalloc(PAGE_SIZE), *memory = vmalloc(PAGE_SIZE);

	if (below + 2 * PAGE_SIZE == memory)
		(void)memory[-1];
}

/* fault-V4: nothing is below, as large areas have their range for themselves. */
KTEST_PANIC(vmalloc, one_byte_before_the_first_area_is_told_too_fault_V4,
	    "1 bytes before the vmalloc area")
{
	volatile char *memory;

	vmalloc_drain();
	memory = vmalloc(PAGE_SIZE); /* the first slot of a fresh block */
	(void)memory[-1];
}
