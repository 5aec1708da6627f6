/* SPDX-License-Identifier: MIT */
/*
 * multiboot2_efi_test.c - an information block with the EFI map besides the loader's, and what is true when they disagree.
 */
#include <lib/ktest.h>

#include <lib/firmware/efi.h>
#include <lib/firmware/memory_map.h>
#include "multiboot2_builder.h"

#define NR_PAGES 48 /* of the small worlds in which two maps disagree */

static struct memory_map map;

static unsigned int random_state;

static unsigned int draw(unsigned int below)
{
	random_state = random_state * 1103515245 + 12345;
	return (random_state >> 16) % below;
}

/* Up to 6 ranges of a page or more each; page_ok[] says what they make of each page. */
static void draw_e820(bool *page_ok)
{
	unsigned int nr = 1 + draw(6);
	uint8_t *at = multiboot2_build_map(nr, 24);
	unsigned int severity[NR_PAGES] = {0};

	for (unsigned int i = 0; i < nr; i++) {
		unsigned int first = draw(NR_PAGES), pages = 1 + draw(NR_PAGES - first);
		uint32_t type = draw(3) ? 1 : 2;

		multiboot2_build_entry(at + i * 24, first * 4096UL, pages * 4096UL, type);
		for (unsigned int page = first; page < first + pages; page++)
			severity[page] = max(severity[page], type);
	}
	for (unsigned int page = 0; page < NR_PAGES; page++)
		page_ok[page] = severity[page] == 1;
}

static void draw_efi(bool *page_ok)
{
	static const uint32_t types[] = {7, 4, 1, 7, 6, 9, 0};
	unsigned int nr = 1 + draw(8);
	uint8_t *at = multiboot2_build_efi_map(nr + 1, 48);
	bool good[NR_PAGES + 1] = {false}, bad[NR_PAGES + 1] = {false};

	for (unsigned int i = 0; i < nr; i++) {
		unsigned int first = draw(NR_PAGES), pages = draw(NR_PAGES - first + 1);
		uint32_t type = types[draw(ARRAY_SIZE(types))];
		bool usable = type == 1 || type == 4 || type == 7;

		multiboot2_build_descriptor(at + i * 48, type, first * 4096UL, pages, 8);
		for (unsigned int page = first; page < first + pages; page++)
			(usable ? good : bad)[page] = true;
	}
	/* So that the map is one that can be: a usable page far away. */
	multiboot2_build_descriptor(at + nr * 48, 7, 1 * GiB, 1, 8);
	for (unsigned int page = 0; page < NR_PAGES; page++)
		page_ok[page] = good[page] && !bad[page];
}

/* fault-B22: small worlds, against a model that paints page by page. The tags come in either order. */
KTEST(multiboot2, a_byte_is_usable_only_if_the_map_and_the_efi_map_say_so)
{
	bool e820[NR_PAGES], efi[NR_PAGES], kernel[NR_PAGES];

	random_state = 1;
	for (unsigned int round = 0; round < 300; round++) {
		begin_block();
		if (round % 2)
			draw_efi(efi);
		draw_e820(e820);
		if (round % 2 == 0)
			draw_efi(efi);
		ASSERT_TEST(parse() == 0);
		end();

		memory_map_sanitise(&map, info.map, info.nr_map);
		memset(kernel, 0, sizeof(kernel));
		for (unsigned int i = 0; i < map.nr; i++)
			for (phys_addr_t pa = map.range[i].start;
			     map.range[i].type == MEMORY_USABLE && pa < map.range[i].end;
			     pa += 4096) {
				ASSERT_TEST(pa / 4096 < NR_PAGES);
				kernel[pa / 4096] = true;
			}
		for (unsigned int page = 0; page < NR_PAGES; page++)
			EXPECT_EQ(kernel[page], e820[page] && efi[page]);
	}
}

/* fault-B22
 *	loader	|============ usable ============|
 *	EFI	|== free ==|runtime|    |= free =|
 */
