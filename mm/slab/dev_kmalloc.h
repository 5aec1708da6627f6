/* SPDX-License-Identifier: MIT */
/*
 * dev_kmalloc.h - the header before a device's memory, for dev_kmalloc.c and devmem_report.c.
 */
#pragma once

#include <mm/dev_kmalloc.h>

#include "impl.h"

#define DEV_MAGIC	0xDEADBEEFU /* live */
#define DEV_MAGIC_FREED 0x6b6b6b6bU /* and the rest is as it was, but `list` */
#define NR_DEV_CLASSES	7

struct dev_header {
	uint32_t magic;
	uint32_t flags; /* none yet */
	size_t size;	/* bytes asked for */
	struct device *owner;
	union {
		struct list_head list; /* in the owner's blocks */
		struct {
			uintptr_t caller;
			uint64_t timestamp;
		} freed;
	};
	uint64_t timestamp; /* clock_ns() */
	uintptr_t caller;
	uint64_t check; /* over all but `list` and itself */
};
static_assert(sizeof(struct dev_header) == DEV_KMALLOC_HEADER, "the data starts 64 bytes in");

/* LIVE; FREED and not used again since; SMASHED: a block, but not as it was written; NO_HEADER: no block starts there. */
enum dev_verdict { DEV_LIVE, DEV_FREED, DEV_SMASHED, DEV_NO_HEADER };

static inline struct dev_header *dev_header_of(const void *pointer)
{
	return (struct dev_header *)((uintptr_t)pointer - DEV_KMALLOC_HEADER);
}

static inline void *dev_data_of(const struct dev_header *header)
{
	return (void *)((uintptr_t)header + DEV_KMALLOC_HEADER);
}

/* dev_kmalloc.c */
enum dev_verdict dev_judge(const void *pointer, struct dev_header *copy);
bool dev_links_are_whole(const struct device *device, const struct dev_header *header);
enum dev_verdict dev_unlink(struct dev_header *header, struct device *owner, uintptr_t caller);
void dev_block_free(struct dev_header *header);

/* devmem_report.c: from its first allocation on, unbinding the device looks for leaks. */
void device_memory_watch(struct device *device);
void dev_report(enum dev_verdict verdict, const void *pointer, const char *asked);
