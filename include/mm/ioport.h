/* SPDX-License-Identifier: MIT */
/*
 * mm/ioport.h - who has which part of the physical address space. (Linux: include/linux/ioport.h)
 *
 * A tree of ranges: what the firmware's map says, the parts of the kernel's image, and what drivers have claimed. A claim is
 * a promise between drivers; it maps nothing (mm/io.h does).
 */
#pragma once

#include <lib/seq_file.h>
#include <lib/types.h>

#define IORESOURCE_MEM	   0x00000200UL
#define IORESOURCE_CLAIMED 0x00010000UL /* by request_mem_region() */
#define IORESOURCE_BUSY	   0x80000000UL /* nobody may claim a part of it */

struct resource {
	phys_addr_t start, end; /* both inclusive */
	const char *name;	/* must outlive the resource */
	unsigned long flags;
	struct resource *parent, *sibling, *child; /* siblings in order of address */
};

/* All of the physical address space. */
extern struct resource iomem_resource;

/* What the firmware says, from early's map. After slab_init(); once. */
void resource_init(void);

/*
 * Put a resource of the caller's among the children of `root`. 0, or -EBUSY when it overlaps one of them or sticks out. The caller
 * keeps it until release_resource(), which gives -EINVAL for one that is not there. Task context.
 */
int __must_check request_resource(struct resource *root, struct resource *new);
int release_resource(struct resource *old);

/*
 * Claim `n` bytes for a driver, inside whatever is not busy. NULL: somebody has a part of it, or n is 0 or wraps, or no memory.
 * May sleep. Given back with the same numbers; what nobody claimed so is reported.
 */
struct resource *__must_check request_mem_region(phys_addr_t start, phys_addr_t n,
						 const char *name);
void release_mem_region(phys_addr_t start, phys_addr_t n);

struct device;

/* The same in a device's name: given back when its driver lets go, or with the same numbers; what the device did not claim is reported. */
struct resource *__must_check devm_request_mem_region(struct device *device, phys_addr_t start,
						      phys_addr_t n, const char *name);
void devm_release_mem_region(struct device *device, phys_addr_t start, phys_addr_t n);

void proc_iomem(struct seq_file *file);

/* Proves R1: children lie in their parent, in order, apart. */
bool resource_check(void);
