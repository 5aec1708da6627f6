/* SPDX-License-Identifier: MIT */
/*
 * kmem_cache.c - the chain of caches: made, found, destroyed.
 *
 * THE IDEA
 *	A cache holds objects of one size and one kind. All caches hang in one list,
 *	cache_chain. A cache's own structure is an object too, of the cache named
 *	"kmem_cache"; that first one is static. What lies in a cache is the affair of
 *	the implementation (impl.h); here is what all implementations share.
 *
 * BOOTSTRAP	each line needs only what the lines above it made
 *
 *	slab_init()
 *	  impl_boot_cache()           static; usable: an allocation in it takes one object at
 *	  |                           a time from its slabs, and needs only alloc_pages()
 *	  kmalloc_init()              for each class, smallest first:
 *	  | kmem_cache_create_early()   its structure from "kmem_cache", its layout computed;
 *	  |                             usable in the same slow way. Classes from 512 bytes keep
 *	  |                             their descriptors in a smaller class, which exists by now
 *	  impl_cache_start(each)      the fast way: its CPU arrays, from kmalloc, which is usable
 *
 *	Nothing is replaced, copied or freed on the way: what a cache gets later is added.
 *
 * LOCKING	chain_lock protects cache_chain and nothing else; nothing is allocated under it. It is a spinlock and no
 *		mutex, because the chain is walked in any context:
 *		the report of a request that failed sums up the caches, in an interrupt too, and the first caches are made
 *		before there are tasks. It is held from one cache to the next only, and a walk
 *		proves that the cache it stands at is still in the chain before it goes on; so page allocations,
 *		shrinking and reaping happen outside, and the shrinker, which tries it only, waits for nobody.
 *		What a spinlock does not give, that a cache lives while a walk looks into it, follows from tasks: a cache
 *		is destroyed by a task, and no walk gives the CPU up between finding a cache and leaving it.
 * COST		Lists are short (some 30 caches): finding and making walk them.
 * FLOOR	slab.
 * LINUX	mm/slab.c of 2.6 (cache_chain, cache_cache, kmem_cache_create()); today
 *		mm/slab_common.c. A duplicate name is refused, as in 2.6.
 */
#include <mm/slab.h>

#include <config.h>
#include <lib/check.h>
#include <lib/cmdline.h>
#include <lib/errno.h>
#include <lib/init.h>
#include <lib/printk.h>
#include <lib/report.h>
#include <lib/spinlock.h>
#include <lib/string.h>
#include <mm/dev_kmalloc.h>

#include "debug.h"
#include "impl.h"

#define PUBLIC_FLAGS                                                                               \
	(SLAB_HWCACHE_ALIGN | SLAB_PANIC | SLAB_CACHE_DMA | SLAB_RECLAIM_ACCOUNT | SLAB_NO_MERGE | \
	 SLAB_NO_USER_FLAGS | SLAB_DEBUG_FLAGS)

static LIST_HEAD(cache_chain);
static DEFINE_SPINLOCK(chain_lock, LOCK_RANK_CACHE_CHAIN);
static struct kmem_cache *cache_cache __ro_after_init;

/* Debug builds and tests want each cache by its own name. */
static bool sharing = !CONFIG_DEBUG && !CONFIG_TESTS;

/* The caller holds chain_lock. */
static struct kmem_cache *chain_find_locked(const char *name)
{
	struct kmem_cache *cache;

	list_for_each_entry (cache, &cache_chain, link)
		if (strcmp(cache->name, name) == 0)
			return cache;
	return NULL;
}

/* The caller holds chain_lock. Reads nothing through `cache`, which may be no cache at all. */
static bool chain_has_locked(const struct kmem_cache *cache)
{
	struct kmem_cache *other;

	list_for_each_entry (other, &cache_chain, link)
		if (other == cache)
			return true;
	return false;
}

/* False when the name is taken. */
static bool chain_add(struct kmem_cache *cache)
{
	unsigned long flags = spin_lock_save(&chain_lock);
	bool is_new = !chain_find_locked(cache->name);

	if (is_new)
		list_add_tail(&cache->link, &cache_chain);
	spin_unlock_irqrestore(&chain_lock, flags);
	return is_new;
}

static void chain_del(struct kmem_cache *cache)
{
	unsigned long flags = spin_lock_save(&chain_lock);

	list_del(&cache->link);
	spin_unlock_irqrestore(&chain_lock, flags);
}

