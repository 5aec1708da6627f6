/* SPDX-License-Identifier: MIT */
/*
 * early.c - from the firmware's list of ranges to a map that may be allocated from.
 *
 * THE IDEA
 *	What the firmware says is a claim. Here it becomes a decision for every
 *	byte, in a fixed order, so that a later step can never undo an earlier one:
 *
 *	1 sanitise	sorted, whole pages, the most severe type wins (lib/firmware/memory_map.c)
 *	2 keep		usable pieces go into memblock.memory; more than fit: the smallest are left out;
 *			memmap= adds RAM where the firmware says nothing
 *	3 clip		what the CPU cannot address, or struct page not count, is dropped
 *	4 low		x86: adapters at 640 KiB - 1 MiB are no RAM; the low megabyte is reserved
 *	5 mem=		all but the first so many bytes of RAM is dropped
 *	6 image		the kernel runs, so RAM is there, whatever the firmware says
 *	7 reserve	page 0, the image, every reservation of boot_info, reserve= and memmap=
 *	8 no-map	what the firmware forbids to map gets the flag
 *	9 nodes		each page learns its node; who is not listed belongs to node 0
 *	10 highmem=	the top is kept out of the direct map
 *
 *	All of it is done before the first allocation, so no allocation can hit
 *	boot data. A decision that differs from what the firmware said is logged for the
 *	command `memmap`.
 *
 * PICTURE	256 MiB on x86, highmem=64M
 *
 *	0     640K  1M    image          initrd    192 MiB             256 MiB
 *	[#####]     [    ][####][       ][#####][ ][ high               ]
 *	 4,7  4 gone       6,7            7         10: no direct map
 *
 * LIMITS	A map of more usable pieces than memblock's static array holds (128, less
 *		what step 4 to 8 may cut) loses the smallest; each loss is counted
 *		and told. Reservations always fit: memblock has room for more than can be listed.
 * LOCKING	One CPU, interrupts off, nothing mapped yet.
 * COST		O(n^2) for n entries of the firmware; ten entries, a few thousand instructions.
 * FLOOR	early. Called by mm/init.c.
 * LINUX	setup_arch(): e820__memblock_setup(), trim_bios_range(), early_reserve_memory(); arm64_memblock_init();
 *		early_init_dt_scan_memory(). There mem= is an address on x86, here it is an amount.
 */
#include <mm/early.h>

#include <arch/cpu.h>
#include <arch/memory.h>
#include <lib/check.h>
#include <lib/cmdline.h>
#include <lib/init.h>
#include <lib/printk.h>
#include "impl.h"

#define PAGE_STRUCT_BYTES 32	     /* what mm/page.h keeps of each frame */
#define HIGH_ALIGN	  (4 * MiB)  /* a MAX_ORDER block: no block lies on both sides */
#define LOW_MINIMUM	  (16 * MiB) /* highmem= leaves at least so much */
#define MEM_MINIMUM	  (6 * MiB)  /* mem= likewise */
#define FREE_MINIMUM	  (1 * MiB)  /* beside the kernel and boot data, or we do not start */
#define ADAPTERS_START	  (640 * KiB)
#define LOW_MEGABYTE	  (1 * MiB)
#define CUTS		  8 /* regions that clipping, adapters and the image may add */

static_assert(BOOT_MAX_RESERVATIONS + EARLY_MAX_WORDS + 3 <= INIT_MEMBLOCK_REGIONS,
	      "reservations fit into memblock's static array");

static struct early living __ro_after_init;

static unsigned long long to_kib(phys_addr_t bytes)
{
	return bytes / KiB;
}

static void decide_for(struct early *early, const struct early_decision *decision)
{
	if (early->nr_decisions == EARLY_MAX_DECISIONS)
		early->decisions_lost++;
	else
		early->decision[early->nr_decisions++] = *decision;
}

