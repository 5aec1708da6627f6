/* SPDX-License-Identifier: MIT */
/*
 * virt_fuzz.c - any sequence of calls on kernel addresses, misuse and failures among them, against tables of what lives.
 *
 * THE IDEA
 *	The model is a table of living areas: kind, address, pages, and what each page must lead to. An area
 *	must lie apart from all that live, with its guard page; each page must be mapped to a frame that is in somebody's hands
 *	and in no other area, or to the caller's page, or to the device's register, with the type that was asked for. Device mappings and
 *	claims are refused exactly when the model says so. Each misuse is one report and changes nothing. The floors
 *	below (virt_floor.c) see that nothing goes back or is made anew while the TLB leads there. In the end
 *	everything has been given back.
 *
 *	input	{ operation 1, what 1, more 2 } ...
 */
#include "fuzz.h"

#include <string.h>

#include <lib/context.h>
#include <mm/io.h>
#include <mm/ioport.h>
#include <mm/kmap.h>
#include <mm/pgtable.h>
#include <mm/vmalloc.h>

#include "virt_floor.h"

#define MAX_AREAS   48
#define MAX_OPS	    300
#define CHECK_EVERY 32
#define NR_FRAMES   12 /* of the caller's, for vmap() and kmap(); half of them high */
#define MAX_LOCAL   4
#define MAX_CLAIMS  16

/* --- areas ---------------------------------------------------------------------------------- */

enum kind { MEMORY, VIEW, DEVICE };

static struct area {
	enum kind kind;
	char *start;
	unsigned long pages;
	struct page *page[NR_FRAMES]; /* VIEW */
	phys_addr_t pa;		      /* DEVICE */
	prot_t type;
} areas[MAX_AREAS];

static unsigned int nr_areas, expected_reports;
static struct page *frames[NR_FRAMES];
static uint8_t owners[FLOOR_END]; /* of frames: 1 + the area */

static bool apart(const struct area *a, const struct area *b)
{
	return a->start + (a->pages + 1) * PAGE_SIZE <= b->start ||
	       b->start + (b->pages + 1) * PAGE_SIZE <= a->start;
}

static phys_addr_t leads_to(const char *va, prot_t *prot)
{
	struct pt_entry entry;

	REQUIRE(pgtable_query((uintptr_t)va, &entry));
	*prot = entry.prot;
	return entry.pa + ((uintptr_t)va - entry.va);
}

static void check_page(const struct area *area, unsigned long i)
{
	prot_t prot, type = area->kind == DEVICE ? area->type : PROT_RAM;
	phys_addr_t pa = leads_to(area->start + i * PAGE_SIZE, &prot);
	unsigned long pfn = (unsigned long)(pa >> PAGE_SHIFT);

	REQUIRE((prot & PROT_TYPE_MASK) == type && prot & PROT_WRITE &&
		!(prot & (PROT_EXEC | PROT_USER)));
	REQUIRE(floor_tlb_pfn((uintptr_t)area->start + i * PAGE_SIZE) == pfn);
	switch (area->kind) {
	case MEMORY:
		REQUIRE(floor_is_taken(pfn) && owners[pfn] == 1 + (area - areas));
		REQUIRE(i || vmalloc_to_page(area->start) == pfn_to_page(pfn));
		break;
	case VIEW:
		REQUIRE(pfn == page_to_pfn(area->page[i]));
		break;
	case DEVICE:
		REQUIRE(pa == ALIGN_DOWN(area->pa, PAGE_SIZE) + i * PAGE_SIZE);
	}
}

static void check_area(const struct area *area)
{
	struct pt_entry entry;

	for (unsigned long i = 0; i < area->pages; i++)
		check_page(area, i);
	REQUIRE(!pgtable_query((uintptr_t)area->start + area->pages * PAGE_SIZE, &entry));
}

/* Frames change hands. */
static void own(const struct area *area, uint8_t from, uint8_t to)
{
	prot_t prot;

	for (unsigned long i = 0; area->kind == MEMORY && i < area->pages; i++) {
		phys_addr_t pfn = leads_to(area->start + i * PAGE_SIZE, &prot) >> PAGE_SHIFT;

		REQUIRE(pfn < FLOOR_END && owners[pfn] == from);
		owners[pfn] = to;
	}
}

