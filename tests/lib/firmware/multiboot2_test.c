/* SPDX-License-Identifier: MIT */
/*
 * multiboot2_test.c - information blocks as GRUB writes them, and as it would not.
 */
#include <lib/ktest.h>

#include <lib/errno.h>
#include "multiboot2_builder.h"

/* Everything that GRUB says on UEFI, and an unknown tag. */
static void build_typical(void)
{
	uint8_t *at;

	multiboot2_build_text(1, "highmem=64M \"run=a b\"");
	multiboot2_build_text(2, "GRUB 2.06");
	multiboot2_build_module(0x400000, 0x412345);
	multiboot2_build_module(0x500000, 0x500010);
	multiboot2_build_tag(4, 8);
	multiboot2_build_tag(0x12345, 5);
	at = multiboot2_build_efi_map(2, 48);
	multiboot2_build_descriptor(at, 7, 0, 0x2000, 0xf);
	multiboot2_build_descriptor(at + 48, 9, 0x2000000, 1, 0xf);
	at = multiboot2_build_map(2, 24);
	multiboot2_build_entry(at, 0, 0x2000000, 1);
	multiboot2_build_entry(at + 24, 0x2000000, 0x1000, 3);
	multiboot2_build_framebuffer(0xc0000000, 4096, 1024, 768);
	multiboot2_build_rsdp(0);
	multiboot2_build_rsdp(2);
}

KTEST(multiboot2, a_block_is_read_tag_by_tag)
{
	begin_block();
	build_typical();
	ASSERT_TEST(parse() == 0);
	EXPECT_STREQ(info.command_line, "highmem=64M \"run=a b\"");
	EXPECT_STREQ(info.loader, "GRUB 2.06");
	EXPECT_EQ(info.initrd_start, 0x400000);
	EXPECT_EQ(info.initrd_end, 0x412345);
	ASSERT_TEST(info.nr_reserved == 1);
	EXPECT_EQ(info.reserved[0].start, 0x500000);
	EXPECT_EQ(info.reserved[0].end, 0x500010);
	EXPECT_EQ(info.reserved[0].source, SOURCE_MULTIBOOT2);
	ASSERT_TEST(info.nr_map == 3);
	EXPECT_EQ(info.map[0].type, MEMORY_USABLE);
	EXPECT_EQ(info.map[0].end, 0x2000000);
	EXPECT_EQ(info.map[1].source, SOURCE_E820);
	EXPECT_EQ(info.map[1].type, MEMORY_ACPI);
	EXPECT_EQ(info.map[2].source, SOURCE_EFI);
	EXPECT_EQ(info.map[2].firmware_type, 9);
	EXPECT_EQ(info.framebuffer.base, 0xc0000000);
	EXPECT_EQ(info.framebuffer.width, 1024);
	EXPECT_EQ(info.framebuffer.height, 768);
	EXPECT_EQ(info.framebuffer.pitch, 4096);
	EXPECT_EQ(info.framebuffer.bits_per_pixel, 32);
	EXPECT_EQ(info.framebuffer.red_position, 16);
	EXPECT_EQ(info.framebuffer.green_position, 8);
	EXPECT_EQ(info.framebuffer.blue_position, 0);
	EXPECT_EQ(info.acpi_root, 0x2000000);
	EXPECT_EQ(info.acpi_root_entry_size, 8);
	EXPECT_EQ(info.dropped, 0);
	end();
}

