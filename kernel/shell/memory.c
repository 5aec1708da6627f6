/* SPDX-License-Identifier: MIT */
/*
 * memory.c - commands that look at memory, and two that play with it.
 */
#include <kernel/shell.h>

#include <lib/printk.h>
#include <lib/string.h>
#include <lib/symbols.h>
#include <mm/buddy.h>
#include <mm/gfp.h>
#include <mm/init.h>
#include <mm/page.h>
#include <mm/slab.h>
#include <mm/pcp.h>

COMMAND(memmap, "memmap", "the firmware's map, and what became of each range and why")
{
	if (argc > 1)
		return SHELL_USAGE;
	mm_report_memmap(out);
	mm_report_handover(out);
	return 0;
}

COMMAND(ptdump, "ptdump", "the kernel's page tables: ranges, permissions, leaf sizes")
{
	if (argc > 1)
		return SHELL_USAGE;
	mm_report_ptdump(out);
	return 0;
}

/* A number or the name of a symbol; complains in the command's name. */
static bool parse_address(const char *command, const char *word, uintptr_t *address)
{
	unsigned long long number;

	if (shell_parse_number(word, &number)) {
		*address = (uintptr_t)number;
		return true;
	}
	*address = symbol_address(word);
	if (*address)
		return true;
	console_print("%s: %s is neither a number nor a symbol\n", command, word);
	return false;
}

COMMAND(whatis, "whatis ADDRESS|SYMBOL",
	"which region, page, zone, cache and object an address lies in")
{
	uintptr_t address;

	if (argc != 2)
		return SHELL_USAGE;
	if (!parse_address("whatis", argv[1], &address))
		return 1;
	mm_describe_address(out, address);
	return 0;
}

COMMAND(pt, "pt ADDRESS|SYMBOL",
	"an address on its way down the page tables, level by level, bit by bit")
{
	uintptr_t address;

	if (argc != 2)
		return SHELL_USAGE;
	if (!parse_address("pt", argv[1], &address))
		return 1;
	mm_report_walk(out, address);
	return 0;
}

COMMAND(verify, "verify", "walk everything and prove every invariant")
{
	bool good;

	if (argc > 1)
		return SHELL_USAGE;
	good = mm_verify();
	seq_puts(out, good ? "every invariant holds\n" : "an invariant is broken, see above\n");
	return good ? 0 : 1;
}

COMMAND(buddy, "buddy [ZONE]",
	"free blocks by order and pageblocks by type: of all zones, or of DMA, DMA32, Normal, "
	"HighMem")
{
	struct zone *zone;

	if (argc > 2)
		return SHELL_USAGE;
	if (argc == 2) {
		for_each_zone (zone)
			if (!strcmp(zone->name, argv[1]))
				break;
		if (!zone)
			return SHELL_USAGE;
	}
	mm_report_buddy(out, argc == 2 ? argv[1] : NULL);
	return 0;
}

COMMAND(pcp, "pcp", "the lists of small blocks that each CPU keeps, by zone, type and order")
{
	if (argc > 1)
		return SHELL_USAGE;
	mm_report_pcp(out);
	return 0;
}

/* --- alloc and free: blocks that the user holds, most recent last ------------ */

#define MAX_HELD 32

static struct {
	struct page *page;
	unsigned int order;
} held[MAX_HELD];
static unsigned int nr_held;

/*
 * One line a step, the block as a bar that is always as wide: what is cut in
 * two, or joined, shows as its halves.
 */
static void draw_took(struct buddy_observer *observer, unsigned long pfn, unsigned int order)
{
	(void)observer;
	console_print("  taken  order %2u at pfn 0x%-8lx [             yours              ]\n",
		      order, pfn);
}

static void draw_split(struct buddy_observer *observer, unsigned long pfn, unsigned int order)
{
	(void)observer;
	console_print("  split  order %2u at pfn 0x%-8lx [ goes on        | free order %2u  ]"
		      "  free: 0x%lx\n",
		      order, pfn, order - 1, pfn + (1UL << (order - 1)));
}

static void draw_merged(struct buddy_observer *observer, unsigned long pfn, unsigned int order)
{
	(void)observer;
	console_print("  merge  order %2u at pfn 0x%-8lx [ order %2u       + order %2u       ]\n",
		      order, pfn, order - 1, order - 1);
}

static void draw_gave(struct buddy_observer *observer, unsigned long pfn, unsigned int order)
{
	(void)observer;
	console_print("  given  order %2u at pfn 0x%-8lx [           free again           ]\n",
		      order, pfn);
}

static struct buddy_observer drawing = {draw_took, draw_split, draw_merged, draw_gave};

/* Per-CPU lists would hide what the buddy does; they are off while somebody looks. */
static void watch_start(bool verbose)
{
	if (!verbose)
		return;
	pcp_disable();
	buddy_observe(&drawing);
}

static void watch_end(bool verbose)
{
	if (!verbose)
		return;
	buddy_observe(NULL);
	pcp_enable();
}

COMMAND(alloc, "alloc [-v] ORDER", "take 2^ORDER pages; -v draws each split")
{
	bool verbose = argc > 1 && !strcmp(argv[1], "-v");
	unsigned long long order;
	struct page *page;

	if (argc != 2 + verbose || !shell_parse_number(argv[argc - 1], &order) ||
	    order > MAX_PAGE_ORDER)
		return SHELL_USAGE;
	if (nr_held == MAX_HELD) {
		console_print("alloc: %u blocks are held; free one first\n", MAX_HELD);
		return 1;
	}
	watch_start(verbose);
	page = alloc_pages(GFP_HIGHUSER, (unsigned int)order);
	watch_end(verbose);
	if (!page) {
		console_print("alloc: no free block of order %llu; `buddy` shows what there is\n",
			      order);
		return 1;
	}
	held[nr_held].page = page;
	held[nr_held++].order = (unsigned int)order;
	seq_printf(out, "pfn 0x%lx, order %llu, zone %s, %s 0x%lx\n", page_to_pfn(page), order,
		   page_zone(page)->name, page_address(page) ? "address" : "high memory, physical",
		   page_address(page) ? (unsigned long)page_address(page)
				      : (unsigned long)page_to_phys(page));
	return 0;
}

/* The block that a word names, or the last one; -1 when there is none. */
static int find_held(const char *word)
{
	unsigned long long pfn;

	if (!word)
		return (int)nr_held - 1;
	if (!shell_parse_number(word, &pfn))
		return -1;
	for (unsigned int i = 0; i < nr_held; i++)
		if (page_to_pfn(held[i].page) == pfn)
			return (int)i;
	return -1;
}

COMMAND(free, "free [-v] [PFN]", "give back the block at PFN, or the last one; -v draws each merge")
{
	bool verbose = argc > 1 && !strcmp(argv[1], "-v");
	const char *word = argc == 2 + verbose ? argv[1 + verbose] : NULL;
	int index;

	if (argc > 2 + verbose)
		return SHELL_USAGE;
	index = find_held(word);
	if (index < 0) {
		console_print("free: %s\n", word ? "`alloc` gave no block with that pfn"
						 : "no block is held; `alloc` takes one");
		return 1;
	}
	watch_start(verbose);
	__free_pages(held[index].page, held[index].order);
	watch_end(verbose);
	seq_printf(out, "freed pfn 0x%lx, order %u\n", page_to_pfn(held[index].page),
		   held[index].order);
	for (unsigned int i = (unsigned int)index; i + 1 < nr_held; i++)
		held[i] = held[i + 1];
	nr_held--;
	return 0;
}
