/* SPDX-License-Identifier: MIT */
/*
 * resource.c - the tree of who has which physical addresses.
 *
 * THE IDEA
 *	A range lies inside another one, or beside it, or does not come in. So
 *	two drivers cannot both believe that a register is theirs, and
 *	/proc/iomem is a walk over the tree. A driver's claim goes as deep as it
 *	can: inside a range that the firmware calls reserved, but not into what
 *	is busy, as RAM is.
 *
 * PICTURE
 *	00000000-ffffffffffffffff
 *	    00001000-0009ffff : System RAM (busy)
 *	    000f0000-000fffff : Reserved
 *	    00100000-0ffdffff : System RAM (busy)
 *	        00100000-0014efff : Kernel code
 *	    fec00000-fec003ff : ioapic	(claimed)
 *
 * INVARIANTS	R1  Children lie in their parent, in order of address, and do not overlap. (resource_check())
 *
 * LOCKING	resource_lock, a mutex.
 * COST		O(siblings).
 * FLOOR	virt.
 * LINUX	kernel/resource.c: __request_resource(), __request_region(), r_show();
 *		arch/x86/kernel/e820.c: e820__reserve_resources().
 */
#include <mm/ioport.h>

#include <lib/errno.h>
#include <lib/firmware/memory_map.h>
#include <lib/mutex.h>
#include <lib/printk.h>
#include <lib/report.h>
#include <lib/sections.h>
#include <mm/early.h>
#include <mm/slab.h>

struct resource iomem_resource = {
	.end = ~(phys_addr_t)0, .name = "PCI mem", .flags = IORESOURCE_MEM};

static DEFINE_MUTEX(resource_lock, MUTEX_RANK_VIRT);

/* Puts it in; else the one that is in its way, `root` where it sticks out. */
static struct resource *insert_locked(struct resource *root, struct resource *new)
{
	struct resource **at = &root->child;

	if (new->end < new->start || new->start < root->start || new->end > root->end)
		return root;
	while (*at && (*at)->end < new->start)
		at = &(*at)->sibling;
	if (*at && (*at)->start <= new->end)
		return *at;
	new->sibling = *at;
	new->parent = root;
	*at = new;
	return NULL;
}

static int remove_locked(struct resource *old)
{
	struct resource **at = old->parent ? &old->parent->child : NULL;

	while (at && *at && *at != old)
		at = &(*at)->sibling;
	if (!at || !*at)
		return -EINVAL;
	*at = old->sibling;
	old->parent = NULL;
	return 0;
}

int request_resource(struct resource *root, struct resource *new)
{
	struct resource *conflict;

	mutex_lock(&resource_lock);
	conflict = insert_locked(root, new);
	mutex_unlock(&resource_lock);
	return conflict ? -EBUSY : 0;
}

int release_resource(struct resource *old)
{
	int error;

	mutex_lock(&resource_lock);
	error = remove_locked(old);
	mutex_unlock(&resource_lock);
	return error;
}

static bool contains(const struct resource *outer, const struct resource *inner)
{
	return outer->start <= inner->start && inner->end <= outer->end;
}

/* As deep as it goes. */
static bool claim_locked(struct resource *new)
{
	struct resource *root = &iomem_resource, *conflict;

	while ((conflict = insert_locked(root, new))) {
		if (conflict == root || conflict->flags & IORESOURCE_BUSY ||
		    !contains(conflict, new))
			return false;
		root = conflict;
	}
	return true;
}

static struct resource *resource_new(phys_addr_t start, phys_addr_t end, const char *name,
				     unsigned long flags)
{
	struct resource *new = kzalloc(sizeof(*new), GFP_KERNEL);

	if (new)
		*new = (struct resource){
			.start = start, .end = end, .name = name, .flags = IORESOURCE_MEM | flags};
	return new;
}

struct resource *request_mem_region(phys_addr_t start, phys_addr_t n, const char *name)
{
	struct resource *new;
	bool claimed;

	if (n == 0 || start + (n - 1) < start)
		return NULL;
	new = resource_new(start, start + (n - 1), name, IORESOURCE_BUSY | IORESOURCE_CLAIMED);
	if (!new)
		return NULL;
	mutex_lock(&resource_lock);
	claimed = claim_locked(new);
	mutex_unlock(&resource_lock);
	if (claimed)
		return new;
	kfree(new);
	return NULL;
}

