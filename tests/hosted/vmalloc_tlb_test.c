/* SPDX-License-Identifier: MIT */
/*
 * vmalloc_tlb_test.c - no CPU ever sees another owner's memory through an address that was freed.
 *
 * The hosted machine's TLB remembers each translation until it is told to forget, and a read that may fault can be tried
 * there (os_try_read). So whatever a careless CPU could see on a real machine on a bad day is seen here each time.
 */
#include "../../arch/hosted/mmu.h"
#include "../../arch/hosted/os.h"

#include <lib/ktest.h>
#include <lib/smp.h>
#include <mm/pcp.h>
#include <mm/vmalloc.h>

#define MAX_CPUS 4

/* --- one CPU, step by step ---------------------------------------------------------------- */

struct probe {
	const uint64_t *address;
	uint64_t value;
	bool answered;
};

static void look(unsigned int cpu, void *context)
{
	struct probe *probe = context;

	if (cpu == smp_nr_running() - 1)
		probe->answered = os_try_read(probe->address, &probe->value, sizeof(probe->value));
}

/* As another CPU sees it, where there is one. */
static bool sees(struct probe *probe)
{
	smp_run_on_cpus(smp_nr_running(), look, probe);
	return probe->answered;
}

/* Whoever takes pages now gets those that came back last, and writes into them. */
static void write_the_next_pages(uint64_t word)
{
	static struct page *page[200];
	unsigned long nr = 0;

	while (nr < ARRAY_SIZE(page) && (page[nr] = alloc_page(GFP_KERNEL | __GFP_NOWARN)))
		*(uint64_t *)page_address(page[nr++]) = word;
	while (nr)
		__free_page(page[--nr]);
}

/*
 *	vfree	the address still leads to the page, but nobody else has got the page
 *	flush	it leads nowhere
 *	reuse	the page has a new owner, and the address still leads nowhere
 */
KTEST(hosted_vmalloc, a_freed_page_has_no_new_owner_before_the_flush_fault_V7)
{
	struct probe probe;
	uint64_t *memory;

	vmalloc_drain();
	memory = vmalloc(PAGE_SIZE);
	ASSERT_TEST(memory);
	*memory = 0x1111;
	probe.address = memory;
	EXPECT_TRUE(sees(&probe));
	vfree(memory);
	/* The CPU remembers: that is why the page must wait. */
	EXPECT_TRUE(sees(&probe));
	EXPECT_EQ(probe.value, 0x1111);
	write_the_next_pages(0x2222);
	EXPECT_TRUE(sees(&probe));
	EXPECT_EQ(probe.value, 0x1111);
	vmalloc_purge();
	EXPECT_FALSE(sees(&probe));
}

KTEST(hosted_vmalloc, a_freed_address_is_not_reused_before_the_flush_fault_V7)
{
	static uint64_t *before[60], *after[60];
	unsigned int i, j;

	vmalloc_drain();
	for (i = 0; i < ARRAY_SIZE(before); i++)
		ASSERT_TEST((before[i] = vmalloc(PAGE_SIZE)));
	for (i = 0; i < ARRAY_SIZE(before); i++)
		vfree(before[i]);
	for (i = 0; i < ARRAY_SIZE(after); i++) {
		after[i] = vmalloc(PAGE_SIZE);
		ASSERT_TEST(after[i]);
		for (j = 0; j < ARRAY_SIZE(before); j++)
			EXPECT_NE(after[i], before[j]);
	}
	for (i = 0; i < ARRAY_SIZE(after); i++)
		vfree(after[i]);
}

/* --- several CPUs at random ------------------------------------------------------------------ */

#define LIVING	16
#define ROUNDS	2000
#define ADDRESS ((1UL << 48) - 1)

static struct {
	uint64_t *published[MAX_CPUS][LIVING]; /* living, or freed at any time ago */
	unsigned long own[MAX_CPUS], faults[MAX_CPUS], foreign[MAX_CPUS];
	unsigned int nr_cpus;
} traffic;

static uint32_t random_number(uint32_t *seed, uint32_t bound)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)*seed * bound >> 32);
}

/* A tag says where it stands: through any other address it is somebody else's. Pages come zeroed, so what has no tag yet is 0. */
static void probe_one(unsigned int cpu, uint32_t *seed)
{
	uint64_t *address = __atomic_load_n(&traffic.published[random_number(seed, traffic.nr_cpus)]
							      [random_number(seed, LIVING)],
					    __ATOMIC_ACQUIRE);
	uint64_t value;

	if (!address)
		return;
	if (!os_try_read(address, &value, sizeof(value)))
		traffic.faults[cpu]++;
	else if (value == 0 || (value & ADDRESS) == ((uintptr_t)address & ADDRESS))
		traffic.own[cpu]++;
	else
		traffic.foreign[cpu]++;
}

static void tag_pages(uint64_t *words, unsigned long pages, uint64_t round)
{
	for (unsigned long i = 0; i < pages; i++) {
		uint64_t *word = words + i * PAGE_SIZE / sizeof(*words);

		*word = ((uintptr_t)word & ADDRESS) | round << 48;
	}
}

/* Any page of it, to be probed from now on, also when it is freed. */
static uint64_t *make_and_publish(unsigned int cpu, unsigned int i, uint32_t *seed, uint64_t round)
{
	unsigned long pages = 1 + random_number(seed, 40);
	uint64_t *words = vzalloc(pages * PAGE_SIZE);

	if (!words)
		return NULL;
	tag_pages(words, pages, round);
	__atomic_store_n(&traffic.published[cpu][i],
			 words + random_number(seed, (uint32_t)pages) * PAGE_SIZE / sizeof(*words),
			 __ATOMIC_RELEASE);
	return words;
}

static void make_free_and_probe(unsigned int cpu, void *context)
{
	uint64_t *mine[LIVING] = {NULL};
	uint32_t seed = cpu + 1;

	(void)context;
	for (unsigned int round = 0; round < ROUNDS; round++) {
		unsigned int i = random_number(&seed, LIVING);

		vfree(mine[i]);
		mine[i] = mine[i] ? NULL : make_and_publish(cpu, i, &seed, round);
		for (int n = 0; n < 4; n++)
			probe_one(cpu, &seed);
	}
	for (unsigned int i = 0; i < LIVING; i++)
		vfree(mine[i]);
	vmalloc_drain();
}

KTEST(hosted_vmalloc, a_probe_sees_its_own_tag_or_faults_and_never_a_foreign_tag_fault_L4)
{
	unsigned int cpu;

	memset(&traffic, 0, sizeof(traffic));
	traffic.nr_cpus = min(smp_nr_running(), (unsigned int)MAX_CPUS);
	if (nr_idle_pages() < traffic.nr_cpus * LIVING * 80)
		SKIP_TEST("the machine is too small");
	ktest_run_on_cpus(traffic.nr_cpus, make_free_and_probe, NULL);
	for (cpu = 0; cpu < traffic.nr_cpus; cpu++) {
		EXPECT_EQ(traffic.foreign[cpu], 0);
		EXPECT_GT(traffic.own[cpu], 0);
		EXPECT_GT(traffic.faults[cpu], 0);
	}
	vmalloc_drain();
}