static bool chain_has(const struct kmem_cache *cache)
{
	unsigned long flags = spin_lock_save(&chain_lock);
	bool found = chain_has_locked(cache);

	spin_unlock_irqrestore(&chain_lock, flags);
	return found;
}

struct kmem_cache *slab_find_cache(const char *name)
{
	unsigned long flags = spin_lock_save(&chain_lock);
	struct kmem_cache *cache = chain_find_locked(name);

	spin_unlock_irqrestore(&chain_lock, flags);
	return cache;
}

/* The caller holds chain_lock. */
static struct kmem_cache *chain_next_locked(struct kmem_cache *cache)
{
	struct list_head *next = &cache_chain;

	if (!cache)
		next = cache_chain.next;
	else if (chain_has_locked(cache))
		next = cache->link.next;
	return next == &cache_chain ? NULL : list_entry(next, struct kmem_cache, link);
}

struct kmem_cache *slab_next_cache(struct kmem_cache *cache)
{
	unsigned long flags = spin_lock_save(&chain_lock);
	struct kmem_cache *next = chain_next_locked(cache);

	spin_unlock_irqrestore(&chain_lock, flags);
	return next;
}

bool chain_try_next(struct kmem_cache **cache)
{
	unsigned long flags;

	if (!spin_trylock_save(&chain_lock, &flags))
		return false;
	*cache = chain_next_locked(*cache);
	spin_unlock_irqrestore(&chain_lock, flags);
	return true;
}

slab_flags_t kmem_cache_flags(const struct kmem_cache *cache)
{
	return cache->flags;
}

/* Why a request for a cache cannot be served, or NULL. */
static const char *creation_refusal(const struct kmem_cache *wanted)
{
	const char *name = wanted->name;
	size_t size = wanted->object_size, align = wanted->align;
	slab_flags_t flags = wanted->flags;

	if (!name)
		return "no name";
	if (!*name || strchr(name, ' ') || strchr(name, '\t') || strchr(name, '\n'))
		return "the name is empty or has blanks";
	if (size == 0)
		return "size 0";
	if (size > SLAB_MAX_OBJECT_SIZE)
		return "the size is above 128 KiB";
	if (align && !is_power_of_2(align))
		return "the alignment is no power of two";
	if (align > PAGE_SIZE)
		return "the alignment is above a page";
	if (flags & SLAB_TYPESAFE_BY_RCU)
		return "SLAB_TYPESAFE_BY_RCU needs a grace period, which nothing here has";
	if (flags & ~PUBLIC_FLAGS)
		return "unknown flags";
	if (wanted->useroffset > size || wanted->usersize > size - wanted->useroffset)
		return "the region for user space is not inside the object";
	return NULL;
}

/* The common fields, then the implementation's. */
static int cache_init(struct kmem_cache *cache, const struct kmem_cache *wanted)
{
	int error;

	/* The first one is static: zero already, and perhaps shorter than one for so many nodes. */
	if (cache != impl_boot_cache())
		memset(cache, 0, impl_cache_bytes());
	*cache = *wanted;
	if (!(cache->flags & SLAB_NO_USER_FLAGS))
		cache->flags |= debug_flags_for(cache->name);
	cache->gfp = (cache->flags & SLAB_CACHE_DMA ? GFP_DMA : 0) |
		     (cache->flags & SLAB_RECLAIM_ACCOUNT ? __GFP_RECLAIMABLE : 0);
	error = impl_cache_init(cache);
	if (error != -E2BIG || !(cache->flags & SLAB_DEBUG_FLAGS))
		return error;
	/* What watches it makes it too large for any slab: better unwatched than none. */
	cache->flags &= ~SLAB_DEBUG_FLAGS;
	return impl_cache_init(cache);
}

struct kmem_cache *kmem_cache_create_early(const char *name, size_t size, size_t align,
					   slab_flags_t flags)
{
	const struct kmem_cache wanted = {.name = name,
					  .object_size = size,
					  .align = align,
					  .flags = flags | SLAB_PERMANENT,
					  .usersize = size};
	struct kmem_cache *cache = kmem_cache_alloc(cache_cache, GFP_NOWAIT);

	CHECK(cache, "no memory for cache %s", name);
	CHECK(cache_init(cache, &wanted) == 0, "no slab holds an object of %s", name);
	CHECK(chain_add(cache), "two caches named %s", name);
	return cache;
}

/* A cache's whole way up to the chain; NULL, -errno in *error and nothing left when it fails. */
static struct kmem_cache *cache_create(const struct kmem_cache *wanted, int *error)
{
	struct kmem_cache *cache = kmem_cache_alloc(cache_cache, GFP_KERNEL);

