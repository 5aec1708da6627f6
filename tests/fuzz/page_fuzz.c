/* SPDX-License-Identifier: MIT */
/*
 * page_fuzz.c - any sequence of requests to one zone, through its per-CPU lists and past them, against a map of bytes.
 *
 * THE IDEA
 *	The zone has 1,024 frames in 16 pageblocks; its struct pages stand where vmemmap is. The
 *	model is one byte a frame: in whose hands it is. What is handed out must be aligned and in nobody's
 *	hands, not isolated, and of a CMA area only for a movable request; the sum of free, listed and taken never changes; the free
 *	lists and the per-CPU lists are proved every 16 operations.
 *
 *	input	{ operation 1, what 1, more 1 } ...
 */
#include "fuzz.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <lib/check.h>
#include <lib/context.h>
#include <lib/firmware/boot_info.h>
#include <mm/bootmem.h>
#include <mm/buddy.h>
#include <mm/deferred.h>
#include <mm/early.h>
#include <mm/migrate.h>
#include <mm/node.h>
#include <mm/pcp.h>
#include "../../mm/page/debug.h"
#include "../../mm/page/free_list.h"

#define NR_FRAMES   1024U
#define FIRST	    1024U /* the zone's first frame: block of the largest order */
#define FUZZ_BLOCK  6	  /* a pageblock's order */
#define MAX_OPS	    600
#define CHECK_EVERY 16

static struct zone zone;
static struct per_cpu_pages pageset;
static unsigned long pageblock_bits[NR_FRAMES / PAGEBLOCKS_IN_A_LONG];
static struct page *held[NR_FRAMES];
static unsigned int nr_held, nr_taken;
static uint8_t model[NR_FRAMES];

/* --- the floors around: one zone, one CPU, nothing deferred --------------------------- */

__thread struct hosted_cpu hosted_cpu;
uintptr_t per_cpu_offset[NR_CPUS];
unsigned int interrupt_depth;
unsigned int nr_nodes = 1;
struct pglist_data *node_data[MAX_NUMNODES];
struct zone *zone_of_bits[MAX_NUMNODES * MAX_NR_ZONES];
static unsigned long unit_chunk[BIT(PAGE_CHUNK_SHIFT) / BITS_PER_LONG];
static unsigned long *chunks[1] = {unit_chunk};
unsigned long **page_unit_chunks = chunks;
unsigned long page_nr_units = 2;
bool page_debug_enabled;

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

struct zone *zone_next(struct zone *at)
{
	return at ? NULL : &zone;
}

bool zone_has_frame(const struct zone *at, unsigned long pfn)
{
	return zone_spans_pfn(at, pfn);
}

int cpu_to_node(unsigned int cpu)
{
	return (int)cpu;
}

struct page *page_materialise(unsigned long pfn)
{
	return pfn_to_page(pfn);
}

void deferred_pull(struct zone *at)
{
	(void)at;
}

unsigned long nr_free_pages(void)
{
	return zone.nr_free;
}

unsigned long totalram_pages(void)
{
	return NR_FRAMES;
}

const struct boot_info *early_boot_info(void)
{
	return NULL;
}

void *__alloc_bootmem_node(int nid, size_t size, size_t align, phys_addr_t goal)
{
	(void)nid;
	(void)size;
	(void)align;
	(void)goal;
	return NULL;
}

/* --- the zone ---------------------------------------------------------------------------- */

static void zone_begin(void)
{
	struct page *pages = pfn_to_page(FIRST);
	unsigned long flags;

	memset(&zone, 0, sizeof(zone));
	memset(pageblock_bits, 0, sizeof(pageblock_bits));
	memset(model, 0, sizeof(model));
	nr_held = nr_taken = 0;
	zone = (struct zone){.name = "Fuzz", .type = ZONE_NORMAL, .start_pfn = FIRST};
	zone.spanned_pages = zone.present_pages = zone.managed_pages = NR_FRAMES;
	zone.pageblock_order = FUZZ_BLOCK;
	zone.pageblock_base = FIRST;
	zone.pageblock_bits = pageblock_bits;
	zone.state_bits = page_state(0, 0, zone_node_bits(&zone));
	zone.pageset = &pageset;
	spin_lock_init(&zone.lock, LOCK_RANK_ZONE);
	zone_of_bits[zone_node_bits(&zone)] = &zone;
	for (unsigned int order = 0; order < MAX_ORDER; order++)
		for (unsigned int type = 0; type < MIGRATE_TYPES; type++)
			INIT_LIST_HEAD(&zone.free_area[order].free_list[type]);
	for (unsigned int i = 0; i < NR_FRAMES; i++)
		pages[i] = (struct page){.state = zone.state_bits};
	pcp_list_init(&pageset, &zone);
	pageset.batch = 7;
	pageset.high = 28;
	spin_lock_irqsave(&zone.lock, flags);
	buddy_give(&zone, pages, MAX_PAGE_ORDER);
	spin_unlock_irqrestore(&zone.lock, flags);
}

