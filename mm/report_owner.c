/* SPDX-License-Identifier: MIT */
/*
 * report_owner.c - who has the memory: page_owner's records summed up by caller, and all that is known of one page.
 *
 * The sums stand in a table that is taken for the time of the report: a slot for each
 * call stack, found by its handle. What finds no slot is counted in one line at the end.
 *
 * FLOOR	mm.
 * LINUX	tools/vm/page_owner_sort.c does this to the text of /sys/kernel/debug/page_owner.
 */
#include <mm/init.h>

#include <lib/errno.h>
#include <mm/migrate.h>
#include <mm/page_debug.h>
#include <mm/page_owner.h>

#define TABLE_ORDER 5
#define NR_SLOTS    ((PAGE_SIZE << TABLE_ORDER) / sizeof(struct caller))

struct caller {
	depot_stack_handle_t handle; /* 0: an empty slot, but for the first: allocated before */
	bool shown;
	unsigned long nr_blocks, nr_pages;
};

struct sums {
	struct caller *callers;
	struct caller others, all;
};

/* The slot of a stack, or an empty one; NULL: all are taken. Slot 0 is that of handle 0. */
static struct caller *slot_of(struct sums *sums, depot_stack_handle_t handle)
{
	struct caller *slot;

	if (!handle)
		return &sums->callers[0];
	for (size_t i = 0; i < NR_SLOTS - 1; i++) {
		slot = &sums->callers[1 + (handle + i) % (NR_SLOTS - 1)];
		if (slot->handle == handle || !slot->handle)
			return slot;
	}
	return NULL;
}

static void count(struct caller *caller, unsigned int order)
{
	caller->nr_blocks++;
	caller->nr_pages += 1UL << order;
}

static bool add_block(struct page *page, const struct page_owner *owner, void *context)
{
	struct sums *sums = context;
	struct caller *caller = slot_of(sums, owner->allocated);

	if (!caller)
		caller = &sums->others;
	else
		caller->handle = owner->allocated;
	count(caller, page->order);
	count(&sums->all, page->order);
	return true;
}

static struct caller *largest_not_shown(struct sums *sums)
{
	struct caller *largest = NULL;

	for (size_t i = 0; i < NR_SLOTS; i++) {
		struct caller *caller = &sums->callers[i];

		if (caller->nr_pages && !caller->shown &&
		    (!largest || caller->nr_pages > largest->nr_pages))
			largest = caller;
	}
	return largest;
}

static void show_line(struct seq_file *file, const struct caller *caller, const char *by)
{
	seq_printf(file, "%8lu %8lu %10lu  %s\n", caller->nr_blocks, caller->nr_pages,
		   caller->nr_pages << (PAGE_SHIFT - 10), by);
}

static void show_caller(struct seq_file *file, const struct caller *caller)
{
	char text[300] = "somebody, before page_owner was on";

	if (caller->handle)
		stack_depot_snprint(caller->handle, text, sizeof(text));
	show_line(file, caller, text);
}

static void show(struct seq_file *file, struct sums *sums, unsigned int nr_lines)
{
	struct stack_depot_stats depot;
	struct caller *caller = NULL;

	seq_puts(file, "  blocks    pages        KiB  allocated by (innermost call first)\n");
	for (; nr_lines && (caller = largest_not_shown(sums)); nr_lines--) {
		show_caller(file, caller);
		caller->shown = true;
	}
	for (; caller && (caller = largest_not_shown(sums)); caller->shown = true) {
		sums->others.nr_blocks += caller->nr_blocks;
		sums->others.nr_pages += caller->nr_pages;
	}
	if (sums->others.nr_blocks)
		show_line(file, &sums->others, "others; `page_owner LINES` shows more");
	show_line(file, &sums->all, "all together");
	stack_depot_get_stats(&depot);
	seq_printf(file, "%lu call stacks in %zu of %zu KiB, %lu found no room\n", depot.nr_stacks,
		   DIV_ROUND_UP(depot.used, KiB), depot.size / KiB, depot.nr_lost);
}

int mm_report_page_owner(struct seq_file *file, unsigned int nr_lines)
{
	struct sums sums = {
		.callers = (struct caller *)__get_free_pages(GFP_KERNEL | __GFP_ZERO, TABLE_ORDER)};

	if (!sums.callers)
		return -ENOMEM;
	page_owner_visit(add_block, &sums);
	show(file, &sums, nr_lines);
	free_pages((unsigned long)sums.callers, TABLE_ORDER);
	return 0;
}

/* --- one page ------------------------------------------------------------------------ */

static void show_flags(struct seq_file *file, const struct page *page)
{
	static const char *const names[] = {"reserved", "buddy",       "slab",	 "head",
					    "tail",	"large",       "owned",	 "pcp",
					    "movable",	"reclaimable", "devmem", "mover"};
	bool any = false;

	seq_printf(file, "flags     0x%x:", page->flags);
	for (unsigned int bit = 0; bit < ARRAY_SIZE(names); bit++) {
		if (!(page->flags >> bit & 1))
			continue;
		seq_printf(file, " %s", names[bit]);
		any = true;
	}
	seq_puts(file, any ? "\n" : " none\n");
}

static void show_owner(struct seq_file *file, const struct page *page)
{
	const struct page_owner *owner = page_owner_of(page);
	char text[300];

	if (!owner) {
		seq_puts(file, "owner     not recorded: page_owner is off\n");
		return;
	}
	seq_printf(file, "owner     order %u, gfp 0x%x, %s, allocated %u times since it was on\n",
		   owner->order, owner->gfp, migratetype_name((enum migratetype)owner->migratetype),
		   owner->nr_allocations);
	stack_depot_snprint(owner->allocated, text, sizeof(text));
	seq_printf(file, "allocated by %s\n", text);
	stack_depot_snprint(owner->freed, text, sizeof(text));
	seq_printf(file, "freed     by %s\n", text);
}

void mm_report_page(struct seq_file *file, unsigned long pfn)
{
	struct page *page = pfn_to_page(pfn);
	char text[160];

	page_describe(page, text, sizeof(text));
	seq_printf(file, "%s\nphysical  0x%llx", text, (unsigned long long)page_to_phys(page));
	if (page_address(page))
		seq_printf(file, ", address 0x%lx\n", (unsigned long)page_address(page));
	else
		seq_puts(file, ", in high memory: no address\n");
	show_flags(file, page);
	seq_printf(file, "users     %d\n", page->refcount);
	if (!(page->flags & PG_RESERVED))
		seq_printf(file, "pageblock %s\n",
			   migratetype_name(get_pageblock_migratetype(page)));
	show_owner(file, page);
}