	*error = -ENOMEM;
	if (!cache)
		return NULL;
	*error = cache_init(cache, wanted);
	if (*error)
		goto out_free;
	*error = impl_cache_start(cache);
	if (*error)
		goto out_release;
	*error = -EEXIST;
	if (!chain_add(cache))
		goto out_release;
	*error = 0;
	return cache;

out_release:
	impl_cache_release(cache);
out_free:
	kmem_cache_free(cache_cache, cache);
	return NULL;
}

/* A cache that exists and will do as well; it has one owner more. NULL: none, or caches are not to be shared. */
static struct kmem_cache *chain_share(const struct kmem_cache *wanted)
{
	unsigned long flags = spin_lock_save(&chain_lock);
	struct kmem_cache *cache, *found = NULL;

	list_for_each_entry (cache, &cache_chain, link)
		if (sharing && !found && impl_cache_suits(cache, wanted))
			found = cache;
	if (chain_find_locked(wanted->name))
		found = NULL;
	if (found)
		found->sharers++;
	spin_unlock_irqrestore(&chain_lock, flags);
	return found;
}

/* One owner less of a cache that has others: true. Whose name it bears may be the one who goes. */
static bool chain_unshare(struct kmem_cache *cache)
{
	char *name = cache->sharers && !cache->own_name ? kstrdup(cache->name, GFP_KERNEL) : NULL;
	unsigned long flags = spin_lock_save(&chain_lock);
	bool shared = cache->sharers > 0;

	cache->sharers -= shared;
	if (shared && !cache->own_name) {
		cache->own_name = name;
		cache->name = name ? name : "shared";
		name = NULL;
	}
	spin_unlock_irqrestore(&chain_lock, flags);
	kfree(name);
	return shared;
}

bool slab_set_sharing(bool wanted)
{
	bool was = sharing;

	sharing = wanted;
	return was;
}

static struct kmem_cache *create_or_report(const struct kmem_cache *wanted)
{
	const char *refusal = creation_refusal(wanted),
		   *name = wanted->name ? wanted->name : "(null)";
	struct kmem_cache *cache = NULL;
	int error = -EINVAL;

	if (refusal)
		report_warn("kmem_cache_create: %s: cache %s, size %zu, align %zu, flags 0x%x",
			    refusal, name, wanted->object_size, wanted->align, wanted->flags);
	else
		cache = chain_share(wanted);
	if (!refusal && !cache)
		cache = cache_create(wanted, &error);
	if (error == -EEXIST)
		report_warn("kmem_cache_create: a cache named %s exists", name);
	if (!cache && wanted->flags & SLAB_PANIC)
		panic("kmem_cache_create: no cache %s: error %d", name, -error);
	return cache;
}

struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align,
				     slab_flags_t flags, void (*ctor)(void *object))
{
	return kmem_cache_create_usercopy(name, size, align, flags, 0, 0, ctor);
}

struct kmem_cache *kmem_cache_create_usercopy(const char *name, size_t size, size_t align,
					      slab_flags_t flags, size_t useroffset,
					      size_t usersize, void (*ctor)(void *object))
{
	const struct kmem_cache wanted = {.name = name,
					  .object_size = size,
					  .align = align,
					  .flags = flags,
					  .useroffset = useroffset,
					  .usersize = usersize,
					  .ctor = ctor};

	return create_or_report(&wanted);
}

void kmem_cache_destroy(struct kmem_cache *cache)
{
	const void *objects[16];
	unsigned long live;

	if (!cache)
		return;
	if (!chain_has(cache)) {
		misuse_bad_pointer("kmem_cache_destroy", cache);
		return;
	}
	if (cache->flags & SLAB_PERMANENT) {
		report_warn("kmem_cache_destroy: %s is the allocator's own", cache->name);
		return;
	}
	if (chain_unshare(cache))
		return;
	if (kmem_cache_shrink(cache) != 0) {
		live = impl_live_objects(cache, objects, ARRAY_SIZE(objects));
		misuse_live_objects(cache, objects, min(live, ARRAY_SIZE(objects)), live);
		return;
	}
	chain_del(cache);
	impl_cache_release(cache);
	kfree(cache->own_name);
	kmem_cache_free(cache_cache, cache);
}

