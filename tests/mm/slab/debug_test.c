/* SPDX-License-Identifier: MIT */
/*
 * debug_test.c - the layer that watches objects: who writes where he should not is seen, told and put right.
 *
 * Everything here holds for any allocator behind mm/slab/impl.h.
 */
#include <lib/ktest.h>

#include <lib/stack_depot.h>
#include <mm/slab.h>

#include "../../framework/ktest_run.h"

#define WATCHED SLAB_DEBUG_FLAGS

static struct kmem_cache *watched(size_t size, slab_flags_t flags)
{
	return kmem_cache_create("test-watched", size, 0, flags | SLAB_NO_USER_FLAGS, NULL);
}

/* The statement makes one report and one repair. */
#define EXPECT_REPAIR(title, ...)                                                                  \
	do {                                                                                       \
		struct slab_debug_stats before_ = slab_debug_stats();                              \
		EXPECT_REPORT(title, __VA_ARGS__);                                                 \
		EXPECT_EQ(slab_debug_stats().reports, before_.reports + 1);                        \
		EXPECT_EQ(slab_debug_stats().repairs, before_.repairs + 1);                        \
	} while (0)

/*
 *	| cc.. | 40 bytes | cc.. |
 *	     ^ -1           ^ +40
 *
 * fault-S6, sem-S9
 */
KTEST(slab_debug, one_byte_beyond_either_end_is_seen_when_the_object_is_freed)
{
	struct kmem_cache *cache = watched(40, WATCHED);
	unsigned char *p;

	ASSERT_TEST(cache);
	p = kmem_cache_alloc(cache, GFP_KERNEL);
	ASSERT_TEST(p);
	p[40] = 'X';
	EXPECT_REPAIR("test-watched: Right Redzone overwritten", kmem_cache_free(cache, p));

	p = kmem_cache_alloc(cache, GFP_KERNEL);
	ASSERT_TEST(p);
	p[-1] = 'X';
	EXPECT_REPAIR("test-watched: Left Redzone overwritten", kmem_cache_free(cache, p));

	p = kmem_cache_alloc(cache, GFP_KERNEL);
	ASSERT_TEST(p);
	p[0] = p[39] = 'X'; /* his own */
	kmem_cache_free(cache, p);
	kmem_cache_destroy(cache);
}

/* Of 32 bytes 18 were asked for: the 19th is not his. fault-S6 */
KTEST(slab_debug, the_red_zone_begins_behind_what_was_asked_for)
{
	struct kmem_cache *cache = watched(32, SLAB_RED_ZONE);
	unsigned char *p;
	size_t at;

	ASSERT_TEST(cache);
	for (at = 18; at < 40; at++) {
		p = kmem_cache_alloc_trace(cache, GFP_KERNEL, 18);
		ASSERT_TEST(p);
		EXPECT_EQ(ksize(p), 18);
		p[17] = 1;
		p[at] = 1;
		EXPECT_REPAIR("Right Redzone overwritten", kfree(p));
	}
	kmem_cache_destroy(cache);
}

/* fault-S6: a write that goes on over the next object damages that one's zone too; each is told and put right */
KTEST(slab_debug, a_long_overrun_is_found_in_every_object_that_it_hit)
{
	struct kmem_cache *cache = watched(40, SLAB_RED_ZONE | SLAB_CONSISTENCY_CHECKS);
	unsigned char *p[8];
	unsigned long errors, reports;
	unsigned int i;

	ASSERT_TEST(cache);
	for (i = 0; i < ARRAY_SIZE(p); i++)
		p[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	for (i = 0; i + 1 < ARRAY_SIZE(p); i++)
		if (p[i + 1] > p[i] && p[i + 1] < p[i] + 128)
			break;
	ASSERT_TEST(i + 1 < ARRAY_SIZE(p));
	reports = report_count();
	memset(p[i] + 40, 0, (size_t)(p[i + 1] - p[i]) - 40);
	errors = validate_slab_cache(cache);
	EXPECT_EQ(errors, 2); /* the right zone of one, the left zone of the other */
	EXPECT_EQ(report_count(), reports + 2);
	ktest_forgive_reports(report_count() - reports);
	EXPECT_TRUE(strstr(report_last_title(), "Redzone overwritten"));
	EXPECT_EQ(validate_slab_cache(cache), 0);
	for (i = 0; i < ARRAY_SIZE(p); i++)
		kmem_cache_free(cache, p[i]);
	kmem_cache_destroy(cache);
}

/* fault-S7: the first word, the middle, the byte before the last, the last */
KTEST(slab_debug, a_write_after_free_is_seen_at_the_next_allocation)
{
	static const size_t places[] = {0, 7, 24, 46, 47};
	struct kmem_cache *cache = watched(48, WATCHED);
	unsigned char *p, *q = NULL;
	unsigned int i;

	ASSERT_TEST(cache);
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		p = kmem_cache_alloc(cache, GFP_KERNEL);
		ASSERT_TEST(p);
		kmem_cache_free(cache, p);
		p[places[i]] ^= 1;
		EXPECT_REPAIR("oison overwritten", q = kmem_cache_alloc(cache, GFP_KERNEL));
		EXPECT_EQ(q, p);
		EXPECT_EQ(memchr_inv(q, 0x5a, 48), NULL);
		kmem_cache_free(cache, q);
	}
	EXPECT_EQ(validate_slab_cache(cache), 0);
	kmem_cache_destroy(cache);
}

