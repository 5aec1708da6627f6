/* SPDX-License-Identifier: MIT */
/*
 * multiboot2_test.c - information blocks as GRUB writes them, and as it would not.
 *
 * A block is built at the start of an array and parsed at its end, so that under
 * AddressSanitizer one byte read too far is an error:
 *
 *	| block ...... |                    |	build
 *	|                    | block ...... |	parse
 */
#include <lib/ktest.h>

#include <lib/errno.h>
#include <lib/firmware/acpi.h>
#include <lib/firmware/efi.h>
#include <lib/firmware/memory_map.h>
#include <lib/firmware/multiboot2.h>
#include <lib/printk.h>

#define NR_PAGES 48 /* of the small worlds in which two maps disagree */

static struct boot_info info;
static struct memory_map map;
static uint8_t block[96 * KiB];
static size_t length;
static enum log_level level;

static void put(uint8_t *at, uint64_t value, unsigned int bytes)
{
	for (unsigned int i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

static void begin(void)
{
	memset(&info, 0, sizeof(info));
	memset(block, 0, MULTIBOOT2_HEADER_SIZE);
	length = MULTIBOOT2_HEADER_SIZE;
	level = console_get_level();
	console_set_level(LOG_PANIC);
}

static void end(void)
{
	console_set_level(level);
}

/* A tag with `size` bytes behind its header, zero; returns where they are. */
static uint8_t *add_tag(uint32_t type, size_t size)
{
	uint8_t *tag = block + length;

	put(tag, type, 4);
	put(tag + 4, 8 + size, 4);
	memset(tag + 8, 0, ALIGN_UP(size, 8));
	length += ALIGN_UP(8 + size, 8);
	return tag + 8;
}

static void add_text(uint32_t type, const char *text)
{
	memcpy(add_tag(type, strlen(text) + 1), text, strlen(text));
}

static void add_module(uint32_t start, uint32_t module_end)
{
	uint8_t *fields = add_tag(3, 8 + sizeof("a module"));

	put(fields, start, 4);
	put(fields + 4, module_end, 4);
	memcpy(fields + 8, "a module", sizeof("a module"));
}

static uint8_t *add_map(unsigned int nr, size_t entry_size)
{
	uint8_t *fields = add_tag(6, 8 + nr * entry_size);

	put(fields, entry_size, 4);
	return fields + 8;
}

static void put_entry(uint8_t *entry, uint64_t start, uint64_t size, uint32_t type)
{
	put(entry, start, 8);
	put(entry + 8, size, 8);
	put(entry + 16, type, 4);
}

/* As OVMF gives it: longer descriptors than version 1 asks for. */
static uint8_t *add_efi_map(unsigned int nr, size_t descriptor_size)
{
	uint8_t *fields = add_tag(17, 8 + nr * descriptor_size);

	put(fields, descriptor_size, 4);
	put(fields + 4, 1, 4);
	return fields + 8;
}

static void put_descriptor(uint8_t *at, uint32_t type, uint64_t start, uint64_t nr_pages,
			   uint64_t attributes)
{
	put(at, type, 4);
	put(at + 8, start, 8);
	put(at + 24, nr_pages, 8);
	put(at + 32, attributes, 8);
}

static void add_framebuffer(uint64_t base, uint32_t pitch, uint32_t width, uint32_t height)
{
	static const uint8_t kind[] = {32, 1, 0, 0, 16, 8, 8, 8, 0, 8};
	uint8_t *fields = add_tag(8, 30);

	put(fields, base, 8);
	put(fields + 8, pitch, 4);
	put(fields + 12, width, 4);
	put(fields + 16, height, 4);
	memcpy(fields + 20, kind, sizeof(kind));
}

static void seal(uint8_t *bytes, size_t size, size_t at)
{
	uint8_t sum = 0;

	bytes[at] = 0;
	for (size_t i = 0; i < size; i++)
		sum += bytes[i];
	bytes[at] = (uint8_t)-sum;
}

/* A copy of the RSDP; the roots are 0x1000000 (RSDT) and 0x2000000 (XSDT). */
static void add_rsdp(unsigned int revision)
{
	size_t size = revision < 2 ? ACPI_RSDP_SIZE_REV0 : ACPI_RSDP_SIZE;
	uint8_t *fields = add_tag(revision < 2 ? 14 : 15, size);

	memcpy(fields, "RSD PTR ", 8);
	fields[15] = (uint8_t)revision;
	put(fields + 16, 0x1000000, 4);
	seal(fields, ACPI_RSDP_SIZE_REV0, 8);
	if (revision < 2)
		return;
	put(fields + 20, size, 4);
	put(fields + 24, 0x2000000, 8);
	seal(fields, size, 32);
}

/* Parse the first `size` bytes as a whole block, at the array's end. */
static int parse_cut(size_t size)
{
	static uint8_t array[sizeof(block)];
	uint8_t *at = array + sizeof(array) - size;

	memcpy(at, block, size);
	put(at, size, min(size, (size_t)4));
	return multiboot2_parse(at, size, &info);
}

static int parse(void)
{
	add_tag(0, 0);
	return parse_cut(length);
}

/* Everything that GRUB says on UEFI, and an unknown tag. */
static void build_typical(void)
{
	uint8_t *at;

	add_text(1, "highmem=64M \"run=a b\"");
	add_text(2, "GRUB 2.06");
	add_module(0x400000, 0x412345);
	add_module(0x500000, 0x500010);
	add_tag(4, 8);
	add_tag(0x12345, 5);
	at = add_efi_map(2, 48);
	put_descriptor(at, 7, 0, 0x2000, 0xf);
	put_descriptor(at + 48, 9, 0x2000000, 1, 0xf);
	at = add_map(2, 24);
	put_entry(at, 0, 0x2000000, 1);
	put_entry(at + 24, 0x2000000, 0x1000, 3);
	add_framebuffer(0xc0000000, 4096, 1024, 768);
	add_rsdp(0);
	add_rsdp(2);
}

KTEST(multiboot2, a_block_is_read_tag_by_tag)
{
	begin();
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

	begin();
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

		begin();
		add_text(1, "before");
		bad = length;
		add_text(2, "bad");
		add_tag(0, 0);
		put(block + bad + 4, sizes[i], 4);
		EXPECT_EQ(parse_cut(length), 0);
		EXPECT_STREQ(info.command_line, "before");
		EXPECT_STREQ(info.loader, "");
		EXPECT_EQ(info.dropped, 1);
		end();
	}
}

/* fault-B19 */
KTEST(multiboot2, a_block_without_end_is_read_to_its_last_byte_and_none_behind_an_end)
{
	begin();
	add_text(1, "there is no end");
	EXPECT_EQ(parse_cut(length), 0);
	EXPECT_STREQ(info.command_line, "there is no end");
	EXPECT_EQ(info.dropped, 1);
	end();

	begin();
	add_tag(0, 0);
	add_text(1, "behind the end");
	EXPECT_EQ(parse(), 0);
	EXPECT_STREQ(info.command_line, "");
	EXPECT_EQ(info.dropped, 0);
	end();
}

/* fault-B19 */
KTEST(multiboot2, ten_thousand_unknown_tags_are_stepped_over)
{
	begin();
	for (unsigned int i = 0; i < 10000; i++)
		add_tag(1000 + i, 0);
	add_text(1, "still here");
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

		begin();
		at = add_map(2, max(sizes[i], (size_t)24));
		put_entry(at, 0x1000, 0x1000, 1);
		put_entry(at + max(sizes[i], (size_t)24), 0x4000, 0x1000, 2);
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

	begin();
	at = add_map(1, 24);
	put_entry(at, 0x1000, 0x1000, 1);
	put(at - 4, 1, 4); /* a newer version */
	at = add_map(2, 32);
	put_entry(at, 0x2000, 0x1000, 20);
	put_entry(at + 32, 0x3000, 0x1000, 1);
	put(at - 12, 16 + 32 + 31, 4);
	add_tag(6, 7); /* too short to say how long its entries are */
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
	begin();
	memset(add_tag(1, 5), 'a', 5);
	memset(add_tag(2, 1000), 'b', 1000);
	EXPECT_EQ(parse(), 0);
	EXPECT_STREQ(info.command_line, "aaaaa");
	EXPECT_EQ(strlen(info.loader), sizeof(info.loader) - 1);
	end();

	begin();
	memset(add_tag(1, COMMAND_LINE_SIZE), 'c', COMMAND_LINE_SIZE);
	add_tag(2, 0);
	EXPECT_EQ(parse(), 0);
	EXPECT_EQ(strlen(info.command_line), COMMAND_LINE_SIZE - 1);
	EXPECT_STREQ(info.loader, "");
	EXPECT_EQ(info.dropped, 1);
	end();
}

/* fault-B21 */
KTEST(multiboot2, modules_that_make_no_sense_are_ignored_and_the_others_reserved)
{
	begin();
	add_module(0x200000, 0x1fffff);
	add_module(0x200000, 0x200000);
	put(add_tag(3, 4), 0x200000, 4);
	put(block + length - 4, 0x300000, 4); /* behind the tag's end */
	EXPECT_EQ(parse(), 0);
	EXPECT_EQ(info.initrd_end, 0);
	EXPECT_EQ(info.nr_reserved, 0);
	EXPECT_EQ(info.dropped, 3);
	end();

	/* The first is the initrd; of 70 others, all overlapping, none is lost. */
	begin();
	for (unsigned int i = 0; i < 71; i++)
		add_module(0x200000 + i * 0x1000, 0x202000 + i * 0x1000);
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
	uint8_t *at = add_map(nr, 24);
	unsigned int severity[NR_PAGES] = {0};

	for (unsigned int i = 0; i < nr; i++) {
		unsigned int first = draw(NR_PAGES), pages = 1 + draw(NR_PAGES - first);
		uint32_t type = draw(3) ? 1 : 2;

		put_entry(at + i * 24, first * 4096UL, pages * 4096UL, type);
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
	uint8_t *at = add_efi_map(nr + 1, 48);
	bool good[NR_PAGES + 1] = {false}, bad[NR_PAGES + 1] = {false};

	for (unsigned int i = 0; i < nr; i++) {
		unsigned int first = draw(NR_PAGES), pages = draw(NR_PAGES - first + 1);
		uint32_t type = types[draw(ARRAY_SIZE(types))];
		bool usable = type == 1 || type == 4 || type == 7;

		put_descriptor(at + i * 48, type, first * 4096UL, pages, 8);
		for (unsigned int page = first; page < first + pages; page++)
			(usable ? good : bad)[page] = true;
	}
	/* So that the map is one that can be: a usable page far away. */
	put_descriptor(at + nr * 48, 7, 1 * GiB, 1, 8);
	for (unsigned int page = 0; page < NR_PAGES; page++)
		page_ok[page] = good[page] && !bad[page];
}

/* fault-B22: small worlds, against a model that paints page by page. The tags come in either order. */
KTEST(multiboot2, a_byte_is_usable_only_if_the_map_and_the_efi_map_say_so)
{
	bool e820[NR_PAGES], efi[NR_PAGES], kernel[NR_PAGES];

	random_state = 1;
	for (unsigned int round = 0; round < 300; round++) {
		begin();
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

	begin();
	put_entry(add_map(1, 24), 0, 16 * 4096, 1);
	at = add_efi_map(3, 48);
	put_descriptor(at, 7, 0, 4, 8);
	put_descriptor(at + 48, 6, 4 * 4096, 4, 8);
	put_descriptor(at + 96, 7, 12 * 4096, 4, 8);
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

	begin();
	put_entry(add_map(1, 24), 0x10000, 0x10000, 1);
	at = add_efi_map(1, 48);
	put(at - 8, descriptor_size, 4);
	put_descriptor(at, type, start, nr_pages, 8);
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
		begin();
		add_framebuffer(wrong[i].base, wrong[i].pitch, wrong[i].width, wrong[i].height);
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
		begin();
		add_framebuffer(0xc0000000, 4096, 1024, 768);
		block[MULTIBOOT2_HEADER_SIZE + other[i].at] = other[i].value;
		EXPECT_EQ(parse(), 0);
		EXPECT_EQ(info.framebuffer.base, 0);
		EXPECT_EQ(info.dropped, 0);
		end();
	}
}

KTEST(multiboot2, the_newer_root_pointer_wins_and_a_broken_one_counts_for_nothing)
{
	begin();
	add_rsdp(2);
	add_rsdp(0);
	EXPECT_EQ(parse(), 0);
	EXPECT_EQ(info.acpi_root, 0x2000000);
	EXPECT_EQ(info.acpi_root_entry_size, 8);
	end();

	begin();
	add_rsdp(0);
	add_rsdp(2);
	block[length - 12] ^= 1; /* a byte of the XSDT's address */
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

	begin();
	build_typical();
	add_tag(0, 0);
	whole = length;
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
				begin();
				memset(add_tag(type, size - 8), fill[i], size - 8);
				put(block + MULTIBOOT2_HEADER_SIZE + 4, size, 4);
				EXPECT_EQ(parse_cut(MULTIBOOT2_HEADER_SIZE + size), 0);
				EXPECT_EQ(info.acpi_root, 0);
				end();
			}
}

/* fault-B19: every bit that a loader could get wrong. */
KTEST(multiboot2, a_flipped_bit_is_survived)
{
	begin();
	build_typical();
	add_tag(0, 0);
	for (size_t bit = MULTIBOOT2_HEADER_SIZE * 8; bit < length * 8; bit++) {
		memset(&info, 0, sizeof(info));
		block[bit / 8] ^= (uint8_t)(1U << bit % 8);
		EXPECT_EQ(parse_cut(length), 0);
		EXPECT_TRUE(info.nr_map <= BOOT_MAX_RANGES);
		for (unsigned int i = 0; i < info.nr_map; i++)
			EXPECT_TRUE(info.map[i].start < info.map[i].end);
		EXPECT_TRUE(info.initrd_start <= info.initrd_end);
		block[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	end();
}
