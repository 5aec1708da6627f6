/* SPDX-License-Identifier: MIT */
/*
 * virt_floor.c - the floors below mm/virt, as simple as they can be: frames from a map of bytes, objects from malloc(), one CPU,
 * and a TLB that forgets nothing before it is told to.
 *
 * A frame that goes back while the TLB leads to it, and an address that is made while the TLB leads elsewhere from it, are
 * what lazy flushing may never do: both end the target.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* The host's names for what mmap() shall allow are the kernel's for what a leaf does. */
static const int host_read_write = PROT_READ | PROT_WRITE;
#undef PROT_WRITE
#undef PROT_EXEC

#include "virt_floor.h"

#include "fuzz.h"

#include <arch/memory.h>
#include <arch/tlb.h>
#include <lib/cmdline.h>
#include <lib/context.h>
#include <lib/errno.h>
#include <lib/firmware/memory_map.h>
#include <lib/mutex.h>
#include <lib/printk.h>
#include <lib/sections.h>
#include <lib/sched.h>
#include <lib/spinlock.h>
#include <mm/early.h>
#include <mm/fixmap.h>
#include <mm/memblock.h>
#include <mm/percpu.h>
#include <mm/pgtable.h>
#include <mm/shrinker.h>
#include <mm/slab.h>
#include "../../mm/pgtable/walk.h"

unsigned int floor_taken, floor_objects, floor_refuse;

static uint8_t taken[FLOOR_END];
static unsigned long unit_chunk[BIT(PAGE_CHUNK_SHIFT) / BITS_PER_LONG];
static unsigned long *chunks[1] = {unit_chunk};

__thread struct hosted_cpu hosted_cpu = {.irqs_on = true};
uintptr_t per_cpu_offset[NR_CPUS];
unsigned long **page_unit_chunks = chunks;
unsigned long page_nr_units = FLOOR_END >> PAGE_UNIT_SHIFT;

/* True once, when the request comes that shall fail. */
static bool is_refused(void)
{
	return floor_refuse && --floor_refuse == 0;
}

/* --- the TLB ------------------------------------------------------------------------------ */

/* Of the vmalloc region only the start is used here: the lowest place is taken. */
#define TLB_PAGES 131072U

static unsigned int remembered[TLB_PAGES]; /* the frame of each page, 0: none */
static unsigned int nr_leads[FLOOR_END];   /* how many pages lead to a frame of RAM */

/* The place of an address in `remembered`; TLB_PAGES for other regions. */
static unsigned int place_of(uintptr_t va)
{
	uintptr_t page = (va - arch_region_base(REGION_VMALLOC)) >> PAGE_SHIFT;

	REQUIRE(!(va - arch_region_base(REGION_VMALLOC) < arch_region_size(REGION_VMALLOC)) ||
		page < TLB_PAGES);
	return page < TLB_PAGES ? (unsigned int)page : TLB_PAGES;
}

static unsigned int frame_in_tables(uintptr_t va)
{
	struct pt_entry entry;

	if (!pgtable_query(va, &entry))
		return 0;
	return (unsigned int)((entry.pa + (va - entry.va)) >> PAGE_SHIFT);
}

static void lead(unsigned int frame, unsigned int by)
{
	if (frame < FLOOR_END)
		nr_leads[frame] += by;
}

void hosted_map_sync(uintptr_t va, size_t size)
{
	for (; size; va += PAGE_SIZE, size -= PAGE_SIZE) {
		unsigned int place = place_of(va), frame = frame_in_tables(va);

		if (place == TLB_PAGES)
			return;
		REQUIRE(frame != 0);
		REQUIRE(remembered[place] == 0); /* made before the old one was flushed */
		remembered[place] = frame;
		lead(frame, 1);
	}
}

void hosted_tlb_flush(uintptr_t va, size_t size)
{
	for (; size; va += PAGE_SIZE, size -= PAGE_SIZE) {
		unsigned int place = place_of(va);

		if (place == TLB_PAGES)
			return;
		if (!remembered[place] || frame_in_tables(va) == remembered[place])
			continue;
		lead(remembered[place], -1U);
		remembered[place] = 0;
	}
}

void hosted_tlb_flush_all(void)
{
	hosted_tlb_flush(arch_region_base(REGION_VMALLOC), TLB_PAGES * PAGE_SIZE);
}

unsigned long floor_tlb_pfn(uintptr_t va)
{
	return remembered[place_of(va)];
}

/* Break before make. */
void hosted_pte_set(pte_t *entry, pte_t value)
{
	REQUIRE(!entry->value || !value.value || entry->value == value.value);
	entry->value = value.value;
}

/* --- tables -------------------------------------------------------------------------------- */

static pte_t root[PT_ENTRIES] __aligned(PAGE_SIZE);

pte_t *arch_kernel_root(void)
{
	return root;
}

phys_addr_t arch_image_to_phys(const void *address)
{
	(void)address;
	return 0;
}