static void enter(struct area area)
{
	REQUIRE(is_vmalloc_addr(area.start) && IS_ALIGNED((uintptr_t)area.start, PAGE_SIZE));
	for (unsigned int i = 0; i < nr_areas; i++)
		REQUIRE(apart(&area, &areas[i]));
	areas[nr_areas] = area;
	own(&area, 0, (uint8_t)(1 + nr_areas));
	check_area(&areas[nr_areas++]);
}

static void leave(unsigned int index, bool in_interrupt)
{
	struct area area = areas[index];

	check_area(&areas[index]);
	own(&area, (uint8_t)(1 + index), 0);
	nr_areas--;
	if (index < nr_areas) {
		own(&areas[nr_areas], (uint8_t)(1 + nr_areas), (uint8_t)(1 + index));
		areas[index] = areas[nr_areas];
	}
	interrupt_depth = in_interrupt;
	if (area.kind == MEMORY)
		vfree(area.start);
	else if (area.kind == VIEW)
		vunmap(area.start);
	else
		iounmap(area.start + (area.pa & (PAGE_SIZE - 1)));
	interrupt_depth = 0;
}

/* --- steps ------------------------------------------------------------------------------------ */

static void op_vmalloc(uint8_t what, uint32_t more)
{
	/* Small ones mostly; a few that large leaves map, which the model reads page by page. */
	unsigned long size = 1UL + (what >= 0xf8 ? more * 40
				    : what & 1	 ? more % (6 * PAGE_SIZE)
						 : more * 3);
	gfp_t gfp = GFP_KERNEL | __GFP_NOWARN | (what & 2 ? __GFP_HIGHMEM : 0);
	void *memory = what & 4 ? vmalloc_array(size, 1) : __vmalloc(size, gfp), *small;

	/* What is small comes from kmalloc, and goes back there. */
	if (what & 8) {
		small = kvmalloc(1 + more % PAGE_SIZE, GFP_KERNEL | __GFP_NOWARN);
		REQUIRE(!is_vmalloc_addr(small));
		kvfree(small);
	}

	if (memory)
		enter((struct area){.kind = MEMORY,
				    .start = memory,
				    .pages = (size + PAGE_SIZE - 1) / PAGE_SIZE});
}

static void op_vmap(uint8_t what, uint32_t more)
{
	struct area area = {.kind = VIEW, .pages = 1 + what % NR_FRAMES};
	unsigned int i;

	for (i = 0; i < area.pages; i++, more = more * 5 + 1)
		area.page[i] = frames[more / 7 % NR_FRAMES];
	area.start = vmap(area.page, (unsigned int)area.pages, VM_MAP, PROT_KERNEL_RW);
	if (area.start)
		enter(area);
}

/* Does a living mapping of another type share a frame with it? */
static bool has_conflict(const struct area *area)
{
	for (unsigned int i = 0; i < nr_areas; i++) {
		const struct area *other = &areas[i];
		phys_addr_t a = area->pa / PAGE_SIZE, b = other->pa / PAGE_SIZE;

		if (other->kind == DEVICE && other->type != area->type && a < b + other->pages &&
		    b < a + area->pages)
			return true;
	}
	return false;
}

static void op_ioremap(uint8_t what, uint32_t more)
{
	static void *(*const maps[])(phys_addr_t pa, size_t size) = {ioremap, ioremap, ioremap_wc,
								     ioremap_cache};
	static const prot_t types[] = {PROT_DEVICE, PROT_DEVICE, PROT_WC, PROT_RAM};
	size_t size = 1 + (size_t)(what >> 2) * 700;
	phys_addr_t pa = more & 1 ? (FLOOR_END - 8) * PAGE_SIZE + more * 8
				  : 4 * GiB + (more & 0xff) * 512;
	struct area area = {.kind = DEVICE, .pa = pa, .type = types[what & 3]};
	bool refused;
	char *registers;

	area.pages = ((pa & (PAGE_SIZE - 1)) + size + PAGE_SIZE - 1) / PAGE_SIZE;
	refused = ALIGN_DOWN(pa, PAGE_SIZE) < FLOOR_END * PAGE_SIZE || has_conflict(&area);
	registers = maps[what & 3](pa, size);
	REQUIRE(!registers || !refused);
	if (!registers) {
		/* One report where the model refuses; memory that is out makes none, and the conflict may not have been reached. */
		REQUIRE(fuzz_reports - expected_reports <= refused);
		expected_reports = fuzz_reports;
		return;
	}
	REQUIRE(((uintptr_t)registers & (PAGE_SIZE - 1)) == (pa & (PAGE_SIZE - 1)));
	area.start = registers - (pa & (PAGE_SIZE - 1));
	enter(area);
}

