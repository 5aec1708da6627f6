/* SPDX-License-Identifier: MIT */
/*
 * fdt_fuzz.c - fault-B24 to fault-B30: any device tree, against Debian's libfdt.
 *
 * THE IDEA
 *	Both libraries read the same bytes. What libfdt finds sound and we refuse, we
 *	must refuse for a reason that is stricter on purpose. What both accept, both
 *	read alike: every node and property in turn, /memreserve/, memory and
 *	/reserved-memory. The bytes end at an inaccessible one (ASan). What libfdt
 *	would not survive or not understand it is not asked, and that is counted.
 *
 *	input	the tree
 */
#include "fuzz.h"

#include <lib/errno.h>
#include <lib/firmware/fdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fdt_oracle.h"

#define MAX_DEPTH  32768
#define MAX_RANGES 400

static struct boot_info info;
static struct oracle_range range[MAX_RANGES];
static unsigned long nr_trees, nr_unjudged;

/* Where we are stricter than libfdt, and may be: none of it comes from a tree that a compiler made. */
static bool stricter_on_purpose(void)
{
	static const char *const reasons[] = {
		"its blocks overlap",
		"a block lies on the header",
		"a block is not aligned",
		"a property stands outside its node's head",
		"not of version 17",
		"its size cannot be true",
		"two roots",
		"its memory reservations have no end",
		"it has no root",
	};

	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		if (strstr(fuzz_message, reasons[i]))
			return true;
	return false;
}

/* The children of the node at `depth` so far are walked up to last[depth + 1]. */
static size_t enter(const struct fdt *fdt, size_t *node, size_t *last, size_t depth)
{
	size_t entered;

	if (depth == 0)
		entered = fdt_root(fdt);
	else if (last[depth])
		entered = fdt_next_sibling(fdt, last[depth]);
	else
		entered = fdt_first_child(fdt, node[depth - 1]);
	last[depth] = node[depth] = entered;
	last[depth + 1] = 0;
	return entered;
}

static void compare_property(const struct fdt *fdt, size_t node, const struct oracle_item *item)
{
	size_t length;
	const uint8_t *value = fdt_node_property(fdt, node, item->name, &length);

	/* Of two properties of one name the first is found. */
	REQUIRE(value && value <= item->value);
	REQUIRE(value < item->value || length == item->length);
}

static void compare_structure(const struct fdt *fdt, const uint8_t *tree)
{
	static size_t node[MAX_DEPTH], last[MAX_DEPTH + 1];
	size_t depth = 0;
	int offset = 0;

	for (;;) {
		struct oracle_item item = oracle_next(tree, &offset);

		if (item.kind == ORACLE_NODE) {
			size_t entered = enter(fdt, node, last, depth++);

			REQUIRE(entered != 0 && depth < MAX_DEPTH);
			REQUIRE(strcmp(fdt_node_name(fdt, entered), item.name) == 0);
		} else if (item.kind == ORACLE_PROPERTY) {
			compare_property(fdt, node[depth - 1], &item);
		} else if (item.kind == ORACLE_END_NODE) {
			size_t child = last[depth] ? fdt_next_sibling(fdt, last[depth])
						   : fdt_first_child(fdt, node[depth - 1]);

			REQUIRE(child == 0);
			depth--;
		} else {
			return;
		}
	}
}

static void compare_lookups(const struct fdt *fdt, const uint8_t *tree)
{
	static const char *const paths[] = {
		"/", "/chosen", "/cpus", "/memory", "/reserved-memory", "/a/b", "/memory@0"};
	static const char *const names[] = {"reg", "bootargs", "#address-cells", "ranges", "p"};

	for (size_t p = 0; p < ARRAY_SIZE(paths); p++)
		for (size_t n = 0; n < ARRAY_SIZE(names); n++) {
			size_t theirs, ours;
			const uint8_t *value = oracle_property(tree, paths[p], names[n], &theirs);

			REQUIRE(fdt_property(fdt, paths[p], names[n], &ours) == value);
			REQUIRE(!value || ours == theirs);
		}
}

static bool lies(const struct oracle_range *r)
{
	return r->start + r->size < r->start || r->start + r->size > BOOT_RANGE_END;
}