static void take(unsigned int order, enum migratetype type, bool cold)
{
	struct page *page = pcp_take(&zone, order, type, cold, ~0UL);
	enum migratetype block;
	unsigned long first;

	if (!page)
		return;
	first = page_to_pfn(page) - FIRST;
	REQUIRE(first + (1UL << order) <= NR_FRAMES && IS_ALIGNED(first, 1UL << order));
	REQUIRE(page->refcount == 0 && page->order == order);
	block = pageblock_type(&zone, page_to_pfn(page));
	REQUIRE(block != MIGRATE_ISOLATE);
	REQUIRE(block != MIGRATE_CMA || type == MIGRATE_MOVABLE);
	for (unsigned long i = first; i < first + (1UL << order); i++) {
		REQUIRE(!model[i]);
		model[i] = 1;
	}
	page->state ^= PG_PCP | PG_OWNED;
	page->refcount = 1;
	held[nr_held++] = page;
	nr_taken += 1U << order;
}

static void give(unsigned int index, bool cold)
{
	struct page *page = held[index];
	unsigned long first = page_to_pfn(page) - FIRST;

	held[index] = held[--nr_held];
	nr_taken -= 1U << page->order;
	memset(model + first, 0, 1UL << page->order);
	page->refcount = 0;
	page->state ^= PG_PCP | PG_OWNED;
	pcp_give(&zone, page, cold);
}

/* Whoever makes a pageblock one that lists may not keep empties the lists. */
static void retype(unsigned int pageblock, unsigned int what)
{
	static const enum migratetype types[] = {MIGRATE_UNMOVABLE, MIGRATE_MOVABLE,
						 MIGRATE_RECLAIMABLE, MIGRATE_CMA, MIGRATE_ISOLATE};
	enum migratetype type = types[what % ARRAY_SIZE(types)];
	unsigned int first = pageblock % 16 << FUZZ_BLOCK;

	/* An area is made for CMA while nobody has a page of it. */
	if (type == MIGRATE_CMA && memchr(model + first, 1, 1U << FUZZ_BLOCK))
		return;
	drain_pages_zone(&zone, 0);
	set_pageblock_migratetype(pfn_to_page(FIRST + first), type);
	drain_pages_zone(&zone, 0);
}

static void operate(struct fuzz_input *input)
{
	uint8_t operation = fuzz_u8(input), what = fuzz_u8(input), more = fuzz_u8(input);

	switch (operation % 8) {
	case 0:
	case 1:
	case 2:
		take(what % (operation & 64 ? MAX_ORDER : 4), more % MIGRATE_PCPTYPES, more & 64);
		break;
	case 3:
	case 4:
	case 5:
		if (nr_held)
			give((what | (unsigned int)more << 8) % nr_held, operation & 64);
		break;
	case 6:
		retype(what, more);
		break;
	default:
		drain_pages_zone(&zone, 0);
		pageset.batch = 1 + what % 63;
		pageset.high = more % 128;
	}
	REQUIRE(zone.nr_free + zone_pcp_pages(&zone) + nr_taken == NR_FRAMES);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	void *pages = pfn_to_page(0);

	(void)argc;
	(void)argv;
	REQUIRE(mmap(pages, 2 * NR_FRAMES * sizeof(struct page), PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == pages);
	unit_chunk[0] = 2; /* frames 1024 to 2047 */
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};

	fuzz_begin();
	zone_begin();
	for (unsigned int i = 0; i < MAX_OPS && input.left; i++) {
		operate(&input);
		if (i % CHECK_EVERY == 0)
			REQUIRE(buddy_check(&zone) && pcp_check(&zone));
	}
	while (nr_held)
		give(0, false);
	for (unsigned int block = 0; block < 16; block++)
		set_pageblock_migratetype(pfn_to_page(FIRST + (block << FUZZ_BLOCK)),
					  MIGRATE_MOVABLE);
	drain_pages_zone(&zone, 0);
	REQUIRE(buddy_check(&zone) && zone.nr_free == NR_FRAMES);
	return 0;
}
