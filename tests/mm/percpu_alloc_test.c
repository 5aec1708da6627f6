/* SPDX-License-Identifier: MIT */
/*
 * percpu_alloc_test.c - per-CPU areas made on demand: given, zeroed, grown, freed, refused.
 */
#include <mm/percpu.h>

#include <arch/cpu.h>
#include <lib/bits.h>
#include <lib/ktest.h>
#include <lib/random.h>
#include <mm/page.h>
#include <mm/zone.h>

struct sample {
	uint64_t first, second;
	char text[48];
};

/* False unless every CPU's copy of a new area is zero; then it is soiled and given back. */
static bool area_comes_zeroed(size_t size)
{
	void *area = __alloc_percpu(size, 8);
	bool zero = area != NULL;

	for (unsigned int cpu = 0; area && cpu < nr_possible_cpus(); cpu++) {
		const char *bytes = per_cpu_ptr(area, cpu);

		for (size_t i = 0; i < size; i++)
			zero &= bytes[i] == 0;
		memset(per_cpu_ptr(area, cpu), 0xee, size);
	}
	free_percpu(area);
	return zero;
}

/* sem-C1: zeroed for every possible CPU, also when it was used before. Of one word to nine: four are written at a turn, then the rest. */
KTEST(percpu_alloc, an_area_is_zeroed_for_every_possible_cpu_sem_C1)
{
	for (unsigned int round = 0; round < 3; round++)
		for (size_t size = 1; size <= 72; size++)
			EXPECT_TRUE(area_comes_zeroed(size));
}

/* sem-C1: the same words reach static and dynamic areas. */
KTEST(percpu_alloc, this_cpu_reaches_its_own_area_and_no_other_sem_C1)
{
	struct sample *area = alloc_percpu(struct sample);

	ASSERT_TEST(area);
	this_cpu_write(area->first, 40);
	this_cpu_add(area->first, 2);
	get_cpu_var(*area).second = 7;
	put_cpu_var(*area);
	for (unsigned int cpu = 0; cpu < nr_possible_cpus(); cpu++) {
		bool own = cpu == arch_cpu_id();

		EXPECT_EQ(per_cpu_ptr(area, cpu)->first, own ? 42 : 0);
		EXPECT_EQ(per_cpu_ptr(area, cpu)->second, own ? 7 : 0);
	}
	EXPECT_EQ(this_cpu_read(area->first), 42);
	EXPECT_TRUE(this_cpu_ptr(area) == per_cpu_ptr(area, arch_cpu_id()));
	free_percpu(area);
}

