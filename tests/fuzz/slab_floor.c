/* SPDX-License-Identifier: MIT */
/*
 * slab_floor.c - the floors below the slabs, as simple as they can be: pages from a map of bytes, one CPU, one node.
 *
 * Frames are handed out at the lowest place that is free and aligned, and marked as the page floor marks them. The
 * sanitizer knows of a frame that nobody holds: who touches it is seen.
 */
#include "slab_floor.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "fuzz.h"

#include <arch/stack.h>
#include <lib/clock.h>
#include <lib/cmdline.h>
#include <lib/context.h>
#include <lib/errno.h>
#include <lib/poison.h>
#include <lib/printk.h>
#include <lib/random.h>
#include <lib/smp.h>
#include <lib/spinlock.h>
#include <lib/stack_depot.h>
#include <lib/symbols.h>
#include <mm/node.h>
#include <mm/page_owner.h>
#include <mm/percpu.h>
#include <mm/shrinker.h>
#include <mm/dev_kmalloc.h>
#include "../../mm/slab/impl.h"

unsigned int floor_taken, floor_areas, floor_refuse;

static uint8_t taken[FLOOR_FRAMES];
static struct pglist_data node;
static struct zone *no_zone[1];
static unsigned long unit_chunk[BIT(PAGE_CHUNK_SHIFT) / BITS_PER_LONG];
static unsigned long *chunks[1] = {unit_chunk};

__thread struct hosted_cpu hosted_cpu = {.irqs_on = true};
uintptr_t per_cpu_offset[NR_CPUS];
unsigned int nr_nodes = 1;
struct pglist_data *node_data[MAX_NUMNODES] = {&node};
unsigned long **page_unit_chunks = chunks;
unsigned long page_nr_units = (FLOOR_FIRST + FLOOR_FRAMES) >> PAGE_UNIT_SHIFT;

/* --- pages ------------------------------------------------------------------------------- */

static bool are_free(unsigned int first, unsigned int nr)
{
	return !memchr(taken + first, 1, nr);
}

struct page *alloc_pages_node(int nid, gfp_t gfp, unsigned int order)
{
	unsigned int nr = 1U << order, first = 0;
	struct page *page;

	REQUIRE(nid < 1 && order < MAX_ORDER);
	if (floor_refuse && --floor_refuse == 0)
		return NULL;
	while (first < FLOOR_FRAMES && !are_free(first, nr))
		first += nr;
	if (first == FLOOR_FRAMES)
		return NULL;
	memset(taken + first, 1, nr);
	floor_taken += nr;
	page = pfn_to_page(FLOOR_FIRST + first);
	for (unsigned int i = 1; i < nr; i++)
		page[i] = (struct page){.flags = gfp & __GFP_COMP ? PG_TAIL : 0,
					.zone_node = ZONE_NORMAL,
					.head = gfp & __GFP_COMP ? page : NULL};
	page[0] = (struct page){.order = (uint8_t)order, .zone_node = ZONE_NORMAL, .refcount = 1};
	page->flags = PG_OWNED | (order && gfp & __GFP_COMP ? PG_HEAD : 0);
	mem_unpoison(page_address(page), PAGE_SIZE << order);
	if (gfp & __GFP_ZERO)
		memset(page_address(page), 0, PAGE_SIZE << order);
	return page;
}

struct page *alloc_pages(gfp_t gfp, unsigned int order)
{
	return alloc_pages_node(-1, gfp, order);
}

void __free_pages(struct page *page, unsigned int order)
{
	unsigned int first = (unsigned int)(page_to_pfn(page) - FLOOR_FIRST), nr = 1U << order;

	REQUIRE(first < FLOOR_FRAMES && page->flags & PG_OWNED && page->order == order);
	REQUIRE(!(page->flags & (PG_SLAB | PG_LARGE)) && page->refcount == 1);
	REQUIRE(!memchr(taken + first, 0, nr));
	memset(taken + first, 0, nr);
	floor_taken -= nr;
	memset(page, 0, nr * sizeof(*page));
	mem_poison(page_address(page), PAGE_SIZE << order);
}

bool floor_is_taken(const void *address)
{
	unsigned long frame = direct_map_to_phys(address) / PAGE_SIZE - FLOOR_FIRST;

	return frame < FLOOR_FRAMES && taken[frame];
}

bool virt_addr_valid(const void *address)
{
	return direct_map_to_phys(address) < direct_map_phys_end() &&
	       pfn_valid(direct_map_to_phys(address) >> PAGE_SHIFT);
}

void *page_address(const struct page *page)
{
	return phys_to_virt(page_to_phys(page));
}

phys_addr_t direct_map_phys_end(void)
{
	return (FLOOR_FIRST + FLOOR_FRAMES) * PAGE_SIZE;
}