/* The kernel's own decision, or the command line's. */
static void decide(struct early *early, phys_addr_t start, phys_addr_t end, enum early_fate fate,
		   const char *why)
{
	decide_for(early, &(struct early_decision){start, end, fate, why, SOURCE_NONE});
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

static unsigned int count_no_map(const struct boot_info *boot)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < boot->nr_reserved; i++)
		nr += boot->reserved[i].no_map;
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
	unsigned int room = early->map->memory.max - CUTS - count_no_map(early->boot) -
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
			decide(early, range->start, range->end, EARLY_DROPPED,
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
		decide_for(early,
			   &(struct early_decision){range->start, range->end, EARLY_KEPT,
						    memory_type_name(range->type), range->source});
	}
}

/* --- 3 to 6: what is RAM for us --- */

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
		decide(early, start, end, EARLY_ADDED, word->why);
	}
}

static phys_addr_t end_of_ram(const struct early *early)
{
	const struct memblock_type *memory = &early->map->memory;

	return memory->cnt ? region_end(&memory->regions[memory->cnt - 1]) : 0;
}

static void drop(struct early *early, phys_addr_t start, phys_addr_t end, const char *why)
{
	phys_addr_t before = early->map->memory.total_size;
	int error;

	end = min(end, end_of_ram(early));
	if (start >= end)
		return;
	error = memblock_map_remove(early->map, &early->map->memory, start, end - start);
	CHECK(error == 0, "the static array was planned too small");
	if (early->map->memory.total_size != before)
		decide(early, start, end, EARLY_DROPPED, why);
}

static void clip_to_reach(struct early *early)
{
	phys_addr_t before = early->map->memory.total_size, lost;

	drop(early, early->limits.phys_end, ~(phys_addr_t)0, "beyond what the CPU can reach");
	lost = before - early->map->memory.total_size;
	if (lost)
		pr_warn("early: %llu KiB of memory at or above 0x%llx cannot be reached and are "
			"lost",
			to_kib(lost), (unsigned long long)early->limits.phys_end);
}

static void drop_adapters(struct early *early)
{
	if (early->limits.low_megabyte_reserved)
		drop(early, ADAPTERS_START, LOW_MEGABYTE, "adapters, not RAM");
}

static void limit_memory(struct early *early)
{
	struct memblock_type *memory = &early->map->memory;
	phys_addr_t limit = ALIGN_DOWN(early->limits.mem, PAGE_SIZE), before = memory->total_size;
	phys_addr_t old_end = end_of_ram(early);

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
	decide(early, end_of_ram(early), old_end, EARLY_DROPPED, "mem= on the command line");
	pr_info("early: mem= hides %llu of %llu KiB", to_kib(before - limit), to_kib(before));
}

static void add_image(struct early *early)
{
	phys_addr_t start = ALIGN_DOWN(early->boot->image_start, PAGE_SIZE);
	phys_addr_t end = ALIGN_UP(early->boot->image_end, PAGE_SIZE);

	if (start == end || memblock_type_covers(&early->map->memory, start, end - start))
		return;
	pr_warn("early: the kernel image [0x%llx, 0x%llx) lies outside usable memory; it is "
		"treated "
		"as RAM",
		(unsigned long long)start, (unsigned long long)end);
	add_memory(early, start, end);
	decide(early, start, end, EARLY_ADDED, "the kernel image lies here");
}

/* --- 7 and 8: what is taken --- */

static void reserve_for(struct early *early, const struct early_decision *decision)
{
	int error = memblock_map_reserve(early->map, decision->start,
					 decision->end - decision->start);

	CHECK(error == 0, "the static array was planned too small");
	decide_for(early, decision);
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
		phys_addr_t end = min(word->end, end_of_ram(early));

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
	bool mark = memory->cnt + 2 * count_no_map(early->boot) <= memory->max;

	for (unsigned int i = 0; i < early->boot->nr_reserved; i++) {
		const struct boot_reservation *reservation = &early->boot->reserved[i];
		struct memblock_range range = {
			.start = ALIGN_DOWN(reservation->start, PAGE_SIZE),
			.end = max(reservation->end, ALIGN_UP(reservation->end, PAGE_SIZE))};

		if (!reservation->no_map)
			continue;
		if (!mark) {
			drop(early, range.start, range.end, reservation->name);
			continue;
		}
		CHECK(memblock_map_set_flag(early->map, &range, MEMBLOCK_NOMAP, true) == 0);
		decide_for(early, &(struct early_decision){range.start, range.end, EARLY_NO_MAP,
							   reservation->name, reservation->source});
	}
}

