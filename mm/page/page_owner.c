/* SPDX-License-Identifier: MIT */
/*
 * page_owner.c - who has each page, and who had it last.
 *
 * THE IDEA
 *	Beside each struct page stand 16 bytes in a table of our own: the handle of the
 *	call stack that allocated it, of the one that freed it, the mask and the
 *	order. struct page stays as small as it is, and without the feature none of this exists.
 *
 *	A table serves one unit of 1024 frames, as vmemmap does: 16 KiB for 4 MiB. They are taken when the
 *	feature is switched on, so that an allocation never needs one.
 *
 * PICTURE	pfn 0x1a40: unit 6, frame 0x240 of it
 *
 *	chunks	[0: units 0..4095][1: units 4096..]
 *		  |
 *	tables	[0][1]...[6]...			of that chunk
 *			  |
 *	owners		 [0]...[0x240]...[1023]
 *
 * LOCKING	The record of a page belongs to whoever allocates or frees it. A reader beside
 *		them may see a mixture of old and new.
 * COST		A walk of the stack and the depot, some 1,000 instructions an allocation and a free, and
 *		5 for each page. 0.4 % of memory.
 * FLOOR	page. Called by features.c.
 * LINUX	mm/page_owner.c; there the records lie in page_ext.
 */
#include <mm/page_owner.h>

#include <lib/check.h>
#include <lib/errno.h>
#include <mm/deferred.h>
#include <mm/migrate.h>
#include <mm/page_debug.h>
#include <mm/zone.h>
#include "features.h"

#define CHUNK_UNITS (1UL << PAGE_CHUNK_SHIFT)
#define TABLE_ORDER 2 /* 1024 records of 16 bytes */
#define CHUNK_ORDER 3 /* 4096 pointers */
static_assert(sizeof(struct page_owner) << PAGE_UNIT_SHIFT == PAGE_SIZE << TABLE_ORDER,
	      "a table is one block");
static_assert(CHUNK_UNITS * sizeof(void *) == PAGE_SIZE << CHUNK_ORDER, "a chunk is one block");

/* Frames of the caller's stack that are ours: page_owner_alloc(), the hook, the slow path. */
#define OUR_FRAMES 3

static struct page_owner ***chunks;
static unsigned long nr_chunks;
static unsigned int depot_users;

/* --- memory ------------------------------------------------------------------------ */

static void *table_alloc(unsigned int order)
{
	return (void *)__get_free_pages(GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN, order);
}

static void table_free(void *table, unsigned int order)
{
	free_pages((unsigned long)table, order);
}

int page_depot_get(void)
{
	void *memory;

	if (depot_users) {
		depot_users++;
		return 0;
	}
	memory = table_alloc(get_order(STACK_DEPOT_SIZE));
	if (!memory)
		return -ENOMEM;
	depot_users = 1;
	stack_depot_open(memory, STACK_DEPOT_SIZE);
	return 0;
}

void page_depot_put(void)
{
	CHECK(depot_users > 0);
	if (--depot_users == 0)
		table_free(stack_depot_close(), get_order(STACK_DEPOT_SIZE));
}

static void chunk_free(struct page_owner **chunk)
{
	for (unsigned long i = 0; chunk && i < CHUNK_UNITS; i++)
		if (chunk[i])
			table_free(chunk[i], TABLE_ORDER);
	table_free(chunk, CHUNK_ORDER);
}

static unsigned int chunks_order(void)
{
	return get_order(nr_chunks * sizeof(*chunks));
}

static void tables_free(void)
{
	for (unsigned long i = 0; i < nr_chunks; i++)
		chunk_free(chunks[i]);
	table_free(chunks, chunks_order());
	chunks = NULL;
}