/* sem-S9, fault-S7: found without an allocation; repaired, so that the second look finds nothing */
KTEST(slab_debug, validation_counts_repairs_and_then_finds_nothing)
{
	struct kmem_cache *cache = watched(64, WATCHED);
	unsigned char *p, *q;
	struct slab_debug_stats before = slab_debug_stats();

	ASSERT_TEST(cache);
	p = kmem_cache_alloc(cache, GFP_KERNEL);
	q = kmem_cache_alloc(cache, GFP_KERNEL);
	ASSERT_TEST(p && q);
	EXPECT_EQ(validate_slab_cache(cache), 0);
	p[64] = 0;
	EXPECT_REPORT("Right Redzone", EXPECT_EQ(validate_slab_cache(cache), 1));
	EXPECT_EQ(validate_slab_cache(cache), 0);
	kmem_cache_free(cache, p);
	p[10] = 0;
	EXPECT_REPORT("Poison", EXPECT_EQ(validate_slab_cache(cache), 1));
	EXPECT_EQ(validate_slab_cache(cache), 0);
	EXPECT_EQ(slab_debug_stats().reports, before.reports + 2);
	EXPECT_EQ(slab_debug_stats().repairs, before.repairs + 2);
	kmem_cache_free(cache, q);
	kmem_cache_destroy(cache);
}

/* Without F a damaged free object is handed out as it is, without Z nobody guards, without P nobody poisons. */
KTEST(slab_debug, each_flag_does_its_own_part)
{
	struct kmem_cache *cache = watched(48, SLAB_POISON);
	unsigned char *p;

	ASSERT_TEST(cache);
	p = kmem_cache_alloc(cache, GFP_KERNEL);
	ASSERT_TEST(p);
	EXPECT_EQ(memchr_inv(p, 0x5a, 48), NULL);
	kmem_cache_free(cache, p);
	EXPECT_EQ(memchr_inv(p, 0x6b, 47), NULL);
	EXPECT_EQ(p[47], 0xa5);
	p[3] = 0;
	p = kmem_cache_alloc(cache, GFP_KERNEL);
	kmem_cache_free(cache, p);
	EXPECT_EQ(validate_slab_cache(cache), 0);
	kmem_cache_destroy(cache);

	cache = watched(48, SLAB_RED_ZONE);
	ASSERT_TEST(cache);
	p = kmem_cache_alloc(cache, GFP_KERNEL);
	ASSERT_TEST(p);
	EXPECT_EQ(p[-1], 0xcc);
	EXPECT_EQ(p[48], 0xcc);
	kmem_cache_free(cache, p);
	EXPECT_EQ(p[-1], 0xbb);
	EXPECT_EQ(p[48], 0xbb);
	kmem_cache_destroy(cache);
}

static unsigned int nr_constructed;

static void construct(void *object)
{
	nr_constructed++;
	memset(object, 0x77, 40);
}

/* sem-S5: poison destroys what was constructed, so that it is done anew */
KTEST(slab_debug, poisoned_objects_are_constructed_for_each_owner)
{
	struct kmem_cache *cache = kmem_cache_create("test-watched", 40, 0,
						     WATCHED | SLAB_NO_USER_FLAGS, construct);
	unsigned int i, before;
	unsigned char *p;

	ASSERT_TEST(cache);
	for (i = 0; i < 3; i++) {
		before = nr_constructed;
		p = kmem_cache_alloc(cache, GFP_KERNEL);
		ASSERT_TEST(p);
		EXPECT_GT(nr_constructed, before);
		EXPECT_EQ(memchr_inv(p, 0x77, 40), NULL);
		memset(p, 0, 40);
		kmem_cache_free(cache, p);
	}
	kmem_cache_destroy(cache);
}