pte_t *pt_table_open(phys_addr_t table, unsigned int level)
{
	(void)level;
	return phys_to_virt(table);
}

pte_t *pt_table_below(pte_t entry, unsigned int level)
{
	return pt_table_open(arch_pte_phys(entry, level), level - 1);
}

bool pt_table_in_image(phys_addr_t table)
{
	(void)table;
	return false;
}

/* --- frames ---------------------------------------------------------------------------------- */

static unsigned int find_free(unsigned int first, unsigned int end, unsigned int nr)
{
	while (first < end && memchr(taken + first, 1, nr))
		first += nr;
	return first < end ? first : 0;
}

struct page *alloc_pages_node(int nid, gfp_t gfp, unsigned int order)
{
	unsigned int nr = 1U << order, border = FLOOR_FIRST + FLOOR_LOW, first = 0, i;

	REQUIRE(nid < 1 && order < MAX_ORDER);
	if (is_refused())
		return NULL;
	if (gfp & __GFP_HIGHMEM)
		first = find_free(border, FLOOR_END, nr);
	if (!first)
		first = find_free(FLOOR_FIRST, border, nr);
	if (!first)
		return NULL;
	memset(taken + first, 1, nr);
	floor_taken += nr;
	for (i = 0; i < nr; i++)
		pfn_to_page(first + i)->refcount = i == 0;
	pfn_to_page(first)->order = (uint8_t)order;
	if (gfp & __GFP_ZERO && first < border)
		memset(lowmem_page_address(pfn_to_page(first)), 0, PAGE_SIZE << order);
	return pfn_to_page(first);
}

struct page *alloc_pages(gfp_t gfp, unsigned int order)
{
	return alloc_pages_node(-1, gfp, order);
}

void split_page(struct page *page, unsigned int order)
{
	REQUIRE(page->order == order);
	for (unsigned int i = 0; i < 1U << order; i++) {
		page[i].order = 0;
		page[i].refcount = 1;
	}
}

/* Nobody who freed it may still see it. */
void free_page_run(struct page *page, unsigned long nr)
{
	for (; nr; nr--, page++) {
		unsigned long pfn = page_to_pfn(page);

		REQUIRE(pfn < FLOOR_END && taken[pfn] && page->order == 0 && page->refcount == 1);
		REQUIRE(nr_leads[pfn] == 0);
		page->refcount = 0;
		taken[pfn] = 0;
		floor_taken--;
	}
}

void __free_pages(struct page *page, unsigned int order)
{
	REQUIRE(order == 0);
	free_page_run(page, 1);
}

bool floor_is_taken(unsigned long pfn)
{
	return pfn < FLOOR_END && taken[pfn];
}

unsigned long totalram_pages(void)
{
	return FLOOR_LOW + FLOOR_HIGH;
}

unsigned long nr_free_pages(void)
{
	return totalram_pages() - floor_taken;
}

void *(*page_address_high)(const struct page *page);

void *page_address(const struct page *page)
{
	if (page_zone_type(page) != ZONE_HIGHMEM)
		return lowmem_page_address(page);
	return page_address_high ? page_address_high(page) : NULL;
}

bool virt_addr_valid(const void *address)
{
	uintptr_t offset = (uintptr_t)address - arch_region_base(REGION_DIRECT_MAP);

	return offset >> PAGE_SHIFT >= FLOOR_FIRST &&
	       offset >> PAGE_SHIFT < FLOOR_FIRST + FLOOR_LOW;
}

struct page *virt_to_page(const void *address)
{
	REQUIRE(virt_addr_valid(address));
	return pfn_to_page(((uintptr_t)address - arch_region_base(REGION_DIRECT_MAP)) >>
			   PAGE_SHIFT);
}

/* --- objects: malloc() makes each a neighbour of what must not be touched ------------------------ */

struct kmem_cache *kmalloc_caches[2][KMALLOC_NR_CLASSES];

void *__kmalloc(size_t size, gfp_t gfp)
{
	void *object = is_refused() ? NULL : malloc(size);

	floor_objects += object != NULL;
	if (object)
		memset(object, gfp & __GFP_ZERO ? 0 : 0x5a, size);
	return object;
}

void *kmem_cache_alloc_trace(struct kmem_cache *cache, gfp_t gfp, size_t size)
{
	(void)cache;
	return __kmalloc(size, gfp);
}

void *kmalloc_node(size_t size, gfp_t gfp, int nid)
{
	REQUIRE(nid < 1);
	return __kmalloc(size, gfp);
}

void *krealloc(const void *object, size_t size, gfp_t gfp)
{
	(void)gfp;
	return is_refused() ? NULL : realloc((void *)object, size);
}

void kfree(const void *object)
{
	floor_objects -= object != NULL;
	free((void *)object);
}

/* There is one cache, of areas; it is known by its size. */
struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align,
				     slab_flags_t flags, void (*ctor)(void *object))
{
	(void)name;
	(void)align;
	(void)flags;
	REQUIRE(!ctor);
	return (struct kmem_cache *)size;
}