bool slab_usercopy_allowed(const void *from, size_t size)
{
	struct slab_object found;

	if (!slab_describe(from, &found))
		return true;
	return found.allocated && found.in_object && found.offset >= found.cache->useroffset &&
	       size <= found.cache->usersize &&
	       found.offset - found.cache->useroffset <= found.cache->usersize - size;
}

size_t kmem_cache_size(const struct kmem_cache *cache)
{
	return cache->object_size;
}

int slab_tune(struct kmem_cache *cache, const struct slab_tuning *tuning)
{
	const unsigned int most = 4096; /* an array is an object of kmalloc's */

	if (tuning->limit == 0 || tuning->batchcount == 0 || tuning->batchcount > tuning->limit ||
	    tuning->limit > most || tuning->shared > most / tuning->batchcount)
		return -EINVAL;
	return impl_cache_tune(cache, tuning);
}

/* A number and the blank behind it; false when there is none. */
static bool next_number(const char **text, unsigned int *number)
{
	unsigned long value = 0;
	const char *c = *text;

	while (*c == ' ')
		c++;
	if (*c < '0' || *c > '9')
		return false;
	for (; *c >= '0' && *c <= '9' && value < 1000000; c++)
		value = value * 10 + (unsigned long)(*c - '0');
	*text = c;
	*number = (unsigned int)value;
	return *c == ' ' || *c == '\n' || *c == '\0';
}

static int tune_refused(const char *why, int error)
{
	pr_warn("slabinfo: %s; wanted is \"NAME LIMIT BATCHCOUNT SHARED\" with BATCHCOUNT from 1 "
		"to "
		"LIMIT, such as \"kmalloc-64 120 60 8\"",
		why);
	return error;
}

int slab_tune_text(const char *text)
{
	struct slab_tuning tuning;
	struct kmem_cache *cache;
	char name[32];
	size_t length = 0;
	int error;

	while (text[length] && text[length] != ' ' && text[length] != '\n')
		length++;
	if (length == 0 || length >= sizeof(name))
		return tune_refused("no name", -EINVAL);
	memcpy(name, text, length);
	name[length] = '\0';
	text += length;
	cache = slab_find_cache(name);
	if (!cache)
		return tune_refused("no cache has this name", -ENOENT);
	if (!next_number(&text, &tuning.limit) || !next_number(&text, &tuning.batchcount) ||
	    !next_number(&text, &tuning.shared))
		return tune_refused("three numbers are missing", -EINVAL);
	error = slab_tune(cache, &tuning);
	return error == -EINVAL ? tune_refused("the cache cannot have these", error) : error;
}

unsigned long cache_reap(void)
{
	static bool reaping;
	struct kmem_cache *cache;
	unsigned long pages = 0;

	if (__atomic_test_and_set(&reaping, __ATOMIC_ACQUIRE))
		return 0;
	for (cache = slab_next_cache(NULL); cache; cache = slab_next_cache(cache))
		pages += impl_cache_reap(cache);
	__atomic_clear(&reaping, __ATOMIC_RELEASE);
	return pages;
}

void slab_drain(void)
{
	struct kmem_cache *cache;
	unsigned int pass;

	/* A slab that goes back may put its descriptor into an array emptied before: hence twice. */
	for (pass = 0; pass < 2; pass++)
		for (cache = slab_next_cache(NULL); cache; cache = slab_next_cache(cache))
			kmem_cache_shrink(cache);
}

bool slab_check(void)
{
	struct kmem_cache *cache;
	bool holds = true;

	for (cache = slab_next_cache(NULL); cache; cache = slab_next_cache(cache))
		holds = impl_cache_check(cache) && holds;
	return holds;
}

void slab_init(void)
{
	struct kmem_cache wanted = {.name = "kmem_cache",
				    .flags = SLAB_PERMANENT | SLAB_HWCACHE_ALIGN};
	struct kmem_cache *cache;

	CHECK(!cache_cache, "slab_init() runs once");
	impl_init();
	debug_init();
	wanted.object_size = impl_cache_bytes();
	cache_cache = impl_boot_cache();
	CHECK(cache_init(cache_cache, &wanted) == 0);
	CHECK(chain_add(cache_cache));

	if (cmdline_has("slab_nomerge"))
		sharing = false;
	else if (cmdline_has("slab_merge"))
		sharing = true;

	kmalloc_init();
	dev_kmalloc_init();
	cache_shrinker_init();

	list_for_each_entry (cache, &cache_chain, link)
		CHECK(impl_cache_start(cache) == 0, "no memory for the CPU arrays of %s",
		      cache->name);
}