unsigned long totalram_pages(void)
{
	return FLOOR_FRAMES;
}

struct zone *zone_next(struct zone *zone)
{
	(void)zone;
	return NULL;
}

void floor_init(void)
{
	const int shared = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_NORESERVE;
	char *arena = phys_to_virt(FLOOR_FIRST * PAGE_SIZE);
	void *pages = pfn_to_page(0);
	static struct zone zone = {.name = "Fuzz", .type = ZONE_NORMAL, .present_pages = 1};
	static struct zone *of_all[2] = {&zone, NULL};

	REQUIRE(mmap(arena, FLOOR_FRAMES * PAGE_SIZE, PROT_READ | PROT_WRITE, shared, -1, 0) ==
		arena);
	REQUIRE(mmap(pages, (FLOOR_FIRST + FLOOR_FRAMES) * sizeof(struct page),
		     PROT_READ | PROT_WRITE, shared, -1, 0) == pages);
	mem_poison(arena, FLOOR_FRAMES * PAGE_SIZE);
	unit_chunk[0] = 0x1e; /* the units of frames 1024 to 5119 */
	for (unsigned int type = 0; type < MAX_NR_ZONES; type++)
		node.zonelist_start[type] = type < ZONE_NORMAL ? no_zone : of_all;
}

/* --- one CPU ----------------------------------------------------------------------------- */

void *__alloc_percpu_gfp(size_t size, size_t align, gfp_t gfp)
{
	void *area = aligned_alloc(max(align, 16UL), ALIGN_UP(size, max(align, 16UL)));

	(void)gfp;
	floor_areas++;
	return area ? memset(area, 0, size) : NULL;
}

void free_percpu(const void *area)
{
	floor_areas -= area != NULL;
	free((void *)area);
}

unsigned int nr_possible_cpus(void)
{
	return 1;
}

int cpu_to_node(unsigned int cpu)
{
	return (int)cpu;
}

DEFINE_PER_CPU(unsigned int, interrupt_depth);
bool context_rules_hold = true;

const char *context_broken_rule(void)
{
	return NULL;
}

void might_sleep_report(void)
{
	REQUIRE(false);
}

void hosted_take_interrupts(void)
{
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

/* --- the rest ---------------------------------------------------------------------------- */

uint64_t random_u64(void)
{
	static uint64_t state = 1;

	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return state ^ state >> 29;
}

uint64_t random_below(uint64_t bound)
{
	return bound ? random_u64() % bound : 0;
}

uint64_t clock_ms(void)
{
	return 0;
}

bool cmdline_has(const char *key)
{
	(void)key;
	return false;
}

long cmdline_value(const char *key, char *value, size_t size)
{
	(void)key;
	(void)value;
	(void)size;
	return -ENOENT;
}

const char *symbol_lookup(uintptr_t address, size_t *size, size_t *offset)
{
	(void)address;
	(void)size;
	(void)offset;
	return NULL;
}

void arch_stack_walk(const struct trap_frame *frame, bool (*visit)(uintptr_t pc, void *context),
		     void *context)
{
	(void)frame;
	visit((uintptr_t)__builtin_return_address(0), context);
}

bool stack_depot_is_open(void)
{
	return false;
}

depot_stack_handle_t stack_depot_save_current(unsigned int skip)
{
	(void)skip;
	return 0;
}

int stack_depot_snprint(depot_stack_handle_t handle, char *text, size_t size)
{
	(void)handle;
	return snprintf(text, size, "unknown");
}

void stack_depot_open(void *memory, size_t size)
{
	(void)memory;
	(void)size;
}

void *stack_depot_close(void)
{
	return NULL;
}

void register_shrinker(struct shrinker *shrinker)
{
	(void)shrinker;
}

void dev_kmalloc_init(void)
{
}

bool dev_has_let_go(const void *object)
{
	(void)object;
	return false;
}

bool dev_kfree_marked(const void *pointer, const char *asked)
{
	(void)pointer;
	(void)asked;
	return false;
}

long cmdline_next_value(const char *key, size_t *cursor, char *value, size_t size)
{
	(void)cursor;
	return cmdline_value(key, value, size);
}

int page_depot_get(void)
{
	return 0;
}

bool smp_work_is_under_way(void)
{
	return false;
}

unsigned long get_zeroed_page(gfp_t gfp)
{
	struct page *page = alloc_pages(gfp | __GFP_COMP | __GFP_ZERO, 0);

	return page ? (unsigned long)page_address(page) : 0;
}

void free_pages(unsigned long address, unsigned int order)
{
	if (address)
		__free_pages(pfn_to_page(direct_map_to_phys((void *)address) >> PAGE_SHIFT), order);
}