/* --- 9: nodes --- */

/* Whole pages: one that two nodes share belongs to the lower. */
static void set_nodes(struct early *early)
{
	const struct boot_nodes *nodes = &early->boot->nodes;

	for (unsigned int i = 0; i < nodes->nr_ranges; i++) {
		struct memblock_range range = {.start = ALIGN_UP(nodes->range[i].start, PAGE_SIZE),
					       .end = ALIGN_UP(nodes->range[i].end, PAGE_SIZE),
					       .nid = nodes->range[i].nid};

		if (memblock_map_set_node(early->map, &range) < 0) {
			pr_warn("early: memory in too many pieces: from 0x%llx on it goes to node "
				"0",
				(unsigned long long)range.start);
			return;
		}
	}
}

/* --- 10: high memory --- */

static phys_addr_t ram_below(const struct memblock *map, phys_addr_t end)
{
	phys_addr_t bytes = 0;

	for (unsigned long i = 0; i < map->memory.cnt && map->memory.regions[i].base < end; i++)
		bytes += min(region_end(&map->memory.regions[i]), end) -
			 map->memory.regions[i].base;
	return bytes;
}

/* The address above which, and below `end`, there are `size` bytes of RAM. */
static phys_addr_t start_of_top(const struct memblock *map, phys_addr_t end, phys_addr_t size)
{
	for (unsigned long i = map->memory.cnt; i-- > 0;) {
		const struct memblock_region *region = &map->memory.regions[i];
		phys_addr_t top = min(region_end(region), end);

		if (region->base >= end)
			continue;
		if (size <= top - region->base)
			return top - size;
		size -= top - region->base;
	}
	return 0;
}

/* As much of highmem= as leaves the minimum. */
static phys_addr_t high_size(const struct early *early)
{
	phys_addr_t low = ram_below(early->map, early->high_start), wanted = early->limits.highmem;
	phys_addr_t most = low > LOW_MINIMUM ? ALIGN_DOWN(low - LOW_MINIMUM, HIGH_ALIGN) : 0;

	if (wanted <= most)
		return min(ALIGN_UP(wanted, HIGH_ALIGN), most);
	pr_warn("early: highmem=%lluK is too much of %llu KiB: %llu KiB are kept out",
		to_kib(wanted), to_kib(low), to_kib(most));
	return most;
}

static void choose_high_memory(struct early *early)
{
	phys_addr_t end = early->limits.direct_map_end, size, start, image_end;

	early->high_start = end;
	if (early->limits.highmem) {
		size = high_size(early);
		start = ALIGN_UP(start_of_top(early->map, end, size), HIGH_ALIGN);
		image_end = ALIGN_UP(early->boot->image_end, HIGH_ALIGN);
		early->high_start = size ? min(end, max(start, image_end)) : end;
	}
	size = ram_below(early->map, end) - ram_below(early->map, early->high_start);
	if (size) {
		decide(early, early->high_start, min(end, end_of_ram(early)), EARLY_HIGH,
		       "highmem= on the command line");
		pr_info("early: high memory: %llu KiB from 0x%llx, made by highmem=, not found: it "
			"could "
			"all be in the direct map",
			to_kib(size), (unsigned long long)early->high_start);
	}
	size = ram_below(early->map, ~(phys_addr_t)0) - ram_below(early->map, end);
	if (size) {
		decide(early, end, end_of_ram(early), EARLY_HIGH, "beyond the direct map");
		pr_info("early: high memory: %llu KiB from 0x%llx lie beyond the direct map",
			to_kib(size), (unsigned long long)end);
	}
	early->map->current_limit = early->high_start;
}

/* --- is it enough? --- */

static phys_addr_t free_low_bytes(const struct early *early)
{
	struct memblock_range range;
	phys_addr_t from = 0, bytes = 0;

	while (memblock_free_above(early->map, from, NUMA_NO_NODE, MEMBLOCK_NONE, &range) &&
	       range.start < early->high_start) {
		bytes += min(range.end, early->high_start) - range.start;
		from = range.end;
	}
	return bytes;
}

