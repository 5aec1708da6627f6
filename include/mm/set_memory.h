/* SPDX-License-Identifier: MIT */
/*
 * mm/set_memory.h - other permissions, or another memory type, for memory that is in use. (Linux: include/linux/set_memory.h)
 *
 *	code = vmalloc(PAGE_SIZE);		rw-
 *	...write to it...
 *	set_memory_ro((unsigned long)code, 1);	r--, by its other address too
 *	set_memory_x((unsigned long)code, 1);	r-x here, r-- there
 *	...run it...
 *	set_memory_nx((unsigned long)code, 1);
 *	set_memory_rw((unsigned long)code, 1);	and only then vfree(code)
 */
#pragma once

#include <lib/types.h>

/*
 * Change `numpages` pages from `addr` on, which lie in the kernel image, the direct map or the vmalloc region and are all mapped to
 * RAM. The direct map shows most memory a second time, and what is taken away here is taken away there: nothing that is
 * read-only or uncached by one address is writable or cached by the other.
 *
 *	ro rw		may it be written?
 *	x nx		may it be executed? x only in the vmalloc region, the other address never
 *	uc wc wb	uncached, write-combining (aarch64: Normal non-cacheable), cached
 *
 * 0, or with nothing changed:
 *
 *	-EINVAL	addr in the middle of a page, a negative number, a hole, another region, memory that is not RAM, the
 *		image by its direct-map address (its own does both)
 *	-EPERM	it would be writable and executable, by whatever addresses; executable device memory; text and constants to
 *		be written; executable outside the vmalloc region
 *	-EBUSY	a large leaf of the direct map would have to be split, and this CPU forbids it while the leaf is used (aarch64):
 *		boot with rodata=full, which maps the direct map with pages
 *	-ENOMEM	no page for a table
 *
 * Undo it before the memory is freed: mm_verify() reports free pages that are not as all others. The pages are the
 * caller's. Whoever reads them while permissions change notices nothing, unless a large leaf of the vmalloc region is split or
 * merged on a CPU that forbids it (aarch64); while their type changes nobody may use them. May sleep.
 */
int __must_check set_memory_ro(unsigned long addr, int numpages);
int __must_check set_memory_rw(unsigned long addr, int numpages);
int __must_check set_memory_x(unsigned long addr, int numpages);
int __must_check set_memory_nx(unsigned long addr, int numpages);
int __must_check set_memory_uc(unsigned long addr, int numpages);
int __must_check set_memory_wc(unsigned long addr, int numpages);
int __must_check set_memory_wb(unsigned long addr, int numpages);

/* Is no free page of the direct map other than writable and cached? Says which. */
bool set_memory_check(void);