/* fault-B18: the wrong magic is in a register; a boot test tries it. */
KTEST(multiboot2, a_block_of_impossible_size_or_place_is_refused)
{
	static uint8_t header[MULTIBOOT2_HEADER_SIZE];

	begin_block();
	put(header, 4096, 4);
	EXPECT_EQ(multiboot2_block_size(0x4000, header, sizeof(header)), 4096);
	for (phys_addr_t pa = 0x4001; pa < 0x4008; pa++)
		EXPECT_EQ(multiboot2_block_size(pa, header, sizeof(header)), -EINVAL);
	for (size_t size = 0; size < sizeof(header); size++)
		EXPECT_EQ(multiboot2_block_size(0x4000, header + sizeof(header) - size, size),
			  -EINVAL);
	for (uint32_t size = 0; size < MULTIBOOT2_HEADER_SIZE; size++) {
		put(header, size, 4);
		EXPECT_EQ(multiboot2_block_size(0x4000, header, sizeof(header)), -EINVAL);
		EXPECT_EQ(multiboot2_parse(header, sizeof(header), &info), -EINVAL);
	}
	put(header, MULTIBOOT2_MAX_SIZE, 4);
	EXPECT_EQ(multiboot2_block_size(0x4000, header, sizeof(header)), MULTIBOOT2_MAX_SIZE);
	put(header, MULTIBOOT2_MAX_SIZE + 1, 4);
	EXPECT_EQ(multiboot2_block_size(0x4000, header, sizeof(header)), -EINVAL);
	put(header, sizeof(header) + 1, 4);
	EXPECT_EQ(multiboot2_parse(header, sizeof(header), &info), -EINVAL);
	end();
}

/* fault-B19 */
KTEST(multiboot2, a_tag_of_impossible_size_ends_the_walk_and_what_came_before_it_stays)
{
	static const uint32_t sizes[] = {0, 1, 7, 33, 0x7fffffff, 0xfffffff8, 0xffffffff};

	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		size_t bad;

		begin_block();
		multiboot2_build_text(1, "before");
		bad = multiboot2_length;
		multiboot2_build_text(2, "bad");
		multiboot2_build_tag(0, 0);
		put(multiboot2_block + bad + 4, sizes[i], 4);
		EXPECT_EQ(parse_cut(multiboot2_length), 0);
		EXPECT_STREQ(info.command_line, "before");
		EXPECT_STREQ(info.loader, "");
		EXPECT_EQ(info.dropped, 1);
		end();
	}
}

/* fault-B19 */
KTEST(multiboot2, a_block_without_end_is_read_to_its_last_byte_and_none_behind_an_end)
{
	begin_block();
	multiboot2_build_text(1, "there is no end");
	EXPECT_EQ(parse_cut(multiboot2_length), 0);
	EXPECT_STREQ(info.command_line, "there is no end");
	EXPECT_EQ(info.dropped, 1);
	end();

	begin_block();
	multiboot2_build_tag(0, 0);
	multiboot2_build_text(1, "behind the end");
	EXPECT_EQ(parse(), 0);
	EXPECT_STREQ(info.command_line, "");
	EXPECT_EQ(info.dropped, 0);
	end();
}

/* fault-B19 */
KTEST(multiboot2, ten_thousand_unknown_tags_are_stepped_over)
{
	begin_block();
	for (unsigned int i = 0; i < 10000; i++)
		multiboot2_build_tag(1000 + i, 0);
	multiboot2_build_text(1, "still here");
	EXPECT_EQ(parse(), 0);
	EXPECT_STREQ(info.command_line, "still here");
	EXPECT_EQ(info.dropped, 0);
	end();
}

/* fault-B20 */
KTEST(multiboot2, map_entries_may_be_longer_than_known_but_not_shorter_or_crooked)
{
	static const size_t sizes[] = {0, 8, 16, 20, 23, 24, 25, 28, 32, 40, 4096};

	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		bool good = sizes[i] >= 24 && sizes[i] % 8 == 0;
		uint8_t *at;

		begin_block();
		at = multiboot2_build_map(2, max(sizes[i], (size_t)24));
		multiboot2_build_entry(at, 0x1000, 0x1000, 1);
		multiboot2_build_entry(at + max(sizes[i], (size_t)24), 0x4000, 0x1000, 2);
		put(at - 8, sizes[i], 4);
		EXPECT_EQ(parse(), 0);
		EXPECT_EQ(info.nr_map, good ? 2 : 0);
		EXPECT_EQ(info.dropped, good ? 0 : 1);
		if (good) {
			EXPECT_EQ(info.map[1].start, 0x4000);
			EXPECT_EQ(info.map[1].firmware_type, 2);
		}
		end();
	}
}

