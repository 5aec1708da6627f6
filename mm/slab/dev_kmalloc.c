/* SPDX-License-Identifier: MIT */
/*
 * dev_kmalloc.c - memory with a header before it that says whose it is.
 *
 * THE IDEA
 *	A driver's buffer is found leaked, overrun or freed twice long after the fact, and the
 *	question is always the same: whose is it, and who took it? Here the answer stands in front of
 *	the data, and the device has all of its buffers in a list.
 *
 *	kfree() must take such a pointer too, without looking for headers in front of ordinary ones. So
 *	these blocks never share a page with others: they come from the caches dev-kmalloc-* or are blocks
 *	of pages, and PG_DEVMEM in the struct page says so. The data does not start where an object
 *	does, so kfree() finds no object there, which it tests anyway; only then, about to
 *	complain, does it look at the mark and call dev_kfree_marked(). Ordinary frees pay nothing.
 *
 *	The header's own address is where an object starts, so a free of that would find one. It comes the slow way,
 *	as these caches park nothing, and there dev_has_let_go() refuses what no device has let go.
 *
 *	A header is believed only if its `check` fits: a keyed sum over all that does not change
 *	while it lives, and over its address. So neither stray data nor a copied header is ever followed.
 *	After the free the header stays, with another magic and who freed it, until the memory is used again;
 *	slab_debug= therefore leaves these caches alone, as its poison would wipe that out.
 *
 * PICTURE	dev_kmalloc(dev, 1500): an object of dev-kmalloc-2k
 *
 *	0                                                          64           1564     2048
 *	| magic flags size owner list{next,prev} time caller check | data ...   | unused |
 *	  0xDEADBEEF             |                                 ^ the pointer
 *	dev->memory.blocks  <----+--> the device's other blocks
 *
 * INVARIANTS	(dev_kmalloc_check() of devmem_report.c proves them, dev_kmalloc_test.c breaks them)
 *	D1  Each block in a device's list has a whole header with that device as its owner.
 *	D2  A device's nr_blocks and bytes are the number and the sum of its blocks.
 *
 * LOCKING	device->lock guards the device's list and figures. A header is judged once before it is taken and again
 *		under it, so of two CPUs that free one pointer one is reported. Nothing is allocated, freed
 *		or reported under the lock.
 * COST		The cache's, some 100 instructions more, and 64 bytes a block.
 * FLOOR	slab, over lib/device.h.
 * LINUX	devm_kmalloc() of drivers/base/devres.c also puts a header before the data, but is silent about
 *		what it releases; the reports are those of kmemleak and slab_debug=U for one device.
 */
#include <mm/dev_kmalloc.h>

#include <lib/check.h>
#include <lib/clock.h>
#include <lib/init.h>
#include <lib/overflow.h>
#include <lib/poison.h>
#include <lib/random.h>
#include <lib/report.h>
#include <lib/string.h>
#include <mm/pgtable.h>
#include <mm/slab.h>

#include "dev_kmalloc.h"

static struct kmem_cache *dev_caches[NR_DEV_CLASSES] __ro_after_init;
static uint64_t secret __ro_after_init;

static const struct {
	size_t size;
	const char *name;
} classes[NR_DEV_CLASSES] = {
	{128, "dev-kmalloc-128"}, {256, "dev-kmalloc-256"}, {512, "dev-kmalloc-512"},
	{1024, "dev-kmalloc-1k"}, {2048, "dev-kmalloc-2k"}, {4096, "dev-kmalloc-4k"},
	{8192, "dev-kmalloc-8k"},
};

void dev_kmalloc_init(void)
{
	unsigned int i;

	secret = random_u64() | 1;
	for (i = 0; i < NR_DEV_CLASSES; i++)
		dev_caches[i] = kmem_cache_create_early(
			classes[i].name, classes[i].size, DEV_KMALLOC_HEADER,
			SLAB_DEVMEM | SLAB_NO_ARRAY | SLAB_NO_USER_FLAGS);
}

/* ---- Headers ---- */

static uint64_t header_check(const struct dev_header *header, uintptr_t address)
{
	uint64_t sum = secret ^ address;

	sum = (sum ^ header->magic ^ ((uint64_t)header->flags << 32)) * 0x9e3779b97f4a7c15ULL;
	sum = (sum ^ (sum >> 29) ^ header->size) * 0xbf58476d1ce4e5b9ULL;
	sum = (sum ^ (sum >> 31) ^ (uintptr_t)header->owner) * 0x94d049bb133111ebULL;
	sum = (sum ^ (sum >> 30) ^ header->timestamp) * 0x9e3779b97f4a7c15ULL;
	sum = (sum ^ (sum >> 29) ^ header->caller) * 0xbf58476d1ce4e5b9ULL;
	return sum ^ (sum >> 32);
}

static void header_sign(struct dev_header *header, uint32_t magic)
{
	header->magic = magic;
	header->check = header_check(header, (uintptr_t)header);
}

