/* SPDX-License-Identifier: MIT */
/*
 * device.c - who has which device, and what becomes of what a driver leaves behind.
 *
 * THE IDEA
 *	Cleaning up by hand at every exit of a probe function is where drivers leak. Here the device
 *	remembers what was taken in its name, and both a failed probe and an unbinding walk that
 *	list backwards. A release is a function pointer: memory, mappings and interrupts live on
 *	floors above, of which nothing is known here.
 *
 * PICTURE	three resources; unbinding goes from the right to the left
 *
 *	device.resources -> [memory] -> [mapping] -> [interrupt]
 *	                     base        1st          2nd taken
 *
 * LOCKING	devices_lock guards the list of devices, device->lock that device's lists. Neither is
 *		held while a driver's or a resource's function runs. Binding and unbinding one device
 *		at the same time is for its bus to prevent.
 * FLOOR	lib.
 * LINUX	drivers/base/dd.c, core.c, devres.c (devres_release_all()). Buses, classes and
 *		reference counts are left out: who registers a device keeps it.
 */
#include <lib/device.h>

#include <lib/check.h>
#include <lib/errno.h>
#include <lib/string.h>

static LIST_HEAD(devices);
static DEFINE_SPINLOCK(devices_lock, LOCK_RANK_DEVICE);

static struct device *find_locked(const char *name)
{
	struct device *device;

	list_for_each_entry (device, &devices, link)
		if (!strcmp(device->name, name))
			return device;
	return NULL;
}

/* Reads nothing through `device`, which may be anything. */
static bool is_registered_locked(const struct device *device)
{
	struct device *other;

	list_for_each_entry (other, &devices, link)
		if (other == device)
			return true;
	return false;
}

struct device *device_find(const char *name)
{
	unsigned long flags = spin_lock_save(&devices_lock);
	struct device *device = find_locked(name);

	spin_unlock_irqrestore(&devices_lock, flags);
	return device;
}

bool device_is_registered(const struct device *device)
{
	unsigned long flags = spin_lock_save(&devices_lock);
	bool found = is_registered_locked(device);

	spin_unlock_irqrestore(&devices_lock, flags);
	return found;
}

struct device *device_next(const struct device *device)
{
	unsigned long flags = spin_lock_save(&devices_lock);
	struct list_head *next = &devices;

	if (!device)
		next = devices.next;
	else if (is_registered_locked(device))
		next = device->link.next;
	spin_unlock_irqrestore(&devices_lock, flags);
	return next == &devices ? NULL : list_entry(next, struct device, link);
}

/* ---- Resources ---- */

static void add_resource(struct device *device, struct device_resource *resource, bool base)
{
	unsigned long flags;

	CHECK(device->registered && resource->release, "resource %s of a device that is none",
	      resource->name);
	flags = spin_lock_save(&device->lock);
	if (list_empty(&resource->link))
		list_add(&resource->link, base ? &device->resources : device->resources.prev);
	spin_unlock_irqrestore(&device->lock, flags);
}

void device_add_resource(struct device *device, struct device_resource *resource)
{
	add_resource(device, resource, false);
}

void device_add_base_resource(struct device *device, struct device_resource *resource)
{
	add_resource(device, resource, true);
}

void device_remove_resource(struct device *device, struct device_resource *resource)
{
	unsigned long flags = spin_lock_save(&device->lock);
	struct device_resource *other;

	list_for_each_entry (other, &device->resources, link) {
		if (other != resource)
			continue;
		list_del_init(&resource->link);
		break;
	}
	spin_unlock_irqrestore(&device->lock, flags);
}

/* The youngest, out of the list; NULL when there is none. */
static struct device_resource *take_youngest(struct device *device)
{
	unsigned long flags = spin_lock_save(&device->lock);
	struct device_resource *resource = NULL;

	if (!list_empty(&device->resources)) {
		resource = list_last_entry(&device->resources, struct device_resource, link);
		list_del_init(&resource->link);
	}
	spin_unlock_irqrestore(&device->lock, flags);
	return resource;
}

static void release_resources(struct device *device)
{
	struct device_resource *resource;

	while ((resource = take_youngest(device)))
		resource->release(device, resource);
}

/* ---- Life of a device ---- */

int device_register(struct device *device)
{
	const char *name = device->name;
	unsigned long flags;
	int error = 0;

	if (!name || !*name || strchr(name, ' ') || strchr(name, '\t') || strchr(name, '\n'))
		return -EINVAL;
	flags = spin_lock_save(&devices_lock);
	if (is_registered_locked(device) || find_locked(name)) {
		error = -EEXIST;
	} else {
		spin_lock_init(&device->lock, LOCK_RANK_DEVICE);
		INIT_LIST_HEAD(&device->resources);
		device->driver = NULL;
		device->memory =
			(struct device_memory){.failures = FAULT_ATTR_INIT,
					       .blocks = LIST_HEAD_INIT(device->memory.blocks)};
		INIT_LIST_HEAD(&device->memory.resource.link);
		device->registered = true;
		list_add_tail(&device->link, &devices);
	}
	spin_unlock_irqrestore(&devices_lock, flags);
	return error;
}

int device_bind(struct device *device, const struct device_driver *driver)
{
	int error;

	if (!device_is_registered(device))
		return -ENODEV;
	if (device->driver)
		return -EBUSY;
	device->driver = driver;
	error = driver->probe ? driver->probe(device) : 0;
	if (error) {
		release_resources(device);
		device->driver = NULL;
	}
	return error;
}

int device_unbind(struct device *device)
{
	if (!device_is_registered(device) || !device->driver)
		return -ENODEV;
	if (device->driver->remove)
		device->driver->remove(device);
	release_resources(device);
	device->driver = NULL;
	return 0;
}

int device_unregister(struct device *device)
{
	unsigned long flags;

	if (!device_is_registered(device))
		return -ENODEV;
	if (device->driver)
		device_unbind(device);
	release_resources(device);

	flags = spin_lock_save(&devices_lock);
	ASSERT(list_empty(&device->resources));
	list_del_init(&device->link);
	device->registered = false;
	spin_unlock_irqrestore(&devices_lock, flags);
	return 0;
}
