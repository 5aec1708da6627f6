/* SPDX-License-Identifier: MIT */
/*
 * concurrent_test.c - pages taken and given by interrupts and by several CPUs at once.
 */
#include <lib/ktest.h>

#include <lib/smp.h>
#include <mm/gfp.h>
#include <mm/pcp.h>
#include <mm/zone.h>

#define MAX_CPUS 4

/* --- interrupts ------------------------------------------------------------------------ */

struct storm {
	uint32_t seed;
	unsigned long taken, wrong;
};

/* Takes a block, stamps it, looks at the stamp, gives it back. */
static void take_and_give(struct storm *storm, gfp_t gfp)
{
	unsigned long *words, stamp;
	unsigned int order;
	struct page *page;

	storm->seed = storm->seed * 1664525u + 1013904223u;
	order = storm->seed >> 28;
	page = alloc_pages(gfp | __GFP_NOWARN, order < 6 ? order : 0);
	if (!page)
		return;
	words = page_address(page);
	stamp = (unsigned long)words ^ storm->seed;
	words[0] = stamp;
	words[(PAGE_SIZE << page->order) / sizeof(*words) - 1] = stamp;
	storm->taken++;
	storm->wrong += READ_ONCE(words[0]) != stamp || page->refcount != 1;
	if (storm->seed & 1 << 20)
		__free_pages(page, page->order);
	else
		put_page(page);
}

static void interrupt_body(void *context)
{
	struct storm *storm = context;

	take_and_give(storm, GFP_ATOMIC);
	if (storm->taken % 64 == 0)
		drain_local_pages();
}

/* sem-A2, fault-P12, fault-R3: an interrupt of the timer, again and again, in the midst of the task's own requests. */
KTEST(page_concurrent, interrupts_take_and_give_in_the_midst_of_a_task)
{
	struct storm task = {.seed = 1}, interrupt = {.seed = 2};
	unsigned long idle = nr_idle_pages(), i, runs;

	ktest_storm_begin(interrupt_body, &interrupt);
	for (i = 0; i < 20000; i++) {
		take_and_give(&task, GFP_KERNEL);
		if (i % 256 == 0)
			drain_all_pages();
	}
	runs = ktest_storm_end();
	EXPECT_EQ(task.wrong + interrupt.wrong, 0);
	EXPECT_GT(task.taken, 10000);
	if (runs)
		EXPECT_GT(interrupt.taken, 0);
	EXPECT_EQ(nr_idle_pages(), idle);
	EXPECT_TRUE(page_check());
}

/* sem-P8, fault-P9: in an interrupt nobody waits; told with the rule, and served. */
static void ask_to_sleep(void *context)
{
	struct page **page = context;

	*page = alloc_page(GFP_KERNEL);
}

KTEST(page_concurrent, a_request_that_may_sleep_in_an_interrupt_is_told_the_rule)
{
	struct page *page = NULL;

	if (!CONFIG_DEBUG)
		SKIP_TEST("release builds look in the slow way only");
	EXPECT_REPORT("may sleep, but is asked for in an interrupt",
		      ktest_in_interrupt(ask_to_sleep, &page));
	EXPECT_TRUE(page);
	if (page)
		__free_page(page);
}

/* --- CPUs --------------------------------------------------------------------------------- */

static unsigned int cpus_to_use(void)
{
	return min(smp_nr_running(), (unsigned int)MAX_CPUS);
}

static struct storm of_cpu[MAX_CPUS];

/* The first CPU empties everybody's lists all the while. */
static void churn(unsigned int cpu, void *context)
{
	unsigned int i;

	(void)context;
	for (i = 0; i < 4000; i++) {
		take_and_give(&of_cpu[cpu], GFP_ATOMIC);
		if (cpu == 0 && i % 8 == 0)
			drain_all_pages();
	}
}

/* fault-P12, fault-R2: lists that are drained by another CPU while their own takes and gives. */
KTEST(page_concurrent, lists_are_drained_while_their_cpu_uses_them)
{
	unsigned int nr = cpus_to_use(), cpu;
	unsigned long idle = nr_idle_pages();

	if (nr < 2)
		SKIP_TEST("one CPU runs");
	for (cpu = 0; cpu < nr; cpu++)
		of_cpu[cpu] = (struct storm){.seed = cpu + 1};
	if (!ktest_run_on_cpus(nr, churn, NULL))
		return;
	for (cpu = 0; cpu < nr; cpu++) {
		EXPECT_EQ(of_cpu[cpu].wrong, 0);
		EXPECT_GT(of_cpu[cpu].taken, 1000);
	}
	EXPECT_EQ(nr_idle_pages(), idle);
	EXPECT_TRUE(page_check());
}

static struct page *shared;
static unsigned int at_the_line;

/* Both are at the line before either frees. */
static void free_shared(unsigned int cpu, void *context)
{
	(void)cpu;
	(void)context;
	__atomic_add_fetch(&at_the_line, 1, __ATOMIC_ACQ_REL);
	while (__atomic_load_n(&at_the_line, __ATOMIC_ACQUIRE) < 2)
		arch_cpu_relax();
	__free_page(shared);
}

/* fault-P3: two CPUs free one page at the same moment: one is refused, and the page is on a list once. */
KTEST(page_concurrent, of_two_cpus_that_free_one_page_one_is_refused)
{
	unsigned long idle = nr_idle_pages();
	unsigned int round;

	if (cpus_to_use() < 2)
		SKIP_TEST("one CPU runs");
	for (round = 0; round < 50; round++) {
		shared = alloc_page(GFP_KERNEL);
		ASSERT_TEST(shared);
		at_the_line = 0;
		EXPECT_REPORT("__free_pages: page", ktest_run_on_cpus(2, free_shared, NULL));
	}
	EXPECT_EQ(nr_idle_pages(), idle);
	EXPECT_TRUE(page_check());
}

static struct page *rings[MAX_CPUS][64];

/* Each CPU takes for the next one and gives what the one before it took. */
static void pipeline(unsigned int cpu, void *context)
{
	unsigned int nr = *(unsigned int *)context, i;
	struct page *page;

	for (i = 0; i < 20000; i++) {
		if (!__atomic_load_n(&rings[cpu][i % 64], __ATOMIC_ACQUIRE)) {
			page = alloc_pages(GFP_ATOMIC | __GFP_NOWARN, i % 4);
			__atomic_store_n(&rings[cpu][i % 64], page, __ATOMIC_RELEASE);
		}
		page = __atomic_exchange_n(&rings[(cpu + 1) % nr][i * 7 % 64], NULL,
					   __ATOMIC_ACQ_REL);
		if (page)
			__free_pages(page, page->order);
	}
}

/* fault-R1: pages that are taken on one CPU and given on another; nothing is lost on the way. */
KTEST(page_concurrent, pages_that_change_cpus_come_back)
{
	unsigned int nr = cpus_to_use(), cpu, i;
	unsigned long idle = nr_idle_pages();

	if (nr < 2)
		SKIP_TEST("one CPU runs");
	if (!ktest_run_on_cpus(nr, pipeline, &nr))
		return;
	for (cpu = 0; cpu < nr; cpu++)
		for (i = 0; i < 64; i++)
			if (rings[cpu][i])
				__free_pages(rings[cpu][i], rings[cpu][i]->order);
	memset(rings, 0, sizeof(rings));
	EXPECT_EQ(nr_idle_pages(), idle);
	EXPECT_TRUE(page_check());
}
