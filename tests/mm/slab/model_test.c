/* SPDX-License-Identifier: MIT */
/*
 * model_test.c - thousands of random calls beside a model that is obviously right.
 *
 * The model is a table of what is allocated: address, size, owner. Every object is filled with a
 * stamp of its own when it is taken, and must still hold it when it is given back: two objects that
 * overlap, an object handed out twice and a write of the allocator into an object all break a stamp.
 * The numbers come from a fixed seed, so that a failure comes again.
 */
#include <lib/ktest.h>

#include <mm/slab.h>

#define NR_SLOTS 400
#define NR_STEPS 20000

static struct slot {
	unsigned char *object;
	size_t size;
	struct kmem_cache *cache; /* NULL: kmalloc */
	unsigned char stamp;
} slots[NR_SLOTS];

static uint32_t state;

static uint32_t random_number(uint32_t bound)
{
	state = state * 1664525 + 1013904223;
	return (uint32_t)(((uint64_t)state * bound) >> 32);
}

static bool stamp_holds(const struct slot *slot)
{
	return memchr_inv(slot->object, slot->stamp, slot->size) == NULL;
}

static bool slot_fill(struct slot *slot, struct kmem_cache *cache)
{
	slot->cache = cache;
	slot->size = cache ? kmem_cache_size(cache) : 1 + random_number(1U << random_number(15));
	slot->object = cache ? kmem_cache_alloc(cache, GFP_KERNEL)
			     : kmalloc(slot->size, GFP_KERNEL);
	slot->stamp = (unsigned char)random_number(256);
	if (!slot->object)
		return false;
	memset(slot->object, slot->stamp, slot->size);
	return true;
}

static bool slot_empty(struct slot *slot)
{
	bool holds = stamp_holds(slot);

	if (slot->cache && random_number(2))
		kmem_cache_free(slot->cache, slot->object);
	else
		kfree(slot->object);
	slot->object = NULL;
	return holds;
}

static bool slot_resize(struct slot *slot)
{
	size_t size = 1 + random_number(6000), kept = size < slot->size ? size : slot->size;
	unsigned char *object = krealloc(slot->object, size, GFP_KERNEL);

	if (!object || memchr_inv(object, slot->stamp, kept))
		return false;
	slot->object = object;
	slot->size = size;
	memset(object, slot->stamp, size);
	return true;
}

/* A few at once, into slots that are empty; what finds no slot is freed at once. */
static bool random_bulk(struct kmem_cache *cache)
{
	void *objects[12];
	size_t nr = random_number(ARRAY_SIZE(objects) + 1), i;
	unsigned int place = random_number(NR_SLOTS);

	if (kmem_cache_alloc_bulk(cache, GFP_KERNEL, nr, objects) != nr)
		return false;
	for (i = 0; i < nr; place = (place + 1) % NR_SLOTS) {
		struct slot *slot = &slots[place];

		if (slot->object) {
			kmem_cache_free_bulk(cache, nr - i, objects + i);
			break;
		}
		*slot = (struct slot){objects[i++], kmem_cache_size(cache), cache,
				      (unsigned char)random_number(256)};
		memset(slot->object, slot->stamp, slot->size);
	}
	return true;
}

/* One random call; false when the allocator and the model disagree. */
static bool random_step(struct kmem_cache *const *caches, unsigned int nr_caches)
{
	struct slot *slot = &slots[random_number(NR_SLOTS)];
	unsigned int which = random_number(2 * nr_caches);

	if (random_number(30) == 0)
		return random_bulk(caches[random_number(nr_caches)]);
	if (random_number(1000) == 0)
		cache_reap();
	if (random_number(500) == 0)
		kmem_cache_shrink(caches[random_number(nr_caches)]);
	if (!slot->object)
		return slot_fill(slot, which < nr_caches ? caches[which] : NULL);
	if (!slot->cache && random_number(4) == 0)
		return slot_resize(slot);
	return slot_empty(slot);
}

/* sem-A1, sem-S2, sem-S10 */
KTEST(slab_model, random_calls_agree_with_the_model)
{
	static const char *const names[] = {"test-8",	"test-24",   "test-100", "test-256",
					    "test-700", "test-5000", "test-60",	 "test-1500"};
	static const size_t sizes[] = {8, 24, 100, 256, 700, 5000, 60, 1500};
	static const slab_flags_t flags[ARRAY_SIZE(sizes)] = {[3] = SLAB_HWCACHE_ALIGN,
							      [4] = SLAB_RECLAIM_ACCOUNT,
							      [6] = SLAB_DEBUG_FLAGS,
							      [7] = SLAB_RED_ZONE |
								    SLAB_CONSISTENCY_CHECKS};
	struct kmem_cache *caches[ARRAY_SIZE(sizes)];
	unsigned long live[ARRAY_SIZE(sizes)] = {0};
	struct slab_info info;
	unsigned int i, step;

	state = 20240229;
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		caches[i] = kmem_cache_create(names[i], sizes[i], i == 2 ? 64 : 0, flags[i], NULL);
		ASSERT_TEST(caches[i]);
	}
	for (step = 0; step < NR_STEPS; step++) {
		if (!random_step(caches, ARRAY_SIZE(caches))) {
			ktest_fail(__FILE__, __LINE__, "step %u: the model disagrees", step);
			break;
		}
		if (step % 2000 == 0)
			EXPECT_TRUE(slab_check() && validate_slab_cache(caches[6]) == 0);
	}

	slab_drain();
	for (step = 0; step < NR_SLOTS; step++)
		for (i = 0; i < ARRAY_SIZE(caches); i++)
			live[i] += slots[step].object && slots[step].cache == caches[i];
	for (i = 0; i < ARRAY_SIZE(caches); i++) {
		slab_get_info(caches[i], &info);
		EXPECT_EQ(info.active_objects, live[i]);
	}
	for (step = 0; step < NR_SLOTS; step++)
		if (slots[step].object)
			EXPECT_TRUE(slot_empty(&slots[step]));
	for (i = 0; i < ARRAY_SIZE(caches); i++)
		kmem_cache_destroy(caches[i]);
}
