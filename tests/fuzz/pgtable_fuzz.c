/* SPDX-License-Identifier: MIT */
/*
 * pgtable_fuzz.c - any sequence of map, unmap, protect, change, split and merge against a flat array, and a TLB beside it.
 *
 * THE IDEA
 *	The walker runs over tables from a small pool, in a window of 8 MiB across a GiB's edge. The model says
 *	for each page of the window to which frame it leads and what is allowed; after every operation a walk must agree. The
 *	TLB is a second array: a page enters it by a sync and leaves it by a flush. It must never differ from the tables when an
 *	operation is over, no entry may change from one leaf to another but in what it allows, and no table may be given
 *	back while a flush behind its unlinking is due. Any allocation may fail, and then nothing has changed.
 *
 *	input	{ operation 1, first page 2, pages 2, what 1, failing allocation 1 } ...
 */
#include "fuzz.h"

#include <string.h>

#include <arch/memory.h>
#include <arch/pgtable.h>
#include <arch/tlb.h>
#include <lib/errno.h>
#include <mm/pgtable.h>
#include "../../mm/pgtable/walk.h"

#define PAGES	 2048U /* of the window */
#define TABLES	 64U
#define MAX_OPS	 200
#define TABLE_PA (1UL << 40) /* where the pool of tables would lie */
#define FRAME0	 (4UL * GiB) /* the first frame that is mapped */

struct page_state {
	uint32_t frame; /* from FRAME0, plus 1; 0: nothing */
	prot_t prot;
};

static pte_t root[PT_ENTRIES] __aligned(PAGE_SIZE);
static pte_t pool[TABLES][PT_ENTRIES] __aligned(PAGE_SIZE);
static bool in_use[TABLES];
static struct page_state model[PAGES], tlb[PAGES];
static bool unlinked; /* a table, and no flush since */
static unsigned int live, asked, fail_at;

/* The image lies nowhere. */
char image_start[1], image_end[1];

/* --- the floors below ------------------------------------------------------------------- */

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
	uint64_t index = (table - TABLE_PA) >> PAGE_SHIFT;

	(void)level;
	REQUIRE(index < TABLES && in_use[index]);
	return pool[index];
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

static phys_addr_t table_alloc(const struct pt_source *source)
{
	(void)source;
	if (++asked == fail_at)
		return 0;
	for (unsigned int i = 0; i < TABLES; i++) {
		if (in_use[i])
			continue;
		in_use[i] = true;
		live++;
		memset(pool[i], 0, sizeof(pool[i]));
		return TABLE_PA + i * PAGE_SIZE;
	}
	return 0;
}

static void table_free(const struct pt_source *source, phys_addr_t table)
{
	uint64_t index = (table - TABLE_PA) >> PAGE_SHIFT;

	(void)source;
	REQUIRE(index < TABLES && in_use[index]);
	REQUIRE(!unlinked);
	in_use[index] = false;
	memset(pool[index], 0xee, sizeof(pool[index])); /* no entry that any reader accepts */
	live--;
}

static const struct pt_source source = {.alloc = table_alloc, .free = table_free};

/* --- the TLB ------------------------------------------------------------------------------ */

static uintptr_t window(void)
{
	return arch_region_base(REGION_VMALLOC) + GiB - PAGES / 2 * PAGE_SIZE;
}

static struct page_state in_tables(unsigned int page)
{
	uintptr_t va = window() + page * PAGE_SIZE;
	struct pt_entry entry;

	if (!pgtable_query(va, &entry))
		return (struct page_state){0, 0};
	return (struct page_state){
		(uint32_t)((entry.pa + (va - entry.va) - FRAME0) >> PAGE_SHIFT) + 1, entry.prot};
}

static bool same(struct page_state a, struct page_state b)
{
	return a.frame == b.frame && (a.frame == 0 || a.prot == b.prot);
}

/* Pages of the window that [va, va+size) touches. */
static void clip(uintptr_t va, size_t size, unsigned int *first, unsigned int *end)
{
	uintptr_t low = va > window() ? va - window() : 0, high = va + size - window();

	*first = (unsigned int)min(low >> PAGE_SHIFT, (uintptr_t)PAGES);
	*end = va + size <= window() ? 0 : (unsigned int)min(high >> PAGE_SHIFT, (uintptr_t)PAGES);
}

void hosted_map_sync(uintptr_t va, size_t size)
{
	unsigned int page, end;

	for (clip(va, size, &page, &end); page < end; page++) {
		struct page_state now = in_tables(page);

		REQUIRE(tlb[page].frame == 0 || same(tlb[page], now));
		tlb[page] = now;
	}
}

void hosted_tlb_flush(uintptr_t va, size_t size)
{
	unsigned int page, end;

	unlinked = false;
	for (clip(va, size, &page, &end); page < end; page++) {
		struct page_state now = in_tables(page);

		if (tlb[page].frame == 0)
			continue;
		REQUIRE(now.frame == 0 || (now.frame == tlb[page].frame &&
					   ((now.prot ^ tlb[page].prot) & ~PROT_PERMISSIONS) == 0));
		tlb[page] = now;
	}
}

void hosted_tlb_flush_all(void)
{
	hosted_tlb_flush(window(), PAGES * PAGE_SIZE);
}