/* fault-B20 */
KTEST(multiboot2, two_maps_are_both_read_and_a_cut_entry_is_not)
{
	uint8_t *at;

	begin_block();
	at = multiboot2_build_map(1, 24);
	multiboot2_build_entry(at, 0x1000, 0x1000, 1);
	put(at - 4, 1, 4); /* a newer version */
	at = multiboot2_build_map(2, 32);
	multiboot2_build_entry(at, 0x2000, 0x1000, 20);
	multiboot2_build_entry(at + 32, 0x3000, 0x1000, 1);
	put(at - 12, 16 + 32 + 31, 4);
	multiboot2_build_tag(6, 7); /* too short to say how long its entries are */
	EXPECT_EQ(parse(), 0);
	ASSERT_TEST(info.nr_map == 2);
	EXPECT_EQ(info.map[0].type, MEMORY_USABLE);
	EXPECT_EQ(info.map[1].type, MEMORY_RESERVED);
	EXPECT_EQ(info.map[1].firmware_type, 20);
	EXPECT_EQ(info.dropped, 1);
	end();
}

/* fault-B21 */
KTEST(multiboot2, a_text_without_end_is_cut_where_its_tag_or_our_room_ends)
{
	begin_block();
	memset(multiboot2_build_tag(1, 5), 'a', 5);
	memset(multiboot2_build_tag(2, 1000), 'b', 1000);
	EXPECT_EQ(parse(), 0);
	EXPECT_STREQ(info.command_line, "aaaaa");
	EXPECT_EQ(strlen(info.loader), sizeof(info.loader) - 1);
	end();

	begin_block();
	memset(multiboot2_build_tag(1, COMMAND_LINE_SIZE), 'c', COMMAND_LINE_SIZE);
	multiboot2_build_tag(2, 0);
	EXPECT_EQ(parse(), 0);
	EXPECT_EQ(strlen(info.command_line), COMMAND_LINE_SIZE - 1);
	EXPECT_STREQ(info.loader, "");
	EXPECT_EQ(info.dropped, 1);
	end();
}

/* fault-B21 */
KTEST(multiboot2, modules_that_make_no_sense_are_ignored_and_the_others_reserved)
{
	begin_block();
	multiboot2_build_module(0x200000, 0x1fffff);
	multiboot2_build_module(0x200000, 0x200000);
	put(multiboot2_build_tag(3, 4), 0x200000, 4);
	put(multiboot2_block + multiboot2_length - 4, 0x300000, 4); /* behind the tag's end */
	EXPECT_EQ(parse(), 0);
	EXPECT_EQ(info.initrd_end, 0);
	EXPECT_EQ(info.nr_reserved, 0);
	EXPECT_EQ(info.dropped, 3);
	end();

	/* The first is the initrd; of 70 others, all overlapping, none is lost. */
	begin_block();
	for (unsigned int i = 0; i < 71; i++)
		multiboot2_build_module(0x200000 + i * 0x1000, 0x202000 + i * 0x1000);
	EXPECT_EQ(parse(), 0);
	EXPECT_EQ(info.initrd_start, 0x200000);
	EXPECT_EQ(info.initrd_end, 0x202000);
	EXPECT_EQ(info.nr_reserved, BOOT_MAX_RESERVATIONS);
	EXPECT_EQ(info.reserved[0].start, 0x201000);
	ASSERT_TEST(info.nr_map == 70 - BOOT_MAX_RESERVATIONS);
	EXPECT_EQ(info.map[info.nr_map - 1].type, MEMORY_RESERVED);
	EXPECT_EQ(info.map[info.nr_map - 1].end, 0x202000 + 70 * 0x1000);
	end();
}

KTEST(multiboot2, a_framebuffer_that_cannot_be_is_not_announced)
{
	static const struct {
		uint64_t base;
		uint32_t pitch, width, height;
	} wrong[] = {
		{0, 4096, 1024, 768},
		{0xc0000000, 4095, 1024, 768},
		{0xc0000000, 0, 0, 768},
		{0xc0000000, 4096, 1024, 0},
		{0xc0000000, 4096, 0x80000001, 768},
		{~0xfffffUL, 4096, 1024, 768},
		{~0UL, 4096, 1024, 768},
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(wrong); i++) {
		begin_block();
		multiboot2_build_framebuffer(wrong[i].base, wrong[i].pitch, wrong[i].width,
					     wrong[i].height);
		EXPECT_EQ(parse(), 0);
		EXPECT_EQ(info.framebuffer.base, 0);
		EXPECT_EQ(info.dropped, 1);
		end();
	}
}

