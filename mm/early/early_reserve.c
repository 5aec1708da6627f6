/* SPDX-License-Identifier: MIT */
/*
 * early_reserve.c - steps 7 and 8 of early.c: which RAM is taken before anybody asks.
 *
 * THE IDEA
 *	What is taken stays RAM: it is in memblock.memory and in memblock.reserved, and
 *	only the latter keeps an allocation away from it. What the firmware forbids to map is
 *	marked besides, so that the direct map leaves it out.
 *
 *	Reservations always fit: memblock has room for more than can be listed.
 *
 * FLOOR	early. Called by early.c.
 * LINUX	early_reserve_memory(); arm64_memblock_init().
 */
#include <lib/check.h>
#include <lib/printk.h>
#include "steps.h"

static_assert(BOOT_MAX_RESERVATIONS + EARLY_MAX_WORDS + 3 <= INIT_MEMBLOCK_REGIONS,
	      "reservations fit into memblock's static array");

unsigned int early_reserve_nr_no_map(const struct boot_info *boot)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < boot->nr_reserved; i++)
		nr += boot->reserved[i].no_map;
	return nr;
}

static void reserve_for(struct early *early, const struct early_decision *decision)
{
	int error = memblock_map_reserve(early->map, decision->start,
					 decision->end - decision->start);

	CHECK(error == 0, "the static array was planned too small");
	early_decide_for(early, decision);
}

static void reserve(struct early *early, phys_addr_t start, phys_addr_t end, const char *why)
{
	reserve_for(early, &(struct early_decision){start, end, EARLY_RESERVED, why, SOURCE_NONE});
}

/* memmap=$, memmap=# and reserve=: of RAM only; what lies outside is nobody's to give. */
static void reserve_words(struct early *early)
{
	for (unsigned int i = 0; i < early->words.nr; i++) {
		const struct early_word *word = &early->words.word[i];
		phys_addr_t end = min(word->end, early_ram_end(early));

		if (word->fate != EARLY_RESERVED)
			continue;
		if (word->start < end &&
		    memblock_type_overlaps(&early->map->memory, word->start, end - word->start))
			reserve(early, word->start, end, word->why);
		else
			pr_warn("early: [0x%llx, 0x%llx), %s, holds no RAM: ignored",
				(unsigned long long)word->start, (unsigned long long)word->end,
				word->why);
	}
}

static void reserve_boot_data(struct early *early)
{
	const struct boot_info *boot = early->boot;
	phys_addr_t image_size;

	if (memblock_type_overlaps(&early->map->memory, 0, PAGE_SIZE))
		reserve(early, 0, PAGE_SIZE, "page 0, where NULL points");
	if (early->limits.low_megabyte_reserved)
		reserve(early, 0, LOW_MEGABYTE, "the firmware's low megabyte");
	for (unsigned int i = 0; i < boot->nr_reserved; i++) {
		const struct boot_reservation *taken = &boot->reserved[i];

		reserve_for(early,
			    &(struct early_decision){taken->start, taken->end, EARLY_RESERVED,
						     taken->name, taken->source});
	}
	image_size = boot->image_end - boot->image_start;
	if (!memblock_type_covers(&early->map->reserved, boot->image_start, image_size))
		reserve(early, boot->image_start, boot->image_end, "kernel image");
}

/* Marking may cut two more regions each; where that is too much, removing cuts one and keeps the promise as well. */
static void hide_no_map(struct early *early)
{
	struct memblock_type *memory = &early->map->memory;
	bool mark = memory->cnt + 2 * early_reserve_nr_no_map(early->boot) <= memory->max;

	for (unsigned int i = 0; i < early->boot->nr_reserved; i++) {
		const struct boot_reservation *reservation = &early->boot->reserved[i];
		struct memblock_range range = {
			.start = ALIGN_DOWN(reservation->start, PAGE_SIZE),
			.end = max(reservation->end, ALIGN_UP(reservation->end, PAGE_SIZE))};

		if (!reservation->no_map)
			continue;
		if (!mark) {
			early_ram_drop(early, range.start, range.end, reservation->name);
			continue;
		}
		CHECK(memblock_map_set_flag(early->map, &range, MEMBLOCK_NOMAP, true) == 0);
		early_decide_for(early,
				 &(struct early_decision){range.start, range.end, EARLY_NO_MAP,
							  reservation->name, reservation->source});
	}
}

void early_reserve_taken(struct early *early)
{
	reserve_boot_data(early);
	reserve_words(early);
	hide_no_map(early);
}
