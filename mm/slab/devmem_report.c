/* SPDX-License-Identifier: MIT */
/*
 * devmem_report.c - a device's memory looked at: misuse, leaks, /proc/devmem, the proof of D1 and D2.
 *
 * dev_kmalloc.c holds the theory. A header is copied before it is told of, and text is written without the device's lock: a
 * list counts its way to the next block each time, and is cut at MAX_LISTED blocks a device.
 */
#include <mm/dev_kmalloc.h>

#include <lib/clock.h>
#include <lib/printk.h>
#include <lib/report.h>
#include <lib/string.h>

#include "dev_kmalloc.h"

#define MAX_LISTED 64

static unsigned long long ms_since(uint64_t timestamp)
{
	return (clock_ns() - timestamp) / 1000000;
}

/* A freed block may outlive its device. */
static const char *owner_name(const struct dev_header *copy)
{
	return device_is_registered(copy->owner) ? copy->owner->name : "(a device that is gone)";
}

/* ---- Misuse ---- */

/* What is told of a block, gathered before the report is open: its lock comes behind all others. */
struct block_story {
	struct dev_header copy;
	const void *pointer;
	const char *owner; /* NULL: nothing is known */
};

static void story_of(struct block_story *story, const void *pointer, enum dev_verdict wanted)
{
	*story = (struct block_story){.pointer = pointer};
	if (dev_judge(pointer, &story->copy) == wanted)
		story->owner = owner_name(&story->copy);
}

/* Where a device's memory has been written over, the block in front of it is the first suspect. */
static void story_of_neighbour(struct block_story *story, const void *pointer)
{
	struct slab_object found;

	*story = (struct block_story){.owner = NULL};
	if (slab_describe(dev_header_of(pointer), &found) && found.index > 0)
		story_of(story, (const char *)pointer - kmem_cache_size(found.cache), DEV_LIVE);
}

static void tell_freed(const struct block_story *story)
{
	const struct dev_header *copy = &story->copy;

	report_line("block   %px, %zu bytes, device %s", story->pointer, copy->size, story->owner);
	report_line("taken   by %pB, %llu ms ago", (void *)copy->caller, ms_since(copy->timestamp));
	report_line("freed   by %pB, %llu ms ago", (void *)copy->freed.caller,
		    ms_since(copy->freed.timestamp));
}

static void tell_smashed(const void *pointer, const struct block_story *neighbour)
{
	const struct dev_header *header = dev_header_of(pointer);

	report_line("header  magic 0x%08x (0x%08x is right), size %zu, links %px %px",
		    header->magic, DEV_MAGIC, header->size, header->list.next, header->list.prev);
	if (neighbour->owner)
		report_line("before  %zu bytes at %px, device %s, taken by %pB",
			    neighbour->copy.size, neighbour->pointer, neighbour->owner,
			    (void *)neighbour->copy.caller);
}

static const char *what_is_wrong(enum dev_verdict verdict, const void *pointer)
{
	struct dev_header copy;

	if (verdict == DEV_FREED)
		return "device memory freed twice";
	if (verdict == DEV_SMASHED)
		return "the header of device memory was written over";
	if (dev_judge(dev_data_of(pointer), &copy) == DEV_LIVE)
		return "the header of device memory, not the memory; nothing changed";
	return "no device memory starts here";
}

void dev_report(enum dev_verdict verdict, const void *pointer, const char *asked)
{
	const char *wrong = what_is_wrong(verdict, pointer);
	struct block_story block, neighbour;

	story_of(&block, pointer, DEV_FREED);
	story_of_neighbour(&neighbour, pointer);
	report_open(REPORT_BUG, "%s: %s", asked, wrong);
	if (block.owner)
		tell_freed(&block);
	else
		misuse_describe(pointer);
	if (verdict == DEV_SMASHED)
		tell_smashed(pointer, &neighbour);
	report_stack(verdict == DEV_FREED ? "again" : "by");
	report_close();
}

/* ---- Leaks ---- */

/* The oldest or the youngest block of a device, if it and its links are whole. */
static struct dev_header *edge_block(struct device *device, bool oldest, struct dev_header *copy)
{
	struct list_head *blocks = &device->memory.blocks, *link;
	unsigned long flags = spin_lock_save(&device->lock);
	struct dev_header *header = NULL;

	link = oldest ? blocks->next : blocks->prev;
	if (link != blocks) {
		header = list_entry(link, struct dev_header, list);
		if (dev_judge(dev_data_of(header), copy) != DEV_LIVE ||
		    !dev_links_are_whole(device, header))
			header = NULL;
	}
	spin_unlock_irqrestore(&device->lock, flags);
	return header;
}

static void report_leak(const struct device *device, const struct dev_header *header,
			const struct dev_header *copy)
{
	report_open(REPORT_WARN, "devmem: %s was unbound and %zu bytes were not freed",
		    device->name, copy->size);
	report_line("block   %px, allocated by %pB, %llu ms ago", dev_data_of(header),
		    (void *)copy->caller, ms_since(copy->timestamp));
	report_line("it is freed now; whoever still uses it uses free memory");
	report_close();
}

