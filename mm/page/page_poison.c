/* SPDX-License-Identifier: MIT */
/*
 * page_poison.c - free pages are full of 0xaa; who writes into one is found out.
 *
 * THE IDEA
 *	A page that is freed is filled with a pattern, and a page that is about
 *	to be allocated must still hold it. What differs was written by somebody who
 *	had no right to it any more, or is a bit that fell over: one bit alone in a
 *	whole block is said to be that. The block is not handed out and not
 *	used any more, since the writer may still be at it; another is taken.
 *
 * PICTURE	freed ... written ... allocated
 *
 *	offset	0x000  aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa
 *		0x010  aa aa 68 65 6c 6c 6f aa aa aa aa aa aa aa aa aa
 *			     `------------` 5 bytes from 0x12 on
 *
 * LOCKING	The block belongs to whoever allocates or frees it. High memory is seen
 *		through this CPU's window, interrupts off for a page. A lock guards the
 *		list of blocks that were set aside.
 * COST		Filling and checking a page are some 3,000 instructions together. A byte for each frame.
 *		page_poisoning=1 also fills all that is free at boot: every byte of it is touched.
 * FLOOR	page. Called by debug.c.
 * LINUX	mm/page_poison.c: kernel_poison_pages(), check_poison_mem(). There a bad page is
 *		handed out after the report.
 */
#include <mm/page_debug.h>

#include <arch/cpu.h>
#include <arch/memory.h>
#include <lib/check.h>
#include <lib/errno.h>
#include <lib/init.h>
#include <lib/printf.h>
#include <lib/report.h>
#include <lib/spinlock.h>
#include <lib/string.h>
#include <mm/fixmap.h>
#include <mm/page_owner.h>
#include <mm/zone.h>
#include "debug.h"
#include "features.h"
#include "impl.h"

#define POISON_WORD (~0UL / 0xff * PAGE_POISON)

/* --- contents ---------------------------------------------------------------------- */

/* Call `look` with a page's contents in reach; what it says. */
static bool with_contents(const struct page *page, bool (*look)(uint64_t *words, void *context),
			  void *context)
{
	unsigned long flags;
	bool result;

	if (page_zone_type(page) != ZONE_HIGHMEM)
		return look(page_address(page), context);
	flags = arch_irq_save();
	result = look(fixmap_window_open(page_to_phys(page)), context);
	fixmap_window_close();
	arch_irq_restore(flags);
	return result;
}

#define STEP 8 /* words a turn: the loop itself costs as much as a store */
static_assert(PAGE_SIZE / sizeof(uint64_t) % STEP == 0, "a page is whole turns");

static bool fill(uint64_t *words, void *context)
{
	uint64_t word = *(uint64_t *)context, *end = words + PAGE_SIZE / sizeof(word);

	if (!word) {
		arch_page_clear(words);
		return true;
	}
	for (; words < end; words += STEP) {
		words[0] = words[1] = words[2] = words[3] = word;
		words[4] = words[5] = words[6] = words[7] = word;
	}
	return true;
}

void page_contents_fill(struct page *page, unsigned int order, uint8_t byte)
{
	uint64_t word = ~0UL / 0xff * byte;

	for (unsigned long i = 0; i < 1UL << order; i++)
		with_contents(page + i, fill, &word);
}

/* --- which frames hold it ---------------------------------------------------------------- */

/*
 * A byte for each frame: was it filled? What was free before the feature was on was not, and is not looked at until somebody
 * has used it. In pieces of 64 KiB for 256 MiB, taken when it is switched on.
 */
#define PIECE_ORDER  4
#define PIECE_FRAMES (PAGE_SIZE << PIECE_ORDER)

static uint8_t **pieces;
static unsigned long nr_pieces;

static uint8_t *mark_of(const struct page *page)
{
	unsigned long pfn = page_to_pfn(page), piece = pfn / PIECE_FRAMES;

	if (!pieces || piece >= nr_pieces || !pieces[piece])
		return NULL;
	return &pieces[piece][pfn % PIECE_FRAMES];
}