static void op_free(uint8_t what, uint32_t more)
{
	if (nr_areas)
		leave(more % nr_areas, what & 1);
}

/* Each is one report and nothing else. */
static void op_misuse(uint8_t what, uint32_t more)
{
	static void (*const frees[])(const void *address) = {vfree, vunmap};
	const struct area *area = nr_areas ? &areas[more % nr_areas] : NULL;
	struct vmalloc_counts before, after;

	vmalloc_count(&before);
	if (!area)
		vfree(frames);
	else if (what & 1)
		frees[what >> 1 & 1](area->start + area->pages * PAGE_SIZE - 1);
	else if (what & 2)
		frees[area->kind == MEMORY](area->start);
	else
		frees[what >> 2 & 1](area->start + area->pages * PAGE_SIZE); /* the guard page */
	REQUIRE(fuzz_reports == ++expected_reports);
	vmalloc_count(&after);
	REQUIRE(!memcmp(&before, &after, sizeof(before)));
	if (area)
		check_area(area);
}

static void op_purge(uint8_t what, uint32_t more)
{
	struct vmalloc_counts counts;

	(void)more;
	if (what & 1)
		vmalloc_drain();
	else
		vmalloc_purge();
	vmalloc_count(&counts);
	REQUIRE(counts.lazy_areas == 0 && counts.lazy_pages == 0);
}

static void op_refuse(uint8_t what, uint32_t more)
{
	(void)more;
	floor_refuse = what % 48;
}

/* --- windows ------------------------------------------------------------------------------------ */

static unsigned int nr_kmaps[NR_FRAMES];
static struct local {
	struct page *page;
	char *view;
} locals[MAX_LOCAL];
static unsigned int nr_locals;

static void check_windows(void)
{
	prot_t prot;

	for (unsigned int i = 0; i < NR_FRAMES; i++) {
		void *view = page_address(frames[i]);

		REQUIRE((view != NULL) == (nr_kmaps[i] > 0 || !page_is_high(frames[i])));
		if (!view || !page_is_high(frames[i]))
			continue;
		REQUIRE(leads_to(view, &prot) == page_to_phys(frames[i]));
		REQUIRE(kmap_to_page(view) == frames[i]);
	}
}

static void op_kmap(uint8_t what, uint32_t more)
{
	unsigned int i = more % NR_FRAMES;

	if (what & 1) {
		void *before = page_address(frames[i]), *view = kmap(frames[i]);

		REQUIRE(view && (!before || before == view));
		nr_kmaps[i]++;
	} else if (nr_kmaps[i]) {
		kunmap(frames[i]);
		nr_kmaps[i]--;
	} else {
		kunmap(frames[i]);
		expected_reports += page_is_high(frames[i]);
		REQUIRE(fuzz_reports == expected_reports);
	}
	check_windows();
}

static void op_local(uint8_t what, uint32_t more)
{
	struct page *page = frames[more % NR_FRAMES];
	prot_t prot;

	if (what & 1 && nr_locals < MAX_LOCAL) {
		struct local *local = &locals[nr_locals++];

		*local = (struct local){page, kmap_local_page(page)};
		if (page_is_high(page))
			REQUIRE(leads_to(local->view, &prot) == page_to_phys(page));
		else
			REQUIRE(local->view == page_address(page));
	} else if (nr_locals) {
		kunmap_local(locals[--nr_locals].view + more % PAGE_SIZE);
	}
}

/* --- claims -------------------------------------------------------------------------------------- */

static struct claim {
	phys_addr_t start, n;
} claims[MAX_CLAIMS];
static unsigned int nr_claims;

