/* SPDX-License-Identifier: MIT */
/*
 * devm_io.c - device mappings and claims that go when the driver goes.
 *
 * What a driver maps or claims in its device's name is a resource of the device (lib/device.h): released when
 * the driver is unbound, the youngest first, so that a mapping goes before the claim it was made under. A driver may also give
 * it back itself, by the address or the range.
 *
 * FLOOR	virt.
 * LINUX	lib/devres.c: devm_ioremap(), devm_iounmap(), devm_ioremap_resource(); kernel/resource.c:
 *		__devm_request_region(), __devm_release_region().
 */
#include <mm/io.h>

#include <lib/device.h>
#include <lib/report.h>
#include <mm/ioport.h>
#include <mm/slab.h>
#include "vm_area.h"

/* A mapping, a claim, or both: what there is not is NULL and 0. */
struct io_resource {
	struct device_resource resource;
	void __iomem *address;
	phys_addr_t claimed, size;
};

static void io_release(struct device *device, struct device_resource *resource)
{
	struct io_resource *io = container_of(resource, struct io_resource, resource);

	(void)device;
	iounmap(io->address);
	if (io->size)
		release_mem_region(io->claimed, io->size);
	kfree(io);
}

static struct io_resource *io_new(const char *name)
{
	struct io_resource *io = kzalloc(sizeof(*io), GFP_KERNEL);

	if (!io)
		return NULL;
	io->resource = (struct device_resource){.name = name, .release = io_release};
	INIT_LIST_HEAD(&io->resource.link);
	return io;
}

static void *map(struct device *device, phys_addr_t pa, size_t size, const void *caller)
{
	struct io_resource *io = io_new("mapping");

	if (!io)
		return NULL;
	io->address = ioremap_caller(pa, size, PROT_DEVICE, caller);
	if (!io->address) {
		kfree(io);
		return NULL;
	}
	device_add_resource(device, &io->resource);
	return io->address;
}

void *devm_ioremap(struct device *device, phys_addr_t pa, size_t size)
{
	return map(device, pa, size, __builtin_return_address(0));
}

struct resource *devm_request_mem_region(struct device *device, phys_addr_t start, phys_addr_t n,
					 const char *name)
{
	struct io_resource *io = io_new("claim");
	struct resource *claim;

	if (!io)
		return NULL;
	claim = request_mem_region(start, n, name);
	if (!claim) {
		kfree(io);
		return NULL;
	}
	io->claimed = start;
	io->size = n;
	device_add_resource(device, &io->resource);
	return claim;
}

static bool is_meant(const struct device_resource *resource, const volatile void __iomem *address,
		     phys_addr_t start, phys_addr_t n)
{
	const struct io_resource *io = container_of(resource, struct io_resource, resource);

	if (resource->release != io_release || io->address != address)
		return false;
	return address || (io->claimed == start && io->size == n);
}

/* The device's mapping at the address, or where that is NULL its claim of the range, out of the device's list; NULL. */
static struct io_resource *take_out(struct device *device, const volatile void __iomem *address,
				    phys_addr_t start, phys_addr_t n)
{
	unsigned long flags = spin_lock_save(&device->lock);
	struct io_resource *found = NULL;
	struct device_resource *at;

	list_for_each_entry (at, &device->resources, link) {
		if (!is_meant(at, address, start, n))
			continue;
		list_del_init(&at->link);
		found = container_of(at, struct io_resource, resource);
		break;
	}
	spin_unlock_irqrestore(&device->lock, flags);
	return found;
}

static void refuse(const char *who, const struct device *device, unsigned long long what)
{
	report_open(REPORT_BUG, "%s: the device has nothing of this kind there", who);
	report_line("device  %s, 0x%llx", device->name, what);
	report_stack("given by");
	report_close();
}

void devm_iounmap(struct device *device, volatile void *address)
{
	struct io_resource *io = address ? take_out(device, address, 0, 0) : NULL;

	if (io)
		io_release(device, &io->resource);
	else if (address)
		refuse("devm_iounmap", device, (uintptr_t)address);
}

void devm_release_mem_region(struct device *device, phys_addr_t start, phys_addr_t n)
{
	struct io_resource *io = take_out(device, NULL, start, n);

	if (io)
		io_release(device, &io->resource);
	else
		refuse("devm_release_mem_region", device, start);
}

void *devm_ioremap_resource(struct device *device, phys_addr_t pa, size_t size, const char *name)
{
	void __iomem *address;

	if (!devm_request_mem_region(device, pa, size, name))
		return NULL;
	address = map(device, pa, size, __builtin_return_address(0));
	if (!address)
		devm_release_mem_region(device, pa, size);
	return address;
}
