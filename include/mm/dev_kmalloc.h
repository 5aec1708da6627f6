/* SPDX-License-Identifier: MIT */
/*
 * mm/dev_kmalloc.h - kmalloc in the name of a device: who holds what, since when, and what was forgotten.
 *
 *	buffer = dev_kmalloc(dev, 1500, GFP_KERNEL);
 *	dev_kfree(buffer);				or kfree(buffer)
 *
 * A header of 64 bytes stands before the data. What the driver has not freed when it is unbound is reported and freed.
 * docs/DEVMEM.md tells of the classic mistakes and of what is said about them.
 */
#pragma once

#include <lib/device.h>
#include <lib/seq_file.h>
#include <mm/gfp.h>

#define DEV_KMALLOC_HEADER 64
#define DEV_KMALLOC_MAX	   (4 * MiB - DEV_KMALLOC_HEADER)

/*
 * `size` bytes for a registered device, at a multiple of 64; 0 gives ZERO_SIZE_PTR. NULL without memory, above the device's limit or at
 * its failure rate (counted in /proc/devmem, quiet); a device that is not registered, or a size above DEV_KMALLOC_MAX, is NULL and a warning. Any context
 * with GFP_ATOMIC.
 */
void *__must_check dev_kmalloc(struct device *device, size_t size, gfp_t gfp);

static inline void *__must_check dev_kzalloc(struct device *device, size_t size, gfp_t gfp)
{
	return dev_kmalloc(device, size, gfp | __GFP_ZERO);
}

/*
 * Gives it back; NULL and ZERO_SIZE_PTR do nothing. A second free, a header that was written over and a pointer without a header
 * are reported, and nothing changes. kfree() of the same pointer does the same. Any context.
 */
void dev_kfree(const void *pointer);

/* Of what dev_kmalloc() gave and is live: the bytes asked for. 0 for anything else, silently. Any context. */
size_t dev_ksize(const void *pointer);

/* At most `bytes` live at once, 0 for no limit; failures as setup_fault_attr() reads them: 0 or -EINVAL. */
void device_memory_set_limit(struct device *device, size_t bytes);
int device_memory_set_failures(struct device *device, const char *text);

/* /proc/devmem: each device, and under it its live allocations, at most 64 of each. */
void proc_devmem(struct seq_file *file);

/* Proves, for every device: sums and links are those of its blocks, and every header is whole. Says what fails. */
bool dev_kmalloc_check(void);

/* The caches. At the end of slab_init(). */
void dev_kmalloc_init(void);
