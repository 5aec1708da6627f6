/* SPDX-License-Identifier: MIT */
/*
 * pages.c - commands about single pages: who has them, and the features that watch them.
 */
#include <kernel/shell.h>

#include <lib/errno.h>
#include <lib/printk.h>
#include <lib/string.h>
#include <mm/deferred.h>
#include <mm/compaction.h>
#include <mm/init.h>
#include <mm/page.h>
#include <mm/page_debug.h>
#include <mm/pcp.h>

COMMAND(page, "page PFN", "all that is known of one page frame")
{
	unsigned long long pfn;
	char text[128];

	if (argc != 2 || !shell_parse_number(argv[1], &pfn))
		return SHELL_USAGE;
	if (pfn_is_deferred((unsigned long)pfn)) {
		page_describe(pfn_to_page((unsigned long)pfn), text, sizeof(text));
		seq_printf(out, "%s: its struct page is not written yet\n", text);
		return 0;
	}
	if (!pfn_valid((unsigned long)pfn)) {
		console_print("page: there is no struct page for pfn 0x%llx; `memmap` shows what "
			      "memory there is\n",
			      pfn);
		return 1;
	}
	mm_report_page(out, (unsigned long)pfn);
	return 0;
}

COMMAND(page_owner, "page_owner [LINES]",
	"who allocated the pages in use, most memory first; 20 lines, or so many")
{
	unsigned long long lines = 20;

	if (argc > 2 || (argc == 2 && (!shell_parse_number(argv[1], &lines) || !lines)))
		return SHELL_USAGE;
	if (!page_debug_is_on(PAGE_DEBUG_OWNER)) {
		console_print("page_owner: it is off; boot with page_owner=on, or type `pagedebug "
			      "page_owner on`\n");
		return 1;
	}
	if (mm_report_page_owner(out, (unsigned int)min(lines, 100000ULL))) {
		console_print("page_owner: no memory for the sums\n");
		return 1;
	}
	return 0;
}

COMMAND(frag, "frag", "how broken up free memory is, by zone and size of block")
{
	if (argc > 1)
		return SHELL_USAGE;
	mm_report_fragmentation(out);
	return 0;
}

static unsigned long large_blocks(void)
{
	unsigned long sum = 0;
	struct zone *zone;

	for_each_populated_zone (zone)
		for (unsigned int order = PAGEBLOCK_ORDER; order < MAX_ORDER; order++)
			sum += zone->free_area[order].nr_free;
	return sum;
}

COMMAND(compact, "compact", "move movable pages together, so that large blocks become free")
{
	struct compact_stats before, after;
	unsigned long large;

	if (argc > 1)
		return SHELL_USAGE;
	drain_all_pages();
	large = large_blocks();
	compact_get_stats(&before);
	compact_all();
	compact_get_stats(&after);
	seq_printf(out,
		   "%lu pages moved, %lu could not; %lu and %lu frames scanned for pages and for "
		   "room\nfree blocks of 2 MiB and more: %lu before, %lu after\n",
		   after.migrated - before.migrated, after.not_migrated - before.not_migrated,
		   after.migrate_scanned - before.migrate_scanned,
		   after.free_scanned - before.free_scanned, large, large_blocks());
	return 0;
}

/* --- pagedebug ------------------------------------------------------------------- */

static const char *const meanings[NR_PAGE_DEBUG_FEATURES] = {
	[PAGE_DEBUG_POISON] =
		"free pages hold 0xaa; a write into one is found when it is allocated",
	[PAGE_DEBUG_OWNER] = "who allocated each block, and who freed it last",
	[PAGE_DEBUG_UNMAP] = "a touch of a free page faults; only by debug_pagealloc=on at boot",
	[PAGE_DEBUG_FAIL] =
		"requests fail on purpose: fail_page_alloc nth=7, or 10,50,0,-1, or off",
	[PAGE_DEBUG_INIT_ON_ALLOC] = "blocks are zeroed when they are allocated",
	[PAGE_DEBUG_INIT_ON_FREE] = "blocks are zeroed when they are freed",
};

static void list_features(struct seq_file *out)
{
	enum page_debug_feature feature;

	for (feature = 0; feature < NR_PAGE_DEBUG_FEATURES; feature++)
		seq_printf(out, "  %-16s %-4s %s\n", page_debug_name(feature),
			   page_debug_is_on(feature) ? "on" : "off", meanings[feature]);
	seq_printf(out, "blocks that are set aside as damaged: %lu\n", page_poison_nr_set_aside());
}

static enum page_debug_feature find_feature(const char *name)
{
	enum page_debug_feature feature = 0;

	while (feature < NR_PAGE_DEBUG_FEATURES && strcmp(page_debug_name(feature), name))
		feature++;
	return feature;
}

/* "on", "off", or what the failures are to be. */
static int switch_feature(enum page_debug_feature feature, const char *how)
{
	if (!strcmp(how, "off"))
		page_debug_stop(feature);
	else if (feature == PAGE_DEBUG_FAIL)
		return fail_page_alloc_set(how);
	else if (!strcmp(how, "on"))
		return page_debug_start(feature);
	else
		return -EINVAL;
	return 0;
}

COMMAND(pagedebug, "pagedebug [FEATURE on|off]",
	"features that watch pages: which are on; switch one. Alone it lists them")
{
	enum page_debug_feature feature;
	int error;

	if (argc == 1) {
		list_features(out);
		return 0;
	}
	feature = find_feature(argv[1]);
	if (argc != 3 || feature == NR_PAGE_DEBUG_FEATURES)
		return SHELL_USAGE;
	error = switch_feature(feature, argv[2]);
	if (error == -EINVAL)
		return SHELL_USAGE;
	if (error)
		console_print("pagedebug: %s cannot be switched on: %s\n", argv[1],
			      error == -ENOMEM ? "no memory for its tables"
					       : "boot with debug_pagealloc=on");
	return error ? 1 : 0;
}