/* Is all of [start, end) kept from the allocators? What is covered is taken off piece by piece. */
static bool is_kept(phys_addr_t start, phys_addr_t end)
{
	bool progress = true;

	while (start < end && progress) {
		progress = false;
		for (unsigned int i = 0; i < info.nr_reserved; i++)
			if (info.reserved[i].start <= start && start < info.reserved[i].end) {
				start = info.reserved[i].end;
				progress = true;
			}
		for (unsigned int i = 0; i < info.nr_map; i++)
			if (info.map[i].type != MEMORY_USABLE && info.map[i].start <= start &&
			    start < info.map[i].end) {
				start = info.map[i].end;
				progress = true;
			}
	}
	return start >= end;
}

static void require_kept(size_t nr)
{
	for (size_t i = 0; i < min(nr, (size_t)MAX_RANGES); i++)
		if (range[i].size && range[i].start < BOOT_RANGE_END)
			REQUIRE(is_kept(range[i].start, lies(&range[i])
								? BOOT_RANGE_END
								: range[i].start + range[i].size));
}

static void compare_boot_info(const uint8_t *tree)
{
	size_t nr, next = 0;

	require_kept(oracle_memreserve(tree, range, MAX_RANGES));
	require_kept(oracle_reserved_memory(tree, range, MAX_RANGES));
	nr = oracle_memory(tree, range, MAX_RANGES);
	if (nr > MAX_RANGES || info.said_dropped || info.said_joined)
		return;
	for (size_t i = 0; i < nr; i++) {
		if (range[i].size == 0 || lies(&range[i]))
			continue;
		while (next < info.nr_map && info.map[next].type != MEMORY_USABLE)
			next++;
		REQUIRE(next < info.nr_map && info.map[next].start == range[i].start);
		REQUIRE(info.map[next].end == range[i].start + range[i].size);
		next++;
	}
	while (next < info.nr_map)
		REQUIRE(info.map[next++].type != MEMORY_USABLE);
}

static void try_tree(uint8_t *tree, size_t size)
{
	bool survives = size >= FDT_HEADER_SIZE && oracle_survives(tree, size);
	bool judged = survives && !oracle_wraps(tree, size);
	bool sound = judged && oracle_accepts(tree, size);
	long used = fdt_used_size(tree, size);
	uint64_t capacity = 0;
	struct fdt fdt;

	nr_trees++;
	nr_unjudged += !judged;
	if (fdt_open(&fdt, tree, size)) {
		REQUIRE(!sound || stricter_on_purpose());
		return;
	}
	REQUIRE(survives);
	REQUIRE(used > 0 && (size_t)used <= FDT_MAX_SIZE);
	REQUIRE(fuzz_steps <= 1000 + 20 * (uint64_t)size);
	fuzz_steps = 0;
	memset(&info, 0, sizeof(info));
	fdt_read_boot_info(&fdt, &info);
	/* Lists that are full are searched for each entry that comes on top. */
	if (info.said_dropped || info.said_joined)
		capacity = 20 * BOOT_MAX_RANGES / 8;
	REQUIRE(fuzz_steps <= 20000 + (150 + capacity) * (uint64_t)size);
	REQUIRE(fuzz_messages <= FUZZ_MAX_MESSAGES);
	/* libfdt wants the whole of a tree; we are content with what its blocks need. */
	if (fdt_total_size(tree, size) > size)
		memcpy(tree + 4, (uint8_t[]){size >> 24, size >> 16, size >> 8, size}, 4);
	if (!judged || !oracle_accepts(tree, size))
		return;
	compare_structure(&fdt, tree);
	if (!oracle_has_paths(tree))
		return;
	compare_lookups(&fdt, tree);
	compare_boot_info(tree);
}

static void say_unjudged(void)
{
	printf("note: %lu of %lu trees had no second opinion: too old, too short, or too long\n",
	       nr_unjudged, nr_trees);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return atexit(say_unjudged);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *tree = malloc(size);

	memcpy(tree, data, size);
	fuzz_begin();
	try_tree(tree, size);
	free(tree);
	return 0;
}
