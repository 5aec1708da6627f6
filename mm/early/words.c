/* SPDX-License-Identifier: MIT */
/*
 * words.c - what the command line says of memory: memmap=, reserve=, cma=, swiotlb=.
 *
 * THE IDEA
 *	Whoever brings up a board corrects the firmware here. A range is
 *	SIZE, a letter and a start; the letter says what it is:
 *
 *	memmap=64M@1G	RAM that the firmware forgot	(only where it says nothing else)
 *	memmap=1M$16M	reserved: a device writes there
 *	memmap=1M#16M	ACPI tables: reserved as well
 *	reserve=1M@16M	as with $, for those whose shell takes $ for itself
 *
 *	Several stand in one word with commas, or in several words. None can harm: what is
 *	reserved by anybody stays so, and what cannot be is ignored with a message.
 *
 * FLOOR	early. Called by early.c.
 * LINUX	arch/x86/kernel/e820.c, parse_memmap_one(); exactmap is left out: a map that only adds and
 *		reserves cannot make a reserved byte usable.
 */
#include <lib/cmdline.h>
#include <lib/errno.h>
#include <lib/printk.h>
#include <lib/string.h>
#include "impl.h"

#define VALUE_SIZE   256
#define SWIOTLB_SLOT 2048 /* bytes; swiotlb= counts slots, as on Linux */

/* One SIZE, letter, START at *text, which is left behind it. */
static bool parse_range(const char **text, const char *letters, char *letter,
			struct early_word *word)
{
	const char *end;
	unsigned long long size = memparse(*text, &end), start;

	if (end == *text || !*end || !strchr(letters, *end))
		return false;
	*letter = *end;
	*text = end + 1;
	start = memparse(*text, &end);
	if (end == *text || (*end && *end != ','))
		return false;
	*text = *end ? end + 1 : end;
	if (size == 0 || start >= BOOT_RANGE_END)
		return false;
	word->start = start;
	word->end = start + min(size, BOOT_RANGE_END - start);
	return true;
}

static void read_ranges(struct early_words *words, const char *key, const char *letters,
			const char *why)
{
	char value[VALUE_SIZE], letter;
	size_t cursor = 0;
	long length;

	while ((length = cmdline_next_value(key, &cursor, value, sizeof(value))) != -ENOENT) {
		const char *text = value, *whole = value;

		do {
			struct early_word word = {.fate = EARLY_RESERVED, .why = why};

			if (length < 0 || !parse_range(&text, letters, &letter, &word)) {
				pr_warn("early: %s=%s: not SIZE, one of %s, START: ignored", key,
					whole, letters);
				break;
			}
			if (words->nr == EARLY_MAX_WORDS) {
				pr_warn("early: %s=%s: more than %u ranges: ignored", key, whole,
					EARLY_MAX_WORDS);
				break;
			}
			if (letter == '@' && strcmp(key, "memmap") == 0)
				word.fate = EARLY_ADDED;
			words->word[words->nr++] = word;
			whole = text;
		} while (*text);
	}
}

/* swiotlb=SLOTS, swiotlb=SLOTS,force or swiotlb=force. */
static void read_swiotlb(struct early_dma *dma)
{
	char value[VALUE_SIZE];
	const char *end = value;
	unsigned long long slots;
	bool force;
	long length = cmdline_value("swiotlb", value, sizeof(value));

	if (length == -ENOENT)
		return;
	slots = memparse(value, &end);
	force = strcmp(end, end == value ? "force" : ",force") == 0;
	if (length < 0 || (!force && (slots == 0 || *end))) {
		pr_warn("early: swiotlb=%s is not a number of slots or force: ignored", value);
		return;
	}
	dma->swiotlb_force = force;
	dma->swiotlb = min(slots, ~0ULL / SWIOTLB_SLOT) * SWIOTLB_SLOT;
}

void early_read_words(struct early_words *words)
{
	*words = (struct early_words){.nr = 0};
	read_ranges(words, "memmap", "@$#", "memmap= on the command line");
	read_ranges(words, "reserve", "@", "reserve= on the command line");
	cmdline_size("cma", &words->dma.cma);
	read_swiotlb(&words->dma);
}

static uint64_t clamp_one(const char *key, uint64_t size, phys_addr_t most)
{
	most = ALIGN_DOWN(most, PAGE_SIZE);
	if (size <= most)
		return ALIGN_UP(size, PAGE_SIZE);
	pr_warn("early: %s= asks for %llu KiB: %llu KiB are used", key,
		(unsigned long long)size / KiB, (unsigned long long)most / KiB);
	return most;
}

void early_clamp_dma(struct early_dma *dma, phys_addr_t ram)
{
	dma->cma_asked = dma->cma;
	dma->swiotlb_asked = dma->swiotlb;
	dma->cma = clamp_one("cma", dma->cma, ram / 2);
	dma->swiotlb = clamp_one("swiotlb", dma->swiotlb, ram / 4);
}