/* Is it marked? Not any more, then. */
static bool take_mark(const struct page *page)
{
	uint8_t *mark = mark_of(page);
	bool marked = mark && *mark;

	if (marked)
		*mark = 0;
	return marked;
}

static unsigned int pieces_order(void)
{
	return get_order(nr_pieces * sizeof(*pieces));
}

void page_poison_stop(void)
{
	for (unsigned long i = 0; i < nr_pieces; i++)
		free_pages((unsigned long)pieces[i], PIECE_ORDER);
	free_pages((unsigned long)pieces, pieces_order());
	pieces = NULL;
}

static bool has_frames(unsigned long start, unsigned long end)
{
	struct zone *zone;

	for_each_populated_zone (zone)
		if (start < zone->start_pfn + zone->spanned_pages && end > zone->start_pfn)
			return true;
	return false;
}

int page_poison_start(void)
{
	const gfp_t gfp = GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN;
	unsigned long i;

	nr_pieces = DIV_ROUND_UP(page_nr_units << PAGE_UNIT_SHIFT, PIECE_FRAMES);
	pieces = (uint8_t **)__get_free_pages(gfp, pieces_order());
	if (!pieces)
		return -ENOMEM;
	for (i = 0; i < nr_pieces; i++) {
		if (!has_frames(i * PIECE_FRAMES, (i + 1) * PIECE_FRAMES))
			continue;
		pieces[i] = (uint8_t *)__get_free_pages(gfp, PIECE_ORDER);
		if (!pieces[i]) {
			page_poison_stop();
			return -ENOMEM;
		}
	}
	return 0;
}

void page_poison_fill(struct page *page, unsigned int order)
{
	uint8_t *mark;

	ASSERT(order < MAX_ORDER && page->refcount == 0, "pfn 0x%lx, order %u", page_to_pfn(page),
	       order);
	page_contents_fill(page, order, PAGE_POISON);
	for (unsigned long i = 0; i < 1UL << order; i++) {
		mark = mark_of(page + i);
		if (mark)
			*mark = 1;
	}
}

static void fill_free_block(struct page *page, unsigned int order)
{
	unpoison_block(page, order);
	page_poison_fill(page, order);
	poison_block(page, order);
}

__init void page_poison_fill_all(void)
{
	free_blocks_visit(fill_free_block);
}

/* --- damage -------------------------------------------------------------------------- */

#define SHOWN 16

/* What is wrong with a block; offsets are bytes from its start. */
struct damage {
	size_t start;		/* of the page that is looked at */
	size_t first, last;	/* wrong bytes; meaningless while nr_bytes is 0 */
	unsigned long nr_bytes; /* how many are wrong */
	uint8_t wrong;		/* the first of them */
	uint8_t shown[SHOWN];	/* from it on, in its page */
	unsigned int nr_shown;
};

static void add_wrong_byte(struct damage *damage, const uint8_t *bytes, size_t offset)
{
	if (!damage->nr_bytes++) {
		damage->first = damage->start + offset;
		damage->wrong = bytes[offset];
		damage->nr_shown = (unsigned int)min((size_t)SHOWN, PAGE_SIZE - offset);
		memcpy(damage->shown, bytes + offset, damage->nr_shown);
	}
	damage->last = damage->start + offset;
}

static void look_closely(struct damage *damage, const uint8_t *bytes)
{
	for (size_t at = 0; at < PAGE_SIZE; at++)
		if (bytes[at] != PAGE_POISON)
			add_wrong_byte(damage, bytes, at);
}

/* True: the page is as it was filled. */
static bool look_for_damage(uint64_t *words, void *context)
{
	const uint64_t *at = words, *end = words + PAGE_SIZE / sizeof(*words);
	uint64_t wrong = 0;

	for (; at < end && !wrong; at += STEP) {
		wrong = (at[0] ^ POISON_WORD) | (at[1] ^ POISON_WORD) | (at[2] ^ POISON_WORD) |
			(at[3] ^ POISON_WORD) | (at[4] ^ POISON_WORD) | (at[5] ^ POISON_WORD) |
			(at[6] ^ POISON_WORD) | (at[7] ^ POISON_WORD);
	}
	if (likely(!wrong))
		return true;
	look_closely(context, (const uint8_t *)words);
	return false;
}