static bool is_claimed(phys_addr_t start, phys_addr_t n)
{
	for (unsigned int i = 0; i < nr_claims; i++)
		if (start < claims[i].start + claims[i].n && claims[i].start < start + n)
			return true;
	return false;
}

static void op_claim(uint8_t what, uint32_t more)
{
	/* Around the end of RAM: the last frames, the reserved ones behind, what nobody names. */
	const phys_addr_t ram_end = FLOOR_END * PAGE_SIZE, reserved_end = ram_end + 16 * PAGE_SIZE;
	phys_addr_t start = ram_end - 256 + more, n = 1 + (phys_addr_t)what * 64, end = start + n;
	bool allowed = start >= ram_end && !is_claimed(start, n) &&
		       (start >= reserved_end || end <= reserved_end);
	unsigned int refuse = floor_refuse;

	floor_refuse = 0;
	if (nr_claims == MAX_CLAIMS)
		allowed = false;
	else
		REQUIRE((request_mem_region(start, n, "fuzz") != NULL) == allowed);
	floor_refuse = refuse;
	if (allowed)
		claims[nr_claims++] = (struct claim){start, n};
}

static void op_release(uint8_t what, uint32_t more)
{
	struct claim claim;

	if (!nr_claims)
		return;
	claim = claims[more % nr_claims];
	if (what & 1) {
		release_mem_region(claim.start, claim.n + 1);
		REQUIRE(fuzz_reports == ++expected_reports);
		return;
	}
	release_mem_region(claim.start, claim.n);
	claims[more % nr_claims] = claims[nr_claims - 1];
	nr_claims--;
}

/* --- all of it ------------------------------------------------------------------------------------- */

static void check_all(void)
{
	struct vmalloc_counts counts;

	vmalloc_count(&counts);
	REQUIRE(counts.areas == nr_areas);
	REQUIRE(vmalloc_check() && kmap_check() && resource_check());
	REQUIRE(fuzz_reports == expected_reports);
	for (unsigned int i = 0; i < nr_areas; i++)
		check_area(&areas[i]);
}

static void give_all_back(void)
{
	floor_refuse = 0;
	while (nr_areas)
		leave(nr_areas - 1, false);
	while (nr_locals)
		kunmap_local(locals[--nr_locals].view);
	for (unsigned int i = 0; i < NR_FRAMES; i++)
		for (; nr_kmaps[i]; nr_kmaps[i]--)
			kunmap(frames[i]);
	for (; nr_claims; nr_claims--)
		release_mem_region(claims[nr_claims - 1].start, claims[nr_claims - 1].n);
	vmalloc_drain();
	check_all();
}

static unsigned int taken_at_boot, objects_at_boot;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	floor_init();
	resource_init();
	vmalloc_init();
	kmap_init();
	for (unsigned int i = 0; i < NR_FRAMES; i++) {
		frames[i] = alloc_pages(i & 1 ? __GFP_HIGHMEM : GFP_KERNEL, 0);
		REQUIRE(frames[i] && page_is_high(frames[i]) == (i & 1));
	}
	vmalloc_drain();
	taken_at_boot = floor_taken;
	objects_at_boot = floor_objects;
	return 0;
}

static void one(struct fuzz_input *input)
{
	static void (*const operations[])(uint8_t what, uint32_t more) = {
		op_vmalloc, op_vmalloc, op_vmap, op_ioremap, op_free,  op_free,	  op_misuse,
		op_purge,   op_refuse,	op_kmap, op_local,   op_claim, op_release};
	uint8_t operation = fuzz_u8(input) % ARRAY_SIZE(operations), what = fuzz_u8(input);
	uint32_t more = fuzz_u16(input);

	if (operation <= 3 && nr_areas == MAX_AREAS)
		operation = 4;
	operations[operation](what, more);
	/* Warnings of memory that is out are none of the model's affair. */
	if (operation <= 1)
		expected_reports = fuzz_reports;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	unsigned int op;

	fuzz_begin();
	for (op = 0; op < MAX_OPS && input.left; op++) {
		one(&input);
		if (op % CHECK_EVERY == 0)
			check_all();
	}
	give_all_back();
	REQUIRE(floor_taken == taken_at_boot && floor_objects == objects_at_boot);
	return 0;
}