/* T2. */
void hosted_pte_set(pte_t *entry, pte_t value)
{
	pte_t old = *entry;
	unsigned int level = old.value >> HOSTED_PTE_LEVEL_SHIFT & 7;
	unsigned int kind = old.value >> HOSTED_PTE_KIND_SHIFT & 7;

	if (old.value != 0 && value.value != 0 && old.value != value.value) {
		REQUIRE(kind == HOSTED_PTE_KIND_LEAF);
		REQUIRE((value.value >> HOSTED_PTE_KIND_SHIFT & 7) == HOSTED_PTE_KIND_LEAF);
		REQUIRE(arch_pte_phys(old, level) == arch_pte_phys(value, level));
		REQUIRE(((arch_pte_prot(value, level) ^ arch_pte_prot(old, level)) &
			 ~PROT_PERMISSIONS) == 0);
	}
	if (old.value != 0 && kind == HOSTED_PTE_KIND_TABLE)
		unlinked = true;
	*entry = value;
}

/* --- operations ------------------------------------------------------------------------------ */

struct operation {
	unsigned int first, end;
	uint8_t what;
};

static uintptr_t va_of(unsigned int page)
{
	return window() + page * PAGE_SIZE;
}

static size_t bytes(const struct operation *operation)
{
	return (operation->end - operation->first) * PAGE_SIZE;
}

static prot_t prot_of(uint8_t what)
{
	static const prot_t prots[] = {PROT_KERNEL_RW,	   PROT_KERNEL_RO,	  PROT_KERNEL_RX,
				       PROT_KERNEL_DEVICE, PROT_GLOBAL | PROT_WC, PROT_KERNEL_RW};

	return prots[what % ARRAY_SIZE(prots)];
}

static int do_map(const struct operation *op)
{
	unsigned int shift = op->what & 128 ? op->what % 7 : 0;
	int error;

	for (unsigned int page = op->first; page < op->end; page++)
		if (model[page].frame)
			return 0; /* mapping twice is a CHECK */
	error = pgtable_map(&source, va_of(op->first), FRAME0 + (op->first + shift) * PAGE_SIZE,
			    bytes(op), prot_of(op->what), op->what & 64 ? 0 : 2);
	for (unsigned int page = op->first; page < op->end && !error; page++)
		model[page] = (struct page_state){page + shift + 1, prot_of(op->what)};
	return error;
}

static int do_unmap(const struct operation *op)
{
	int error = pgtable_unmap(&source, va_of(op->first), bytes(op));

	for (unsigned int page = op->first; page < op->end && !error; page++)
		model[page].frame = 0;
	return error;
}

static int do_protect(const struct operation *op)
{
	int error = pgtable_protect(&source, va_of(op->first), bytes(op), prot_of(op->what));

	for (unsigned int page = op->first; page < op->end && !error; page++)
		model[page].prot = prot_of(op->what);
	return error;
}

static int do_change(const struct operation *op)
{
	static const prot_t changes[][2] = {{PROT_WRITE, 0},
					    {PROT_EXEC, PROT_WRITE},
					    {PROT_WRITE, PROT_EXEC},
					    {PROT_TYPE_MASK, PROT_WC},
					    {PROT_TYPE_MASK, PROT_RAM}};
	const prot_t *change = changes[op->what % ARRAY_SIZE(changes)];
	int error = pgtable_change(&source, va_of(op->first), bytes(op), change[0], change[1]);

	for (unsigned int page = op->first; page < op->end && !error; page++)
		model[page].prot = (model[page].prot & ~change[0]) | change[1];
	return error;
}

static int do_split(const struct operation *op)
{
	return pgtable_split(&source, va_of(op->first), bytes(op));
}

static int do_merge(const struct operation *op)
{
	pgtable_merge(&source, va_of(op->first), bytes(op), op->what % 3);
	return 0;
}

static void agree(void)
{
	for (unsigned int page = 0; page < PAGES; page++) {
		struct page_state now = in_tables(page);

		REQUIRE(same(now, model[page]));
		REQUIRE(same(tlb[page], now));
	}
}

static void operate(struct fuzz_input *input)
{
	static int (*const operations[])(const struct operation *) = {
		do_map, do_unmap, do_protect, do_change, do_split, do_merge, do_map, do_merge};
	uint8_t which = fuzz_u8(input);
	unsigned int unit = which & 128 ? PT_ENTRIES
					: 1; /* every second range at large leaves' edges */
	struct operation op;
	unsigned int tables = live;
	int error;

	op.first = ALIGN_DOWN(fuzz_u16(input) % PAGES, unit);
	op.end = min(op.first + ALIGN_UP(1 + fuzz_u16(input) % PAGES, unit), PAGES);
	op.what = fuzz_u8(input);
	asked = 0;
	fail_at = fuzz_u8(input) % 16;
	error = operations[which % ARRAY_SIZE(operations)](&op);
	REQUIRE(error == 0 || error == -ENOMEM);
	REQUIRE(error == 0 || live == tables);
	agree();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};

	fuzz_begin();
	memset(root, 0, sizeof(root));
	memset(in_use, 0, sizeof(in_use));
	memset(model, 0, sizeof(model));
	memset(tlb, 0, sizeof(tlb));
	live = 0;
	unlinked = false;
	for (unsigned int i = 0; i < MAX_OPS && input.left; i++)
		operate(&input);
	fail_at = 0;
	REQUIRE(pgtable_unmap(&source, window(), PAGES * PAGE_SIZE) == 0);
	memset(model, 0, sizeof(model));
	agree();
	REQUIRE(live == 0);
	return 0;
}
