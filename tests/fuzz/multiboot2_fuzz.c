/* SPDX-License-Identifier: MIT */
/*
 * multiboot2_fuzz.c - fault-B18 to fault-B22: any information block, against a walk by the specification.
 *
 * THE IDEA
 *	The model lists the tags that can be read. A byte is then usable when some entry of a
 *	memory map says so and none says otherwise, and, where there is an EFI map, its
 *	descriptors say so too. Only at the ends of ranges can an answer change,
 *	so these are the bytes that are asked for.
 *
 *	input	the block; its first word, the total size, is put right unless it is odd
 */
#include "fuzz.h"

#include <lib/errno.h>
#include <lib/firmware/multiboot2.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TAGS 1024

struct tag {
	uint32_t type, size;
	const uint8_t *at;
};

static struct boot_info info;
static struct tag tag[MAX_TAGS];
static unsigned int nr_tags;
static const struct tag *efi; /* the last EFI map */

/* 3.6.1: tags follow each other at multiples of 8, up to one of type 0. */
static void list_tags(const uint8_t *p, size_t total)
{
	nr_tags = 0;
	efi = NULL;
	for (size_t at = 8; at + 8 <= total && nr_tags < MAX_TAGS;) {
		struct tag found = {u32_at(p + at), u32_at(p + at + 4), p + at};

		if (found.size < 8 || found.size > total - at || found.type == 0)
			return;
		tag[nr_tags] = found;
		if (found.type == 17)
			efi = &tag[nr_tags];
		nr_tags++;
		at = (at + found.size + 7) / 8 * 8;
	}
}

/* Is the byte in [start, start + size), as far as that can be true? */
static bool holds(uint64_t start, uint64_t size, uint64_t byte, bool usable)
{
	bool lies = size > BOOT_RANGE_END || start > BOOT_RANGE_END - size;

	if (lies)
		return !usable && byte >= start;
	return byte >= start && byte - start < size;
}

static bool maps_say_usable(uint64_t byte)
{
	bool usable = false;

	for (unsigned int i = 0; i < nr_tags; i++) {
		uint32_t step = tag[i].type == 6 && tag[i].size >= 16 ? u32_at(tag[i].at + 8) : 0;

		if (step < 24 || step % 8)
			continue;
		for (uint64_t at = 16; at + step <= tag[i].size; at += step) {
			const uint8_t *entry = tag[i].at + at;
			uint32_t type = u32_at(entry + 16);

			if (type == 0 || !holds(u64_at(entry), u64_at(entry + 8), byte, type == 1))
				continue;
			if (type != 1)
				return false;
			usable = true;
		}
	}
	return usable;
}

static bool efi_type_is_usable(const uint8_t *descriptor)
{
	uint32_t type = u32_at(descriptor);
	uint64_t attributes = u64_at(descriptor + 32);

	if (!((type >= 1 && type <= 4) || type == 7))
		return false;
	return (attributes >> 3 & 1) && !(attributes >> 18 & 1) && !(attributes >> 63);
}

/* 0: no descriptor says anything of the byte; 1: usable; -1: not. */
static int efi_says(uint64_t byte, bool *any_usable)
{
	uint32_t step = u32_at(efi->at + 8);
	int answer = 0;

	for (uint64_t at = 16; at + step <= efi->size; at += step) {
		const uint8_t *p = efi->at + at;
		bool usable = efi_type_is_usable(p);
		uint64_t pages = u64_at(p + 24),
			 size = pages > ~(uint64_t)0 >> 12 ? ~(uint64_t)0 : pages << 12;

		if (usable && size && u64_at(p + 8) < BOOT_RANGE_END &&
		    size <= BOOT_RANGE_END - u64_at(p + 8))
			*any_usable = true;
		if (size == 0 || !holds(u64_at(p + 8), size, byte, usable))
			continue;
		if (!usable)
			answer = -1;
		else if (answer == 0)
			answer = 1;
	}
	return answer;
}

static bool efi_counts(void)
{
	uint32_t step;
	bool any_usable = false;

	if (!efi || efi->size < 16)
		return false;
	step = u32_at(efi->at + 8);
	if (step < 40 || step > 4096 || step % 8 || (efi->size - 16) / step > 4096)
		return false;
	efi_says(0, &any_usable);
	return any_usable;
}

