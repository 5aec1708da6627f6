/* SPDX-License-Identifier: MIT */
/*
 * debug.c - the layer between a slab allocator and the owners of its objects, when somebody watches.
 */
#include "debug.h"

void debug_layout(struct kmem_cache *cache, size_t reserve)
{
	cache->red_left = 0;
	cache->inuse = ALIGN_UP(cache->object_size, sizeof(void *));
	cache->tracks = 0;
	cache->size = ALIGN_UP(cache->inuse + reserve, cache->align);
}

void debug_objects_init(struct kmem_cache *cache, void *first, unsigned int nr)
{
	(void)cache;
	(void)first;
	(void)nr;
}

bool debug_alloc_object(struct kmem_cache *cache, void *object, size_t size)
{
	(void)cache;
	(void)size;
	return object != NULL;
}

bool debug_free_object(struct kmem_cache *cache, void *object)
{
	(void)cache;
	return object != NULL;
}

bool debug_should_fail(const struct kmem_cache *cache, gfp_t gfp)
{
	(void)cache;
	(void)gfp;
	return false;
}

void debug_report_tracks(const struct kmem_cache *cache, const void *object)
{
	(void)cache;
	(void)object;
}

unsigned long validate_slab_cache(struct kmem_cache *cache)
{
	impl_cache_drain(cache);
	return 0;
}
