/* SPDX-License-Identifier: MIT */
/*
 * early_ram.c - steps 2 to 6 of early.c: which bytes are RAM.
 *
 * THE IDEA
 *	Two say that there is RAM: the firmware, and memmap= where the firmware says
 *	nothing. Then everything only takes away, until the kernel's own image, of which
 *	nobody need say anything: it runs.
 *
 * LIMITS	A map of more usable pieces than memblock's static array holds (128, less
 *		what step 4 to 8 may cut) loses the smallest; each loss is counted
 *		and told.
 * FLOOR	early. Called by early.c.
 * LINUX	e820__memblock_setup(), trim_bios_range(); early_init_dt_scan_memory().
 */
#include <lib/check.h>
#include <lib/printk.h>
#include "steps.h"

#define MEM_MINIMUM    (6 * MiB) /* mem= leaves at least so much */
#define ADAPTERS_START (640 * KiB)
#define CUTS	       8 /* regions that clipping, adapters and the image may add */

phys_addr_t early_ram_end(const struct early *early)
{
	const struct memblock_type *memory = &early->map->memory;

	return memory->cnt ? region_end(&memory->regions[memory->cnt - 1]) : 0;
}

phys_addr_t early_ram_below(const struct early *early, phys_addr_t end)
{
	const struct memblock_type *memory = &early->map->memory;
	phys_addr_t bytes = 0;

	for (unsigned long i = 0; i < memory->cnt && memory->regions[i].base < end; i++)
		bytes += min(region_end(&memory->regions[i]), end) - memory->regions[i].base;
	return bytes;
}

/* --- 2: keep --- */

static bool usable(const struct boot_range *range)
{
	return range->type == MEMORY_USABLE;
}

static unsigned int count_usable(const struct memory_map *firmware, phys_addr_t at_least)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < firmware->nr; i++)
		nr += usable(&firmware->range[i]) &&
		      firmware->range[i].end - firmware->range[i].start >= at_least;
	return nr;
}

static void add_memory(struct early *early, phys_addr_t start, phys_addr_t end)
{
	struct memblock_region region = {.base = start, .size = end - start, .nid = 0};
	int error = memblock_map_add(early->map, &early->map->memory, &region);

	CHECK(error == 0, "the static array was planned too small");
}

/* All pieces of `large` bytes and more fit, of the next smaller class as many as there is room left for. */
static void keep_usable(struct early *early)
{
	unsigned int room = early->map->memory.max - CUTS - early_reserve_nr_no_map(early->boot) -
			    early->words.nr;
	phys_addr_t large = PAGE_SIZE, left_out = 0;
	unsigned int spare, pieces_out = 0;

	while (count_usable(&early->firmware, large) > room)
		large *= 2;
	spare = room - count_usable(&early->firmware, large);
	for (unsigned int i = 0; i < early->firmware.nr; i++) {
		const struct boot_range *range = &early->firmware.range[i];
		phys_addr_t size = range->end - range->start;

		if (!usable(range))
			continue;
		if (size >= large || (size >= large / 2 && spare > 0)) {
			spare -= size < large;
			add_memory(early, range->start, range->end);
			continue;
		}
		/* Thousands of crumbs must not fill the log before the reservations come. */
		if (pieces_out < EARLY_MAX_DECISIONS / 4)
			early_decide(early, range->start, range->end, EARLY_DROPPED,
				     "more pieces than fit");
		left_out += size;
		pieces_out++;
	}
	if (pieces_out)
		pr_warn("early: %u small pieces of memory, %llu KiB, are left out: no more than %u "
			"fit",
			pieces_out, to_kib(left_out), room);
}

/* What is RAM to the machine, but ACPI's. Some firmware lists it in thousands of crumbs. */
static void tell_kept(struct early *early)
{
	for (unsigned int i = 0, told = 0; i < early->firmware.nr && told < EARLY_MAX_DECISIONS / 8;
	     i++) {
		const struct boot_range *range = &early->firmware.range[i];

		if (range->type != MEMORY_ACPI && range->type != MEMORY_NVS)
			continue;
		told++;
		early_decide_for(early, &(struct early_decision){
						range->start, range->end, EARLY_KEPT,
						memory_type_name(range->type), range->source});
	}
}

/* Does the firmware call any byte of it something else than usable? */
static bool firmware_objects(const struct early *early, const struct early_word *word)
{
	for (unsigned int i = 0; i < early->firmware.nr; i++) {
		const struct boot_range *range = &early->firmware.range[i];

		if (!usable(range) && range->start < word->end && word->start < range->end)
			return true;
	}
	return false;
}

