/* SPDX-License-Identifier: MIT */
/*
 * page_mover.c - move a block, with the help of its owner.
 *
 * THE IDEA
 *	The allocator does not know who points to a page; its owner does. So the
 *	owner lends a page out (isolate), copies it and points to the copy
 *	(migrate), or gets it back as it was (putback). Whoever moves it holds a reference of
 *	its own meanwhile, so that a block which its owner lets go of in the middle is not reused.
 *
 * PICTURE	users of the two blocks
 *			from		to
 *	found		1 owner		-
 *	isolated	2 owner, mover	1 mover
 *	migrated	2 mover		1 owner
 *	at the end	free		1 owner
 *
 * LOCKING	Task context: an owner may take its locks.
 * COST		The copy, and what the owner does.
 * FLOOR	page. For contig.c and compaction.c.
 * LINUX	mm/migrate.c: isolate_movable_page(), putback_movable_page(), move_to_new_folio().
 */
#include <mm/page_mover.h>

#include <lib/check.h>
#include <mm/gfp.h>
#include <mm/vmstat.h>
#include <mm/zone.h>

static struct page_mover *mover_of(const struct page *page)
{
	return (struct page_mover *)READ_ONCE(page->owner.private);
}

void page_set_mover(struct page *page, struct page_mover *mover)
{
	CHECK(page->flags & PG_OWNED && !(page->flags & (PG_MOVER | PG_SLAB | PG_LARGE)),
	      "pfn 0x%lx: state 0x%x", page_to_pfn(page), page->state);
	page->owner.private = (unsigned long)mover;
	page->flags |= PG_MOVER;
}

void page_clear_mover(struct page *page)
{
	CHECK(page_has_mover(page), "pfn 0x%lx: state 0x%x", page_to_pfn(page), page->state);
	page->flags &= (uint16_t)~PG_MOVER;
	page->owner.private = 0;
}

/* A reference to a page that may have been freed this moment. (Linux: get_page_unless_zero) */
static bool get_unless_free(struct page *page)
{
	int32_t users = READ_ONCE(page->refcount);

	do {
		if (users <= 0)
			return false;
	} while (!__atomic_compare_exchange_n(&page->refcount, &users, users + 1, false,
					      __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
	return true;
}

/* Somebody else who uses it (a device, say) keeps it where it is. */
bool page_mover_isolate(struct page *page)
{
	if (!page_has_mover(page) || !get_unless_free(page))
		return false;
	if (page_has_mover(page) && READ_ONCE(page->refcount) == 2 &&
	    mover_of(page)->isolate(mover_of(page), page))
		return true;
	put_page(page);
	return false;
}

void page_mover_putback(struct page *page)
{
	mover_of(page)->putback(mover_of(page), page);
	put_page(page);
}

int page_mover_migrate(struct page *to, struct page *from)
{
	unsigned int order = from->order;
	int error;

	ASSERT(to->order == order && READ_ONCE(from->refcount) >= 2, "pfn 0x%lx to 0x%lx",
	       page_to_pfn(from), page_to_pfn(to));
	error = mover_of(from)->migrate(mover_of(from), to, from);
	count_vm_events(error ? VM_PGMIGRATE_FAIL : VM_PGMIGRATE_SUCCESS, 1UL << order);
	if (error) {
		__free_pages(to, order);
		return error;
	}
	CHECK(!page_has_mover(from) && page_has_mover(to), "mover of pfn 0x%lx to 0x%lx",
	      page_to_pfn(from), page_to_pfn(to));
	put_page(from);
	__free_pages(from, order);
	return 0;
}