static bool fail(struct early *early, const char *reason)
{
	snprintf(early->failure, sizeof(early->failure), "%s", reason);
	return false;
}

static bool is_enough(struct early *early)
{
	phys_addr_t bytes = free_low_bytes(early);

	if (bytes >= FREE_MINIMUM)
		return true;
	snprintf(early->failure, sizeof(early->failure),
		 "%llu KiB are free beside the kernel and boot data, %lu KiB are needed",
		 to_kib(bytes), FREE_MINIMUM / KiB);
	return false;
}

bool early_build(struct early *early)
{
	const struct boot_info *boot = early->boot;

	memory_map_sanitise(&early->firmware, boot->map, boot->nr_map);
	if (early->firmware.dropped_usable)
		pr_warn("early: %u usable pieces did not fit into the sanitised map",
			early->firmware.dropped_usable);
	if (boot->nr_map == 0)
		return fail(early, "the firmware lists no memory");
	keep_usable(early);
	tell_kept(early);
	add_words(early);
	if (early->map->memory.cnt == 0)
		return fail(early, "no whole page of the firmware's map is usable");
	clip_to_reach(early);
	drop_adapters(early);
	if (early->map->memory.cnt == 0)
		return fail(early, "all of it lies where the CPU cannot reach it or in adapters");
	limit_memory(early);
	add_image(early);
	reserve_boot_data(early);
	reserve_words(early);
	hide_no_map(early);
	set_nodes(early);
	choose_high_memory(early);
	early_clamp_dma(&early->words.dma, ram_below(early->map, early->high_start));
	return is_enough(early);
}

/* --- the living one --- */

static __init void read_limits(struct early_limits *limits)
{
	phys_addr_t frames = arch_region_size(REGION_VMEMMAP) / PAGE_STRUCT_BYTES;

	limits->phys_end = min(arch_phys_end(), frames << PAGE_SHIFT);
	limits->direct_map_end = min(arch_direct_map_end(), limits->phys_end);
	limits->low_megabyte_reserved = arch_low_megabyte_reserved();
	if (cmdline_size("mem", &limits->mem) == 0)
		limits->mem = max(limits->mem, (uint64_t)1);
	cmdline_size("highmem", &limits->highmem);
}

__init void early_init(const struct boot_info *boot)
{
	CHECK(living.boot == NULL, "early_init() runs once");
	living.boot = boot;
	living.map = &memblock;
	read_limits(&living.limits);
	early_read_words(&living.words);
	if (!early_build(&living)) {
		pr_err("no usable memory: %s", living.failure);
		arch_halt(HALT_NO_MEMORY);
	}
	pr_info("early: %llu KiB of RAM in %lu ranges, %llu KiB reserved",
		to_kib(memblock_phys_mem_size()), memblock.memory.cnt,
		to_kib(memblock_reserved_size()));
	ASSERT_SLOW(memblock_check(&memblock));
}

__init phys_addr_t early_keep(size_t size, const char *why)
{
	phys_addr_t pa = memblock_phys_alloc(size, PAGE_SIZE);

	if (pa)
		decide(&living, pa, pa + size, EARLY_RESERVED, why);
	return pa;
}

phys_addr_t early_high_memory_start(void)
{
	return living.high_start;
}

const struct early_dma *early_dma(void)
{
	return &living.words.dma;
}

const struct boot_info *early_boot_info(void)
{
	return living.boot;
}

const struct memory_map *early_memory_map(void)
{
	return &living.firmware;
}

bool early_next_decision(unsigned int *index, struct early_decision *decision)
{
	if (*index >= living.nr_decisions)
		return false;
	*decision = living.decision[(*index)++];
	return true;
}

const char *early_fate_name(enum early_fate fate)
{
	switch (fate) {
	case EARLY_ADDED:
		return "added";
	case EARLY_DROPPED:
		return "dropped";
	case EARLY_RESERVED:
		return "reserved";
	case EARLY_NO_MAP:
		return "no-map";
	case EARLY_HIGH:
		return "high";
	case EARLY_KEPT:
		return "kept";
	}
	return "?";
}
