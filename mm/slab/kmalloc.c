/* SPDX-License-Identifier: MIT */
/*
 * kmalloc.c - memory by size: the classes, and whole blocks above them.
 *
 * THE IDEA
 *	A request is rounded up to the next class and becomes an object of that class's cache:
 *
 *		8 16 32 64 96 128 192 256 512 1k 2k 4k 8k
 *
 *	96 and 192 exist because so many structures are a little larger than 64 and 128. More
 *	than 8 KiB is a block of pages from the buddy, a compound page with PG_LARGE on its
 *	first. kfree() needs no size: the struct page of the address says which of the two it
 *	is, and a slab's descriptor knows the rest.
 *
 *	The classes exist twice. dma-kmalloc-* have pages below arch_dma_end(). They are made at
 *	boot, because a first use may come in an interrupt, but without CPU arrays: such memory
 *	is scarce and shall not wait parked. That costs one struct kmem_cache a class, some 3 KiB.
 *
 * PICTURE	kmalloc(100, GFP_KERNEL)
 *
 *	(100 - 1) / 8 = 12   kmalloc_class_of_eighth[12] = 5   kmalloc_caches[0][5] = kmalloc-128
 *
 * PROMISES
 *	A power of two is aligned to itself, 96 and 192 to ARCH_KMALLOC_MINALIGN; where DMA does
 *	not snoop the caches everything is aligned to a cache line, so that no buffer shares its
 *	line. A size 0 gives ZERO_SIZE_PTR. A size that cannot be had gives NULL, never less.
 *
 * LOCKING	none of its own. Any context with GFP_ATOMIC.
 * COST		A table or a bit scan, then the cache's cost.
 * FLOOR	slab. Above the caches, below everybody who needs memory.
 * LINUX	mm/slab_common.c (kmalloc_info[], size_index[], krealloc()), mm/util.c (kmemdup(),
 *		kstrdup()). The names of the classes are those of 6.1.
 */
#include <mm/slab.h>

#include <arch/cache.h>
#include <lib/bits.h>
#include <lib/check.h>
#include <lib/init.h>
#include <lib/poison.h>
#include <lib/report.h>
#include <lib/string.h>

#include "debug.h"
#include "impl.h"

struct kmem_cache *kmalloc_caches[2][KMALLOC_NR_CLASSES] __ro_after_init;

static const struct {
	size_t size;
	const char *name, *dma_name;
} classes[KMALLOC_NR_CLASSES] = {
	{8, "kmalloc-8", "dma-kmalloc-8"},	 {16, "kmalloc-16", "dma-kmalloc-16"},
	{32, "kmalloc-32", "dma-kmalloc-32"},	 {64, "kmalloc-64", "dma-kmalloc-64"},
	{96, "kmalloc-96", "dma-kmalloc-96"},	 {128, "kmalloc-128", "dma-kmalloc-128"},
	{192, "kmalloc-192", "dma-kmalloc-192"}, {256, "kmalloc-256", "dma-kmalloc-256"},
	{512, "kmalloc-512", "dma-kmalloc-512"}, {1024, "kmalloc-1k", "dma-kmalloc-1k"},
	{2048, "kmalloc-2k", "dma-kmalloc-2k"},	 {4096, "kmalloc-4k", "dma-kmalloc-4k"},
	{8192, "kmalloc-8k", "dma-kmalloc-8k"},
};

const uint8_t kmalloc_class_of_eighth[KMALLOC_MAX_CACHE_SIZE / 8] = {
	[0] = 0,
	[1] = 1,
	[2 ... 3] = 2,
	[4 ... 7] = 3,
	[8 ... 11] = 4,
	[12 ... 15] = 5,
	[16 ... 23] = 6,
	[24 ... 31] = 7,
	[32 ... 63] = 8,
	[64 ... 127] = 9,
	[128 ... 255] = 10,
	[256 ... 511] = 11,
	[512 ... 1023] = 12,
};

struct kmem_cache *kmalloc_cache(size_t size)
{
	CHECK(size >= 1 && size <= KMALLOC_MAX_CACHE_SIZE);
	return kmalloc_caches[0][kmalloc_class(size)];
}

void kmalloc_init(void)
{
	size_t least = arch_dma_coherent() ? ARCH_KMALLOC_MINALIGN : arch_cache_line_size();
	unsigned int i;

	for (i = 0; i < KMALLOC_NR_CLASSES; i++) {
		size_t size = classes[i].size,
		       align = is_power_of_2(size) ? max(size, least) : least;

		ASSERT(classes[kmalloc_class(size)].size == size && kmalloc_index(size) == i);
		kmalloc_caches[0][i] = kmem_cache_create_early(classes[i].name, size, align, 0);
		kmalloc_caches[1][i] = kmem_cache_create_early(classes[i].dma_name, size, align,
							       SLAB_CACHE_DMA | SLAB_NO_ARRAY);
	}
}

