/* SPDX-License-Identifier: MIT */
/*
 * vmalloc_concurrent_test.c - areas that interrupts and other CPUs free, in the midst of those that are being made.
 */
#include <mm/vmalloc.h>

#include <lib/ktest.h>
#include <lib/smp.h>
#include <mm/kmap.h>
#include <mm/pcp.h>
#include <mm/pgtable.h>

#define MAX_CPUS 4
#define ROUNDS	 1500

static uint64_t tag_of(const void *address)
{
	return (uintptr_t)address * 0x9e3779b97f4a7c15UL;
}

/* Up to 3 pages; the tag stands in the first and in the last word. */
static uint64_t *area_make(unsigned long pages)
{
	uint64_t *words = vmalloc(pages * PAGE_SIZE);

	if (words)
		words[0] = words[pages * PAGE_SIZE / sizeof(*words) - 1] = tag_of(words);
	return words;
}

static bool is_whole(const uint64_t *words, unsigned long pages)
{
	return words[0] == tag_of(words) &&
	       words[pages * PAGE_SIZE / sizeof(*words) - 1] == tag_of(words);
}

/* --- interrupts ------------------------------------------------------------------------ */

static void free_it(void *memory)
{
	vfree(memory);
}

/* Unmapped at once where that is one store, later where it is a walk; the pages follow with the next flush. */
static void free_in_interrupt(unsigned long pages)
{
	char *memory = vmalloc(pages * PAGE_SIZE);
	struct vmalloc_counts counts;
	struct pt_entry entry;

	ASSERT_TEST(memory);
	vmalloc_purge();
	ktest_in_interrupt(free_it, memory);
	vmalloc_count(&counts);
	EXPECT_EQ(counts.lazy_areas, 1);
	EXPECT_EQ(counts.lazy_pages, pages);
	EXPECT_EQ(vmalloc_purge(), pages);
	EXPECT_FALSE(pgtable_query((uintptr_t)memory, &entry));
	EXPECT_REPORT("vfree: no area is there", vfree(memory));
}

KTEST(vmalloc_concurrent, an_area_freed_in_an_interrupt_goes_later_fault_V5)
{
	if (nr_idle_pages() < 1000)
		SKIP_TEST("the machine is too small");
	free_in_interrupt(1);
	free_in_interrupt(200);
}

/* The next call that may wait does what the interrupt could not. */
KTEST(vmalloc_concurrent, what_an_interrupt_freed_goes_with_the_next_free_of_a_task_fault_V5)
{
	char *large = vmalloc(200 * PAGE_SIZE), *small = vmalloc(PAGE_SIZE);
	struct vmalloc_counts counts;

	ASSERT_TEST(large && small);
	ktest_in_interrupt(free_it, large);
	vfree(small);
	vmalloc_count(&counts);
	EXPECT_EQ(counts.lazy_areas, 0);
}

struct storm {
	uint64_t *handed; /* an area of 2 pages for the interrupt to free */
	uint64_t *living; /* one that it only looks at */
	struct page *page;
	unsigned long freed, wrong;
};

static void interrupt(void *context)
{
	struct storm *storm = context;
	uint64_t *area = __atomic_exchange_n(&storm->handed, NULL, __ATOMIC_ACQ_REL);
	uint64_t *view = kmap_local_page(storm->page);

	storm->wrong += *view != 42 || vmalloc_to_page(storm->living) == NULL ||
			!is_vmalloc_addr(storm->living);
	kunmap_local(view);
	if (!area)
		return;
	storm->wrong += !is_whole(area, 2);
	storm->freed++;
	vfree(area);
}