/* What cannot be reached any more stays allocated for ever: better than to free by a link that somebody wrote over. */
static void abandon_blocks(struct device *device)
{
	struct device_memory *memory = &device->memory;
	unsigned long flags = spin_lock_save(&device->lock), lost = memory->nr_blocks;

	INIT_LIST_HEAD(&memory->blocks);
	memory->nr_blocks = 0;
	memory->bytes = 0;
	spin_unlock_irqrestore(&device->lock, flags);
	if (!lost)
		return;
	report_open(REPORT_BUG, "devmem: %lu blocks of %s are lost", lost, device->name);
	report_line("a header among them was written over; they stay allocated");
	report_close();
}

static void release_memory(struct device *device, struct device_resource *resource)
{
	struct dev_header copy, *header;

	(void)resource;
	WRITE_ONCE(device->memory.watched, false);
	while ((header = edge_block(device, true, &copy)) ||
	       (header = edge_block(device, false, &copy))) {
		if (dev_unlink(header, device, copy.caller) != DEV_LIVE)
			continue; /* somebody freed it just now */
		device->memory.nr_leaked++;
		report_leak(device, header, &copy);
		dev_block_free(header);
	}
	abandon_blocks(device);
}

void device_memory_watch(struct device *device)
{
	struct device_resource *resource = &device->memory.resource;

	if (likely(READ_ONCE(device->memory.watched)))
		return;
	/* Two CPUs may be the first; they write the same, and the list takes it once. */
	WRITE_ONCE(resource->name, "memory");
	WRITE_ONCE(resource->release, release_memory);
	device_add_base_resource(device, resource);
	WRITE_ONCE(device->memory.watched, true);
}

/* ---- Limits ---- */

void device_memory_set_limit(struct device *device, size_t bytes)
{
	device->memory.limit = bytes;
}

int device_memory_set_failures(struct device *device, const char *text)
{
	struct fault_attr wanted;
	int error = setup_fault_attr(&wanted, text);
	unsigned long flags;

	if (error)
		return error;
	flags = spin_lock_save(&device->lock);
	device->memory.failures = wanted;
	spin_unlock_irqrestore(&device->lock, flags);
	return 0;
}

/* ---- /proc/devmem ---- */

/* The header of the n-th block, oldest first; NULL behind the last, and where a link leads nowhere. */
static const struct dev_header *copy_nth(struct device *device, unsigned long n,
					 struct dev_header *copy)
{
	struct list_head *blocks = &device->memory.blocks, *link;
	unsigned long flags = spin_lock_save(&device->lock);
	const struct dev_header *header = NULL;

	for (link = blocks->next; link != blocks; link = link->next) {
		header = list_entry(link, struct dev_header, list);
		if (dev_judge(dev_data_of(header), copy) != DEV_LIVE ||
		    !dev_links_are_whole(device, header)) {
			header = NULL;
			break;
		}
		if (n-- == 0)
			break;
		header = NULL;
	}
	spin_unlock_irqrestore(&device->lock, flags);
	return header;
}

static void show_blocks(struct seq_file *file, struct device *device)
{
	const struct dev_header *header;
	struct dev_header copy;
	unsigned long n;

	for (n = 0; n < MAX_LISTED && (header = copy_nth(device, n, &copy)); n++)
		seq_printf(file, "  %px %8zu bytes %8llu ms by %pB\n", dev_data_of(header),
			   copy.size, ms_since(copy.timestamp), (void *)copy.caller);
	if (n < device->memory.nr_blocks)
		seq_printf(file, "  and %lu more, or their links are broken\n",
			   device->memory.nr_blocks - n);
}

void proc_devmem(struct seq_file *file)
{
	struct device *device = NULL;

	seq_printf(file, "%-16s %-16s %6s %10s %10s %10s %8s %8s %8s\n", "# device", "driver",
		   "live", "bytes", "peak", "limit", "allocs", "failed", "leaked");
	while ((device = device_next(device))) {
		const struct device_memory *memory = &device->memory;

		seq_printf(file, "%-16s %-16s %6lu %10zu %10zu %10zu %8lu %8lu %8lu\n",
			   device->name, device->driver ? device->driver->name : "-",
			   memory->nr_blocks, memory->bytes, memory->peak_bytes, memory->limit,
			   memory->nr_allocs, memory->nr_failed, memory->nr_leaked);
		show_blocks(file, device);
	}
}

/* ---- The proof ---- */

static bool broken(const struct device *device, const char *rule, const void *where)
{
	pr_err("dev_kmalloc: %s does not hold for device %s at %px\n", rule, device->name, where);
	return false;
}

static bool device_check(struct device *device)
{
	const struct device_memory *memory = &device->memory;
	unsigned long flags = spin_lock_save(&device->lock), blocks = 0;
	const struct dev_header *header;
	struct dev_header copy;
	size_t bytes = 0;
	bool holds = true;

	list_for_each_entry (header, &memory->blocks, list) {
		if (dev_judge(dev_data_of(header), &copy) != DEV_LIVE || copy.owner != device ||
		    !dev_links_are_whole(device, header)) {
			holds = broken(device, "D1 (a header)", header);
			break;
		}
		blocks++;
		bytes += copy.size;
	}
	if (holds && (blocks != memory->nr_blocks || bytes != memory->bytes))
		holds = broken(device, "D2 (number or bytes of the blocks)", device);
	spin_unlock_irqrestore(&device->lock, flags);
	return holds;
}

bool dev_kmalloc_check(void)
{
	struct device *device = NULL;
	bool holds = true;

	while ((device = device_next(device)))
		holds = device_check(device) && holds;
	return holds;
}
