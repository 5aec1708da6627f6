/* SPDX-License-Identifier: MIT */
/*
 * mm/contig.h - many pages in one piece, also where others have some of them. (Linux: alloc_contig_range and its family)
 *
 * What is movable in the range moves out of it (mm/page_mover.h); what is not makes the range busy.
 */
#pragma once

#include <mm/gfp.h>
#include <mm/zone.h>

/*
 * Take exactly the frames [start, end), of one zone and at most 1 GiB: single pages with one user each, of pageblocks of `type`
 * (MIGRATE_CMA, or MIGRATE_MOVABLE for any other kind). gfp: for the pages that others move to; __GFP_ZERO for these. 0; -EBUSY: somebody keeps a page there,
 * and nothing is taken; -ENOMEM: no room to move to; -EINVAL: no such range. Task context.
 */
int __must_check alloc_contig_range(unsigned long start, unsigned long end, enum migratetype type,
				    gfp_t gfp);

/* Give back what one of these two took, or a part of it. */
void free_contig_range(unsigned long start, unsigned long nr_pages);

/* Somewhere in a zone that the mask admits, on `nid` (-1: this CPU's) or the others; aligned to `nr_pages` if that is a power of two. NULL: nowhere. */
struct page *__must_check alloc_contig_pages(unsigned long nr_pages, gfp_t gfp, int nid);