/*
 * Reads what may be poisoned: free memory keeps its last header. And what others may be writing: a neighbour that comes or goes
 * changes the links, which nobody believes before they are read again under the lock.
 */
__attribute__((no_sanitize_address, no_sanitize_thread)) static __noinline void
header_copy(struct dev_header *copy, const struct dev_header *header)
{
	const volatile uint64_t *from = (const volatile uint64_t *)header;
	uint64_t *to = (uint64_t *)copy;
	unsigned int i;

	for (i = 0; i < sizeof(*copy) / sizeof(*to); i++)
		to[i] = from[i];
}

/* What lies at an address: a free or an allocated block of device memory starts there, or others use the memory. */
enum slot { SLOT_NONE, SLOT_FREE, SLOT_ALLOCATED, SLOT_OTHERS };

static enum slot slot_at(const void *address)
{
	struct page *page = object_page(address);
	struct slab_object found;
	bool in_slab;

	if (!page)
		return SLOT_NONE;
	in_slab = slab_describe(address, &found);
	if (!(page->flags & PG_DEVMEM))
		return (in_slab ? found.allocated : page->flags & PG_OWNED) ? SLOT_OTHERS
									    : SLOT_NONE;
	if (page->flags & PG_LARGE)
		return page_address(page) == address ? SLOT_ALLOCATED : SLOT_NONE;
	if (!in_slab || found.object != (uintptr_t)address)
		return SLOT_NONE;
	return found.allocated ? SLOT_ALLOCATED : SLOT_FREE;
}

/* What stands before a pointer that somebody wants freed; `copy` is the header if the verdict is LIVE or FREED. */
enum dev_verdict dev_judge(const void *pointer, struct dev_header *copy)
{
	const struct dev_header *header = dev_header_of(pointer);
	struct pt_entry entry;
	enum slot slot;

	if (!IS_ALIGNED((uintptr_t)pointer, DEV_KMALLOC_HEADER) || !virt_addr_valid(header))
		return DEV_NO_HEADER;
	slot = slot_at(header);
	if (slot == SLOT_OTHERS)
		return DEV_NO_HEADER;
	if (slot == SLOT_NONE && !pgtable_query((uintptr_t)header, &entry))
		return DEV_NO_HEADER;
	header_copy(copy, header);
	if (copy->check != header_check(copy, (uintptr_t)header))
		return slot == SLOT_ALLOCATED ? DEV_SMASHED : DEV_NO_HEADER;
	if (copy->magic == DEV_MAGIC)
		return slot == SLOT_ALLOCATED ? DEV_LIVE : DEV_NO_HEADER;
	return DEV_FREED;
}

bool dev_has_let_go(const void *object)
{
	struct dev_header copy;

	header_copy(&copy, object);
	return copy.magic == DEV_MAGIC_FREED &&
	       copy.check == header_check(&copy, (uintptr_t)object);
}

/* Is this link the head of the device's list, or in a block? Only then is it followed. */
static bool link_is_plausible(const struct device *device, const struct list_head *link)
{
	return link == &device->memory.blocks ||
	       slot_at(container_of(link, struct dev_header, list)) == SLOT_ALLOCATED;
}

/* device->lock held. Are the neighbours where the header says, and do they know it? */
bool dev_links_are_whole(const struct device *device, const struct dev_header *header)
{
	const struct list_head *link = &header->list;

	return link_is_plausible(device, link->next) && link_is_plausible(device, link->prev) &&
	       link->next->prev == link && link->prev->next == link;
}

/* ---- Blocks ---- */

static struct kmem_cache *cache_for(size_t bytes)
{
	unsigned int i;

	for (i = 0; i < NR_DEV_CLASSES; i++)
		if (bytes <= classes[i].size)
			return dev_caches[i];
	return NULL;
}

static struct dev_header *block_alloc(size_t bytes, gfp_t gfp)
{
	struct kmem_cache *cache = cache_for(bytes);
	struct page *page;

	if (cache)
		return kmem_cache_alloc(cache, gfp);
	if (gfp & (__GFP_HIGHMEM | __GFP_DMA32)) {
		misuse_bad_gfp("dev_kmalloc", "(whole pages)", gfp);
		return NULL;
	}
	page = alloc_pages(gfp | __GFP_COMP, get_order(bytes));
	if (!page)
		return NULL;
	page->flags |= PG_LARGE | PG_DEVMEM;
	return page_address(page);
}

void dev_block_free(struct dev_header *header)
{
	struct page *page = object_page(header);
	unsigned int order = page->order;

	if (!(page->flags & PG_LARGE)) {
		impl_free(page_slab(page), header, "dev_kfree");
		return;
	}
	page->flags &= (uint16_t) ~(PG_LARGE | PG_DEVMEM);
	mem_unpoison(header, PAGE_SIZE << order);
	__free_pages(page, order);
}