/* ---- Blocks of pages ---- */

void *kmalloc_large_node(size_t size, gfp_t gfp, int nid)
{
	unsigned int order = get_order(size);
	struct page *page;
	char *block;

	if (size > KMALLOC_MAX_SIZE) {
		if (!(gfp & __GFP_NOWARN))
			report_warn("kmalloc: %zu bytes; the most is %lu", size, KMALLOC_MAX_SIZE);
		return NULL;
	}
	if (gfp & (__GFP_HIGHMEM | __GFP_DMA32)) {
		misuse_bad_gfp("kmalloc", "(whole pages)", gfp);
		return NULL;
	}
	page = alloc_pages_node(nid, gfp | __GFP_COMP, order);
	if (!page)
		return NULL;
	page->flags |= PG_LARGE;
	block = page_address(page);
	mem_poison(block + size, (PAGE_SIZE << order) - size);
	return block;
}

/* Does a block of kmalloc_large() start here? */
static bool is_large_block(const struct page *page, const void *address)
{
	return page && (page->flags & (PG_LARGE | PG_DEVMEM)) == PG_LARGE &&
	       page_address(page) == address;
}

static __noinline void kfree_large(struct page *page, const void *block)
{
	unsigned int order;

	if (!is_large_block(page, block)) {
		if (!dev_kfree_marked(block, "kfree"))
			misuse_bad_pointer("kfree", block);
		return;
	}
	order = page->order;
	page->flags &= (uint16_t)~PG_LARGE;
	mem_unpoison(block, PAGE_SIZE << order);
	__free_pages(page, order);
}

/* ---- The interface ---- */

void *kmalloc_unusual(size_t size, gfp_t gfp)
{
	if (unlikely(size - 1 >= KMALLOC_MAX_CACHE_SIZE))
		return size ? kmalloc_large_node(size, gfp, -1) : ZERO_SIZE_PTR;
	return kmem_cache_alloc_trace(kmalloc_caches[(gfp & __GFP_DMA) != 0][kmalloc_class(size)],
				      gfp, size);
}

void kfree_elsewhere(const void *object)
{
	struct page *page;

	if (ZERO_OR_NULL_PTR(object))
		return;
	page = object_page(object);
	if (page && page->flags & PG_SLAB)
		impl_free(page_slab(page), object, "kfree");
	else
		kfree_large(page, object);
}

/* The usable bytes of what is allocated and starts at an address; 0 and a report for nothing. */
static size_t usable_size(const void *object, const char *caller)
{
	struct page *page = object_page(object);
	struct kmem_cache *cache = NULL;

	if (is_large_block(page, object))
		return PAGE_SIZE << page->order;
	if (page && page->flags & PG_SLAB)
		cache = impl_object_cache(page_slab(page), object);
	if (!cache) {
		misuse_bad_pointer(caller, object);
		return 0;
	}
	return debug_usable_size(cache, object);
}

size_t ksize(const void *object)
{
	size_t size;

	if (ZERO_OR_NULL_PTR(object))
		return 0;
	size = usable_size(object, "ksize");
	mem_unpoison(object, size);
	return size;
}

void *krealloc(const void *object, size_t size, gfp_t gfp)
{
	size_t old_size;
	void *larger;

	if (size == 0) {
		kfree(object);
		return ZERO_SIZE_PTR;
	}
	if (ZERO_OR_NULL_PTR(object))
		return kmalloc(size, gfp);
	old_size = usable_size(object, "krealloc");
	if (!old_size)
		return NULL;
	mem_unpoison(object, old_size);
	if (size <= old_size) {
		mem_poison((const char *)object + size, old_size - size);
		return (void *)object;
	}
	larger = kmalloc(size, gfp);
	if (larger) {
		memcpy(larger, object, old_size);
		kfree(object);
	}
	return larger;
}

void *kmemdup(const void *from, size_t size, gfp_t gfp)
{
	void *copy = kmalloc(size, gfp);

	if (copy && size)
		memcpy(copy, from, size);
	return copy;
}

char *kstrdup(const char *string, gfp_t gfp)
{
	return string ? kmemdup(string, strlen(string) + 1, gfp) : NULL;
}
