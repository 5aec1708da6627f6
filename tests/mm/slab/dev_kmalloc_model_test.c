/* SPDX-License-Identifier: MIT */
/*
 * dev_kmalloc_model_test.c - random drivers beside a model that knows what each holds.
 *
 * Three devices take, free by either call, free twice, scribble over headers (and mend them), hit limits and are unbound. After each
 * step the device's figures must be the model's, and the data what was written.
 */
#include <lib/ktest.h>

#include <lib/device.h>
#include <lib/random.h>
#include <mm/dev_kmalloc.h>
#include <mm/slab.h>

#include "../../framework/ktest_run.h"
#include "../page/free_pages.h"

#define NR_DEVICES 3
#define NR_SLOTS   48
#define STEPS	   1500
#define LIMIT	   60000

static struct device devices[NR_DEVICES];
static const struct device_driver driver = {.name = "test-model"};

static struct slot {
	unsigned char *memory, stamp;
	size_t size;
	unsigned int device;
} slots[NR_SLOTS];

/* What the model says of a device. */
static void expect_figures(unsigned int device)
{
	unsigned long blocks = 0;
	size_t bytes = 0;
	unsigned int i;

	for (i = 0; i < NR_SLOTS; i++) {
		if (!slots[i].memory || slots[i].device != device)
			continue;
		blocks++;
		bytes += slots[i].size;
	}
	EXPECT_EQ(devices[device].memory.nr_blocks, blocks);
	EXPECT_EQ(devices[device].memory.bytes, bytes);
}

static void take(struct slot *slot)
{
	unsigned int device = (unsigned int)random_below(NR_DEVICES);
	size_t size = 1 + random_below(1UL << random_below(15)),
	       before = devices[device].memory.bytes;
	unsigned char *memory = dev_kmalloc(&devices[device], size, GFP_KERNEL);

	EXPECT_EQ(memory != NULL, before + size <= LIMIT);
	if (!memory)
		return;
	*slot = (struct slot){memory, (unsigned char)random_u64(), size, device};
	memset(memory, slot->stamp, size);
}

static void give(struct slot *slot)
{
	EXPECT_EQ(memchr_inv(slot->memory, slot->stamp, slot->size), NULL);
	EXPECT_EQ(dev_ksize(slot->memory), slot->size);
	if (slot->stamp & 1)
		kfree(slot->memory);
	else
		dev_kfree(slot->memory);
}

/* Where free pages are filled at once, a large block no longer says that it was device memory. */
static void give_twice(struct slot *slot)
{
	give(slot);
	EXPECT_REPORT(free_pages_keep_their_bytes() ? "device memory freed twice" : "dev_kfree: ",
		      dev_kfree(slot->memory));
}

/* One bit of the header, at any place, makes it another; put right, the block is as before. */
static void scribble(struct slot *slot)
{
	unsigned char *byte = slot->memory - 1 - random_below(DEV_KMALLOC_HEADER);
	unsigned char bit = (unsigned char)(1U << random_below(8));

	*byte ^= bit;
	EXPECT_REPORT("the header of device memory was written over", kfree(slot->memory));
	*byte ^= bit;
}

static void unbind(unsigned int device)
{
	unsigned long reports = report_count(), leaks = devices[device].memory.nr_blocks;
	unsigned int i;

	EXPECT_EQ(device_unbind(&devices[device]), 0);
	EXPECT_EQ(report_count() - reports, leaks);
	ktest_forgive_reports(leaks);
	for (i = 0; i < NR_SLOTS; i++)
		if (slots[i].device == device)
			slots[i].memory = NULL;
	EXPECT_EQ(device_bind(&devices[device], &driver), 0);
}

static void step(void)
{
	struct slot *slot = &slots[random_below(NR_SLOTS)];
	uint64_t lot = random_below(100);

	if (!slot->memory) {
		take(slot);
	} else if (lot < 10) {
		scribble(slot);
		return;
	} else {
		(lot < 30 ? give_twice : give)(slot);
		slot->memory = NULL;
	}
	expect_figures(slot->device);
}

/* sem-D1, sem-D2 */
KTEST(dev_kmalloc_model, random_drivers_agree_with_the_model)
{
	static const char *const names[NR_DEVICES] = {"model0", "model1", "model2"};
	unsigned int i;

	memset(slots, 0, sizeof(slots));
	for (i = 0; i < NR_DEVICES; i++) {
		devices[i] = (struct device){.name = names[i]};
		ASSERT_TEST(device_register(&devices[i]) == 0);
		EXPECT_EQ(device_bind(&devices[i], &driver), 0);
		device_memory_set_limit(&devices[i], LIMIT);
	}
	for (i = 0; i < STEPS && !ktest_failed(); i++) {
		step();
		if (i % 100 == 99)
			EXPECT_TRUE(dev_kmalloc_check());
		if (i % 400 == 399)
			unbind(i % NR_DEVICES);
	}
	for (i = 0; i < NR_DEVICES; i++) {
		unbind(i);
		EXPECT_EQ(device_unregister(&devices[i]), 0);
	}
}