/* ---- Allocation ---- */

/* device->lock held. May this device have `size` bytes more? */
static bool within_limit(const struct device_memory *memory, size_t size)
{
	return !memory->limit || size_add(memory->bytes, size) <= memory->limit;
}

/* Counts the bytes as the device's before there is memory, so that two CPUs cannot both be the last. */
static bool charge(struct device *device, size_t size)
{
	struct device_memory *memory = &device->memory;
	unsigned long flags = spin_lock_save(&device->lock);
	bool granted = within_limit(memory, size) && !should_fail(&memory->failures, size);

	memory->nr_allocs++;
	if (granted) {
		memory->bytes += size;
		memory->peak_bytes = max(memory->peak_bytes, memory->bytes);
	} else {
		memory->nr_failed++;
	}
	spin_unlock_irqrestore(&device->lock, flags);
	return granted;
}

static void uncharge_failed(struct device *device, size_t size)
{
	unsigned long flags = spin_lock_save(&device->lock);

	device->memory.bytes -= size;
	device->memory.nr_failed++;
	spin_unlock_irqrestore(&device->lock, flags);
}

static void link_block(struct device *device, struct dev_header *header)
{
	struct device_memory *memory = &device->memory;
	unsigned long flags = spin_lock_save(&device->lock);

	list_add_tail(&header->list, &memory->blocks);
	memory->nr_blocks++;
	spin_unlock_irqrestore(&device->lock, flags);
}

static const char *refusal(const struct device *device, size_t size)
{
	if (!device || !device_is_registered(device))
		return "the device is not registered";
	return size > DEV_KMALLOC_MAX ? "more than 4 MiB" : NULL;
}

void *dev_kmalloc(struct device *device, size_t size, gfp_t gfp)
{
	uintptr_t caller = (uintptr_t)__builtin_return_address(0);
	const char *why_not = refusal(device, size);
	struct dev_header *header;

	if (why_not) {
		if (!(gfp & __GFP_NOWARN))
			report_warn("dev_kmalloc: %zu bytes: %s", size, why_not);
		return NULL;
	}
	if (size == 0)
		return ZERO_SIZE_PTR;
	device_memory_watch(device);
	if (!charge(device, size))
		return NULL;
	header = block_alloc(size + DEV_KMALLOC_HEADER, gfp);
	if (!header) {
		uncharge_failed(device, size);
		return NULL;
	}
	*header = (struct dev_header){
		.size = size, .owner = device, .timestamp = clock_ns(), .caller = caller};
	header_sign(header, DEV_MAGIC);
	link_block(device, header);
	return dev_data_of(header);
}

/* ---- Free ---- */

/*
 * Takes a live block away from its owner. LIVE when it was; otherwise why not: somebody else was
 * faster, or its links lead nowhere.
 */
enum dev_verdict dev_unlink(struct dev_header *header, struct device *owner, uintptr_t caller)
{
	struct device_memory *memory = &owner->memory;
	unsigned long flags = spin_lock_save(&owner->lock);
	struct dev_header copy;
	enum dev_verdict verdict = dev_judge(dev_data_of(header), &copy);

	if (verdict == DEV_LIVE && !dev_links_are_whole(owner, header))
		verdict = DEV_SMASHED;
	if (verdict == DEV_LIVE) {
		list_del(&header->list);
		memory->nr_blocks--;
		memory->bytes -= header->size;
		header->freed.caller = caller;
		header->freed.timestamp = clock_ns();
		header_sign(header, DEV_MAGIC_FREED);
	}
	spin_unlock_irqrestore(&owner->lock, flags);
	return verdict;
}

static void free_pointer(const void *pointer, const char *asked, uintptr_t caller)
{
	struct dev_header copy, *header = dev_header_of(pointer);
	enum dev_verdict verdict = dev_judge(pointer, &copy);

	if (verdict == DEV_LIVE)
		verdict = dev_unlink(header, copy.owner, caller);
	if (verdict == DEV_LIVE)
		dev_block_free(header);
	else
		dev_report(verdict, pointer, asked);
}

void dev_kfree(const void *pointer)
{
	if (!ZERO_OR_NULL_PTR(pointer))
		free_pointer(pointer, "dev_kfree", (uintptr_t)__builtin_return_address(0));
}

bool dev_kfree_marked(const void *pointer, const char *asked)
{
	uintptr_t caller = (uintptr_t)__builtin_return_address(0);
	struct page *page = object_page(pointer);
	struct dev_header copy;

	if (!(page && page->flags & PG_DEVMEM) && dev_judge(pointer, &copy) != DEV_FREED)
		return false;
	free_pointer(pointer, asked, caller);
	return true;
}

size_t dev_ksize(const void *pointer)
{
	struct dev_header copy;

	if (ZERO_OR_NULL_PTR(pointer) || dev_judge(pointer, &copy) != DEV_LIVE)
		return 0;
	return copy.size;
}