KTEST(percpu_alloc, areas_are_aligned_and_do_not_overlap)
{
	static const size_t aligns[] = {1, 8, 16, 64, 256, PAGE_SIZE};
	char *area[ARRAY_SIZE(aligns)];

	for (size_t i = 0; i < ARRAY_SIZE(aligns); i++) {
		area[i] = __alloc_percpu(24, aligns[i]);
		ASSERT_TEST(area[i]);
		for (unsigned int cpu = 0; cpu < nr_possible_cpus(); cpu++) {
			EXPECT_TRUE(IS_ALIGNED((uintptr_t)per_cpu_ptr(area[i], cpu), aligns[i]));
			memset(per_cpu_ptr(area[i], cpu), (int)i + 1, 24);
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(aligns); i++) {
		for (unsigned int cpu = 0; cpu < nr_possible_cpus(); cpu++)
			for (unsigned int byte = 0; byte < 24; byte++)
				EXPECT_EQ(per_cpu_ptr(area[i], cpu)[byte], i + 1);
		free_percpu(area[i]);
	}
}

/* sem-C1, fault-C1: one warning and NULL. */
KTEST(percpu_alloc, what_cannot_be_is_refused_with_one_warning_fault_C1)
{
	EXPECT_REPORT("size 0", EXPECT_TRUE(!__alloc_percpu(0, 8)));
	EXPECT_REPORT("above 32 KiB", EXPECT_TRUE(!__alloc_percpu(PERCPU_MAX_SIZE + 1, 8)));
	EXPECT_REPORT("above 32 KiB", EXPECT_TRUE(!__alloc_percpu(SIZE_MAX, 8)));
	EXPECT_REPORT("no power of two", EXPECT_TRUE(!__alloc_percpu(8, 3)));
	EXPECT_REPORT("no power of two", EXPECT_TRUE(!__alloc_percpu(8, 0)));
	EXPECT_REPORT("above a page", EXPECT_TRUE(!__alloc_percpu(8, 2 * PAGE_SIZE)));
}

KTEST(percpu_alloc, the_largest_area_fits)
{
	char *area = __alloc_percpu(PERCPU_MAX_SIZE, PAGE_SIZE), *second;

	ASSERT_TEST(area);
	second = __alloc_percpu(PERCPU_MAX_SIZE, 8);
	EXPECT_TRUE(second);
	per_cpu_ptr(area, nr_possible_cpus() - 1)[PERCPU_MAX_SIZE - 1] = 1;
	free_percpu(area);
	free_percpu(second);
}

/* sem-P10 */
KTEST(percpu_alloc, freeing_null_does_nothing)
{
	free_percpu(NULL);
}

KTEST(percpu_alloc, a_pointer_that_is_no_area_is_reported)
{
	static DEFINE_PER_CPU(uint64_t, fixed);
	char *area = __alloc_percpu(64, 64);
	uint64_t local;

	ASSERT_TEST(area);
	EXPECT_REPORT("free_percpu: no area starts here", free_percpu(area + 8));
	EXPECT_REPORT("free_percpu: no area starts here", free_percpu(area + 1));
	EXPECT_REPORT("free_percpu: no area starts here", free_percpu(per_cpu_ptr(area, 0)));
	EXPECT_REPORT("free_percpu: no area starts here", free_percpu(&fixed));
	EXPECT_REPORT("free_percpu: no area starts here", free_percpu(percpu_start));
	EXPECT_REPORT("free_percpu: no area starts here", free_percpu(&local));
	EXPECT_REPORT("free_percpu: no area starts here", free_percpu((void *)16));
	EXPECT_TRUE(percpu_check());
	free_percpu(area);
	EXPECT_REPORT("free_percpu: no area starts here", free_percpu(area));
}

/* Threads areas through their own first word, as CPU 0 has it: 35,000 pointers would need an array. */
struct chained {
	struct chained *next;
	uint64_t mark[7];
};

#define NR_AREAS 35000

static struct chained *areas_make(unsigned long nr)
{
	struct chained *first = NULL;

	while (nr--) {
		struct chained *area = alloc_percpu(struct chained);

		if (!area)
			break;
		for (unsigned int cpu = 0; cpu < nr_possible_cpus(); cpu++) {
			EXPECT_EQ(per_cpu_ptr(area, cpu)->mark[6], 0);
			per_cpu_ptr(area, cpu)->mark[6] = nr + 1;
		}
		per_cpu_ptr(area, 0)->next = first;
		first = area;
	}
	return first;
}

/* Frees the area behind `area`, if there is one. */
static void free_next(struct chained *area)
{
	struct chained *next = per_cpu_ptr(area, 0)->next;

	if (!next)
		return;
	per_cpu_ptr(area, 0)->next = per_cpu_ptr(next, 0)->next;
	free_percpu(next);
}

static void free_chain(struct chained *first)
{
	while (first) {
		struct chained *next = per_cpu_ptr(first, 0)->next;

		free_percpu(first);
		first = next;
	}
}

/* As many as a quarter of the free memory holds. */
static unsigned long areas_for_this_machine(void)
{
	unsigned long room = nr_free_pages() / 4 * PAGE_SIZE;

	return min((unsigned long)NR_AREAS, room / sizeof(struct chained) / nr_possible_cpus());
}

/* fault-C2: chunks come and go. */
KTEST(percpu_alloc, chunks_grow_and_go_when_areas_are_freed_in_reverse_fault_C2)
{
	unsigned long nr = areas_for_this_machine();
	struct percpu_info before, full, after;
	struct chained *first;

	percpu_drain();
	percpu_get_info(&before);
	first = areas_make(nr);
	percpu_get_info(&full);
	EXPECT_EQ(full.areas, before.areas + nr);
	EXPECT_EQ(full.bytes, before.bytes + nr * sizeof(struct chained));
	if (nr == NR_AREAS)
		EXPECT_GE(full.chunks, before.chunks + 33);
	EXPECT_TRUE(percpu_check());
	free_chain(first);
	percpu_drain();
	percpu_get_info(&after);
	EXPECT_EQ(after.chunks, before.chunks);
	EXPECT_EQ(after.pages, before.pages);
}

/* fault-C2: every other one first, so that no two free ones touch, then the rest. */
KTEST(percpu_alloc, chunks_go_when_areas_are_freed_out_of_order_fault_C2)
{
	unsigned long nr = areas_for_this_machine();
	struct percpu_info before, half, after;
	struct chained *first, *area;

	percpu_drain();
	percpu_get_info(&before);
	first = areas_make(nr);
	for (area = first; area; area = per_cpu_ptr(area, 0)->next)
		free_next(area);
	percpu_get_info(&half);
	EXPECT_EQ(half.areas, before.areas + (nr + 1) / 2);
	EXPECT_TRUE(percpu_check());
	free_chain(areas_make(nr / 4));
	free_chain(first);
	percpu_drain();
	percpu_get_info(&after);
	EXPECT_EQ(after.chunks, before.chunks);
	EXPECT_EQ(after.pages, before.pages);
}

/* Random sizes and alignments against what was written into them. */
KTEST(percpu_alloc, random_areas_keep_what_is_theirs)
{
	static struct {
		unsigned char *area;
		size_t size;
	} held[64];
	unsigned int i, cpu = nr_possible_cpus() - 1;

	for (unsigned int round = 0; round < 4000; round++) {
		i = (unsigned int)random_below(ARRAY_SIZE(held));
		if (held[i].area) {
			EXPECT_EQ(per_cpu_ptr(held[i].area, cpu)[0], i);
			EXPECT_EQ(per_cpu_ptr(held[i].area, cpu)[held[i].size - 1], i);
			free_percpu(held[i].area);
			held[i].area = NULL;
			continue;
		}
		held[i].size = 1 + random_below(random_below(8) ? 200 : 9000);
		held[i].area = __alloc_percpu(held[i].size, BIT(random_below(8)));
		ASSERT_TEST(held[i].area);
		per_cpu_ptr(held[i].area, cpu)[0] = (unsigned char)i;
		per_cpu_ptr(held[i].area, cpu)[held[i].size - 1] = (unsigned char)i;
	}
	EXPECT_TRUE(percpu_check());
	for (i = 0; i < ARRAY_SIZE(held); i++) {
		free_percpu(held[i].area);
		held[i].area = NULL;
	}
}

/* Without leave to sleep there are only the pages that are mapped already. */
KTEST(percpu_alloc, an_atomic_request_takes_mapped_pages_only)
{
	struct percpu_info before, after;
	char *area;

	percpu_drain();
	percpu_get_info(&before);
	EXPECT_TRUE(!__alloc_percpu_gfp(PERCPU_MAX_SIZE, 8, GFP_ATOMIC));
	percpu_get_info(&after);
	EXPECT_EQ(after.pages, before.pages);

	free_percpu(__alloc_percpu(PERCPU_MAX_SIZE, 8)); /* leaves its pages behind */
	if (arch_irq_enabled())
		return; /* here they may have gone at once */
	area = __alloc_percpu_gfp(PAGE_SIZE, 8, GFP_ATOMIC);
	EXPECT_TRUE(area);
	free_percpu(area);
}

/* Two words at once, or neither. */
KTEST(percpu_alloc, the_double_word_is_exchanged_only_when_both_are_as_expected)
{
	struct sample *area = __alloc_percpu(sizeof(struct sample), 16);

	ASSERT_TEST(area);
	this_cpu_write(area->first, 1);
	this_cpu_write(area->second, 2);
	EXPECT_FALSE(this_cpu_cmpxchg_double(area->first, area->second, 1, 3, 5, 6));
	EXPECT_FALSE(this_cpu_cmpxchg_double(area->first, area->second, 0, 2, 5, 6));
	EXPECT_EQ(this_cpu_read(area->first), 1);
	EXPECT_EQ(this_cpu_read(area->second), 2);
	EXPECT_TRUE(this_cpu_cmpxchg_double(area->first, area->second, 1, 2, 5, UINT64_MAX));
	EXPECT_EQ(this_cpu_read(area->first), 5);
	EXPECT_TRUE(this_cpu_read(area->second) == UINT64_MAX);
	free_percpu(area);
}

struct widths {
	uint8_t u8;
	int16_t s16;
	uint32_t u32;
	long s64;
};

#define EXPECT_LOGIC(variable)                                                                     \
	do {                                                                                       \
		this_cpu_write(variable, 0x5a);                                                    \
		this_cpu_and(variable, 0x3c);                                                      \
		EXPECT_EQ(this_cpu_read(variable), 0x18);                                          \
		this_cpu_or(variable, 0x41);                                                       \
		EXPECT_EQ(this_cpu_read(variable), 0x59);                                          \
		EXPECT_EQ(this_cpu_add_return(variable, 4), 0x5d);                                 \
		EXPECT_EQ(this_cpu_sub_return(variable, 0xd), 0x50);                               \
		EXPECT_EQ(this_cpu_inc_return(variable), 0x51);                                    \
		EXPECT_EQ(this_cpu_dec_return(variable), 0x50);                                    \
		this_cpu_sub(variable, 0x50);                                                      \
		EXPECT_EQ(this_cpu_read(variable), 0);                                             \
	} while (0)

KTEST(percpu_alloc, logic_and_sums_of_every_width)
{
	struct widths *area = alloc_percpu(struct widths);

	ASSERT_TEST(area);
	EXPECT_LOGIC(area->u8);
	EXPECT_LOGIC(area->s16);
	EXPECT_LOGIC(area->u32);
	EXPECT_LOGIC(area->s64);
	free_percpu(area);
}

/* fault-C3: an unsigned one on a long; -1U is 4294967295 there, and minus 1U is minus one. */
KTEST(percpu_alloc, unsigned_steps_on_a_long_are_exact_fault_C3)
{
	struct widths *area = alloc_percpu(struct widths);
	unsigned int one = 1;

	ASSERT_TEST(area);
	this_cpu_sub(area->s64, one);
	EXPECT_EQ(this_cpu_read(area->s64), -1);
	this_cpu_add(area->s64, one);
	EXPECT_EQ(this_cpu_read(area->s64), 0);
	this_cpu_add(area->s64, -one);
	EXPECT_EQ(this_cpu_read(area->s64), 0xffffffffLL);
	this_cpu_add(area->s64, one);
	EXPECT_EQ(this_cpu_read(area->s64), 0x100000000LL);
	this_cpu_write(area->s64, 0);
	EXPECT_EQ(this_cpu_sub_return(area->s64, one), -1);
	EXPECT_EQ(this_cpu_add_return(area->s64, one), 0);
	this_cpu_sub(area->u8, one);
	EXPECT_EQ(this_cpu_read(area->u8), 255);
	free_percpu(area);
}