void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp)
{
	return __kmalloc((size_t)cache, gfp);
}

void kmem_cache_free(struct kmem_cache *cache, void *object)
{
	(void)cache;
	kfree(object);
}

void kmem_cache_free_bulk(struct kmem_cache *cache, size_t nr, void **objects)
{
	(void)cache;
	while (nr--)
		kfree(objects[nr]);
}

void register_shrinker(struct shrinker *shrinker)
{
	(void)shrinker;
}

/* --- what the firmware said --------------------------------------------------------------------- */

char image_start[1], image_end[1], text_start[1], text_end[1], rodata_start[1], rodata_end[1];
char data_start[1], data_end[1];

static struct memblock_region ram[] = {
	{.base = FLOOR_FIRST * PAGE_SIZE, .size = (FLOOR_LOW + FLOOR_HIGH) * PAGE_SIZE}};
struct memblock memblock = {.memory = {.cnt = 1, .max = 1, .regions = ram}};

bool memblock_overlaps_memory(phys_addr_t base, phys_addr_t size)
{
	return base < ram[0].base + ram[0].size && base + size > ram[0].base;
}

bool memblock_is_nomap(const struct memblock_region *region)
{
	(void)region;
	return false;
}

const struct memory_map *early_memory_map(void)
{
	static const struct memory_map map = {.nr = 2,
					      .range = {{.start = FLOOR_FIRST * PAGE_SIZE,
							 .end = FLOOR_END * PAGE_SIZE,
							 .type = MEMORY_USABLE},
							{.start = FLOOR_END * PAGE_SIZE,
							 .end = (FLOOR_END + 16) * PAGE_SIZE,
							 .type = MEMORY_RESERVED}}};

	return &map;
}

const struct boot_info *early_boot_info(void)
{
	static const struct boot_info info = {.image_start = 4096};

	return &info;
}

phys_addr_t arch_phys_end(void)
{
	return 2 * TiB;
}

uintptr_t fixmap_framebuffer(size_t *size)
{
	*size = 0;
	return 0;
}

/* --- one CPU --------------------------------------------------------------------------------------- */

unsigned int interrupt_depth;
struct task *current_task;
bool context_rules_hold = true;

const char *context_broken_rule(void)
{
	return interrupt_depth ? "in an interrupt" : NULL;
}

void might_sleep_report(void)
{
	REQUIRE(false);
}

void hosted_take_interrupts(void)
{
}

unsigned int nr_possible_cpus(void)
{
	return 1;
}

void spin_check_acquire(spinlock_t *lock, enum spin_usage usage)
{
	(void)usage;
	REQUIRE(!lock->locked);
}

void spin_check_release(spinlock_t *lock)
{
	REQUIRE(lock->locked);
}

/* The owner is nobody in particular: there is one task. */
#define SOMEBODY ((struct task *)1)

void mutex_lock(struct mutex *mutex)
{
	REQUIRE(!mutex->owner && !interrupt_depth);
	mutex->owner = SOMEBODY;
}

bool mutex_trylock(struct mutex *mutex)
{
	if (mutex->owner)
		return false;
	mutex_lock(mutex);
	return true;
}

void mutex_unlock(struct mutex *mutex)
{
	REQUIRE(mutex->owner);
	mutex->owner = NULL;
}

void prepare_to_wait_exclusive(wait_queue_head_t *queue, struct wait_queue_entry *wait,
			       const char *what)
{
	(void)queue;
	(void)wait;
	(void)what;
}

void finish_wait(wait_queue_head_t *queue, struct wait_queue_entry *wait)
{
	(void)queue;
	(void)wait;
}

void wake_up(wait_queue_head_t *queue)
{
	(void)queue;
}

/* Nobody could end the wait. */
void schedule(void)
{
	REQUIRE(false);
}

/* --- the command line --------------------------------------------------------------------- */

long cmdline_value(const char *key, char *value, size_t size)
{
	(void)key;
	(void)value;
	(void)size;
	return -ENOENT;
}

void floor_init(void)
{
	const int kind = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_NORESERVE;
	char *low = phys_to_virt(FLOOR_FIRST * PAGE_SIZE);
	void *pages = pfn_to_page(0);

	REQUIRE(mmap(low, FLOOR_LOW * PAGE_SIZE, host_read_write, kind, -1, 0) == low);
	REQUIRE(mmap(pages, FLOOR_END * sizeof(struct page), host_read_write, kind, -1, 0) ==
		pages);
	for (unsigned int pfn = FLOOR_FIRST; pfn < FLOOR_END; pfn++)
		pfn_to_page(pfn)->zone_node = pfn < FLOOR_FIRST + FLOOR_LOW ? ZONE_NORMAL
									    : ZONE_HIGHMEM;
	for (unsigned int unit = FLOOR_FIRST >> PAGE_UNIT_SHIFT; unit < page_nr_units; unit++)
		unit_chunk[0] |= BIT(unit);
}
