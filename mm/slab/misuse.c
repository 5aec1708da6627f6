/* SPDX-License-Identifier: MIT */
/*
 * misuse.c - what is said when the slab allocator is used wrongly.
 *
 * One report per event, with what the address is; the caller has changed nothing and changes
 * nothing. What corrupts memory when it is believed is REPORT_BUG; a doubtful request REPORT_WARN.
 * Called in any context, also under a node's lock: nothing here takes one, so that what is said of
 * an object is a glance, exact as long as nobody allocates or frees.
 */
#include <lib/report.h>

#include "debug.h"
#include "impl.h"

static void report_slab_address(const void *address, const struct slab_object *found)
{
	if (found->in_object)
		report_line("object  %px in cache %s, slab %px, object %u of %u, %s",
			    (void *)found->object, found->cache_name, (void *)found->slab,
			    found->index, found->objects, found->allocated ? "allocated" : "free");
	else
		report_line("address %px in slab %px of cache %s, but in none of its objects",
			    address, (void *)found->slab, found->cache_name);
	if (found->in_object && found->offset)
		report_line("pointer %px, %zu bytes into it", address, found->offset);
	if (found->in_object)
		debug_report_tracks(found->cache, (void *)found->object);
	report_line("`slab %s` draws its slabs", found->cache_name);
}

/* What lies at an address: an object, a page, or nothing that an allocator hands out. */
void misuse_describe(const void *address)
{
	struct page *page = object_page(address);
	struct slab_object found;

	if (slab_describe(address, &found))
		report_slab_address(address, &found);
	else if (page)
		report_line("address %px in pfn %lu, which is no slab's: flags 0x%x, order %u, %d "
			    "users",
			    address, page_to_pfn(page), page->flags, page->order, page->refcount);
	else
		report_line("address %px, outside of what allocators hand out", address);
}

void misuse_bad_pointer(const char *caller, const void *pointer)
{
	report_open(REPORT_BUG, "%s: invalid object pointer", caller);
	misuse_describe(pointer);
	report_stack("by");
	report_close();
}

void misuse_double_free(const char *caller, const void *object)
{
	report_open(REPORT_BUG, "%s: object freed twice", caller);
	misuse_describe(object);
	report_stack("again");
	report_close();
}

void misuse_wrong_cache(const char *caller, const struct kmem_cache *cache, const void *object)
{
	report_open(REPORT_BUG, "%s: object of another cache", caller);
	misuse_describe(object);
	report_line("cache   %s was named", cache ? cache->name : "(null)");
	report_stack("by");
	report_close();
}

void misuse_live_objects(const struct kmem_cache *cache, const void **objects, unsigned int listed,
			 unsigned long live)
{
	unsigned int i;

	report_open(REPORT_BUG, "kmem_cache_destroy: cache %s has live objects", cache->name);
	for (i = 0; i < listed; i++)
		report_line("object  %px", objects[i]);
	if (listed < live)
		report_line("and %lu more", live - listed);
	report_stack("by");
	report_close();
}

void misuse_broken_slab(const struct kmem_cache *cache, const void *slab)
{
	report_open(REPORT_BUG, "cache %s: the free objects of a slab make no chain", cache->name);
	report_line("slab    %px is set aside: nothing is taken from it any more", slab);
	report_stack("found");
	report_close();
}

void misuse_bad_gfp(const char *caller, const char *cache_name, gfp_t gfp)
{
	report_open(REPORT_WARN, "%s: gfp 0x%x does not suit cache %s", caller, gfp, cache_name);
	report_line("%s", gfp & __GFP_HIGHMEM  ? "an object needs an address: no __GFP_HIGHMEM"
			  : gfp & GFP_ZONEMASK ? "the cache's pages come from another zone"
					       : "objects with a constructor are never zeroed");
	report_stack("by");
	report_close();
}
