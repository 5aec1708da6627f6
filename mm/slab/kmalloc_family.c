/* SPDX-License-Identifier: MIT */
/*
 * kmalloc_family.c - kmalloc's relatives: on a node, of text, and for secrets.
 *
 * Each is a few lines over kmalloc(), kmem_cache_alloc_node_trace() and ksize(), whose rules they share: 0 bytes are
 * ZERO_SIZE_PTR, a size that cannot be had is NULL, NULL is freed without effect.
 * LINUX	mm/util.c (kstrndup(), kmemdup_nul()), mm/slab_common.c (kfree_sensitive()), __kmalloc_node().
 */
#include <mm/slab.h>

#include <lib/overflow.h>
#include <lib/string.h>

#include "impl.h"

void *kmalloc_node(size_t size, gfp_t gfp, int nid)
{
	struct kmem_cache *cache;

	if (size == 0)
		return ZERO_SIZE_PTR;
	if (size > KMALLOC_MAX_CACHE_SIZE)
		return kmalloc_large_node(size, gfp, nid);
	cache = gfp & __GFP_DMA ? kmalloc_caches[1][kmalloc_index(size)] : kmalloc_cache(size);
	return kmem_cache_alloc_node_trace(cache, gfp, nid, size);
}

char *kmemdup_nul(const char *from, size_t size, gfp_t gfp)
{
	char *copy = from ? kmalloc(size_add(size, 1), gfp) : NULL;

	if (!copy)
		return NULL;
	memcpy(copy, from, size);
	copy[size] = '\0';
	return copy;
}

char *kstrndup(const char *string, size_t max, gfp_t gfp)
{
	return string ? kmemdup_nul(string, strnlen(string, max), gfp) : NULL;
}

void kfree_sensitive(const void *object)
{
	size_t size = ksize(object);

	/* No size: nothing is there, or it is no object, and that has been reported. */
	if (!size)
		return;
	memzero_explicit((void *)(uintptr_t)object, size);
	kfree(object);
}