/* sem-A2: what is allowed in an interrupt, wherever it arrives inside the same calls of the task. */
KTEST(vmalloc_concurrent, interrupts_free_and_look_inside_vmalloc_itself_sem_A2)
{
	struct storm storm = {.page = alloc_page(GFP_KERNEL), .living = area_make(1)};
	unsigned long i, wrong = 0, runs;
	uint64_t *area, *nobody;

	ASSERT_TEST(storm.page && storm.living);
	*(uint64_t *)page_address(storm.page) = 42;
	ktest_storm_begin(interrupt, &storm);
	for (i = 0; i < ROUNDS; i++) {
		area = area_make(2);
		if (!area)
			break;
		nobody = NULL;
		if (__atomic_compare_exchange_n(&storm.handed, &nobody, area, false,
						__ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			continue;
		wrong += !is_whole(area, 2);
		vfree(area);
	}
	runs = ktest_storm_end();
	EXPECT_EQ(i, ROUNDS);
	EXPECT_EQ(wrong + storm.wrong, 0);
	if (runs > 1)
		EXPECT_GT(storm.freed, 0);
	vfree(storm.handed);
	vfree(storm.living);
	vmalloc_drain();
	EXPECT_TRUE(vmalloc_check());
	__free_page(storm.page);
}

/* --- CPUs -------------------------------------------------------------------------------- */

#define RING 16

/* From each CPU to the next: one writer, one reader. */
static struct ring {
	uint64_t *area[RING];
	unsigned long head, tail;
} rings[MAX_CPUS];

static struct {
	unsigned int nr_cpus;
	unsigned long received[MAX_CPUS], wrong[MAX_CPUS];
	unsigned int done; /* CPUs that will send no more */
} crossing;

static unsigned long pages_of(unsigned long number)
{
	return 1 + number % 3;
}

/* The n-th area that comes through a ring has a size that follows from n. */
static bool receive(unsigned int cpu)
{
	struct ring *ring = &rings[cpu];
	unsigned long head = ring->head;
	uint64_t *area;

	if (head == __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE))
		return false;
	area = ring->area[head % RING];
	__atomic_store_n(&ring->head, head + 1, __ATOMIC_RELEASE);
	crossing.received[cpu]++;
	crossing.wrong[cpu] += !is_whole(area, pages_of(head));
	vfree(area);
	return true;
}

static void send(unsigned int cpu)
{
	struct ring *ring = &rings[(cpu + 1) % crossing.nr_cpus];
	unsigned long tail = ring->tail;

	while (tail - __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE) == RING)
		if (!receive(cpu))
			arch_cpu_relax();
	ring->area[tail % RING] = area_make(pages_of(tail));
	if (ring->area[tail % RING])
		__atomic_store_n(&ring->tail, tail + 1, __ATOMIC_RELEASE);
}

static void cross(unsigned int cpu, void *context)
{
	(void)context;
	for (unsigned int i = 0; i < ROUNDS; i++) {
		send(cpu);
		receive(cpu);
		if (i % 100 == cpu)
			vmalloc_purge();
	}
	__atomic_add_fetch(&crossing.done, 1, __ATOMIC_ACQ_REL);
	while (receive(cpu) || __atomic_load_n(&crossing.done, __ATOMIC_ACQUIRE) < crossing.nr_cpus)
		arch_cpu_relax();
	while (receive(cpu))
		;
	vmalloc_drain();
}

/* fault-R1 */
KTEST(vmalloc_concurrent, areas_wander_from_cpu_to_cpu_and_none_is_lost)
{
	unsigned int cpu;

	memset(rings, 0, sizeof(rings));
	memset(&crossing, 0, sizeof(crossing));
	crossing.nr_cpus = min(smp_nr_running(), (unsigned int)MAX_CPUS);
	if (crossing.nr_cpus < 2)
		SKIP_TEST("one CPU runs");
	if (!ktest_run_on_cpus(crossing.nr_cpus, cross, NULL))
		return;
	for (cpu = 0; cpu < crossing.nr_cpus; cpu++) {
		EXPECT_EQ(crossing.wrong[cpu], 0);
		EXPECT_EQ(crossing.received[cpu], ROUNDS);
	}
	vmalloc_drain();
	EXPECT_TRUE(vmalloc_check());
}