/* fault-S4: any second free, at once, later, and when others were freed since */
KTEST(slab_debug, every_second_free_is_refused)
{
	struct kmem_cache *cache = watched(64, WATCHED);
	void *p[40];
	unsigned int i;

	ASSERT_TEST(cache);
	for (i = 0; i < ARRAY_SIZE(p); i++)
		p[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	kmem_cache_free(cache, p[7]);
	EXPECT_REPORT("object freed twice", kmem_cache_free(cache, p[7]));
	for (i = 8; i < ARRAY_SIZE(p); i++)
		kmem_cache_free(cache, p[i]);
	EXPECT_REPORT("object freed twice", kmem_cache_free(cache, p[7]));
	for (i = 0; i < 7; i++)
		kmem_cache_free(cache, p[i]);
	kmem_cache_destroy(cache);
}

/* `left` is volatile so that the loop has one call, and each caller one way. */
static __noinline void first_caller(struct kmem_cache *cache, void **objects, volatile int left)
{
	while (left-- > 0)
		*objects++ = kmem_cache_alloc(cache, GFP_KERNEL);
}

static __noinline void second_caller(struct kmem_cache *cache, void **objects, volatile int left)
{
	while (left-- > 0)
		*objects++ = kmem_cache_alloc(cache, GFP_KERNEL);
}

/* sem-S9: who holds what, by the way the callers came */
KTEST(slab_debug, what_is_held_is_listed_by_caller)
{
	struct kmem_cache *cache = watched(100, SLAB_STORE_USER), *blind;
	struct slab_leak leaks[4];
	void *p[5];
	unsigned int i;

	ASSERT_TEST(cache);
	first_caller(cache, p, 3);
	second_caller(cache, p + 3, 2);
	EXPECT_EQ(slab_leaks(cache, leaks, ARRAY_SIZE(leaks)), 2);
	EXPECT_EQ(leaks[0].objects + leaks[1].objects, 5);
	EXPECT_EQ(leaks[0].bytes + leaks[1].bytes, 500);
	EXPECT_TRUE(leaks[0].objects == 3 || leaks[1].objects == 3);
	EXPECT_EQ(slab_leaks(cache, leaks, 1), 1);
	for (i = 0; i < 5; i++)
		kmem_cache_free(cache, p[i]);
	EXPECT_EQ(slab_leaks(cache, leaks, ARRAY_SIZE(leaks)), 0);
	kmem_cache_destroy(cache);

	blind = watched(100, 0);
	ASSERT_TEST(blind);
	first_caller(blind, p, 1);
	EXPECT_EQ(slab_leaks(blind, leaks, ARRAY_SIZE(leaks)), 0);
	kmem_cache_free(blind, p[0]);
	kmem_cache_destroy(blind);
}

/* sem-S9: echo 1 > /proc/sys/vm/slab_debug. Not F or U alone: all four */
KTEST(slab_debug, caches_made_after_the_switch_are_watched)
{
	bool was = slab_debug_get(), depot_was_open = stack_depot_is_open();
	struct kmem_cache *cache;
	unsigned char *p;

	EXPECT_EQ(slab_debug_set(true), 0);
	cache = kmem_cache_create("test-watched", 40, 0, 0, NULL);
	EXPECT_EQ(slab_debug_set(was), 0);
	ASSERT_TEST(cache);
	p = kmem_cache_alloc(cache, GFP_KERNEL);
	ASSERT_TEST(p);
	p[40] = 0;
	EXPECT_REPAIR("Right Redzone overwritten", kmem_cache_free(cache, p));
	kmem_cache_destroy(cache);
	if (!depot_was_open && stack_depot_is_open())
		free_pages((unsigned long)stack_depot_close(), get_order(STACK_DEPOT_SIZE));
}

/* Alignment and size hold, whatever stands around an object. */
KTEST(slab_debug, watched_objects_keep_their_alignment)
{
	static const size_t aligns[] = {8, 16, 64, 256, 4096};
	unsigned int i, j;
	void *p[6];

	for (i = 0; i < ARRAY_SIZE(aligns); i++) {
		struct kmem_cache *cache = kmem_cache_create("test-watched", 72, aligns[i],
							     WATCHED | SLAB_NO_USER_FLAGS, NULL);

		ASSERT_TEST(cache);
		for (j = 0; j < ARRAY_SIZE(p); j++) {
			p[j] = kmem_cache_alloc(cache, GFP_KERNEL);
			ASSERT_TEST(p[j]);
			EXPECT_EQ((uintptr_t)p[j] % aligns[i], 0);
			memset(p[j], 0, 72);
		}
		EXPECT_EQ(kmem_cache_size(cache), 72);
		for (j = 0; j < ARRAY_SIZE(p); j++)
			kmem_cache_free(cache, p[j]);
		kmem_cache_destroy(cache);
	}
}

/* What is too large to be watched is made all the same. */
KTEST(slab_debug, the_largest_object_is_better_unwatched_than_refused)
{
	struct kmem_cache *cache = watched(128 * KiB, WATCHED);
	void *p;

	ASSERT_TEST(cache);
	p = kmem_cache_alloc(cache, GFP_KERNEL);
	ASSERT_TEST(p);
	kmem_cache_free(cache, p);
	kmem_cache_destroy(cache);
}