/* A claim of just this range. */
static struct resource *find_claim_locked(phys_addr_t start, phys_addr_t end)
{
	struct resource *at = iomem_resource.child;

	while (at) {
		if (at->end < start) {
			at = at->sibling;
			continue;
		}
		if (at->start == start && at->end == end && at->flags & IORESOURCE_CLAIMED)
			return at;
		at = at->child;
	}
	return NULL;
}

void release_mem_region(phys_addr_t start, phys_addr_t n)
{
	struct resource *claim;

	mutex_lock(&resource_lock);
	claim = find_claim_locked(start, start + (n - 1));
	if (claim)
		remove_locked(claim);
	mutex_unlock(&resource_lock);
	if (claim) {
		kfree(claim);
		return;
	}
	report_open(REPORT_BUG, "release_mem_region: nobody claimed this range");
	report_line("range   0x%llx, 0x%llx bytes", (unsigned long long)start,
		    (unsigned long long)n);
	report_stack("given by");
	report_close();
}

/* --- what the firmware says ----------------------------------------------------------- */

static const char *type_name(enum memory_type type)
{
	switch (type) {
	case MEMORY_USABLE:
		return "System RAM";
	case MEMORY_ACPI:
		return "ACPI Tables";
	case MEMORY_NVS:
		return "ACPI Non-volatile Storage";
	case MEMORY_UNUSABLE:
		return "Unusable memory";
	default:
		return "Reserved";
	}
}

static struct resource *add(struct resource *root, phys_addr_t start, phys_addr_t end,
			    const char *name, unsigned long flags)
{
	struct resource *new = resource_new(start, end - 1, name, flags);

	if (new &&request_resource(root, new)) {
		kfree(new);
		return NULL;
	}
	return new;
}

static void add_image_part(struct resource *ram, const char *start, const char *end,
			   const char *name)
{
	phys_addr_t pa = early_boot_info()->image_start + (phys_addr_t)(start - image_start);

	if (pa >= ram->start && pa <= ram->end)
		add(ram, pa, pa + (phys_addr_t)(end - start), name, IORESOURCE_BUSY);
}

void resource_init(void)
{
	const struct memory_map *map = early_memory_map();
	unsigned int i, missing = 0;

	for (i = 0; i < map->nr; i++) {
		const struct boot_range *range = &map->range[i];
		bool usable = range->type == MEMORY_USABLE;
		struct resource *new = add(&iomem_resource, range->start, range->end,
					   type_name(range->type), usable ? IORESOURCE_BUSY : 0);

		if (!new) {
			missing++;
			continue;
		}
		if (!usable)
			continue;
		add_image_part(new, text_start, text_end, "Kernel code");
		add_image_part(new, rodata_start, rodata_end, "Kernel rodata");
		add_image_part(new, data_start, data_end, "Kernel data");
	}
	if (missing)
		pr_warn("iomem: %u ranges of the map found no place in the tree", missing);
}

/* --- told and proved --------------------------------------------------------------------- */

/* The next one in the order of a book: first inside, then behind. */
static struct resource *next(struct resource *at, unsigned int *depth)
{
	if (at->child) {
		++*depth;
		return at->child;
	}
	while (at && !at->sibling) {
		at = at->parent;
		--*depth;
	}
	return at && at != &iomem_resource ? at->sibling : NULL;
}

void proc_iomem(struct seq_file *file)
{
	struct resource *at;
	unsigned int depth = 0;

	mutex_lock(&resource_lock);
	for (at = iomem_resource.child; at; at = next(at, &depth))
		seq_printf(file, "%*s%08llx-%08llx : %s\n", (int)depth * 2, "",
			   (unsigned long long)at->start, (unsigned long long)at->end, at->name);
	mutex_unlock(&resource_lock);
}

bool resource_check(void)
{
	struct resource *at;
	unsigned int depth = 0;

	for (at = iomem_resource.child; at; at = next(at, &depth)) {
		if (contains(at->parent, at) && at->start <= at->end &&
		    (!at->sibling || at->end < at->sibling->start))
			continue;
		pr_err("resource: R1 does not hold at %s, 0x%llx", at->name,
		       (unsigned long long)at->start);
		return false;
	}
	return true;
}
