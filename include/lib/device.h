/* SPDX-License-Identifier: MIT */
/*
 * lib/device.h - a device, the driver that runs it, and what the driver still holds when it lets go.
 *
 *	register -> bind (probe) ... unbind (remove, then every resource is released) -> unregister
 *
 * A driver takes things on behalf of its device: memory, mappings, interrupts. What it takes through a call that
 * knows the device is a *resource*, a link in the device's list, which lies inside whatever was taken; so this file
 * allocates nothing. Unbinding releases what the driver has not given back, the youngest first, because a younger
 * resource may use an older one. Upper floors bring resources of their own; this floor only calls `release`.
 *
 * Task context; what may be called from interrupts says so. (Linux: include/linux/device.h; devres of drivers/base/devres.c)
 */
#pragma once

#include <lib/fault_injection.h>
#include <lib/list.h>
#include <lib/spinlock.h>
#include <lib/types.h>

struct device;

struct device_resource {
	const char *name;
	/* It is out of the list already. No lock is held; task context. */
	void (*release)(struct device *device, struct device_resource *resource);
	struct list_head link;
};

struct device_driver {
	const char *name;
	int (*probe)(struct device *device); /* 0 or -errno; NULL: nothing to do */
	void (*remove)(struct device *device);
};

/* What dev_kmalloc() keeps for a device (mm/slab/dev_kmalloc.c). */
struct device_memory {
	struct list_head blocks; /* live allocations, oldest first */
	unsigned long nr_blocks, nr_allocs, nr_failed, nr_leaked;
	size_t bytes, peak_bytes;
	size_t limit; /* most bytes at once; 0: no limit */
	struct fault_attr failures;
	struct device_resource resource; /* releases the blocks that are left */
	bool watched; /* it is in the device's list; a CPU may see it late, never early */
};

struct device {
	const char *name; /* unique, no blanks; must outlive the device's registration */
	const struct device_driver *driver; /* NULL: not bound */
	bool registered;
	struct list_head link; /* in the list of devices */
	spinlock_t lock;       /* the two lists below; taken in any context */
	struct list_head resources;
	struct device_memory memory;
};

/* 0; -EINVAL for a name that is NULL, empty or has blanks; -EEXIST for one that is taken or a device that is registered. */
int device_register(struct device *device);

/* Unbinds first; releases what is left. A device that is not registered is left alone: -ENODEV. */
int device_unregister(struct device *device);

/* 0; -ENODEV, -EBUSY when a driver has it, or what its probe said, and then what it took is released. */
int device_bind(struct device *device, const struct device_driver *driver);

/* 0, or -ENODEV when no driver has it. Each resource that the driver left is released. */
int device_unbind(struct device *device);

/*
 * Resources may come and go in any context; `link` is initialised (INIT_LIST_HEAD), and one that is in the list stays where it is. Base resources are released last: others may live in them.
 */
void device_add_resource(struct device *device, struct device_resource *resource);
void device_add_base_resource(struct device *device, struct device_resource *resource);

/* The owner gives it back itself; `release` is not called. One that is not in the list stays out. */
void device_remove_resource(struct device *device, struct device_resource *resource);

/* By name; the one behind `device`, NULL starts and ends; is this pointer a registered device? Any context. */
struct device *device_find(const char *name);
struct device *device_next(const struct device *device);
bool device_is_registered(const struct device *device);