/* RAM that the firmware forgot, by memmap=. Where it says something else two sources disagree, and the safe one wins. */
static void add_words(struct early *early)
{
	for (unsigned int i = 0; i < early->words.nr; i++) {
		const struct early_word *word = &early->words.word[i];
		phys_addr_t start = ALIGN_UP(word->start, PAGE_SIZE);
		phys_addr_t end = ALIGN_DOWN(word->end, PAGE_SIZE);

		if (word->fate != EARLY_ADDED || start >= end)
			continue;
		if (end > early->limits.phys_end) {
			pr_warn("early: memmap=: [0x%llx, 0x%llx) is more than the CPU can reach: "
				"ignored",
				(unsigned long long)word->start, (unsigned long long)word->end);
			continue;
		}
		if (firmware_objects(early, word)) {
			pr_warn("early: memmap=: [0x%llx, 0x%llx) is not all usable to the "
				"firmware: ignored",
				(unsigned long long)word->start, (unsigned long long)word->end);
			continue;
		}
		add_memory(early, start, end);
		early_decide(early, start, end, EARLY_ADDED, word->why);
	}
}

/* --- 3 to 6: what is RAM for us --- */

void early_ram_drop(struct early *early, phys_addr_t start, phys_addr_t end, const char *why)
{
	phys_addr_t before = early->map->memory.total_size;
	int error;

	end = min(end, early_ram_end(early));
	if (start >= end)
		return;
	error = memblock_map_remove(early->map, &early->map->memory, start, end - start);
	CHECK(error == 0, "the static array was planned too small");
	if (early->map->memory.total_size != before)
		early_decide(early, start, end, EARLY_DROPPED, why);
}

static void clip_to_reach(struct early *early)
{
	phys_addr_t before = early->map->memory.total_size, lost;

	early_ram_drop(early, early->limits.phys_end, ~(phys_addr_t)0,
		       "beyond what the CPU can reach");
	lost = before - early->map->memory.total_size;
	if (lost)
		pr_warn("early: %llu KiB of memory at or above 0x%llx cannot be reached and are "
			"lost",
			to_kib(lost), (unsigned long long)early->limits.phys_end);
}

static void drop_adapters(struct early *early)
{
	if (early->limits.low_megabyte_reserved)
		early_ram_drop(early, ADAPTERS_START, LOW_MEGABYTE, "adapters, not RAM");
}

static void limit_memory(struct early *early)
{
	struct memblock_type *memory = &early->map->memory;
	phys_addr_t limit = ALIGN_DOWN(early->limits.mem, PAGE_SIZE), before = memory->total_size;
	phys_addr_t old_end = early_ram_end(early);

	if (early->limits.mem == 0)
		return;
	if (limit < MEM_MINIMUM) {
		limit = MEM_MINIMUM;
		pr_warn("early: mem=%lluK is too little: %llu KiB are used",
			to_kib(early->limits.mem), to_kib(limit));
	}
	if (limit >= before) {
		pr_warn("early: mem=%lluK changes nothing: there are %llu KiB",
			to_kib(early->limits.mem), to_kib(before));
		return;
	}
	memblock_map_limit(early->map, limit);
	early_decide(early, early_ram_end(early), old_end, EARLY_DROPPED,
		     "mem= on the command line");
	pr_info("early: mem= hides %llu of %llu KiB", to_kib(before - limit), to_kib(before));
}

static void add_image(struct early *early)
{
	phys_addr_t start = ALIGN_DOWN(early->boot->image_start, PAGE_SIZE);
	phys_addr_t end = ALIGN_UP(early->boot->image_end, PAGE_SIZE);

	if (start == end || memblock_type_covers(&early->map->memory, start, end - start))
		return;
	pr_warn("early: the kernel image [0x%llx, 0x%llx) lies outside usable memory; it is "
		"treated as RAM",
		(unsigned long long)start, (unsigned long long)end);
	add_memory(early, start, end);
	early_decide(early, start, end, EARLY_ADDED, "the kernel image lies here");
}

bool early_ram_choose(struct early *early)
{
	keep_usable(early);
	tell_kept(early);
	add_words(early);
	if (early->map->memory.cnt == 0)
		return early_fail(early, "no whole page of the firmware's map is usable");
	clip_to_reach(early);
	drop_adapters(early);
	if (early->map->memory.cnt == 0)
		return early_fail(early,
				  "all of it lies where the CPU cannot reach it or in adapters");
	limit_memory(early);
	add_image(early);
	return true;
}