/* The table of one unit that has struct pages. */
static bool unit_add(unsigned long unit)
{
	struct page_owner ***chunk = &chunks[unit / CHUNK_UNITS];

	if (!pfn_valid(unit << PAGE_UNIT_SHIFT))
		return true;
	if (!*chunk)
		*chunk = table_alloc(CHUNK_ORDER);
	if (!*chunk)
		return false;
	(*chunk)[unit % CHUNK_UNITS] = table_alloc(TABLE_ORDER);
	return (*chunk)[unit % CHUNK_UNITS] != NULL;
}

int page_owner_start(void)
{
	page_materialise_all();
	nr_chunks = DIV_ROUND_UP(page_nr_units, CHUNK_UNITS);
	chunks = table_alloc(chunks_order());
	if (!chunks)
		return -ENOMEM;
	for (unsigned long unit = 0; unit < page_nr_units; unit++)
		if (!unit_add(unit))
			goto out_tables;
	if (page_depot_get())
		goto out_tables;
	return 0;
out_tables:
	tables_free();
	return -ENOMEM;
}

void page_owner_stop(void)
{
	tables_free();
	page_depot_put();
}

/* --- records ------------------------------------------------------------------------- */

static struct page_owner *record_of(const struct page *page)
{
	unsigned long pfn = page_to_pfn(page), unit = pfn >> PAGE_UNIT_SHIFT;
	struct page_owner **chunk, *table;

	if (!chunks || unit / CHUNK_UNITS >= nr_chunks)
		return NULL;
	chunk = chunks[unit / CHUNK_UNITS];
	table = chunk ? chunk[unit % CHUNK_UNITS] : NULL;
	return table ? &table[pfn & ((1UL << PAGE_UNIT_SHIFT) - 1)] : NULL;
}

const struct page_owner *page_owner_of(const struct page *page)
{
	return page_debug_is_on(PAGE_DEBUG_OWNER) ? record_of(page) : NULL;
}

/* A block lies in one unit, so its records stand side by side. */
__noinline void page_owner_alloc(struct page *page, unsigned int order, gfp_t gfp)
{
	depot_stack_handle_t handle = stack_depot_save_current(OUR_FRAMES);
	struct page_owner *record = record_of(page);

	ASSERT(order < MAX_ORDER && IS_ALIGNED(page_to_pfn(page), 1UL << order));
	for (unsigned long i = 0; record && i < 1UL << order; i++, record++) {
		record->allocated = handle;
		record->gfp = gfp;
		record->order = (uint8_t)order;
		record->migratetype = (uint8_t)gfp_migratetype(gfp);
		record->nr_allocations += record->nr_allocations != 0xffff;
	}
}

__noinline void page_owner_free(struct page *page, unsigned int order)
{
	depot_stack_handle_t handle = stack_depot_save_current(OUR_FRAMES);
	struct page_owner *record = record_of(page);

	for (unsigned long i = 0; record && i < 1UL << order; i++, record++)
		record->freed = handle;
}

/* The next frame to look at behind `pfn`; whoever has a block is told about on the way. */
static unsigned long visit_frame(unsigned long pfn,
				 bool (*visit)(struct page *page, const struct page_owner *owner,
					       void *context),
				 void *context)
{
	struct page *page = pfn_to_page(pfn);
	unsigned int order = page->order;

	if (!(page->flags & (PG_OWNED | PG_BUDDY | PG_PCP)) || order >= MAX_ORDER)
		return pfn + 1;
	if (page->flags & PG_OWNED && !visit(page, record_of(page), context))
		return ~0UL;
	return pfn + (1UL << order);
}

void page_owner_visit(bool (*visit)(struct page *page, const struct page_owner *owner,
				    void *context),
		      void *context)
{
	unsigned long pfn = 0, end = page_nr_units << PAGE_UNIT_SHIFT;

	if (!page_debug_is_on(PAGE_DEBUG_OWNER))
		return;
	while (pfn < end) {
		if (pfn_valid(pfn) && record_of(pfn_to_page(pfn)))
			pfn = visit_frame(pfn, visit, context);
		else
			pfn = ALIGN_DOWN(pfn, MAX_ORDER_NR_PAGES) + MAX_ORDER_NR_PAGES;
	}
}