KTEST(multiboot2, where_the_two_maps_disagree_it_is_said)
{
	uint8_t *at;

	begin_block();
	multiboot2_build_entry(multiboot2_build_map(1, 24), 0, 16 * 4096, 1);
	at = multiboot2_build_efi_map(3, 48);
	multiboot2_build_descriptor(at, 7, 0, 4, 8);
	multiboot2_build_descriptor(at + 48, 6, 4 * 4096, 4, 8);
	multiboot2_build_descriptor(at + 96, 7, 12 * 4096, 4, 8);
	ASSERT_TEST(parse() == 0);
	end();
	EXPECT_EQ(info.nr_disputes, 2);
	EXPECT_EQ(info.dispute[0].start, 8 * 4096);
	EXPECT_EQ(info.dispute[0].end, 12 * 4096);
	EXPECT_STREQ(info.dispute[0].what, "usable to the loader, unknown to EFI: left alone");
	EXPECT_EQ(info.dispute[1].start, 4 * 4096);
	EXPECT_EQ(info.dispute[1].end, 8 * 4096);
	EXPECT_STREQ(info.dispute[1].what, "usable to the loader, reserved to EFI: left alone");
}

KTEST(multiboot2, efi_types_and_attributes_that_others_still_use_are_not_usable)
{
	for (uint32_t type = 0; type < 20; type++) {
		bool free = type == 1 || type == 2 || type == 3 || type == 4 || type == 7;

		EXPECT_EQ(efi_memory_type(type, 0xf) == MEMORY_USABLE, free);
		EXPECT_FALSE(efi_memory_type(type, 0x7) == MEMORY_USABLE);
		EXPECT_FALSE(efi_memory_type(type, 1UL << 63 | 8) == MEMORY_USABLE);
		EXPECT_FALSE(efi_memory_type(type, 1UL << 18 | 8) == MEMORY_USABLE);
	}
	EXPECT_EQ(efi_memory_type(8, 8), MEMORY_UNUSABLE);
	EXPECT_EQ(efi_memory_type(9, 8), MEMORY_ACPI);
	EXPECT_EQ(efi_memory_type(10, 8), MEMORY_NVS);
	EXPECT_EQ(efi_memory_type(0x80000000, 8), MEMORY_RESERVED);
}

/* One usable e820 entry of 16 pages and one descriptor; returns the pages that are left. */
static uint64_t pages_left(size_t descriptor_size, uint32_t type, uint64_t start, uint64_t nr_pages)
{
	uint8_t *at;

	begin_block();
	multiboot2_build_entry(multiboot2_build_map(1, 24), 0x10000, 0x10000, 1);
	at = multiboot2_build_efi_map(1, 48);
	put(at - 8, descriptor_size, 4);
	multiboot2_build_descriptor(at, type, start, nr_pages, 8);
	EXPECT_EQ(parse(), 0);
	end();
	memory_map_sanitise(&map, info.map, info.nr_map);
	return memory_map_usable_pages(&map);
}

KTEST(multiboot2, an_efi_map_that_cannot_be_leaves_the_other_map_alone)
{
	static const size_t sizes[] = {0, 8, 39, 41, 44, 5000, 0xffffffff};

	EXPECT_EQ(pages_left(48, 7, 0x10000, 16), 16);
	EXPECT_EQ(pages_left(40, 7, 0x10000, 16), 16);
	EXPECT_EQ(pages_left(48, 7, 0x11000, 1), 1);
	EXPECT_EQ(info.dropped, 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		EXPECT_EQ(pages_left(sizes[i], 7, 0x11000, 1), 16);
		EXPECT_EQ(info.dropped, 1);
	}
	EXPECT_EQ(pages_left(48, 6, 0x11000, 1), 16); /* nothing usable in all of it */
	EXPECT_EQ(pages_left(48, 7, 0x11000, 0), 16);
	EXPECT_EQ(pages_left(48, 7, 0x11000, ~0UL), 16); /* more pages than there are */
	EXPECT_EQ(pages_left(48, 7, 0x11000, (1UL << 52) + 1), 16);
	EXPECT_EQ(pages_left(48, 7, ~0xfffUL, 1), 16);
	EXPECT_EQ(info.dropped, 1);
}