static bool is_single_bit(const struct damage *damage)
{
	uint8_t difference = damage->wrong ^ PAGE_POISON;

	return damage->nr_bytes == 1 && (difference & (difference - 1)) == 0;
}

static void say_bytes(const struct damage *damage)
{
	char text[SHOWN * 3 + 1];
	int length = 0;

	for (unsigned int i = 0; i < damage->nr_shown; i++)
		length += scnprintf(text + length, sizeof(text) - (size_t)length, " %02x",
				    damage->shown[i]);
	report_line("bytes   from there:%s (free is %02x)", text, PAGE_POISON);
}

static void report_damage(struct page *page, unsigned int order, const struct damage *damage)
{
	const struct page_owner *owner = page_owner_of(page + damage->first / PAGE_SIZE);
	unsigned long pfn = page_to_pfn(page) + damage->first / PAGE_SIZE;

	report_open(REPORT_BUG, "page_poison: pfn 0x%lx was written while it was free%s", pfn,
		    is_single_bit(damage) ? ": a single bit" : "");
	report_line("block   pfn 0x%lx, order %u, zone %s of node %d", page_to_pfn(page), order,
		    page_zone(page)->name, page_to_nid(page));
	report_line("damage  offset 0x%zx to 0x%zx of the page; wrong bytes in the block: %lu",
		    damage->first % PAGE_SIZE,
		    min(damage->last, damage->first | (PAGE_SIZE - 1)) % PAGE_SIZE,
		    damage->nr_bytes);
	say_bytes(damage);
	if (is_single_bit(damage))
		report_line("class   a single bit, %02x instead of %02x: likely faulty memory",
			    damage->wrong, PAGE_POISON);
	if (owner)
		stack_depot_print("freed", owner->freed);
	else
		report_line("freed   by somebody; page_owner=on remembers whom");
	report_stack("found");
	report_line("the block is set aside, and another taken");
	report_close();
}

/* --- blocks that are set aside ----------------------------------------------------------- */

static DEFINE_SPINLOCK(aside_lock, LOCK_RANK_ZONE);
static LIST_HEAD(aside);
static unsigned long nr_aside;

static void set_aside(struct page *page)
{
	unsigned long flags;

	ASSERT(page->flags & PG_OWNED && page->refcount == 1, "pfn 0x%lx", page_to_pfn(page));
	spin_lock_irqsave(&aside_lock, flags);
	list_add(&page->lru, &aside);
	nr_aside++;
	spin_unlock_irqrestore(&aside_lock, flags);
}

unsigned long page_poison_nr_set_aside(void)
{
	return READ_ONCE(nr_aside);
}

static struct page *take_from_aside(void)
{
	struct page *page = NULL;
	unsigned long flags;

	spin_lock_irqsave(&aside_lock, flags);
	if (!list_empty(&aside)) {
		page = list_first_entry(&aside, struct page, lru);
		list_del(&page->lru);
		nr_aside--;
	}
	spin_unlock_irqrestore(&aside_lock, flags);
	return page;
}

unsigned long page_poison_take_back(void)
{
	unsigned long count = 0;
	struct page *page;

	while ((page = take_from_aside())) {
		ASSERT(page->flags & PG_OWNED && page->refcount == 1, "pfn 0x%lx",
		       page_to_pfn(page));
		__free_pages(page, page->order);
		count++;
	}
	return count;
}

bool page_poison_check(struct page *page, unsigned int order)
{
	struct damage damage = {0};
	bool good = true;

	for (unsigned long i = 0; i < 1UL << order; i++, damage.start += PAGE_SIZE)
		if (take_mark(page + i))
			good &= with_contents(page + i, look_for_damage, &damage);
	if (likely(good))
		return true;
	set_aside(page);
	report_damage(page, order, &damage);
	return false;
}