/* Text modes, palettes and other depths are no error, only nothing for us. */
KTEST(multiboot2, a_screen_of_another_kind_is_no_framebuffer)
{
	static const struct {
		unsigned int at;
		uint8_t value;
	} other[] = {{28, 16}, {29, 0}, {29, 2}, {33, 5}, {35, 6}, {37, 0}, {4, 37}};

	for (unsigned int i = 0; i < ARRAY_SIZE(other); i++) {
		begin_block();
		multiboot2_build_framebuffer(0xc0000000, 4096, 1024, 768);
		multiboot2_block[MULTIBOOT2_HEADER_SIZE + other[i].at] = other[i].value;
		EXPECT_EQ(parse(), 0);
		EXPECT_EQ(info.framebuffer.base, 0);
		EXPECT_EQ(info.dropped, 0);
		end();
	}
}

KTEST(multiboot2, the_newer_root_pointer_wins_and_a_broken_one_counts_for_nothing)
{
	begin_block();
	multiboot2_build_rsdp(2);
	multiboot2_build_rsdp(0);
	EXPECT_EQ(parse(), 0);
	EXPECT_EQ(info.acpi_root, 0x2000000);
	EXPECT_EQ(info.acpi_root_entry_size, 8);
	end();

	begin_block();
	multiboot2_build_rsdp(0);
	multiboot2_build_rsdp(2);
	multiboot2_block[multiboot2_length - 12] ^= 1; /* a byte of the XSDT's address */
	EXPECT_EQ(parse(), 0);
	EXPECT_EQ(info.acpi_root, 0x1000000);
	EXPECT_EQ(info.acpi_root_entry_size, 4);
	EXPECT_EQ(info.dropped, 1);
	end();
}

/* fault-B18 fault-B19: what is not there is not read. */
KTEST(multiboot2, a_block_cut_at_any_length_is_read_no_further)
{
	size_t whole;

	begin_block();
	build_typical();
	multiboot2_build_tag(0, 0);
	whole = multiboot2_length;
	for (size_t size = 0; size < whole; size++) {
		memset(&info, 0, sizeof(info));
		EXPECT_EQ(parse_cut(size), size < MULTIBOOT2_HEADER_SIZE ? -EINVAL : 0);
		EXPECT_EQ(info.dropped > 0, size >= MULTIBOOT2_HEADER_SIZE);
	}
	end();
}

/* fault-B19: each kind of tag as the last of a block, too short for what it should hold. */
KTEST(multiboot2, a_tag_that_is_too_short_is_read_no_further)
{
	static const uint8_t fill[] = {0, 1, 24, 40, 0xff};

	for (uint32_t type = 1; type < 24; type++)
		for (size_t size = 8; size < 80; size++)
			for (unsigned int i = 0; i < ARRAY_SIZE(fill); i++) {
				begin_block();
				memset(multiboot2_build_tag(type, size - 8), fill[i], size - 8);
				put(multiboot2_block + MULTIBOOT2_HEADER_SIZE + 4, size, 4);
				EXPECT_EQ(parse_cut(MULTIBOOT2_HEADER_SIZE + size), 0);
				EXPECT_EQ(info.acpi_root, 0);
				end();
			}
}

/* fault-B19: every bit that a loader could get wrong. */
KTEST(multiboot2, a_flipped_bit_is_survived)
{
	begin_block();
	build_typical();
	multiboot2_build_tag(0, 0);
	for (size_t bit = MULTIBOOT2_HEADER_SIZE * 8; bit < multiboot2_length * 8; bit++) {
		memset(&info, 0, sizeof(info));
		multiboot2_block[bit / 8] ^= (uint8_t)(1U << bit % 8);
		EXPECT_EQ(parse_cut(multiboot2_length), 0);
		EXPECT_TRUE(info.nr_map <= BOOT_MAX_RANGES);
		for (unsigned int i = 0; i < info.nr_map; i++)
			EXPECT_TRUE(info.map[i].start < info.map[i].end);
		EXPECT_TRUE(info.initrd_start <= info.initrd_end);
		multiboot2_block[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	end();
}