static bool parsed_as_usable(uint64_t byte)
{
	bool usable = false;

	for (unsigned int i = 0; i < info.nr_map; i++)
		if (info.map[i].start <= byte && byte < info.map[i].end) {
			if (info.map[i].type != MEMORY_USABLE)
				return false;
			usable = true;
		}
	return usable;
}

static void compare_byte(uint64_t byte, bool with_efi, bool complete)
{
	bool any, expected;

	if (byte >= BOOT_RANGE_END)
		return;
	expected = maps_say_usable(byte) && (!with_efi || efi_says(byte, &any) == 1);
	if (parsed_as_usable(byte))
		REQUIRE(expected);
	else
		REQUIRE(!expected || !complete);
}

static void compare_map(void)
{
	bool with_efi = efi_counts();
	/* A full map gives up usable memory; a module that is one too many is taken out of the map. */
	bool complete = !info.said_dropped && !info.said_joined &&
			info.nr_reserved < BOOT_MAX_RESERVATIONS;

	for (unsigned int i = 0; i < info.nr_map; i++) {
		compare_byte(info.map[i].start, with_efi, complete);
		compare_byte(info.map[i].start - 1, with_efi, complete);
		compare_byte(info.map[i].end - 1, with_efi, complete);
		compare_byte(info.map[i].end, with_efi, complete);
	}
}

/* The last text of a kind, cut where the tag or the room ends. */
static void compare_text(uint32_t type, const char *text, size_t room)
{
	size_t length;

	for (unsigned int i = nr_tags; i-- > 0;) {
		if (tag[i].type != type)
			continue;
		length = min(strnlen((const char *)tag[i].at + 8, tag[i].size - 8), room - 1);
		REQUIRE(strlen(text) == length && memcmp(text, tag[i].at + 8, length) == 0);
		return;
	}
	REQUIRE(text[0] == '\0');
}

/* The first module that has a size is the initrd, every other one is kept from the allocators. */
static void compare_modules(void)
{
	bool first = true;

	for (unsigned int i = 0; i < nr_tags; i++) {
		uint32_t start, end;
		bool kept = false;

		if (tag[i].type != 3 || tag[i].size < 16)
			continue;
		start = u32_at(tag[i].at + 8);
		end = u32_at(tag[i].at + 12);
		if (start >= end)
			continue;
		if (first) {
			REQUIRE(info.initrd_start == start && info.initrd_end == end);
			first = false;
			continue;
		}
		for (unsigned int r = 0; r < info.nr_reserved; r++)
			kept |= info.reserved[r].start == start && info.reserved[r].end == end;
		for (unsigned int r = 0; r < info.nr_map; r++)
			kept |= info.map[r].type >= MEMORY_RESERVED && info.map[r].start <= start &&
				info.map[r].end >= end;
		REQUIRE(kept);
	}
	REQUIRE(!first || info.initrd_end == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *block = malloc(size);
	uint32_t total;
	uint64_t n;
	int error;

	memcpy(block, data, size);
	if (size >= 8 && block[0] % 2 == 0)
		memcpy(block, (uint8_t[]){size, size >> 8, size >> 16, size >> 24}, 4);
	fuzz_begin();
	memset(&info, 0, sizeof(info));
	error = multiboot2_parse(block, size, &info);
	total = size >= 8 ? u32_at(block) : 0;
	REQUIRE((error == 0) == (total >= 8 && total <= MULTIBOOT2_MAX_SIZE && total <= size));
	/* Of an EFI map of n descriptors each of 2n edges looks at all; a gap looks at the 512 entries of the other map. */
	n = size / 40;
	REQUIRE(fuzz_steps <=
		10000 + 100 * (uint64_t)size + 100 * n * n + n * 20 * BOOT_MAX_RANGES);
	REQUIRE(fuzz_messages <= FUZZ_MAX_MESSAGES);
	if (error == 0) {
		list_tags(block, total);
		if (nr_tags < MAX_TAGS) {
			compare_text(1, info.command_line, sizeof(info.command_line));
			compare_text(2, info.loader, sizeof(info.loader));
			compare_modules();
			compare_map();
		}
	}
	free(block);
	return 0;
}
